"""A cohort of a few rows: staging tables and study from text, the project's SQL run on them.

The staging tables are the real ones, made empty by `sql/staging`, so a column that is added there
is there; a test names the columns that its rule is about, the others are null or have the default
of their table.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import yaml

from il6_platform import paths
from il6_platform.registry import readings
from il6_platform.registry.cells import read_drug
from il6_platform.validation.completeness import COLUMNS
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.study_tables import prepare_registry, prepare_study
from il6_platform_tests.specification.tables import Row, differences, on_day, parse

NATIVE = ("patients", "treatments", "labs", "assessments", "follow_up", "outcomes")

STUDY = """
marker: {analyte: il6, label: IL-6, unit: pg/mL}
arms: {experimental_drug: bevacizumab, experimental_label: Bevacizumab, control_label: Control}
cutoff: {method: fixed, value: 5}
"""

DEFAULTS: dict[str, Row] = {
    "patients": {"sex": "F", "age_years": "60"},
    "treatments": {"line": "1", "drug": "folfox", "start_date": "day 0"},
    "labs": {"analyte": "il6", "value": "4", "unit": "pg/mL", "collected_on": "day 0"},
    "assessments": {},
    "follow_up": {"last_contact_on": "day 400", "vital_status": "alive"},
    "outcomes": {},
}
"""What a row says where its test does not. A table that a test leaves out has one such row a
patient; assessments and outcomes that are left out are none."""


class Specification:
    """One rule's cohort: what is given, and what must come of it.

    Examples
    --------
    >>> rule = Specification()
    >>> rule.given(labs="| patient_id | value |\\n| p1 | 7 |")
    >>> rule.expect(subjects="| USUBJID | MARKER |\\n| p1 | 7 |")
    """

    def __init__(self) -> None:
        self._tables: dict[str, list[Row]] = {}
        self._study = ""
        self._censor: str | None = None
        self._cutoff: float | None = 5.0
        self._connection: duckdb.DuckDBPyConnection | None = None

    def study(self, text: str = "", *, censor: str | None = None) -> None:
        """Set keys of the study file (as YAML), or the day at which follow-up is cut."""
        self._study = text
        self._censor = parse(f"| day |\n| {censor} |")[0]["day"] if censor else None

    def cutoff(self, value: float | None) -> None:
        """Set the cut-off that the analysis found."""
        self._cutoff = value

    def given(self, **tables: str) -> None:
        """Set rows of staging tables; a table that is not named has its default row a patient.

        Rows of `lines` are lines of deliveries beside those of the rows that are given; rows of
        `received` are the cells of patients as they were received, where staging reads them
        otherwise.
        """
        self._tables |= {name: parse(text) for name, text in tables.items()}

    def expect(self, **tables: str) -> None:
        """Compare cohort tables with the expected rows, in the columns that these name."""
        for name, text in tables.items():
            expected = parse(text)
            wrong = differences(expected, [*expected[0]], self.rows(name, [*expected[0]]))
            assert not wrong, f"cohort.{name}\n{wrong}"

    def rows(self, table: str, columns: Sequence[str]) -> list[tuple]:
        """Return the rows of a cohort table that is made for this test."""
        connection = self._connection or self._fill()
        self._connection = connection
        for name in [*_needed(f"cohort.{table}"), f"cohort.{table}"]:
            connection.execute(paths.sql_file(name).read_text("utf-8"))
        named = ", ".join(f'"{column}"' for column in columns)
        return connection.execute(f"select {named} from cohort.{table}").fetchall()

    def close(self) -> None:
        """Leave the connection."""
        if self._connection is not None:
            self._connection.close()

    def _fill(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        file = str(template(self._study, self._censor)).replace("'", "''")
        connection.execute(f"attach '{file}' as template (read_only)")
        connection.execute("copy from database template to memory")
        connection.execute("detach template")
        connection.execute(
            "create table analysis.cutoff as select 'cutoff' as statistic, ?::double as estimate",
            [self._cutoff],
        )
        lines: list[Row] = []
        tables = self._with_defaults()
        received = {row["patient_id"]: row for row in tables.pop("received", [])}
        connection.execute("begin")
        for name, rows in tables.items():
            numbered = list(enumerate(rows, start=2))
            if name == "lines":
                lines += [_line("patients", row, 100 + line) | row for line, row in numbered]
                continue
            placed = [_placed(name, row, line) for line, row in numbered]
            _insert(connection, f"staging.{name}", placed)
            if name in NATIVE:
                lines += [_line(name, row, line) for line, row in numbered]
                # a column that is not of the native format is known to raw alone
                as_received = [row | received.get(row["patient_id"], {}) for row in rows]
                cells = [{k: v for k, v in row.items() if v} for row in as_received]
                _insert(
                    connection,
                    f"raw.{name}",
                    [
                        {"delivery": name, "line": line, "cells": each}
                        for line, each in enumerate(cells, start=2)
                    ],
                )
        _insert(connection, "staging.lines", lines)
        connection.execute(paths.sql_file("staging.vital_status").read_text("utf-8"))
        if "covariates" in self._study:
            # a column that is not of the native format is read for its studies alone
            readings.read_cells(connection)
        connection.execute("commit")
        return connection

    def _with_defaults(self) -> dict[str, list[Row]]:
        patients = list(
            dict.fromkeys(
                row["patient_id"]
                for name, rows in self._tables.items()
                for row in rows
                if name in NATIVE
            )
        )
        tables = dict(self._tables)
        for name in NATIVE:
            default = _days(DEFAULTS[name]) if DEFAULTS[name] else {}
            if name not in tables:
                tables[name] = [{"patient_id": one} for one in patients] if default else []
            tables[name] = [default | row for row in tables[name]]
        return tables


def study_keys(text: str) -> dict[str, Any]:
    """Return the study file's keys: those of a test's text, the rest as in `STUDY`."""
    keys = yaml.safe_load(STUDY)
    for name, value in (yaml.safe_load(text) or {}).items():
        keys[name] = keys[name] | value if name in ("marker", "arms") else value
    return keys


def _days(row: Row) -> Row:
    return parse("|" + "|".join(row) + "|\n|" + "|".join(str(v) for v in row.values()) + "|")[0]


def _placed(table: str, row: Row, line: int) -> Row:
    """Return a row with where it stood, and a result with what staging makes of it."""
    placed = {"delivery": table, "file_line": str(line), "record": f"{table}:{line}"} | row
    if table == "labs":
        value, unit = placed["value"], placed["unit"]
        placed = {"standard_value": value, "standard_unit": unit} | placed
    if table == "treatments":
        drug = read_drug(placed["drug"] or "")
        placed = {"substances": drug.substances, "certainty": drug.certainty} | placed
        placed = {"may_be": drug.may_be} | placed
    return placed


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put rows into a table, in the columns that it has; what a row does not name is null."""
    if not rows:
        return
    described = connection.execute(f"describe {table}").fetchall()
    columns = [name for name, *_ in described if any(name in row for row in rows)]
    marks = "(" + ", ".join("?" for _ in columns) + ")"
    connection.execute(
        f"insert into {table} ({', '.join(columns)}) values {', '.join(marks for _ in rows)}",
        [row.get(name) for row in rows for name in columns],
    )


