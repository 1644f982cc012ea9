"""Weighted, stratified and robust Cox models against R (reference/regression.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom, nchypergeom_wallenius

from il6_platform.statistics.arrays import Floats
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.regression import cox, interaction, proportional_hazards
from il6_platform.statistics.risk_sets import drawn
from il6_platform.statistics.survival import logrank, logrank_limits, logrank_z

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "regression.json").read_text())
TERMS = REFERENCE["weighting"]["terms"]
DESIGNS = {"arm": ["arm"], "three": ["arm", "age", "nodes"]}
properties = settings(max_examples=40, deadline=None, derandomize=True)


def colon() -> pd.DataFrame:
    """Lev+5FU against observation, complete cases; weights and tied times as in regression.R."""
    data = pd.read_csv(FOLDER / "colon.csv")
    data = data[(data["rx"] != "Lev") & data[TERMS].notna().all(axis=1)].reset_index(drop=True)
    return data.assign(
        arm=(data["rx"] == "Lev+5FU").astype(int),
        month=np.ceil(data["time_os"] / 30.4375),
        quarter=np.ceil(data["time_os"] / 91.3125),
        w=0.25 + (data["age"] % 7) / 3,
    )


@pytest.mark.parametrize("case", REFERENCE["models"])
def test_weights_strata_ties_and_robust_variance_are_those_of_r(case: str) -> None:
    time, design, strata, weights = case.split("/")
    data, expected = colon(), REFERENCE["models"][case]
    choices = {
        "weights": None if weights == "one" else data[weights],
        "strata": None if strata == "none" else data[strata],
    }
    args = (data[DESIGNS[design]], data[time], data["status_os"])
    robust, plain = cox(*args, **choices, robust=True), cox(*args, **choices)
    shape = plain.covariance.shape
    np.testing.assert_allclose(robust.coefficients, np.atleast_1d(expected["coef"]), rtol=1e-7)
    for fit, name in ((robust, "var"), (plain, "naive")):
        known = np.reshape(expected[name], shape)
        np.testing.assert_allclose(fit.covariance, known, rtol=1e-6, atol=1e-12)
    assert [plain.null_log_likelihood, plain.log_likelihood] == pytest.approx(
        expected["loglik"], rel=1e-10
    )
    tests = [row.estimate for row in proportional_hazards(plain)]
    assert tests == pytest.approx(np.atleast_1d(expected["zph"]["chisq"])[: len(tests)], rel=1e-6)
    index = plain.concordance()
    assert index.estimate == pytest.approx(expected["concordance"], rel=1e-9)
    assert index.std_error == pytest.approx(expected["concordance_se"], rel=1e-7)


def test_patients_without_weight_are_as_if_not_given() -> None:
    data = colon()
    weights = data["w"].where(np.arange(len(data)) % 3 > 0, 0.0)
    kept = data[weights > 0]
    with_zeros = cox(data[["arm", "age"]], data["month"], data["status_os"], weights=weights)
    without = cox(
        kept[["arm", "age"]], kept["month"], kept["status_os"], weights=weights[weights > 0]
    )
    assert with_zeros.n == len(kept)
    assert with_zeros.estimates() == without.estimates()
    assert with_zeros.concordance() == without.concordance()
    with pytest.raises(ValueError, match="0 or more"):
        cox(data[["arm"]], data["month"], data["status_os"], weights=weights - 1)


@properties
@given(st.integers(0, 2**32 - 1), st.integers(8, 40), st.booleans(), st.booleans())
def test_a_fit_is_at_the_maximum_or_says_why_not(
    seed: int, n: int, tied: bool, stratified: bool
) -> None:
    """Small, tied, stratified samples are often separated; then no number may stand."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(
        {"a": rng.integers(0, 2, n), "b": rng.normal(size=n) * 10.0 ** rng.integers(6)}
    )
    time = rng.exponential(size=n)
    time = np.ceil(time * 3) if tied else time
    event = rng.random(n) < rng.uniform(0.1, 1)
    strata = rng.integers(0, 3, n) if stratified else None
    fit = cox(x, time, event, strata=strata)
    if fit.note:
        assert all(row.estimate is None and row.note for row in fit.estimates())
        assert all(row.estimate is None for row in proportional_hazards(fit))
        assert fit.concordance().estimate is None
        return
    assert fit.log_likelihood >= fit.null_log_likelihood - 1e-9
    assert np.abs(fit.coefficients * np.ptp(x, axis=0)).max() < 30
    for column in x:
        # the likelihood falls on both sides
        for step in (-1e-2, 1e-2):
            error = float(np.sqrt(fit.covariance.loc[column, column]))
            moved = fit.coefficients.copy()
            moved[column] += step * error
            assert fit._data is not None
            assert fit._data.likelihood(moved).log_likelihood < fit.log_likelihood


