"""analysis.cutoff: where the marker is cut, and how well it tells who has the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.analysis.cohort import MARKER, MARKER_TERM, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results, with_reason
from il6_platform.analysis.spec import Spec, Topic, analyses, technique
from il6_platform.statistics import roc
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.cutoff_rules import (
    Rule,
    ipcw_weights,
    weighted_roc,
    weighted_youden,
)
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.study import EventOutcome, Study


def is_weighted(study: Study) -> bool:
    """Say whether the cut-off's ROC weights the patients for those who were censored."""
    asked = study.cutoff.outcome
    return (
        study.cutoff.method == "youden"
        and isinstance(asked, EventOutcome)
        and asked.censored == "weighted"
    )


SPEC = Spec(
    place=20,
    makes_groups=True,
    draws_curves=True,
    figure="roc_curve",
    tables=("cutoff",),
    techniques=(
        technique(
            Topic.CUTOFF,
            "area under the ROC curve with DeLong's interval",
            "auc",
            papers=(Paper.DELONG,),
            when=lambda study: not is_weighted(study),
        ),
        technique(
            Topic.CUTOFF,
            "ROC curve weighted for censoring",
            "auc",
            papers=(Paper.UNO, Paper.BLANCHE),
            when=is_weighted,
        ),
    ),
    said_elsewhere=frozenset({"cutoff", "youden", "sensitivity", "specificity", "ppv", "npv"}),
)


DATA_DRIVEN = Code.DATA_DRIVEN.say()


NAIVE = Code.NAIVE.say()


def analyse(cohort: Cohort, study: Study) -> Results:
    """Cut the marker as the study file says; the ROC is of the outcome that it names.

    The rows of the cut-off carry no endpoint: there is one cut-off, whatever it is used for.
    """
    results = Results("cutoff")
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    outcome, left_out = case_control(cohort, study)
    if is_weighted(study):
        rows, curve = weighted(cohort, study)
        results.add([row.but(note=joined(row.note, DATA_DRIVEN)) for row in rows])
        results.add_curve(_path(curve, study.higher))
        return results
    if outcome is not None:
        area = roc.auc(marker, outcome, higher=study.higher)
        results.add(area.but(note=joined(area.note, left_out)))
        results.add_curve(_roc_path(marker, outcome, study.higher))
    for row in _cut(cohort, marker, outcome, study):
        results.add(row)
    return results


def chosen(cohort: Cohort, study: Study) -> float | None:
    """Return the cut-off that the study's rule chooses in a cohort, or None where there is none."""
    if is_weighted(study):
        return weighted(cohort, study)[0][0].estimate
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    rows = _cut(cohort, marker, case_control(cohort, study)[0], study)
    return rows[0].estimate


UNCOUNTED = Code.UNCORRECTED.say()
"""What an interaction with a chosen cut-off says: unlike a comparison, it has no corrected P."""


