"""The command line `il6`: one module a command, found by its name.

Exit status 0: published, or nothing new; 1: blocked by data quality; 2: wrong use; 3: a fault of
the platform. The reason is the last line on stderr; no error leaves as a traceback.

Belongs here: reading arguments, calling one function, printing. Does not belong here: what a
command does. A module imports the heavy libraries when it runs, so that `il6 --help` need not wait;
argparse is kept because it alone costs nothing to import (typer's would double the time).
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import importlib
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from il6_platform.cli.parsing import GroupedHelp, Parser, Version, print_reason
from il6_platform.cli.streams import open_streams, unwritten
from il6_platform.errors import Il6Error, PlatformError
from il6_platform.settings import is_debugging

GROUPS = {
    "Start": ("demo", "study", "refresh", "status", "open"),
    "Read": ("query", "studies", "patient", "cuts", "diff"),
    "Look after the data": ("rules", "check", "profile", "strike", "forget"),
    "Give away": ("manuscript", "export", "release", "site-pack", "network"),
    "Operate": ("ui", "verify", "backup", "restore", "prune", "log", "completion"),
}
"""The commands in the order of the help, by what they are for; each is the module of its name."""

COMMANDS = tuple(name for names in GROUPS.values() for name in names)

LOGGED = frozenset(
    {
        *("demo", "refresh", "strike", "forget", "release", "site-pack", "export"),
        *("backup", "restore", "prune"),
    }
)
"""Commands that change a home or give something of it away: they stand in its log."""

EXAMPLES = """examples:
  il6                                       where you stand, and what to do next
  il6 refresh --study study.yaml --landing /srv/exports
  il6 open report                           read what was published
  il6 query "from report.headline"          ask the published database
  il6 COMMAND --help                        what a command takes, with examples
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    open_streams()
    try:
        asked = read(sys.argv[1:] if arguments is None else arguments)
    except SystemExit:
        # help was asked for, or the arguments are wrong
        if not_written := unwritten():
            print_reason(not_written)
            return PlatformError.exit_status
        raise
    # whatever is written, Dagster's files and the kept cuts too, is for its owner only
    os.umask(0o077)
    status, reason = _run(asked)
    if not_written := unwritten():
        status, reason = max(status, PlatformError.exit_status), reason or not_written
    if asked.command in LOGGED and status != 2:
        try:
            _log(asked, status)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or "the name of the home is none"
            print(f"The log could not be written: {said}", file=sys.stderr)
    if reason:
        # the reason is the last line, whatever else was to be said
        print_reason(reason)
    if arguments is None:
        _end_at_once(status)
    return status


def _end_at_once(status: int) -> None:
    """End the process as it would end by itself, without freeing each of its objects.

    Of a refresh there are a million, which take a fifteenth of its processor time to free. As the
    interpreter does: a thread that is still at work is waited for, and what it needs taken down
    after that.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; without a command, `status` is meant."""
    made = parser()
    asked, unknown = made.parse_known_args(arguments)
    if not hasattr(asked, "command"):
        asked, unknown = made.parse_known_args([*arguments, "status"])
    if unknown:
        asked.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return asked


def _log(asked: argparse.Namespace, status: int) -> None:
    """Put a command into the home's log: who ran it, what came of it, and why."""
    from il6_platform.cli.options import home_of
    from il6_platform.publishing.audit import append

    home = home_of(asked)
    if not home.is_dir():
        # nothing was done that could be logged there
        return
    names = ("study", "cut", "by", "why", "as_of", "censor", "force", "request")
    about = {name: str(value) for name in names if (value := getattr(asked, name, None))}
    about["published"] = _published(home)
    append(home, asked.command, "done" if status == 0 else f"exit status {status}", about)


def _published(home: Path) -> str:
    """Return the cut that is published; of several studies each one's."""
    cuts = {}
    for link in sorted(home.glob("studies/*/published")):
        # one that leads nowhere, or to itself, publishes nothing
        with contextlib.suppress(OSError, RuntimeError):
            cuts[link.parent.name] = link.resolve(strict=True).name
    if len(cuts) > 1:
        return "; ".join(f"{study} {cut}" for study, cut in cuts.items())
    return next(iter(cuts.values()), "nothing")


def _run(asked: argparse.Namespace) -> tuple[int, str]:
    """Run a command; turn every error into a status and a sentence."""
    try:
        asked.run(asked)
    except Il6Error as error:
        return error.exit_status, str(error)
    except KeyboardInterrupt:
        return 3, "Interrupted; the last report stays."
    except Exception as error:
        return 3, _unforeseen(error)
    return 0, ""


def parser() -> Parser:
    """Return the parser of all commands."""
    made = Parser(
        prog="il6",
        description="A living clinical-biomarker study, from exports to the report.",
        epilog=EXAMPLES,
        formatter_class=lambda prog: GroupedHelp(prog, GROUPS),
    )
    made.groups = GROUPS
    made.add_argument("--version", action=Version, help="print the version and leave")
    made.add_argument("--home", type=Path, default=None, help="IL6_HOME: where all is kept")
    commands = made.add_subparsers(metavar="COMMAND", parser_class=Parser)
    for name in COMMANDS:
        module = importlib.import_module(f"il6_platform.cli.{name.replace('-', '_')}")
        words = str(module.__doc__).splitlines()[0].removeprefix(f"il6 {name}: ").rstrip(".")
        one = commands.add_parser(
            name,
            help=words,
            description=f"{words[0].upper()}{words[1:]}.",
            epilog=getattr(module, "EXAMPLES", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.set_defaults(run=module.run, command=name, parser=one)
        one.add_argument(
            "--home", type=Path, default=argparse.SUPPRESS, help="IL6_HOME: where all is kept"
        )
        module.add_arguments(one)
    return made


def _unforeseen(error: Exception) -> str:
    """Say an error that nobody foresaw: its kind and place; its text may quote a patient's value.

    An error of the file system names the file and what the system says of it.
    """
    if is_debugging():
        return "".join(traceback.format_exception(error)).rstrip()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'A file'}: {error.strerror}. The last report stays."
    if "duckdb" in type(error).__module__:
        return (
            f"A database cannot be read ({type(error).__name__}): it is damaged, or a refresh is "
            "writing it. il6 verify says which one, il6 refresh --force makes it again; the last "
            "report stays."
        )
    causes = {type(error).__module__.partition(".")[0]}
    causes |= {type(one).__module__.partition(".")[0] for one in _causes(error)}
    if causes & {"sqlalchemy", "sqlite3", "alembic", "psycopg", "psycopg2"}:
        return (
            f"Dagster's storage cannot be used ({type(error).__name__}): it is damaged, locked or "
            "out of reach. In a home it is the folder dagster, which holds the history of runs and "
            "no data: move it away, and il6 refresh makes it anew; the last report stays."
        )
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "il6_platform" in f.filename]
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return (
        f"A fault of the platform ({type(error).__name__}{place}); the last report stays. "
        "IL6_DEBUG=1 shows more; report it."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give the errors that led to one, the nearest first."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
