"""Kaplan-Meier curves of two groups, with bands, medians, hazard ratio and numbers at risk.

The table under the axis follows KMunicate (Morris et al., BMJ Open 2019;9:e030215): numbers at
risk, events and censored so far, a group a row. All comparisons of an endpoint share the time axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from il6_platform.analysis.cohort import CONTRASTS
from il6_platform.analysis.names import Analysis, Group, Statistic
from il6_platform.figures import numbers, style

HEIGHT, ABOVE, BELOW = 5.0, 0.82, 1.62
"""Of the figure, of title and legend, of time axis and numbers at risk; in inches."""


def kaplan_meier(
    results: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    endpoint: str,
    population: str,
    contrast: str,
    labels: Mapping[str, str],
    hides_few: bool = False,
    from_response: bool = False,
) -> Figure:
    """Draw one comparison of `report.results` and `report.curves`.

    Parameters
    ----------
    labels
        What to call the groups and populations.
    hides_few
        Whether small counts are hidden: then neither events nor censored patients are shown.
    from_response
        Whether the endpoint's time starts with the first response.
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = style.new_figure(5.2, HEIGHT, left=0.57, bottom=BELOW, top=ABOVE)
        axes = figure.subplots()
        drawn = []
        found = compared_curves(curves, endpoint=endpoint, population=population, contrast=contrast)
        for (name, curve), line in zip(found.items(), ("-", (0, (5, 1.5))), strict=False):
            colour, grp = style.GROUPS[name], group_of(population, name)
            x, y = curve["x"].to_numpy(float), curve["y"].to_numpy(float)
            low, high = curve["y_low"].to_numpy(float), curve["y_high"].to_numpy(float)
            axes.fill_between(x, low, high, step="post", color=colour, alpha=0.12, lw=0)
            median = _one(results, endpoint, Statistic.MEDIAN, population=Group.ALL, grp=grp)
            label = f"{labels.get(name, name)} {_median(median)}"
            axes.step(x, y, where="post", color=colour, ls=line, lw=1.6, label=label)
            so_far = counts_so_far(curve)
            censored = np.diff(so_far["censored"], prepend=0) > 0
            if hides_few:
                so_far[["events", "censored"]] = np.nan
            else:
                axes.plot(x[censored], y[censored], "|", color=colour, ms=6, mew=1)
            drawn.append((labels.get(name, name), line, colour, so_far))
        if not drawn:
            style.say_nothing_to_draw(axes, "No patients to compare.")
            return figure
        last = float(_of_endpoint(curves, endpoint)["x"].max())
        step = next((s for s in (1, 2, 3, 6, 12, 24, 36, 60) if last / s <= 8), 120)
        ticks = np.arange(0, last + 1e-9, step)
        axes.set(ylim=(0, 1.02), xlim=(0, max(last * 1.02, step)), ylabel=f"{endpoint} probability")
        axes.set_xticks(ticks)
        since = "the first response" if from_response else "start of treatment"
        axes.set_xlabel(f"Months since {since}")
        # above the plot, where no curve can run through it
        axes.legend(
            frameon=False, loc="lower left", bbox_to_anchor=(-0.015, 0.99), fontsize=8,
            borderaxespad=0, labelspacing=0.25, handlelength=2.2,
        )  # fmt: skip
        title = f"{endpoint}: {labels.get(population, population)}"
        axes.set_title(title, loc="left", fontweight="bold", pad=43)
        ratio = _one(
            results,
            endpoint,
            Statistic.HAZARD_RATIO_SCORE,
            population=population,
            contrast=contrast,
        )
        test = _one(results, endpoint, Statistic.LOGRANK, population=population, contrast=contrast)
        words = f"Log-rank {numbers.p_text(None if test is None else test['p_value'])}"
        if ratio is not None and not np.isnan(ratio["estimate"]):
            words = (
                f"HR {numbers.ratio(ratio['estimate'])} (95% CI "
                f"{numbers.interval(ratio['ci_low'], ratio['ci_high'])}), "
                f"{words[0].lower()}{words[1:]}"
            )
        axes.annotate(
            words, (0, 1), (0, 31), xycoords="axes fraction", textcoords="offset points",
            fontsize=8.5,
        )  # fmt: skip
        _at_risk(axes, drawn, ticks)
    return figure