def _line(table: str, row: Row, line: int) -> Row:
    """Return the line of a delivery that a row came with."""
    return {
        "table_name": table,
        "delivery": table,
        "line": str(line),
        "position": "1",
        "delivered_on": on_day(0).isoformat(),
        "patient": row.get("patient_id"),
        "record": f"{table}:{line}",
        "status": "latest",
    }


@cache
def template(study: str, censor: str | None) -> Path:
    """Return a database with the study's tables and empty staging tables."""
    warehouse = _warehouse(study, censor)
    if study or censor:
        shutil.copyfile(template("", None), warehouse.database)
        _prepare(warehouse)
        return warehouse.database
    _prepare(warehouse)
    of_cohort = [name for table in _files("cohort") for name in _sources(table)]
    made = [f"staging.{table}" for table in ("received", "lines", *NATIVE)]
    for name in dict.fromkeys([*made, *of_cohort]):
        if name.startswith("staging."):
            made += [each for each in (*_needed(name), name) if each not in made]
    warehouse.write("staging.exports", pd.DataFrame(columns=list(COLUMNS)), COLUMNS, "exports")
    with warehouse.connect() as connection:
        readings.prepare(connection)
        for name in made:
            warehouse.run_sql(name)
        for table in NATIVE:
            connection.execute(
                f"create table staging.{table}_set_aside as "
                f"select *, null::varchar[] as columns from staging.{table} where false"
            )
    return warehouse.database


def _warehouse(study: str, censor: str | None) -> Warehouse:
    folder = Path(tempfile.mkdtemp(prefix="il6-specification-"))
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump(study_keys(study)), encoding="utf-8")
    site = Site(
        home=str(folder / "home"),
        landing=str(folder / "landing"),
        study_file=str(file),
        censor=censor,
    )
    return Warehouse(site=site)


def _prepare(warehouse: Warehouse) -> None:
    """Make what the SQL of registry and study reads: here one database holds both."""
    with warehouse.connect() as connection:
        prepare_registry(connection, warehouse.site)
        prepare_study(connection, warehouse.site)


def _files(schema: str) -> list[str]:
    return [f"{schema}.{path.stem}" for path in paths.sql_file(f"{schema}.*").parent.glob("*.sql")]


@cache
def _sources(table: str) -> tuple[str, ...]:
    """Return the tables of staging and cohort that a table's SQL reads and that have their own."""
    sql = paths.sql_file(table).read_text("utf-8")
    sql = re.sub(r"--.*", "", sql)
    sql = re.sub(r"comment on [^;]*;", "", sql)
    found = dict.fromkeys(re.findall(r"\b(?:from|join)\s+((?:staging|cohort)\.\w+)", sql))
    return tuple(name for name in found if name != table and paths.sql_file(name).exists())


def _needed(table: str) -> list[str]:
    """Return the tables of its own schema that must be made before a table, in order."""
    order: list[str] = []
    schema = table.split(".")[0]
    for source in _sources(table):
        if source.startswith(f"{schema}."):
            order += [name for name in (*_needed(source), source) if name not in order]
    return order
