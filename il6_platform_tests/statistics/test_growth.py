"""What is computed by sorting and in chunks is what all pairs and everything at once would give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from il6_platform.statistics import cutoff_scan, heterogeneity
from il6_platform.statistics.imputation import DONORS, _nearest
from il6_platform.statistics.roc import youden
from il6_platform.statistics.small_sample import fisher_mid_p
from il6_platform.statistics.time_dependent_roc import _pairs_of_each

properties = settings(max_examples=80, deadline=None, derandomize=True)


@properties
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.booleans())
def test_donors_are_the_five_nearest_of_all(seed: int, n: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    known, wanted = rng.normal(size=n), rng.normal(size=7)
    if tied:
        known, wanted = np.round(known * 2), np.round(wanted * 2)
    distance = np.abs(wanted[:, None] - known)
    expected = np.argsort(distance, axis=1, kind="stable")[:, :DONORS]
    np.testing.assert_array_equal(_nearest(wanted, known), expected)


@properties
@given(st.integers(0, 2**32 - 1), st.integers(4, 40), st.booleans())
def test_youden_is_that_of_every_cutoff_counted(seed: int, n: int, higher: bool) -> None:
    rng = np.random.default_rng(seed)
    marker, outcome = rng.integers(0, 8, n).astype(float), rng.random(n) < 0.5
    found = youden(marker, outcome, higher=higher).value
    best = None
    for cutoff in np.unique(marker)[1:]:
        positive = (marker >= cutoff) == higher
        index = (positive & outcome).sum() * (~outcome).sum()
        index -= (positive & ~outcome).sum() * outcome.sum()
        if best is None or index > best[0]:
            best = index, cutoff
    if found is not None:
        assert best is not None
        assert found == best[1]


def test_permutations_in_chunks_are_those_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    time, event = rng.exponential(size=60), rng.random(60) < 0.7
    arm, high = rng.random(60) < 0.5, rng.random(60) < 0.5
    args = (time, event, arm, high)

    def drawn() -> tuple[object, float]:
        generator = np.random.default_rng(5)
        row = heterogeneity.interaction_permutation(*args, rng=generator, replicates=150)
        return row, generator.random()

    at_once = drawn()
    groups = np.tile(arm + 2 * high, (150, 1))
    generator = np.random.default_rng(5)
    for k in (0, 1):
        groups[:, arm == k] = generator.permuted(groups[:, arm == k], axis=1)
    chunks = heterogeneity._permuted_within(
        arm + 2 * high, arm.astype(int), np.random.default_rng(5), 150
    )
    np.testing.assert_array_equal(np.concatenate(list(chunks)), groups)
    monkeypatch.setattr(heterogeneity, "CHUNK", 60 * 7)
    assert drawn() == at_once


def test_a_scan_of_many_cutoffs_is_bounded_and_holds_those_that_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(2)
    marker, arm = rng.exponential(size=120), rng.random(120) < 0.5
    time, event = rng.exponential(size=120), rng.random(120) < 0.8
    whole = cutoff_scan.scan(marker, time, event, arm)
    monkeypatch.setattr(cutoff_scan, "MOST", 20)
    wanted = float(np.sort(marker)[57])
    some = cutoff_scan.scan(marker, time, event, arm, always=[wanted, 1e9])
    assert some["cutoff"].nunique() in (20, 21)
    assert wanted in set(some["cutoff"])
    assert {whole["cutoff"].min(), whole["cutoff"].max()} <= set(some["cutoff"])
    same = whole[whole["cutoff"].isin(some["cutoff"])].reset_index(drop=True)
    numbers = same.select_dtypes("number").columns
    np.testing.assert_allclose(some[numbers], same[numbers], rtol=1e-9, equal_nan=True)


@properties
@given(st.lists(st.integers(0, 400), min_size=4, max_size=4))
def test_mid_p_of_a_few_tables_is_that_of_all(counts: list[int]) -> None:
    table = np.array(counts).reshape(2, 2)
    n, row, column = int(table.sum()), int(table[0].sum()), int(table[:, 0].sum())
    found = fisher_mid_p(table)
    if found.p_value is None:
        return
    chance = hypergeom.pmf(
        np.arange(max(0, row + column - n), min(row, column) + 1), n, row, column
    )
    own = hypergeom.pmf(table[0, 0], n, row, column)
    as_likely = chance[np.abs(chance - own) <= 1e-7 * own].sum()
    less_likely = chance[chance < own * (1 - 1e-7)].sum()
    assert found.p_value == pytest.approx(less_likely + as_likely / 2, rel=1e-6, abs=1e-300)


@properties
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_concordance_by_sorting_is_that_of_all_pairs(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    turn, x = rng.integers(0, max(1, n // 2), n), rng.integers(0, 6, n).astype(float)
    weight = np.where(rng.random(n) < 0.6, rng.exponential(size=n), 0.0)
    pair = (turn > turn[:, None]) * weight[:, None]
    right = pair * ((x < x[:, None]) + (x == x[:, None]) / 2)
    total, concordant = _pairs_of_each(turn, x, weight)
    np.testing.assert_allclose(total, pair.sum(axis=0) + pair.sum(axis=1), atol=1e-9)
    np.testing.assert_allclose(concordant, right.sum(axis=0) + right.sum(axis=1), atol=1e-9)
