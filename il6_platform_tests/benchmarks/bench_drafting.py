"""The share of columns that a drafted profile maps right, over exports in many words.

`python -m il6_platform_tests.benchmarks.bench_drafting [EXPORTS]` prints it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from il6_platform_tests.registry.test_drafting import score


def main(exports: int) -> None:
    """Print the shares of columns mapped right, and wrongly."""
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(exports):
            every, right, wrong = score(seed, Path(folder))
            totals.update(columns=every, right=right, wrong=wrong)
    print(
        f"{exports} exports, {totals['columns']} columns: "
        f"{totals['right'] / totals['columns']:.1%} mapped right, "
        f"{totals['wrong'] / totals['columns']:.1%} wrongly"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
