"""AUC(t) against R's riskRegression, concordance against R's survival (further.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from il6_platform.statistics.competing_risks import aalen_johansen
from il6_platform.statistics.cutoff_rules import Rule, Search, ipcw_weights
from il6_platform.statistics.survival import kaplan_meier
from il6_platform.statistics.time_dependent_roc import (
    auc_at,
    cutoff_at,
    harrell_concordance,
    uno_concordance,
)

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "further.json").read_text())["accuracy"]
properties = settings(max_examples=25, deadline=None, derandomize=True)


def sample(name):
    if name == "veteran_karno":
        data = pd.read_csv(FOLDER / "veteran.csv")
        return -data["karno"], data["time"], data["status"]
    if name == "lung_age":
        data = pd.read_csv(FOLDER / "lung.csv")
        return data["age"], data["time"], data["status"] - 1
    data = pd.read_csv(FOLDER / "colon.csv")
    return data["age"], data["time_os"], data["status_os"]


def drawn(seed, n=60):
    rng = np.random.default_rng(seed)
    marker = rng.integers(0, 9, n).astype(float)
    time = np.ceil(rng.exponential(12 * np.exp(-0.1 * marker)))
    censored = np.ceil(rng.exponential(15, n))
    return marker, np.minimum(time, censored), time <= censored


@pytest.mark.parametrize("name", REFERENCE)
def test_auc_and_its_error_are_those_of_risk_regression(name):
    expected = REFERENCE[name]
    for by, area, error in zip(expected["times"], expected["auc"], expected["se"], strict=True):
        ours = auc_at(*sample(name), by)
        assert ours.estimate == pytest.approx(area, abs=1e-9)
        # where an event and a censoring tie, R takes the hazard of censoring a little otherwise
        assert ours.std_error == pytest.approx(error, rel=2e-5)


@pytest.mark.parametrize("name", REFERENCE)
def test_concordance_and_its_error_are_those_of_survival(name):
    expected = REFERENCE[name]
    uno = uno_concordance(*sample(name), expected["tau"])
    assert uno.estimate == pytest.approx(expected["uno"], abs=1e-12)
    assert uno.std_error == pytest.approx(expected["uno_se"], abs=1e-12)
    harrell = harrell_concordance(*sample(name))
    assert harrell.estimate == pytest.approx(expected["harrell"], abs=1e-12)
    assert harrell.std_error == pytest.approx(expected["harrell_se"], abs=1e-12)


@given(seed=st.integers(0, 10_000))
@properties
def test_without_censoring_it_is_the_ordinary_area_with_delongs_error(seed):
    from il6_platform.statistics.roc import auc

    marker, time, _ = drawn(seed)
    event, by = np.ones(len(time)), float(np.median(time))
    if not (time > by).any():
        return
    ours = auc_at(marker, time, event, by)
    assert ours.estimate == pytest.approx(roc_auc_score(time <= by, marker))
    delong = auc(marker, (time <= by) * 1.0)
    if delong.std_error:
        assert ours.std_error == pytest.approx(delong.std_error, rel=0.06)


@given(seed=st.integers(0, 10_000))
@properties
def test_the_direction_and_any_rising_change_of_the_marker_are_symmetric(seed):
    marker, time, event = drawn(seed)
    by = float(np.median(time))
    one, other = auc_at(marker, time, event, by), auc_at(marker, time, event, by, higher=False)
    if one.estimate is None:
        return
    assert one.estimate + other.estimate == pytest.approx(1)
    assert auc_at(np.exp(marker), time, event, by).estimate == pytest.approx(one.estimate)
    uno = [uno_concordance(marker, time, event, by, higher=h).estimate for h in (True, False)]
    if None not in uno:
        assert sum(uno) == pytest.approx(1)


def test_the_error_is_the_bootstraps():
    marker, time, event = drawn(11, n=150)
    rng, by = np.random.default_rng(1), 8.0
    areas = []
    for _ in range(400):
        rows = rng.integers(0, 150, 150)
        areas.append(auc_at(marker[rows], time[rows], event[rows], by).estimate)
    assert auc_at(marker, time, event, by).std_error == pytest.approx(np.std(areas), rel=0.1)


def test_the_cutoff_at_a_time_is_the_weighted_rules():
    from il6_platform.statistics.cutoff_rules import Rule, Search

    marker, time, event = drawn(3)
    for by in (4.0, 8.0, 12.0):
        found = cutoff_at(marker, time, event, by, min_patients=10)
        rule = Rule("youden_ipcw", by=by, min_patients=10)
        assert found.estimate == Search(marker, time, event, rule).cutoff
        assert found.at == by


def test_what_the_data_cannot_support_is_said():
    assert "Nobody is known to have" in auc_at([1, 2], [5, 6], [1, 1], 2).note
    assert "free of the event" in auc_at([1, 2], [1, 2], [1, 1], 2).note
    assert "separates completely" in auc_at([2, 2, 1, 1], [1, 1, 5, 5], [1, 1, 0, 0], 3).note
    assert "No pair" in harrell_concordance([1, 2], [1, 2], [0, 0]).note
    assert cutoff_at([1, 1], [1, 2], [1, 1], 1).estimate is None


@pytest.mark.parametrize("seed", range(8))
def test_who_had_a_competing_event_was_not_censored(seed):
    """By loops: he is neither case nor control, and G is of those who were lost (Blanche 2013)."""
    rng = np.random.default_rng(seed)
    marker, time = rng.integers(0, 8, 60).astype(float), rng.integers(1, 12, 60).astype(float)
    cause = rng.choice([0, 1, 2], 60, p=[0.3, 0.4, 0.3])
    event, other, by = cause == 1, cause == 2, 7.0

    def free(day, through):
        product = 1.0
        for u in np.unique(time):
            if u < day or (through and u == day):
                lost = np.sum((time == u) & (cause == 0))
                product *= 1 - lost / max(np.sum(time >= u) - np.sum((time == u) & (cause > 0)), 1)
        return product

    pairs = []
    for i in np.flatnonzero(event & (time <= by)):
        for j in np.flatnonzero(time > by):
            weight = 1 / free(time[i], False)
            pairs.append((weight, (marker[i] > marker[j]) + 0.5 * (marker[i] == marker[j])))
    weights, right = np.array(pairs).T
    found = auc_at(marker, time, event, by, competing=other)
    assert found.estimate == pytest.approx(weights @ right / weights.sum())
    case, control = ipcw_weights(time, event, by, other)
    incidence = aalen_johansen(time, cause).incidence_at(by).estimate
    assert case.sum() / 60 == pytest.approx(incidence)
    either = kaplan_meier(time, cause > 0).survival_at(by).estimate
    assert control.sum() / 60 == pytest.approx(either)
    assert (case[other] == 0).all()
    rule = Rule("youden_ipcw", by=by, competing=other, min_patients=5)
    cut = cutoff_at(marker, time, event, by, competing=other, min_patients=5)
    assert Search(marker, time, event, rule).cutoff == cut.estimate
    resampled = [
        auc_at(marker[w], time[w], event[w], by, competing=other[w]).estimate
        for w in rng.integers(0, 60, (400, 60))
    ]
    assert found.std_error == pytest.approx(np.std(resampled), rel=0.25)
    pairs = [
        (free(time[i], False) ** -2, (marker[i] > marker[j]) + 0.5 * (marker[i] == marker[j]))
        for i in np.flatnonzero(event)
        for j in np.flatnonzero((time > time[i]) | ((time == time[i]) & ~event))
    ]
    weights, right = np.array(pairs).T
    concordance = uno_concordance(marker, time, event, 99, competing=other).estimate
    assert concordance == pytest.approx(weights @ right / weights.sum())


def test_one_time_ends_with_one_event():
    with pytest.raises(ValueError, match="not with both"):
        auc_at([1, 2], [1, 2], [1, 0], 1, competing=[1, 0])
