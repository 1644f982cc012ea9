"""What the cells of the raw tables say: a distinct text is read once, and SQL joins the outcome.

Belongs here: which column is of which kind, and the tables of the schema `reading` (received text
and what it says). Does not belong here: how a text is read; that is `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from il6_platform import paths
from il6_platform.paths import code_version
from il6_platform.registry.cells import SCHEMAS, Kind, read_all
from il6_platform.registry.native import TABLES, kept_columns

COLUMNS: dict[Kind, tuple[tuple[str, str], ...]] = {
    "day": (
        ("patients", "birth_date"),
        ("patients", "diagnosis_date"),
        ("patients", "consent_withdrawn_on"),
        ("treatments", "start_date"),
        ("treatments", "end_date"),
        ("labs", "collected_on"),
        ("assessments", "assessed_on"),
        ("follow_up", "last_contact_on"),
        ("follow_up", "died_on"),
    ),
    "number": (
        ("patients", "age_years"),
        ("patients", "largest_metastasis_mm"),
        ("labs", "value"),
        ("assessments", "sum_of_diameters_mm"),
        ("outcomes", "time"),
    ),
    "integer": (("patients", "liver_metastases_n"), ("patients", "ecog")),
    "line": (("treatments", "line"),),
    "drug": (("treatments", "drug"),),
    "analyte": (("labs", "analyte"),),
    "unit": (("labs", "unit"),),
    "sex": (("patients", "sex"),),
    "primary_site": (("patients", "primary_site"),),
    "metastasis_timing": (("patients", "metastasis_timing"),),
    "extrahepatic": (("patients", "extrahepatic"),),
    "yes_no": (("patients", "primary_resected"),),
    "ras_status": (("patients", "ras_status"),),
    "braf_status": (("patients", "braf_status"),),
    "response": (("assessments", "response"),),
    "vital_status": (("follow_up", "vital_status"),),
}
"""Kind -> the columns that are of it: table and name."""

_TYPES = {
    "string": "varchar",
    "double": "double",
    "int32": "integer",
    "date32[day]": "date",
    "list<item: string>": "varchar[]",
}


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of the schema `reading` anew, empty, and the macro that asks them."""
    connection.execute("create schema if not exists reading")
    for kind in COLUMNS:
        columns = ", ".join(f"{one.name} {_TYPES[str(one.type)]}" for one in SCHEMAS[kind])
        connection.execute(f"create or replace table reading.{kind} ({columns})")
    connection.execute(paths.sql_file("macros.placeholders").read_text("utf-8"))
    connection.execute(
        "create or replace table reading.done "
        "(code varchar, table_name varchar, delivery varchar, lines bigint)"
    )


def read_cells(connection: duckdb.DuckDBPyConnection) -> int:
    """Read every text of the raw tables that is not read yet, and return how many were.

    A cell that is empty, or says that nothing is known, is none. What was read is kept as long as
    the code that reads is the same and every line is still there: no text outlives its lines.
    """
    if not _is_kept(connection):
        prepare(connection)
    count = 0
    for kind, texts in _texts(connection):
        found = read_all(kind, texts)
        count += len(texts)
        connection.register("incoming", found)
        connection.execute(f"insert into reading.{kind} by name select * from incoming")
        connection.unregister("incoming")
    connection.execute(
        f"insert into reading.done select ?, * from ({_LINES}) where {_NEW.format('table_name')}",
        [code_version()],
    )
    return count


_LINES = " union all ".join(
    f"select '{table}' as table_name, delivery, count(*) as lines from raw.{table} group by all"
    for table in TABLES
)
"""How many lines of each delivery the raw tables hold."""

_OF_STUDIES = (
    "select cell(cells, name) as text from "
    "(select cells, unnest(map_keys(cells)) as name from raw.patients) "
    f"where name not in ({', '.join(map(repr, sorted(kept_columns('patients'))))})"
)
"""Columns of patients beyond the format, of all deliveries: a study file may name one later."""

_NEW = "({0}, delivery) not in (select (table_name, delivery) from reading.done)"
"""Whether a delivery was not read yet; where its table is named is filled in."""


def _is_kept(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether what was read can be used: by this code, of lines that are all still there."""
    if not connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'reading' and table_name = 'done'"
    ).fetchall():
        return False
    ((changed,),) = connection.execute(
        "select count(*) from reading.done as d "
        f"left join ({_LINES}) as l on d.table_name = l.table_name and d.delivery = l.delivery "
        "where d.code != ? or d.lines is distinct from l.lines",
        [code_version()],
    ).fetchall()
    return not changed


def _texts(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Kind, list[str]]]:
    """Give the distinct texts of each kind that stand in new deliveries and were not read yet."""
    fresh: dict[str, list[str]] = {}
    for table, delivery in connection.execute(
        f"select table_name, delivery from ({_LINES}) where {_NEW.format('table_name')}"
    ).fetchall():
        fresh.setdefault(table, []).append(delivery)
    for kind, columns in COLUMNS.items():
        # named one by one: DuckDB then passes over the blocks that hold none of them
        every = " union ".join(
            f"select cell(cells, '{column}') as text from raw.{table} "
            f"where delivery in ({', '.join(map(repr, fresh[table]))})"
            for table, column in columns
            if table in fresh
        )
        if kind == "number":
            every = " union ".join(filter(None, (every, _OF_STUDIES)))
        if not every:
            continue
        rows = connection.execute(
            f"select text from ({every}) where text is not null "
            f"and text not in (select received from reading.{kind})"
        ).fetchall()
        yield kind, [text for (text,) in rows]
