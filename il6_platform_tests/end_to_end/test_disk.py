"""What a refresh meets around it: a full disk, a locked storage, a clock that goes back."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from il6_platform import cli, dagster_storage
from il6_platform_tests.end_to_end.conftest import Installation
from il6_platform_tests.end_to_end.test_crashes import going


def test_a_full_or_read_only_disk_costs_no_report_and_leaves_no_trace(begun: Installation) -> None:
    unshare = ["unshare", "--mount"]
    tried = subprocess.run([*unshare, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no file system of a limited size can be mounted: it takes root's rights")
    old = (begun.home / "published").resolve().name
    begun.deliver("2021-12-31")
    disk = begun.home.parent / "disk"
    disk.mkdir()
    begun.home.rename(disk / "home")
    program = [sys.executable, "-m", "il6_platform_tests.end_to_end.disk"]
    places = [str(disk), str(begun.landing), str(begun.study)]
    run = subprocess.run([*unshare, *program, *places], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    *found, enough, verified = [
        json.loads(line) for line in run.stdout.splitlines() if line[:1] == "{"
    ]
    assert len(found) > 3
    for one in found:
        assert one["status"] == 3, one
        assert one["cut"] == old and not one["faults"], one
        assert "Traceback" not in one["said"] and "report it" not in one["reason"], one
        assert len(one["reason"].split()) > 3, one
    assert enough["status"] == verified["status"] == 0, (enough, verified)
    assert enough["cut"] != old


def test_a_locked_storage_of_dagster_costs_no_report(
    begun: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dagster_storage, "BUSY_SECONDS", 1)
    begun.deliver("2021-12-31")
    before = begun.fingerprint()
    for file in ("history/runs.db", "event_log.db"):
        with closing(sqlite3.connect(begun.home / "dagster" / file, isolation_level=None)) as other:
            other.execute("begin exclusive")
            assert begun.refresh() == 3, file
        assert "Dagster's storage cannot be used" in capsys.readouterr().err.splitlines()[-1]
        assert begun.fingerprint() == before
    # runs whose end could not be written down are ended by the next refresh
    assert begun.refresh() == 0
    assert not going(begun.home)
    assert cli.main(["verify", "--home", str(begun.home)]) == 0


def test_a_clock_that_goes_back_costs_nothing(begun: Installation) -> None:
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip(
            "no clock can be turned back without faketime (Debian: apt-get install faketime)"
        )
    before = begun.fingerprint()
    begun.deliver("2021-12-31")
    program = [sys.executable, "-m", "il6_platform.cli", "refresh", *begun.options]
    run = subprocess.run(
        [faketime, "2020-02-01 03:00:00", *program], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in run.stderr
    # what came is read, and is no other once the clock is right again
    assert run.returncode == 0, run.stderr
    now = begun.fingerprint()
    assert now != before
    assert begun.refresh("--force") == 0
    assert begun.fingerprint() == now
    assert not going(begun.home)
    assert cli.main(["verify", "--home", str(begun.home)]) == 0
    assert cli.main(["log", "--verify", "--home", str(begun.home)]) == 0
