"""Staging: raw rows -> the current version of each record, typed, judged by the rule book."""

from collections.abc import Sequence

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    asset,
)

from il6_platform import paths
from il6_platform.defs.addresses import QUALITY_ADDRESS
from il6_platform.defs.lineage import sources
from il6_platform.defs.metadata import preview, summary, table_metadata
from il6_platform.defs.specs import ANEW, OWNERS, POOL, SITES, check, described, key_of, spec
from il6_platform.paths import code_version
from il6_platform.publishing.publish import mark_registry_whole
from il6_platform.registry.merged import check_sites, fill_merged
from il6_platform.registry.readings import read_cells
from il6_platform.registry.struck import fill_struck
from il6_platform.registry.told import named, told_all
from il6_platform.validation.completeness import COLUMNS, shrunk
from il6_platform.validation.completeness import exports as exports_of
from il6_platform.validation.quarantine import Judgement
from il6_platform.validation.rulebook import (
    EVERY_LINE_IS_ACCOUNTED_FOR,
    QUARANTINE_IS_SMALL,
    REGISTRY_DID_NOT_SHRINK,
    STAGED,
)
from il6_platform.validation.rules import WHOLE_LINE, Rule, Verdict
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.touched import judge_staged, stage_lines, stage_received


@asset(
    key=key_of("staging.received"),
    group_name="staging",
    kinds={"sql", "duckdb"},
    owners=OWNERS["staging"],
    code_version=code_version(),
    pool=POOL,
    # what is wrong with an export's columns stops here
    deps=[key_of(source) for source in (*sources("staging.received"), "raw.column_changes")],
    description=described("staging.received"),
)
def received(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Run sql/staging/received.sql on the touched lines, once every text of a new kind was read."""
    with warehouse.connect() as connection:
        site = warehouse.site
        merged = fill_merged(connection, site.home_path, warehouse.pseudonyms, site.as_of_date)
        struck = fill_struck(connection, site.home_path, site.as_of_date)
        texts = read_cells(connection)
    if merged:
        context.log.info(f"{merged} numbers are joined to another one of the same person.")
    if struck:
        context.log.info(f"{struck} patients are struck out.")
    context.log.info(f"{texts} different texts were read.")
    # an asset that is called by itself has no run whose tags could be asked
    stage_received(warehouse, anew=context.op_execution_context.has_tag(ANEW))
    with warehouse.connect() as connection:
        check_sites(connection)
    return MaterializeResult(metadata=table_metadata(warehouse, "staging.received"))


@asset(
    key=key_of("staging.lines"),
    group_name="staging",
    kinds={"sql", "duckdb"},
    owners=OWNERS["staging"],
    code_version=code_version(),
    pool=POOL,
    deps=[key_of(source) for source in sources("staging.lines")],
    description=described("staging.lines"),
)
def lines(context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]) -> MaterializeResult:
    """Run sql/staging/lines.sql on the touched records."""
    stage_lines(warehouse)
    balance = warehouse.query(
        "pivot (select table_name, status from staging.lines) on status "
        "in ('latest', 'superseded', 'duplicate', 'removed', 'withdrawn') "
        "using count(*) order by table_name"
    )
    context.log.info(f"{int(balance.iloc[:, 1:].to_numpy().sum())} lines have arrived.")
    return MaterializeResult(
        metadata={**table_metadata(warehouse, "staging.lines"), "balance": preview(balance)}
    )


@asset(
    key=key_of("staging.exports"),
    group_name="staging",
    kinds={"python", "duckdb"},
    owners=OWNERS["staging"],
    code_version=code_version(),
    pool=POOL,
    deps=[key_of("raw.deliveries"), key_of("staging.received")],
    check_specs=[spec(REGISTRY_DID_NOT_SHRINK, "staging.exports")],
)
def exports(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Every export in the cut: whether it is a full one, which one it follows, what it lacks."""
    quality = warehouse.site.quality
    meant = warehouse.site.exports_meant
    found = exports_of(
        warehouse.query(paths.sql_file("validation.batches").read_text("utf-8")),
        warehouse.query(paths.sql_file("validation.shared_records").read_text("utf-8")),
        meant,
    )
    here = {"", "*", *found["site"].str.lower()}
    if absent := sorted({*meant} - here) if found["site"].any() else []:
        context.log.warning(
            f"registry.yaml says how {', '.join(absent)} delivers, but no export is of such a site."
        )
    warehouse.write(
        "staging.exports",
        found,
        COLUMNS,
        "Every export in the cut: a full one or an update, and what it lacks",
    )
    spoken_of = found.assign(
        file=found["file"].map(told_all),
        follows=found["follows"].map(told_all, na_action="ignore"),
    )
    short = shrunk(spoken_of, quality.max_missing_share, meant[""])
    context.log.info(f"{int((found['kind'] == 'full').sum())} of {len(found)} exports are full.")
    return MaterializeResult(
        metadata={
            **table_metadata(warehouse, "staging.exports"),
            "preview": preview(spoken_of[["file", "kind", "records", "follows", "missing"]], 50),
        },
        check_results=[
            check(
                REGISTRY_DID_NOT_SHRINK.id,
                not short,
                " ".join(short) or "Every full export holds what the one before held.",
                blocking=True,
                metadata={"allowed": quality.max_missing_share},
            )
        ],
    )


def staged_table(table: str) -> AssetsDefinition:
    """Return the asset of one staging table: typed by SQL, judged by Great Expectations."""
    name, rules = f"staging.{table}", STAGED[table]

    @asset(
        key=key_of(name),
        group_name="staging",
        kinds={"sql", "duckdb", "great_expectations"},
        owners=OWNERS["staging"],
        code_version=code_version(),
        pool=POOL,
        deps=[key_of(source) for source in sources(name, f"validation.{table}")],
        description=(
            f"{described(name)}\n\nRules: `il6_platform/validation/{table}.py` on the rows of "
            f"`sql/validation/{table}.sql`."
        ),
        check_specs=[
            *(
                AssetCheckSpec(
                    _check_name(column),
                    asset=key_of(name),
                    description="\n".join(f"- {r.in_general}" for r in rules_of),
                    metadata={"rules": [f"{r.id} ({r.severity}, {r.owner})" for r in rules_of]},
                )
                for column, rules_of in _by_column(rules).items()
            ),
            spec(QUARANTINE_IS_SMALL, name),
        ],
    )
    def staged(
        context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
    ) -> MaterializeResult:
        judged = judge_staged(warehouse, table, rules, warehouse.workers)
        context.log.info(
            f"{name}: {judged.records} records, {judged.set_aside} set aside, "
            f"{int((judged.problems['severity'] == 'warn').sum())} warnings."
        )
        return MaterializeResult(
            metadata={
                **table_metadata(warehouse, name),
                "records": judged.records,
                "set_aside": judged.set_aside,
                "data quality": MetadataValue.url(QUALITY_ADDRESS),
                "summary": summary(warehouse, name),
            },
            check_results=[
                *(
                    _check_result(
                        judged, column, [v for v in judged.verdicts if v.rule in rules_of]
                    )
                    for column, rules_of in _by_column(rules).items()
                ),
                _quarantine_is_small(warehouse, table, judged),
            ],
        )

    return staged


def _quarantine_is_small(warehouse: Warehouse, table: str, judged: Judgement) -> AssetCheckResult:
    """Judge whether a table's share of records in quarantine is one that is allowed."""
    records, set_aside = judged.records, judged.set_aside
    share = set_aside / records if records else 0.0
    allowed = warehouse.site.quality.max_quarantine_share
    worst = len(judged.problems) and judged.problems["rule"].value_counts().index[0]
    used = warehouse.query(
        "select delivery, file, table_name from raw.deliveries "
        "where table_name = $table and position is not null order by file",
        {"table": table},
    )
    where = ", ".join(dict.fromkeys(named(used)["file"]))
    return check(
        QUARANTINE_IS_SMALL.id,
        share <= allowed,
        f"{set_aside} of {records} {table} records ({share:.0%}) are in "
        f"quarantine, {allowed:.0%} are allowed"
        + (
            "."
            if share <= allowed
            else f" ({where}; mostly rule {worst}): correct the export and deliver it "
            "again; staging.quarantine lists every row."
        ),
        blocking=True,
        metadata={"share": share, "allowed": allowed},
    )


def _of_patients(table: str) -> AssetsDefinition:
    """Return the asset of a table that SQL makes of the judged tables, a row a patient."""
    name = f"staging.{table}"

    @asset(
        key=key_of(name),
        group_name="staging",
        kinds={"sql", "duckdb"},
        owners=OWNERS["staging"],
        code_version=code_version(),
        pool=POOL,
        deps=[key_of(source) for source in sources(name)],
        description=described(name),
    )
    def made(warehouse: ResourceParam[Warehouse]) -> MaterializeResult:
        warehouse.run_sql(name)
        return MaterializeResult(
            metadata={**table_metadata(warehouse, name), "summary": summary(warehouse, name)}
        )

    return made


@asset(
    key=key_of("staging.quarantine"),
    group_name="staging",
    kinds={"sql", "duckdb"},
    owners=OWNERS["staging"],
    code_version=code_version(),
    pool=POOL,
    deps=[key_of("raw.deliveries"), *(key_of(f"staging.{table}") for table in STAGED)],
    description=described("staging.quarantine"),
)
def quarantine(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Run sql/staging/quarantine.sql."""
    warehouse.run_sql("staging.quarantine")
    by_rule = warehouse.query(
        "select severity, table_name, rule, count(*) as rows, min(rule_says) as sentence "
        "from staging.quarantine group by severity, table_name, rule "
        "order by severity, rows desc, table_name, rule"
    )
    context.log.info(f"The worklist has {int(by_rule['rows'].sum())} entries.")
    _tell_of_sites(context, warehouse.query(paths.sql_file("validation.sites").read_text("utf-8")))
    return MaterializeResult(
        metadata={
            **table_metadata(warehouse, "staging.quarantine"),
            "by_rule": preview(by_rule, 60),
        }
    )


def sites() -> AssetSpec:
    """Describe a page of the UI for each site: no table, so nothing makes it by itself."""
    return AssetSpec(
        key_of("staging.sites"),
        group_name="staging",
        kinds={"sql"},
        owners=OWNERS["staging"],
        code_version=code_version(),
        deps=[key_of("staging.quarantine")],
        partitions_def=SITES,
        description="What each site has delivered, and what is open of it: a partition a site.\n\n"
        "Told by `staging.quarantine`, from `sql/validation/sites.sql`.",
    )


def _tell_of_sites(context: AssetExecutionContext, found: pd.DataFrame) -> None:
    """Tell the UI of each site, in a partition of its own."""
    rows = found.to_dict("records")
    context.instance.add_dynamic_partitions(str(SITES.name), [str(row["site"]) for row in rows])
    for row in rows:
        about = {str(name): value for name, value in row.items() if name != "site"}
        about["last_export"] = str(row["last_export"])[:10]
        context.log_event(
            AssetMaterialization(sites().key, partition=str(row["site"]), metadata=about)
        )


@asset(
    key=key_of("staging.balance"),
    group_name="staging",
    kinds={"sql", "duckdb"},
    owners=OWNERS["staging"],
    code_version=code_version(),
    pool=POOL,
    deps=[key_of(source) for source in sources("staging.balance")],
    description=described("staging.balance"),
    check_specs=[spec(EVERY_LINE_IS_ACCOUNTED_FOR, "staging.balance")],
)
def balance(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Run sql/staging/balance.sql."""
    warehouse.run_sql("staging.balance")
    found = warehouse.read("staging.balance")
    received, lost = int(found["received"].sum()), int(found["unaccounted"].sum())
    said = f"{received} lines were received, {lost} of them are unaccounted for."
    context.log.info(said)
    if lost == 0:
        # all of the registry is judged and whole: studies may rest on it
        mark_registry_whole(warehouse)
    return MaterializeResult(
        metadata={**table_metadata(warehouse, "staging.balance"), "balance": preview(found)},
        check_results=[
            check(
                EVERY_LINE_IS_ACCOUNTED_FOR.id,
                lost == 0,
                said if lost == 0 else f"{said} A fault of the platform: report it.",
                blocking=True,
            )
        ],
    )


def _by_column(rules: Sequence[Rule]) -> dict[str, list[Rule]]:
    """Group the rules by the column that the data manager looks at: one asset check each."""
    grouped: dict[str, list[Rule]] = {}
    for rule in rules:
        grouped.setdefault(rule.column, []).append(rule)
    return grouped


def _check_name(column: str) -> str:
    return "whole_line" if column == WHOLE_LINE else column


def _check_result(judged: Judgement, column: str, verdicts: Sequence[Verdict]) -> AssetCheckResult:
    failing = [verdict for verdict in verdicts if not verdict.success]
    return check(
        _check_name(column),
        not failing,
        " ".join(f"{one.rule.in_general} ({len(one.broken)} rows)." for one in failing)
        or f"{judged.records} rows judged, none breaks a rule.",
        metadata={
            "rows_judged": judged.records,
            **{
                one.rule.id: {
                    "rows_broken": len(one.broken),
                    "severity": one.rule.severity,
                    "examples": [
                        f"record {row.record}, line {row.file_line}"
                        for row in judged.rows.loc[one.broken[:5]].itertuples()
                    ],
                }
                for one in failing
            },
        },
    )


ASSETS = [
    received,
    exports,
    lines,
    *(staged_table(table) for table in STAGED),
    _of_patients("vital_status"),
    _of_patients("reused_numbers"),
    quarantine,
    balance,
]
