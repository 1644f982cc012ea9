"""il6 site-pack: write what this site gives of a study to a network of sites: sums, no rows."""

from __future__ import annotations

import argparse
from pathlib import Path

from il6_platform.cli.options import add_study, check_folder, site_of
from il6_platform.errors import UsageError

EXAMPLES = """example:
  il6 site-pack --site heidelberg --request request-1.json --to packs --by NAME --why "network X"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument("--site", required=True, help="what this site is called in the network")
    parser.add_argument("--request", type=Path, help="what the network asks (default: round 0)")
    parser.add_argument("--to", type=Path, default=Path(), help="folder (default: this one)")
    parser.add_argument("--by", required=True, help="who gives it")
    parser.add_argument("--why", required=True, help="for what it leaves the site")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    import duckdb

    from il6_platform.network.folder import write_site_pack
    from il6_platform.warehouse.database import Warehouse

    check_folder(asked.to)
    warehouse = Warehouse(site=site_of(asked), holds="study")
    try:
        file = write_site_pack(warehouse, asked.site, asked.request, asked.to, asked.by, asked.why)
    except duckdb.IOException:
        raise UsageError("a refresh is running; try again when it has ended") from None
    print(f"Pack: {file}")
    print("Read it before it leaves: disclosure control knows counts, not who may have them.")
