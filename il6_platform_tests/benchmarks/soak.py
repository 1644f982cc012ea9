"""Deliveries every few seconds, with readers, the UI open, refreshes at once and kills.

    python -m il6_platform_tests.benchmarks.soak --minutes 60
    python -m il6_platform_tests.benchmarks.soak --minutes 5 --burst 5000
    python -m il6_platform_tests.benchmarks.soak --minutes 5 --keep FOLDER    a piece of a long one

Prints what was done and what was found. Belongs here: whether a home stands this. Does not belong
here: how fast it is (`bench_growth`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
from dagster import DagsterInstance, RunsFilter

from il6_platform import cli, paths
from il6_platform.defs.instance import prepare_instance
from il6_platform.defs.jobs import UNFINISHED
from il6_platform.study import read_study
from il6_platform.warehouse.integrity import damages
from il6_platform_tests.end_to_end.conftest import brief

FEW_SECONDS = 3.0
READER_SECONDS = 2.0
KINDS = ("main", "group", "child")
"""What is killed: the main process alone, its whole group, or one of its children."""


def descendants(pid: int) -> list[int]:
    """Return the children of a process and theirs."""
    file = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(one) for one in (file.read_text() if file.exists() else "").split()]
    return [*found, *(one for child in found for one in descendants(child))]


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


class Soak:
    """A home under deliveries, readers and kills; `counts` says how much of each there was."""

    def __init__(self, folder: Path, *, readers: int, seed: int) -> None:
        # the landing folder is reached by a link, and names hold spaces and other scripts
        self.home = folder / "Häuser 研究" / "home"
        self.landing = folder / "a link"
        self.study, self._kept = folder / "study.yaml", folder / "counts.json"
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        is_begun = self._kept.exists()
        if is_begun:
            self.counts.update(json.loads(self._kept.read_text("utf-8")))
        self._random = random.Random(seed + self.counts["pieces"])
        self._lock = threading.Lock()
        if not is_begun:
            self._begin(folder)
        self._ends = threading.Event()
        self._threads = [
            *(threading.Thread(target=self._read, daemon=True) for _ in range(readers)),
            threading.Thread(target=self._deliver_on, daemon=True),
        ]

    def _begin(self, folder: Path) -> None:
        real = folder / "exports of the ward"
        real.mkdir(parents=True)
        self.landing.symlink_to(real, target_is_directory=True)
        brief(self.study)
        with self.study.open("a", encoding="utf-8") as stream:
            stream.write("quality: {exports: updates}\n")
        self._deliver("2019-12-31", whole=True)

    @property
    def _options(self) -> list[str]:
        places = ["--home", str(self.home), "--landing", str(self.landing)]
        return [*places, "--study", str(self.study)]

    def run(self, seconds: float, burst: int) -> None:
        """Deliver, refresh and kill until the time is over, then refresh once more and look."""
        for _ in range(burst):
            self._deliver("2019-12-31", whole=False)
        self._refresh(None)
        until = time.monotonic() + seconds
        with self._ui():
            for thread in self._threads:
                thread.start()
            while time.monotonic() < until:
                how = self._random.choice([None, *KINDS, *KINDS])
                second = self._start() if self._random.random() < 0.2 else None
                self._refresh(how)
                if second is not None:
                    self._ended(second)
                    self.counts["refreshes at once"] += 1
            self._ends.set()
            for thread in self._threads:
                thread.join()
        self.counts["pieces"] += 1
        self.counts["seconds"] += round(seconds)
        # a few patients' records may be too few to publish: that is no fault of the platform
        if cli.main(["refresh", *self._options]) not in (0, 1):
            self.faults.append("the last refresh did not end clean")
        self._look()
        self._kept.write_text(json.dumps(self.counts), "utf-8")

    def _deliver_on(self) -> None:
        while not self._ends.wait(FEW_SECONDS):
            with self._lock:
                day = f"2020-{self._random.randrange(1, 13):02}-28"
            self._deliver(day, whole=False)

    def _deliver(self, day: str, *, whole: bool) -> None:
        """Drop a day's exports, or follow-up of a few patients alone."""
        source = paths.demo_landing() / "2019-12-31"
        with self._lock:
            self.counts["deliveries"] += 1
            folder = self.landing / f"{day} lieferung {self.counts['deliveries']}"
            for file in sorted(source.glob("*.csv")) if whole else [source / "follow_up.csv"]:
                lines = file.read_text("utf-8").splitlines()
                few = lines if whole else [lines[0], *self._random.sample(lines[1:], 3)]
                folder.mkdir(exist_ok=True)
                fresh = folder / f"{file.name}.part"
                fresh.write_text("\n".join(few) + "\n", "utf-8")
                fresh.rename(folder / file.name)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "il6_platform.cli", "refresh", *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for a refresh that nobody kills; it may be blocked, and never fails."""
        _, said = process.communicate()
        status = process.returncode
        self.counts[f"exit status {status}"] += 1
        if status not in (0, 1):
            last = said.decode("utf-8", "replace").strip().splitlines()[-1:]
            self.faults.append(f"a refresh ended with status {status}: {last}")

    def _refresh(self, how: str | None) -> None:
        """Refresh; kill nothing, the main process alone, its whole group or one child."""
        process = self._start()
        if how is None:
            self._ended(process)
            return
        until = time.monotonic() + self._random.uniform(1, 20)
        while time.monotonic() < until and process.poll() is None:
            time.sleep(0.05)
        if process.poll() is not None:
            self._ended(process)
            return
        children = descendants(process.pid)
        if how == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif how == "main":
            process.kill()
        else:
            for child in children[:1]:
                os.kill(child, signal.SIGKILL)
        process.communicate()
        self.counts[f"kills: {how}" if how != "child" or children else "no child to kill"] += 1

    @contextlib.contextmanager
    def _ui(self) -> Iterator[None]:
        """Keep the UI open, ask it now and then, and see that its processes end with it."""
        port = free_port()
        places = ["--home", str(self.home), "--landing", str(self.landing)]
        process = subprocess.Popen(
            [sys.executable, "-m", "il6_platform.cli", "ui", *places, "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        asking = threading.Thread(target=self._ask, args=(port,), daemon=True)
        asking.start()
        try:
            yield
        finally:
            asking.join()
            its = descendants(process.pid)
            process.terminate()
            process.wait(60)
            self.faults += [
                f"process {one} of the UI is left" for one in its if Path(f"/proc/{one}").exists()
            ]

    def _ask(self, port: int) -> None:
        """Ask the UI for its first page: once it has answered, it always does."""
        has_answered = False
        while not self._ends.wait(READER_SECONDS):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
                    answer.read()
                has_answered = True
                self.counts["pages of the UI"] += 1
            except (OSError, urllib.error.URLError) as error:
                if has_answered:
                    self.faults.append(f"the UI did not answer: {error}")

    def _read(self) -> None:
        """Read the published report over and over: it is whole at any moment."""
        published = self.home / "published"
        while not self._ends.wait(READER_SECONDS):
            try:
                cut = published.resolve(strict=True)
                with duckdb.connect(cut / "report.duckdb", read_only=True) as connection:
                    connection.execute("select count(*) from report.results").fetchone()
                with self._lock:
                    self.counts["reads"] += 1
            except (OSError, duckdb.Error) as error:
                self.faults.append(f"a reader saw {type(error).__name__}")

    def _look(self) -> None:
        cuts = self.home / "studies" / read_study(self.study).name / "cuts"
        self.counts["cuts"] = len([*cuts.glob("[!.]*")])
        self.faults += [fault for cut in cuts.glob("[!.]*") for fault in damages(cut)]
        self.faults += [f"left: {path}" for path in cuts.glob(".*")]
        if cli.main(["verify", "--home", str(self.home)]) != 0:
            self.faults.append("il6 verify finds a fault")
        with DagsterInstance.from_config(str(prepare_instance(self.home))) as instance:
            left = instance.get_runs(RunsFilter(statuses=UNFINISHED))
            self.faults += [f"run {run.run_id} is left {run.status.value}" for run in left]


def main() -> None:
    """Run it as a command."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--burst", type=int, default=0, help="small deliveries at the beginning")
    parser.add_argument("--seed", type=int, default=20231231)
    parser.add_argument("--keep", type=Path, help="go on where the last one in there ended")
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="il6 soak "))
    try:
        soak = Soak(folder, readers=asked.readers, seed=asked.seed)
        soak.run(asked.minutes * 60, asked.burst)
        for name, count in sorted(soak.counts.items()):
            print(f"{count:>8}  {name}")
        print("\n".join(soak.faults) or "No fault was found.")
    finally:
        if asked.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(bool(soak.faults))


if __name__ == "__main__":
    main()
