"""What ends an endpoint, and from where it runs, in the analyses that ask for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6_platform.analysis.cohort import COLUMNS, Cohort
from il6_platform.analysis.spec import analyses
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of
from il6_platform_tests.derivation import derive
from il6_platform_tests.small_registry import SmallRegistry, base


def test_progression_on_the_day_of_death_is_no_death_without_progression(tmp_path: Path) -> None:
    """T01 progresses on the day of death, T02 dies without; T03, T04 have times alone."""
    registry = SmallRegistry(tmp_path)
    rows = base(
        assessments=["T01,2023-08-01,PD,", "T02,2023-04-01,SD,"],
        follow_up=["T01,2023-08-01,dead,2023-08-01,", "T02,2023-08-01,dead,2023-08-01,"],
    )
    for table in ("assessments", "follow_up"):
        rows[table] = [line for line in rows[table] if line[:3] not in ("T03", "T04")]
    rows["outcomes"] = [
        *("T03,PFS,5,months,Y", "T03,OS,5,months,Y"),
        *("T04,PFS,5,months,Y", "T04,OS,9,months,Y"),
    ]
    registry.deliver("2024-01-01", rows)
    warehouse = registry.warehouse
    derive(warehouse)
    tables = [warehouse.query(f"from {name}") for name in COLUMNS if name != "cohort.adsl"]
    cohort = Cohort.of(*tables, study=warehouse.study)
    found = analyses()["competing_risks"].analyse(cohort, warehouse.study).frame()
    of = {"statistic": "cause_specific_hazard_ratio", "endpoint": "PFS", "population": "all"}
    of["contrast"] = "experimental vs control"
    whole = found[(found[list(of)] == list(of.values())).all(axis=1)]
    assert whole.set_index("model")["events"].to_dict() == {
        "progression": 6,
        "death without progression": 2,
    }


@pytest.fixture
def study() -> Study:
    own = {
        "name": "TTX",
        "events": ["progression"],
        "competing": ["death"],
        "censor": "last_contact",
    }
    cutoff = {"method": "fixed", "value": 3}
    return Study.model_validate(STUDY | {"cutoff": cutoff, "endpoints": ["OS", "DOR", own]})


def with_endpoints(study: Study) -> Cohort:
    patients = cohort_of("ordinary", 80, study).patients
    months = patients["time_OS"] - patients["response_months"]
    return Cohort(
        patients.assign(
            time_DOR=months,
            event_DOR=patients["event_OS"] & months.notna(),
            time_TTX=patients["time_PFS"],
            event_TTX=patients["event_PFS"],
            competing_TTX=False,
        )
    )


def test_what_starts_with_the_response_has_no_landmark_for_it(study: Study) -> None:
    """Its clock starts when the response is there, and long after the arm is known."""
    cohort = with_endpoints(study)
    rows = analyses()["sensitivity"].analyse(cohort, study).frame()
    assert set(rows["endpoint"].dropna()) == {"OS", "TTX"}
    survival = analyses()["survival"].analyse(cohort, study).frame()
    assert "DOR" in set(survival["endpoint"])


def test_competing_events_that_nobody_had_are_said(study: Study) -> None:
    rows = analyses()["competing_risks"].analyse(with_endpoints(study), study).frame()
    rows = rows[(rows["endpoint"] == "TTX") & (rows["population"] == "all")]
    codes = rows.loc[rows["statistic"] == "subdistribution_hazard_ratio", "code"]
    assert set(codes) == {"no_competing_events"}
    assert rows.loc[rows["statistic"] == "cause_specific_hazard_ratio", "estimate"].notna().all()


def test_a_marker_below_0_is_weighted_for_as_it_is() -> None:
    """Against the same balance by hand; its values below 0 used to be one value, far away."""
    study = Study.model_validate(
        STUDY | {"cutoff": {"method": "fixed", "value": 0}, "covariates": []}
    )
    patients = cohort_of("ordinary", 120, study).patients
    patients["MARKER"] = np.log(patients["MARKER"]) - 1.2
    rows = analyses()["weighting"].analyse(Cohort(patients), study).frame()
    rows = rows[(rows["model"] == "overlap weights") & (rows["term"] == "MARKER")]
    balance = rows.set_index("statistic")["estimate"]
    one, other = (patients.loc[patients["ARMCD"] == code, "MARKER"] for code in "EC")
    expected = (one.mean() - other.mean()) / np.sqrt((one.var() + other.var()) / 2)
    assert balance["standardized_difference"] == pytest.approx(expected, abs=1e-9)
