"""The page in a real browser: quiet, whole, to be seen and read on any screen and on paper."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from il6_platform.figures.numbers import p_number, ratio
from il6_platform.report.page import figure_of, limits_of
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
    names = {figure.get_attribute("id") or "" for figure in figures}
    for endpoint in ("pfs", "os"):
        assert sum(name.startswith(f"km-{endpoint}-") for name in names) == 6
        forests = {f"{kind}-{endpoint}" for kind in ("comparisons", "multivariable", "subgroups")}
        assert forests | {f"cutoff-scan-{endpoint}", f"effect-by-marker-{endpoint}"} <= names
    assert {"flow", "roc", "cutoff-stability", "response", "waterfall", "swimmer"} <= names
    assert {"evidence", "monitoring", "projection", "balance"} <= names
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
        assert figure_of(row.estimate, row.measure) in text
        if row.p_value == row.p_value:
            assert re.search(rf"\t{re.escape(p_number(row.p_value))}\t", text)
        assert re.search(rf"\b{row.n}\b", text)
        if row.ci_low == row.ci_low:
            assert limits_of(row._asdict()) in text
    effect = rows[rows["claim"] == "Bevacizumab prolongs PFS"].iloc[0]
    assert f"hazard ratio {ratio(effect['estimate'])}" in page.locator(".answer").inner_text()


@pytest.mark.parametrize("width", [360, 768, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_any_window(browser: Browser, address: str, width: int, scheme: str) -> None:
    page = opened(browser, address, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    pairs = page.evaluate(INK_AND_PAPER)
    assert len(pairs) >= 4
    assert not [pair for pair in pairs if contrast(*pair) < 4.5]
    ink, paper = (
        page.evaluate("[document.body].map(b => getComputedStyle(b))[0].color"),
        pairs[0][1],
    )
    assert contrast(ink, paper) >= 7


def test_it_can_be_used_without_a_mouse(browser: Browser, address: str) -> None:
    page = opened(browser, address, viewport={"width": 390, "height": 800})
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    # what scrolls sideways can be reached, and says what it is
    for box in page.locator(".scroll").all():
        if box.is_visible() and box.evaluate("e => e.scrollWidth > e.clientWidth"):
            assert box.get_attribute("tabindex") == "0"
            assert box.get_attribute("aria-label")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    links = page.locator("nav a").all()
    assert len(links) >= 10
    assert {(link.get_attribute("href") or "").removeprefix("#") for link in links} <= set(ids)
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(e => e.tagName)")
    assert levels[0] == "H1"
    assert levels.count("H1") == 1


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


INK_AND_PAPER = """
() => {
  const paper = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const pairs = [...document.querySelectorAll("h1, h2, p, a, dt, dd, li, th, td, caption, summary")]
    .map(e => JSON.stringify([getComputedStyle(e).color, paper(e)]));
  return [...new Set(pairs)].map(JSON.parse);
}
"""
"""Every pair of a text's colour and what it stands on."""


def contrast(one: str, other: str) -> float:
    """Contrast of two colours written rgb(r, g, b), by WCAG 2.2."""

    def luminance(colour: str) -> float:
        shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
