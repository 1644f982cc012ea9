"""Subgroups are shown with the patients and events of each arm, and these add up."""

from __future__ import annotations

import pytest

from il6_platform.analysis.subgroups import analyse
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import SHAPES, STUDY, cohort_of


@pytest.mark.parametrize("shape", SHAPES)
def test_the_arms_of_a_subgroup_add_up_to_it(shape: str) -> None:
    study = Study.model_validate(STUDY)
    rows = analyse(cohort_of(shape, 30, study), study).frame()
    whole = rows[rows["statistic"] == "hazard_ratio"].set_index(["endpoint", "term"])
    arms = rows[rows["statistic"] == "rate"].set_index(["endpoint", "term", "grp"])
    assert len(arms) == 2 * len(whole)
    for key in whole.index:
        for count in ("n", "events"):
            both = arms.loc[(*key, "experimental"), count] + arms.loc[(*key, "control"), count]
            # of nobody the hazard ratio has no count
            assert both == whole[count].fillna(0)[key], (key, count)
    shares = arms["events"] / arms["n"].where(arms["n"] > 0)
    assert (shares.isna() == arms["estimate"].isna()).all()
    assert ((shares - arms["estimate"]).dropna().abs() < 1e-12).all()
