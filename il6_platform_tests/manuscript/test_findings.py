"""The results section in words, where the data do not give all that it asks for."""

from __future__ import annotations

import pandas as pd
import pytest

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.spec import analyses
from il6_platform.manuscript import findings
from il6_platform.report import sentences
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


def found_in(cohort: Cohort, study: Study) -> pd.DataFrame:
    rows = [analyses()[name].analyse(cohort, study) for name in ("survival", "small_sample")]
    return pd.concat([one.frame() for one in rows], ignore_index=True)


def test_arms_that_fare_alike_are_not_shown_to_differ() -> None:
    """A hazard ratio of 1.00 with its interval was "These data cannot yet say"."""
    study = Study.model_validate(STUDY | {"cutoff": {"method": "fixed", "value": 4.3}})
    one = cohort_of("ordinary", 40, study).patients
    both = [one.assign(ARMCD=arm) for arm in ("C", "E")]
    results = found_in(Cohort(pd.concat(both, ignore_index=True)), study)
    said = sentences.effect_on("PFS", results, study)
    assert said.codes == ("lead_no_effect",)
    assert "hazard ratio 1.00, 95% CI" in said and "P > 0.99" in said


def test_a_comparison_without_a_hazard_ratio_is_told_and_a_hidden_median_is_not() -> None:
    """Where nobody of one group had the event, its log-rank test was told in no sentence."""
    study = Study.model_validate(STUDY | {"cutoff": {"method": "fixed", "value": 4.3}})
    results = found_in(cohort_of("one arm has no event", 60, study), study)

    def text(rows: pd.DataFrame) -> str:
        cut = Cut("abcdef012345", study, {"results": rows}, pd.DataFrame())
        return " ".join(findings._survival(cut, "PFS", lambda _: None))

    said = text(results)
    for who in ("all patients", "patients with high il6", "patients with low il6"):
        assert f"In {who}, median PFS was not reached with" in said
    assert said.count("(hazard ratio not estimable; log-rank P") == 3
    hidden = results["statistic"].eq("median") & results["grp"].eq("experimental/high")
    columns = {"estimate": results["estimate"].mask(hidden), "code": "few_patients"}
    less = results.assign(**columns).where(hidden, results)
    assert "patients with high il6, median" not in text(less).lower().replace("In ", "in ")
    assert "In patients with low il6, median" in text(less)
