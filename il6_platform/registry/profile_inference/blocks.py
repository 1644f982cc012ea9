"""An export's sheets as blocks of columns whose rows are read together.

Belongs here: dividing columns by what chooses their rows, and by what is numbered. Does not belong
here: one column (`columns`), what it means (`meanings`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from il6_platform.registry.cells import is_missing, plain
from il6_platform.registry.exports import Export
from il6_platform.registry.profile_inference.columns import Block, Column, chooser, patterns
from il6_platform.registry.redcap_dictionary import Dictionary
from il6_platform.registry.vocabulary import key


@dataclass(frozen=True)
class Blocks:
    """How an export is divided, with the fields that a data dictionary tells of."""

    fields: Dictionary
    has_dictionary: bool

    def texts(self, export: Export) -> dict[str, list[str]]:
        """Return the columns as lists of plain text, codes as labels, empty where missing."""
        found = {}
        for name, column in zip(export.header, export.columns, strict=True):
            variable = self.fields.variable(name) if self.has_dictionary else " ".join(name.split())
            found[variable] = [
                self.fields.label(variable, plain(text)) if text else ""
                for text in column.to_pylist()
            ]
        return found

    def column(self, name: str, texts: Iterable[str], variable: str | None = None) -> Column:
        """Return a column with what the dictionary tells of it, missing texts apart."""
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

    def of_sheet(self, sheet: str, columns: dict[str, list[str]], found: str) -> Iterable[Block]:
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
            self.column(name, texts) for name, texts in columns.items() if name not in numbered
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
                self.column(
                    pattern,
                    itertools.chain.from_iterable(
                        columns[name] for name in found_patterns[pattern].values()
                    ),
                    next(iter(found_patterns[pattern].values())),
                )
                for pattern in group
            ]
            yield Block(sheet, found, made, when, repeat)
