"""A workbook is read as a person sees it: what is hidden, struck through, an error is no value."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from il6_platform.registry.deliveries import Opened, open_deliveries
from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import open_sheets
from il6_platform.registry.formats.workbook_marks import shown
from il6_platform.registry.pseudonyms import is_mangled
from il6_platform_tests.registry.writing import ods

HEADER = ["patient_id", "analyte", "value", "unit", "collected_on"]


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def labs(change: Callable[[Worksheet], None] = lambda sheet: None, people: int = 3) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "labs"
    sheet.append(HEADER)
    for n in range(1, people + 1):
        sheet.append([f"P{n}", "il6", n + 0.5, "pg/mL", date(2023, 1, 20)])
    change(sheet)
    return saved(book)


def opened(content: bytes, file: str = "labs.xlsx") -> Opened:
    return open_deliveries(file, content, [])


def cells(of: Opened) -> list[dict[str, str]]:
    return [row.cells for one in of.deliveries if one.export for row in one.export.rows]


def column(content: bytes, name: str) -> list[str | None]:
    return [row.get(name) for row in cells(opened(content))]


# --- what is hidden -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_listed_and_not_read(state: str) -> None:
    book = load_workbook(io.BytesIO(labs()))
    old = book.copy_worksheet(book["labs"])
    old.title, old["C2"] = "labs_old", 99.5
    old.sheet_state = state
    of = opened(saved(book))
    assert [row["value"] for row in cells(of)] == ["1.5", "2.5", "3.5"]
    (hidden,) = (one for one in of.sources if one.name == "labs_old")
    assert list(hidden.passed_over) == [2, 3, 4] and hidden.lines == 3
    assert "hidden" in hidden.passed_over[2]


def test_rows_that_are_hidden_by_hand_or_by_a_filter_are_listed() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.auto_filter.ref = "A1:E4"
        sheet.auto_filter.add_filter_column(0, ["P1", "P3"])

    of = opened(labs(hide))
    assert [row["patient_id"] for row in cells(of)] == ["P1", "P3"]
    (source,) = of.sources
    assert list(source.passed_over) == [3] and source.lines == 3
    assert "hidden" in source.passed_over[3]


def test_a_hidden_column_is_listed_and_not_read() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet["F1"], sheet["F2"] = "phone", "0123"
        sheet.column_dimensions["F"].hidden = True

    of = opened(labs(hide))
    assert all("phone" not in row for row in cells(of))
    assert of.sources[0].passed_over == {
        None: "column F is hidden; show it and export again where it is needed"
    }
    assert of.sources[0].lines == 3


def test_a_hidden_column_that_is_needed_is_asked_for() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.column_dimensions["C"].hidden = True

    (one,) = opened(labs(hide)).deliveries
    assert one.status == "rejected"
    assert "lacks the column value" in str(one.problem) and "column C is hidden" in str(one.problem)


def test_a_sheet_of_which_nothing_is_seen_holds_no_table() -> None:
    def hide(sheet: Worksheet) -> None:
        for row in range(1, 5):
            sheet.row_dimensions[row].hidden = True

    (one,) = opened(labs(hide)).deliveries
    assert one.status != "accepted"


def test_a_number_that_is_only_in_what_is_hidden_is_found_to_be_forgotten() -> None:
    from il6_platform.privacy.forgotten import Numbers

    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[2].hidden = True
        sheet["F1"], sheet["F3"] = "phone", "CRLM-007"
        sheet.column_dimensions["F"].hidden = True
        sheet["A4"].font = Font(strike=True)

    content = labs(hide)
    assert column(content, "patient_id") == ["P2", "(struck through)"]
    for number in ("P1", "P2", "P3", "CRLM-007"):
        assert Numbers({number}, str).are_in_file("labs.xlsx", content)
    assert not Numbers({"P8"}, str).are_in_file("labs.xlsx", content)
    for above in (b"# of CRLM-009\na,b\n1,2\n", b"P9\na,b,c\n1,2,3\n"):
        assert Numbers({"CRLM-009", "P9"}, str).are_in_file("x.csv", above)


# --- what is struck through -----------------------------------------------------------------------


def test_a_value_that_is_struck_through_is_said_to_be_so() -> None:
    def strike(sheet: Worksheet) -> None:
        sheet["C2"].font = Font(strike=True)

    assert column(labs(strike), "value") == ["(struck through)", "2.5", "3.5"]


def test_a_row_that_is_struck_through_is_listed() -> None:
    def strike(sheet: Worksheet) -> None:
        for cell in sheet[3]:
            cell.font = Font(strike=True)

    of = opened(labs(strike))
    assert [row["patient_id"] for row in cells(of)] == ["P1", "P3"]
    assert of.sources[0].passed_over == {3: "the row is struck through"}


def test_a_part_of_a_text_that_is_struck_through_is_not_read() -> None:
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont
    from xlsxwriter import Workbook as Writer

    out = io.BytesIO()
    with Writer(out) as book:
        sheet = book.add_worksheet("treatments")
        gone = book.add_format({"font_strikeout": True})
        sheet.write_row(0, 0, ["patient_id", "line", "drug", "start_date"])
        sheet.write_row(1, 0, ["P1", 1, "", "2023-02-01"])
        sheet.write_rich_string(1, 2, gone, "bevacizumab", " cetuximab")
        sheet.write_row(2, 0, ["P2", 1, "cetuximab", "2023-02-01"])
    assert column(out.getvalue(), "drug") == ["cetuximab (struck through)", "cetuximab"]
    # another writer puts such a text into the cell itself
    struck = CellRichText(TextBlock(InlineFont(strike=True), "il6"), " crp")

    def write(sheet: Worksheet) -> None:
        sheet["B2"] = struck

    assert column(labs(write), "analyte") == ["crp (struck through)", "il6", "il6"]


def test_a_row_without_height_is_hidden() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(labs())) as book, zipfile.ZipFile(out, "w") as copy:
        for entry in book.infolist():
            flat = book.read(entry).replace(b'<row r="3"', b'<row r="3" ht="0" customHeight="1"')
            copy.writestr(entry.filename, flat)
    assert column(out.getvalue(), "patient_id") == ["P1", "P3"]


def test_a_hidden_header_is_said() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[1].hidden = True

    (one,) = opened(labs(hide)).deliveries
    assert one.status != "accepted" and "1 rows are hidden" in str(one.problem)


@pytest.mark.parametrize("is_1904", [False, True])
def test_days_of_either_calendar(is_1904: bool) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = load_workbook(io.BytesIO(labs()))
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book["labs"]
    sheet["E2"], sheet["E3"] = date(2023, 1, 20), date(2023, 2, 1)
    sheet["E3"].number_format, sheet["A3"].number_format = "mmm yyyy", "0000"
    sheet["A3"] = 7
    content = saved(book)
    assert column(content, "collected_on")[:2] == ["2023-01-20", "2023-02"]
    assert column(content, "patient_id")[1] == "0007"


# --- errors and formulas --------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!"])
def test_an_error_is_no_missing_value(error: str) -> None:
    def fail(sheet: Worksheet) -> None:
        sheet["C2"].value, sheet["C2"].data_type = error, "e"

    assert column(labs(fail), "value") == [f"(error {error})", "2.5", "3.5"]


def test_a_formula_that_was_never_computed_is_no_missing_value() -> None:
    def compute(sheet: Worksheet) -> None:
        sheet["C2"] = "=1+1"

    assert column(labs(compute), "value") == ["(formula without a value)", "2.5", "3.5"]


# --- how numbers are shown ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1, "0000", "0001"),
        (12345, "0000", "12345"),
        (7, '"T"00', "T07"),
        (7, "\\P000", "P007"),
        (1234567, "000-00-0000", "001-23-4567"),
        (7, '"P"0', "P7"),
        (7, "00000;-00000", "00007"),
        (7, "[$-409]0000", "0007"),
        (1.5, '"<"0.0', "<1.5"),
        (5, '"> "0', ">5"),
        (44958, "mmm-yy", "2023-02"),
        (44958, "mmmm yyyy", "2023-02"),
        (44958, "yyyy", "2023"),
        (44958, '[$-804]yyyy"年"m"月"', "2023-02"),
        # the unit that is seen may be another one than the column's
        (7, '0.0" pg/mL"', "7 pg/mL"),
        (7.5, '0.0" ng/mL"', "7.5 ng/mL"),
        (7, '0"%"', "7 %"),
        (0.07, "0%", "7%"),
        (0.455, "0.0%", "45.5%"),
        # these show the number itself
        (7, "General", None),
        (7, "0", None),
        (7, "0.00", None),
        (7, "#,##0", None),
        (-7, "0000", None),
        (44958, "yyyy-mm-dd", None),
        (44958, "dd/mm/yyyy hh:mm", None),
        (0.5, "h:mm", None),
        (7, "@", None),
        (7, "", None),
    ],
)
def test_how_a_format_shows_a_number(value: float, code: str, text: str | None) -> None:
    assert shown(value, code) == text


def test_numbers_keep_the_zeros_that_are_seen() -> None:
    def pad(sheet: Worksheet) -> None:
        for n in range(2, 5):
            sheet.cell(n, 1, n - 1).number_format = "0000"

    assert column(labs(pad), "patient_id") == ["0001", "0002", "0003"]


def test_a_month_is_no_first_day_of_it() -> None:
    def month(sheet: Worksheet) -> None:
        sheet["E2"].number_format = "mmm yyyy"

    assert column(labs(month), "collected_on") == ["2023-01", "2023-01-20", "2023-01-20"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1234567890123451, "1234567890123451"),
        (2**53 - 1, "9007199254740991"),
        (123456789012, "123456789012"),
    ],
)
def test_a_long_number_is_read_to_the_last_digit(number: int, text: str) -> None:
    def enter(sheet: Worksheet) -> None:
        sheet["A2"] = number

    assert column(labs(enter), "patient_id")[0] == text


@pytest.mark.parametrize("number", [2**53, 12345678901234567890, 10**17 + 1, 10**16])
def test_a_number_that_lost_digits_is_known_by_how_it_is_written(number: int) -> None:
    def enter(sheet: Worksheet) -> None:
        sheet["A2"] = number

    text = column(labs(enter), "patient_id")[0]
    assert text is not None and is_mangled(text)


def test_numbers_whose_last_digits_excel_has_dropped_are_refused() -> None:
    # typed as 1234567890123451, ...52, ...53: Excel keeps fifteen digits
    def enter(sheet: Worksheet) -> None:
        for n in range(2, 5):
            sheet.cell(n, 1, 1234567890123450 + 10 * n)

    (one,) = opened(labs(enter)).deliveries
    assert one.status == "rejected"
    assert "column A" in str(one.problem) and "15 digits" in str(one.problem)


# --- what cannot be opened ------------------------------------------------------------------------


def test_a_workbook_with_a_password_is_said_to_have_one() -> None:
    manifest = b"<manifest:manifest><manifest:encryption-data/></manifest:manifest>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", b"\x01\x02")
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    ole += "EncryptedPackage".encode("utf-16-le") + b"\0" * 480
    for file, content in (("labs.ods", out.getvalue()), ("labs.xlsx", ole)):
        with pytest.raises(ExportError, match="with a password"):
            open_sheets(file, content)


@pytest.mark.parametrize("member", ["xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_marks_that_cannot_be_read_refuse_the_workbook(member: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(labs())) as book, zipfile.ZipFile(out, "w") as copy:
        for entry in book.infolist():
            content = book.read(entry)
            is_cut = entry.filename == member
            copy.writestr(entry.filename, content[: len(content) // 2] if is_cut else content)
    with pytest.raises(ExportError, match="cannot be read"):
        open_sheets("labs.xlsx", out.getvalue())


def test_a_workbook_of_the_strict_standard_is_read_alike() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet["A2"].number_format, sheet["A2"].value = "0000", 1

    content = labs(hide)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(out, "w") as copy:
        for entry in book.infolist():
            text = book.read(entry)
            # as Excel writes it: an absolute target, prefixes before the names
            if entry.filename == "xl/_rels/workbook.xml.rels":
                text = re.sub(rb'Target="worksheets', b'Target="/xl/worksheets', text)
            copy.writestr(entry.filename, text)
    assert cells(opened(out.getvalue())) == cells(opened(content))
    assert [row["patient_id"] for row in cells(opened(content))] == ["0001", "P3"]


DRUGS = [
    ["patient_id", "line", "drug", "start_date"],
    ["P1", "1", "folfox", "2023-02-01"],
    ["", "1", "bevacizumab", "2023-02-02"],
    ["", "", "", ""],
    ["P2", "1", "folfox", "2023-02-01"],
    ["", "2", "", "2023-09-01"],
]
SPANS = [(1, 0, 3), (1, 3, 1), (4, 0, 5), (4, 2, 5)]
"""Row and column of a cell that is merged downwards, and the last row that it spans."""


def _merged_xlsx() -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "treatments"
    for row in DRUGS:
        sheet.append([cell or None for cell in row])
    for first, place, last in SPANS:
        sheet.merge_cells(
            start_row=first + 1, end_row=last + 1, start_column=place + 1, end_column=place + 1
        )
    return saved(book)


def _merged_markup(row: str, cell: str) -> str:
    """Write the rows in markup; `cell` has places for index, rows spanned below, and text."""
    spans = {(first, place): last - first for first, place, last in SPANS}
    covered = {(line, place) for first, place, last in SPANS for line in range(first + 1, last + 1)}
    lines = [
        "".join(
            cell.format(index=place + 1, below=below, height=below + 1, text=text)
            for place, text in enumerate(of_line)
            if (number, place) not in covered
            for below in [spans.get((number, place), 0)]
        )
        for number, of_line in enumerate(DRUGS)
    ]
    return "".join(row.format(line) for line in lines)


def _merged_html() -> bytes:
    lines = _merged_markup("<tr>{}</tr>", '<td rowspan="{height}">{text}</td>')
    return f"<table>{lines}</table>".encode()


def _merged_xml() -> bytes:
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    data = '<Data ss:Type="String">{text}</Data>'
    cell = f'<Cell ss:Index="{{index}}" ss:MergeDown="{{below}}">{data}</Cell>'
    lines = _merged_markup("<Row>{}</Row>", cell)
    return (
        f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}">'
        f'<Worksheet ss:Name="treatments"><Table>{lines}</Table></Worksheet></Workbook>'
    ).encode()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("treatments.xlsx", _merged_xlsx),
        ("treatments.ods", lambda: ods(DRUGS, "treatments", SPANS)),
        ("treatments.html", _merged_html),
        ("treatments.xls", _merged_xml),
    ],
)
def test_a_cell_that_is_merged_downwards_is_of_every_row(
    file: str, content: Callable[[], bytes]
) -> None:
    assert [list(row.values()) for row in cells(opened(content(), file))] == [
        ["P1", "1", "folfox", "2023-02-01"],
        ["P1", "1", "bevacizumab", "2023-02-02"],
        ["P2", "1", "folfox", "2023-02-01"],
        ["P2", "2", "folfox", "2023-09-01"],
    ]


def test_an_xml_spreadsheet_is_read_as_it_is_seen() -> None:
    space = "urn:schemas-microsoft-com:office:spreadsheet"

    def line(*cells: str, hidden: str = "") -> str:
        return f"<Row{hidden}>{''.join(cells)}</Row>"

    def cell(value: object, kind: str = "String", style: str = "") -> str:
        named = f' ss:StyleID="{style}"' if style else ""
        return f'<Cell{named}><Data ss:Type="{kind}">{value}</Data></Cell>'

    day = cell("2023-01-20T00:00:00.000", "DateTime")
    rows = [
        line(*map(cell, [*HEADER, "phone"])),
        line(cell(1, "Number", "z"), cell("il6"), cell(1.5, "Number"), cell("pg/mL"), day),
        line(cell(2, "Number", "z"), cell("il6"), cell("#REF!", "Error"), cell("pg/mL"), day),
        line(cell("P3"), cell("il6"), cell(3, "Number", "s"), cell("pg/mL"), day, cell("0123")),
        line(cell("P4"), cell("il6"), cell(4, "Number"), cell("x"), day, hidden=' ss:Hidden="1"'),
    ]
    visible = '<Visible xmlns="urn:schemas-microsoft-com:office:excel">SheetHidden</Visible>'
    table = f'<Table><Column ss:Index="6" ss:Hidden="1"/>{"".join(rows)}</Table>'
    content = (
        f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}"><Styles>'
        '<Style ss:ID="z"><NumberFormat ss:Format="0000"/></Style>'
        '<Style ss:ID="s"><Font ss:StrikeThrough="1"/></Style></Styles>'
        f'<Worksheet ss:Name="labs">{table}</Worksheet>'
        f'<Worksheet ss:Name="labs_old">{table}{visible}</Worksheet></Workbook>'
    ).encode()
    of = opened(content, "labs.xls")
    assert [row["patient_id"] for row in cells(of)] == ["0001", "0002", "P3"]
    assert [row["value"] for row in cells(of)] == ["1.5", "(error #REF!)", "(struck through)"]
    assert {row["collected_on"] for row in cells(of)} == {"2023-01-20"}
    seen, hidden = of.sources
    assert set(seen.passed_over) == {5, None} and seen.lines == 4
    assert set(hidden.passed_over) >= {2, 3, 4, 5}


@pytest.mark.parametrize("is_true", [True, False])
def test_what_is_true_or_false_is_no_number(is_true: bool) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["C3"] = is_true

    assert column(labs(change), "value") == ["1.5", str(is_true).upper(), "3.5"]
