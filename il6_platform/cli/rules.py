"""il6 rules: print the rule book."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import home_of
from il6_platform.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--docs", action="store_true", help="build its pages (IL6_HOME/data_docs)")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.validation.rulebook import book

    if not asked.docs:
        found = book()
        for table, rules in found.groupby("table", sort=False):
            print(f"\n{table}")
            for row in rules.to_dict("records"):
                print(
                    f"  {row['rule']}  [{row['severity']}; {row['who puts it right']}]\n"
                    f"      {row['says']}"
                )
        print(f"\n{len(found)} rules")
        return
    import duckdb

    from il6_platform.validation.docs import FOLDER, build

    home = home_of(asked)
    database = home / "registry.duckdb"
    if not database.exists():
        raise UsageError(f"nothing was judged in {home} yet: il6 refresh")
    try:
        with duckdb.connect(database, read_only=True) as connection:
            verdicts = connection.execute("from staging.verdicts").df()
    except duckdb.IOException:
        raise UsageError("a refresh is running; try again when it has ended") from None
    except duckdb.CatalogException:
        raise UsageError(f"nothing was judged in {home} yet: il6 refresh") from None
    print(f"Data Docs: {build(home / FOLDER, verdicts)}")
