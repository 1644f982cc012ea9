"""Rows are named by what they say: by every value, and by nothing else in memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from il6_platform.warehouse.digests import digest_of_rows


def of(values: list[int], missing: int, other: int) -> pa.Table:
    """Return a column of which one value is missing, with another number in its place."""
    raw = np.array(values, dtype=np.int64)
    raw[missing] = other
    valid = np.packbits(np.arange(len(raw)) != missing, bitorder="little").tobytes()
    buffers = [pa.py_buffer(valid), pa.py_buffer(raw.tobytes())]
    return pa.table({"n": pa.Array.from_buffers(pa.int64(), len(raw), buffers)})


def test_what_lies_in_the_place_of_a_missing_value_says_nothing() -> None:
    one, other = of([1, 2, 3], 1, 7), of([1, 2, 3], 1, 8)
    assert one.equals(other)
    assert digest_of_rows(one) == digest_of_rows(other)


def test_chunks_say_nothing() -> None:
    rows = pa.table({"n": [1, None, 3], "t": ["a", "", None], "b": [True, False, None]})
    parts = pa.concat_tables([rows.slice(0, 1), rows.slice(1)])
    assert digest_of_rows(parts) == digest_of_rows(rows)


@pytest.mark.parametrize(
    "changed",
    [
        {"n": [1, 3, None], "t": ["a", "", None]},
        {"n": [1, None, 4], "t": ["a", "", None]},
        {"n": [1, None, 3], "t": ["a", None, ""]},
        {"n": [1, None, 3], "t": ["a", "", "b"]},
        {"n": [1.0, None, 3.0], "t": ["a", "", None]},
        {"m": [1, None, 3], "t": ["a", "", None]},
        {"t": ["a", "", None], "n": [1, None, 3]},
        {"n": [1, None], "t": ["a", ""]},
    ],
)
def test_every_value_and_name_is_said(changed: dict[str, list[object]]) -> None:
    rows = pa.table({"n": [1, None, 3], "t": ["a", "", None]})
    assert digest_of_rows(pa.table(changed)) != digest_of_rows(rows)
