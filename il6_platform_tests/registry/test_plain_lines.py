"""Lines that Arrow divides are divided as Python's csv module divides them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from il6_platform.registry import exports
from il6_platform.registry.exports import Export, ExportError, read_csv

QUOTED = ['"q"', '"1,5"', '"a""b"', '""', 'a"b', '"a"b', '"']
CELLS = st.sampled_from([*QUOTED, "", " ", "a", " ä b", "\t", "1,5", "NA", "null", "0x1", "\x1c"])
ENDS = st.sampled_from(["\n", "\n", "\r\n", "\r", "", "\n\n"])
TEXTS = st.lists(st.tuples(st.lists(CELLS, min_size=0, max_size=3).map(",".join), ENDS), max_size=5)


@given(st.sampled_from(["a\n", "a,b\n", "\ufeffA, b\r\n", "a,a\n"]), TEXTS)
@example("a,b\n", [("1", ","), ("2", "\n")])
def test_arrow_and_csv_divide_alike(head: str, lines: list[tuple[str, str]]) -> None:
    content = (head + "".join(text + end for text, end in lines)).encode()
    with pytest.MonkeyPatch.context() as patched:
        fast = said(content)
        patched.setattr(exports, "_plain_columns", lambda _: None)
        assert fast == said(content)


def said(content: bytes) -> object:
    """Return what an export holds, or why it cannot be read."""
    try:
        found: Export = read_csv(content)
    except ExportError as error:
        return str(error)
    columns = [column.to_pylist() for column in found.columns]
    return (
        found.header,
        list(found.lines),
        columns,
        found.problems,
        found.surplus,
        found.passed_over,
    )


def test_which_lines_are_divided_by_arrow() -> None:
    assert exports._plain_columns(b'a,b\n1,"2,5"\n') is not None
    assert exports._plain_columns(b'a,b\n1,"2"5\n') is None
