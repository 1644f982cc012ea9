"""The comparisons by site: R's on 18 real sites, nothing where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from il6_platform.analysis import sites
from il6_platform.analysis.cohort import ARM, Cohort
from il6_platform.figures.labels import term_namer
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of
from il6_platform_tests.statistics.test_sites import R, lung

STUDY_OF_OS = Study.model_validate(STUDY | {"endpoints": ["OS"], "cutoff": {"method": "median"}})


def test_one_site_is_not_compared_with_itself() -> None:
    cohort = cohort_of("ordinary", 30, STUDY_OF_OS)
    cohort.patients["SITEID"] = "A"
    assert sites.analyse(cohort, STUDY_OF_OS).frame().empty


@pytest.mark.parametrize("time", ["time", "month"])
def test_the_sites_of_lung_are_those_of_r(time: str) -> None:
    d, expected = lung(), R[time]
    patients = d.assign(
        ARMCD=np.where(d["female"] == 1, "E", "C"),
        MARKERGR=np.where(d["age"] >= 60, "high", "low"),
        SITEID=d["site"],
        time_OS=d[time],
        event_OS=d["event"],
    ).reset_index(drop=True)
    rows = sites.analyse(Cohort(patients), STUDY_OF_OS).frame()
    rows = rows[(rows["population"] == "all") & (rows["contrast"] == ARM)]
    whole = rows[rows["model"] == sites.STRATIFIED].set_index("statistic")
    assert np.log(whole["estimate"]["hazard_ratio"]) == pytest.approx(expected["one"]["coef"])
    assert whole["estimate"]["logrank_stratified"] == pytest.approx(expected["logrank"]["chisq"])
    between = rows[rows["model"] == sites.BETWEEN].set_index("statistic")
    assert between["estimate"]["site_heterogeneity"] == pytest.approx(expected["heterogeneity"])
    assert (rows["statistic"] == "hazard_ratio_without_site").sum() == 18


def test_who_is_of_no_named_site_is_a_stratum_of_the_analysis() -> None:
    cohort = cohort_of("ordinary", 60, STUDY_OF_OS)
    cohort.patients.loc[::6, "SITEID"] = None
    cohort.patients.loc[3::6, "SITEID"] = " "
    rows = sites.analyse(cohort, STUDY_OF_OS).frame()
    assert rows["n"].max() == 60
    assert "SITEID[not given]" in set(rows["term"])


@pytest.mark.parametrize("site", ["A/B [x]", ">=3", "a | high", "Zürich $5%", "\u5317\u4eac"])
def test_a_site_is_called_what_the_registry_calls_it(site: str) -> None:
    assert term_namer(STUDY_OF_OS)(f"SITEID[{site}]") == f"Site: {site}"
