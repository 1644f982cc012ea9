"""How journals print: the same numbers and tables, in the layout that each of them asks for.

Belongs here: one entry a journal, data alone. Does not belong here: code that knows a journal.
Sources: the instructions for authors of Journal of Clinical Oncology (AMA style), The Lancet and
The New England Journal of Medicine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from il6_platform.errors import UsageError
from il6_platform.figures.numbers import AS_USUAL, DASH, WritingOfP


@dataclass(frozen=True)
class Style:
    """How a journal prints.

    Attributes
    ----------
    p
        How it writes P values.
    replaced
        Pattern -> what stands there instead, in text and tables.
    table_title, figure_title
        Of a table and a figure: `{number}` is set in bold with what is before it.
    is_title_below
        Whether a table's title stands below it.
    symbols
        Signs of footnotes in their order; used up, they are doubled.
    head_fill, stripe_fill
        Colour behind a table's head and behind every second row, if any.
    font, letter
        Of text and tables, and how wide its letters are, as a share of their size.
    are_citations_raised
        Whether references are raised numbers, not bracketed ones.
    abstract
        Heading of a part of the structured abstract -> which part it is.
    """

    p: WritingOfP = AS_USUAL
    replaced: tuple[tuple[str, str], ...] = ()
    table_title: str = "Table {number}. "
    figure_title: str = "Figure {number}. "
    is_title_below: bool = False
    symbols: str = "abcdefghijklmnopqrstuvwxyz"
    head_fill: str | None = None
    stripe_fill: str | None = None
    font: str = "Times New Roman"
    letter: float = 0.52
    are_citations_raised: bool = False
    abstract: tuple[tuple[str, str], ...] = (
        ("Background", "background"),
        ("Methods", "methods"),
        ("Results", "results"),
        ("Conclusions", "conclusions"),
    )

    def written(self, text: str) -> str:
        """Return a text as the journal prints it."""
        for pattern, instead in self.replaced:
            text = re.sub(pattern, instead, text)
        return text

    def symbol(self, number: int) -> str:
        """Return the sign of a footnote, counted from 0."""
        times, place = divmod(number, len(self.symbols))
        return self.symbols[place] * (times + 1)


TO = (rf"(?<=[\d%]){DASH}(?=\d)", " to ")
"""A range is said with a word."""

CLOSE = ((r"([<>]) (?=\d|\.\d)", r"\1"), (r"\b([Pp]) ([=<>]) ?(?=\d)", r"\1\2"))
"""No space after a sign of size, nor on either side of that of a P value."""

SIGNS = "*\N{DAGGER}\N{DOUBLE DAGGER}\N{SECTION SIGN}\N{PILCROW SIGN}\N{DOUBLE VERTICAL LINE}"
"""Signs of footnotes in the order that medical journals use."""

STYLES = MappingProxyType(
    {
        "plain": Style(),
        "jco": Style(
            p=WritingOfP(by_decimals=True, leading_zero=False),
            replaced=(TO, (r"95% CI (?=[\d.])", "95% CI, "), (r"\bn \(%\)", "No. (%)")),
            table_title="TABLE {number}. ",
            figure_title="FIG {number}. ",
            head_fill="E6EEF5",
            font="Arial",
            letter=0.6,
            are_citations_raised=True,
            abstract=(
                ("PURPOSE", "background"),
                ("PATIENTS AND METHODS", "methods"),
                ("RESULTS", "results"),
                ("CONCLUSION", "conclusions"),
            ),
        ),
        "lancet": Style(
            p=WritingOfP(letter="p", least=0.0001),
            replaced=(*CLOSE, (r"(?<=\d)\.(?=\d)", "\N{MIDDLE DOT}"), (r"\bP\b", "p")),
            table_title="Table {number}: ",
            figure_title="Figure {number}: ",
            is_title_below=True,
            symbols=SIGNS,
            are_citations_raised=True,
            abstract=(
                ("Background", "background"),
                ("Methods", "methods"),
                ("Findings", "results"),
                ("Interpretation", "conclusions"),
                ("Funding", "funding"),
            ),
        ),
        "nejm": Style(
            p=WritingOfP(by_decimals=True),
            replaced=(
                TO,
                *CLOSE,
                (r"95% CI (?=[\d.])", "95% CI, "),
                (r"\bn \(%\)", "no. (%)"),
            ),
            symbols=SIGNS,
            head_fill="F3E9D8",
            stripe_fill="FBF6EE",
            are_citations_raised=True,
            abstract=(
                ("BACKGROUND", "background"),
                ("METHODS", "methods"),
                ("RESULTS", "results"),
                ("CONCLUSIONS", "conclusions"),
            ),
        ),
    }
)
"""Name -> how it prints."""


def style_of(name: str) -> Style:
    """Return the style of a name.

    Raises
    ------
    UsageError
        Where there is no such style.
    """
    if name not in STYLES:
        raise UsageError(f"no style {name!r}; there are {', '.join(STYLES)}")
    return STYLES[name]
