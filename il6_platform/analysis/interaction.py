"""analysis.interaction: whether the marker predicts the treatment's effect.

Two P values of two subgroups do not compare the subgroups (Altman & Bland, BMJ 2003); the product
of treatment and marker in one model does.
"""

from __future__ import annotations

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.results import Results
from il6_platform.statistics import cox
from il6_platform.study import Study


def analyse(cohort: Cohort, study: Study) -> Results:
    """Ratio of hazard ratios, with its likelihood-ratio P, for each endpoint."""
    results = Results("interaction")
    grouped = cohort.compared("all", "high vs low")
    for endpoint in study.endpoints:
        rows = cox.interaction(
            *grouped.survival(endpoint), grouped.group("experimental"), grouped.group("high")
        )
        results.add(rows, endpoint=endpoint, model="interaction")
    return results
