"""Markers of a panel: how large each effect is, and how surprising."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from il6_platform.analysis.names import Group, Statistic
from il6_platform.figures import style

NAMED = 5
"""Markers that are named in the figure: those with the smallest P."""

TESTS = (
    Statistic.PANEL_EFFECT,
    Statistic.PANEL_INTERACTION,
    Statistic.PANEL_AUC,
    Statistic.PANEL_CUTOFF,
)


def ranked_markers(rows: pd.DataFrame) -> list[str]:
    """Return the markers of a panel by the smallest adjusted P of any of their questions.

    Parameters
    ----------
    rows
        Of the analysis `panel`, in the columns of `report.results`. Of equal adjusted P, the
        smallest P by itself decides.
    """
    adjusted = rows[rows["statistic"].isin([f"{test}_adjusted" for test in TESTS])]
    alone = rows[rows["statistic"].isin(list(TESTS))]
    least = pd.DataFrame(
        {
            "adjusted": adjusted.groupby("term")["p_value"].min(),
            "alone": alone.groupby("term")["p_value"].min(),
        }
    )
    return [str(name) for name in least.sort_values(["adjusted", "alone"], kind="stable").index]


def volcano(rows: pd.DataFrame, endpoint: str) -> Figure:
    """Draw each marker's effect per doubling, and its interaction, against its permutation P.

    Parameters
    ----------
    rows
        Of the analysis `panel`, in the columns of `report.results`.
    endpoint
        Whose effects are drawn, in all patients.
    """
    of = rows[(rows["endpoint"] == endpoint) & (rows["population"] == Group.ALL)]
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(8.4, 3.8, left=0.65, bottom=0.6, top=0.4)
        pair = figure.subplots(1, 2)
        for axes, ratio, test, title in (
            (pair[0], Statistic.HAZARD_RATIO, Statistic.PANEL_EFFECT, "Hazard ratio per doubling"),
            (
                pair[1],
                Statistic.RATIO_OF_HAZARD_RATIOS,
                Statistic.PANEL_INTERACTION,
                "Ratio of the treatment's hazard ratios per doubling",
            ),
        ):
            _panel(axes, of, ratio, test, title)
        pair[0].set_ylabel("P by permutation (log scale)")
        pair[0].set_title(f"{endpoint}: markers of the panel", loc="left", fontweight="bold")
    return figure


def _panel(axes: Axes, of: pd.DataFrame, ratio: str, test: str, title: str) -> None:
    def column(statistic: str, name: str) -> pd.Series:
        return of[of["statistic"] == statistic].set_index("term")[name].astype(float)

    shown = pd.DataFrame(
        {
            "ratio": column(ratio, "estimate"),
            "p": column(test, "p_value"),
            "adjusted": column(f"{test}_adjusted", "p_value"),
        }
    ).dropna(subset=["ratio", "p"])
    axes.set_xlabel(title)
    if shown.empty:
        style.say_nothing_to_draw(axes, "Nothing to draw.")
        return
    found = shown["adjusted"] <= 0.05
    for chosen, mark, colour in ((~found, "o", style.NEUTRAL), (found, "D", style.FIRST)):
        axes.plot(shown["ratio"][chosen], shown["p"][chosen], mark, color=colour, ms=4, alpha=0.7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_yaxis()
    reach = max(1.5, float(np.exp(np.abs(np.log(shown["ratio"])).max())) * 1.1)
    axes.set_xlim(1 / reach, reach)
    marks = [
        mark for mark in (0.1, 0.25, 0.5, 0.8, 1, 1.25, 2, 4, 10) if 1 / reach <= mark <= reach
    ]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.set_ylim(1.3, min(0.04, float(shown["p"].min())) / 1.6)
    heights = [mark for mark in (1, 0.1, 0.01, 0.001, 0.0001) if mark >= axes.get_ylim()[1]]
    axes.set_yticks(heights, [f"{mark:g}" for mark in heights])
    axes.minorticks_off()
    axes.axvline(1, color="#777777", lw=0.8)
    axes.axhline(0.05, color="#777777", lw=0.8, ls=":")
    # a name that would lie on another one is left out: the table has it
    named: list[tuple[float, float]] = []
    for name, row in shown.sort_values("p", kind="stable").iterrows():
        here = (float(np.log(row["ratio"]) / np.log(reach)), float(np.log10(row["p"])))
        if len(named) == NAMED or any(
            abs(here[0] - x) < 0.35 and abs(here[1] - y) < 0.12 for x, y in named
        ):
            continue
        named.append(here)
        left = here[0] > 0.5
        axes.annotate(
            str(name),
            (row["ratio"], row["p"]),
            (-4 if left else 4, 3),
            textcoords="offset points",
            fontsize=7,
            ha="right" if left else "left",
        )
