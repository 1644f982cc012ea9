"""il6 ui: open the Dagster UI on 127.0.0.1, to look at; --operate to launch runs as well."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from il6_platform import paths
from il6_platform.cli.options import add_landing, add_study, home_of, landing_of
from il6_platform.settings import child_environment

GRACE_TENTHS = 50
"""Tenths of a second in which processes may end by themselves."""

PR_SET_PDEATHSIG = 1
"""Of Linux's `prctl`: which signal a process gets when the one that began it ends."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_landing(parser)
    add_study(parser)
    parser.add_argument("--port", type=port, default=3000, help="1 to 65535 (default: 3000)")
    parser.add_argument(
        "--operate", action="store_true", help="with sensors, schedules and the right to launch"
    )


def port(text: str) -> int:
    """Read the number of a port.

    >>> port("3000")
    3000
    """
    # 0 would be any free one, of which nobody is told
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; name one from 1 to 65535")
    return int(text)


def run(asked: argparse.Namespace) -> None:
    """Run the command; its processes end with it."""
    from il6_platform.defs.instance import prepare_instance
    from il6_platform.warehouse.home import Site
    from il6_platform.warehouse.integrity import check_version

    home = home_of(asked)
    check_version(home)
    site = Site(home=str(home), landing=str(landing_of(asked)))
    site.add_study(Path(asked.study).resolve()) if asked.study else site.has_study()
    dagster_home = prepare_instance(home)
    _make_storage(dagster_home)
    environment = child_environment(
        IL6_HOME=str(home),
        IL6_LANDING=str(landing_of(asked)),
        DAGSTER_HOME=str(dagster_home),
    )
    workspace = str(paths.project_root() / "workspace.yaml")
    place = ["-w", workspace, "-h", "127.0.0.1", "-p", str(asked.port)]
    server = [sys.executable, "-m", "il6_platform.defs.web", *place]
    commands = [[*server, "--read-only"]]
    if asked.operate:
        daemon = str(Path(sys.executable).with_name("dagster-daemon"))
        commands = [server, [daemon, "run", "-w", workspace]]
    # a group each, so that all of it can be ended at once
    processes = [
        subprocess.Popen(
            command, env=environment, start_new_session=True, preexec_fn=_end_with_parent
        )
        for command in commands
    ]

    def end(_signal: int, _frame: object) -> None:
        for process in processes:
            _send(process, signal.SIGTERM)

    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, end)
    try:
        # Dagster turns a signal into an error of its own, which is no Exception
        with contextlib.suppress(BaseException):
            while all(process.poll() is None for process in processes):
                time.sleep(0.2)
    finally:
        # a server's own children are of its group: they end with it
        for process in processes:
            _end(process)


def _make_storage(dagster_home: Path) -> None:
    """Make Dagster's databases where there are none yet.

    Server and daemon begin together: each would make them, and a table would be filled twice.
    """
    if not (dagster_home / "history" / "runs.db").exists():
        from dagster import DagsterInstance

        DagsterInstance.from_config(str(dagster_home)).dispose()


def _end_with_parent() -> None:
    """Have the system end this process with the one that began it, also where that is killed."""
    # Dagster ignores it where Ctrl-C is ignored: under nohup, behind `&` in a script
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children: asked first, then made to."""
    _send(process, signal.SIGTERM)
    for _ in range(GRACE_TENTHS):
        process.poll()
        if not _send(process, 0):
            return
        time.sleep(0.1)
    _send(process, signal.SIGKILL)
    process.wait()


def _send(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to a group of processes; say whether there was one."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True
