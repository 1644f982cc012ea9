"""il6 log: who did what in this home; --verify checks that no entry was changed."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import home_of
from il6_platform.errors import PlatformError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--verify", action="store_true", help="check the chain of hashes")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.audit import breaks, entries

    home = home_of(asked)
    if asked.verify:
        found = [*breaks(home)]
        if found:
            raise PlatformError(f"the log of {home} is not what was written: {'; '.join(found)}")
        print(f"{len(entries(home))} entries, none was changed.")
        return
    for entry in entries(home):
        about = ", ".join(f"{key} {value}" for key, value in entry["about"].items())
        print(
            f"{entry.get('n'):>5}  {entry.get('at')}  {entry.get('who')}  {entry.get('command')}  "
            f"{entry.get('outcome')}  {about}"
        )
