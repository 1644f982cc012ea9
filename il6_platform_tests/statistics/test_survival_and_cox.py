"""Survival and Cox against R's survival package, and properties that hold for any sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from il6_platform.statistics.codes import Code, codes_of
from il6_platform.statistics.regression import (
    cox,
    events_per_variable,
    interaction,
    proportional_hazards,
)
from il6_platform.statistics.survival import (
    common_tau,
    kaplan_meier,
    logrank,
    reverse_kaplan_meier_median,
    rmst_difference,
)

FOLDER = Path(__file__).parents[1] / "reference"
R = json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))
SMALL = json.loads((FOLDER / "small_samples.json").read_text(encoding="utf-8"))
TIMES = {"colon_os": ("time_os", "status_os"), "colon_rec": ("time_rec", "status_rec")}


def close(ours: float | None, theirs: float | None, tolerance: float = 1e-6) -> bool:
    if theirs is None or ours is None:
        return ours is None and theirs is None
    return ours == pytest.approx(theirs, rel=tolerance, abs=tolerance)


samples = st.lists(
    st.tuples(st.integers(0, 12), st.booleans(), st.booleans()), min_size=0, max_size=25
).map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)) if rows else ())


@pytest.mark.parametrize("name", ["colon_os_rx", "colon_rec_rx", "colon_os_5FUvsObs"])
def test_kaplan_meier_medians_are_those_of_r(name: str) -> None:
    colon = pd.read_csv(FOLDER / "colon.csv")
    time, status = TIMES["colon_rec" if "rec" in name else "colon_os"]
    for group, expected in R["km"][name]["groups"].items():
        inside = colon[colon["rx"] == group]
        median = kaplan_meier(inside[time], inside[status]).median()
        assert (median.n, median.events) == (expected["n"], expected["events"])
        assert close(median.estimate, expected["log-log"]["median"])
        low, high = expected["log-log"]["median_ci"]
        assert close(median.ci_low, low) and close(median.ci_high, high)


@pytest.mark.parametrize("case", SMALL, ids=range(len(SMALL)))
def test_a_small_sample_is_as_in_r(case: dict[str, Any]) -> None:
    fit = kaplan_meier(case["t"], case["e"])
    median = fit.median()
    assert close(median.estimate, case["median"])
    assert close(median.ci_low, case["lower"]) and close(median.ci_high, case["upper"])
    at = fit.survival_at(5)
    if at.estimate is not None:
        assert close(at.estimate, case["s5"])
        if 0 < at.estimate < 1:
            assert close(at.ci_low, case["s5l"]) and close(at.ci_high, case["s5u"])
    test = logrank(case["t"], case["e"], case["g"])
    if test.estimate is not None:
        assert close(test.estimate, case["logrank"])
    else:
        # R gives 0 or NA where no event happened while both groups were at risk
        assert not case["logrank"]
    fitted = cox(pd.DataFrame({"x": case["x"], "g": case["g"]}), case["t"], case["e"])
    if fitted.note is None:
        assert np.allclose(fitted.coefficients, case["beta"], rtol=1e-5, atol=1e-6)
        if case["zph"] != "NA" and case["zph"] is not None:
            for ours, theirs in zip(proportional_hazards(fitted), case["zph"], strict=True):
                if ours.estimate is not None:
                    assert close(ours.estimate, theirs, 1e-4)
    else:
        # R warns and returns a coefficient on its way to infinity, none, or zero
        assert any(
            b is None or s is None or abs(b) > 6 or s > 100 or b == 0
            for b, s in zip(np.atleast_1d(case["beta"]), np.atleast_1d(case["se"]), strict=True)
        )


@pytest.mark.parametrize("name", ["colon_os_rx", "colon_rec_rx", "colon_os_5FUvsObs"])
def test_logrank_is_survdiff(name: str) -> None:
    colon = pd.read_csv(FOLDER / "colon.csv")
    time, status = TIMES["colon_rec" if "rec" in name else "colon_os"]
    expected = R["logrank"][name]
    inside = colon[colon["rx"].isin(expected["groups"])]
    plain = logrank(inside[time], inside[status], inside["rx"])
    assert close(plain.estimate, expected["logrank"]["chisq"])
    assert close(plain.p_value, expected["logrank"]["p"])
    strata = logrank(inside[time], inside[status], inside["rx"], strata=inside["node4"])
    assert strata.statistic == "logrank_stratified"
    assert close(strata.estimate, expected["stratified_logrank"]["chisq"])


@pytest.mark.parametrize("first", ["lung_sex", "veteran_trt"])
def test_rmst_difference_is_that_of_r(first: str) -> None:
    expected = R["km"][first]["rmst_diff"]
    if first == "lung_sex":
        data = pd.read_csv(FOLDER / "lung.csv")
        event, group = (data["status"] == 2).astype(int), data["sex"] == 2
    else:
        data = pd.read_csv(FOLDER / "veteran.csv")
        event, group = data["status"], data["trt"] == 2
    tau = expected.get("tau") or R["km"][first].get("tau")
    if tau is None:
        taus = [365, 500, 600, 182.625, 180, 400, 300]
        found = [rmst_difference(data["time"], event, group, tau) for tau in taus]
        assert any(close(one.estimate, expected["diff"]) for one in found)
        return
    ours = rmst_difference(data["time"], event, group, tau)
    assert close(ours.estimate, expected["diff"]) and close(ours.std_error, expected["se"])


@pytest.mark.parametrize(
    "name",
    [k for k in R["cox"] if k.startswith("colon_") and "breslow" not in k and "strata" not in k],
)
def test_cox_and_its_assumption_are_those_of_r(name: str) -> None:
    colon = pd.read_csv(FOLDER / "colon.csv")
    expected = R["cox"][name]
    terms = np.atleast_1d(expected["terms"]).tolist()
    if not set(terms) <= set(colon.columns):
        # R's factor columns, opened
        for level in ("Lev", "Lev+5FU"):
            colon[f"rx{level}"] = (colon["rx"] == level).astype(int)
    if not set(terms) <= set(colon.columns):
        pytest.skip(f"the design of {name} is not in colon.csv")
    time, status = TIMES["colon_rec" if "_rec" in name else "colon_os"]
    complete = colon.dropna(subset=terms)
    if len(complete) != expected["n"]:
        pytest.skip(f"{name} is fitted on other patients")
    fit = cox(complete[terms], complete[time], complete[status])
    rows = fit.estimates()
    for row, hr, low, high in zip(
        rows,
        np.atleast_1d(expected["hr"]),
        np.atleast_1d(expected["lower"]),
        np.atleast_1d(expected["upper"]),
        strict=True,
    ):
        assert close(row.estimate, hr) and close(row.ci_low, low) and close(row.ci_high, high)
    assert close(fit.log_likelihood, expected["loglik"][1])
    assert close(fit.likelihood_ratio().estimate, expected["lrt"][0])
    assert close(fit.concordance().estimate, expected["concordance"])
    assert close(fit.concordance().std_error, expected["concordance_se"])
    table = expected["zph"]["km"]["by_term"]
    if list(table["term"]) == [*terms, "GLOBAL"]:
        for ours, theirs in zip(proportional_hazards(fit), table["chisq"], strict=True):
            assert close(ours.estimate, theirs, 1e-5)


@given(samples)
@settings(max_examples=40, deadline=None)
def test_order_unit_and_naming_of_groups_change_nothing(rows: tuple) -> None:
    if not rows:
        assert kaplan_meier([], []).median().estimate is None
        assert logrank([], [], []).estimate is None
        return
    t, e, g = rows
    order = np.random.default_rng(1).permutation(len(t))
    one, other = logrank(t, e, g), logrank(t[order] * 30.0, e[order], ~g[order])
    assert close(one.estimate, other.estimate) and close(one.p_value, other.p_value)
    a, b = kaplan_meier(t, e).median(), kaplan_meier(t[order] * 30.0, e[order]).median()
    assert close(a.estimate if a.estimate is None else a.estimate * 30, b.estimate)


@given(samples)
@settings(max_examples=40, deadline=None)
def test_our_product_limit_is_lifelines(rows: tuple) -> None:
    if not rows:
        return
    ours, theirs = (kaplan_meier(*rows[:2], by_lifelines=which) for which in (False, True))
    assert (ours.n, ours.events) == (theirs.n, theirs.events)
    for name in ("times", "survival", "low", "high", "variance", "number_at_risk"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-13)


@given(samples)
@settings(max_examples=25, deadline=None)
def test_swapping_the_group_inverts_the_hazard_ratio(rows: tuple) -> None:
    if not rows:
        return
    t, e, g = rows
    one = cox(pd.DataFrame({"g": g.astype(float)}), t, e).estimates()[0]
    other = cox(pd.DataFrame({"g": (~g).astype(float)}), t, e).estimates()[0]
    assert (one.estimate is None) == (other.estimate is None)
    if one.estimate is None:
        assert one.note
    else:
        assert one.estimate * (other.estimate or 0) == pytest.approx(1, rel=1e-5)
        assert one.p_value == pytest.approx(other.p_value, abs=1e-6)


def test_separation_no_events_and_no_variation_say_so() -> None:
    t, e = [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0]
    assert "Separation" in (cox(pd.DataFrame({"x": [1, 1, 1, 0, 0, 0]}), t, e).note or "")
    assert cox(pd.DataFrame({"x": [1, 0, 1, 0, 1, 0]}), t, [0] * 6).note == "No events."
    assert cox(pd.DataFrame({"x": [1] * 6}), t, e).note == "X does not vary."
    assert cox(pd.DataFrame({"x": []}), [], []).note == "No patients."
    for row in interaction(t, e, [1, 1, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0]):
        assert row.estimate is None and row.note


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 2), st.integers(0, 2)),
        min_size=3,
        max_size=12,
    )
)
@settings(max_examples=80, deadline=None)
def test_separation_is_what_all_pairs_say(rows: list[tuple[int, bool, int, int]]) -> None:
    t, e, one, two = (np.array(column) for column in zip(*rows, strict=True))
    x = np.column_stack([one, two]).astype(float)
    at_risk = x[t >= t[e].min()] if e.any() else x[:0]
    if len(at_risk) < 2 or np.linalg.matrix_rank(at_risk - at_risk.mean(0)) < 2:
        return
    # each who fails against each other one at risk: Bryson & Johnson (1981), read off their page
    pairs = [x[i] - x[j] for i in np.flatnonzero(e) for j in np.flatnonzero(t >= t[i])]
    best = linprog(-np.sum(pairs, 0), -np.array(pairs), np.zeros(len(pairs)), bounds=[(-1, 1)] * 2)
    note = cox(pd.DataFrame({"one": one, "two": two}), t, e).note or ""
    assert (-best.fun > 1e-7) == note.startswith("Separation")


def test_weights_of_one_change_nothing_and_copies_are_weights() -> None:
    colon = pd.read_csv(FOLDER / "colon.csv").dropna(subset=["nodes"]).head(120)
    x, t, e = colon[["nodes", "age"]], colon["time_os"], colon["status_os"]
    plain = cox(x, t, e)
    assert np.allclose(plain.coefficients, cox(x, t, e, weights=np.ones(120)).coefficients)
    assert events_per_variable(plain).estimate == e.sum() / 2


def test_follow_up_is_the_reverse_kaplan_meier_median() -> None:
    colon = pd.read_csv(FOLDER / "colon.csv")
    ours = reverse_kaplan_meier_median(colon["time_os"], colon["status_os"])
    assert close(ours.estimate, R["followup"]["colon_os"]["median"])
    assert close(ours.ci_low, R["followup"]["colon_os"]["ci_loglog"][0])
    assert close(ours.ci_high, R["followup"]["colon_os"]["ci_loglog"][1])


def test_wrong_use_is_refused_with_the_argument_named() -> None:
    with pytest.raises(ValueError, match="time must be 0 or more"):
        kaplan_meier([-1], [1])
    with pytest.raises(ValueError, match="event must be 1"):
        kaplan_meier([1], [2])
    with pytest.raises(ValueError, match="same length"):
        logrank([1, 2], [1], [0, 1])
    assert common_tau([1, 2], [1, 1], [0, 0]) is None


@pytest.mark.parametrize(
    ("event", "median"),
    [
        # R 4.2.2, survival 3.5-3: quantile(survfit(Surv(time, event) ~ 1), 0.5)
        ([1, 1, 1, 0, 0, 0], 6.0),  # flat at 1/2 to the last patient's time
        ([1, 1, 1, 0, 1, 0], 4.0),  # flat at 1/2 to the next event
        ([1, 1, 0, 1, 1, 0], 4.0),  # passes 1/2 at an event
    ],
)
def test_a_median_on_a_flat_stretch_is_its_middle(event: list[int], median: float) -> None:
    found = kaplan_meier([1, 2, 3, 4, 5, 9], event).median()
    assert found.estimate == pytest.approx(median)


def test_in_reverse_kaplan_meier_events_of_a_day_leave_first() -> None:
    """Against R's survfit with events moved to just before their day (regression.R)."""
    known = json.loads((FOLDER / "regression.json").read_text(encoding="utf-8"))["follow_up"]
    time, event = [1, 1, 1, 1, 2, 2, 3, 3, 3, 4], [1, 1, 1, 0, 1, 0, 1, 1, 0, 0]
    ours = reverse_kaplan_meier_median(time, event)
    for value, theirs in zip(
        (ours.estimate, ours.ci_low, ours.ci_high), known["tied"], strict=True
    ):
        assert close(value, theirs)
    assert known["tied_censorings_first"] > known["tied"][0]


