"""analysis.response: best overall response, ORR and DCR by arm, by marker and by both."""

from __future__ import annotations

from il6_platform.analysis.cohort import COMPARISONS, Cohort
from il6_platform.analysis.results import Results
from il6_platform.statistics import proportions
from il6_platform.study import Study

POPULATIONS = ("all", "control", "experimental", "marker_high", "marker_low")
GROUPS = (
    *("control", "experimental", "high", "low"),
    *("control/high", "control/low", "experimental/high", "experimental/low"),
)
BEST = ("CR", "PR", "SD", "PD", "NE")


def analyse(cohort: Cohort, study: Study) -> Results:
    """Rates with Wilson intervals; chi-square (with and without correction), Fisher, differences.

    Patients without an assessment (NE) count as not responding (intention to treat).
    """
    results = Results("response")
    for population, grp in [(p, None) for p in POPULATIONS] + [("all", g) for g in GROUPS]:
        inside = cohort.select(grp or population)
        for best in BEST:
            count = int((inside.patients["BOR"] == best).sum())
            share = proportions.proportion(count, len(inside))
            results.add(share, endpoint="BOR", population=population, grp=grp, term=best)
        for endpoint in ("ORR", "DCR"):
            count = int(inside.responded(endpoint).sum())
            rate = proportions.proportion(count, len(inside))
            results.add(rate, endpoint=endpoint, population=population, grp=grp)
    for population, contrast in COMPARISONS:
        inside = cohort.compared(population, contrast)
        first = inside.first(contrast)
        for endpoint in ("ORR", "DCR"):
            responded = inside.responded(endpoint)
            a, b = int((first & responded).sum()), int((~first & responded).sum())
            n1, n2 = int(first.sum()), int((~first).sum())
            table = [[a, n1 - a], [b, n2 - b]]
            results.add(
                [
                    proportions.chi_square(table, correction=False),
                    proportions.chi_square(table, correction=True),
                    proportions.fisher_exact(table),
                    proportions.risk_difference(a, n1, b, n2),
                    proportions.odds_ratio(table),
                    proportions.relative_risk(a, n1, b, n2),
                ],
                endpoint=endpoint,
                population=population,
                contrast=contrast,
            )
    return results
