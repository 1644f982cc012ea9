"""il6 backup: copy what cannot be made again into a folder; a refresh may run meanwhile."""

from __future__ import annotations

import argparse
from pathlib import Path

from il6_platform.cli.options import check_folder, check_outside, home_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--to", type=Path, required=True, help="folder of the backup")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.backup import backup
    from il6_platform.warehouse.integrity import check_home

    home = home_of(asked)
    check_folder(asked.to)
    check_home(home)
    check_outside(asked.to, home)
    print(f"Backed up: {backup(home, asked.to.resolve())}")
