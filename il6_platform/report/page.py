"""The report page: one self-contained file, made from the report tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from il6_platform.analysis.cohort import ARM, ARM_TERM, COMPARISONS, MARKER_TERM
from il6_platform.figures import style
from il6_platform.figures.forest import forest
from il6_platform.figures.kaplan_meier import kaplan_meier
from il6_platform.figures.marker_curve import marker_curve
from il6_platform.figures.response import response
from il6_platform.figures.roc import roc
from il6_platform.study import Study
from il6_platform.warehouse import Warehouse


def labels_of(study: Study) -> dict[str, str]:
    """Return what groups and populations are called in this study."""
    marker = study.marker.label
    return {
        "experimental": study.arms.experimental_label,
        "control": study.arms.control_label,
        "high": f"{marker} high",
        "low": f"{marker} low",
        "all": "all patients",
        "marker_high": f"{marker} high",
        "marker_low": f"{marker} low",
    }


def multivariable_forest(results: pd.DataFrame, study: Study, endpoint: str) -> Figure:
    """Draw the multivariable model of an endpoint."""
    rows = results[
        (results["analysis"] == "cox")
        & (results["endpoint"] == endpoint)
        & (results["model"] == "multivariable")
        & (results["statistic"] == "hazard_ratio")
    ]
    labels = labels_of(study)
    titles = {item.name: item.title for item in study.covariates}
    titles |= {ARM_TERM: labels["experimental"], MARKER_TERM: labels["high"]}

    def name(term: str) -> str:
        base, _, level = term.rstrip("]").partition("[")
        return titles.get(term) or f"{titles.get(base, base)}{': ' + level if level else ''}"

    return forest(rows, [name(term) for term in rows["term"]], f"{endpoint}: multivariable Cox")


def comparison_forest(results: pd.DataFrame, study: Study, endpoint: str) -> Figure:
    """Draw the hazard ratios of every comparison of an endpoint."""
    rows = results[
        (results["analysis"] == "cox")
        & (results["endpoint"] == endpoint)
        & (results["model"] == "univariable")
        & results["contrast"].notna()
    ]
    labels = labels_of(study)
    names = [
        f"{'Experimental vs control' if row.contrast == ARM else 'High vs low'}: "
        f"{labels[row.population]} (n={row.n})"
        for row in rows.itertuples()
    ]
    return forest(rows, names, f"{endpoint}: every comparison")


def scan_figure(curves: pd.DataFrame, study: Study, endpoint: str, cutoff: float | None) -> Figure:
    """Draw the marker's hazard ratio at every cut-off, all patients."""
    rows = curves[
        (curves["analysis"] == "cutoff_scan")
        & (curves["endpoint"] == endpoint)
        & (curves["population"] == "all")
    ]
    return marker_curve(
        rows,
        title=f"{endpoint}: every cut-off",
        label=f"Cut-off of {study.marker.label} ({study.marker.unit})",
        ratio="high vs low",
        mark=cutoff,
    )


def effect_figure(curves: pd.DataFrame, study: Study, endpoint: str) -> Figure:
    """Draw the treatment's hazard ratio along the marker as it was measured."""
    rows = curves[
        (curves["analysis"] == "continuous")
        & (curves["endpoint"] == endpoint)
        & (curves["grp"] == ARM)
    ]
    return marker_curve(
        rows,
        title=f"{endpoint}: treatment's effect along the marker",
        label=f"{study.marker.label} ({study.marker.unit})",
        ratio="experimental vs control",
    )


def render(warehouse: Warehouse) -> str:
    """Return the page of the working database's report tables."""
    study = warehouse.study
    results, curves = warehouse.read("report.results"), warehouse.read("report.curves")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value, digits=2: style.number(_float(value), digits)
    environment.filters["p"] = lambda value: style.p_text(_float(value)).removeprefix("P ")
    provenance = warehouse.read("report.provenance")
    return environment.get_template("page.html.j2").render(
        study=study,
        labels=labels_of(study),
        synthetic="SYNTHETIC" in study.title.upper() or _is_demo(provenance),
        answer=_answer(results, study),
        headline=_records(warehouse.read("report.headline")),
        flow=_records(warehouse.read("report.flow")),
        baseline=_baseline(results, study),
        cutoff=_records(results[results["analysis"].isin(["cutoff", "validity"])]),
        figures=list(_figures(results, curves, study)),
        quality=_records(warehouse.read("report.data_quality")),
        provenance=_records(provenance[~provenance["kind"].isin(["choice", "rule"])]),
    )


def _is_demo(provenance: pd.DataFrame) -> bool:
    from il6_platform.paths import demo_landing
    from il6_platform.registry.deliveries import digest_of

    ours = {digest_of(path.read_bytes()) for path in demo_landing().rglob("*.csv")}
    used = provenance.loc[provenance["kind"] == "delivery", "value"]
    return any(value.removeprefix("sha256 ").split(",")[0] in ours for value in used)


