"""A conversation with the data manager: kept, read back, and a true outlier that passes."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from il6_platform.validation import answers
from il6_platform.validation.rulebook import STAGED
from il6_platform.validation.worklist import by_site
from il6_platform_tests.validation.conftest import Registry

PATIENTS = ["A,F,1950-01-01,", "B,M,1960-01-01,"]
FOLLOW_UP = ["A,2021-01-01,alive,", "B,2021-06-01,dead,2021-06-01"]
LABS = ["A,il6,much,pg/mL,2020-01-02", "B,il6,4,pg/mL,2021-07-01"]
"""One that cannot be read, one that was collected after death."""


def answered(home: Path, to: Path, **said: dict[str, str]) -> None:
    """Fill answers into the worklist as a data manager does, by rule, and drop it."""
    book = openpyxl.load_workbook(home / "worklist.xlsx")
    sheet = book["worklist"]
    heads = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        rule = str(row[heads.index("rule")].value)
        for name, value in said.get(rule, {}).items():
            row[heads.index(name.replace("_", " "))].value = value
    to.parent.mkdir(parents=True, exist_ok=True)
    book.save(to)


def rows(home: Path) -> dict[str, dict[str, Any]]:
    """Return the worklist's rows by rule."""
    head, *body = openpyxl.load_workbook(home / "worklist.xlsx")["worklist"].iter_rows(
        values_only=True
    )
    found = [dict(zip(head, row, strict=True)) for row in body]
    return {str(row["rule"]): row for row in found}


def test_an_outlier_passes_with_a_reason_and_only_as_long_as_it_is_the_same(
    made: Registry,
) -> None:
    home, landing = made.folder / "home", made.folder / "landing"
    made.deliver("2024-01-01", patients=PATIENTS, follow_up=FOLLOW_UP, labs=LABS)
    assert made.stage()
    first = rows(home)
    assert first["collected_on_not_after_died_on"]["severity"] == "quarantine"
    assert {row["status"] for row in first.values()} == {"open"}
    late = {"status": "accepted as is", "answered_by": "Li"}
    unread = {"status": "accepted as is", "answered_by": "Li", "comment": "it is so"}
    answered(
        home,
        landing / "worklist.xlsx",
        collected_on_not_after_died_on=late,
        value_is_readable=unread,
    )
    assert made.stage()
    again = rows(home)
    # without a reason nothing passes, nor does what could not be read
    assert "a reason is needed" in again["collected_on_not_after_died_on"]["reply"]
    assert "cannot be accepted" in again["value_is_readable"]["reply"]
    assert again["value_is_readable"]["comment"] == "it is so"
    assert made.ask("select count(*) as n from staging.labs")["n"].iloc[0] == 0
    answered(
        home,
        landing / "later" / "Worklist (2).xlsx",
        collected_on_not_after_died_on=late | {"comment": "post-mortem sample"},
    )
    assert made.stage()
    passed = rows(home)["collected_on_not_after_died_on"]
    assert (passed["severity"], passed["status"]) == ("info", "accepted as is")
    assert (passed["answered by"], passed["comment"]) == ("Li", "post-mortem sample")
    assert passed["reply"] is None
    assert made.ask("select count(*) as n from staging.labs")["n"].iloc[0] == 1
    # neither workbook is a delivery
    files = made.ask("select file from raw.deliveries")["file"]
    assert not files.str.contains("xlsx").any()
    # the earlier workbook still lies there and is not read again
    assert len(answers.read_answers(home)) == 3
    # another value of the record is another problem
    changed = [LABS[0], "B,il6,4,pg/mL,2021-08-01"]
    made.deliver("2024-02-01", patients=PATIENTS, follow_up=FOLLOW_UP, labs=changed)
    assert made.stage()
    assert rows(home)["collected_on_not_after_died_on"]["status"] == "open"


RULE = "collected_on_not_after_died_on"


