import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.proportion import confint_proportions_2indep

from il6_platform.statistics.heterogeneity import (
    cochran_mantel_haenszel,
    effect_by_level,
    gail_simon,
    interaction_permutation,
    odds_ratio_homogeneity,
    risk_difference_interaction,
    rmst_interaction,
    tables_by_stratum,
)
from il6_platform.statistics.proportions import risk_difference
from il6_platform.statistics.regression import interaction
from il6_platform.statistics.survival import logrank, rmst_difference

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())
properties = settings(max_examples=30, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)

T1, T2, T3 = ([[7, 16], [17, 13]], [[5, 3], [7, 9]], [[12, 4], [7, 6]])
TABLES = {"t1_t3": [T1, T3], "t1_t2": [T1, T2], "t1_t2_t3": [T1, T2, T3]}


def rng(seed=0):
    return np.random.default_rng(seed)


def by_name(estimates):
    return {e.statistic: e for e in estimates}


def colon():
    data = pd.read_csv(FOLDER / "colon.csv")
    data = data[data["rx"] != "Lev"]
    return data.assign(arm=(data["rx"] == "Lev+5FU").astype(int))


def sample(seed, n=53):
    """Two arms and two marker groups of the published sizes, without any effect."""
    generator = rng(seed)
    time = generator.exponential(10, n)
    censored = generator.uniform(5, 40, n)
    return pd.DataFrame(
        {
            "time": np.minimum(time, censored),
            "event": time <= censored,
            "arm": np.repeat([0, 1], [24, 29]),
            "high": np.repeat([1, 0, 1, 0], [12, 12, 19, 10]),
            "response": generator.random(n) < 0.4,
        }
    )


@pytest.mark.parametrize("name", TABLES)
def test_stratified_tables_agree_with_r(name):
    expected = REFERENCE["cmh"][name]
    results = by_name(odds_ratio_homogeneity(TABLES[name]) + cochran_mantel_haenszel(TABLES[name]))
    for statistic, value, p in (
        ("breslow_day", "breslow_day", "p"),
        ("tarone", "tarone", "tarone_p"),
    ):
        test = results[statistic]
        assert test.estimate == pytest.approx(expected["breslow_day"][value], abs=1e-6)
        assert test.p_value == pytest.approx(expected["breslow_day"][p], abs=1e-6)
        assert test.df == len(TABLES[name]) - 1
    for statistic, key in (
        ("cochran_mantel_haenszel", "uncorrected"),
        ("cochran_mantel_haenszel_corrected", "correct"),
    ):
        assert results[statistic].estimate == pytest.approx(expected[key]["chisq"], abs=1e-6)
        assert results[statistic].p_value == pytest.approx(expected[key]["p"], abs=1e-6)
    ratio = results["common_odds_ratio"]
    assert [ratio.estimate, ratio.ci_low, ratio.ci_high] == pytest.approx(
        [expected["mh_or"], *expected["mh_or_ci_rbg"]], abs=1e-6
    )
    assert (ratio.n, ratio.events) == (
        np.sum(TABLES[name]),
        np.sum(np.array(TABLES[name])[:, :, 0]),
    )


def test_a_common_odds_ratio_of_one_is_no_division_by_zero():
    equal, opposite = [[[5, 5], [10, 10]], [[4, 4], [8, 8]]], [[[5, 5], [5, 10]], [[5, 10], [5, 5]]]
    assert by_name(odds_ratio_homogeneity(equal))["breslow_day"].estimate == 0
    # both tables have 2 above or below an expectation of 10 * 10 / 25 = 4: v = 1 / sum(1 / cells)
    v = 1 / (1 / 4 + 1 / 6 + 1 / 6 + 1 / 9)
    result = by_name(odds_ratio_homogeneity(opposite))["tarone"]
    assert result.estimate == pytest.approx(2 * 1 / v)
    assert result.note == "An expected count is below 5: read with care."


def test_correction_for_continuity_stops_at_one_half_as_in_r():
    # mantelhaen.test of R 4.2.2 gives 0.0317840874062404 with and without correction
    tables = [[[5, 5], [10, 10]], [[5, 4], [8, 8]]]
    results = by_name(cochran_mantel_haenszel(tables))
    for statistic in ("cochran_mantel_haenszel", "cochran_mantel_haenszel_corrected"):
        assert results[statistic].estimate == pytest.approx(0.0317840874062404, abs=1e-12)


