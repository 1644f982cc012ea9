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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml

from il6_platform.analysis.spec import analyses
from il6_platform.errors import PlatformError, UsageError
from il6_platform.files import make_folder, read_rows, sync_folder, sync_tree, write_whole
from il6_platform.privacy import disclosure
from il6_platform.publishing.audit import append, entries
from il6_platform.publishing.cuts import find
from il6_platform.publishing.differencing import (
    Earlier,
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
    return _on_record(site.study_folder)


def _on_record(study: Path) -> list[Release]:
    names = Release.__dataclass_fields__
    ledger = study / "releases.csv"
    return [Release(**{name: row[name] for name in names}) for row in read_rows(ledger, names)]


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
    study = site.study_folder
    # one at a time in a home: studies are compared with each other
    with locked(site.home_path / "release.lock", site):
        before = _whole_releases(study)
        if name in [one.cut for one in before]:
            raise UsageError(f"cut {name} is released already: {_folder(study, name)}")
        building = _building(study, name)
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
        _put_in_place(study, name)
    return _folder(study, name)


def _whole_releases(study: Path) -> list[Release]:
    """Return the releases of a study's folder, all whole; put in place what a kill left on record.

    Raises
    ------
    PlatformError
        Where one is gone or damaged: what is safe beside it cannot be known.
    """
    known = _on_record(study)
    for one in known:
        if not _folder(study, one.cut).exists() and _building(study, one.cut).exists():
            _put_in_place(study, one.cut)
    for fault in release_faults(study):
        raise PlatformError(
            f"release {fault}, so that a new one cannot be compared with it: restore it from your "
            "backup (il6 restore)"
        )
    for left in [*study.glob("released/.building-*"), *study.glob(".release-*")]:
        shutil.rmtree(left)
    return known


def release_faults(study: Path) -> Iterator[str]:
    """Say what of the releases of a study's folder is gone or damaged, as far as a new one asks."""
    known = [one.cut for one in _on_record(study)]
    logged = [
        str(one["about"].get("cut"))
        for one in entries(study.parent.parent)
        if (one.get("command"), one.get("outcome")) == ("release", "made")
        and one["about"].get("study") == study.name
    ]
    # what was released is on record before it is there, and before the log says so
    there = [path.name for path in sorted(study.glob("released/[!.]*"))]
    for cut in dict.fromkeys([*logged, *there]):
        if cut not in known:
            yield f"{cut}: releases.csv does not know it"
    for cut in known:
        folder = _folder(study, cut)
        yield from damages(folder) if folder.exists() else [f"{cut}: is gone"]
        for path in (_patients(study, cut), _counts(study, cut)):
            if not _is_readable(path):
                yield f"{cut}: {path.relative_to(study)} is gone or damaged"


def _is_readable(table: Path) -> bool:
    try:
        duckdb.from_parquet(str(table)).fetchall()
    except duckdb.Error:
        return False
    return True


def _put_in_place(study: Path, cut: str) -> None:
    _building(study, cut).rename(_folder(study, cut))
    sync_folder(_folder(study, cut).parent)


def _compared(site: Site, cut: str, before: Sequence[Release], least: int) -> list[Earlier]:
    """Return what a release is compared with: the earlier ones of its study and of all others."""
    found = [(one, site.study_folder) for one in before]
    for ledger in sorted(site.studies_path.glob("*/releases.csv")):
        if not ledger.parent.samefile(site.study_folder):
            found += [(one, ledger.parent) for one in _whole_releases(ledger.parent)]
    earlier = []
    for one, study in found:
        is_same = study == site.study_folder
        changed = changed_patients(
            _patients(study, one.cut), site.patients_of(cut), is_same_study=is_same
        )
        database = _folder(study, one.cut) / "report.duckdb"
        few = 0 < changed < least
        earlier.append(Earlier(database, _counts(study, one.cut), is_same, few))
    return earlier


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
            compared = _compared(site, name, before, least)
            _protect(warehouse, connection, compared, least)
            disclosure.hide(warehouse, least)
            if compared:
                put_curves(connection)
            _read_what_is_shown(warehouse)
            end(connection, _counts(site.study_folder, name))
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
    compared: Sequence[Earlier],
    least: int,
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
    if compared:
        keep_standing(warehouse, connection, compared)
    has_earlier = any(one.is_same_study for one in compared)
    tell_of_released_cuts(connection, has_earlier=has_earlier)
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


def _folder(study: Path, cut: str) -> Path:
    return study / "released" / cut


def _building(study: Path, cut: str) -> Path:
    return _folder(study, f".building-{cut}")


def _patients(study: Path, cut: str) -> Path:
    return study / "patients" / f"{cut}.parquet"


def _counts(study: Path, cut: str) -> Path:
    return study / "released_counts" / f"{cut}.parquet"


def _write_ledger(site: Site, known: list[Release]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Release.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows([vars(one) for one in known])
    write_whole(site.study_folder / "releases.csv", text.getvalue())