def accepted_samples(made: Registry) -> dict[str, str]:
    """Return whose samples after death are used, and at which site: severity by number."""
    found = made.ask(
        "select l.site, p.value as said, p.severity from staging.problems as p "
        "inner join staging.lines as l using (table_name, delivery) "
        f"where l.line = p.file_line and p.rule = '{RULE}'"
    )
    return dict(zip(found["site"], found["severity"], strict=True))


def test_what_was_accepted_stays_so_when_sites_tell_patients_apart(made: Registry) -> None:
    """The record of a patient has another key then; the other site's patient is another one."""
    home, landing = made.folder / "home", made.folder / "landing"
    made.deliver("north/2024-01-01", patients=PATIENTS, follow_up=FOLLOW_UP, labs=LABS[1:])
    assert made.stage()
    said = {"status": "accepted as is", "answered_by": "Li", "comment": "post-mortem sample"}
    answered(home, landing / "worklist.xlsx", collected_on_not_after_died_on=said)
    assert made.stage()
    assert accepted_samples(made) == {"": "info"}
    others = ["A,M,1971-01-01,", "B,F,1972-01-01,"]
    made.deliver("south/2023-06-01", patients=others, follow_up=FOLLOW_UP, labs=LABS[1:])
    assert made.stage()
    assert accepted_samples(made) == {"north": "info", "south": "quarantine"}
    sheet = openpyxl.load_workbook(home / "worklist.xlsx")["site north"]
    heads = [cell.value for cell in sheet[1]]
    (row,) = sheet.iter_rows(min_row=2, values_only=True)
    assert row[heads.index("status")] == "accepted as is"
    # what is answered since is said of the key of today, and counts
    sheet.cell(2, heads.index("status") + 1).value = "open"
    sheet.parent.save(landing / "worklist 2.xlsx")
    assert made.stage()
    assert accepted_samples(made) == {"north": "quarantine", "south": "quarantine"}


def test_what_was_accepted_stays_so_when_its_number_is_merged(made: Registry) -> None:
    home, landing = made.folder / "home", made.folder / "landing"
    made.deliver("2024-01-01", patients=PATIENTS, follow_up=FOLLOW_UP, labs=LABS[1:])
    assert made.stage()
    said = {"status": "accepted as is", "answered_by": "Li", "comment": "post-mortem sample"}
    answered(home, landing / "worklist.xlsx", collected_on_not_after_died_on=said)
    (home / "merged_patients.csv").write_text("from,to,on\nB,A,2024-01-02\n")
    assert made.stage()
    assert accepted_samples(made) == {"": "info"}


def test_what_is_accepted_names_another_cut_and_a_look_back_knows_its_day(tmp_path: Path) -> None:
    assert answers.accepted(tmp_path) == ""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        ["table", "record", "rule", "value as received", "status", "answered by", "comment"]
    )
    sheet.append(["labs", "r1", "value_is_usual", "900", "Accepted as is", "Li", "true"])
    sheet.append(["labs", "r2", "value_is_usual", "901", "accepted as is", "Li", None])
    book.save(tmp_path / "worklist.xlsx")
    content = (tmp_path / "worklist.xlsx").read_bytes()
    assert answers.keep_answers(tmp_path, content, date(2024, 5, 1)) == 2
    assert answers.keep_answers(tmp_path, content, date(2024, 6, 1)) == 0
    name = answers.accepted(tmp_path)
    assert name
    assert answers.accepted(tmp_path, date(2024, 4, 30)) == ""
    assert answers.accepted(tmp_path, date(2024, 5, 1)) == name
    answers.drop_answers(tmp_path, {"r2"})
    assert list(answers.read_answers(tmp_path)["record"]) == ["r1"]
    cells = [
        cell
        for line in (tmp_path / answers.NAME).read_text("utf-8").splitlines()
        for cell in line.split(",")
    ]
    assert "r1" in cells and not {"900", "901"} & set(cells)
    assert (tmp_path / answers.NAME).stat().st_mode & 0o077 == 0


