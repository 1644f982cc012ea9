"""What a refresh came to, and where a home stands: in a box for people, in JSON for machines.

Belongs here: choosing and printing. Does not belong here: finding it out; what is published wrote
it down (`warehouse.standing`), and the registry's database knows what is to be put right.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from il6_platform import paths
from il6_platform.warehouse.standing import Standing

if TYPE_CHECKING:
    from il6_platform.warehouse.home import Site

WIDEST = 100
"""Characters of a line that is read with ease."""

HEAD = 13
"""Characters of the words before each entry."""


def to_put_right(home: Path) -> dict[str, int] | None:
    """Count what the worklist holds: `problems`, and of them those that `cost` patients.

    None before the registry was read, or while a refresh writes it.
    """
    import duckdb

    database = home / "registry.duckdb"
    if not database.exists():
        return None
    sql = paths.sql_file("validation.worklist").read_text(encoding="utf-8")
    try:
        with duckdb.connect(database, read_only=True) as connection:
            problems, cost = connection.execute(
                "select count(*) filter (where severity != 'info'), count(cost) "
                f"from ({sql.strip().removesuffix(';')})"
            ).fetchall()[0]
    except duckdb.Error:
        return None
    return {"problems": int(problems), "cost": int(cost)}


def entries(home: Path, standing: Standing) -> Iterator[tuple[str, Sequence[str]]]:
    """Give what is said of a study's published cut: a head and its lines."""
    folder = home / "studies" / standing.study
    yield "Study", [f"{standing.study}: {standing.title}", *filter(None, [standing.registry])]
    yield (
        "Published",
        [
            f"cut {standing.cut}, exports to {standing.last_export}; {standing.arrived} patients "
            f"arrived, {standing.analysed} are analysed"
        ],
    )
    yield "Answer", standing.answer
    if standing.not_given:
        yield "Study file", standing.not_given
    if standing.changes:
        yield f"Since {standing.after[:6]}", standing.changes
    if standing.set_aside != "0":
        yield (
            "Left out",
            [
                f"{standing.set_aside} {'patient' if standing.set_aside == '1' else 'patients'}: a "
                "record that could decide is in quarantine; the worklist says which"
            ],
        )
    yield "Report", [str(folder / "published" / "report.html")]


def worklist_entry(home: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Give what is to be put right, and where the list is."""
    counts, path = to_put_right(home), home / "worklist.xlsx"
    if counts is None or not path.exists():
        return
    if not counts["problems"]:
        yield "Put right", ["nothing: no rule is broken"]
        return
    noun = "problem" if counts["problems"] == 1 else "problems"
    costs = f", {counts['cost']} of them costing patients" if counts["cost"] else ""
    yield "Put right", [f"{counts['problems']} {noun}{costs}: {path}"]


def show(site: Site, refreshed: Sequence[str]) -> None:
    """Print the box that a refresh ends in."""
    home = site.home_path
    if not refreshed:
        print(f"Nothing new in {site.landing}: what is there is published.")
        return
    for number, name in enumerate(refreshed, start=1):
        standing = Standing.read(home / "studies" / name)
        if site.as_of or site.censor or standing is None:
            # a look back is kept beside what is published
            print(f"Study {name}: the cut is kept; il6 cuts lists it.")
            continue
        # the worklist is the registry's: said once, however many studies there are
        to_do = worklist_entry(home) if number == len(refreshed) else ()
        print_box([*entries(home, standing), *to_do])
    print("Next: il6 open report")


def print_box(found: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Print entries in a frame on a terminal, as plain lines elsewhere."""
    if not sys.stdout.isatty():
        print("\n".join(in_lines(found, width=None)))
        return
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    console = Console(width=min(Console().width, WIDEST))
    lines = in_lines(found, width=console.width - 4)
    console.print(Panel(Text("\n".join(lines)), border_style="green"))


def in_lines(found: Sequence[tuple[str, Sequence[str]]], width: int | None) -> list[str]:
    """Return entries as lines, their heads to the left; None: a line each, however long."""
    lines = []
    for head, sentences in found:
        for sentence in sentences:
            parts = [sentence]
            if width is not None:
                # a path is copied whole
                parts = textwrap.wrap(
                    sentence, width - HEAD, break_long_words=False, break_on_hyphens=False
                )
            for part in parts:
                lines.append(f"{head:<{HEAD}}{part}")
                head = ""
    return lines


def as_json(site: Site, refreshed: Sequence[str], seconds: dict[str, float]) -> dict[str, Any]:
    """Return the outcome of a refresh for machines."""
    home = site.home_path
    found = [Standing.read(home / "studies" / name) for name in refreshed]
    return {
        "status": 0,
        "home": str(home),
        "studies": [asdict(one) for one in found if one is not None],
        "to_put_right": to_put_right(home),
        "worklist": str(home / "worklist.xlsx"),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
    }


def advice(home: Path, refreshed: Sequence[str] = ()) -> str:
    """Say what to do where a refresh was blocked, at least of one study."""
    done = f"Published: {', '.join(refreshed)}, and nothing else" if refreshed else ""
    return (
        f"{done or 'Nothing was published'}. To do: open {home / 'worklist.xlsx'} (il6 open "
        "worklist), correct what it names, export again, and il6 refresh. Where the data are right "
        "as they are, the threshold is in the registry file (quality)."
    )
