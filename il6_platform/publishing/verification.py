"""Whether a home is whole: its key, its kept deliveries, its databases, its published cuts.

Belongs here: looking at all of it. Does not belong here: what a file must be (`integrity`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from il6_platform.files import digest_of_file
from il6_platform.publishing.cuts import ledger
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import damages, open_key


@dataclass
class Verification:
    """What was looked at, and what is wrong; a sentence each."""

    checked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def verify(site: Site) -> Verification:
    """Check a home.

    Raises
    ------
    HomeError
        Where the key is not the home's.
    """
    found = Verification()
    open_key(site.home_path)
    found.checked.append("The key is the home's own.")
    _deliveries(site, found)
    for name in site.studies():
        study = site.of_study(name)
        _database(study.working_database, found)
        cuts = sorted(one for one in study.cuts_path.iterdir() if one.name[0] != ".")
        faults = [f"study {name}, cut {fault}" for cut in cuts for fault in damages(cut)]
        known = ledger(study)
        faults += [
            f"study {name}, cut {cut}: is gone"
            for cut, one in known.items()
            if not one.pruned_at and not (study.cuts_path / cut).exists()
        ]
        if study.published_path.is_symlink() and not study.published_path.exists():
            faults.append(f"study {name}: published leads nowhere")
        found.checked.append(f"Study {name}: {len(cuts)} cuts.")
        found.faults += faults
    _database(site.registry_database, found)
    return found


def _deliveries(site: Site, found: Verification) -> None:
    """Check the kept deliveries that the ledger names against their names."""
    if not site.landings_path.exists():
        found.faults.append("deliveries.csv, the ledger of deliveries, is missing")
        return
    contents = set(pd.read_csv(site.landings_path, dtype=str)["content"])
    kept = [name for name in sorted(contents) if (site.kept_path / name).exists()]
    found.checked.append(f"{len(kept)} kept deliveries.")
    if site.forgotten_path.exists():
        found.checked.append("Lines of forgotten patients were erased: deliveries are not hashed.")
        return
    for name in kept:
        if digest_of_file(site.kept_path / name) != name:
            found.faults.append(f"delivery {name[:12]} is not what arrived")


def _database(path: Path, found: Verification) -> None:
    """Check that a database can be opened; it is a cache, so it may be missing."""
    if not path.exists():
        return
    try:
        duckdb.connect(path, read_only=True).close()
    except duckdb.Error as error:
        if "lock" not in str(error).lower():
            found.faults.append(f"{path.name} cannot be opened; il6 refresh --force makes it again")
