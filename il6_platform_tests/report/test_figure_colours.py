"""A figure in the dark can be read, and a figure that leaves the page keeps its colours."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from il6_platform.figures import style
from il6_platform.report.figure_colours import PAPER, contrast, dark, in_the_dark, themed, used

hues = st.sampled_from([style.FIRST, style.SECOND, *style.GROUPS.values()]).map(str.lower)


@given(hues)
def test_a_groups_colour_can_be_read_in_the_dark(colour: str) -> None:
    assert contrast(in_the_dark(colour), PAPER) >= 4.5


@given(st.integers(0, 0x77))
def test_a_dark_grey_becomes_a_light_one(level: int) -> None:
    grey = f"#{level:02x}{level:02x}{level:02x}"
    assert contrast(in_the_dark(grey), PAPER) >= 4.5


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_has_a_value_in_the_dark(number: int) -> None:
    assert re.fullmatch("#[0-9a-f]{6}", in_the_dark(f"#{number:06x}"))


def test_a_themed_drawing_falls_back_to_what_it_was() -> None:
    drawing = '<path style="fill: #d55e00; stroke: #000000"/><use href="#m1234567"/>'
    colours = used([drawing])
    assert colours == ["#000000", "#d55e00"]
    made = themed(drawing, colours)
    assert re.sub(r"var\(--c\d+,(#\w+)\)", r"\1", made) == drawing
    assert "var" in made and len(dark(colours).split(";")) == 3
