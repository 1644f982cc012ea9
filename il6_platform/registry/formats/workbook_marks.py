"""How a workbook shows its cells: what is hidden or struck through, zeros in front, errors.

Belongs here: the parts of Office Open XML (ECMA-376, part 1, 18.3 and 18.8), OpenDocument and
BIFF (by xlrd) that say how a cell is seen. Does not belong here: the values (`workbook`).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats.sheets import text_of

STRUCK = "(struck through)"
NO_VALUE = "(formula without a value)"
ERROR = "(error {})"

DAYS_TO_1904 = 1462
"""By which the days of a workbook that counts from 1904 are fewer."""


@dataclass(slots=True)
class Marks:
    """What is seen of a sheet beyond its values; rows and columns are counted from 0.

    Attributes
    ----------
    hidden_rows, hidden_columns, struck_rows
        Rows and columns that are hidden, rows of which every filled cell is struck through.
    cells
        (row, column) -> the text that a reader sees instead of the value.
    merged
        Row and column of each cell of OpenDocument that spans rows, and the last of them; those of
        Excel are known to the reader of the values.
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    struck_rows: set[int] = field(default_factory=set)
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[int, int, int]] = field(default_factory=list)


def marks_of(content: bytes) -> dict[str, Marks]:
    """Return the marks of a workbook's sheets by their names; none of a binary one (xlsb).

    Raises
    ------
    ExportError
        Where they cannot be looked up: what is hidden would be read in silence.
    """
    try:
        if not content.startswith(b"PK"):
            return _of_xls(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if "content.xml" in names:
                return _of_ods(archive)
            return _of_xlsx(archive) if "xl/workbook.xml" in names else {}
    except Exception:
        # each library fails of a damaged file in its own ways
        raise ExportError(
            "is a workbook whose formats cannot be read: it is damaged, or another program wrote "
            "it; save it as .xlsx and deliver that"
        ) from None


# --- how a format shows a number ------------------------------------------------------------------


def shown(value: float, code: str, *, is_1904: bool = False) -> str | None:
    """Return how a number format shows a value where that is other text than the value's own.

    These are zeros in front (`0000`), signs before or between the digits (`"T"00`, `000-00`), a
    `<` or `>` before them, per cent or a unit behind them; of dates, a month or a year without its
    day.

    Examples
    --------
    >>> shown(1, "0000"), shown(1, '"T"00'), shown(44958, "mmm yyyy"), shown(1.5, "0.00")
    ('0001', 'T01', '2023-02', None)
    >>> shown(0.07, "0%"), shown(1.5, '0.0" ng/mL"')
    ('7%', '1.5 ng/mL')
    """
    section = code.split(";")[0]
    section = re.sub(r"\[(?!h|m|s)[^\]]*\]", "", section)
    tokens = re.findall(r'"([^"]*)"|\\(.)|[_*].|(.)', section)
    literal = [(quoted or escaped, True) if quoted or escaped else (one, False)
               for quoted, escaped, one in tokens]  # fmt: skip
    literal = [(text, is_quoted or text in "-/ ()<>≤≥=+:") for text, is_quoted in literal if text]
    signs = "".join(text for text, is_quoted in literal if not is_quoted).lower()
    if re.fullmatch(r"[ymdhse.,年月日]*[ym][ymdhse.,年月日]*", signs):
        return _partial_day(value + (DAYS_TO_1904 if is_1904 else 0), signs)
    if re.fullmatch(r"[0#.,?]+%", signs):
        # 0.07 that is seen as 7% is no 0.07 of a column in per cent
        return f"{text_of(float(f'{value * 100:.15g}'))}%"
    if not re.fullmatch(r"[0#.,?]+", signs):
        return None
    first = next(place for place, (_, is_quoted) in enumerate(literal) if not is_quoted)
    last = max(place for place, (_, is_quoted) in enumerate(literal) if not is_quoted)
    before = "".join(text for text, _ in literal[:first]).strip()
    is_count = set(signs) == {"0"} and value >= 0 and float(value).is_integer()
    padded = _padded(int(value), literal, first, last, before) if is_count else None
    if padded is not None:
        return padded
    if before[-1:] in ("<", ">", "≤", "≥") or before in ("<=", ">="):
        return f"{before}{text_of(float(value))}"
    behind = "".join(text for text, _ in literal[last + 1 :]).strip()
    # a word behind it may be the unit, which may be another one than the column's
    return f"{text_of(float(value))} {behind}" if re.search(r"[^\W\d_]|%", behind) else None


def _padded(
    value: int, literal: list[tuple[str, bool]], first: int, last: int, before: str
) -> str | None:
    """Write digits into the places of a format, with what stands before and between them."""
    inner = literal[first : last + 1]
    places = sum(not is_quoted for _, is_quoted in inner)
    is_sign = re.search(r"\w|[<>≤≥]", before) is not None
    if places < 2 and not is_sign:
        return None
    digits = list(str(value).zfill(places))
    extra = len(digits) - places
    text = "".join(digits[:extra])
    digits = digits[extra:]
    for mark, is_quoted in inner:
        text += mark if is_quoted else digits.pop(0)
    return (before if is_sign else "") + text


def _partial_day(value: float, signs: str) -> str | None:
    """Return the month or year that a date format without days shows (system of 1900)."""
    if "d" in signs or "日" in signs or "y" not in signs or "h" in signs or not 61 <= value < 2e5:
        return None
    day = date(1899, 12, 30) + timedelta(days=int(value))
    return day.isoformat()[: 7 if "m" in signs else 4]


def _is_telling(code: str) -> bool:
    """Say whether a format may show other text than the value's own."""
    return shown(1, code) is not None or shown(44958, code) is not None


# --- Office Open XML ------------------------------------------------------------------------------


def _of_xlsx(archive: zipfile.ZipFile) -> dict[str, Marks]:
    from lxml import etree

    book = etree.fromstring(archive.read("xl/workbook.xml"), _parser())
    links = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), _parser())
    targets = {link.get("Id"): link.get("Target") for link in links}
    formats, struck = _styles(archive)
    crossed = _struck_texts(archive)
    is_1904 = bool(
        book.xpath("*[local-name() = 'workbookPr'][@date1904 = '1' or @date1904 = 'true']")
    )
    found = {}
    for sheet in book.xpath("//*[local-name() = 'sheet']"):
        link = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), None)
        target = str(targets.get(link, ""))
        path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        path = posixpath.normpath(path)
        if path in archive.namelist():
            content = archive.read(path)
            styles = _Styles(formats, struck, crossed, is_1904)
            if crossed or _is_marked(content, {*formats, *struck}):
                found[sheet.get("name")] = _of_sheet(content, styles)
    return found


