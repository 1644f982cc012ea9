"""What a delivery of a few results costs beside a large registry, in CPU seconds, step by step.

    python -m il6_platform_tests.benchmarks.bench_delivery [--rows 300000] [--late 1000]

A registry of one patient for 500 results, as `bench_intake` writes it, is refreshed; so it is once
more with a second delivery of results of other days. Each refresh is a process of its own that
works alone (`IL6_WORKERS=0`), so that what a step costs is known: processor time from its begin to
the next one's. `nothing` is what the refresh of a registry of 20 results costs, which no delivery
can cost less than.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from il6_platform import paths
from il6_platform_tests.benchmarks.bench_intake import labs, registry

FEWEST = 0.3
"""CPU seconds of a step that is worth a line."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--late", type=int, default=1_000)
    parser.add_argument("--per-patient", type=int, default=500)
    parser.add_argument("--keep", help="folder in which landing folder and home are left")
    parser.add_argument("--again", action="store_true", help="one more delivery of what is kept")
    parser.add_argument("--steps", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.steps:
        _run_noting_steps(Path(asked.steps[0]), asked.steps[1:])
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(asked.keep or temporary)
        patients = max(asked.rows // asked.per_patient, 1)
        found = {} if asked.again else {"first": _first(folder, asked.rows, patients)}
        number = len(list((folder / "landing").iterdir()))
        day = folder / "landing" / f"2024-02-{number:02}"
        day.mkdir()
        late = labs(asked.late, patients, f"20{number + 15}-12-15", 1)
        late.to_csv(day / "labs.csv", index=False)
        found[f"{asked.late} more"] = _refreshed(folder)
    table = pd.DataFrame(found).fillna(0.0)
    few = table.max(axis=1) < FEWEST
    shown = pd.concat([table[~few], table[few].sum().to_frame("the others").T])
    shown.loc["all"] = table.sum()
    print(shown.to_string(float_format="%.1f"))
    if not asked.again:
        first, later = table.sum()
        print(f"\nthe later delivery costs {later / first:.0%} of the first refresh")


def _first(folder: Path, rows: int, patients: int) -> dict[str, float]:
    """Write a registry, refresh it and return CPU seconds by step."""
    text = paths.default_study().read_text("utf-8").replace("replicates: 2000", "replicates: 0")
    folder.mkdir(exist_ok=True, parents=True)
    # a few results are an update, not a registry that shrank
    (folder / "study.yaml").write_text(text + "quality: {exports: updates}\n", "utf-8")
    registry(folder / "landing" / "2024-01-01", rows, patients, np.random.default_rng(1))
    return _refreshed(folder)


def _refreshed(folder: Path) -> dict[str, float]:
    """Refresh in a process of its own; return its CPU seconds by step."""
    noted = folder / "steps.json"
    options = ["--home", folder / "home", "--landing", folder / "landing"]
    options += ["--study", folder / "study.yaml"]
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--steps", noted, "refresh", *options],
        env={**os.environ, "IL6_WORKERS": "0"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(noted.read_text("utf-8"))


def _run_noting_steps(noted: Path, command: list[str]) -> None:
    """Run `il6` here, and write the CPU seconds of each step into a file."""
    from il6_platform import cli
    from il6_platform.cli.progress import Stages

    seconds: dict[str, float] = {}
    since, step = 0.0, "before the first step"

    def note(next_step: str) -> None:
        nonlocal since, step
        now = time.process_time()
        seconds[step] = seconds.get(step, 0.0) + now - since
        since, step = now, next_step

    class Noting(Stages):
        """Stages that are noted too."""

        def emit(self, record: logging.LogRecord) -> None:
            about = getattr(record, "dagster_meta", {})
            event, name = about.get("dagster_event"), about.get("step_key")
            if event is not None and name and event.is_step_start:
                note(name.replace("__", "."))
            elif event is not None and name and event.is_step_success:
                note("between steps")
            super().emit(record)

    import il6_platform.cli.refresh as command_of

    command_of.Stages = Noting  # type: ignore[misc]
    try:
        status = cli.main(command)
    finally:
        note("")
        noted.write_text(json.dumps(seconds), "utf-8")
    sys.exit(status)


if __name__ == "__main__":
    main()
