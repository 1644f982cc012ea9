"""analysis.multiplicity: the study's family of tests, adjusted for there being several.

The family is what the study file declares under `family`, else the log-rank tests that it lists
as published.
"""

from __future__ import annotations

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.multiplicity import adjust
from il6_platform.statistics.survival import logrank
from il6_platform.study import Study

SPEC = Spec(
    place=140,
    techniques=(
        technique(Topic.SURVIVAL, "the log-rank test", "logrank", papers=(Paper.MANTEL,)),
        technique(
            Topic.TESTS,
            "P values of the declared family adjusted by Holm",
            "logrank_holm",
            papers=(Paper.HOLM,),
        ),
        technique(Topic.TESTS, "the false discovery rate", "logrank_bh", papers=(Paper.BH,)),
    ),
)


METHODS = {"holm": "Holm 1979", "bh": "Benjamini & Hochberg 1995"}


def analyse(cohort: Cohort, study: Study) -> Results:
    """Log-rank P of each test of the family: raw, by Holm, by Benjamini and Hochberg."""
    results = Results("multiplicity")
    tests = []
    for member in study.declared_family:
        inside = cohort.compared(member.population, member.contrast)
        time, event = inside.survival(member.endpoint)
        tests.append((member, logrank(time, event, inside.first(member.contrast))))
    known = [(member, test) for member, test in tests if test.p_value is not None]
    raw = [test.p_value for _, test in known if test.p_value is not None]
    for member, test in tests:
        results.add(
            test,
            endpoint=member.endpoint,
            population=member.population,
            contrast=member.contrast,
            model="family",
        )
    for method, source in METHODS.items():
        for (member, test), p in zip(known, adjust(raw, method=method), strict=True):
            results.add(
                test.but(
                    statistic=f"logrank_{method}",
                    p_value=float(p),
                    method=f"Log-rank, P adjusted in a family of {len(known)} ({source})",
                ),
                endpoint=member.endpoint,
                population=member.population,
                contrast=member.contrast,
                model="family",
            )
    return results