def test_a_median_follow_up_that_cannot_be_says_why() -> None:
    everybody = reverse_kaplan_meier_median([1, 2, 3], [1, 1, 1])
    assert everybody.estimate is None
    assert everybody.note == "Not estimable: no patient was censored."
    few = reverse_kaplan_meier_median([1, 2, 3, 4], [0, 1, 1, 1])
    assert few.note == "Not reached: too few patients were censored."
    assert reverse_kaplan_meier_median([], []).note == "No patients."


@pytest.mark.parametrize("by", [3.0, 4.0])
def test_between_a_censoring_and_the_first_event_a_probability_has_no_interval(by: float) -> None:
    at = kaplan_meier([3, 5, 6, 7], [0, 1, 1, 0]).survival_at(by)
    assert (at.estimate, at.ci_low, at.ci_high) == (1.0, None, None)
    assert codes_of(at.note) == (Code.NO_EVENT_BY_THEN,)


@pytest.mark.parametrize("by", [0.0, 1.0])
def test_before_the_first_time_a_probability_is_1_as_in_r(by: float) -> None:
    # summary(survfit(Surv(c(3, 5, 6, 7), c(0, 1, 1, 0)) ~ 1, conf.type = "log-log"), times = by)
    at = kaplan_meier([3, 5, 6, 7], [0, 1, 1, 0]).survival_at(by)
    assert (at.estimate, at.ci_low, at.ci_high, at.std_error) == (1.0, 1.0, 1.0, 0.0)
