"""A cohort of a few rows: staging tables and study from text, the project's SQL run on them.

The staging tables are the real ones, made empty by `sql/staging`, so a column that is added there
is there; a test names the columns that its rule is about, the others are null or have the default
of their table.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
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


Shared = tuple[str, str | None, float | None]
"""What cases must have in common to stand in one cohort: study file, censoring day, cut-off."""

Beside = Callable[[Shared], "tuple[Cohort, str] | None"]
"""Finds the cohort in which a case stands with others, and the prefix of its patients' numbers."""


class Specification:
    """One rule's cohort: what is given, and what must come of it.

    Examples
    --------
    >>> rule = Specification()
    >>> rule.given(labs="| patient_id | value |\\n| p1 | 7 |")
    >>> rule.expect(subjects="| USUBJID | MARKER |\\n| p1 | 7 |")
    """

    def __init__(self, beside: Beside = lambda _: None) -> None:
        self._tables: dict[str, list[Row]] = {}
        self._study = ""
        self._censor: str | None = None
        self._cutoff: float | None = 5.0
        self._cohort: Cohort | None = None
        self._beside, self._prefix = beside, ""

    @property
    def shared(self) -> Shared:
        """What other cases have too, whose patients can stand in one cohort with these."""
        return self._study, self._censor, self._cutoff

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
        self._cohort = self._cohort or self._fill()
        return self._cohort.rows(table, columns, self._prefix)

    def close(self) -> None:
        """Leave the connection, unless others stand in the same cohort."""
        if self._cohort is not None and not self._prefix:
            self._cohort.connection.close()

    def _fill(self) -> Cohort:
        found = self._beside(self.shared)
        if found is not None:
            cohort, self._prefix = found
            return cohort
        cohort = Cohort(self.shared)
        cohort.add(self.tables(), "")
        return cohort

    def tables(self) -> dict[str, list[Row]]:
        """Return the rows of each table, with what they do not say themselves."""
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


class Cohort:
    """A database of staging tables, and the cohort tables that were made of them so far."""

    def __init__(self, shared: Shared) -> None:
        study, censor, cutoff = shared
        self.connection = duckdb.connect()
        self._made: set[str] = set()
        self._has_own_columns = "covariates" in study
        file = str(template()).replace("'", "''")
        self.connection.execute(f"attach '{file}' as template (read_only)")
        self.connection.execute("copy from database template to memory")
        self.connection.execute("detach template")
        if study or censor:
            prepare_study(self.connection, _warehouse(study, censor).site)
        self.connection.execute(
            "create table analysis.cutoff as select 'cutoff' as statistic, ?::double as estimate",
            [cutoff],
        )

    def add(self, tables: dict[str, list[Row]], prefix: str) -> None:
        """Put rows into the staging tables, before a cohort table is made of them."""
        tables = {name: [_named(row, prefix) for row in rows] for name, rows in tables.items()}
        received = {row["patient_id"]: row for row in tables.pop("received", [])}
        lines: list[Row] = []
        self.connection.execute("begin")
        for name, rows in tables.items():
            numbered = list(enumerate(rows, start=2))
            if name == "lines":
                lines += [_line("patients", row, 100 + n, prefix) | row for n, row in numbered]
                continue
            placed = [_placed(name, row, line, prefix) for line, row in numbered]
            _insert(self.connection, f"staging.{name}", placed)
            if name in NATIVE:
                lines += [_line(name, row, line, prefix) for line, row in numbered]
                # a column that is not of the native format is known to raw alone
                as_received = [row | received.get(row["patient_id"], {}) for row in rows]
                cells = [{k: v for k, v in row.items() if v} for row in as_received]
                _insert(
                    self.connection,
                    f"raw.{name}",
                    [
                        {"delivery": prefix + name, "line": line, "cells": each}
                        for line, each in enumerate(cells, start=2)
                    ],
                )
        _insert(self.connection, "staging.lines", lines)
        self.connection.execute("commit")

    def rows(self, table: str, columns: Sequence[str], prefix: str) -> list[tuple]:
        """Return the rows of a cohort table that are of patients with a prefix, without it."""
        if self._has_own_columns and not self._made:
            # a column that is not of the native format is read for its studies alone
            readings.read_cells(self.connection)
        wanted = [*_needed(f"cohort.{table}"), f"cohort.{table}"]
        for name in ["staging.vital_status", *wanted]:
            if name not in self._made:
                self.connection.execute(paths.sql_file(name).read_text("utf-8"))
                self._made.add(name)
        named = ", ".join(f'"{column}"' for column in columns)
        if not prefix:
            return self.connection.execute(f"select {named} from cohort.{table}").fetchall()
        described = self.connection.execute(f"describe cohort.{table}").fetchall()
        (key,) = {"USUBJID", "patient_id"} & {name for name, *_ in described}
        found = self.connection.execute(
            f'select {named} from cohort.{table} where starts_with("{key}", ?)', [prefix]
        ).fetchall()
        return [
            tuple(cell.removeprefix(prefix) if isinstance(cell, str) else cell for cell in row)
            for row in found
        ]


def study_keys(text: str) -> dict[str, Any]:
    """Return the study file's keys: those of a test's text, the rest as in `STUDY`."""
    keys = yaml.safe_load(STUDY)
    for name, value in (yaml.safe_load(text) or {}).items():
        keys[name] = keys[name] | value if name in ("marker", "arms") else value
    return keys


def _days(row: Row) -> Row:
    return parse("|" + "|".join(row) + "|\n|" + "|".join(str(v) for v in row.values()) + "|")[0]


def _named(row: Row, prefix: str) -> Row:
    """Return a row whose patient's number has a prefix."""
    return {
        name: prefix + cell if cell and name in ("patient_id", "patient") else cell
        for name, cell in row.items()
    }


def _placed(table: str, row: Row, line: int, prefix: str) -> Row:
    """Return a row with where it stood, and a result with what staging makes of it."""
    where = {"delivery": prefix + table, "file_line": str(line)}
    placed = where | {"record": f"{prefix}{table}:{line}"} | row
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


def _line(table: str, row: Row, line: int, prefix: str) -> Row:
    """Return the line of a delivery that a row came with."""
    return {
        "table_name": table,
        "delivery": prefix + table,
        "line": str(line),
        "position": "1",
        "delivered_on": on_day(0).isoformat(),
        "patient": row.get("patient_id"),
        "record": f"{prefix}{table}:{line}",
        "status": "latest",
    }


@cache
def template() -> Path:
    """Return a database with the tables of an ordinary study and empty staging tables."""
    warehouse = _warehouse("", None)
    with warehouse.connect() as connection:
        # here one database holds what the SQL of registry and study reads
        prepare_registry(connection, warehouse.site)
        prepare_study(connection, warehouse.site)
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
