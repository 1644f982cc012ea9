import json
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.codes import codes_of
from il6_platform.statistics.regression import cox
from il6_platform.statistics.weighting import (
    ARMS,
    ESTIMANDS,
    balance,
    e_value,
    effective_sample_size,
    propensity_weights,
    weighted_kaplan_meier,
)

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "regression.json").read_text())["weighting"]
TERMS = REFERENCE["terms"]
properties = settings(max_examples=30, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def patients():
    """Lev+5FU against observation in colon.csv, complete cases of the covariates, as R has them."""
    colon = pd.read_csv(FOLDER / "colon.csv")
    both = colon[(colon["rx"] != "Lev") & colon[TERMS].notna().all(axis=1)]
    return both.assign(arm=(both["rx"] == "Lev+5FU").astype(int)).reset_index(drop=True)


def sample(patients, name):
    return patients if name == "colon" else patients[:250]


def values(estimates, statistic):
    return {e.term or e.grp: e.estimate for e in estimates if e.statistic == statistic}


@pytest.mark.parametrize("name", ["colon", "first250"])
@pytest.mark.parametrize("estimand", ESTIMANDS)
class TestAgainstR:
    def test_score_and_effective_size(self, patients, name, estimand):
        data, expected = sample(patients, name), REFERENCE[name]
        result = propensity_weights(data[TERMS], data["arm"], estimand=estimand)
        np.testing.assert_allclose(result.score[:5], expected["score"]["first"], atol=1e-9)
        assert result.score.sum() == pytest.approx(expected["score"]["sum"])
        assert result.estimates[0].estimate == pytest.approx(expected["auc"], abs=1e-12)
        assert values(result.estimates, "effective_sample_size") == pytest.approx(
            expected[estimand]["ess"], abs=1e-6
        )

    def test_balance(self, patients, name, estimand):
        data, expected = sample(patients, name), REFERENCE[name]
        weights = propensity_weights(data[TERMS], data["arm"], estimand=estimand).weights
        result = balance(data[TERMS], data["arm"], weights)
        assert values(result, "standardized_difference") == pytest.approx(
            expected["balance_unweighted"], abs=1e-9
        )
        assert values(result, "standardized_difference_weighted") == pytest.approx(
            expected[estimand]["balance"], abs=1e-9
        )

    def test_curve_and_its_interval(self, patients, name, estimand):
        data = sample(patients, name)
        weights = propensity_weights(data[TERMS], data["arm"], estimand=estimand).weights
        for code, arm in ARMS.items():
            expected = REFERENCE[name][estimand]["km"][arm]
            inside = (data["arm"] == code).to_numpy()
            curve = weighted_kaplan_meier(
                data["time_os"][inside], data["status_os"][inside], weights[inside]
            )
            at = curve.iloc[np.searchsorted(curve["x"], expected["time"], side="right") - 1]
            np.testing.assert_allclose(at["y"], expected["surv"], atol=1e-9)
            np.testing.assert_allclose(at["y_low"], expected["lower"], atol=1e-9)
            np.testing.assert_allclose(at["y_high"], expected["upper"], atol=1e-9)


@properties
@given(st.integers(0, 2**32 - 1), st.integers(30, 80), st.integers(1, 5))
def test_overlap_weights_balance_the_means_exactly_or_say_that_they_do_not(seed, n, terms):
    # Li, Morgan & Zaslavsky 2018, theorem 3; small samples are often separated
    rng = np.random.default_rng(seed)
    design = pd.DataFrame({f"x{i}": rng.standard_normal(n) for i in range(terms)})
    design["rare"] = (rng.random(n) < 0.05).astype(float)
    design["twice"] = 2 * design["x0"] - design["rare"]
    arm = rng.random(n) < 1 / (1 + np.exp(-design["x0"]))
    found = propensity_weights(design, arm, estimand="overlap")
    if found.weights is None:
        assert found.note
        return
    after = balance(design, arm, found.weights)
    left = [e.estimate for e in after if e.statistic == "standardized_difference_weighted"]
    largest = max(abs(value) for value in left if value is not None)
    penalised = "score_penalised" in codes_of(found.note)
    assert largest < (0.5 if penalised else 1e-7)


def test_a_level_that_one_arm_lacks_is_told_and_leaves_finite_weights(patients):
    data = patients[:120]
    design = data[TERMS].assign(only=(data["arm"] == 1) & (data["age"] > 70))
    found = propensity_weights(design, data["arm"])
    assert "score_penalised" in codes_of(found.note)
    assert np.isfinite(found.weights).all()
    assert (found.weights > 0).all()


def test_inverse_probability_weights_recover_the_effect_that_confounding_hides():
    rng = np.random.default_rng(5)
    x = rng.standard_normal(20_000)
    arm = rng.random(x.size) < 1 / (1 + np.exp(-x))
    outcome = 1.0 * arm + 2.0 * x + rng.standard_normal(x.size)
    for estimand in ESTIMANDS:
        w = propensity_weights(pd.DataFrame({"x": x}), arm, estimand=estimand).weights
        effect = np.average(outcome[arm], weights=w[arm]) - np.average(
            outcome[~arm], weights=w[~arm]
        )
        assert effect == pytest.approx(1.0, abs=0.12)
        assert outcome[arm].mean() - outcome[~arm].mean() > 2


def test_stabilised_weights_average_one_in_a_large_sample(patients):
    weights = propensity_weights(patients[TERMS], patients["arm"]).weights
    assert weights.mean() == pytest.approx(1, abs=0.01)


@properties
@given(st.floats(0.01, 1000), st.floats(-50, 50), st.integers(0, 2**32 - 1))
def test_units_and_row_order_change_no_weight(patients, scale, shift, seed):
    data = patients[:80]
    result = propensity_weights(data[TERMS], data["arm"])
    order = np.random.default_rng(seed).permutation(len(data))
    moved = data[TERMS].assign(age=data["age"] * scale + shift).iloc[order]
    again = propensity_weights(moved, data["arm"].to_numpy()[order])
    np.testing.assert_allclose(again.weights, result.weights[order], rtol=1e-6)


def test_swapping_the_arms_mirrors_score_and_balance(patients):
    data = patients[:80]
    one = propensity_weights(data[TERMS], data["arm"])
    other = propensity_weights(data[TERMS], 1 - data["arm"])
    np.testing.assert_allclose(other.score, 1 - one.score, atol=1e-9)
    np.testing.assert_allclose(other.weights, one.weights, rtol=1e-8)
    before = values(balance(data[TERMS], data["arm"]), "standardized_difference")
    mirrored = values(balance(data[TERMS], 1 - data["arm"]), "standardized_difference")
    assert mirrored == pytest.approx({term: -value for term, value in before.items()})


class TestWhatItCannotHelp:
    def test_arms_that_the_covariates_tell_apart(self):
        design = pd.DataFrame({"x": [1.0, 2, 3, 10, 11, 12]})
        result = propensity_weights(design, [0, 0, 0, 1, 1, 1])
        assert result.weights is None
        assert "perfectly" in result.note
        assert result.estimates[0].estimate == 1

    def test_few_patients_a_term(self, patients):
        assert (
            "25 patients in the smaller arm for 8 terms"
            in propensity_weights(patients[:53][TERMS], patients[:53]["arm"]).note
        )
        assert propensity_weights(patients[TERMS], patients["arm"]).note is None

    def test_little_overlap_and_a_small_effective_size(self):
        rng = np.random.default_rng(1)
        arm = np.repeat([0, 1], 200)
        design = pd.DataFrame({"x": rng.standard_normal(400) + 3 * arm})
        result = propensity_weights(design, arm)
        assert "overlap little" in result.note
        assert "is worth" in result.note
        assert any(e.note for e in result.estimates if e.statistic == "effective_sample_size")

    @pytest.mark.parametrize(
        ("design", "arm", "reason"),
        [
            ({"x": [1.0, 2, 3]}, [1, 1, 1], "one arm"),
            ({"x": [1.0, 1, 1]}, [0, 1, 1], "varies"),
            ({}, [0, 1], "varies"),
            ({"x": []}, [], "one arm"),
        ],
    )
    def test_no_model(self, design, arm, reason):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = propensity_weights(pd.DataFrame(design, index=range(len(arm))), arm)
        assert result.weights is None
        assert reason in result.note
        assert all(e.estimate is None and e.note for e in result.estimates)

    def test_balance_of_one_arm_or_a_constant(self):
        assert balance(pd.DataFrame({"x": [1.0, 2]}), [1, 1])[0].estimate is None
        assert "variation" in balance(pd.DataFrame({"x": [1.0, 1]}), [0, 1])[0].note


def survival(draw_weights):
    return st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 1), draw_weights), min_size=0, max_size=25
    ).map(lambda rows: np.array(rows, dtype=float).reshape(-1, 3).T)


