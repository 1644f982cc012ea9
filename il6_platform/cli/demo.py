"""il6 demo: refresh the embedded, synthetic registry, for one of its studies or all of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from il6_platform import paths
from il6_platform.cli import refresh
from il6_platform.cli.options import print_headline, site_of
from il6_platform.errors import UsageError


def shipped_studies() -> dict[str, Path]:
    """Return the study files that ship with the embedded registry, by name; IL-6 first."""
    first = paths.default_study()
    others = sorted((paths.project_root() / "data" / "studies").glob("*.yaml"))
    return {file.stem: file for file in (first, *others)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("-v", "--verbose", action="store_true", help="show Dagster's log")
    parser.add_argument(
        "studies",
        nargs="*",
        metavar="STUDY",
        help="shipped studies to refresh (all: every one of them); IL-6 where none is named",
    )


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    shipped = shipped_studies()
    names = list(shipped) if asked.studies == ["all"] else asked.studies or list(shipped)[:1]
    for name in names:
        if name not in shipped:
            raise UsageError(f"no study {name!r} ships; there are all, {', '.join(shipped)}")
    asked.landing = paths.demo_landing()
    asked.as_of, asked.censor, asked.force = None, None, True
    asked.json = False
    for name in names:
        asked.study = str(shipped[name])
        refresh.run(asked)
        print(f"\nStudy {name}. Published claim, then this cut:\n")
        print_headline(site_of(asked))
    print("\nAsk it:   il6 query 'from report.results'\nUI:       make ui")
    others = [name for name in shipped if name not in names]
    if others:
        print(f"Studies:  il6 demo {' '.join(others)}   then: il6 studies")
