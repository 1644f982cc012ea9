"""analysis.weighting: the arms were not randomised; what weighting by a propensity score changes.

It can balance what was measured and nothing else; the E-value says how strong an unmeasured
confounder would have to be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import ARM, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import weighting
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.estimate import unsupported
from il6_platform.statistics.regression import cox
from il6_platform.study import Study, listed, lower_first

SPEC = Spec(
    place=120,
    draws_curves=True,
    figure="balance",
    techniques=(
        technique(
            Topic.ARMS,
            "weighting by a logistic propensity score",
            "propensity_auc",
            "common_support",
            papers=(Paper.ROSENBAUM,),
        ),
        technique(
            Topic.ARMS,
            "overlap weights",
            "propensity_auc",
            papers=(Paper.LI,),
            model="overlap weights",
        ),
        technique(Topic.ARMS, "weighted Cox models with robust variance", "hazard_ratio"),
        technique(
            Topic.ARMS,
            "standardised differences",
            "standardized_difference",
            "standardized_difference_weighted",
        ),
        technique(
            Topic.ARMS, "effective sample sizes", "effective_sample_size", papers=(Paper.KISH,)
        ),
        technique(Topic.ARMS, "E-values", "e_value", papers=(Paper.VANDERWEELE,)),
    ),
)


ESTIMANDS = {"ate": "inverse probability weights", "overlap": "overlap weights"}

UNWEIGHTED = "unweighted, same patients"


def analyse(cohort: Cohort, study: Study) -> Results:
    """Balance before and after, effective sample size, weighted hazard ratios and curves."""
    results = Results("weighting")
    marker = cohort.patients["MARKER"].astype(float)
    # a logarithm or a difference, or a result of 0, has no doublings
    columns = [np.log2(marker) if (marker > 0).all() else marker]
    columns += [cohort.design(item) for item in study.covariates]
    design = pd.concat(columns, axis=1)
    design = design.loc[:, design.notna().any() & (design.nunique() > 1)]
    complete = design.notna().all(axis=1).to_numpy()
    inside = Cohort(cohort.patients[complete].reset_index(drop=True))
    design, arm = design[complete].reset_index(drop=True), inside.group("experimental")
    factor = pd.DataFrame({"arm": arm.astype(float)})
    said = Code.WEIGHTED_FOR.say(names=weighted_for(design, study), n=len(inside), of=len(cohort))
    for endpoint in study.endpoints:
        # a change of patients must not pass for the work of the weights
        known = inside.having(endpoint)
        (crude,) = cox(factor[inside.has_time(endpoint)], *known.survival(endpoint)).estimates()
        note = joined(Code.SAME_PATIENTS.say(), crude.note)
        where = {"endpoint": endpoint, "contrast": ARM, "model": UNWEIGHTED}
        results.add(crude.but(term=None, note=note), **where)
    for estimand, words in ESTIMANDS.items():
        found = weighting.propensity_weights(design, arm, estimand=estimand)
        results.add(found.estimates, contrast=ARM, model=words)
        results.add(weighting.balance(design, arm, found.weights), contrast=ARM, model=words)
        for endpoint in study.endpoints:
            where = {"endpoint": endpoint, "contrast": ARM, "model": words}
            has_time, known = inside.has_time(endpoint), inside.having(endpoint)
            time, event = known.survival(endpoint)
            if found.weights is None:
                reason = found.note or Code.NO_WEIGHTS.say()
                results.add(unsupported("hazard_ratio", reason, n=len(inside)), **where)
                continue
            weights, treated = found.weights[has_time], arm[has_time]
            fit = cox(factor[has_time], time, event, weights=weights, robust=True)
            (ratio,) = fit.estimates()
            ratio = ratio.but(term=None, note=joined(ratio.note, said, found.note))
            results.add(ratio, **where)
            if ratio.estimate is not None:
                strength = weighting.e_value(ratio.estimate, ratio.ci_low, ratio.ci_high)
                results.add(strength.but(n=fit.n, events=fit.events), **where)
            if estimand == "ate":
                for name, chosen in (("experimental", treated), ("control", ~treated)):
                    curve = weighting.weighted_kaplan_meier(
                        time[chosen], event[chosen], weights[chosen]
                    )
                    results.add_curve(curve, endpoint=endpoint, grp=name)
    return results


def weighted_for(terms: Iterable[Any], study: Study) -> str:
    """Return the labels of what terms of the propensity model are of, each once, in their order."""
    labels = {item.name: item.label for item in study.covariates} | {"MARKER": study.marker.label}
    names = [str(term).partition("[")[0] for term in terms]
    said = (labels.get(name, name) for name in names)
    return listed(dict.fromkeys(map(lower_first, said))) or "nothing"
