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
from il6_platform.report.translation import translator_of
from il6_platform.study import read_study
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


def test_every_figure_is_to_be_seen_and_said_without_its_script(
    browser: Browser, address: str
) -> None:
    size = {"width": 1200, "height": 900}
    page = opened(browser, address, viewport=size, java_script_enabled=False)
    figures = page.locator("figure").all()
    names = {figure.get_attribute("id") or "" for figure in figures}
    for endpoint in ("pfs", "os"):
        assert sum(name.startswith(f"km-{endpoint}-") for name in names) == 6
        forests = {f"{kind}-{endpoint}" for kind in ("comparisons", "multivariable", "subgroups")}
        assert forests | {f"cutoff-scan-{endpoint}", f"effect-by-marker-{endpoint}"} <= names
    assert {
        "answer",
        "flow",
        "roc",
        "cutoff-stability",
        "response",
        "waterfall",
        "swimmer",
    } <= names
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
    shown = page.locator("[aria-label='Published, then now'] tbody tr").all()
    rows = demo.ask("from report.headline order by position")
    assert len(shown) == len(rows)
    for line, row in zip(shown, rows.itertuples(), strict=True):
        text = line.inner_text()
        assert row.claim in text
        assert figure_of(row.estimate, row.measure) in text
        if row.p_value == row.p_value:
            assert re.search(rf"\t{re.escape(p_number(row.p_value))}[\t\n]", text)
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


