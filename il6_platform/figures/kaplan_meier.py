"""Kaplan-Meier curves of two groups, with bands, medians, hazard ratio and numbers at risk."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.analysis.cohort import CONTRASTS
from il6_platform.figures import style


def kaplan_meier(
    results: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    endpoint: str,
    population: str,
    contrast: str,
    labels: Mapping[str, str],
) -> Figure:
    """Draw one comparison of `report.results` and `report.curves`.

    Parameters
    ----------
    labels
        What to call the groups and populations.
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(5.2, 4.5, left=0.57, bottom=0.08, top=0.82, hspace=0.3)
        axes, risk = figure.subplots(2, 1, height_ratios=[5, 1], sharex=True)
        drawn = []
        for name, colour, line in zip(
            CONTRASTS[contrast], (style.FIRST, style.SECOND), ("-", (0, (5, 1.5))), strict=True
        ):
            grp = group_of(population, name)
            curve = curves[
                (curves["analysis"] == "survival")
                & (curves["endpoint"] == endpoint)
                & (curves["population"] == "all")
                & (curves["grp"] == grp)
            ].sort_values("x")
            if len(curve) < 2:
                continue
            x, y = curve["x"].to_numpy(float), curve["y"].to_numpy(float)
            low, high = curve["y_low"].to_numpy(float), curve["y_high"].to_numpy(float)
            axes.fill_between(x, low, high, step="post", color=colour, alpha=0.12, lw=0)
            median = _one(results, endpoint, "median", population="all", grp=grp)
            label = f"{labels.get(name, name)} {_median(median)}"
            axes.step(x, y, where="post", color=colour, ls=line, lw=1.6, label=label)
            drawn.append((line, colour, curve))
        if not drawn:
            style.say_nothing_to_draw(axes, "No patients to compare.")
            risk.axis("off")
            return figure
        last = max(float(curve["x"].max()) for _, _, curve in drawn)
        step = next((s for s in (1, 2, 3, 6, 12, 24, 36, 60) if last / s <= 8), 120)
        ticks = np.arange(0, last + 1e-9, step)
        axes.set(ylim=(0, 1.02), xlim=(0, max(last * 1.02, step)), ylabel=f"{endpoint} probability")
        axes.set_xticks(ticks)
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("Months since start of treatment")
        # above the plot, where no curve can run through it
        axes.legend(
            frameon=False, loc="lower left", bbox_to_anchor=(-0.015, 0.99), fontsize=8,
            borderaxespad=0, labelspacing=0.25, handlelength=2.2,
        )  # fmt: skip
        title = f"{endpoint}: {labels.get(population, population)}"
        axes.set_title(title, loc="left", fontweight="bold", pad=43)
        ratio = _one(results, endpoint, "hazard_ratio", population=population, contrast=contrast)
        test = _one(results, endpoint, "logrank", population=population, contrast=contrast)
        words = f"Log-rank {style.p_text(None if test is None else test['p_value'])}"
        if ratio is not None and not np.isnan(ratio["estimate"]):
            words = (
                f"HR {ratio['estimate']:.2f} (95% CI {style.number(ratio['ci_low'])} to "
                f"{style.number(ratio['ci_high'])}), {words[0].lower()}{words[1:]}"
            )
        axes.annotate(
            words, (0, 1), (0, 31), xycoords="axes fraction", textcoords="offset points",
            fontsize=8.5,
        )  # fmt: skip
        risk.axis("off")
        risk.set_ylim(-0.5, 2.6)
        risk.text(0, 2.2, "At risk", fontsize=8, va="center", fontweight="bold")
        for row, (line, colour, curve) in enumerate(drawn):
            # which row is whose, for print in grey
            risk.plot(
                [-0.1, -0.05], [1 - row] * 2, color=colour, ls=line, lw=1.6,
                transform=risk.get_yaxis_transform(), clip_on=False,
            )  # fmt: skip
            times, counts = curve["x"].to_numpy(float), curve["at_risk"].to_numpy(float)
            for tick in ticks:
                position = np.searchsorted(times, tick, side="left")
                count = counts[position] if position < len(counts) else 0.0
                # a small count may be hidden by the study file
                words = "few" if np.isnan(count) else f"{count:.0f}"
                risk.text(tick, 1 - row, words, color=colour, ha="center", fontsize=8)
    return figure


def _median(median: pd.Series | None) -> str:
    """Say a group's size and median with its interval; one that is not reached is said so."""
    if median is None:
        return ""
    size = "few" if pd.isna(median["n"]) else f"n={median['n']:.0f}"
    if np.isnan(median["estimate"]):
        return f"({size}): median not reached"
    low, high = median["ci_low"], median["ci_high"]
    high_said = "not reached" if np.isnan(high) else f"{high:.1f}"
    interval = f" ({low:.1f} to {high_said})" if not np.isnan(low) else ""
    return f"({size}): median {median['estimate']:.1f}{interval}"


def group_of(population: str, name: str) -> str:
    """Return the `grp` of a contrast's group within a population."""
    match population:
        case "all":
            return name
        case "marker_high" | "marker_low":
            return f"{name}/{population.removeprefix('marker_')}"
        case _:
            return f"{population}/{name}"


def _one(results: pd.DataFrame, endpoint: str, statistic: str, **where: str) -> pd.Series | None:
    chosen = (results["endpoint"] == endpoint) & (results["statistic"] == statistic)
    for column in ("population", "contrast", "grp"):
        value = where.get(column)
        chosen &= results[column].isna() if value is None else results[column] == value
    if statistic == "hazard_ratio":
        chosen &= results["model"] == "univariable"
    found = results[chosen]
    return None if found.empty else found.iloc[0]
