"""A cohort of a few patients, cut as a study file says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from il6_platform.analysis import cutoff
from il6_platform.analysis.cohort import Cohort
from il6_platform.study import Study
from il6_platform_tests.specification.harness import study_keys
from il6_platform_tests.specification.tables import Row, differences, parse


class CutoffRule:
    """One rule's cohort: marker, times and responses, and the cut-off that must come of them."""

    def __init__(self) -> None:
        self._study = ""
        self._patients: list[Row] = []

    def study(self, text: str) -> None:
        """Set keys of the study file (as YAML)."""
        self._study = text

    def given(self, patients: str) -> None:
        """Set the analysed patients."""
        self._patients = parse(patients)

    def expect(self, cutoff: str, outcome: str | None = None) -> None:
        """Compare rows of the results by their statistics, and who is a case or a control."""
        cohort, study = self._cohort(), self._read_study()
        self._expect_cutoff(parse(cutoff), cohort, study)
        if outcome is not None:
            self._expect_outcome(parse(outcome), cohort, study)

    def _expect_cutoff(self, expected: list[Row], cohort: Cohort, study: Study) -> None:
        found = cutoff.analyse(cohort, study).frame()
        found = found[found["statistic"].isin([row["statistic"] for row in expected])]
        rows = found[[*expected[0]]].astype(object).where(found[[*expected[0]]].notna(), None)
        wrong = differences(expected, [*expected[0]], [*rows.itertuples(index=False, name=None)])
        assert not wrong, f"analysis.cutoff\n{wrong}"

    def _expect_outcome(self, expected: list[Row], cohort: Cohort, study: Study) -> None:
        values, _ = cutoff.case_control(cohort, study)
        assert values is not None
        names = [None if np.isnan(value) else ("control", "case")[int(value)] for value in values]
        found = [*zip(cohort.patients["patient"], names, strict=True)]
        wrong = differences(expected, ["patient", "outcome"], found)
        assert not wrong, f"cases and controls\n{wrong}"

    def _read_study(self) -> Study:
        keys = study_keys(self._study)
        # a few patients show a rule: how small a group may be is a rule of its own
        keys["cutoff"] = {"min_share": 0, "min_patients": 1} | keys["cutoff"]
        return Study.model_validate(keys)

    def _cohort(self) -> Cohort:
        patients = pd.DataFrame(self._patients).rename(columns={"marker": "MARKER"})
        for name in patients.columns:
            if name == "MARKER" or name.startswith("time_"):
                patients[name] = patients[name].astype(float)
            elif name.startswith("event_"):
                patients[name] = patients[name] == "Y"
        return Cohort(patients)
