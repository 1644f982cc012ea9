"""Models stratified by site against R: 18 real sites, and as many patients in few months."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.statistics.codes import Code
from il6_platform.statistics.partial_likelihood import PartialLikelihood
from il6_platform.statistics.regression import cox
from il6_platform.statistics.risk_sets import RiskTable
from il6_platform.statistics.sites import SiteRiskSets, compare_sites
from il6_platform.statistics.survival import logrank

FOLDER = Path(__file__).parents[1] / "reference"
R = json.loads((FOLDER / "sites.json").read_text(encoding="utf-8"))
TIMES = ("time", "month")


def lung() -> pd.DataFrame:
    """Return the patients of known institution, as sites.R has them."""
    frame = pd.read_csv(FOLDER / "lung.csv").dropna(subset=["inst"])
    return frame.assign(
        event=frame["status"] == 2,
        female=frame["sex"] - 1.0,
        site=frame["inst"].astype(int).astype(str),
        month=np.ceil(frame["time"] / 30.4375),
    )


def compared(time: str) -> dict[str, dict[str, Any]]:
    d = lung()
    rows = compare_sites(d[time], d["event"], d["female"], d["site"])
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row.statistic, {})[row.term or ""] = row
    return found


@pytest.mark.parametrize("time", TIMES)
def test_the_stratified_model_and_test_are_those_of_r(time: str) -> None:
    d, expected = lung(), R[time]
    fit = cox(d[["female"]], d[time], d["event"], strata=d["site"])
    assert fit.coefficients.to_numpy() == pytest.approx([expected["one"]["coef"]], rel=1e-7)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([expected["one"]["se"]], rel=1e-7)
    test = logrank(d[time], d["event"], d["female"], strata=d["site"])
    assert test.estimate == pytest.approx(expected["logrank"]["chisq"], rel=1e-9)
    assert test.p_value == pytest.approx(expected["logrank"]["p"], rel=1e-9)


@pytest.mark.parametrize("time", TIMES)
def test_each_site_and_the_others_without_it_are_those_of_r(time: str) -> None:
    found, expected = compared(time), R[time]
    assert len(found["hazard_ratio"]) == len(expected["sites"]) == 18
    for site in expected["sites"]:
        own = found["hazard_ratio"][f"SITEID[{site['site']}]"]
        assert (own.n, own.events) == (site["n"], site["events"])
        if abs(site["coef"]) > 10:
            # R's search went on towards infinity
            assert own.estimate is None and own.code == Code.GROUPS_SEPARATED.value
            continue
        assert np.log(own.estimate) == pytest.approx(site["coef"], rel=1e-7)
        assert own.std_error == pytest.approx(site["se"], rel=1e-7)
    for site in expected["without"]:
        rest = found["hazard_ratio_without_site"][f"SITEID[{site['site']}]"]
        assert (rest.n, rest.events) == (site["n"], site["events"])
        assert np.log(rest.estimate) == pytest.approx(site["coef"], rel=1e-9)
        assert rest.std_error == pytest.approx(site["se"], rel=1e-9)


@pytest.mark.parametrize("time", TIMES)
def test_heterogeneity_is_the_score_test_of_r(time: str) -> None:
    row = compared(time)["site_heterogeneity"][""]
    assert row.estimate == pytest.approx(R[time]["heterogeneity"], rel=1e-9)
    assert row.df == 17


PATIENTS = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=40,
)


@given(PATIENTS, st.floats(-2, 2))
def test_sites_add_up_to_the_stratified_likelihood(rows: list[Any], beta: float) -> None:
    time, event, first, site = (np.array(column) for column in zip(*rows, strict=True))
    table = RiskTable.of(time.astype(float), event, first, site)
    parts = SiteRiskSets(table, 4).likelihood([beta])
    x = first[:, None].astype(float)
    whole = PartialLikelihood(x, time.astype(float), event, [beta], strata=site)
    summed = [float(part.sum()) for part in parts]
    expected = [whole.log_likelihood, whole.score.sum(), whole.information.sum()]
    assert summed == pytest.approx(expected, abs=1e-8)


@given(PATIENTS)
def test_nothing_is_said_where_a_group_never_has_an_event_at_risk(rows: list[Any]) -> None:
    time, event, first, site = (np.array(column) for column in zip(*rows, strict=True))
    made = compare_sites(time, event, first, site)
    for row in made:
        assert row.estimate is None or np.isfinite(row.estimate)
        assert (row.estimate is None) == (row.code is not None)
        if row.estimate is not None and row.std_error is not None:
            assert 1e-4 < row.estimate < 1e4
    names = {row.term for row in made if row.statistic == "hazard_ratio"}
    assert names == {f"SITEID[{label}]" for label in np.unique(site)}
