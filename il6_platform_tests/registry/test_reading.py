"""Native exports as people save them: read alike, or set aside where two readings are possible."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform import paths
from il6_platform.registry.cells import read_day, read_number
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.profiles import read_profiles
from il6_platform_tests.registry.biff import xls
from il6_platform_tests.registry.test_formats import written
from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["made"]

SQL = duckdb.connect()
SQL.execute("create schema study; create table study.analytes (name varchar, analyte varchar)")
SQL.execute(paths.sql_file("macros.cells").read_text("utf-8"))
LABS = [
    ["patient_id", "analyte", "value", "unit", "collected_on"],
    ["P1", "il6", "1.5", "pg/mL", "2021-03-05"],
    ["P2", "crp", "12", "mg/L", "2021-03-06"],
]


def ask(expression: str, text: str) -> object:
    row = SQL.execute(f"select {expression}", {"x": text}).fetchone()
    assert row is not None
    return row[0]


# --- one cell -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("2021-03-05", "2021/3/5", "2021.3.5", "20210305", "2021年3月5日", "44260", "44260.0"),
        *("05-Mar-2021", "5 mar 2021", "5MAR2021", "Mar 5, 2021", "2021-03-05 14:30:00"),
        "2021-03-05T00:00",
    ],
)
def test_a_day_that_can_be_read_in_one_way_only(text: str) -> None:
    assert str(ask("iso_date($x)", text)) == "2021-03-05"


@pytest.mark.parametrize(
    "text",
    [
        "05/03/2021",
        "14/03/2021",
        "5.3.2021",
        "21-03-05",
        "2021-02-30",
        "2021/3-5",
        "5 Mai 2021",
        "442",
    ],
)
def test_a_day_that_cannot(text: str) -> None:
    assert ask("iso_date($x)", text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("1.5", 1.5), ("1.2e1", 12), ("1,234.5", 1234.5), ("1,234,567", 1234567)),
        *(("1 234", 1234), ("1'234.5", 1234.5), (".5", 0.5), ("-0", 0)),
        *(("12,5", None), ("1,234", None), ("1.234,5", None), ("1e999", None), ("nan", None)),
        *(("=5", None), ("0x1f", None), ("1.5 pg", None), ("9" * 400, None)),
    ],
)
def test_a_number(text: str, value: float | None) -> None:
    assert ask("plain_number($x)", text) == value


@pytest.mark.parametrize(
    "text", ["<1.5", "< 1.5", "\uff1c1.5", "≤1.5", "<=1.5", "\uff1c\uff11.\uff15"]
)
def test_a_result_at_the_limit(text: str) -> None:
    read = "cell(map {'value': $x}, 'value')"
    assert ask(f"result_number({read})", text) == 1.5
    assert ask(f"{read}[1]", text) == "<"


@pytest.mark.parametrize("text", ["NA", "n/a", "ND", "-99", "未检出", "", " ", ".", "null"])
def test_nothing_known(text: str) -> None:
    assert ask("cell(map {'value': $x}, 'value')", text) is None


def test_na_may_be_sodium_or_a_site() -> None:
    for column in ("analyte", "site_id", "drug", "patient_id"):
        assert ask(f"cell(map {{'{column}': $x}}, '{column}')", "NA") == "NA"
        assert ask(f"cell(map {{'{column}': $x}}, '{column}')", "\u3000") is None


@given(
    st.dates(min_value=date(1930, 1, 1), max_value=date(2090, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d-%b-%Y", "%d %b %Y"]),
)
def test_sql_and_profiles_read_a_day_alike(day: date, pattern: str) -> None:
    text = day.strftime(pattern)
    assert str(ask("iso_date($x)", text)) == str(read_day(text).day) == day.isoformat()


@given(st.text(alphabet="0123456789-/. eE+<", max_size=12))
def test_what_sql_reads_a_profile_reads_alike(text: str) -> None:
    bare = text.strip()
    day = ask("iso_date($x)", bare)
    if day is not None:
        assert read_day(bare).day in (day, None)
    value = ask("result_number($x)", bare)
    if value is not None:
        assert read_number(bare).value in (value, None)


# --- a file ---------------------------------------------------------------------------------------


def workbook(sheets: dict[str, list[list[str]]]) -> bytes:
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        *((f"labs {d!r}.csv", written(LABS, d).encode()) for d in ";\t|"),
        *((f"labs.{e}.csv", written(LABS).encode(e)) for e in ("utf-16", "utf-8-sig", "gb18030")),
        *((f"labs.{end!r}.csv", written(LABS, ";", end).encode()) for end in ("\r", "\r\n")),
        ("labs.csv.gz", gzip.compress(written(LABS).encode())),
        ("export.zip", zipped({"a/labs.csv": written(LABS, ";").encode("utf-16")})),
        ("export.xlsx", workbook({"labs": LABS, "Notes": [["made by"], ["somebody"]]})),
        ("export.csv", written([[name.upper() for name in LABS[0]], *LABS[1:]]).encode()),
        ("labs.xlsx", workbook({"Tabelle1": [["", ""], *LABS]})),
    ],
)
def test_a_native_table_in_any_dress(file: str, content: bytes) -> None:
    opened = open_deliveries(file, content, read_profiles(paths.project_root() / "data/profiles"))
    (one,) = opened.deliveries
    assert (one.status, one.table) == ("accepted", "labs"), one.problem
    assert one.export is not None
    assert [list(row.cells.values()) for row in one.export.rows] == LABS[1:]


def test_a_real_xls_of_several_sheets() -> None:
    follow_up = [["patient_id", "last_contact_on", "vital_status"], ["P1", "2021-05-01", "alive"]]
    labs = [LABS[0], ["P1", "白介素6", 1.5, "pg/mL", 44260.0]]
    opened = open_deliveries("export.xls", xls({"labs": labs, "follow_up": follow_up}), [])
    rows = {
        one.table: [list(row.cells.values()) for row in one.export.rows]
        for one in opened.deliveries
        if one.export is not None
    }
    assert rows == {
        "labs": [["P1", "白介素6", "1.5", "pg/mL", "44260"]],
        "follow_up": follow_up[1:],
    }


def test_a_registry_that_people_typed_is_staged_as_they_meant_it(made: Registry) -> None:
    folder = made.folder / "landing" / "2024-01-01"
    folder.mkdir(parents=True)
    (folder / "patients.csv").write_text(
        "patient_id;sex;birth_date;ras_status\nP1;f;1950/3/5;NA\n\uff30\uff12;M;18264;wild-type\n",
        "utf-16",
    )
    (folder / "treatments.csv").write_text(
        "patient_id,line,drug,start_date\nP1,1,Bevacizumab,05-Mar-2021\nP2,\uff11,oxaliplatin,44260\n"
    )
    rows = [
        ["P1", "IL6", "\uff1c1.5", "pg/mL", "2021/3/1"],
        ["P2", "il6", "1.2e1", "pg/mL", "5 Feb 2021"],
        ["P1", "crp", "5,000", "mg/L", "2021-03-01"],
        ["P1", "cea", "2", "ng/mL", "05/03/2021"],
    ]
    (folder / "labs.xlsx").write_bytes(workbook({"labs": [LABS[0], *rows]}))
    assert made.stage()
    people = made.ask(
        "select sex, birth_date::varchar as born, ras_status from staging.patients order by born"
    )
    assert people.values.tolist() == [["M", "1950-01-01", "wild-type"], ["F", "1950-03-05", None]]
    starts = made.ask("select distinct start_date::varchar as d, line from staging.treatments")
    assert starts.values.tolist() == [["2021-03-05", 1]]
    labs = made.ask(
        "select value, beyond_limit as b, collected_on::varchar as d from staging.labs order by d"
    )
    assert labs["value"].tolist() == [12, 1.5] and labs["b"].tolist() == [None, "<"]
    assert labs["d"].tolist() == ["2021-02-05", "2021-03-01"]
    # raw keeps what was typed, and the worklist shows it
    assert made.ask("select count(*) as n from raw.labs where cells['collected_on'] = '2021/3/1'")[
        "n"
    ].iloc[0]
    worklist = made.ask("select rule, value from staging.quarantine where severity = 'quarantine'")
    assert set(map(tuple, worklist.values.tolist())) == {
        ("value_is_readable", "5,000"),
        ("collected_on_is_readable", "05/03/2021"),
    }
    # the same sample, its day written otherwise, is the same record
    later = made.folder / "landing" / "2024-02-01" / "labs.csv"
    later.parent.mkdir()
    later.write_text(written([LABS[0], ["P1", "il6", "<1.5", "pg/mL", "2021-03-01"]]))
    assert made.stage()
    assert len(made.ask("from staging.labs where collected_on = '2021-03-01'")) == 1
