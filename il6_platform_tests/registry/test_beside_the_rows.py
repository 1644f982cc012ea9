"""What is no row of a table: titles, comments, totals, repeated headers, notes below it."""

from __future__ import annotations

import pytest
from openpyxl import load_workbook

from il6_platform.registry.deliveries import Opened, open_deliveries
from il6_platform.registry.rows_beside import KINDS
from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["made"]

PEOPLE = ["P1,F,1950-01-01", "P2,M,1951-01-01", "P3,F,1952-01-01"]
HEADER = "patient_id,sex,birth_date"


def opened(lines: list[str], file: str = "patients.csv") -> Opened:
    return open_deliveries(file, ("\n".join(lines) + "\n").encode(), [])


def patients(of: Opened) -> list[str]:
    return [
        row.cells["patient_id"] for one in of.deliveries if one.export for row in one.export.rows
    ]


@pytest.mark.parametrize(
    "line",
    [
        *("Total,3,", "TOTAL:,3,", "Total (n = 3),,", "Sum,,", "Gesamt,3,", "Summe,,", "合计,3,"),
        *("总计,3,", "合計,,", "Mean,,1951-01-01", "Moyenne,,", "N=3,,", "n = 3,2 F,", ",,"),
        *("Итого,3,", "Totale,3,", "Subtotal,,", "Grand total,3,", "Total S1,3,", "小计 A,,"),
        *("patient_id,sex,birth_date", "PATIENT_ID,Sex,Birth_Date", '"Total",3,'),
        *("(3 rows affected),,", "3 rows selected.,,", "# end,,", "Exported on 2023-12-31,,"),
        *(",Total,", ",N = 3,", "Page 1 of 3,,", "Seite 2,,", "-----,---,----------", "第 1 页,,"),
        *("# second batch", "#the second batch,,"),
        *("# end", "3 Zeilen ausgegeben", "End of the export"),
    ],
)
def test_a_line_that_is_no_patient_is_listed(line: str) -> None:
    for place in range(len(PEOPLE) + 1):
        is_note = line.startswith(("(", "# end", "3 ", "End", "Exp"))
        if is_note and place < len(PEOPLE):
            # a note stands below a table; in its midst it may be a patient's line that broke
            continue
        lines = [HEADER, *PEOPLE[:place], line, *PEOPLE[place:]]
        of = opened(lines)
        assert patients(of) == ["P1", "P2", "P3"]
        if line != ",,":
            (source,) = of.sources
            assert list(source.passed_over) == [place + 2] and source.lines == 4


@pytest.mark.parametrize(
    "line", ["P4;M;1951-02-03; local", "P4 M 1951-02-03", '"P4,M,1951-02-03, x"']
)
def test_a_patient_s_line_that_is_not_cut_is_no_note(line: str) -> None:
    of = opened([HEADER, *PEOPLE, line])
    assert len(patients(of)) == 4
    assert not any(source.passed_over for source in of.sources)


@pytest.mark.parametrize("title", [["Summary"], [], ["Summary", ""]])
def test_a_smaller_table_below_a_blank_line_is_listed(title: list[str]) -> None:
    below = [*title, "sex,n,", "F,2,", "M,1,"]
    assert patients(opened([HEADER, *PEOPLE, "", *below])) == ["P1", "P2", "P3"]
    # patients below a heading are patients
    more = ["P4,F,", "P5,M,1951-01-01"]
    found = patients(opened([HEADER, *PEOPLE, "", "second ward,,", *more]))
    assert found == ["P1", "P2", "P3", "second ward", "P4", "P5"]


@pytest.mark.parametrize(
    "line", ["(text),(F or M),(date)", "STRING,STRING,DATE", "varchar(20),char(1),yyyy-mm-dd"]
)
def test_a_line_of_kinds_or_units_below_the_header_is_listed(line: str) -> None:
    of = opened([HEADER, line, *PEOPLE])
    assert patients(of) == ["P1", "P2", "P3"]
    (source,) = of.sources
    assert source.passed_over == {2: KINDS}
    # further down it is a line like any other
    assert len(patients(opened([HEADER, *PEOPLE, line]))) == 4


def test_a_text_that_is_written_for_excel_is_the_text() -> None:
    of = opened([HEADER, *(f'="{line[:2]}",{line[3:]}' for line in PEOPLE)])
    assert patients(of) == ["P1", "P2", "P3"]


def test_a_mark_of_utf_8_alone_is_an_empty_file() -> None:
    (one,) = open_deliveries("labs.csv", b"\xef\xbb\xbf", []).deliveries
    assert one.status == "rejected"


def test_patients_are_not_taken_for_totals() -> None:
    lines = ["SUM-1,F,1950-01-01", "Total2,F,1950-01-01", "N,F,1950-01-01", "MEANS 4,M,1950-01-01"]
    of = opened([HEADER, *lines])
    assert len(patients(of)) == 4 and not of.sources


