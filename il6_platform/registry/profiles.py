"""Registry profiles: how the exports of one registry become native tables.

A profile is a YAML file (data/profiles, or IL6_HOME/profiles of a site). Belongs here: its keys,
its reading with errors that name line and key, which export it fits, and the native tables that it
makes of one. Does not belong here: opening files (`formats`), reading cells (`values`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from il6_platform.registry.cells import Spelling, plain, read_day, read_number
from il6_platform.registry.exports import BEYOND, Export, ExportError, ExportRow
from il6_platform.registry.formats import Sheet, open_sheets
from il6_platform.registry.native import DATE_COLUMNS, NUMBER_COLUMNS, TABLES, TIMED_COLUMNS, VALUES
from il6_platform.registry.redcap_dictionary import Dictionary, is_dictionary, read_dictionary
from il6_platform.yaml_config import Place, YamlConfigError, read_typed

Table = Literal["patients", "treatments", "labs", "assessments", "follow_up", "outcomes"]
Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recognise(_Part):
    """What an export of this registry is known by: columns that it has, and its file's name."""

    columns: tuple[Text, ...] = Field(min_length=1)
    file: Text = "*"

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
        columns that stand several times in a row. The name of a REDCap checkbox field without
        `___code` stands for the choices that are checked.
    constants
        Native column -> a value that the export does not hold.
    codes
        Native column -> the export's code, or its label in the dictionary -> the native value. The
        code "" is a cell in which nothing stands.
    when
        The export's column -> the value, or values, that a row must have; an empty text is missing.
    requires
        Native columns without which a row says nothing of this table, unless it fills in a column
        that only this mapping reads: then it is kept, and the rule book names what it lacks.
    covariates
        Columns of patients beyond the native format, which the study file names as covariates.
    """

    table: Table
    columns: dict[str, Text]
    constants: dict[str, Text] = Field(default_factory=dict)
    codes: dict[str, dict[str, Text]] = Field(default_factory=dict)
    when: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    requires: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    repeat: int = Field(default=1, ge=1, le=200)

    def counted(self) -> Iterable[tuple[int, dict[str, str]]]:
        """Give (n, columns) with `{n}` filled in."""
        for n in range(1, self.repeat + 1):
            yield n, {key: _name(name.replace("{n}", str(n))) for key, name in self.columns.items()}

    def mistakes(self) -> Iterable[tuple[Place, str]]:
        """Give what cannot be in the mapping, by its place."""
        native = TABLES[self.table]
        given = {**self.columns, **self.constants}
        known = {*native.required, *native.optional, *self.covariates}
        lacking = [column for column in native.required if column not in given]
        if lacking:
            yield (
                ("columns",),
                f"{self.table} needs {', '.join(lacking)} in columns or constants",
            )
        if self.table == "patients" and not {"birth_date", "age_years"} & set(given):
            yield ("columns",), "patients needs birth_date or age_years in columns or constants"
        if self.covariates and self.table != "patients":
            yield ("covariates",), "only patients can have covariates; remove it"
        for key in ("columns", "constants"):
            for column in getattr(self, key):
                if column not in known:
                    yield (
                        (key, column),
                        f"{self.table} has no column {column}; it has {', '.join(sorted(known))}"
                        + (
                            ", and what is listed under covariates"
                            if self.table == "patients"
                            else ""
                        ),
                    )
        for column in self.constants:
            if column in self.columns:
                yield ("constants", column), "stands in columns as well; keep one"
            yield from self._outside(("constants", column), column, self.constants[column])
        for column, codes in self.codes.items():
            if column not in self.columns:
                yield ("codes", column), f"codes of {column}, which is not among the columns"
            for code, value in codes.items():
                yield from self._outside(("codes", column, code), column, value)
        for position, column in enumerate(self.requires):
            if column not in given:
                yield ("requires", position), f"{column} is neither in columns nor in constants"
        counting = [column for column, name in self.columns.items() if "{n}" in name]
        if self.repeat == 1 and counting:
            yield (
                ("columns", counting[0]),
                "{n} needs repeat: how many times the columns stand in a row",
            )
        if self.repeat > 1 and not counting:
            yield ("repeat",), "no column has {n}, so nothing repeats; remove it or add {n}"
        for column, name in self.columns.items():
            if "{" in name.replace("{n}", "") or "}" in name.replace("{n}", ""):
                yield ("columns", column), "{n} is the only thing that is filled in"

    @staticmethod
    def _outside(place: Place, column: str, value: str) -> Iterable[tuple[Place, str]]:
        allowed = VALUES.get(column)
        if allowed and value not in allowed:
            yield place, f"{value} is no value of {column}; it can be {', '.join(allowed)}"


class Profile(_Part):
    """How one registry's exports are read.

    Attributes
    ----------
    name, title
        What it is called in tables, and in words.
    recognise
        What its exports are known by; a sheet that has all columns of one entry is one of them.
    tables
        What rows of which native tables its exports make.
    identifiers
        Columns that name a person, which never leave the landing folder.
    missing
        Texts that mean that nothing is known.
    dates
        Orders of days and months in dates that do not begin with the year.
    decimal
        The sign before the decimals.
    dictionary
        REDCap's data dictionary: a file beside the profile, in the landing folder, or in the same
        archive as the export. Its labels stand for codes, its field names for the labels of a
        header, its validation for the order of dates; what it marks as an identifier is one.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    recognise: tuple[Recognise, ...] = Field(min_length=1)
    tables: tuple[Mapping, ...] = Field(min_length=1)
    identifiers: tuple[Text, ...] = ()
    missing: tuple[Text, ...] = ()
    dates: tuple[Literal["dmy", "mdy"], ...] = ()
    decimal: Literal[".", ","] = "."
    dictionary: Text | None = None

    _fields: Dictionary = PrivateAttr(default_factory=Dictionary)

    def mistakes(self) -> Iterable[tuple[Place, str]]:
        """Give what cannot be in the profile, by its place."""
        known: dict[tuple[object, ...], int] = {}
        for position, one in enumerate(self.recognise):
            first = known.setdefault((one.file, *sorted(one.columns)), position)
            if first != position:
                yield ("recognise", position), "is the same as one before; keep one"
        named = {_name(name) for name in self.identifiers}
        for position, mapping in enumerate(self.tables):
            for place, words in mapping.mistakes():
                yield ("tables", position, *place), words
            for column, name in mapping.columns.items():
                if column != "patient_id" and _name(name) in named:
                    yield (
                        ("tables", position, "columns", column),
                        f"{name} is an identifier and cannot be {column}",
                    )
        for position, name in enumerate(self.dates):
            if name in self.dates[:position]:
                yield ("dates", position), "stands twice; keep one"

    def with_dictionary(self, fields: Dictionary) -> Profile:
        """Return the profile with a data dictionary, whose identifiers are its own as well.

        A field that the profile maps is wanted, and none.
        """
        mapped = {
            name for one in self.tables for _, columns in one.counted() for name in columns.values()
        }
        more = [name for name in fields.identifiers() if name not in mapped]
        told = self.model_copy(
            update={"identifiers": tuple(dict.fromkeys([*self.identifiers, *more]))}
        )
        told._fields = fields
        return told

    @property
    def version(self) -> str:
        """What it reads today: a short hash of its keys and its dictionary's fields."""
        said = f"{self.model_dump_json()}{dict(self._fields.fields)}"
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def opened(self, sheets: Sequence[Sheet]) -> tuple[Profile, list[Sheet]]:
        """Return the profile with the dictionary that came with an export, and the other sheets."""
        if self.dictionary is None:
            return self, list(sheets)
        told, data = self, []
        for sheet in sheets:
            if is_dictionary(sheet.export.header):
                told = self.with_dictionary(read_dictionary(sheet.export))
            else:
                data.append(sheet)
        return told, data

    def fits(self, file: str, sheets: Sequence[Sheet]) -> bool:
        """Whether a file is an export of this registry: each sheet with rows is recognised."""
        return any(self._knows(file, sheet.export) for sheet in sheets)

    def _knows(self, file: str, export: Export) -> bool:
        header = self._header(export)
        return any(
            set(one.columns) <= header and fnmatch(Path(file).name.lower(), one.file.lower())
            for one in self.recognise
        )

    def _header(self, export: Export) -> set[str]:
        """Return the export's columns; a checkbox field stands for its boxes as well."""
        names = {self._fields.variable(name) for name in map(_name, export.header)}
        return names | {name.partition("___")[0] for name in names if "___" in name}

    def nearness(self, sheets: Sequence[Sheet]) -> tuple[float, list[str]]:
        """Return the largest share of the columns asked for that a sheet has, and which lack."""
        best: tuple[float, list[str]] = (0.0, [])
        for sheet, one in itertools.product(sheets, self.recognise):
            header = self._header(sheet.export)
            lacking = [name for name in one.columns if name not in header]
            share = 1 - len(lacking) / len(one.columns)
            if share > best[0]:
                best = share, lacking
        return best

    def lacking(self, sheets: Sequence[Sheet]) -> str | None:
        """Say which column a sheet lacks that holds most of what a mapping reads, or None.

        A data dictionary that the profile names and that is nowhere is lacking as well.
        """
        if self.dictionary and not self._fields.fields:
            return (
                f"the data dictionary {self.dictionary} of profile {self.name} is neither beside "
                "the profile nor in the landing folder nor in this file; put it there"
            )
        for mapping, sheet in itertools.product(self.tables, sheets):
            header = self._header(sheet.export)
            is_read = any(
                self._reads_sheet(other, header)
                for other in self.tables
                if other.table == mapping.table
            )
            if is_read or self._speaks_of_others(mapping, header, sheet.export):
                continue
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
        received = {self._fields.variable(name): plain(text) for name, text in cells.items()}
        meant = [mapping for mapping in self.tables if _is_meant(mapping, received)]
        if meant:
            return "nothing that the profile reads is filled in"
        columns = sorted({name for mapping in self.tables for name in mapping.when})
        return f"the profile reads no line with such a value of {', '.join(columns)}"

    def reads(self, name: str) -> bool:
        """Whether a column of the export is one that a mapping reads."""
        variable = self._fields.variable(name)
        return variable in self._readers or variable.partition("___")[0] in self._readers

    def identifies(self, name: str) -> bool:
        """Whether a column of the export is named as an identifier."""
        variable = self._fields.variable(name)
        return variable in {_name(one) for one in self.identifiers}

    def names_patient(self, name: str) -> bool:
        """Whether a column of the export is one that a mapping takes the patient's number from."""
        return self._fields.variable(name) in self._patients

    @cached_property
    def _patients(self) -> frozenset[str]:
        counted = (columns for mapping in self.tables for _, columns in mapping.counted())
        return frozenset(columns["patient_id"] for columns in counted if "patient_id" in columns)

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

    def _speaks_of_others(self, mapping: Mapping, header: set[str], export: Export) -> bool:
        """Whether a sheet has the columns that choose a mapping's rows, and no row is chosen."""
        choosing = {_name(name) for name in mapping.when}
        return (
            bool(choosing)
            and choosing <= header
            and not any(_is_meant(mapping, received) for _, received in self._received(export))
        )

    def _reads_sheet(self, mapping: Mapping, header: set[str]) -> bool:
        return any(self._needed(mapping, columns) <= header for _, columns in mapping.counted())

    def _needed(self, mapping: Mapping, columns: dict[str, str]) -> set[str]:
        needed = {columns[key] for key in (*mapping.requires, "patient_id") if key in columns}
        # a column that is not there is missing in each row
        return needed | {
            _name(name) for name, values in mapping.when.items() if "" not in _listed(values)
        }

    def native(self, sheets: Sequence[Sheet]) -> list[NativePart]:
        """Make the native tables of a file: one part for each mapping, count and sheet."""
        parts = []
        headers = [self._header(sheet.export) for sheet in sheets]
        received = [self._received(sheet.export) for sheet in sheets]
        for mapping, number in itertools.product(self.tables, range(len(sheets))):
            sheet, header = sheets[number], headers[number]
            for n, columns in mapping.counted():
                if not self._needed(mapping, columns) <= header:
                    continue
                is_sure = all(self.reads(name) for name in header)
                rows = self._rows(mapping, columns, received[number], is_sure)
                if rows:
                    place = f"{sheet.name} {n}" if mapping.repeat > 1 else sheet.name
                    held = [column for column, name in columns.items() if name in header]
                    held += [column for column in mapping.constants if column not in held]
                    parts.append(NativePart(mapping.table, place.strip(), rows, sheet.name, held))
        return parts

    def _received(self, export: Export) -> list[tuple[ExportRow, dict[str, str]]]:
        """Return the rows with what a mapping reads of them, in plain signs."""
        wanted = {name: self._fields.variable(name) for name in export.header if self.reads(name)}
        wanted[BEYOND] = BEYOND
        return [
            (row, {wanted[name]: plain(text) for name, text in row.cells.items() if name in wanted})
            for row in export.rows
        ]

    def _rows(
        self,
        mapping: Mapping,
        columns: dict[str, str],
        sheet: Sequence[tuple[ExportRow, dict[str, str]]],
        is_sure: bool,
    ) -> list[tuple[int, dict[str, str]]]:
        absent = {plain(code).lower() for code in self.missing} | {""}
        codes = {
            column: {plain(code).lower(): value for code, value in table.items()}
            for column, table in mapping.codes.items()
        }
        decimal = self.decimal if "decimal" in self.model_fields_set else None
        spellings = {
            name: Spelling((*self._fields.order(name), *self.dates), decimal=decimal)
            for name in columns.values()
        }
        rows = []
        for row, received in sheet:
            if not _is_meant(mapping, received):
                continue
            cells: dict[str, str] = {}
            implied = dict(mapping.constants)
            for column, name in columns.items():
                text = received[name] if name in received else self._checked(name, received)
                label = self._fields.label(name, text)
                table = codes.get(column, {})
                if text.lower() in absent or label.lower() in absent:
                    if "" in table:
                        implied[column] = table[""]
                    continue
                cells[column] = (
                    table.get(text.lower())
                    or table.get(label.lower())
                    or _native_text(column, label, spellings[name])
                )
            own = {
                column
                for column in cells
                if self._readers[columns[column]] == 1
                and not _is_unchecked(columns[column], received)
            }
            if not set(mapping.requires) <= set(implied | cells) and not own:
                continue
            if row.problem:
                # its cells may have shifted out of a column that is not read: a name, a number
                known = cells if is_sure else {k: v for k, v in cells.items() if k == "patient_id"}
                cells = {**known, BEYOND: received.get(BEYOND, "")}
            rows.append((row.line, implied | cells))
        return rows

    def _checked(self, field: str, received: dict[str, str]) -> str:
        """Return the choices of a checkbox field that are checked, by code."""
        boxes = [name for name in received if name.startswith(f"{field}___")]
        return "; ".join(
            name.removeprefix(f"{field}___")
            for name in boxes
            if received[name].lower() in ("1", "checked")
        )


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
            surplus = {BEYOND: cells[BEYOND] or "(cells are missing)"} if BEYOND in cells else {}
            texts = [*(cells.get(name, "") for name in names), *surplus.values()]
            # a line break within a cell would move the lines behind it
            writer.writerow([" ".join(text.split()) for text in texts])
        return out.getvalue().encode()


