"""What a file is called where its name may not stand: in logs, alerts and Dagster's storage.

A file may be named after a patient. A name that says nothing but tables, days and common words is
told as it is; any other one by table, day and a short hash. The name itself stays in the registry's
database and in the worklist, which gives the hash beside it.

Belongs here: that choice. Does not belong here: which file is which (`landing`, `deliveries`).
"""

from __future__ import annotations

import hashlib
import re

import pandas as pd

from il6_platform.registry.landing import delivered_on
from il6_platform.registry.native import TABLES

_WORDS = frozenset(
    {word for name in TABLES for word in (*name.split("_"), name.rstrip("s"))}
    | {"followup", "full", "update", "updates", "export", "exports", "registry", "data", "csv"}
    | {"notes", "all", "people", "xlsx", "json", "from", "to", "since", "site", "outcome"}
)
_DAY = re.compile(r"(?:19|2[01])\d\d[-_.]?\d\d(?:[-_.]?\d\d)?")


def told(file: str, digest: str = "", table: str | None = None) -> str:
    """Return the name by which a file is spoken of.

    Parameters
    ----------
    digest
        SHA-256 of its bytes, where it is known; else that of its name.

    Examples
    --------
    >>> told("2023-12-31/labs.csv")
    '2023-12-31/labs.csv'
    >>> told("2023-12-31/Smith_1962.csv", "3f2a9c1b77", "labs")
    'labs of 2023-12-31 (3f2a9c1b)'
    """
    words = re.findall(r"[^\W\d_]+", _DAY.sub(" ", file).casefold())
    if not re.search(r"\d", _DAY.sub(" ", file)) and set(words) <= _WORDS:
        return file
    day = delivered_on(file)
    mark = (digest or hashlib.sha256(file.encode()).hexdigest())[:8]
    return f"{table or 'file'}{f' of {day}' if day else ''} ({mark})"


def named(deliveries: pd.DataFrame) -> pd.DataFrame:
    """Return rows of deliveries (delivery, file, table_name) under the names that are told."""
    files = [
        told(str(row.file), str(row.delivery), None if pd.isna(row.table_name) else row.table_name)
        for row in deliveries.itertuples()
    ]
    return deliveries.assign(file=files)


def told_all(files: str) -> str:
    """Return the names of several files, as SQL lists them, under the names that are told."""
    return ", ".join(told(file) for file in files.split(", "))
