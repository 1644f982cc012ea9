"""Rows that were judged before in this session of tests are not judged again.

A verdict rests on what one row says (`validation/test_incremental.py`, which judges every row
anew), and the small registries of many tests hold the same rows: Great Expectations took half of
the time of each. What one process found, the others of the session and their children read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from il6_platform.validation import quarantine
from il6_platform.validation.rules import Rule, Verdict, judge

_BROKEN: defaultdict[str, dict[str, frozenset[str]]] = defaultdict(dict)
"""Columns and rules -> what a row says -> ids of the rules that it breaks."""

_READ: defaultdict[Path, int] = defaultdict(int)
"""File of what a session found of columns and rules -> bytes of it that were read."""

FOLDER = "IL6_TEST_JUDGED"
"""Environment variable: the folder of these files, where there is one."""


@contextmanager
def judging_once() -> Iterator[None]:
    """Have staging tables judged by what was found of equal rows before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(quarantine, "judge", judge_once)
        yield


def judge_once(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Verdict]:
    """Return what `judge` would, asking it of new rows only."""
    asked = f"{list(frame.columns)} {quarantine._version(rules)}"
    known, says = _BROKEN[asked], [repr(row) for row in frame.itertuples(index=False, name=None)]
    if not known.keys() >= {*says}:
        known.update(_found_by_others(asked))
    new = {said: place for place, said in enumerate(says) if said not in known}
    broken: dict[int, set[str]] = {place: set() for place in range(len(new))}
    for verdict in judge(frame.iloc[list(new.values())], rules):
        for place in verdict.broken:
            broken[int(place)].add(verdict.rule.id)
    found = {said: frozenset(broken[place]) for place, said in enumerate(new)}
    known.update(found)
    _tell_others(asked, found)
    return [
        Verdict(rule, len(frame), rows, not len(rows))
        for rule in rules
        for rows in [np.array([n for n, said in enumerate(says) if rule.id in known[said]], int)]
    ]


def _file(asked: str) -> Path | None:
    folder = os.environ.get(FOLDER)
    return Path(folder) / hashlib.sha256(asked.encode()).hexdigest() if folder else None


def _found_by_others(asked: str) -> dict[str, frozenset[str]]:
    """Return what was written since this process last read it."""
    file = _file(asked)
    if file is None or not file.exists():
        return {}
    with file.open("rb") as stream:
        stream.seek(_READ[file])
        lines = stream.read().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith(b"\n")]
    _READ[file] += sum(map(len, whole))
    return {said: frozenset(rules) for said, rules in map(json.loads, whole)}


def _tell_others(asked: str, found: dict[str, frozenset[str]]) -> None:
    """Write what was found, each row a line, in one go: processes write at the same time."""
    file = _file(asked)
    if file is None or not found:
        return
    lines = [json.dumps([said, sorted(rules)]) + "\n" for said, rules in found.items()]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, "".join(lines).encode())
    finally:
        os.close(descriptor)
