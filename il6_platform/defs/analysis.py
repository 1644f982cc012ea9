"""Analysis: the cohort -> rows of results. What is computed is in `il6_platform.analysis`."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    MaterializeResult,
    ResourceParam,
    asset,
)

from il6_platform.analysis.cohort import COLUMNS, Cohort
from il6_platform.analysis.results import CURVE_COLUMNS, RESULT_COLUMNS
from il6_platform.analysis.spec import Declared, Spec, analyses
from il6_platform.cohort.known import DeliveredRecords, read_delivered
from il6_platform.defs import kept
from il6_platform.defs.addresses import figure_address
from il6_platform.defs.metadata import picture, preview, size_of
from il6_platform.defs.specs import ANEW, OWNERS, STUDIES, key_of
from il6_platform.paths import code_version
from il6_platform.publishing import publish
from il6_platform.report.outcome import Outcome, analyse
from il6_platform.study import Study
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import written_out

# the columns of fifty tables are described once, in report.results and report.curves
RESULT_TYPES, CURVE_TYPES = (
    {name: (kind, "") for name, (kind, _) in columns.items()}
    for columns in (RESULT_COLUMNS, CURVE_COLUMNS)
)

TOO_LONG = ("method", "note", "prespecified")
"""Columns that a preview leaves out: they would make every row ten lines high."""


def analysis_table(entry: Declared) -> AssetsDefinition:
    """Return the asset of one analysis."""
    table, name, spec = entry.name, f"analysis.{entry.name}", entry.spec

    @asset(
        key=key_of(name),
        # what makes ADSL's groups stands with the cohort in the lineage
        group_name="cohort" if spec.makes_groups else "analysis",
        kinds={"python", "pandas", "duckdb"},
        owners=OWNERS["analysis"],
        code_version=code_version(),
        partitions_def=STUDIES,
        deps=[
            *(key_of(table) for table in (*spec.reads, *(f"analysis.{one}" for one in spec.after))),
            *([] if spec.makes_groups else [key_of("cohort.set_aside"), key_of("cohort.panel")]),
        ],
        description=f"{entry.text}\n\nMade by `il6_platform/analysis/{table}.py`; the columns are "
        "those of `report.results`.",
    )
    def analysed(
        context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
    ) -> MaterializeResult:
        if ANEW in context.run.tags:
            warehouse.once("analyses made anew", lambda: kept.forget(warehouse))
        chosen = context.run.asset_selection or frozenset()
        asked = (
            # what makes the groups is alone to ask before they are made
            _begin(warehouse, spec.reads, chosen)
            if spec.makes_groups
            else warehouse.once("analyses", lambda: _begin(warehouse, spec.reads, chosen))
        )
        given = _with_records(warehouse, spec, asked)
        key = kept.key(warehouse, spec, given)
        if kept.is_made_of(warehouse, table, key):
            context.log.info(f"{name}: what it is made of is what it was; its rows are kept.")
        else:
            kept.forget(warehouse, table)
            outcome = _outcome(warehouse, entry, given)
            warehouse.write(name, outcome.results, RESULT_TYPES, entry.sentence)
            if spec.draws_curves:
                said = f"What {name} draws"
                warehouse.write(f"{name}_curves", outcome.curves, CURVE_TYPES, said)
            kept.note(warehouse, table, key)
        results, (cohort, study, _) = warehouse.read(name), asked
        held_back = results[results["estimate"].isna()]
        context.log.info(
            f"{name}: {len(cohort)} patients, {len(results)} estimates, {len(held_back)} of them "
            "beyond what the data support."
        )
        shown = {}
        if spec.figure is not None:
            address = figure_address(study.name, table)
            shown["figure of the published cut"] = picture(address, entry.sentence)
        # the columns are those of report.results, and are described there: the figure comes first
        metadata: dict[str, Any] = {
            **size_of(warehouse, name),
            **shown,
            "patients": len(cohort),
            "not estimable": len(held_back),
            "preview": preview(results.drop(columns=["analysis", *TOO_LONG]), 40),
        }
        return MaterializeResult(metadata=metadata)

    return analysed


def _outcome(
    warehouse: Warehouse, entry: Declared, given: tuple[Cohort, Study, date | None]
) -> Outcome:
    """Return what comes out of an analysis, here or where it was begun."""
    if entry.spec.after:
        earlier = {one: warehouse.read(f"analysis.{one}") for one in entry.spec.after}
        return analyse(entry.name, *given, earlier)
    if entry.spec.shares_its_work:
        return analyse(entry.name, *given, pool=warehouse.workers)
    begun = warehouse.once(
        f"begun analysis.{entry.name}",
        lambda: warehouse.workers.submit(analyse, entry.name, *given),
    )
    return begun.result()


def _with_records(
    warehouse: Warehouse, spec: Spec, asked: tuple[Cohort, Study, date | None]
) -> tuple[Cohort, Study, date | None]:
    """Give an analysis that looks back the records behind the cohort."""
    if not spec.looks_back:
        return asked

    def read(sql: str) -> Any:
        with warehouse.connect() as connection:
            return connection.sql(sql).to_arrow_table()

    def records() -> DeliveredRecords:
        subjects = warehouse.query("from cohort.subjects limit 0")
        derived = ", ".join(f'"{name}"' for name in subjects if name != "USUBJID")
        added = warehouse.read("cohort.adsl", (f"* exclude ({derived})",))
        return read_delivered(read, added, subjects, written_out(warehouse.database))

    cohort, study, first_on = asked

    def made() -> Cohort:
        looks = publish.earlier_looks(warehouse)
        return warehouse.workers.share(replace(cohort, delivered=records(), looks=looks))

    return warehouse.once("cohort and the records behind it", made), study, first_on


def _begin(
    warehouse: Warehouse, reads: Collection[str], chosen: Collection[AssetKey]
) -> tuple[Cohort, Study, date | None]:
    """Return what the analyses of some subjects work on; other cores begin with the last ones.

    A run may be of a few assets only: no other analysis is begun.
    """
    study = warehouse.study
    first_data_on = warehouse.once("first data", lambda: _first_data_on(warehouse))
    cohort = _cohort(warehouse, reads)
    asked = cohort, study, first_data_on
    if "cohort.adsl" in reads:
        warehouse.workers.share(cohort)
        # Dagster takes them by name; who looks back takes longest, and is begun first
        for table, entry in sorted(
            analyses().items(), key=lambda one: (one[1].spec.looks_back, one[0]), reverse=True
        ):
            asked_for = not chosen or key_of(f"analysis.{table}") in chosen
            waits = entry.spec.makes_groups or entry.spec.after or entry.spec.shares_its_work
            if asked_for and not waits:
                given = _with_records(warehouse, entry.spec, asked)
                if kept.is_made_of(warehouse, table, kept.key(warehouse, entry.spec, given)):
                    continue
                begun = warehouse.workers.submit(analyse, table, *given)
                warehouse.once(f"begun analysis.{table}", lambda begun=begun: begun)  # type: ignore[misc]
    return asked


def _cohort(warehouse: Warehouse, reads: Collection[str]) -> Cohort:
    """Return the cohort; of a million patients the tables that it is made of are gone by then."""
    warehouse.hold_little()
    adsl, adtte, adrs, adtr = (warehouse.read(table, COLUMNS[table]) for table in reads)
    cohort = Cohort.of(adsl, adtte, adrs, adtr, warehouse.study)
    if "cohort.adsl" in reads:
        cohort = replace(cohort, set_aside=warehouse.read("cohort.set_aside"))
        cohort = cohort.with_panel(warehouse.read("cohort.panel"), adsl)
    return cohort


def _first_data_on(warehouse: Warehouse) -> date | None:
    """Return the day of the first export, or of its arrival where that is earlier."""
    first = warehouse.query(
        "select min(least(delivered_on, arrived_at::date)) as first_on from raw.deliveries"
    )["first_on"].iloc[0]
    return None if pd.isna(first) else pd.Timestamp(first).date()


ASSETS = [analysis_table(entry) for entry in analyses().values()]
