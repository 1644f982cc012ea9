"""Speed of the cut-off statistics: `python -m il6_platform_tests.benchmarks.bench_cutoff`.

Prints one table: median seconds of several runs on one core, the same in R where Rscript with the
package is present, and how many times faster than R. R does only what the name of the row says;
ours computes the optimism of the hazard ratio as well (one more Cox model a resample for Youden).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd

from il6_platform.statistics.cutoff_rules import Rule
from il6_platform.statistics.cutoff_scan import scan
from il6_platform.statistics.cutoff_validation import (
    bootstrap_cutoff,
    cross_validate,
    permutation_test,
)
from il6_platform.statistics.maximal_selection import maxstat
from il6_platform.statistics.risk_sets import log_rank_all

RESAMPLES = 1000
RUNS = 5
RUNS_IN_R = 3
YEARS_3 = 3 * 365.25
COLON = Path(__file__).parents[1] / "reference" / "colon.csv"


def seconds(task: Callable[[], object], runs: int = RUNS) -> float:
    """Median time of some runs after one that is not counted."""
    task()
    taken = []
    for _ in range(runs):
        start = perf_counter()
        task()
        taken.append(perf_counter() - start)
    return median(taken)


def in_r() -> dict[str, float]:
    """Median seconds of each task in R; empty without R."""
    if shutil.which("Rscript") is None:
        return {}
    script = Path(__file__).with_suffix(".R")
    command = ["Rscript", str(script), str(COLON), str(RESAMPLES), str(RUNS_IN_R)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stderr, file=sys.stderr)
    lines = (line.split("\t") for line in run.stdout.splitlines())
    return {line[0]: float(line[1]) for line in lines if len(line) == 2}


def tasks() -> list[tuple[str, str | None, float | None, Callable[[], object]]]:
    """Name, name of the task in R, limit in seconds, what to run."""
    data = pd.read_csv(COLON).dropna(subset=["nodes"])
    marker, time, event = (data[c].to_numpy() for c in ("nodes", "time_os", "status_os"))

    def outcome(t: np.ndarray, e: np.ndarray, by: float) -> np.ndarray:
        return np.where((t <= by) & (e == 1), 1.0, np.where(t > by, 0.0, np.nan))

    def rng() -> np.random.Generator:
        return np.random.default_rng(1)

    best = Rule("maxstat")
    youden = Rule("youden", outcome=outcome(time, event, YEARS_3))

    def bootstrap(rule: Rule) -> Callable[[], object]:
        return lambda: bootstrap_cutoff(marker, time, event, rule, rng=rng(), replicates=RESAMPLES)

    source = np.random.default_rng(2)
    n = 53
    small = (source.lognormal(1.5, 1, n), source.exponential(12, n), source.random(n) < 0.8)
    arm = source.integers(0, 2, n)
    rules = [Rule("maxstat"), Rule("youden", outcome=outcome(small[1], small[2], 9.0))]

    def every_resampling() -> None:
        for rule in rules:
            bootstrap_cutoff(*small, rule, rng=rng(), replicates=2000)
            cross_validate(*small, rule, rng=rng(), replicates=2000)
            permutation_test(*small, rule, rng=rng(), replicates=2000)
        maxstat(*small).p_values(rng=rng(), replicates=2000)

    m = 100_000
    large = (source.normal(size=m), source.exponential(size=m), source.random(m) < 0.6)
    days = (large[0], np.ceil(large[1] * 365), large[2])
    return [
        ("colon, 1000 bootstraps: maxstat cut-off and Cox", "maxstat", None, bootstrap(best)),
        ("colon, 1000 bootstraps: Youden (R: pROC)", "youden_proc", None, bootstrap(youden)),
        ("the same (R: cutpointr)", "youden_cutpointr", None, bootstrap(youden)),
        ("n = 1e5: log-rank of all 1e5 cut-offs", None, 2, lambda: log_rank_all(*large)),
        ("the same, times in whole days", None, 2, lambda: log_rank_all(*days)),
        ("n = 53: all of 2000 resamples, two rules", None, 2, every_resampling),
        ("n = 53: scan of every cut-off", None, None, lambda: scan(*small, arm)),
    ]


def main() -> None:
    """Print the table."""
    theirs = in_r()
    print(f"{'':52}{'ours, s':>10}{'R, s':>10}{'ratio':>8}{'limit, s':>10}")
    for name, r, limit, task in tasks():
        ours, other = seconds(task), theirs.get(r or "")
        columns = [
            f"{ours:10.3f}",
            "" if other is None else f"{other:.2f}",
            "" if other is None else f"{other / ours:.0f}x",
            "" if limit is None else f"{limit:g}",
        ]
        print(f"{name:52}{columns[0]}{columns[1]:>10}{columns[2]:>8}{columns[3]:>10}")


if __name__ == "__main__":
    main()
