"""The manuscript pack of a cut: Word document, Excel workbook, figures for print.

Belongs here: what the pack holds, in which order, and how it looks in Word. Does not belong here:
sentences (`methods`), cells (`tables`), drawing (`figures`), what a reporting guideline asks
(`checklists`). Made from what is published alone, so no row of a patient can reach it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

from il6_platform.figures import style
from il6_platform.manuscript.checklists import Item, frame, remark, strobe
from il6_platform.manuscript.methods import Citations, methods
from il6_platform.manuscript.workbook import workbook
from il6_platform.report.figure_catalogue import Picture, pictures
from il6_platform.report.reader import Cut
from il6_platform.report.sentences import answer
from il6_platform.report.synthetic_flag import SYNTHETIC
from il6_platform.report.tables import Table, tables

if TYPE_CHECKING:
    from docx.document import Document

WIDTH_CM = 17.0
"""Between the margins of an A4 page."""

PANEL_CM = 12.0
"""A panel's width: two of them, one below the other, fill a page."""


CM_A_POINT = 2.54 / 72

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
    """What the Word document says, before it is put in Word."""

    cut: Cut

    @cached_property
    def tables(self) -> list[Table]:
        """The tables in their order; the first is table 1."""
        return list(tables(self.cut.report))

    @cached_property
    def pictures(self) -> dict[str, Picture]:
        """Every figure of the report by its name."""
        return {picture.name: picture for picture in pictures(self.cut.report)}

    @cached_property
    def plates(self) -> list[Plate]:
        """The figures in their order; the first is figure 1."""
        return list(_plates(self))

    @cached_property
    def files(self) -> dict[str, dict[str, bytes]]:
        """Picture -> ending -> its file."""
        return {name: for_print(picture.draw()) for name, picture in self.pictures.items()}

    @cached_property
    def text(self) -> tuple[list[tuple[str, str]], list[str]]:
        """The methods' paragraphs, and the references that they cite."""
        citations = Citations()
        paragraphs = list(methods(self.cut, citations))
        return paragraphs, citations.references()

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
        numbered = {"Table": [t.key for t in self.tables], "Figure": [p.key for p in self.plates]}
        called = [f"{kind} {k.index(key) + 1}" for kind, k in numbered.items() if key in k]
        return ", ".join(called) or None


def pack(cut: Cut) -> Iterator[tuple[str, bytes]]:
    """Give path and content of every file of the manuscript pack, the same for the same cut."""
    content = Manuscript(cut)
    yield "manuscript.docx", document(content)
    yield "checklists.docx", checklists(content)
    for name, items in content.items.items():
        yield f"{name.lower()}.csv", frame(items).to_csv(index=False, lineterminator="\n").encode()
    yield "results.xlsx", workbook(cut)
    for name, endings in content.files.items():
        for ending, made in endings.items():
            yield f"figures/{name}.{ending}", made


def for_print(figure: Figure) -> dict[str, bytes]:
    """Return a figure as SVG (letters as outlines), PDF (fonts embedded) and PNG (300 dpi)."""
    made = {}
    settings = {**style.SETTINGS, "svg.fonttype": "path", "pdf.fonttype": 42}
    said: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        "png": {"Software": None},
    }
    with matplotlib.rc_context(settings):
        for ending, metadata in said.items():
            out = io.BytesIO()
            figure.savefig(out, format=ending, dpi=300, metadata=metadata)
            made[ending] = out.getvalue()
    return made


def document(content: Manuscript) -> bytes:
    """Return the manuscript as a Word document."""
    from docx.shared import Pt

    cut = content.cut
    word = new_document(cut, cut.study.title)
    word.add_heading(cut.study.title, 0)
    word.add_paragraph(f"Data cut {cut.name}, exports to {cut.about['last_export']}.")
    for sentence in answer(cut.results, cut.study):
        word.add_paragraph(sentence)
    paragraphs, references = content.text
    word.add_heading("Methods", 1)
    for heading, text in paragraphs:
        word.add_heading(heading, 2)
        word.add_paragraph(text)
    word.add_heading("Tables", 1)
    for number, table in enumerate(content.tables, start=1):
        add_table(word, f"Table {number}", table)
    word.add_heading("Figures", 1)
    for number, plate in enumerate(content.plates, start=1):
        _add_plate(word, number, plate, content)
    word.add_heading("References", 1)
    for number, reference in enumerate(references, start=1):
        paragraph = word.add_paragraph(f"{number}. {reference}")
        paragraph.paragraph_format.space_after = Pt(2)
    return saved(word)


def checklists(content: Manuscript) -> bytes:
    """Return the reporting guidelines' checklists as a Word document."""
    word = new_document(content.cut, "Reporting checklists", is_wide=True)
    word.add_heading("Reporting checklists", 0)
    word.add_paragraph(f"{content.cut.study.title}. Data cut {content.cut.name}.")
    for guideline, items in content.items.items():
        rows = [(str(i.number), i.topic, i.asks, i.where, i.value) for i in items]
        lacking = sum(item.is_missing for item in items)
        partial = sum(item.is_partial for item in items)
        title = f"{len(items)} items, {lacking} of them missing, {partial} answered in part."
        heads = ("Item", "Topic", "Asks", "Where it stands", "Value")
        table = Table(guideline, title, heads, tuple(rows))
        add_table(word, f"{guideline} checklist", table, (1.2, 3.6, 7.2, 7, 6.5))
    return saved(word)


