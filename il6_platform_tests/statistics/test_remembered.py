"""What is made of large arguments is made once, and no more is held than finds room."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics import _remembered, survival
from il6_platform.statistics._remembered import Remembered

properties = settings(max_examples=100, deadline=None, derandomize=True)


@properties
@given(st.lists(st.tuples(st.binary(max_size=4), st.sampled_from([None, 0, 1, "a"]))))
def test_a_result_is_the_functions_own_whatever_was_let_go(
    asked: list[tuple[bytes, object]],
) -> None:
    made: list[tuple[bytes, object]] = []

    def function(cells: bytes, rest: object) -> tuple[bytes, object]:
        made.append((cells, rest))
        return cells, rest

    remembered = Remembered(function, room=8)
    for cells, rest in asked:
        before = len(made)
        assert remembered(cells, rest) == (cells, rest)
        assert remembered(cells, rest) == (cells, rest)
        # the last one is there, however large
        assert len(made) <= before + 1
        held = [size for size, _ in remembered.made.values()]
        assert sum(held) <= 8 or len(held) == 1


def test_who_is_asked_for_last_stays() -> None:
    made: list[bytes] = []
    remembered = Remembered(made.append, room=2)
    for cells in (b"a", b"b", b"a", b"c", b"a"):
        remembered(cells)
    assert made == [b"a", b"b", b"c"]
    remembered.cache_clear()
    remembered(b"a")
    assert made[-1] == b"a" and len(made) == 4


def test_small_ones_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_remembered, "MOST", 3)
    remembered = Remembered(len)
    assert [remembered(bytes([n])) for n in range(9)] == [1] * 9
    assert len(remembered.made) == 3


def test_curves_of_many_patients_hold_none_of_them() -> None:
    survival._fitted.cache_clear()
    rng = np.random.default_rng(1)
    for _ in range(3):
        survival.kaplan_meier(rng.integers(1, 9, 100_000), rng.integers(0, 2, 100_000))
    gc.collect()
    held = [one for one in gc.get_referents(*survival._fitted.made) if isinstance(one, bytes)]
    assert held and all(len(one) == 16 for one in held)
