"""il6 demo: refresh the embedded, synthetic registry."""

from __future__ import annotations

import argparse

from il6_platform import paths
from il6_platform.cli import refresh
from il6_platform.cli.options import home_of, print_headline, site_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    """This command has none of its own."""


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    asked.landing, asked.study = paths.demo_landing(), str(paths.default_study())
    asked.as_of, asked.censor, asked.force = None, None, True
    refresh.run(asked)
    home, site = home_of(asked), site_of(asked)
    print("\nPublished claim, then this cut:\n")
    print_headline(site)
    print(f"\nReport:   {home / 'published' / 'report.html'}")
    print(f"Database: {home / 'published' / 'report.duckdb'}   (il6 query 'from report.results')")
    print("UI:       make ui, then open http://127.0.0.1:3000")
