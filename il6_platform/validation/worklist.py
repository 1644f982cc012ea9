"""The data manager's worklist: an Excel file of what is wrong, where, since when, and what to do.

It lies in IL6_HOME, for its owner only: it shows values as they were received. Every cell is text
or a number, never a formula, whatever an export holds.

Belongs here: the sheets and their layout. Does not belong here: what is wrong; that is in
`staging.problems`, and the sentences are the rules'.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from il6_platform import paths

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

NAME = "worklist.xlsx"

MOST_ROWS = 100_000
"""Rows that the sheet shows: nobody works through more, and a file must stay one that opens."""

WIDTHS = {
    "file": 28,
    "record": 14,
    "patient": 18,
    "column": 18,
    "value as received": 22,
    "value before": 16,
    "what is wrong": 60,
    "what to do": 45,
    "rule": 34,
    "says": 80,
}


def write(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    book: pd.DataFrame,
    still_there: Callable[[str], bool],
) -> Path:
    """Write the worklist of a working database into a folder, in the place of the one before.

    Parameters
    ----------
    connection
        The working database.
    folder
        Where `worklist.xlsx` goes.
    book
        The rule book: one row a rule.
    still_there
        Says of an export that could not be read whether it is still in the landing folder.
    """
    connection.execute(paths.sql_file("staging.first_seen").read_text("utf-8"))
    found = connection.execute(paths.sql_file("validation.worklist").read_text("utf-8")).df()
    unread = found["severity"] == "block"
    found = found[~unread | found["file"].map(still_there)]
    sheets = {
        "worklist": tasks(found, datetime.now(UTC).date()),
        "rule book": book,
        "balance": _balance(connection),
    }
    from xlsxwriter import Workbook

    path = folder / NAME
    fresh = folder / f".{NAME}"
    fresh.touch(mode=0o600)
    # no cell becomes a formula, a link or a number because of how its text begins
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(fresh, plain) as workbook:
        head = workbook.add_format({"bold": True, "bottom": 1})
        body = workbook.add_format({"text_wrap": True, "valign": "top"})
        for name, rows in sheets.items():
            _write_sheet(workbook, name, rows, head, body)
    os.chmod(fresh, 0o600)
    os.replace(fresh, path)
    return path


def tasks(found: pd.DataFrame, today: date) -> pd.DataFrame:
    """Return the first sheet: one row a problem, as the data manager reads it."""
    # a sentence says what is wrong; what to do follows a semicolon
    said = found["sentence"].astype("string").str.split("; ", n=1)
    days = pd.to_datetime(found["first_seen_on"])
    return pd.DataFrame(
        {
            "file": found["file"],
            "sheet": found["table_name"],
            "line": found["file_line"],
            "record": found["record"],
            "patient": found["patient_id"],
            "column": found["column_name"],
            "value as received": found["value"],
            "value before": found["value_before"],
            "what is wrong": said.str[0],
            "what to do": said.str[1].fillna("correct it and export it again"),
            "severity": found["severity"],
            "rule": found["rule"],
            "first seen on": days.dt.strftime("%Y-%m-%d"),
            "age in days": (pd.Timestamp(today) - days).dt.days,
        }
    ).head(MOST_ROWS)


def _balance(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    known = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'staging' and table_name = 'balance'"
    ).fetchall()
    if not known:
        return pd.DataFrame({"table_name": []})
    return connection.execute("from staging.balance").df()


def _write_sheet(
    workbook: Workbook, name: str, rows: pd.DataFrame, head: Format, body: Format
) -> None:
    sheet = workbook.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(rows.columns):
        sheet.set_column(column, column, WIDTHS.get(title, 12), body)
        sheet.write_string(0, column, title, head)
        _write_column(sheet, column, rows[title].tolist())
    if len(rows):
        sheet.autofilter(0, 0, len(rows), len(rows.columns) - 1)


def _write_column(sheet: Any, column: int, values: Sequence[Any]) -> None:
    for row, value in enumerate(values, start=1):
        if pd.isna(value):
            continue
        if isinstance(value, int | float):
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value))
