"""il6 verify: check key, kept deliveries and published cuts against what was written down."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import home_of, landing_of
from il6_platform.errors import PlatformError, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.set_defaults(landing=None)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.verification import verify
    from il6_platform.warehouse.home import Site

    home = home_of(asked)
    if not (home / "home.json").exists():
        raise UsageError(f"{home} is no home of il6 yet: il6 refresh")
    found = verify(Site(home=str(home), landing=str(landing_of(asked))))
    print("\n".join(found.checked))
    if found.faults:
        print("\n".join(found.faults))
        raise PlatformError(
            f"{len(found.faults)} faults; il6 refresh --force builds what is published anew, "
            "il6 restore brings deliveries back"
        )
    print("No fault was found.")
