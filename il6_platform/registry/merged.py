"""Numbers of one person: `merged_patients.csv` in the home, read as pseudonyms.

Belongs here: reading the list. Does not belong here: what becomes of the records; both histories
are joined in `sql/staging/received.sql`.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform.errors import UsageError
from il6_platform.files import write_whole
from il6_platform.registry.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    import duckdb

NAME = "merged_patients.csv"
COLUMNS = ["from_number", "from_site", "to_number", "to_site"]


def fill_merged(connection: duckdb.DuckDBPyConnection, home: Path, pseudonyms: Pseudonyms) -> int:
    """Fill raw.merged_patients from the home's list; return how many numbers it joins.

    Raises
    ------
    UsageError
        Where the list lacks a column or a row lacks a number; the message names the line.
    """
    import pandas as pd

    rows = pd.DataFrame(_read(home / NAME, pseudonyms), columns=COLUMNS, dtype="object")
    connection.execute("delete from raw.merged_patients")
    connection.register("incoming", rows)
    connection.execute("insert into raw.merged_patients by name select * from incoming")
    connection.unregister("incoming")
    return len(rows)


def drop_merged(home: Path, pseudonyms: Pseudonyms, patients: set[str]) -> None:
    """Take the lines out of the home's list that name one of the patients."""
    path = home / NAME
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8-sig")
    rows = [row for row in csv.reader(text.splitlines()) if row]

    def names(cell: str) -> bool:
        site, number = _parts(cell.strip())
        return bool({pseudonyms.of(number), pseudonyms.of(number, site)} & patients)

    kept = rows[:1] + [row for row in rows[1:] if not any(map(names, row))]
    if len(kept) < len(rows):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(kept)
        write_whole(path, out.getvalue())


def _read(path: Path, pseudonyms: Pseudonyms) -> list[tuple[str, str, str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if not {"from", "to"} <= {str(name).strip() for name in reader.fieldnames or []}:
            raise UsageError(f"{NAME} needs the columns from, to and on in its first line")
        given: dict[tuple[str, str], tuple[str, str]] = {}
        for line, row in enumerate(reader, start=2):
            pair = [(row.get(name) or "").strip() for name in ("from", "to")]
            if not all(pair):
                raise UsageError(f"{NAME}, line {line}: from and to must both hold a number")
            given[_parts(pair[0])] = _parts(pair[1])
    return [
        (pseudonyms.of(number), site, pseudonyms.of(last[1]), last[0])
        for (site, number), to in given.items()
        for last in [_last(given, to)]
    ]


def _parts(text: str) -> tuple[str, str]:
    """Return site and number of `SITE:NUMBER`; a number alone has no site."""
    site, colon, number = text.partition(":")
    return (site.strip(), number.strip()) if colon else ("", text)


def _last(given: dict[tuple[str, str], tuple[str, str]], to: tuple[str, str]) -> tuple[str, str]:
    """Follow a number that was itself given up later; a circle ends where it began."""
    seen = {to}
    while to in given and given[to] not in seen:
        to = given[to]
        seen.add(to)
    return to
