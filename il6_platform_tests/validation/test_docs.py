"""The rule book is printed, and its pages say how many rows broke a rule, never which."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from il6_platform import cli
from il6_platform.validation.docs import build
from il6_platform.validation.rulebook import BATCHES, STAGED, book


def test_the_book_is_printed_with_severity_and_owner(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules"]) == 0
    said = capsys.readouterr().out
    assert "value_is_readable  [quarantine; laboratory]" in said
    assert "registry_did_not_shrink  [block; data manager]" in said
    assert all(sentence in said for sentence in book()["says"])
    assert len(book()) > sum(map(len, STAGED.values())) + len(BATCHES)


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
