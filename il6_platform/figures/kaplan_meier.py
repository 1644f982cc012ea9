"""Kaplan-Meier curves of two groups, with bands, medians, hazard ratio and numbers at risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from il6_platform.analysis.cohort import CONTRASTS
from il6_platform.analysis.names import Analysis, Group, Statistic
from il6_platform.figures import numbers, style

HEIGHT, ABOVE, BELOW = 4.5, 0.82, 1.2
"""Of the figure, of title and legend, of time axis and numbers at risk; in inches."""


def kaplan_meier(
    results: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    endpoint: str,
    population: str,
    contrast: str,
    labels: Mapping[str, str],
) -> Figure:
    """Draw one comparison of `report.results` and `report.curves`.

    Parameters
    ----------
    labels
        What to call the groups and populations.
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(5.2, HEIGHT, left=0.57, bottom=BELOW, top=ABOVE)
        axes = figure.subplots()
        drawn = []
        for name, colour, line in zip(
            CONTRASTS[contrast], (style.FIRST, style.SECOND), ("-", (0, (5, 1.5))), strict=True
        ):
            grp = group_of(population, name)
            curve = curves[
                (curves["analysis"] == Analysis.SURVIVAL)
                & (curves["endpoint"] == endpoint)
                & (curves["population"] == Group.ALL)
                & (curves["grp"] == grp)
            ].sort_values("x")
            if len(curve) < 2:
                continue
            x, y = curve["x"].to_numpy(float), curve["y"].to_numpy(float)
            low, high = curve["y_low"].to_numpy(float), curve["y_high"].to_numpy(float)
            axes.fill_between(x, low, high, step="post", color=colour, alpha=0.12, lw=0)
            median = _one(results, endpoint, Statistic.MEDIAN, population=Group.ALL, grp=grp)
            label = f"{labels.get(name, name)} {_median(median)}"
            axes.step(x, y, where="post", color=colour, ls=line, lw=1.6, label=label)
            drawn.append((line, colour, curve))
        if not drawn:
            style.say_nothing_to_draw(axes, "No patients to compare.")
            return figure
        last = max(float(curve["x"].max()) for _, _, curve in drawn)
        step = next((s for s in (1, 2, 3, 6, 12, 24, 36, 60) if last / s <= 8), 120)
        ticks = np.arange(0, last + 1e-9, step)
        axes.set(ylim=(0, 1.02), xlim=(0, max(last * 1.02, step)), ylabel=f"{endpoint} probability")
        axes.set_xticks(ticks)
        axes.set_xlabel("Months since start of treatment")
        # above the plot, where no curve can run through it
        axes.legend(
            frameon=False, loc="lower left", bbox_to_anchor=(-0.015, 0.99), fontsize=8,
            borderaxespad=0, labelspacing=0.25, handlelength=2.2,
        )  # fmt: skip
        title = f"{endpoint}: {labels.get(population, population)}"
        axes.set_title(title, loc="left", fontweight="bold", pad=43)
        ratio = _one(
            results,
            endpoint,
            Statistic.HAZARD_RATIO_SCORE,
            population=population,
            contrast=contrast,
        )
        test = _one(results, endpoint, Statistic.LOGRANK, population=population, contrast=contrast)
        words = f"Log-rank {numbers.p_text(None if test is None else test['p_value'])}"
        if ratio is not None and not np.isnan(ratio["estimate"]):
            words = (
                f"HR {numbers.ratio(ratio['estimate'])} (95% CI "
                f"{numbers.interval(ratio['ci_low'], ratio['ci_high'])}), "
                f"{words[0].lower()}{words[1:]}"
            )
        axes.annotate(
            words, (0, 1), (0, 31), xycoords="axes fraction", textcoords="offset points",
            fontsize=8.5,
        )  # fmt: skip
        _at_risk(axes, drawn, ticks)
    return figure


def _at_risk(
    axes: Axes, drawn: list[tuple[Any, str, pd.DataFrame]], ticks: NDArray[np.float64]
) -> None:
    """Write the numbers at risk below the time axis, a row a group."""
    below, beside = axes.get_xaxis_transform(), axes.transAxes
    # inches below the axis -> shares of its height
    head, *rows = (-inches / (HEIGHT - BELOW - ABOVE) for inches in (0.66, 0.86, 1.05))
    axes.text(0, head, "At risk", transform=below, fontsize=8, va="center", fontweight="bold")
    for y, (line, colour, curve) in zip(rows, drawn, strict=False):
        # which row is whose, for print in grey
        axes.plot(
            [-0.1, -0.05], [y, y], color=colour, ls=line, lw=1.6, transform=beside, clip_on=False
        )
        times, counts = curve["x"].to_numpy(float), curve["at_risk"].to_numpy(float)
        for tick in ticks:
            position = np.searchsorted(times, tick, side="left")
            count = counts[position] if position < len(counts) else 0.0
            axes.text(
                tick, y, numbers.count(count), transform=below, color=colour, ha="center",
                va="center", fontsize=8,
            )  # fmt: skip


def _median(median: pd.Series | None) -> str:
    """Say a group's size and median with its interval; one that is not reached is said so."""
    if median is None:
        return ""
    size = "few" if pd.isna(median["n"]) else f"n={median['n']:.0f}"
    if np.isnan(median["estimate"]):
        return f"({size}): median not reached"
    low, high = median["ci_low"], median["ci_high"]
    high_said = "not reached" if np.isnan(high) else f"{high:.1f}"
    interval = f" ({low:.1f} to {high_said})" if not np.isnan(low) else ""
    return f"({size}): median {median['estimate']:.1f}{interval}"


def group_of(population: str, name: str) -> str:
    """Return the `grp` of a contrast's group within a population."""
    match population:
        case "all":
            return name
        case "marker_high" | "marker_low":
            return f"{name}/{population.removeprefix('marker_')}"
        case _:
            return f"{population}/{name}"


def _one(results: pd.DataFrame, endpoint: str, statistic: str, **where: str) -> pd.Series | None:
    chosen = (results["endpoint"] == endpoint) & (results["statistic"] == statistic)
    for column in ("population", "contrast", "grp"):
        value = where.get(column)
        chosen &= results[column].isna() if value is None else results[column] == value
    found = results[chosen]
    return None if found.empty else found.iloc[0]
