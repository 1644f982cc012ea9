"""The manuscript pack of a cut: Word document, Excel workbook, figures for print.

Belongs here: what the pack holds, in which order, and how it looks in Word. Does not belong here:
sentences (`methods`), cells (`tables`), drawing (`figures`), what a reporting guideline asks
(`checklists`). Made from what is published alone, so no row of a patient can reach it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

from il6_platform.analysis.cohort import ARM, MARKER
from il6_platform.figures import numbers, style
from il6_platform.manuscript import findings
from il6_platform.manuscript.checklists import Item, frame, remark, strobe
from il6_platform.manuscript.methods import Citations, methods
from il6_platform.manuscript.styles import STYLES, Style
from il6_platform.manuscript.workbook import workbook
from il6_platform.report.figure_catalogue import Picture, pictures
from il6_platform.report.reader import Cut
from il6_platform.report.synthetic_flag import SYNTHETIC
from il6_platform.report.table import Table
from il6_platform.report.tables import tables
from il6_platform.report.translation import other_names, translator_of

if TYPE_CHECKING:
    from docx.document import Document

WIDTH_CM, ACROSS_CM = 17.0, 25.7
"""Between the margins of an A4 page, upright and across."""

PANEL_CM = 8.4
"""A panel's width: two of them stand side by side."""

CM_A_POINT = 2.54 / 72

EAST_ASIAN = {"zh": "SimSun"}
"""Language -> the font that Word takes for its signs."""

HAN = r"\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
"""Chinese signs and their punctuation: twice as wide as a letter, and a line may end at each."""

SIZES = (9.0, 8.5, 8.0, 7.5)
"""Of a table's letters, in points: the largest in which no word is broken is taken."""

FIRST = ("baseline", "response", "survival", "cox", "interaction")
"""Tables that a paper prints; the others are its supplement."""

ROWS_A_PAGE = 24
"""Rows of a table that fit a page whatever is in them."""


@dataclass(frozen=True)
class Plate:
    """A figure of the manuscript: one picture, or panels named A, B, ... in reading order."""

    key: str
    caption: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Manuscript:
    """What the Word document says, before it is put in Word, in the style of a journal."""

    cut: Cut
    style: Style = STYLES["plain"]

    @cached_property
    def say(self) -> Callable[[str], str]:
        """What says an English text in the language of the study's readers."""
        names = other_names(self.cut.tables["provenance"], self.cut.results)
        translator = translator_of(self.cut.study, names, "manuscript")
        return str if translator is None else translator.say

    @cached_property
    def tables(self) -> dict[str, Table]:
        """What each table is called (1, 2, ...; of the supplement S1, S2, ...) -> the table.

        The results cite them in this order; those that they do not cite come after.
        """
        made = [_reworded(table, self.say) for table in tables(self.cut.report)]
        is_first = [re.sub(r"_[^_]*$", "", t.key) in FIRST or t.key in FIRST for t in made]
        cited: dict[str, int] = {}

        def cite(key: str) -> str:
            cited.setdefault(key, len(cited))
            return key

        list(findings.results(self.cut, cite, [table.key for table in made]))
        named: dict[str, Table] = {}
        for wanted, prefix in ((True, ""), (False, "S")):
            chosen = [t for t, first in zip(made, is_first, strict=True) if first == wanted]
            chosen.sort(key=lambda table: cited.get(table.key, len(cited)))
            named |= {f"{prefix}{number}": t for number, t in enumerate(chosen, start=1)}
        return named

    @cached_property
    def pictures(self) -> dict[str, Picture]:
        """Every figure of the report by its name."""
        return {picture.name: picture for picture in pictures(self.cut.report)}

    @cached_property
    def plates(self) -> list[Plate]:
        """The figures in the order in which the results cite them; the first is figure 1."""
        return list(_plates(self))

    @cached_property
    def files(self) -> dict[str, dict[str, bytes]]:
        """Picture -> ending -> its file."""
        return {
            name: for_print(style.in_language(picture.draw(), self.say))
            for name, picture in self.pictures.items()
        }

    @cached_property
    def text(self) -> tuple[list[tuple[str, str]], list[str]]:
        """The methods' paragraphs, and the references that they cite."""
        citations = Citations()
        paragraphs = list(methods(self.cut, citations))
        return paragraphs, citations.references()

    @cached_property
    def results(self) -> list[tuple[str, str]]:
        """The results' paragraphs: heading, text."""
        keys = [table.key for table in self.tables.values()]
        return list(findings.results(self.cut, self.place, keys))

    @cached_property
    def items(self) -> dict[str, list[Item]]:
        """Guideline -> its items, and where they stand."""
        made = {"REMARK": remark(self.cut, self.place)}
        if not self.cut.study.is_randomised:
            # STROBE is of observational studies
            made["STROBE"] = strobe(self.cut, self.place)
        return made

    def place(self, key: str) -> str | None:
        """Return what a table and a figure of a key are called, or None where there is none."""
        called = [f"Table {name}" for name, table in self.tables.items() if table.key == key]
        called += [f"Figure {n}" for n, p in enumerate(self.plates, start=1) if p.key == key]
        return ", ".join(called) or None


