"""Releases are safe against each other: no two of them differ by a few patients.

A figure that differs from any earlier release by fewer patients than the minimal cell keeps the
value of the last release, and so do its complements; one that was not in the last release is not
shown. Of the history, what was released alone is told.

Belongs here: comparing the report tables that are about to leave with all that left before. Does
not belong here: small counts within a release (`privacy.disclosure`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from il6_platform.privacy import disclosure
from il6_platform.publishing import cuts
from il6_platform.publishing.publish import HISTORY
from il6_platform.warehouse.database import Warehouse

COMPARED = ("results", "curves", "flow", "data_quality", "history")
"""Report tables that are compared with, or taken from, earlier releases."""

COUNTS = {"flow": "kind, label", "data_quality": "kind, name, table_name"}
"""Tables of counts: which columns tell a row from the others. They stand or change as a whole."""


def keep_standing(
    warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, released: Sequence[Path]
) -> None:
    """Let what few patients changed since any earlier release stay as the last one has it.

    Parameters
    ----------
    released
        `report.duckdb` of the earlier releases, oldest first; at least one.
    """
    connection.execute("create or replace schema earlier")
    connection.execute("create table earlier.current_results as from report.results")
    differing, standing = set[int](), set[str]()
    for path in released:
        _read_earlier(connection, path)
        warehouse.run_sql("release.pairs")
        warehouse.run_sql("release.differences")
        differing |= {*disclosure.small(warehouse)}
        connection.execute("create or replace table report.results as from earlier.current_results")
        standing |= {table for table in COUNTS if _differs_by_few(connection, table)}
    # a figure of the same patients that moved may have moved by one of them
    unchanged = connection.execute(
        "select pairs.id from pairs inner join report.results as new on pairs.id = new.rowid "
        "inner join earlier.results as old on pairs.old = old.rowid "
        "where new.n is not distinct from old.n and new.events is not distinct from old.events"
    ).fetchall()
    ids = sorted({*differing, *(row for (row,) in unchanged)})
    connection.execute(
        "create or replace temp table standing as select unnest($ids::bigint[]) as id", {"ids": ids}
    )
    warehouse.run_sql("release.standing")
    warehouse.run_sql("release.silent")
    for table in standing:
        connection.execute(f"create or replace table report.{table} as from earlier.{table}")


def tell_of_released_cuts(connection: duckdb.DuckDBPyConnection, *, has_earlier: bool) -> None:
    """Leave in the history the released cuts as they were released, and this one as it will be."""
    about = "select value from report.provenance where kind = 'cut' and name = "
    connection.execute(
        f"create or replace temp table told as select ({about} 'cut') as cut, "
        f"({about} 'last_export') as last_export, {', '.join(HISTORY)} "
        f"from report.results where {cuts.MAIN}"
    )
    connection.execute("delete from report.history")
    if has_earlier:
        connection.execute(
            "insert into report.history by name select columns(lambda name: name in "
            f"{('cut', 'last_export', *HISTORY)}) from earlier.history"
        )
    connection.execute("insert into report.history by name from told")
    connection.execute("drop table told")


def forget_earlier(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was read of earlier releases."""
    connection.execute("drop schema if exists earlier cascade")


def _read_earlier(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as released (read_only)")
    try:
        for table in COMPARED:
            connection.execute(
                f"create or replace table earlier.{table} as from released.main.{table}"
            )
    finally:
        connection.execute("detach released")
    connection.execute("alter table earlier.results add column if not exists suppressed varchar")


def _differs_by_few(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Say whether a count of a table differs from an earlier one by fewer than the minimal cell."""
    found = connection.execute(
        f"select count(*) from report.{table} as new inner join earlier.{table} as old "
        f"using ({COUNTS[table]}) cross join study.settings as settings "
        "where abs(new.n - old.n) between 1 and settings.minimal_cell - 1"
    ).fetchall()
    return bool(found[0][0])
