"""il6 status: where you stand, and what to do next; also `il6` alone."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from il6_platform.cli import outcome
from il6_platform.cli.options import add_landing, home_of, landing_of
from il6_platform.errors import DataQualityError, UsageError
from il6_platform.settings import read_settings
from il6_platform.warehouse.standing import LastRefresh, Standing, standings

EXAMPLES = """examples:
  il6                                       the same
  il6 status --study crp                    of one study
  il6 status --json                         for machines
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_landing(parser)
    parser.add_argument("--study", help="name of a study of the home; default: all of them")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    home = home_of(asked)
    every = standings(home)
    found = [one for one in every if asked.study in (None, one.study)]
    if every and not found:
        known = ", ".join(one.study for one in every)
        raise UsageError(f"no study {asked.study!r} is published in {home}; there are {known}")
    last = last_refresh(home)
    if asked.json:
        said = {
            "home": str(home),
            "studies": [asdict(one) for one in found],
            "to_put_right": outcome.to_put_right(home),
            "last_refresh": asdict(last) if last else None,
        }
        print(json.dumps(said, ensure_ascii=False, indent=2))
        return
    if not found:
        cut = home / "published"
        what = f"cut {cut.resolve().name} is published" if cut.exists() else "nothing is published"
        print(f"In {home} {what}.\n")
    for standing in found:
        # the worklist is the registry's: said once, however many studies there are
        last_one = [*outcome.worklist_entry(home)] if standing is found[-1] else []
        outcome.print_box([*outcome.entries(home, standing), *last_one])
    print("\n".join(outcome.in_lines([*_since(asked, home, last)], width=None)))
    print("\n".join(["\nNext:", *(f"  {line}" for line in _next(home, found, last))]))


def last_refresh(home: Path) -> LastRefresh | None:
    """Return what became of the last refresh, whoever ran it.

    The command line wrote down its own; where the daemon or the UI ran one since, Dagster's storage
    is asked, which takes seconds to load.
    """
    known = LastRefresh.read(home)
    if read_settings().dagster_database is not None and (home / "dagster").is_dir():
        # a database elsewhere does not say by a file's time whether it knows of a later one
        from il6_platform.defs.last_run import last_run

        later = [one for one in (known, last_run(home)) if one is not None]
        return max(later, key=lambda one: one.ended_at, default=None)
    runs = [*home.glob("dagster/history/runs.db"), *home.glob("dagster/history/runs/*.db")]
    own = home / "last_refresh.json"
    written = max((path.stat().st_mtime for path in runs), default=0.0)
    if known is not None and written <= own.stat().st_mtime:
        return known
    if not runs:
        return known
    from il6_platform.defs.last_run import last_run

    return last_run(home) or known


def _since(
    asked: argparse.Namespace, home: Path, last: LastRefresh | None
) -> Iterator[tuple[str, Sequence[str]]]:
    """Say what became of the last refresh, and what lies in the landing folder."""
    from il6_platform.registry.landing import landed

    if last is not None:
        kinds = {0: "what was new is published", 1: "BLOCKED by data quality"}
        said = kinds.get(last.status, "FAILED")
        when = datetime.fromisoformat(last.ended_at).astimezone(UTC)
        told = f"{when:%Y-%m-%d %H:%M} UTC: {said}"
        yield "Refreshed", [told, *([last.reason] if last.reason else [])]
    landing = landing_of(asked)
    complete, waiting = landed(landing) if landing.is_dir() else ([], [])
    still = f", {len(waiting)} still being written" if waiting else ""
    yield "Landing", [f"{landing}: {len(complete)} files{still}"]


def _next(home: Path, found: Sequence[Standing], last: LastRefresh | None) -> list[str]:
    """Return what to do next, the most pressing first."""
    steps = []
    if last is not None and last.status == DataQualityError.exit_status:
        steps.append("il6 open worklist       what blocked the last refresh: correct, export again")
    if not found and [*home.glob("studies/*/study.yaml")]:
        steps.append("il6 refresh             publish what this home holds")
        return steps
    if not found:
        steps.append("il6 demo                see it with the embedded, synthetic registry")
        steps.append("il6 refresh --study study.yaml --landing FOLDER    with your own exports")
        return steps
    if any(standing.set_aside != "0" for standing in found) and not steps:
        steps.append("il6 open worklist       records that keep patients out of the analysis")
    steps.append("il6 open report         read what is published")
    steps.append("il6 refresh             when new exports are there")
    return steps
