"""A covariate as it enters the models: a table of rows in, the levels beside it."""

from __future__ import annotations

import duckdb
import pytest

from il6_platform import paths

RECEIVED = [
    {"ras_status": "mutant", "grade": "G2", "ecog": "1", "albumin": "41.5"},
    {"ras_status": "Mutant", "grade": "g2", "ecog": "", "albumin": "n/a"},
]


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    for schema in ("raw", "staging", "study", "cohort"):
        made.execute(f"create schema {schema}")
    made.execute("create table study.analytes (name text, analyte text)")
    made.execute(paths.sql_file("macros.cells").read_text(encoding="utf-8"))
    made.execute("create table raw.patients (delivery text, line int, cells map(text, text))")
    made.execute(
        "create table staging.patients as select * from (values "
        "('p1', 'd', 2, 'mutant', 1), ('p2', 'd', 3, 'mutant', null)) "
        "as t(patient_id, delivery, file_line, ras_status, ecog)"
    )
    for column in (
        *("site_id", "primary_site", "metastasis_timing", "extrahepatic", "braf_status"),
        *("liver_metastases_n", "largest_metastasis_mm"),
    ):
        made.execute(f"alter table staging.patients add column {column} text")
    for line, cells in enumerate(RECEIVED, start=2):
        made.execute("insert into raw.patients values ('d', ?, ?)", [line, cells])
    made.execute(
        "create table study.covariates as select * from (values ('ras_status', 'category'), "
        "('grade', 'category'), ('ecog', 'number'), ('albumin', 'number')) as t(name, kind)"
    )
    made.execute(paths.sql_file("cohort.covariates").read_text(encoding="utf-8"))
    return made


@pytest.mark.parametrize(
    ("name", "column", "values"),
    [
        # the registry wrote it in two ways; the rule book lets both pass, so they are one level
        ("ras_status", "AVALC", ["mutant", "mutant"]),
        ("ecog", "AVAL", [1.0, None]),
        # no column of ours: as received
        ("grade", "AVALC", ["G2", "g2"]),
        ("albumin", "AVAL", [41.5, None]),
    ],
)
def test_a_native_column_is_taken_as_staging_reads_it(
    connection: duckdb.DuckDBPyConnection, name: str, column: str, values: list
) -> None:
    rows = connection.execute(
        f'select "{column}" from cohort.covariates where "NAME" = ? order by "USUBJID"', [name]
    ).fetchall()
    assert [value for (value,) in rows] == values
