"""Patient flow: who arrived, who left and why, who was analysed (STROBE item 13)."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from il6_platform.analysis.names import Analysis
from il6_platform.figures import numbers, style

BOX = {"boxstyle": "square,pad=0.6", "facecolor": "white", "edgecolor": style.NEUTRAL, "lw": 0.9}
LINE = 0.165
"""Height of a line of text, in inches."""


def flow(rows: pd.DataFrame, results: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Draw `report.flow`, with the marker groups' sizes from `report.results`."""
    with matplotlib.rc_context(style.SETTINGS):
        counts = rows.set_index("label")["n"]
        arrived = _total(rows.loc[rows["kind"] == "arrived", "n"])
        analysed = _total(rows.loc[rows["kind"] == "analysed", "n"])
        # a count that is hidden is of somebody
        left = rows[(rows["kind"] == "excluded") & (rows["n"].fillna(1) > 0)]
        reasons = [f"{row.label}: {numbers.count(row.n)}" for row in left.itertuples()]
        # inches, so that every reason has its line
        width, aside = 7.6, 0.4 + LINE * (1 + len(reasons))
        height = 2.9 + aside
        figure = style.new_figure(width, height, left=0.05, right=0.2, bottom=0.05, top=0.05)
        axes = figure.subplots()
        axes.axis("off")
        axes.set(xlim=(0, width), ylim=(0, height))
        top, middle, low = height - 0.4, 1.75, 0.6
        turn = (top + middle) / 2
        axes.plot([2.6, 2.6], [top, middle], color=style.NEUTRAL, lw=0.9, zorder=0)
        axes.plot([2.6, 2.6], [middle, 1.2], color=style.NEUTRAL, lw=0.9, zorder=0)
        axes.plot([2.0, 5.6], [1.2, 1.2], color=style.NEUTRAL, lw=0.9, zorder=0)
        _arrow(axes, (2.6, turn), (4.0, turn))
        _arrow(axes, (2.6, turn), (2.6, middle + 0.27))
        _box(axes, 2.6, top, f"Arrived in the registry\nn = {arrived}")
        words = "\n".join([f"Not analysed: {_total(left['n'])}", *reasons])
        _box(axes, 4.1, turn, words, "left")
        _box(axes, 2.6, middle, f"Analysed\nn = {analysed}")
        for x, arm in ((2.0, "control"), (5.6, "experimental")):
            size = counts.get(labels[arm], 0)
            sizes = {g: _size(results, f"{arm}/{g}") for g in ("high", "low")}
            groups = [f"{labels[g]}: {numbers.count(n)}" for g, n in sizes.items()]
            if not numbers.is_missing(size) and size and all(n == 0 for n in sizes.values()):
                groups = ["no cut-off, so no groups"]
            _arrow(axes, (x, 1.2), (x, low + 0.345))
            _box(axes, x, low, "\n".join([f"{labels[arm]}, n = {numbers.count(size)}", *groups]))
    return figure


def _size(results: pd.DataFrame, grp: str) -> float | None:
    """Return how many patients a group has; None where that is hidden."""
    rows = results[(results["analysis"] == Analysis.RESPONSE) & (results["grp"] == grp)]
    if rows.empty:
        return 0
    return None if rows["n"].isna().all() else float(rows["n"].max())


def _total(counts: pd.Series) -> str:
    """Write a sum of counts; where one of them is hidden, the sum would be wrong."""
    return "not shown" if counts.isna().any() else f"{counts.sum():.0f}"


def _box(axes: Axes, x: float, y: float, words: str, align: str = "center") -> None:
    axes.text(x, y, words, ha=align, va="center", ma=align, fontsize=9, bbox=BOX)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "-|>", "color": style.NEUTRAL, "shrinkA": 0, "shrinkB": 0, "lw": 0.9}
    axes.annotate("", end, start, arrowprops=look)