def compared_curves(
    curves: pd.DataFrame, *, endpoint: str, population: str, contrast: str
) -> dict[str, pd.DataFrame]:
    """Return the curves of a comparison's groups by name; a group without one is left out."""
    of = _of_endpoint(curves, endpoint)
    found = {
        name: of[of["grp"] == group_of(population, name)].sort_values("x")
        for name in CONTRASTS[contrast]
    }
    return {name: curve for name, curve in found.items() if len(curve) > 1}


def _of_endpoint(curves: pd.DataFrame, endpoint: str) -> pd.DataFrame:
    return curves[
        (curves["analysis"] == Analysis.SURVIVAL)
        & (curves["endpoint"] == endpoint)
        & (curves["population"] == Group.ALL)
    ]


def counts_so_far(curve: pd.DataFrame) -> pd.DataFrame:
    """Return a Kaplan-Meier curve with `events` and `censored` up to and with each time.

    Both follow from the curve: at a time with d events of n at risk it falls by the factor 1 - d/n
    (Kaplan and Meier 1958), and who leaves without one is censored. Missing where counts are
    hidden.

    Examples
    --------
    >>> curve = pd.DataFrame({"x": [0, 1, 2], "y": [1, 0.75, 0.75], "at_risk": [4, 4, 3]})
    >>> counts_so_far(curve)[["events", "censored"]].to_numpy().tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.0, 3.0]]
    """
    n, y = curve["at_risk"].to_numpy(float), curve["y"].to_numpy(float)
    before = np.concatenate([[1.0], y[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        events = np.round(n * np.where(before > 0, 1 - y / before, 0))
    leave = n - np.concatenate([n[1:], [0.0]])
    # nobody leaves at the start itself unless the next number says so
    return curve.assign(events=np.cumsum(events), censored=np.cumsum(leave - events))


def _at_risk(
    axes: Axes,
    drawn: list[tuple[str, Any, str, pd.DataFrame]],
    ticks: NDArray[np.float64],
) -> None:
    """Write the numbers at risk, events and censored so far below the axis, two lines a group."""
    below = axes.get_xaxis_transform()
    # inches below the axis -> shares of its height
    head, *places = (-inches / (HEIGHT - BELOW - ABOVE) for inches in (0.63, 0.82, 1.16))
    look: dict[str, Any] = {"transform": below, "va": "center", "fontsize": 8}
    is_whole = any(curve["events"].notna().any() for *_, curve in drawn)
    words = "At risk (events, censored so far)" if is_whole else "At risk"
    axes.text(0, head, words, fontweight="bold", **look)
    for y, (name, line, colour, curve) in zip(places, drawn, strict=False):
        # which rows are whose, for print in grey
        axes.plot(
            [-0.1, -0.05], [y, y], color=colour, ls=line, lw=1.6, transform=axes.transAxes,
            clip_on=False,
        )  # fmt: skip
        axes.text(0, y, name, color=colour, **look)
        times, counts = curve["x"].to_numpy(float), curve["at_risk"].to_numpy(float)
        for tick in ticks:
            position = np.searchsorted(times, tick, side="left")
            count = counts[position] if position < len(counts) else 0.0
            words = numbers.count(count)
            so_far = curve[["events", "censored"]].to_numpy(float)[:position]
            if len(so_far) and np.isfinite(so_far[-1]).all() and words != "few":
                words += f" ({so_far[-1][0]:.0f}, {so_far[-1][1]:.0f})"
            place = "left" if tick == ticks[0] else "center"
            axes.text(
                tick, y - 0.16 / (HEIGHT - BELOW - ABOVE), words, color=colour, ha=place,
                **(look | {"fontsize": 7}),
            )  # fmt: skip


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
    found = results[chosen]
    return None if found.empty else found.iloc[0]
