"""What names the rows of a table: a hash of all that they say."""

from __future__ import annotations

import hashlib

import pyarrow as pa


def digest_of_rows(rows: pa.Table) -> str:
    """Return a hash of rows in their order, with the names and types of their columns."""
    sink = _Digest()
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        # the bytes in the place of a missing value may be any, and so may those of eight truths
        for part in (column.is_valid(), column.drop_null()):
            said = part.cast(pa.int8()) if pa.types.is_boolean(part.type) else part
            table = pa.table({name: said}).combine_chunks()
            with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as stream:
                stream.write_table(table)
    return sink.digest.hexdigest()


class _Digest:
    """A file that keeps nothing but the hash of what is written into it."""

    closed = False

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is held open."""