class TestWeightedKaplanMeier:
    @properties
    @given(survival(st.just(1.0)))
    def test_weights_of_one_give_lifelines_curve_and_interval(self, data):
        from lifelines import KaplanMeierFitter

        time, event, weights = data
        curve = weighted_kaplan_meier(time, event, weights)
        if not len(time):
            assert curve.empty
            return
        fitted = KaplanMeierFitter().fit(time, event)
        np.testing.assert_allclose(
            fitted.survival_function_at_times(curve["x"][1:]), curve["y"][1:], atol=1e-12
        )
        limits = fitted.confidence_interval_.reindex(curve["x"][1:])
        inside = (curve["y"][1:] > 0).to_numpy()
        np.testing.assert_allclose(
            limits.to_numpy()[inside], curve[["y_low", "y_high"]].to_numpy()[1:][inside], atol=1e-9
        )

    @properties
    @given(survival(st.floats(0.1, 5)), st.floats(0.1, 10), st.integers(0, 2**32 - 1))
    def test_scale_of_the_weights_units_and_order_change_nothing(self, data, scale, seed):
        time, event, weights = data
        curve = weighted_kaplan_meier(time, event, weights)
        order = np.random.default_rng(seed).permutation(len(time))
        again = weighted_kaplan_meier(time[order] * 2, event[order], weights[order] * scale)
        np.testing.assert_allclose(again["x"], curve["x"] * 2)
        np.testing.assert_allclose(
            again.drop(columns="x"), curve.drop(columns="x"), rtol=1e-7, atol=1e-12
        )
        assert curve["y"].is_monotonic_decreasing or curve.empty
        inside = curve.dropna()
        assert (inside["y_low"] <= inside["y"] + 1e-12).all()
        assert (inside["y"] <= inside["y_high"] + 1e-12).all()

    @properties
    @given(survival(st.integers(1, 3)))
    def test_whole_number_weights_give_the_curve_of_so_many_patients(self, data):
        time, event, weights = data
        repeats = weights.astype(int)
        one = weighted_kaplan_meier(time, event, weights)
        many = weighted_kaplan_meier(
            np.repeat(time, repeats), np.repeat(event, repeats), np.ones(repeats.sum())
        )
        np.testing.assert_allclose(one["y"], many["y"], atol=1e-12)

    def test_all_censored_stays_at_one(self):
        curve = weighted_kaplan_meier([1, 2], [0, 0], [1, 2])
        assert curve.to_numpy().tolist() == [[0, 1, 1, 1, 2]]

    def test_all_dead_ends_at_zero_without_limits(self):
        curve = weighted_kaplan_meier([1, 2, 2], [1, 1, 1], [0.3, 0.1, 0.7])
        assert curve["y"].iloc[-1] == 0
        assert curve[["y_low", "y_high"]].iloc[-1].isna().all()
        assert curve["at_risk"].tolist() == [3, 3, 2]

    def test_interval_covers(self):
        # 95% over 400 cohorts of 60 with confounded weights: 2 Monte Carlo errors are 2.2%
        rng = np.random.default_rng(8)
        covered = []
        for _ in range(400):
            x = rng.random(60) < 0.5
            weights = np.where(x, 2.0, 0.7)
            time = rng.exponential(np.where(x, 1.0, 2.0))
            truth = np.average(np.exp([-1.0, -0.5]), weights=[2.0, 0.7])
            row = weighted_kaplan_meier(time, np.ones(60), weights).query("x <= 1").iloc[-1]
            covered.append(row["y_low"] <= truth <= row["y_high"])
        assert np.mean(covered) == pytest.approx(0.95, abs=0.025)