def test_separation_within_strata_has_no_estimate() -> None:
    """Over all patients the groups overlap; within each stratum one fails before the other."""
    group = np.array([1, 1, 0, 0, 1, 1, 0, 0])
    time = np.array([1, 2, 3, 4, 11, 12, 13, 14.0])
    strata = np.repeat([0, 1], 4)
    args = (pd.DataFrame({"group": group}), time, np.ones(8))
    assert cox(*args).estimates()[0].estimate is not None
    (row,) = cox(*args, strata=strata).estimates()
    assert row.estimate is None
    assert row.note is not None and row.note.startswith("Separation")


def test_a_covariate_that_is_the_stratum_has_no_estimate() -> None:
    data = colon()
    fit = cox(data[["arm", "extent"]], data["month"], data["status_os"], strata=data["extent"])
    assert fit.note == "The covariates cannot be told apart in the patients at risk."


@pytest.mark.parametrize("columns", [["arm"], ["arm", "extent", "age"]])
@pytest.mark.parametrize("is_stratified", [False, True])
def test_the_maximum_is_the_one_that_lifelines_finds(
    columns: list[str], is_stratified: bool
) -> None:
    data = colon().dropna(subset=columns)
    asked = data[columns], data["time_os"], data["status_os"]
    strata = data["obstruct"] if is_stratified else None
    own, theirs = (cox(*asked, strata=strata, by_lifelines=by) for by in (False, True))
    np.testing.assert_allclose(own.coefficients, theirs.coefficients, rtol=1e-9)
    np.testing.assert_allclose(own.covariance, theirs.covariance, rtol=1e-9)
    assert own.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-13)


def test_what_sums_of_many_patients_lose_halves_no_step() -> None:
    from il6_platform.statistics import regression
    from il6_platform.statistics.partial_likelihood import PartialLikelihood

    asked: list[float] = []

    class Rounded(regression._Data):
        """Each evaluation loses some digits, as those of hundreds of thousands of patients do."""

        def likelihood(self, *args: Any) -> PartialLikelihood:
            found = super().likelihood(*args)
            asked.append(found.log_likelihood)
            found.log_likelihood *= 1 + 3e-13 * len(asked)
            return found

    data = colon().dropna(subset=["nodes"])
    of = data[["nodes", "age"]].to_numpy(float), data["time_os"].to_numpy(float)
    given = *of, data["status_os"].to_numpy(bool), None, None
    found, exact = (
        regression._maximum(one, one.likelihood([0.0, 0.0]))
        for one in (Rounded(*given), regression._Data(*given))
    )
    assert len(asked) <= 8
    np.testing.assert_array_equal(found, exact)


def test_a_profile_limit_is_found_whatever_sums_lose() -> None:
    from il6_platform.statistics.partial_likelihood import PartialLikelihood, profile_interval

    data = colon().dropna(subset=["nodes"])
    x = data[["nodes", "age"]].to_numpy(float)
    time, event = data["time_os"].to_numpy(float), data["status_os"].to_numpy(bool)
    fit = cox(data[["nodes", "age"]], time, event)
    asked: list[int] = []

    def limits(loses: float) -> tuple[float, float]:
        def at(beta: Floats) -> PartialLikelihood:
            found = PartialLikelihood(x, time, event, beta)
            asked.append(1)
            found.log_likelihood += loses * (-1) ** len(asked)
            return found

        return profile_interval(at, fit.coefficients.to_numpy(), fit.covariance.to_numpy(), 0)

    np.testing.assert_allclose(limits(1.2e-9), limits(0), rtol=1e-7)


