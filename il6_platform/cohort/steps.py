"""The steps from exports to the cohort, one after the other, without Dagster and the analyses.

Belongs here: the order in which the registry's and the cohort's tables are made, for who judges
exports before they are delivered (`il6 check`) and for tests. Does not belong here: what a step
does (`registry`, `validation`, `sql/`), or running them in a home; that is `defs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from il6_platform import paths
from il6_platform.registry import landings, raw
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.kept import Kept
from il6_platform.registry.landing import digest_of, landed
from il6_platform.registry.merged import check_sites, fill_merged
from il6_platform.registry.native import TABLES
from il6_platform.registry.profiles import read_profiles
from il6_platform.registry.readings import read_cells
from il6_platform.validation.completeness import COLUMNS, exports
from il6_platform.validation.rulebook import STAGED
from il6_platform.validation.rules import Rule
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.study_tables import prepare_study, take_partial_days
from il6_platform.warehouse.touched import judge_staged, stage_lines, stage_received

COHORT = (
    *("time_zero", "markers", "marker_values", "as_read", "decisive", "subjects", "set_aside"),
    *("flow", "adrs", "adtr", "adtte", "covariates", "remarks"),
)
"""Tables of the cohort that need no analysis, in the order in which they are made."""


def read_landing(warehouse: Warehouse) -> None:
    """Read what is in the landing folder into the raw tables."""
    site = warehouse.site
    # a home has its key before it keeps a delivery
    _ = warehouse.pseudonyms
    profiles = read_profiles(*paths.profile_folders(site.home_path), landing=site.landing_path)
    versions = {profile.name: profile.version for profile in profiles}
    with warehouse.connect() as connection:
        warehouse.prepare()
        now = datetime.now(UTC)
        contents = {item.file: item.read() or b"" for item in landed(site.landing_path)[0]}
        here = {file: digest_of(content) for file, content in contents.items()}
        held = landings.contents(connection)
        for file, content in contents.items():
            digest, known = held.get(file, (None, None))
            name = known if digest == here[file] else None
            opened = open_deliveries(file, content, profiles)
            if name is None:
                name, _ = landings.land(connection, file, here[file], opened, now, here)
            if raw.arrived(connection, name, versions)[0]:
                continue
            opened = opened.known_as(name)
            for delivery in opened.deliveries:
                if delivery.native is not None:
                    site.keep(delivery.digest, delivery.native)
            site.keep(name, content)
            raw.record(connection, name, file, opened, now)
        raw.order(connection, site.as_of_date)
        load_raw(warehouse)


def load_raw(warehouse: Warehouse) -> None:
    """Load the deliveries that are kept into their raw tables."""
    read, covariates = Kept(warehouse.site.home_path).read, warehouse.site.covariates()
    with warehouse.connect() as connection:
        for table in TABLES:
            raw.load(connection, table, covariates, read, warehouse.pseudonyms)


def stage(warehouse: Warehouse, book: Mapping[str, Sequence[Rule]] = STAGED) -> None:
    """Make the staging tables of the raw ones, each judged by its rules in the book, if any."""
    with warehouse.connect() as connection:
        site = warehouse.site
        fill_merged(connection, site.home_path, warehouse.pseudonyms, site.as_of_date)
        read_cells(connection)
        stage_received(warehouse)
        check_sites(connection)
        found = exports(
            warehouse.query(paths.sql_file("validation.batches").read_text("utf-8")),
            warehouse.query(paths.sql_file("validation.shared_records").read_text("utf-8")),
            warehouse.site.exports_meant,
        )
        warehouse.write("staging.exports", found, COLUMNS, "exports")
        stage_lines(warehouse)
        for table, rules in book.items():
            if rules:
                judge_staged(warehouse, table, rules)
            else:
                warehouse.run_sql(f"staging.{table}")
            if table == "follow_up":
                warehouse.run_sql("staging.vital_status")
        for table in ("reused_numbers", "quarantine", "balance"):
            warehouse.run_sql(f"staging.{table}")


def derive_cohort(warehouse: Warehouse) -> None:
    """Derive the cohort of the staging tables beside them."""
    with warehouse.connect() as connection:
        prepare_study(connection, warehouse.site)
        take_partial_days(connection, warehouse.study)
        for table in COHORT:
            warehouse.run_sql(f"cohort.{table}")
