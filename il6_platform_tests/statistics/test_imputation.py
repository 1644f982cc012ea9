import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.imputation import (
    _nelson_aalen,
    dummies,
    impute,
    missing_counts,
    multiple_imputation_cox,
    rubin,
)

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "adjustment.json").read_text())
TERMS = REFERENCE["rubin"]["terms"]
properties = settings(max_examples=30, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def lung():
    return pd.read_csv(FOLDER / "lung.csv")


class TestRubin:
    @pytest.mark.parametrize("term", range(4))
    def test_agrees_with_pool_of_mice(self, term):
        r = REFERENCE["rubin"]
        result = rubin(np.array(r["q"])[:, term], np.array(r["u"])[:, term], complete_df=r["dfcom"])
        assert result.estimate == pytest.approx(r["estimate"][term], rel=1e-12)
        assert result.std_error == pytest.approx(r["se"][term], rel=1e-12)
        assert result.df == pytest.approx(r["df"][term], rel=1e-9)
        assert result.p_value == pytest.approx(r["p"][term], rel=1e-9)
        assert result.ci_low == pytest.approx(r["low"][term], rel=1e-9)
        assert result.ci_high == pytest.approx(r["high"][term], rel=1e-9)
        assert f"{r['fmi'][term]:.3f}" in result.note

    def test_agrees_with_pool_scalar_of_mice_in_infinite_samples(self):
        r = REFERENCE["rubin"]
        result = rubin(np.array(r["q"])[:, 3], np.array(r["u"])[:, 3])
        assert result.df == pytest.approx(r["infinite_df"]["df"], rel=1e-9)
        assert f"{r['infinite_df']['fmi']:.3f}" in result.note

    def test_imputations_that_agree_give_the_analysis_itself(self):
        result = rubin([0.5] * 4, [0.04] * 4)
        assert (result.estimate, result.std_error, result.df) == (0.5, pytest.approx(0.2), None)
        assert result.ci_high == pytest.approx(0.5 + 0.2 * 1.959963984540054)

    @properties
    @given(
        st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=8),
        st.floats(1, 500),
    )
    def test_order_and_sign_change_nothing_and_complete_df_bounds_df(self, draws, complete_df):
        q, u = np.transpose(draws)
        one = rubin(q, u, complete_df=complete_df)
        other = rubin(-q[::-1], u[::-1], complete_df=complete_df)
        assert other.estimate == pytest.approx(-one.estimate)
        assert other.ci_low == pytest.approx(-one.ci_high)
        assert other.p_value == pytest.approx(one.p_value)
        assert 0 < one.df <= complete_df + 1e-9
        assert one.std_error >= np.sqrt(u.mean()) - 1e-12

    @pytest.mark.parametrize(
        ("q", "u"), [([1], [1]), ([1, 2], [1]), ([1, 2], [1, 0]), ([1, np.nan], [1, 1])]
    )
    def test_misuse_is_refused(self, q, u):
        with pytest.raises(ValueError, match=r"must be|Give"):
            rubin(q, u)