def test_strata_without_both_groups_or_outcomes_say_nothing():
    silent = [[[3, 0], [4, 0]], [[0, 0], [1, 2]], [[0, 0], [0, 0]]]
    for function in (odds_ratio_homogeneity, cochran_mantel_haenszel):
        for alone, more in zip(function([T1, T3]), function([T1, *silent, T3]), strict=True):
            assert (more.estimate, more.p_value, more.df) == (
                alone.estimate,
                alone.p_value,
                alone.df,
            )
        assert all(e.estimate is None and e.note for e in function(silent))
    assert by_name(odds_ratio_homogeneity([T1]))["tarone"].note.startswith("Fewer than two strata")


def test_a_common_odds_ratio_of_zero_is_tested_but_not_estimated():
    tables = [[[0, 5], [4, 3]], [[0, 4], [3, 2]]]
    results = by_name(cochran_mantel_haenszel(tables))
    assert results["common_odds_ratio"].estimate is None
    assert 0 < results["cochran_mantel_haenszel"].p_value < 0.05
    assert all(
        e.note == "The common odds ratio is 0 or infinite." for e in odds_ratio_homogeneity(tables)
    )


def test_tables_are_counted_by_stratum():
    tables = tables_by_stratum([1, 0, 1, 1], [1, 1, 0, 0], ["b", "b", "b", "a"])
    assert tables.tolist() == [[[0, 0], [1, 0]], [[1, 1], [1, 0]]]
    assert tables_by_stratum([], [], []).shape == (0, 2, 2)
    with pytest.raises(ValueError, match="response must be 1 or 0"):
        tables_by_stratum([np.nan], [1], [1])
    with pytest.raises(ValueError, match="tables must have shape"):
        odds_ratio_homogeneity([[1, 2], [3, 4]])


@properties
@given(st.lists(st.integers(0, 9), min_size=12, max_size=12))
def test_swapping_groups_inverts_the_common_odds_ratio_and_no_test(counts):
    tables = np.reshape(counts, (3, 2, 2))
    one, two = (
        by_name(odds_ratio_homogeneity(t) + cochran_mantel_haenszel(t))
        for t in (tables, tables[::-1, ::-1])
    )
    for statistic, first in one.items():
        second = two[statistic]
        assert first.note == second.note
        if first.estimate is None:
            assert second.estimate is None
        elif statistic == "common_odds_ratio":
            assert second.estimate == pytest.approx(1 / first.estimate)
            assert second.ci_low == pytest.approx(1 / first.ci_high)
        else:
            assert second.estimate == pytest.approx(first.estimate, abs=1e-9)
            assert 0 <= first.p_value <= 1


def test_permutation_takes_the_likelihood_ratio_statistic_of_r():
    data = colon()
    result = interaction_permutation(
        data["time_os"], data["status_os"], data["arm"], data["node4"], rng=rng(), replicates=400
    )
    expected = REFERENCE["cox"]["interaction_os_node4"]["lrt_interaction"]
    assert result.estimate == pytest.approx(expected["chisq"], abs=1e-6)
    # 291 events: the permutation P is near the asymptotic one, within Monte Carlo error
    error = math.sqrt(expected["p"] * (1 - expected["p"]) / 400)
    assert result.p_value == pytest.approx(expected["p"], abs=4 * error)


def test_a_qualitative_interaction_is_found_by_permutation():
    data = sample(5)
    against = data["arm"] != data["high"]
    data["time"] = np.where(against, data["time"] / 8, data["time"])
    result = interaction_permutation(
        data["time"], data["event"], data["arm"], data["high"], rng=rng(), replicates=999
    )
    assert result.p_value == 1 / 1000
    (ratio, *_) = interaction(data["time"], data["event"], data["arm"], data["high"])
    assert ratio.p_value < 1e-4


@properties
@given(seeds)
def test_order_time_unit_and_swapped_labels_leave_the_permuted_statistic(seed):
    data = sample(seed % 1000)
    other = data.assign(time=data["time"] * 30, arm=1 - data["arm"]).iloc[rng(seed).permutation(53)]
    one, two = (
        interaction_permutation(
            d["time"], d["event"], d["arm"], d["high"], rng=rng(seed), replicates=200
        )
        for d in (data, other)
    )
    assert one.note == two.note
    assert two.estimate == pytest.approx(one.estimate, abs=1e-8)
    assert two.p_value == pytest.approx(one.p_value, abs=0.2)


def test_cells_without_events_or_patients_are_named():
    data = sample(1)
    silent = data["event"] & ~((data["arm"] == 1) & (data["high"] == 0))
    result = interaction_permutation(data["time"], silent, data["arm"], data["high"], rng=rng())
    assert (result.p_value, result.note) == (None, "No events in experimental/low.")
    everybody_high = np.ones(53)
    for estimate in (
        rmst_interaction(data["time"], data["event"], data["arm"], everybody_high),
        risk_difference_interaction(data["response"], data["arm"], everybody_high),
        rmst_interaction([], [], [], []),
        risk_difference_interaction([], [], []),
    ):
        assert estimate.estimate is None
        assert estimate.note.startswith("No patients in experimental/")


