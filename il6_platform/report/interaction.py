"""What the page's script needs of a figure: where its axes are, its curves, every cut-off.

Belongs here: plain data for `page.js`, from the same rows as the figure. Does not belong here: the
script; a number that is nowhere else on the page's tables.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from il6_platform.analysis.cohort import ARM, MARKER
from il6_platform.analysis.names import Analysis, Model, Statistic
from il6_platform.figures.labels import labels_of, rows_of, with_unit
from il6_platform.report import formatting
from il6_platform.report.figure_catalogue import Picture, Report
from il6_platform.study import Study

POINTS = 72
"""Of an inch: the unit of a drawing's coordinates."""


def plot_of(picture: Picture, figure: Figure, study: Study) -> str:
    """Return a figure's axes and curves as JSON, or an empty text where nothing can be asked.

    `box` is left, top, right, bottom of the axes in the drawing's points; `x` their ends.
    """
    curves = [
        _curve(name, rows) for name, rows in picture.series.items() if rows["y"].notna().sum() > 1
    ]
    if not curves or not figure.axes or not figure.axes[0].axison:
        return ""
    axes = figure.axes[0]
    width, height = (inches * POINTS for inches in figure.get_size_inches())
    place = axes.get_position()
    steps = bool(picture.of)
    return _json(
        {
            "box": [
                *(place.x0 * width, (1 - place.y1) * height),
                *(place.x1 * width, (1 - place.y0) * height),
            ],
            "x": list(axes.get_xlim()),
            "log": axes.get_xscale() == "log",
            "steps": steps,
            "label": "Month" if steps else with_unit(study),
            "curves": curves,
        }
    )


def _curve(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    rows = rows.sort_values("x")
    # of no width is what has no interval: a probability of 1 or 0, a reference
    has_width = rows["y_low"] != rows["y_high"]
    rows = rows.assign(**{name: rows[name].where(has_width) for name in ("y_low", "y_high")})
    columns = {"x": "x", "y": "y", "lo": "y_low", "hi": "y_high"}
    found: dict[str, Any] = {key: rows[column].tolist() for key, column in columns.items()}
    if rows["at_risk"].notna().any():
        found["n"] = [None if pd.isna(n) else int(n) for n in rows["at_risk"]]
    return {"name": name, **found}


def scan_of(picture: Picture, report: Report) -> dict[str, Any] | None:
    """Return what the slider over every cut-off says, or None for another figure.

    Each row holds a cut-off, and the figures that are found there: the treatment-by-marker ratio
    of hazard ratios first, since it answers the question.
    """
    if not picture.name.startswith("cutoff-scan-"):
        return None
    results, study = report.results, report.study
    endpoint = next(one for one in study.endpoints if picture.name == f"cutoff-scan-{one.lower()}")
    scan = rows_of(results)(analysis=Analysis.CUTOFF_SCAN, endpoint=endpoint)
    each = scan[scan["model"].eq("each cut-off") & scan["estimate"].notna() & scan["at"].notna()]
    wanted = each[
        each["statistic"].isin([Statistic.RATIO_OF_HAZARD_RATIOS, Statistic.HAZARD_RATIO])
    ]
    places = sorted(wanted["at"].unique())
    if len(places) < 2:
        return None
    cut = rows_of(results)(analysis=Analysis.CUTOFF, statistic=Statistic.CUTOFF)["estimate"]
    marks = [("the study's", float(cut.iloc[0]))] if len(cut) and pd.notna(cut.iloc[0]) else []
    published = scan[scan["model"].eq(Model.PUBLISHED) & scan["at"].notna()]
    marks += [
        (str(term), float(at))
        for term, at in published.drop_duplicates("term")[["term", "at"]].itertuples(index=False)
    ]
    # a published cut-off is applied as it was printed, the nearest one here is shown
    nearest = [
        {"name": name, "position": min(range(len(places)), key=lambda i: abs(places[i] - at))}
        for name, at in marks
    ]
    for mark in nearest:
        mark["at"] = places[int(str(mark["position"]))]
    rows: dict[float, list[dict[Hashable, Any]]] = {at: [] for at in places}
    for row in wanted.to_dict("records"):
        rows[row["at"]].append(row)
    data = {
        "label": f"Cut-off of {with_unit(study)}",
        "rows": [{"at": at, "said": _said(rows[at], study)} for at in places],
        "marks": nearest,
    }
    start = nearest[0]["position"] if nearest else len(places) // 2
    return {"data": _json(data), "most": len(places) - 1, "start": start, "marks": nearest}


def _said(rows: Sequence[Mapping[Hashable, Any]], study: Study) -> list[dict[str, str]]:
    labels = labels_of(study)
    ratio = Statistic.HAZARD_RATIO
    names: dict[tuple[str, str, str | None], str] = {
        (Statistic.RATIO_OF_HAZARD_RATIOS, "all", None): "ratio of hazard ratios, high to low"
    }
    for population in ("all", "control", "experimental"):
        said = f"hazard ratio, high against low, {labels[population]}"
        names[ratio, population, MARKER] = said
    for population in ("marker_high", "marker_low"):
        names[ratio, population, ARM] = f"treatment's hazard ratio, {labels[population]}"
    found = []
    for key, name in names.items():
        for row in rows:
            contrast = row["contrast"] if isinstance(row["contrast"], str) else None
            if (row["statistic"], row["population"], contrast) == key:
                text = formatting.with_interval(row, formatting.ratio)
                if pd.notna(row["p_value"]):
                    text += f", {formatting.p_text(row['p_value'])}"
                found.append({"name": name, "text": text})
    return found


def _json(values: dict[str, Any]) -> str:
    return json.dumps(_rounded(values), ensure_ascii=False, separators=(",", ":"))


def _rounded(value: Any) -> Any:
    """Round to what a reader sees; what is missing becomes null."""
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value
