"""What groups, populations and terms are called in a study; choosing rows by what they are of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypedDict, Unpack

import pandas as pd

from il6_platform.analysis.cohort import ARM_TERM, MARKER_TERM
from il6_platform.analysis.names import Analysis, Model, Statistic
from il6_platform.study import Study


def labels_of(study: Study) -> dict[str, str]:
    """Return what groups and populations are called in this study."""
    marker = study.marker.label
    return {
        "experimental": study.arms.experimental_label,
        "control": study.arms.control_label,
        "high": f"{marker} high",
        "low": f"{marker} low",
        "all": "all patients",
        "marker_high": f"{marker} high",
        "marker_low": f"{marker} low",
    }


def term_namer(study: Study) -> Callable[[str], str]:
    """Return what says a model's term in the study's words: `sex[M]` is Sex: M."""
    labels = labels_of(study)
    titles = {"age": "Age", "sex": "Sex", "all": "All patients", "MARKERGR": study.marker.label}
    titles |= {"MARKER": f"{study.marker.label} ({study.marker.unit})"}
    titles |= {item.name: item.title for item in study.covariates}
    titles |= {ARM_TERM: labels["experimental"], MARKER_TERM: labels["high"]}
    titles |= {"MARKERGR[low]": labels["low"]}

    def name(term: str) -> str:
        base, _, level = (
            term.rstrip("]").replace(">=", "\N{GREATER-THAN OR EQUAL TO}").partition("[")
        )
        return titles.get(term) or f"{titles.get(base, base)}{': ' + level if level else ''}"

    return name


class Of(TypedDict, total=False):
    """What rows are of, by the names of `analysis.names`; None asks for a missing one."""

    analysis: Analysis | str
    endpoint: str | None
    population: str | None
    contrast: str | None
    grp: str | None
    model: Model | None
    term: str | None


class Where(Of, total=False):
    """What rows are of, and which statistic they hold."""

    statistic: Statistic


class Chooser(Protocol):
    """Chooses rows by what they are of."""

    def __call__(self, **where: Unpack[Where]) -> pd.DataFrame:
        """Return the rows that have all the values."""


def rows_of(frame: pd.DataFrame) -> Chooser:
    """Return what chooses the rows that have the values asked for; None is a missing one."""

    def chosen(**where: Unpack[Where]) -> pd.DataFrame:
        kept = pd.Series(True, index=frame.index)
        for column, value in where.items():
            kept &= frame[column].isna() if value is None else frame[column] == value
        return frame[kept]

    return chosen