def test_it_prints_on_less_than_ten_pages_and_an_annex(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    def pages() -> int:
        page.pdf(path=tmp_path / "report.pdf", format="A4", prefer_css_page_size=True)
        content = (tmp_path / "report.pdf").read_bytes()
        assert content.startswith(b"%PDF")
        return len(re.findall(rb"/Type\s*/Page\b(?!s)", content))

    page = opened(browser, address)
    every = pages()
    page.evaluate(
        "{ let one = document.querySelector('h2.annex'); "
        "while (one) { const next = one.nextElementSibling; one.remove(); one = next; } }"
    )
    assert 5 <= pages() < 10
    assert every <= 11


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_nothing(
    browser: Browser, address: str, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(browser, address, viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    for details in page.locator("figure#roc details, main > details").all():
        details.evaluate("one => one.open = true")
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": rules}})
    said = [
        (one["id"], one["help"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found.response["violations"]
    ]
    assert not said


def test_the_first_screen_asks_answers_and_shows(browser: Browser, address: str) -> None:
    page = opened(browser, address, viewport={"width": 1440, "height": 900})
    for part in (".question", ".answer", "figure#answer svg"):
        box = page.locator(part).bounding_box()
        assert box is not None and box["y"] + box["height"] <= 900, part
    contents = page.locator("nav[aria-label=Sections]")
    page.evaluate("scrollTo(0, 6000)")
    box = contents.bounding_box()
    assert box is not None and 0 <= box["y"] <= 900


def test_a_phone_shows_the_answer_first(browser: Browser, address: str) -> None:
    page = opened(browser, address, viewport={"width": 390, "height": 844})
    assert not page.locator("nav a").first.is_visible()
    box = page.locator(".answer p").first.bounding_box()
    assert box is not None and box["y"] + box["height"] <= 844
    page.get_by_text("Contents", exact=True).click()
    page.locator("nav a", has_text="Response").click()
    page.wait_for_function("scrollY > 1000")


def test_the_contents_can_be_searched(browser: Browser, address: str) -> None:
    page = opened(browser, address, viewport={"width": 1440, "height": 900})
    every = page.locator("nav li").count()
    page.fill("#search", "waterfall plot")
    assert page.locator("nav li:visible").all_inner_texts() == ["Response"]
    assert page.locator("#found").inner_text() == f"1 of {every} sections"
    page.fill("#search", "")
    assert page.locator("nav li:visible").count() == every


def test_an_endpoint_has_one_figure_with_switches(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    views = page.locator(".views#km-pfs")
    assert views.locator("figure:visible").count() == 1
    first = views.locator("figure:visible").get_attribute("id")
    views.locator("input[type=radio]").nth(0).focus()
    page.keyboard.press("ArrowDown")
    shown = views.locator("figure:visible")
    assert shown.count() == 1
    assert shown.get_attribute("id") != first
    # a link to a view that is not shown shows it
    hidden = "km-os-experimental-high-vs-low"
    page.goto(f"{address}#{hidden}")
    page.reload()
    assert page.locator(f"figure#{hidden}").is_visible()


def test_curves_say_their_values(browser: Browser, address: str, demo: Installation) -> None:
    page = opened(browser, address, viewport={"width": 1440, "height": 1000})
    drawing = page.locator("figure#km-pfs-all-experimental-vs-control .drawing")
    drawing.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    said = drawing.locator("xpath=..").locator(".readout").inner_text()
    month = float(re.findall(r"Month ([\d.]+)", said)[0])
    for group, words in (
        ("experimental", "Chemotherapy + bevacizumab"),
        ("control", "Chemotherapy alone"),
    ):
        of = (
            f"endpoint = 'PFS' and population = 'all' and grp = '{group}' and analysis = 'survival'"
        )
        share = demo.ask(
            f"select y from report.curves where {of} and x <= {month} order by x desc limit 1"
        )["y"].iloc[0]
        left = demo.ask(
            f"select at_risk from report.curves where {of} and x >= {month} order by x limit 1"
        )["at_risk"].iloc[0]
        assert re.search(rf"{re.escape(words)}: {share:.0%} \([^)]*\), {left} at risk", said)
    # by the pointer as well; it is gone when the pointer is
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    assert "Month" in drawing.locator("xpath=..").locator(".readout").inner_text()


def test_every_cut_off_can_be_tried(browser: Browser, address: str, demo: Installation) -> None:
    page = opened(browser, address)
    slider = page.locator("figure#cutoff-scan-pfs .slider")
    own = demo.ask(
        "select estimate from report.results where analysis = 'cutoff' and statistic = 'cutoff'"
    )["estimate"].iloc[0]

    def ratio_at(cut: float) -> str:
        found = demo.ask(
            "select estimate from report.results where analysis = 'cutoff_scan' and "
            "endpoint = 'PFS' and statistic = 'ratio_of_hazard_ratios' and model = 'each cut-off' "
            f'and "at" = {cut}'
        )
        return f"ratio of hazard ratios, high to low {ratio(found['estimate'].iloc[0])} ("

    said = slider.locator("output")
    assert "the study's" in said.inner_text() and ratio_at(own) in said.inner_text()
    slider.locator("input").focus()
    page.keyboard.press("ArrowRight")
    moved = said.inner_text()
    assert "the study's" not in moved
    cut = float(re.findall(r"\) ([\d.]+)", moved)[0])
    assert cut > own and ratio_at(cut) in moved
    for button in slider.locator("button").all():
        button.click()
        assert button.inner_text() in said.inner_text()


def test_figures_and_numbers_are_downloaded(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    figure = page.locator("figure#multivariable-pfs")
    begins = {"SVG": b"<svg", "PNG": b"\x89PNG", "CSV": b"\xef\xbb\xbfStatistic,"}
    for kind, beginning in begins.items():
        with page.expect_download() as waited:
            figure.get_by_role("button", name=f"as {kind}").click()
        assert waited.value.suggested_filename == f"multivariable-pfs.{kind.lower()}"
        content = Path(waited.value.path()).read_bytes()
        assert content.startswith(beginning)
        assert b"var(--" not in content


def test_tables_are_sorted_and_filtered(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    rules = page.locator("table", has_text="What is wrong, and what to do")
    head = rules.locator("thead th", has_text="Lines")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    counts = [int(text) for text in rules.locator("tbody td:last-child").all_inner_texts()]
    assert counts == sorted(counts) and len(set(counts)) > 1
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    field = rules.locator("xpath=../preceding-sibling::label[1]/input")
    field.fill("assessed_on")
    shown = rules.locator("tbody tr:visible").all_inner_texts()
    assert shown and all("assessed_on" in text for text in shown)


def test_a_dark_page_has_dark_figures(browser: Browser, address: str) -> None:
    page = opened(browser, address, color_scheme="dark")
    fills = page.evaluate(
        "[...document.querySelectorAll('figure#roc svg path')].map(p => getComputedStyle(p).fill)"
    )
    assert "rgb(20, 24, 28)" in fills
    assert "rgb(255, 255, 255)" not in fills
    inks = page.evaluate(
        "[...document.querySelectorAll('figure#roc svg text')].map(t => getComputedStyle(t).fill)"
    )
    assert not [ink for ink in inks if contrast(ink, "rgb(20, 24, 28)") < 4.5]


def test_a_page_in_chinese_works_as_the_english_one(
    browser: Browser, address: str, demo: Installation, tmp_path: Path
) -> None:
    english = demo.home / "published" / "report.html"
    study = read_study(demo.study).model_copy(update={"language": "zh"})
    translator = translator_of(study)
    assert translator is not None
    (tmp_path / "zh.html").write_text(translator.page(english.read_text("utf-8")), "utf-8")
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((tmp_path / "zh.html").as_uri())
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert "未能证明IL-6可以区分" in page.locator(".answer").inner_text()
    page.locator("figure#cutoff-scan-pfs .slider input").focus()
    page.keyboard.press("ArrowRight")
    said = page.locator("figure#cutoff-scan-pfs .slider output").inner_text()
    assert "风险比之比，高比低" in said and "hazard" not in said
    page.fill("#search", "瀑布图")
    assert page.locator("nav li:visible").all_inner_texts() == ["疗效"]
    assert not faults


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
