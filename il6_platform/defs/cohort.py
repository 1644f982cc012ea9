"""Cohort: staging -> who is analysed, and the ADaM tables. The SQL is in `sql/cohort/`."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    ResourceParam,
    asset,
)

from il6_platform import paths
from il6_platform.defs.lineage import sources
from il6_platform.defs.metadata import preview, summary, table_metadata
from il6_platform.defs.specs import OWNERS, STUDIES, check, described, key_of, spec
from il6_platform.paths import code_version
from il6_platform.registry.units import reference_units
from il6_platform.validation import cohort
from il6_platform.validation.drift import sentence, shift, shift_of_pairs
from il6_platform.validation.losses import lost_arms, lost_covariates, lost_marker, lost_patients
from il6_platform.validation.rulebook import (
    MARKER_DID_NOT_SHIFT,
    STUDY_KEEPS_ITS_COVARIATES,
    STUDY_KEEPS_ITS_PATIENTS,
    BatchRule,
)
from il6_platform.validation.rules import Rule, Verdict, asked, judge
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.integrity import is_whole
from il6_platform.warehouse.standing import Standing

TABLES: dict[str, Sequence[Rule]] = {
    "time_zero": (),
    "markers": (),
    "marker_values": (),
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
    "panel": (),
}
"""Cohort tables and the rules that block where the derivation went wrong."""


def cohort_table(table: str) -> AssetsDefinition:
    """Return the asset of one cohort table: made by SQL, judged by Great Expectations."""
    name, rules = f"cohort.{table}", TABLES[table]
    compared = COMPARED.get(table, ())

    @asset(
        key=key_of(name),
        group_name="cohort",
        kinds={"sql", "duckdb"},
        owners=OWNERS["cohort"],
        code_version=code_version(),
        partitions_def=STUDIES,
        deps=[key_of(source) for source in (*sources(name), *COMPARED_BY.get(table, ()))],
        description=described(name),
        check_specs=[
            AssetCheckSpec(rule.id, asset=key_of(name), blocking=True, description=rule.sentence)
            for rule in rules
        ]
        + [spec(rule, name) for rule, _ in compared],
    )
    def derived(
        context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
    ) -> MaterializeResult:
        warehouse.run_sql(name)
        judging = _begin_judging(warehouse, name, rules) if rules else None
        context.log.info(f"{name}: {warehouse.row_count(name)} rows.")
        shown = preview(warehouse.read(name)) if table == "flow" else summary(warehouse, name)
        metadata = {**table_metadata(warehouse, name), "summary": shown}
        return MaterializeResult(
            metadata=metadata,
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
                for verdict in (judging.result() if judging else ())
            ]
            + [judged(warehouse) for _, judged in compared],
        )

    return derived


def _begin_judging(warehouse: Warehouse, name: str, rules: Sequence[Rule]) -> Future[list[Verdict]]:
    """Have a table judged by its rules, in a frame of no more than what they read."""
    read = asked([column.name for column in warehouse.columns(name)], rules)
    columns = ", ".join(f'"{column}"' for column in read)
    frame = warehouse.query(f"select {columns} from {name}")
    return warehouse.workers.submit(judge, frame, rules)


def _drift(warehouse: Warehouse) -> AssetCheckResult:
    study = warehouse.study
    accepted = _read_published(
        warehouse,
        "select regexp_extract(value, '[0-9a-f]{64}') as delivery "
        "from report.provenance where kind = 'delivery'",
    )
    warehouse.write(
        "study.accepted",
        pd.DataFrame(columns=["delivery"]) if accepted is None else accepted,
        {"delivery": ("varchar", "SHA-256 of the export file")},
        "Deliveries of the cut that is published",
    )
    results = warehouse.query(paths.sql_file("validation.marker_results").read_text("utf-8"))
    results = results[results["value"] > 0]
    said, notable = [], []
    for part, rows in results.groupby("part", sort=True):
        known = rows[rows["value_before"] > 0]
        before = known["value_before"].to_numpy()
        news = shift(rows.loc[rows["value_before"].isna(), "value"].to_numpy(), before)
        amended = shift_of_pairs(known["value"].to_numpy(), before)
        said.append(
            sentence(str(part) if study.marker.is_derived else study.marker.label, news, amended)
        )
        notable += [one for one in (news, amended) if one is not None and one.is_notable]
    large = any(one.fold >= warehouse.site.quality.max_marker_shift for one in notable)
    return check(
        MARKER_DID_NOT_SHIFT.id,
        not notable,
        (" ".join(said) or sentence(study.marker.label, None, None))
        + (
            " Ask the laboratory for a change of unit, assay or calibration."
            + (" If the shift is real, raise quality.max_marker_shift." if large else "")
            if notable
            else ""
        ),
        blocking=large,
    )


def _read_published(warehouse: Warehouse, sql: str) -> pd.DataFrame | None:
    """Answer a query from the published cut; None where there is none, or it is damaged."""
    published = warehouse.site.published_path
    if not published.exists() or not is_whole(published.resolve(), "report.duckdb"):
        return None
    return warehouse.site.read_published(sql)


def _patients_are_kept(warehouse: Warehouse) -> AssetCheckResult:
    """Judge whether the study has its marker and its patients; a look back may have fewer."""
    site, study = warehouse.site, warehouse.study
    counted = warehouse.query(
        'select "ARM" as arm, count(*) as n from cohort.subjects '
        'where "ANALFL" = \'Y\' group by "ARM"'
    )
    now = int(counted["n"].sum())
    usable = warehouse.query(
        "select count(*) as n from cohort.marker_values as v "
        "inner join study.settings as settings on v.marker = settings.marker"
    )["n"].iloc[0]
    analytes = warehouse.query(
        "select analyte, count(*) as n from staging.labs where certainty = 'known' "
        "group by analyte order by n desc, analyte"
    )
    results = warehouse.query("select count(*) as n from staging.labs")["n"].iloc[0]
    asked_for = f"{study.marker.label} in {study.marker.unit}"
    units = reference_units()
    known = [
        f"{name} in {units[name]}" if name in units else name for name in analytes["analyte"][:8]
    ]
    marker = lost_marker(asked_for, int(usable), int(results), known)
    looks_back = bool(site.as_of or site.censor)
    before, asks_the_same = (None, False) if looks_back else _analysed_before(warehouse)
    # a study file that asks for other patients may find fewer, but not none
    allowed = site.quality.max_missing_share if asks_the_same else 1.0
    patients = lost_patients(now, before, allowed)
    key = "expression" if study.marker.is_derived else "analyte"
    advice = f"correct marker.{key} or marker.unit in the study file, or deliver them"
    lost = [f"{marker}; {advice}."] if marker else []
    or_allow = "or raise quality.max_missing_share where it is real"
    lost += [f"{patients}; put right what was delivered, {or_allow}."] if patients else []
    if asks_the_same and not patients:
        in_arms = dict(zip(counted["arm"], counted["n"], strict=True))
        arms = lost_arms(in_arms, _arms(warehouse), allowed)
        lost += [f"{arms}; put the drugs of its patients right, {or_allow}."] if arms else []
    return check(
        STUDY_KEEPS_ITS_PATIENTS.id,
        not lost,
        " ".join(lost) or f"{now} patients are analysed, {before or 'none'} before.",
        blocking=True,
        metadata={"analysed": now, "before": before or 0, "allowed": allowed},
    )


def _analysed_before(warehouse: Warehouse) -> tuple[int | None, bool]:
    """Return how many patients the published cut analyses, and if it asked for the same ones."""
    flow = _read_published(warehouse, "select n from report.flow where kind = 'analysed'")
    choices = _read_published(
        warehouse, "select name, value from report.provenance where kind = 'choice'"
    )
    if flow is None or choices is None or flow["n"].isna().all():
        # a damaged cut is replaced, by no less than it held
        known = Standing.read(warehouse.site.study_folder)
        is_counted = known is not None and known.analysed.isdigit()
        return (int(known.analysed), True) if known and is_counted else (None, False)
    before = dict(zip(choices["name"], choices["value"], strict=True))
    now = warehouse.study.model_dump(mode="json")
    return int(flow["n"].iloc[0]), all(
        name not in before or json.loads(before[name]) == now[name] for name in ("marker", "arms")
    )


def _arms(warehouse: Warehouse) -> dict[str, int]:
    """Return arm -> patients of the published cut."""
    flow = _read_published(
        warehouse, "select label, n from report.flow where kind = 'arm' and n > 0"
    )
    return {} if flow is None else dict(zip(flow["label"], flow["n"], strict=True))


def _covariates_are_kept(warehouse: Warehouse) -> AssetCheckResult:
    """Judge whether every covariate that the published cut has is still there."""
    described = _read_published(
        warehouse,
        "select distinct lower(split_part(term, '[', 1)) as name from report.results "
        "where analysis = 'baseline' and grp is null and contrast is null and n > 0 "
        "and term is not null and statistic != 'missing'",
    )
    filled = warehouse.query(
        'select distinct "NAME" as name from cohort.covariates '
        'where coalesce("AVAL"::varchar, "AVALC") is not null '
        """union select 'age' from cohort.subjects where "AGE" is not null """
        """union select 'sex' from cohort.subjects where "SEX" is not null"""
    )
    asked = {item.name.lower() for item in warehouse.study.described}
    looks_back = warehouse.site.as_of or warehouse.site.censor
    before = asked & set([] if described is None or looks_back else described["name"])
    lost = lost_covariates(filled["name"].tolist(), before)
    return check(
        STUDY_KEEPS_ITS_COVARIATES.id,
        not lost,
        f"{lost}; deliver the column again, or take the covariate out of the study file."
        if lost
        else "Every covariate of the published cut still has values.",
        blocking=True,
    )


COMPARED: dict[str, Sequence[tuple[BatchRule, Callable[[Warehouse], AssetCheckResult]]]] = {
    "markers": ((MARKER_DID_NOT_SHIFT, _drift),),
    "subjects": ((STUDY_KEEPS_ITS_PATIENTS, _patients_are_kept),),
    "covariates": ((STUDY_KEEPS_ITS_COVARIATES, _covariates_are_kept),),
}
"""Cohort tables that are compared with the published cut: the rules, and what judges them."""

COMPARED_BY = {"covariates": ("cohort.subjects",)}
"""Cohort tables that such a comparison reads besides."""

ASSETS = [cohort_table(table) for table in TABLES]