def _reworded(table: Table, say: Callable[[str], str]) -> Table:
    """Return a table with every text put through `say`."""

    def every(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(say, texts))

    return replace(
        table,
        title=say(table.title),
        columns=every(table.columns),
        rows=tuple(map(every, table.rows)),
        notes=every(table.notes),
        marks=tuple(map(every, table.marks)),
    )


def pack(cut: Cut, style: Style = STYLES["plain"]) -> Iterator[tuple[str, bytes]]:
    """Give path and content of every file of the manuscript pack, the same for the same cut."""
    content = Manuscript(cut, style)
    with numbers.p_written(style.p):
        made = {"manuscript.docx": document(content), "checklists.docx": checklists(content)}
        for name, items in content.items.items():
            text = frame(items).to_csv(index=False, lineterminator="\n")
            made[f"{name.lower()}.csv"] = text.encode()
        made["results.xlsx"] = workbook(cut)
        for name, endings in content.files.items():
            made |= {f"figures/{name}.{ending}": drawn for ending, drawn in endings.items()}
    yield from made.items()


def for_print(figure: Figure) -> dict[str, bytes]:
    """Return a figure as SVG (letters as outlines), PDF (fonts embedded) and PNG (300 dpi)."""
    made = {}
    settings = {**style.SETTINGS, "svg.fonttype": "path", "pdf.fonttype": 42}
    said: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        "png": {"Software": None},
    }
    with matplotlib.rc_context(settings), _fonts_cut_to_outlines():
        for ending, metadata in said.items():
            out = io.BytesIO()
            style.with_han_font(figure).savefig(out, format=ending, dpi=300, metadata=metadata)
            made[ending] = out.getvalue()
    return made


@contextmanager
def _fonts_cut_to_outlines() -> Iterator[None]:
    """Have fonts embedded without their tables of layout.

    A PDF says itself where each letter stands: nothing reads them, and to cut them to the letters
    of a figure takes more than half of the time of cutting the font.
    """
    from fontTools.subset import Options

    dropped = Options._drop_tables_default
    Options._drop_tables_default = [*dropped, "GSUB", "GPOS", "GDEF", "kern"]
    try:
        yield
    finally:
        Options._drop_tables_default = dropped


