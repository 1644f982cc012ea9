"""analysis.laboratory_cutoffs: the other laboratory results, cut as the marker could be cut."""

from __future__ import annotations

import numpy as np

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.cutoff import (
    DATA_DRIVEN,
    case_control,
    directed_by,
    smallest,
    with_direction,
)
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Listing, Spec, Topic, technique
from il6_platform.statistics import roc
from il6_platform.statistics.codes import joined
from il6_platform.study import Study

SPEC = Spec(
    place=25,
    tables=(
        Listing(
            "Other laboratory results before treatment and the outcome that {marker} is cut on: "
            "area under the ROC curve, and the cut-off by Youden's index.",
            {
                "auc": ("Area under the ROC curve", "ratio"),
                "cutoff": ("Cut-off", "number"),
                "sensitivity": ("Sensitivity, %", "percent"),
                "specificity": ("Specificity, %", "percent"),
            },
        ),
    ),
    techniques=(
        technique(
            Topic.CUTOFF,
            "Youden's index of other laboratory results, on the same outcome",
            *("auc", "cutoff", "youden", "sensitivity", "specificity", "ppv", "npv"),
            papers=(Paper.DELONG,),
        ),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Cut each laboratory result that the study describes by Youden's index.

    Where the study's cut-off looks at no outcome, there are no rows.
    """
    results = Results("laboratory_cutoffs")
    outcome, _ = case_control(cohort, study)
    measured = [item for item in study.described if item.analyte is not None]
    for item in measured if outcome is not None and len(cohort) else []:
        assert outcome is not None
        values = cohort.patients[item.name].to_numpy(dtype=float)
        known = ~np.isnan(values)
        of = values[known], outcome[known]
        own = directed_by(*of, study)
        area = roc.auc(*of, higher=own.higher)
        results.add(with_direction(area, own), term=item.name)
        for row in roc.youden(*of, higher=own.higher, **smallest(study)).estimates():
            chosen = row.estimate is not None
            note = joined(row.note, DATA_DRIVEN if chosen else None)
            results.add(row.but(note=note), term=item.name)
    return results
