"""What several commands share: their options, and reading the published report."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform import paths
from il6_platform.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from il6_platform.report.one_patient import OnePatient
    from il6_platform.warehouse.home import Site


def add_landing(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the landing folder."""
    parser.add_argument("--landing", type=Path, help="folder in which exports are dropped")


def add_study(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the study: one of the home, or a file that is added to it."""
    parser.add_argument("--study", help="name of a study of the home, or a study file")


def day(text: str) -> str:
    """Read an ISO date of the command line."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date written YYYY-MM-DD") from None


def home_of(asked: argparse.Namespace) -> Path:
    """Return the folder of the installation that a command is about."""
    home = Path(asked.home or paths.default_home()).resolve()
    if home.exists() and not home.is_dir():
        raise UsageError(f"{home} is a file, not a folder; name a folder with --home")
    return home


def check_outside(place: Path, home: Path) -> None:
    """See that what a command writes overwrites nothing of the home.

    Raises
    ------
    UsageError
        Where a file or folder lies in the home.
    """
    if home in (place.resolve(), *place.resolve().parents):
        raise UsageError(f"{place} lies in {home}, which holds what is kept; name another place")


def check_folder(place: Path, option: str = "--to") -> None:
    """See that a command can write a folder, or read one, where it is told to.

    Raises
    ------
    UsageError
        Where that is a file, or lies below one.
    """
    for one in (place, *place.parents):
        if os.path.lexists(one) and not os.path.isdir(one):
            raise UsageError(f"{one} is a file, not a folder; name a folder with {option}")


def check_file(place: Path) -> None:
    """See that a command can write a file where it is told to.

    Raises
    ------
    UsageError
        Where that is a folder, or in none.
    """
    if os.path.isdir(place):
        raise UsageError(f"{place} is a folder, not a file; name a file with --to")
    if not os.path.isdir(place.parent):
        raise UsageError(f"{place.parent} is no folder; name a file in one with --to")


def landing_of(asked: argparse.Namespace) -> Path:
    """Return the landing folder that a command is about."""
    from il6_platform.warehouse.integrity import default_landing

    return Path(getattr(asked, "landing", None) or default_landing(home_of(asked))).resolve()


def site_of(asked: argparse.Namespace) -> Site:
    """Return the installation that a command reads, with the study that is meant.

    Raises
    ------
    UsageError
        Where the home has several studies and none is named, and not one alone the default.
    HomeError
        Where it was made by a newer version.
    """
    from il6_platform.study import read_study
    from il6_platform.warehouse.home import Site
    from il6_platform.warehouse.integrity import check_version

    home = home_of(asked)
    check_version(home)
    site = Site(home=str(home), landing=str(landing_of(asked)))
    named = getattr(asked, "study", None)
    if named is None and not hasattr(asked, "study"):
        # the command is about the registry, which all studies share
        return site
    if named is None:
        names, meant = [*site.studies()], site.default_studies()
        if len(names) > 1 and len(meant) != 1:
            several = ", and `default: true` in more than one" if meant else ""
            raise UsageError(
                f"{home} has several studies ({', '.join(names)}){several}; name one with --study"
            )
        return site
    path = Path(named)
    return site.of_study(read_study(path).name if path.suffix in (".yaml", ".yml") else str(named))


def add_number(parser: argparse.ArgumentParser) -> None:
    """Add the argument that says which patient is meant."""
    parser.add_argument(
        "number",
        help="the registry's number (SITE:NUMBER), or the pseudonym; -: from standard input",
    )


def typed_number(given: str) -> str:
    """Return a patient's number; for `-` the first line that is piped in.

    A number on the command line stays in the shell's history.
    """
    return sys.stdin.readline().strip() if given == "-" else given


def patient_of(asked: argparse.Namespace) -> OnePatient:
    """Return all that is kept of the patient whom a command is about.

    Raises
    ------
    UsageError
        Where nothing is kept yet, a refresh is running or nobody has that number.
    """
    import duckdb

    from il6_platform.report.one_patient import look_up
    from il6_platform.warehouse.integrity import open_key

    home, site = home_of(asked), site_of(asked)
    if not site.registry_database.exists():
        raise UsageError(f"nothing is kept in {home} yet: il6 refresh")
    try:
        return look_up(site, open_key(home), typed_number(asked.number))
    except duckdb.IOException:
        raise UsageError("a refresh is running; try again when it has ended") from None
    except duckdb.CatalogException:
        raise UsageError(f"nothing was read in {home} yet: il6 refresh") from None


def read_published(site: Site, sql: str) -> pd.DataFrame:
    """Answer a query from the published report of a study."""
    if not sql.strip():
        raise UsageError("the query is empty; for example: il6 query 'from report.headline'")
    found = site.read_published(sql)
    if found is None:
        raise UsageError(f"nothing is published in {site.home} yet: il6 refresh")
    return found


def print_headline(site: Site) -> None:
    """Print each published claim beside this cut's figure."""
    import pandas as pd

    from il6_platform.figures import numbers
    from il6_platform.figures.labels import statistic_name

    registry = "select value from report.provenance where kind = 'registry'"
    for said in read_published(site, registry)["value"]:
        print(f"{said}\n")
    for row in read_published(site, "from report.headline").itertuples():
        print(
            f"{row.claim}\n    published  {row.published}"
            + (f" ({row.published_n})" if row.published_n else "")
        )
        if pd.isna(row.estimate):
            print(f"    now        not estimable, n={row.n}. {row.reading or ''}")
            continue
        write = numbers.claim_writer(row.measure)
        now = f"{statistic_name(row.measure)} {write(row.estimate)}"
        if pd.notna(row.ci_low) or pd.notna(row.ci_high):
            now += f" (95% CI {numbers.interval(row.ci_low, row.ci_high, write)})"
        if pd.notna(row.p_value):
            now += f", {row.test} {numbers.p_text(row.p_value)}"
        now += f", n={row.n}"
        if pd.notna(row.n_first):
            now += f" ({row.n_first} vs {row.n_second})"
        if pd.notna(row.events):
            now += f", {row.events} events"
        print(f"    now        {now}\n" + (f"    reading    {row.reading}" if row.reading else ""))