class TestEffectiveSampleSize:
    def test_equal_weights_are_worth_their_number(self):
        assert effective_sample_size([3, 3, 3, 3]) == pytest.approx(4)
        assert effective_sample_size([1, 0, 0]) == 1
        assert effective_sample_size([]) == 0

    @properties
    @given(st.lists(st.floats(0.01, 100), min_size=1, max_size=20))
    def test_lies_between_one_and_the_number(self, weights):
        assert 1 - 1e-9 <= effective_sample_size(weights) <= len(weights) + 1e-9


class TestEValue:
    # VanderWeele & Ding 2017: feeding without breast milk and death of respiratory infection
    # (RR 3.9, 1.8 to 8.7), breast-feeding and leukaemia (RR 0.80, 0.71 to 0.91)
    @pytest.mark.parametrize(
        ("ratio", "low", "high", "value", "limit"),
        [(3.9, 1.8, 8.7, 7.26, 3.0), (0.80, 0.71, 0.91, 1.81, 1.43)],
    )
    def test_published_examples(self, ratio, low, high, value, limit):
        result = e_value(ratio, low, high, rare=True)
        assert result.estimate == pytest.approx(value, abs=5e-3)
        assert result.ci_low == pytest.approx(limit, abs=5e-3)

    def test_common_outcome_takes_the_hazard_ratio_to_a_risk_ratio(self):
        # by hand: HR 2 -> (1 - 2^-1.414214) / (1 - 2^-0.707107) = 0.624786 / 0.387453 = 1.612547,
        # 1.612547 + sqrt(1.612547 * 0.612547) = 2.606409
        assert e_value(2.0).estimate == pytest.approx(2.606409, abs=1e-6)

    @properties
    @given(st.floats(0.05, 20), st.booleans())
    def test_a_ratio_and_its_inverse_need_the_same_confounder(self, ratio, rare):
        assert e_value(ratio, rare=rare).estimate == pytest.approx(
            e_value(1 / ratio, rare=rare).estimate
        )
        assert e_value(ratio, rare=rare).estimate >= 1

    def test_an_interval_that_holds_one_needs_no_confounder(self):
        assert e_value(0.7, 0.4, 1.2).ci_low == 1
        assert e_value(1.3, 0.9, 2.0).ci_low == 1
        assert e_value(1.0).estimate == 1

    def test_no_hazard_ratio(self):
        assert e_value(None).estimate is None
        assert e_value(None).note


