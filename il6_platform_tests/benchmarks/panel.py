"""A panel of markers: `python -m il6_platform_tests.benchmarks.panel [--large]`.

Prints how long all questions of 100 markers take in a study of the demo's size, as the analysis
asks them: in this process, then by one and by two others. With `--large` also 1,000 markers of
10,000 patients.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd

from il6_platform.analysis import panel
from il6_platform.study import Study
from il6_platform.workers import WorkerPool
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of


def measured(patients: int, markers: int, replicates: int, workers: int = 0) -> str:
    """Return a line of the table."""
    asked: dict[str, Any] = STUDY | {"panel": {"replicates": replicates}}
    study = Study.model_validate(asked)
    values = np.exp(np.random.default_rng(1).normal(size=(patients, markers)))
    names = [f"m{i}" for i in range(markers)]
    cohort = replace(
        cohort_of("ordinary", patients, study), panel=pd.DataFrame(values, columns=names)
    )
    with WorkerPool(workers) as pool:
        # their start is not the panel's
        for begun in [pool.submit(abs, -1) for _ in range(workers)]:
            begun.result()
        wall, cpu = perf_counter(), process_time()
        rows = panel.analyse(cohort, study, pool).frame()
    (questions,) = rows.loc[rows["statistic"] == "panel_questions", "estimate"]
    return (
        f"| {patients:,} | {markers:,} | {replicates:,} | {questions:,.0f} | {workers} "
        f"| {perf_counter() - wall:.1f} | {process_time() - cpu:.1f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true")
    large = parser.parse_args().large
    print(
        "| patients | markers | permutations | questions | workers | seconds | CPU seconds here |"
    )
    print("|---|---|---|---|---|---|---|")
    measured(53, 5, 10)
    sizes = [(53, 100), (1000, 100), *([(10_000, 1000)] if large else [])]
    for patients, markers in sizes:
        for workers in (0, 1, 2):
            print(measured(patients, markers, 1000, workers), flush=True)


if __name__ == "__main__":
    main()