def test_a_search_that_ends_elsewhere_has_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    from il6_platform.statistics import regression

    data = colon()
    for wrong in (np.array([0.5]), np.array([-3.0]), np.array([np.nan])):
        monkeypatch.setattr(regression, "_maximum", lambda *_, wrong=wrong: wrong)
        regression._fitted.cache_clear()
        fit = cox(data[["arm"]], data["time_os"], data["status_os"])
        assert fit.note == Code.NOT_CONVERGED.say()
        assert fit.estimates()[0].estimate is None
    regression._fitted.cache_clear()


@properties
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.booleans())
def test_concordance_is_what_all_pairs_say(seed: int, n: int, tied: bool) -> None:
    from il6_platform.statistics.partial_likelihood import concordance

    rng = np.random.default_rng(seed)
    time = rng.integers(1, 9, n).astype(float) if tied else rng.exponential(size=n)
    risk = rng.integers(0, 4, n).astype(float) if tied else rng.normal(size=n)
    event, w, s = rng.random(n) < 0.6, rng.uniform(0.2, 2, n), rng.integers(0, 2, n)
    first = event[:, None] & ((time[:, None] < time) | ((time[:, None] == time) & ~event))
    pair = first & (s[:, None] == s)
    weight = pair * w[:, None] * w
    score = weight * (0.5 + 0.5 * np.sign(risk[:, None] - risk))
    found = concordance(risk, time, event, w, s)
    if not weight.sum():
        assert found is None
        return
    assert found is not None
    value = score.sum() / weight.sum()
    influence = (score - value * weight).sum(0) + (score - value * weight).sum(1)
    assert found[0] == pytest.approx(value, abs=1e-12)
    assert found[1] == pytest.approx(np.sqrt((influence**2).sum()) / weight.sum(), abs=1e-9)


def profiled(rows: list[Estimate]) -> Estimate:
    return next(row for row in rows if row.statistic == "ratio_of_hazard_ratios_profile")


@pytest.mark.parametrize("case", ["interaction", "interaction_tied", "first60"])
def test_the_interactions_interval_and_p_are_of_the_likelihood_ratio(case: str) -> None:
    """Against R's profile of coxph with an offset (regression.R)."""
    data, expected = colon(), REFERENCE["profile"][case]
    data = data[:60] if case == "first60" else data
    time = data["quarter" if case == "interaction_tied" else "time_os"]
    row = profiled(interaction(time, data["status_os"], data["arm"], data["nodes"] >= 4))
    assert np.log(row.estimate) == pytest.approx(expected["coef"], rel=1e-6)
    assert np.log(row.ci_low) == pytest.approx(expected["lower"], rel=1e-5)
    assert np.log(row.ci_high) == pytest.approx(expected["upper"], rel=1e-5)
    assert row.p_value == pytest.approx(expected["p"], rel=1e-6)


