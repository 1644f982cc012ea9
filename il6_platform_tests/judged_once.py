"""What was judged before in this session of tests is not judged again.

A rule's verdict on a row rests on what the row says in the columns that the rule reads
(`validation/test_incremental.py`, which judges every row anew), and the small registries of many
tests say the same: Great Expectations took half of the time of each. It is asked of those rules
alone that have something new before them. What one process found, the others of the session and
their children read.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from il6_platform.validation import quarantine
from il6_platform.validation.rules import Rule, Verdict, asked, judge

_BROKEN: defaultdict[str, dict[str, bool]] = defaultdict(dict)
"""What a rule asks for -> what a row says to it -> whether the row breaks the rule."""

_READ: defaultdict[Path, int] = defaultdict(int)
"""File of what a session found -> bytes of it that were read."""

FOLDER = "IL6_TEST_JUDGED"
"""Environment variable: the folder of this file, where there is one."""


@contextmanager
def judging_once() -> Iterator[None]:
    """Have staging tables judged by what was found of equal cells before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(quarantine, "judge", judge_once)
        yield


def judge_once(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Verdict]:
    """Return what `judge` would, asking it of new cells only."""
    cells = {name: [repr(value) for value in frame[name].tolist()] for name in frame.columns}
    keys = {rule.id: quarantine.version_of([rule]) for rule in rules}
    says = {rule.id: _said(cells, asked(frame.columns, [rule])) for rule in rules}

    def unseen() -> list[Rule]:
        return [rule for rule in rules if not _BROKEN[keys[rule.id]].keys() >= {*says[rule.id]}]

    new = unseen()
    if new:
        _read_what_others_found()
        new = unseen()
    if new:
        places = sorted({place for rule in new for place in _first_of(rule, keys, says)})
        _judge_now(frame, places, new, keys, says)
    return [
        Verdict(rule, len(frame), rows, not len(rows))
        for rule in rules
        for known in [_BROKEN[keys[rule.id]]]
        for rows in [np.array([n for n, said in enumerate(says[rule.id]) if known[said]], int)]
    ]


def _said(cells: dict[str, list[str]], columns: Sequence[str]) -> list[str]:
    """Return what each row says in the columns."""
    return [", ".join(row) for row in zip(*(cells[name] for name in columns), strict=True)]


def _first_of(rule: Rule, keys: dict[str, str], says: dict[str, list[str]]) -> Iterable[int]:
    """Return a row of each that is new to a rule."""
    known = _BROKEN[keys[rule.id]]
    return {said: n for n, said in enumerate(says[rule.id]) if said not in known}.values()


def _judge_now(
    frame: pd.DataFrame,
    places: Sequence[int],
    rules: Sequence[Rule],
    keys: dict[str, str],
    says: dict[str, list[str]],
) -> None:
    """Judge some rows by some rules, and keep and tell what is found."""
    lines = []
    for verdict in judge(frame.iloc[list(places)], rules):
        rule, broken = verdict.rule.id, {places[place] for place in verdict.broken}
        found = {says[rule][place]: place in broken for place in places}
        _BROKEN[keys[rule]].update(found)
        lines += [json.dumps([keys[rule], *one]) + "\n" for one in found.items()]
    _tell_others(lines)


def _file() -> Path | None:
    folder = os.environ.get(FOLDER)
    return Path(folder) / "judged" if folder else None


def _read_what_others_found() -> None:
    """Read what was written since this process last read it."""
    file = _file()
    if file is None or not file.exists():
        return
    with file.open("rb") as stream:
        stream.seek(_READ[file])
        lines = stream.read().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith(b"\n")]
    _READ[file] += sum(map(len, whole))
    for key, said, is_broken in map(json.loads, whole):
        _BROKEN[key][said] = is_broken


def _tell_others(lines: Sequence[str]) -> None:
    """Write what was found, all lines in one go: processes write at the same time."""
    file = _file()
    if file is None:
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, "".join(lines).encode())
    finally:
        os.close(descriptor)
