"""What all figures share: colours, axes, and their writing as vector and as picture."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

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
    # a Chinese sign is as wide as two letters
    letters = max((len(line) + len(HAN.findall(line)) for line in lines), default=0)
    return letters * size * 0.62 / 72 + 0.15


def svg(figure: Figure, name: str) -> str:
    """Return a figure as SVG text, the same for the same figure.

    Its inner names begin with `name`, so that several figures can stand in one page.
    """
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        # what a text is written in is for who reads it to have
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()[out.getvalue().index("<svg") :]
    text = re.sub('<g id="[^"]*"', "<g", text)
    return re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", text)


def in_language(figure: Figure, say: Callable[[str], str]) -> Figure:
    """Return a figure whose texts are said in another language, each line by itself."""

    def said(text: str) -> str:
        return "\n".join(map(say, text.split("\n")))

    for axis in (one for axes in figure.axes for one in (axes.xaxis, axes.yaxis)):
        # an axis writes its labels anew each time that it is drawn
        if isinstance(axis.get_major_locator(), FixedLocator):
            named = [text.get_text() for text in axis.get_ticklabels()]
            if (wanted := list(map(said, named))) != named:
                axis.set_ticklabels(wanted)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_text().strip():
            text.set_text(said(text.get_text()))
    return figure


HAN = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
"""A Chinese sign, or one of their punctuation."""

HAN_FONTS = (
    *("NotoSansCJK", "NotoSansSC", "SourceHanSans", "msyh", "PingFang", "simhei", "STHeiti"),
    *("wqy", "DroidSansFallback", "NotoSerifCJK"),
)
"""Begins of the files of fonts that have Chinese signs, the ones that look best first."""


@cache
def han_font() -> str | None:
    """Return the name of an installed font that has Chinese signs, or None where there is none."""
    from matplotlib import font_manager

    files = sorted(font_manager.findSystemFonts())
    for begin in HAN_FONTS:
        # its weights lie in files of their own
        found = [file for file in files if Path(file).name.lower().startswith(begin.lower())]
        for file in found:
            font_manager.fontManager.addfont(file)
        if found:
            return font_manager.FontProperties(fname=found[0]).get_name()
    return None


def with_han_font(figure: Figure) -> Figure:
    """Give a figure's texts with Chinese signs a font that has them, where one is installed.

    For pictures; a drawing whose text stays text is written in the reader's own fonts.
    """
    texts = [one for one in figure.findobj(Text) if HAN.search(one.get_text())]
    font = han_font() if texts else None
    if font is not None:
        for text in texts:
            text.set_fontfamily(["DejaVu Sans", font])
    return figure


def say_nothing_to_draw(axes: Axes, why: str) -> None:
    """Write in an empty plot why it is empty."""
    axes.axis("off")
    axes.text(0.5, 0.5, why, ha="center", va="center", color=NEUTRAL, transform=axes.transAxes)
