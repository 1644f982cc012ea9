"""The rule book is printed, and its pages say how many rows broke a rule, never which."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from il6_platform import cli
from il6_platform.validation.docs import build
from il6_platform.validation.rulebook import BATCHES, STAGED, book
from il6_platform_tests.validation.conftest import Registry


def test_the_book_is_printed_with_severity_and_owner(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules"]) == 0
    said = capsys.readouterr().out
    assert "value_is_readable  [quarantine; laboratory]" in said
    assert "registry_did_not_shrink  [block; data manager]" in said
    assert all(sentence in said for sentence in book()["says"])
    assert len(book()) > sum(map(len, STAGED.values())) + len(BATCHES)


def test_a_refresh_leaves_the_pages_whatever_became_of_it(made: Registry) -> None:
    made.study.write_text(made.study.read_text().replace("share: 1", "share: 0.1"))
    made.deliver("2024-01-01", patients=["A,X,1950-01-01,"])
    assert not made.stage()
    page = made.folder / "home" / "data_docs" / "index.html"
    first = page.stat().st_mtime_ns
    assert "patients" in page.read_text()
    # the same rules with the same counts are not drawn again, others are
    made.warehouse.leave_docs()
    assert page.stat().st_mtime_ns == first
    made.ask("update staging.verdicts set judged = judged + 1")
    made.warehouse.leave_docs()
    assert page.stat().st_mtime_ns > first


def test_its_pages_say_what_the_last_refresh_found(tmp_path: Path) -> None:
    verdicts = pd.DataFrame(
        {
            "table_name": "labs",
            "rule": [rule.id for rule in STAGED["labs"]],
            "judged": 400,
            "broken": [100 if rule.id == "unit_is_given" else 0 for rule in STAGED["labs"]],
        }
    )
    first = build(tmp_path / "docs", verdicts)
    assert first.exists() and build(tmp_path / "docs", verdicts) == first
    pages = list((tmp_path / "docs" / "validations").rglob("*.html"))
    assert len(pages) == 1
    page = pages[0].read_text(encoding="utf-8")
    assert "25% unexpected" in page or "75% not null" in page
    suites = {path.stem: path for path in (tmp_path / "docs" / "expectations").rglob("*.html")}
    assert set(suites) == {*STAGED, "subjects", "adrs", "adtte", "adsl", "results"}
    rules = suites["labs"].read_text(encoding="utf-8")
    assert "unit_is_given" in rules and "laboratory" in rules
