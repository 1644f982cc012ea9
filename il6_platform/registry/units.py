"""Units of analytes: which are known for a marker, and what each is in the study's own.

Belongs here: the table `data/units.csv` and its use. Does not belong here: what becomes of a result
in a unit that is not known; the rule book sets it aside.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from pathlib import Path


def factors(table: Path, analyte: str, unit: str) -> dict[str, float]:
    """Return unit (as `plain_unit` writes it) -> what one of it is in `unit`, for an analyte.

    A study's unit that the table does not hold for the analyte is its only known one. Nothing is
    converted by a molar mass or an assay's own factor: such a unit has to be in the table, with its
    source.

    Raises
    ------
    ValueError
        On a factor that is not positive, by line.
    """
    wanted, known = _key(analyte), {}
    with table.open(encoding="utf-8", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), start=2):
            if _key(row["analyte"]) != wanted:
                continue
            factor = float(row["factor"])
            if not factor > 0:
                raise ValueError(f"{table.name}, line {line}: factor {factor} is not positive")
            known[plain_unit(row["unit"])] = factor
    own = plain_unit(unit)
    if own not in known:
        return {own: 1.0}
    return {name: factor / known[own] for name, factor in known.items()}


def plain_unit(unit: str) -> str:
    """Return a unit in lower case, without spaces, micro as u."""
    text = unicodedata.normalize("NFKC", unit).lower().replace("\N{GREEK SMALL LETTER MU}", "u")
    return re.sub(r"\s+", "", text)


def _key(analyte: str) -> str:
    return re.sub(r"[^a-z0-9]", "", analyte.lower())
