"""analysis.subgroups: the treatment's effect in every subgroup, with the test that compares them.

Subgroups are looked at, not found: an effect that differs between two of them is shown by the
interaction's P and by nothing else (Wang et al., NEJM 2007;357:2189-2194). A number is split at its
median.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import ARM, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.heterogeneity import effect_by_level
from il6_platform.statistics.regression import cox
from il6_platform.study import Study

SPEC = Spec(
    place=70,
    figure="subgroups",
    techniques=(
        technique(
            Topic.MODELS,
            "Cox models (Efron's ties, Wald intervals)",
            "hazard_ratio",
            papers=(Paper.COX, Paper.EFRON),
        ),
        technique(Topic.INTERACTION, "likelihood-ratio tests by subgroup", "interaction"),
    ),
    said_elsewhere=frozenset({"rate"}),
)


Flags = np.ndarray[Any, Any]
"""Of each patient, whether it is so."""


def analyse(cohort: Cohort, study: Study) -> Results:
    """Hazard ratio of the arms by level of sex, covariates and marker group; interaction P."""
    results = Results("subgroups")
    for endpoint in study.endpoints:
        known = cohort.having(endpoint)
        time, event = known.survival(endpoint)
        arm = known.group("experimental")
        where = {"endpoint": endpoint, "contrast": ARM, "model": "subgroup"}
        design = pd.DataFrame({"the group": arm.astype(float)})
        whole = cox(design, time, event).estimates()
        everybody = np.ones(len(arm), dtype=bool)
        results.add([row.but(term="all") for row in whole], **where)
        results.add(_by_arm(event, arm, everybody, "all"), **where)
        for name, levels in _levels(known, study).items():
            rows = effect_by_level(time, event, arm, levels)
            for row in rows:
                term = f"{name}[{row.term}]" if row.term else name
                results.add(row.but(term=term), **where)
                if row.term:
                    is_in = levels.map(str).eq(row.term).to_numpy()
                    results.add(_by_arm(event, arm, is_in, term), **where)
    return results


def _by_arm(event: Flags, arm: Flags, is_in: Flags, term: str) -> Iterator[Estimate]:
    """Give the patients and events of a subgroup, an arm each."""
    for name, mine in (("experimental", arm & is_in), ("control", ~arm & is_in)):
        n, events = int(mine.sum()), int(event[mine].sum())
        counted = Estimate("rate", n=n, events=events, term=term, grp=name, method="events / n")
        yield counted.but(estimate=events / n) if n else counted.but(note=Code.NO_PATIENTS.say())


def _levels(cohort: Cohort, study: Study) -> dict[str, pd.Series]:
    """Return variable -> level of each patient, in the order in which they are shown."""
    found = {"MARKERGR": cohort.patients["MARKERGR"]}
    kinds = {item.name: item.kind for item in study.covariates}
    columns = {"age": "AGE", "sex": "SEX"}
    for name, kind in {"sex": "category", "age": "number", **kinds}.items():
        values = cohort.patients[name if name in cohort.patients else columns.get(name, name)]
        if kind == "number":
            numbers = pd.to_numeric(values).astype(float)
            middle = numbers.median()
            parted = numbers.lt(middle).map({True: f"< {middle:g}", False: f">= {middle:g}"})
            found[name] = parted.where(numbers.notna(), None)
        else:
            found[name] = values.where(values.notna(), None)
    return found
