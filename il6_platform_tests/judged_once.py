"""Rows that were judged before in this process are not judged again.

A verdict rests on what one row says (`validation/test_incremental.py`, which judges every row
anew), and the small registries of many tests hold the same rows: Great Expectations took half of
the time of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from il6_platform.validation import quarantine
from il6_platform.validation.rules import Rule, Verdict, judge

_BROKEN: defaultdict[str, dict[str, frozenset[str]]] = defaultdict(dict)
"""Columns and rules -> what a row says -> ids of the rules that it breaks."""


@contextmanager
def judging_once() -> Iterator[None]:
    """Have staging tables judged by what was found of equal rows before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(quarantine, "judge", judge_once)
        yield


def judge_once(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Verdict]:
    """Return what `judge` would, asking it of new rows only."""
    known = _BROKEN[f"{list(frame.columns)} {quarantine._version(rules)}"]
    says = [repr(row) for row in frame.itertuples(index=False, name=None)]
    new = {said: place for place, said in enumerate(says) if said not in known}
    broken: dict[int, set[str]] = {place: set() for place in range(len(new))}
    for verdict in judge(frame.iloc[list(new.values())], rules):
        for place in verdict.broken:
            broken[int(place)].add(verdict.rule.id)
    known.update({said: frozenset(broken[place]) for place, said in enumerate(new)})
    return [
        Verdict(rule, len(frame), rows, not len(rows))
        for rule in rules
        for rows in [np.array([n for n, said in enumerate(says) if rule.id in known[said]], int)]
    ]
