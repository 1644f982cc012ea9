"""The results section in words, where the data do not give all that it asks for."""

from __future__ import annotations

import pandas as pd
import pytest

from il6_platform.analysis.spec import analyses
from il6_platform.manuscript import findings
from il6_platform.report.reader import Cut
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("no events", "These data cannot yet say how treatment and PFS go together"),
        ("one arm has no event", "is associated with longer PFS (log-rank P"),
    ],
)
def test_arms_without_a_hazard_ratio_are_spoken_of(shape: str, said: str) -> None:
    """Of an endpoint without one the section used to name its figures and say nothing."""
    study = Study.model_validate(STUDY | {"cutoff": {"method": "fixed", "value": 4.3}})
    cohort = cohort_of(shape, 60, study)
    rows = [analyses()[name].analyse(cohort, study) for name in ("survival", "small_sample")]
    results = pd.concat([one.frame() for one in rows], ignore_index=True)
    cut = Cut("abcdef012345", study, {"results": results}, pd.DataFrame())
    text = " ".join(findings._survival(cut, "PFS", lambda _: None))
    assert said in text
