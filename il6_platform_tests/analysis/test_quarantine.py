"""What the patients in quarantine would change: as read, and at both ends, against lifelines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from il6_platform.analysis import quarantine
from il6_platform.analysis.cohort import Cohort
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import CUTOFFS, STUDY, cohort_of

CUTOFF = 4.3
APART = pd.DataFrame(
    {
        "ARMCD": ["E", "E", "C", "C", "E", "C", None, "E"],
        "MARKER": [9.0, 2.0, 9.0, 2.0, 4.3, 8.0, 3.0, np.nan],
        "time_PFS": [6.0, 10.0, 3.0, 12.0, 5.0, np.nan, 5.0, 4.0],
        "event_PFS": [True, False, True, True, False, False, True, True],
    }
)
"""The first five can be used; the others lack arm, marker or a time."""


def study_and_cohort(apart: pd.DataFrame = APART) -> tuple[Study, Cohort]:
    study = Study.model_validate(STUDY | {"cutoff": CUTOFFS[-1]})
    return study, Cohort(cohort_of("ordinary", 80, study, seed=3).patients, set_aside=apart)


def joined(cohort: Cohort, scenario: str, what: str) -> pd.DataFrame:
    """Return the analysed patients and those set aside, by the scenario's definition."""
    patients = cohort.patients
    analysed = pd.DataFrame(
        {
            "time": patients["time_PFS"],
            "event": patients["event_PFS"],
            "arm": patients["ARMCD"] == "E",
            "high": patients["MARKER"] >= CUTOFF,
        }
    )
    usable = APART.head(5)
    apart = pd.DataFrame(
        {
            "time": usable["time_PFS"],
            "event": usable["event_PFS"],
            "arm": usable["ARMCD"] == "E",
            "high": usable["MARKER"] >= CUTOFF,
        }
    )
    if scenario != "as read":
        longest = analysed["time"].max()
        should_gain = apart["arm"] if what == "treatment" else ~apart["high"]
        at_once = should_gain if scenario == "worst case" else ~should_gain
        apart["event"] = at_once
        apart["time"] = np.where(at_once, 0.0, longest)
    return pd.concat([analysed, apart], ignore_index=True).astype(float)


@pytest.mark.parametrize("scenario", quarantine.SCENARIOS)
@pytest.mark.parametrize(("what", "term"), [("treatment", "arm"), ("marker", "high")])
def test_each_scenario_is_the_cox_model_of_its_patients(
    scenario: str, what: str, term: str
) -> None:
    study, cohort = study_and_cohort()
    rows = quarantine.analyse(cohort, study).frame()
    contrast = {"treatment": "experimental vs control", "marker": "high vs low"}[what]
    (row,) = rows[(rows["model"] == scenario) & (rows["contrast"] == contrast)].to_dict("records")
    frame = joined(cohort, scenario, what)
    fitted = CoxPHFitter().fit(frame[["time", "event", term]], "time", "event")
    assert row["estimate"] == pytest.approx(float(np.exp(fitted.params_[term])), rel=1e-5)
    assert (row["n"], row["events"]) == (85, int(frame["event"].sum()))


def test_the_interaction_as_read_is_the_cox_model_with_the_product() -> None:
    study, cohort = study_and_cohort()
    rows = quarantine.analyse(cohort, study).frame()
    of_model = rows[(rows["model"] == "as read") & (rows["statistic"] == "ratio_of_hazard_ratios")]
    (row,) = of_model.to_dict("records")
    frame = joined(cohort, "as read", "interaction").assign(both=lambda f: f["arm"] * f["high"])
    fitted = CoxPHFitter().fit(frame, "time", "event")
    assert row["estimate"] == pytest.approx(float(np.exp(fitted.params_["both"])), rel=1e-5)


def test_the_ends_lie_on_either_side_of_what_was_read() -> None:
    study, cohort = study_and_cohort()
    rows = quarantine.analyse(cohort, study).frame()
    hazard = rows[rows["statistic"] == "hazard_ratio"]
    for contrast, found in hazard.groupby("contrast"):
        of = found.set_index("model")["estimate"]
        # a hazard ratio of treatment should be small, one of a high marker large
        worst, best = of["worst case"], of["best case"]
        low, high = (best, worst) if contrast == "experimental vs control" else (worst, best)
        assert low < of["as read"] < high
    (counted,) = rows[rows["statistic"] == "set_aside"].to_dict("records")
    assert (counted["estimate"], counted["n"]) == (8, 88)


@pytest.mark.parametrize("apart", [APART.head(0), pd.DataFrame(), APART.tail(3)])
def test_nobody_who_can_be_used_changes_nothing_and_is_counted(apart: pd.DataFrame) -> None:
    study, cohort = study_and_cohort(apart)
    rows = quarantine.analyse(cohort, study).frame()
    assert rows["statistic"].tolist() == ["set_aside"]
    assert rows["estimate"].tolist() == [len(apart)]
