"""Figures in the colours of the page: each colour a variable, with another value in the dark.

Belongs here: which colour stands for which. Does not belong here: drawing (`figures`); a figure
that leaves the page keeps its own colours.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable, Sequence

PAPER = "#14181c"
"""The page's background in the dark."""

_COLOUR = re.compile(r"(?<=[ :\"])#[0-9a-f]{6}\b")


def used(drawings: Iterable[str]) -> list[str]:
    """Return the colours of some SVG texts, in the order of the alphabet."""
    return sorted({found for text in drawings for found in _COLOUR.findall(text)})


def themed(drawing: str, colours: Sequence[str]) -> str:
    """Return an SVG text whose colours are variables; each falls back to itself."""
    names = {colour: f"var(--c{n},{colour})" for n, colour in enumerate(colours)}
    return _COLOUR.sub(lambda found: names[found[0]], drawing)


def dark(colours: Sequence[str]) -> str:
    """Return the variables' values in the dark."""
    return " ".join(f"--c{n}: {in_the_dark(colour)};" for n, colour in enumerate(colours))


def light(colours: Sequence[str]) -> str:
    """Return the variables' values on paper."""
    return " ".join(f"--c{n}: {colour};" for n, colour in enumerate(colours))


def in_the_dark(colour: str) -> str:
    """Return the colour that does in the dark what another one does on white.

    White becomes the page's background; a grey is as far from it as it was from white; a hue stays,
    and is lightened until its contrast is that of text (WCAG 2.2, 1.4.3).

    Examples
    --------
    >>> in_the_dark("#ffffff"), in_the_dark("#000000")
    ('#14181c', '#ffffff')
    """
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if colour == "#ffffff":
        return PAPER
    if saturation < 0.1 or lightness > 0.9:
        lightness = 1 - lightness * 0.9
        return _text(hue, lightness, saturation * 0.5)
    while contrast(_text(hue, lightness, saturation), PAPER) < 4.5:
        lightness += 0.02
    return _text(hue, lightness, saturation)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG 2.2."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _text(hue: float, lightness: float, saturation: float) -> str:
    parts = colorsys.hls_to_rgb(hue, min(lightness, 1.0), saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
