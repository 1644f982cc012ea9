"""analysis.survival: Kaplan-Meier and log-rank in every comparison of the question."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.analysis.cohort import ARM, COMPARISONS, CONTRASTS, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.response import GROUPS, POPULATIONS
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import survival
from il6_platform.statistics.codes import Code, codes_of
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.regression import cox
from il6_platform.study import Study

SPEC = Spec(
    place=40,
    purpose="main",
    draws_curves=True,
    figure="arms_survival",
    tables=("survival", "landmarks"),
    is_by_endpoint=True,
    techniques=(
        technique(
            Topic.SURVIVAL,
            "Kaplan-Meier with log-log intervals",
            "median",
            "survival",
            papers=(Paper.KM,),
        ),
        technique(
            Topic.SURVIVAL,
            "reverse Kaplan-Meier follow-up",
            "follow_up_median",
            papers=(Paper.SCHEMPER,),
        ),
        technique(Topic.SURVIVAL, "the log-rank test", "logrank", papers=(Paper.MANTEL,)),
        technique(
            Topic.SURVIVAL,
            "hazard ratios (Cox) with the interval that the log-rank test does not reject",
            "hazard_ratio_score",
        ),
        technique(
            Topic.SURVIVAL,
            "restricted mean survival times",
            "rmst",
            "rmst_difference",
            papers=(Paper.RMST,),
        ),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Medians, rates at the landmarks, follow-up, log-rank tests, restricted means; curves."""
    results = Results("survival")
    for endpoint in study.endpoints:
        known = cohort.having(endpoint)
        for population, grp in [(p, None) for p in POPULATIONS] + [("all", g) for g in GROUPS]:
            inside = known.select(grp or population)
            time, event = inside.survival(endpoint)
            fit = survival.kaplan_meier(time, event, by_lifelines=True)
            results.add(
                [
                    fit.median(),
                    *(fit.survival_at(month) for month in study.landmarks_months),
                    # what competes ends no follow-up before its time, and is no event
                    survival.reverse_kaplan_meier_median(
                        time, event | inside.competing(endpoint)
                    ).but(events=fit.events),
                ],
                endpoint=endpoint,
                population=population,
                grp=grp,
            )
            results.add_curve(fit.curve(), endpoint=endpoint, population=population, grp=grp)
        for population, contrast in COMPARISONS:
            inside = known.compared(population, contrast)
            time, event = inside.survival(endpoint)
            first = inside.first(contrast)
            test = survival.logrank(time, event, first, by_lifelines=True)
            if Code.ONE_GROUP in codes_of(test.note) and contrast == ARM:
                test = test.but(note=Code.ONE_ARM_HAS_PATIENTS.say())
            smaller = min(int(first.sum()), int((~first).sum()))
            if test.estimate is not None and smaller < 2:
                test = test.but(
                    estimate=None, df=None, p_value=None, note=Code.FEWER_THAN_2_IN_A_GROUP.say()
                )
            tau = survival.common_tau(time, event, first)
            where = {"endpoint": endpoint, "population": population}
            ratio = _ratio_by_score(time, event, first, test)
            results.add(
                [test, ratio, survival.rmst_difference(time, event, first, tau)],
                contrast=contrast,
                **where,
            )
            for name, chosen in zip(CONTRASTS[contrast], (first, ~first), strict=True):
                if tau is not None:
                    fit = survival.kaplan_meier(time[chosen], event[chosen], by_lifelines=True)
                    results.add(fit.rmst(tau), contrast=contrast, grp=name, **where)
    return results


def _ratio_by_score(
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    first: NDArray[np.bool_],
    test: Estimate,
) -> Estimate:
    """Return a comparison's hazard ratio with the interval and P of its log-rank test.

    Wald's interval beside the log-rank test's P could lie on different sides of no difference.
    """
    design = pd.DataFrame({"the group": first.astype(float)})
    (ratio,) = cox(design, time, event, by_lifelines=True).estimates()
    words = "Cox, Efron; interval and P of the log-rank test (score)"
    ratio = ratio.but(statistic="hazard_ratio_score", term=None, std_error=None, method=words)
    why = test.note if test.estimate is None else ratio.note
    if test.estimate is None or ratio.estimate is None:
        return unsupported("hazard_ratio_score", why or "", n=test.n, events=test.events)
    low, high = survival.logrank_limits(time, event, first, ratio.estimate)
    return ratio.but(ci_low=low, ci_high=high, p_value=test.p_value)
