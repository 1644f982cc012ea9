"""Registry profiles: how the exports of one registry become native tables.

A profile is a YAML file (data/profiles, or IL6_HOME/profiles of a site). Belongs here: its keys,
its reading with errors that name line and key, which export it fits, and the native tables that it
makes of one. Does not belong here: opening files (`formats`), reading cells (`values`).
"""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from il6_platform.registry.exports import BEYOND, Export, ExportRow
from il6_platform.registry.formats import Sheet
from il6_platform.registry.native import TABLES
from il6_platform.registry.values import cell, plain
from il6_platform.typed_file import read_typed

Table = Literal["patients", "treatments", "labs", "assessments", "follow_up"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recognise(_Part):
    """What an export of this registry is known by: columns that it has, and its file's name."""

    columns: tuple[str, ...] = Field(min_length=1)
    file: str = "*"

    @field_validator("columns", mode="after")
    @classmethod
    def _plain(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_name(name) for name in names)


class Mapping(_Part):
    """Rows of an export that make rows of one native table.

    Attributes
    ----------
    table
        The native table.
    columns
        Native column -> the export's column. `{n}` counts from 1 to `repeat`: one mapping for
        columns that stand several times in a row.
    constants
        Native column -> a value that the export does not hold.
    codes
        Native column -> the export's code -> the native value.
    when
        The export's column -> the value, or values, that a row must have; an empty text is missing.
    requires
        Native columns without which a row says nothing of this table, unless it fills in a column
        that only this mapping reads: then it is kept, and the rule book names what it lacks.
    """

    table: Table
    columns: dict[str, str]
    constants: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    when: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    requires: tuple[str, ...] = ()
    repeat: int = Field(default=1, ge=1, le=200)

    @field_validator("codes", "constants", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        """Let YAML's numbers and truths stand for the text that an export holds."""
        if not isinstance(value, dict):
            return value
        return {
            key: {str(k): str(v) for k, v in inner.items()}
            if isinstance(inner, dict)
            else str(inner)
            for key, inner in value.items()
        }

    @model_validator(mode="after")
    def _check(self) -> Mapping:
        lacking = [
            column
            for column in TABLES[self.table].required
            if column not in self.columns and column not in self.constants
        ]
        if lacking:
            raise ValueError(f"{self.table} needs {', '.join(lacking)} in columns or constants")
        unknown = sorted(set(self.codes) - set(self.columns))
        if unknown:
            raise ValueError(f"codes of {', '.join(unknown)}, which is not among the columns")
        return self

    def counted(self) -> Iterable[tuple[int, dict[str, str]]]:
        """Give (n, columns) with `{n}` filled in."""
        for n in range(1, self.repeat + 1):
            yield n, {key: _name(name.replace("{n}", str(n))) for key, name in self.columns.items()}


class Profile(_Part):
    """How one registry's exports are read."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    recognise: tuple[Recognise, ...] = Field(min_length=1)
    tables: tuple[Mapping, ...] = Field(min_length=1)
    identifiers: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    dates: tuple[Literal["dmy", "mdy"], ...] = ()
    decimal: Literal[".", ","] = "."

    @field_validator("missing", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return [str(one) for one in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _check(self) -> Profile:
        named = {_name(name) for name in self.identifiers}
        for mapping in self.tables:
            for column, name in mapping.columns.items():
                if column != "patient_id" and _name(name) in named:
                    raise ValueError(f"{name} is an identifier and cannot be {column}")
        return self

    def fits(self, file: str, sheets: Sequence[Sheet]) -> bool:
        """Whether a file is an export of this registry: each sheet with rows is recognised."""
        return any(self._knows(file, sheet.export) for sheet in sheets)

    def _knows(self, file: str, export: Export) -> bool:
        header = {_name(name) for name in export.header}
        return any(
            set(one.columns) <= header and fnmatch(Path(file).name.lower(), one.file.lower())
            for one in self.recognise
        )

    def nearness(self, sheets: Sequence[Sheet]) -> tuple[float, list[str]]:
        """Return the largest share of the columns asked for that a sheet has, and which lack."""
        best: tuple[float, list[str]] = (0.0, [])
        for sheet, one in itertools.product(sheets, self.recognise):
            header = {_name(name) for name in sheet.export.header}
            lacking = [name for name in one.columns if name not in header]
            share = 1 - len(lacking) / len(one.columns)
            if share > best[0]:
                best = share, lacking
        return best

    def lacking(self, sheets: Sequence[Sheet]) -> str | None:
        """Say which column a sheet lacks that holds most of what a mapping reads, or None."""
        for mapping, sheet in itertools.product(self.tables, sheets):
            header = {_name(name) for name in sheet.export.header}
            _, columns = next(iter(mapping.counted()))
            needed = self._needed(mapping, columns)
            others = set(columns.values()) - needed
            gone = sorted(needed - header)
            held = len((set(columns.values()) | needed) & header)
            if gone and others & header and held * 2 >= len(set(columns.values()) | needed):
                place = f"sheet {sheet.name} " if sheet.name else ""
                return (
                    f"{place}lacks the column {', '.join(gone)}, of which profile {self.name} "
                    f"makes {mapping.table}; export it again with it, or correct the profile"
                )
        return None

    def why_not(self, cells: dict[str, str]) -> str:
        """Say why a row of which no table is made says nothing of any."""
        received = {_name(name): plain(text) for name, text in cells.items()}
        meant = [mapping for mapping in self.tables if _is_meant(mapping, received)]
        if meant:
            return "nothing that the profile reads is filled in"
        columns = sorted({name for mapping in self.tables for name in mapping.when})
        return f"the profile reads no line with such a value of {', '.join(columns)}"

    def reads(self, name: str) -> bool:
        """Whether a column of the export is one that a mapping reads."""
        return _name(name) in self._readers

    @cached_property
    def _readers(self) -> Counter[str]:
        """How many mappings read a column of the export."""
        return Counter(
            name
            for mapping in self.tables
            for name in {
                *(name for _, columns in mapping.counted() for name in columns.values()),
                *map(_name, mapping.when),
            }
        )

    def _needed(self, mapping: Mapping, columns: dict[str, str]) -> set[str]:
        needed = {columns[key] for key in mapping.requires if key in columns}
        return needed | {columns["patient_id"], *map(_name, mapping.when)}

    def native(self, sheets: Sequence[Sheet]) -> list[NativePart]:
        """Make the native tables of a file: one part for each mapping, count and sheet."""
        parts = []
        headers = [{_name(name) for name in sheet.export.header} for sheet in sheets]
        received = [self._received(sheet.export) for sheet in sheets]
        for mapping, number in itertools.product(self.tables, range(len(sheets))):
            sheet, header = sheets[number], headers[number]
            for n, columns in mapping.counted():
                if not self._needed(mapping, columns) <= header:
                    continue
                rows = self._rows(mapping, columns, received[number])
                if rows:
                    place = f"{sheet.name} {n}" if mapping.repeat > 1 else sheet.name
                    held = [column for column, name in columns.items() if name in header]
                    held += [column for column in mapping.constants if column not in held]
                    parts.append(NativePart(mapping.table, place.strip(), rows, sheet.name, held))
        return parts

    def _received(self, export: Export) -> list[tuple[ExportRow, dict[str, str]]]:
        """Return the rows with what a mapping reads of them, in plain signs."""
        wanted = {name: _name(name) for name in (*export.header, BEYOND)}
        wanted = {n: plainly for n, plainly in wanted.items() if n == BEYOND or self.reads(n)}
        return [
            (row, {wanted[name]: plain(text) for name, text in row.cells.items() if name in wanted})
            for row in export.rows
        ]

    def _rows(
        self,
        mapping: Mapping,
        columns: dict[str, str],
        sheet: Sequence[tuple[ExportRow, dict[str, str]]],
    ) -> list[tuple[int, dict[str, str]]]:
        absent = {plain(code).lower() for code in self.missing} | {""}
        codes = {
            column: {plain(code).lower(): value for code, value in table.items()}
            for column, table in mapping.codes.items()
        }
        rows = []
        for row, received in sheet:
            if not _is_meant(mapping, received):
                continue
            cells = {}
            for column, name in columns.items():
                text = received.get(name, "")
                if text.lower() in absent:
                    continue
                table = codes.get(column, {})
                cells[column] = table.get(text.lower()) or cell(
                    column, text, orders=self.dates, decimal=self.decimal
                )
            own = {
                column
                for column in cells
                if self._readers[columns[column]] == 1
                and not _is_unchecked(columns[column], received)
            }
            if not set(mapping.requires) <= set(cells) and not own:
                continue
            if row.problem:
                cells[BEYOND] = received.get(BEYOND, "")
            rows.append((row.line, mapping.constants | cells))
        return rows


@dataclass(frozen=True, slots=True)
class NativePart:
    """Rows of one native table that a file holds: (line in the sheet, cells).

    `columns` are the table's columns that the sheet has, filled or not.
    """

    table: str
    place: str
    rows: list[tuple[int, dict[str, str]]]
    sheet: str = ""
    columns: Sequence[str] = ()

    def csv(self) -> bytes:
        """Write them as a native export in which every row stands on its own line of the sheet."""
        filled = (name for _, cells in self.rows for name in cells)
        names = list(dict.fromkeys([*self.columns, *filled]))
        names = [name for name in names if name != BEYOND]
        for column in TABLES[self.table].required:
            if column not in names:
                names.append(column)
        if self.table == "patients" and not {"birth_date", "age_years"} & set(names):
            names.append("birth_date")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        line = 1
        for place, cells in self.rows:
            # blank lines are no rows: they keep the count
            out.write("\n" * max(0, place - line - 1))
            line = max(place, line + 1)
            # a cell beyond the header stays one: the rule book sets the line aside
            surplus = [cells[BEYOND] or "(cells are missing)"] if BEYOND in cells else []
            written = [" ".join(cells.get(name, "").split()) for name in names]
            writer.writerow([*written, *surplus])
        return out.getvalue().encode()


def read_profiles(*folders: Path) -> list[Profile]:
    """Read the profiles of folders, in the order of their names; a site's own come first.

    Raises
    ------
    TypedFileError
        Naming file, line and key of what cannot be.
    """
    return [
        read_typed(path, Profile, "profile", "remove it or make it readable")
        for folder in folders
        for path in sorted(folder.glob("*.yaml"))
    ]


def _is_meant(mapping: Mapping, received: dict[str, str]) -> bool:
    """Whether a row has the values that a mapping asks for."""
    return all(
        received.get(_name(name), "").lower() in {plain(value).lower() for value in _listed(values)}
        for name, values in mapping.when.items()
    )


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _is_unchecked(name: str, received: dict[str, str]) -> bool:
    """Whether a column is a box of REDCap's that is not ticked: it says nothing."""
    return "___" in name and received[name].lower() in ("0", "unchecked")


def _name(name: str) -> str:
    return " ".join(plain(name).lower().split())


def closest(profiles: Sequence[Profile], sheets: Sequence[Sheet]) -> str | None:
    """Say which profile comes closest to a file that none fits, and what it lacks."""
    near = [(*profile.nearness(sheets), profile) for profile in profiles]
    near = [one for one in near if one[0] > 0]
    if not near:
        return None
    share, lacking, profile = max(near, key=lambda one: one[0])
    return (
        f"the closest profile is {profile.name} ({share:.0%} of its columns); it lacks "
        f"{', '.join(lacking)}"
    )
