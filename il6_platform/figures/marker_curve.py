"""A hazard ratio along the marker, with its band: at each cut-off, or without one."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.figures import numbers, style


def marker_curve(
    curve: pd.DataFrame, *, title: str, label: str, ratio: str, mark: float | None = None
) -> Figure:
    """Draw rows of `report.curves` whose x is the marker and y a hazard ratio.

    Parameters
    ----------
    label
        The marker with its unit.
    ratio
        Which groups the hazard ratio compares.
    mark
        The study's cut-off, where the curve has to do with it.
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(5.2, 3.2, left=0.65)
        axes = figure.subplots()
        shown = curve.dropna(subset=["x", "y"]).sort_values("x")
        if len(shown) < 2:
            style.say_nothing_to_draw(axes, "Too few patients or events for a curve.")
            return figure
        x, y = shown["x"].to_numpy(float), shown["y"].to_numpy(float)
        low, high = (np.clip(shown[c].to_numpy(float), 0.02, 50) for c in ("y_low", "y_high"))
        axes.axhline(1, color="#999999", lw=0.8)
        axes.fill_between(x, low, high, color=style.SECOND, alpha=0.15, lw=0)
        axes.plot(x, np.clip(y, 0.02, 50), color=style.SECOND, lw=1.6)
        if mark is not None and x.min() <= mark <= x.max():
            axes.axvline(mark, color=style.FIRST, lw=1, ls=(0, (5, 1.5)))
            axes.annotate(
                f"cut-off {numbers.plain(mark)}", (mark, 0.97), (4, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points", color=style.FIRST, fontsize=8, va="top",
            )  # fmt: skip
        axes.set_yscale("log")
        marks = [m for m in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low.min() <= m <= high.max()]
        axes.set_yticks(marks, [f"{m:g}" for m in marks])
        axes.minorticks_off()
        axes.set_xscale("log", base=2)
        ticks = [t for t in 2.0 ** np.arange(-6, 20) if x.min() <= t <= x.max()]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.set(xlabel=label, ylabel=f"Hazard ratio, {ratio}")
        axes.set_title(title, loc="left", fontweight="bold")
    return figure
