"""A table in every format that is read: rows of text (the first is the header) -> bytes."""

from __future__ import annotations

import bz2
import csv
import gzip
import html
import io
import json
import lzma
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pandas as pd
import pyarrow as pa

from il6_platform_tests.registry.biff import xls

Rows = list[list[str]]


def text(rows: Rows, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode(encoding)


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def seven(files: dict[str, bytes], password: str | None = None) -> bytes:
    import py7zr

    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return out.getvalue()


def xlsx(rows: Rows) -> bytes:
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out) as book:
        sheet = book.add_worksheet("labs")
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(place, column, cell)
    return out.getvalue()


def ods(rows: Rows, name: str = "labs", spans: Sequence[tuple[int, int, int]] = ()) -> bytes:
    """Write a sheet; a span is a cell that is merged downwards: first row, column, last row."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import CoveredTableCell, Table, TableCell, TableRow
    from odf.text import P

    heights = {(first, column): last - first + 1 for first, column, last in spans}
    covered = {(row, column) for first, column, last in spans for row in range(first + 1, last + 1)}
    book = OpenDocumentSpreadsheet()
    table = Table(name=name)
    for place, row in enumerate(rows):
        line = TableRow()
        for column, cell in enumerate(row):
            kind = CoveredTableCell if (place, column) in covered else TableCell
            more: dict[str, object] = {"valuetype": "string"} if cell else {}
            if (place, column) in heights:
                more |= {"numberrowsspanned": heights[place, column], "numbercolumnsspanned": 1}
            one = kind(**more)
            if cell:
                one.addElement(P(text=cell))
            line.addElement(one)
        table.addElement(line)
    book.spreadsheet.addElement(table)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def frame(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(rows[1:], columns=rows[0], dtype=object)


def statistical(rows: Rows | pd.DataFrame, kind: str, **options: object) -> bytes:
    import pyreadstat

    data = rows if isinstance(rows, pd.DataFrame) else frame(rows)
    write = {"xpt5": "xport", "xpt8": "xport", "zsav": "sav"}.get(kind, kind)
    extra: dict[str, object] = {"file_format_version": int(kind[-1])} if write == "xport" else {}
    extra |= {"compress": True} if kind == "zsav" else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"x.{kind}")
        getattr(pyreadstat, f"write_{write}")(data, str(path), **extra, **options)
        return path.read_bytes()


def columnar(rows: Rows, kind: str) -> bytes:
    from pyarrow import feather, ipc, parquet

    table = pa.table(dict(zip(rows[0], map(list, zip(*rows[1:], strict=True)), strict=True)))
    out = io.BytesIO()
    if kind == "parquet":
        parquet.write_table(table, out)
    elif kind == "feather":
        feather.write_feather(table, out)
    else:
        make = ipc.new_stream if kind == "stream" else ipc.new_file
        with make(out, table.schema) as writer:
            writer.write_table(table)
    return out.getvalue()


def records(rows: Rows) -> list[dict[str, str]]:
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def ndjson(rows: Rows) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records(rows)).encode()


def page(rows: Rows) -> bytes:
    lines = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    head = "<html><head><meta charset=utf-8></head><body><p>Labs</p>"
    return f"{head}<table>\n{body}</table></body></html>".encode()


def spreadsheet(rows: Rows) -> bytes:
    lines = [
        "".join(f'<Cell><Data ss:Type="String">{escape(c)}</Data></Cell>' for c in row)
        for row in rows
    ]
    body = "".join(f"<Row>{line}</Row>" for line in lines)
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="labs"><Table>{body}</Table></Worksheet></Workbook>'
    ).encode()


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "labs.csv": text,
    "labs.tsv": lambda rows: text(rows, "\t"),
    "labs.txt": lambda rows: text(rows, ";", "utf-8-sig"),
    "labs utf16.csv": lambda rows: text(rows, "|", "utf-16"),
    "labs.csv.gz": lambda rows: gzip.compress(text(rows)),
    "labs.csv.bz2": lambda rows: bz2.compress(text(rows)),
    "labs.csv.xz": lambda rows: lzma.compress(text(rows)),
    "x.zip": lambda rows: zipped({"labs.csv": text(rows), "x/": b""}),
    "x.tar": lambda rows: tarred({"a/labs.csv": text(rows)}),
    "x.tar.gz": lambda rows: tarred({"a/labs.csv": text(rows)}, "w:gz"),
    "x.7z": lambda rows: seven({"labs.csv": text(rows)}),
    "labs.xlsx": xlsx,
    "labs.xls": lambda rows: xls({"labs": rows}),
    "labs.ods": ods,
    "labs.v8.xpt": lambda rows: statistical(rows, "xpt8"),
    "labs.sav": lambda rows: statistical(rows, "sav"),
    "labs.zsav": lambda rows: statistical(rows, "zsav"),
    "labs.dta": lambda rows: statistical(rows, "dta"),
    "labs.parquet": lambda rows: columnar(rows, "parquet"),
    "labs.feather": lambda rows: columnar(rows, "feather"),
    "labs.arrow": lambda rows: columnar(rows, "file"),
    "labs.arrows": lambda rows: columnar(rows, "stream"),
    "labs.json": lambda rows: json.dumps(records(rows)).encode(),
    "labs utf16.json": lambda rows: json.dumps(records(rows), ensure_ascii=False).encode("utf-16"),
    "lists.json": lambda rows: json.dumps({"labs": rows}).encode(),
    "columns.json": lambda rows: frame(rows).to_json().encode(),
    "index.json": lambda rows: frame(rows).to_json(orient="index").encode(),
    "column lists.json": lambda rows: json.dumps(frame(rows).to_dict("list")).encode(),
    "within.json": lambda rows: json.dumps({"data": {"labs": records(rows)}, "n": 1}).encode(),
    "split.json": lambda rows: json.dumps({"columns": rows[0], "data": rows[1:]}).encode(),
    "labs.ndjson": ndjson,
    "labs.html": page,
    "labs html.xls": page,
    "labs xml.xls": spreadsheet,
}
"""File -> how a table is written so; sas7bdat is written by no library."""
