"""Rows of one native table that a file holds, and the native CSV that is made of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from il6_platform.registry.exports import BEYOND
from il6_platform.registry.native import TABLES


@dataclass(frozen=True, slots=True)
class NativePart:
    """Rows of one native table that a file holds: (line in the sheet, cells).

    `columns` are the table's columns that the sheet has, filled or not.
    """

    table: str
    place: str
    rows: list[tuple[int, dict[str, str]]]
    sheet: str = ""
    columns: Sequence[str] = ()

    def csv(self) -> bytes:
        """Write them as a native export in which every row stands on its own line of the sheet."""
        filled = (name for _, cells in self.rows for name in cells)
        names = list(dict.fromkeys([*self.columns, *filled]))
        names = [name for name in names if name != BEYOND]
        for column in TABLES[self.table].required:
            if column not in names:
                names.append(column)
        if self.table == "patients" and not {"birth_date", "age_years"} & set(names):
            names.append("birth_date")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        line = 1
        for place, cells in self.rows:
            # blank lines are no rows: they keep the count
            out.write("\n" * max(0, place - line - 1))
            line = max(place, line + 1)
            # a cell beyond the header stays one: the rule book sets the line aside
            surplus = {BEYOND: cells[BEYOND] or "(cells are missing)"} if BEYOND in cells else {}
            texts = [*(cells.get(name, "") for name in names), *surplus.values()]
            # a line break within a cell would move the lines behind it
            writer.writerow([" ".join(text.split()) for text in texts])
        return out.getvalue().encode()
