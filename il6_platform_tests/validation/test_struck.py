"""A mistyped ghost patient is struck out, visibly, and can be taken back."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from il6_platform import cli
from il6_platform.errors import UsageError
from il6_platform.registry import struck
from il6_platform_tests.validation.conftest import Registry

PATIENTS = ["A,F,1950-01-01,", "A9,F,1950-01-01,", "B,M,1960-01-01,"]
LABS = ["A,il6,4,pg/mL,2020-01-02", "A9,il6,5,pg/mL,2020-01-02"]


def left_out(home: Path) -> list[tuple[object, ...]]:
    sheet = openpyxl.load_workbook(home / "worklist.xlsx")["removed and merged"]
    return list(sheet.iter_rows(min_row=2, values_only=True))


def test_a_ghost_is_removed_with_every_line_and_listed(
    made: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    home = made.folder / "home"
    made.deliver("2024-01-01", patients=PATIENTS, labs=LABS)
    assert made.stage()
    words = ["strike", "A9", "--home", str(home)]
    assert cli.main(words) == 2
    assert "a reason is needed" in capsys.readouterr().err
    assert cli.main([*words, "--why", "typing error for A"]) == 0
    assert "2 lines are removed" in capsys.readouterr().out
    assert "A9" not in (home / struck.NAME).read_text("utf-8")
    assert "A9" not in (home / "log").read_text("utf-8")
    assert made.stage()
    assert made.ask("select count(*) as n from staging.patients")["n"].iloc[0] == 2
    assert made.ask("select count(*) as n from staging.labs")["n"].iloc[0] == 1
    balance = made.ask("from staging.balance").set_index("table_name")
    assert balance["removed"].to_dict() == {"labs": 1, "patients": 1}
    assert not balance["withdrawn"].any() and not balance["unaccounted"].any()
    # the study's cohort knows nobody of them
    used = made.ask("select count(distinct patient) as n from staging.lines where not is_struck")
    assert used["n"].iloc[0] == 2
    (row,) = left_out(home)
    assert (row[0], row[1], row[4], row[5]) == ("struck out", "A9", "typing error for A", 2)
    # raw keeps what arrived
    assert made.ask("select count(*) as n from raw.labs")["n"].iloc[0] == 2
    assert cli.main([*words, "--undo"]) == 0
    assert made.stage()
    assert made.ask("select count(*) as n from staging.patients")["n"].iloc[0] == 3
    assert left_out(home) == []


def test_a_look_back_knows_whom_it_had_struck_out_by_then(tmp_path: Path) -> None:
    struck.strike(tmp_path, "f00", "li", "test record", date(2024, 5, 1))
    assert struck.read_struck(tmp_path, date(2024, 4, 30)) == []
    assert struck.read_struck(tmp_path, date(2024, 5, 1))[0]["why"] == "test record"
    with pytest.raises(UsageError, match="already"):
        struck.strike(tmp_path, "f00", "li", "again", date(2024, 6, 1))
    struck.undo(tmp_path, {"f00"})
    with pytest.raises(UsageError, match="not struck"):
        struck.undo(tmp_path, {"f00"})
    assert (tmp_path / struck.NAME).stat().st_mode & 0o077 == 0


def test_who_was_struck_out_stays_so_when_sites_tell_patients_apart(
    made: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first delivery of another site makes a patient a site and a number."""
    home = made.folder / "home"
    made.deliver("north/2024-01-01", patients=PATIENTS, labs=LABS)
    assert made.stage()
    assert cli.main(["strike", "A9", "--why", "typing error for A", "--home", str(home)]) == 0
    # the other site's number is another person's, though its export is of an earlier day
    others = ["A9,M,1961-01-01,", "C,M,1962-01-01,"]
    made.deliver("south/2023-06-01", patients=others, labs=["A9,il6,7,pg/mL,2020-01-02"])
    assert made.stage()
    known = made.ask("select site, is_struck from staging.lines where table_name = 'labs'")
    rows = sorted(tuple(row) for row in known.to_numpy().tolist())
    assert rows == [("north", False), ("north", True), ("south", False)]
    assert [row[:2] for row in left_out(home)] == [("struck out", "A9")]
    assert cli.main(["strike", "south:A9", "--undo", "--home", str(home)]) == 2
    assert "not struck out" in capsys.readouterr().err
    assert cli.main(["strike", "north:A9", "--undo", "--home", str(home)]) == 0
    assert made.stage()
    assert not made.ask("select bool_or(is_struck) as one from staging.lines")["one"].iloc[0]


def deliver_at(made: Registry, day: str, site: str) -> None:
    """Drop patients and labs whose column of sites says so."""
    folder = made.folder / "landing" / day
    folder.mkdir(parents=True)
    for table, head, rows in (
        ("patients", "patient_id,sex,birth_date", PATIENTS),
        ("labs", "patient_id,analyte,value,unit,collected_on", LABS),
    ):
        lines = [f"{head},site_id", *(f"{row.rstrip(',')},{site}" for row in rows)]
        (folder / f"{table}.csv").write_text("\n".join(lines), "utf-8")


def test_patients_stay_who_they_are_when_the_first_spelling_of_their_site_comes_again(
    made: Registry,
) -> None:
    deliver_at(made, "2024-01-01", "north")
    deliver_at(made, "2024-02-01", "North")
    assert made.stage()
    patients = "select distinct site, patient from staging.lines order by all"
    before = made.ask(patients).to_numpy().tolist()
    assert [site for site, _ in before] == ["north"] * 3
    landing = made.folder / "landing"
    shutil.copytree(landing / "2024-01-01", landing / "2024-03-01")
    assert made.stage()
    assert made.ask(patients).to_numpy().tolist() == before


def test_who_was_struck_out_stays_so_when_a_site_is_spelt_otherwise(made: Registry) -> None:
    """North sorts before north: by the first in the alphabet every patient was another one."""
    home = made.folder / "home"
    deliver_at(made, "2024-01-01", "north")
    assert made.stage()
    patients = "select distinct site, patient from staging.lines order by all"
    before = made.ask(patients).to_numpy().tolist()
    assert [site for site, _ in before] == ["north"] * 3
    why = ["--why", "typing error for A", "--home", str(home)]
    assert cli.main(["strike", "north:A9", *why]) == 0
    deliver_at(made, "2023-06-01", "North")
    assert made.stage()
    assert made.ask(patients).to_numpy().tolist() == before
    struck_out = made.ask("select count(*) as n from staging.lines where is_struck")
    assert struck_out["n"].item() == 4
    # of a home that once knew its patients by the spelling that is first in the alphabet
    listed = home / struck.NAME
    of = made.warehouse.pseudonyms.of
    listed.write_text(listed.read_text().replace(of("A9", "north"), of("A9", "North")), "utf-8")
    assert made.stage()
    assert made.ask("select count(*) as n from staging.lines where is_struck")["n"].item() == 4
    assert cli.main(["strike", "NORTH:A9", "--undo", "--home", str(home)]) == 0
    assert made.stage()
    assert not made.ask("select bool_or(is_struck) as one from staging.lines")["one"].item()
