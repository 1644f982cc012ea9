"""Patients who never were: a mistyped number, struck out by the data manager with a reason.

    IL6_HOME/struck_patients.csv    struck_on, patient (pseudonym), who, why

Belongs here: keeping and reading the list. Does not belong here: what becomes of the lines; they
are removed in `sql/staging/lines.sql`, visibly, and stay in raw. A patient who is real and withdrew
consent is none of these.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform.errors import UsageError
from il6_platform.files import write_whole

if TYPE_CHECKING:
    import duckdb

NAME = "struck_patients.csv"

COLUMNS = ("struck_on", "patient", "who", "why")


def read_struck(home: Path, as_of: date | None = None) -> list[dict[str, str]]:
    """Return who is struck out, as known on a day, oldest first."""
    path = home / NAME
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [row for row in rows if as_of is None or row["struck_on"] <= as_of.isoformat()]


def strike(home: Path, patient: str, who: str, why: str, today: date) -> None:
    """Strike a patient out, given by the pseudonym.

    Raises
    ------
    UsageError
        Where no reason is given, or the patient is struck out already.
    """
    known = read_struck(home)
    if not why.strip():
        raise UsageError("a reason is needed: --why")
    if any(row["patient"] == patient for row in known):
        raise UsageError("the patient is struck out already; --undo takes it back")
    row = dict(zip(COLUMNS, (today.isoformat(), patient, who, why.strip()), strict=True))
    _write(home, [*known, row])


def listed_as(connection: duckdb.DuckDBPyConnection, patient: str) -> set[str]:
    """Return the pseudonyms under which a patient may be in the list.

    Who was struck out before sites told patients apart is in it by the number alone, and who was of
    a site in another spelling by that one.
    """
    from il6_platform.registry.raw import know_rows

    know_rows(connection)
    known_as = connection.execute(
        "select distinct unnest(list_append(keys_at(number, site), number)) from staging.lines "
        "where patient = ? and is_struck",
        [patient],
    ).fetchall()
    return {patient, *(one for (one,) in known_as)}


def undo(home: Path, listed: Collection[str]) -> None:
    """Take a patient back, given by the pseudonyms under which the list may know them.

    Raises
    ------
    UsageError
        Where the patient is not struck out.
    """
    known = read_struck(home)
    left = [row for row in known if row["patient"] not in listed]
    if len(left) == len(known):
        raise UsageError("the patient is not struck out")
    _write(home, left)


def fill_struck(connection: duckdb.DuckDBPyConnection, home: Path, as_of: date | None) -> int:
    """Fill raw.struck_patients from the home's list; return how many there are."""
    import pandas as pd

    rows = pd.DataFrame(read_struck(home, as_of), columns=list(COLUMNS), dtype=object)
    connection.execute("delete from raw.struck_patients")
    connection.register("incoming", rows)
    connection.execute("insert into raw.struck_patients by name select * from incoming")
    connection.unregister("incoming")
    return len(rows)


def _write(home: Path, rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(home / NAME, text.getvalue())
