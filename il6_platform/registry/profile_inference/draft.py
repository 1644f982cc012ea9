"""Drafting a profile of an export that nobody has described yet: what its columns seem to be.

Names are compared with the vocabulary, contents with what a native column can hold; of all ways to
share the columns out among the native tables the best one is taken. What is not sure is a question
in the draft. No value of a column that may name a person is repeated, nor a patient number.

Belongs here: looking at an export and writing YAML. Does not belong here: the words (`vocabulary`),
what a profile's keys mean (`profiles`).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from il6_platform import paths
from il6_platform.registry.cells import (
    is_missing,
    plain,
    possible_orders,
    read_drug,
)
from il6_platform.registry.exports import Export, ExportError
from il6_platform.registry.formats import Sheet
from il6_platform.registry.native import DATE_COLUMNS, NUMBER_COLUMNS, TABLES, VALUES
from il6_platform.registry.profile_inference.columns import (
    HIGH_SENTINEL,
    PERSONAL,
    SENTINEL,
    Block,
    Column,
    Made,
    as_number,
    chooser,
    described,
    fits_number,
    has_no_header,
    is_date,
    patterns,
    place_of,
    quoted,
)
from il6_platform.registry.profile_inference.known_systems import of_system
from il6_platform.registry.redcap_dictionary import Dictionary, is_dictionary, read_dictionary
from il6_platform.registry.units import analytes, conversions, plain_name, plain_unit
from il6_platform.registry.vocabulary import (
    is_no,
    is_yes,
    key,
    near,
    value_of,
    vital_status_of,
    vocabulary,
    words,
)

SURE, LIKELY = 0.8, 0.6
"""From which fit on a mapping is called sure, and likely; below it is a guess and asked."""

DEATH = ("dead", "death", "deceased", "died", "dthfl", "死亡", "verstorben", "tot")
"""Names under which a yes means dead; under any other a bare code is asked for."""

STRAY = 0.02
"""Share of dates below which another way of writing them is taken for a mistake."""

NAMED = 0.5
"""Nearness of a name from which on it speaks for a native column."""

CORE = {
    "patients": "sex",
    "treatments": "drug",
    "labs": "value",
    "assessments": "response",
    "follow_up": "last_contact_on",
}
"""The native column without which a row says nothing of its table."""

DRAFTED = {table: TABLES[table] for table in CORE}
"""The tables among which columns are shared out."""

TELLING = frozenset(
    {"sex", "response", "analyte", "unit", "drug", "primary_site", "metastasis_timing"}
    | {"vital_status"}
)
"""Columns that their values give away, whatever they are called."""

CODED = frozenset({*VALUES, "braf_status", "drug", "cause_of_death"} - {"event"})
"""Columns whose texts the vocabulary, or the table of names, gives a meaning."""

CONVENTIONS = {
    "sex": {"1": "M", "2": "F"},
    "response": {"1": "CR", "2": "PR", "3": "SD", "4": "PD", "5": "NE"},
    "ras_status": {"0": "wild-type", "1": "mutant"},
    "braf_status": {"0": "wild-type", "1": "mutant"},
    "primary_site": {"1": "right colon", "2": "left colon", "3": "rectum"},
    "metastasis_timing": {"1": "synchronous", "2": "metachronous"},
}
"""What bare numbers usually mean; always asked."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted profile: its YAML, and what a person has to answer."""

    text: str
    questions: list[str]


def draft(file: str, sheets: Sequence[Sheet], dictionary: tuple[str, Dictionary] | None) -> Draft:
    """Draft a profile of an export.

    Parameters
    ----------
    file
        The export's name, of which the profile's is made.
    sheets
        The export as opened; a data dictionary among them is used.
    dictionary
        Name of the file of a data dictionary, and what it says.

    Raises
    ------
    ExportError
        Where no column could be the patient's number or no table could be made; it says what lacks.
    """
    return _Drafting(file, sheets, dictionary).draft()


