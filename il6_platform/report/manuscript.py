"""The manuscript pack of a cut: Word document, Excel workbook, figures, checklists.

Made on demand from what is published alone, the same bytes each time. Belongs here: the documents.
Does not belong here: what stands in them (`tables`, `pictures`, `methods`, `checklists`).
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import matplotlib
import pandas as pd

from il6_platform.figures import style
from il6_platform.report import methods
from il6_platform.report.checklists import checklists
from il6_platform.report.page import answer, is_demo
from il6_platform.report.pictures import Picture, Report, pictures
from il6_platform.report.tables import Table, tables
from il6_platform.study import Study

if TYPE_CHECKING:
    from docx.document import Document

DPI = 300
STILL = datetime(2000, 1, 1)
"""The date that every document bears: a file made again is the same file."""

IN_PAPER = ("flow", "roc", "response", "waterfall", "evidence")
"""Figures of the Word document beside Kaplan-Meier curves and forest plots of each endpoint."""


@dataclass(frozen=True)
class Cut:
    """A published cut, read back: its report, where it is from, and whether it is synthetic."""

    name: str
    report: Report
    provenance: pd.DataFrame

    @classmethod
    def read(cls, folder: Path) -> Cut:
        """Read a cut's `report.duckdb`; the study is what its provenance says."""
        with duckdb.connect(folder / "report.duckdb", read_only=True) as connection:
            results, curves, flow, provenance = (
                connection.execute(f"from report.{table}").df()
                for table in ("results", "curves", "flow", "provenance")
            )
        chosen = provenance[provenance["kind"] == "choice"]
        choices = {row.name_: json.loads(row.value) for row in _named(chosen)}
        study = Study.model_validate(choices)
        return cls(folder.name, Report(results, curves, flow, study), provenance)

    @property
    def is_synthetic(self) -> bool:
        """Whether no patient of it is real."""
        return is_demo(self.provenance)


