"""The one shape in which analyses report: the contract of `report.results` and `report.curves`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from il6_platform.statistics.codes import Code, Reason, codes_of
from il6_platform.statistics.estimate import Estimate
from il6_platform.study import Study

RESULT_COLUMNS: dict[str, tuple[str, str]] = {
    "analysis": ("varchar", "Which analysis: baseline, cutoff, response, survival, cox, ..."),
    "endpoint": ("varchar", "PFS, OS or another endpoint of the study, ORR, DCR, or null"),
    "population": ("varchar", "Who is in: all, control, experimental, marker_high, marker_low"),
    "contrast": ("varchar", "What is compared: experimental vs control, high vs low, or null"),
    "grp": ("varchar", "Group that a one-sample estimate is of: control, high, control/high, ..."),
    "model": ("varchar", "Model: univariable, multivariable, interaction, or null"),
    "term": (
        "varchar",
        "Term of the model or variable: age, sex[M], MARKERGR[high], ...; a number's hazard ratio "
        "in a model is per `per` of its units, as the study file has it",
    ),
    "statistic": ("varchar", "What is estimated or tested: median, hazard_ratio, logrank, ..."),
    "at": (
        "double",
        "What it is at: time in months, cut-off, threshold, hazard ratio planned or bounding, "
        "fraction of the planned events",
    ),
    "estimate": ("double", "The estimate; of a test, its statistic"),
    "ci_low": ("double", "Lower 95% confidence limit; null is open"),
    "ci_high": ("double", "Upper 95% confidence limit; null is open"),
    "std_error": ("double", "Standard error (of the logarithm for ratios)"),
    "df": ("double", "Degrees of freedom of a test"),
    "p_value": ("double", "Two-sided P value"),
    "n": ("bigint", "Patients that it rests on"),
    "events": ("bigint", "Events (or responders, or cases) that it rests on"),
    "method": ("varchar", "How it was computed, in words"),
    "code": (
        "varchar",
        "Why the estimate is missing, or how to read it with care: words for machines, by spaces",
    ),
    "note": ("varchar", "The same in a sentence, which is made from the code"),
    "prespecified": (
        "boolean",
        "Whether the study file was locked before the first data arrived; null: never locked",
    ),
}
"""Columns of `report.results`: DuckDB type and sentence."""

CURVE_COLUMNS: dict[str, tuple[str, str]] = {
    "analysis": ("varchar", "Which analysis"),
    "endpoint": ("varchar", "Endpoint, what a point of a patient's course marks, or null"),
    "population": ("varchar", "Who is in"),
    "grp": ("varchar", "Group that the curve is of, or null"),
    "x": ("double", "Horizontal: months, false-positive share, marker value, rank"),
    "y": ("double", "Vertical: survival, sensitivity, hazard ratio, percent change"),
    "y_low": ("double", "Lower 95% confidence limit"),
    "y_high": ("double", "Upper 95% confidence limit"),
    "at_risk": ("bigint", "Patients at risk just before x"),
}
"""Columns of `report.curves`: DuckDB type and sentence."""


@dataclass
class Results:
    """Rows and curves of one analysis, collected."""

    analysis: str
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _curves: list[pd.DataFrame] = field(default_factory=list)

    def add(
        self,
        estimates: Estimate | Iterable[Estimate],
        *,
        population: str = "all",
        endpoint: str | None = None,
        contrast: str | None = None,
        grp: str | None = None,
        model: str | None = None,
        term: str | None = None,
    ) -> None:
        """Add estimates with what they are of; an estimate's own group and term override them."""
        for one in [estimates] if isinstance(estimates, Estimate) else estimates:
            one = _of_nobody(one)
            self._rows.append(
                {
                    "analysis": self.analysis,
                    "endpoint": endpoint,
                    "population": population,
                    "contrast": contrast,
                    "grp": one.grp or grp,
                    "model": model,
                    "term": f"{term or ''}{one.term or ''}" or None,
                    **{
                        name: getattr(one, name)
                        for name in RESULT_COLUMNS
                        if hasattr(one, name) and name not in ("grp", "term")
                    },
                }
            )

    def add_curve(
        self,
        curve: pd.DataFrame,
        *,
        population: str = "all",
        endpoint: str | None = None,
        grp: str | None = None,
    ) -> None:
        """Add a curve with x, y and, where they are known, y_low, y_high, at_risk."""
        self._curves.append(
            curve.assign(analysis=self.analysis, endpoint=endpoint, population=population, grp=grp)
        )

    def frame(self) -> pd.DataFrame:
        """Return the rows in the columns of `report.results`; NaN and infinity become null."""
        frame = pd.DataFrame(self._rows, columns=list(RESULT_COLUMNS))
        return _typed(frame, RESULT_COLUMNS)

    def curves(self) -> pd.DataFrame:
        """Return the curves in the columns of `report.curves`."""
        filled = [curve for curve in self._curves if len(curve)]
        frame = pd.concat(filled) if filled else pd.DataFrame()
        return _typed(frame.reindex(columns=list(CURVE_COLUMNS)), CURVE_COLUMNS)


