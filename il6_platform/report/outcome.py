"""What comes out of one analysis: its rows and its figure, of its arguments alone.

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
from il6_platform.analysis.cutoff import with_caution, without_groups
from il6_platform.analysis.results import with_lock
from il6_platform.analysis.spec import analyses
from il6_platform.figures import of_study
from il6_platform.figures.style import marked, svg
from il6_platform.report.synthetic_flag import SYNTHETIC
from il6_platform.study import Study


@dataclass(frozen=True)
class Outcome:
    """What came out of one analysis: rows of results and of curves, and its figure as SVG."""

    results: pd.DataFrame
    curves: pd.DataFrame
    figure: str | None


def analyse(
    table: str,
    cohort: Cohort,
    study: Study,
    is_synthetic: bool,
    first_data_on: date | None = None,
    earlier: Mapping[str, pd.DataFrame] = MappingProxyType({}),
    pool: Executor | None = None,
) -> Outcome:
    """Compute an analysis and draw its figure; of its arguments alone, wherever `pool` works."""
    entry = analyses()[table]
    found = entry.run(cohort, study, earlier, pool)
    results = without_groups(with_caution(found.frame(), study), cohort)
    results = with_lock(results, study, first_data_on)
    curves = found.curves()
    if entry.spec.figure is None:
        return Outcome(results, curves, None)
    figure = getattr(of_study, entry.spec.figure)(results, curves, study)
    figure = marked(figure, SYNTHETIC) if is_synthetic else figure
    return Outcome(results, curves, svg(figure, table))
