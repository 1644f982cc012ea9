import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.risk_sets import RiskSets, log_rank_all

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())
MAXSTAT = REFERENCE["maxstat"]
properties = settings(max_examples=40, deadline=None, derandomize=True)
ADDITIVE = ((0, 0), (1, 0), (0, 1), (1, 1))


def colon(marker):
    data = pd.read_csv(FOLDER / "colon.csv")
    return data[data[marker].notna()].reset_index(drop=True)


def veteran():
    return pd.read_csv(FOLDER / "veteran.csv")


def small(seed, n=40, ties=True):
    rng = np.random.default_rng(seed)
    marker = rng.integers(0, 12, n).astype(float)
    time = rng.exponential(np.exp(-0.1 * marker))
    if ties:
        time = np.ceil(time * 6)
    return marker, time, (rng.random(n) < 0.7).astype(int)


def log_rank_by_hand(high, time, event, strata=None):
    """Observed, expected and variance by one loop over event times; R's survdiff."""
    strata = np.zeros(len(time)) if strata is None else strata
    observed = expected = variance = 0.0
    for s in np.unique(strata):
        for t in np.unique(time[(event == 1) & (strata == s)]):
            at_risk = (time >= t) & (strata == s)
            died = at_risk & (time == t) & (event == 1)
            n, n1, d = at_risk.sum(), (at_risk & high).sum(), died.sum()
            observed += (died & high).sum()
            expected += d * n1 / n
            if n > 1:
                variance += d * (n - d) / (n - 1) * n1 / n * (1 - n1 / n)
    return observed, expected, variance


