"""What changed since the cut before, in a few sentences for people who compare no tables.

Belongs here: which differences are said, and how. Does not belong here: finding them (`cuts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from il6_platform.analysis.cohort import ARM
from il6_platform.analysis.names import Analysis, Group, Model, Statistic
from il6_platform.figures.labels import at_unit
from il6_platform.publishing.cuts import Difference
from il6_platform.report import formatting
from il6_platform.study import Study

PATIENTS = {
    "marker group changed": "changed marker group",
    "response changed": "have another response",
    "follow-up changed": "have another follow-up",
}
"""Beginning of a change in `sql/cuts/moved_patients.sql` -> what is said of such patients."""


def in_brief(found: Difference, study: Study) -> list[str]:
    """Say what changed between two cuts: patients, cut-off, the study's main estimates.

    Where small counts are hidden, nothing is said of patients.
    """
    said = list(_estimates(found.estimates, study))
    if study.quality.minimal_cell is None:
        said = [*_patients(found), *said]
    return said or ["Nothing that the answer rests on."]


def _patients(found: Difference) -> Iterator[str]:
    flow = found.flow.set_index("label")
    arrived = flow.iloc[0]
    old, new = (0 if pd.isna(arrived[side]) else int(arrived[side]) for side in ("old", "new"))
    if old != new:
        yield f"{new} patients have arrived; there were {old}."
    if found.patients is None:
        return
    change = found.patients["change"].astype("string")
    for beginning, words in PATIENTS.items():
        number = int(change.str.startswith(beginning).sum())
        if number:
            yield f"{number} {'patient' if number == 1 else 'patients'} {_agreed(words, number)}."


def _agreed(words: str, number: int) -> str:
    return words.replace("have ", "has ", 1) if number == 1 else words


def _estimates(estimates: pd.DataFrame, study: Study) -> Iterator[str]:
    endpoint = study.endpoints[0]
    moved = estimates[estimates["change"] == "moved"]
    for row in moved[moved["analysis"].eq(Analysis.CUTOFF)].to_dict("records"):
        new, old = (at_unit(_plain(row[f"{side}_estimate"]), study) for side in ("new", "old"))
        if row["statistic"] == Statistic.CUTOFF and new != old:
            yield f"The cut-off is {new}; it was {old}."
    of = moved["endpoint"].eq(endpoint)
    main = {
        f"Treatment's hazard ratio for {endpoint}": of
        & moved["analysis"].eq(Analysis.SURVIVAL)
        & moved["statistic"].eq(Statistic.HAZARD_RATIO_SCORE)
        & moved["population"].eq(Group.ALL)
        & moved["contrast"].eq(ARM),
        f"Ratio of hazard ratios for {endpoint}, per doubling": of
        & moved["analysis"].eq(Analysis.CONTINUOUS)
        & moved["model"].eq(Model.LOG2)
        & moved["statistic"].eq(Statistic.RATIO_OF_HAZARD_RATIOS),
    }
    for words, which in main.items():
        for row in moved[which].to_dict("records"):
            new, old = _side(row, "new"), _side(row, "old")
            crossed = " Its P has crossed 0.05." if row["crossed"] else ""
            # another code may differ in the last bits, which nobody sees
            if new != old or crossed:
                yield f"{words}: {new}; it was {old}.{crossed}"


def _side(row: dict[Any, Any], side: str) -> str:
    if pd.isna(row[f"{side}_estimate"]):
        return formatting.NOT_ESTIMABLE
    limits = formatting.interval(row[f"{side}_low"], row[f"{side}_high"], formatting.ratio)
    return f"{formatting.ratio(row[f'{side}_estimate'])} ({limits})"


def _plain(value: float) -> str:
    return formatting.plain(value) if pd.notna(value) else "none"
