"""What `il6 refresh --as-of DAY --censor DAY` would see, for any day, from one reading of the data.

Belongs here: the staging rows with the day on which each record was first delivered, and the cohort
tables made of those that a day knows. Nothing is derived here: `sql/cohort` does that, on staging
tables that are views of what was known. Does not belong here: which days are looked at (that is
the analysis).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from il6_platform.bounded import execute_whole
from il6_platform.paths import sql_file
from il6_platform.warehouse.database import HELD, frame_of
from il6_platform.warehouse.study_tables import define_marker_value, read_macros

SOURCES = (
    "settings",
    "endpoints",
    "endpoint_sources",
    "markers",
    "marker_parts",
    "marker_units",
    "decisive",
    "deliveries",
    "lines",
    "patients",
    "treatments",
    "labs",
    "assessments",
    "contacts",
    "deaths",
    "outcomes",
)
"""Queries of `sql/replay` on the working database; rows of records have `known_from`."""

DERIVED = ("subjects", "adrs", "adtr", "adtte")
"""Cohort tables that are made anew, in this order."""

BEFORE = ("time_zero", "markers", "marker_values", "as_read")
"""Cohort tables that these are made of."""


MOST_AT_ONCE = 500_000
"""Patients of all looks that are derived together."""


class Packed(Mapping[str, pa.Table]):
    """Arrow tables in a third of their room; each is unpacked where it is read.

    Examples
    --------
    >>> packed = Packed([("numbers", pa.table({"n": [1, 2]}))])
    >>> packed["numbers"]["n"].to_pylist()
    [1, 2]
    """

    def __init__(self, tables: Iterable[tuple[str, pa.Table]]) -> None:
        self._packed = {name: _packed(table) for name, table in tables}

    def __getitem__(self, name: str) -> pa.Table:
        return pa.ipc.open_stream(self._packed[name]).read_all()

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


@dataclass(frozen=True)
class DeliveredRecords:
    """The records behind a cohort, with the day on which each was first delivered.

    Attributes
    ----------
    tables
        Source -> its rows: of a million patients they are there in several processes at once.
    covariates
        Covariates of each patient by USUBJID, as they are known today.
    first_delivered_on, known_on
        Day of the first delivery; last day that is known (of the last delivery, or of censoring).
    beside
        Folder for what finds no room in memory, where this machine has it.
    """

    tables: Packed
    covariates: pd.DataFrame
    first_delivered_on: date
    known_on: date
    beside: Path | None = None

    def as_known_on(self, days: Sequence[date]) -> Iterator[dict[str, pd.DataFrame]]:
        """Yield the cohort tables as known on each of the days.

        They are `adsl` (without MARKERGR), `adrs`, `adtr` and `adtte`, as `cohort` holds them. Days
        are derived together, since DuckDB takes longer to plan a derivation than to run it; of many
        patients a few at a time.
        """
        at_once = max(1, MOST_AT_ONCE // max(self.tables["patients"].num_rows, 1))
        for start in range(0, len(days), at_once):
            yield from self._known_on(days[start : start + at_once])

    def _known_on(self, days: Sequence[date]) -> Iterator[dict[str, pd.DataFrame]]:
        looks = pa.table({"look": pa.array(range(len(days)), pa.int32()), "known_on": [*days]})
        with _room(self.beside) as folder, duckdb.connect() as connection:
            connection.execute("set threads = 1")
            connection.execute(f"set memory_limit = '{HELD >> 20}MiB'")
            connection.execute("set temp_directory = $folder", {"folder": folder})
            for schema in ("delivered", "raw", "staging", "study", "cohort"):
                connection.execute(f"create schema {schema}")
            for name, table in (*self.tables.items(), ("looks", looks)):
                connection.register("given", table)
                connection.execute(f"create table delivered.{name} as from given")
                connection.unregister("given")
            connection.execute(sql_file("replay.views").read_text(encoding="utf-8"))
            read_macros(connection, "cells", "partial")
            define_marker_value(connection)
            connection.execute(
                "set variable known_until = "
                "(select list(moved(least(l.known_on, s.censored_on), l.look) order by l.look) "
                "from delivered.looks as l cross join delivered.settings as s)"
            )
            for table in (*BEFORE, *DERIVED):
                sql = sql_file(f"cohort.{table}").read_text(encoding="utf-8")
                for statement in connection.extract_statements(sql):
                    # comments are of the tables that people read
                    if statement.type == duckdb.StatementType.CREATE:
                        execute_whole(connection, statement.query)
            many = self.tables["patients"].num_rows
            asked = {table: _query_of_look(connection, table) for table in DERIVED}
            for look in range(len(days)):
                made = {
                    table: frame_of(connection.sql(query.format(look=look)), many)
                    for table, query in asked.items()
                }
                subjects = made.pop("subjects")
                subjects = subjects[subjects["ITTFL"] == "Y"].reset_index(drop=True)
                yield {"adsl": subjects.merge(self.covariates, on="USUBJID", how="left"), **made}

    def unchanged_since(self, days: Sequence[date]) -> list[date]:
        """Return for each day the first one from which on what is known is what is known on it.

        That is the day of the last delivery by then, where none of its records has a later day.
        """
        if self.tables["outcomes"].num_rows:
            # an outcome is a time, whose end is cut by the day itself
            return [*days]
        latest = [date.min] * len(days)
        for table in self.tables.values():
            if "known_from" not in table.column_names:
                continue
            dated = table.select([one.name for one in table.schema if _is_dated(one.type)])
            for i, day in enumerate(days):
                known = dated.filter(pc.less_equal(dated["known_from"], pa.scalar(day)))
                found = (pc.max(column.cast(pa.date32())).as_py() for column in known.columns)
                latest[i] = max(latest[i], *(one or date.min for one in found))
        return [min(one, day) for one, day in zip(latest, days, strict=True)]


def _is_dated(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _packed(table: pa.Table) -> pa.Buffer:
    """Return a table in a third of its room."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
        stream.write_table(table)
    return sink.getvalue()


