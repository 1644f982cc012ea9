"""analysis.interaction: whether the marker predicts the treatment's effect.

Two P values of two subgroups do not compare the subgroups (Altman & Bland, BMJ 2003); the product
of treatment and marker in one model does. Whether there is one depends on the scale, so hazards,
restricted means and response rates each have theirs.
"""

from __future__ import annotations

from il6_platform.analysis.cohort import ARM, MARKER, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import heterogeneity, regression, survival
from il6_platform.study import Study

SPEC = Spec(
    place=60,
    purpose="main",
    tables=("interaction",),
    techniques=(
        technique(
            Topic.INTERACTION,
            "the treatment-by-marker product in a Cox model, by Wald and likelihood-ratio tests",
            "ratio_of_hazard_ratios",
            "ratio_of_hazard_ratios_profile",
            "interaction_wald",
            "hazard_ratio",
        ),
        technique(
            Topic.INTERACTION, "a permutation test of that product", "interaction_permutation"
        ),
        technique(Topic.INTERACTION, "restricted means compared", "rmst_difference_interaction"),
        technique(Topic.INTERACTION, "risk differences compared", "risk_difference_interaction"),
        technique(Topic.INTERACTION, "the stratified log-rank test", "logrank_stratified"),
        technique(
            Topic.INTERACTION, "Breslow-Day test", "breslow_day", papers=(Paper.BRESLOW_DAY,)
        ),
        technique(Topic.INTERACTION, "Tarone's correction of it", "tarone", papers=(Paper.TARONE,)),
        technique(
            Topic.INTERACTION,
            "the Cochran-Mantel-Haenszel test",
            "cochran_mantel_haenszel",
            "cochran_mantel_haenszel_corrected",
            papers=(Paper.MANTEL_HAENSZEL,),
        ),
        technique(
            Topic.INTERACTION, "the common odds ratio", "common_odds_ratio", papers=(Paper.ROBINS,)
        ),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Interaction on each scale; tests that hold the other factor fixed by strata."""
    results = Results("interaction")
    rng = study.rng("interaction")
    grouped = cohort.compared("all", MARKER)
    for endpoint in study.endpoints:
        known = grouped.having(endpoint)
        arm, high = known.group("experimental"), known.group("high")
        time, event = known.survival(endpoint)
        rows = regression.interaction(time, event, arm, high)
        rows += [heterogeneity.rmst_interaction(time, event, arm, high)]
        if study.replicates:
            rows += [
                heterogeneity.interaction_permutation(
                    time, event, arm, high, rng=rng, replicates=study.resamples(len(known))
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
    arm, high = grouped.group("experimental"), grouped.group("high")
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
