"""il6 query: ask the published database (read-only)."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import add_study, read_published, site_of
from il6_platform.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument("sql", help="for example: select * from report.headline")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    import duckdb
    import pandas as pd

    try:
        frame = read_published(site_of(asked), asked.sql)
    except duckdb.Error as error:
        raise UsageError(str(error).splitlines()[0]) from None
    with pd.option_context(
        *("display.width", 220, "display.max_columns", None),
        *("display.max_rows", None, "display.max_colwidth", 70),
    ):
        print(frame.to_string(index=False))