def _answer(results: pd.DataFrame, study: Study) -> list[str]:
    """Say in two sentences what the numbers say, with the hedges that they demand."""
    endpoint, marker = study.endpoints[0], study.marker.label
    effect = _row(results, "cox", endpoint, "hazard_ratio", contrast=ARM, model="univariable")
    product = _row(results, "interaction", endpoint, "ratio_of_hazard_ratios", model="interaction")
    if effect is None or pd.isna(effect["estimate"]):
        why = "" if effect is None else f" ({effect['note']})"
        first = f"These data cannot yet say how treatment and {endpoint} go together{why}."
    else:
        shown = "is associated with" if effect["p_value"] < 0.05 else "is not shown to change"
        better = "longer" if effect["estimate"] < 1 else "shorter"
        word = f"{better} {endpoint}" if effect["p_value"] < 0.05 else endpoint
        first = (
            f"{study.arms.experimental_label} {shown} {word} "
            f"(hazard ratio {effect['estimate']:.2f}, 95% CI {style.number(effect['ci_low'])} to "
            f"{style.number(effect['ci_high'])}; {effect['n']} patients, {effect['events']} "
            "events, not randomised)."
        )
    if product is None or pd.isna(product["estimate"]):
        second = f"Whether {marker} tells who benefits cannot be judged from these data."
    else:
        found = "differs" if product["p_value"] < 0.05 else "is not shown to differ"
        second = (
            f"The treatment's effect {found} between high and low {marker} (ratio of hazard ratios "
            f"{product['estimate']:.2f}, 95% CI {style.number(product['ci_low'])} to "
            f"{style.number(product['ci_high'])}, interaction {style.p_text(product['p_value'])})"
        )
        driven = study.cutoff.method in ("youden", "maxstat")
        second += (
            "; the cut-off was chosen on the same data, which flatters it."
            if driven
            else "; the groups are small."
        )
    return [first, second]


def _row(
    results: pd.DataFrame, analysis: str, endpoint: str, statistic: str, **where: str
) -> pd.Series | None:
    chosen = (
        (results["analysis"] == analysis)
        & (results["endpoint"] == endpoint)
        & (results["statistic"] == statistic)
        & (results["population"] == "all")
        & results["term"].isna()
    )
    for column, value in where.items():
        chosen &= results[column] == value
    return results[chosen].iloc[0] if chosen.any() else None


def _figures(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Iterator[dict[str, Any]]:
    labels = labels_of(study)

    def shown(figure: Figure, section: str, caption: str) -> dict[str, Any]:
        return {"svg": Markup(style.svg(figure)), "section": section, "caption": caption}

    marker = f"{study.marker.label} ({study.marker.unit})"
    yield shown(
        roc(results, curves, label=marker),
        "ROC and response",
        f"ROC curve of {marker}; the point is the cut-off. Its accuracy is apparent: it was "
        "judged on the patients it was chosen on.",
    )
    yield shown(
        response(results, labels),
        "ROC and response",
        "Best overall response by arm and marker group.",
    )
    for endpoint in study.endpoints:
        for population, contrast in COMPARISONS:
            yield shown(
                kaplan_meier(
                    results,
                    curves,
                    endpoint=endpoint,
                    population=population,
                    contrast=contrast,
                    labels=labels,
                ),
                f"Survival: {endpoint}",
                f"{endpoint}, {contrast}, {labels[population]}: Kaplan-Meier with pointwise 95% "
                "log-log bands.",
            )
        yield shown(
            comparison_forest(results, study, endpoint),
            f"Survival: {endpoint}",
            f"{endpoint}: hazard ratio of each comparison (Cox, univariable).",
        )
        yield shown(
            multivariable_forest(results, study, endpoint),
            f"Survival: {endpoint}",
            f"{endpoint}: multivariable Cox model on complete cases.",
        )
        cut = results.loc[
            (results["analysis"] == "cutoff") & (results["statistic"] == "cutoff"), "estimate"
        ]
        yield shown(
            scan_figure(curves, study, endpoint, _float(cut.iloc[0]) if len(cut) else None),
            f"Survival: {endpoint}",
            f"{endpoint}: hazard ratio, high against low, at every cut-off that leaves five "
            "patients on either side, with pointwise 95% limits. A cut-off picked here because it "
            "looks best would flatter the marker.",
        )
        yield shown(
            effect_figure(curves, study, endpoint),
            f"Survival: {endpoint}",
            f"{endpoint}: the treatment's hazard ratio along the marker without a cut-off "
            "(log-linear interaction), with pointwise 95% limits.",
        )


def _baseline(results: pd.DataFrame, study: Study) -> list[dict[str, Any]]:
    """Return the rows of table 1: variable, then one text a group, then the difference."""
    rows = results[results["analysis"] == "baseline"]
    titles = {item.name: item.title for item in study.covariates}
    titles |= {"MARKER": f"{study.marker.label} ({study.marker.unit})"}
    groups = [None, "control", "experimental", "high", "low"]
    table = []
    for term in dict.fromkeys(rows.loc[rows["contrast"].isna(), "term"]):
        base, _, level = term.rstrip("]").partition("[")
        name = titles.get(base, base.capitalize())
        cells = []
        for group in groups:
            mine = rows[(rows["term"] == term) & rows["contrast"].isna()]
            mine = mine[mine["grp"].isna() if group is None else mine["grp"] == group]
            found = mine.drop_duplicates("statistic").set_index("statistic")
            cells.append(_baseline_cell(found))
        if not any(cells):
            continue
        gap = rows[(rows["term"] == base) & (rows["contrast"] == ARM)]["estimate"]
        difference = style.number(float(gap.iloc[0])) if len(gap) else ""
        table.append(
            {"name": f"{name}: {level}" if level else name, "cells": cells, "gap": difference}
        )
    return table


def _baseline_cell(found: pd.DataFrame) -> str:
    if "rate" in found.index:
        row = found.loc["rate"]
        return "" if pd.isna(row["estimate"]) else f"{row['events']} ({row['estimate']:.0%})"
    if "median" not in found.index or pd.isna(found.loc["median", "estimate"]):
        return ""
    value = {name: found.loc[name, "estimate"] for name in ("median", "q1", "q3")}
    return f"{value['median']:.4g} ({value['q1']:.4g} to {value['q3']:.4g})"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