def document(content: Manuscript) -> bytes:
    """Return the manuscript as a Word document."""
    from docx.shared import Pt

    cut, style, say = content.cut, content.style, content.say
    word = new_document(cut, cut.study.title, style=style)
    word.add_heading(cut.study.title, 0)
    word.add_paragraph(say(f"Data cut {cut.name}, exports to {cut.about['last_export']}."))
    parts = findings.abstract(cut)
    word.add_heading(say("Abstract"), 1)
    for heading, part in style.abstract:
        paragraph = word.add_paragraph()
        paragraph.add_run(f"{say(heading)} ").bold = True
        paragraph.add_run(style.written(say(parts[part])))
    paragraphs, references = content.text
    word.add_heading(say("Methods"), 1)
    for heading, text in paragraphs:
        word.add_heading(say(heading), 2)
        _add_cited(word.add_paragraph(), say(text), style)
    word.add_heading(say("Results"), 1)
    for heading, text in content.results:
        word.add_heading(say(heading), 2)
        word.add_paragraph(style.written(say(text)))
    _add_tables(word, content, is_supplement=False)
    word.add_heading(say("Figures"), 1)
    for number, plate in enumerate(content.plates, start=1):
        _add_plate(word, number, plate, content)
    word.add_heading(say("References"), 1)
    for number, reference in enumerate(references, start=1):
        paragraph = word.add_paragraph(f"{number}. {reference}")
        paragraph.paragraph_format.space_after = Pt(2)
    _add_tables(word, content, is_supplement=True)
    return saved(word)


def _add_tables(word: Document, content: Manuscript, *, is_supplement: bool) -> None:
    """Add the tables of the paper or of its supplement; a wide one on a page across."""
    chosen = [
        (name, table)
        for name, table in content.tables.items()
        if name.startswith("S") == is_supplement
    ]
    if not chosen:
        return
    lies_across = False
    for number, (name, table) in enumerate(chosen):
        is_across = sum(_least(table, SIZES[-1], content.style.letter)) > WIDTH_CM
        if is_across != lies_across:
            _turn(word, is_across=is_across)
        if number == 0:
            words = "Supplementary tables" if is_supplement else "Tables"
            heading = word.add_heading(content.say(words), 1)
            heading.paragraph_format.page_break_before = not is_across
        called = content.say(content.style.table_title.format(number=name))
        add_table(word, called, table, content.style, across=is_across)
        lies_across = is_across
    if lies_across:
        _turn(word, is_across=False)


def _add_cited(paragraph: Any, text: str, style: Style) -> None:
    """Add a text of the methods; a journal may want its references raised."""
    if not style.are_citations_raised:
        paragraph.add_run(style.written(text))
        return
    for part in re.split(r"( \[[\d,]+\])", text):
        if part.startswith(" ["):
            paragraph.add_run(part.strip(" []")).font.superscript = True
        else:
            # versions and digests are no measurements
            paragraph.add_run(part if "SHA-256" in text else style.written(part))


def _turn(word: Document, *, is_across: bool) -> None:
    """Begin a page that lies across, or stands upright again."""
    from docx.enum.section import WD_ORIENT, WD_SECTION
    from docx.shared import Cm

    section = word.add_section(WD_SECTION.NEW_PAGE)
    long, short = Cm(29.7), Cm(21)
    section.orientation = WD_ORIENT.LANDSCAPE if is_across else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if is_across else (short, long)


def checklists(content: Manuscript) -> bytes:
    """Return the reporting guidelines' checklists as a Word document."""
    word = new_document(content.cut, "Reporting checklists", is_wide=True, style=content.style)
    word.add_heading("Reporting checklists", 0)
    word.add_paragraph(f"{content.cut.study.title}. Data cut {content.cut.name}.")
    for guideline, items in content.items.items():
        rows = [(str(i.number), i.topic, i.asks, i.where, i.value) for i in items]
        lacking = sum(item.is_missing for item in items)
        partial = sum(item.is_partial for item in items)
        title = f"{len(items)} items, {lacking} of them missing, {partial} answered in part."
        heads = ("Item", "Topic", "Asks", "Where it stands", "Value")
        table = Table(guideline, title, heads, tuple(rows))
        add_table(
            word, f"{guideline} checklist. ", table, content.style, widths=(1.2, 3.6, 7.2, 7, 6.5)
        )
    return saved(word)


