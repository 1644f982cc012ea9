"""Columnar files: Parquet, and Arrow's own (Feather, IPC file and stream); by pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa

from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats.sheets import MAX_CELLS, Sheet, sheet_of_columns, text_of

_PARQUET, _PARQUET_LOCKED, _ARROW, _FEATHER = b"PAR1", b"PARE", b"ARROW1", b"FEA1"
_STREAM = b"\xff\xff\xff\xff"


def opens(file: str, content: bytes) -> bool:
    """Say whether a file is Parquet, Arrow or Feather."""
    return content.startswith((_PARQUET, _ARROW, _FEATHER, _STREAM)) or content.endswith(
        _PARQUET_LOCKED
    )


def sheets(file: str, content: bytes) -> Iterator[Sheet]:
    """Give the one table of a file.

    Raises
    ------
    ExportError
        Where it is encrypted, damaged, cut short or too large.
    """
    if content.endswith(_PARQUET_LOCKED):
        raise ExportError("is a Parquet file with a key (encrypted); deliver it without one")
    try:
        table = _read(content)
        # offsets of a damaged file point out of its memory
        table.validate(full=True)
        columns = [_texts(table.column(place)) for place in range(table.num_columns)]
    except (pa.ArrowException, OSError, ValueError, MemoryError):
        kind = "Parquet" if content.startswith(_PARQUET) else "Arrow"
        raise ExportError(
            f"is a {kind} file that is damaged or truncated (cut short); export it again"
        ) from None
    yield Sheet("", sheet_of_columns(table.column_names, columns))


def _read(content: bytes) -> pa.Table:
    from pyarrow import feather, ipc, parquet

    source = pa.BufferReader(content)
    if content.startswith(_PARQUET):
        file = parquet.ParquetFile(source)
        _check(file.metadata.num_rows, len(file.schema_arrow.names))
        return file.read()
    if content.startswith(_FEATHER):
        return feather.read_table(source)
    reader = ipc.open_stream(source) if content.startswith(_STREAM) else ipc.open_file(source)
    table = reader.read_all()
    _check(table.num_rows, table.num_columns)
    return table


def _check(rows: int, columns: int) -> None:
    if rows * columns > MAX_CELLS:
        raise ExportError(f"holds {rows} rows of {columns} columns; deliver it in parts")


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Write a column as text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        # as short as it was given: 3.1, not 3.0999999046325684
        shorts = column.to_numpy()
        return ["" if value != value else text_of(float(str(value))) for value in shorts]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        column = column.cast(pa.string())
    return [_text(value) for value in column.to_pylist()]


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return str(int(value)) if whole else str(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return text_of(value)
