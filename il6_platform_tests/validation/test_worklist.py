"""What the data manager opens: every problem, its age, and where each line went."""

from __future__ import annotations

import stat
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from il6_platform.validation.worklist import tasks
from il6_platform_tests.validation.conftest import Registry

PATIENTS = ["A,F,1950-01-01,", "B,M,1960-01-01,"]
WRONG = ["A,=cmd|'/C calc'!A0,pg/mL,5,2020-01-01", "A,il6,=1+1,pg/mL,2020-01-02"]


def sheet(home: Path, name: str) -> list[dict[str, Any]]:
    """Read a sheet as rows; a formula would come back as a formula."""
    cells = openpyxl.load_workbook(home / "worklist.xlsx")[name]
    head, *rows = cells.iter_rows()
    assert all(cell.data_type in ("s", "n") for row in rows for cell in row)
    return [
        {str(top.value): cell.value for top, cell in zip(head, row, strict=True)} for row in rows
    ]


def test_each_problem_is_a_row_with_its_age_until_it_is_put_right(made: Registry) -> None:
    home = made.folder / "home"
    made.deliver("2024-01-01", patients=PATIENTS, labs=WRONG)
    assert made.stage()
    assert stat.S_IMODE((home / "worklist.xlsx").stat().st_mode) == 0o600
    found = {(row["line"], row["rule"]): row for row in sheet(home, "worklist")}
    assert set(found) == {(2, "value_is_readable"), (3, "value_is_readable")}
    row = found[3, "value_is_readable"]
    assert row["file"] == "2024-01-01/labs.csv"
    assert (row["column"], row["value as received"]) == ("value", "=1+1")
    assert row["what is wrong"].startswith("value is not a number")
    assert row["what to do"] == "correct it"
    assert row["who puts it right"] == "laboratory"
    # the data manager knows the patient by the registry's number
    assert (row["table"], row["patient"], row["sheet"]) == ("labs", "A", None)
    assert (row["severity"], row["age in days"]) == ("quarantine", 0)
    # ten days on
    made.ask("update staging.first_seen set first_seen_on = first_seen_on - 10")
    made.deliver("2024-02-01", patients=PATIENTS, labs=[WRONG[0], "A,il6,2,pg/mL,2020-01-02"])
    assert made.stage()
    left = sheet(home, "worklist")
    assert [(row["line"], row["age in days"]) for row in left] == [(2, 10)]
    assert left[0]["first seen on"] == str(date.fromisoformat(_today(made)) - timedelta(days=10))


def test_a_sentence_says_what_is_wrong_with_the_record(made: Registry) -> None:
    labs = ["A,il6,5,pg/mL,2020-01-01", "A,cea,2,ng/mL,31.02.2018", "B,cea,2,ng/mL,03/04/1950"]
    labs.append("B,cea,2,ng/mL,13/05/2021")
    made.deliver("2024-01-01", patients=PATIENTS, labs=labs)
    labs[0] = "A,il6,5,ng/mL,2020-01-01"
    people = [*PATIENTS, "C-07,F,1950-01-01,", "c-7,F,1950-01-01,"]
    made.deliver("2024-02-01", patients=people, labs=[*labs, "C 7,cea,2,ng/mL,2020-01-01"])
    assert made.stage()
    said = {
        (row["table"], row["line"], row["rule"]): row["what is wrong"]
        for row in sheet(made.folder / "home", "worklist")
    }
    assert said["labs", 2, "value_stays"] == (
        "The unit changed from pg/mL to ng/mL (value 5 unchanged) since 2024-01-01/labs.csv"
    )
    assert said["labs", 3, "collected_on_is_readable"] == "collected_on is no day of the calendar"
    assert said["labs", 4, "collected_on_is_readable"].startswith(
        "collected_on can be more than one day"
    )
    assert said["labs", 5, "collected_on_is_readable"] == (
        "Whether collected_on has the day or the month first is not declared for this export"
    )
    assert said["labs", 6, "patient_is_known"].startswith(
        "The patient is in no patients export, but in another spelling in 2024-02-01/patients.csv, "
    )
    assert "in 2024-02-01/patients.csv, line 5" in said["patients", 4, "patient_id_is_spelt_once"]


def _today(made: Registry) -> str:
    return str(made.ask("select current_date as today")["today"].iloc[0])[:10]


def test_a_refresh_that_is_blocked_leaves_its_worklist(made: Registry) -> None:
    made.study.write_text(made.study.read_text().replace("share: 1", "share: 0.1"))
    made.deliver("2024-01-01", patients=PATIENTS, labs=WRONG)
    assert not made.stage()
    home = made.folder / "home"
    assert len(sheet(home, "worklist")) == 2
    # an export that cannot be read is on it as long as it is there
    made.deliver("2024-01-02", follow_up=["A,2021-01-01,alive,"])
    unread = made.folder / "landing" / "2024-01-02" / "follow_up.csv"
    unread.write_text('patient_id,"last')
    assert not made.stage()
    files = {row["file"]: row["what is wrong"] for row in sheet(home, "worklist")}
    assert "line 1" in files["2024-01-02/follow_up.csv"]
    unread.unlink()
    made.stage()
    assert len(sheet(home, "worklist")) == 2


