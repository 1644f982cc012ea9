"""analysis.cox: hazard ratios, one variable at a time and together, and their assumption."""

from __future__ import annotations

import pandas as pd

from il6_platform.analysis.cohort import COMPARISONS, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import regression
from il6_platform.statistics.codes import Code, codes_of, joined
from il6_platform.statistics.estimate import unsupported
from il6_platform.study import Study

SPEC = Spec(
    place=50,
    purpose="supporting",
    figure="multivariable",
    tables=("cox",),
    is_by_endpoint=True,
    techniques=(
        technique(
            Topic.MODELS,
            "Cox models (Efron's ties, Wald intervals)",
            "hazard_ratio",
            papers=(Paper.COX, Paper.EFRON),
        ),
        technique(Topic.MODELS, "likelihood-ratio tests of models", "likelihood_ratio"),
        technique(
            Topic.MODELS,
            "Grambsch and Therneau's test of proportional hazards",
            "proportional_hazards",
            papers=(Paper.GRAMBSCH,),
        ),
        technique(
            Topic.MODELS,
            "Harrell's C with a jackknife interval",
            "concordance",
            papers=(Paper.HARRELL,),
        ),
        technique(Topic.MODELS, "events per term of the model", "events_per_variable"),
    ),
)


PENALISED = Code.PENALISED_ELSEWHERE.say()


def analyse(cohort: Cohort, study: Study) -> Results:
    """Univariable models of every comparison and covariate; ARM + MARKERGR + covariates."""
    results = Results("cox")
    for endpoint in study.endpoints:
        known = cohort.having(endpoint)
        for population, contrast in COMPARISONS:
            inside = known.compared(population, contrast)
            first = pd.DataFrame({"the group": inside.first(contrast).astype(float)})
            fit = regression.cox(first, *inside.survival(endpoint), by_lifelines=True)
            note = fit.note
            if Code.DOES_NOT_VARY in codes_of(note):
                note = Code.ONE_GROUP.say()
            if Code.SEPARATION in codes_of(fit.note):
                note = joined(fit.note, PENALISED)
            results.add(
                [row.but(note=note, term=None) for row in fit.estimates()],
                endpoint=endpoint,
                population=population,
                contrast=contrast,
                model="univariable",
            )
        for item in study.covariates:
            columns = known.design(item)
            results.add(
                fitted(columns, known, endpoint).estimates()
                or unsupported(
                    "hazard_ratio", Code.IT_DOES_NOT_VARY.say(), n=len(known), term=item.name
                ),
                endpoint=endpoint,
                model="univariable",
            )
        _multivariable(results, known, study, endpoint)
    return results


def fitted(design: pd.DataFrame, cohort: Cohort, endpoint: str) -> regression.CoxFit:
    """Fit a design on the patients who have all its values."""
    complete = design.notna().all(axis=1).to_numpy()
    time, event = cohort.survival(endpoint)
    return regression.cox(design[complete], time[complete], event[complete], by_lifelines=True)


def multivariable_design(cohort: Cohort, study: Study) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return ARM + MARKERGR + covariates of the complete cases, and why a variable is not in it.

    A variable that is never given, or does not vary among the complete cases, leaves.
    """
    columns = [cohort.main_effects(), *(cohort.design(item) for item in study.covariates)]
    wanted = pd.concat(columns, axis=1)
    empty = [name for name in wanted if wanted[name].isna().all() and len(wanted)]
    complete = wanted.drop(columns=empty).dropna()
    still = [name for name in complete if complete[name].nunique() < 2]
    reasons: dict[str, str] = {name: Code.NEVER_GIVEN.say(name=name) for name in empty}
    reasons |= {name: Code.DOES_NOT_VARY.say(name=name) for name in still}
    return complete.drop(columns=still), reasons


def _multivariable(results: Results, cohort: Cohort, study: Study, endpoint: str) -> None:
    where = {"endpoint": endpoint, "model": "multivariable"}
    design, reasons = multivariable_design(cohort, study)
    fit = fitted(design, _rows(cohort, design.index), endpoint)
    n_missing = len(cohort) - len(design)
    notes = [Code.INCOMPLETE_LEFT_OUT.say(n=n_missing)] if n_missing else []
    notes += [Code.LEFT_THE_MODEL.say(names=", ".join(reasons))] if reasons else []
    notes += [PENALISED] if Code.SEPARATION in codes_of(fit.note) else []
    estimates = [row.but(note=joined(row.note, *notes)) for row in fit.estimates()]
    results.add(estimates, **where)
    for name, reason in reasons.items():
        results.add(
            unsupported("hazard_ratio", reason, n=fit.n, events=fit.events, term=name), **where
        )
    results.add(regression.proportional_hazards(fit), **where)
    results.add(
        [fit.likelihood_ratio(), fit.concordance(), regression.events_per_variable(fit)], **where
    )


def _rows(cohort: Cohort, index: pd.Index) -> Cohort:
    return Cohort(cohort.patients.loc[index].reset_index(drop=True))