def write_manuscript(cut: Cut, folder: Path) -> list[Path]:
    """Write the pack into a folder and return its files: Word, Excel, checklists, figures."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = list(pictures(cut.report))
    written = [folder / "manuscript.docx", folder / "results.xlsx", folder / "checklists.csv"]
    written[0].write_bytes(word(cut, drawn))
    written[1].write_bytes(excel(cut))
    checklists(cut.report, cut.provenance).to_csv(written[2], index=False, lineterminator="\n")
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    for picture in drawn:
        figure = picture.draw()
        for ending, content in (
            ("svg", style.svg(figure).encode()),
            ("pdf", _pdf(figure)),
            ("png", style.png(figure, DPI)),
        ):
            written.append(figures / f"{picture.name}.{ending}")
            written[-1].write_bytes(content)
    return written


def word(cut: Cut, drawn: list[Picture]) -> bytes:
    """Return the Word document: methods, tables and figures in journal style, checklists."""
    import docx
    from docx.shared import Pt

    document = docx.Document()
    document.styles["Normal"].font.name = "Times New Roman"
    document.styles["Normal"].font.size = Pt(10.5)
    report = cut.report
    document.add_heading(report.study.title, 0)
    if cut.is_synthetic:
        document.add_paragraph().add_run(
            "Synthetic registry: no patient in this document is real."
        ).bold = True
    for sentence in answer(report.results, report.study):
        document.add_paragraph(sentence)
    document.add_heading("Methods", 1)
    for paragraph in methods.paragraphs(report, cut.provenance):
        document.add_paragraph(paragraph)
    document.add_heading("Tables", 1)
    for number, table in enumerate(tables(report), start=1):
        _add_table(document, table, f"Table {number}. {table.title}")
    document.add_heading("Figures", 1)
    chosen = [
        picture
        for picture in drawn
        if picture.name in IN_PAPER
        or picture.name.startswith(("km-", "comparisons-", "multivariable-", "subgroups-"))
    ]
    for number, picture in enumerate(chosen, start=1):
        _add_figure(document, picture, f"Figure {number}. {picture.caption}")
    document.add_heading("References", 1)
    for citation in methods.CITATIONS:
        document.add_paragraph(citation, style="List Number")
    document.add_heading("Checklists", 1)
    items = checklists(report, cut.provenance)
    for guideline, rows in items.groupby("guideline"):
        body = rows[["item", "asks", "where"]].to_numpy().tolist()
        heads = ["Item", "Asks", "Where it stands"]
        _add_table(document, Table(str(guideline), heads, body), f"{guideline} checklist")
    about = document.core_properties
    about.author, about.title = "il6_platform", report.study.title
    about.comments = f"Data cut {cut.name}"
    about.created = about.modified = STILL
    out = io.BytesIO()
    document.save(out)
    return _still(out.getvalue())


def excel(cut: Cut) -> bytes:
    """Return the workbook: a sheet an analysis, numbers as numbers, and the data dictionary."""
    from xlsxwriter import Workbook

    from il6_platform.analysis.results import RESULT_COLUMNS

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(out, options) as workbook:
        workbook.set_properties({"title": cut.report.study.title, "created": STILL})
        bold = workbook.add_format({"bold": True, "bottom": 1})
        results = cut.report.results
        about = [("Data cut", cut.name), ("Study", cut.report.study.title)]
        about += [("Registry", "synthetic: no patient is real")] if cut.is_synthetic else []
        about += list(cut.provenance[["name", "value"]].itertuples(index=False, name=None))
        _add_sheet(workbook, "about", ["name", "value"], about, bold)
        for analysis in dict.fromkeys(results["analysis"]):
            rows = results[results["analysis"] == analysis].dropna(axis="columns", how="all")
            _add_sheet(workbook, analysis, list(rows.columns), rows.to_numpy().tolist(), bold)
        for table in tables(cut.report):
            _add_sheet(workbook, f"T {table.title}", table.columns, table.rows, bold)
        dictionary = [(name, kind, words) for name, (kind, words) in RESULT_COLUMNS.items()]
        _add_sheet(workbook, "dictionary", ["column", "type", "meaning"], dictionary, bold)
    return _still(out.getvalue())


def _add_sheet(workbook: Any, name: str, heads: list[str], rows: list[Any], bold: Any) -> None:
    safe = "".join(" " if sign in "[]:*?/\\" else sign for sign in name)[:31]
    sheet = workbook.add_worksheet(safe)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, heads, bold)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NA:
                continue
            if isinstance(value, str):
                sheet.write_string(line, column, value)
            else:
                sheet.write_number(line, column, float(value))
    widest = [max([len(str(head)), *(len(str(r[i])) for r in rows[:200])]) for i, head in
              enumerate(heads)]  # fmt: skip
    for column, width in enumerate(widest):
        sheet.set_column(column, column, min(60, max(8, width + 1)))


def _add_table(document: Document, table: Table, title: str) -> None:
    from docx.shared import Pt

    document.add_paragraph().add_run(title).bold = True
    made = document.add_table(rows=1, cols=len(table.columns), style="Light List")
    for row in ([table.columns], table.rows):
        for cells in row:
            line = made.rows[0] if cells is table.columns else made.add_row()
            for cell, text in zip(line.cells, cells, strict=True):
                cell.text = str(text)
                for paragraph in cell.paragraphs:
                    for run in paragraph.runs:
                        run.font.size = Pt(8)
    if table.note:
        document.add_paragraph().add_run(table.note).italic = True


def _add_figure(document: Document, picture: Picture, caption: str) -> None:
    from docx.shared import Inches

    figure = picture.draw()
    width = min(6.2, figure.get_size_inches()[0])
    document.add_picture(io.BytesIO(style.png(figure, DPI)), width=Inches(width))
    document.add_paragraph().add_run(caption).italic = True


def _pdf(figure: Any) -> bytes:
    out = io.BytesIO()
    with matplotlib.rc_context({**style.SETTINGS, "pdf.fonttype": 42}):
        about = {"Creator": None, "Producer": None, "CreationDate": None}
        figure.savefig(out, format="pdf", metadata=about)
    return out.getvalue()


def _still(content: bytes) -> bytes:
    """Return a zip file with every date the same and the entries in their order."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            kept = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
            kept.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(kept, old.read(entry.filename))
    return out.getvalue()


def _named(frame: pd.DataFrame) -> Any:
    """Give rows whose column `name` does not hide behind a tuple's own."""
    return frame.rename(columns={"name": "name_"}).itertuples(index=False)
