"""il6 forget: erase what is kept of a patient."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import add_landing, home_of, landing_of, typed_number
from il6_platform.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_landing(parser)
    parser.add_argument(
        "patient", help="the registry's number (SITE:NUMBER), or the pseudonym; - reads it"
    )
    parser.add_argument(
        "--another",
        action="store_true",
        help="erase nobody: this site's patient is another one than who was forgotten",
    )


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.cli.refresh import read_again
    from il6_platform.privacy.erasure import forget, say_another
    from il6_platform.warehouse.home import BusyError, Site
    from il6_platform.warehouse.integrity import check_version

    home = home_of(asked)
    check_version(home)
    site = Site(home=str(home), landing=str(landing_of(asked)), wait_seconds=0)
    read_again(site)
    patient = typed_number(asked.patient)
    try:
        if asked.another:
            place, _, number = patient.partition(":")
            say_another(site, place, number)
            print("On record as another patient. Next: il6 refresh")
            return
        done = forget(site, patient)
    except BusyError:
        raise UsageError("a refresh is running; try again when it has ended") from None
    print(
        f"Erased: {done.rows} rows in {done.exports} exports, and the patient's row in "
        f"{done.cuts} earlier cuts. On record as {done.patient} in {site.forgotten_path}."
    )
    for other in done.spelt_otherwise:
        print(f"The number is also there in another spelling: il6 forget {other} erases that one.")
    for file in done.still_landed:
        print(f"Still in the landing folder: {file}; it is not read again, but delete it there.")
    print("The published report still counts the patient until the next il6 refresh.")
