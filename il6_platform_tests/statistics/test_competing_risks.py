"""Aalen-Johansen, Gray and Fine-Gray against R's cmprsk (reference.R, further.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.competing_risks import aalen_johansen, fine_gray, gray_test
from il6_platform.statistics.survival import kaplan_meier

FOLDER = Path(__file__).parents[1] / "reference"
WHOLE = json.loads((FOLDER / "reference.json").read_text())["competing"]
FURTHER = json.loads((FOLDER / "further.json").read_text())
SMALL, TWO = FURTHER["competing_small"], FURTHER["competing_two"]
properties = settings(max_examples=30, deadline=None, derandomize=True)


def colon():
    data = pd.read_csv(FOLDER / "colon.csv")
    time = np.where(data["status_rec"] == 1, data["time_rec"], data["time_os"])
    cause = np.where(data["status_rec"] == 1, 1, np.where(data["status_os"] == 1, 2, 0))
    return data, time, cause


def random_sample(seed, n=40):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 12, n).astype(float), rng.integers(0, 3, n), rng.integers(0, 2, n)


@pytest.mark.parametrize("place", range(6))
def test_incidence_and_variance_are_those_of_cuminc(place):
    data, time, cause = colon()
    arm, of = WHOLE["cif"]["curves"][place].rsplit(" ", 1)
    inside = (data["rx"] == arm).to_numpy()
    curve = aalen_johansen(time[inside], cause[inside], of=int(of))
    for i, at in enumerate(WHOLE["cif"]["times"]):
        ours = curve.incidence_at(at)
        assert ours.estimate == pytest.approx(WHOLE["cif"]["est"][place][i], abs=1e-12)
        error = 0.0 if ours.std_error is None else ours.std_error
        assert error**2 == pytest.approx(WHOLE["cif"]["var"][place][i], abs=1e-12)


@pytest.mark.parametrize("of", [1, 2])
def test_ties_of_both_causes_and_censorings_are_as_in_cuminc(of):
    curve = aalen_johansen(SMALL["data"]["t"], SMALL["data"]["s"], of=of)
    rows = [curve.incidence_at(at) for at in SMALL["cif"]["times"]]
    assert [row.estimate for row in rows] == pytest.approx(SMALL["cif"]["est"][of - 1])
    assert [row.std_error**2 for row in rows] == pytest.approx(SMALL["cif"]["var"][of - 1])


def test_gray_is_cuminc_in_three_groups_two_groups_and_with_ties():
    data, time, cause = colon()
    two = (data["rx"] != "Lev").to_numpy()
    cases = [
        (WHOLE["gray_test"], (time, cause, data["rx"]), 2),
        (TWO["gray"], (time[two], cause[two], data["rx"][two]), 1),
        (SMALL["gray"], tuple(SMALL["data"][k] for k in "tsg"), 1),
    ]
    for expected, sample, df in cases:
        for of in (1, 2):
            ours = gray_test(*sample, of=of)
            assert ours.estimate == pytest.approx(expected["stat"][of - 1], rel=1e-9)
            assert ours.p_value == pytest.approx(expected["p"][of - 1], rel=1e-8)
            assert ours.df == df


@pytest.mark.parametrize(
    ("of", "key"), [(1, "fine_gray_recurrence"), (2, "fine_gray_death_wo_recurrence")]
)
def test_fine_gray_is_crr(of, key):
    data, time, cause = colon()
    known = data["nodes"].notna().to_numpy()
    design = pd.DataFrame(
        {"Lev": data["rx"] == "Lev", "Lev5FU": data["rx"] == "Lev+5FU", "nodes": data["nodes"]}
    )[known]
    fit = fine_gray(design, time[known], cause[known], of=of)
    expected = WHOLE[key]
    # crr stops at a gradient of 1e-6
    assert fit.coefficients == pytest.approx(expected["coef"], abs=2e-7)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(expected["se"], rel=2e-5)
    assert fit.log_likelihood == pytest.approx(expected["loglik"], abs=1e-6)
    assert [e.p_value for e in fit.estimates()] == pytest.approx(expected["p"], rel=2e-3)
    assert {e.n for e in fit.estimates()} == {expected["n"]}


def test_fine_gray_is_crr_with_two_arms_a_number_and_ties():
    data, time, cause = colon()
    two = (data["rx"] != "Lev").to_numpy()
    design = pd.DataFrame({"arm": data["rx"] == "Lev+5FU", "age": data["age"]})[two]
    fit = fine_gray(design, time[two], cause[two])
    assert fit.coefficients == pytest.approx(TWO["crr"]["coef"], abs=2e-7)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(TWO["crr"]["se"], rel=2e-5)
    one = fine_gray(pd.DataFrame({"g": SMALL["data"]["g"]}), SMALL["data"]["t"], SMALL["data"]["s"])
    assert one.coefficients[0] == pytest.approx(SMALL["crr"]["coef"], abs=1e-6)
    assert one.covariance[0, 0] ** 0.5 == pytest.approx(SMALL["crr"]["se"], rel=5e-5)


@given(seed=st.integers(0, 10_000))
@properties
def test_incidences_of_all_causes_and_survival_sum_to_one(seed):
    time, cause, _ = random_sample(seed)
    curves = [aalen_johansen(time, cause, of=of) for of in (1, 2)]
    survival = kaplan_meier(time, cause != 0).survival
    total = curves[0].incidence + curves[1].incidence + survival
    assert total == pytest.approx(np.ones(len(total)))
    for curve in curves:
        known = ~np.isnan(curve.low)
        assert (curve.low[known] <= curve.incidence[known] + 1e-12).all()
        assert (curve.high[known] >= curve.incidence[known] - 1e-12).all()
        assert (np.diff(curve.incidence) >= 0).all()


@given(seed=st.integers(0, 10_000))
@properties
def test_without_a_competing_event_it_is_kaplan_meier_and_log_rank_like(seed):
    time, cause, group = random_sample(seed)
    cause = (cause == 1).astype(int)
    curve = aalen_johansen(time, cause)
    assert curve.incidence == pytest.approx(1 - kaplan_meier(time, cause).survival)
    fit = fine_gray(pd.DataFrame({"g": group}), time, cause)
    if fit.note is None:
        from lifelines import CoxPHFitter

        data = pd.DataFrame({"g": group, "t": time, "e": cause}).astype(float)
        exact = CoxPHFitter().fit(data, "t", "e", robust=True)
        # Breslow's ties here, Efron's in lifelines
        assert fit.coefficients[0] == pytest.approx(exact.params_["g"], abs=0.2)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 30))
@properties
def test_labels_units_and_order_change_nothing(seed, scale):
    time, cause, group = random_sample(seed)
    shuffled = np.random.default_rng(seed).permutation(len(time))
    one = gray_test(time, cause, group)
    other = gray_test(
        time[shuffled] * scale, cause[shuffled], np.where(group[shuffled] == 1, "a", "b")
    )
    assert other.estimate == pytest.approx(one.estimate, rel=1e-8)


def test_what_the_data_cannot_support_is_said():
    assert aalen_johansen([], []).incidence_at(1).note == "No patients."
    curve = aalen_johansen([1, 2, 3], [2, 2, 0])
    early = curve.incidence_at(2)
    assert (early.estimate, early.note) == (0, "No event by then: no interval.")
    assert curve.incidence_at(9).note == "No patient was followed so long."
    assert gray_test([1, 2], [1, 1], [0, 0]).note == "Only one group has patients."
    assert gray_test([1, 2], [2, 0], [0, 1]).note == "No events."
    separated = fine_gray(pd.DataFrame({"g": [0, 0, 0, 1, 1, 1]}), range(1, 7), [1, 1, 1, 0, 0, 0])
    assert separated.estimates()[0].code == "separation"
    constant = fine_gray(pd.DataFrame({"g": [1, 1, 1]}), [1, 2, 3], [1, 1, 0])
    assert constant.estimates()[0].code == "does_not_vary"
    assert fine_gray(pd.DataFrame({"g": [0, 1]}), [1, 2], [0, 2]).note == "No events."


def test_wrong_use_is_refused():
    with pytest.raises(ValueError, match="same length"):
        aalen_johansen([1, 2], [1])
    with pytest.raises(ValueError, match="0 or more and never missing"):
        gray_test([1, np.nan], [1, 0], [0, 1])
    with pytest.raises(ValueError, match="cause must be 0"):
        aalen_johansen([1, 2], [1, -1])
    with pytest.raises(ValueError, match="missing values"):
        fine_gray(pd.DataFrame({"x": [1, np.nan]}), [1, 2], [1, 0])
