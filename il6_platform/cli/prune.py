"""il6 prune: take away cuts and runs beyond what `keep:` of registry.yaml says."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import home_of, landing_of
from il6_platform.settings import set_dagster_home

EXAMPLES = """examples:
  il6 prune                                 with keep: {cuts: 20, run_days: 90} in registry.yaml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.set_defaults(landing=None)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    home = home_of(asked)
    from il6_platform.warehouse.integrity import check_home

    check_home(home)
    from dagster import DagsterInstance

    from il6_platform.defs.instance import prepare_instance
    from il6_platform.publishing.retention import kept_by, prune
    from il6_platform.warehouse.home import Site

    site = Site(home=str(home), landing=str(landing_of(asked)))
    keep = kept_by(site)
    if keep.cuts is None and keep.run_days is None:
        print("Everything is kept: registry.yaml has no keep: {cuts: N, run_days: N}.")
        return
    dagster_home = prepare_instance(home)
    set_dagster_home(dagster_home)
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        gone = prune(site, instance)
    print("\n".join(f"Removed: {one}" for one in gone) or "Nothing is older than what is kept.")