def test_restricted_means_differ_by_what_survfit_says():
    # R 4.2.2, survival 3.5-3: print(survfit(...), rmean = 1826) of the four groups
    data = colon()
    result = rmst_interaction(
        data["time_os"], data["status_os"], data["arm"], data["node4"], tau=1826
    )
    value, error = 86.6704995850408, 112.012410052405
    assert result.estimate == pytest.approx(value, abs=1e-6)
    assert result.std_error == pytest.approx(error, abs=1e-6)
    assert result.p_value == pytest.approx(2 * norm.sf(abs(value) / error))
    assert result.ci_low == pytest.approx(value - norm.ppf(0.975) * error)
    assert (result.at, result.n, result.events) == (1826, 619, 291)


def test_the_common_horizon_is_the_shortest_of_the_longest_follow_ups():
    data = sample(2)
    longest = data.groupby(["arm", "high"])["time"].max().min()
    result = rmst_interaction(data["time"], data["event"], data["arm"], data["high"])
    assert result.at == longest
    high, low = (
        rmst_difference(d["time"], d["event"], d["arm"], longest)
        for d in (data[data["high"] == 1], data[data["high"] == 0])
    )
    assert result.estimate == pytest.approx(high.estimate - low.estimate)
    late = rmst_interaction(data["time"], data["event"] & False, data["arm"], data["high"], 1000)
    assert (late.estimate, late.note) == (None, "No patient was followed so long.")


def test_no_events_are_no_difference_and_no_interval():
    data = sample(3)
    result = rmst_interaction(data["time"], np.zeros(53), data["arm"], data["high"])
    assert (result.estimate, result.ci_low, result.note) == (0, None, "No events by then.")


@properties
@given(seeds, st.floats(0.01, 100))
def test_swapping_arms_changes_the_sign_of_differences_and_units_scale_time(seed, unit):
    data = sample(seed)
    other = data.assign(arm=1 - data["arm"], time=data["time"] * unit).sample(
        frac=1, random_state=seed
    )
    one, two = (rmst_interaction(d["time"], d["event"], d["arm"], d["high"]) for d in (data, other))
    assert two.estimate == pytest.approx(-one.estimate * unit)
    assert two.ci_high == pytest.approx(-one.ci_low * unit)
    assert two.p_value == pytest.approx(one.p_value)
    one, two = (
        risk_difference_interaction(d["response"], d["arm"], d["high"]) for d in (data, other)
    )
    assert two.estimate == pytest.approx(-one.estimate)
    assert two.ci_high == pytest.approx(-one.ci_low)
    assert one.ci_low <= one.estimate <= one.ci_high


def test_risk_differences_are_compared_by_their_intervals():
    # high: 9/19 against 3/12; low: 2/10 against 5/12
    response = np.r_[[1] * 3 + [0] * 9, [1] * 5 + [0] * 7, [1] * 9 + [0] * 10, [1] * 2 + [0] * 8]
    arm, high = np.repeat([0, 1], [24, 29]), np.repeat([1, 0, 1, 0], [12, 12, 19, 10])
    result = risk_difference_interaction(response, arm, high)
    one, two = risk_difference(9, 19, 3, 12), risk_difference(2, 10, 5, 12)
    value = 9 / 19 - 3 / 12 - (2 / 10 - 5 / 12)
    assert result.estimate == pytest.approx(value)
    assert result.ci_low == pytest.approx(
        value - math.hypot(one.estimate - one.ci_low, two.ci_high - two.estimate)
    )
    error = math.sqrt(
        sum(p * (1 - p) / n for p, n in ((9 / 19, 19), (3 / 12, 12), (2 / 10, 10), (5 / 12, 12)))
    )
    assert result.std_error == pytest.approx(error)
    assert result.p_value == pytest.approx(0.09837055, abs=1e-7)
    certain = risk_difference_interaction(high, arm, high)
    assert (certain.estimate, certain.p_value) == (0, None)
    assert certain.note == "All four rates are 0 or 1: no P value."