def new_document(
    cut: Cut, title: str, *, is_wide: bool = False, style: Style = STYLES["plain"]
) -> Document:
    """Return an empty A4 document in the pack's style, with numbered pages."""
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt, RGBColor

    word = docx.Document()
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    if is_wide:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Cm(29.7), Cm(21)
    for side in ("left", "right", "top", "bottom"):
        setattr(section, f"{side}_margin", Cm(2))
    for name, size in (("Normal", 11), ("Title", 18), ("Heading 1", 14), ("Heading 2", 12)):
        look = word.styles[name]
        look.font.name, look.font.size, look.font.color.rgb = (
            style.font,
            Pt(size),
            RGBColor(0, 0, 0),
        )
        fonts = look.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:hAnsi"), style.font)
        if cut.study.language in EAST_ASIAN:
            fonts.set(qn("w:eastAsia"), EAST_ASIAN[cut.study.language])
    word.styles["Normal"].paragraph_format.space_after = Pt(6)
    if cut.is_synthetic:
        said = translator_of(cut.study)
        words = SYNTHETIC if said is None else said.say(SYNTHETIC)
        section.header.paragraphs[0].add_run(words).bold = True
    _field(section.footer.paragraphs[0], "PAGE")
    about = word.core_properties
    when = datetime.combine(date.fromisoformat(cut.about["last_export"]), datetime.min.time())
    about.title, about.author, about.last_modified_by = title, "", ""
    about.created = about.modified = when
    about.comments = f"Data cut {cut.name}"
    return word


def add_table(
    word: Document,
    called: str,
    table: Table,
    style: Style,
    *,
    widths: Iterable[float] = (),
    across: bool = False,
) -> None:
    """Add a table as a journal prints it: title, three rules, footnotes below."""
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.shared import Cm

    table = _reworded(table, style.written)
    if not style.is_title_below:
        _add_title(word, called, table.title, keeps=True)
    grid = word.add_table(rows=len(table.rows) + 1, cols=len(table.columns))
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    _rules(grid, len(table.rows))
    size, wide = _layout(table, ACROSS_CM if across else WIDTH_CM, style.letter)
    if widths:
        wide = list(widths)
    for column, width in zip(grid.columns, wide, strict=True):
        # Word goes by the cells' widths, others by the columns'
        column.width = Cm(width)
    signs, footnotes = _footnotes(table, style)
    centred = [
        place > 0 and not widths and not _is_prose(c) for place, c in enumerate(_columns(table))
    ]
    for row, texts in enumerate((table.columns, *table.rows)):
        # a row's cells are looked up once: python-docx searches the whole row for each
        cells = grid.rows[row].cells
        _fill_row(cells, texts, wide, size, style, row, table, centred)
        if row and signs[row - 1]:
            sign = cells[0].paragraphs[0].add_run(signs[row - 1])
            sign.font.size, sign.font.superscript = _points(size), True
    for sign, note in [*((None, note) for note in table.notes), *footnotes]:
        paragraph = word.add_paragraph()
        paragraph.paragraph_format.space_after = _points(0)
        if sign:
            mark = paragraph.add_run(f"{sign} ")
            mark.font.size, mark.font.superscript = _points(8), True
        paragraph.add_run(note).font.size = _points(8)
    if style.is_title_below:
        _add_title(word, called, table.title, keeps=False)


def _points(size: float) -> Any:
    from docx.shared import Pt

    return Pt(size)


def _add_title(word: Document, called: str, words: str, *, keeps: bool) -> None:
    title = word.add_paragraph()
    title.add_run(called).bold = True
    title.add_run(words)
    title.paragraph_format.keep_with_next = keeps
    title.paragraph_format.space_before = _points(12 if keeps else 4)


