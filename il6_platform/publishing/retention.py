"""Retention: cuts and runs beyond what `keep:` of the registry file says are taken away.

What is published, what was released and what is needed to make anything again (key, deliveries,
ledgers, log) always stays. A cut that was pruned is made again by `il6 refresh --as-of`.

Belongs here: choosing and removing. Does not belong here: when it is done (`il6 prune`, nightly).
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from il6_platform.publishing import cuts
from il6_platform.publishing.release import releases
from il6_platform.registry_file import Keep, read_registry_file
from il6_platform.warehouse.database import Warehouse, locked
from il6_platform.warehouse.home import BusyError, Site


def kept_by(site: Site) -> Keep:
    """Return what the home's registry file says is kept; everything where it says nothing."""
    registry = read_registry_file(site.home_path)
    return registry.keep if registry else Keep()


def prune(site: Site, instance: DagsterInstance, now: datetime | None = None) -> list[str]:
    """Take away what need not be kept; say what it was.

    A study that is being refreshed is left for the next time.
    """
    keep, said = kept_by(site), []
    if keep.cuts is not None:
        for name in site.studies():
            study = replace(site.of_study(name), wait_seconds=0)
            try:
                with locked(Warehouse(site=study, holds="study").lock_path, study):
                    gone = _prune_cuts(study, keep.cuts)
            except BusyError:
                continue
            said += [f"study {name}, cut {cut}" for cut in gone]
    if keep.run_days is not None:
        before = (now or datetime.now(UTC)) - timedelta(days=keep.run_days)
        said += [f"run {run}" for run in _prune_runs(site, instance, before)]
    return said


def _prune_cuts(site: Site, most: int) -> list[str]:
    """Remove the oldest cuts but `most`, the published one and released ones among those kept."""
    known = cuts.ledger(site)
    there = [cut for cut in known if (site.cuts_path / cut).is_dir()]
    stay = {one.cut for one in releases(site)}
    if site.published_path.exists():
        stay.add(site.published_path.resolve().name)
    gone = [cut for cut in there[: max(len(there) - most, 0)] if cut not in stay]
    if not gone:
        return []
    now = datetime.now(UTC).isoformat(timespec="seconds")
    # said first: a cut that the ledger calls pruned and that is still there is no damage
    cuts.write_ledger(
        site,
        {cut: replace(one, pruned_at=now) if cut in gone else one for cut, one in known.items()},
    )
    for cut in gone:
        aside = site.cuts_path / f".pruned-{cut}"
        (site.cuts_path / cut).rename(aside)
        site.patients_of(cut).unlink(missing_ok=True)
    for aside in site.cuts_path.glob(".pruned-*"):
        shutil.rmtree(aside)
    return gone


def _prune_runs(site: Site, instance: DagsterInstance, before: datetime) -> list[str]:
    """Delete ended runs that began before a day, with their events and logs."""
    ended = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    runs = instance.get_runs(RunsFilter(statuses=ended, created_before=before))
    for run in runs:
        instance.delete_run(run.run_id)
        shutil.rmtree(site.home_path / "dagster" / "storage" / run.run_id, ignore_errors=True)
    if runs:
        for database in (site.home_path / "dagster").rglob("*.db"):
            _shrink(database)
    return [run.run_id for run in runs]


def _shrink(database: Path) -> None:
    """Give back what deleted rows took; a database that is in use is left for the next time."""
    try:
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
            connection.execute("vacuum")
    except sqlite3.OperationalError:
        return
