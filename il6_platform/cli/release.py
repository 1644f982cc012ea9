"""il6 release: make what of a cut may leave the site, after disclosure control."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import add_study, site_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument("cut", nargs="?", default="published", help="default: the published one")
    parser.add_argument("--by", required=True, help="who releases it")
    parser.add_argument("--why", required=True, help="for what it leaves the site")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.release import release

    folder = release(site_of(asked), asked.cut, asked.by, asked.why)
    print(f"Released: {folder}")
    print("Read it before it leaves: disclosure control knows counts, not what a label says.")
