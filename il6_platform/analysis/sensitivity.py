"""analysis.sensitivity: whether the conclusion hangs on rules that could have been others.

Survival by response from landmarks on, so that nobody is immortal until he responds; progression
free survival under the censoring rules of the FDA (Clinical Trial Endpoints, 2018); the cut-off
with weights for who was censored before the outcome was known. The arms from the end of the window
in which the drug may start, so that nobody is immortal until it does; new therapy and missed scans
by other strategies (ICH E9(R1)).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import ARM, COMPARISONS, Cohort
from il6_platform.analysis.comparisons import every_comparison
from il6_platform.analysis.cutoff import case_control, directed, is_weighted, weighted
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.censoring import RULES, pfs_with_rule
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.landmark import landmark_by_response, landmark_by_start
from il6_platform.statistics.regression import cox
from il6_platform.statistics.survival import kaplan_meier, logrank
from il6_platform.study import Study
from il6_platform.time_units import DAYS_PER_MONTH

FROM_WINDOW, FROM_ZERO = "from the end of the arm's window", "from time zero"

SPEC = Spec(
    place=150,
    techniques=(
        technique(
            Topic.SENSITIVITY,
            "ROC curve weighted for censoring",
            *("cutoff", "auc", "youden", "sensitivity", "specificity"),
            papers=(Paper.UNO, Paper.BLANCHE),
            model="censored patients weighted",
        ),
        technique(
            Topic.SENSITIVITY,
            "landmark analysis by response, and other rules of censoring",
            *("median", "logrank", "hazard_ratio"),
            papers=(Paper.ANDERSON,),
        ),
        technique(
            Topic.SENSITIVITY,
            "the arms from the end of the window in which the drug may start, beside the same from "
            "time zero",
            *("median", "logrank", "hazard_ratio"),
            papers=(Paper.SUISSA,),
            model=FROM_WINDOW,
        ),
        technique(
            Topic.SENSITIVITY,
            "new therapy and missed scans as events",
            *("median", "logrank", "hazard_ratio"),
            papers=(Paper.ESTIMANDS,),
            model="new therapy and missed visits as events",
        ),
    ),
)


BOTH = "censored at new therapy and missed visits"
CENSORED = {
    "censored at new therapy": ("new_therapy",),
    "censored at missed visits": ("missed_visits",),
    BOTH: RULES,
}
AS_EVENTS = {
    "new therapy as an event": ("new_therapy",),
    "missed visits as an event": ("missed_visits",),
    "new therapy and missed visits as events": RULES,
}
ESTIMAND = "estimand"
RULE_OF = {"new_therapy": "new_therapy", "missed_scans": "missed_visits"}
"""Intercurrent event of the study file -> rule of `pfs_with_rule`."""

BY_RULE = ("new therapy", "missed visits")
"""Reasons that `pfs_with_rule` gives where a rule has moved a patient."""

DATES = {
    "TRTSDT": "start",
    "event_on": "event_on",
    "last_assessed_on": "last_assessed_on",
    "NEWTRTDT": "new_therapy_on",
    "last_assessed_before_therapy_on": "last_assessed_before_therapy_on",
}


def analyse(cohort: Cohort, study: Study) -> Results:
    """Landmark analysis by response; PFS under each censoring rule; the cut-off, weighted."""
    results = Results("sensitivity")
    if case_control(cohort, study)[1] and not is_weighted(study):
        results.add(
            weighted(cohort, directed(cohort, study))[0], model="censored patients weighted"
        )
    # from the response on, nobody waits for it or for the drug
    endpoints = [
        name for name in study.endpoints if study.known_endpoints[name].starts == "treatment_start"
    ]
    for endpoint in endpoints:
        known = cohort.having(endpoint)
        time, event = known.survival(endpoint)
        responded = known.patients["response_months"].to_numpy(dtype=float)
        for month in study.landmarks_months:
            rows = landmark_by_response(
                time, event, responded, landmark=month, competing=known.competing(endpoint)
            )
            results.add(
                [row.but(term=None) for row in rows],
                endpoint=endpoint,
                contrast="response vs no response",
                model="landmark",
            )
    if "PFS" in study.endpoints:
        known = cohort.having("PFS")
        for words, rules in CENSORED.items():
            # each rule alone for the main comparison, both together for every one
            comparisons = COMPARISONS if words == BOTH else COMPARISONS[:1]
            _ruled(results, known, study, words, comparisons, rules=rules)
        for words, rules in AS_EVENTS.items():
            _ruled(results, known, study, words, COMPARISONS[:1], composite=rules)
        _estimand(results, known, study)
    if study.arms.arm_window_days > 0:
        for endpoint in endpoints:
            _from_window(results, cohort, study, endpoint)
    return results


def _from_window(results: Results, cohort: Cohort, study: Study, endpoint: str) -> None:
    """Compare the arms from the end of their window, beside the same patients from time zero.

    Whose drug started late in the window was bound to live until then.
    """
    months = study.arms.arm_window_days / DAYS_PER_MONTH
    for population, contrast in (pair for pair in COMPARISONS if pair[1] == ARM):
        inside = cohort.compared(population, contrast)
        time, event = inside.survival(endpoint)
        known = np.isfinite(time)
        time, event, first = time[known], event[known], inside.first(contrast)[known]
        other = inside.competing(endpoint)[known]
        # the window decides the arm, so by its end everybody's is known
        started = np.where(first, 0.0, np.nan)
        where = {"endpoint": endpoint, "population": population, "contrast": contrast}
        results.add(
            landmark_by_start(time, event, started, landmark=months, competing=other),
            model=FROM_WINDOW,
            **where,
        )
        ratio = cox(pd.DataFrame({"arm": first.astype(float)}), time, event).estimates()[0]
        naive = [logrank(time, event, first), ratio.but(term=None)]
        results.add(naive, model=FROM_ZERO, **where)


def _estimand(results: Results, cohort: Cohort, study: Study) -> None:
    """Add the comparison that the study's estimand asks for, where it is of PFS."""
    asked = study.estimand
    if asked is None or asked.endpoint != "PFS":
        return
    by = {RULE_OF[name]: how for name, how in asked.intercurrent_events.items() if name in RULE_OF}
    rules, composite = (
        tuple(rule for rule, how in by.items() if how == wanted)
        for wanted in ("hypothetical", "composite")
    )
    _ruled(results, cohort, study, ESTIMAND, COMPARISONS, rules=rules, composite=composite)


