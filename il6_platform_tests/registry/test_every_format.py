"""A table is the same table in every format; what a format types is text as a person writes it."""

from __future__ import annotations

import io
import json
import struct
from contextlib import suppress
from datetime import date, datetime
from random import Random

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import open_sheets
from il6_platform_tests.registry.writing import (
    FORMATS,
    Rows,
    page,
    seven,
    statistical,
    tarred,
    text,
    zipped,
)

HEADER = ["patient_id", "analyte", "value", "unit", "collected_on"]

cell = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x9FFF, exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=12,
).filter(lambda text: not text.startswith("#") and text.strip() == text)
tables = st.lists(
    st.tuples(
        st.integers(1, 10**15).map(lambda n: f"P{n}"),
        cell,
        st.sampled_from(["1.5", "<2", "0.10", "12", ""]),
        st.sampled_from(["pg/mL", "ng/L", ""]),
        st.dates(date(1990, 1, 1), date(2030, 1, 1)).map(str),
    ).map(list),
    min_size=1,
    max_size=8,
)


def read(content: bytes, file: str) -> Rows:
    """The one table of a file: its header, and its rows with nothing where nothing is."""
    (sheet,) = open_sheets(file, content)
    header = sheet.export.header
    return [header, *[[row.cells.get(n, "") for n in header] for row in sheet.export.rows]]


@pytest.mark.parametrize("file", FORMATS)
@given(rows=tables)
@settings(max_examples=12, deadline=None)
def test_a_table_is_the_same_in_every_format(file: str, rows: Rows) -> None:
    whole = [HEADER, *rows]
    assert read(FORMATS[file](whole), file) == whole


@pytest.mark.parametrize("file", FORMATS)
def test_a_native_table_in_every_format_is_accepted_with_its_lines(file: str) -> None:
    rows = [[f"P{n}", "il6", f"{n}.5", "pg/mL", "2023-01-20"] for n in range(1, 6)]
    opened = open_deliveries(f"2024-01-31/{file}", FORMATS[file]([HEADER, *rows]), [])
    (made,) = opened.deliveries
    assert (made.status, made.table, made.problem) == ("accepted", "labs", None)
    assert made.export is not None and [*made.export.lines] == [2, 3, 4, 5, 6]
    assert [list(row.cells.values()) for row in made.export.rows] == rows
    assert str(made.delivered_on) == "2024-01-31"


