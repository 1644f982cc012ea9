"""il6 ui: open the Dagster UI on 127.0.0.1, to look at; --operate to launch runs as well."""

from __future__ import annotations

import argparse
import contextlib
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_landing(parser)
    add_study(parser)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument(
        "--operate", action="store_true", help="with sensors, schedules and the right to launch"
    )


def run(asked: argparse.Namespace) -> None:
    """Run the command; its processes end with it."""
    from il6_platform.defs.instance import prepare_instance
    from il6_platform.warehouse.home import Site

    home = home_of(asked)
    site = Site(home=str(home), landing=str(landing_of(asked)))
    site.add_study(Path(asked.study).resolve()) if asked.study else site.has_study()
    environment = child_environment(
        IL6_HOME=str(home),
        IL6_LANDING=str(landing_of(asked)),
        DAGSTER_HOME=str(prepare_instance(home)),
    )
    workspace = str(paths.project_root() / "workspace.yaml")
    place = ["-w", workspace, "-h", "127.0.0.1", "-p", str(asked.port)]
    programs = Path(sys.executable).parent
    if asked.operate:
        command = [str(programs / "dagster"), "dev", *place]
    else:
        command = [str(programs / "dagster-webserver"), "--read-only", *place]
    # a group of its own, so that all of it can be ended at once
    process = subprocess.Popen(command, env=environment, start_new_session=True)

    def end(_signal: int, _frame: object) -> None:
        _send(process, signal.SIGTERM)

    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, end)
    try:
        # Dagster turns a signal into an error of its own, which is no Exception
        with contextlib.suppress(BaseException):
            process.wait()
    finally:
        # the server's own children are of its group: they end with it
        _send(process, signal.SIGTERM)
        for _ in range(GRACE_TENTHS):
            if not _send(process, 0):
                break
            time.sleep(0.1)
        _send(process, signal.SIGKILL)


def _send(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to a group of processes; say whether there was one."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True
