"""Numbers of one person: `merged_patients.csv` in the home, read as pseudonyms.

Belongs here: reading the list. Does not belong here: what becomes of the records; both histories
are joined in `sql/staging/received.sql`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform.errors import UsageError
from il6_platform.files import write_whole
from il6_platform.registry.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    import duckdb

NAME = "merged_patients.csv"
COLUMNS = ["from_number", "from_site", "to_number", "to_site", "line"]

Number = tuple[str, str]
"""Site and number; a site that is not said is empty."""


def fill_merged(
    connection: duckdb.DuckDBPyConnection,
    home: Path,
    pseudonyms: Pseudonyms,
    as_of: date | None = None,
) -> int:
    """Fill raw.merged_patients from the home's list, as it is read; return its numbers."""
    import pandas as pd

    rows = pd.DataFrame(read_merged(home, pseudonyms, as_of), columns=COLUMNS, dtype="object")
    connection.execute("delete from raw.merged_patients")
    connection.register("incoming", rows)
    connection.execute("insert into raw.merged_patients by name select * from incoming")
    connection.unregister("incoming")
    return len(rows)


def check_sites(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse a number without its site where several sites have it: whose it is must be said.

    Raises
    ------
    UsageError
        Naming the lines of the list.
    """
    rows = connection.execute(
        "select distinct m.line from raw.merged_patients as m, "
        "(values (m.from_number, m.from_site), (m.to_number, m.to_site)) as one (number, site) "
        "where one.site = '' and 1 < (select count(distinct r.site) from staging.received as r "
        "where r.table_name = 'patients' and r.number = one.number) order by all"
    ).fetchall()
    if rows:
        lines = ", ".join(str(line) for (line,) in rows)
        raise UsageError(f"{NAME}, line {lines}: several sites have the number; write SITE:NUMBER")


def drop_merged(home: Path, pseudonyms: Pseudonyms, patients: set[str]) -> None:
    """Take the lines out of the home's list that name one of the patients."""
    path = home / NAME
    if not path.exists():
        return
    text, sign = _text(path)
    rows = [row for row in csv.reader(text.splitlines(), delimiter=sign) if row]

    def names(cell: str) -> bool:
        site, number = _parts(cell.strip())
        return bool({pseudonyms.of(number), pseudonyms.of(number, site)} & patients)

    kept = rows[:1] + [row for row in rows[1:] if not any(map(names, row))]
    if len(kept) < len(rows):
        out = io.StringIO()
        csv.writer(out, delimiter=sign, lineterminator="\n").writerows(kept)
        write_whole(path, out.getvalue())


def read_merged(
    home: Path, pseudonyms: Pseudonyms, as_of: date | None = None
) -> list[tuple[str, str, str, str, int]]:
    """Return which numbers the home's list joins, in the order of `COLUMNS`.

    Parameters
    ----------
    as_of
        The day whose knowledge is asked for: a line with a later day (`on`) is left out.

    Raises
    ------
    UsageError
        Where the list lacks a column, or a line a number; where a line has no day that can be
        read, or gives up a number twice or in a circle. The message names the line.
    """
    given: dict[Number, tuple[Number, int]] = {}
    for line, row in _rows(home / NAME):
        pair = [row.get(name, "") for name in ("from", "to")]
        if not all(pair):
            raise UsageError(f"{NAME}, line {line}: from and to must both hold a number")
        try:
            day = date.fromisoformat(row["on"]) if row.get("on") else None
        except ValueError:
            words = "on must hold a day, as 2024-02-29"
            raise UsageError(f"{NAME}, line {line}: {words}") from None
        if as_of is not None and day is not None and day > as_of:
            continue
        one, other = map(_parts, pair)
        if one in given:
            words = f"line {given[one][1]} gives up the same number; keep one of the two"
            raise UsageError(f"{NAME}, line {line}: {words}")
        given[one] = other, line
    return [
        (pseudonyms.of(number), site, pseudonyms.of(last[1]), last[0], line)
        for (site, number), (to, line) in given.items()
        for last in [_last(given, (site, number), to, line)]
    ]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the list's lines that hold something, with their numbers."""
    if not path.exists():
        return
    text, sign = _text(path)
    lines = csv.reader(text.splitlines(), delimiter=sign)
    header = [name.strip().lower() for name in next(lines, [])]
    if not {"from", "to"} <= set(header):
        raise UsageError(f"{NAME} needs the columns from, to and on in its first line")
    for row in lines:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield lines.line_num, dict(zip(header, cells, strict=False))


def _text(path: Path) -> tuple[str, str]:
    """Return the list's text, and what divides its cells: `;` where Excel's comma is decimal."""
    from il6_platform.registry.formats import decoded

    text = decoded(path.read_bytes())
    return text, ";" if ";" in text.partition("\n")[0] else ","


def _parts(text: str) -> Number:
    """Return site and number of `SITE:NUMBER`; a number alone has no site."""
    site, colon, number = text.partition(":")
    return (site.strip(), number.strip()) if colon else ("", text)


def _last(given: dict[Number, tuple[Number, int]], start: Number, to: Number, line: int) -> Number:
    """Follow a number that was itself given up later."""
    seen = {start}
    while to not in seen:
        if to not in given:
            return to
        seen.add(to)
        to = given[to][0]
    raise UsageError(f"{NAME}, line {line}: the number leads back to itself; one of them must stay")