@pytest.mark.parametrize(
    "call",
    [
        lambda: propensity_weights(pd.DataFrame({"x": [1.0, np.nan]}), [0, 1]),
        lambda: propensity_weights(pd.DataFrame({"x": [1.0, 2]}), [0, 2]),
        lambda: propensity_weights(pd.DataFrame({"x": [1.0, 2]}), [0]),
        lambda: propensity_weights(pd.DataFrame({"x": [1.0, 2]}), [0, 1], estimand="att"),
        lambda: balance(pd.DataFrame({"x": [1.0, 2]}), [0, 1], [-1, 1]),
        lambda: balance(pd.DataFrame({"x": [1.0, 2]}), [0, 1], [1]),
        lambda: weighted_kaplan_meier([1], [1], [0]),
        lambda: weighted_kaplan_meier([-1], [1], [1]),
        lambda: weighted_kaplan_meier([np.nan], [1], [1]),
        lambda: weighted_kaplan_meier([1], [2], [1]),
        lambda: weighted_kaplan_meier([1], [1, 0], [1]),
        lambda: e_value(0),
        lambda: e_value(0.5, -1, 2),
    ],
)
def test_misuse_is_refused(call):
    with pytest.raises(ValueError, match=r"must|Give|missing|Unknown"):
        call()


@pytest.mark.parametrize("name", ["colon", "first250"])
@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_the_weighted_hazard_ratio_of_heavily_tied_times_is_that_of_r(patients, name, estimand):
    data, expected = sample(patients, name), REFERENCE[name][estimand]["cox"]
    weights = propensity_weights(data[TERMS], data["arm"], estimand=estimand).weights
    month = np.ceil(data["time_os"] / 30.4375)
    (ratio,) = cox(
        data[["arm"]], month, data["status_os"], weights=weights, robust=True
    ).estimates()
    assert math.log(ratio.estimate) == pytest.approx(expected["coef"], rel=1e-6)
    assert ratio.std_error == pytest.approx(expected["robust_se"], rel=1e-6)
    assert abs(expected["naive_se"] / expected["robust_se"] - 1) > 0.01
