"""`python -m il6_platform_tests.report [FIRST COUNT]`: reads what is said of random registries.

Prints every contradiction between sentence and row of the registries from number FIRST on, 200 from
0 on unless it is said; exit status 1 where there is any.
"""

from __future__ import annotations

import itertools
import sys
import warnings

from il6_platform.report.readings import headline
from il6_platform_tests.report.consistency import alert_faults, faults
from il6_platform_tests.report.test_consistency import made


def main(first: int = 0, count: int = 200) -> int:
    """Read `count` registries from `first` on, and the alerts between neighbours; count faults."""
    warnings.simplefilter("ignore")
    wrong, headlines = 0, []
    for number in range(first, first + count):
        results, study = made(number)
        for fault in faults(results, study):
            print(f"registry {number}: {fault}")
            wrong += 1
        headlines.append(headline(results, study))
    for number, (before, now) in enumerate(itertools.pairwise(headlines), start=first):
        for fault in alert_faults(before, now):
            print(f"registries {number} and {number + 1}: {fault}")
            wrong += 1
    print(f"{count} registries, {wrong} contradictions")
    return wrong


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
