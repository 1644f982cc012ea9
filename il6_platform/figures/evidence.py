"""How the answer has moved since the first patient: ratios and cut-off over calendar time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from il6_platform.analysis.cohort import ARM, MARKER
from il6_platform.analysis.names import Group, Statistic
from il6_platform.figures import style
from il6_platform.figures.labels import with_unit
from il6_platform.study import Study
from il6_platform.time_units import DAYS_PER_MONTH

PANELS = (
    (Statistic.HAZARD_RATIO, Group.ALL, ARM),
    (Statistic.HAZARD_RATIO, Group.CONTROL, MARKER),
    (Statistic.HAZARD_RATIO, Group.EXPERIMENTAL, MARKER),
    (Statistic.RATIO_OF_HAZARD_RATIOS, Group.ALL, None),
)
SPAN = (0.05, 20.0)


def evidence(rows: pd.DataFrame, endpoint: str, study: Study, labels: Mapping[str, str]) -> Figure:
    """Draw rows of analysis evidence: `at` is months since the first patient."""
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(8.0, 7.0, left=0.65, right=0.25, hspace=0.38)
        figure.subplots_adjust(wspace=0.2)
        panels = figure.subplots(3, 2, sharex=True).ravel()
        for axes, (statistic, population, contrast) in zip(panels, PANELS, strict=False):
            mine = rows[
                (rows["endpoint"] == endpoint)
                & (rows["statistic"] == statistic)
                & (rows["population"] == population)
                & (rows["contrast"].isna() if contrast is None else rows["contrast"] == contrast)
            ]
            _ratios(axes, mine)
            title = {
                ARM: f"with vs without {study.arms.experimental_drug}",
                MARKER: f"{labels['high']} vs low, {labels[population]}",
                None: "Interaction at the cut-off chosen then",
            }[contrast]
            axes.set_title(f"{endpoint}: {title}", loc="left", fontsize=8, fontweight="bold")
            axes.set_ylabel("Ratio of HRs" if contrast is None else "Hazard ratio", fontsize=8)
        _events(panels[4], rows, endpoint)
        cut = rows[rows["statistic"] == Statistic.CUTOFF].dropna(subset=["estimate"])
        _steps(panels[5], cut["at"], cut["estimate"], color=style.SECOND, lw=1.3)
        panels[5].set_title("Cut-off chosen then", loc="left", fontsize=8, fontweight="bold")
        panels[5].set_ylabel(with_unit(study), fontsize=8)
        panels[5].set_ylim(bottom=0)
        for axes in panels:
            axes.tick_params(labelsize=8)
        for axes in panels[4:]:
            show_years(axes, rows)
    return figure


def first_day(rows: pd.DataFrame) -> date | None:
    """Return the first patient's day: months before the day (`term`) that a look is at, if any."""
    looks = rows.dropna(subset=["at", "term"])
    if looks.empty:
        return None
    day, months = looks.iloc[0][["term", "at"]]
    return date.fromisoformat(day) - timedelta(days=round(months * DAYS_PER_MONTH))


def show_years(axes: Axes, rows: pd.DataFrame, until: float | None = None) -> None:
    """Mark the years on an axis of months since the first patient."""
    start = first_day(rows)
    last = until or (rows["at"].max() if rows["at"].notna().any() else 12)
    if start is None:
        axes.set_xlabel("Months since the first patient", fontsize=8)
        return
    end = start + timedelta(days=int(last * DAYS_PER_MONTH))
    step = max(1, round((end.year - start.year) / 7))
    years = range(start.year, end.year + 2, step)
    places = [(date(year, 1, 1) - start).days / DAYS_PER_MONTH for year in years]
    axes.set_xticks(places, [str(year) for year in years])
    axes.set_xlim(min(0, places[0]), max(last * 1.02, places[1]))
    axes.set_xlabel("1 January of", fontsize=8)


def _steps(axes: Axes, x: ArrayLike, y: ArrayLike, **look: Any) -> None:
    """Draw steps over time; a single look has no line, so it is a point."""
    axes.step(x, y, where="post", marker="o" if np.size(x) == 1 else "", ms=3.5, **look)


def _ratios(axes: Axes, rows: pd.DataFrame) -> None:
    shown = rows.dropna(subset=["estimate"]).sort_values("at")
    axes.axhline(1, color="#777777", lw=0.8)
    axes.set_yscale("log")
    marks = [0.1, 0.2, 0.5, 1, 2, 5, 10]
    axes.set_yticks(marks, [f"{mark:g}" for mark in marks])
    axes.minorticks_off()
    axes.set_ylim(*SPAN)
    if shown.empty:
        style.say_nothing_to_draw(axes, "Not estimable so far.")
        return
    x = shown["at"].to_numpy(float)
    y, low, high = (
        np.clip(shown[c].to_numpy(float), *SPAN) for c in ("estimate", "ci_low", "ci_high")
    )
    axes.fill_between(x, low, high, color=style.SECOND, alpha=0.15, lw=0, step="post")
    if len(x) == 1:
        axes.vlines(x, low, high, color=style.SECOND, alpha=0.4, lw=2)
    _steps(axes, x, y, color=style.SECOND, lw=1.3)
    below = (shown["p_value"] < 0.05).to_numpy(bool)
    axes.plot(x[below], y[below], "o", color=style.FIRST, ms=3.5, label="P < 0.05")
    if below.any():
        axes.legend(
            frameon=False, fontsize=8, loc="upper left", handletextpad=0.1, borderaxespad=0.1
        )


def _events(axes: Axes, rows: pd.DataFrame, endpoint: str) -> None:
    whole = rows[
        (rows["endpoint"] == endpoint)
        & (rows["statistic"] == Statistic.RATIO_OF_HAZARD_RATIOS)
        & rows["at"].notna()
    ].sort_values("at")
    for column, dash in (("n", "-"), ("events", (0, (5, 1.5)))):
        words = "patients" if column == "n" else "events"
        counts = whole[column].astype(float)
        _steps(axes, whole["at"], counts, color=style.NEUTRAL, ls=dash, label=words)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    axes.set_title("Patients and events", loc="left", fontsize=8, fontweight="bold")
    axes.set_ylabel("Number", fontsize=8)
    axes.set_ylim(bottom=0)
