"""How long `il6 refresh` of the embedded registry takes beside an R script of the same study.

    python -m il6_platform_tests.benchmarks.bench_refresh [--runs 5]

The two run in turn, so that whoever else uses the machine slows both alike: the R script
(`reference/study_reference.R`, on the patients that the refresh has derived), then the refresh of a
new home, start to exit. Then `il6 refresh` without news, and `il6 --help`. Medians are printed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import duckdb

from il6_platform import paths

REFERENCE = Path(__file__).parent.parent / "reference" / "study_reference.R"
PATIENTS = """
copy (
    select s."USUBJID" as id, s."ARMCD" as arm, s."MARKER" as marker,
        p."ADT" - p."STARTDT" as pfs_days, (p."CNSR" = 0)::int as pfs_event,
        o."ADT" - o."STARTDT" as os_days, (o."CNSR" = 0)::int as os_event,
        s."AGE" as age, s."SEX" as sex
    from cohort.adsl as s
    inner join cohort.adtte as p on s."USUBJID" = p."USUBJID" and p."PARAMCD" = 'PFS'
    inner join cohort.adtte as o on s."USUBJID" = o."USUBJID" and o."PARAMCD" = 'OS'
) to '{file}' (header)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    il6 = [sys.executable, "-m", "il6_platform.cli"]
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        home, work = Path(folder, "home"), Path(folder, "r")
        refresh = [*il6, "refresh", "--home", str(home), "--landing", str(paths.demo_landing())]
        timed(refresh, work)
        (work / "data").mkdir()
        with duckdb.connect(next(home.glob("studies/*/working.duckdb")), read_only=True) as one:
            one.execute(PATIENTS.format(file=work / "data" / "demo_study.csv"))
        for _ in range(runs):
            found["R script"].append(timed(["Rscript", str(REFERENCE), "demo", "24"], work))
            shutil.rmtree(home)
            found["il6 refresh, a new home"].append(timed(refresh, work))
            found["il6 refresh, nothing new"].append(timed(refresh, work))
            found["il6 --help"].append(timed([*il6, "--help"], work))
    print(f"Medians of {runs}, in turn:\n\n| | seconds | CPU seconds |\n|---|---|---|")
    middle = {
        name: [statistics.median(one) for one in zip(*of, strict=True)]
        for name, of in found.items()
    }
    for name, (wall, spent) in middle.items():
        print(f"| {name} | {wall:.2f} | {spent:.2f} |")
    ratio = middle["il6 refresh, a new home"][0] / middle["R script"][0]
    print(f"\nA refresh takes {ratio:.1f} times the wall time of the R script.")


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command; return its seconds, start to exit, and what it spent of processors."""
    folder.mkdir(exist_ok=True)
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    # an installed package is compiled; a checkout is by its first run, where that may write
    where = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=where)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, spent


if __name__ == "__main__":
    main()
