"""The multivariable model with imputed covariates beside that of complete cases."""

from __future__ import annotations

import numpy as np

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.spec import analyses
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of


def test_imputed_and_complete_models_have_the_same_reference() -> None:
    """The study's reference, which is not the first level by name; one value is missing."""
    study = Study.model_validate(STUDY | {"cutoff": {"method": "fixed", "value": 3}})
    patients = cohort_of("ordinary", 150, study).patients
    patients["age"] = np.where(patients["age"].isna(), 60.0, patients["age"])
    patients.loc[3, "grade"] = None
    cohort = Cohort(patients)
    complete, imputed = (
        rows[(rows["model"] == model) & (rows["endpoint"] == "PFS")]
        .query("statistic == 'hazard_ratio'")
        .set_index("term")["estimate"]
        for rows, model in (
            (analyses()["cox"].analyse(cohort, study).frame(), "multivariable"),
            (analyses()["missing"].analyse(cohort, study).frame(), "multiple imputation"),
        )
    )
    assert {"grade[G1]", "grade[G3]"} < set(complete.index)
    assert list(imputed.index) == list(complete.index)
    assert np.abs(np.log(imputed / complete)).max() < 0.05
