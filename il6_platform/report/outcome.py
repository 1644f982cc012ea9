"""What comes out of one analysis: its rows, of its arguments alone.

Belongs here: what other processes compute, so it knows neither DuckDB nor Dagster. Does not belong
here: an analysis (`il6_platform.analysis`), or where its rows go (`defs.analysis`).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import pandas as pd

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.cutoff import with_caution, with_competing, without_groups
from il6_platform.analysis.results import with_lock
from il6_platform.analysis.spec import analyses
from il6_platform.study import Study


@dataclass(frozen=True)
class Outcome:
    """What came out of one analysis: rows of results and of curves."""

    results: pd.DataFrame
    curves: pd.DataFrame


def analyse(
    table: str,
    cohort: Cohort,
    study: Study,
    first_data_on: date | None = None,
    earlier: Mapping[str, pd.DataFrame] = MappingProxyType({}),
    pool: Executor | None = None,
) -> Outcome:
    """Compute an analysis; of its arguments alone, wherever `pool` works."""
    entry = analyses()[table]
    found = entry.run(cohort, study, earlier, pool)
    rows = with_competing(with_caution(found.frame(), study), study)
    results = without_groups(rows, cohort)
    return Outcome(with_lock(results, study, first_data_on), found.curves())
