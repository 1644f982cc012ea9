"""Sums that travel against rows that stay: R on 18 real sites, and one home that holds them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from il6_platform.analysis.cohort import ARM_TERM, Cohort
from il6_platform.definitions import build_defs
from il6_platform.network import combine
from il6_platform.network.packs import LOG2, PRODUCT, Request, SiteData, site_pack
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.regression import cox
from il6_platform.statistics.risk_sets import RiskSets, log_rank_all
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of
from il6_platform_tests.statistics.test_sites import R, lung


def data_of(d: pd.DataFrame, time: str = "time", *, cutoff: float | None = None) -> SiteData:
    """Return patients of lung as a site has them: women are the arm, age is the marker."""
    arm, doubled = d["female"].to_numpy(float), np.log2(d["age"].to_numpy(float))
    columns = {ARM_TERM: arm, LOG2: doubled, PRODUCT: arm * doubled, "ecog": d["ph.ecog"]}
    return SiteData(
        {"OS": d[time].to_numpy(float)},
        {"OS": d["event"].to_numpy(bool)},
        pd.DataFrame(columns).reset_index(drop=True),
        d["age"].to_numpy(float),
        np.zeros(len(d)),
        cutoff,
    )


def network(d: pd.DataFrame, time: str = "time", least: int = 0) -> tuple[dict[str, Any], Request]:
    sites = {site: data_of(part, time) for site, part in d.groupby("site")}
    packs, asked, is_done = combine.rounds(
        lambda site, request: site_pack(sites[site], request, least), list(sites)
    )
    assert is_done
    return packs, asked


def rows_of(packs: dict[str, Any], **where: str) -> pd.DataFrame:
    rows = combine.combined(packs).frame()
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows.reset_index(drop=True)


@pytest.mark.parametrize("time", ["time", "month"])
def test_rounds_over_18_sites_give_what_r_gives_of_all_rows(time: str) -> None:
    packs, asked = network(lung(), time)
    (row,) = rows_of(packs, model="arm").to_dict("records")
    expected = R[time]["one"]
    assert np.log(row["estimate"]) == pytest.approx(expected["coef"], rel=1e-12)
    assert row["std_error"] == pytest.approx(expected["se"], rel=1e-12)
    assert (row["n"], row["events"]) == (expected["n"], expected["events"])
    between = rows_of(packs, model="stratified by site").set_index("statistic")["estimate"]
    assert between["logrank_stratified"] == pytest.approx(R[time]["logrank"]["chisq"], rel=1e-12)
    assert between["site_heterogeneity"] == pytest.approx(R[time]["heterogeneity"], rel=1e-9)
    # round 0 asks for no effect, and the multivariable model joins with round 1
    assert asked.round <= 6


def test_the_model_of_one_term_needs_five_rounds() -> None:
    beta, asked = 0.0, 0
    sites = [data_of(part) for _, part in lung().groupby("site")]
    while True:
        request = Request(coefficients={"OS": {"arm": [beta]}})
        packs = {str(i): site_pack(site, request, 0) for i, site in enumerate(sites)}
        asked += 1
        _, step = combine.newton(packs, "OS", "arm")
        assert step is not None
        if abs(step[0]) < 1e-12:
            break
        beta += float(step[0])
    assert asked <= 5
    assert beta == pytest.approx(R["time"]["one"]["coef"], rel=1e-13)


@pytest.mark.parametrize(("reference", "expected"), [("G2", "G2"), (None, "G1"), ("G9", "G1")])
def test_a_site_without_the_reference_has_it_all_the_same(
    reference: str | None, expected: str
) -> None:
    """Against one model of all rows, stratified by site; A has no G1, B no G2."""
    grade = {"name": "grade", "kind": "category", "reference": reference}
    cutoff = {"method": "fixed", "value": 3}
    study = Study.model_validate(STUDY | {"cutoff": cutoff, "covariates": [grade]})
    patients = cohort_of("ordinary", 240, study).patients
    site, level = patients["SITEID"], patients["grade"]
    patients = patients[~((site == "A") & (level == "G1")) & ~((site == "B") & (level == "G2"))]
    sites = {
        name: SiteData.of(Cohort(part.reset_index(drop=True)), study, None)
        for name, part in patients.groupby("SITEID")
    }
    packs, _, is_done = combine.rounds(
        lambda name, request: site_pack(sites[name], request, 0), list(sites)
    )
    assert is_done
    rows = rows_of(packs, model="multivariable", endpoint="PFS").set_index("term")["estimate"]
    doubled = np.log2(patients["MARKER"])
    design = {ARM_TERM: patients["ARMCD"] == "E", LOG2: doubled}
    others = sorted({"G1", "G2", "G3"} - {expected})
    design |= {f"grade[{one}]": patients["grade"] == one for one in others}
    of = patients["time_PFS"], patients["event_PFS"]
    fit = cox(pd.DataFrame(design).astype(float), *of, strata=patients["SITEID"])
    assert set(rows.index) == set(design)
    for row in fit.estimates():
        assert rows[row.term] == pytest.approx(row.estimate, rel=1e-6)


def test_several_terms_are_those_of_r() -> None:
    d = lung().dropna(subset=["ph.ecog"])
    sites = {site: data_of(part) for site, part in d.groupby("site")}
    terms = (ARM_TERM, "age", "ecog")
    data = {
        site: SiteData(
            one.times, one.events, one.design.assign(age=one.marker), one.marker, one.strata
        )
        for site, one in sites.items()
    }
    beta = np.zeros(3)
    for _ in range(6):
        parts = [
            site_pack(
                one,
                Request(1, terms[1:], (), {"OS": {"multivariable": [beta[0], 0.0, *beta[1:]]}}),
                0,
            )["endpoints"]["OS"]["models"]["multivariable"]
            for one in data.values()
        ]
        # log2 of the marker, here age, is held out: R's model has age itself
        kept = [0, 2, 3]
        score = np.sum([part["score"] for part in parts], axis=0)[kept]
        information = np.sum([part["information"] for part in parts], axis=0)[np.ix_(kept, kept)]
        beta = beta + np.linalg.solve(information, score)
    expected = R["time"]["many"]
    assert beta[[1, 0, 2]] == pytest.approx(expected["coef"], rel=1e-9)


def test_a_cut_off_chosen_across_sites_pays_for_its_choice() -> None:
    d = lung()
    packs, asked = network(d)
    rows = rows_of(packs, model="cut-off of the network").set_index("statistic")
    corrected = rows.loc["logrank_selection_corrected"]
    # by brute force: ages permuted within sites, the largest statistic each time
    rng = np.random.default_rng(3)
    largest = [_largest(d, asked.cutoffs)]
    for _ in range(300):
        ages = d.groupby("site")["age"].transform(lambda a: rng.permutation(a.to_numpy()))
        largest.append(_largest(d.assign(age=ages), asked.cutoffs))
    assert corrected["estimate"] == pytest.approx(largest[0], rel=1e-9)
    by_force = float(np.mean(np.array(largest[1:]) >= largest[0] * (1 - 1e-9)))
    assert corrected["p_value"] == pytest.approx(by_force, abs=0.07)
    assert corrected["p_value"] > rows.loc["logrank", "p_value"]


def _largest(d: pd.DataFrame, cutoffs: tuple[float, ...]) -> float:
    excess, variance = np.zeros(len(cutoffs)), np.zeros(len(cutoffs))
    for _, part in d.groupby("site"):
        high = np.array([part["age"] >= cutoff for cutoff in cutoffs])
        ranks = RiskSets(part["time"], part["event"]).log_rank(high)
        excess += ranks.observed - ranks.expected
        variance += ranks.variance
    return float((excess**2 / np.where(variance > 0, variance, np.inf)).max())


def test_nested_groups_have_the_variances_of_the_log_rank_test() -> None:
    d = lung()
    cutoffs, every = log_rank_all(d["age"], d["month"], d["event"])
    high = d["age"].to_numpy() >= cutoffs[1:, None]
    excess, covariance = RiskSets(d["month"], d["event"]).nested_excesses(high)
    assert excess == pytest.approx((every.observed - every.expected)[1:], abs=1e-9)
    assert np.diag(covariance) == pytest.approx(every.variance[1:], abs=1e-9)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_each_sites_cut_off_is_tried_in_the_others() -> None:
    d = lung()
    sites = {
        "A": data_of(d[d["inst"] <= 11], cutoff=70.0),
        "B": data_of(d[d["inst"] > 11], cutoff=55.0),
    }
    packs, _, _ = combine.rounds(lambda s, request: site_pack(sites[s], request, 5), ["A", "B"])
    rows = rows_of(packs, model="cut-off of one site").set_index("term")
    assert rows["at"].to_dict() == {"SITEID[A]": 70.0, "SITEID[B]": 55.0}
    other = d[d["inst"] > 11]
    ranks = RiskSets(other["time"], other["event"]).log_rank([other["age"] >= 70])
    tried = np.log(rows.loc["SITEID[A]", "estimate"])
    assert tried == pytest.approx(float(ranks.log_hazard_ratio[0]), rel=1e-9)


def test_without_rounds_the_sites_are_pooled() -> None:
    packs, _ = network(lung())
    rows = rows_of(packs, model="pooled").set_index("statistic")
    assert {"pooled_hazard_ratio", "prediction_hazard_ratio", "i_squared"} <= set(rows.index)
    # sites that a hazard ratio of their own cannot be had from have their part in the likelihood
    common = rows.loc["likelihood_pooled_common_hazard_ratio"]
    exact = R["time"]["one"]
    assert np.log(common["estimate"]) == pytest.approx(exact["coef"], abs=2e-3)
    assert np.log(common["ci_high"]) == pytest.approx(exact["coef"] + 1.96 * exact["se"], abs=0.02)


def test_a_model_without_all_sites_at_the_same_coefficients_has_no_estimate() -> None:
    d = lung()
    parts = [data_of(part) for _, part in d.groupby(d["inst"] > 11)]
    packs = {
        str(i): site_pack(part, Request(coefficients={"OS": {"arm": [i / 10]}}), 5)
        for i, part in enumerate(parts)
    }
    (row,) = [r for r in combine._exact(packs, "OS", "arm") if isinstance(r, Estimate)]
    assert row.estimate is None and row.code == "sites_disagree"


def test_packs_and_their_combination_are_assets_of_their_own(tmp_path: Path) -> None:
    d, folder = lung(), tmp_path / "network"
    definitions = build_defs(tmp_path, tmp_path / "landing")
    job = definitions.resolve_job_def("combine_network")
    assert not job.execute_in_process(raise_on_error=False).success
    folder.mkdir()
    for site in ("1", "12"):
        data = data_of(
            d[d["site"] == site] if d["site"].dtype == object else d[d["site"] == int(site)]
        )
        about = {"study": "lung", "study_digest": "0", "site": site, "cut": "c"}
        pack = {**about, **site_pack(data, Request(), 0)}
        (folder / f"pack-{site}-0.json").write_text(json.dumps(pack), encoding="utf-8")
    result = job.execute_in_process()
    (made,) = result.asset_materializations_for_node("network__results")
    assert made.metadata["sites"].value == ["1", "12"]
    assert (folder / "network.html").exists()
    assert (folder / "request-1.json").exists()