@contextmanager
def _room(beside: Path | None) -> Iterator[str]:
    """Give a folder for what finds no room: the home's, which patients' rows do not leave."""
    if beside is not None and beside.parent.is_dir():
        # DuckDB makes it once it needs it
        yield str(beside)
    else:
        with TemporaryDirectory() as folder:
            yield folder


def _query_of_look(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return what asks a cohort table for the rows of one `{look}`, as its own refresh has them."""
    made = connection.table(f"cohort.{table}")
    days = [name for name, kind in zip(made.columns, made.types, strict=True) if kind == "DATE"]
    patients = [name for name in ("USUBJID", "SUBJID") if name in made.columns]
    own = ", ".join(
        [
            *(f'moved("{name}", -{{look}}) as "{name}"' for name in days),
            *(f'without_look("{name}") as "{name}"' for name in patients),
        ]
    )
    return f'select * replace ({own}) from cohort.{table} where look_of("USUBJID") = {{look}}'


def read_delivered(
    read: Callable[[str], Any],
    adsl: pd.DataFrame,
    subjects: pd.DataFrame,
    beside: Path | None = None,
) -> DeliveredRecords:
    """Read the records behind a cohort.

    Parameters
    ----------
    read
        Answers a query of the working database with an Arrow table.
    adsl, subjects
        The cohort's tables as they are today.
    beside
        Folder for what finds no room in memory.
    """
    # in an order of their own: that of their making is not the same twice, and sums follow it
    asked = {name: sql_file(f"replay.{name}").read_text(encoding="utf-8") for name in SOURCES}
    tables = Packed((name, read(f"from ({query}\n) order by all")) for name, query in asked.items())
    days = pc.min_max(tables["lines"]["known_from"]).as_py()
    censored_on = tables["settings"]["censored_on"].to_pylist()[0]
    added = [column for column in adsl if column not in subjects and column != "MARKERGR"]
    return DeliveredRecords(
        tables,
        adsl[["USUBJID", *added]],
        days["min"] or date.max,
        min(days["max"] or date.min, censored_on or date.max),
        beside,
    )
