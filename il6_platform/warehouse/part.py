"""A part of the registry, on which a table's own SQL file makes rows as it does on the whole.

Belongs here: letting the names of some tables stand for a part of them. Does not belong here: which
part is enough (`touched`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import duckdb

_SCHEMAS = ("raw", "staging")


@contextmanager
def part_of(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, str]
) -> Generator[None, None, None]:
    """Have tables read, and made, in a database in memory for as long as the block lasts.

    Every other name is the registry's. What is made there is `part.<schema>.<table>`.

    Parameters
    ----------
    tables
        `schema.table` -> query on the registry that gives its rows.
    """
    ((home,),) = connection.execute("select current_database()").fetchall()
    connection.execute("attach ':memory:' as part")
    try:
        for schema in _SCHEMAS:
            connection.execute(f"create schema part.{schema}")
        for name, rows in tables.items():
            connection.execute(f"create table part.{name} as {rows}")
        places = [f"part.{schema}" for schema in _SCHEMAS]
        places += [f"{home}.{name}" for name in ("main", *_SCHEMAS, "reading", "setup", "touched")]
        connection.execute(f"set search_path = '{','.join(places)}'")
        yield
    finally:
        connection.execute("reset search_path")
        connection.execute("detach part")
