"""The Excel workbook of a cut: a few sheets that print, every number as a number, a dictionary.

Belongs here: sheets and cells. Does not belong here: rounding; a cell holds what DuckDB holds.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from il6_platform.report.reader import Cut
from il6_platform.report.synthetic_flag import SYNTHETIC

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

WIDTHS = {
    "comment": 70,
    "method": 60,
    "note": 60,
    "value": 70,
    "reading": 60,
    "claim": 60,
    "sentence": 70,
    "source": 40,
    "statistic": 28,
    "contrast": 22,
    "term": 28,
}
SHEETS = ("headline", "flow", "results", "data_quality", "history", "provenance")
"""Report tables that have a sheet, in their order; `results` holds every analysis."""

A4 = 9
"""Excel's number of that paper."""


def sheets(cut: Cut) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give name and rows of every sheet: about, the report's tables, data dictionary."""
    about = {"cut": cut.name, **cut.about}
    said = SYNTHETIC if cut.is_synthetic else "as delivered"
    rows = [("registry", said), *about.items()]
    yield "about", pd.DataFrame(rows, columns=["name", "value"])
    for table in SHEETS:
        yield table, cut.tables[table]
    yield "data dictionary", cut.dictionary


def workbook(cut: Cut) -> bytes:
    """Return the workbook, the same bytes for the same cut."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    # no cell becomes a formula, a link or a number because of how its text begins
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(out, {**plain, "in_memory": True}) as book:
        made = datetime.combine(date.fromisoformat(cut.about["last_export"]), datetime.min.time())
        book.set_properties(
            {"title": cut.study.title, "comments": f"Data cut {cut.name}", "created": made}
        )
        head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EDF2"})
        body = book.add_format({"valign": "top", "text_wrap": True})
        for name, frame in sheets(cut):
            sheet = book.add_worksheet(name)
            _write(sheet, frame, head, body)
            _fit_paper(sheet, f"{cut.study.title}. Data cut {cut.name}")
    return out.getvalue()


def _write(sheet: Worksheet, frame: pd.DataFrame, head: Format, body: Format) -> None:
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(frame.columns):
        sheet.set_column(column, column, _width(title, frame[title]), body)
        sheet.write_string(0, column, title, head)
        for row, value in enumerate(frame[title].tolist(), start=1):
            _write_cell(sheet, row, column, value)
    if len(frame):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


def _width(title: str, values: pd.Series) -> float:
    """Return a column's width in characters: what it holds, up to its share of the paper."""
    numbers = pd.api.types.is_numeric_dtype(values)
    longest = values.astype("string").str.len().max()
    longest = 10 if numbers or pd.isna(longest) else int(longest)
    return max(6, len(title) + 3, min(longest + 1, WIDTHS.get(title, 24)))


def _fit_paper(sheet: Worksheet, footer: str) -> None:
    """Let a sheet print on A4 across: as wide as the paper, its head on every page."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    # an ampersand begins a code
    sheet.set_footer(f"&L&8{footer.replace('&', '&&')[:150]}&C&8&A&R&8&P of &N")


def _write_cell(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    if pd.isna(value):
        return
    if isinstance(value, bool | str):
        sheet.write_string(row, column, str(value))
    else:
        sheet.write_number(row, column, value)
