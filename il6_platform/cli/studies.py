"""il6 studies: the studies of the home: patients, cut, last refresh, headline in a line."""

from __future__ import annotations

import argparse
import textwrap

from il6_platform.cli.options import home_of, landing_of
from il6_platform.errors import UsageError

WIDTH = 100
"""Characters of a line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.set_defaults(landing=None)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.cuts import ledger
    from il6_platform.report.reader import read_cut
    from il6_platform.report.sentences import answer
    from il6_platform.warehouse.home import Site

    site = Site(home=str(home_of(asked)), landing=str(landing_of(asked)))
    names = list(site.studies())
    if not names:
        raise UsageError(f"{site.home} has no study yet: il6 refresh --study FILE")
    default = site.default_study()
    for name in names:
        study = site.of_study(name)
        mark = " (default)" if default == site.studies()[name] else ""
        print(f"{name}{mark}: {study.study.title}")
        database = study.published_database()
        if database is None:
            print("    not published yet: il6 refresh")
            continue
        cut = read_cut(database)
        kept = ledger(study).get(cut.name)
        when = kept.kept_at if kept else "unknown"
        print(f"    {cut.patients('analysed')} patients analysed; cut {cut.name}, made {when}")
        said = " ".join(answer(cut.results, cut.study))
        print(textwrap.shorten(f"    {said}", WIDTH * 3, placeholder=" ..."))
