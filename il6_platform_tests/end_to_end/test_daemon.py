"""The sensor and the schedule through Dagster's own daemon, its storage in files or PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from il6_platform import cli, paths
from il6_platform.defs.instance import prepare_instance
from il6_platform_tests import postgres
from il6_platform_tests.end_to_end.conftest import Installation, open_to_others

PATIENCE = 1200
"""Seconds: a busy machine is no fault of the daemon."""


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The address of a PostgreSQL database."""
    with postgres.server() as address:
        yield address


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    started = time.monotonic()
    while not condition():
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() - started < PATIENCE, log.read_text()[-3000:]
        time.sleep(0.5)


@pytest.mark.parametrize("by", ["sensor", "schedule"])
def test_a_new_delivery_is_refreshed_by_the_daemon(
    by: str,
    begun: Installation,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation = begun
    # the schedule's runs are kept in files
    if by == "sensor" and postgres.program("initdb"):
        monkeypatch.setenv("IL6_DAGSTER_DATABASE", request.getfixturevalue("database"))
    if by == "schedule":
        installation.deliver("2021-12-31")
    environment = {
        **os.environ,
        "IL6_HOME": str(installation.home),
        "IL6_LANDING": str(installation.landing),
        "IL6_STUDY": str(installation.study),
        "IL6_SENSOR_SECONDS": "5" if by == "sensor" else "86400",
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


def test_two_refreshes_at_once_share_a_postgresql_database(
    database: str,
    begun: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.rmtree(begun.home / "dagster")
    monkeypatch.setenv("IL6_DAGSTER_DATABASE", database)
    # the database may hold runs of a daemon that another test ended
    from_now_on = RunsFilter(created_after=datetime.now(UTC))
    begun.deliver("2021-12-31")
    before = begun.fingerprint()
    other = subprocess.Popen([sys.executable, "-m", "il6_platform.cli", "refresh", *begun.options])
    assert begun.refresh() == 0
    assert other.wait() == 0
    assert begun.fingerprint() != before
    capsys.readouterr()
    assert begun.refresh() == 0
    assert "Nothing new" in capsys.readouterr().out
    # what Dagster knows stands there alone, ended and without a patient; the address is no file's
    assert not [*begun.home.rglob("*.db")]
    with DagsterInstance.from_config(str(begun.home / "dagster")) as instance:
        runs = instance.get_runs(from_now_on)
    assert len(runs) >= 2
    assert {run.status for run in runs} == {DagsterRunStatus.SUCCESS}
    with psycopg.connect(database.replace("+psycopg2", "")) as connection:
        events = connection.execute("select event from event_logs").fetchall()
    assert len(events) > 100 and "CRLM-0" not in str(events)
    for file in (begun.home / "dagster").rglob("*"):
        assert not file.is_file() or database not in file.read_text("utf-8", "replace")
    assert cli.main(["status", "--home", str(begun.home)]) == 0
    assert "what was new is published" in capsys.readouterr().out
    # out of reach: one sentence, and the report stays
    monkeypatch.setenv("IL6_DAGSTER_DATABASE", "postgresql+psycopg2://nobody@127.0.0.1:9/none")
    assert begun.refresh("--force") == 3
    assert "Dagster's storage cannot be used" in capsys.readouterr().err.splitlines()[-1]
    assert cli.main(["verify", "--home", str(begun.home)]) == 0