def read_profiles(*folders: Path, landing: Path | None = None) -> list[Profile]:
    """Read the profiles of folders, in the order of their names; a site's own come first.

    Parameters
    ----------
    landing
        The folder in which a profile's data dictionary may lie, where it does not lie beside it.

    Raises
    ------
    YamlConfigError
        Naming file, line and key of what cannot be.
    """
    return [
        profile
        for folder in folders
        for profile in _distinct(
            {path: read_profile(path, landing) for path in sorted(folder.glob("*.yaml"))}
        )
    ]


def read_profile(path: Path, landing: Path | None = None) -> Profile:
    """Read one profile, and the data dictionary that it names where it is there already.

    Raises
    ------
    YamlConfigError
        Naming file, line and key of what cannot be.
    """
    profile = read_typed(
        *(path, Profile, "profile", "remove it or make it readable", Profile.mistakes),
        as_text=True,
    )
    if profile.dictionary is None:
        return profile
    beside = path.parent / profile.dictionary
    landed = sorted(landing.rglob(Path(profile.dictionary).name)) if landing else []
    for file in [*([beside] if beside.is_file() else []), *reversed(landed)]:
        try:
            (sheet,) = open_sheets(file.name, file.read_bytes())
            return profile.with_dictionary(read_dictionary(sheet.export))
        except (ExportError, OSError, ValueError) as error:
            raise YamlConfigError(f"profile {path}, key dictionary: {file} {error}") from None
    return profile


