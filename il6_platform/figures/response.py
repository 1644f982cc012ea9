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
ARMS = ("control", "experimental")


def groups_of(results: pd.DataFrame) -> tuple[str, ...]:
    """Return the groups that are drawn: arm by marker group, the arms where nobody has a group."""
    rows = results[(results["analysis"] == Analysis.RESPONSE) & results["grp"].isin(GROUPS)]
    # a count that is hidden is of somebody
    return ARMS if rows["n"].fillna(1).eq(0).all() else GROUPS


def _named(grp: str, rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Return what a group is called, and how many patients it has."""
    n = rows.loc[rows["grp"] == grp, "n"].max()
    lines = "\n".join(labels.get(name, name) for name in grp.split("/"))
    return f"{lines} (n={numbers.count(n)})"


def response(results: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Draw the shares of CR, PR, SD, PD and NE in arm by marker group."""
    with matplotlib.rc_context(style.SETTINGS):
        groups = groups_of(results)
        rows = results[(results["analysis"] == Analysis.RESPONSE) & (results["endpoint"] == "BOR")]
        names = [_named(grp, rows, labels) for grp in groups]
        figure = style.new_figure(
            6.0, 1.3 + 0.45 * len(groups), left=style.width_of(names, 8), top=0.6
        )
        axes = figure.subplots()
        explained: set[str] = set()
        for y, grp in enumerate(groups):
            shares = rows[rows["grp"] == grp].set_index("term")["estimate"]
            left = 0.0
            for best, (shade, ink, hatch) in SHADES.items():
                share = 100 * float(shares.get(best, 0) or 0)
                if pd.isna(share):
                    continue
                label = None if best in explained else best
                explained.add(best)
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
        axes.set_yticks([-y for y in range(len(groups))], names, fontsize=8)
        axes.set(xlim=(0, 100), xlabel="Proportion of patients (%)")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(
                frameon=False, fontsize=8, ncols=len(SHADES), loc="lower left", borderaxespad=0,
                bbox_to_anchor=(0, 1.01), columnspacing=1.2, handlelength=1.4,
            )  # fmt: skip
        axes.set_title("Best overall response", loc="left", fontweight="bold", pad=20)
    return figure
