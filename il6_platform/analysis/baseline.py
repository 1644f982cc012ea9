"""analysis.baseline: patients before treatment, by arm and by marker group."""

from __future__ import annotations

import numpy as np

from il6_platform.analysis.cohort import CONTRASTS, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.baseline import Kind, describe, standardized_difference
from il6_platform.statistics.codes import Code
from il6_platform.study import Study

SPEC = Spec(
    place=10,
    tables=("baseline",),
    techniques=(
        technique(
            Topic.PROPORTIONS, "proportions with Wilson's interval", "rate", papers=(Paper.WILSON,)
        ),
        technique(Topic.ARMS, "standardised differences", "standardized_difference"),
    ),
    said_elsewhere=frozenset({"missing", "max", "mean", "median", "min", "q1", "q3", "sd"}),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Describe age, sex, the marker and the covariates; standardised differences of groups."""
    results = Results("baseline")
    variables: dict[str, Kind] = {"age": "number", "sex": "category", "MARKER": "number"}
    variables |= {item.name: item.kind for item in study.described}
    columns = {"age": "AGE", "sex": "SEX"}
    for name, kind in variables.items():
        values = cohort.patients[name if name in cohort.patients else columns.get(name, name)]
        values = values.astype(float if kind == "number" else object).to_numpy()
        levels = None if kind == "number" else sorted({str(v) for v in values if v == v and v})
        results.add(describe(values, kind, levels), term=name)
        for contrast, groups in CONTRASTS.items():
            chosen = [cohort.group(group) for group in groups]
            for group, inside in zip(groups, chosen, strict=True):
                results.add(describe(values[inside], kind, levels), term=name, grp=group)
            gap = standardized_difference(values[chosen[0]], values[chosen[1]], kind)
            large = gap.estimate is not None and np.abs(gap.estimate) > 0.1
            note = Code.GROUPS_DIFFER.say() if large else gap.note
            results.add(gap.but(note=note), contrast=contrast, term=name)
    return results
