"""The ledger of deliveries: which bytes were dropped under which name, and as what they are kept.

Content is known by the SHA-256 of its bytes. The same bytes in the folders of two sites, or read as
two tables, say two things: the second is content of its own, named after the bytes and after what
tells it from the first.

Belongs here: what is new in the landing folder. Does not belong here: what a file holds
(`deliveries`), or recording that (`raw`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from il6_platform import paths
from il6_platform.registry.deliveries import Opened
from il6_platform.registry.landing import delivered_on, digest_of
from il6_platform.registry.told import told

COLUMNS = ("landing", "file", "content", "delivered_on", "arrived_at", "generation", "sha256")
"""Columns of the ledger."""


def contents(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Return what each file held last: its SHA-256, and as what that content is known."""
    rows = connection.execute(
        "select file, max_by(sha256, landing), max_by(content, landing) "
        "from raw.landings group by file"
    ).fetchall()
    return {file: (sha256, content) for file, sha256, content in rows}


def land(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    digest: str,
    opened: Opened,
    arrived_at: datetime,
    here: Mapping[str, str],
) -> tuple[str, str | None]:
    """Record that a file holds other bytes than before; say of one with no news that it is unused.

    Bytes that were delivered before are a delivery again where they come back: under a name that
    has held other ones since, or with a later day in the name. So a rollback is a correction.

    Parameters
    ----------
    digest
        SHA-256 of its bytes.
    opened
        What the file is.
    here
        The landing folder's files -> SHA-256 of their bytes.

    Returns
    -------
    content
        As what its bytes are known from now on.
    unused
        A sentence where the file is not used, else None.
    """
    day = delivered_on(file)
    before = connection.execute(
        "select delivered_on from raw.landings where file = ?", [file]
    ).fetchall()
    known = connection.execute(
        "select count(*) from raw.landings where sha256 = ?", [digest]
    ).fetchall() != [(0,)]
    content, is_new_folder, is_ahead = digest, True, False
    days: list[tuple[str, str, date]] = []
    if known:
        content, is_new_folder = _identity(connection, file, digest, opened, here)
        # a day that is in doubt is put right by any other
        days = connection.execute(
            "select content, file, delivered_on from landings_with_doubt() "
            "where sha256 = ? and doubt is null order by delivered_on desc, landing desc",
            [digest],
        ).fetchall()
        ((is_ahead,),) = connection.execute(
            "select lies_ahead(?, greatest(?, max(arrived_at))) from raw.landings",
            [day, arrived_at],
        ).fetchall()
    same = [one for one in days if one[0] == content]
    if same and (is_ahead or (not before and (day is None or day <= same[0][2]))):
        words = f"holds the same as {told(same[0][1], digest)} and is not used again"
        words += "; its day lies ahead." if is_ahead else "."
        return content, f"{told(file, digest)}: {words}"
    if day is None and days and not same and is_new_folder:
        # it may be a copy of old files: no news of today
        day = days[0][2]
    if day is None and not known:
        # a home of before the ledger
        day = connection.execute(
            "select min(delivered_on) from raw.deliveries where delivery = $d or source = $d",
            {"d": digest},
        ).fetchall()[0][0]
    # the day that people there have
    day = day or arrived_at.astimezone().date()
    connection.execute(
        "insert into raw.landings by name select coalesce(max(landing), 0) + 1 as landing, "
        "$file as file, $content as content, $day as delivered_on, $arrived as arrived_at, "
        "$generation as generation, $sha256 as sha256 from raw.landings",
        {
            **{"file": file, "content": content, "day": day, "arrived": arrived_at},
            **{"generation": sum(one == day for (one,) in before), "sha256": digest},
        },
    )
    return content, None


def _identity(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    digest: str,
    opened: Opened,
    here: Mapping[str, str],
) -> tuple[str, bool]:
    """Return as what bytes that came before are known in a file, and whether its folder is new."""
    reads = sorted({f"{one.table} {one.profile}" for one in opened.deliveries})
    connection.register(
        "here", pd.DataFrame({"file": [*here], "sha256": [*here.values()]}, dtype=str)
    )
    for name, value in (("file", file), ("sha256", digest)):
        connection.execute(f"set variable {name} = ?", [value])
    known = connection.execute(paths.sql_file("raw.same_bytes").read_text("utf-8")).fetchall()
    connection.unregister("here")
    is_new_folder, place = known[0][-2:]
    for content, tables, says_the_same, *_ in known:
        if says_the_same and (tables is None or tables == reads):
            return str(content), bool(is_new_folder)
    return digest_of("\n".join([digest, str(place), *reads]).encode()), bool(is_new_folder)


def clock_went_back(connection: duckdb.DuckDBPyConnection, now: datetime) -> str | None:
    """Return a sentence where exports arrived, as the clock then was, after now."""
    ((latest,),) = connection.execute("select max(arrived_at) from raw.landings").fetchall()
    if latest is None or latest - now <= timedelta(days=1):
        return None
    return (
        f"The machine's clock shows {now.astimezone():%Y-%m-%d}, and exports arrived on "
        f"{latest.astimezone():%Y-%m-%d}: it is wrong, or it was then."
    )


def in_doubt(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Say of each day that is in doubt of which exports of the cut it is, and what is to be done.

    Their folder is misnamed, or the machine's clock was wrong when they arrived.
    """
    found = connection.execute(
        "select delivered_on, min_by(file, file), min_by(content, file), count(distinct content), "
        "sentence from exports_in_doubt() group by delivered_on, sentence order by all"
    ).fetchall()
    return [
        f"{told(file, digest)}{f' and {n - 1} more' if n > 1 else ''}, of {day}: {sentence}."
        for day, file, digest, n, sentence in found
    ]


def write_landings(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the ledger of deliveries as CSV; of each whether its bytes are kept (Y, N)."""
    rows = connection.execute(
        f"select columns([{', '.join(map(repr, COLUMNS))}])::varchar, if(exists("
        "select 1 from raw.deliveries as d where coalesce(d.source, d.delivery) = content "
        "and d.status != 'passed over'), 'Y', 'N') as kept from raw.landings order by landing"
    ).df()
    return rows.to_csv(index=False, lineterminator="\n")


def restore_landings(
    connection: duckdb.DuckDBPyConnection, ledger: Path
) -> list[tuple[str, str, datetime]]:
    """Fill an empty database's landings from the ledger; return what is to be read again.

    Returns
    -------
    list of tuple
        File, content and arrival of each content, in the order in which they arrived.
    """
    (n,) = connection.execute("select count(*) from raw.landings").fetchall()[0]
    if n or not ledger.exists():
        return []
    connection.execute(
        f"insert into raw.landings by name select columns(lambda one: one in {COLUMNS}) "
        "from read_csv(?, types={'landing': 'integer', 'delivered_on': 'date', "
        "'arrived_at': 'timestamptz', 'generation': 'integer'}, header=true, all_varchar=false)",
        [str(ledger)],
    )
    # a ledger of before knew content by its bytes alone
    connection.execute("update raw.landings set sha256 = content where sha256 is null")
    return connection.execute(
        "select first(file order by landing), content, min(arrived_at) from raw.landings "
        "group by content order by min(landing)"
    ).fetchall()
