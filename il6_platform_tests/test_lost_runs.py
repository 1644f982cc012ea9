"""A run whose process is gone is ended by who comes next; one that is alive is left alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

from il6_platform.defs.jobs import UNFINISHED, fail_lost_runs, refresh_study
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.running import (
    left_mark,
    mark_running,
    marked_running,
    marks,
    running_path,
)
from il6_platform_tests.crashes import Disk

MARKING = (
    "import pathlib, sys\n"
    "from il6_platform.warehouse.running import mark_running\n"
    "mark_running(pathlib.Path(sys.argv[1]), sys.argv[2])\n"
    "print('marked', flush=True)\n"
    "sys.stdin.read()\n"
)

LONG = timedelta(hours=1)


def marking(home: Path, run_id: str) -> subprocess.Popen[str]:
    """Start a process that marks a run as its own, and does nothing more."""
    process = subprocess.Popen(
        [sys.executable, "-c", MARKING, str(home), run_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline().strip() == "marked"
    return process


def is_left(mark: Path) -> bool:
    with left_mark(mark) as found:
        return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_a_mark_is_left_once_its_process_is_gone_however_it_ended(
    tmp_path: Path, how: signal.Signals | None
) -> None:
    process = marking(tmp_path, "run")
    (mark,) = marks(tmp_path)
    assert mark.name == "run" and not is_left(mark) and mark.exists()
    if how is None:
        process.communicate("")
    else:
        process.send_signal(how)
        process.communicate()
    assert is_left(mark) and not marks(tmp_path)


def test_a_mark_lasts_as_long_as_its_block_and_is_taken_away(tmp_path: Path) -> None:
    with marked_running(tmp_path, "run"):
        # the resource of the run marks it as well
        mark_running(tmp_path, "run")
        (mark,) = marks(tmp_path)
        assert not is_left(mark)
    assert not marks(tmp_path)
    with pytest.raises(KeyError), marked_running(tmp_path, "run"):
        raise KeyError
    assert [is_left(one) for one in marks(tmp_path)] == [True]


def test_runs_end_with_their_processes(tmp_path: Path) -> None:
    site = Site(home=str(tmp_path), landing=str(tmp_path))
    statuses = [*UNFINISHED, DagsterRunStatus.SUCCESS]
    left, alive, unmarked, other = (
        {
            status: DagsterRun(job_name=job, status=status, run_id=f"{kind} {status.value}")
            for status in statuses
        }
        for kind, job in (
            ("left", refresh_study.name),
            ("alive", refresh_study.name),
            ("unmarked", refresh_study.name),
            # a job that marks no run takes as long as it takes
            ("other", "fetch"),
        )
    )
    running_path(tmp_path).mkdir(parents=True)
    with DagsterInstance.ephemeral() as instance:

        def ended(runs: dict[DagsterRunStatus, DagsterRun]) -> set[DagsterRunStatus]:
            stands = {one: instance.get_run_by_id(run.run_id) for one, run in runs.items()}
            return {one for one, run in stands.items() if run is not None and run.status != one}

        for runs in (left, alive, unmarked, other):
            for run in runs.values():
                instance.add_run(run)
        for run in left.values():
            (running_path(tmp_path) / run.run_id).touch()
        (running_path(tmp_path) / "never made").touch()
        held = [marking(tmp_path, run.run_id) for run in alive.values()]
        fail_lost_runs(instance, site)
        assert ended(left) == {*UNFINISHED}
        assert not ended(alive) and not ended(unmarked) and not ended(other)
        assert {mark.name for mark in marks(tmp_path)} == {run.run_id for run in alive.values()}
        # a run without a mark has had its time to start
        fail_lost_runs(instance, site, datetime.now(UTC) + LONG)
        assert ended(unmarked) == {*UNFINISHED}
        assert not ended(alive) and not ended(other)
        for process in held:
            process.kill()
            process.communicate()
        fail_lost_runs(instance, site)
        assert ended(alive) == ended(left)
        assert not marks(tmp_path)


def test_a_mark_outlives_a_power_cut(tmp_path: Path) -> None:
    home, left = tmp_path / "home", tmp_path / "left"
    home.mkdir()
    disk = Disk(home)
    with disk.watched(), marked_running(home, "run"):
        disk.write(home, left)
    assert [mark.name for mark in marks(left)] == ["run"]