def test_what_is_a_total_only_where_the_number_would_stand() -> None:
    lines = ["P1,Total,5,pg/mL,2020-01-01", "P1,mean,5,pg/mL,2020-01-01"]
    of = opened(["patient_id,analyte,value,unit,collected_on", *lines], "labs.csv")
    assert patients(of) == ["P1", "P1"] and not of.sources
    swapped = ["P1,5,pg/mL,2020-01-01,Total", ",5,,,Total"]
    of = opened(["patient_id,value,unit,collected_on,analyte", *swapped], "labs.csv")
    # a line without its patient is judged, not passed over
    assert [one.export.lines for one in of.deliveries if one.export] == [range(2, 4)]


def test_a_key_behind_a_total() -> None:
    of = opened(["site_id,patient_id,sex,birth_date", "A,P1,F,1950-01-01", "Total,,1,"])
    assert patients(of) == ["P1"]
    assert list(of.sources[0].passed_over) == [3]


@pytest.mark.parametrize(
    "above",
    [
        ["# comment"],
        ["# exported,by,the,system", "# 8 rows, 5 columns, version 3"],
        ["#a\tb", "#c"],
        ["Registry of the hospital"],
        ["Registry,site A,2023-12-31"],
        ["Registry,site A,final"],
        ["sep=,"],
        ["# c", "Patients,2023-12-31", ""],
    ],
)
def test_what_stands_above_the_header(above: list[str]) -> None:
    of = opened([*above, HEADER, *PEOPLE])
    assert patients(of) == ["P1", "P2", "P3"]
    (source,) = of.sources
    assert list(source.passed_over) == [n for n, line in enumerate(above, 1) if line]


def test_a_header_that_is_written_as_a_comment() -> None:
    for mark in ("#", "# "):
        assert patients(opened(["# export", mark + HEADER, *PEOPLE])) == ["P1", "P2", "P3"]


@pytest.mark.parametrize("end", ["\x1a", "\x0c", "\x1a\x1a"])
def test_signs_by_which_old_systems_end_a_file(end: str) -> None:
    content = "\r\n".join([HEADER, *PEOPLE, end]).encode()
    assert patients(open_deliveries("patients.csv", content, [])) == ["P1", "P2", "P3"]


def test_a_semicolon_is_told_by_its_first_line() -> None:
    lines = [line.replace(",", ";") for line in [HEADER, *PEOPLE]]
    assert patients(opened(["sep=;", *lines])) == ["P1", "P2", "P3"]


@pytest.mark.parametrize(
    ("last", "is_cut"),
    [
        ("P3,F,1952-01-01", False),
        ("P3,F,1952-01-0", True),
        ("P3,F,19", True),
        ("P3,F,", True),
        ("P3,F", True),
        ("P3", True),
        ("P3,F,1952-01-0\n", False),
        ("P3,F,1952-01-0\r\n", False),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_last_cell_that_breaks_off(
    last: str, is_cut: bool, delimiter: str, encoding: str
) -> None:
    text = "\n".join([HEADER, *PEOPLE[:2], last]).replace(",", delimiter)
    (one,) = open_deliveries("patients.csv", text.encode(encoding), []).deliveries
    assert one.status == ("rejected" if is_cut else "accepted")
    assert not is_cut or ("truncated" in str(one.problem) and "line 4" in str(one.problem))


def test_what_is_passed_over_is_on_the_worklist_and_in_the_balance(made: Registry) -> None:
    folder = made.folder / "landing" / "2024-01-31"
    folder.mkdir(parents=True)
    (folder / "patients.csv").write_text("\n".join([HEADER, *PEOPLE, HEADER, "Total,3,", ""]))
    (folder / "letter.pdf").write_bytes(b"%PDF-1.4")
    assert made.stage()
    made.warehouse.leave_worklist()
    sheet = load_workbook(made.folder / "home" / "worklist.xlsx")["passed over"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert [row[0] for row in rows] == ["2024-01-31/letter.pdf", *["2024-01-31/patients.csv"] * 2]
    assert [row[4] for row in rows] == [None, "6", "5"]
    balance = made.ask("from staging.balance").set_index("table_name")
    assert balance.loc["patients", "received"] == 3
    assert balance.loc["(no table)", "passed_over"] == 2
    assert balance["unaccounted"].sum() == 0


NOBODY = [
    "",
    " ",
    "NaN",
    "nan",
    "None",
    "null",
    "NULL",
    "N/A",
    "#N/A",
    "#REF!",
    "-",
    "--",
    ".",
    "?",
]
NOBODY += ["ditto", "Idem", "〃", "同上", "do.", "''"]
NOBODY += ["(error #REF!)", "(formula without a value)", "(struck through)", "#####", "T\ufffd1"]


def test_what_stands_for_no_number_is_no_patient(made: Registry) -> None:
    lines = [f"{text},F,1950-01-01" for text in NOBODY]
    folder = made.folder / "landing" / "2024-01-31"
    folder.mkdir(parents=True)
    people = [*PEOPLE, "NA-1,F,1950-01-01", "NULL7,F,1950-01-01"]
    (folder / "patients.csv").write_text("\n".join([HEADER, *people, *lines, ""]), "utf-8")
    assert made.stage()
    assert len(made.ask("from staging.patients")) == len(people)
    aside = made.ask("select file_line from staging.quarantine where rule = 'patient_id_is_given'")
    assert set(aside["file_line"]) == set(range(len(people) + 2, len(people) + len(lines) + 2))
    assert made.ask("select sum(unaccounted) as n from staging.balance")["n"].iloc[0] == 0
