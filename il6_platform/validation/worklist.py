"""The data manager's worklist: an Excel file of what is wrong, where, since when, and what to do.

Status, name and comment are the data manager's to fill in: dropped into the landing folder, the
workbook is read back (`answers`). It lies in IL6_HOME, for its owner only: it shows values as they
were received, and the registry's own number of the patient, which is read from the kept exports
each time and stands nowhere else.
Who withdrew consent or is forgotten is in neither. Every cell is text or a number, never a formula,
whatever an export holds.

Belongs here: the sheets and their layout. Does not belong here: what is wrong; that is in
`staging.problems`, and the sentences are the rules'.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from il6_platform import paths
from il6_platform.files import put_whole
from il6_platform.validation import answers, quality_page
from il6_platform.validation.rulebook import STAGED

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

NAME = "worklist.xlsx"

MOST_ROWS = 100_000
"""Rows that the sheet shows: nobody works through more, and a file must stay one that opens."""

WIDTHS = {
    **{"severity": 11, "file": 20, "sheet": 9, "table": 12, "line": 6, "patient": 13},
    **{"column": 14, "value as received": 14, "what is wrong": 32, "what to do": 28},
    **{"what it costs": 20, "who puts it right": 11, "first seen on": 11, "age in days": 6},
    **{"value before": 12, "unit": 7, "status": 11, "answered by": 10, "comment": 20, "reply": 16},
    **{"what": 26, "why": 50, "record": 14, "rule": 34, "says": 80},
}
"""Of the columns, in characters: the list fits the width of an A4 page that can still be read."""

MAY_BE_EMPTY = ("sheet", "what it costs", "value before", "unit", "reply")
"""Columns that are hidden where nothing is in them."""

SAID = frozenset(
    {
        *("severity", "what is wrong", "what to do", "what it costs", "who puts it right"),
        *("status", "reply", "what", "says", "reason"),
    }
)
"""Columns that hold sentences and words of the platform: they are said in the reader's language."""

HIDDEN = ("record", "rule")
"""Columns by which an answer is found again; nobody need read them."""

NAMES = ("table", "column")
"""Columns that hold names of one word."""

LINKS = 65_000
"""Rows of a sheet that lead to the quality page: Excel opens no file with more."""

_WIDE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
"""Signs as wide as two letters."""

WIDTH = 12
"""Of a column that has no width of its own, in characters."""

LINE_HEIGHT, MOST_LINES = 15, 10
"""Of a line of text, in points; lines of a row that are shown."""

COLOURS = {
    **{"block": "#F4B8B0", "quarantine": "#FBE3C0", "cell": "#FDF3DC"},
    **{"warn": "#FFFFFF", "info": "#FFFFFF"},
}
"""Behind the severity: what stops, what is set aside, what is used."""


