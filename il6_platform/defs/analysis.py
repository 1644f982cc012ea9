"""Analysis: the cohort -> rows of results. What is computed is in `il6_platform.analysis`."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pandas as pd
from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, asset

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
from il6_platform.defs.metadata import picture, preview, table_metadata
from il6_platform.defs.specs import OWNERS, POOL, key_of
from il6_platform.paths import code_version
from il6_platform.study import Study
from il6_platform.warehouse.database import Warehouse


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
    from il6_platform.report.figure_catalogue import labels_of

    return kaplan_meier(
        results,
        curves,
        endpoint=study.endpoints[0],
        population="all",
        contrast="experimental vs control",
        labels=labels_of(study),
    )


def _forest_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.figure_catalogue import multivariable_forest

    return multivariable_forest(results, study, study.endpoints[0])


def _response_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.figures.response import response as draw
    from il6_platform.report.figure_catalogue import labels_of

    return draw(results, labels_of(study))


def _stability_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.figures.roc import stability

    return stability(results, curves, label=f"{study.marker.label} ({study.marker.unit})")


def _subgroups_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.figure_catalogue import subgroup_forest

    return subgroup_forest(results, study, study.endpoints[0])


def _balance_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.figure_catalogue import balance_figure

    return balance_figure(results, study)


def _scan_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.figure_catalogue import scan_figure

    return scan_figure(curves, study, study.endpoints[0], None)


def _effect_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.figure_catalogue import effect_figure

    return effect_figure(curves, study, study.endpoints[0])


def _evidence_figure(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Any:
    from il6_platform.report.figure_catalogue import evidence_figure

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


@dataclass(frozen=True)
class Outcome:
    """What came out of one analysis: rows of results and of curves, and its figure as PNG."""

    results: pd.DataFrame
    curves: pd.DataFrame
    figure: bytes | None


def analyse(table: str, cohort: Cohort, study: Study, is_synthetic: bool) -> Outcome:
    """Compute an analysis and draw its figure; of its arguments alone."""
    entry = ANALYSES[table]
    found = entry.module.analyse(cohort, study)
    results, curves = cutoff.with_caution(found.frame(), study), found.curves()
    if entry.figure is None:
        return Outcome(results, curves, None)
    from il6_platform.figures.style import marked, png
    from il6_platform.report.synthetic_flag import SYNTHETIC

    figure = entry.figure(results, curves, study)
    return Outcome(results, curves, png(marked(figure, SYNTHETIC) if is_synthetic else figure))


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
        chosen = context.run.asset_selection or frozenset()
        asked = warehouse.once(
            f"analyses of {subjects}", lambda: _begin(warehouse, subjects, chosen)
        )
        outcome = warehouse.ahead.result(name, analyse, table, *asked)
        results, cohort = outcome.results, asked[0]
        warehouse.write(name, results, RESULT_COLUMNS, said.splitlines()[0])
        if entry.curves:
            warehouse.write(f"{name}_curves", outcome.curves, CURVE_COLUMNS, f"What {name} draws")
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
        if outcome.figure is not None:
            metadata["figure"] = picture(outcome.figure, said.partition("\n\n")[0])
        return MaterializeResult(metadata=metadata)

    return analysed


def _begin(
    warehouse: Warehouse, subjects: str, chosen: Collection[AssetKey]
) -> tuple[Cohort, Study, bool]:
    """Return what the analyses of some subjects work on; other cores begin with the last ones.

    A run may be of a few assets only: no other analysis is begun.
    """
    from il6_platform.report.synthetic_flag import is_synthetic

    adsl, adtte, adrs, adtr = (warehouse.read(table) for table in (subjects, *COHORT))
    study = warehouse.study
    synthetic = warehouse.once(
        "is synthetic",
        lambda: is_synthetic(
            warehouse.site, warehouse.query("select delivery from raw.deliveries")["delivery"]
        ),
    )
    asked = Cohort.of(adsl, adtte, adrs, adtr, study), study, synthetic
    if subjects == "cohort.adsl":
        warehouse.begin_docs()
        # Dagster takes them by name
        for table in sorted(ANALYSES.keys() - {"cutoff"}, reverse=True):
            if not chosen or key_of(f"analysis.{table}") in chosen:
                warehouse.ahead.begin(f"analysis.{table}", analyse, table, *asked)
    return asked


ASSETS = [analysis_table(table) for table in ANALYSES]
