"""il6 diff: what changed from one cut to another."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import add_study, site_of
from il6_platform.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument("earlier", help="a cut's name or its beginning (il6 cuts)")
    parser.add_argument("later", nargs="?", default="published", help="default: the published one")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.cuts import difference, find, in_words

    site = site_of(asked)
    earlier, later = find(site, asked.earlier), find(site, asked.later)
    if earlier == later:
        raise UsageError(f"{earlier} would be compared with itself; il6 cuts lists the others")
    found = difference(site, earlier, later)
    print("\n".join(in_words(earlier, later, found)))
    if found.patients is not None and len(found.patients):
        listed = site.study_folder / "patients" / f"{earlier}-{later}.csv"
        listed.touch(mode=0o600)
        found.patients.to_csv(listed, index=False, lineterminator="\n")
        print(f"\nWho they are (pseudonyms, stays here): {listed}")
