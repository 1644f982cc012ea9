"""il6 strike: strike out a patient who never was, as of a mistyped number; --undo takes it back."""

from __future__ import annotations

import argparse
import getpass
from datetime import date

from il6_platform.cli.options import add_number, home_of, patient_of, site_of

EXAMPLES = """examples:
  il6 strike CRLM-0199 --why "typing error for CRLM-0119, deleted in the source"
  il6 strike - --why "test record" < number.txt
  il6 strike CRLM-0199 --undo
Two numbers of one person are merged: merged_patients.csv in the home (docs/data_manager.md).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_number(parser)
    parser.add_argument("--why", default="", help="the reason; never a patient's name")
    parser.add_argument("--undo", action="store_true", help="take the patient back")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    import duckdb

    from il6_platform.cli.refresh import read_again
    from il6_platform.registry import struck

    site = site_of(asked)
    read_again(site)
    home, found = home_of(asked), patient_of(asked)
    if asked.undo:
        with duckdb.connect(site.registry_database, read_only=True) as connection:
            struck.undo(home, struck.listed_as(connection, found.pseudonym))
        print("Taken back. Next: il6 refresh")
        return
    struck.strike(home, found.pseudonym, getpass.getuser(), asked.why, date.today())
    print(
        f"Struck out: {len(found.lines)} lines are removed at the next il6 refresh; they stay in "
        "raw, and the worklist lists the patient under removed and merged."
    )
