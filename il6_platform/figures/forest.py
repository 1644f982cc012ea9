"""Hazard ratios with their intervals, one row each."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.figures import style


def forest(rows: pd.DataFrame, names: list[str], title: str, *, height: float = 0.32) -> Figure:
    """Draw rows of `report.results` that hold ratios.

    Parameters
    ----------
    names
        What to call them.
    height
        Inches a row.
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(
            7.2, 0.9 + height * max(len(rows), 2), left=style.width_of(names, 8), right=1.9
        )
        axes = figure.subplots()
        if rows.empty:
            style.say_nothing_to_draw(axes, "No model.")
            return figure
        shown = rows.reset_index(drop=True).assign(name=names)
        limits = shown[["ci_low", "ci_high", "estimate"]].to_numpy(float)
        known = limits[np.isfinite(limits) & (limits > 0)]
        low = max(min([0.2, *known]), 0.02) * 0.9
        high = min(max([5, *known]), 50) * 1.1
        for y, (_, row) in enumerate(shown.iterrows()):
            if pd.isna(row["estimate"]):
                axes.text(1, -y, str(row["note"])[:60], va="center", fontsize=7, color="#777777")
                words = "not estimable"
            else:
                ends = np.clip([row["ci_low"], row["ci_high"]], low, high)
                axes.plot(ends, [-y, -y], color=style.SECOND, lw=1.4)
                axes.plot([row["estimate"]], [-y], "s", color=style.SECOND, ms=5)
                words = (
                    f"{row['estimate']:.2f} ({style.number(row['ci_low'])} to "
                    f"{style.number(row['ci_high'])}), {style.p_text(row['p_value'])}"
                )
            axes.text(
                1.02, -y, words, transform=axes.get_yaxis_transform(), va="center", fontsize=8
            )
        axes.axvline(1, color="#999999", lw=0.8)
        axes.set_xscale("log")
        axes.set(xlim=(low, high), ylim=(-len(shown) + 0.4, 0.6))
        marks = [mark for mark in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low <= mark <= high]
        axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
        axes.minorticks_off()
        axes.set_yticks(-np.arange(len(shown)), shown["name"], fontsize=8)
        axes.set_xlabel("Hazard ratio (log scale)")
        axes.set_title(title, loc="left", fontweight="bold")
    return figure
