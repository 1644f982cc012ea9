"""analysis.evidence: how the answer has moved with every quarter since the first export.

The cohort is made again at each quarter's end, as `il6 refresh --as-of DAY --censor DAY` would make
it: of what had been delivered by then, cut where the study would have cut then. Looking so often
inflates the chance of a P below 0.05 somewhere; `analysis.monitoring` is what allows for it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from il6_platform.analysis.cohort import ARM, MARKER, Cohort
from il6_platform.analysis.comparisons import TOO_FEW, every_comparison, log_ratio
from il6_platform.analysis.cutoff import case_control, chosen
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics.codes import Code, codes_of, joined
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.risk_sets import RiskSets
from il6_platform.study import Study
from il6_platform.time_units import DAYS_PER_MONTH

SPEC = Spec(
    place=160,
    figure="over_time",
    corrects_selection=True,
    looks_back=True,
    techniques=(
        technique(
            Topic.TESTS,
            "all of it repeated at every quarter's end",
            *("cutoff", "hazard_ratio", "logrank", "ratio_of_hazard_ratios", "first_significant"),
        ),
    ),
)


METHOD = "Cohort as known at the quarter's end, cut-off chosen then"
ALPHA = 0.05


def analyse(cohort: Cohort, study: Study) -> Results:
    """Cut-off, hazard ratio of every comparison and interaction at each quarter's end."""
    results = Results("evidence")
    days = quarters(cohort)
    if not len(days):
        why = Code.NO_CALENDAR if len(cohort) else Code.NOT_STARTED
        results.add(unsupported("hazard_ratio", why.say(), n=len(cohort), method=METHOD))
        return results
    *before, today = days
    first = pd.to_datetime(cohort.patients["TRTSDT"]).min()
    seen: dict[tuple[str, str, str, str], list[tuple[pd.Timestamp, Estimate]]] = {}
    looked_at: Cohort | None = None
    for day, known in itertools.chain(cohort.as_known_on(before, study), [(today, cohort)]):
        if not len(known):
            continue
        if known is not looked_at:
            looked_at, (cut, found) = known, _look(known, study)
        iso, month = day.date().isoformat(), (day - first).days / DAYS_PER_MONTH
        when = Code.AS_KNOWN_ON.say(day=iso)
        note = joined(when, None if cut.estimate is not None else Code.NO_CUTOFF_THEN.say())
        results.add(cut.but(at=month, term=iso, note=note, method=METHOD), model="replay")
        for key, estimate in found.items():
            note, method = joined(when, estimate.note), f"{METHOD}; {estimate.method}"
            then = estimate.but(at=month, term=iso, note=note, method=method)
            seen.setdefault(key, []).append((day, then))
    for (name, population, contrast, statistic), path in seen.items():
        rows = [estimate for _, estimate in path]
        if statistic != "hazard_ratio":
            rows.append(_first_significant(path))
        results.add(
            rows,
            endpoint=name,
            population=population,
            contrast=contrast or None,
            model="replay",
        )
    return results


def quarters(cohort: Cohort) -> list[pd.Timestamp]:
    """Return the quarter ends on which something had been delivered, and the last day known.

    Nothing is known of a day before the first delivery, whatever is delivered later.
    """
    if not cohort.has_calendar:
        return []
    if cohort.delivered is None:
        return [pd.to_datetime(cohort.patients["LSTALVDT"]).max()]
    last = pd.Timestamp(cohort.delivered.known_on)
    ends = pd.date_range(pd.Timestamp(cohort.delivered.first_delivered_on), last, freq="QE")
    return [*(end for end in ends if end < last), last]


def _look(
    known: Cohort, study: Study
) -> tuple[Estimate, dict[tuple[str, str, str, str], Estimate]]:
    """Return the cut-off, and (endpoint, population, contrast, statistic) -> estimate."""
    value, outcome = chosen(known, study), case_control(known, study)[0]
    counts: dict[str, Any] = {"n": len(known)}
    if outcome is not None:
        counts = {"n": int(np.sum(~np.isnan(outcome))), "events": int(np.nansum(outcome))}
    high = known.patients["MARKER"].to_numpy(dtype=float) >= (np.inf if value is None else value)
    return Estimate("cutoff", value, **counts), {
        (endpoint, *key): estimate
        for endpoint in study.endpoints
        for key, estimate in _comparisons(known, high, endpoint).items()
    }


def _comparisons(
    known: Cohort, high: NDArray[np.bool_], endpoint: str
) -> dict[tuple[str, str, str], Estimate]:
    """Return (population, contrast, statistic) -> estimate: log-rank tests, ratios of hazards."""
    high, known = high[known.has_time(endpoint)], known.having(endpoint)
    time, event = known.survival(endpoint)
    arm = known.group("experimental")
    found = {
        (*key, estimate.statistic): estimate
        for key, pair in every_comparison(time, event, arm, high).items()
        for estimate in pair
    }
    sets, label = RiskSets(time, event), (arm + 2 * high)[None]
    whole, gain = sets.interaction(label)
    product = log_ratio(
        "ratio_of_hazard_ratios",
        float(whole.coefficients[0, 2]),
        float(whole.std_errors[0, 2]),
        n=len(known),
        events=int(event.sum()),
    )
    if product.estimate is None and len(np.unique(label)) < 4:
        product = product.but(note=Code.NOT_COMPARED.say())
    elif None in (found["all", contrast, "logrank"].estimate for contrast in (ARM, MARKER)):
        # Efron's approximation gives a ratio where all events are on one day
        product = unsupported(
            "ratio_of_hazard_ratios", TOO_FEW, n=len(known), events=int(event.sum())
        )
    elif product.estimate is not None:
        product = product.but(
            p_value=float(chi2.sf(gain[0], 1)),
            method="Cox, Efron, Wald interval, likelihood-ratio P",
        )
    return {**found, ("all", "", "ratio_of_hazard_ratios"): product}


def _first_significant(path: list[tuple[pd.Timestamp, Estimate]]) -> Estimate:
    """Say when P was first below 0.05, and at how many of the later looks it was not."""
    below = [one.p_value is not None and one.p_value < ALPHA for _, one in path]
    last = path[-1][1]
    method = f"First quarter's end with P < {ALPHA}"
    found = Estimate("first_significant", n=last.n, events=last.events, method=method)
    if all(Code.NOT_COMPARED in codes_of(one.note) for _, one in path):
        return found.but(note=Code.NOT_COMPARED.say())
    if all(one.p_value is None for _, one in path):
        return found.but(note=Code.NEVER_TESTED.say())
    if not any(below):
        return found.but(note=Code.NEVER_SIGNIFICANT.say())
    start = below.index(True)
    after, later = below[start:].count(False), len(path) - start - 1
    day, then = path[start]
    since: dict[str, Any] = {"alpha": ALPHA, "day": day.date().isoformat()}
    words = (Code.SIGNIFICANT_SINCE if later else Code.SIGNIFICANT_AT_LAST).say(**since)
    if after:
        words = Code.SIGNIFICANT_NOT_THROUGHOUT.say(**since, after=after, looks=later)
    return found.but(estimate=then.at, p_value=then.p_value, note=words)
