"""A drafted profile as YAML, with what is not sure as questions.

No value of a column that may name a person is repeated, nor a patient number.

Belongs here: the keys of a profile as a draft writes them. Does not belong here: what they mean
(`profiles`), what the export seems to be (`draft`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from il6_platform.registry.cells import is_missing, possible_orders
from il6_platform.registry.native import DATE_COLUMNS, NUMBER_COLUMNS, TABLES, VALUES
from il6_platform.registry.profile_inference.columns import (
    HIGH_SENTINEL,
    SENTINEL,
    Column,
    Made,
    quoted,
)
from il6_platform.registry.profile_inference.meanings import (
    CODED,
    CONVENTIONS,
    LIKELY,
    SURE,
    Meanings,
)
from il6_platform.registry.profile_inference.questions import Questions
from il6_platform.registry.profile_inference.sharing import CORE
from il6_platform.registry.units import plain_name

DEATH = ("dead", "death", "deceased", "died", "dthfl", "死亡", "verstorben", "tot")
"""Names under which a yes means dead; under any other a bare code is asked for."""

STRAY = 0.02
"""Share of dates below which another way of writing them is taken for a mistake."""


@dataclass(frozen=True)
class Writer:
    """What writes a draft.

    Attributes
    ----------
    file
        The export's name, of which the profile's is made.
    dictionary
        Name of the file of its data dictionary.
    identifiers
        Column that may name a person -> why.
    unmapped
        Columns that no mapping reads, as they are listed.
    """

    file: str
    dictionary: str | None
    questions: Questions
    meanings: Meanings
    identifiers: dict[str, str]
    unmapped: list[str]

    def written(self, made: list[Made]) -> str:
        """Return the draft's text."""
        tables = [line for one in made for line in self._table(one)]
        mapped = [pair for one in made for pair in one.columns.items()]
        general = [*self._identifiers(), *self._missing(mapped), *self._dates(mapped)]
        general += self._decimal(mapped)
        if self.dictionary:
            name = PurePosixPath(self.dictionary).name
            general.append(f"dictionary: {quoted(name)}  # put it beside this profile")
        head = [*self.head(), "recognise:", *self._recognise(made)]
        unmapped = [f"#   {line}" for line in dict.fromkeys(self.unmapped)]
        if unmapped:
            unmapped.insert(0, "# Not mapped:")
        return "\n".join([*head, *general, "tables:", *tables, *unmapped]) + "\n"

    def head(self) -> list[str]:
        """Return the first lines of a draft."""
        name = re.sub(r"[^a-z]+", "_", PurePosixPath(self.file).name.split(".")[0].lower())
        return [
            "# Drafted by il6 profile. Read it, answer the questions (Q), put it into",
            "# IL6_HOME/profiles; il6 refresh then reads exports like this one.",
            *(f"# Q{n}: {question}" for n, question in enumerate(self.questions.asked, 1)),
            f"name: {name.strip('_') or 'site'}",
            "title: Drafted from an export",
        ]

    def _recognise(self, made: list[Made]) -> Iterable[str]:
        seen = set()
        by_sheet: dict[str, list[Made]] = {}
        for one in made:
            by_sheet.setdefault(one.block.sheet, []).append(one)
        for group in by_sheet.values():
            names = [group[0].key]
            for one in group:
                names += [name for name in one.block.when if name not in names]
            for one in group:
                wanted = [CORE[one.table], "birth_date", "start_date", "analyte", "collected_on"]
                if one.block.when and any(one.block.when.values()):
                    continue
                names += [
                    one.columns[column][0].name.replace("{n}", "1")
                    for column in wanted
                    if column in one.columns
                ]
            listed = ", ".join(quoted(name) for name in dict.fromkeys(names))
            if listed not in seen:
                seen.add(listed)
                yield f"  - {{columns: [{listed}]}}"

    def _identifiers(self) -> Iterable[str]:
        if self.identifiers:
            yield "identifiers:  # these columns stay outside; their values are not repeated here"
            yield from (f"  - {quoted(n)}  # {why}" for n, why in self.identifiers.items())

    def _missing(self, mapped: list[tuple[str, tuple[Column, float]]]) -> Iterable[str]:
        seen: dict[str, None] = {}
        for native, (column, _) in mapped:
            seen |= dict.fromkeys(sorted(column.absent))
            if native in DATE_COLUMNS | NUMBER_COLUMNS:
                seen |= dict.fromkeys(sorted(t for t in column.counts if SENTINEL.fullmatch(t)))
                for text, n in column.counts.items():
                    if HIGH_SENTINEL.fullmatch(text) and n > 1:
                        self.questions.ask(
                            f"Does {text} in {column.name} mean missing? Then list it there"
                        )
        if seen:
            yield f"missing: [{', '.join(quoted(text) for text in seen)}]"

    def _dates(self, mapped: list[tuple[str, tuple[Column, float]]]) -> Iterable[str]:
        proof: Counter[str] = Counter()
        unsure: list[str] = []
        written = 0
        for native, (column, _) in mapped:
            if native not in DATE_COLUMNS or column.order:
                continue
            written += len(column.texts)
            for text, n in column.counts.items():
                orders = possible_orders(text)
                if len(orders) == 1:
                    proof[orders[0]] += n
                elif orders:
                    unsure += [column.name] * n
        if proof.total() + len(unsure) < STRAY * written:
            # a few among many that are written otherwise are mistakes: the rule book lists them
            return
        if proof:
            order, n = proof.most_common(1)[0]
            if len(proof) > 1:
                asked = self.questions.ask(
                    f"Days and months stand in both orders ({n} dates only make sense as {order}, "
                    f"{proof.total() - n} otherwise); which is it?"
                )
                yield f"dates: [{order}]  # {asked}"
            else:
                yield f"dates: [{order}]"
        elif unsure:
            names = ", ".join(dict.fromkeys(unsure))
            asked = self.questions.ask(
                f"Is the day or the month first in {names}? No date tells; dmy is assumed"
            )
            yield f"dates: [dmy]  # {asked}"

    def _decimal(self, mapped: list[tuple[str, tuple[Column, float]]]) -> Iterable[str]:
        signs: Counter[str] = Counter()
        unsure = set()
        for native, (column, _) in mapped:
            if native not in NUMBER_COLUMNS:
                continue
            for text, n in column.counts.items():
                bare = text.lstrip("<>≤≥= ")
                if re.fullmatch(r"\d+\.\d+|\d{1,3}(,\d{3})+\.\d+", bare):
                    signs["."] += n
                elif re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+", bare) or (
                    re.fullmatch(r"\d+,\d+", bare) and not re.fullmatch(r"[1-9]\d{0,2},\d{3}", bare)
                ):
                    signs[","] += n
                elif re.fullmatch(r"[1-9]\d{0,2},\d{3}", bare):
                    unsure.add(column.name)
        if signs[","] > signs["."]:
            yield 'decimal: ","'
        elif unsure and not signs["."]:
            asked = self.questions.ask(
                f"Does the comma in {', '.join(sorted(unsure))} stand before decimals or thousands?"
            )
            yield f'decimal: "."  # {asked}'

    def _table(self, one: Made) -> Iterable[str]:
        yield f"  - table: {one.table}"
        if one.block.when:
            pairs = ", ".join(
                f"{quoted(name)}: {quoted(value)}" for name, value in one.block.when.items()
            )
            yield f"    when: {{{pairs}}}"
        if one.block.repeat > 1:
            yield f"    repeat: {one.block.repeat}"
        lacks = [name for name in ("sex", "birth_date") if name not in one.columns]
        if "age_years" in one.columns and "birth_date" in lacks:
            lacks.remove("birth_date")
        if one.table == "patients" and lacks:
            yield f"    lacks: [{', '.join(lacks)}]"
        elif not any(one.block.when.values()):
            core = CORE[one.table]
            is_analyte = one.table == "labs" and "analyte" in one.columns
            yield f"    requires: [{'analyte' if is_analyte else core}]"
        yield "    columns:"
        yield f"      patient_id: {quoted(one.key)}"
        native = TABLES[one.table]
        for column in (*native.required, *native.optional):
            if column in one.columns:
                held, fit = one.columns[column]
                how = "sure" if fit >= SURE else "likely" if fit >= LIKELY else "guess"
                if how == "guess":
                    asked = self.questions.ask(f"Is {held.name} the {column} of {one.table}?")
                    how = f"guess, {asked}"
                yield f"      {column}: {quoted(held.name)}  # {how}"
        if one.constants:
            yield "    constants:"
            yield from (f"      {name}: {quoted(v)}" for name, v in one.constants.items())
        codes = [line for column in one.columns for line in self._codes(one, column)]
        if codes:
            yield "    codes:"
            yield from codes

    def _codes(self, one: Made, native: str) -> Iterable[str]:
        column, _ = one.columns[native]
        every = dict.fromkeys((*column.counts, *column.choices))
        known: dict[str, str | None]
        if native == "analyte":
            known = {t: self.meanings.analytes.get(plain_name(t)) for t in every}
        elif native in CODED:
            known = {t: self.meanings.value(native, column, t) for t in every if not is_missing(t)}
        else:
            return
        asked = ""
        if native == "vital_status" and column.is_coded and not column.called(DEATH) >= LIKELY:
            said = ", ".join(f"{t} {v}" for t, v in sorted(known.items()) if v)
            question = f"What do the codes of {column.name} mean? Assumed: {said}"
            asked = f"  # {self.questions.ask(question)}"
        usual = CONVENTIONS.get(native, {})
        if column.is_coded and not any(known.values()):
            assumed = ", ".join(f"{t} {v}" for t, v in usual.items())
            codes = ", ".join(sorted(t for t in known if re.fullmatch(r"\d{1,2}", t)))
            number_ = self.questions.ask(
                f"What do the codes of {column.name} ({native}) mean: {codes}?"
                + (f" Assumed: {assumed}" if assumed else "")
            )
            yield (
                f"      {native}: {{"
                + ", ".join(f"{quoted(t)}: {quoted(v)}" for t, v in usual.items())
                + f"}}  # {number_}"
            )
            return
        strange = [t for t, value in known.items() if value is None]
        if strange and native in VALUES:
            number_ = self.questions.ask(_what_these_mean(column, native, strange))
            asked += f"  # {number_}" if not asked else f", {number_}"
        if native == "vital_status" and column.has_blanks and set(known.values()) == {"dead"}:
            known[""] = "alive"
            question = f"Does an empty {column.name} mean alive, as is assumed?"
            asked += (", " if asked else "  # ") + self.questions.ask(question)
        meant = {t: v for t, v in sorted(known.items()) if v and v.lower() != t.lower()}
        if meant or asked:
            pairs = ", ".join(f"{quoted(t)}: {quoted(v)}" for t, v in meant.items())
            yield f"      {native}: {{{pairs}}}{asked}"


def _what_these_mean(column: Column, native: str, texts: Sequence[str]) -> str:
    """Ask what the texts of a column mean that no list has.

    What occurs once may be anything, a name too: unless it is a code, it is counted, not repeated.
    """
    often = sorted(t for t in texts if column.counts[t] > 1 and len(t) <= 30)
    codes = sorted(t for t in texts if column.counts[t] == 1 and re.fullmatch(r"\w{1,2}", t))
    hidden = len(texts) - len(often) - len(codes)
    of = f"{column.name} ({native})"
    if not hidden and not often and len(codes) == 1:
        return f"In {of} the code {codes[0]} occurs once: what does it mean?"
    named = [*often, *codes]
    texts_once = f"{hidden} texts that occur once each" if hidden > 1 else "a text that occurs once"
    if not named and hidden == 1:
        return f"In {of} there is {texts_once}: what does it mean?"
    if not named:
        return f"In {of} there are {texts_once}: what do they mean?"
    also = f" (and {texts_once})" if hidden else ""
    return f"What do these mean in {of}: {', '.join(named)}{also}?"
