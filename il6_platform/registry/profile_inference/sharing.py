"""Sharing a block's columns out among the native tables.

Of all choices of tables the one that explains most is taken.

Belongs here: which of several columns is which native one. Does not belong here: how well one
would do (`meanings`).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import numpy as np

from il6_platform.registry.native import TABLES
from il6_platform.registry.profile_inference.columns import Block, Column, place_of
from il6_platform.registry.profile_inference.meanings import LIKELY, NAMED, Meanings
from il6_platform.registry.units import plain_unit
from il6_platform.registry.vocabulary import near, vocabulary

CORE = {
    "patients": "sex",
    "treatments": "drug",
    "labs": "value",
    "assessments": "response",
    "follow_up": "last_contact_on",
}
"""The native column without which a row says nothing of its table."""

DRAFTED = {table: TABLES[table] for table in CORE}
"""The tables among which columns are shared out."""

Found = dict[str, tuple[Column, float]]
"""Native column -> the column that it was found in, and how well that fits."""


@dataclass(frozen=True)
class Sharing:
    """What shares columns out, by what they can mean."""

    meanings: Meanings

    def wide(self, columns: list[Column]) -> list[tuple[Column, str, str | None]]:
        """Return columns that are an analyte's results, with the analyte and the header's unit."""
        means = self.meanings
        if any((means.content("analyte", one) or 0) >= 0.7 for one in columns):
            return []
        found = []
        for column in columns:
            analyte = means.analyte_in(column.name) or means.analyte_in(column.label)
            if analyte is None or column.dates > 0.5 or (means.content("value", column) or 0) < 0.8:
                continue
            bracket = re.search(r"[(\[]([^)\]]+)[)\]]", column.name + " " + column.label)
            unit = bracket[1].strip() if bracket and plain_unit(bracket[1]) in means.units else None
            found.append((column, analyte, unit))
        return found

    def shared_out(
        self, block: Block, columns: list[Column], has_wide: bool
    ) -> tuple[tuple[str, ...], dict[str, Found]]:
        """Share columns out among native tables: by the choice of tables that explains most."""
        from scipy.optimize import linear_sum_assignment

        slots = {
            table: [
                column
                for column in (*native.required, *native.optional)
                if column != "patient_id"
                and not (has_wide and table == "labs" and column in ("analyte", "value"))
            ]
            for table, native in DRAFTED.items()
        }
        about = {t: near(block.about, vocabulary().tables[t]) >= LIKELY for t in DRAFTED}
        fits = {
            (table, slot): np.array(
                [
                    fit + 0.1 * about[table] if (fit := self.meanings.fit(slot, one)) else 0.0
                    for one in columns
                ]
            )
            for table, names in slots.items()
            for slot in names
        }
        best: tuple[float, tuple[str, ...], dict[str, Found]]
        best = (0.0, (), {})
        for size in range(1, len(DRAFTED) + 1):
            for tables in itertools.combinations(DRAFTED, size):
                rows = [(table, slot) for table in tables for slot in slots[table]]
                gains = np.array([fits[row] for row in rows]).reshape(len(rows), len(columns))
                # a required column is worth more than an optional one of the same name
                needed = np.array([slot in TABLES[table].required for table, slot in rows])
                gains = np.where(gains > 0, gains + 0.05 * needed[:, None], 0.0)
                chosen: dict[str, Found] = {t: {} for t in tables}
                total = 0.0
                for row, place in zip(*linear_sum_assignment(-gains), strict=True):
                    if gains[row, place] > 0:
                        table, slot = rows[row]
                        chosen[table][slot] = columns[place], float(fits[rows[row]][place])
                        total += gains[row, place] - 0.15
                if not all(self._is_whole(t, chosen[t], block, has_wide) for t in tables):
                    continue
                total += sum(0.3 * (about[t] - 0.5) for t in tables)
                if total > best[0]:
                    best = total, tables, chosen
        return best[1], best[2]

    def _is_whole(self, table: str, found: Found, block: Block, has_wide: bool) -> bool:
        given = set(found)
        if table == "treatments":
            given.add("line")
        if table == "labs":
            given |= {"analyte", "value"} if has_wide else set()
            given |= {"unit"}
            if self.analyte_of(block, found) is not None:
                given.add("analyte")
        if table == "patients" and not {"birth_date", "age_years"} & given:
            return False
        # a table is not made of columns that could be anything
        is_meant = any(fit >= NAMED for _, fit in found.values()) or has_wide
        return is_meant and all(c in given for c in TABLES[table].required if c != "patient_id")

    def analyte_of(self, block: Block, found: Found) -> str | None:
        """Return the analyte that a block's results are of, by what names them."""
        value = found["value"][0].name if "value" in found else ""
        return self.meanings.analyte_in(value) or self.meanings.analyte_in(block.about)

    def lacking(self, block: Block, columns: list[Column]) -> str | None:
        """Say of the table that a block comes nearest to which columns were not found."""
        near_miss = []
        for table, native in DRAFTED.items():
            slots = [name for name in native.required if name != "patient_id"]
            gone = [
                slot
                for slot in slots
                if max((self.meanings.fit(slot, one) for one in columns), default=0.0) < NAMED
                and slot not in ("line", "unit")
            ]
            if CORE[table] not in gone and gone:
                near_miss.append((len(gone) / len(slots), table, gone))
        if not near_miss:
            return None
        _, table, gone = min(near_miss)
        return f"{place_of(block.about)}{table}: no column is {', '.join(gone)}"
