"""The log of who did what cannot be changed unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from il6_platform import cli
from il6_platform.publishing.audit import append, breaks, entries


def written(home: Path) -> Path:
    for number in range(4):
        append(home, "refresh", "done", {"study": f"s{number}"})
    return home / "log"


def test_entries_follow_each_other(tmp_path: Path) -> None:
    log = written(tmp_path)
    assert [entry["n"] for entry in entries(tmp_path)] == [1, 2, 3, 4]
    assert not [*breaks(tmp_path)]
    assert log.stat().st_mode & 0o077 == 0
    assert cli.main(["log", "--verify", "--home", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [lines[0].replace("s0", "s9"), *lines[1:]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [lines[0].replace("done", "exit status 1"), *lines[1:]],
        lambda lines: lines[:-1],
        lambda lines: lines[:1],
        lambda lines: [*lines[:-1], "nonsense"],
        lambda lines: [*lines[:-1], "[1]"],
        lambda lines: ["nonsense", *lines[1:]],
        lambda _: [],
    ],
)
def test_what_was_changed_is_seen(tmp_path: Path, tamper: Callable[[list[str]], list[str]]) -> None:
    log = written(tmp_path)
    log.write_text("\n".join(tamper(log.read_text().splitlines())) + "\n")
    assert [*breaks(tmp_path)]
    assert cli.main(["log", "--verify", "--home", str(tmp_path)]) == 3


def test_a_log_that_is_gone_or_has_lost_its_head_is_seen(tmp_path: Path) -> None:
    log = written(tmp_path)
    (tmp_path / "log.head").write_text("nonsense")
    assert [*breaks(tmp_path)] == ["log.head, which says where it ends, is damaged"]
    # the next entry writes it anew
    append(tmp_path, "refresh", "done", {})
    assert not [*breaks(tmp_path)]
    log.unlink()
    assert [*breaks(tmp_path)] == ["it had 5 entries and has 0"]
    # a log that begins again does not hide that one is gone
    for _ in range(2):
        append(tmp_path, "refresh", "done", {})
        assert [*breaks(tmp_path)]


def test_a_line_that_was_cut_short_by_a_power_cut_is_no_entry(tmp_path: Path) -> None:
    log = written(tmp_path)
    with log.open("a") as stream:
        stream.write(json.dumps({"n": 5})[:-2])
    assert len(entries(tmp_path)) == 4
    append(tmp_path, "refresh", "done", {})
    assert [entry["n"] for entry in entries(tmp_path)] == [1, 2, 3, 4, 5]
    assert not [*breaks(tmp_path)]
