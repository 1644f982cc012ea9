"""From exports to the cohort, by the product's own steps, without Dagster and the analyses.

A run costs no imports of the libraries that only analyses need, so that many small registries can
be tried.
"""

from __future__ import annotations

from pathlib import Path

from il6_platform.cohort import steps
from il6_platform.cohort.steps import COHORT, derive_cohort, load_raw
from il6_platform.privacy.erasure import erase_on_record
from il6_platform.validation.rulebook import STAGED
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform_tests.judged_once import judging_once

__all__ = ["COHORT", "derive", "derive_cohort", "load_raw", "share_key", "stage", "warehouse_of"]


def warehouse_of(folder: Path, study: Path, landing: Path | None = None) -> Warehouse:
    """Return a warehouse whose home and landing folder lie in a folder."""
    where = landing or folder / "landing"
    where.mkdir(parents=True, exist_ok=True)
    return Warehouse(
        site=Site(home=str(folder / "home"), landing=str(where), study_file=str(study))
    )


def share_key(home: Path) -> None:
    """Give a home that holds nothing yet the key of all test homes: a patient has one pseudonym."""
    key = home / "pseudonym.key"
    if not key.exists() and not (home / "deliveries").exists():
        # a home is its owner's, whichever test makes it first
        home.mkdir(0o700, parents=True, exist_ok=True)
        key.touch(0o600)
        key.write_text("0" * 64, encoding="utf-8")


def stage(warehouse: Warehouse, *, judge: bool = True) -> None:
    """Make the staging tables of the raw ones, as a refresh does."""
    erase_on_record(warehouse)
    with judging_once():
        steps.stage(warehouse, STAGED if judge else dict.fromkeys(STAGED, ()))


def derive(warehouse: Warehouse) -> None:
    """Read, stage and derive the cohort of what is in the landing folder, in one database."""
    share_key(warehouse.site.home_path)
    with warehouse.connect():
        steps.read_landing(warehouse)
        stage(warehouse)
        derive_cohort(warehouse)
