"""The sensor and the schedule through Dagster's own daemon."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from il6_platform import paths
from il6_platform.defs.instance import prepare_instance
from il6_platform_tests.end_to_end.conftest import Installation, open_to_others

PATIENCE = 1200
"""Seconds: a busy machine is no fault of the daemon."""


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    started = time.monotonic()
    while not condition():
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() - started < PATIENCE, log.read_text()[-3000:]
        time.sleep(0.5)


@pytest.mark.parametrize("by", ["sensor", "schedule"])
def test_a_new_delivery_is_refreshed_by_the_daemon(
    by: str, begun: Installation, tmp_path: Path
) -> None:
    installation = begun
    if by == "schedule":
        installation.deliver("2021-12-31")
    environment = {
        **os.environ,
        "IL6_HOME": str(installation.home),
        "IL6_LANDING": str(installation.landing),
        "IL6_STUDY": str(installation.study),
        "IL6_SENSOR_SECONDS": "2" if by == "sensor" else "86400",
        "IL6_SCHEDULE": "* * * * *" if by == "schedule" else "0 3 1 1 *",
        "DAGSTER_HOME": str(prepare_instance(installation.home)),
    }
    log = tmp_path / "daemon.log"
    daemon = Path(sys.executable).with_name("dagster-daemon")
    workspace = paths.project_root() / "workspace.yaml"
    process = subprocess.Popen(
        [str(daemon), "run", "-w", str(workspace)],
        env=environment,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        cwd=tmp_path,
        umask=0o022,
    )

    def n() -> int:
        found = installation.ask("select n from report.flow where kind = 'analysed'")
        return int(found["n"].iloc[0])

    first = n()
    try:
        if by == "sensor":
            arriving = installation.landing / ".arriving"
            shutil.copytree(paths.demo_landing() / "2021-12-31", arriving)
            arriving.rename(installation.landing / "2021-12-31")
        until(lambda: n() > first, process, log)
        # however open the daemon was started, what a refresh writes is its owner's; the daemon's
        # own history of runs, begun before it reads our settings, lies in a closed folder
        written = open_to_others(installation.home)
        assert not [name for name in written if not name.startswith("dagster/history")]
    finally:
        process.terminate()
        process.wait(60)
