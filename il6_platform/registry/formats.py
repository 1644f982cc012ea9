"""Opening a file as it comes: archives, workbooks, text in any encoding and delimiter -> sheets.

Belongs here: bytes to rows of text, with nothing interpreted but what a workbook itself types
(a date is written as one). Does not belong here: what a column or value means (`profiles`).
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

from il6_platform.registry.exports import (
    MAX_CELL,
    Export,
    ExportError,
    check_end,
    csv_lines,
    tabulated,
)

MAX_BYTES = 500_000_000
"""Bytes that an archive or workbook may unfold to; more is an accident or an attack."""

MAX_CELLS = 50_000_000
"""Cells that a sheet may span."""

MAX_MEMBERS = 200
MOST_TITLES = 20
"""Lines among which a header is looked for below a title."""

DELIMITERS = ",;\t|"
ENCODINGS = ("gb18030", "cp1252")
"""Encodings that are thought of where a file is neither UTF-8 nor UTF-16."""

_BROKEN_ARCHIVE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, MemoryError),
)
"""What Python's zipfile raises of damaged archives."""

_ZIP, _GZIP, _XLS = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a file: the sheet's or member's name (empty for a plain text file), and rows."""

    name: str
    export: Export


def open_sheets(file: str, content: bytes) -> list[Sheet]:
    """Open a file: CSV or TSV, XLSX or XLS, zip or gzip of these.

    Raises
    ------
    ExportError
        Where it is empty, cannot be read, or unfolds to more than it may; the message says why.
    """
    if not content.strip():
        raise ExportError("the file is empty; export it again")
    if content.startswith(_GZIP):
        return open_sheets(PurePosixPath(file).stem, _unzipped(content))
    if content.startswith(_ZIP) and not _is_workbook(content):
        members = (sheet for name, member in _members(content) for sheet in _member(name, member))
        sheets = list(members)
        names = told_apart([sheet.name for sheet in sheets])
        return [Sheet(name, one.export) for name, one in zip(names, sheets, strict=True)]
    if content.startswith((_ZIP, _XLS)):
        return list(_workbook(content))
    return [Sheet("", read_text(content))]


def read_text(content: bytes) -> Export:
    """Read delimited text of any usual encoding, delimiter and line ending."""
    text = decoded(content)
    lines, cells = csv_lines(text, _delimiter(text))
    export = _export(lines, cells, whole=True)
    check_end(text, lines, cells, len(export.header))
    return export


def decoded(content: bytes) -> str:
    """Return a text file's text: UTF-8 or UTF-16 by their marks, else the likeliest encoding."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    elif content[:400].count(0) > len(content[:400]) // 4:
        little = content[1:400:2].count(0) > content[0:400:2].count(0)
        encodings = ("utf-16-le",) if little else ("utf-16-be",)
    else:
        encodings = ("utf-8-sig",)
    for encoding in encodings:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        from charset_normalizer import from_bytes

        best = from_bytes(content, cp_isolation=list(ENCODINGS)).best()
        if best is None:
            raise ExportError(
                "is in no encoding that is known (UTF-8, UTF-16, GB18030, Windows-1252); save the "
                "export as CSV UTF-8"
            )
        text = str(best)
    if "\0" in text:
        raise ExportError("holds NUL bytes, so it is not text; export it as CSV UTF-8")
    return text


def _delimiter(text: str) -> str:
    """Return the delimiter that divides the first lines into the most, and equally many, cells."""
    sample = "\n".join(text.splitlines()[:50])

    def score(delimiter: str) -> tuple[int, int]:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row]
        except csv.Error:
            return (0, 0)
        width = len(rows[_header_of(rows) or 0]) if rows else 0
        return (width if width > 1 else 0, sum(len(row) == width for row in rows))

    return max(DELIMITERS, key=score)


def _export(lines: Sequence[int], cells: list[list[str]], *, whole: bool = False) -> Export:
    """Take a line as the header, and what follows as the rows."""
    first = _header_of(cells)
    if first is None:
        raise ExportError("holds no line; export it again")
    header = [" ".join(name.split()) for name in cells[first]]
    while not header[-1]:
        header.pop()
    export = tabulated(told_apart(header), lines[first + 1 :], cells[first + 1 :], whole=whole)
    return replace(export, titles=[lines[row] for row in range(first) if _filled(cells[row])])


