"""Text tables: Markdown-like rows to records, and records compared with what DuckDB holds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

TIME_ZERO = date(2021, 6, 1)
"""Day 0: the start of first-line treatment wherever a test says nothing else."""

Row = dict[str, str | None]

_DAY = re.compile(r"day ([+-]?\d+)")


def parse(text: str) -> list[Row]:
    """Return the rows of a text table, empty cells as None and `day 28` as the day it is.

    Raises
    ------
    ValueError
        Where a row has more or fewer cells than the header.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line]
    header, rows = cells[0], cells[1:]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"{row} has {len(row)} cells, the header {header} has {len(header)}")
    return [dict(zip(header, map(_cell, row), strict=True)) for row in rows]


def differences(expected: Sequence[Row], columns: Sequence[str], found: Sequence[tuple]) -> str:
    """Return both tables as text where they differ in any order of rows, else nothing.

    A number is expected as it is or as a fraction (`28 / 30.4375`), a missing value as an empty
    cell. Numbers agree to a relative 1e-9.
    """
    open_rows = list(found)
    missing = []
    for row in expected:
        match = next((one for one in open_rows if _agrees(row, columns, one)), None)
        if match is None:
            missing.append(row)
        else:
            open_rows.remove(match)
    if not missing and not open_rows:
        return ""
    lines = ["expected and not there:"]
    lines += [f"  {row}" for row in missing]
    lines += ["there and not expected:"]
    lines += [f"  {dict(zip(columns, map(_shown, row), strict=True))}" for row in open_rows]
    return "\n".join(lines)


def on_day(number: int) -> date:
    """Return the date of a day counted from time zero."""
    return TIME_ZERO + timedelta(days=number)


def _cell(text: str) -> str | None:
    day = _DAY.fullmatch(text)
    if day:
        return on_day(int(day[1])).isoformat()
    return text or None


def _agrees(row: Row, columns: Sequence[str], found: tuple) -> bool:
    return all(_same(row[column], value) for column, value in zip(columns, found, strict=True))


def _same(expected: str | None, value: Any) -> bool:
    if expected is None or value is None:
        return expected is None and value is None
    if isinstance(value, bool):
        return expected == str(value).lower()
    if isinstance(value, int | float):
        numerator, _, denominator = expected.partition("/")
        number = float(numerator) / float(denominator or 1)
        return math.isclose(number, float(value), rel_tol=1e-9, abs_tol=1e-12)
    return expected == str(value)


def _shown(value: Any) -> Any:
    if isinstance(value, date):
        return f"day {(value - TIME_ZERO).days}"
    return value