@pytest.mark.parametrize("file", FORMATS)
def test_a_file_that_is_cut_is_refused_and_never_read_in_part(file: str) -> None:
    rows = [[f"P{n}", "il6", f"{n}.5", "pg/mL", "2023-01-20"] for n in range(10, 60)]
    whole = FORMATS[file]([HEADER, *rows])
    for left in (len(whole) * 2 // 3, len(whole) - 7, len(whole) - 2):
        if file in ("labs.xls", "x.tar") and left > len(whole) * 2 // 3:
            # what is cut off there is filling
            continue
        with suppress(ExportError):
            # where it is read, the cut takes nothing of the table
            assert read(whole[:left], file) == [HEADER, *rows]


def test_what_a_format_types_is_written_plainly() -> None:
    typed = pd.DataFrame(
        {
            "pid": ["T1", "T2", "T3"],
            "line": [1.0, 2.0, None],
            "x": [4.83, 1e-7, 12.0],
            "d": [date(2023, 2, 1), None, date(1950, 12, 31)],
            "t": [datetime(2023, 2, 1, 8, 30), datetime(2023, 2, 1), None],
        }
    )
    expected = [
        ["T1", "1", "4.83", "2023-02-01", "2023-02-01 08:30:00"],
        ["T2", "2", "1e-07", "", "2023-02-01"],
        ["T3", "", "12", "1950-12-31", ""],
    ]
    for kind in ("xpt5", "xpt8", "sav", "zsav", "dta"):
        assert read(statistical(typed, kind), f"x.{kind}")[1:] == expected, kind
    out = io.BytesIO()
    table = pa.Table.from_pandas(typed, preserve_index=False)
    parquet.write_table(table, out)
    assert read(out.getvalue(), "x.parquet")[1:] == expected
    out = io.BytesIO()
    typed.to_excel(out, index=False)
    expected[1][2] = "1e-07"
    assert read(out.getvalue(), "x.xlsx")[1:] == expected


def test_columns_of_arrow_of_every_kind() -> None:
    table = pa.table(
        {
            "short": pa.array([4.83, None], pa.float32()),
            "long": pa.array([1234567890123456789, 1], pa.int64()),
            "exact": pa.array(["1.50", "2.00"]).cast(pa.decimal128(10, 2)),
            "code": pa.array(["a", "b"]).dictionary_encode(),
            "flag": pa.array([True, False]),
            "time": pa.array([1_675_240_200_000_000_000, None], pa.timestamp("ns")),
            "list": pa.array([[1, 2], None]),
        }
    )
    out = io.BytesIO()
    parquet.write_table(table, out)
    _, first, second = read(out.getvalue(), "x.parquet")
    assert first == ["4.83", "1234567890123456789", "1.50", "a", "TRUE", "2023-02-01 08:30:00",
                     "[1, 2]"]  # fmt: skip
    assert second == ["", "1", "2", "b", "FALSE", "", ""]


@pytest.mark.parametrize("kind", ["sav", "zsav", "dta"])
def test_values_that_have_labels_are_read_as_these(kind: str) -> None:
    data = pd.DataFrame({"pid": ["T1", "T2", "T3"], "sex": [1, 2, 9]})
    labels = {"sex": {1: "F", 2: "M"}}
    content = statistical(data, kind, variable_value_labels=labels)
    assert read(content, f"x.{kind}")[1:] == [["T1", "F"], ["T2", "M"], ["T3", "9"]]


@pytest.mark.parametrize(
    ("kind", "code", "number", "text"),
    [
        ("xpt8", "Z4.", 7, "0007"),
        ("xpt8", "DATE9.", 22677, "2022-02-01"),
        ("xpt8", "MONYY7.", 22677, "2022-02"),
        ("xpt8", "YYMM7.", 22677, "2022-02"),
        ("xpt8", "YEAR4.", 22677, "2022"),
        ("xpt8", "YYQ6.", 22677, "2022 Q1"),
        ("xpt8", "NLDATE20.", 22677, "2022-02-01"),
        ("xpt8", "WORDDATE.", 22677, "2022-02-01"),
        ("xpt8", "YYMMDDN8.", 22677, "2022-02-01"),
        ("xpt8", "BEST12.", 22677, "22677"),
        ("xpt8", "F8.2", 22677, "22677"),
        ("sav", "N4", 7, "0007"),
        ("sav", "MOYR8", 13860000000, "2021-12"),
        ("sav", "QYR6", 13860000000, "2021 Q4"),
        ("sav", "F8.2", 7, "7"),
        ("dta", "%04.0f", 7, "0007"),
        ("dta", "%tm", 757, "2023-02"),
        ("dta", "%tq", 252, "2023 Q1"),
        ("dta", "%ty", 2023, "2023"),
        ("dta", "%tdNN/DD/CCYY", 22677, "2022-02-01"),
        ("dta", "%tdMon_CCYY", 22677, "2022-02"),
        ("dta", "%10.0g", 22677, "22677"),
    ],
)
def test_a_number_is_read_as_its_format_shows_it(
    kind: str, code: str, number: float, text: str
) -> None:
    data = pd.DataFrame({"pid": ["a", "b"], "v": [float(number), None]})
    content = statistical(data, kind, variable_format={"v": code})
    assert read(content, f"x.{kind}")[1:] == [["a", text], ["b", ""]]


def test_every_data_set_of_a_transport_file_is_read() -> None:
    first = statistical(pd.DataFrame({"A": ["x"]}), "xpt5", table_name="DM")
    second = statistical(pd.DataFrame({"B": ["y", "z"]}), "xpt5", table_name="LB")
    both = first + second[240:]
    found = {sheet.name: sheet.export.header for sheet in open_sheets("x.xpt", both)}
    assert found == {"DM": ["A"], "LB": ["B"]}


def test_records_of_json_as_systems_write_them() -> None:
    rows = [{"id": 1.0, "n": 12345678901234567890, "x": 1.50, "a": {"b": [{"c": True}, None]}}]
    header, values = read(json.dumps({"status": "ok", "data": rows}).encode(), "x.json")
    assert header == ["id", "n", "x", "a.b.0.c", "a.b.1"]
    assert values == ["1", "12345678901234567890", "1.5", "TRUE", ""]
    assert read(b'{"patients": [{"id": "1"}]}', "x.json") == [["id"], ["1"]]
    named = open_sheets("x.json", b'{"patients": [{"id": "1"}], "labs": [{"id": "1", "v": 2}]}')
    assert [sheet.name for sheet in named] == ["patients", "labs"]
    for content, says in [
        (b'[{"id": "1"}, {"id": "2"', "truncated"),
        (b'{"id": "1"}\n{"id": "2', "line 2 breaks off"),
        (b'{"id": "1"}\n{"id": }\n{"id": "3"}\n', "line 2 is no JSON"),
        (b'[{"id": "1", "id": "2"}]', "twice"),
        (b"[1, 2]", "no records"),
        (b"[]", "without a record"),
        (b'{"a":' * 5000, "nested too deeply|breaks off"),
    ]:
        with pytest.raises(ExportError, match=says):
            open_sheets("x.json", content)


def test_a_bundle_of_resources_is_a_sheet_for_each_kind() -> None:
    patient = {"resourceType": "Patient", "id": "p1", "gender": "male"}
    result = {"resourceType": "Observation", "subject": {"reference": "Patient/p1"}}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": patient}, {"resource": result}]}
    lines = "\n".join(map(json.dumps, [patient, result])) + "\n"
    for content in (json.dumps(bundle), lines, json.dumps([bundle])):
        sheets = {sheet.name: sheet.export for sheet in open_sheets("x.json", content.encode())}
        assert set(sheets) == {"Patient", "Observation"}
        (row,) = sheets["Observation"].rows
        assert row.cells["subject.reference"] == "Patient/p1"


def test_what_a_page_hides_is_passed_over_and_a_span_of_columns_stays_one_cell() -> None:
    rows = (
        "<tr><th>a</th><th colspan=2>b</th><th>c</th></tr>"
        "<tr><td rowspan=2>1</td><td>2</td><td>3</td><td>4<s>5</s></td></tr>"
        "<tr><td>6</td><td>7</td><td>8</td></tr>"
        "<tr style='display:none'><td>x</td><td>x</td><td>x</td><td>x</td></tr>"
    )
    content = f"<table><tr><td><table>{rows}</table></td></tr></table>".encode()
    (sheet,) = open_sheets("x.html", content)
    assert sheet.export.header == ["a", "b", "(column 3)", "c"]
    cells = [list(row.cells.values()) for row in sheet.export.rows]
    assert cells == [["1", "2", "3", "4 (struck through)"], ["1", "6", "7", "8"]]
    assert list(sheet.export.passed_over) == [4]


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "shift_jis", "utf-16"])
def test_a_page_says_its_encoding(encoding: str) -> None:
    word = "größe" if encoding != "shift_jis" else "検査"
    content = page([[word, "b"], ["1", "2"]]).decode().replace("utf-8", encoding)
    assert read(content.encode(encoding), "x.html") == [[word, "b"], ["1", "2"]]


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("labs.7z", seven({"labs.csv": b"a,b\n1,2\n"}, password="x"), "7z file with a password"),
        ("labs.rar", b"Rar!\x1a\x07\x01\x00", "RAR archive"),
        ("labs.parquet", b"PAR1" + b"x" * 40 + b"PARE", "with a key"),
        ("x.zip", zipped({"y.zip": zipped({"labs.csv": b"a,b\n1,2\n"})}), "archive within"),
        ("x.tgz", tarred({f"{n}.csv": b"a\n" for n in range(201)}, "w:gz"), "201 files"),
        ("x.xpt", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b" " * 30, "truncated"),
        ("x.xls", b"<html><body>Access denied</body></html>", "web page or XML without a table"),
    ],
)
def test_what_cannot_be_opened_says_why(file: str, content: bytes, says: str) -> None:
    with pytest.raises(ExportError, match=says):
        open_sheets(file, content)