def _header_of(cells: Sequence[list[str]]) -> int | None:
    """Return which line is the header, if one is filled.

    It is the first filled one, but for a title above it: lines of one or two cells (the day of the
    export) over a table that is wider.
    """
    filled = {row: n for row, line in enumerate(cells[:MOST_TITLES]) if (n := _filled(line))}
    if not filled:
        return next((row for row, line in enumerate(cells) if _filled(line)), None)
    widest = max(filled.values())
    return next(row for row, n in filled.items() if n > 2 or n * 2 >= widest or widest < 3)


def _filled(line: Sequence[str]) -> int:
    return sum(1 for cell in line if cell.strip())


def told_apart(header: list[str]) -> list[str]:
    """Give a column without a name its place, and one whose name is taken already a number."""
    seen: Counter[str] = Counter()
    names = []
    for place, name in enumerate(header, 1):
        named = name or f"(column {place})"
        seen[named.lower()] += 1
        names.append(named if seen[named.lower()] == 1 else f"{named} ({seen[named.lower()]})")
    return names


def _workbook(content: bytes) -> Iterator[Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook

    if content.startswith(_ZIP):
        # a workbook is a zip file as well: it unfolds within the limits
        for name, member in _members(content):
            _check_extent(name, member)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=False)
            cells = [[_text(cell) for cell in row] for row in rows]
            if any(cell.strip() for row in cells for cell in row):
                yield Sheet(name, _export(range(1, len(cells) + 1), cells))
    except CalamineError as error:
        raise ExportError(f"is no workbook that can be read ({error}); export it again") from None
    except BaseException as error:
        # the reader gives up on some damaged files in a way that is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise ExportError("is a workbook that is damaged; export it again") from None


def _check_extent(name: str, member: bytes) -> None:
    """Refuse a sheet with a lone cell far out: all cells before it would be made."""
    if "worksheets/" not in name:
        return
    rows = max(
        map(int, re.findall(rb"""<(?:row|c)[^>]*\sr=["'][A-Z]*(\d{1,9})["']""", member)), default=0
    )
    columns = set(re.findall(rb"""<c[^>]*\sr=["']([A-Z]{1,3})""", member))
    width = max((_place(letters) for letters in columns), default=0)
    if rows * width > MAX_CELLS:
        raise ExportError(
            f"has a sheet of {rows} rows and {width} columns; remove what stands far out and "
            "export it again"
        )


def _place(letters: bytes) -> int:
    """Return the place of a column that Excel names by letters."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place


def _text(cell: Any) -> str:
    """Write a workbook's cell as text: dates as ISO, whole numbers without a point."""
    if isinstance(cell, datetime):
        midnight = (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    text = str(cell)
    if len(text) > MAX_CELL:
        raise ExportError(f"holds a cell of more than {MAX_CELL} characters; export it again")
    return text


def _is_workbook(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except _BROKEN_ARCHIVE:
        raise ExportError("is a zip file that is cut short; export it again") from None


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give an archive's files, as long as they keep within the limits."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(files) > MAX_MEMBERS:
                raise ExportError(f"holds {len(files)} files; {MAX_MEMBERS} are taken at most")
            left = MAX_BYTES
            for entry in files:
                with archive.open(entry) as stream:
                    # what the archive says of its sizes is not believed
                    member = stream.read(left + 1)
                left -= len(member)
                if left < 0:
                    raise ExportError(
                        f"unfolds to more than {MAX_BYTES // 1_000_000} MB; deliver it in parts"
                    )
                yield entry.filename, member
    except ExportError:
        raise
    except _BROKEN_ARCHIVE:
        raise ExportError(
            "is a zip file that cannot be read (cut short or with a password); export it again"
        ) from None


def _member(name: str, content: bytes) -> list[Sheet]:
    base = PurePosixPath(name.replace("\\", "/")).name
    if base.startswith((".", "__MACOSX")) or not content.strip():
        return []
    if content.startswith(_GZIP) or (content.startswith(_ZIP) and not _is_workbook(content)):
        raise ExportError("holds an archive within the archive; deliver the files themselves")
    return [
        Sheet(f"{base} {sheet.name}".strip(), sheet.export) for sheet in open_sheets(base, content)
    ]


def _unzipped(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            whole = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise ExportError("is a gzip file that is cut short; export it again") from None
    if len(whole) > MAX_BYTES:
        raise ExportError(f"unfolds to more than {MAX_BYTES // 1_000_000} MB; deliver it in parts")
    return whole
