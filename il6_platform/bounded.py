"""SQL that is done as a whole: all or nothing, in little memory where that is enough.

Belongs here: transactions, and statements that need more memory than their database has. Does not
belong here: how much it has (`warehouse.database`).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def at_once(connection: duckdb.DuckDBPyConnection) -> Generator[None, None, None]:
    """Do all of a block or nothing."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def execute_whole(connection: duckdb.DuckDBPyConnection, statements: str) -> None:
    """Execute statements, all or nothing, within the memory limit of the database if they can be.

    DuckDB writes to disk what finds no room. What cannot be written there is taken anew without
    the limit: for so long DuckDB's own holds, which is four fifths of the machine's memory.
    """
    try:
        with at_once(connection):
            connection.execute(statements)
    except duckdb.OutOfMemoryException:
        ((limit,),) = connection.execute("select current_setting('memory_limit')").fetchall()
        connection.execute("reset memory_limit")
        try:
            with at_once(connection):
                connection.execute(statements)
        finally:
            # what is held just now may be more
            with suppress(duckdb.OutOfMemoryException):
                connection.execute(f"set memory_limit = '{limit}'")
