"""What all figures share: colours, axes, and their writing as vector and as picture."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FIRST, SECOND, NEUTRAL = "#D55E00", "#0072B2", "#444444"
"""Okabe and Ito's colour-blind safe palette; the groups differ in line style as well."""

SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "il6_platform",
}


def new_figure(width: float, height: float, margins: Mapping[str, float] | None = None) -> Figure:
    """Return an empty figure, in inches.

    `margins` (as `Figure.subplots_adjust` takes them) are for figures whose labels have a known
    width; the others are laid out by measuring every text, which takes as long as drawing it.
    """
    if margins is None:
        return Figure(figsize=(width, height), layout="constrained")
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(**margins)
    return figure


def svg(figure: Figure) -> str:
    """Return a figure as SVG text, the same for the same figure."""
    with matplotlib.rc_context(SETTINGS):
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()[out.getvalue().index("<svg") :]


def png(figure: Figure, dpi: int = 110) -> bytes:
    """Return a figure as PNG."""
    with matplotlib.rc_context(SETTINGS):
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


def say_nothing_to_draw(axes: Axes, why: str) -> None:
    """Write in an empty plot why it is empty."""
    axes.axis("off")
    axes.text(0.5, 0.5, why, ha="center", va="center", color=NEUTRAL)


def p_text(p: float | None) -> str:
    """Write a P value as journals do."""
    if p is None or np.isnan(p):
        return "P not estimable"
    return "P < 0.001" if p < 0.001 else f"P = {p:.3f}" if p < 0.01 else f"P = {p:.2f}"


def number(value: float | None, digits: int = 2) -> str:
    """Write a number, or a dash where there is none."""
    return "-" if value is None or np.isnan(value) else f"{value:.{digits}f}"
