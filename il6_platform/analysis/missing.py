"""analysis.missing: which covariates are missing, and what imputing them changes.

The multivariable model on complete cases (analysis.cox) beside the same model with the missing
values drawn several times given all others and the outcome, pooled by Rubin's rules.
"""

from __future__ import annotations

import math

import pandas as pd

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import unsupported
from il6_platform.statistics.imputation import missing_counts, multiple_imputation_cox
from il6_platform.study import Study

SPEC = Spec(
    place=130,
    techniques=(
        technique(
            Topic.MISSING,
            "multivariable models on complete cases, beside multiple imputation by chained "
            "equations pooled by Rubin's rules",
            "hazard_ratio",
            papers=(Paper.MICE, Paper.RUBIN),
        ),
    ),
    said_elsewhere=frozenset({"missing"}),
)


FEWEST = 5
"""Imputations at least; else as many as the percentage of incomplete patients (White, Royston &
Wood, Stat Med 2011)."""


def analyse(cohort: Cohort, study: Study) -> Results:
    """Missing values by variable; hazard ratios of the multivariable model, imputed."""
    results = Results("missing")
    names = [item.name for item in study.covariates]
    results.add(missing_counts(cohort.patients[names]))
    for endpoint in study.endpoints:
        _imputed(results, cohort.having(endpoint).compared("all", "high vs low"), study, endpoint)
    return results


def _imputed(results: Results, inside: Cohort, study: Study, endpoint: str) -> None:
    """Add the Cox model of an endpoint with imputed covariates."""
    names = [item.name for item in study.covariates]
    values = inside.patients[names].copy()
    for item in study.covariates:
        if item.kind == "number":
            values[item.name] = pd.to_numeric(values[item.name]).astype(float) / item.per
        else:
            values[item.name] = pd.Categorical(values[item.name], inside.levels(item))
    usable = [name for name in names if values[name].nunique() > 1]
    frame = pd.concat([inside.main_effects(), values[usable]], axis=1)
    where = {"endpoint": endpoint, "model": "multiple imputation"}
    if not frame[usable].isna().to_numpy().any():
        reason = Code.NOTHING_MISSING.say()
        row = unsupported("hazard_ratio", reason, n=len(frame))
        results.add(row, **where)
        return
    if len(frame) < 2 * (len(frame.columns) + 1):
        reason = Code.TOO_FEW_TO_IMPUTE.say()
        results.add(unsupported("hazard_ratio", reason, n=len(frame)), **where)
        return
    found = multiple_imputation_cox(
        frame,
        *inside.survival(endpoint),
        imputations=max(FEWEST, math.ceil(100 * frame.isna().any(axis=1).mean())),
        rng=study.rng(f"missing {endpoint}"),
    )
    results.add(found.pooled, **where)