def assert_equal_by_hand(cutoffs, result, marker, time, event, strata=None):
    expected = [log_rank_by_hand(marker >= c, time, event, strata) for c in cutoffs]
    for ours, theirs in zip(
        (result.observed, result.expected, result.variance), np.transpose(expected), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


SCANS = [
    ("colon_os_nodes", lambda: colon("nodes"), "nodes", "time_os", "status_os"),
    ("colon_rec_nodes", lambda: colon("nodes"), "nodes", "time_rec", "status_rec"),
    ("colon_os_age", lambda: colon("age"), "age", "time_os", "status_os"),
    ("veteran_karno", veteran, "karno", "time", "status"),
]


@pytest.mark.parametrize(("name", "load", "marker", "time", "event"), SCANS)
class TestAgainstR:
    def test_chi_square_of_every_cutoff_is_that_of_survdiff(self, name, load, marker, time, event):
        data, scan = load(), MAXSTAT[name]["survdiff_scan"]
        cutoffs, result = log_rank_all(data[marker], data[time], data[event])
        above = np.searchsorted(cutoffs, scan["cut"], side="right")
        np.testing.assert_allclose(result.chi_square[above], scan["chisq"], rtol=1e-9)

    def test_cox_at_the_selected_cutoff_is_that_of_coxph(self, name, load, marker, time, event):
        data, expected = load(), MAXSTAT[name]["cox_high_vs_low"]
        high = data[marker].to_numpy() > MAXSTAT[name]["cut"]
        fit = RiskSets(data[time], data[event]).cox(high[None])
        assert fit.coefficients[0, 0] == pytest.approx(expected["coef"], abs=1e-8)
        assert fit.std_errors[0, 0] == pytest.approx(expected["se"], abs=1e-8)
        assert fit.log_likelihood[0] == pytest.approx(expected["loglik"][1], abs=1e-7)


def test_the_stratified_log_rank_is_that_of_survdiff():
    data = veteran()
    expected = REFERENCE["logrank"]["veteran_trt"]
    high = (data["trt"] == 2).astype(float)
    for strata, key in (
        (None, "logrank"),
        (data["celltype"].astype("category").cat.codes, "stratified_logrank"),
    ):
        _, result = log_rank_all(high, data["time"], data["status"], strata=strata)
        want = expected[key]
        assert result.chi_square[1] == pytest.approx(want["chisq"], rel=1e-9)


def test_the_interaction_model_is_that_of_coxph():
    data = colon("node4")
    data = data[data["rx"] != "Lev"]
    expected = REFERENCE["cox"]["interaction_os_node4"]
    group = (data["rx"] == "Lev+5FU") + 2 * data["node4"]
    sets = RiskSets(data["time_os"], data["status_os"])
    full, (ratio,) = sets.interaction(group.to_numpy()[None])
    additive = sets.cox(group.to_numpy()[None], design=ADDITIVE)
    np.testing.assert_allclose(full.coefficients[0], expected["full"]["coef"], atol=1e-8)
    np.testing.assert_allclose(full.std_errors[0], expected["full"]["se"], atol=1e-8)
    np.testing.assert_allclose(additive.coefficients[0], expected["main"]["coef"], atol=1e-8)
    assert ratio == pytest.approx(expected["lrt_interaction"]["chisq"], abs=1e-7)


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(3))
class TestAgainstALoop:
    def test_log_rank_of_every_cutoff(self, seed, ties):
        marker, time, event = small(seed, ties=ties)
        assert_equal_by_hand(*log_rank_all(marker, time, event), marker, time, event)

    def test_stratified_log_rank_of_every_cutoff(self, seed, ties):
        marker, time, event = small(seed, ties=ties)
        strata = np.random.default_rng(seed).integers(0, 3, len(marker))
        result = log_rank_all(marker, time, event, strata=strata)
        assert_equal_by_hand(*result, marker, time, event, strata)

    def test_cox_of_every_cutoff_against_lifelines(self, seed, ties):
        from lifelines import CoxPHFitter

        marker, time, event = small(seed, ties=ties)
        cutoffs = np.unique(marker)[2:-2]
        fits = RiskSets(time, event).cox(marker >= cutoffs[:, None])
        assert not fits.separated.any()
        for k, cutoff in enumerate(cutoffs):
            frame = pd.DataFrame({"high": marker >= cutoff, "time": time, "event": event})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                other = CoxPHFitter().fit(
                    frame.astype(float),
                    "time",
                    "event",
                    fit_options={"precision": 1e-12, "r_precision": 1e-14},
                )
            assert fits.coefficients[k, 0] == pytest.approx(other.params_["high"], abs=1e-6)
            assert fits.std_errors[k, 0] == pytest.approx(other.standard_errors_["high"], abs=1e-6)
            assert fits.log_likelihood[k] == pytest.approx(other.log_likelihood_, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_patients_drawn_so_often(seed):
    marker, time, event = small(seed)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(marker), np.full(len(marker), 1 / len(marker)), size=6)
    cutoffs, every = log_rank_all(marker, time, event, weights=weights)
    sets = RiskSets(time, event)
    for b, w in enumerate(weights):
        drawn = np.repeat(np.arange(len(marker)), w)
        resample = (marker[drawn], time[drawn], event[drawn])
        some, plain = log_rank_all(*resample)
        np.testing.assert_allclose(
            every.chi_square[b][np.isin(cutoffs, some)], plain.chi_square, atol=1e-9
        )
        high = marker >= cutoffs[5]
        one = sets.log_rank(high[None], w[None])
        assert one.chi_square[0] == pytest.approx(every.chi_square[b, 5], abs=1e-9)
        fit = sets.cox(high[None], w[None])
        expanded = RiskSets(*resample[1:]).cox(high[drawn][None])
        np.testing.assert_allclose(fit.coefficients, expanded.coefficients, atol=1e-8)
        np.testing.assert_allclose(fit.std_errors, expanded.std_errors, atol=1e-8)


def test_both_engines_agree_on_a_large_sample_with_heavy_ties():
    rng = np.random.default_rng(5)
    n = 20_000
    marker, event = rng.normal(size=n), rng.random(n) < 0.5
    time = np.ceil(rng.exponential(20, n))
    cutoffs, every = log_rank_all(marker, time, event)
    picked = np.array([1, 5, 4000, 19_990])
    some = RiskSets(time, event).log_rank(marker >= cutoffs[picked][:, None])
    np.testing.assert_allclose(every.chi_square[picked], some.chi_square, rtol=1e-6)