def _fill_row(
    cells: Sequence[Any],
    texts: Sequence[str],
    wide: Sequence[float],
    size: float,
    style: Style,
    row: int,
    table: Table,
    centred: Sequence[bool],
) -> None:
    """Write a row's cells; one that only names those below it runs over the whole width."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm

    fill = style.head_fill if row == 0 else style.stripe_fill if row % 2 == 0 else None
    names_others = row > 0 and _names_others(texts)
    if names_others:
        cells[0].merge(cells[-1])
    for column, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        if fill:
            _shade(cell, fill)
        if names_others and column:
            break
        if not names_others:
            cell.width = Cm(wide[column])
        paragraph = cell.paragraphs[0]
        run = paragraph.add_run(text)
        run.font.size, run.bold = _points(size), row == 0
        paragraph.paragraph_format.space_after = _points(1)
        # a table that fits a page is not torn
        paragraph.paragraph_format.keep_with_next = row < len(table.rows) <= ROWS_A_PAGE
        if centred[column]:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _names_others(texts: Sequence[str]) -> bool:
    return len(texts) > 1 and bool(texts[0]) and not any(texts[1:])


def _footnotes(table: Table, style: Style) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the signs of each row, and the footnotes with theirs; each stands once."""
    marks = table.marks or ((),) * len(table.rows)
    each = list(dict.fromkeys(note for row in marks for note in row))
    sign_of = {note: style.symbol(number) for number, note in enumerate(each)}
    joined = [",".join(sign_of[note] for note in row) for row in marks]
    return joined, [(sign_of[note], note) for note in each]


