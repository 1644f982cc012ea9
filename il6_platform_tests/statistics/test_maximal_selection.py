import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.maximal_selection import (
    P_VALUES,
    lausen92,
    lausen94,
    log_rank_scores,
    maxstat,
    profiles,
)

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())["maxstat"]
properties = settings(max_examples=30, deadline=None, derandomize=True)

SAMPLES = {
    "DLBCL_MGE": ("DLBCL", "MGE", "time", "cens"),
    "DLBCL_IPI": ("DLBCL", "IPI", "time", "cens"),
    "veteran_karno": ("veteran", "karno", "time", "status"),
    "colon_os_nodes": ("colon", "nodes", "time_os", "status_os"),
    "colon_rec_nodes": ("colon", "nodes", "time_rec", "status_rec"),
    "colon_os_age": ("colon", "age", "time_os", "status_os"),
}


def arrays(name):
    file, *columns = SAMPLES[name]
    data = pd.read_csv(FOLDER / f"{file}.csv").dropna(subset=columns)
    return tuple(data[column].to_numpy(dtype=float) for column in columns)


def small(seed, n=30):
    rng = np.random.default_rng(seed)
    time = np.ceil(rng.exponential(8, n))
    return rng.integers(0, 9, n).astype(float), time, (rng.random(n) < 0.7).astype(float)


def p_values(result, **options):
    return {e.statistic: e.p_value for e in result.p_values(**options)}


@pytest.mark.parametrize("name", SAMPLES)
class TestAgainstR:
    def test_cutoff_is_the_observed_value_above_that_of_r(self, name):
        marker, time, event = arrays(name)
        cutoff = maxstat(marker, time, event).cutoff
        assert marker[marker < cutoff].max() == pytest.approx(REFERENCE[name]["cut"])

    def test_statistic_and_profile(self, name):
        expected, result = REFERENCE[name], maxstat(*arrays(name))
        assert result.statistic == pytest.approx(expected["M"], abs=1e-9)
        np.testing.assert_allclose(result.profile, expected["profile"]["stat"], atol=1e-9)

    def test_p_values(self, name):
        expected = REFERENCE[name]
        ours = p_values(maxstat(*arrays(name)), rng=np.random.default_rng(1))
        assert ours["maxstat_p_lau92"] == pytest.approx(expected["Lau92"]["p"], abs=1e-9)
        # R's falls below 0 on colon; we stop there
        assert ours["maxstat_p_lau94"] == pytest.approx(max(expected["Lau94"]["p"], 0), abs=1e-9)
        # both are Monte Carlo, of 10000 permutations
        share = max(expected["condMC"]["p"], 1e-4)
        error = np.sqrt(2 * share * (1 - share) / 10_000)
        assert abs(ours["maxstat_permutation"] - expected["condMC"]["p"]) < 4 * error

    def test_exact_bound_of_hothorn_and_lausen(self, name):
        bound = maxstat(*arrays(name)).p_values(replicates=1)[2]
        expected = REFERENCE[name].get("HL")
        if bound.n > 170:
            assert bound.p_value is None
            assert "Too many" in bound.note
        elif expected:
            assert bound.estimate == pytest.approx(expected["M"], abs=1e-9)
            assert bound.p_value == pytest.approx(expected["p"], abs=1e-9)


def test_exact_p_of_a_single_admissible_cutoff_is_that_of_r():
    # fmt: off
    time = [18.3, 7.2, 13.3, 11, 3, 3.1, 23.8, 1.1, 1.7, 2.1, 1.8, 5.1, 2.6, 43.2, 6.8, 3, 4.9,
            13.1, 12.9, 18.5, 9.7, 2.4, 21.5, 9.2, 6.7, 18.7, 2.4, 14.7, 8.6, 34]
    event = [1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1,
             1, 1]
    # fmt: on
    ours = p_values(maxstat([0, 1] * 15, time, event))
    assert ours["maxstat_p_hl"] == pytest.approx(0.2068505, abs=1e-7)
    assert ours["maxstat_p_lau94"] == pytest.approx(0.1981953, abs=1e-7)


def test_approximations_are_those_of_r_at_given_statistics():
    expected = REFERENCE["p_functions"]
    for k, b in enumerate(expected["b"]):
        assert lausen92(b) == pytest.approx(expected["Lau92_10_90"][k], abs=1e-12)
        assert lausen92(b, 0.2, 0.8) == pytest.approx(expected["Lau92_20_80"][k], abs=1e-12)
        p = lausen94(b, 100, np.arange(10, 91))
        assert p == pytest.approx(expected["Lau94_N100_10_90"][k], abs=1e-12)


