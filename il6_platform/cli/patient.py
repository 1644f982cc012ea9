"""il6 patient: all that is kept of one patient, and what became of it."""

from __future__ import annotations

import argparse
import json
import sys

from il6_platform.cli.options import home_of, site_of
from il6_platform.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "number", help="the registry's number (SITE:NUMBER), or the pseudonym; -: read"
    )
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    import duckdb

    from il6_platform.report.one_patient import in_words, look_up
    from il6_platform.warehouse.integrity import open_key

    home = home_of(asked)
    site = site_of(asked)
    if not site.registry_database.exists():
        raise UsageError(f"nothing is kept in {home} yet: il6 refresh")
    # a number on the command line stays in the shell's history
    number = sys.stdin.readline().strip() if asked.number == "-" else asked.number
    try:
        found = look_up(site, open_key(home), number)
    except duckdb.IOException:
        raise UsageError("a refresh is running; try again when it has ended") from None
    except duckdb.CatalogException:
        raise UsageError(f"nothing was read in {home} yet: il6 refresh") from None
    if asked.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(in_words(found)))
