"""Where a table begins in a file: the line of its header, the sign of its comments.

Belongs here: what a profile says of it. Does not belong here: finding it where nothing is said
(`formats`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace

from il6_platform.registry.exports import Export, tabulated
from il6_platform.registry.formats.sheets import ABOVE, COMMENT, told_apart


def laid_out(export: Export, header: int | None, comment: str | None) -> Export:
    """Return a table whose header is the line that a profile names, without its comments.

    Parameters
    ----------
    header
        Number of the header's line, counted from 1; None: as it was found.
    comment
        What a line begins with that is none of the table.
    """
    rows = dict(zip(export.lines, _cells(export), strict=True))
    beside = dict(export.passed_over)
    if comment is not None:
        noted = [line for line, cells in rows.items() if cells[0].startswith(comment)]
        beside |= dict.fromkeys(noted, COMMENT)
        rows = {line: cells for line, cells in rows.items() if line not in noted}
        if header is None and export.header[0].startswith(comment):
            header = next(iter(rows), None)
    if header not in rows:
        # the header that was found is the one that is meant, or the file is another registry's
        names, body = list(export.header), rows
    else:
        names = rows[header]
        while names and not names[-1]:
            names.pop()
        beside |= {line: ABOVE for line in rows if line < header}
        body = {line: cells for line, cells in rows.items() if line > header}
    made = tabulated(told_apart(names), list(body), list(body.values()))
    return replace(made, passed_over=beside)


def _cells(export: Export) -> Iterable[list[str]]:
    listed = [column.to_pylist() for column in export.columns]
    for row in range(len(export.lines)):
        cells = [column[row] or "" for column in listed]
        if row in export.surplus:
            cells += next(csv.reader([export.surplus[row]]))
        yield cells
