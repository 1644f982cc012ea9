"""Hazard ratios with their intervals, one row each."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from il6_platform.figures import numbers, style

SMALLEST = 5.0
"""Size of a reason in the plot at least, in points: a longer one is shortened."""

COLUMN = 1.0
"""Width of a column of P values, in inches."""


def forest(
    rows: pd.DataFrame,
    names: list[str],
    title: str,
    *,
    test: str = "P (Wald)",
    sides: tuple[str, str] | None = None,
    tests: tuple[str, Sequence[str]] | None = None,
    counts: Mapping[str, Sequence[str]] | None = None,
    headings: Mapping[int, str] | None = None,
) -> Figure:
    """Draw rows of `report.results` that hold ratios.

    Parameters
    ----------
    names
        What to call them.
    test
        Head of their P values: which test that is.
    sides
        What a ratio below 1 and one above 1 speak for.
    tests
        Head and cells of a further column.
    counts
        Heads and cells of columns before the plot: events and patients.
    headings
        Position of a row -> the heading that stands above it; rows under one are indented.
    """
    with matplotlib.rc_context(style.SETTINGS):
        headings, counts = headings or {}, counts or {}
        named = [f"   {name}" if headings else name for name in names]
        columns = [style.width_of([head, *cells], 8) for head, cells in counts.items()]
        name_width = style.width_of([*named, *headings.values()], 8)
        left, right = 0.1 + name_width + sum(columns), 2.45 + (COLUMN if tests else 0)
        width = max(7.6, left + right + 2.4)
        height = len(rows) + len(headings)
        figure = style.new_figure(
            width, 1.28 + 0.28 * max(height, 2), left=left, right=right,
            bottom=0.7 if sides else 0.5, top=0.58,
        )  # fmt: skip
        axes = figure.subplots()
        if rows.empty:
            style.say_nothing_to_draw(axes, "No model.")
            return figure
        shown = rows.reset_index(drop=True)
        limits = shown[["ci_low", "ci_high", "estimate"]].to_numpy(float)
        known = limits[np.isfinite(limits) & (limits > 0)]
        low = max(min([0.2, *known]), 0.02) * 0.9
        high = min(max([5, *known]), 50) * 1.1
        plot = width - left - right
        # places of the columns, as shares of the plot's width
        places = [1 + 0.15 / plot, 1 + 1.65 / plot, 1 + 2.35 / plot]
        begins = (0.1 - left) / plot
        before = [begins + (name_width + sum(columns[:n])) / plot for n in range(len(columns))]
        heads = ["HR (95% CI)", test, *([tests[0]] if tests else [])]
        for place, head in [*zip(places, heads, strict=False), *zip(before, counts, strict=True)]:
            _say(axes, place, 0.85, head, fontweight="bold")
        most = float(shown["events"].max()) if shown["events"].notna().any() else 0.0
        y = 0.0
        for number, row in shown.iterrows():
            if number in headings:
                _say(axes, begins, y, headings[number], fontweight="bold")
                y -= 1
            _say(axes, begins, y, named[number])
            for place, cells in zip(before, counts.values(), strict=True):
                _say(axes, place, y, cells[number])
            if pd.isna(row["estimate"]):
                _say(axes, places[0], y, "not estimable")
                _why(axes, y, str(row["note"]), plot)
            else:
                _interval(axes, y, row, low, high, most)
                said = numbers.interval(row["ci_low"], row["ci_high"])
                _say(axes, places[0], y, f"{numbers.ratio(row['estimate'])} ({said})")
                _say(axes, places[1], y, numbers.p_number(row["p_value"]))
            if tests:
                _say(axes, places[2], y, tests[1][number])
            y -= 1
        _ratio_axis(axes, (low, high), height, sides or ())
        axes.set_title(title, loc="left", x=begins, fontweight="bold", pad=24)
    return figure


def _why(axes: Axes, y: float, note: str, plot: float) -> None:
    """Say in the plot, so many inches wide, why a row has no estimate: as large as there is room.

    What is the matter, not how it came; on one line, as which it is translated.
    """
    room = plot * 72 / 0.55
    why = textwrap.shorten(note.partition(": ")[0], int(room / SMALLEST), placeholder=" ...")
    size = min(7.0, room / len(why))
    axes.text(
        0.5, y, why, transform=axes.get_yaxis_transform(), ha="center", va="center", fontsize=size,
        color="#666666", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )  # fmt: skip


def _ratio_axis(axes: Axes, limits: tuple[float, float], height: int, sides: Sequence[str]) -> None:
    """Draw the axis of ratios, and what either side of 1 speaks for."""
    low, high = limits
    axes.axvline(1, color="#777777", lw=0.8)
    axes.set_xscale("log")
    axes.set(xlim=limits, ylim=(-height + 0.4, 0.6))
    marks = [mark for mark in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low <= mark <= high]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.minorticks_off()
    axes.set_yticks([])
    axes.set_xlabel("Hazard ratio (log scale)")
    for words, align, shift in zip(sides, ("right", "left"), (-6, 6), strict=False):
        axes.annotate(
            f"{chr(0x2190)} favours {words}"
            if align == "right"
            else f"favours {words} {chr(0x2192)}",
            (1, 0), (shift, -42), xycoords=axes.get_xaxis_transform(),
            textcoords="offset points", ha=align, fontsize=7.5, color=style.NEUTRAL,
        )  # fmt: skip


def _interval(axes: Axes, y: float, row: pd.Series, low: float, high: float, most: float) -> None:
    """Draw an estimate with its interval; an arrow where that goes on beyond the plot.

    The square's area follows the events that the estimate rests on, `most` at most.
    """
    ends = np.array([row["ci_low"], row["ci_high"]], dtype=float)
    ends = np.where(np.isnan(ends), (low, high), ends)
    inside = np.clip(ends, low, high)
    axes.plot(inside, [y, y], color=style.SECOND, lw=1.4)
    for end, edge, mark in zip(ends, (low, high), "<>", strict=True):
        if end < low or end > high:
            axes.plot([edge], [y], mark, color=style.SECOND, ms=5, clip_on=False)
    if low <= row["estimate"] <= high:
        share = 1.0 if pd.isna(row["events"]) or not most else float(row["events"]) / most
        axes.plot([row["estimate"]], [y], "s", color=style.SECOND, ms=3 + 4 * share**0.5)


def _say(axes: Axes, place: float, y: float, words: str, **look: Any) -> None:
    axes.text(
        place, y, words, transform=axes.get_yaxis_transform(), va="center", fontsize=8, **look
    )
