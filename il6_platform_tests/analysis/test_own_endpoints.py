"""What ends an endpoint, and from where it runs, in the analyses that ask for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6_platform.analysis import cutoff
from il6_platform.analysis.cohort import COLUMNS, Cohort
from il6_platform.analysis.spec import analyses
from il6_platform.report import outcome, readings
from il6_platform.statistics.survival import kaplan_meier, reverse_kaplan_meier_median
from il6_platform.statistics.time_dependent_roc import auc_at
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


def test_where_events_compete_a_row_of_kaplan_meiers_curve_says_so(study: Study) -> None:
    """Deaths were losses to follow-up, and half of all progressing by then had no caution."""
    cohort = with_endpoints(study)
    progressed = cohort.patients["progressed_on"].notna()
    died = cohort.patients["event_PFS"] & ~progressed
    # every third is lost, so that the median follow-up is reached
    progressed &= cohort.patients.index % 3 > 0
    cohort = Cohort(cohort.patients.assign(event_TTX=progressed, competing_TTX=died))
    assert died.sum() > 5
    rows = outcome.analyse("survival", cohort, study).results
    of_curve = rows["statistic"].isin(["median", "survival", "rmst", "rmst_difference"])
    cautioned = rows["code"].fillna("").str.contains("competing_censored")
    known = rows["estimate"].notna()
    assert (cautioned == ((rows["endpoint"] == "TTX") & of_curve & known)).all()
    time, event = cohort.survival("TTX")
    ended = event | died.to_numpy()
    lost = kaplan_meier(time, ~ended)
    follow_up = rows[(rows["statistic"] == "follow_up_median") & (rows["endpoint"] == "TTX")]
    found = follow_up[(follow_up["population"] == "all") & follow_up["grp"].isna()].iloc[0]
    assert found["estimate"] == pytest.approx(lost.median().estimate, abs=0.5)
    # events of the endpoint, as in every other row of it
    assert found["events"] == event.sum()
    before = reverse_kaplan_meier_median(time, event).estimate
    assert before is not None and found["estimate"] > before + 1


@pytest.mark.parametrize("censored", ["left_out", "weighted"])
def test_who_had_a_competing_event_is_not_called_censored(censored: str) -> None:
    asked = {"endpoint": "TTP", "by_months": 9, "censored": censored}
    rule = {"method": "youden", "outcome": asked, "min_patients": 2}
    study = Study.model_validate(STUDY | {"cutoff": rule, "endpoints": ["TTP"]})
    patients = cohort_of("ordinary", 80, Study.model_validate(STUDY)).patients
    progressed = patients["progressed_on"].notna()
    died = patients["event_PFS"] & ~progressed
    cohort = Cohort(
        patients.assign(time_TTP=patients["time_PFS"], event_TTP=progressed, competing_TTP=died)
    )
    words = cutoff.case_control(cohort, study)[1]
    assert words is not None and "competing event" in words
    area = analyses()["roc_over_time"].analyse(cohort, study).frame().set_index("statistic")
    time, event = cohort.survival("TTP")
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    by = auc_at(marker, time, event, 6, competing=died).estimate
    assert area.loc["auc", "estimate"].iloc[0] == pytest.approx(by)
    if censored == "weighted":
        own = cutoff.analyse(cohort, study).frame().set_index("statistic").loc["auc"]
        expected = auc_at(marker, time, event, 9, competing=died)
        for name in ("estimate", "ci_low", "ci_high", "std_error"):
            assert own[name] == pytest.approx(getattr(expected, name))


def test_a_weighted_area_that_lies_below_a_half_is_said_to_point_the_other_way() -> None:
    """It had no interval, so that nothing said it."""
    asked = {"endpoint": "PFS", "by_months": 9, "censored": "weighted"}
    rule = {"method": "youden", "outcome": asked, "min_patients": 2}
    study = Study.model_validate(STUDY | {"cutoff": rule})
    patients = cohort_of("ordinary", 80, study).patients
    noise = np.exp(np.random.default_rng(1).normal(0, 0.4, 80))
    cohort = Cohort(patients.assign(MARKER=(1 + patients["time_PFS"]) * noise))
    rows = cutoff.analyse(cohort, study).frame()
    area = readings.points_the_other_way(rows)
    assert area is not None and area["ci_high"] < 0.5
