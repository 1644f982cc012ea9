"""What every format makes of a file: sheets of text, with the line of each row and what is no row.

Belongs here: finding the header among lines of cells, records to rows, a typed value as text, the
limits that a file must keep. Does not belong here: any one format (a module each, beside this).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from il6_platform.registry.exports import MAX_CELL, Export, ExportError, column_name, tabulated
from il6_platform.registry.native import COLUMNS

MAX_BYTES = 500_000_000
"""Bytes that an archive or workbook may unfold to; more is an accident or an attack."""

MAX_CELLS = 50_000_000
"""Cells that a sheet may span."""

MAX_COLUMNS = 50_000
"""Columns that records may have together."""

MOST_TITLES = 20
"""Lines among which a header is looked for below a title."""

EXACT = 2**53
"""Whole numbers below this are exact in a double; from here on digits are lost."""

ABOVE = "it stands above the header"
COMMENT = "it is a comment"


class NoTableError(ExportError):
    """A file that is no table at all, a letter or a picture; the message says what it is."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a file.

    Attributes
    ----------
    name
        Of the sheet or member; empty for a plain text file.
    export
        Its rows.
    unread
        Why nothing of it is read (a hidden sheet, no table); None where it is.
    """

    name: str
    export: Export
    unread: str | None = None


def fill_merged(cells: list[list[str]], merged: Iterable[tuple[int, int, int]]) -> None:
    """Write what stands in a cell that is merged downwards into every row that it spans.

    Parameters
    ----------
    cells
        Text of each cell, changed in place. A row that holds nothing else stays empty.
    merged
        Row and column of each such cell, counted from 0, and the last row that it spans.
    """
    filled = [row for row, of_row in enumerate(cells) if any(cell.strip() for cell in of_row)]
    for first, column, last in sorted(merged):
        below = filled[bisect_right(filled, first) : bisect_right(filled, last)]
        for row in below:
            if column < len(cells[row]) and not cells[row][column].strip():
                cells[row][column] = cells[first][column]


def sheet_of_lines(
    lines: Sequence[int],
    cells: list[list[str]],
    *,
    is_whole: bool = False,
    passed_over: Mapping[int | None, str] | None = None,
    unread: Iterable[str] = (),
) -> Export:
    """Take a line as the header, and what follows as the rows.

    Parameters
    ----------
    lines, cells
        Number and cells of each line.
    is_whole
        Whether a line must have as many cells as the header; a workbook's need not.
    passed_over
        Line -> why it is none of these lines.
    unread
        Texts of those.

    Raises
    ------
    ExportError
        Where no line is filled.
    """
    first = header_of(cells)
    if first is None:
        raise ExportError("holds no line; export it again")
    header = [column_name(cell) for cell in cells[first]]
    while not header[-1]:
        header.pop()
    if len(header[0]) > 1:
        # a header that is written as a comment
        header[0] = header[0].lstrip("# ") or header[0]
    export = tabulated(told_apart(header), lines[first + 1 :], cells[first + 1 :], whole=is_whole)
    beside = dict(passed_over or {})
    beside |= {lines[row]: ABOVE for row in range(first) if _filled(cells[row])}
    titles = (cell for line in cells[:first] for cell in line)
    return replace(
        export, passed_over=beside, unread=frozenset(text for text in (*unread, *titles) if text)
    )


def sheet_of_records(records: Sequence[Mapping[str, str]]) -> Export:
    """Make a table of records; its header is line 1, so that the first record is line 2.

    Raises
    ------
    ExportError
        Where there is no record, or they have more columns than MAX_COLUMNS.
    """
    header = list(dict.fromkeys(name for record in records for name in record))
    if not header:
        raise ExportError("holds no record; export it again")
    if len(header) > MAX_COLUMNS or len(header) * len(records) > MAX_CELLS:
        raise ExportError(f"holds records of {len(header)} columns; deliver it in parts")
    cells = [[record.get(name, "") for name in header] for record in records]
    names = [column_name(name) for name in header]
    return tabulated(told_apart(names), range(2, len(cells) + 2), cells)


def sheet_of_columns(names: Sequence[str], columns: Sequence[Sequence[str]]) -> Export:
    """Make a table of columns of text; its header is line 1."""
    rows = [list(row) for row in zip(*columns, strict=True)]
    header = [column_name(name) for name in names]
    return tabulated(told_apart(header), range(2, len(rows) + 2), rows)


def header_of(cells: Sequence[list[str]]) -> int | None:
    """Return which line is the header, if one is filled.

    It is the first that holds names of the native format. Else it is the first filled line, but
    for titles above it: lines of fewer cells, or with a day or a number among them, over a line
    that is wider and has neither.
    """
    filled = {row: n for row, line in enumerate(cells[:MOST_TITLES]) if (n := _filled(line))}
    if not filled:
        return next((row for row, line in enumerate(cells) if _filled(line)), None)
    native = (row for row in filled if is_native(cells[row]))
    if (known := next(native, None)) is not None:
        return known
    widest = max(filled.values())
    first = next(row for row, n in filled.items() if n > 2 or n * 2 >= widest or widest < 3)
    if filled[first] == widest or all(_is_name(cell) for cell in cells[first]):
        return first
    below = [row for row, n in filled.items() if row > first and n > filled[first]]
    return next((row for row in below if all(_is_name(cell) for cell in cells[row])), first)


def is_native(line: Sequence[str]) -> bool:
    """Say whether a line is a header of the native format."""
    names = {column_name(cell).lower() for cell in line}
    return "patient_id" in names and len(names & COLUMNS) > 1


def _is_name(cell: str) -> bool:
    """Say whether a cell may be a column's name: it is no number and no day."""
    return re.fullmatch(r"[\d\s.,:/<>=+-]+", cell.strip()) is None


def _filled(line: Sequence[str]) -> int:
    return sum(1 for cell in line if column_name(cell))


def told_apart(header: list[str]) -> list[str]:
    """Give a column without a name its place, and one whose name is taken already a number."""
    seen: Counter[str] = Counter()
    names = []
    for place, name in enumerate(header, 1):
        named = name or f"(column {place})"
        seen[named.lower()] += 1
        names.append(named if seen[named.lower()] == 1 else f"{named} ({seen[named.lower()]})")
    return names


def text_of(value: Any) -> str:
    """Write a typed value as text: days as ISO, whole numbers without a point, nothing for nothing.

    A number that a double cannot hold exactly is written with its exponent, by which the rule book
    knows a patient number that has lost digits.

    Raises
    ------
    ExportError
        Where it is longer than a cell may be.

    Examples
    --------
    >>> text_of(1.0), text_of(date(2023, 2, 1)), text_of(1234567890123451.0), text_of(True)
    ('1', '2023-02-01', '1234567890123451', 'TRUE')
    """
    if isinstance(value, bool):
        # a result that is true is not the number 1
        return str(value).upper()
    if value is None or value != value:
        # not a number, not a time
        return ""
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    text = str(value)
    if len(text) > MAX_CELL:
        raise ExportError(f"holds a cell of more than {MAX_CELL} characters; export it again")
    return text


def _number(value: float) -> str:
    if not value.is_integer():
        return repr(value)
    return str(int(value)) if abs(value) < EXACT else f"{value:.16E}"
