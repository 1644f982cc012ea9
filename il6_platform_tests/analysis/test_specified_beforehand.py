"""Estimand, strategies for intercurrent events, the arm's window, and what was locked when."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from il6_platform.analysis import sensitivity
from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.results import with_lock
from il6_platform.statistics.regression import cox
from il6_platform.study import Study, StudyError, read_study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of

ESTIMAND: dict[str, Any] = {
    "population": "adults with colorectal liver metastases",
    "treatment": "bevacizumab added to chemotherapy",
    "intercurrent_events": {"new_therapy": "composite", "missed_scans": "hypothetical"},
}


def rows_of(study: Study, n: int = 80, **where: str) -> pd.DataFrame:
    rows = sensitivity.analyse(cohort_of("ordinary", n, study), study).frame()
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows


def test_the_arms_from_the_windows_end_are_those_who_were_still_there() -> None:
    study = Study.model_validate(STUDY)
    cohort = cohort_of("ordinary", 80, study)
    window = 28 / 30.4375
    rows = rows_of(study, endpoint="PFS", population="all", model=sensitivity.FROM_WINDOW)
    ratio = rows[rows["statistic"] == "hazard_ratio"].iloc[0]
    time, event = cohort.survival("PFS")
    kept = time > window
    arm = pd.DataFrame({"arm": cohort.group("experimental")[kept].astype(float)})
    expected = cox(arm, time[kept] - window, event[kept]).estimates()[0]
    assert ratio["estimate"] == pytest.approx(expected.estimate)
    assert (ratio["n"], ratio["at"]) == (kept.sum(), pytest.approx(window))
    assert "before_the_landmark" in ratio["code"]
    naive = rows_of(study, endpoint="PFS", population="all", model=sensitivity.FROM_ZERO)
    assert set(naive["statistic"]) == {"logrank", "hazard_ratio"}
    assert naive["n"].unique().tolist() == [80]


def test_without_a_window_there_is_nobody_immortal() -> None:
    arms = {**STUDY["arms"], "arm_window_days": 0}
    assert rows_of(Study.model_validate({**STUDY, "arms": arms}), model="from time zero").empty


def test_a_composite_has_more_events_than_the_main_analysis_and_a_hypothetical_fewer() -> None:
    study = Study.model_validate(STUDY)
    main = int(cohort_of("ordinary", 80, study).survival("PFS")[1].sum())

    def events(model: str) -> int:
        rows = rows_of(study, endpoint="PFS", population="all", model=model, statistic="logrank")
        return int(rows["events"].iloc[0])

    assert events("new therapy as an event") >= main
    assert events("missed visits as an event") >= main
    assert events("censored at new therapy") <= main


def test_the_estimand_of_the_study_file_is_a_row_by_its_own_strategies() -> None:
    study = Study.model_validate({**STUDY, "estimand": ESTIMAND})
    rows = rows_of(study, endpoint="PFS", model="estimand", population="all", statistic="logrank")
    arms = rows[rows["contrast"] == "experimental vs control"]
    assert len(arms) == 1
    assert "moved_by_estimand" in arms["code"].iloc[0]
    policy = {**ESTIMAND, "intercurrent_events": {"new_therapy": "treatment_policy"}}
    same = rows_of(
        Study.model_validate({**STUDY, "estimand": policy}),
        endpoint="PFS",
        model="estimand",
        population="all",
        statistic="logrank",
    )
    cohort = cohort_of("ordinary", 80, study)
    assert int(same["events"].iloc[0]) == int(cohort.survival("PFS")[1].sum())
    assert rows_of(Study.model_validate(STUDY), model="estimand").empty


def locked(**keys: Any) -> Study:
    return Study.model_validate({**STUDY, **keys})


def test_rows_are_specified_before_the_data_only_where_the_lock_came_first() -> None:
    rows = pd.DataFrame({"estimate": [1.0, 2.0], "prespecified": [None, None]})

    def flags(study: Study, first: date | None) -> list[Any]:
        return with_lock(rows, study, first)["prespecified"].tolist()

    first = date(2024, 1, 31)
    assert flags(locked(), first) == [None, None]
    assert flags(locked(locked_on="2024-01-30"), first) == [True, True]
    assert flags(locked(locked_on="2024-01-31"), first) == [False, False]
    assert flags(locked(locked_on="2024-01-30"), None) == [True, True]
    digest = locked().content_digest
    same = locked(locked_on="2024-01-30", locked_digest=digest[:12])
    assert same.is_as_locked and flags(same, first) == [True, True]
    changed = locked(locked_on="2024-01-30", locked_digest=digest[:12], seed=7)
    assert not changed.is_as_locked and flags(changed, first) == [False, False]


def test_a_default_that_is_written_out_changes_no_digest_and_a_choice_does() -> None:
    assert locked().content_digest == locked(endpoints=["PFS", "OS"]).content_digest
    assert locked().content_digest != locked(landmarks_months=[12]).content_digest
    assert locked().content_digest == locked(locked_on="2024-01-30").content_digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("locked_digest: 0123456789ab", "goes with locked_on"),
        ("locked_on: soon", "locked_on"),
        (
            "estimand: {population: all, treatment: x, intercurrent_events: {new_therapy: skip}}",
            "new_therapy",
        ),
        (
            "estimand: {population: a, treatment: x, intercurrent_events: "
            "{missed_scans: principal_stratum}}",
            "can be treatment_policy, hypothetical or composite",
        ),
        ("estimand: {population: all}", "treatment"),
    ],
)
def test_a_mistake_is_told_with_its_key(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "study.yaml"
    lines = ("marker: {analyte: il6, unit: pg/mL}", "arms: {experimental_drug: x}")
    file.write_text("\n".join([*lines, "cutoff: {method: median}", text, ""]))
    with pytest.raises(StudyError, match=words):
        read_study(file)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("marker: {analyte: il6, unit: pg/mL, assay_cv: 8}", "assay_cv"),
        ("marker: {analyte: il6, unit: pg/mL, assay_cv: 0}", "assay_cv"),
        ("cutoff: {method: median, min_share: 0.5}", "min_share"),
        ("cutoff: {method: median, min_patients: 0}", "min_patients"),
        ("cutoff: {method: interactive}", "interaction"),
    ],
)
def test_a_value_that_cannot_be_is_told(tmp_path: Path, line: str, words: str) -> None:
    keys = {
        "marker": "marker: {analyte: il6, unit: pg/mL}",
        "arms": "arms: {experimental_drug: x}",
        "cutoff": "cutoff: {method: median}",
    }
    keys[line.partition(":")[0]] = line
    file = tmp_path / "study.yaml"
    file.write_text("\n".join(keys.values()) + "\n")
    with pytest.raises(StudyError, match=words):
        read_study(file)


def test_patients_without_dates_leave_no_analysis_undone() -> None:
    study = Study.model_validate({**STUDY, "estimand": ESTIMAND})
    cohort = cohort_of("ordinary", 30, study)
    bare = cohort.patients.assign(NEWTRTDT=pd.NaT, last_assessed_on=pd.NaT)
    rows = sensitivity.analyse(Cohort(bare), study).frame()
    assert np.isfinite(rows["estimate"].dropna()).all()
