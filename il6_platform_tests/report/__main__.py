"""`python -m il6_platform_tests.report [COUNT]`: reads what is said of so many random registries.

Prints every contradiction between sentence and row; exit status 1 where there is any.
"""

from __future__ import annotations

import itertools
import sys
import warnings

from il6_platform.report.readings import headline
from il6_platform_tests.report.consistency import alert_faults, faults
from il6_platform_tests.report.test_consistency import made


def main(count: int) -> int:
    """Read the first `count` registries and the alerts between neighbours; return the faults."""
    warnings.simplefilter("ignore")
    wrong, headlines = 0, []
    for number in range(count):
        results, study = made(number)
        for fault in faults(results, study):
            print(f"registry {number}: {fault}")
            wrong += 1
        headlines.append(headline(results, study))
    for number, (before, now) in enumerate(itertools.pairwise(headlines)):
        for fault in alert_faults(before, now):
            print(f"registries {number} and {number + 1}: {fault}")
            wrong += 1
    print(f"{count} registries, {wrong} contradictions")
    return wrong


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200) > 0)
