"""What an export is once it is opened: a header and columns of text, nothing lost, nothing read.

Belongs here: lines of cells -> columns with their line numbers, and the native CSV's own reading.
Does not belong here: archives, workbooks, encodings (`formats`), or what a value means.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from il6_platform.errors import DataQualityError
from il6_platform.registry.pseudonyms import UNSEEN

MAX_CELL = 100_000
"""Characters that one cell may hold; a larger one is a broken quote or an attack, not a value."""

BEYOND = "(beyond the header)"
"""Under which name a row gives what it holds beyond the header's columns."""


class ExportError(DataQualityError):
    """A file that cannot be read as an export; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One line as received: its number in the file, filled cells by column, what is odd of it."""

    line: int
    cells: dict[str, str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """One export, all text: lines that hold nothing are left out, every other one is here.

    Attributes
    ----------
    header
        Names of the columns.
    lines
        Where each row begins in the file, counted from 1.
    columns
        One a name of the header: trimmed text, null where the cell is empty or missing.
    problems
        Row -> what is odd of its line.
    surplus
        Row -> what it holds beyond the header's columns.
    passed_over
        Line -> why it is no row: a title, a comment, a total. None: of a column, or all of it.
    unread
        Texts of what is passed over: they enter nothing, but `il6 forget` looks for a number there.
    """

    header: list[str]
    lines: Sequence[int] = ()
    columns: list[pa.Array] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    surplus: dict[int, str] = field(default_factory=dict)
    passed_over: Mapping[int | None, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()

    @property
    def rows(self) -> Iterator[ExportRow]:
        """Give the rows one by one."""
        listed = [column.to_pylist() for column in self.columns]
        for row, line in enumerate(self.lines):
            cells = {
                name: column[row]
                for name, column in zip(self.header, listed, strict=True)
                if column[row] is not None
            }
            if row in self.surplus:
                cells[BEYOND] = self.surplus[row]
            yield ExportRow(line, cells, self.problems.get(row))

    def without(self, rows: Mapping[int, str]) -> Export:
        """Return the export with some rows passed over: row -> why."""
        if not rows:
            return self
        kept = [row for row in range(len(self.lines)) if row not in rows]
        new = {row: place for place, row in enumerate(kept)}
        return replace(
            self,
            lines=[self.lines[row] for row in kept],
            columns=[column.take(pa.array(kept, pa.int64())) for column in self.columns],
            problems={new[row]: words for row, words in self.problems.items() if row in new},
            surplus={new[row]: words for row, words in self.surplus.items() if row in new},
            passed_over={**self.passed_over, **{self.lines[row]: rows[row] for row in rows}},
        )


def column_name(cell: str) -> str:
    """Return the name that a cell of the header shows: without signs that nobody sees.

    >>> column_name("\\ufeffpatient_id ")
    'patient_id'
    """
    return " ".join(cell.translate(UNSEEN).split())


def csv_lines(text: str, delimiter: str) -> tuple[Sequence[int], list[list[str]]]:
    """Divide text into lines of cells, each with the number of the line on which it begins.

    Raises
    ------
    ExportError
        For an unclosed quote, or an outsized cell.
    """
    previous = csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        if '"' not in text:
            # without quotes a row is a line
            cells = list(reader)
            return range(1, len(cells) + 1), cells
        lines, cells, line = [], [], 1
        for row in reader:
            lines.append(line)
            cells.append(row)
            line = reader.line_num + 1
        if reader.line_num > len(cells):
            _check_quotes(lines, cells, delimiter)
        return lines, cells
    except csv.Error as error:
        raise ExportError(
            f"line {reader.line_num}: {error}; look for an unclosed quote there, or the file is "
            "truncated; export it again"
        ) from None
    finally:
        csv.field_size_limit(previous)


def _check_quotes(lines: Sequence[int], cells: list[list[str]], delimiter: str) -> None:
    """Refuse lines that stand in one cell of another line, whose quote was closed far behind.

    Such a cell ends its own line, and holds whole lines and the beginning of the last one.
    """
    width = Counter(map(len, cells)).most_common(1)[0][0] if cells else 0
    for line, row in zip(lines, cells, strict=True):
        for place, cell in enumerate(row):
            if "\n" not in cell and "\r" not in cell:
                continue
            parts = re.split(r"\r\n|\r|\n", cell)
            first, *whole, last = (part.count(delimiter) for part in parts)
            # the columns behind the cell that its last part ends in
            behind = width + place - len(row)
            if (
                width > 1
                and first == width - 1 - place
                and last == behind
                and all(one == width - 1 for one in whole)
                and first + last > 0
            ):
                raise ExportError(
                    f"line {line}: a quotation mark in cell {place + 1} is not closed on its line, "
                    f"so that the {len(whole) + 1} lines after it stand in that cell; close it or "
                    "take it out, and export again"
                )


def tabulated(
    header: list[str], lines: Sequence[int], cells: list[list[str]], *, whole: bool = True
) -> Export:
    """Turn lines of cells into columns; an odd line is kept, and said to be one.

    Parameters
    ----------
    header
        Names of the columns.
    lines, cells
        The lines behind the header.
    whole
        Whether a line must have as many cells as the header; a workbook's need not.
    """
    width = len(header)
    problems: dict[int, str] = {}
    surplus: dict[int, str] = {}
    for row, line in enumerate(cells):
        if len(line) == width:
            continue
        beyond = line[width:]
        if any(cell.strip() for cell in beyond):
            # a comma too many shifts the cells: keep what came, where a reader will see it
            surplus[row] = ",".join(beyond)
        if row in surplus or (whole and len(line) < width):
            problems[row] = f"has {len(line)} cells where the header has {width}"
        cells[row] = line[:width] + [""] * (width - len(line))
    columns = [_trimmed(column) for column in zip(*cells, strict=True)] or [
        pa.array([], pa.string()) for _ in header
    ]
    return _whole(Export(header, lines, columns, problems, surplus))


def _whole(export: Export) -> Export:
    """Return an export without the lines that hold nothing."""
    if not export.columns:
        return export
    empty = export.columns[0].is_null()
    for column in export.columns[1:]:
        empty = pc.and_(empty, column.is_null())
    blank = {row: "" for row in pc.indices_nonzero(empty).to_pylist() if row not in export.surplus}
    return replace(export.without(blank), passed_over={})


def read_csv(content: bytes) -> Export:
    """Read a native CSV: UTF-8, comma, header row; empty cells are missing.

    A row with too many or too few cells is kept with what it has and a sentence in `problems`.

    Raises
    ------
    ExportError
        For an empty file, another encoding, a header with an empty or repeated name, an unclosed
        quote, an outsized cell, or a last line that is cut short.
    """
    if not content.strip():
        raise ExportError("the file is empty; export it again")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExportError(
            f"byte {error.start} is not UTF-8; save the export as CSV UTF-8"
        ) from None
    if not text.strip():
        raise ExportError("the file is empty; export it again")
    if "\0" in text:
        raise ExportError("holds NUL bytes, so it is not text; export it as CSV UTF-8")
    if (columns := _plain_columns(content.removeprefix(codecs.BOM_UTF8))) is not None:
        header = [column_name(cell).lower() for cell in text[: text.index("\n")].split(",")]
        _check_header(header)
        return _whole(Export(header, range(2, len(columns[0]) + 2), columns))
    lines, cells = csv_lines(text, ",")
    header = [column_name(cell).lower() for cell in cells[0]]
    _check_header(header)
    check_end(text, lines, cells, len(header))
    return tabulated(header, lines[1:], cells[1:])


_CELL = rb'(?:[^",\r]*|"(?:[^"\r]|"")*")'
_WELL_QUOTED = re.compile(_CELL + rb"(?:," + _CELL + rb")*\r?")
"""A line whose quotes are around whole cells, doubled within them."""


def _quoted_lines(content: bytes) -> Iterator[bytes]:
    """Give the lines that hold a quote, of content whose last line has its end."""
    found = content.find(b'"')
    while found >= 0:
        end = content.index(b"\n", found)
        yield content[content.rfind(b"\n", 0, found) + 1 : end]
        found = content.find(b'"', end)


def _plain_columns(content: bytes) -> list[pa.Array] | None:
    """Return the columns of UTF-8 text that is nothing but lines of as many cells as the first.

    None where a line has to be looked at: a quote that is not a cell's, another number of cells, an
    outsized cell, a last line without its end. Arrow divides the others four times as fast.
    """
    if not content.endswith(b"\n") or content.count(b"\r") != content.count(b"\r\n"):
        return None
    if not all(_WELL_QUOTED.fullmatch(line) for line in _quoted_lines(content)):
        return None
    head = content[: content.index(b"\n")]
    if b'"' in head:
        return None
    names = [str(place) for place in range(head.count(b",") + 1)]
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(content),
            arrow_csv.ReadOptions(use_threads=False, skip_rows=1, column_names=names),
            arrow_csv.ParseOptions(ignore_empty_lines=False),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        ).combine_chunks()
    except pa.ArrowInvalid:
        return None
    cells = [column.combine_chunks() for column in table.columns]
    # a character has a byte at least, and bytes are counted at once
    long = [
        column for column in cells if (pc.max(pc.binary_length(column)).as_py() or 0) > MAX_CELL
    ]
    if any(pc.max(pc.utf8_length(column)).as_py() > MAX_CELL for column in long):
        return None
    return [_trimmed(column) for column in cells]


def _check_header(header: list[str]) -> None:
    """Refuse a header without names, with an empty one, or with one that stands twice."""
    if not any(header):
        raise ExportError("line 1 is no header row; the first line must hold the column names")
    if "" in header:
        position = header.index("") + 1
        raise ExportError(f"column {position} has no name in the header; name it or remove it")
    if len(set(header)) == len(header):
        return
    seen: dict[str, int] = {}
    for name in header:
        seen[name] = seen.get(name, 0) + 1
    twice = [str(place) for place, name in enumerate(header, 1) if seen[name] > 1]
    # named by place: where the header is missing, this is a patient's line
    raise ExportError(
        f"columns {', '.join(twice[:10])} of the header share a name; keep one of each"
    )


def check_end(text: str, lines: Sequence[int], cells: list[list[str]], width: int) -> None:
    """Refuse a file whose last line breaks off.

    It has no line ending, and too few cells or a last one that is shorter than its column ever is.

    Parameters
    ----------
    lines, cells
        The header and what follows it.
    """
    if len(cells) < 2 or text.endswith(("\n", "\r")) or not cells[-1]:
        return
    last = cells[-1]
    if len(last) < width:
        raise ExportError(
            f"line {lines[-1]} breaks off, so the file is truncated (cut short); export it again, "
            "whole"
        )
    place = len(last) - 1
    others = [len(line[place].strip()) for line in cells[1:-1] if len(line) > place]
    if others and len(last[place].strip()) < min(others):
        raise ExportError(
            f"line {lines[-1]} has no line end, and its last cell is shorter than any other of "
            f"column {place + 1}, so the file is taken to be truncated (cut short); export it "
            "again, whole, or end the last line with a line break if it is whole"
        )


def _trimmed(cells: Sequence[str] | pa.Array) -> pa.Array:
    """Return a column as text without the space around it, null where there is nothing.

    `="0012"` is how text is written for Excel: 0012.
    """
    text = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    if pc.any(pc.starts_with(text, '="')).as_py():
        text = pc.replace_substring_regex(text, pattern=r'^="([^"]*)"$', replacement=r"\1")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
