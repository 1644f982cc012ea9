"""il6 restore: write the last backup into an empty home; il6 refresh makes the rest again."""

from __future__ import annotations

import argparse
from pathlib import Path

from il6_platform.cli.options import home_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--from", dest="source", type=Path, required=True, help="the backup")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.backup import restore

    home = home_of(asked)
    print(f"{restore(home, asked.source.resolve())} files restored into {home}")
    print(
        "Whoever was forgotten or struck out after that backup was made is in it again: say so "
        "anew (il6 forget, il6 strike) before the next refresh publishes them."
    )
    print("Next: il6 refresh, which makes the databases again.")