@dataclass(frozen=True, slots=True)
class _Styles:
    """What a workbook says of how cells are shown.

    Attributes
    ----------
    formats
        Style -> its number format, where that is a telling one.
    struck
        Styles that strike a cell through.
    crossed
        Number of a shared text -> what is seen of it, where a part is struck through.
    is_1904
        Whether days are counted from 1904.
    """

    formats: Mapping[int, str]
    struck: set[int]
    crossed: Mapping[int, str]
    is_1904: bool


def _struck_texts(archive: zipfile.ZipFile) -> dict[int, str]:
    """Return the shared texts of which a part is struck through: number -> what is seen."""
    from lxml import etree

    name = "xl/sharedStrings.xml"
    content = archive.read(name) if name in archive.namelist() else b""
    if b"strike" not in content:
        return {}
    texts = etree.fromstring(content, _parser()).iter("{*}si")
    seen = {number: _unstruck(text) for number, text in enumerate(texts)}
    return {number: text for number, text in seen.items() if text is not None}


def _unstruck(text: Any) -> str | None:
    """Return what is seen of a text of which a part is struck through; None of any other."""
    runs = [(_is_struck(run), "".join(run.itertext())) for run in text.iter("{*}r")]
    if not any(is_struck for is_struck, _ in runs):
        return None
    rest = "".join(words for is_struck, words in runs if not is_struck).strip()
    return f"{rest} {STRUCK}".strip()


def _is_struck(font: Any) -> bool:
    return any(one.get("val", "1") not in ("0", "false") for one in font.iter("{*}strike"))


