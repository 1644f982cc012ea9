"""Registry: exports in the landing folder -> raw rows, as text, append-only."""

from datetime import UTC, datetime

import pandas as pd
from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    MetadataValue,
    asset,
)

from il6_platform.assets.tables import OWNERS, POOL, check, key_of, preview, table_metadata
from il6_platform.paths import code_version, project_root
from il6_platform.registry.deliveries import Delivery, digest_of, landed, open_deliveries
from il6_platform.registry.exports import read_csv
from il6_platform.registry.native import TABLES
from il6_platform.registry.profiles import read_profiles
from il6_platform.report.publishing import content_key
from il6_platform.warehouse import Warehouse


@asset(
    key=key_of("raw.deliveries"),
    group_name="registry",
    kinds={"file", "duckdb"},
    owners=OWNERS["registry"],
    code_version=code_version(),
    pool=POOL,
    check_specs=[
        AssetCheckSpec(
            "exports_can_be_read",
            asset=key_of("raw.deliveries"),
            blocking=True,
            description="Every export in the landing folder is whole and has its columns.",
        ),
        AssetCheckSpec(
            "something_was_delivered",
            asset=key_of("raw.deliveries"),
            blocking=True,
            description="There is at least one patients export.",
        ),
        AssetCheckSpec(
            "exports_are_recognised",
            asset=key_of("raw.deliveries"),
            description="Every file in the landing folder is one of the registry's tables.",
        ),
    ],
)
def deliveries(context: AssetExecutionContext, warehouse: Warehouse) -> MaterializeResult:
    """Every export file that arrived, known by the SHA-256 of its bytes.

    The landing folder is looked through, new files are kept as they are in IL6_HOME, and the order
    of the cut is set: by the export's date, then by arrival. The same bytes twice change nothing.
    """
    site = warehouse.site
    found, waiting = landed(site.landing_path)
    profiles = read_profiles(site.home_path / "profiles", project_root() / "data" / "profiles")
    present: dict[str, str] = {}
    arrived_at = datetime.now(UTC)
    for item in found:
        content = item.read()
        digest = digest_of(content)
        present[item.file] = digest
        known = "from raw.deliveries where delivery = $d or source = $d"
        if not warehouse.query(known, {"d": digest}).empty:
            continue
        kept = {digest: content}
        for delivery in open_deliveries(item.file, content, profiles):
            if delivery.native is not None:
                kept[delivery.digest] = delivery.native
            _record(warehouse, delivery, arrived_at)
            context.log.info(f"{delivery.file}: {delivery.status}")
        for name, held in kept.items():
            path = site.kept_path / name
            path.write_bytes(held)
            path.chmod(0o600)
    seen = content_key(site, present)
    warehouse.query("create or replace table study.content as select $key as key", {"key": seen})
    cut = site.as_of_date
    warehouse.query("update raw.deliveries set position = null")
    warehouse.query(
        "update raw.deliveries set position = o.position from ("
        " select delivery, row_number() over (order by delivered_on, sequence) as position"
        " from raw.deliveries"
        " where status = 'accepted' and delivered_on <= coalesce($cut, 'infinity'::date)"
        ") as o where raw.deliveries.delivery = o.delivery",
        {"cut": cut},
    )
    known = warehouse.query("from raw.deliveries order by sequence")
    here = known[known["source"].fillna(known["delivery"]).isin(present.values())]
    rejected = here[here["status"] == "rejected"]
    strange = here[here["status"] == "unrecognised"]
    used = known[known["position"].notna()]
    patients = int((used["table_name"] == "patients").sum())
    context.log.info(f"{len(used)} exports are in this cut.")
    return MaterializeResult(
        metadata={
            **table_metadata(warehouse, "raw.deliveries"),
            "preview": preview(used[["file", "table_name", "delivered_on", "lines", "bytes"]], 50),
            "still_being_written": MetadataValue.json(waiting),
        },
        check_results=[
            check(
                "exports_can_be_read",
                rejected.empty,
                _sentences(rejected) or "Every export is whole.",
                blocking=True,
            ),
            check(
                "something_was_delivered",
                patients > 0,
                f"{patients} patients exports are in this cut."
                if patients
                else f"No patients export is in {site.landing}; drop patients.csv there.",
                blocking=True,
            ),
            check(
                "exports_are_recognised",
                strange.empty,
                _sentences(strange) or "Every file is one of the registry's tables.",
            ),
        ],
    )


