"""On random small registries, what is said agrees with the rows (`consistency`)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from il6_platform.analysis import cutoff
from il6_platform.analysis.spec import analyses
from il6_platform.publishing.alerts import changes
from il6_platform.report.readings import headline
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of
from il6_platform_tests.report.consistency import alert_faults, faults
from il6_platform_tests.report.registries import grouped

HOW_MANY = 8
"""Registries of a run of the suite; `python -m il6_platform_tests.report` reads 200."""

NEEDED = (
    *("cutoff", "response", "survival", "small_sample", "interaction", "continuous", "validity"),
)

CLAIMS = [
    {
        "claim": f"{endpoint} {population} {contrast}",
        "analysis": "survival",
        "statistic": "logrank",
        "source": "made up",
        "endpoint": endpoint,
        "population": population,
        "contrast": contrast,
        "direction": direction,
        "p_value": p,
    }
    for endpoint in ("PFS", "OS")
    for population, contrast, direction, p in (
        ("all", "experimental vs control", "longer", 0.04),
        ("marker_high", "experimental vs control", "longer", 0.6),
        ("control", "high vs low", "shorter", 0.03),
        ("experimental", "high vs low", "longer", 0.02),
    )
]
CLAIMS += [
    {
        "claim": f"{endpoint} {statistic} {population} {contrast}",
        "analysis": "response",
        "statistic": statistic,
        "source": "made up",
        "endpoint": endpoint,
        "population": population,
        "contrast": contrast,
        "direction": direction,
        "p_value": p,
    }
    for endpoint, statistic, population, contrast, direction, p in (
        ("ORR", "fisher_exact", "all", "experimental vs control", "higher", 0.01),
        ("ORR", "chi_square", "control", "high vs low", "lower", 0.04),
        ("DCR", "chi_square", "experimental", "high vs low", "lower", 0.5),
    )
]
CLAIMS += [
    {
        "claim": f"{endpoint}: the effect is larger with high",
        "analysis": "interaction",
        "statistic": "ratio_of_hazard_ratios",
        "source": "made up",
        "endpoint": endpoint,
        "direction": "longer",
        "p_value": 0.03,
    }
    for endpoint in ("PFS", "OS")
]
CLAIMS += [
    {
        "claim": f"{endpoint} {population} {contrast}: hazard ratio {ratio}",
        "analysis": "survival",
        "statistic": "hazard_ratio",
        "source": "made up",
        "endpoint": endpoint,
        "population": population,
        "contrast": contrast,
        "hazard_ratio": ratio,
    }
    for endpoint, population, contrast, ratio in (
        ("PFS", "all", "experimental vs control", 0.6),
        ("OS", "all", "experimental vs control", 1.4),
        ("PFS", "all", "high vs low", 1.8),
    )
]
RULES: tuple[dict[str, Any], ...] = (
    {"method": "youden", "outcome": {"endpoint": "PFS", "by_months": 6}},
    {"method": "maxstat"},
    {"method": "median"},
    {"method": "youden", "outcome": "response", "direction": "auto"},
)


def made(number: int) -> tuple[pd.DataFrame, Study]:
    """Return the results of a random registry whose effects are of any sign and size."""
    rng = np.random.default_rng([20261126, number])
    endpoints = [["PFS", "OS"], ["OS", "PFS"]][int(rng.integers(2))]
    study = Study.model_validate(
        STUDY
        | {"cutoff": RULES[number % len(RULES)], "endpoints": endpoints, "published": CLAIMS}
        | {"replicates": 39, "design": ["registry", "randomised"][int(rng.integers(2))]}
    )
    patients = cohort_of("ordinary", int(rng.integers(12, 90)), study, seed=number).patients
    arm = (patients["ARMCD"] == "E").to_numpy(float)
    high = np.log(patients["MARKER"].to_numpy(float))
    high = (high - high.mean()) / (high.std() or 1)
    # benefit and harm, a marker that goes either way, and an interaction of either sign
    log = rng.normal(0, 0.8) * arm + rng.normal(0, 0.6) * high + rng.normal(0, 0.6) * arm * high
    for name in ("PFS", "OS"):
        patients[f"time_{name}"] = (patients[f"time_{name}"] * np.exp(-log)).round(2).clip(0.1, 200)
    # responses that go with arm and marker, either way
    odds = rng.normal(0, 1.5) * arm + rng.normal(0, 1) * high
    responded = rng.random(len(arm)) < 1 / (1 + np.exp(0.3 - odds))
    patients["BOR"] = np.where(responded, "PR", np.where(rng.random(len(arm)) < 0.5, "SD", "PD"))
    cohort = grouped(patients, study)
    rows: dict[str, pd.DataFrame] = {}
    for name in NEEDED:
        found = analyses()[name].run(cohort, study, rows).frame()
        rows[name] = cutoff.without_groups(cutoff.with_caution(found, study), cohort)
    return pd.concat(rows.values(), ignore_index=True), study


@pytest.mark.parametrize("block", range(4))
def test_what_is_said_agrees_with_the_rows(block: int) -> None:
    headlines: list[pd.DataFrame] = []
    for number in range(block, HOW_MANY, 4):
        results, study = made(number)
        assert faults(results, study) == [], number
        headlines.append(headline(results, study))
    for before, now in itertools.pairwise(headlines):
        assert alert_faults(before, now) == []


def test_the_same_claim_of_two_papers_is_compared_with_itself() -> None:
    results, study = made(0)
    twice = study.model_copy(update={"published": (study.published[0], study.published[0])})
    now = headline(results, twice)
    assert now["claim"].duplicated().sum() == 1
    assert changes(now, now) == []
    before = now.copy()
    before.loc[0, "p_value"] = 0.5 if now["p_value"][0] < 0.05 else 0.001
    assert len(changes(before, now)) == 1


@pytest.mark.parametrize(("before", "now", "is_told"), [(0.01, None, True), (0.4, None, False)])
@pytest.mark.parametrize("is_lost", [True, False])
def test_an_effect_that_was_shown_and_cannot_be_estimated_is_told(
    before: float, now: float | None, is_told: bool, is_lost: bool
) -> None:
    rows = headline(*made(0)).iloc[:1]
    ps = (before, now) if is_lost else (now, before)
    cuts = [rows.assign(p_value=p, corrected_p_value=None, n=20) for p in ps]
    said = changes(*cuts)
    claim = rows["claim"].iloc[0].rstrip(".")
    known, unknown = "P = 0.010", "P not estimable"
    was, now_is = (known, unknown) if is_lost else (unknown, known)
    assert said == ([f"{claim}: {was}, now {now_is} (n=20, now n=20)."] if is_told else [])


def test_the_checker_sees_a_reversal() -> None:
    results, study = made(0)
    ratio = results["statistic"] == "hazard_ratio_score"
    ratio &= results["contrast"].eq("experimental vs control") & results["population"].eq("all")
    turned = results.copy()
    turned.loc[ratio, ["estimate", "ci_low", "ci_high"]] = [3.0, 2.0, 4.5]
    turned.loc[ratio, "p_value"] = 0.0004
    test = (results["statistic"] == "logrank") & results["population"].eq("all")
    test &= results["contrast"].eq("experimental vs control") & (results["analysis"] == "survival")
    turned.loc[test, "p_value"] = 0.0004
    said = headline(turned, study).set_index("claim")
    assert said.loc["PFS all experimental vs control", "code"].split()[0] == "opposite"
    assert (
        said.loc["PFS all experimental vs control", "reading"]
        == "Opposite to what was published: PFS was shorter with bevacizumab."
    )
    assert faults(turned, study) == []
