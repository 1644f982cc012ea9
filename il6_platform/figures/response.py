"""Best overall response by group, as stacked bars."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.figures import style

SHADES = {"CR": "#08519c", "PR": "#4292c6", "SD": "#c6dbef", "PD": "#fdae6b", "NE": "#d9d9d9"}
GROUPS = ("control/low", "control/high", "experimental/low", "experimental/high")


def response(results: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Draw the shares of CR, PR, SD, PD and NE in arm by marker group."""
    with matplotlib.rc_context(style.SETTINGS):
        called = [labels.get(name, name) for grp in GROUPS for name in grp.split("/")]
        figure = style.new_figure(6.4, 2.6, left=style.width_of(called, 7) + 0.2)
        axes = figure.subplots()
        rows = results[(results["analysis"] == "response") & (results["endpoint"] == "BOR")]
        names = []
        for y, grp in enumerate(GROUPS):
            shares = rows[rows["grp"] == grp].set_index("term")["estimate"]
            n = rows.loc[rows["grp"] == grp, "n"].max()
            arm, group = grp.split("/")
            names.append(f"{labels.get(arm, arm)}\n{labels.get(group, group)} (n={n})")
            left = 0.0
            for best, shade in SHADES.items():
                share = float(shares.get(best, 0) or 0)
                if pd.isna(share):
                    continue
                axes.barh(-y, share, left=left, color=shade, edgecolor="white")
                if share > 0.06:
                    ink = "white" if best in ("CR", "PR") else "black"
                    words = f"{best} {share:.0%}"
                    axes.text(
                        left + share / 2, -y, words, ha="center", va="center", color=ink, fontsize=7
                    )
                left += share
        axes.set_yticks([0, -1, -2, -3], names, fontsize=7)
        axes.set(xlim=(0, 1), xlabel="Share of patients")
        axes.set_title("Best overall response (RECIST 1.1)", loc="left", fontweight="bold")
    return figure
