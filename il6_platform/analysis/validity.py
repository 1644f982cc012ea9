"""analysis.validity: what is left of a data-driven cut-off, corrected for its selection.

The P of a cut-off that was chosen for its P, or for anything that goes with it, is too small
(Altman et al., JNCI 1994); here stand the corrected ones, and how stable the cut-off is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from il6_platform.analysis.cohort import COMPARISONS, MARKER, Cohort
from il6_platform.analysis.cutoff import cutoff_endpoint, rule_of
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.progress import telling
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.cutoff_rules import Rule
from il6_platform.statistics.cutoff_validation import (
    bootstrap_cutoff,
    cross_validate,
    interaction_test,
    permutation_test,
    roc_band,
)
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.maximal_selection import maxstat
from il6_platform.study import Study

SPEC = Spec(
    place=90,
    draws_curves=True,
    figure="cutoff_stability",
    corrects_selection=True,
    techniques=(
        technique(
            Topic.CUTOFF,
            "bootstrap of the choice, with its optimism",
            *("auc_apparent", "auc_corrected", "auc_optimism", "cutoff_bootstrap", "cutoff_mode"),
            *("cutoff_recovered", "hazard_ratio_apparent", "hazard_ratio_corrected"),
            *("hazard_ratio_optimism", "youden_apparent", "youden_corrected", "youden_optimism"),
        ),
        technique(
            Topic.CUTOFF,
            "permutation that repeats the choice",
            "logrank_selection_corrected",
            "interaction_selection_corrected",
            "maxstat_permutation",
        ),
        technique(
            Topic.CUTOFF,
            "maximally selected log-rank statistics",
            *("maxstat", "maxstat_cutoff", "maxstat_p_lau92", "maxstat_p_lau94", "maxstat_p_hl"),
            papers=(Paper.LAUSEN, Paper.HOTHORN),
        ),
        technique(
            Topic.CUTOFF,
            "cross-validated dichotomisation",
            "hazard_ratio_cross_validated",
            "logrank_cross_validated",
            papers=(Paper.FARAGGI,),
        ),
    ),
)


FEWEST = 10
"""Patients below which resampling a cut-off says nothing."""

MANY, FEWER_REPLICATES = 150, 500
"""Above so many patients, the search for an interaction is repeated so many times at most."""


def analyse(cohort: Cohort, study: Study) -> Results:
    """Bootstrap, cross-validation and permutation of the cut-off's choice; maximal selection."""
    results = Results("validity")
    endpoint = cutoff_endpoint(study)
    where = {"endpoint": endpoint, "contrast": MARKER}
    whole, cohort = cohort, cohort.having(endpoint)
    rule = rule_of(cohort, study)
    if rule is None or len(cohort) < FEWEST:
        reason = Code.CUTOFF_FIXED.say()
        if rule is not None:
            reason = Code.TOO_FEW_TO_RESAMPLE.say(least=FEWEST)
        row = unsupported("logrank_selection_corrected", reason, n=len(cohort))
        results.add(row, **where)
        return results
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    time, event = cohort.survival(endpoint)
    if study.replicates:
        rows = _resampled(results, whole, endpoint, study)
    else:
        reason = Code.NO_REPLICATES.say()
        rows = [unsupported("logrank_selection_corrected", reason, n=len(cohort))]
    asked = study.cutoff
    selected = maxstat(
        *(marker, time, event),
        min_prop=asked.min_share,
        max_prop=1 - asked.min_share,
        # beside another rule it stands as R's maxstat has it
        min_patients=asked.min_patients if asked.method == "maxstat" else 1,
    )
    rows += [
        row.but(statistic="maxstat_cutoff") if row.statistic == "cutoff" else row
        for row in selected.estimates()
    ]
    rows += selected.p_values(rng=study.rng("maxstat"), replicates=study.resamples(len(cohort)))
    results.add([_with_its_estimate_inside(row) for row in rows], **where)
    if study.replicates:
        _elsewhere(results, whole, endpoint, study)
    return results