OF_PEOPLE = frozenset(
    {
        *(Code.ONE_GROUP, Code.ONE_ARM, Code.ONE_GROUP_OR_OUTCOME, Code.ONE_SUBGROUP),
        *(Code.ONE_ARM_HAS_PATIENTS, Code.EMPTY_GROUP, Code.EMPTY_CELL, Code.DOES_NOT_VARY),
        *(Code.IT_DOES_NOT_VARY, Code.FEWER_THAN_TWO_GROUPS, Code.NO_PATIENTS_IN_GROUP),
        *(Code.NO_EVENTS_IN_GROUP, Code.FEWER_THAN_2_IN_A_GROUP, Code.TOO_FEW_PATIENTS),
        *(Code.NO_STRATUM, Code.FEWER_THAN_TWO_STRATA, Code.NO_CASES_OR_CONTROLS),
        *(Code.NO_ADMISSIBLE_CUTOFF, Code.NO_CUTOFF, Code.NO_CUTOFF_THEN, Code.NO_PAIR),
        *(Code.NO_CASES_BY_THEN, Code.NO_CONTROLS_BEYOND, Code.NO_MARKER),
    }
)
"""Reasons that lie in which patients there are: of nobody, the reason is that there is nobody."""


def _of_nobody(one: Estimate) -> Estimate:
    if one.n != 0 or OF_PEOPLE.isdisjoint(codes_of(one.note)):
        return one
    return one.but(note=Code.NO_PATIENTS.say())


def with_reason(rows: pd.DataFrame, chosen: pd.Series, reason: Reason) -> pd.DataFrame:
    """Return rows in which the chosen ones give a further reason, in `code` and in `note`."""
    if not chosen.any():
        return rows

    def added(column: str, words: str) -> pd.Series:
        said = rows[column].where(rows[column].notna(), "")
        return rows[column].mask(chosen, (said + " " + words).str.strip())

    return rows.assign(note=added("note", str(reason)), code=added("code", " ".join(reason.codes)))


def with_lock(rows: pd.DataFrame, study: Study, first_data_on: date | None) -> pd.DataFrame:
    """Say of each row whether the study file was locked before the data came that it rests on.

    Parameters
    ----------
    rows
        In the columns of `report.results`; they are not changed.
    first_data_on
        Day of the first export, or of its arrival where that is earlier; None without one.

    Returns
    -------
    The rows with `prespecified`: null where the study file was never locked, false where it was
    locked on the day of the first data or later, or says otherwise than when it was locked.
    """
    if study.locked_on is None:
        return rows
    before = first_data_on is None or study.locked_on < first_data_on
    return rows.assign(
        prespecified=pd.Series(before and study.is_as_locked, rows.index, dtype="boolean")
    )


def _typed(frame: pd.DataFrame, columns: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Return the columns in their types; to set one by one in a frame takes five times as long."""
    typed: dict[str, Any] = {}
    for name, (kind, _) in columns.items():
        given = frame[name]
        if kind == "double":
            numbers = pd.to_numeric(given).to_numpy(dtype=float, na_value=np.nan)
            typed[name] = np.where(np.isfinite(numbers), numbers, np.nan)
        elif kind == "boolean":
            typed[name] = given.astype("boolean").array
        elif kind == "bigint":
            typed[name] = pd.to_numeric(given).astype("Int64").array
        else:
            texts, known = np.empty(len(given), dtype=object), given.notna().to_numpy()
            texts[known] = [str(one) for one in given[known]]
            typed[name] = texts
    return pd.DataFrame(typed)