class TestSeparation:
    def test_a_group_without_events_has_no_hazard_ratio(self):
        high = np.array([[0, 0, 0, 1, 1, 1]])
        fit = RiskSets([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0]).cox(high)
        assert fit.separated[0]
        assert np.isnan(fit.coefficients[0, 0])

    def test_nor_one_whose_events_all_come_when_the_other_has_left(self):
        high = np.array([[0, 0, 0, 1, 1, 1]])
        assert RiskSets([1, 2, 3, 4, 5, 6], [1] * 6).cox(high).separated[0]

    def test_one_crossing_event_is_enough(self):
        high = np.array([[0, 0, 1, 0, 1, 1]])
        fit = RiskSets([1, 2, 3, 4, 5, 6], [1] * 6).cox(high)
        assert not fit.separated[0]
        assert np.isfinite(fit.coefficients[0, 0])

    def test_r_reports_a_coefficient_of_19_where_we_see_none(self):
        data = pd.read_csv(FOLDER / "DLBCL.csv").dropna(subset=["MGE", "time", "cens"])
        high = data["MGE"].to_numpy() > MAXSTAT["DLBCL_MGE"]["cut"]
        assert MAXSTAT["DLBCL_MGE"]["cox_high_vs_low"]["coef"] < -19
        assert RiskSets(data["time"], data["cens"]).cox(high[None]).separated[0]

    def test_newton_survives_a_ratio_of_a_thousand(self):
        n = 400
        time = np.arange(1, 2 * n + 1)
        high = np.r_[np.ones(n), np.zeros(n)].astype(int)
        high[[n - 1, n]] = high[[n, n - 1]]
        fit = RiskSets(time, np.ones(2 * n)).cox(high[None])
        assert 5 < fit.coefficients[0, 0] < 12


samples = st.integers(0, 10_000).map(lambda seed: small(seed, n=5 + seed % 30))


class TestProperties:
    @properties
    @given(samples, st.integers(0, 1000))
    def test_row_order_does_not_matter(self, sample, seed):
        order = np.random.default_rng(seed).permutation(len(sample[0]))
        _, one = log_rank_all(*sample)
        _, two = log_rank_all(*(x[order] for x in sample))
        np.testing.assert_allclose(one.chi_square, two.chi_square, atol=1e-8)

    @properties
    @given(samples)
    def test_only_the_order_of_markers_and_times_matters(self, sample):
        marker, time, event = sample
        _, one = log_rank_all(marker, time, event)
        _, two = log_rank_all(np.exp(marker), time * 30.4375, event)
        np.testing.assert_allclose(one.chi_square, two.chi_square, atol=1e-9)

    @properties
    @given(samples)
    def test_swapping_groups_inverts_the_hazard_ratio(self, sample):
        marker, time, event = sample
        sets, high = RiskSets(time, event), marker >= np.unique(marker)[:, None]
        one, two = sets.cox(high), sets.cox(~high)
        np.testing.assert_allclose(one.coefficients, -two.coefficients, atol=1e-7)
        np.testing.assert_array_equal(one.separated, two.separated)
        np.testing.assert_allclose(
            sets.log_rank(high).chi_square, sets.log_rank(~high).chi_square, atol=1e-9
        )

    @properties
    @given(samples)
    def test_weights_of_one_change_nothing(self, sample):
        marker, time, event = sample
        one, two = log_rank_all(*sample)[1], log_rank_all(*sample, weights=np.ones(len(time)))[1]
        np.testing.assert_array_equal(one.chi_square, two.chi_square)
        high = marker >= np.unique(marker)[:, None]
        sets = RiskSets(time, event)
        np.testing.assert_allclose(
            sets.cox(high).coefficients,
            sets.cox(high, np.ones(high.shape)).coefficients,
            atol=1e-9,
        )


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("event", [0, 1])
def test_tiny_samples_give_nan_and_no_error(n, event):
    time, marker = np.arange(1.0, n + 1), np.arange(n)
    cutoffs, result = log_rank_all(marker, time, np.full(n, event))
    assert len(cutoffs) == n
    assert np.isnan(result.chi_square).sum() >= min(n, 1)
    fits = RiskSets(time, np.full(n, event)).cox(np.zeros((1, n), dtype=int))
    assert fits.separated[0]


class TestWrongUse:
    def test_lengths_differ(self):
        with pytest.raises(ValueError, match="same length"):
            log_rank_all([1, 2], [1, 2, 3], [1, 0])

    def test_a_time_is_negative(self):
        with pytest.raises(ValueError, match="0 or more"):
            RiskSets([-1, 2], [1, 0])

    def test_an_event_is_two(self):
        with pytest.raises(ValueError, match="event must be 1"):
            RiskSets([1, 2], [1, 2])

    def test_a_marker_is_missing(self):
        with pytest.raises(ValueError, match="marker must be finite"):
            log_rank_all([1, np.nan], [1, 2], [1, 0])

    def test_a_weight_is_no_count(self):
        with pytest.raises(ValueError, match="counts"):
            log_rank_all([1, 2], [1, 2], [1, 0], weights=[0.5, 1])

    def test_a_grouping_has_too_few_columns(self):
        with pytest.raises(ValueError, match="one column for each patient"):
            RiskSets([1, 2], [1, 0]).cox(np.zeros((1, 3)))
