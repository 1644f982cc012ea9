"""A journal's layout: numbers as it writes them, no word broken, each footnote once."""

from __future__ import annotations

import io

import docx
import pytest
from docx.document import Document
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from il6_platform.errors import UsageError
from il6_platform.figures import numbers
from il6_platform.figures.numbers import DASH, p_text
from il6_platform.manuscript import document
from il6_platform.manuscript.document import ACROSS_CM, WIDTH_CM, _layout, add_table, saved
from il6_platform.manuscript.styles import STYLES, style_of
from il6_platform.report.table import Table

P_VALUES = {
    # value: plain, JCO, Lancet, NEJM
    0.21: ("P = 0.21", "P = .21", "p=0\N{MIDDLE DOT}21", "P=0.21"),
    0.0496: ("P = 0.0496", "P = .0496", "p=0\N{MIDDLE DOT}0496", "P=0.0496"),
    0.0504: ("P = 0.0504", "P = .0504", "p=0\N{MIDDLE DOT}0504", "P=0.0504"),
    0.0345: ("P = 0.035", "P = .03", "p=0\N{MIDDLE DOT}035", "P=0.03"),
    0.00445: ("P = 0.0044", "P = .004", "p=0\N{MIDDLE DOT}0044", "P=0.004"),
    0.0002: ("P < 0.001", "P < .001", "p=0\N{MIDDLE DOT}00020", "P<0.001"),
    0.00002: ("P < 0.001", "P < .001", "p<0\N{MIDDLE DOT}0001", "P<0.001"),
    0.999: ("P > 0.99", "P > .99", "p>0\N{MIDDLE DOT}99", "P>0.99"),
}


@pytest.mark.parametrize("p", P_VALUES)
def test_p_values_are_written_as_each_journal_asks(p: float) -> None:
    for name, expected in zip(("plain", "jco", "lancet", "nejm"), P_VALUES[p], strict=True):
        style = STYLES[name]
        with numbers.p_written(style.p):
            assert style.written(p_text(p)) == expected, name
    assert p_text(p) == P_VALUES[p][0], "as usual again"


def test_intervals_are_written_as_each_journal_asks() -> None:
    text = f"0.52 (0.28{DASH}0.97); 0.52, 95% CI 0.28{DASH}0.97"
    assert STYLES["plain"].written(text) == text
    assert STYLES["jco"].written(text) == "0.52 (0.28 to 0.97); 0.52, 95% CI, 0.28 to 0.97"
    assert STYLES["nejm"].written(text) == "0.52 (0.28 to 0.97); 0.52, 95% CI, 0.28 to 0.97"
    assert STYLES["lancet"].written(text) == text.replace(".", "\N{MIDDLE DOT}")


def test_an_unknown_style_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="jco, lancet, nejm"):
        style_of("bmj")


TABLE = Table(
    "listed",
    "What was listed.",
    ("Statistic", "Estimate (95% CI)", "P"),
    (
        ("Arms", "", ""),
        ("Hazard ratio", f"0.52 (0.28{DASH}0.97)", "0.038"),
        ("Ratio", f"0.39 (0.11{DASH}1.45)", "0.16"),
    ),
    ("CI, confidence interval.",),
    ((), ("Read with care.",), ("Too few events.", "Read with care.")),
)


def printed(table: Table, name: str) -> Document:
    word = docx.Document()
    add_table(word, "1", table, STYLES[name])
    return docx.Document(io.BytesIO(saved(word)))


@pytest.mark.parametrize(
    ("name", "signs"), [("plain", "ab"), ("jco", "ab"), ("lancet", "*\u2020"), ("nejm", "*\u2020")]
)
def test_a_footnote_stands_once_and_its_sign_where_it_applies(name: str, signs: str) -> None:
    word = printed(TABLE, name)
    cells = [row.cells[0].text for row in word.tables[0].rows]
    first, second = signs
    assert cells[1:] == ["Arms", f"Hazard ratio{first}", f"Ratio{second},{first}"]
    said = [paragraph.text for paragraph in word.paragraphs]
    assert said.count(f"{first} Read with care.") == said.count(f"{second} Too few events.") == 1
    title = [place for place, text in enumerate(said) if "What was listed." in text]
    below = STYLES[name].is_title_below
    assert (title[0] > said.index("CI, confidence interval.")) == below
    # what only names the rows below it is one cell
    row = word.tables[0].rows[1].cells
    assert row[0]._tc is row[-1]._tc


def test_used_up_signs_are_doubled() -> None:
    assert [STYLES["nejm"].symbol(n) for n in (0, 5, 6)] == ["*", "\u2016", "**"]


WIDE = Table(
    "wide",
    "A wide one.",
    ("Characteristic", *(f"Chemotherapy + bevacizumab, group {n} (n=29)" for n in range(7))),
    (("Extrahepatic disease, n (%)", *["12.7 (10.1 to not reached)"] * 7),),
)


@pytest.mark.parametrize("table", [TABLE, WIDE])
def test_no_word_is_wider_than_its_column(table: Table) -> None:
    paper = ACROSS_CM if table is WIDE else WIDTH_CM
    size, wide = _layout(table, paper, STYLES["plain"].letter)
    assert sum(wide) <= paper + 1e-9
    for column, width in enumerate(wide):
        for row, texts in enumerate((table.columns, *table.rows)):
            look = FontProperties(family="STIXGeneral", size=size, weight="normal" if row else 700)
            for word in texts[column].split():
                # a cell has margins of 0.19 cm
                room = width - 0.38
                assert TextPath((0, 0), word, prop=look).get_extents().width / 72 * 2.54 <= room


@pytest.mark.parametrize("name", STYLES)
def test_no_number_is_wider_than_its_column(name: str) -> None:
    counts = Table("t", "T.", ("Group", "n", "P"), (("Low", "29", "0.038"), ("High", "1024", "")))
    size, wide = _layout(counts, WIDTH_CM, STYLES[name].letter)
    # of a digit, as a share of the size: Arial 0.556, Times 0.5
    digit = 0.556 if STYLES[name].font == "Arial" else 0.5
    for column, width in enumerate(wide):
        for row in counts.rows:
            needed = len(row[column]) * digit * size * 2.54 / 72
            assert needed + 0.38 <= width or not row[column][:1].isdigit()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Odds ratio (95% CI)", ["Odds", "ratio", "(95%", "CI)"]),
        ("\u503c\uff0895% CI\uff09", ["\u503c", "\uff0895%", "CI\uff09"]),
        ("IL-6\u9ad8\uff0cP", ["IL-6", "\u9ad8\uff0c", "P"]),
    ],
)  # fmt: skip
def test_a_line_ends_at_a_chinese_sign_and_never_begins_with_what_closes_one(
    text: str, parts: list[str]
) -> None:
    assert document._words(text) == parts
