"""il6 open: open the report, the worklist, the data quality page or the Dagster UI."""

from __future__ import annotations

import argparse
import sys

from il6_platform.cli.options import add_study, home_of, site_of
from il6_platform.errors import UsageError

EXAMPLES = """examples:
  il6 open                                  the published report in the browser
  il6 open worklist                         what the data manager has to put right
  il6 open report --study crp --path        print where it is, open nothing
"""

ADDRESS = "http://127.0.0.1:3000"
"""Where `il6 ui` serves by default."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument(
        "what", nargs="?", default="report", choices=("report", "worklist", "quality", "ui")
    )
    parser.add_argument("--path", action="store_true", help="print where it is, open nothing")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    place = _place(asked)
    if asked.path:
        print(place)
        return
    import webbrowser

    print(f"Opening {place}")
    if not webbrowser.open(place if "://" in place else f"file://{place}"):
        print("No program for it was found here; open it from there.", file=sys.stderr)


def _answers() -> bool:
    """Say whether the UI is served here."""
    import socket

    try:
        with socket.create_connection(("127.0.0.1", 3000), timeout=1):
            return True
    except OSError:
        return False


def _place(asked: argparse.Namespace) -> str:
    """Return the file or address that is meant.

    Raises
    ------
    UsageError
        Where there is none yet; the message says what makes it.
    """
    if asked.study is not None:
        # worklist and quality are the registry's: a wrong name is said all the same
        site_of(asked)
    if asked.what == "ui":
        if not _answers():
            raise UsageError(f"nothing answers on {ADDRESS}: start it with il6 ui")
        return ADDRESS
    home = home_of(asked)
    files = {"worklist": home / "worklist.xlsx", "quality": home / "quality.html"}
    path = files.get(asked.what) or site_of(asked).published_path / "report.html"
    if not path.exists():
        raise UsageError(f"there is no {asked.what} in {home} yet: il6 refresh")
    return str(path.resolve())
