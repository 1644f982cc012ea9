"""Tables in markup: HTML (as hospital systems save it under .xls), and Excel's XML of 2003.

Belongs here: the rows of such tables, with what is hidden passed over. Does not belong here: real
workbooks (`workbook`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from il6_platform.registry.exports import Export, ExportError
from il6_platform.registry.formats.sheets import (
    MAX_CELLS,
    NoTableError,
    Sheet,
    fill_merged,
    sheet_of_lines,
)
from il6_platform.registry.formats.text import decoded
from il6_platform.registry.formats.workbook import HIDDEN_COLUMN, HIDDEN_ROW, HIDDEN_SHEET
from il6_platform.registry.formats.workbook_marks import ERROR, NO_VALUE, STRUCK, shown
from il6_platform.registry.native import recognise

_SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
_SS = f"{{{_SPREADSHEET}}}"
_START = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*<(?:!doctype|html|\?xml|table|head|meta|!--)"
)
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE
)


def opens(file: str, content: bytes) -> bool:
    """Say whether a file begins as HTML or XML does."""
    return _START.match(content[:2000].replace(b"\0", b"").lower()) is not None


def sheets(file: str, content: bytes) -> Iterator[Sheet]:
    """Give the tables of an HTML page, or the sheets of an XML spreadsheet.

    Raises
    ------
    NoTableError
        Where it holds none.
    ExportError
        Where it breaks off.
    """
    text = _decoded(content)
    if _SPREADSHEET in text[:5000]:
        yield from _spreadsheet(text)
    elif re.search(r"<table\b", text, re.IGNORECASE):
        yield from _pages(text)
    elif PurePosixPath(file).suffix.lower() in (".xls", ".xlsx", ".csv") or recognise(file, []):
        raise ExportError("is a web page or XML without a table, called a table; export it again")
    else:
        raise NoTableError("is a page without a table; it is passed over")


def _decoded(content: bytes) -> str:
    """Return the text of markup, in the encoding that it names, else as any text's is found."""
    named = _CHARSET.search(content[:2000])
    if named and not content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = named[1].decode().lower()
        name = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252"}.get(name, name)
        try:
            return content.decode(name)
        except LookupError:
            pass
        except UnicodeDecodeError:
            raise ExportError(
                f"says that it is in {name} and is not; save the export as CSV UTF-8"
            ) from None
    return decoded(content)


# --- HTML -----------------------------------------------------------------------------------------


def _pages(text: str) -> Iterator[Sheet]:
    from lxml import html

    if not re.search(r"</table\s*>", text, re.IGNORECASE):
        raise ExportError("is an HTML table that is truncated (cut short); export it again, whole")
    parser = html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True)
    root = html.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), parser=parser)
    tables = [one for one in root.iter("table") if one.find(".//table") is None]
    found = [export for one in tables if (export := _of_html(one)) is not None]
    if not found:
        raise NoTableError("is a page without a table; it is passed over")
    for number, export in enumerate(found, 1):
        yield Sheet(f"table {number}" if len(found) > 1 else "", export)


def _of_html(table: Any) -> Export | None:
    """Make a table of an HTML one; a cell that spans columns stands in the first of them."""
    rows: list[list[str]] = []
    hidden: dict[int | None, str] = {}
    merged = []
    left: dict[int, int] = {}
    for number, row in enumerate(table.iter("tr"), 1):
        cells: list[str] = []
        for cell in row.iter("td", "th"):
            while left.get(len(cells), 0) > 0:
                left[len(cells)] -= 1
                cells.append("")
            text = " ".join(" ".join(_seen(cell)).split())
            width = min(_span(cell, "colspan"), 1000)
            height = _span(cell, "rowspan")
            merged.append((number - 1, len(cells), number + height - 2))
            left |= dict.fromkeys(range(len(cells), len(cells) + width), height - 1)
            cells += [text, *[""] * (width - 1)]
        if _is_hidden(row):
            hidden[number] = HIDDEN_ROW
        rows.append(cells)
    gone: set[int] = set()
    place = 0
    for column in table.iter("col"):
        width = _span(column, "span")
        if _is_hidden(column):
            gone |= set(range(place, place + width))
        place += width
    return _made(rows, hidden, gone, merged)


def _seen(cell: Any) -> Iterator[str]:
    """Give the texts of a cell that are seen; what is struck through is said to be so."""
    if cell.tag in ("s", "strike", "del"):
        yield STRUCK
    elif cell.tag not in ("script", "style") and not _is_hidden(cell):
        yield cell.text or ""
        for child in cell:
            if isinstance(child.tag, str):
                yield from _seen(child)
            yield child.tail or ""


def _is_hidden(element: Any) -> bool:
    return "hidden" in element.attrib or bool(_HIDDEN.search(element.get("style", "")))


def _span(cell: Any, name: str) -> int:
    text = cell.get(name, "1").strip()
    return max(1, int(text)) if text.isdigit() and len(text) < 5 else 1


# --- XML spreadsheet 2003 -------------------------------------------------------------------------


