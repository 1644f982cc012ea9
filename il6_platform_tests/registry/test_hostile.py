"""Hostile input stays data: it is kept, set aside or refused in words, and never obeyed."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.exports import MAX_CELL
from il6_platform.registry.landing import landed
from il6_platform.registry.profiles import Profile
from il6_platform.yaml_config import YamlConfigError, read_typed
from il6_platform_tests.registry.biff import xls
from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["made"]

PEOPLE = ["A,F,1950-01-01,", "B,M,1960-01-01,"]
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "<img src=x onerror=alert(1)>",
    "'; drop table raw.labs; --",
    "\\') or 1=1 --",
    "{{ 7 * 7 }}",
    "%(patient)s {0.__class__}",
    "../../etc/passwd",
    "\u202egpj.exe",
    'a "quote" too many',
]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def test_what_a_spreadsheet_or_a_database_would_obey_stays_text(made: Registry) -> None:
    made.deliver(
        "2024-01-01",
        patients=PEOPLE,
        labs=[f"A,il6,{quoted(text)},pg/mL,2020-01-{n + 1:02}" for n, text in enumerate(HOSTILE)]
        + [f"B,{quoted(text)},1,{quoted(text)},2020-02-01" for text in HOSTILE],
    )
    folder = made.folder / "landing" / "2024-01-01"
    # in headers, and in the name of the file
    header = ",".join(["patient_id", "last_contact_on", "vital_status", *map(quoted, HOSTILE)])
    name = "follow_up'; drop table raw.deliveries; -- \"<b>.csv"
    (folder / name).write_text(f"{header}\nA,2023-01-01,alive,{','.join(map(quoted, HOSTILE))}\n")
    assert made.stage()
    assert made.ask("select count(*) as n from raw.labs")["n"].iloc[0] == 2 * len(HOSTILE)
    kept = made.ask("select cells['value'] as text from raw.labs where cells['analyte'] = 'il6'")
    assert set(kept["text"]) == set(HOSTILE)
    assert len(made.ask("from staging.follow_up")) == 1
    columns = made.ask("select column_name from raw.column_changes where change = 'new'")
    assert {text.lower() for text in HOSTILE} == set(columns["column_name"])
    home = made.folder / "home"
    made.warehouse.leave_worklist()
    book = load_workbook(home / "worklist.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    # the only links are the platform's own, to the rule on the page of data quality
    links = {cell.hyperlink.target or "" for cell in cells if cell.hyperlink}
    assert {link.partition("#")[0] for link in links} <= {"quality.html"}
    assert {cell.value for cell in cells if cell.value} > set(HOSTILE)


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"patient_id,sex,birth_date\nA,F,1950-01-01\0\n", "rejected", "NUL bytes"),
        (b"patient_id,sex,birth_date\nA,F," + b"9" * (MAX_CELL + 1) + b"\n", "rejected", "line 2"),
        (b'patient_id,sex,birth_date\nA,F,"1950-01-01\nB,F,1950-01-01\n', "rejected", "quote"),
        (b"patient_id,sex,birth_date\nA,F,1950-01-01\nB,F", "rejected", "line 3 breaks off"),
        (b"patient_id,sex,sex,birth_date\nA,F,F,1950-01-01\n", "rejected", "sex twice"),
        # hombre and mujer: each M was a man
        (b"patient_id,sex,birth_date\nA,H,1950-01-01\nB,M,1950-01-01\n", "rejected", "mujer"),
        (b"PK\x03\x04", "rejected", "zip file"),
        (b"\x1f\x8b\x08\x00", "rejected", "gzip file"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, status: str, says: str) -> None:
    (one,) = open_deliveries("patients.csv", content, []).deliveries
    assert one.status == status
    assert one.problem is not None and says in one.problem


@pytest.mark.parametrize("sep", [",", ";"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_signs_that_nobody_sees_are_none_of_a_column_s_name(sep: str, bom: str) -> None:
    # two byte order marks where two exports were joined; a withdrawal of consent would be unread
    header = f"{bom}\ufeffpatient_id,sex,birth_date,consent_withdrawn_on\u200b"
    content = f"{header}\nA,F,1950-01-01,2023-01-01\n".replace(",", sep).encode()
    (one,) = open_deliveries("patients.csv", content, []).deliveries
    assert one.status == "accepted" and one.export is not None
    assert one.export.header == ["patient_id", "sex", "birth_date", "consent_withdrawn_on"]


def test_ten_thousand_columns_and_lines_of_any_width() -> None:
    header = "patient_id,sex,birth_date," + ",".join(f"c{n}" for n in range(10_000))
    widths = [f"P{n},F,1950-01-01" + ",x" * n for n in range(0, 10_050, 50)]
    content = "\n".join([header, *widths, ""]).encode()
    (one,) = open_deliveries("patients.csv", content, []).deliveries
    assert one.status == "accepted" and one.export is not None
    assert len(one.export.lines) == len(widths)
    # shorter ones, and the one that goes beyond
    assert len(one.export.problems) == len(widths) - 1
    assert list(one.export.surplus) == []


def test_a_member_of_an_archive_is_never_a_path() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("../../patients.csv", "/etc/patients.csv", "C:\\x\\patients.csv"):
            archive.writestr(name, b"patient_id,sex,birth_date\nA,F,1950-01-01\n")
    opened = open_deliveries("x.zip", out.getvalue(), [])
    assert [one.sheet for one in opened.deliveries] == [
        *("patients.csv", "patients.csv (2)", "patients.csv (3)")
    ]
    assert len({one.digest for one in opened.deliveries}) == 3


def test_a_lone_cell_far_out_does_not_fill_the_memory() -> None:
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out) as book:
        sheet = book.add_worksheet("labs")
        sheet.write(0, 0, "patient_id")
        sheet.write(1_048_575, 16_383, "x")
    (one,) = open_deliveries("labs.xlsx", out.getvalue(), []).deliveries
    assert one.status == "rejected"
    assert one.problem is not None and "1048576 rows and 16384 columns" in one.problem


@pytest.mark.parametrize("cut", range(512, 1600, 66))
def test_a_workbook_that_makes_its_reader_give_up_is_refused_in_words(cut: int) -> None:
    # the reader panics of some of these: no Exception
    (one,) = open_deliveries("labs.xls", xls({"labs": [["patient_id"]]})[:cut], []).deliveries
    assert one.status == "rejected" and one.problem is not None
    assert "export it again" in one.problem


def test_links_and_pipes_in_the_landing_folder_are_no_deliveries(tmp_path: Path) -> None:
    landing, outside = tmp_path / "landing", tmp_path / "outside"
    landing.mkdir()
    outside.mkdir()
    (outside / "patients.csv").write_text("patient_id,sex,birth_date\n")
    (landing / "link.csv").symlink_to(outside / "patients.csv")
    (landing / "folder").symlink_to(outside, target_is_directory=True)
    (landing / "nowhere.csv").symlink_to(tmp_path / "nothing")
    os.mkfifo(landing / "pipe.csv")
    assert landed(landing) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch HACKED']",
        "name: !!python/name:os.system",
        "a: &a [*a]",
        "name: [",
        "- 1",
    ],
)
def test_yaml_makes_no_objects(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    with pytest.raises(YamlConfigError, match="profile"):
        read_typed(path, Profile, "profile", "remove it")
    assert not (tmp_path / "HACKED").exists()