def test_a_zip_file_with_a_password_is_said_to_have_one() -> None:
    content = bytearray(zipped({"labs.csv": b"a,b\n1,2\n"}))
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        place = content.index(start) + (6 if start == b"PK\x03\x04" else 8)
        content[place : place + 2] = struct.pack("<H", 1)
    with pytest.raises(ExportError, match="zip file with a password"):
        open_sheets("x.zip", bytes(content))


def test_other_files_in_an_archive_are_listed() -> None:
    rows = [HEADER, ["P1", "il6", "1.5", "pg/mL", "2023-01-20"]]
    files = {
        "labs.csv": text(rows),
        "letter.pdf": b"%PDF-1.4",
        "Thumbs.db": b"x",
        "__MACOSX/x": b"",
    }
    for file, content in (("x.zip", zipped(files)), ("x.7z", seven(files))):
        opened = open_deliveries(file, content, [])
        assert [one.status for one in opened.deliveries] == ["accepted"]
        listed = {one.name: one.passed_over for one in opened.sources if one.name != "labs.csv"}
        assert set(listed) == {"letter.pdf", "Thumbs.db"}
        assert all("is passed over" in why for one in listed.values() for why in one.values())
    (alone,) = open_deliveries("x.zip", zipped({"letter.pdf": b"%PDF-1.4"}), []).deliveries
    assert alone.status == "passed over"


@pytest.mark.parametrize("file", FORMATS)
def test_a_damaged_file_is_read_or_refused_in_words(file: str) -> None:
    rows = [[f"P{n}", "il6", f"{n}.5", "pg/mL", "2023-01-20"] for n in range(30)]
    whole = FORMATS[file]([HEADER, *rows])
    random = Random(file)
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(random.choice([1, 2, 5, 20])):
            content[random.randrange(len(content))] = random.randrange(256)
        with suppress(ExportError):
            open_sheets(file, bytes(content))


def test_a_data_set_that_says_it_has_any_number_of_rows_is_refused() -> None:
    content = bytearray(statistical([HEADER, ["P1", "il6", "1", "pg/mL", "2023-01-20"]], "dta"))
    place = content.index(b"<N>") + 3
    content[place : place + 8] = struct.pack("<Q", 2_000_000_000)
    with pytest.raises(ExportError, match="more cells than are taken"):
        open_sheets("x.dta", bytes(content))
