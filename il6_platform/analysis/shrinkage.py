"""analysis.shrinkage: an interaction and subgroup effects, seen with prior belief.

A ratio that surprises in a small study is most likely too large. A sceptical prior (the planned
ratio of hazard ratios has 5% beyond it), a neutral one (1/10 to 10) and that of the literature say
what is left; the simultaneous bands hold a whole survival curve, where pointwise intervals do not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import ARM, MARKER, Cohort
from il6_platform.analysis.literature import prior_of
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Listing, Spec, Topic, technique
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.regression import cox, interaction
from il6_platform.statistics.shrinkage import (
    Prior,
    neutral,
    posterior,
    probability_below,
    sceptical,
    subgroup_effects,
)
from il6_platform.statistics.simultaneous_bands import KINDS, confidence_band
from il6_platform.study import Study

PLANNED = 0.5
"""Ratio of hazard ratios that a sceptical prior is about where the study plans none."""

SPEC = Spec(
    place=65,
    draws_curves=True,
    figure="ratios",
    tables=(
        Listing(
            "{marker} and treatment with prior belief.",
            {
                "posterior_ratio_of_hazard_ratios": ("Ratio of hazard ratios", "ratio"),
                "posterior_hazard_ratio": ("Hazard ratio", "ratio"),
                "probability_below": ("Probability of a ratio below", "percent"),
            },
        ),
    ),
    techniques=(
        technique(
            Topic.BELIEF,
            "normal priors of the log ratio, updated in closed form: sceptical, neutral and of the "
            "literature",
            *("posterior_ratio_of_hazard_ratios", "probability_below", "posterior_hazard_ratio"),
            papers=(Paper.SPIEGELHALTER, Paper.DIXON),
        ),
        technique(
            Topic.BELIEF,
            "simultaneous bands of Hall and Wellner and of equal precision",
            "band_critical_value",
            papers=(Paper.HALL, Paper.NAIR),
        ),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Interaction and subgroup effects under each prior; bands of the arms' survival curves."""
    results = Results("shrinkage")
    grouped = cohort.compared("all", MARKER)
    arm, high = grouped.group("experimental"), grouped.group("high")
    planned = study.planned.ratio_of_hazard_ratios if study.planned else PLANNED
    priors = [sceptical(planned if planned != 1 else PLANNED), neutral()]
    for endpoint in study.endpoints:
        time, event = grouped.survival(endpoint)
        known = np.isfinite(time)
        product = next(
            row
            for row in interaction(time[known], event[known], arm[known], high[known])
            if row.statistic == "ratio_of_hazard_ratios"
        )
        for prior in priors:
            _interaction(results, product, prior, endpoint)
            _subgroups(results, grouped, prior, endpoint)
        note = Code.NO_LITERATURE.say()
        none = unsupported("posterior_ratio_of_hazard_ratios", note, n=product.n)
        results.add(none, endpoint=endpoint, model="literature prior")
        _marker(results, cohort, [*priors, prior_of(study, endpoint)], endpoint)
        _bands(results, cohort, endpoint)
    return results


def _interaction(results: Results, product: Estimate, prior: Prior, endpoint: str) -> None:
    where = {"endpoint": endpoint, "model": f"{prior.name} prior"}
    fields = {"n": product.n, "events": product.events}
    if not product.estimate or not product.std_error:
        note = product.note or Code.NOT_ESTIMATED.say()
        for name in ("posterior_ratio_of_hazard_ratios", "probability_below"):
            results.add(unsupported(name, note, **fields), **where)
        return
    data = float(np.log(product.estimate)), product.std_error
    row = posterior(*data, prior).but(statistic="posterior_ratio_of_hazard_ratios", **fields)
    results.add([row, probability_below(*data, prior).but(**fields)], **where)


def _subgroups(results: Results, grouped: Cohort, prior: Prior, endpoint: str) -> None:
    """Add the treatment's effect within high and within low, drawn to each other by the prior."""
    populations = ("marker_high", "marker_low")
    fitted = [_hazard_ratio(grouped.compared(name, ARM), ARM, endpoint) for name in populations]
    if all(row.estimate and row.std_error for row in fitted):
        rows = subgroup_effects(
            [np.log(row.estimate or 1.0) for row in fitted],
            [row.std_error or 1.0 for row in fitted],
            prior,
        )
    else:
        rows = tuple(
            unsupported("posterior", row.note or Code.NOT_ESTIMATED.say()) for row in fitted
        )  # type: ignore[assignment]
    for population, row, own in zip(populations, rows, fitted, strict=True):
        results.add(
            row.but(statistic="posterior_hazard_ratio", n=own.n, events=own.events),
            endpoint=endpoint,
            population=population,
            contrast=ARM,
            model=f"{prior.name} prior",
        )


def _marker(results: Results, cohort: Cohort, priors: list[Prior | None], endpoint: str) -> None:
    """Add the marker's own effect under each prior; None is a literature that says nothing."""
    row = _hazard_ratio(cohort.compared("all", MARKER), MARKER, endpoint)
    fields = {"n": row.n, "events": row.events}
    for prior in priors:
        where = {"endpoint": endpoint, "contrast": MARKER}
        where["model"] = "literature prior" if prior is None else f"{prior.name} prior"
        if prior is None:
            note: str = Code.NO_LITERATURE.say()
        elif row.estimate and row.std_error:
            made = posterior(float(np.log(row.estimate)), row.std_error, prior)
            results.add(made.but(statistic="posterior_hazard_ratio", **fields), **where)
            continue
        else:
            note = row.note or Code.NOT_ESTIMATED.say()
        results.add(unsupported("posterior_hazard_ratio", note, **fields), **where)


def _hazard_ratio(inside: Cohort, contrast: str, endpoint: str) -> Estimate:
    time, event = inside.survival(endpoint)
    known = np.isfinite(time)
    design = pd.DataFrame({"the group": inside.first(contrast)[known].astype(float)})
    return cox(design, time[known], event[known]).estimates()[0]


def _bands(results: Results, cohort: Cohort, endpoint: str) -> None:
    for grp in ("experimental", "control"):
        time, event = cohort.select(grp).survival(endpoint)
        known = np.isfinite(time)
        for kind in KINDS:
            band = confidence_band(time[known], event[known], kind=kind)
            words = kind.replace("_", "-" if kind == "hall_wellner" else " ")
            fields: dict[str, Any] = {"n": int(known.sum()), "events": int(event[known].sum())}
            fields_of = {"endpoint": endpoint, "grp": grp, "model": words}
            if band.note:
                results.add(unsupported("band_critical_value", band.note, **fields), **fields_of)
                continue
            method = f"Simultaneous band ({words}), log(-log) scale"
            row = Estimate("band_critical_value", band.critical_value, method=method, **fields)
            results.add(row, **fields_of)
            results.add_curve(band.curve(), endpoint=f"{endpoint}: {words} band", grp=grp)
