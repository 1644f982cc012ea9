"""analysis.response: best overall response, ORR and DCR by arm, by marker and by both."""

from __future__ import annotations

import pandas as pd

from il6_platform.analysis.cohort import COMPARISONS, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import proportions
from il6_platform.study import Study
from il6_platform.time_units import DAYS_PER_MONTH

SPEC = Spec(
    place=30,
    purpose="supporting",
    draws_curves=True,
    figure="best_response",
    tables=("response", "response_comparisons"),
    techniques=(
        technique(
            Topic.PROPORTIONS, "proportions with Wilson's interval", "rate", papers=(Paper.WILSON,)
        ),
        technique(
            Topic.PROPORTIONS,
            "differences with Newcombe's interval",
            "risk_difference",
            papers=(Paper.NEWCOMBE,),
        ),
        technique(
            Topic.PROPORTIONS,
            "odds ratios with Woolf's interval",
            "odds_ratio",
            papers=(Paper.WOOLF,),
        ),
        technique(
            Topic.PROPORTIONS, "relative risks with intervals on the log scale", "relative_risk"
        ),
        technique(
            Topic.PROPORTIONS,
            "chi-square tests with and without continuity correction",
            "chi_square",
            "chi_square_corrected",
        ),
        technique(Topic.PROPORTIONS, "Fisher's exact test", "fisher_exact", papers=(Paper.FISHER,)),
    ),
)


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
    for grp in ("control", "experimental"):
        inside = cohort.select(grp).patients
        for endpoint, points in (_courses(inside) | {"best change": _waterfall(inside)}).items():
            results.add_curve(points, endpoint=endpoint, grp=grp)
    return results


def _waterfall(patients: pd.DataFrame) -> pd.DataFrame:
    """Rank the best change of the sum of diameters, in percent; nobody's key goes along."""
    change = patients["best_change"].dropna().sort_values(ascending=False, ignore_index=True)
    return pd.DataFrame({"x": change.index + 1.0, "y": change})


def _courses(patients: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rank the patients by follow-up: months to its end and to what happened on the way."""
    if "time_OS" not in patients:
        return {}
    ranked = patients.sort_values("time_OS", ascending=False, kind="stable", ignore_index=True)
    progressed = (ranked["event_on"] - ranked["TRTSDT"]).dt.days / DAYS_PER_MONTH
    dead = ranked["event_OS"].to_numpy(dtype=bool)
    months = {
        "follow-up": ranked["time_OS"],
        "first response": ranked["response_months"],
        # progression and death of a day are one event, and it is the death that is drawn
        "progression": progressed.where(~(dead & (progressed >= ranked["time_OS"]))),
        "death": ranked["time_OS"].where(dead),
    }
    points = {name: pd.DataFrame({"x": ranked.index + 1.0, "y": y}) for name, y in months.items()}
    return {name: frame.dropna() for name, frame in points.items()}
