"""The ROC curve with its area and cut-off."""

from __future__ import annotations

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.figures import style


def roc(results: pd.DataFrame, curves: pd.DataFrame, *, label: str) -> Figure:
    """Draw analysis cutoff; `label` is the marker with its unit."""
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(4.2, 4.0, left=0.6)
        axes = figure.subplots()
        rows = results[results["analysis"] == "cutoff"].drop_duplicates("statistic")
        found = rows.set_index("statistic")
        curve = curves[curves["analysis"] == "cutoff"]
        if curve.empty or "auc" not in found.index or pd.isna(found.loc["auc", "estimate"]):
            style.say_nothing_to_draw(axes, "No ROC: cases or controls are missing.")
            return figure
        area = found.loc["auc"]
        axes.plot([0, 1], [0, 1], color="#999999", lw=0.8, ls=":")
        axes.plot(curve["x"], curve["y"], color=style.SECOND, lw=1.6)
        words = (
            f"AUC {area['estimate']:.2f} "
            f"(95% CI {style.number(area['ci_low'])} to {style.number(area['ci_high'])})"
        )
        if "sensitivity" in found.index and pd.notna(found.loc["sensitivity", "estimate"]):
            x = 1 - found.loc["specificity", "estimate"]
            y = found.loc["sensitivity", "estimate"]
            axes.plot([x], [y], "o", color=style.FIRST)
            cut = found.loc["cutoff", "estimate"]
            axes.annotate(f"{label} {cut:.3g}", (x, y), (8, -12), textcoords="offset points")
        axes.text(0.98, 0.04, words, ha="right", transform=axes.transAxes, fontsize=8)
        axes.set(xlabel="1 - specificity", ylabel="Sensitivity", xlim=(-0.01, 1.01), ylim=(0, 1.02))
        axes.set_title(f"ROC of {label}", loc="left", fontweight="bold")
        axes.set_aspect("equal")
    return figure
