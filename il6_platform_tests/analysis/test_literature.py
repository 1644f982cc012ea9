"""The study pooled with others: which are pooled, which way they count, and what the prior is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from il6_platform import paths
from il6_platform.analysis import literature
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of

COLUMNS = "study,citation,n,marker,endpoint,contrast,estimate,ci_low,ci_high,pooled\n"
TABLE = COLUMNS + (
    "A,A 2001,100,IL-6,OS,high vs low,2,1,4,Y\n"
    "B,B 2002,,IL-6,OS,low vs high,0.5,0.25,1,Y\n"
    "C,C 2003,90,IL-6,OS,high vs low,9,8,10,N\n"
    "D,D 2004,90,IL-6,OS,high vs low,9,,,Y\n"
    "E,E 2005,90,CRP,OS,high vs low,9,8,10,Y\n"
    "F,F 2006,90,IL-6,PFS,high vs low,3,2,4.5,Y\n"
)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "literature.csv").write_text(TABLE)
    monkeypatch.setattr(paths, "project_root", lambda: tmp_path)
    return Study.model_validate({**STUDY, "cutoff": {"method": "median"}})


def test_alike_studies_are_pooled_and_low_against_high_is_turned_over(study: Study) -> None:
    found = literature.other_studies(study, "OS")
    assert found["study"].tolist() == ["A", "B"]
    assert np.exp(found["log_ratio"]).tolist() == pytest.approx([2, 2])
    # a 95% interval from 1 to 4 is log 4 wide: 2 * 1.96 standard errors
    assert found["std_error"].tolist() == pytest.approx([np.log(4) / 3.919928] * 2)


def test_the_rows_are_this_study_the_others_and_the_pool(study: Study) -> None:
    rows = literature.analyse(cohort_of("ordinary", 60, study), study).frame()
    of = rows[rows["endpoint"] == "OS"].set_index("statistic")
    assert of.loc["hazard_ratio", "model"].tolist() == ["this study", "other study", "other study"]
    pooled = of.loc["pooled_hazard_ratio"]
    assert pooled["ci_low"] < pooled["estimate"] < pooled["ci_high"]
    assert "3 studies" in pooled["method"]
    new = of.loc["prediction_hazard_ratio"]
    assert new["ci_low"] <= pooled["ci_low"] and new["ci_high"] >= pooled["ci_high"]
    assert rows["n"].dropna().isin([60, 90, 100]).all()


def test_the_prior_of_one_study_is_its_estimate_and_of_several_that_of_a_new_one(
    study: Study,
) -> None:
    one, several = (literature.prior_of(study, endpoint) for endpoint in ("PFS", "OS"))
    assert one is not None and several is not None
    assert one.mean == pytest.approx(np.log(3))
    assert one.sd == pytest.approx(np.log(4.5 / 2) / 3.919928)
    assert several.mean == pytest.approx(np.log(2))
    # both print the same ratio: the prior is as sure as both together, and no surer
    assert several.sd == pytest.approx(np.log(4) / 3.919928 / np.sqrt(2))
    other = marker_of({**STUDY["marker"], "analyte": "cea"})
    assert literature.prior_of(study.model_copy(update={"marker": other}), "OS") is None


def marker_of(content: dict) -> object:
    return Study.model_validate({**STUDY, "marker": content}).marker


def test_a_study_alone_is_not_pooled_and_says_so(study: Study) -> None:
    marker = marker_of({**STUDY["marker"], "analyte": "cea"})
    alone = study.model_copy(update={"marker": marker})
    rows = literature.analyse(cohort_of("ordinary", 60, alone), alone).frame()
    pooled = rows[rows["statistic"] == "pooled_hazard_ratio"]
    assert pooled["code"].tolist() == ["fewer_than_two_studies"] * 2


def test_the_table_that_is_shipped_can_be_read_and_each_pooled_study_has_its_interval() -> None:
    table = pd.read_csv(paths.project_root() / "data" / "literature.csv")
    pooled = table[table["pooled"] == "Y"]
    assert len(pooled)
    assert (pooled["ci_low"] < pooled["estimate"]).all()
    assert (pooled["estimate"] < pooled["ci_high"]).all()
    assert pooled["contrast"].isin(["high vs low", "low vs high"]).all()