def _is_marked(content: bytes, styles: set[int]) -> bool:
    """Say whether a sheet may have a mark: most have none, and need not be read cell by cell."""
    styled = b"|".join(str(number).encode() for number in sorted(styles))
    return (
        re.search(
            rb"""\shidden\s*=|\sht\s*=\s*["']0["']|\st\s*=\s*["']e["']|<(?:\w+:)?(?:f|strike)[\s/>]"""
            + (rb"""|\ss\s*=\s*["'](?:""" + styled + rb""")["']""" if styled else b""),
            content,
        )
        is not None
    )


def _parser() -> Any:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _styles(archive: zipfile.ZipFile) -> tuple[dict[int, str], set[int]]:
    """Return styles of cells: those with a telling number format, and those struck through."""
    from lxml import etree

    if "xl/styles.xml" not in archive.namelist():
        return {}, set()
    root = etree.fromstring(archive.read("xl/styles.xml"), _parser())
    space = "{" + etree.QName(root).namespace + "}"
    codes = {17: "mmm-yy"} | {
        int(one.get("numFmtId")): one.get("formatCode", "") for one in root.iter(space + "numFmt")
    }
    fonts = root.find(space + "fonts")
    crossed = {
        number for number, font in enumerate(fonts if fonts is not None else ()) if _is_struck(font)
    }
    formats, struck = {}, set()
    styles = root.find(space + "cellXfs")
    for number, style in enumerate(styles if styles is not None else ()):
        code = codes.get(int(style.get("numFmtId", 0)), "")
        if code and _is_telling(code):
            formats[number] = code
        if int(style.get("fontId", 0)) in crossed:
            struck.add(number)
    return formats, struck


def _of_sheet(content: bytes, styles: _Styles) -> Marks:
    """Read the marks of a sheet, one row after the other."""
    from lxml import etree

    marks = Marks()
    number = -1
    tags = ("{*}row", "{*}col")
    for _, element in etree.iterparse(
        io.BytesIO(content), tag=tags, resolve_entities=False, no_network=True
    ):
        is_hidden = element.get("hidden") in ("1", "true") or element.get("ht") == "0"
        if element.tag.endswith("}col"):
            if is_hidden:
                last = min(int(element.get("max", 1)), 20_000)
                marks.hidden_columns |= set(range(int(element.get("min", 1)) - 1, last))
            continue
        number = int(element.get("r", number + 2)) - 1
        if is_hidden:
            marks.hidden_rows.add(number)
        filled, crossed, column = 0, 0, -1
        for cell in element:
            column = _column(cell.get("r"), column)
            style = int(cell.get("s", 0))
            text, is_filled = _seen(cell, style, styles)
            if is_filled:
                filled += 1
                if style in styles.struck or text == STRUCK:
                    crossed += 1
                    text = STRUCK
            if text is not None:
                marks.cells[number, column] = text
        if filled and filled == crossed:
            marks.struck_rows.add(number)
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return marks


def _column(reference: str | None, before: int) -> int:
    """Return a cell's column; without a reference it is the one behind the cell before."""
    if not reference:
        return before + 1
    place = 0
    for letter in reference.rstrip("0123456789"):
        place = place * 26 + ord(letter) - 64
    return place - 1


def _seen(element: Any, style: int, styles: _Styles) -> tuple[str | None, bool]:
    """Return the text that a cell shows where it is not its value, and whether it shows any."""
    value = has_formula = unstruck = None
    is_filled = False
    for child in element:
        tag = child.tag
        if tag.endswith("}v"):
            value = child.text
            is_filled = bool(value)
        elif tag.endswith("}f"):
            has_formula = True
        elif tag.endswith("}is"):
            is_filled = any(text.strip() for text in child.itertext())
            unstruck = _unstruck(child)
    kind = element.get("t", "n")
    if has_formula and value is None and kind != "str":
        return NO_VALUE, True
    if kind == "e":
        return ERROR.format(value), True
    if kind == "s" and value and styles.crossed:
        return styles.crossed.get(int(value)), True
    if kind == "n" and value and style in styles.formats:
        return shown(float(value), styles.formats[style], is_1904=styles.is_1904), True
    return unstruck, is_filled


# --- OpenDocument ---------------------------------------------------------------------------------


