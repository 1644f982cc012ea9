"""Patient flow: who arrived, who left and why, who was analysed (STROBE item 13)."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from il6_platform.figures import style

BOX = {"boxstyle": "square,pad=0.55", "facecolor": "white", "edgecolor": style.NEUTRAL, "lw": 0.9}


def flow(rows: pd.DataFrame, results: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Draw `report.flow`, with the marker groups' sizes from `report.results`."""
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(6.6, 3.6, left=0.1, right=0.1, bottom=0.1, top=0.1)
        axes = figure.subplots()
        axes.axis("off")
        axes.set(xlim=(0, 10), ylim=(0, 10))
        counts = rows.set_index("label")["n"]
        arrived = int(rows.loc[rows["kind"] == "arrived", "n"].sum())
        analysed = int(rows.loc[rows["kind"] == "analysed", "n"].sum())
        left = rows[(rows["kind"] == "excluded") & (rows["n"] > 0)]
        _box(axes, 3.2, 9.1, f"Arrived in the registry\nn = {arrived}")
        reasons = [f"{row.label}: {row.n}" for row in left.itertuples()] or ["nobody"]
        _box(axes, 7.6, 6.9, "\n".join([f"Not analysed: {left['n'].sum()}", *reasons]), "left")
        _box(axes, 3.2, 4.7, f"Analysed\nn = {analysed}")
        _arrow(axes, (3.2, 8.35), (3.2, 5.45))
        _arrow(axes, (3.2, 6.9), (5.55, 6.9))
        for x, arm in ((1.9, "control"), (7.2, "experimental")):
            groups = [f"{labels[g]}: {_size(results, f'{arm}/{g}')}" for g in ("high", "low")]
            size = int(counts.get(labels[arm], 0))
            _box(axes, x, 1.5, "\n".join([f"{labels[arm]}, n = {size}", *groups]))
            _arrow(axes, (3.2, 3.95), (x, 2.65))
    return figure


def _size(results: pd.DataFrame, grp: str) -> int:
    rows = results[(results["analysis"] == "response") & (results["grp"] == grp)]
    return int(rows["n"].max()) if len(rows) else 0


def _box(axes: Axes, x: float, y: float, words: str, align: str = "center") -> None:
    axes.text(x, y, words, ha="center", va="center", ma=align, fontsize=8, bbox=BOX)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": style.NEUTRAL})
