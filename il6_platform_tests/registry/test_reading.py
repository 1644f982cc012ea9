"""Native exports as people save them: read alike, or set aside where two readings are possible."""

from __future__ import annotations

import gzip
import io
import zipfile

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform import paths
from il6_platform.registry.cells import plain
from il6_platform.registry.cells.text import is_missing, missing_codes
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.profiles import read_profiles
from il6_platform.warehouse.study_tables import read_macros
from il6_platform_tests.registry.biff import xls
from il6_platform_tests.registry.test_formats import written
from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["made"]

SQL = duckdb.connect()
read_macros(SQL, "cells")
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


@pytest.mark.parametrize("text", ["NA", "n/a", "ND", "-99", "未检出", "", " ", ".", "null"])
def test_nothing_known(text: str) -> None:
    assert ask("cell(map {'value': $x}, 'value')", text) is None


@given(st.sampled_from(sorted(missing_codes())), st.sampled_from(["", " ", "\u3000", "\u00a0"]))
def test_sql_and_python_know_the_same_texts_that_say_nothing(code: str, blank: str) -> None:
    full_width = code.translate({ord(one): ord(one) + 0xFEE0 for one in "NAnap-9/.#"})
    for text in (code, code.upper(), full_width, f"{blank}{code}{blank}"):
        assert is_missing(text, is_number=True), text
        assert ask("cell(map {'value': $x}, 'value')", text) is None, text


@given(
    st.text(
        "Aa1 .<,\uff1c\uff21\uff19\u3000\u2013\u2212\u2019\u200b\ufeff\u3001\u2044é中", max_size=8
    )
)
def test_sql_and_python_take_the_same_signs_for_plain_ones(text: str) -> None:
    assert " ".join(str(ask("plain_text($x)", text)).split()) == plain(text)


def test_na_may_be_sodium_or_a_site() -> None:
    for column in ("analyte", "site_id", "drug", "patient_id"):
        assert ask(f"cell(map {{'{column}': $x}}, '{column}')", "NA") == "NA"
        assert ask(f"cell(map {{'{column}': $x}}, '{column}')", "\u3000") is None


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
    again = ["P1", "il6", "<1.5", "pg/mL", "2021-03-01"]
    later.write_text(written([LABS[0], again, *rows[1:]]))
    assert made.stage()
    assert len(made.ask("from staging.labs where collected_on = '2021-03-01'")) == 1
