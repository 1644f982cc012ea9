"""analysis.study_course: enrolment, observed follow-up, and tumour size at the first assessment."""

from __future__ import annotations

import pandas as pd

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec
from il6_platform.statistics.baseline import describe
from il6_platform.statistics.estimate import Estimate
from il6_platform.study import Study

SPEC = Spec(
    place=12,
    tables=("study_course",),
    said_elsewhere=frozenset(
        {"missing", "max", "mean", "median", "min", "q1", "q3", "sd"}
        | {"enrolled", "enrolment_first_month", "enrolment_last_month"}
    ),
)

FOLLOW_UP = "follow-up"

SIZES = {"tumour_size": "diameters before treatment", "tumour_size_after": "diameters after"}
"""Column of the cohort -> the term of its rows."""


def analyse(cohort: Cohort, study: Study) -> Results:
    """Count the patients and say when they started; describe follow-up and tumour size.

    A month of the calendar is the number yyyymm. Observed follow-up is what most papers call
    median follow-up; the reverse Kaplan-Meier estimate stands in `survival`.
    """
    results = Results("study_course")
    n = len(cohort)
    results.add(Estimate("enrolled", float(n), n=n, method="Count"))
    starts = pd.to_datetime(cohort.patients["TRTSDT"])
    if n and cohort.has_calendar:
        for statistic, day in (("first", starts.min()), ("last", starts.max())):
            month = float(day.year * 100 + day.month)
            name = f"enrolment_{statistic}_month"
            results.add(Estimate(name, month, n=n, method="Year and month (yyyymm)"))
    if "time_OS" in cohort.patients:
        for grp in (None, "control", "experimental"):
            months = cohort.select(grp or "all").patients["time_OS"]
            results.add(describe(months, "number"), term=FOLLOW_UP, grp=grp)
    for column, term in SIZES.items():
        for grp in (None, "control", "experimental"):
            sizes = cohort.select(grp or "all").patients[column]
            results.add(describe(sizes, "number"), term=term, grp=grp)
    return results