def raw_table(table: str) -> AssetsDefinition:
    """Return the asset of one raw table: rows of its exports, appended once."""

    @asset(
        key=key_of(f"raw.{table}"),
        group_name="registry",
        kinds={"csv", "duckdb"},
        owners=OWNERS["registry"],
        code_version=code_version(),
        pool=POOL,
        deps=[key_of("raw.deliveries")],
        description=(
            f"Every line of every {table} export, as text, append-only: whatever arrived can be "
            "shown again. The registry's patient number is replaced by a keyed pseudonym here."
        ),
    )
    def rows(context: AssetExecutionContext, warehouse: Warehouse) -> MaterializeResult:
        fresh = warehouse.query(
            "select delivery, file, arrived_at from raw.deliveries "
            "where status = 'accepted' and table_name = $table "
            f"and delivery not in (select delivery from raw.{table}) order by sequence",
            {"table": table},
        )
        for delivery, file, arrived_at in fresh.itertuples(index=False):
            export = read_csv((warehouse.site.kept_path / delivery).read_bytes())
            cells = [_pseudonymised(row.cells, warehouse) for row in export.rows]
            incoming = pd.DataFrame(
                {
                    "line": [row.line for row in export.rows],
                    "names": [list(row) for row in cells],
                    "texts": [list(row.values()) for row in cells],
                    "problem": pd.Series([row.problem for row in export.rows], dtype=object),
                }
            )
            if incoming.empty:
                continue
            with warehouse.connect() as connection:
                connection.register("incoming", incoming)
                connection.execute(
                    f"insert into raw.{table} "
                    "select ?, ?, line, ?, map(names, texts), problem from incoming",
                    [delivery, file, arrived_at.to_pydatetime()],
                )
                connection.unregister("incoming")
        context.log.info(f"raw.{table}: {len(fresh)} new exports.")
        return MaterializeResult(
            metadata={
                **table_metadata(warehouse, f"raw.{table}"),
                "new_exports": len(fresh),
                "preview": preview(
                    warehouse.query(
                        f"select file, count(*) as lines, count(problem) as odd_lines "
                        f"from raw.{table} group by all order by file"
                    )
                ),
            }
        )

    return rows


def _record(warehouse: Warehouse, delivery: Delivery, arrived_at: datetime) -> None:
    warehouse.query(
        "insert into raw.deliveries by name select $delivery as delivery, $file as file, "
        "$table as table_name, $day as delivered_on, $arrived as arrived_at, "
        "(select count(*) + 1 from raw.deliveries) as sequence, $bytes as bytes, "
        "$lines as lines, $status as status, $problem as problem, $source as source, "
        "$profile as profile",
        {
            "delivery": delivery.digest,
            "file": delivery.file,
            "table": delivery.table,
            "day": delivery.delivered_on,
            "arrived": arrived_at,
            "bytes": delivery.size,
            "lines": len(delivery.export.rows) if delivery.export else 0,
            "status": delivery.status,
            "problem": delivery.problem,
            "source": delivery.source,
            "profile": delivery.profile,
        },
    )


def _sentences(deliveries: pd.DataFrame) -> str:
    return " ".join(f"{row.file}: {row.problem}." for row in deliveries.itertuples())


def _pseudonymised(cells: dict[str, str], warehouse: Warehouse) -> dict[str, str]:
    if "patient_id" not in cells:
        return cells
    return {**cells, "patient_id": warehouse.pseudonyms.of(cells["patient_id"])}


ASSETS = [deliveries, *(raw_table(table) for table in TABLES)]