def holed(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    frame = pd.DataFrame(
        {
            "x": x,
            "z": x + 0.5 * rng.standard_normal(n),
            "b": (x + rng.standard_normal(n) > 0).astype(float),
            "g": pd.Categorical(
                np.select([x > 0.5, x < -0.5], ["hi", "lo"], "mid"), ["lo", "mid", "hi"]
            ),
        }
    )
    for column in ("z", "b", "g"):
        frame.loc[rng.random(n) < 0.25, column] = np.nan
    return frame


class TestImpute:
    def test_keeps_what_was_observed_and_draws_observed_values(self):
        frame = holed(80)
        drawn = impute(
            frame, np.zeros((80, 1)), imputations=3, iterations=2, rng=np.random.default_rng(1)
        )
        assert len(drawn) == 3
        for full in drawn:
            assert not full.isna().any(axis=None)
            assert (full.dtypes == frame.dtypes).all()
            pd.testing.assert_frame_equal(full.where(frame.notna()), frame)
            assert set(full["z"]) == set(frame["z"].dropna())
            assert set(full["b"]) == {0.0, 1.0}
        assert not drawn[0].equals(drawn[1])

    def test_the_same_generator_draws_the_same(self):
        frame = holed(60)
        one, other = (
            impute(frame, np.zeros(60), imputations=2, iterations=2, rng=np.random.default_rng(4))
            for _ in range(2)
        )
        for a, b in zip(one, other, strict=True):
            pd.testing.assert_frame_equal(a, b)

    def test_draws_follow_the_other_variables(self):
        frame = holed(600)
        full = impute(
            frame, np.zeros(600), imputations=1, iterations=5, rng=np.random.default_rng(2)
        )[0]
        holes = frame["z"].isna()
        assert np.corrcoef(full["x"][holes], full["z"][holes])[0, 1] == pytest.approx(0.89, abs=0.1)
        drawn = full[frame["b"].isna()]
        assert (
            drawn["b"][drawn["x"] > 0.5].mean() > 0.6 > 0.4 > drawn["b"][drawn["x"] < -0.5].mean()
        )
        drawn = full[frame["g"].isna()]
        assert (drawn["g"][drawn["x"] > 1] == "hi").mean() > 0.7

    def test_separated_and_constant_variables_still_draw(self):
        frame = pd.DataFrame(
            {
                "x": [0.0, 0, 0, 1, 1, 1],
                "b": [0, 0, np.nan, 1, 1, np.nan],
                "c": [2.0] * 5 + [np.nan],
            }
        )
        full = impute(frame, np.zeros(6), imputations=5, rng=np.random.default_rng(0))
        assert all((draw["c"] == 2).all() and set(draw["b"]) == {0, 1} for draw in full)

    def test_a_variable_without_an_observed_value_is_refused(self):
        with pytest.raises(ValueError, match="b: no observed value"):
            impute(
                pd.DataFrame({"a": [1.0, 2], "b": [np.nan, np.nan]}),
                np.zeros(2),
                imputations=2,
                rng=np.random.default_rng(0),
            )


def test_nelson_aalen_sums_to_the_number_of_events(lung):
    # the martingale residuals of a null model sum to 0, ties included
    time, event = np.round(lung["time"].to_numpy(float), -2), (lung["status"] == 2).to_numpy(float)
    assert _nelson_aalen(time, event).sum() == pytest.approx(event.sum())


def test_missing_values_are_counted_by_variable_and_by_patient(lung):
    counts = {
        c.term: (c.estimate, c.n) for c in missing_counts(lung[["age", "meal.cal", "wt.loss"]])
    }
    assert counts == {"age": (0, 228), "meal.cal": (47, 228), "wt.loss": (14, 228), None: (57, 228)}


def test_dummies_name_levels_and_leave_the_first_out():
    frame = pd.DataFrame({"age": [1, 2], "sex": pd.Categorical(["M", "F"], ["F", "M"])})
    expected = pd.DataFrame({"age": [1.0, 2.0], "sex[M]": [1.0, 0.0]})
    pd.testing.assert_frame_equal(dummies(frame), expected)
    with pytest.raises(ValueError, match="missing"):
        dummies(frame.assign(age=[1, np.nan]))


def hazards(estimates):
    return pd.DataFrame(
        {"coef": np.log([e.estimate for e in estimates]), "se": [e.std_error for e in estimates]},
        index=[e.term for e in estimates],
    )


class TestMultipleImputationCox:
    def test_agrees_with_mice_within_its_error(self, lung):
        # 40 imputations against mice's 200: the Monte Carlo error of a pooled coefficient is
        # sqrt(between / m), under a tenth of its standard error here
        result = multiple_imputation_cox(
            lung[TERMS],
            lung["time"],
            lung["status"] == 2,
            auxiliary=lung[["ph.karno", "meal.cal"]],
            imputations=40,
            iterations=5,
            rng=np.random.default_rng(3),
        )
        ours, mice = hazards(result.pooled), REFERENCE["mice_lung_m200"]
        assert list(ours.index) == mice["term"]
        assert np.all(np.abs(ours["coef"] - mice["estimate"]) < 0.1 * np.array(mice["se"]))
        np.testing.assert_allclose(ours["se"], mice["se"], rtol=0.03)
        assert all(e.n == 228 and e.events == 165 for e in result.pooled)
        assert all("Fraction of missing information" in e.note for e in result.pooled)

    def test_complete_cases_stand_beside_and_agree_with_r(self, lung):
        result = multiple_imputation_cox(
            lung[TERMS],
            lung["time"],
            lung["status"] == 2,
            imputations=2,
            iterations=1,
            rng=np.random.default_rng(3),
        )
        expected = REFERENCE["lung_complete_case"]
        beside = hazards(result.complete_case)
        np.testing.assert_allclose(beside["coef"], expected["coef"], atol=1e-6)
        np.testing.assert_allclose(beside["se"], expected["se"], atol=1e-6)
        assert result.complete_case[0].n == expected["n"]
        assert "Fewer imputations" in result.pooled[0].note

    def test_nothing_missing_is_the_complete_case_analysis(self, lung):
        result = multiple_imputation_cox(
            lung[["age", "sex"]], lung["time"], lung["status"] == 2, rng=np.random.default_rng(0)
        )
        assert result.pooled == result.complete_case

    def test_comes_nearer_to_the_data_without_holes_than_complete_cases_do(self):
        # x is missing more often in who dies early and has a high z
        rng = np.random.default_rng(0)
        n = 1500
        z = rng.standard_normal(n)
        x = 0.7 * z + 0.7 * rng.standard_normal(n)
        time = rng.exponential(np.exp(-0.4 * x))
        lost = rng.random(n) < 0.8 / (1 + np.exp(-3 * (z - 2 * np.log(time + 0.01) - 2)))
        whole = pd.DataFrame({"x": x, "z": z})
        truth = multiple_imputation_cox(whole, time, np.ones(n), rng=rng).pooled
        result = multiple_imputation_cox(
            whole.mask(np.column_stack([lost, np.zeros(n, bool)])),
            time,
            np.ones(n),
            imputations=10,
            iterations=3,
            rng=rng,
        )
        aside = {
            name: np.abs(hazards(estimates)["coef"] - hazards(truth)["coef"])
            for name, estimates in (
                ("pooled", result.pooled),
                ("complete", result.complete_case),
            )
        }
        assert (aside["pooled"] < 0.05).all()
        assert aside["complete"]["z"] > 0.05

    def test_what_cannot_be_imputed_is_said(self):
        frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [np.nan] * 4})
        result = multiple_imputation_cox(
            frame, [1, 2, 3, 4], [1, 1, 1, 1], rng=np.random.default_rng(0)
        )
        assert all(e.estimate is None and e.note for e in result.pooled)
        assert all(e.estimate is None and e.note for e in result.complete_case)

    def test_no_events_are_said(self):
        frame = pd.DataFrame({"x": [1.0, 2, np.nan, 4]})
        result = multiple_imputation_cox(
            frame, [1, 2, 3, 4], [0, 0, 0, 0], imputations=2, rng=np.random.default_rng(0)
        )
        assert result.pooled[0].estimate is None
        assert "2 of 2 imputations" in result.pooled[0].note

    def test_one_imputation_is_refused(self):
        with pytest.raises(ValueError, match="two or more"):
            multiple_imputation_cox(
                pd.DataFrame({"x": [1.0]}), [1], [1], imputations=1, rng=np.random.default_rng(0)
            )
