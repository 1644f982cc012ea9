"""il6 strike: strike out a patient who never was, as of a mistyped number; --undo takes it back."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import date

from il6_platform.cli.options import home_of, site_of
from il6_platform.errors import UsageError

EXAMPLES = """examples:
  il6 strike CRLM-0199 --why "typing error for CRLM-0119, deleted in the source"
  il6 strike - --why "test record" < number.txt
  il6 strike CRLM-0199 --undo
Two numbers of one person are merged: merged_patients.csv in the home (docs/data_manager.md).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "number", help="the registry's number (SITE:NUMBER), or the pseudonym; -: read"
    )
    parser.add_argument("--why", default="", help="the reason; never a patient's name")
    parser.add_argument("--undo", action="store_true", help="take the patient back")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    import duckdb

    from il6_platform.registry import struck
    from il6_platform.report.one_patient import look_up
    from il6_platform.warehouse.integrity import open_key

    home, site = home_of(asked), site_of(asked)
    if not site.registry_database.exists():
        raise UsageError(f"nothing is kept in {home} yet: il6 refresh")
    # a number on the command line stays in the shell's history
    number = sys.stdin.readline().strip() if asked.number == "-" else asked.number
    try:
        found = look_up(site, open_key(home), number)
    except duckdb.IOException:
        raise UsageError("a refresh is running; try again when it has ended") from None
    if asked.undo:
        struck.undo(home, found.pseudonym)
        print("Taken back. Next: il6 refresh")
        return
    struck.strike(home, found.pseudonym, getpass.getuser(), asked.why, date.today())
    print(
        f"Struck out: {len(found.lines)} lines are removed at the next il6 refresh; they stay in "
        "raw, and the worklist lists the patient under removed and merged."
    )