def new_document(cut: Cut, title: str, *, is_wide: bool = False) -> Document:
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
            "Times New Roman",
            Pt(size),
            RGBColor(0, 0, 0),
        )
        fonts = look.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:hAnsi"), "Times New Roman")
    word.styles["Normal"].paragraph_format.space_after = Pt(6)
    if cut.is_synthetic:
        section.header.paragraphs[0].add_run(SYNTHETIC).bold = True
    _field(section.footer.paragraphs[0], "PAGE")
    about = word.core_properties
    when = datetime.combine(date.fromisoformat(cut.about["last_export"]), datetime.min.time())
    about.title, about.author, about.last_modified_by = title, "", ""
    about.created = about.modified = when
    about.comments = f"Data cut {cut.name}"
    return word


def add_table(word: Document, name: str, table: Table, widths: Iterable[float] = ()) -> None:
    """Add a table as journals print it: title above, three rules, notes below."""
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    title = word.add_paragraph()
    title.add_run(f"{name}. ").bold = True
    title.add_run(table.title)
    title.paragraph_format.keep_with_next = True
    title.paragraph_format.space_before = Pt(12)
    grid = word.add_table(rows=len(table.rows) + 1, cols=len(table.columns))
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    _rules(grid, len(table.rows))
    wide = list(widths) or _widths(table)
    size = Pt(_points(table))
    for column, width in zip(grid.columns, wide, strict=True):
        # Word goes by the cells' widths, others by the columns'
        column.width = Cm(width)
    for row, texts in enumerate((table.columns, *table.rows)):
        # a row's cells are looked up once: python-docx searches the whole row for each
        for column, (cell, text) in enumerate(zip(grid.rows[row].cells, texts, strict=True)):
            cell.width = Cm(wide[column])
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(text)
            run.font.size, run.bold = size, row == 0
            paragraph.paragraph_format.space_after = Pt(1)
            # a table that fits a page is not torn
            paragraph.paragraph_format.keep_with_next = row < len(table.rows) <= ROWS_A_PAGE
            if column and not widths and (row == 0 or text[:1].isdigit() or len(text) < 30):
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for note in table.notes:
        paragraph = word.add_paragraph()
        paragraph.add_run(note).font.size = Pt(8)
        paragraph.paragraph_format.space_after = Pt(0)


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
    for key in ("flow", "roc", "response", "waterfall"):
        if key in named:
            yield Plate(key, named[key].caption, (key,))
    for endpoint in study.endpoints:
        prefix = f"km-{endpoint.lower()}-"
        panels = tuple(name for name in named if name.startswith(prefix))
        letters = [
            f"{chr(ord('A') + place)}, {named[name].caption.partition(': Kaplan')[0]}"
            for place, name in enumerate(panels)
        ]
        yield Plate(
            f"km_{endpoint}",
            f"{endpoint}: Kaplan-Meier curves with pointwise 95% bands and numbers at risk. "
            f"{'; '.join(letters)}.",
            panels,
        )
        for kind in ("comparisons", "multivariable", "subgroups"):
            name = f"{kind}-{endpoint.lower()}"
            if name in named:
                yield Plate(f"{kind}_{endpoint}", named[name].caption, (name,))


def _add_plate(word: Document, number: int, plate: Plate, content: Manuscript) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Emu

    several = len(plate.names) > 1
    for place, name in enumerate(plate.names):
        paragraph = word.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if several else WD_ALIGN_PARAGRAPH.CENTER
        if several:
            # on a line of its own: beside a picture it would stand at its foot
            letter = paragraph.add_run(chr(ord("A") + place))
            letter.bold = True
            letter.add_break()
        run = paragraph.add_run()
        # at its own size where that fits: smaller, the letters of a panel could not be read
        shape = run.add_picture(io.BytesIO(content.files[name]["png"]))
        width = min(shape.width, Cm(PANEL_CM if several else WIDTH_CM))
        shape.height, shape.width = Emu(int(shape.height * width / shape.width)), Emu(width)
        described = shape._inline.docPr
        described.set("descr", content.pictures[name].caption)
        described.set("name", name)
    # the caption stays with what it is below
    paragraph.paragraph_format.keep_with_next = True
    caption = word.add_paragraph()
    caption.add_run(f"Figure {number}. ").bold = True
    caption.add_run(plate.caption)


def _points(table: Table) -> int:
    """Return the size of a table's letters."""
    return 7 if len(table.columns) > 8 else 8 if len(table.columns) > 5 else 9


def _widths(table: Table) -> list[float]:
    """Share the page's width by what the columns hold, in centimetres.

    No word is broken, and no short text, such as an estimate with its interval, but in the first
    column, which names the rows.
    """
    columns = list(zip(*(table.columns, *table.rows), strict=True))
    roots = [max(max(min(len(text), 60) for text in column), 4) ** 0.6 for column in columns]
    whole = [
        max(
            *(len(word) for text in column for word in text.split()),
            *(len(text) for text in column[1:] if place and len(text) <= 17),
            0,
        )
        for place, column in enumerate(columns)
    ]
    # a letter is about half as wide as it is high; and the cell's margins
    least = [0.4 + length * 0.52 * _points(table) * CM_A_POINT for length in whole]
    spare = WIDTH_CM - sum(least)
    if spare < 0:
        return [width * WIDTH_CM / sum(least) for width in least]
    return [width + spare * root / sum(roots) for width, root in zip(least, roots, strict=True)]


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
