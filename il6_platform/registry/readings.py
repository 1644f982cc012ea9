"""What the cells of the raw tables say: a distinct text is read once, and SQL joins the outcome.

Belongs here: which column is of which kind, and the tables of the schema `reading` (received text
and what it says). Does not belong here: how a text is read; that is `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from il6_platform.registry.cells import SCHEMAS, Kind, read_all

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
    """Make the tables of the schema `reading` where they are not there."""
    connection.execute("create schema if not exists reading")
    for kind in COLUMNS:
        columns = ", ".join(f"{one.name} {_TYPES[str(one.type)]}" for one in SCHEMAS[kind])
        connection.execute(f"create or replace table reading.{kind} ({columns})")


def read_cells(connection: duckdb.DuckDBPyConnection) -> int:
    """Read every text of the raw tables that is not read yet, and return how many were.

    A cell that is empty, or says that nothing is known, is none.
    """
    prepare(connection)
    count = 0
    for kind, texts in _texts(connection):
        found = read_all(kind, texts)
        count += len(texts)
        connection.register("incoming", found)
        connection.execute(f"insert into reading.{kind} by name select * from incoming")
        connection.unregister("incoming")
    return count


def _texts(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Kind, list[str]]]:
    """Give the distinct texts of each kind."""
    for kind, columns in COLUMNS.items():
        every = " union ".join(
            f"select cell(cells, '{column}') as text from raw.{table}" for table, column in columns
        )
        rows = connection.execute(f"select text from ({every}) where text is not null").fetchall()
        yield kind, [text for (text,) in rows]
