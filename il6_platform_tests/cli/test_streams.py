"""Nobody may read what a command prints: it does what it would have done, and ends so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from il6_platform import cli
from il6_platform.cli.streams import open_streams

REFRESH = """
import os, sys
from pathlib import Path
from il6_platform import cli
from il6_platform.cli import verify
from il6_platform.errors import PlatformError

def run(asked):
    # more than a pipe holds
    print("checked " * 100_000, flush=True)
    print("said " * 100_000, file=sys.stderr, flush=True)
    Path(sys.argv[1]).touch()
    if sys.argv[2] == "fails":
        raise PlatformError("a fault")

verify.run = run
sys.exit(cli.main(["verify"]))
"""


def ended(done: Path, how: str, redirected: str) -> int:
    """Return the status of a command that prints, does something and succeeds or fails."""
    program = [sys.executable, "-c", REFRESH, str(done), how]
    shell = f'"$@" {redirected}; echo ${{PIPESTATUS[0]}} >&3'
    run = subprocess.run(
        ["bash", "-c", f"exec 3>&1; {{ {shell}; }} >/dev/null", "bash", *program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in run.stderr and "Exception ignored" not in run.stderr
    return int(run.stdout)


@pytest.mark.parametrize(
    ("how", "redirected", "status"),
    [
        ("succeeds", "2>&1 | head -c 1", 0),
        ("fails", "2>&1 | head -c 1", 3),
        ("fails", "2>/dev/full | head -c 1", 3),
        ("succeeds", "2>&-", 0),
        ("succeeds", ">&- 2>&-", 0),
    ],
)
def test_a_command_that_nobody_reads_does_its_work(
    tmp_path: Path, how: str, redirected: str, status: int
) -> None:
    assert ended(tmp_path / "done", how, redirected) == status
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("asked", [["rules"], ["--help"], ["rules", "--help"], ["log", "--help"]])
def test_what_cannot_be_written_is_a_fault(tmp_path: Path, asked: list[str]) -> None:
    program = [sys.executable, "-m", "il6_platform.cli", *asked, "--home", str(tmp_path)]
    with open("/dev/full", "wb") as full:
        run = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, check=False)
    assert run.returncode == 3
    assert b"No space left on device" in run.stderr.splitlines()[-1]
    assert len(run.stderr.splitlines()) == 1


def test_streams_of_another_program_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    open_streams()
    assert (sys.stdout, sys.stderr) == before
    assert cli.main(["completion", "bash"]) == 0
    assert capsys.readouterr().out


ENDS = """
import atexit, threading, time
from il6_platform import cli

def work():
    time.sleep(0.2)
    print("worked")

atexit.register(print, "taken down")
threading.Thread(target=work).start()
cli._end_at_once(3)
"""


def test_a_command_ends_once_its_threads_have_and_what_they_need_is_taken_down() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, check=False)
    assert (ended.stdout.split(b"\n"), ended.stderr) == ([b"worked", b"taken down", b""], b"")
    assert ended.returncode == 3
