"""Cohort: staging -> who is analysed, and the ADaM tables. The SQL is in `sql/cohort/`."""

from collections.abc import Sequence

from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    asset,
)

from il6_platform.defs.lineage import sources
from il6_platform.defs.metadata import patient_summary, preview, table_metadata
from il6_platform.defs.specs import OWNERS, STUDIES, check, described, key_of
from il6_platform.paths import code_version
from il6_platform.validation import cohort
from il6_platform.validation.rules import Rule, judge
from il6_platform.warehouse.database import Warehouse

TABLES: dict[str, Sequence[Rule]] = {
    "subjects": cohort.SUBJECTS,
    "flow": (),
    "adrs": cohort.ADRS,
    "adtr": cohort.ADTR,
    "adtte": cohort.ADTTE,
    "covariates": (),
    "adsl": cohort.ADSL,
}
"""Cohort tables and the rules that block where the derivation went wrong."""


def cohort_table(table: str) -> AssetsDefinition:
    """Return the asset of one cohort table: made by SQL, judged by Great Expectations."""
    name, rules = f"cohort.{table}", TABLES[table]

    @asset(
        key=key_of(name),
        group_name="cohort",
        kinds={"sql", "duckdb"},
        owners=OWNERS["cohort"],
        code_version=code_version(),
        partitions_def=STUDIES,
        deps=[key_of(source) for source in sources(name)],
        description=described(name),
        check_specs=[
            AssetCheckSpec(rule.id, asset=key_of(name), blocking=True, description=rule.sentence)
            for rule in rules
        ],
    )
    def derived(context: AssetExecutionContext, warehouse: Warehouse) -> MaterializeResult:
        warehouse.run_sql(name)
        frame = warehouse.read(name)
        context.log.info(f"{name}: {len(frame)} rows.")
        shown = preview(frame) if table == "flow" else patient_summary(frame)
        return MaterializeResult(
            metadata={**table_metadata(warehouse, name), "summary": shown},
            check_results=[
                check(
                    verdict.rule.id,
                    verdict.success,
                    f"{verdict.judged} rows judged, none breaks the rule."
                    if verdict.success
                    else f"{name}: {verdict.rule.sentence}, but {len(verdict.broken)} rows of "
                    f"{verdict.judged} break that; a fault of the derivation: report it.",
                    blocking=True,
                    metadata={"rows_judged": verdict.judged, "rows_broken": len(verdict.broken)},
                )
                for verdict in judge(frame, rules)
            ],
        )

    return derived


ASSETS = [cohort_table(table) for table in TABLES]
