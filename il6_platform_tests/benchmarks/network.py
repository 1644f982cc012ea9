"""A network of many sites: what each computes, what travels, how long. Prints one table.

`python -m il6_platform_tests.benchmarks.network [--sites 50] [--patients 1000000]`
"""

from __future__ import annotations

import argparse
import json
from time import perf_counter

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import ARM_TERM
from il6_platform.network import combine
from il6_platform.network.packs import LOG2, PRODUCT, Request, SiteData, site_pack

TRUE_ARM, TRUE_MARKER, TRUE_PRODUCT = -0.3, 0.15, -0.1


def patients(n: int, site: int) -> SiteData:
    """Return patients of a site with a baseline hazard of its own; time in months, in days."""
    rng = np.random.default_rng([7, site])
    arm, doubled = rng.integers(0, 2, n).astype(float), rng.normal(2, 1, n)
    risk = TRUE_ARM * arm + TRUE_MARKER * doubled + TRUE_PRODUCT * arm * doubled
    time = rng.exponential(12 * np.exp(rng.normal(0, 0.3) - risk))
    left = rng.uniform(6, 48, n)
    months = np.ceil(np.minimum(time, left) * 30.4375) / 30.4375
    design = pd.DataFrame(
        {ARM_TERM: arm, LOG2: doubled, PRODUCT: arm * doubled, "age": rng.normal(6, 1, n)}
    )
    marker = np.exp2(doubled)
    cutoff = float(np.median(marker))
    return SiteData({"PFS": months}, {"PFS": time <= left}, design, marker, np.zeros(n), cutoff)


def main() -> None:
    """Run the network round by round and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sites", type=int, default=50)
    parser.add_argument("--patients", type=int, default=1_000_000)
    asked = parser.parse_args()
    each = asked.patients // asked.sites
    seconds: dict[int, list[float]] = {}
    travelled: dict[int, int] = {}

    def answer(name: str, request: Request) -> dict:
        data = patients(each, int(name))
        began = perf_counter()
        pack = site_pack(data, request, 5)
        seconds.setdefault(request.round, []).append(perf_counter() - began)
        travelled[request.round] = travelled.get(request.round, 0) + len(json.dumps(pack))
        return pack

    packs, request, is_done = combine.rounds(answer, [str(i) for i in range(asked.sites)])
    began = perf_counter()
    rows = combine.combined(packs).frame()
    print(f"{asked.sites} sites, {each:,} patients each; converged: {is_done}")
    print("| round | seconds a site (median, most) | kilobytes a site |")
    print("|---|---|---|")
    for number, taken in seconds.items():
        size = travelled[number] / asked.sites / 1000
        print(f"| {number} | {np.median(taken):.2f}, {max(taken):.2f} | {size:.0f} |")
    print(f"\nRounds: {request.round + 1}; combining: {perf_counter() - began:.1f} s.")
    found = rows[(rows["model"] == "interaction")].set_index("term")
    for term, truth in ((ARM_TERM, TRUE_ARM), (LOG2, TRUE_MARKER), (PRODUCT, TRUE_PRODUCT)):
        log, error = np.log(found.loc[term, "estimate"]), found.loc[term, "std_error"]
        print(f"{term}: {log:.4f} (SE {error:.4f}), simulated {truth}")


if __name__ == "__main__":
    main()
