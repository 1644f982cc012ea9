"""analysis.multiplicity: the study's family of tests, adjusted for there being several.

The family is what the study file declares under `family`, else the log-rank tests that it lists
as published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from il6_platform.analysis.cohort import MARKER, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.multiplicity import adjust
from il6_platform.statistics.survival import logrank
from il6_platform.study import Study

SPEC = Spec(
    place=140,
    purpose="supporting",
    after=("validity",),
    corrects_selection=True,
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


def analyse(cohort: Cohort, study: Study, earlier: Mapping[str, pd.DataFrame]) -> Results:
    """Log-rank P of each test of the family: raw, by Holm, by Benjamini and Hochberg.

    Where the data chose the cut-off, a test of groups by the marker enters with the P that is
    corrected for that (analysis validity); one that has no such P stands aside and says so.
    """
    results = Results("multiplicity")
    tests = []
    for member in study.declared_family:
        inside = cohort.having(member.endpoint).compared(member.population, member.contrast)
        time, event = inside.survival(member.endpoint)
        test = logrank(time, event, inside.first(member.contrast))
        where: dict[str, Any] = {
            "endpoint": member.endpoint,
            "population": member.population,
            "contrast": member.contrast,
            "model": "family",
        }
        naive = _is_by_cutoff(where) and study.cutoff.is_data_driven and test.p_value is not None
        results.add(test.but(note=joined(test.note, Code.NAIVE.say() if naive else None)), **where)
        tests.append((where, _of_the_family(test, where, study, earlier["validity"])))
    known = [test.p_value for _, test in tests if test.p_value is not None]
    for method, source in METHODS.items():
        adjusted = iter(adjust(known, method=method))
        for where, test in tests:
            words = f"Log-rank, P adjusted in a family of {len(known)} ({source})"
            row = test.but(statistic=f"logrank_{method}", method=words)
            if test.p_value is not None:
                row = row.but(p_value=float(next(adjusted)))
            results.add(row, **where)
    return results


def _is_by_cutoff(where: Mapping[str, Any]) -> bool:
    """Say whether a test compares the marker's groups, or the arms within one of them."""
    return where["contrast"] == MARKER or str(where["population"]).startswith("marker_")


def _of_the_family(
    test: Estimate, where: Mapping[str, Any], study: Study, validity: pd.DataFrame
) -> Estimate:
    """Return a test as it enters the family: with its corrected P where the data chose groups."""
    if not _is_by_cutoff(where) or not study.cutoff.is_data_driven or test.p_value is None:
        return test
    mine = validity["statistic"] == "logrank_selection_corrected"
    for name in ("endpoint", "population", "contrast"):
        mine &= validity[name] == where[name]
    corrected = validity.loc[mine, "p_value"].dropna()
    if corrected.empty:
        return test.but(estimate=None, df=None, p_value=None, note=Code.NAIVE_ASIDE.say())
    return test.but(p_value=float(corrected.iloc[0]), note=Code.CORRECTED_IN_FAMILY.say())
