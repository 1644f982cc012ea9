"""ROC, proportions and baseline against R (pROC, stats, DescTools' formulas) and by properties."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics import proportions as prop
from il6_platform.statistics.baseline import describe, standardized_difference
from il6_platform.statistics.roc import auc, outcome_by, roc_curve, youden

FOLDER = Path(__file__).parents[1] / "reference"
R = json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))

cases = st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=30)


@pytest.mark.parametrize("marker", ["s100b", "ndka", "wfns"])
def test_auc_and_cutoff_are_those_of_proc(marker: str) -> None:
    data = pd.read_csv(FOLDER / "aSAH.csv")
    values = data[marker]
    if marker == "wfns" and values.dtype == object:
        values = values.astype(str).str.extract(r"(\d)")[0].astype(int)
    outcome = (data["outcome"] == "Poor").astype(float)
    expected = R["roc"][f"aSAH_{marker}"]
    area = auc(values, outcome)
    assert area.estimate == pytest.approx(expected["auc"], abs=1e-9)
    assert area.std_error == pytest.approx(expected["se_delong"], abs=1e-9)
    assert [area.ci_low, area.ci_high] == pytest.approx(expected["ci95_delong"], abs=1e-9)
    found = youden(values, outcome)
    assert found.value == expected["youden_observed_equiv_geq"]
    best = expected["youden_best"][0]
    rows = {row.statistic: row for row in found.estimates()}
    assert rows["sensitivity"].estimate == pytest.approx(best["sensitivity"])
    assert rows["specificity"].estimate == pytest.approx(best["specificity"])
    # pROC's youden lacks the -1
    assert rows["youden"].estimate == pytest.approx(best["youden"] - 1)


def test_who_is_censored_before_the_horizon_is_left_out() -> None:
    colon = pd.read_csv(FOLDER / "colon.csv").dropna(subset=["nodes"])
    expected = R["roc"]["colon_death3y_nodes"]
    outcome = outcome_by(colon["time_os"], colon["status_os"], expected["horizon_days"])
    area = auc(colon["nodes"], outcome)
    assert (area.n, area.events) == (expected["n"], expected["n_case"])
    assert area.estimate == pytest.approx(expected["auc"], abs=1e-9)
    assert youden(colon["nodes"], outcome).value == expected["youden_observed_equiv_geq"]


@given(cases)
@settings(max_examples=60, deadline=None)
def test_youden_is_the_best_of_all_cutoffs_and_the_lowest_wins_a_tie(rows: list) -> None:
    x = np.array([r[0] for r in rows], dtype=float)
    y = np.array([r[1] for r in rows], dtype=float)
    for higher in (True, False):
        found = youden(x, y, higher=higher)
        if found.value is None:
            assert all(row.note for row in found.estimates())
            continue
        scores = {}
        for cut in np.unique(x)[1:]:
            positive = (x >= cut) == higher
            scores[cut] = positive[y == 1].mean() + (~positive)[y == 0].mean() - 1
        best = max(scores.values())
        assert found.value == min(c for c, s in scores.items() if s > best - 1e-12)
        curve = roc_curve(x, y, higher=higher).set_index("threshold")["youden"]
        assert curve[found.value] == pytest.approx(best)


@given(cases)
@settings(max_examples=40, deadline=None)
def test_auc_follows_the_marker_and_not_its_scale(rows: list) -> None:
    x = np.array([r[0] for r in rows], dtype=float)
    y = np.array([r[1] for r in rows], dtype=float)
    one, other = auc(x, y), auc(np.exp(x / 3), y)
    assert one.estimate == other.estimate and one.ci_low == other.ci_low
    if one.estimate is not None:
        assert one.estimate + (auc(-x, y).estimate or 0) == pytest.approx(1)


@pytest.mark.parametrize("name", list(R["tables"]))
def test_tables_are_those_of_r(name: str) -> None:
    expected = R["tables"][name]
    table = np.array(expected["rows"])
    (a, b), (c, d) = table.tolist()
    yates, plain = prop.chi_square(table, correction=True), prop.chi_square(table, correction=False)
    assert yates.estimate == pytest.approx(expected["chisq_yates"]["stat"], abs=1e-9)
    assert plain.p_value == pytest.approx(expected["chisq_uncorrected"]["p"], abs=1e-9)
    assert bool(plain.note) == (expected["min_expected"] < 5)
    assert prop.fisher_exact(table).p_value == pytest.approx(expected["fisher"]["p"], abs=1e-9)
    difference = prop.risk_difference(a, a + b, c, c + d)
    assert difference.estimate == pytest.approx(expected["diff"], abs=1e-9)
    assert [difference.ci_low, difference.ci_high] == pytest.approx(
        expected["diff_newcombe10_ci"], abs=1e-6
    )
    ratio = prop.odds_ratio(table)
    if 0 in table:
        assert ratio.estimate is None and ratio.note
    else:
        assert ratio.estimate == pytest.approx(expected["or_sample"])
        assert [ratio.ci_low, ratio.ci_high] == pytest.approx(expected["or_wald_ci"])
        risk = prop.relative_risk(a, a + b, c, c + d)
        assert [risk.ci_low, risk.ci_high] == pytest.approx(expected["rr_log_ci"])
    row = expected["row_props"][0]
    share = prop.proportion(row["x"], row["n"])
    assert [share.ci_low, share.ci_high] == pytest.approx(row["wilson"], abs=1e-9)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_any_table_gives_a_number_or_a_reason(a: int, b: int, c: int, d: int) -> None:
    table = [[a, b], [c, d]]
    rows = [
        prop.chi_square(table, correction=True),
        prop.chi_square(table, correction=False),
        prop.fisher_exact(table),
        prop.odds_ratio(table),
        prop.risk_difference(a, a + b, c, c + d),
        prop.relative_risk(a, a + b, c, c + d),
    ]
    for row in rows:
        assert row.estimate is not None or row.note
        if row.p_value is not None:
            assert 0 <= row.p_value <= 1
        if row.estimate is not None and row.ci_low is not None:
            assert row.ci_low <= row.estimate <= (row.ci_high or 1)


def test_description_is_that_of_numpy_and_counts_what_is_missing() -> None:
    rows = {r.statistic: r.estimate for r in describe([1, 2, np.nan, 4, 9], "number")}
    assert rows == {
        "mean": 4,
        "sd": pytest.approx(np.std([1, 2, 4, 9], ddof=1)),
        "median": 3,
        "q1": 1.75,
        "q3": 5.25,
        "min": 1,
        "max": 9,
        "missing": 1,
    }
    levels = describe(["M", "F", None, "M"], "category")
    assert [(r.term, r.events, r.n) for r in levels[:2]] == [("[F]", 1, 3), ("[M]", 2, 3)]
    assert all(r.note for r in describe([], "number")[:-1])


def test_standardized_difference_is_austins() -> None:
    # Austin 2009: (mean1 - mean2) / sqrt((s1^2 + s2^2) / 2), and for a share p (1 - p)
    a, b = np.array([1.0, 2, 3, 4]), np.array([2.0, 4, 6, 8])
    by_hand = (2.5 - 5) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    assert standardized_difference(a, b, "number").estimate == pytest.approx(by_hand)
    share = standardized_difference(["Y", "N", "N", "N"], ["Y", "Y", "N", "N"], "category")
    assert share.estimate == pytest.approx((0.25 - 0.5) / np.sqrt((0.1875 + 0.25) / 2))
    assert standardized_difference([1, 1], [1, 1], "number").note


SEPARATED = [
    *((2, 2, 0.3856357045), (3, 5, 0.5661567685), (10, 10, 0.8002136129)),
    *((30, 30, 0.9330238218), (5, 40, 0.7849965567), (2, 200, 0.6086061877)),
]
"""Cases, controls, lower limit of an area of 1: R 4.2.2's uniroot of 1 - a = 1.96 sqrt(V(a)), with
V = (a (1 - a) + (N - 1)(a / (2 - a) - a^2) + (N - 1)(2 a^2 / (1 + a) - a^2)) / (m n) of Hanley and
McNeil, N = (m + n) / 2: method 5 of Newcombe, Stat Med 2006;25:559-573."""


@pytest.mark.parametrize(("cases", "controls", "limit"), SEPARATED)
def test_an_area_of_a_marker_that_separates_completely_has_newcombes_interval(
    cases: int, controls: int, limit: float
) -> None:
    """DeLong's variance is 0 there: two patients a side were as sure as two hundred."""
    marker = np.arange(cases + controls)
    outcome = (marker >= controls).astype(int)
    right, wrong = auc(marker, outcome), auc(marker, outcome, higher=False)
    assert (right.estimate, right.ci_high, right.note) == (1.0, 1.0, None)
    assert right.ci_low == pytest.approx(limit, abs=1e-9)
    assert (wrong.estimate, wrong.ci_low) == (0.0, 0.0)
    assert wrong.ci_high == pytest.approx(1 - limit, abs=1e-9)
    constant = auc(np.ones(8), [0, 1] * 4)
    assert constant.estimate == 0.5 and constant.ci_low is None and constant.note
