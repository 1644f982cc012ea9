"""The rule book is printed; the quality page says how many lines break a rule, never which."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pandas as pd
import pytest

from il6_platform import cli
from il6_platform.validation.quality_page import page
from il6_platform.validation.rulebook import BATCHES, STAGED, book
from il6_platform_tests.validation.conftest import Registry


def test_the_book_is_printed_with_severity_and_owner(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules"]) == 0
    said = capsys.readouterr().out
    assert "value_is_readable  [quarantine; laboratory]" in said
    assert "registry_did_not_shrink  [block; data manager]" in said
    assert all(sentence in said for sentence in book()["says"])
    assert len(book()) > sum(map(len, STAGED.values())) + len(BATCHES)


def cells(text: str, part: str) -> list[list[str]]:
    """Return the rows of the table under a heading, as they are read."""
    table = text.partition(f'<h2 id="{part}">')[2].partition("</table>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table.partition("<tbody>")[2], re.DOTALL)
    return [
        [re.sub("<[^>]+>", "", one) for one in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row)]
        for row in rows
    ]


def assert_linked_with_worklist(text: str, worklist: Path) -> None:
    """Each item names its rows in the workbook, and each row there leads back to its item."""
    workbook = openpyxl.load_workbook(worklist)
    back = 0
    for row in re.findall(r'<tr id="rule-[^>]*>.*?</tr>', text, re.DOTALL):
        anchor = re.findall(r'id="([^"]+)"', row)[0]
        places = re.findall(r"worklist\.xlsx#'([^']+)'!A(\d+)", row)
        assert places
        for sheet, number in places:
            cells = workbook[unquote(sheet)][int(number)]
            links = [cell.hyperlink for cell in cells if cell.hyperlink]
            assert [(one.target, one.location) for one in links] == [("quality.html", anchor)]
            back += 1
    assert back == sum(
        cell.hyperlink is not None for sheet in workbook for cells in sheet for cell in cells
    )


def test_the_page_counts_by_table_site_rule_and_delivery_and_shows_no_row(made: Registry) -> None:
    patients = ["SECRET1,F,1950-01-01,", "SECRET2,M,1960-01-01,"]
    made.deliver("2024-01-01", patients=patients, labs=["SECRET1,il6,muchtoomuch,pg/mL,2020-01-01"])
    made.deliver(
        "2024-02-01",
        patients=patients,
        labs=[
            "SECRET1,il6,muchtoomuch,pg/mL,2020-01-01",
            "SECRET2,il6,<i>x,pg/mL,2020-01-02",
            "SECRET2,il6,4,furlongs,2020-01-03",
        ],
    )
    assert made.stage()
    path = made.folder / "home" / "quality.html"
    assert path.stat().st_mode & 0o077 == 0
    text = path.read_text("utf-8")
    assert not [word for word in ("SECRET", "muchtoomuch", "furlongs", "<i>x") if word in text]
    assert_linked_with_worklist(text, path.with_name("worklist.xlsx"))
    found = {(row[0], row[-1]): row for row in cells(text, "open")}
    readable = found["labs", "value_is_readable"]
    assert readable[2:6] == ["the line is set aside", "laboratory", "2", "2"]
    assert {row[1]: row[2:] for row in cells(text, "sites")} == {
        "value_is_readable": ["2"],
        "unit_is_known": ["1"],
    }
    # by the delivery that a line came with: what was repeated is the first one's
    over = {row[1]: sum(map(int, row[2:])) for row in cells(text, "deliveries")}
    assert over == {"value_is_readable": 2, "unit_is_known": 1}
    judged = {(row[0], row[1]): row[-2:] for row in cells(text, "rules")}
    assert judged["labs", "value_is_readable"] == ["3", "2"]
    assert len(judged) == len(book())
    assert not re.search(r"""(src|href)=["']?https?:|@import|url\(""", text)


def test_a_registry_without_a_broken_rule_says_so() -> None:
    names = ("site", "table_name", "rule", "severity", "sentence", "cost")
    items = pd.DataFrame(
        {
            **{name: pd.Series(dtype=str) for name in names},
            "delivered_on": pd.Series(dtype="datetime64[ns]"),
            **{n: pd.Series(dtype=int) for n in ("lines", "patients", "costs_patients")},
        }
    )
    verdicts = pd.DataFrame({"table_name": ["labs"], "rule": ["r"], "judged": [4], "broken": [0]})
    nowhere = pd.DataFrame(columns=["table_name", "rule", "sheet", "row"])
    text = page(items, verdicts, book(), kept_out=0, places=nowhere)
    assert "no rule is broken" in text and "<b>1 of 1</b>" in text
