"""What all figures share: colours, axes, and their writing as vector and as picture."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FIRST, SECOND, NEUTRAL = "#D55E00", "#0072B2", "#444444"
"""Okabe and Ito's colour-blind safe palette; the groups differ in line style as well."""

GROUPS = {
    **{"experimental": FIRST, "control": SECOND},
    **{"high": "#882255", "low": "#117733"},
}
"""A group's colour, the same in every figure: the arms Okabe and Ito's, the marker's Paul Tol's."""

SETTINGS: Any = {
    # a label that looks like TeX is text
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    # a title's place is known: to look for it would measure every tick once more
    "axes.titley": 1.0,
    # text stays text: it can be searched, copied and read aloud
    "svg.fonttype": "none",
    "svg.hashsalt": "il6_platform",
}


def new_figure(
    width: float,
    height: float,
    *,
    left: float,
    right: float = 0.2,
    bottom: float = 0.5,
    top: float = 0.3,
    hspace: float = 0.2,
) -> Figure:
    """Return an empty figure; all in inches, but `hspace` (a share of a plot's height).

    Margins are given, since measuring every text to find them takes as long as drawing it.
    """
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(
        left / width, bottom / height, 1 - right / width, 1 - top / height, hspace=hspace
    )
    return figure


def marked(figure: Figure, words: str) -> Figure:
    """Write on a figure's right edge what nobody may overlook, and return the figure."""
    figure.text(
        0.998, 0.5, words, rotation=270, ha="right", va="center", fontsize=7, color="#8a4300"
    )  # fmt: skip
    return figure


def width_of(texts: Iterable[str], size: float) -> float:
    """Return about how wide the longest line of some texts is, in inches, at a size in points."""
    lines = [line for text in texts for line in str(text).splitlines()]
    return max((len(line) for line in lines), default=0) * size * 0.62 / 72 + 0.15


def svg(figure: Figure, name: str) -> str:
    """Return a figure as SVG text, the same for the same figure.

    Its inner names begin with `name`, so that several figures can stand in one page.
    """
    with matplotlib.rc_context(SETTINGS):
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()[out.getvalue().index("<svg") :]
    text = re.sub('<g id="[^"]*"', "<g", text)
    return re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", text)


def say_nothing_to_draw(axes: Axes, why: str) -> None:
    """Write in an empty plot why it is empty."""
    axes.axis("off")
    axes.text(0.5, 0.5, why, ha="center", va="center", color=NEUTRAL)
