"""The page on reading cells says what the tests see."""

from __future__ import annotations

from il6_platform_tests.registry.cells.page import PAGE, made


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == made(), (
        "python -m il6_platform_tests.registry.cells writes it anew"
    )