HEADS = ["table", "record", "rule", "value as received", "status", "answered by", "comment"]


def filled(without: str = "", value: object = "900") -> bytes:
    """Return a workbook of an answer, without a column."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (HEADS, ["labs", "r1", "value_is_usual", value, "answered", "Li", "asked"]):
        sheet.append([cell for head, cell in zip(HEADS, row, strict=True) if head != without])
    book.save(out)
    return out.getvalue()


NO_WORKLISTS = [b"", b"no workbook", b"PK\x03\x04 broken", *map(filled, answers.NEEDED)]


@pytest.mark.parametrize("content", NO_WORKLISTS)
def test_a_workbook_without_a_column_that_is_needed_answers_nothing(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(answers.NoAnswersError):
        answers.keep_answers(tmp_path, content, date(2024, 5, 1))


def test_what_is_named_a_worklist_and_is_none_is_listed(made: Registry) -> None:
    made.deliver("2024-01-01", patients=PATIENTS)
    for number, content in enumerate(NO_WORKLISTS):
        (made.folder / "landing" / f"worklist {number}.xlsx").write_bytes(content)
    assert made.stage()
    assert not made.checks["raw.deliveries", "exports_are_recognised"].passed
    sheet = openpyxl.load_workbook(made.folder / "home" / "worklist.xlsx")["worklist"]
    listed = {row[1]: str(row[9]) for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert {f"worklist {n}.xlsx" for n in range(len(NO_WORKLISTS))} <= listed.keys()
    assert "columns record and rule are hidden" in listed["worklist 1.xlsx"]


@pytest.mark.parametrize(
    ("received", "saved"),
    [("9999", 9999), ("4.5", 4.5), ("1970-01-01", datetime(1970, 1, 1)), ("TRUE", True)],
)
def test_an_answer_is_of_its_value_where_a_program_made_a_number_or_day_of_it(
    tmp_path: Path, received: str, saved: object
) -> None:
    assert answers.keep_answers(tmp_path, filled(value=saved), date(2024, 5, 1)) == 1
    (kept,) = answers.read_answers(tmp_path)["value_hash"]
    assert kept == answers.value_hash(received)


def test_a_status_in_other_words_is_replied_to(made: Registry) -> None:
    home, landing = made.folder / "home", made.folder / "landing"
    made.deliver("2024-01-01", patients=PATIENTS, follow_up=FOLLOW_UP, labs=LABS[1:])
    assert made.stage()
    said = {"status": "accepted", "answered_by": "Li", "comment": "post-mortem sample"}
    answered(home, landing / "worklist.xlsx", collected_on_not_after_died_on=said)
    assert made.stage()
    assert "choose one of it" in rows(home)[RULE]["reply"]
    assert accepted_samples(made) == {"": "quarantine"}
    answered(
        home,
        landing / "worklist 2.xlsx",
        collected_on_not_after_died_on=said | {"status": " Accepted  as is"},
    )
    assert made.stage()
    assert rows(home)[RULE]["reply"] is None and accepted_samples(made) == {"": "info"}


def test_what_was_not_read_or_stands_in_no_list_cannot_be_accepted() -> None:
    for rules in STAGED.values():
        for rule in rules:
            if rule.id.endswith(
                ("_is_readable", "_is_given", "_in_the_list", "_is_known", "_whole")
            ):
                assert rule.severity == "warn" or not answers.can_be_accepted(rule), rule.id


def test_each_site_has_a_sheet_that_excel_takes() -> None:
    work = pd.DataFrame({"line": range(5)})
    sites = pd.Series(["Köln/Nord [1]", "B", "B", "", "x" * 40])
    sheets = by_site(work, sites)
    assert sum(map(len, sheets.values())) == 5
    assert len({name.lower() for name in sheets}) == 4
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in sheets)
    assert list(by_site(work, pd.Series([""] * 5))) == ["worklist"]
