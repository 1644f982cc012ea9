"""il6 export: ADaM datasets (Parquet, SAS transport) and results."""

from __future__ import annotations

import argparse
from pathlib import Path

from il6_platform.cli.options import add_study, check_folder, check_outside, home_of, site_of
from il6_platform.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument("--to", type=Path, help="folder (default in the study's own folder)")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    import duckdb

    from il6_platform.exchange.datasets import write_exchange
    from il6_platform.publishing.cuts import find
    from il6_platform.warehouse.database import Warehouse

    site = site_of(asked)
    if asked.to is not None:
        check_folder(asked.to)
        check_outside(asked.to, home_of(asked))
    try:
        name = find(site, "published")
        folder = (asked.to or site.study_folder / "exchange" / name).resolve()
        written = write_exchange(Warehouse(site=site, holds="study"), name, folder)
    except duckdb.IOException:
        raise UsageError("a refresh is running; try again when it has ended") from None
    print(f"{len(written)} files of cut {name}: {folder}")
    print("The datasets hold a row a patient: they are for this site, not to be published.")
