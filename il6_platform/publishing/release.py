"""What may leave the site: a cut after disclosure control, safe against the releases before it.

    IL6_HOME/studies/<name>/released/<cut>/    report.duckdb, report.html, manifest.json
    IL6_HOME/studies/<name>/releases.csv       who released which cut, when and why

Counts of few patients, and what would give them away by subtraction, are hidden as in the guide of
the Safe Data Access Professionals and in ACRO. A figure that differs from the last release by fewer
patients than the minimal cell keeps the value of that release, and so do its complements.

Belongs here: making a release. Does not belong here: the search for small counts
(`privacy.disclosure`).
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml

from il6_platform.errors import UsageError
from il6_platform.files import sync_tree, write_whole
from il6_platform.privacy import disclosure
from il6_platform.publishing.cuts import find
from il6_platform.report.page import render
from il6_platform.report.reader import read_cut
from il6_platform.warehouse.database import Warehouse, copy_tables
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import damages, write_manifest
from il6_platform.warehouse.study_tables import prepare_report


@dataclass(frozen=True)
class Release:
    """A line of the ledger: a released cut, when, by whom, why, after which one."""

    cut: str
    released_at: str
    by: str
    why: str
    after: str


def releases(site: Site) -> list[Release]:
    """Return the releases of a study, oldest first."""
    path = _ledger(site)
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [Release(**row) for row in csv.DictReader(stream)]


def release(site: Site, cut: str, by: str, why: str) -> Path:
    """Make a release of a cut; return its folder.

    Raises
    ------
    UsageError
        Where no reason or nobody is named, the cut is damaged, or it was released before.
    """
    if not by.strip() or not why.strip():
        raise UsageError("a release needs who makes it (--by) and why (--why)")
    name = find(site, cut)
    source = site.cuts_path / name
    faults = [*damages(source)]
    if faults:
        raise UsageError(f"{faults[0]}; il6 refresh --force builds it anew")
    before = releases(site)
    if name in [one.cut for one in before]:
        raise UsageError(f"cut {name} is released already: {_folder(site, name)}")
    after = before[-1].cut if before else ""
    least = site.quality.minimal_cell or disclosure.MINIMAL_CELL
    building = _folder(site, f".building-{name}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=site.study_folder, prefix=".release-") as beside:
        warehouse = _opened(Path(beside), source / "report.duckdb", least)
        with warehouse.connect() as connection:
            if after:
                earlier = _folder(site, after) / "report.duckdb"
                _keep_standing(warehouse, connection, earlier)
            disclosure.hide(warehouse, least)
            copy_tables(connection, "report", building / "report.duckdb")
            page = render(warehouse)
    write_whole(building / "report.html", page)
    write_manifest(building)
    sync_tree(building)
    building.rename(_folder(site, name))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _write_ledger(site, [*before, Release(name, now, by.strip(), why.strip(), after)])
    return _folder(site, name)


def _opened(folder: Path, database: Path, least: int) -> Warehouse:
    """Return a database of its own that holds the report tables of a cut, to be changed."""
    study = read_cut(database).study
    file = folder / "study.yaml"
    choices = study.model_dump(mode="json", exclude_defaults=True) | {"name": study.name}
    choices["quality"] = choices.get("quality", {}) | {"minimal_cell": least}
    file.write_text(yaml.safe_dump(choices, allow_unicode=True), encoding="utf-8")
    site = Site(home=str(folder), landing=str(folder / "landing"), study_file=str(file))
    warehouse = Warehouse(site=site, holds="study")
    with warehouse.connect() as connection:
        prepare_report(connection, site, database)
    return warehouse


def _keep_standing(
    warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, earlier: Path
) -> None:
    """Let rows that few patients changed keep what the last release said, and their complements.

    The search for small counts, on how many patients differ, finds them.
    """
    path = str(earlier).replace("'", "''")
    connection.execute(f"attach '{path}' as released (read_only)")
    connection.execute("create or replace schema earlier")
    for table in ("results", "curves"):
        connection.execute(f"create table earlier.{table} as from released.main.{table}")
    connection.execute("detach released")
    connection.execute("create table earlier.current_results as from report.results")
    warehouse.run_sql("release.pairs")
    warehouse.run_sql("release.differences")
    differing = disclosure.small(warehouse)
    connection.execute("create or replace table report.results as from earlier.current_results")
    # a figure of the same patients that moved may have moved by one of them
    unchanged = connection.execute(
        "select pairs.id from pairs inner join report.results as new on pairs.id = new.rowid "
        "inner join earlier.results as old on pairs.old = old.rowid "
        "where new.n is not distinct from old.n and new.events is not distinct from old.events"
    ).fetchall()
    ids = sorted({*differing, *(row for (row,) in unchanged)})
    connection.execute(
        "create or replace temp table standing as select unnest($ids::bigint[]) as id", {"ids": ids}
    )
    warehouse.run_sql("release.standing")
    warehouse.run_sql("report.headline")
    connection.execute("drop schema earlier cascade")


def _folder(site: Site, cut: str) -> Path:
    return site.study_folder / "released" / cut


def _ledger(site: Site) -> Path:
    return site.study_folder / "releases.csv"


def _write_ledger(site: Site, known: list[Release]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Release.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows([vars(one) for one in known])
    write_whole(_ledger(site), text.getvalue())
