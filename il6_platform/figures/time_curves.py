"""Curves over time with a panel an endpoint: AUC(t) and the cut-off at t, cumulative incidence.

Belongs here: drawing rows of `report.curves`. Does not belong here: survival curves with their
numbers at risk (`kaplan_meier`).
"""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.figures import style

DASHES = {"experimental": "-", "high": "-", "control": (0, (5, 1.5)), "low": (0, (5, 1.5))}


def auc_and_cutoff(curves: pd.DataFrame, marker: str) -> Figure:
    """Draw AUC(t) with its intervals above the cut-off at t, a line an endpoint.

    Parameters
    ----------
    curves
        Rows with grp `auc` and `cut-off`.
    marker
        The marker with its unit.
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(5.2, 4.6, left=0.65, hspace=0.35)
        above, below = figure.subplots(2, 1, sharex=True)
        endpoints = list(dict.fromkeys(curves["endpoint"].dropna()))
        for number, endpoint in enumerate(endpoints):
            colour = (style.SECOND, style.FIRST, style.NEUTRAL)[number % 3]
            dashes = ("-", (0, (5, 1.5)), ":", "-.")[number % 4]
            of = curves[curves["endpoint"] == endpoint].sort_values("x")
            area, path = (of[of["grp"] == grp] for grp in ("auc", "cut-off"))
            low, high = area["y_low"].astype(float), area["y_high"].astype(float)
            above.fill_between(area["x"], low, high, color=colour, alpha=0.12, lw=0)
            above.plot(area["x"], area["y"], color=colour, ls=dashes, label=endpoint)
            below.step(path["x"], path["y"], where="post", color=colour, ls=dashes, label=endpoint)
        above.axhline(0.5, color="#999999", lw=0.8)
        above.set(ylim=(0, 1), ylabel="AUC")
        below.set(xlabel="Months", ylabel=f"Cut-off\n{marker}")
        if curves.empty:
            style.say_nothing_to_draw(above, "Too few events for a curve.")
        else:
            above.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def incidence(curves: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Draw cumulative incidences of both arms, a panel an event, with their intervals."""
    arms = curves[curves["grp"].isin(["experimental", "control"])]
    names = list(dict.fromkeys(arms["endpoint"]))
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(5.2, 0.8 + 2.2 * max(1, len(names)), left=0.65, hspace=0.35)
        panels = figure.subplots(max(1, len(names)), 1, sharex=True, squeeze=False)[:, 0]
        for axes, name in zip(panels, names, strict=False):
            for grp, of in arms[arms["endpoint"] == name].groupby("grp"):
                curve = of.sort_values("x")
                colour, dashes = style.GROUPS.get(str(grp), style.SECOND), DASHES[str(grp)]
                low, high = curve["y_low"].astype(float), curve["y_high"].astype(float)
                axes.fill_between(
                    curve["x"], low, high, step="post", color=colour, alpha=0.12, lw=0
                )
                axes.step(
                    *(curve["x"], curve["y"]),
                    where="post",
                    color=colour,
                    ls=dashes,
                    label=labels.get(str(grp), str(grp)),
                )
            axes.set(ylim=(0, 1), ylabel="Incidence")
            axes.set_title(name, loc="left", fontweight="bold")
        panels[-1].set_xlabel("Months")
        if not names:
            style.say_nothing_to_draw(panels[0], "No endpoint with competing events.")
        else:
            panels[0].legend(frameon=False, fontsize=8, loc="upper left")
    return figure