def write(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    book: pd.DataFrame,
    still_there: Callable[[str], bool],
    numbers: Callable[[str, pd.Index], pd.Series],
    say: Callable[[str], str] = str,
) -> pd.DataFrame:
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
    numbers
        Gives the registry's own patient numbers on lines of a delivery, by line.
    say
        Says an English text in the language of who reads the list.

    Returns
    -------
    Where each problem stands: table, rule, sheet, row, as the workbook counts rows.
    """
    connection.execute(paths.sql_file("staging.first_seen").read_text("utf-8"))
    for made_later in ("staging.lines", "staging.exports"):
        _stand_in(connection, made_later)
    found = connection.execute(paths.sql_file("validation.worklist").read_text("utf-8")).df()
    unread = found["severity"] == "block"
    found = found[~unread | found["file"].map(still_there)].head(MOST_ROWS)
    owners = book.assign(table_name=book["table"].str.removeprefix("staging."))
    found = found.merge(owners[["table_name", "rule", "who puts it right"]], how="left")
    found = with_numbers(found, numbers)
    work = with_answers(tasks(found, date.today()), answers.current(connection))
    lists = by_site(work, found["site"].fillna(""))
    sheets = {
        **lists,
        "removed and merged": left_out(connection, numbers),
        "conversation": conversation(answers.read_answers(folder)),
        "rule book": book,
        "balance": _balance(connection),
        "passed over": connection.execute(
            paths.sql_file("validation.passed_over").read_text("utf-8")
        )
        .df()
        .head(MOST_ROWS),
    }
    from xlsxwriter import Workbook

    path = folder / NAME
    fresh = folder / f".{NAME}"
    fresh.touch(mode=0o600)
    # no cell becomes a formula, a link or a number because of how its text begins
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(fresh, plain) as workbook:
        head = workbook.add_format(
            {"bold": True, "bottom": 1, "bg_color": "#DCE6F1", "text_wrap": True, "valign": "top"}
        )
        look = {"text_wrap": True, "valign": "top", "bottom": 4, "bottom_color": "#B8C0C8"}
        body = workbook.add_format(look)
        # a number at the right edge would touch the text of the next column
        number = workbook.add_format(look | {"align": "center"})
        link = workbook.add_format(look | {"font_color": "#0B5C8F"})
        known = set(zip(owners["table_name"], owners["rule"], strict=True))
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(say(name))
            _write_sheet(sheet, rows, head, body, number, say)
            if "severity" in rows:
                _colour(workbook, sheet, rows, say)
            if name in lists:
                _link(sheet, rows, known, link, say)
                _take_answers(sheet, rows, say)
    put_whole(fresh, path)
    return _places(lists, say)


def _places(lists: Mapping[str, pd.DataFrame], say: Callable[[str], str]) -> pd.DataFrame:
    """Return where each problem stands; a sheet's first row is its head."""
    found = [
        rows[["table", "rule"]].assign(sheet=say(name), row=range(2, len(rows) + 2))
        for name, rows in lists.items()
    ]
    return pd.concat(found, ignore_index=True).rename(columns={"table": "table_name"})


def tasks(found: pd.DataFrame, today: date) -> pd.DataFrame:
    """Return the first sheet: one row a problem, as the data manager reads it."""
    # a sentence says what is wrong; what to do follows a semicolon
    said = found["sentence"].astype("string").str.split("; ", n=1)
    days = pd.to_datetime(found["first_seen_on"])
    return pd.DataFrame(
        {
            "severity": found["severity"],
            "file": found["file"],
            "sheet": found["sheet"],
            "table": found["table_name"],
            "line": found["file_line"],
            "patient": found["patient_id"],
            "column": found["column_name"],
            "value as received": found["value"],
            "what is wrong": said.str[0],
            "what to do": said.str[1].fillna("correct it and export it again"),
            "what it costs": found["cost"],
            "who puts it right": found["who puts it right"].fillna("data manager"),
            "first seen on": days.dt.strftime("%Y-%m-%d"),
            "age in days": (pd.Timestamp(today) - days).dt.days,
            "value before": found["value_before"],
            "unit": found["unit"],
            "record": found["record"],
            "rule": found["rule"],
        }
    )