def _ruled(
    results: Results,
    cohort: Cohort,
    study: Study,
    words: str,
    comparisons: tuple[tuple[str, str], ...],
    *,
    rules: tuple[str, ...] = (),
    composite: tuple[str, ...] = (),
) -> None:
    dates = cohort.patients[list(DATES)].rename(columns=DATES).apply(pd.to_datetime)
    interval = study.assessment_interval_days
    found = pfs_with_rule(dates, rules=rules, composite=composite, interval_days=interval)
    moved = found["reason"].isin(BY_RULE).to_numpy(dtype=bool)
    code = Code.EVENT_BY_RULE if composite else Code.CENSORED_BY_RULE
    code = Code.MOVED_BY_ESTIMAND if words == ESTIMAND else code
    ruled = Cohort(
        cohort.patients.assign(
            time_PFS=found["days"].to_numpy() / DAYS_PER_MONTH,
            event_PFS=found["event"].to_numpy(dtype=bool),
        )
    )
    time, event = ruled.survival("PFS")
    every = every_comparison(time, event, ruled.group("experimental"), ruled.group("high"))
    for population, contrast in comparisons:
        note = code.say(n=int((moved & ruled.group(population)).sum()))
        results.add(
            [row.but(note=joined(row.note, note)) for row in every[population, contrast]],
            endpoint="PFS",
            population=population,
            contrast=contrast,
            model=words,
        )
    for name in ("experimental", "control"):
        median = kaplan_meier(*ruled.select(name).survival("PFS")).median()
        results.add(median, endpoint="PFS", grp=name, model=words)
