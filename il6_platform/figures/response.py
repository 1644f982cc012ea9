"""Best overall response by group, as stacked bars."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.analysis.names import Analysis
from il6_platform.figures import numbers, style

SHADES = {
    "CR": ("#08519c", "white", ""),
    "PR": ("#4292c6", "black", ""),
    "SD": ("#c6dbef", "black", ""),
    "PD": ("#fdae6b", "black", "///"),
    "NE": ("#eeeeee", "black", "..."),
}
"""Colour, ink on it, and hatch, so that neighbours differ in print in grey."""
GROUPS = ("control/low", "control/high", "experimental/low", "experimental/high")


def response(results: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Draw the shares of CR, PR, SD, PD and NE in arm by marker group."""
    with matplotlib.rc_context(style.SETTINGS):
        called = [labels.get(name, name) for grp in GROUPS for name in grp.split("/")]
        figure = style.new_figure(6.0, 3.1, left=style.width_of(called, 8), top=0.6)
        axes = figure.subplots()
        rows = results[(results["analysis"] == Analysis.RESPONSE) & (results["endpoint"] == "BOR")]
        names = []
        for y, grp in enumerate(GROUPS):
            shares = rows[rows["grp"] == grp].set_index("term")["estimate"]
            n = rows.loc[rows["grp"] == grp, "n"].max()
            arm, group = grp.split("/")
            names.append(
                f"{labels.get(arm, arm)}\n{labels.get(group, group)} (n={numbers.count(n)})"
            )
            left = 0.0
            for best, (shade, ink, hatch) in SHADES.items():
                share = 100 * float(shares.get(best, 0) or 0)
                if pd.isna(share):
                    continue
                label = best if y == 0 else None
                axes.barh(
                    -y, share, left=left, color=shade, hatch=hatch, edgecolor="white", label=label
                )
                if share >= 5:
                    # a hatch must not run through the number
                    box = {"boxstyle": "square,pad=0.1", "facecolor": shade, "edgecolor": "none"}
                    axes.text(
                        left + share / 2, -y, f"{share:.0f}", ha="center", va="center", color=ink,
                        fontsize=8, bbox=box if hatch else None,
                    )  # fmt: skip
                left += share
        axes.set_yticks([0, -1, -2, -3], names, fontsize=8)
        axes.set(xlim=(0, 100), xlabel="Proportion of patients (%)")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(
                frameon=False, fontsize=8, ncols=len(SHADES), loc="lower left", borderaxespad=0,
                bbox_to_anchor=(0, 1.01), columnspacing=1.2, handlelength=1.4,
            )  # fmt: skip
        axes.set_title("Best overall response", loc="left", fontweight="bold", pad=20)
    return figure
