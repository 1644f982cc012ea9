"""Repeated looks at growing data against their boundary, and when the planned events will be there.

Belongs here: drawing rows of analyses monitoring and evidence. Does not belong here: the boundary
and the prediction, which `analysis.monitoring` makes.
"""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import norm

from il6_platform.analysis.cohort import ARM
from il6_platform.analysis.names import Analysis, Model, Statistic
from il6_platform.figures import style
from il6_platform.figures.evidence import show_years

TARGETS = (
    (Model.PLANNED_EFFECT, Statistic.REQUIRED_EVENTS, "o", "planned effect"),
    (Model.PLANNED_INTERACTION, Statistic.REQUIRED_EVENTS_INTERACTION, "s", "planned interaction"),
)
"""Model and statistic of the events needed, the mark, and what to call it."""


def looks(results: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw the log-rank Z of each quarter against the boundary, over the share of planned events.

    The replay's P values give the path, the curve `boundary` of analysis monitoring the limits.
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(5.2, 3.6, left=0.6)
        axes = figure.subplots()
        of = results[results["analysis"] == Analysis.MONITORING]
        today = of[of["statistic"] == Statistic.LOGRANK_Z].dropna(subset=["estimate"])
        plan = of[of["statistic"] == Statistic.PLANNED_EVENTS].dropna(subset=["estimate"])
        limits = curves[(curves["analysis"] == Analysis.MONITORING) & (curves["grp"] == "boundary")]
        if today.empty or limits.empty or plan.empty:
            style.say_nothing_to_draw(axes, "No look at the data can be judged yet.")
            return figure
        row = today.iloc[0]
        planned = float(plan["estimate"].iloc[0])
        path = results[
            (results["analysis"] == Analysis.EVIDENCE)
            & (results["statistic"] == Statistic.HAZARD_RATIO)
            & (results["endpoint"] == row["endpoint"])
            & (results["population"] == row["population"])
            & (results["contrast"] == row["contrast"])
        ].dropna(subset=["estimate", "p_value", "events"])
        x = path["events"].to_numpy(float) / planned
        z = np.sign(1 - path["estimate"].to_numpy(float)) * norm.isf(
            path["p_value"].to_numpy(float) / 2
        )
        at, high = limits["x"].to_numpy(float), limits["y"].to_numpy(float)
        for side in (1, -1):
            axes.plot(
                at, side * high, color=style.FIRST, marker="D", ms=4, lw=1.2, ls=(0, (5, 1.5)),
                label="boundary" if side == 1 else None,
            )  # fmt: skip
            axes.axhline(side * norm.isf(0.025), color="#777777", lw=0.8, ls=":")
        axes.plot(x, z, color=style.SECOND, lw=1.3, label="as it was at each quarter's end")
        axes.plot([row["at"]], [row["estimate"]], "o", color=style.SECOND, ms=7, label="today")
        axes.axhline(0, color="#777777", lw=0.8)
        above = "benefit" if row["contrast"] == ARM else "high fares better"
        top = 1.15 * max(4.0, float(np.abs(z).max(initial=0)), float(high.min()))
        axes.set(xlim=(0, 1.03), ylim=(-top, 1.5 * top), ylabel=f"Log-rank Z (above 0: {above})")
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
        axes.set_xlabel(
            f"Proportion of the {planned:.0f} planned events (%); dotted: P = 0.05, one look"
        )
        axes.legend(frameon=False, fontsize=8, loc="upper right")
        axes.set_title(f"{row['endpoint']}: looks at growing data", loc="left", fontweight="bold")
    return figure


def projection(results: pd.DataFrame) -> Figure:
    """Draw the events so far, and when as many as the planned effect needs will be there."""
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(5.2, 3.6, left=0.6)
        axes = figure.subplots()
        of = results[results["analysis"] == Analysis.MONITORING]
        needed = of[of["statistic"].astype("string").str.startswith("required_events")].dropna(
            subset=["estimate", "events"]
        )
        if needed.empty:
            style.say_nothing_to_draw(axes, "No effect is planned, or it needs no more events.")
            return figure
        endpoint = needed["endpoint"].iloc[0]
        path = results[
            (results["analysis"] == Analysis.EVIDENCE)
            & (results["endpoint"] == endpoint)
            & (results["statistic"] == Statistic.RATIO_OF_HAZARD_RATIOS)
            & results["at"].notna()
        ].sort_values("at")
        axes.step(
            path["at"], path["events"].astype(float), where="post", color=style.NEUTRAL, lw=1.6,
            label="events so far",
        )  # fmt: skip
        now, events = float(path["at"].max()), float(needed["events"].iloc[0])
        until = now
        for (model, statistic, mark, words), colour in zip(
            TARGETS, (style.SECOND, style.FIRST), strict=True
        ):
            target = needed[(needed["model"] == model) & (needed["statistic"] == statistic)]
            when = of[(of["model"] == model) & (of["statistic"] == Statistic.MONTHS_TO_EVENTS)]
            when = when.dropna(subset=["estimate"])
            if target.empty or when.empty:
                continue
            goal, months = float(np.ceil(target["estimate"].iloc[0])), when.iloc[0]
            low, high = now + months["ci_low"], now + months["ci_high"]
            axes.plot([now, now + months["estimate"]], [events, goal], color=colour, lw=1, ls=":")
            axes.plot([low, high], [goal, goal], color=colour, lw=1.6)
            label = f"{words}: {goal:.0f} events, with 95% interval"
            axes.plot([now + months["estimate"]], [goal], mark, color=colour, ms=6, label=label)
            until = max(until, *(v for v in (now + months["estimate"], high) if np.isfinite(v)))
        axes.set_ylim(bottom=0, top=1.5 * max(events, float(needed["estimate"].max())))
        axes.set_ylabel(f"{endpoint} events")
        show_years(axes, path, until)
        axes.legend(frameon=False, fontsize=8, loc="upper left", borderaxespad=0.1)
        axes.set_title("How much longer", loc="left", fontweight="bold")
    return figure
