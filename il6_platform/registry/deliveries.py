"""Deliveries: what a file turns out to be.

Does not belong here: which files are complete, and of which day one is (`landing`); as what the
bytes of a file are known (`landings`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from il6_platform.registry import native
from il6_platform.registry.cells.words import is_m_unclear
from il6_platform.registry.exports import BEYOND, Export, ExportError, read_csv
from il6_platform.registry.formats import (
    NoTableError,
    Sheet,
    not_tables,
    open_sheets,
    told_apart,
)
from il6_platform.registry.formats.workbook import HIDDEN_ROW
from il6_platform.registry.landing import delivered_on, digest_of
from il6_platform.registry.profiles import NativePart, Profile, closest
from il6_platform.registry.rows_beside import rows_beside

_WORKLIST = re.compile(r"(?:.*/)?worklist[^/]*\.xlsx", re.IGNORECASE | re.DOTALL)

NO_WORKLIST = (
    "is named as a worklist, and is none with all its columns, so that no answer is read from it; "
    "fill in the one of il6 open worklist, of which the columns record and rule are hidden"
)

Status = Literal["accepted", "rejected", "unrecognised", "passed over"]

_KEY = frozenset({"patient_id"}).__contains__


@dataclass(frozen=True, slots=True)
class Delivery:
    """One export as found: where, which bytes, of which day, and what it turned out to be.

    Of a file that a profile made native tables of, each table is one: `source` is the file's
    SHA-256, `sheet` where in it the table was, `native` the CSV that was made of it.
    """

    digest: str
    file: str
    delivered_on: date
    size: int
    status: Status
    table: str | None
    problem: str | None
    export: Export | None
    source: str | None = None
    profile: str | None = None
    profile_version: str | None = None
    is_relative: bool = False
    native: bytes | None = None
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A sheet of a file of which native tables were made, as it was before that.

    Attributes
    ----------
    name
        Of the sheet; empty for a text file.
    lines
        Lines of data in it.
    columns
        Name -> (whether it is read, how many lines have it filled). None: it is an identifier.
    passed_over
        Line -> why it is in no table: it says nothing of any, or is not of this study. None: why
        a column, or the sheet, is not read.
    """

    name: str
    lines: int
    columns: dict[str, tuple[bool | None, int]]
    passed_over: dict[int | None, str]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file turned out to be: its deliveries and, of a foreign one, the sheets before."""

    deliveries: list[Delivery]
    sources: list[Source] = field(default_factory=list)

    def known_as(self, digest: str) -> Opened:
        """Return it as the content that it is known as: its bytes may be another site's as well.

        Lines of it may have been erased since it arrived.
        """
        return replace(self, deliveries=[_known_as(one, digest) for one in self.deliveries])


def _known_as(one: Delivery, digest: str) -> Delivery:
    if one.source is None:
        return replace(one, digest=digest)
    if one.source == digest:
        return one
    return replace(one, source=digest, digest=digest_of(f"{digest} {one.digest}".encode()))


def is_worklist(file: str) -> bool:
    """Say whether a file in the landing folder is an answered worklist, by its name."""
    return _WORKLIST.fullmatch(file) is not None


def open_deliveries(file: str, content: bytes, profiles: Sequence[Profile]) -> Opened:
    """Read a file as far as it can be read; what is wrong with it is in `problem`.

    A native CSV is one delivery. Any other file that a profile or its sheets' names make native
    tables of is one delivery a table that it holds, each with the native CSV made of it.
    """
    if is_worklist(file):
        return Opened([_delivery(file, content, "unrecognised", None, NO_WORKLIST)])
    try:
        not_tables.check(file, content)
        native_one = _native(file, content)
        if native_one.export is not None and not rows_beside(native_one.export, _KEY):
            return Opened([native_one])
        every = open_sheets(file, content)
        sheets = [sheet for sheet in every if sheet.unread is None]
        opened = [one.opened(sheets) for one in profiles]
    except NoTableError as error:
        return Opened([_delivery(file, content, "passed over", None, str(error))])
    except ExportError as error:
        named = native.recognise(file, [])
        table = named.name if named else None
        return Opened([_delivery(file, content, "rejected", table, str(error))])
    profile, version, sheets = next(
        (
            (told, one.version, data)
            for one, (told, data) in zip(profiles, opened, strict=True)
            if told.fits(file, data)
        ),
        (None, None, sheets),
    )
    is_key = profile.names_patient if profile else _KEY
    sheets = [
        replace(one, export=one.export.without(rows_beside(one.export, is_key))) for one in sheets
    ]
    if profile is not None:
        if not profile.reads_file(file, sheets):
            words = f"profile {profile.name} does not read it"
            return Opened([_delivery(file, content, "passed over", None, words)])
        lacking = profile.lacking(sheets)
        if lacking is not None:
            lacking += _hidden(every)
            return Opened([_delivery(file, content, "rejected", None, lacking)])
        parts = profile.native(sheets)
        if not parts:
            words = f"holds no line that profile {profile.name} reads{profile.choice(sheets)}; "
            words += "export it again, or correct the profile"
            return Opened([_delivery(file, content, "rejected", None, words)])
    else:
        parts, table, problem = _native_parts(file, sheets)
        if table is not None:
            return Opened([_delivery(file, content, "rejected", table, problem)])
        if not parts:
            near = closest(profiles, sheets)
            words = (f"{problem}; {near}" if near else problem) + _hidden(every)
            return Opened([_delivery(file, content, "unrecognised", None, words)])
    name = profile.name if profile else "native"
    places = told_apart([f"{part.place}: {part.table}".removeprefix(": ") for part in parts])
    made = [
        replace(
            _made(file, content, part, place, name),
            profile_version=version,
            is_relative=profile is not None and profile.relative is not None,
        )
        for part, place in zip(parts, places, strict=True)
    ]
    unread = [sheet for sheet in every if sheet.unread is not None]
    return Opened(made, [_source(sheet, profile, made) for sheet in [*sheets, *unread]])


def _made(file: str, content: bytes, part: NativePart, place: str, profile: str) -> Delivery:
    source, text = digest_of(content), part.csv()
    one = _native(f"{part.table}.csv", text)
    return replace(
        one,
        digest=digest_of(source.encode() + place.encode() + text),
        file=f"{file} ({place})",
        delivered_on=delivered_on(file) or delivered_on(part.sheet) or one.delivered_on,
        source=source,
        profile=profile,
        native=text,
        sheet=part.sheet,
    )


def _source(sheet: Sheet, profile: Profile | None, made: Sequence[Delivery]) -> Source:
    """Say what a sheet held, and which of its lines are in none of the tables made of it."""
    export = sheet.export
    here = [one.export for one in made if one.export is not None and one.sheet == sheet.name]
    taken = {line for one in here for line in one.lines}
    reads = profile.reads if profile else native.COLUMNS.__contains__
    is_identifier = profile.identifies if profile else frozenset[str]().__contains__
    columns = {
        name: (
            None if is_identifier(name) else reads(name.lower()),
            len(column) - column.null_count,
        )
        for name, column in zip(export.header, export.columns, strict=True)
    }
    passed_over: dict[int | None, str] = {}
    if sheet.unread is not None:
        listed: list[int | None] = [*export.lines]
        passed_over = dict.fromkeys(listed or [None], sheet.unread)
    elif profile is not None and here:
        passed_over |= (
            {row.line: profile.why_not(row.cells) for row in export.rows if row.line not in taken}
            if len(taken) < len(export.lines)
            else {}
        )
    else:
        passed_over |= dict.fromkeys(
            (line for line in export.lines if line not in taken), "no table is read from its sheet"
        )
    beside = sum(line is not None for line in export.passed_over)
    passed_over |= export.passed_over
    return Source(sheet.name, len(export.lines) + beside, columns, passed_over)


def _native_parts(file: str, sheets: Sequence[Sheet]) -> tuple[list[NativePart], str | None, str]:
    """Return the native tables that a file's sheets are.

    Returns
    -------
    parts
        The tables; a sheet that is none is passed over where another one is.
    table, problem
        The table that a sheet should be but is not whole, and why; without parts and table, why
        nothing was recognised.
    """
    parts, problem = [], "holds no sheet with a line in it; export it again"
    for sheet in sheets:
        place = f"sheet {sheet.name}: " if len(sheets) > 1 else ""
        header = [name.lower() for name in sheet.export.header]
        table = native.recognise(sheet.name or file, header)
        if table is None:
            problem = f"{place}{_strange(header)}"
            continue
        lacking = native.missing_columns(table, header)
        twice = [name for name in native.kept_columns(table.name) if f"{name} (2)" in header]
        if lacking:
            return [], table.name, f"{place}{_lacks(lacking)}{_hidden([sheet])}"
        if twice:
            words = f"{place}holds the column {', '.join(sorted(twice))} twice; keep one of each"
            return [], table.name, words
        rows = [
            (
                row.line,
                {name.lower(): text for name, text in row.cells.items()}
                | ({BEYOND: row.cells.get(BEYOND, "")} if row.problem else {}),
            )
            for row in sheet.export.rows
        ]
        parts.append(NativePart(table.name, sheet.name, rows, sheet.name, header))
    return parts, None, problem


def _hidden(sheets: Sequence[Sheet]) -> str:
    """Say what of sheets is not read because it is hidden: what lacks may be there."""
    unread = [f"sheet {sheet.name}: {sheet.unread}" for sheet in sheets if sheet.unread]
    beside = [one.export.passed_over for one in sheets]
    columns = [passed[None] for passed in beside if None in passed]
    rows = sum(why == HIDDEN_ROW for passed in beside for why in passed.values())
    columns += [f"{rows} rows are hidden"] if rows else []
    return "".join(f"; {words}" for words in [*unread, *columns])


def _native(file: str, content: bytes) -> Delivery:
    """Read a file as a native CSV."""
    try:
        export = read_csv(content)
    except ExportError as error:
        named = native.recognise(file, [])
        return _delivery(file, content, "rejected", named.name if named else None, str(error))
    table = native.recognise(file, export.header)
    if table is None:
        return _delivery(file, content, "unrecognised", None, _strange(export.header))
    lacking = native.missing_columns(table, export.header)
    if lacking:
        return _delivery(file, content, "rejected", table.name, _lacks(lacking))
    of_sex = (export.columns[n] for n, name in enumerate(export.header) if name == "sex")
    if any(is_m_unclear(filter(None, column.unique().to_pylist())) for column in of_sex):
        return _delivery(file, content, "rejected", table.name, _M_IS_UNCLEAR)
    return _delivery(file, content, "accepted", table.name, None, export)


_M_IS_UNCLEAR = (
    "column sex holds M beside H or V, and no F: M may be a woman (mujer, mulher) or a man; write "
    "F and M, or say in a profile what each stands for (codes)"
)
DRAFT = "draft a profile: il6 profile FILE"
"""What can be done with a file of other columns."""


def _strange(header: Sequence[str]) -> str:
    # only names of the format are repeated: where the header is missing, line 1 is a patient's
    known = [name for name in header if name in native.COLUMNS]
    return (
        f"neither its name nor its columns ({', '.join(known) or 'none is known'}) are of one "
        f"of {', '.join(native.TABLES)}; name the file after its table, "
        f"or {DRAFT}"
    )


def _lacks(columns: Sequence[str]) -> str:
    several = len(columns) > 1
    return (
        f"lacks the column{'s' if several else ''} {', '.join(columns)}; export it again with "
        f"{'them' if several else 'it'}, or {DRAFT}"
    )


def _delivery(
    file: str,
    content: bytes,
    status: Status,
    table: str | None,
    problem: str | None,
    export: Export | None = None,
) -> Delivery:
    day = delivered_on(file) or date.today()
    return Delivery(digest_of(content), file, day, len(content), status, table, problem, export)
