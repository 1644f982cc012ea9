"""Analysis: the cohort -> rows of results. What is computed is in `il6_platform.analysis`."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pandas as pd
from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from il6_platform.analysis import (
    baseline,
    continuous,
    cox,
    cutoff,
    cutoff_scan,
    evidence,
    interaction,
    missing,
    monitoring,
    multiplicity,
    response,
    sensitivity,
    small_sample,
    subgroups,
    survival,
    validity,
    weighting,
)
from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.results import CURVE_COLUMNS, RESULT_COLUMNS
from il6_platform.assets.tables import OWNERS, POOL, key_of, picture, preview, table_metadata
from il6_platform.paths import code_version
from il6_platform.study import Study
from il6_platform.warehouse import Warehouse


@dataclass(frozen=True)
class Analysis:
    """One analysis: its module, whether it draws curves, and its figure in the UI."""

    module: ModuleType
    curves: bool = False
    figure: Callable[[pd.DataFrame, pd.DataFrame, Study], Any] | None = None


def _roc_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.figures.roc import roc

    return roc(results, curves, label=f"{study.marker.label} ({study.marker.unit})")


def _survival_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.figures.kaplan_meier import kaplan_meier
    from il6_platform.report.pictures import labels_of

    return kaplan_meier(
        results,
        curves,
        endpoint=study.endpoints[0],
        population="all",
        contrast="experimental vs control",
        labels=labels_of(study),
    )


def _forest_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.pictures import multivariable_forest

    return multivariable_forest(results, study, study.endpoints[0])


def _response_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.figures.response import response as draw
    from il6_platform.report.pictures import labels_of

    return draw(results, labels_of(study))


def _stability_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.figures.roc import stability

    return stability(results, curves, label=f"{study.marker.label} ({study.marker.unit})")


def _subgroups_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.pictures import subgroup_forest

    return subgroup_forest(results, study, study.endpoints[0])


def _balance_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.pictures import balance_figure

    return balance_figure(results, study)


def _scan_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.pictures import scan_figure

    return scan_figure(curves, study, study.endpoints[0], None)


def _effect_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.pictures import effect_figure

    return effect_figure(curves, study, study.endpoints[0])


def _evidence_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.pictures import evidence_figure

    return evidence_figure(results, study, study.endpoints[0])


def _looks_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.figures.monitoring import looks

    return looks(results, curves)


ANALYSES: dict[str, Analysis] = {
    "cutoff": Analysis(cutoff, curves=True, figure=_roc_figure),
    "baseline": Analysis(baseline),
    "response": Analysis(response, curves=True, figure=_response_figure),
    "survival": Analysis(survival, curves=True, figure=_survival_figure),
    "cox": Analysis(cox, figure=_forest_figure),
    "interaction": Analysis(interaction),
    "small_sample": Analysis(small_sample),
    "validity": Analysis(validity, curves=True, figure=_stability_figure),
    "cutoff_scan": Analysis(cutoff_scan, curves=True, figure=_scan_figure),
    "continuous": Analysis(continuous, curves=True, figure=_effect_figure),
    "weighting": Analysis(weighting, curves=True, figure=_balance_figure),
    "missing": Analysis(missing),
    "subgroups": Analysis(subgroups, figure=_subgroups_figure),
    "multiplicity": Analysis(multiplicity),
    "sensitivity": Analysis(sensitivity),
    "evidence": Analysis(evidence, figure=_evidence_figure),
    "monitoring": Analysis(monitoring, curves=True, figure=_looks_figure),
}
"""Analyses by the name of their table in the schema `analysis`."""


COHORT = ("cohort.adtte", "cohort.adrs", "cohort.adtr")
"""What every analysis reads beside the subjects."""


def analysis_table(table: str) -> AssetsDefinition:
    """Return the asset of one analysis."""
    name, entry = f"analysis.{table}", ANALYSES[table]
    # the cut-off is made before ADSL, which holds the groups that it makes
    subjects = "cohort.subjects" if table == "cutoff" else "cohort.adsl"
    said = (entry.module.__doc__ or "").removeprefix(f"{name}: ").strip()

    @asset(
        key=key_of(name),
        # the cut-off makes ADSL's groups, so in the lineage it stands with the cohort
        group_name="cohort" if table == "cutoff" else "analysis",
        kinds={"python", "pandas", "duckdb"},
        owners=OWNERS["analysis"],
        code_version=code_version(),
        pool=POOL,
        deps=[key_of(source) for source in (subjects, *COHORT)],
        description=(
            f"{said[:1].upper()}{said[1:]}\n\nMade by `il6_platform/analysis/{table}.py`."
        ),
    )
    def analysed(context: AssetExecutionContext, warehouse: Warehouse) -> MaterializeResult:
        study = warehouse.study
        cohort = warehouse.once(
            f"cohort of {subjects}",
            lambda: Cohort.of(
                warehouse.read(subjects),
                warehouse.read("cohort.adtte"),
                warehouse.read("cohort.adrs"),
                warehouse.read("cohort.adtr"),
                study,
            ),
        )
        outcome = entry.module.analyse(cohort, study)
        results, curves = cutoff.with_caution(outcome.frame(), study), outcome.curves()
        warehouse.write(name, results, RESULT_COLUMNS, said.splitlines()[0])
        if entry.curves:
            warehouse.write(f"{name}_curves", curves, CURVE_COLUMNS, f"What {name} draws")
        held_back = results[results["estimate"].isna()]
        context.log.info(
            f"{name}: {len(cohort)} patients, {len(results)} estimates, {len(held_back)} of them "
            "beyond what the data support."
        )
        metadata: dict[str, Any] = {
            **table_metadata(warehouse, name),
            "patients": len(cohort),
            "not_estimable": len(held_back),
            "preview": preview(results.drop(columns=["analysis", "method"]), 40),
        }
        if entry.figure is not None:
            from il6_platform.figures.style import marked, png
            from il6_platform.report.origin import SYNTHETIC

            drawn = entry.figure(results, curves, study)
            if warehouse.once("is synthetic", lambda: _is_synthetic(warehouse)):
                drawn = marked(drawn, SYNTHETIC)
            metadata["figure"] = picture(png(drawn), said.partition("\n\n")[0])
        return MaterializeResult(metadata=metadata)

    return analysed


def _is_synthetic(warehouse: Warehouse) -> bool:
    from il6_platform.report.origin import is_synthetic

    used = warehouse.query("select delivery from raw.deliveries")["delivery"]
    return is_synthetic(warehouse.site, used)


ASSETS = [analysis_table(table) for table in ANALYSES]
