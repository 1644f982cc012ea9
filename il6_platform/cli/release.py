"""il6 release: make what of a cut may leave the site, after disclosure control."""

from __future__ import annotations

import argparse
from pathlib import Path

from il6_platform.cli.options import add_study, site_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument("cut", nargs="?", default="published", help="default: the published one")
    parser.add_argument("--by", required=True, help="who releases it")
    parser.add_argument("--why", required=True, help="for what it leaves the site")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.exchange.datasets import write_results
    from il6_platform.manuscript.document import pack
    from il6_platform.publishing.release import release
    from il6_platform.report.reader import put, read_cut

    def also(folder: Path) -> None:
        """Write manuscript and results for exchange of what is released, not of the cut."""
        released = folder / "report.duckdb"
        cut = read_cut(released)
        put(pack(cut), folder / "manuscript")
        (folder / "exchange").mkdir()
        write_results(released, cut.name, folder / "exchange")

    folder = release(site_of(asked), asked.cut, asked.by, asked.why, also)
    print(f"Released: {folder}")
    print("Read it before it leaves: disclosure control knows counts, not what a label says.")
