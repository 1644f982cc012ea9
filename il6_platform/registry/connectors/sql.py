"""A database: the answer of each query is an export, through SQLAlchemy.

Any database that SQLAlchemy has a driver for: PostgreSQL (psycopg), SQL Server (pyodbc), SQLite.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

import sqlalchemy as sa

from il6_platform.errors import UsageError
from il6_platform.registry.connectors.delivery import Fetched
from il6_platform.registry.connectors.errors import unreachable
from il6_platform.registry_file import SqlSource


def fetch(name: str, source: SqlSource, password: str | None) -> list[Fetched]:
    """Return the answers of a source's queries as CSV, a file a query.

    The queries only read: what one writes is rolled back.

    Raises
    ------
    UsageError
        Where the driver of the database is not installed.
    SourceError
        Where it cannot be reached or refuses a query; the message names the query.
    """
    url = sa.make_url(source.url)
    try:
        engine = sa.create_engine(url.set(password=password) if password else url)
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        raise UsageError(
            f"registry file, key connectors.{name}.url: the driver of {url.drivername} is not "
            f"installed ({error}); install it, as psycopg[binary] for postgresql+psycopg"
        ) from None
    made = []
    at = "the database cannot be reached"
    try:
        with engine.connect() as connection:
            for table, query in source.queries.items():
                at = f"query {table}"
                made.append(Fetched(f"{table}.csv", _csv(connection.execute(sa.text(query)))))
            connection.rollback()
    except sa.exc.SQLAlchemyError as error:
        why = getattr(error, "orig", None) or error
        raise unreachable(name, f"{at} ({why})", password) from None
    finally:
        engine.dispose()
    return made


def _csv(rows: sa.CursorResult) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.keys())
    for row in rows:
        writer.writerow([_text(value) for value in row])
    return out.getvalue().encode()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, bool):
        # a result that is true is not the number 1
        return str(value).upper()
    return str(value)
