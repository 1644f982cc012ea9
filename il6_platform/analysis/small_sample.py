"""analysis.small_sample: the same comparisons by methods that trust no large-sample theory.

Permutation log-rank, mid-P and Firth's penalised Cox model stand beside the usual ones, always.
"""

from __future__ import annotations

import pandas as pd

from il6_platform.analysis.cohort import COMPARISONS, Cohort
from il6_platform.analysis.cox import multivariable_design
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.small_sample import firth_cox, fisher_mid_p, permutation_logrank
from il6_platform.study import Study

SPEC = Spec(
    place=80,
    techniques=(
        technique(
            Topic.SMALL, "Firth's penalised Cox model", "hazard_ratio_firth", papers=(Paper.FIRTH,)
        ),
        technique(Topic.SMALL, "mid-P tests", "fisher_mid_p"),
        technique(Topic.SMALL, "permutation log-rank tests", "logrank_permutation"),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Permutation log-rank and Firth's hazard ratio of every comparison; mid-P of the rates."""
    results = Results("small_sample")
    rng = study.rng("small_sample")
    for endpoint in study.endpoints:
        known = cohort.having(endpoint)
        for population, contrast in COMPARISONS:
            inside = known.compared(population, contrast)
            time, event = inside.survival(endpoint)
            first = inside.first(contrast)
            where = {"endpoint": endpoint, "population": population, "contrast": contrast}
            results.add(
                permutation_logrank(
                    time, event, first, rng=rng, replicates=study.resamples(len(inside))
                ),
                **where,
            )
            design = pd.DataFrame({"the group": first.astype(float)})
            for row in firth_cox(design, time, event):
                results.add(row.but(term=None), model="univariable", **where)
        design, _ = multivariable_design(known, study)
        time, event = (values[design.index] for values in known.survival(endpoint))
        results.add(firth_cox(design, time, event), endpoint=endpoint, model="multivariable")
    for rate in ("ORR", "DCR"):
        for population, contrast in COMPARISONS:
            inside = cohort.compared(population, contrast)
            first, responded = inside.first(contrast), inside.responded(rate)
            table = [
                [int((group & responded).sum()), int((group & ~responded).sum())]
                for group in (first, ~first)
            ]
            results.add(
                fisher_mid_p(table), endpoint=rate, population=population, contrast=contrast
            )
    return results