def with_caution(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Say of each P that compares high with low that it is naive, where the data chose the cut-off.

    Parameters
    ----------
    rows
        In the columns of `report.results`; they are not changed.
    """
    if study.cutoff.method not in ("youden", "maxstat"):
        return rows
    corrected = [name for name, one in analyses().items() if one.spec.corrects_selection]
    naive = rows["p_value"].notna() & ~rows["analysis"].isin(corrected)
    naive &= (rows["contrast"] == MARKER) | (rows["term"] == MARKER_TERM)
    # nobody has a correction for an interaction with a chosen cut-off
    uncounted = rows["p_value"].notna() & (rows["model"] == "interaction")
    uncounted &= rows["analysis"] == "interaction"
    return with_reason(with_reason(rows, naive, NAIVE), uncounted, UNCOUNTED)


def weighted(cohort: Cohort, study: Study) -> tuple[list[Estimate], pd.DataFrame]:
    """Return the cut-off and the ROC curve of the event by a time, weighted for the censored."""
    asked = study.cutoff.outcome
    assert isinstance(asked, EventOutcome)
    assert asked.by_months is not None
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    weights = ipcw_weights(*cohort.survival(asked.endpoint), asked.by_months)
    curve = weighted_roc(marker, *weights, higher=study.higher)
    return weighted_youden(marker, *weights, higher=study.higher), curve


def rule_of(cohort: Cohort, study: Study) -> Rule | None:
    """Return the rule that resampling runs anew, or None where these data chose nothing."""
    asked = study.cutoff.outcome
    if study.cutoff.method == "maxstat":
        return Rule("maxstat")
    if study.cutoff.method != "youden":
        return None
    if is_weighted(study) and isinstance(asked, EventOutcome):
        return Rule("youden_ipcw", by=asked.by_months, higher=study.higher)
    return Rule("youden", outcome=case_control(cohort, study)[0], higher=study.higher)


def case_control(cohort: Cohort, study: Study) -> tuple[NDArray[np.float64] | None, str | None]:
    """Return who is a case (1), a control (0) or left out (NaN), and how many were left out."""
    asked = study.cutoff.outcome
    if asked == "response":
        # a higher marker is taken to mean fewer responses: the case is who did not respond
        return np.where(cohort.responded("ORR"), 0.0, 1.0), None
    if isinstance(asked, EventOutcome) and asked.by_months is not None:
        outcome = roc.outcome_by(*cohort.survival(asked.endpoint), asked.by_months)
        missing = int(np.isnan(outcome).sum())
        words = Code.CENSORED_LEFT_OUT.say(n=missing, by=asked.by_months)
        return outcome, words if missing else None
    return None, None


def _cut(cohort: Cohort, marker: NDArray, outcome: NDArray | None, study: Study) -> list[Estimate]:
    rule = study.cutoff
    if rule.method == "youden" and outcome is not None:
        found = roc.youden(marker, outcome, higher=study.higher).estimates()
        return [row.but(note=joined(row.note, DATA_DRIVEN)) for row in found]
    if rule.method == "fixed":
        value, words, note = rule.value, "Fixed by the study file", None
    elif rule.method == "median":
        value, words, note = _observed_median(marker), "Lowest value at or above the median", None
    else:
        value, words, note = _maxstat(cohort, marker, study)
    if value is None:
        return [unsupported("cutoff", note or Code.NO_MARKER.say(), n=len(marker), method=words)]
    cutoff = Estimate("cutoff", value, n=len(marker), method=words, note=note)
    if outcome is None:
        return [cutoff]
    return [cutoff, *roc.classified(marker, outcome, value, higher=study.higher)[1:]]


def _observed_median(marker: NDArray) -> float | None:
    return float(marker[marker >= np.median(marker)].min()) if len(marker) else None


def _maxstat(cohort: Cohort, marker: NDArray, study: Study) -> tuple[float | None, str, str | None]:
    from il6_platform.statistics.maximal_selection import maxstat

    asked = study.cutoff.outcome
    endpoint = asked.endpoint if isinstance(asked, EventOutcome) else study.endpoints[0]
    found = maxstat(marker, *cohort.survival(endpoint))
    words = f"Maximally selected log-rank statistic, {endpoint} (Hothorn & Lausen 2003)"
    return found.cutoff, words, DATA_DRIVEN if found.cutoff is not None else found.note


def _roc_path(marker: NDArray, outcome: NDArray, higher: bool) -> pd.DataFrame:
    return _path(roc.roc_curve(marker, outcome, higher=higher), higher)


def _path(curve: pd.DataFrame, higher: bool) -> pd.DataFrame:
    """Return the ROC curve's way from nobody to everybody called a case."""
    if higher:
        curve = curve[::-1]
    ends = pd.DataFrame({"x": [0.0], "y": [0.0]}), pd.DataFrame({"x": [1.0], "y": [1.0]})
    inner = pd.DataFrame({"x": 1 - curve["specificity"], "y": curve["sensitivity"]})
    return pd.concat([ends[0], inner, ends[1]]).drop_duplicates()
