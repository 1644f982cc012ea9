"""From exports to the cohort, by the product's own steps, without Dagster and the analyses.

The steps are those of the assets in `il6_platform.defs` and in their order; a run costs no imports
of the libraries that only analyses need, so that many small registries can be tried.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from il6_platform import paths
from il6_platform.privacy.erasure import erase
from il6_platform.registry import raw
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.landing import digest_of, landed
from il6_platform.registry.merged import fill_merged
from il6_platform.registry.native import TABLES
from il6_platform.registry.profiles import read_profiles
from il6_platform.registry.readings import read_cells
from il6_platform.validation.completeness import COLUMNS, exports
from il6_platform.validation.quarantine import judge_table
from il6_platform.validation.rulebook import STAGED
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.study_tables import prepare_study

COHORT = (
    *("time_zero", "markers", "marker_values", "as_read", "decisive", "subjects", "set_aside"),
    "flow",
    *("adrs", "adtr", "adtte", "covariates", "remarks"),
)
"""Tables of the cohort that need no analysis."""


def warehouse_of(folder: Path, study: Path, landing: Path | None = None) -> Warehouse:
    """Return a warehouse whose home and landing folder lie in a folder."""
    where = landing or folder / "landing"
    where.mkdir(parents=True, exist_ok=True)
    return Warehouse(
        site=Site(home=str(folder / "home"), landing=str(where), study_file=str(study))
    )


def read(warehouse: Warehouse) -> None:
    """Read what is in the landing folder into the raw tables."""
    site = warehouse.site
    # a home has its key before it keeps a delivery
    _ = warehouse.pseudonyms
    profiles = read_profiles(*paths.profile_folders(site.home_path), landing=site.landing_path)
    versions = {profile.name: profile.version for profile in profiles}
    with warehouse.connect() as connection:
        warehouse.prepare()
        for item in landed(site.landing_path)[0]:
            content = item.read() or b""
            digest, now = digest_of(content), datetime.now(UTC)
            raw.land(connection, item.file, digest, now)
            if raw.arrived(connection, digest, versions)[0]:
                continue
            opened = open_deliveries(item.file, content, profiles)
            for delivery in opened.deliveries:
                if delivery.native is not None:
                    site.keep(delivery.digest, delivery.native)
            site.keep(digest, content)
            raw.record(connection, digest, item.file, opened, now)
        raw.order(connection, site.as_of_date)
        load(warehouse)


def load(warehouse: Warehouse) -> None:
    """Load the deliveries that are kept into their raw tables."""
    kept = warehouse.site.kept_path
    covariates = warehouse.site.covariates()
    with warehouse.connect() as connection:
        for table in TABLES:
            raw.load(
                connection,
                table,
                covariates,
                lambda delivery: (kept / delivery).read_bytes(),
                warehouse.pseudonyms,
            )


def stage(warehouse: Warehouse, *, judge: bool = True) -> None:
    """Make the staging tables of the raw ones."""
    with warehouse.connect() as connection:
        erase(warehouse)
        fill_merged(connection, warehouse.site.home_path, warehouse.pseudonyms)
        read_cells(connection)
        warehouse.run_sql("staging.received")
        found = exports(
            warehouse.query(paths.sql_file("validation.batches").read_text("utf-8")),
            warehouse.query(paths.sql_file("validation.shared_records").read_text("utf-8")),
            warehouse.site.quality.exports,
        )
        warehouse.write("staging.exports", found, COLUMNS, "exports")
        warehouse.run_sql("staging.lines")
        for table, rules in STAGED.items():
            warehouse.run_sql(f"staging.{table}")
            if judge:
                judge_table(connection, table, rules)
            if table == "follow_up":
                warehouse.run_sql("staging.vital_status")
        for table in ("reused_numbers", "quarantine", "balance"):
            warehouse.run_sql(f"staging.{table}")


def derive(warehouse: Warehouse) -> None:
    """Read, stage and derive the cohort of what is in the landing folder, in one database."""
    with warehouse.connect():
        read(warehouse)
        stage(warehouse)
        derive_cohort(warehouse)


def derive_cohort(warehouse: Warehouse) -> None:
    """Derive the cohort of the staging tables beside them."""
    with warehouse.connect() as connection:
        prepare_study(connection, warehouse.site)
        for table in COHORT:
            warehouse.run_sql(f"cohort.{table}")