def _shade(cell: Any, colour: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


def saved(word: Document) -> bytes:
    """Return a document's bytes, its parts without the hour at which they were packed."""
    packed, out = io.BytesIO(), io.BytesIO()
    word.save(packed)
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(out, "w") as target:
        for part in source.infolist():
            plain = zipfile.ZipInfo(part.filename, (1980, 1, 1, 0, 0, 0))
            plain.compress_type, plain.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(plain, source.read(part))
    return out.getvalue()


def _plates(content: Manuscript) -> Iterator[Plate]:
    named, study = content.pictures, content.cut.study

    def alone(*keys: str) -> Iterator[Plate]:
        yield from (Plate(key, named[key].caption, (key,)) for key in keys if key in named)

    yield from alone("flow", "response", "waterfall")
    for endpoint in study.endpoints:
        for key, contrast in (("km", ARM), ("km_marker", MARKER)):
            ending = contrast.replace(" ", "-")
            panels = tuple(
                name
                for name in named
                if name.startswith(f"km-{endpoint.lower()}-") and name.endswith(ending)
            )
            letters = [
                f"{chr(ord('A') + place)}, {named[name].caption.partition(': Kaplan')[0]}"
                for place, name in enumerate(panels)
            ]
            yield Plate(
                f"{key}_{endpoint}",
                f"{endpoint}: Kaplan-Meier curves with pointwise 95% bands and numbers at risk. "
                f"{'; '.join(letters)}.",
                panels,
            )
        for kind in ("comparisons", "multivariable", "subgroups"):
            name = f"{kind}-{endpoint.lower()}"
            if name in named:
                yield Plate(f"{kind}_{endpoint}", named[name].caption, (name,))
    yield from alone("roc")


def _add_plate(word: Document, number: int, plate: Plate, content: Manuscript) -> None:
    """Add a figure, or its panels two by two, with the caption on the same page."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Emu

    several = len(plate.names) > 1
    for first in range(0, len(plate.names), 2 if several else 1):
        names = plate.names[first : first + 2 if several else first + 1]
        if several:
            letters = word.add_paragraph()
            letters.paragraph_format.tab_stops.add_tab_stop(Cm(PANEL_CM + 0.2))
            letters.paragraph_format.space_after = _points(0)
            places = range(first, first + len(names))
            letters.add_run("\t".join(chr(ord("A") + place) for place in places)).bold = True
            letters.paragraph_format.keep_with_next = True
        paragraph = word.add_paragraph()
        if not several:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        for name in names:
            shape = paragraph.add_run().add_picture(io.BytesIO(content.files[name]["png"]))
            width = min(shape.width, Cm(PANEL_CM if several else WIDTH_CM))
            shape.height, shape.width = Emu(int(shape.height * width / shape.width)), Emu(width)
            described = shape._inline.docPr
            described.set("descr", content.say(content.pictures[name].caption))
            described.set("name", name)
            for side in ("distL", "distR"):
                # what is not said, LibreOffice takes for a margin
                shape._inline.set(side, "0")
        # the caption stays with what it is below
        paragraph.paragraph_format.keep_with_next = True
        paragraph.paragraph_format.space_after = _points(2)
    caption = word.add_paragraph()
    called = content.style.figure_title.format(number=number)
    caption.add_run(content.say(called)).bold = True
    caption.add_run(content.style.written(content.say(plate.caption)))


def _layout(table: Table, paper: float, letter: float) -> tuple[float, list[float]]:
    """Return the size of a table's letters and its columns' widths in centimetres.

    No word is broken, and no short text, such as an estimate with its interval, but in the first
    column, which names the rows and has room for a few words where smaller letters give it. What
    is left of the paper goes to the columns with long texts.
    """
    names = max(_letters(text) for text in _columns(table)[0])
    size, least = next(
        (
            (size, least)
            for first in (min(names, 26), 14)
            for size in SIZES
            if sum(least := _least(table, size, letter, first)) <= paper
        ),
        (SIZES[-1], _least(table, SIZES[-1], letter)),
    )
    spare = paper - sum(least)
    if spare < 0:
        return size, [width * paper / sum(least) for width in least]
    # a head may be wrapped
    longest = [
        max((_letters(text) for text in column[1:]), default=0) for column in _columns(table)
    ]
    wishes = [
        max(0.4 + length * letter * size * CM_A_POINT - width, 0)
        for length, width in zip(longest, least, strict=True)
    ]
    share = min(spare / sum(wishes), 1.0) if sum(wishes) else 0.0
    return size, [width + wish * share for width, wish in zip(least, wishes, strict=True)]


def _columns(table: Table) -> list[tuple[str, ...]]:
    """Return a table's columns; what runs over the whole width is in none of them."""
    rows = [row for row in table.rows if not _names_others(row)]
    return list(zip(*(table.columns, *rows), strict=True))


def _is_prose(column: Sequence[str]) -> bool:
    """Say whether some cell of a column is a phrase, not a number, name or estimate."""
    return any(_letters(text) >= 30 and not text[:1].isdigit() for text in column[1:])


def _letters(text: str) -> int:
    """Return how wide a text is, in Latin letters."""
    return len(text) + len(re.findall(f"[{HAN}]", text))


def _words(text: str) -> list[str]:
    """Return the parts of a text that are not broken; no line begins with what closes one."""
    part = rf"\uff08?(?:[\u3400-\u9fff]|[^\s{HAN}]+)[\u3000-\u303f\uff01-\uff07\uff09-\uffef]*"
    return re.findall(part, text)


def _whole(text: str) -> int:
    """Return up to which length a text is not broken: an estimate with its interval is longer."""
    return 27 if text[:1].isdigit() else 22


def _least(table: Table, size: float, letter: float, first: int = 14) -> list[float]:
    """Return the widths below which something would be broken, in centimetres.

    The first column has room for `first` letters.
    """
    whole = [
        max(
            *(_letters(word) for text in column for word in _words(text)),
            *(_letters(text) for text in column[1:] if place and _letters(text) <= _whole(text)),
            # a head is bold, and wider
            *(1.1 * _letters(word) for word in _words(column[0])),
            first if not place else 0,
        )
        for place, column in enumerate(_columns(table))
    ]
    # and the cell's margins
    return [0.4 + length * letter * size * CM_A_POINT for length in whole]


def _rules(grid: Any, last: int) -> None:
    """Draw the three rules of a printed table; repeat its head, keep its rows whole."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for number, row in enumerate(grid.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if number == 0:
            properties.append(OxmlElement("w:tblHeader"))
        sides = [side for side, at in (("top", 0), ("bottom", last)) if number == at]
        sides += ["bottom"] if number == 0 and last else []
        if not sides:
            continue
        for cell in row.cells:
            borders = OxmlElement("w:tcBorders")
            for side in sides:
                rule = OxmlElement(f"w:{side}")
                for name, value in (("val", "single"), ("sz", "6"), ("color", "000000")):
                    rule.set(qn(f"w:{name}"), value)
                borders.append(rule)
            cell._tc.get_or_add_tcPr().append(borders)


def _field(paragraph: Any, instruction: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    paragraph._p.append(field)
