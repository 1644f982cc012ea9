"""analysis.roc_over_time: how well the marker tells who has the event by a time, over time.

The cut-off that Youden's index chooses at each time and for each outcome stands beside, since a
cut-off that wanders with the time asked for belongs to none of them. Nobody is left out because he
was censored: others stand for him.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.cutoff import directed, smallest
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Drawing, Listing, Spec, Topic, technique
from il6_platform.statistics import roc
from il6_platform.statistics.time_dependent_roc import (
    auc_at,
    cutoff_at,
    harrell_concordance,
    uno_concordance,
)
from il6_platform.study import Study

POINTS = 24
"""Times at which the curve of AUC(t) is drawn."""

SPEC = Spec(
    place=95,
    draws_curves=True,
    figure="auc_over_time",
    drawing=Drawing(
        "The marker over time",
        "Area under the ROC curve of the event by a time, with pointwise 95% intervals, and the "
        "cut-off with the largest Youden index by that time. An area of 0.5 tells nothing.",
    ),
    tables=(
        Listing(
            "{marker} over time.",
            {
                "auc": ("AUC", "ratio"),
                "cutoff": ("Cut-off by Youden's index", "number"),
                "harrell_concordance": ("Harrell's C", "ratio"),
                "uno_concordance": ("Uno's C", "ratio"),
            },
        ),
    ),
    techniques=(
        technique(
            Topic.OVER_TIME,
            "area under the ROC curve of the event by a time, and the cut-off by Youden's index, "
            "weighted for censoring",
            *("auc", "cutoff"),
            papers=(Paper.UNO, Paper.BLANCHE),
        ),
        technique(
            Topic.OVER_TIME, "Harrell's concordance", "harrell_concordance", papers=(Paper.HARRELL,)
        ),
        technique(Topic.OVER_TIME, "Uno's concordance", "uno_concordance", papers=(Paper.UNO_C,)),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """AUC and cut-off by each landmark and outcome, concordance over the whole follow-up."""
    results = Results("roc_over_time")
    study = directed(cohort, study)
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    options: dict[str, Any] = {"higher": study.higher, **smallest(study)}
    for endpoint in study.endpoints:
        time, event = cohort.survival(endpoint)
        known = np.isfinite(time)
        sample, other = (marker[known], time[known], event[known]), cohort.competing(endpoint)
        asked: dict[str, Any] = {"higher": study.higher, "competing": other[known]}
        more: dict[str, Any] = {**asked, **smallest(study)}
        for month in study.landmarks_months:
            results.add(auc_at(*sample, month, **asked), endpoint=endpoint)
            results.add(cutoff_at(*sample, month, **more), endpoint=endpoint)
        results.add(harrell_concordance(*sample, higher=study.higher), endpoint=endpoint)
        results.add(
            uno_concordance(*sample, _horizon(sample[1], study), **asked),
            endpoint=endpoint,
        )
        for grp, curve in _paths(*sample, other[known], study).items():
            results.add_curve(curve, endpoint=endpoint, grp=grp)
    # a higher marker is taken to mean fewer responses: the case is who did not respond
    for rate in ("ORR", "DCR"):
        outcome = np.where(cohort.responded(rate), 0.0, 1.0)
        results.add(roc.auc(marker, outcome, higher=study.higher), endpoint=rate)
        found = roc.youden(marker, outcome, **options).estimates()
        results.add(found[0], endpoint=rate)
    return results


def _horizon(time: np.ndarray, study: Study) -> float:
    """Return the last landmark that somebody was followed beyond, else the longest time."""
    reached = [month for month in study.landmarks_months if (time > month).any()]
    return float(max(reached) if reached else time.max(initial=0.0))


def _paths(
    marker: np.ndarray, time: np.ndarray, event: np.ndarray, competing: np.ndarray, study: Study
) -> dict[str, pd.DataFrame]:
    """Return AUC(t) and the cut-off at t, from a tenth to nine tenths of the events on."""
    events = np.sort(time[event.astype(bool)])
    if len(events) < 2:
        return {}
    times = np.unique(np.quantile(events, np.linspace(0.1, 0.9, POINTS), method="inverted_cdf"))
    asked: dict[str, Any] = {"higher": study.higher, "competing": competing}
    areas = [auc_at(marker, time, event, by, **asked) for by in times]
    cutoffs = [cutoff_at(marker, time, event, by, **asked, **smallest(study)) for by in times]
    area = pd.DataFrame(
        {
            "x": times,
            "y": [one.estimate for one in areas],
            "y_low": [one.ci_low for one in areas],
            "y_high": [one.ci_high for one in areas],
        }
    ).dropna(subset=["y"])
    path = pd.DataFrame({"x": times, "y": [one.estimate for one in cutoffs]}).dropna()
    return {"auc": area, "cut-off": path}
