"""Patients one by one, by rank and never by key: waterfall and swimmer plots.

Of more patients than can be told apart by eye, the same is drawn in sum: how the changes are
distributed, and how many are in follow-up, have responded, progressed, died by each month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from il6_platform.analysis.names import Analysis
from il6_platform.figures import style

ARMS = (
    ("control", style.GROUPS["control"], ""),
    ("experimental", style.GROUPS["experimental"], "////"),
)
DASHES = {"control": "-", "experimental": (0, (5, 1.5))}

MOST_SINGLE = 150
"""Patients up to whom each is drawn."""

POINTS = 200
"""Points of a curve that stands for more."""

MARKS = {
    "first response": ("^", {"facecolor": "white", "edgecolor": "black"}, "First response"),
    "progression": ("o", {"facecolor": "black", "edgecolor": "black"}, "Progression"),
    "death": ("x", {"color": "black"}, "Death"),
}


def waterfall(
    curves: pd.DataFrame, labels: Mapping[str, str], limits: Sequence[float] = ()
) -> Figure:
    """Draw each patient's best change of the sum of diameters; `limits` are drawn dashed."""
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(6.0, 3.1, left=0.65, bottom=0.35)
        axes = figure.subplots()
        rows = _of(curves, "best change")
        if rows.empty:
            style.say_nothing_to_draw(axes, "No diameters before and on treatment.")
            return figure
        rows = rows.sort_values(["y", "grp"], ascending=[False, True], ignore_index=True)
        is_sum = len(rows) > MOST_SINGLE
        for arm, colour, hatch in ARMS:
            mine, name = rows[rows["grp"] == arm], labels[arm]
            name = f"{name} (n={len(mine)})"
            if is_sum and len(mine):
                shares = np.linspace(0, 1, POINTS)
                heights = np.quantile(mine["y"].clip(upper=100).astype(float), 1 - shares)
                axes.plot(100 * shares, heights, color=colour, ls=DASHES[arm], label=name)
                continue
            axes.bar(
                mine.index, mine["y"].clip(upper=100), color=colour, hatch=hatch, width=0.85,
                edgecolor="white", lw=0.3, label=name,
            )  # fmt: skip
        axes.axhline(0, color=style.NEUTRAL, lw=0.8)
        for limit in limits:
            axes.axhline(limit, color=style.NEUTRAL, lw=1, ls=(0, (2, 2)))
        axes.set(ylabel="Best change of diameters (%)", xlabel="Patients, by change")
        if is_sum:
            axes.set_xlabel("Patients of the arm, by change (%)")
        else:
            axes.set_xticks([])
        axes.legend(frameon=False, fontsize=8, loc="upper right")
        axes.set_title("Best change of the sum of diameters", loc="left", fontweight="bold")
    return figure


def swimmer(curves: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Draw each patient's follow-up with first response, progression and death."""
    with matplotlib.rc_context(style.SETTINGS):
        lengths = {arm: len(_of(curves, "follow-up", arm)) for arm, _, _ in ARMS}
        total = sum(lengths.values())
        if total > MOST_SINGLE:
            return _numbers_by_month(curves, labels, lengths)
        figure = style.new_figure(7.6, 1.2 + 0.09 * max(total, 10), left=0.2, hspace=0.12)
        if not total:
            style.say_nothing_to_draw(figure.subplots(), "No patients.")
            return figure
        panels = figure.subplots(
            2, 1, sharex=True, height_ratios=[max(lengths[arm], 2) for arm, _, _ in ARMS]
        )
        for axes, (arm, colour, _) in zip(panels, ARMS, strict=True):
            _swim(axes, curves, arm, colour)
            axes.set_title(
                f"{labels[arm]} (n={lengths[arm]})", loc="left", pad=2, fontweight="bold"
            )
        panels[0].legend(frameon=False, fontsize=8, loc="lower right")
        panels[1].set_xlim(0, 1.03 * float(_of(curves, "follow-up")["y"].max()))
        panels[1].set_xlabel("Months since start of treatment")
    return figure


def _numbers_by_month(
    curves: pd.DataFrame, labels: Mapping[str, str], lengths: Mapping[str, int]
) -> Figure:
    """Draw how many patients are in follow-up, and how many have had what, by each month."""
    figure = style.new_figure(7.6, 5.0, left=0.65, hspace=0.25)
    panels = figure.subplots(2, 1, sharex=True)
    months = np.linspace(0, float(_of(curves, "follow-up")["y"].max()), POINTS)
    for axes, (arm, colour, _) in zip(panels, ARMS, strict=True):
        ends = np.sort(_of(curves, "follow-up", arm)["y"].to_numpy(float))
        followed = len(ends) - np.searchsorted(ends, months)
        axes.fill_between(months, followed, color=colour, alpha=0.45, lw=0, label="In follow-up")
        for (endpoint, (_, _, words)), dashes in zip(MARKS.items(), ("-", "--", ":"), strict=True):
            days = np.sort(_of(curves, endpoint, arm)["y"].to_numpy(float))
            reached = np.searchsorted(days, months, side="right")
            axes.plot(months, reached, color="black", lw=1, ls=dashes, label=words)
        axes.set_title(f"{labels[arm]} (n={lengths[arm]})", loc="left", pad=2, fontweight="bold")
        axes.set_ylabel("Patients")
    panels[0].legend(frameon=False, fontsize=8, loc="upper right")
    panels[1].set_xlabel("Months since start of treatment")
    return figure


def _swim(axes: Axes, curves: pd.DataFrame, arm: str, colour: str) -> None:
    rows = _of(curves, "follow-up", arm)
    axes.barh(-rows["x"], rows["y"], height=0.75, color=colour, alpha=0.45)
    for endpoint, (shape, inks, words) in MARKS.items():
        points = _of(curves, endpoint, arm)
        drawn = axes.scatter(points["y"], -points["x"], marker=shape, s=18, lw=0.9, label=words)
        drawn.set(zorder=3, **inks)
    alive = rows[~rows["x"].isin(_of(curves, "death", arm)["x"])]
    axes.scatter(alive["y"], -alive["x"], marker=">", s=14, c=colour, lw=0, label="In follow-up")
    axes.set_yticks([])
    axes.set_ylim(-max(len(rows), 1) - 0.7, -0.3)
    axes.spines["left"].set_visible(False)


def _of(curves: pd.DataFrame, endpoint: str, arm: str | None = None) -> pd.DataFrame:
    chosen = (curves["analysis"] == Analysis.RESPONSE) & (curves["endpoint"] == endpoint)
    if arm is not None:
        chosen &= curves["grp"] == arm
    return curves[chosen & np.isfinite(curves["y"].astype(float))].sort_values(["grp", "x"])