class _Drafting:
    def __init__(
        self, file: str, sheets: Sequence[Sheet], dictionary: tuple[str, Dictionary] | None
    ) -> None:
        self.questions: list[str] = []
        self.unmapped: list[str] = []
        self.identifiers: dict[str, str] = {}
        self.file = file
        data = []
        for sheet in sheets:
            if has_no_header(sheet.export):
                # its names would be a patient's line: none is repeated
                raise ExportError(
                    f"{place_of(sheet.name)}the first line is no header but looks like the others; "
                    "export it with the names of the columns"
                )
            if is_dictionary(sheet.export.header):
                dictionary = (sheet.name, read_dictionary(sheet.export))
            else:
                data.append(sheet)
        self.dictionary = dictionary
        self.fields = dictionary[1] if dictionary else Dictionary()
        self.data = data
        self.sheets = [(s.name, self._columns(s.export)) for s in data if len(s.export.lines)]
        data_folder = paths.project_root() / "data"
        units, names = data_folder / "units.csv", data_folder / "names.csv"
        self.analytes = analytes(units, names)
        known = conversions(units, names, "", "")
        self.units = {one.unit for one in known if one.unit}
        self.standard = {one.analyte: one.standard for one in known}

    def draft(self) -> Draft:
        system = of_system(self.file, self.data) if not self.dictionary else None
        if system is not None:
            return self._of_system(*system)
        made: list[Made] = []
        lacking: list[str] = []
        for sheet, columns in self.sheets:
            found = self._key(columns)
            if found is None:
                lacking.append(
                    f"{place_of(sheet)}no column is the patient's number{_unique_ones(columns)}"
                )
                continue
            for block in self._blocks(sheet, columns, found):
                made += self._mapped(block, lacking)
        made = _once(made)
        patients = next((one for one in made if one.table == "patients"), None)
        made = [*self._patients_of_project(patients), *made]
        if not made:
            raise ExportError(
                "no table can be drafted: "
                + ("; ".join(dict.fromkeys(lacking)) or "no sheet holds a line")
                + "; name the columns more clearly, or write the profile by hand"
            )
        for words_ in dict.fromkeys(lacking):
            self._ask(words_ + "; is it under another name, or in another export?")
        return Draft(self._written(made), self.questions)

    def _patients_of_project(self, known: Made | None) -> Iterable[Made]:
        """Give the patients of a REDCap project of whom little is told: a record is a patient.

        An export of another kind may be one table of several, whose patients stand elsewhere.

        Parameters
        ----------
        known
            The mapping of patients that was found; records of which it reads nothing are added.
        """
        for sheet, columns in self.sheets:
            names = [name.lower() for name in columns]
            is_project = self.dictionary or any(
                name.startswith("redcap_") or name.endswith("_complete") for name in names
            )
            found = self._key(columns)
            if not is_project or found is None:
                continue
            if known is not None:
                if known.block.sheet == sheet:
                    yield from _untold(known, columns)
                return
            rest = [self._column(name, texts) for name, texts in columns.items() if name != found]
            given = {}
            for native in ("sex", "birth_date", "age_years"):
                best = max(rest, key=lambda one: self._fit(native, one), default=None)
                if best is not None and self._fit(native, best) >= LIKELY:
                    given[native] = best, self._fit(native, best)
            yield Made("patients", found, Block(sheet, found, rest), given, {})
            return

    def _of_system(self, lines: list[str], questions: list[str], lacking: list[str]) -> Draft:
        """Return the draft of a system whose profile is shipped."""
        if lacking:
            raise ExportError(
                f"no table can be drafted: {'; '.join(lacking)} can be made of it; export the "
                "table with the columns that its standard requires"
            )
        self.questions += questions
        return Draft("\n".join([*self._head(), *lines]) + "\n", self.questions)

    # -- what the export holds ---------------------------------------------------------------

    def _columns(self, export: Export) -> dict[str, list[str]]:
        """Return the columns as lists of plain text, codes as labels, empty where missing."""
        found = {}
        for name, column in zip(export.header, export.columns, strict=True):
            variable = self.fields.variable(name) if self.dictionary else " ".join(name.split())
            found[variable] = [
                self.fields.label(variable, plain(text)) if text else ""
                for text in column.to_pylist()
            ]
        return found

    def _key(self, columns: dict[str, list[str]]) -> str | None:
        """Return the column that is most likely the patient's number."""
        rows = max((len(texts) for texts in columns.values()), default=0)
        listed = vocabulary().columns["patient_id"]
        best: tuple[float, str] | None = None
        for place, (name, texts) in enumerate(columns.items()):
            filled = [text for text in texts if text]
            if len(filled) < 0.9 * rows or sum(map(is_date, filled)) > 0.5 * len(filled):
                continue
            # a number has a digit; a record's own id need not
            is_id = near(name, listed) >= 1 and name.lower().endswith("id")
            is_id = is_id and not any(" " in text for text in filled)
            if not is_id and not any(any(sign.isdigit() for sign in text) for text in filled):
                continue
            # the words are in the order of their claim: a study's number before a hospital's
            claims = [near(name, (word,)) - 0.002 * n for n, word in enumerate(listed)]
            claim = max(claims) - 0.0001 * place
            if claim < SURE and _is_measured(filled):
                continue
            if claim >= LIKELY and (best is None or claim > best[0]):
                best = claim, name
        if best is not None and best[0] < SURE:
            self._ask(f"Is {best[1]} the patient's number, as is assumed?")
        return best[1] if best else None

    def _column(self, name: str, texts: Iterable[str], variable: str | None = None) -> Column:
        known = self.fields.fields.get(variable or name)
        held, has_blanks = [], False
        choices = filter(None, known.choices.values()) if known else ()
        absent = {text for text in choices if is_missing(text)}
        for text in texts:
            if not text:
                has_blanks = True
            elif is_missing(text):
                absent.add(text)
            else:
                held.append(text)
        return Column(
            name,
            known.label if known else "",
            held,
            tuple(known.choices.values()) if known else (),
            bool(known and known.identifier),
            known.order if known else None,
            absent,
            has_blanks,
        )

    def _blocks(self, sheet: str, columns: dict[str, list[str]], found: str) -> Iterable[Block]:
        """Divide a sheet's columns by what chooses its rows, and by what is numbered."""
        choosing = chooser(columns, found)
        values = sorted(set(columns[choosing])) if choosing else [""]
        for value in values:
            rows = (
                [row for row, text in enumerate(columns[choosing]) if text == value]
                if choosing
                else None
            )
            part = {
                name: texts if rows is None else [texts[row] for row in rows]
                for name, texts in columns.items()
                if name != found and not name.startswith("redcap_") and name != choosing
            }
            if choosing:
                part = {name: texts for name, texts in part.items() if any(texts)}
            when = {choosing: value} if choosing else {}
            yield from self._numbered(sheet, part, found, when)

    def _numbered(
        self, sheet: str, columns: dict[str, list[str]], found: str, when: dict[str, str]
    ) -> Iterable[Block]:
        found_patterns = patterns(columns)
        numbered = {name for names in found_patterns.values() for name in names.values()}
        plain_ones = [
            self._column(name, texts) for name, texts in columns.items() if name not in numbered
        ]
        if plain_ones:
            yield Block(sheet, found, plain_ones, when)
        groups: dict[str, list[str]] = {}
        for pattern in found_patterns:
            groups.setdefault(key(pattern.partition("{n}")[0]), []).append(pattern)
        loose = [one for group in groups.values() if len(group) == 1 for one in group]
        together = [group for group in groups.values() if len(group) > 1]
        for group in [*together, *([loose] if loose else [])]:
            # a later export may hold more of them; a column that is not there is passed over
            repeat = min(200, 2 * max(n for pattern in group for n in found_patterns[pattern]))
            made = [
                self._column(
                    pattern,
                    itertools.chain.from_iterable(
                        columns[name] for name in found_patterns[pattern].values()
                    ),
                    next(iter(found_patterns[pattern].values())),
                )
                for pattern in group
            ]
            yield Block(sheet, found, made, when, repeat)

    # -- what it seems to be -----------------------------------------------------------------

    def _mapped(self, block: Block, lacking: list[str]) -> list[Made]:
        columns = [one for one in block.columns if not self._is_private(one)]
        wide = self._wide(columns)
        rest = [one for one in columns if one.name not in {w.name for w, _, _ in wide}]
        tables, fits = self._shared_out(block, rest, bool(wide))
        taken = {one.name for found in fits.values() for one, _ in found.values()}
        made = []
        for table in tables:
            found = fits[table]
            if table == "labs" and wide:
                for column, analyte, unit in wide:
                    constants = {"analyte": analyte}
                    if "unit" not in found:
                        constants["unit"] = unit or self.standard.get(analyte, "")
                        if not unit:
                            self._ask(
                                f"In which unit is {column.name}? {constants['unit']} is assumed",
                            )
                    given = {"value": (column, 0.9), **found}
                    made.append(Made("labs", block.key, block, given, constants))
                continue
            constants = {}
            if table == "treatments" and "line" not in found:
                constants["line"] = "1"
                self._ask(
                    f"{place_of(block.about)}no column is the line of treatment; are all of "
                    "line 1, as is assumed?"
                )
            if table == "labs":
                constants |= self._of_labs(block, found)
            made.append(Made(table, block.key, block, found, constants))
        if wide and "labs" not in tables:
            names = ", ".join(one.name for one, _, _ in wide)
            lacking.append(f"{place_of(block.about)}{names}: no column is the day of the sample")
        if not tables and not wide:
            self._say_what_lacks(block, rest, lacking)
        wide_names = {one.name for one, _, _ in wide} if "labs" in tables else set()
        for column in block.columns:
            if column.name not in taken | wide_names and column.name not in self.identifiers:
                self._is_private(column, left_over=True)
                if column.name not in self.identifiers:
                    self.unmapped.append(f"{column.name} ({described(column)})")
                    self._ask_what_it_is(column)
        return made

    def _ask_what_it_is(self, column: Column) -> None:
        """Ask of a column that is called like a native one and cannot be it by what it holds."""
        if not column.texts:
            return
        for native in _native_columns():
            is_called = column.called(vocabulary().columns[native]) >= 0.95
            if is_called and not self._fit(native, column):
                self._ask(
                    f"{column.name} is called like {native}, but holds {described(column)} that "
                    "cannot be it; what is it?"
                )

    def _is_private(self, column: Column, *, left_over: bool = False) -> bool:
        """Whether a column names a person, by its name, by the dictionary or by what it holds."""
        if column.name in self.identifiers:
            return True
        why = "the dictionary says so" if column.is_identifier else ""
        native = max(self._fit(one, column) for one in _native_columns())
        if column.is_identifier and native >= LIKELY:
            # a date of birth is an identifier, and asked for
            return False
        for kind, listed in vocabulary().identifiers.items():
            named = column.called(listed)
            if named >= 0.7 and (not native or named > self._named(column)) and not why:
                why = kind
        texts = column.texts
        if not why and texts and not native:
            for kind, pattern in PERSONAL.items():
                if column.share(t for t in column.counts if pattern.fullmatch(t)) > 0.5:
                    why = f"looks like a {kind}"
            long = sum(len(words(text)) for text in texts) / len(texts)
            if not why and long >= 5 and column.dates < 0.5:
                why = "free text"
        is_text = column.dates < 0.5 and column.numbers < 0.5 if texts else False
        if not why and left_over and len(texts) > 4 and column.spread > 0.5 and is_text:
            why = "differs from patient to patient"
        if why:
            self.identifiers[column.name] = why
        return bool(why)

    def _named(self, column: Column) -> float:
        return max(column.called(listed) for listed in vocabulary().columns.values())

    def _wide(self, columns: list[Column]) -> list[tuple[Column, str, str | None]]:
        """Return columns that are an analyte's results, with the analyte and the header's unit."""
        if any((self._content("analyte", one) or 0) >= 0.7 for one in columns):
            return []
        found = []
        for column in columns:
            analyte = self._analyte_in(column.name) or self._analyte_in(column.label)
            if analyte is None or column.dates > 0.5 or (self._content("value", column) or 0) < 0.8:
                continue
            bracket = re.search(r"[(\[]([^)\]]+)[)\]]", column.name + " " + column.label)
            unit = bracket[1].strip() if bracket and plain_unit(bracket[1]) in self.units else None
            found.append((column, analyte, unit))
        return found

    def _analyte_in(self, name: str) -> str | None:
        parts = words(re.sub(r"\{n\}", " ", name))
        for size in range(len(parts), 0, -1):
            for start in range(len(parts) - size + 1):
                known = self.analytes.get(plain_name("".join(parts[start : start + size])))
                if known:
                    return known
        return None

    def _shared_out(
        self, block: Block, columns: list[Column], has_wide: bool
    ) -> tuple[tuple[str, ...], dict[str, dict[str, tuple[Column, float]]]]:
        """Share columns out among native tables: by the choice of tables that explains most."""
        from scipy.optimize import linear_sum_assignment

        slots = {
            table: [
                column
                for column in (*native.required, *native.optional)
                if column != "patient_id"
                and not (has_wide and table == "labs" and column in ("analyte", "value"))
            ]
            for table, native in DRAFTED.items()
        }
        about = {t: near(block.about, vocabulary().tables[t]) >= LIKELY for t in DRAFTED}
        fits = {
            (table, slot): np.array(
                [
                    fit + 0.1 * about[table] if (fit := self._fit(slot, one)) else 0.0
                    for one in columns
                ]
            )
            for table, names in slots.items()
            for slot in names
        }
        best: tuple[float, tuple[str, ...], dict[str, dict[str, tuple[Column, float]]]]
        best = (0.0, (), {})
        for size in range(1, len(DRAFTED) + 1):
            for tables in itertools.combinations(DRAFTED, size):
                rows = [(table, slot) for table in tables for slot in slots[table]]
                gains = np.array([fits[row] for row in rows]).reshape(len(rows), len(columns))
                # a required column is worth more than an optional one of the same name
                needed = np.array([slot in TABLES[table].required for table, slot in rows])
                gains = np.where(gains > 0, gains + 0.05 * needed[:, None], 0.0)
                chosen: dict[str, dict[str, tuple[Column, float]]] = {t: {} for t in tables}
                total = 0.0
                for row, place in zip(*linear_sum_assignment(-gains), strict=True):
                    if gains[row, place] > 0:
                        table, slot = rows[row]
                        chosen[table][slot] = columns[place], float(fits[rows[row]][place])
                        total += gains[row, place] - 0.15
                if not all(self._is_whole(t, chosen[t], block, has_wide) for t in tables):
                    continue
                total += sum(0.3 * (about[t] - 0.5) for t in tables)
                if total > best[0]:
                    best = total, tables, chosen
        return best[1], best[2]

    def _is_whole(
        self, table: str, found: dict[str, tuple[Column, float]], block: Block, has_wide: bool
    ) -> bool:
        given = set(found)
        if table == "treatments":
            given.add("line")
        if table == "labs":
            given |= {"analyte", "value"} if has_wide else set()
            given |= {"unit"}
            if self._analyte_of(block, found) is not None:
                given.add("analyte")
        if table == "patients" and not {"birth_date", "age_years"} & given:
            return False
        # a table is not made of columns that could be anything
        is_meant = any(fit >= NAMED for _, fit in found.values()) or has_wide
        return is_meant and all(c in given for c in TABLES[table].required if c != "patient_id")

    def _analyte_of(self, block: Block, found: dict[str, tuple[Column, float]]) -> str | None:
        value = found["value"][0].name if "value" in found else ""
        return self._analyte_in(value) or self._analyte_in(block.about)

    def _of_labs(self, block: Block, found: dict[str, tuple[Column, float]]) -> dict[str, str]:
        constants = {}
        if "analyte" not in found:
            constants["analyte"] = self._analyte_of(block, found) or ""
            self._ask(f"{place_of(block.about)}are all results of {constants['analyte']}?")
        if "unit" not in found:
            standard = self.standard.get(constants.get("analyte", "il6"), "")
            constants["unit"] = standard
            self._ask(f"{place_of(block.about)}no column is the unit; is it {standard}?")
        return constants

    def _say_what_lacks(self, block: Block, columns: list[Column], lacking: list[str]) -> None:
        """Say of the table that a block comes nearest to which columns were not found."""
        near_miss = []
        for table, native in DRAFTED.items():
            slots = [name for name in native.required if name != "patient_id"]
            gone = [
                slot
                for slot in slots
                if max((self._fit(slot, one) for one in columns), default=0.0) < NAMED
                and slot not in ("line", "unit")
            ]
            if CORE[table] not in gone and gone:
                near_miss.append((len(gone) / len(slots), table, gone))
        if near_miss:
            _, table, gone = min(near_miss)
            lacking.append(f"{place_of(block.about)}{table}: no column is {', '.join(gone)}")

    def _fit(self, native: str, column: Column) -> float:
        """Say how well a column would do as a native one, by its name and what it holds; 0 to 1."""
        if native not in column.fits:
            column.fits[native] = self._fitted(native, column)
        return column.fits[native]

    def _fitted(self, native: str, column: Column) -> float:
        named = column.called(vocabulary().columns[native])
        content = self._content(native, column)
        if content is None:
            return 0.6 * named if named > 0.9 else 0.0
        if content < 0.5 and not (named >= 0.9 and content >= 0.4):
            return 0.0
        if named >= NAMED:
            return min(1.0, 0.6 * named + 0.4 * content)
        if native in TELLING and content >= 0.8 and not column.is_coded:
            return 0.55 * content
        is_open = native in DATE_COLUMNS or native == "value"
        return 0.2 * content if is_open and content >= 0.9 else 0.0

    def _content(self, native: str, column: Column) -> float | None:
        """Say which share of a column's texts a native one can hold; None where it is empty."""
        if not column.texts:
            return None
        if native in DATE_COLUMNS:
            return column.dates
        if native in NUMBER_COLUMNS:
            return column.share(t for t in column.counts if fits_number(native, t))
        if native in VALUES or native in ("braf_status", "drug"):
            known = column.share(t for t in column.counts if self._value(native, column, t))
            if column.is_coded and native in CONVENTIONS and not known:
                return 0.6 * (column.share(CONVENTIONS[native]) >= 0.9)
            if native == "drug" and not known:
                return 0.5 if column.numbers < 0.2 and column.dates < 0.2 else 0.0
            if known < 0.5 and column.is_list and column.called(vocabulary().columns[native]) > 0.9:
                # the name leaves no doubt: what its words mean is asked
                return 0.5
            return known
        if native == "analyte":
            known = column.share(t for t in column.counts if plain_name(t) in self.analytes)
            is_open = column.is_coded or column.numbers < 0.2
            return known or (0.5 if is_open and column.spread < 0.3 else 0.0)
        if native == "unit":
            like = re.compile(r"[\w%µμ^.*]+/[\w.]+|%")
            return column.share(
                t for t in column.counts if plain_unit(t) in self.units or like.fullmatch(t)
            )
        if column.dates > 0.5 or any(
            column.share(t for t in column.counts if _listed_value(one, t)) > 0.5
            for one in CODED
            if one != native
        ):
            return 0.0
        # a site or a cause is what few texts, shared by many patients, say
        return 0.7 if column.spread <= 0.3 or len(column.counts) <= 5 else 0.0

    def _value(self, native: str, column: Column, text: str) -> str | None:
        if native == "vital_status":
            return vital_status_of(column.name, text)
        found = _listed_value(native, text)
        if found is None and native in ("extrahepatic", "primary_resected"):
            return "Y" if is_yes(text) else "N" if is_no(text) else None
        return found

    # -- how it is written -------------------------------------------------------------------

    def _ask(self, question: str) -> str:
        if question not in self.questions:
            self.questions.append(question)
        return f"Q{self.questions.index(question) + 1}"

    def _written(self, made: list[Made]) -> str:
        tables = [line for one in made for line in self._table(one)]
        mapped = [pair for one in made for pair in one.columns.items()]
        general = [*self._identifiers(), *self._missing(mapped), *self._dates(mapped)]
        general += self._decimal(mapped)
        if self.dictionary:
            name = PurePosixPath(self.dictionary[0]).name
            general.append(f"dictionary: {quoted(name)}  # put it beside this profile")
        head = [*self._head(), "recognise:", *self._recognise(made)]
        unmapped = [f"#   {line}" for line in dict.fromkeys(self.unmapped)]
        if unmapped:
            unmapped.insert(0, "# Not mapped:")
        return "\n".join([*head, *general, "tables:", *tables, *unmapped]) + "\n"

    def _head(self) -> list[str]:
        name = re.sub(r"[^a-z]+", "_", PurePosixPath(self.file).name.split(".")[0].lower())
        return [
            "# Drafted by il6 profile. Read it, answer the questions (Q), put it into",
            "# IL6_HOME/profiles; il6 refresh then reads exports like this one.",
            *(f"# Q{n}: {question}" for n, question in enumerate(self.questions, 1)),
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
                        self._ask(f"Does {text} in {column.name} mean missing? Then list it there")
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
                asked = self._ask(
                    f"Days and months stand in both orders ({n} dates only make sense as {order}, "
                    f"{proof.total() - n} otherwise); which is it?"
                )
                yield f"dates: [{order}]  # {asked}"
            else:
                yield f"dates: [{order}]"
        elif unsure:
            names = ", ".join(dict.fromkeys(unsure))
            asked = self._ask(
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
            asked = self._ask(
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
                    asked = self._ask(f"Is {held.name} the {column} of {one.table}?")
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
            known = {t: self.analytes.get(plain_name(t)) for t in every}
        elif native in CODED:
            known = {t: self._value(native, column, t) for t in every if not is_missing(t)}
        else:
            return
        asked = ""
        if native == "vital_status" and column.is_coded and not column.called(DEATH) >= LIKELY:
            said = ", ".join(f"{t} {v}" for t, v in sorted(known.items()) if v)
            asked = f"  # {self._ask(f'What do the codes of {column.name} mean? Assumed: {said}')}"
        usual = CONVENTIONS.get(native, {})
        if column.is_coded and not any(known.values()):
            assumed = ", ".join(f"{t} {v}" for t, v in usual.items())
            codes = ", ".join(sorted(t for t in known if re.fullmatch(r"\d{1,2}", t)))
            number_ = self._ask(
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
            number_ = self._ask(_what_these_mean(column, native, strange))
            asked += f"  # {number_}" if not asked else f", {number_}"
        if native == "vital_status" and column.has_blanks and set(known.values()) == {"dead"}:
            known[""] = "alive"
            question = f"Does an empty {column.name} mean alive, as is assumed?"
            asked += (", " if asked else "  # ") + self._ask(question)
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


def _listed_value(native: str, text: str) -> str | None:
    """Return the native value of a text; a drug's name, and a regimen that is known as it is."""
    if native != "drug":
        # of what is yes or no alone the vocabulary lists no words
        return value_of(native, text) if native in vocabulary().values else None
    read = read_drug(text)
    if read.certainty != "known" or not read.substances:
        return None
    return read.substances[0] if len(read.substances) == 1 else text


def _native_columns() -> Iterable[str]:
    return (name for name in vocabulary().columns if name != "patient_id")


def _untold(known: Made, columns: dict[str, list[str]]) -> Iterable[Made]:
    """Give a mapping of the records of which a mapping of patients does not know the sex."""
    # where all of a record is one line, it may be there for a sample alone
    if "sex" not in known.columns or not known.block.when:
        return
    sex = known.columns["sex"][0].name
    numbers = columns[known.key]
    told = {number for number, text in zip(numbers, columns[sex], strict=True) if text}
    if set(filter(None, numbers)) - told:
        rest = {name: held for name, held in known.columns.items() if name != "sex"}
        when = known.block.when | {sex: ""}
        yield Made("patients", known.key, Block(known.block.sheet, known.key, [], when), rest, {})


def _once(made: list[Made]) -> list[Made]:
    """Leave out a mapping that another one repeats, as of a second sheet of the same shape."""
    seen, kept = set(), []
    for one in made:
        mark = (
            one.table,
            one.key,
            tuple(sorted((name, column.name) for name, (column, _) in one.columns.items())),
            tuple(sorted(one.block.when.items())),
            tuple(sorted(one.constants.items())),
        )
        if mark not in seen:
            seen.add(mark)
            kept.append(one)
    return kept


def _is_measured(texts: Sequence[str]) -> bool:
    """Whether a column's values are few numbers again and again: a score, and no patient's."""
    different = set(texts)
    is_repeated = len(different) * 5 <= len(texts)
    return is_repeated and all(as_number(one) is not None for one in different)


def _unique_ones(columns: dict[str, list[str]]) -> str:
    """Name the columns that have another value in each line: one of them may be it."""
    unique = [
        name
        for name, texts in columns.items()
        if len(texts) > 1
        and all(texts)
        and len(set(texts)) == len(texts)
        and not any(is_date(text) for text in texts[:20])
    ]
    return f" ({', '.join(unique[:5])} has another value in each line)" if unique else ""
