"""Deliveries every few seconds, with readers, a second refresh and kills, for as long as is asked.

    python -m il6_platform_tests.benchmarks.soak --minutes 60

Prints what was done and what was found. Belongs here: whether a home stands this. Does not belong
here: how fast it is (`bench_growth`).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import duckdb
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from il6_platform import cli, paths
from il6_platform.study import read_study
from il6_platform.warehouse.integrity import damages

SEED = 20231231


class Soak:
    """A home under deliveries, readers and kills; `counts` says how much of each there was."""

    def __init__(self, folder: Path, *, readers: int) -> None:
        # the landing folder is reached by a link, and names hold spaces and other scripts
        self.home = folder / "Häuser 研究" / "home"
        self.landing = folder / "a link"
        real = folder / "exports of the ward"
        real.mkdir(parents=True)
        self.landing.symlink_to(real, target_is_directory=True)
        self.study = folder / "study.yaml"
        text = paths.default_study().read_text("utf-8").replace("replicates: 2000", "replicates: 0")
        self.study.write_text(text, "utf-8")
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._random = random.Random(SEED)
        self._readers = [threading.Thread(target=self._read, daemon=True) for _ in range(readers)]
        self._ends = threading.Event()

    @property
    def _options(self) -> list[str]:
        places = ["--home", str(self.home), "--landing", str(self.landing)]
        return [*places, "--study", str(self.study)]

    def run(self, seconds: float) -> None:
        """Deliver, refresh and kill until the time is over, then refresh once more and look."""
        self._deliver("2019-12-31", whole=True)
        self._refresh(None)
        for reader in self._readers:
            reader.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._deliver(f"2020-{self._random.randrange(1, 13):02}-28", whole=False)
            how = self._random.choice([None, "main", "group", "child"])
            second = self._start() if self._random.random() < 0.2 else None
            self._refresh(how)
            if second is not None:
                second.wait()
                self.counts["refreshes at once"] += 1
        self._ends.set()
        # a few patients' records may be too few to publish: that is no fault of the platform
        if cli.main(["refresh", *self._options]) not in (0, 1):
            self.faults.append("the last refresh did not end clean")
        self._look()

    def _deliver(self, day: str, *, whole: bool) -> None:
        """Drop a day's exports, or follow-up of a few patients alone."""
        source = paths.demo_landing() / "2019-12-31"
        folder = self.landing / f"{day} lieferung {self.counts['deliveries']}"
        folder.mkdir(exist_ok=True)
        for file in sorted(source.glob("*.csv")) if whole else [source / "follow_up.csv"]:
            lines = file.read_text("utf-8").splitlines()
            few = lines if whole else [lines[0], *self._random.sample(lines[1:], 3)]
            (folder / file.name).write_text("\n".join(few) + "\n", "utf-8")
        self.counts["deliveries"] += 1

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "il6_platform.cli", "refresh", *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _refresh(self, how: str | None) -> None:
        """Refresh; kill nothing, the main process alone, its whole group or one child."""
        process = self._start()
        if how is None:
            self.counts[f"exit status {process.wait()}"] += 1
            return
        time.sleep(self._random.uniform(1, 30))
        if how == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif how == "main":
            process.kill()
        else:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            for child in (children.read_text() if children.exists() else "").split()[:1]:
                os.kill(int(child), signal.SIGKILL)
        process.wait()
        self.counts[f"kills: {how}"] += 1

    def _read(self) -> None:
        """Read the published report over and over: it is whole at any moment."""
        published = self.home / "published"
        while not self._ends.wait(0.2):
            try:
                cut = published.resolve(strict=True)
                with duckdb.connect(cut / "report.duckdb", read_only=True) as connection:
                    connection.execute("select count(*) from report.results").fetchone()
                self.counts["reads"] += 1
            except (OSError, duckdb.Error) as error:
                self.faults.append(f"a reader saw {type(error).__name__}")

    def _look(self) -> None:
        cuts = self.home / "studies" / read_study(self.study).name / "cuts"
        self.faults += [fault for cut in cuts.iterdir() for fault in damages(cut)]
        self.faults += [f"left: {path}" for path in cuts.glob(".*")]
        if cli.main(["verify", "--home", str(self.home)]) != 0:
            self.faults.append("il6 verify finds a fault")
        with DagsterInstance.from_config(str(self.home / "dagster")) as instance:
            going = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING]
            self.faults += [
                f"run {run.run_id}" for run in instance.get_runs(RunsFilter(statuses=going))
            ]


def main() -> None:
    """Run it as a command."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--readers", type=int, default=50)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="il6 soak "))
    try:
        soak = Soak(folder, readers=asked.readers)
        soak.run(asked.minutes * 60)
        for name, count in sorted(soak.counts.items()):
            print(f"{count:>8}  {name}")
        print("\n".join(soak.faults) or "No fault was found.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(bool(soak.faults))


if __name__ == "__main__":
    main()
