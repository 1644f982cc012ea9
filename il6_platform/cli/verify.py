"""il6 verify: check key, kept deliveries and published cuts against what was written down."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import home_of, landing_of
from il6_platform.errors import PlatformError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.set_defaults(landing=None)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.verification import verify
    from il6_platform.warehouse.home import Site
    from il6_platform.warehouse.integrity import check_home

    home = home_of(asked)
    check_home(home)
    found = verify(Site(home=str(home), landing=str(landing_of(asked))))
    print("\n".join(found.checked))
    if found.faults:
        print("\n".join(found.faults))
        n = len(found.faults)
        raise PlatformError(
            f"{n} fault{'s' if n > 1 else ''}; il6 refresh --force builds what is published anew, "
            "il6 restore brings back deliveries, earlier cuts and ledgers"
        )
    print("No fault was found.")