def test_the_book_and_the_balance_are_beside_the_list(made: Registry) -> None:
    made.deliver("2024-01-01", patients=PATIENTS, labs=WRONG)
    made.deliver("2024-02-01", patients=[PATIENTS[0], "B,F,1960-01-01,"], labs=WRONG[:1])
    assert made.stage()
    home = made.folder / "home"
    rules = {(row["table"], row["rule"]): row for row in sheet(home, "rule book")}
    assert rules["staging.labs", "value_is_readable"]["who puts it right"] == "laboratory"
    assert rules["staging.exports", "registry_did_not_shrink"]["severity"] == "block"
    balance = {row["table_name"]: row for row in sheet(home, "balance")}
    assert balance["patients"] == {
        **{"table_name": "patients", "received": 4, "current": 2, "superseded": 1, "duplicate": 1},
        **{"removed": 0, "quarantined": 0, "withdrawn": 0, "forgotten": 0, "passed_over": 0},
        "unaccounted": 0,
    }
    assert balance["labs"]["quarantined"] == 1 and balance["labs"]["received"] == 3


def test_a_line_that_is_lost_or_stands_twice_is_found(made: Registry) -> None:
    made.deliver("2024-01-01", patients=PATIENTS, labs=["A,il6,2,pg/mL,2020-01-09", *WRONG])
    assert made.stage()
    assert made.checks["staging.balance", "every_line_is_accounted_for"].passed
    faults = {
        "staging.labs": ["delete from staging.labs", "insert into staging.labs from staging.labs"],
        "staging.quarantine": ["delete from staging.quarantine"],
        "staging.lines": ["update staging.lines set status = 'superseded' where line = 2"],
        "raw.labs": ["insert into raw.labs by name select * replace (99 as line) from raw.labs"],
    }
    for table, statements in faults.items():
        for fault in statements:
            made.ask(f"create or replace table main.before as from {table}")
            made.ask(fault)
            made.warehouse.run_sql("staging.balance")
            lost = made.ask("select sum(unaccounted) as n from staging.balance")["n"].iloc[0]
            assert lost > 0, fault
            made.ask(f"create or replace table {table} as from main.before")


def test_an_empty_list_takes_the_place_of_the_one_before(made: Registry) -> None:
    made.deliver("2024-01-01", patients=PATIENTS, labs=WRONG[1:])
    made.stage()
    assert len(sheet(made.folder / "home", "worklist")) == 1
    made.deliver("2024-02-01", patients=PATIENTS, labs=["A,il6,2,pg/mL,2020-01-02"])
    made.stage()
    assert sheet(made.folder / "home", "worklist") == []


def test_what_is_set_aside_comes_first_and_names_the_number_as_it_was_written(
    made: Registry,
) -> None:
    made.deliver(
        "2024-01-01",
        patients=[*PATIENTS, "a,F,1950-01-01,", "C,F,2015-01-01,"],
        labs=["NOBODY 7,il6,2,pg/mL,2020-01-02", ",il6,2,pg/mL,2020-01-02", "A,il6,2,pg/mL,-99"],
    )
    made.stage()
    found = sheet(made.folder / "home", "worklist")
    assert [(row["severity"], row["line"], row["patient"], row["column"]) for row in found] == [
        ("quarantine", 2, "NOBODY 7", "patient_id"),
        ("quarantine", 3, None, "patient_id"),
        ("quarantine", 4, "A", "collected_on"),
        ("warn", 2, "A", "patient_id"),
        ("warn", 4, "a", "patient_id"),
        ("warn", 5, "C", "birth_date"),
    ]
    # a code for nothing is judged as nothing, and shown as it was received
    values = ["NOBODY 7", None, "-99", "A", "a", "2015-01-01"]
    assert [row["value as received"] for row in found] == values


def test_a_workbook_is_named_with_its_sheet_and_line(made: Registry) -> None:
    book = openpyxl.Workbook()
    patients, labs = book.active, book.create_sheet("labs")
    assert patients is not None
    patients.title = "patients"
    for row in (["patient_id", "sex", "birth_date"], ["A", "F", "1950-01-01"]):
        patients.append(row)
    for row in (
        ["patient_id", "analyte", "value", "unit", "collected_on"],
        [],
        ["A", "il6", "much", "pg/mL", "2020-01-01"],
    ):
        labs.append(row)
    folder = made.folder / "landing" / "2024-01-01"
    folder.mkdir(parents=True)
    book.save(folder / "registry.xlsx")
    made.stage()
    (row,) = sheet(made.folder / "home", "worklist")
    place = (row["file"], row["sheet"], row["table"], row["line"], row["patient"])
    assert place == ("2024-01-01/registry.xlsx", "labs", "labs", 3, "A")


def test_a_sentence_without_advice_gets_some() -> None:
    found = pd.DataFrame(
        [
            {
                **dict.fromkeys(["file", "table_name", "record", "patient_id", "column_name"], "x"),
                **{"sheet": "", "who puts it right": None, "cost": None, "unit": None},
                **{"value": "y", "value_before": None, "severity": "warn", "rule": "r"},
                **{"file_line": 1, "first_seen_on": "2024-01-01", "sentence": "y must be z"},
            }
        ]
    )
    row = tasks(found, date(2024, 1, 31)).iloc[0]
    assert (row["what is wrong"], row["what to do"]) == (
        "y must be z",
        "correct it and export it again",
    )
    assert row["age in days"] == 30


def test_a_long_sentence_has_room_in_any_program(made: Registry) -> None:
    made.deliver("2024-01-01", patients=PATIENTS, labs=["A,il6,2,furlongs,2020-01-02", WRONG[0]])
    made.stage()
    rows = openpyxl.load_workbook(made.folder / "home" / "worklist.xlsx")["worklist"]
    heights = {
        str(row[8].value): rows.row_dimensions[number].height
        for number, row in enumerate(rows.iter_rows(min_row=2), start=2)
    }
    assert heights["The unit is not known for this analyte"] >= 45