@pytest.mark.parametrize("seed", range(40))
def test_the_interval_of_risk_differences_at_the_confidence_of_p_ends_at_0(seed):
    """P was Wald's: 0.049 beside an interval that held 0, and below 0.05 in 7.3% of no effects."""
    rng = np.random.default_rng(seed)
    sizes, rates = rng.integers(3, 30, 4), rng.random(4)
    sums = rng.binomial(sizes, rates)
    response = np.concatenate([np.arange(n) < x for n, x in zip(sizes, sums, strict=True)]).astype(
        int
    )
    arm, high = np.repeat([1, 0, 1, 0], sizes), np.repeat([1, 1, 0, 0], sizes)
    found = risk_difference_interaction(response, arm, high)
    if found.p_value is None or found.estimate == 0:
        return
    assert (found.p_value < 0.05) == (found.ci_low > 0 or found.ci_high < 0)
    confidence = {"compare": "diff", "method": "newcomb", "alpha": found.p_value}
    (l1, u1), (l0, u0) = (
        confint_proportions_2indep(sums[i], sizes[i], sums[i + 1], sizes[i + 1], **confidence)
        for i in (0, 2)
    )
    d1, d0 = (sums[i] / sizes[i] - sums[i + 1] / sizes[i + 1] for i in (0, 2))
    low = d1 - d0 - math.hypot(d1 - l1, u0 - d0)
    high = d1 - d0 + math.hypot(u1 - d1, d0 - l0)
    assert (low if d1 > d0 else high) == pytest.approx(0, abs=1e-7)


def test_stratified_logrank_of_the_colon_trial_is_rs():
    data = pd.read_csv(FOLDER / "colon.csv")
    expected = REFERENCE["logrank"]["colon_os_rx"]["stratified_logrank"]
    result = logrank(data["time_os"], data["status_os"], data["rx"], strata=data["node4"])
    assert result.statistic == "logrank_stratified"
    assert result.estimate == pytest.approx(expected["chisq"], abs=1e-6)
    assert result.p_value == pytest.approx(expected["p"], abs=1e-6)


def test_gail_and_simons_breast_cancer_trial():
    # NSABP trial in their paper (Biometrics 1985;41:361-372): Q+ 4.28 of four groups, P 0.088
    result = gail_simon([0.163, -0.114, -0.047, -0.151], [0.0788, 0.0689, 0.0614, 0.0547])
    assert result.estimate == pytest.approx(4.28, abs=5e-3)
    assert result.p_value == pytest.approx(0.088, abs=5e-4)


@pytest.mark.parametrize(("groups", "critical"), [(2, 2.71), (3, 4.23), (4, 5.43), (5, 6.50)])
def test_critical_values_are_those_of_gail_and_simons_table(groups, critical):
    result = gail_simon([math.sqrt(critical)] + [-9.0] * (groups - 1), np.ones(groups))
    assert result.p_value == pytest.approx(0.05, abs=3e-4)


def test_effects_of_one_sign_are_no_qualitative_interaction():
    result = gail_simon([0.5, 3], [0.1, 0.1])
    assert (result.estimate, result.p_value) == (0, 1)
    assert gail_simon([0.5], [0.1]).note == "Fewer than two groups."
    with pytest.raises(ValueError, match="std_errors positive"):
        gail_simon([0.5, 1], [0.1, 0])


def test_effects_by_level_are_statsmodels_of_each_and_of_their_product() -> None:
    from statsmodels.duration.hazard_regression import PHReg

    data = pd.read_csv(FOLDER / "lung.csv").dropna(subset=["ph.ecog"])
    data = data[data["ph.ecog"] < 3]
    time, event = data["time"].to_numpy(), (data["status"] == data["status"].max()).to_numpy()
    arm, level = (data["sex"] == 2).to_numpy(float), data["ph.ecog"].astype(int).astype(str)
    rows = effect_by_level(time, event, arm, level)
    assert [row.term for row in rows] == ["0", "1", "2", None]
    for row in rows[:-1]:
        inside = (level == row.term).to_numpy()
        alone = PHReg(time[inside], arm[inside], event[inside].astype(int), ties="efron").fit()
        assert row.estimate == pytest.approx(np.exp(alone.params[0]), rel=1e-6)
    one, two = (level == "1").to_numpy(float), (level == "2").to_numpy(float)
    small = np.column_stack([arm, one, two])
    large = np.column_stack([small, arm * one, arm * two])
    fits = [PHReg(time, x, event.astype(int), ties="efron").fit() for x in (small, large)]
    assert rows[-1].estimate == pytest.approx(2 * (fits[1].llf - fits[0].llf), rel=1e-5)
    assert rows[-1].df == 2


def test_a_level_without_an_estimate_gives_no_interaction() -> None:
    rows = effect_by_level([1, 2, 3, 4], [1, 1, 0, 0], [0, 1, 0, 1], ["a", "a", "b", "b"])
    assert rows[-1].statistic == "interaction"
    assert rows[-1].estimate is None
    assert "b" in (rows[-1].note or "")
    assert effect_by_level([1, 2], [1, 1], [0, 1], [None, None])[-1].estimate is None
