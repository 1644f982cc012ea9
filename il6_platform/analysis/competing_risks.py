"""analysis.competing_risks: endpoints whose event can be forestalled by another one.

Where a patient who dies without progression counts as censored, Kaplan-Meier tells the risk of
progression in a world without death. Cumulative incidences add up; of two regressions the
cause-specific one is about the hazard, Fine and Gray's about the incidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.analysis.cohort import COMPARISONS, CONTRASTS, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Drawing, Listing, Spec, Topic, technique
from il6_platform.statistics.codes import Code
from il6_platform.statistics.competing_risks import aalen_johansen, fine_gray, gray_test
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.regression import cox
from il6_platform.study import Study

PROGRESSION, DEATH = "progression", "death without progression"
"""What the two events of progression-free survival are called, as models."""

SPEC = Spec(
    place=45,
    draws_curves=True,
    figure="incidence_by_arm",
    drawing=Drawing(
        "Competing events",
        "Cumulative incidence by arm: what ends progression-free survival, and endpoints that the "
        "study declares with competing events (Aalen-Johansen).",
    ),
    tables=(
        Listing(
            "Events that compete with each other.",
            {
                "cumulative_incidence": ("Cumulative incidence", "percent"),
                "gray": ("Gray's test", "number"),
                "cause_specific_hazard_ratio": ("Cause-specific hazard ratio", "ratio"),
                "subdistribution_hazard_ratio": ("Subdistribution hazard ratio", "ratio"),
            },
        ),
    ),
    techniques=(
        technique(
            Topic.COMPETING,
            "cumulative incidence by Aalen and Johansen",
            "cumulative_incidence",
            papers=(Paper.AALEN,),
        ),
        technique(Topic.COMPETING, "Gray's test", "gray", papers=(Paper.GRAY,)),
        technique(Topic.COMPETING, "cause-specific Cox models", "cause_specific_hazard_ratio"),
        technique(
            Topic.COMPETING,
            "Fine and Gray's model of the subdistribution",
            "subdistribution_hazard_ratio",
            papers=(Paper.FINE,),
        ),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Cumulative incidence, Gray's test and both regressions of every comparison."""
    results = Results("competing_risks")
    for endpoint, model, cause in _causes(cohort, study):
        time, _ = cohort.survival(endpoint)
        known = np.isfinite(time)
        where: dict[str, Any] = {"endpoint": endpoint, "model": model}
        for grp in ("experimental", "control", "high", "low"):
            inside = cohort.group(grp) & known
            curve = aalen_johansen(time[inside], cause[inside])
            for month in study.landmarks_months:
                results.add(curve.incidence_at(month), grp=grp, **where)
            if curve.n:
                name = endpoint if model is None else f"{endpoint}: {model}"
                results.add_curve(curve.curve(), endpoint=name, grp=grp)
        for population, contrast in COMPARISONS:
            first, second = (cohort.group(name) for name in CONTRASTS[contrast])
            inside = cohort.group(population) & (first | second) & known
            compared = _compared(time[inside], cause[inside], first[inside])
            results.add(compared, population=population, contrast=contrast, **where)
    return results


def _causes(cohort: Cohort, study: Study) -> list[tuple[str, str | None, NDArray[np.int64]]]:
    """Return endpoint, model and cause (0 censored, 1 the event, 2 what competes)."""
    found: list[tuple[str, str | None, NDArray[np.int64]]] = []
    for endpoint in study.endpoints:
        _, event = cohort.survival(endpoint)
        if endpoint == "PFS":
            progressed = cohort.patients["progressed_on"].notna()
            kinds = np.where(event, np.where(progressed, 1, 2), 0)
            found.append((endpoint, PROGRESSION, kinds))
            found.append((endpoint, DEATH, np.where(kinds == 0, 0, 3 - kinds)))
        elif study.known_endpoints[endpoint].competing:
            other = cohort.competing(endpoint)
            found.append((endpoint, None, np.where(event, 1, np.where(other, 2, 0))))
    return found


def _compared(
    time: NDArray[np.float64], cause: NDArray[np.int64], first: NDArray[np.bool_]
) -> list[Estimate]:
    """Compare the first group with the other one by Gray's test and both regressions."""
    design = pd.DataFrame({"the group": first.astype(float)})
    (hazard,) = cox(design, time, cause == 1).estimates()
    rows = [
        gray_test(time, cause, first),
        hazard.but(statistic="cause_specific_hazard_ratio", term=None),
    ]
    name = "subdistribution_hazard_ratio"
    if not (cause == 2).any():
        # without a competing event it is the Cox model, but for its variance
        note = Code.NO_COMPETING_EVENTS.say()
        n, events = len(time), int((cause == 1).sum())
        return [*rows, unsupported(name, note, n=n, events=events)]
    return [*rows, fine_gray(design, time, cause).estimates()[0].but(term=None)]