@properties
@given(st.integers(0, 2**32 - 1), st.integers(20, 80))
def test_an_interactions_interval_holds_1_where_its_p_is_above_the_level(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    arm, high = rng.integers(0, 2, n), rng.integers(0, 2, n)
    time = rng.exponential(np.exp(-1.5 * arm * high), n)
    row = profiled(interaction(time, rng.random(n) < 0.7, arm, high))
    if row.estimate is None or None in (row.ci_low, row.ci_high):
        return
    assert row.ci_low < row.estimate < row.ci_high
    assert (row.ci_low < 1 < row.ci_high) == (row.p_value > 0.05)


@pytest.mark.parametrize("case", ["whole", "first60"])
def test_the_log_rank_tests_limits_are_those_of_the_score_test(case: str) -> None:
    """Against R: coxph's score test at an offset, without ties (regression.R)."""
    data, expected = colon(), REFERENCE["score"][case]
    untied = data["time_os"] + np.arange(1, len(data) + 1) / 1e4
    data = data.assign(untied=untied)[: 60 if case == "first60" else len(data)]
    low, high = logrank_limits(
        data["untied"], data["status_os"], data["arm"], np.exp(expected["coef"])
    )
    assert np.log(low) == pytest.approx(expected["lower"], rel=1e-8)
    assert np.log(high) == pytest.approx(expected["upper"], rel=1e-8)


@properties
@given(st.integers(0, 2**32 - 1), st.integers(4, 60), st.sampled_from([0, 1, 6, 20]))
def test_limits_hold_the_estimate_and_hold_1_where_the_log_rank_test_does(
    seed: int, n: int, grid: int
) -> None:
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.5
    time = rng.exponential(10 * np.exp(rng.normal() * first), n)
    # days, months, half years or more: from no ties to hardly anything else
    time = np.ceil(time / grid) * grid if grid else time
    event = rng.random(n) < 0.7
    ratio = cox(pd.DataFrame({"first": first.astype(float)}), time, event).estimates()[0]
    test = logrank(time, event, first)
    z = logrank_z(time, event, first)
    assert (z is None) == (test.estimate is None)
    if z is not None and test.estimate is not None:
        assert z**2 == pytest.approx(test.estimate, rel=1e-9, abs=1e-12)
    if ratio.estimate is None or test.p_value is None:
        return
    limits = logrank_limits(time, event, first, ratio.estimate)
    low, high = (
        np.log(one) if one else side * 99 for one, side in zip(limits, (-1, 1), strict=True)
    )
    assert low < np.log(ratio.estimate) < high
    assert (low <= 0 <= high) == (test.p_value >= 0.05)


@pytest.mark.parametrize("ratio", [0.04, 1, 3, 100])
def test_who_fails_on_one_day_fails_in_any_order(ratio: float) -> None:
    """Against scipy's distribution of Wallenius."""
    cases = np.array([(1, 5, 3), (4, 4, 5), (6, 2, 1), (3, 3, 6), (0, 4, 2), (30, 25, 20)], float)
    mean, variance = drawn(*cases.T, ratio)
    first, second, died = cases.astype(int).T
    expected = nchypergeom_wallenius.stats(first + second, first, died, ratio)
    assert mean == pytest.approx(expected[0], abs=1e-6)
    assert variance == pytest.approx(expected[1], abs=1e-6)


@pytest.mark.parametrize("ratio", [0.2, 1, 4])
def test_many_who_fail_on_one_day_are_as_few_are(ratio: float) -> None:
    """Nearly so; without a difference, the hypergeometric distribution's moments themselves."""
    mean, variance = (one[0] for one in drawn(*np.array([[120.0], [80.0], [100.0]]), ratio))
    expected = nchypergeom_wallenius.stats(200, 120, 100, ratio)
    assert mean == pytest.approx(float(expected[0]), rel=0.003)
    assert variance == pytest.approx(float(expected[1]), rel=0.1)
    if ratio == 1:
        assert (mean, variance) == pytest.approx(hypergeom.stats(200, 120, 100), rel=1e-9)


def test_limits_with_hardly_anything_but_ties_are_about_walds() -> None:
    """Two looks at 400 patients: the limits used not to hold Efron's estimate, or not to be."""
    rng = np.random.default_rng(0)
    first = np.arange(400) % 2 == 0
    failed_at = rng.exponential(1 / np.where(first, 2.5, 1))
    time = np.minimum(np.ceil(failed_at * 2), 3)
    event = failed_at < 1.2
    (row,) = cox(pd.DataFrame({"first": first.astype(float)}), time, event).estimates()
    low, high = logrank_limits(time, event, first, row.estimate)
    assert (low, high) == pytest.approx((row.ci_low, row.ci_high), rel=0.06)


def test_an_estimate_that_the_test_rejects_is_its_own_limit() -> None:
    time, first = np.arange(1, 201.0), np.arange(200) % 2 == 0
    low, high = logrank_limits(time, np.ones(200), first, 1.0)
    assert low is not None and high is not None
    assert logrank_limits(time, np.ones(200), first, 3.0) == pytest.approx((low, 3.0))