def _spreadsheet(text: str) -> Iterator[Sheet]:
    from lxml import etree

    # the text was decoded already, whatever encoding it names
    parser = etree.XMLParser(resolve_entities=False, no_network=True, encoding="utf-8")
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise ExportError(
            "is an XML spreadsheet that is truncated (cut short) or damaged; export it again"
        ) from None
    struck = {
        style.get(_SS + "ID")
        for style in root.iter(_SS + "Style")
        if any(font.get(_SS + "StrikeThrough") == "1" for font in style.iter(_SS + "Font"))
    } - {None}
    formats = {
        style.get(_SS + "ID"): one.get(_SS + "Format", "")
        for style in root.iter(_SS + "Style")
        for one in style.iter(_SS + "NumberFormat")
    }
    for sheet in root.iter(_SS + "Worksheet"):
        export = _of_xml(sheet, struck, formats)
        if export is None:
            continue
        visible = [one.text for one in sheet.iter() if str(one.tag).endswith("}Visible")]
        is_hidden = any(str(one).startswith("Sheet") for one in visible)
        yield Sheet(sheet.get(_SS + "Name", ""), export, HIDDEN_SHEET if is_hidden else None)


def _of_xml(sheet: Any, struck: set[str], formats: Mapping[str, str]) -> Export | None:
    rows: list[list[str]] = []
    hidden: dict[int | None, str] = {}
    gone: set[int] = set()
    merged = []
    place = 0
    for column in sheet.iter(_SS + "Column"):
        place = int(column.get(_SS + "Index", place + 1))
        last = place + int(column.get(_SS + "Span", 0))
        if column.get(_SS + "Hidden") == "1":
            gone |= set(range(place - 1, min(last, 20_000)))
        place = last
    for row in sheet.iter(_SS + "Row"):
        number = int(row.get(_SS + "Index", len(rows) + 1))
        _check(number, 1)
        rows += [[] for _ in range(number - len(rows) - 1)]
        cells: list[str] = []
        for cell in row.iter(_SS + "Cell"):
            column_number = int(cell.get(_SS + "Index", len(cells) + 1))
            width = column_number + int(cell.get(_SS + "MergeAcross", 0))
            _check(number, width)
            cells += [""] * (column_number - len(cells) - 1)
            height = int(cell.get(_SS + "MergeDown", 0))
            merged.append((number - 1, column_number - 1, number - 1 + height))
            style = cell.get(_SS + "StyleID", "")
            text = _value(cell, formats.get(style, ""))
            cells.append(STRUCK if text and style in struck else text)
            cells += [""] * (width - column_number)
        if row.get(_SS + "Hidden") == "1":
            hidden[number] = HIDDEN_ROW
        rows.append(cells)
    return _made(rows, hidden, gone, merged)


def _value(cell: Any, code: str) -> str:
    """Return what a cell holds, as its number format shows it; a day without midnight."""
    data = cell.find(_SS + "Data")
    text = "" if data is None else "".join(data.itertext())
    kind = None if data is None else data.get(_SS + "Type")
    if not text:
        return NO_VALUE if cell.get(_SS + "Formula") and kind != "String" else ""
    if kind == "Error":
        return ERROR.format(text)
    if kind == "DateTime":
        day = re.sub(r"(?:T00:00:00)?(\.0*)?$", "", text).replace("T", " ")
        is_month = re.fullmatch(r"[^dhsDHS]*[yY][^dhsDHS]*", code) and code[:7] != "General"
        return day[: 7 if "m" in code.lower() else 4] if is_month else day
    if kind != "Number":
        return text
    return shown(float(text), code) or (text if "E" in text else re.sub(r"\.0*$", "", text))


def _check(rows: int, width: int) -> None:
    if rows * width > MAX_CELLS or width > 20_000 or rows > 2_000_000:
        raise ExportError(f"has a sheet of {rows} rows and {width} columns; export it again")


def _made(
    rows: list[list[str]],
    hidden: dict[int | None, str],
    gone: set[int],
    merged: list[tuple[int, int, int]],
) -> Export | None:
    """Make a table of rows of any width, without what is hidden."""
    if not any(cell.strip() for row in rows for cell in row):
        return None
    width = max(len(row) for row in rows)
    _check(len(rows), width)
    whole = [row + [""] * (width - len(row)) for row in rows]
    fill_merged(whole, [one for one in merged if one[2] > one[0]])
    passed_over: dict[int | None, str] = {
        line: why
        for line, why in hidden.items()
        if line and any(cell.strip() for cell in rows[line - 1])
    }
    beside = dict(passed_over)
    filled = [place for place in sorted(gone) if place < width and any(r[place] for r in whole)]
    if filled:
        beside[None] = " ".join(HIDDEN_COLUMN.format(place + 1) for place in filled)
    lines = [line for line in range(1, len(whole) + 1) if line not in passed_over]
    kept = [[c for n, c in enumerate(whole[line - 1]) if n not in filled] for line in lines]
    unread = [cell for line in passed_over if line for cell in rows[line - 1]]
    unread += [row[place] for row in whole for place in filled]
    if not any(cell.strip() for row in kept for cell in row):
        return Export([], passed_over=beside, unread=frozenset(unread))
    return sheet_of_lines(lines, kept, passed_over=beside, unread=unread)
