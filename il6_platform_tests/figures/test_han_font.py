"""Chinese labels: a font that has the signs is found, and its absence hurts nothing else."""

from __future__ import annotations

import warnings

import pytest
from matplotlib.figure import Figure

from il6_platform.figures import style
from il6_platform.manuscript.document import for_print


def figure(text: str) -> Figure:
    made = Figure(figsize=(2, 0.5))
    made.text(0.1, 0.4, text)
    return made


def test_a_picture_shows_chinese_signs_where_a_font_has_them() -> None:
    if style.han_font() is None:
        pytest.skip("no font with Chinese signs is installed")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph")
        one, other = (for_print(figure(text))["png"] for text in ("化疗", "对照"))
    # boxes would be the same
    assert one != other


def test_without_a_font_the_picture_is_made_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "han_font", lambda: None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        assert for_print(figure("化疗"))["png"].startswith(b"\x89PNG")


def test_a_drawing_keeps_its_text_and_english_ones_their_bytes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "化疗 alone" in style.svg(figure("化疗 alone"), "f")
    plain = figure("alone")
    assert style.with_han_font(plain).texts[0].get_fontfamily() == ["sans-serif"]
