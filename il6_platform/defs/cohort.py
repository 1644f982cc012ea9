"""Cohort: staging -> who is analysed, and the ADaM tables. The SQL is in `sql/cohort/`."""

from collections.abc import Sequence

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    asset,
)

from il6_platform import paths
from il6_platform.defs.lineage import sources
from il6_platform.defs.metadata import patient_summary, preview, table_metadata
from il6_platform.defs.specs import OWNERS, STUDIES, check, described, key_of, spec
from il6_platform.paths import code_version
from il6_platform.validation import cohort
from il6_platform.validation.drift import sentence, shift, shift_of_pairs
from il6_platform.validation.rulebook import MARKER_DID_NOT_SHIFT
from il6_platform.validation.rules import Rule, judge
from il6_platform.warehouse.database import Warehouse

TABLES: dict[str, Sequence[Rule]] = {
    "markers": (),
    "as_read": (),
    "decisive": (),
    "subjects": cohort.SUBJECTS,
    "set_aside": (),
    "flow": (),
    "adrs": cohort.ADRS,
    "adtr": cohort.ADTR,
    "adtte": cohort.ADTTE,
    "covariates": (),
    "remarks": (),
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
        ]
        + ([spec(MARKER_DID_NOT_SHIFT, name)] if table == "markers" else []),
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
            ]
            + ([_drift(warehouse)] if table == "markers" else []),
        )

    return derived


def _drift(warehouse: Warehouse) -> AssetCheckResult:
    study = warehouse.study
    accepted = warehouse.site.read_published(
        "select regexp_extract(value, '[0-9a-f]{64}') as delivery "
        "from report.provenance where kind = 'delivery'"
    )
    warehouse.write(
        "study.accepted",
        pd.DataFrame(columns=["delivery"]) if accepted is None else accepted,
        {"delivery": ("varchar", "SHA-256 of the export file")},
        "Deliveries of the cut that is published",
    )
    results = warehouse.query(paths.sql_file("validation.marker_results").read_text("utf-8"))
    results = results[results["value"] > 0]
    known = results[results["value_before"] > 0]
    news = shift(
        results.loc[results["value_before"].isna(), "value"].to_numpy(),
        known["value_before"].to_numpy(),
    )
    amended = shift_of_pairs(known["value"].to_numpy(), known["value_before"].to_numpy())
    notable = [one for one in (news, amended) if one is not None and one.is_notable]
    large = any(one.fold >= warehouse.site.quality.max_marker_shift for one in notable)
    return check(
        MARKER_DID_NOT_SHIFT.id,
        not notable,
        sentence(study.marker.label, news, amended)
        + (
            " Ask the laboratory for a change of unit, assay or calibration."
            + (" If the shift is real, raise quality.max_marker_shift." if large else "")
            if notable
            else ""
        ),
        blocking=large,
    )


ASSETS = [cohort_table(table) for table in TABLES]
