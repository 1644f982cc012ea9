"""The ROC curve with its area and cut-off, and how often other cut-offs would be found."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.analysis.names import Analysis, Statistic
from il6_platform.figures import numbers, style
from il6_platform.statistics.codes import Code


def roc(results: pd.DataFrame, curves: pd.DataFrame, *, label: str) -> Figure:
    """Draw analysis cutoff with the bootstrap's band; `label` is the marker with its unit."""
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(4.2, 4.0, left=0.6)
        axes = figure.subplots()
        rows = results[results["analysis"] == Analysis.CUTOFF].drop_duplicates("statistic")
        found = rows.set_index("statistic")
        curve = curves[curves["analysis"] == Analysis.CUTOFF]
        if Statistic.AUC not in found.index:
            style.say_nothing_to_draw(axes, "No ROC: the cut-off looks at no outcome.")
            return figure
        if curve.empty or pd.isna(found.loc[Statistic.AUC, "estimate"]):
            style.say_nothing_to_draw(axes, "No ROC: cases or controls are missing.")
            return figure
        area = found.loc[Statistic.AUC]
        band = curves[(curves["analysis"] == Analysis.VALIDITY) & (curves["endpoint"] == "ROC")]
        axes.fill_between(
            band["x"].astype(float), band["y_low"].astype(float), band["y_high"].astype(float),
            step="post", color=style.SECOND, alpha=0.13, lw=0,
        )  # fmt: skip
        axes.plot([0, 1], [0, 1], color="#999999", lw=0.8, ls=":")
        axes.plot(curve["x"], curve["y"], color=style.SECOND, lw=1.6)
        words = (
            f"AUC {numbers.ratio(area['estimate'])} ("
            + (
                f"interval not estimable: {_why_none(area)}"
                if pd.isna(area["ci_low"])
                else f"95% CI {numbers.interval(area['ci_low'], area['ci_high'])}"
            )
            + ")"
        )
        if Statistic.SENSITIVITY in found.index and pd.notna(
            found.loc[Statistic.SENSITIVITY, "estimate"]
        ):
            x = 1 - found.loc[Statistic.SPECIFICITY, "estimate"]
            y = found.loc[Statistic.SENSITIVITY, "estimate"]
            axes.plot([x], [y], "o", color=style.FIRST)
            cut = found.loc[Statistic.CUTOFF, "estimate"]
            axes.annotate(
                f"{label} {numbers.plain(cut)}", (x, y), (8, -12), textcoords="offset points"
            )
        axes.text(0.98, 0.04, words, ha="right", transform=axes.transAxes, fontsize=8)
        axes.set(
            xlabel="1 \N{MINUS SIGN} specificity",
            ylabel="Sensitivity",
            xlim=(-0.01, 1.01),
            ylim=(0, 1.02),
        )
        axes.set_title(f"ROC of {label}", loc="left", fontweight="bold")
        axes.set_aspect("equal")
    return figure


def _why_none(area: pd.Series) -> str:
    """Say why an area has no interval."""
    if Code.ONE_CASE_OR_CONTROL in str(area.get("code")).split():
        return "one case or control"
    return "no variation" if area["estimate"] == 0.5 else "complete separation"


def stability(results: pd.DataFrame, curves: pd.DataFrame, *, label: str) -> Figure:
    """Draw how often the bootstrap finds each cut-off (analysis validity)."""
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(4.6, 3.2, left=0.6)
        axes = figure.subplots()
        rows = curves[
            (curves["analysis"] == Analysis.VALIDITY) & (curves["endpoint"] == "cut-off found")
        ]
        if rows.empty:
            style.say_nothing_to_draw(axes, "No cut-off was chosen on these data.")
            return figure
        axes.vlines(rows["x"], 0, 100 * rows["y"].astype(float), color=style.SECOND, lw=2)
        cut = results[
            (results["analysis"] == Analysis.CUTOFF) & (results["statistic"] == Statistic.CUTOFF)
        ]
        if len(cut) and pd.notna(cut["estimate"].iloc[0]):
            value = float(cut["estimate"].iloc[0])
            axes.axvline(value, color=style.FIRST, lw=1, ls=(0, (5, 1.5)))
            axes.annotate(
                f"cut-off {numbers.plain(value)}", (value, 0.97), (4, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points", color=style.FIRST, fontsize=8, va="top",
            )  # fmt: skip
        axes.set_xscale("log", base=2)
        ticks = [t for t in 2.0 ** np.arange(-6, 20) if rows["x"].min() <= t <= rows["x"].max()]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.set(xlabel=label, ylabel="Proportion of resamples (%)", ylim=(0, None))
        axes.set_title("Cut-off found in resamples", loc="left", fontweight="bold")
    return figure
