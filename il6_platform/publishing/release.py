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
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml

from il6_platform.analysis.spec import analyses
from il6_platform.errors import PlatformError, UsageError
from il6_platform.files import make_folder, read_rows, sync_folder, sync_tree, write_whole
from il6_platform.privacy import disclosure
from il6_platform.publishing.audit import append
from il6_platform.publishing.cuts import find
from il6_platform.publishing.differencing import (
    begin,
    changed_patients,
    end,
    forget_earlier,
    keep_standing,
    put_curves,
    tell_of_released_cuts,
)
from il6_platform.registry_file import RegistryFile, read_registry_file
from il6_platform.report import readings
from il6_platform.report.page import render
from il6_platform.report.reader import read_cut
from il6_platform.warehouse.database import Warehouse, copy_tables, locked
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
    names = Release.__dataclass_fields__
    return [
        Release(**{name: row[name] for name in names}) for row in read_rows(_ledger(site), names)
    ]


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
    PlatformError
        Where an earlier release is gone or damaged.
    """
    if not by.strip() or not why.strip():
        raise UsageError("a release needs who makes it (--by) and why (--why)")
    name = find(site, cut)
    source = site.cuts_path / name
    faults = [*damages(source)]
    if faults:
        raise UsageError(f"{faults[0]}; il6 refresh --force builds it anew")
    with locked(site.study_folder / "release.lock", site):
        before = _whole_releases(site)
        if name in [one.cut for one in before]:
            raise UsageError(f"cut {name} is released already: {_folder(site, name)}")
        building = _building(site, name)
        make_folder(building)
        page = _released_tables(site, name, building / "report.duckdb", before)
        write_whole(building / "report.html", page)
        if also is not None:
            also(building)
        write_manifest(building)
        sync_tree(building)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        after = before[-1].cut if before else ""
        made = Release(name, now, by.strip(), why.strip(), after)
        # on record before anybody can send it
        _write_ledger(site, [*before, made])
        about = {"study": site.study.name, "cut": name, "by": made.by, "why": made.why}
        append(site.home_path, "release", "made", about)
        _put_in_place(site, name)
    return _folder(site, name)


def _whole_releases(site: Site) -> list[Release]:
    """Return the releases before, all of them whole; put in place what a kill left on record.

    Raises
    ------
    PlatformError
        Where one is gone or damaged: what is safe beside it cannot be known.
    """
    folder = site.study_folder / "released"
    known = releases(site)
    for one in known:
        building = _building(site, one.cut)
        if not _folder(site, one.cut).exists() and building.exists():
            _put_in_place(site, one.cut)
        faults = [*damages(_folder(site, one.cut))]
        if faults:
            raise PlatformError(
                f"release {faults[0]}, so that a new one cannot be compared with it: restore it "
                "from your backup (il6 restore)"
            )
    for left in [*folder.glob(".building-*"), *site.study_folder.glob(".release-*")]:
        shutil.rmtree(left)
    return known


def _put_in_place(site: Site, cut: str) -> None:
    _building(site, cut).rename(_folder(site, cut))
    sync_folder(_folder(site, cut).parent)


def _released_tables(site: Site, name: str, database: Path, before: Sequence[Release]) -> str:
    """Write the report tables after disclosure control; return the page that is made of them."""
    registry = read_registry_file(site.home_path) or RegistryFile()
    least = site.quality.minimal_cell or disclosure.MINIMAL_CELL
    source = site.cuts_path / name / "report.duckdb"
    with tempfile.TemporaryDirectory(dir=site.study_folder, prefix=".release-") as beside:
        warehouse = _opened(Path(beside), source, least)
        with warehouse.connect() as connection:
            connection.execute(
                "create table study.disclosure as select $dominance as dominance",
                {"dominance": registry.disclosure.dominance},
            )
            _protect(
                warehouse,
                connection,
                [
                    (_folder(site, one.cut) / "report.duckdb", _counts(site, one.cut))
                    for one in before
                ],
                least,
                as_a_whole=any(
                    0 < (changed_patients(site, one.cut, name) or 0) < least for one in before
                ),
            )
            disclosure.hide(warehouse, least)
            if before:
                put_curves(connection)
            _read_what_is_shown(warehouse)
            end(connection, _counts(site, name))
            copy_tables(connection, "report", database)
            return render(warehouse)


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
    warehouse: Warehouse,
    connection: duckdb.DuckDBPyConnection,
    released: Sequence[tuple[Path, Path]],
    least: int,
    *,
    as_a_whole: bool,
) -> None:
    """Round, drop and keep what would tell of few patients, within the release or between two."""
    kept_here = [name for name, one in analyses().items() if not one.spec.is_releasable]
    for table in ("results", "curves"):
        connection.execute(
            f"delete from report.{table} where list_contains($names, analysis)",
            {"names": kept_here},
        )
    for step in ("levels", "single_patients", "magnitudes"):
        warehouse.run_sql(f"release.{step}")
    _say_no_counts(connection)
    disclosure.thin_dates(connection, least)
    begin(connection)
    if released:
        keep_standing(warehouse, connection, released, as_a_whole=as_a_whole)
    tell_of_released_cuts(connection, has_earlier=bool(released))
    forget_earlier(connection)


def _read_what_is_shown(warehouse: Warehouse) -> None:
    """Make the headline of what is shown alone."""
    frame = readings.headline(warehouse.read("report.results"), warehouse.study)
    said = "Published claims beside this cut's figures, and the interaction that the claims imply"
    warehouse.write("report.headline", frame, readings.HEADLINE, said)
    warehouse.run_sql("release.headline")


COUNTS = re.compile(r"\b(?<!than )\d+ (?:of \d+|patients?|events?|sites?)\b|\bof \d+\b")
"""What in a note counts patients; a threshold (`fewer than 5 patients`) does not."""


def without_counts(note: str) -> str | None:
    """Return a note without the sentences that count patients, or None where nothing is left.

    Examples
    --------
    >>> without_counts("3 patients are left out: not all values are given. Read with care.")
    'Read with care.'
    >>> without_counts("An expected count is below 5: read with care.")
    'An expected count is below 5: read with care.'
    """
    said = re.split(r"(?<=[.;]) ", note)
    return " ".join(one for one in said if not COUNTS.search(one)) or None


def _say_no_counts(connection: duckdb.DuckDBPyConnection) -> None:
    """Take out of the notes what counts patients: it is hidden and compared nowhere."""
    notes = connection.execute(
        "select distinct note from report.results where note is not null"
    ).fetchall()
    changed = [(without_counts(note), note) for (note,) in notes if COUNTS.search(note)]
    for new, old in changed:
        connection.execute("update report.results set note = ? where note = ?", [new, old])


def _folder(site: Site, cut: str) -> Path:
    return site.study_folder / "released" / cut


def _building(site: Site, cut: str) -> Path:
    return _folder(site, f".building-{cut}")


def _counts(site: Site, cut: str) -> Path:
    return site.study_folder / "released_counts" / f"{cut}.parquet"


def _ledger(site: Site) -> Path:
    return site.study_folder / "releases.csv"


def _write_ledger(site: Site, known: list[Release]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Release.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows([vars(one) for one in known])
    write_whole(_ledger(site), text.getvalue())
