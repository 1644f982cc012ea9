"""Errors of which the list is known are found and rightly explained, and nothing else is."""

from __future__ import annotations

from pathlib import Path

from il6_platform_tests.benchmarks.planted_errors import KINDS, clean, run


def test_every_kind_of_error_is_found_and_explained_without_false_alarm(tmp_path: Path) -> None:
    outcome = run(clean(260, 11), KINDS, 11, tmp_path)
    planted = outcome.planted
    assert planted["kind"].nunique() == len(KINDS) >= 140
    missed = planted[~(planted["found"] & planted["explained"])]
    assert missed.empty, missed.to_string()
    alarms = outcome.false_alarms[["table_name", "rule", "sentence"]]
    assert alarms.empty, alarms.to_string()
    # an error drags few other lines of its patient along
    assert len(outcome.beside) < 0.15 * len(planted)
