"""What may leave the site: a cut after disclosure control, safe against the releases before it.

    IL6_HOME/studies/<name>/released/<cut>/    report.duckdb, report.html, manifest.json
    IL6_HOME/studies/<name>/releases.csv       who released which cut, when and why

Counts of few patients, and what would give them away by subtraction, are hidden as in the guide of
the Safe Data Access Professionals and in ACRO; means and medians are rounded to what few patients
cannot move, and levels of a category leave from a declared list alone.

Belongs here: making a release. Does not belong here: the search for small counts
(`privacy.disclosure`), safety against earlier releases (`differencing`).
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml

from il6_platform.errors import UsageError
from il6_platform.files import sync_tree, write_whole
from il6_platform.privacy import disclosure
from il6_platform.publishing.cuts import find
from il6_platform.publishing.differencing import (
    forget_earlier,
    keep_standing,
    tell_of_released_cuts,
)
from il6_platform.registry_file import RegistryFile, read_registry_file
from il6_platform.report import readings
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


def release(
    site: Site, cut: str, by: str, why: str, also: Callable[[Path], object] | None = None
) -> Path:
    """Make a release of a cut; return its folder.

    Parameters
    ----------
    also
        Writes what else may leave into the folder, of the released `report.duckdb` in it alone.

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
    registry = read_registry_file(site.home_path) or RegistryFile()
    least = site.quality.minimal_cell or disclosure.MINIMAL_CELL
    building = _folder(site, f".building-{name}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=site.study_folder, prefix=".release-") as beside:
        warehouse = _opened(Path(beside), source / "report.duckdb", least)
        with warehouse.connect() as connection:
            connection.execute(
                "create table study.disclosure as select $dominance as dominance",
                {"dominance": registry.disclosure.dominance},
            )
            _protect(
                warehouse, connection, [_folder(site, one.cut) / "report.duckdb" for one in before]
            )
            disclosure.hide(warehouse, least)
            copy_tables(connection, "report", building / "report.duckdb")
            page = render(warehouse)
    write_whole(building / "report.html", page)
    if also is not None:
        also(building)
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


def _protect(
    warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, released: Sequence[Path]
) -> None:
    """Round, drop and keep what would tell of few patients, within the release or between two."""
    warehouse.run_sql("release.levels")
    warehouse.run_sql("release.magnitudes")
    if released:
        keep_standing(warehouse, connection, released)
    tell_of_released_cuts(connection, has_earlier=bool(released))
    forget_earlier(connection)
    frame = readings.headline(warehouse.read("report.results"), warehouse.study)
    said = "Published claims beside this cut's figures, and the interaction that the claims imply"
    warehouse.write("report.headline", frame, readings.HEADLINE, said)


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