def test_permutation_p_is_that_of_all_permutations():
    marker = [1, 2, 3, 4, 5, 6, 7]
    time, event = np.array([9, 7, 8, 4, 3, 5, 1]), np.array([1, 0, 1, 1, 1, 1, 1])
    result = maxstat(marker, time, event)
    reached = [
        maxstat(marker, time[list(p)], event[list(p)]).statistic >= result.statistic - 1e-9
        for p in permutations(range(7))
    ]
    p = p_values(result, rng=np.random.default_rng(3), replicates=20_000)["maxstat_permutation"]
    assert p == pytest.approx(np.mean(reached), abs=4 * np.sqrt(np.mean(reached) / 20_000))


def test_weighted_scores_and_profiles_are_those_of_the_patients_drawn():
    marker, time, event = small(4)
    order = np.argsort(marker, kind="stable")
    marker, time, event = marker[order], time[order], event[order]
    weights = np.random.default_rng(4).multinomial(30, np.full(30, 1 / 30), size=8).astype(float)
    cutoffs, starts = np.unique(marker, return_index=True)
    scores = log_rank_scores(time, event, weights)
    many = profiles(scores, weights, starts, 0.1, 0.9)
    for b, w in enumerate(weights.astype(int)):
        drawn = np.repeat(np.arange(30), w)
        one = maxstat(marker[drawn], time[drawn], event[drawn])
        finite = np.isfinite(many[b])
        np.testing.assert_array_equal(cutoffs[finite], one.profile_cutoffs)
        np.testing.assert_allclose(many[b][finite], one.profile, atol=1e-10)


seeds = st.integers(0, 10_000)


class TestProperties:
    @properties
    @given(seeds)
    def test_row_order_does_not_matter(self, seed):
        sample = small(seed)
        order = np.random.default_rng(seed).permutation(30)
        one, two = maxstat(*sample), maxstat(*(x[order] for x in sample))
        assert one.cutoff == two.cutoff
        assert one.statistic == pytest.approx(two.statistic)

    @properties
    @given(seeds)
    def test_only_the_order_of_markers_and_times_matters(self, seed):
        marker, time, event = small(seed)
        one, two = maxstat(marker, time, event), maxstat(np.exp(marker), time / 30.4375, event)
        assert two.cutoff == np.exp(one.cutoff)
        assert one.statistic == pytest.approx(two.statistic)

    @properties
    @given(seeds)
    def test_negating_the_marker_leaves_the_statistic_where_limits_are_symmetric(self, seed):
        marker, time, event = small(seed)
        one = maxstat(marker, time, event)
        two = maxstat(-marker, time, event)
        assert one.statistic == pytest.approx(two.statistic)

    @properties
    @given(seeds)
    def test_p_values_lie_between_0_and_1_and_never_reach_0_by_permutation(self, seed):
        ours = p_values(maxstat(*small(seed)), replicates=99)
        assert all(0 <= p <= 1 for p in ours.values())
        assert ours["maxstat_permutation"] >= 0.01


@pytest.mark.parametrize(
    ("marker", "time", "event", "note"),
    [
        ([], [], [], "No events."),
        ([1], [1], [1], "does not vary"),
        ([1, 2, 3], [1, 2, 3], [0, 0, 0], "No events."),
        ([2, 2, 2], [1, 2, 3], [1, 0, 1], "does not vary"),
        ([1] * 30 + [2], range(31), [1] * 31, "enough patients"),
        (range(20), [5] * 20, [1] * 20, "Times do not vary"),
    ],
)
def test_what_the_data_cannot_support_is_said(marker, time, event, note):
    result = maxstat(list(marker), list(time), event)
    every = [*result.estimates(), *result.p_values()]
    assert result.cutoff is None
    assert len(every) == 2 + len(P_VALUES)
    assert all(e.estimate is None and e.p_value is None and note in e.note for e in every)


def test_two_patients_have_one_cutoff():
    result = maxstat([1, 2], [1, 2], [1, 1])
    assert result.cutoff == 2
    assert p_values(result)["maxstat_permutation"] == 1


def test_proportions_out_of_order_are_refused():
    with pytest.raises(ValueError, match="min_prop < max_prop"):
        maxstat([1, 2], [1, 2], [1, 1], min_prop=0.9, max_prop=0.1)
