"""A profile at work: which exports it fits, and the native tables that it makes of one.

Belongs here: what a whole profile says. Does not belong here: its mappings' keys (`keys`), or how
a row of an export becomes one of a native table (`rows`).
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Literal
from unicodedata import normalize

from pydantic import Field, PrivateAttr

from il6_platform.registry.cells import Spelling, plain
from il6_platform.registry.exports import BEYOND, Export, ExportRow
from il6_platform.registry.formats import Sheet
from il6_platform.registry.native import TABLES
from il6_platform.registry.profiles.keys import Mapping, Part, Recognise, SiteColumn, Text
from il6_platform.registry.profiles.layout import laid_out
from il6_platform.registry.profiles.native_part import NativePart
from il6_platform.registry.profiles.rows import Reading, is_meant, rows_of
from il6_platform.registry.profiles.texts import column_name, listed
from il6_platform.registry.redcap_dictionary import Dictionary, is_dictionary, read_dictionary
from il6_platform.yaml_config import Place


class Profile(Part):
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
    pivot
        Years of two digits up to this one are of this century.
    decimal
        The sign before the decimals.
    site
        The site of all rows: its name, or `{column: CENTRE}`. A mapping may have its own site_id.
    relative
        The unit in which the export counts its days from an anchor (diagnosis, randomisation),
        where it gives no dates. What is made of it makes no claim about the calendar.
    header
        Number of the header's line, where it is not the one that is found.
    comment
        What a line begins with that is none of the table.
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
    pivot: int | None = Field(default=None, ge=0, le=99)
    decimal: Literal[".", ","] = "."
    site: SiteColumn | Text | None = None
    relative: Literal["days", "weeks", "months", "years"] | None = None
    header: int | None = Field(default=None, ge=1)
    comment: Text | None = None
    dictionary: Text | None = None

    _fields: Dictionary = PrivateAttr(default_factory=Dictionary)

    def mistakes(self) -> Iterable[tuple[Place, str]]:
        """Give what cannot be in the profile, by its place."""
        known: dict[tuple[object, ...], int] = {}
        for position, one in enumerate(self.recognise):
            first = known.setdefault((one.file, *sorted(one.columns)), position)
            if first != position:
                yield ("recognise", position), "is the same as one before; keep one"
        named = {column_name(name) for name in self.identifiers}
        for position, mapping in enumerate(self.tables):
            for place, words in mapping.mistakes():
                yield ("tables", position, *place), words
            for column, name in mapping.columns.items():
                if column != "patient_id" and column_name(name) in named:
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
            name
            for one in self.mappings
            for _, columns in one.counted()
            for name in columns.values()
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
        if self.header is not None or self.comment is not None:
            sheets = [
                replace(one, export=laid_out(one.export, self.header, self.comment))
                for one in sheets
            ]
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
        return any(True for sheet in sheets for _ in self._marks(file, sheet.export))

    def reads_file(self, file: str, sheets: Sequence[Sheet]) -> bool:
        """Whether a file that fits is to be read: no entry says that it is not."""
        return all(one.read for sheet in sheets for one in self._marks(file, sheet.export))

    def _marks(self, file: str, export: Export) -> Iterable[Recognise]:
        """Give the entries by which an export is recognised."""
        header = self._header(export)
        # some systems write the dots of a letter as a sign of their own
        name = normalize("NFC", Path(file).name).lower()
        for one in self.recognise:
            if set(one.columns) <= header and fnmatch(name, normalize("NFC", one.file).lower()):
                yield one

    def _header(self, export: Export) -> set[str]:
        """Return the export's columns; a checkbox field stands for its boxes as well."""
        names = {self._fields.variable(name) for name in map(column_name, export.header)}
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
        for mapping, sheet in itertools.product(self.mappings, sheets):
            header = self._header(sheet.export)
            is_read = any(
                self._reads_sheet(other, header)
                for other in self.mappings
                if other.table == mapping.table
            )
            if is_read or self._speaks_of_others(mapping, header, sheet.export):
                continue
            _, columns = next(iter(mapping.counted()))
            needed = self._needed(mapping, columns)
            # what another table is made of tells nothing of this one: each file has its date
            others = set(columns.values()) - needed - self._read_of(header)
            gone = sorted(needed - header)
            held = len((set(columns.values()) | needed) & header)
            if gone and others & header and held * 2 >= len(set(columns.values()) | needed):
                place = f"sheet {sheet.name} " if sheet.name else ""
                return (
                    f"{place}lacks the column {', '.join(gone)}, of which profile {self.name} "
                    f"makes {mapping.table}; export it again with it, or correct the profile"
                )
        return None

    def choice(self, sheets: Sequence[Sheet]) -> str:
        """Say by which columns of the sheets lines are chosen, as the end of a sentence."""
        header = set().union(*(self._header(sheet.export) for sheet in sheets))
        chosen = {name for one in self.mappings for name in one.when if name.lower() in header}
        return f" (it chooses lines by their {', '.join(sorted(chosen))})" if chosen else ""

    def why_not(self, cells: dict[str, str]) -> str:
        """Say why a row of which no table is made says nothing of any."""
        received = {self._fields.variable(name): plain(text) for name, text in cells.items()}
        meant = [mapping for mapping in self.mappings if is_meant(mapping, received)]
        if any(mapping.keep for mapping in meant):
            return "the profile keeps one of a patient's lines, and this is another"
        if meant:
            return "nothing that the profile reads is filled in"
        columns = sorted({name for mapping in self.mappings for name in mapping.when})
        return f"the profile reads no line with such a value of {', '.join(columns)}"

    def reads(self, name: str) -> bool:
        """Whether a column of the export is one that a mapping reads."""
        variable = self._fields.variable(name)
        return variable in self._readers or variable.partition("___")[0] in self._readers

    def names_patient(self, name: str) -> bool:
        """Whether a column of the export is one that a mapping takes the patient's number from."""
        return self._fields.variable(name) in self._patients

    @cached_property
    def _patients(self) -> frozenset[str]:
        counted = (columns for mapping in self.mappings for _, columns in mapping.counted())
        return frozenset(columns["patient_id"] for columns in counted if "patient_id" in columns)

    def identifies(self, name: str) -> bool:
        """Whether a column of the export is named as an identifier."""
        variable = self._fields.variable(name)
        return variable in {column_name(one) for one in self.identifiers}

    @cached_property
    def _readers(self) -> Counter[str]:
        """How many mappings read a column of the export."""
        return Counter(
            name
            for mapping in self.mappings
            for name in {
                *(name for _, columns in mapping.counted() for name in columns.values()),
                *map(column_name, mapping.when),
                *((mapping.keep.by,) if mapping.keep else ()),
            }
        )

    def _speaks_of_others(self, mapping: Mapping, header: set[str], export: Export) -> bool:
        """Whether a sheet is of another kind: a column by which a mapping knows it is not there.

        So is one whose columns that choose the mapping's rows choose none.
        """
        asked = mapping.when.items()
        if any({"", "*"} <= set(listed(v)) and column_name(k) not in header for k, v in asked):
            return True
        here = {name: values for name, values in asked if column_name(name) in header}
        choosing = mapping.model_copy(update={"when": here})
        return bool(here) and not any(
            is_meant(choosing, received) for _, received in self._received(export)
        )

    def _read_of(self, header: set[str]) -> set[str]:
        """Return the columns of a sheet of which mappings make a table."""
        return {
            name
            for mapping in self.mappings
            if self._reads_sheet(mapping, header)
            for _, columns in mapping.counted()
            for name in columns.values()
        }

    def _reads_sheet(self, mapping: Mapping, header: set[str]) -> bool:
        return any(self._needed(mapping, columns) <= header for _, columns in mapping.counted())

    def _needed(self, mapping: Mapping, columns: dict[str, str]) -> set[str]:
        required = mapping.requires
        if not required and not mapping.when:
            # nothing tells its sheet but that it has what the table needs
            required = TABLES[mapping.table].required
        needed = {columns[key] for key in (*required, "patient_id") if key in columns}
        needed |= {mapping.keep.by} if mapping.keep else set()
        if isinstance(self.site, SiteColumn):
            # without it the numbers of two sites would be one's
            needed |= {columns["site_id"]} if "site_id" in columns else set()
        # a column that is not there is missing in each row
        return needed | {
            column_name(name)
            for name, values in mapping.when.items()
            if "" not in listed(values) or "*" in listed(values)
        }

    def native(self, sheets: Sequence[Sheet]) -> list[NativePart]:
        """Make the native tables of a file: one part for each mapping, count and sheet."""
        parts = []
        headers = [self._header(sheet.export) for sheet in sheets]
        received = [self._received(sheet.export) for sheet in sheets]
        for mapping, number in itertools.product(self.mappings, range(len(sheets))):
            sheet, header = sheets[number], headers[number]
            if not mapping.reads_sheet(sheet.name):
                continue
            for n, columns in mapping.counted():
                if not self._needed(mapping, columns) <= header:
                    continue
                held = [column for column, name in columns.items() if name in header]
                held += [column for column in mapping.constants if column not in held]
                reading = self._reading(mapping, columns, header)
                for piece, rows in rows_of(reading, received[number]).items():
                    place = f"{sheet.name} {n * piece}" if mapping.makes_several else sheet.name
                    parts.append(NativePart(mapping.table, place.strip(), rows, sheet.name, held))
        return parts

    def _reading(self, mapping: Mapping, columns: dict[str, str], header: set[str]) -> Reading:
        fields = self._fields
        # a sign that is not stated is not taken for granted
        decimal = self.decimal if "decimal" in self.model_fields_set else None
        return Reading.of(
            *(mapping, columns, self.missing),
            spellings={
                name: Spelling((*fields.order(name), *self.dates), self.pivot, decimal)
                for name in (*columns.values(), *((mapping.keep.by,) if mapping.keep else ()))
            },
            relative=self.relative,
            own={name for name in columns.values() if self._readers[name] == 1},
            label=fields.label,
            is_sure=all(self.reads(name) for name in header),
        )

    @cached_property
    def mappings(self) -> tuple[Mapping, ...]:
        """The mappings, each with the site of the profile where it has none of its own."""
        return tuple(mapping.with_site(self.site) for mapping in self.tables)

    def _received(self, export: Export) -> list[tuple[ExportRow, dict[str, str]]]:
        """Return the rows with what a mapping reads of them, in plain signs."""
        wanted = {name: self._fields.variable(name) for name in export.header if self.reads(name)}
        wanted[BEYOND] = BEYOND
        return [
            (row, {wanted[name]: plain(text) for name, text in row.cells.items() if name in wanted})
            for row in export.rows
        ]


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
