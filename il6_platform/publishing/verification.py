"""Whether a home is whole: its key, its kept deliveries, its databases, its published cuts.

Belongs here: looking at all of it. Does not belong here: what a file must be (`integrity`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from il6_platform.publishing.audit import breaks
from il6_platform.publishing.cuts import ledger
from il6_platform.publishing.release import release_faults, releases
from il6_platform.registry.kept import Kept
from il6_platform.registry.told import told
from il6_platform.warehouse.database import Warehouse, is_held
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import damages, lost_landings, open_key


@dataclass
class Verification:
    """What was looked at, and what is wrong; a sentence each."""

    checked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def verify(site: Site, *, reads_databases: bool = True) -> Verification:
    """Check a home.

    Parameters
    ----------
    reads_databases
        Whether the databases are read too, which are made again where they are damaged.

    Raises
    ------
    HomeError
        Where the key is not the home's.
    """
    found = Verification()
    open_key(site.home_path)
    found.checked.append("The key is the home's own.")
    _deliveries(site, found)
    studies = {name: site.of_study(name) for name in site.studies()}
    # a refresh that runs enters a cut, then puts it there, then lets the links lead to it
    at_rest = [
        name
        for name, study in studies.items()
        if not is_held(Warehouse(site=study, holds="study").lock_path)
    ]
    for name, study in studies.items():
        if reads_databases:
            _database(study.working_database, found)
        cuts = sorted(one for one in study.cuts_path.iterdir() if one.name[0] != ".")
        faults = [f"study {name}, cut {fault}" for cut in cuts for fault in damages(cut)]
        if name in at_rest:
            faults += [f"study {name}{fault}" for fault in _order(study, cuts)]
        found.checked.append(f"Study {name}: {len(cuts)} cuts.")
        found.faults += faults
        _releases(study, found)
    for folder in sorted(site.studies_path.iterdir()):
        if (folder / "cuts").is_dir() and folder.name not in studies:
            found.faults.append(f"study {folder.name}: its study file is gone")
    if len(at_rest) == len(studies) and not site.is_pointed_at():
        found.faults.append("published does not lead to what the home's study published")
    found.faults += [f"log: {fault}" for fault in breaks(site.home_path)]
    if reads_databases:
        _database(site.registry_database, found)
    return found


def _order(study: Site, cuts: list[Path]) -> Iterator[str]:
    """Check that ledger, cuts and what is published are of each other."""
    known = ledger(study)
    for cut, one in known.items():
        if not one.pruned_at and not (study.cuts_path / cut).exists():
            yield f", cut {cut}: is gone"
    for folder in cuts:
        if folder.name not in known:
            yield f", cut {folder.name}: cuts.csv does not know it"
    published = study.published_path
    if not published.exists() and (cuts or published.is_symlink()):
        yield ": published leads nowhere"
    elif published.exists() and published.resolve().parent != study.cuts_path.resolve():
        yield ": published leads to no cut of it"


def _deliveries(site: Site, found: Verification) -> None:
    """Check the kept deliveries against the ledger, and against what was erased of them."""
    if not site.landings_path.exists():
        found.faults.append("deliveries.csv, the ledger of deliveries, is missing")
        return
    held = is_held(Warehouse(site=site).lock_path)
    kept_of = Kept(site.home_path)
    lost = lost_landings(site.home_path, len(kept_of.landings))
    if lost and not held:
        found.faults.append(lost)
    missed = kept_of.missed()
    kept = sum(not path.name.startswith(".") for path in site.kept_path.iterdir())
    found.checked.append(f"{kept} kept deliveries.")
    for name, file in missed.items():
        is_there = (site.kept_path / name).exists()
        said = "is not what arrived" if is_there else "is gone"
        found.faults.append(f"delivery {told(file, name)} {said}")


def _releases(study: Site, found: Verification) -> None:
    """Check that every release is there as it was released."""
    known = releases(study)
    found.faults += [
        f"study {study.study.name}, release {fault}" for fault in release_faults(study.study_folder)
    ]
    if known:
        found.checked.append(f"Study {study.study.name}: {len(known)} releases.")


def _database(path: Path, found: Verification) -> None:
    """Check that a database can be read, each block of it; it is a cache, so it may be missing."""
    if not path.exists():
        return
    try:
        with duckdb.connect(path, read_only=True) as connection:
            tables = connection.execute(
                'select format(\'"{}"."{}"\', schema_name, table_name) from duckdb_tables() '
                "where database_name = current_database()"
            ).fetchall()
            for (table,) in tables:
                connection.execute(f"select sum(hash(rows)) from {table} as rows").fetchall()
    except duckdb.Error as error:
        if "lock" not in str(error).lower():
            found.faults.append(f"{path.name} cannot be read; il6 refresh --force makes it again")
