"""A panel of markers: `python -m il6_platform_tests.benchmarks.panel [--large] [--dask]`.

Prints how long all questions of 100 markers take in a study of the demo's size, as the analysis
asks them: in this process, then by one and by two others. With `--large` 1,000 markers of 10,000
patients, with `--dask` by one and by two workers of a Dask cluster of this machine.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd

from il6_platform.analysis import panel
from il6_platform.study import Study
from il6_platform.workers import WorkerPool
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of


@contextmanager
def pool_of(workers: int, *, dask: bool) -> Iterator[WorkerPool]:
    """Give a pool of this machine's processes, or of a Dask cluster's workers."""
    if not dask:
        with WorkerPool(workers) as pool:
            yield pool
        return
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        os.environ["IL6_CLUSTER"] = cluster.scheduler_address
        with WorkerPool() as pool:
            yield pool


def measured(
    patients: int, markers: int, replicates: int, workers: int = 0, *, dask: bool = False
) -> str:
    """Return a line of the table."""
    asked: dict[str, Any] = STUDY | {"panel": {"replicates": replicates}}
    study = Study.model_validate(asked)
    values = np.exp(np.random.default_rng(1).normal(size=(patients, markers)))
    names = [f"m{i}" for i in range(markers)]
    cohort = replace(
        cohort_of("ordinary", patients, study), panel=pd.DataFrame(values, columns=names)
    )
    with pool_of(workers, dask=dask) as pool:
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
    parser.add_argument("--dask", action="store_true")
    asked = parser.parse_args()
    print(
        "| patients | markers | permutations | questions | workers | seconds | CPU seconds here |"
    )
    print("|---|---|---|---|---|---|---|")
    measured(53, 5, 10)
    for patients, markers in [(10_000, 1000)] if asked.large else [(53, 100), (1000, 100)]:
        for workers in (1, 2) if asked.dask else (0, 1, 2):
            print(measured(patients, markers, 1000, workers, dask=asked.dask), flush=True)


if __name__ == "__main__":
    main()