def _of_ods(archive: zipfile.ZipFile) -> dict[str, Marks]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.fromstring(archive.read("content.xml"), parser)
    space = {key: value for key, value in root.nsmap.items() if key}
    struck = {
        style.get(f"{{{space['style']}}}name")
        for style in root.iterfind(".//style:style", space)
        if style.xpath(
            "style:text-properties[@style:text-line-through-style"
            "[not(. = 'none')] or @style:text-line-through-type[not(. = 'none')]]",
            namespaces=space,
        )
    } if "style" in space else set()  # fmt: skip
    return {
        table.get(f"{{{space['table']}}}name"): _of_table(table, space, struck)
        for table in root.iter(f"{{{space['table']}}}table")
    }


def _of_table(table: Any, space: Mapping[str, str], struck: set[str]) -> Marks:
    marks = Marks()
    of, office = f"{{{space['table']}}}", f"{{{space['office']}}}"
    place = 0
    for column in table.iter(of + "table-column"):
        times = int(column.get(of + "number-columns-repeated", 1))
        if column.get(of + "visibility") in ("collapse", "filter"):
            marks.hidden_columns |= set(range(place, min(place + times, 20_000)))
        place += times
    row_number = 0
    for row in table.iter(of + "table-row"):
        times = int(row.get(of + "number-rows-repeated", 1))
        rows = range(row_number, row_number + min(times, 1000))
        if row.get(of + "visibility") in ("collapse", "filter"):
            marks.hidden_rows |= set(range(row_number, row_number + min(times, 2_000_000)))
        filled = crossed = column_number = 0
        for cell in row.iter(of + "table-cell", of + "covered-table-cell"):
            again = int(cell.get(of + "number-columns-repeated", 1))
            text = "".join(cell.itertext()).strip()
            height = int(cell.get(of + "number-rows-spanned", 1))
            if height > 1:
                marks.merged.append((row_number, column_number, row_number + height - 1))
            kind = cell.get(office + "value-type")
            seen = None
            if text and cell.get(of + "style-name") in struck:
                crossed, seen = crossed + 1, STRUCK
            elif kind == "float" and text and _is_digits_of(text, cell.get(office + "value")):
                seen = text
            filled += bool(text)
            if cell.get(of + "formula") and kind is None and not text:
                seen, filled = NO_VALUE, filled + 1
            if seen is not None:
                for line in rows:
                    for column in range(column_number, column_number + min(again, 1000)):
                        marks.cells[line, column] = seen
            column_number += again
        if filled and filled == crossed:
            marks.struck_rows |= set(rows)
        row_number += times
    return marks


def _is_digits_of(text: str, value: str | None) -> bool:
    """Say whether a cell shows its number with zeros or signs before it."""
    if value is None or text == value:
        return False
    if re.fullmatch(r"[<>≤≥]\s*[\d.,]+", text):
        return True
    return text[:1] == "0" and text.isdigit() and text.lstrip("0") == value.partition(".")[0]


# --- BIFF -----------------------------------------------------------------------------------------


def _of_xls(content: bytes) -> dict[str, Marks]:
    import xlrd

    book = xlrd.open_workbook(
        file_contents=content, formatting_info=True, on_demand=True, logfile=io.StringIO()
    )
    return {name: _of_biff(book, book.sheet_by_name(name)) for name in book.sheet_names()}


def _of_biff(book: Any, sheet: Any) -> Marks:
    import xlrd

    marks = Marks()
    marks.hidden_rows = {row for row, about in sheet.rowinfo_map.items() if about.hidden}
    marks.hidden_columns = {place for place, about in sheet.colinfo_map.items() if about.hidden}
    for row in range(sheet.nrows):
        filled = crossed = 0
        for column in range(sheet.row_len(row)):
            cell = sheet.cell(row, column)
            if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) or cell.value == "":
                continue
            filled += 1
            # a program that writes no styles names one that is not there
            is_styled = cell.xf_index is not None and cell.xf_index < len(book.xf_list)
            style = book.xf_list[cell.xf_index] if is_styled else None
            text = None
            if cell.ctype == xlrd.XL_CELL_ERROR:
                text = ERROR.format(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
            elif style is not None and cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
                code = book.format_map[style.format_key].format_str
                text = shown(cell.value, code, is_1904=bool(book.datemode))
            if style is not None and book.font_list[style.font_index].struck_out:
                crossed, text = crossed + 1, STRUCK
            if text is not None:
                marks.cells[row, column] = text
        if filled and filled == crossed:
            marks.struck_rows.add(row)
    return marks