def _distinct(read: dict[Path, Profile]) -> list[Profile]:
    """Refuse profiles of one folder that share a name or would take the same exports."""
    seen: dict[tuple[object, ...], Path] = {}
    for path, profile in read.items():
        marks: list[tuple[object, ...]] = [("name", profile.name)]
        marks += [("recognise", one.file, *sorted(one.columns)) for one in profile.recognise]
        for mark in marks:
            other = seen.setdefault(mark, path)
            if other != path:
                raise YamlConfigError(
                    f"profile {path}, key {mark[0]}: is the same as in {other.name}; "
                    "make them differ or remove one"
                )
    return list(read.values())


def _native_text(column: str, text: str, spelling: Spelling) -> str:
    """Write a cell as the native format does, as far as it can be read."""
    if column in DATE_COLUMNS:
        read = read_day(text, spelling.orders, spelling.pivot)
        is_timed = column in TIMED_COLUMNS
        return read.canonical() if is_timed or read.day is None else read.day.isoformat()
    if column in NUMBER_COLUMNS:
        return read_number(text, spelling.decimal).canonical()
    return text


def _is_meant(mapping: Mapping, received: dict[str, str]) -> bool:
    """Whether a row has the values that a mapping asks for."""
    return all(
        _choice(received.get(_name(name), "")) in {_choice(value) for value in _listed(values)}
        for name, values in mapping.when.items()
    )


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _is_unchecked(name: str, received: dict[str, str]) -> bool:
    """Whether a column is a box of REDCap's that is not ticked: it says nothing."""
    return "___" in name and received[name].lower() in ("0", "unchecked")


def _name(name: str) -> str:
    return " ".join(plain(name).lower().split())


def _choice(text: str) -> str:
    """Return a value that rows are chosen by as REDCap names forms: its label is the same."""
    bare = plain(text).lower()
    return "_".join(part for part in re.split(r"[\W_]+", bare) if part) or bare


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