def with_answers(work: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """Return the first sheet with the last answer to each problem, and a reply to it."""
    key = ["table", "record", "rule", "value_hash"]
    last = said.rename(columns={"table_name": "table", "who": "answered by"})
    last = last.drop_duplicates(key, keep="last")[[*key, "status", "answered by", "comment"]]
    hashed = work.assign(value_hash=[answers.value_hash(v) for v in work["value as received"]])
    merged = hashed.astype({name: object for name in key}).merge(
        last.astype({name: object for name in key}), on=key, how="left"
    )
    merged = merged.assign(status=merged["status"].fillna("open"))
    rules = {(table, rule.id): rule for table, of in STAGED.items() for rule in of}
    replies = [
        answers.reply(row.status, row.comment, rules.get((row.table, row.rule)))
        for row in merged.itertuples()
    ]
    merged = merged.assign(reply=replies)
    first = [name for name in work.columns if name not in HIDDEN]
    return merged[[*first, "status", "answered by", "comment", "reply", *HIDDEN]]


def by_site(work: pd.DataFrame, sites: pd.Series) -> dict[str, pd.DataFrame]:
    """Return a sheet a site where there are several, else one."""
    names = sorted(set(sites))
    if len(names) < 2:
        return {"worklist": work}
    sheets: dict[str, pd.DataFrame] = {}
    for site in names:
        # a sheet's name is short, and some signs may not be in it
        words = re.sub(r"[\[\]:*?/\\']", " ", site)[:20].strip() or "no site"
        name = f"site {words}"
        name += f" {len(sheets) + 1}" * (name.lower() in map(str.lower, sheets))
        sheets[name] = work[(sites == site).to_numpy()]
    return sheets


def left_out(
    connection: duckdb.DuckDBPyConnection, numbers: Callable[[str, pd.Index], pd.Series]
) -> pd.DataFrame:
    """Return who was struck out, merged into another number, or is no longer delivered."""
    connection.execute(paths.sql_file("raw.spellings").read_text("utf-8"))
    found = connection.execute(paths.sql_file("validation.left_out").read_text("utf-8")).df()
    named = with_numbers(found.assign(column_name="", value=None), numbers)
    return named.rename(columns={"patient_id": "patient"})[
        ["what", "patient", "since", "who", "why", "lines"]
    ].head(MOST_ROWS)


def conversation(said: pd.DataFrame) -> pd.DataFrame:
    """Return every answer that was read back, the newest first."""
    names = {
        **{"answered_on": "answered on", "who": "answered by", "status": "status"},
        **{"comment": "comment", "table_name": "table", "record": "record", "rule": "rule"},
    }
    return said[list(names)].rename(columns=names).iloc[::-1]


def with_numbers(
    found: pd.DataFrame, numbers: Callable[[str, pd.Index], pd.Series]
) -> pd.DataFrame:
    """Return the problems with the registry's own patient numbers, as the data manager knows them.

    Where a kept export cannot be read any more, the pseudonym stays.
    """
    read = []
    for delivery in found["delivery"].dropna().unique():
        lines = pd.Index(found.loc[found["delivery"] == delivery, "file_line"].unique())
        written = numbers(str(delivery), lines).reindex(lines).to_numpy()
        read.append(
            pd.DataFrame(
                {"delivery": delivery, "file_line": lines, "number": written}, dtype=object
            )
        )
    if not read:
        return found
    known = pd.concat(read).astype({"file_line": found["file_line"].dtype})
    found = found.merge(known, on=["delivery", "file_line"], how="left")
    of_number = (found["column_name"] == "patient_id") & found["value"].notna()
    return found.assign(
        patient_id=found["number"].fillna(found["patient_id"]),
        value=found["value"].mask(of_number, found["number"]),
    )


_STAND_INS = {
    "staging.lines": "table_name varchar, delivery varchar, line integer, site varchar, "
    "patient varchar, record varchar, status varchar, removed_by integer, number varchar, "
    "position integer, delivered_on date, is_struck boolean",
    "staging.exports": "table_name varchar, site varchar, batch integer, file varchar, "
    "delivered_on date",
}


def _stand_in(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make a table that the refresh did not come to, empty."""
    connection.execute(f"create table if not exists {table} ({_STAND_INS[table]})")


def _balance(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    known = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'staging' and table_name = 'balance'"
    ).fetchall()
    if not known:
        return pd.DataFrame({"table_name": []})
    return connection.execute("from staging.balance").df()


def _write_sheet(
    sheet: Any,
    rows: pd.DataFrame,
    head: Format,
    body: Format,
    number: Format,
    say: Callable[[str], str],
) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.5)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R&P / &N")
    sheet.set_row(0, 2 * LINE_HEIGHT)
    rows = _in_language(rows, say)
    # not every program makes room for wrapped text by itself
    for row, lines in enumerate(_text_lines(rows), start=1):
        if lines > 1:
            sheet.set_row(row, lines * LINE_HEIGHT)
    for column, title in enumerate(rows.columns):
        sheet.set_column(column, column, _width(rows, title), body)
        sheet.write_string(0, column, say(title), head)
        _write_column(sheet, column, rows[title].tolist(), number)
    if len(rows):
        sheet.autofilter(0, 0, len(rows), len(rows.columns) - 1)


def _in_language(rows: pd.DataFrame, say: Callable[[str], str]) -> pd.DataFrame:
    """Return a sheet's rows with the platform's own words in the language of who reads them."""
    said = {
        name: [say(value) if isinstance(value, str) else value for value in rows[name]]
        for name in SAID.intersection(rows.columns)
    }
    return rows.assign(**said)


def _link(
    sheet: Any,
    rows: pd.DataFrame,
    known: Container[Any],
    look: Format,
    say: Callable[[str], str],
) -> None:
    """Let the severity lead to its rule's line on the quality page.

    A link of several lines is not wrapped by every program; a word needs no room.
    """
    column = rows.columns.get_loc("severity")
    for row, (table, rule, words) in enumerate(
        zip(rows["table"], rows["rule"], rows["severity"], strict=True), start=1
    ):
        if row <= LINKS and (table, rule) in known:
            to = f"external:{quality_page.NAME}#{quality_page.anchor(table, rule)}"
            sheet.write_url(row, column, to, look, say(str(words)))


def _take_answers(sheet: Any, rows: pd.DataFrame, say: Callable[[str], str]) -> None:
    """Offer the statuses in a list, and hide what nobody need read."""
    status = rows.columns.get_loc("status")
    if len(rows):
        sheet.data_validation(
            *(1, status, len(rows), status),
            {"validate": "list", "source": [say(status) for status in answers.STATUSES]},
        )
    empty = [name for name in MAY_BE_EMPTY if rows[name].replace("", None).isna().all()]
    for name in (*HIDDEN, *empty):
        column = rows.columns.get_loc(name)
        sheet.set_column(column, column, WIDTHS[name], None, {"hidden": True})


def _width(rows: pd.DataFrame, title: str) -> int:
    """Return a column's width in characters: a name of one word is not broken."""
    width = WIDTHS.get(title, WIDTH)
    if title not in NAMES or rows.empty:
        return width
    longest = rows[title].dropna().astype(str).map(len).max()
    return width if pd.isna(longest) else max(width, int(longest) + 2)


def _text_lines(rows: pd.DataFrame) -> list[int]:
    """Return how many lines of text each row needs in the widths of its columns."""
    lines = [1] * len(rows)
    for title, values in rows.items():
        width = _width(rows, str(title)) + 2
        for row, value in enumerate(values.tolist()):
            if not pd.isna(value):
                text = str(value)
                # a Chinese sign is as wide as two letters
                length = len(text) + (0 if text.isascii() else len(_WIDE.findall(text)))
                lines[row] = max(lines[row], -(-length // width))
    return [min(one, MOST_LINES) for one in lines]


def _colour(workbook: Workbook, sheet: Any, rows: pd.DataFrame, say: Callable[[str], str]) -> None:
    column = rows.columns.get_loc("severity")
    for severity, colour in COLOURS.items():
        sheet.conditional_format(
            *(1, column, max(len(rows), 1), column),
            {
                "type": "cell",
                "criteria": "==",
                "value": f'"{say(severity)}"',
                "format": workbook.add_format({"bg_color": colour}),
            },
        )


def _write_column(sheet: Any, column: int, values: Sequence[Any], number: Format) -> None:
    for row, value in enumerate(values, start=1):
        if pd.isna(value) or value == "":
            continue
        if isinstance(value, int | float):
            sheet.write_number(row, column, value, number)
        else:
            sheet.write_string(row, column, str(value))
