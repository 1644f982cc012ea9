"""How the analyses grow with the number of patients: CPU seconds, memory, and the exponent.

    python -m il6_platform_tests.benchmarks.bench_growth [--sizes 1000 4000 16000] [--only NAME ...]

Each analysis of each size is made in a process of its own, of a cohort made at random. The exponent
is of the last two sizes: 1 is proportional to the patients, 2 quadratic.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import time
from multiprocessing.connection import Connection

from il6_platform.analysis.spec import analyses
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of

LIMIT = 1.15
"""Exponent up to which an analysis counts as growing with the patients."""

NEGLIGIBLE = 0.5
"""CPU seconds below which an exponent is of what does not grow."""


def measure(name: str, n: int, replicates: int, answer: Connection) -> None:
    """Send CPU seconds and peak memory (MiB) of one analysis of one size."""
    study = Study(**{**STUDY, "replicates": replicates})
    cohort = cohort_of("ordinary", n, study)
    entry = analyses()[name]
    earlier = {one: analyses()[one].analyse(cohort, study).frame() for one in entry.spec.after}
    began = time.process_time()
    entry.run(cohort, study, earlier)
    spent = time.process_time() - began
    answer.send((spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> None:
    """Print a row an analysis."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 4000, 16000])
    parser.add_argument("--replicates", type=int, default=50)
    parser.add_argument("--only", nargs="+", default=[*analyses()])
    asked = parser.parse_args()
    heads = [f"{n:>9} " for n in asked.sizes]
    print(f"{'analysis':<16}{''.join(heads)}  exponent   MiB", flush=True)
    forked = multiprocessing.get_context("fork")
    for name in asked.only:
        found = []
        for n in asked.sizes:
            ours, theirs = forked.Pipe()
            process = forked.Process(target=measure, args=(name, n, asked.replicates, theirs))
            process.start()
            theirs.close()
            try:
                found.append(ours.recv())
            except EOFError:
                found.append((math.nan, math.nan))
            process.join()
        seconds = [one[0] for one in found]
        exponent = math.log(seconds[-1] / seconds[-2]) / math.log(asked.sizes[-1] / asked.sizes[-2])
        mark = "  <- above" if exponent > LIMIT and seconds[-1] > NEGLIGIBLE else ""
        shown = "".join(f"{value:>9.2f} " for value in seconds)
        print(f"{name:<16}{shown}{exponent:>10.2f}{found[-1][1]:>6.0f}{mark}", flush=True)


if __name__ == "__main__":
    main()
