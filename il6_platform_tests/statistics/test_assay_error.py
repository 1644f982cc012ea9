"""Regrouping by assay error against simulation, enumeration and limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.assay_error import (
    regrouped_patients,
    regrouping_probability,
    repeated_comparison,
)
from il6_platform.statistics.regression import cox, interaction

properties = settings(max_examples=30, deadline=None, derandomize=True)


def study(seed, n=60):
    rng = np.random.default_rng(seed)
    marker, arm = rng.lognormal(1.5, 0.7, n), rng.integers(0, 2, n)
    time = rng.exponential(np.where(marker > 4.5, 6, 14))
    return marker, time, rng.random(n) < 0.85, arm


def test_the_probability_is_that_of_two_simulated_measurements():
    rng, cv, cutoff = np.random.default_rng(1), 0.12, 5.0
    first = np.array([3.5, 4.4, 4.8, 5.0, 5.3, 6.5])
    sigma = np.sqrt(np.log1p(cv**2))
    # the truth behind a first measurement, and the second one about it
    truth = first[:, None] * np.exp(sigma * rng.normal(size=(6, 200_000)))
    second = truth * np.exp(sigma * rng.normal(size=truth.shape))
    moved = ((second >= cutoff) != (first[:, None] >= cutoff)).mean(axis=1)
    assert regrouping_probability(first, cutoff, cv) == pytest.approx(moved, abs=4e-3)


@given(seed=st.integers(0, 1000), cv=st.floats(0.01, 0.5), factor=st.floats(0.1, 20))
@properties
def test_units_change_nothing_and_a_larger_error_regroups_more(seed, cv, factor):
    marker, *_ = study(seed)
    one = regrouping_probability(marker, 4.5, cv)
    assert regrouping_probability(marker * factor, 4.5 * factor, cv) == pytest.approx(one, abs=1e-9)
    assert (regrouping_probability(marker, 4.5, 2 * cv) >= one - 1e-12).all()
    assert ((one >= 0) & (one <= 0.5)).all()


def test_the_number_regrouped_is_the_mean_and_range_of_simulated_repeats():
    marker, *_ = study(4, n=200)
    chance = regrouping_probability(marker, 4.5, 0.2)
    rng = np.random.default_rng(2)
    numbers = (rng.random((20_000, 200)) < chance).sum(axis=1)
    expected, near = regrouped_patients(marker, 4.5, 0.2)
    assert expected.estimate == pytest.approx(numbers.mean(), abs=0.1)
    assert expected.std_error == pytest.approx(numbers.std(), rel=0.03)
    inside = (numbers >= expected.ci_low) & (numbers <= expected.ci_high)
    assert inside.mean() == pytest.approx(0.95, abs=0.02)
    assert near.estimate == np.sum(chance >= 0.05)


def test_without_error_nothing_moves():
    marker, time, event, arm = study(1)
    rows = repeated_comparison(
        marker, time, event, arm, 4.5, 1e-9, rng=np.random.default_rng(1), replicates=20
    )
    import pandas as pd

    high = (marker >= 4.5).astype(float)
    ratio = cox(pd.DataFrame({"high": high}), time, event).estimates()[0]
    product = next(
        e for e in interaction(time, event, arm, high) if e.statistic == "ratio_of_hazard_ratios"
    )
    for row, own in zip(rows, (ratio, product), strict=False):
        limits = (row.estimate, row.ci_low, row.ci_high)
        assert limits == pytest.approx([own.estimate] * 3, rel=1e-6)
    assert rows[2].estimate == 1


def test_a_poor_assay_draws_the_hazard_ratio_towards_one():
    marker, time, event, arm = study(3, n=400)
    options = {"rng": np.random.default_rng(1), "replicates": 300}
    good, poor = (
        repeated_comparison(marker, time, event, arm, 4.5, cv, **options)[0] for cv in (0.05, 0.8)
    )
    assert good.estimate > poor.estimate > 1
    assert poor.ci_high - poor.ci_low > good.ci_high - good.ci_low


def test_the_seed_decides():
    sample = (*study(2), 4.5, 0.1)
    one, two = (
        repeated_comparison(*sample, rng=np.random.default_rng(9), replicates=50) for _ in range(2)
    )
    assert one == two


def test_what_the_data_cannot_support_is_said():
    rows = repeated_comparison(
        [1.0, 9.0], [1, 2], [0, 0], [0, 1], 5, 0.1, rng=np.random.default_rng(1), replicates=5
    )
    assert all(row.estimate is None and row.note for row in rows)
    assert regrouped_patients([], 5, 0.1)[0].note == "No patients."
    assert regrouping_probability([0.0], 5, 0.1) == 0


def test_wrong_use_is_refused():
    for marker, cutoff, cv, word in (
        ([-1], 5, 0.1, "marker"),
        ([1], 0, 0.1, "cutoff"),
        ([1], 5, 0, "cv must be above 0"),
    ):
        with pytest.raises(ValueError, match=word):
            regrouping_probability(marker, cutoff, cv)
    sample = ([1.0], [1], [1])
    with pytest.raises(ValueError, match="arm must be"):
        repeated_comparison(*sample, [2], 5, 0.1, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match="replicates"):
        repeated_comparison(*sample, [1], 5, 0.1, rng=np.random.default_rng(1), replicates=0)
