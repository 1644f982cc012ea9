"""The analyses that a referee asks next, on cohorts that break what they take for granted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from il6_platform.analysis import (
    assay_error,
    competing_risks,
    cutoff,
    literature,
    roc_over_time,
    sensitivity,
    shrinkage,
)
from il6_platform.analysis.cohort import Cohort
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of
from il6_platform_tests.held_back.compare import nonsense

MODULES = (
    *(cutoff, roc_over_time, competing_risks, shrinkage, assay_error, literature, sensitivity),
)
BOTH = {"new_therapy": "composite", "missed_scans": "composite"}
BASE: dict[str, Any] = {
    **STUDY,
    "marker": {"analyte": "il6", "unit": "pg/mL", "assay_cv": 0.3},
    "replicates": 20,
    "estimand": {"population": "p", "treatment": "t", "intercurrent_events": BOTH},
}
CHANGES: dict[str, Callable[[pd.DataFrame], dict[str, Any]]] = {
    "nothing": lambda p: {},
    "a marker of two values": lambda p: {"MARKER": np.where(p["MARKER"] > 3, 5.0, 1.0)},
    "a marker below zero": lambda p: {"MARKER": -p["MARKER"]},
    "one arm": lambda p: {"ARMCD": "E"},
    "deaths of other causes": lambda p: {
        "competing_OS": (np.arange(len(p)) % 4 == 0) & ~p["event_OS"].to_numpy(dtype=bool)
    },
    "all events at once": lambda p: {"time_PFS": 3.0, "event_PFS": True},
}
RULES: dict[str, dict[str, Any]] = {
    "interaction": {"method": "interaction"},
    "interaction without limits": {"method": "interaction", "min_share": 0, "min_patients": 1},
    "everybody high": {"method": "fixed", "value": -1e9},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("rule", RULES)
def test_a_number_or_a_reason(change: str, rule: str) -> None:
    study = Study.model_validate({**BASE, "cutoff": RULES[rule]})
    patients = cohort_of("ordinary", 40, study).patients
    cohort = Cohort(patients.assign(**CHANGES[change](patients)))
    made = [module.analyse(cohort, study) for module in MODULES]
    rows = pd.concat([one.frame().astype(object) for one in made], ignore_index=True)
    for one in made:
        assert nonsense(one.frame(), one.curves()) == []
    missing = rows[rows["estimate"].isna()]
    assert missing["code"].notna().all()
