"""analysis.interaction: whether the marker predicts the treatment's effect.

Two P values of two subgroups do not compare the subgroups (Altman & Bland, BMJ 2003); the product
of treatment and marker in one model does. Whether there is one depends on the scale, so hazards,
restricted means and response rates each have theirs.
"""

from __future__ import annotations

from il6_platform.analysis.cohort import ARM, MARKER, Cohort
from il6_platform.analysis.results import Results
from il6_platform.statistics import heterogeneity, regression, survival
from il6_platform.study import Study


def analyse(cohort: Cohort, study: Study) -> Results:
    """Interaction on each scale; tests that hold the other factor fixed by strata."""
    results = Results("interaction")
    rng = study.rng("interaction")
    grouped = cohort.compared("all", MARKER)
    arm, high = grouped.group("experimental"), grouped.group("high")
    for endpoint in study.endpoints:
        time, event = grouped.survival(endpoint)
        rows = regression.interaction(time, event, arm, high)
        rows += [heterogeneity.rmst_interaction(time, event, arm, high)]
        if study.replicates:
            rows += [
                heterogeneity.interaction_permutation(
                    time, event, arm, high, rng=rng, replicates=study.replicates
                )
            ]
        results.add(rows, endpoint=endpoint, model="interaction")
        for contrast, first, strata in ((ARM, arm, high), (MARKER, high, arm)):
            test = survival.logrank(time, event, first, strata=strata)
            results.add(
                test.but(statistic="logrank_stratified"),
                endpoint=endpoint,
                contrast=contrast,
                model="stratified",
            )
    for rate in ("ORR", "DCR"):
        responded = grouped.responded(rate)
        tables = heterogeneity.tables_by_stratum(responded, arm, high)
        results.add(
            [
                heterogeneity.risk_difference_interaction(responded, arm, high),
                *heterogeneity.odds_ratio_homogeneity(tables),
            ],
            endpoint=rate,
            model="interaction",
        )
        results.add(
            heterogeneity.cochran_mantel_haenszel(tables),
            endpoint=rate,
            contrast=ARM,
            model="stratified",
        )
    return results
