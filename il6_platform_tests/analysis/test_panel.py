"""The panel's rows: every question has its answer or says why not, and a planted marker leads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from il6_platform.analysis import panel
from il6_platform.analysis.cohort import Cohort
from il6_platform.figures.volcano import ranked_markers, volcano
from il6_platform.report import tables
from il6_platform.report.figure_catalogue import Report, pictures
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import SHAPES, STUDY, cohort_of
from il6_platform_tests.held_back.compare import nonsense

ASKED: dict[str, Any] = {"replicates": 99}


def study_of(**keys: Any) -> Study:
    return Study.model_validate(
        STUDY | {"cutoff": STUDY["cutoff"], "panel": ASKED | keys, "replicates": 0}
    )


def with_markers(cohort: Cohort, m: int = 6) -> Cohort:
    """Give a cohort a panel: chance, a marker that is constant, one with a 0, one that is rare."""
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(
        np.exp(rng.normal(size=(len(cohort), m))), columns=[f"m{i}" for i in range(m)]
    )
    frame["constant"], frame["with zero"] = 2.0, frame["m0"].where(frame.index != 0, 0.0)
    frame["rare"] = frame["m1"].where(frame.index < 3)
    return replace(cohort, panel=frame)


@pytest.mark.parametrize("n", [1, 3, 40])
@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_the_cohort_every_question_is_answered_or_says_why(shape: str, n: int) -> None:
    study = study_of(populations=["all", "control", "experimental"])
    cohort = with_markers(cohort_of(shape, n, study))
    made = panel.analyse(cohort, study)
    rows = made.frame()
    assert nonsense(rows, made.curves()) == []
    assert (rows["note"].notna() == rows["code"].notna()).all()
    models = rows[rows["statistic"].isin(["hazard_ratio", "ratio_of_hazard_ratios"])]
    constant = (models["term"] == "constant") & (models["n"] > 0)
    assert set(models.loc[constant, "code"]) <= {"marker_does_not_vary"}
    adjusted = rows[rows["statistic"] == "panel_effect_adjusted"].set_index(
        ["endpoint", "population", "term"]
    )["p_value"]
    alone = rows[(rows["statistic"] == "panel_effect") & rows["p_value"].notna()].set_index(
        ["endpoint", "population", "term"]
    )["p_value"]
    # nothing is surer among many than by itself
    assert (adjusted.reindex(alone.index) >= alone - 1e-12).all()
    report = Report(rows, made.curves(), pd.DataFrame(), study, is_synthetic=False)
    table = tables.panel(report, "PFS")
    assert {row[0] for row in table.rows} <= set(cohort.panel)


def test_without_a_panel_nothing_is_said() -> None:
    cohort = with_markers(cohort_of("ordinary", 30, study_of()))
    assert panel.analyse(cohort, Study.model_validate(STUDY)).frame().empty
    assert panel.analyse(replace(cohort, panel=pd.DataFrame()), study_of()).frame().empty


def test_the_page_says_how_many_questions_were_asked_and_who_leads() -> None:
    study = study_of(endpoints=["OS"])
    cohort = with_markers(cohort_of("ordinary", 120, study), m=20)
    hazard = np.log(cohort.panel["m3"].to_numpy())
    patients = cohort.patients.assign(time_OS=np.exp(-1.5 * hazard), event_OS=True)
    cohort = replace(cohort, patients=patients)
    rows = panel.analyse(cohort, study).frame()
    assert ranked_markers(rows)[0] == "m3"
    curves = pd.DataFrame(columns=["analysis", "endpoint", "population", "grp", "x", "y"])
    report = Report(rows, curves, pd.DataFrame(), study, is_synthetic=False)
    (picture,) = [one for one in pictures(report) if one.name == "panel-os"]
    asked = rows[
        rows["statistic"].isin(["panel_effect", "panel_interaction", "panel_auc", "panel_cutoff"])
        & rows["p_value"].notna()
    ]
    assert f"{len(asked)} questions were asked of 23 markers" in picture.caption
    assert len(set(picture.numbers["term"].dropna())) == 13
    assert picture.draw() is not None and volcano(rows, "OS") is not None
    table = tables.panel(report, "OS")
    assert table.rows[0][0] == "m3" and len(table.rows) == 13
    (questions,) = rows.loc[rows["statistic"] == "panel_questions", "estimate"]
    assert questions == len(asked)


def test_the_same_seed_gives_the_same_rows() -> None:
    study = study_of()
    cohort = with_markers(cohort_of("ordinary", 40, study))
    one, other = (panel.analyse(cohort, study).frame() for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
