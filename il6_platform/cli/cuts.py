"""il6 cuts: list the cuts that are kept."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import add_study, home_of, site_of
from il6_platform.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.cli.query import terminal_width, written
    from il6_platform.publishing.cuts import kept_cuts

    kept = kept_cuts(site_of(asked))
    if kept.empty:
        raise UsageError(f"nothing is published in {home_of(asked)} yet: il6 refresh")
    print(written(kept, "table", terminal_width()))
