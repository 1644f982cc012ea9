"""SQL of large tables in little memory, where that is enough.

Belongs here: what becomes of statements that need more memory than their database has. Does not
belong here: how much it has (`warehouse.database`).
"""

from __future__ import annotations

import duckdb


def execute_whole(connection: duckdb.DuckDBPyConnection, statements: str) -> None:
    """Execute statements, all or nothing, within the memory limit of the database if they can be.

    DuckDB writes to disk what finds no room. What cannot be written there is taken anew without
    the limit: then DuckDB's own holds, which is four fifths of the machine's memory.
    """
    try:
        _execute(connection, statements)
    except duckdb.OutOfMemoryException:
        connection.execute("reset memory_limit")
        _execute(connection, statements)


def _execute(connection: duckdb.DuckDBPyConnection, statements: str) -> None:
    connection.execute("begin")
    try:
        connection.execute(statements)
    except duckdb.Error:
        connection.execute("rollback")
        raise
    connection.execute("commit")
