"""Reading one export file: bytes to text rows, with nothing lost and nothing interpreted."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

MAX_CELL = 100_000
"""Characters that one cell may hold; a larger one is a broken quote or an attack, not a value."""


class ExportError(ValueError):
    """A file that cannot be read as an export; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One line as received: its number in the file, filled cells by column, what is odd of it."""

    line: int
    cells: dict[str, str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its header and its rows, all text."""

    header: list[str]
    rows: list[ExportRow] = field(default_factory=list)


def read_csv(content: bytes) -> Export:
    """Read a native CSV: UTF-8, comma, header row; empty cells are missing and are left out.

    A row with too many or too few cells is kept with what it has and a sentence in `problem`.

    Raises
    ------
    ExportError
        For an empty file, another encoding, a header with an empty or repeated name, an unclosed
        quote or an outsized cell.
    """
    if not content.strip():
        raise ExportError("the file is empty; export it again")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExportError(
            f"byte {error.start} is not UTF-8; save the export as CSV UTF-8"
        ) from None
    if "\0" in text:
        raise ExportError("holds NUL bytes, so it is not text; export it as CSV UTF-8")
    previous_limit = csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader)]
        _check_header(header)
        rows = []
        while True:
            line = reader.line_num + 1
            values = next(reader, None)
            if values is None:
                break
            if any(value.strip() for value in values):
                rows.append(_row(line, header, values))
    except csv.Error as error:
        raise ExportError(
            f"line {reader.line_num}: {error}; look for an unclosed quote there and export again"
        ) from None
    finally:
        csv.field_size_limit(previous_limit)
    return Export(header, rows)


def _row(line: int, header: list[str], values: list[str]) -> ExportRow:
    cells = {
        name: value.strip() for name, value in zip(header, values, strict=False) if value.strip()
    }
    surplus = [value for value in values[len(header) :] if value.strip()]
    if len(values) >= len(header) and not surplus:
        return ExportRow(line, cells)
    if surplus:
        # a comma too many shifts the cells: keep what came, where a reader will see it
        cells["(beyond the header)"] = ",".join(values[len(header) :])
    return ExportRow(line, cells, f"has {len(values)} cells where the header has {len(header)}")


def _check_header(header: list[str]) -> None:
    if not any(header):
        raise ExportError("line 1 is no header row; the first line must hold the column names")
    if "" in header:
        position = header.index("") + 1
        raise ExportError(f"column {position} has no name in the header; name it or remove it")
    twice = [str(place) for place, name in enumerate(header, 1) if header.count(name) > 1]
    if twice:
        # named by place: where the header is missing, this is a patient's line
        raise ExportError(
            f"columns {', '.join(twice)} of the header share a name; keep one of each"
        )
