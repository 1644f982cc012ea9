"""Files as they come: every encoding, delimiter and wrapping gives the same rows, or a sentence."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from il6_platform import paths
from il6_platform.registry import formats
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import open_sheets, read_text
from il6_platform.registry.formats.text import _is_written_twice
from il6_platform.registry.profiles import Profile, closest, read_profiles
from il6_platform.yaml_config import YamlConfigError

ROWS = [["患者", "结果", "größe"], ["P1", "<1.5", "naïve; semi, comma"], ["P2", "12,5", 'a "b"']]
PLAIN = [["patient", "value"], ["P1", "café"], ["P2", "Grüße"]]


def written(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def cells(content: bytes, file: str = "x.csv") -> list[list[str]]:
    (sheet,) = open_sheets(file, content)
    return [sheet.export.header, *(list(row.cells.values()) for row in sheet.export.rows)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", list(formats.DELIMITERS))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_unicode_in_any_dress(encoding: str, delimiter: str, end: str) -> None:
    assert cells(written(ROWS, delimiter, end).encode(encoding)) == ROWS


def test_chinese_and_western_bytes() -> None:
    chinese = [
        ["住院号", "性别", "出生日期", "结果"],
        *[[f"甲{i}", "男", "一九五〇", "未检出"] for i in range(9)],
    ]
    assert cells(written(chinese).encode("gb18030")) == chinese
    assert cells(written(PLAIN).encode("cp1252")) == PLAIN


@pytest.mark.parametrize(
    "titles", [[["Export of the registry"]], [["Registry"], [], ["Exported on", "2023-12-31"]]]
)
@pytest.mark.parametrize("delimiter", list(formats.DELIMITERS))
def test_a_title_above_the_header_is_passed_over(titles: list[list[str]], delimiter: str) -> None:
    plain = (paths.demo_landing() / "2019-12-31" / "labs.csv").read_text("utf-8")
    rows = list(csv.reader(io.StringIO(plain)))
    content = written([*titles, *rows], delimiter).encode()
    opened = open_deliveries("2019-12-31/labs.csv", content, [])
    (made,), (source,) = opened.deliveries, opened.sources
    assert made.status == "accepted" and made.table == "labs" and made.export is not None
    above, lines = [n for n, row in enumerate(titles, 1) if row], made.export.lines
    assert source.passed_over == dict.fromkeys(above, "it stands above the header")
    assert source.lines == len(lines) + len(above) == len(rows) - 1 + len(above)
    # a line goes by its number in the file
    assert [*lines] == [*range(len(titles) + 2, len(titles) + len(rows) + 1)]


def test_a_table_of_two_columns_has_its_header_in_the_first_line() -> None:
    for header in (["patient_id", "crp"], ["patient_id"], ["patient_id", ""]):
        content = written([header, ["P1", "3"], ["P2", "4"]]).encode()
        assert open_sheets("x.csv", content)[0].export.header[0] == "patient_id"


def test_wrapped_in_gzip_zip_and_workbooks(tmp_path: Path) -> None:
    content = written(ROWS).encode()
    assert cells(gzip.compress(content), "x.csv.gz") == ROWS
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a/patients.csv", content)
        archive.writestr("../../labs.csv", content)
        archive.writestr("__MACOSX/._labs.csv", b"junk")
    names = [sheet.name for sheet in open_sheets("x.zip", out.getvalue())]
    assert names == ["patients.csv", "labs.csv"]
    from xlsxwriter import Workbook

    with Workbook(tmp_path / "x.xlsx") as workbook:
        sheet = workbook.add_worksheet("labs")
        date = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["id", "day", "n", "x", "f"])
        sheet.write_row(2, 0, ["007", None, 3, 1.25, "=1+1"])
        sheet.write_number(2, 1, 44260, date)
    (found,) = open_sheets("x.xlsx", (tmp_path / "x.xlsx").read_bytes())
    (row,) = found.export.rows
    assert (found.name, row.line) == ("labs", 3)
    assert row.cells["id"] == "007"
    assert row.cells["day"] == "2021-03-05"
    assert (row.cells["n"], row.cells["x"]) == ("3", "1.25")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b'a,b\n1,"2', "unclosed quote"),
        (b"PK\x03\x04broken", "zip file"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], "cut short"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rubbish", "workbook"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "larger than field limit"),
    ],
)
def test_what_cannot_be_read_is_said(content: bytes, says: str) -> None:
    with pytest.raises(ExportError, match=says):
        open_sheets("x", content)


LINES = [f"T{n},2023-08-0{n},PD,,x" for n in range(1, 6)]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize(("opened", "closed"), [(1, 1), (1, 3), (0, 2), (3, 3), (4, 4), (2, 0)])
def test_lines_that_stand_in_a_cell_of_another_one_are_refused(
    opened: int, closed: int, delimiter: str
) -> None:
    rows = [line.split(",") for line in LINES]
    rows[1][opened] = f'"{rows[1][opened]}'
    rows[3][closed] = f'{rows[3][closed]}"'
    text = "\n".join(delimiter.join(row) for row in [[*"abcde"], *rows, *rows[:1]]) + "\n"
    with pytest.raises(ExportError, match=rf"line 3: a quotation mark in cell {opened + 1} "):
        open_sheets("x.csv", text.encode())


def test_a_line_break_in_a_cell_is_no_open_quote() -> None:
    rows = [*LINES[:2], 'T3,2023-08-03,PD,,"seen, then\nhome, well"', LINES[3]]
    rows += ['T5,"2023-08-05\n",PD,,"a\nb"']
    (found,) = open_sheets("x.csv", "\n".join(["a,b,c,d,e", *rows, ""]).encode())
    assert len([*found.export.rows]) == 5


def test_a_bomb_does_not_go_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats.sheets, "MAX_BYTES", 100_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labs.csv", b"0" * 10_000_000)
    for file in (out.getvalue(), gzip.compress(b"0" * 10_000_000)):
        with pytest.raises(ExportError, match="unfolds to more"):
            open_sheets("x", file)


@given(st.binary(max_size=400))
@example(b"\xad")
@settings(max_examples=100, deadline=None)
def test_no_bytes_give_a_traceback(content: bytes) -> None:
    for made in open_deliveries("labs.csv", content, read_profiles(PROFILES)).deliveries:
        assert made.status in ("accepted", "rejected", "unrecognised", "passed over")
        assert made.problem or made.export is not None


def test_a_line_of_signs_that_nobody_sees_is_no_header() -> None:
    export = read_text("\u00ad,\u200b\npatient_id,sex\nA,F\n".encode())
    assert [row.cells for row in export.rows] == [{"patient_id": "A", "sex": "F"}]


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1,
                         max_size=8), min_size=3, max_size=3),
        min_size=1, max_size=20,
    )
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_no_line_is_lost(rows: list[list[str]]) -> None:
    whole = [["alpha", "beta", "gamma"], *rows]
    # letters such as a wrong encoding makes are refused by their name: no line of them is lost
    assume(not _is_written_twice(written(whole)))
    # one line that another sign divides may be the header of a table without a row
    assume(len(rows) > 1 or not {*";\t|"} & {*"".join(rows[0])})
    export = read_text(written(whole).encode())
    assert [list(row.cells.values()) for row in export.rows] == rows
    assert [row.line for row in export.rows] == list(range(2, len(rows) + 2))


PROFILES = Path(__file__).parents[2] / "data" / "profiles"


def test_a_profile_that_cannot_be_is_refused_by_line_and_key(tmp_path: Path) -> None:
    good = (PROFILES / "cdisc.yaml").read_text()
    for bad, says in [
        (good.replace("missing:", "mising:"), "key mising"),
        (good.replace("requires: [drug]", "requires: [drug]\n    colums: {}"), "unknown key"),
        (good.replace("patient_id: USUBJID, line: EXLINE,", "line: EXLINE,"), "needs patient_id"),
        (good.replace("identifiers: [SUBJNAM", "identifiers: [SEX"), "is an identifier"),
        ("!!python/object/apply:os.system [echo]", "must be keys and values"),
        ("- a list", "must be keys and values"),
    ]:
        (tmp_path / "x.yaml").write_text(bad)
        with pytest.raises(YamlConfigError, match=says) as told:
            read_profiles(tmp_path)
        assert "x.yaml" in str(told.value)


def test_a_file_that_nothing_fits_names_the_closest_profile() -> None:
    profiles = read_profiles(PROFILES)
    content = written([["住院号", "性别", "年龄"], ["1", "男", "60"]]).encode()
    (made,) = open_deliveries("x.csv", content, profiles).deliveries
    assert made.status == "unrecognised"
    assert "chinese_hospital (67% of its columns); it lacks 出生日期" in (made.problem or "")
    assert closest(profiles, open_sheets("x.csv", b"a,b\n1,2\n")) is None


def test_lines_keep_their_numbers_through_a_profile() -> None:
    profiles = read_profiles(PROFILES)
    content = (
        "USUBJID\tLBTESTCD\tLBORRES\tLBORRESU\tLBDTC\n\nP1\tIL6\t3\tpg/mL\t2020-01-01\n\n"
        "P2\tIL6\tND\tpg/mL\t2020-01-02\nP3\tIL6\t4\tpg/mL\t2020-01-03\textra\n"
    )
    (made,) = open_deliveries("lb.txt", content.encode("utf-16"), profiles).deliveries
    assert made.export is not None
    assert made.export is not None
    rows = {row.line: row for row in made.export.rows}
    assert set(rows) == {3, 5, 6}
    assert rows[3].cells["value"] == "3"
    assert "value" not in rows[5].cells
    assert rows[6].problem
    assert isinstance(profiles[0], Profile)


def test_a_line_break_beyond_the_header_moves_no_line() -> None:
    plain = (paths.demo_landing() / "2019-12-31" / "labs.csv").read_text("utf-8")
    rows = list(csv.reader(io.StringIO(plain)))
    rows[3].append("two\nlines")
    content = written(rows).encode("utf-16")
    opened = open_deliveries("2019-12-31/labs.csv", content, [])
    (made,), (source,) = opened.deliveries, opened.sources
    assert made.export is not None and not source.passed_over
    # the third row stands on two lines of the file
    assert [*made.export.lines] == [2, 3, 4, *range(6, len(rows) + 2)]
