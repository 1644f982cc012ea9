"""il6 demo: refresh the embedded, synthetic registry."""

from __future__ import annotations

import argparse

from il6_platform import paths
from il6_platform.cli import refresh
from il6_platform.cli.options import print_headline, site_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("-v", "--verbose", action="store_true", help="show Dagster's log")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    asked.landing, asked.study = paths.demo_landing(), str(paths.default_study())
    asked.as_of, asked.censor, asked.force = None, None, True
    asked.json = False
    refresh.run(asked)
    print("\nPublished claim, then this cut:\n")
    print_headline(site_of(asked))
    print("\nAsk it:   il6 query 'from report.results'\nUI:       make ui")
