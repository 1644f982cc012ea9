"""The panel's rows: every question has its answer or says why not, and a planted marker leads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from il6_platform.analysis import cutoff, panel
from il6_platform.analysis.cohort import Cohort
from il6_platform.figures.labels import statistic_words, upper_first
from il6_platform.figures.volcano import ranked_markers, volcano
from il6_platform.report import tables
from il6_platform.report.figure_catalogue import Report, pictures
from il6_platform.report.translation import translator_of
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


def test_events_that_come_together_have_no_ratio() -> None:
    """It was 1.0 (0.8 to 1.25) of Efron's approximation: the exact likelihood is flat."""
    study = study_of()
    cohort = with_markers(cohort_of("all at one time", 40, study))
    rows = panel.analyse(cohort, study).frame()
    ratios = rows[rows["statistic"].isin(["hazard_ratio", "ratio_of_hazard_ratios"])]
    ratios = ratios[(ratios["endpoint"] == "PFS") & ratios["term"].str.match("m[0-9]")]
    assert len(ratios) == 12
    assert ratios["estimate"].isna().all() and set(ratios["code"]) == {"events_all_at_once"}
    # one arm tells the effect, and both its change
    ordinary = with_markers(cohort_of("ordinary", 40, study))
    is_control = ordinary.patients["ARMCD"] == "C"
    patients = ordinary.patients.assign(
        time_PFS=ordinary.patients["time_PFS"].mask(is_control, 3.0),
        event_PFS=ordinary.patients["event_PFS"] | is_control,
    )
    rows = panel.analyse(replace(ordinary, patients=patients), study).frame()
    rows = rows[(rows["endpoint"] == "PFS") & (rows["term"] == "m2")].set_index("statistic")
    assert rows.loc["hazard_ratio", "estimate"] > 0
    assert rows.loc["ratio_of_hazard_ratios", "code"] == "events_all_at_once"


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("direction", ["auto", "higher", "lower"])
def test_the_data_choose_the_direction_of_each_marker_whatever_the_study_says_of_its_own(
    direction: str, sign: int
) -> None:
    """Of a marker that falls with the disease, such as albumin, the area came out below 0.5."""
    cut = {"cutoff": STUDY["cutoff"] | {"direction": direction}}
    study = Study.model_validate(STUDY | cut | {"panel": ASKED, "replicates": 0})
    cohort = cohort_of("ordinary", 60, study)
    patients = cohort.patients.assign(MARKER=cohort.patients["MARKER"] ** sign)
    frame = pd.DataFrame({"own": patients["MARKER"], "other way": 1 / patients["MARKER"]})
    cohort = replace(cohort, patients=patients, panel=frame)
    rows = panel.analyse(cohort, study).frame()
    areas = rows[rows["statistic"] == "auc"].set_index("term")
    open_ = Study.model_validate(STUDY | {"cutoff": STUDY["cutoff"] | {"direction": "auto"}})
    own = cutoff.analyse(cohort, open_).frame().set_index("statistic")
    assert own.loc["auc", "estimate"] >= 0.5
    assert areas["estimate"].tolist() == pytest.approx([own.loc["auc", "estimate"]] * 2)
    assert set(areas["code"]) == {"direction_seen"}
    found = rows[(rows["statistic"] == "panel_cutoff") & (rows["model"] == "youden")]
    found = found.set_index("term").loc["own"]
    assert found["at"] == own.loc["cutoff", "estimate"]
    assert found["estimate"] == pytest.approx(own.loc["youden", "estimate"])


def test_a_question_counts_who_has_marker_and_outcome() -> None:
    study = study_of(endpoints=["PFS"])
    cohort = with_markers(cohort_of("times not known of some", 60, study))
    cohort.panel.loc[cohort.panel.index % 5 == 1, "m2"] = np.nan
    rows = panel.analyse(cohort, study).frame()
    rows = rows[rows["term"] == "m2"]
    known = cohort.panel["m2"].notna().to_numpy()
    case = cutoff.case_control(cohort, study)[0]
    assert case is not None
    for statistic, expected in (
        ("panel_effect", known & cohort.has_time("PFS")),
        ("hazard_ratio", known & cohort.has_time("PFS")),
        ("panel_auc", known & np.isfinite(case)),
        ("auc", known & np.isfinite(case)),
    ):
        assert set(rows.loc[rows["statistic"] == statistic, "n"]) == {expected.sum()}


@pytest.mark.parametrize(("m", "best"), [(1, 1), (4, 2), (20, 5)])
def test_no_more_than_half_of_a_panel_is_among_its_best(m: int, best: int) -> None:
    """Of four markers each was among the best five of every resample."""
    study = study_of(endpoints=["PFS"])
    cohort = with_markers(cohort_of("ordinary", 60, study), m=20)
    cohort = replace(cohort, panel=cohort.panel.iloc[:, :m])
    rows = panel.analyse(cohort, study).frame()
    rows = rows[rows["statistic"] == "panel_stability"]
    assert rows["method"].str.endswith(f"among the best {best}").all()
    assert rows["estimate"].sum() == pytest.approx(best)
    chinese = translator_of(study.model_copy(update={"language": "zh"}))
    assert chinese is not None
    for row in rows.to_dict("records"):
        chinese.say(upper_first(statistic_words(row, study)))
        chinese.say(row["method"])
    assert not chinese.missing


def test_a_marker_that_ranks_nobody_is_of_no_cluster() -> None:
    study = study_of()
    cohort = with_markers(cohort_of("ordinary", 30, study))
    cohort = replace(cohort, panel=cohort.panel.assign(empty=np.nan))
    rows = panel.analyse(cohort, study).frame()
    rows = rows[rows["statistic"] == "panel_cluster"].set_index("term")
    assert set(rows.index[rows["estimate"].isna()]) == {"empty", "constant"}
    assert set(rows.loc[["empty", "constant"], "code"]) == {"not_asked"}


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
