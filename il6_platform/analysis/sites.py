"""analysis.sites: the comparisons within sites, and whether sites differ.

Sites differ in whom they treat and how they assess them, so each has its own baseline hazard in the
models here. Nothing is said where all patients are of one site.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import COMPARISONS, MARKER, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Drawing, Listing, Spec, Topic, technique
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.meta_analysis import random_effects
from il6_platform.statistics.regression import cox, interaction
from il6_platform.statistics.sites import compare_sites
from il6_platform.statistics.survival import logrank
from il6_platform.study import Study

STRATIFIED, SITE, BETWEEN = "stratified by site", "by site", "between sites"

SPEC = Spec(
    place=75,
    figure="hazard_ratio_by_site",
    drawing=Drawing(
        "Sites",
        "The treatment's hazard ratio stratified by site, in each site, and without each site, on "
        "the first endpoint: a result that hangs on one site moves when that site is left out.",
    ),
    tables=(
        Listing(
            "The comparisons stratified by site, in each site, and without each site.",
            {
                "hazard_ratio": ("Hazard ratio", "ratio"),
                "logrank_stratified": ("Log-rank test, stratified by site", "number"),
                "ratio_of_hazard_ratios_profile": ("Ratio of hazard ratios", "ratio"),
                "hazard_ratio_without_site": ("Hazard ratio without the site", "ratio"),
                "site_heterogeneity": ("Test of equal hazard ratios of the sites", "number"),
                "i_squared": ("I-squared of the sites", "percent"),
            },
        ),
    ),
    techniques=(
        technique(
            Topic.MODELS,
            "Cox models and log-rank tests stratified by site",
            *("hazard_ratio", "logrank_stratified", "ratio_of_hazard_ratios"),
            "ratio_of_hazard_ratios_profile",
            *("hazard_ratio_without_site", "interaction_wald"),
            papers=(Paper.COX, Paper.EFRON),
        ),
        technique(
            Topic.MODELS,
            "a score test of a hazard ratio of its own in each site",
            "site_heterogeneity",
        ),
        technique(
            Topic.MODELS, "random effects over sites by REML", "i_squared", papers=(Paper.HARTUNG,)
        ),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Compare within sites; compare the sites."""
    results = Results("sites")
    sites = cohort.patients.get("SITEID", pd.Series(dtype=object))
    if sites.nunique() < 2:
        return results
    # who is of no named site is a stratum too: nobody is left out
    named = sites.fillna("").astype(str).str.strip().replace("", "not given")
    labelled = Cohort(cohort.patients.assign(SITEID=named))
    for endpoint in study.endpoints:
        known = labelled.having(endpoint)
        for population, contrast in COMPARISONS:
            inside = known.compared(population, contrast)
            time, event = inside.survival(endpoint)
            first, site = inside.first(contrast), inside.patients["SITEID"].to_numpy()
            design = pd.DataFrame({"group": first.astype(float)})
            where = {"endpoint": endpoint, "population": population, "contrast": contrast}
            (ratio,) = cox(design, time, event, strata=site).estimates()
            test = logrank(time, event, first, strata=site)
            results.add([ratio.but(term=None), test], model=STRATIFIED, **where)
            if population == "all":
                rows = compare_sites(time, event, first, site)
                results.add(rows[:-1], model=SITE, **where)
                results.add([rows[-1], _spread(rows)], model=BETWEEN, **where)
        grouped = known.compared("all", MARKER)
        rows = interaction(
            *grouped.survival(endpoint),
            grouped.group("experimental"),
            grouped.group("high"),
            strata=grouped.patients["SITEID"],
        )
        results.add(rows, endpoint=endpoint, model=STRATIFIED)
    return results


def _spread(rows: list[Estimate]) -> Estimate:
    """Return what share of the sites' spread is more than chance, of those with an estimate."""
    own = [row for row in rows if row.statistic == "hazard_ratio" and row.estimate is not None]
    pooled = random_effects(
        np.log([row.estimate or 1 for row in own]), [row.std_error or 1 for row in own]
    )
    return next(row for row in pooled if row.statistic == "i_squared").but(n=rows[-1].n)
