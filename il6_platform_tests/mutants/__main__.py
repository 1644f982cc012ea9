"""Applies every mutant, or some, one at a time and prints which test saw it."""

from __future__ import annotations

import argparse
import os
import sys

from il6_platform_tests.mutants.catalogue import MUTANTS
from il6_platform_tests.mutants.run import run


def main() -> int:
    """Run, print the table, and say by the exit status whether all were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose line holds these words")
    parser.add_argument("--every", type=int, default=1, help="each N-th mutant")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--unchanged-pass", action="store_true", help="the tests are known to pass without a mutant"
    )
    options = parser.parse_args()
    chosen = [one for one in MUTANTS if options.only in one.name][:: options.every]
    survived = 0
    for outcome in run(chosen, options.processes, unchanged_pass=options.unchanged_pass):
        verdict = f"killed by {outcome.by}" if outcome.killed else "SURVIVED"
        print(f"{outcome.mutant.name}\n    {verdict}", flush=True)
        survived += not outcome.killed
    print(f"{len(chosen)} mutants, {len(chosen) - survived} killed, {survived} survived")
    return 1 if survived or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
