"""analysis.sensitivity: whether the conclusion hangs on rules that could have been others.

Survival by response from landmarks on, so that nobody is immortal until he responds; progression
free survival under the censoring rules of the FDA (Clinical Trial Endpoints, 2018); the cut-off
with weights for who was censored before the outcome was known.
"""

from __future__ import annotations

import pandas as pd

from il6_platform.analysis.cohort import COMPARISONS, Cohort
from il6_platform.analysis.comparisons import every_comparison
from il6_platform.analysis.cutoff import case_control, is_weighted, weighted
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.censoring import RULES, pfs_with_rule
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.landmark import landmark_by_response
from il6_platform.statistics.survival import kaplan_meier
from il6_platform.study import Study

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
    ),
)


BOTH = "censored at new therapy and missed visits"
CENSORED = {
    "censored at new therapy": ("new_therapy",),
    "censored at missed visits": ("missed_visits",),
    BOTH: RULES,
}
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
        results.add(weighted(cohort, study)[0], model="censored patients weighted")
    for endpoint in study.endpoints:
        time, event = cohort.survival(endpoint)
        responded = cohort.patients["response_months"].to_numpy(dtype=float)
        for month in study.landmarks_months:
            rows = landmark_by_response(time, event, responded, landmark=month)
            results.add(
                [row.but(term=None) for row in rows],
                endpoint=endpoint,
                contrast="response vs no response",
                model="landmark",
            )
    if "PFS" in study.endpoints:
        for words, rules in CENSORED.items():
            # each rule alone for the main comparison, both together for every one
            comparisons = COMPARISONS if words == BOTH else COMPARISONS[:1]
            _censored(results, cohort, study, rules, words, comparisons)
    return results


def _censored(
    results: Results,
    cohort: Cohort,
    study: Study,
    rules: tuple[str, ...],
    words: str,
    comparisons: tuple[tuple[str, str], ...],
) -> None:
    dates = cohort.patients[list(DATES)].rename(columns=DATES).apply(pd.to_datetime)
    found = pfs_with_rule(dates, rules=rules, interval_days=study.assessment_interval_days)
    moved = int(found["reason"].isin(BY_RULE).sum())
    note = Code.CENSORED_BY_RULE.say(n=moved)
    ruled = Cohort(
        cohort.patients.assign(
            time_PFS=found["months"].to_numpy(), event_PFS=found["event"].to_numpy(dtype=bool)
        )
    )
    time, event = ruled.survival("PFS")
    every = every_comparison(time, event, ruled.group("experimental"), ruled.group("high"))
    for population, contrast in comparisons:
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
