"""The page in a real browser: quiet, whole, to be seen and read on any screen and on paper."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from il6_platform_tests.end_to_end.conftest import Installation

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser is installed: none of {', '.join(NAMES)}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(demo: Installation) -> str:
    return (demo.home / "published" / "report.html").resolve().as_uri()


def opened(browser: Browser, address: str, **options: object) -> Page:
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    page.goto(address)
    return page


def test_it_is_quiet_and_asks_nothing_of_the_network(browser: Browser, address: str) -> None:
    page = browser.new_context().new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert not said
    assert [url for url in asked if not url.startswith("data:")] == [address]


def test_every_figure_is_to_be_seen_and_said(browser: Browser, address: str) -> None:
    page = opened(browser, address, viewport={"width": 1200, "height": 900})
    figures = page.locator("figure").all()
    assert len(figures) >= 25
    for figure in figures:
        drawing = figure.locator(".drawing")
        box = drawing.locator("svg").bounding_box()
        assert box is not None
        assert box["width"] > 150
        assert box["height"] > 60
        assert drawing.get_attribute("role") == "img"
        assert len(drawing.get_attribute("aria-label") or "") > 30
    for table in page.locator("table").all():
        assert table.locator("caption").count() == 1
        assert table.locator("thead th[scope=col]").count() > 1


def test_the_headline_is_what_duckdb_says(
    browser: Browser, address: str, demo: Installation
) -> None:
    page = opened(browser, address)
    shown = page.locator("h2#headline + div table tbody tr").all()
    rows = demo.ask("from report.headline order by position")
    assert len(shown) == len(rows)
    for line, row in zip(shown, rows.itertuples(), strict=True):
        text = line.inner_text()
        assert row.claim in text
        assert f"{row.estimate:.2f}" in text
        assert re.search(rf"\b{row.n}\b", text)
        if row.ci_low == row.ci_low:
            assert f"{row.ci_low:.2f} to {row.ci_high:.2f}" in text
    effect = rows[rows["claim"] == "Bevacizumab prolongs PFS"].iloc[0]
    assert f"hazard ratio {effect['estimate']:.2f}" in page.locator(".answer").inner_text()


@pytest.mark.parametrize("width", [360, 768, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_any_window(browser: Browser, address: str, width: int, scheme: str) -> None:
    page = opened(browser, address, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{name}")
        for name in ("color", "backgroundColor")
    )
    assert contrast(ink, paper) >= 7


def test_the_numbers_behind_a_figure_open_by_keyboard(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    details = page.locator("figure#roc details")
    assert not details.locator("table").is_visible()
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.locator("table").is_visible()


def test_it_prints(browser: Browser, address: str, tmp_path: Path) -> None:
    page = opened(browser, address)
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    content = (tmp_path / "report.pdf").read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", content))
    assert content.startswith(b"%PDF")
    assert 5 <= pages <= 30


def contrast(one: str, other: str) -> float:
    """Contrast of two colours written rgb(r, g, b), by WCAG 2.2."""

    def luminance(colour: str) -> float:
        shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