def _searched(cohort: Cohort, endpoint: str, study: Study) -> tuple[Cohort, Any, Rule]:
    """Return in whom the study chooses the cut-off, their sample of an endpoint, and the rule.

    A rule that looks at another outcome chooses in everybody: who has no time of the endpoint is
    not compared, and has time 0 without an event.
    """
    rule = rule_of(cohort, study)
    if rule is None or rule.outcome is None:
        cohort = cohort.having(endpoint)
        rule = rule_of(cohort, study)
    assert rule is not None
    (time, event), known = cohort.survival(endpoint), cohort.has_time(endpoint)
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    return cohort, (marker, np.where(known, time, 0.0), event & known), rule


def _resampled(results: Results, whole: Cohort, endpoint: str, study: Study) -> list[Estimate]:
    """Add the bootstrap's curves; return what permutation, bootstrap and cross-validation say."""
    searched, sample, rule = _searched(whole, endpoint, study)
    known = searched.has_time(endpoint)
    rng, replicates = study.rng("validity"), _replicates(rule, int(known.sum()), study)
    corrected = permutation_test(
        *(*sample, rule),
        rng=rng,
        replicates=replicates,
        inside=known,
        progress=telling("Permutations of the cut-off's choice"),
    )
    # the naive P stands in analysis.survival
    rows = [row for row in corrected if row.statistic != "logrank"]
    stability = bootstrap_cutoff(
        *(*sample, rule),
        rng=rng,
        replicates=replicates,
        inside=known,
        progress=telling("Bootstrap of the cut-off"),
    )
    rows += stability.estimates
    found = stability.frequencies().rename(columns={"cutoff": "x", "share": "y"})
    results.add_curve(found[["x", "y"]], endpoint="cut-off found")
    band = roc_band(*(*sample, rule), rng=study.rng("roc"), replicates=replicates)
    results.add_curve(band, endpoint="ROC")
    rows += cross_validate(
        *(*sample, rule), rng=study.rng("cross-validation"), replicates=100, inside=known
    )
    return rows


def _elsewhere(results: Results, cohort: Cohort, own: str, study: Study) -> None:
    """Add the corrected P of the interaction and of the other comparisons of high with low.

    Outcomes are permuted within arms. A rule that looks at survival itself chooses another cut-off
    for another endpoint, so that only its own endpoint has such a P.
    """
    is_outcome = _searched(cohort, own, study)[2].outcome is not None
    for endpoint in study.endpoints if is_outcome else (own,):
        searched, sample, rule = _searched(cohort, endpoint, study)
        replicates = _replicates(rule, len(searched), study)
        arm, known = searched.group("experimental"), searched.has_time(endpoint)
        for population in (name for name, contrast in COMPARISONS if contrast == MARKER):
            if (endpoint, population) == (own, "all"):
                continue
            _, corrected = permutation_test(
                *(*sample, rule),
                rng=study.rng(f"selection {endpoint} {population}"),
                replicates=replicates,
                strata=arm,
                inside=searched.group(population) & known,
            )
            results.add(corrected, endpoint=endpoint, population=population, contrast=MARKER)
        _, corrected = interaction_test(
            *(*sample, arm, rule),
            rng=study.rng(f"interaction selection {endpoint}"),
            replicates=replicates,
            inside=known,
        )
        results.add(corrected, endpoint=endpoint, model="interaction")


def _replicates(rule: Rule, n: int, study: Study) -> int:
    """Return the resamples of so many patients, fewer where each fits hundreds of models."""
    searches = rule.method == "interaction" and n > MANY
    replicates = study.resamples(n)
    return min(replicates, FEWER_REPLICATES) if searches else replicates


def _with_its_estimate_inside(row: Estimate) -> Estimate:
    """A bootstrap's quantiles need not hold the sample's own value: then they are said in words."""
    limits = (row.ci_low, row.ci_high)
    if row.estimate is None or None in limits or limits[0] <= row.estimate <= limits[1]:  # type: ignore[operator]
        return row
    words = Code.BOOTSTRAP_QUANTILES.say(low=limits[0], high=limits[1])
    return row.but(ci_low=None, ci_high=None, note=joined(row.note, words))
