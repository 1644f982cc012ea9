"""Registry: exports in the landing folder -> raw rows, as text, append-only."""

from collections.abc import Mapping
from datetime import UTC, datetime

import duckdb
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
from il6_platform.registry.deliveries import (
    Delivery,
    Source,
    digest_of,
    landed,
    open_deliveries,
)
from il6_platform.registry.exports import read_csv
from il6_platform.registry.native import TABLES, kept_columns
from il6_platform.registry.profiles import read_profiles
from il6_platform.registry.rows import rows_of
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
        opened = open_deliveries(item.file, content, profiles)
        for delivery in opened.deliveries:
            if delivery.native is not None:
                kept[delivery.digest] = delivery.native
        for name, held in kept.items():
            path = site.kept_path / name
            path.touch(mode=0o600)
            path.write_bytes(held)
        with warehouse.connect() as connection:
            # a refresh that is killed here reads the file again, whole
            connection.execute("begin")
            for source in opened.sources:
                _record_source(connection, digest, item.file, source)
            for delivery in opened.deliveries:
                _record(warehouse, delivery, arrived_at)
                context.log.info(f"{delivery.file}: {delivery.status}")
            connection.execute("commit")
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
        kept = kept_columns(table, (one.name for one in warehouse.study.covariates))
        fresh = warehouse.query(
            "select delivery, file, arrived_at from raw.deliveries as d "
            "where status = 'accepted' and table_name = $table "
            f"and (delivery not in (select delivery from raw.{table}) or exists("
            " from raw.columns as c where c.delivery = d.delivery and not c.is_read"
            " and list_contains($kept, c.column_name)"
            ")) order by sequence",
            {"table": table, "kept": sorted(kept)},
        )
        for delivery, file, arrived_at in fresh.itertuples(index=False):
            export = read_csv((warehouse.site.kept_path / delivery).read_bytes())
            names, incoming = rows_of(export, kept, warehouse.pseudonyms)
            texts = ", ".join(name for name in incoming.column_names if name[1:].isdigit())
            with warehouse.connect() as connection:
                connection.execute("begin")
                # a covariate that the study names anew is read from what was kept
                connection.execute(f"delete from raw.{table} where delivery = ?", [delivery])
                connection.execute(
                    "update raw.columns set is_read = true "
                    "where delivery = ? and list_contains(?, column_name)",
                    [delivery, names],
                )
                connection.register("incoming", incoming)
                connection.execute(
                    f"insert into raw.{table} select $delivery, $file, line, $arrived, "
                    f"filled_cells($names, [{texts}]), problem from incoming",
                    {
                        "delivery": delivery,
                        "file": file,
                        "arrived": arrived_at.to_pydatetime(),
                        "names": names,
                    },
                )
                connection.unregister("incoming")
                connection.execute("commit")
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
        "$profile as profile, $sheet as sheet",
        {
            "delivery": delivery.digest,
            "file": delivery.file,
            "table": delivery.table,
            "day": delivery.delivered_on,
            "arrived": arrived_at,
            "bytes": delivery.size,
            "lines": len(delivery.export.lines) if delivery.export else 0,
            "status": delivery.status,
            "problem": delivery.problem,
            "source": delivery.source,
            "profile": delivery.profile,
            "sheet": delivery.sheet,
        },
    )
    if delivery.export is None or delivery.table is None:
        return
    kept = kept_columns(delivery.table)
    columns = {
        name: (name in kept, len(column) - column.null_count)
        for name, column in zip(delivery.export.header, delivery.export.columns, strict=True)
    }
    with warehouse.connect() as connection:
        _record_columns(connection, delivery.digest, delivery.sheet, columns)


def _record_source(
    connection: duckdb.DuckDBPyConnection, digest: str, file: str, source: Source
) -> None:
    connection.execute(
        "insert into raw.sources values (?, ?, ?, ?)", [digest, source.name, file, source.lines]
    )
    if source.passed_over:
        incoming = pd.DataFrame(
            {"line": source.passed_over.keys(), "reason": source.passed_over.values()}
        )
        connection.register("incoming", incoming)
        connection.execute(
            "insert into raw.passed_over select ?, ?, line, reason from incoming",
            [digest, source.name],
        )
        connection.unregister("incoming")
    _record_columns(connection, digest, source.name, source.columns)


def _record_columns(
    connection: duckdb.DuckDBPyConnection,
    delivery: str,
    sheet: str,
    columns: Mapping[str, tuple[bool, int]],
) -> None:
    incoming = pd.DataFrame(
        [(name, is_read, filled) for name, (is_read, filled) in columns.items()],
        columns=["name", "is_read", "filled"],
    )
    connection.register("incoming", incoming)
    connection.execute(
        "insert into raw.columns select ?, ?, name, row_number() over (), is_read, filled "
        "from incoming",
        [delivery, sheet],
    )
    connection.unregister("incoming")


def _sentences(deliveries: pd.DataFrame) -> str:
    return " ".join(f"{row.file}: {row.problem}." for row in deliveries.itertuples())


ASSETS = [deliveries, *(raw_table(table) for table in TABLES)]
