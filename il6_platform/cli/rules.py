"""il6 rules: print the rule book."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--table", help="of one table, for example labs")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.errors import UsageError
    from il6_platform.validation.rulebook import book

    found = book()
    tables = found["table"].str.rpartition(".")[2]
    if asked.table:
        found = found[tables == asked.table.rpartition(".")[2]]
        if found.empty:
            raise UsageError(f"no rule is of {asked.table}; there are {', '.join(tables.unique())}")
    for table, rules in found.groupby("table", sort=False):
        print(f"\n{table}")
        for row in rules.to_dict("records"):
            print(
                f"  {row['rule']}  [{row['severity']}; {row['who puts it right']}]\n"
                f"      {row['says']}"
            )
    print(f"\n{len(found)} rules; what they found last: il6 open quality")
