"""analysis.evidence: how the answer has moved with every quarter since the first patient.

The cohort is replayed: at each quarter's end only who had started by then, followed to that day and
no further, parted at the cut-off that the study would have chosen then. Looking so often inflates
the chance of a P below 0.05 somewhere; `analysis.monitoring` is what allows for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.comparisons import TOO_FEW, every_comparison, log_ratio
from il6_platform.analysis.cutoff import chosen
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.censoring import DAYS_PER_MONTH
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.risk_sets import MAIN_EFFECTS, WITH_PRODUCT, RiskSets
from il6_platform.study import Study

SPEC = Spec(
    place=160,
    figure="over_time",
    corrects_selection=True,
    techniques=(
        technique(
            Topic.TESTS,
            "all of it repeated at every quarter's end",
            *("cutoff", "hazard_ratio", "ratio_of_hazard_ratios", "first_significant"),
        ),
    ),
)


METHOD = "Cohort as known at the quarter's end, cut-off chosen then; Cox, Efron"
ALPHA = 0.05


def analyse(cohort: Cohort, study: Study) -> Results:
    """Cut-off, hazard ratio of every comparison and interaction at each quarter's end."""
    results = Results("evidence")
    days = quarters(cohort)
    if not len(days):
        why = Code.NO_CALENDAR if len(cohort) else Code.NOT_STARTED
        results.add(unsupported("hazard_ratio", why.say(), n=len(cohort), method=METHOD))
        return results
    first = pd.to_datetime(cohort.patients["TRTSDT"]).min()
    seen: dict[tuple[str, str, str, str], list[tuple[pd.Timestamp, Estimate]]] = {}
    for day in days:
        month = (day - first).days / DAYS_PER_MONTH
        known = cohort.as_known_on(day)
        cut = chosen(known, study)
        iso = day.date().isoformat()
        when = Code.AS_KNOWN_ON.say(day=iso)
        row = Estimate("cutoff", cut, n=len(known), at=month, term=iso, note=when, method=METHOD)
        if cut is None:
            row = row.but(note=joined(when, Code.NO_CUTOFF_THEN.say()))
        results.add(row, model="replay")
        high = known.patients["MARKER"].to_numpy(dtype=float) >= (np.inf if cut is None else cut)
        for endpoint in study.endpoints:
            for key, estimate in _comparisons(known, high, endpoint).items():
                note = joined(when, estimate.note)
                seen.setdefault((endpoint, *key), []).append(
                    (day, estimate.but(at=month, term=iso, note=note, method=METHOD))
                )
    for (name, population, contrast, _), path in seen.items():
        results.add(
            [*(estimate for _, estimate in path), _first_significant(path)],
            endpoint=name,
            population=population,
            contrast=contrast or None,
            model="replay",
        )
    return results


def quarters(cohort: Cohort) -> list[pd.Timestamp]:
    """Return the quarter ends from the first patient on, and the last day that is known."""
    if not cohort.has_calendar:
        return []
    first = pd.to_datetime(cohort.patients["TRTSDT"]).min()
    last = pd.to_datetime(cohort.patients["LSTALVDT"]).max()
    ends = pd.date_range(first, last, freq="QE")
    return [*(end for end in ends if end < last), last]


def _comparisons(
    known: Cohort, high: NDArray[np.bool_], endpoint: str
) -> dict[tuple[str, str, str], Estimate]:
    """Return (population, contrast, statistic) -> estimate, hazard ratios with log-rank P."""
    high, known = high[known.has_time(endpoint)], known.having(endpoint)
    time, event = known.survival(endpoint)
    arm = known.group("experimental")
    found = {
        (*key, "hazard_ratio"): ratio.but(p_value=test.p_value)
        if test.p_value is not None
        else ratio.but(estimate=None, ci_low=None, ci_high=None, p_value=None, note=TOO_FEW)
        for key, (test, ratio) in every_comparison(time, event, arm, high).items()
    }
    sets, label = RiskSets(time, event), (arm + 2 * high)[None]
    whole, main = sets.cox(label, design=WITH_PRODUCT), sets.cox(label, design=MAIN_EFFECTS)
    product = log_ratio(
        "ratio_of_hazard_ratios",
        float(whole.coefficients[0, 2]),
        float(whole.std_errors[0, 2]),
        n=len(known),
        events=int(event.sum()),
    )
    if product.estimate is not None:
        statistic = 2 * max(0.0, float(whole.log_likelihood[0] - main.log_likelihood[0]))
        product = product.but(p_value=float(chi2.sf(statistic, 1)))
    return {**found, ("all", "", "ratio_of_hazard_ratios"): product}


def _first_significant(path: list[tuple[pd.Timestamp, Estimate]]) -> Estimate:
    """Say when P was first below 0.05, and whether it stayed there."""
    below = [one.p_value is not None and one.p_value < ALPHA for _, one in path]
    last = path[-1][1]
    method = f"First quarter's end with P < {ALPHA}"
    found = Estimate("first_significant", n=last.n, events=last.events, method=method)
    if not any(below):
        return found.but(note=Code.NEVER_SIGNIFICANT.say())
    start = below.index(True)
    after = below[start:].count(False)
    day, then = path[start]
    since: dict[str, Any] = {"alpha": ALPHA, "day": day.date().isoformat()}
    words = Code.SIGNIFICANT_SINCE.say(**since)
    if after:
        words = Code.SIGNIFICANT_NOT_THROUGHOUT.say(**since, after=after, looks=len(path) - start)
    return found.but(estimate=then.at, p_value=then.p_value, note=words)
