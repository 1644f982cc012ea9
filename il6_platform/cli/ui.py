"""il6 ui: open the Dagster UI on 127.0.0.1."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from il6_platform import paths
from il6_platform.cli.options import add_landing, add_study, home_of, landing_of
from il6_platform.settings import child_environment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_landing(parser)
    add_study(parser)
    parser.add_argument("--port", type=int, default=3000)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
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
    dagster = Path(sys.executable).with_name("dagster")
    workspace = paths.project_root() / "workspace.yaml"
    command = ["dagster", "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(asked.port)]
    os.execve(dagster, command, environment)
