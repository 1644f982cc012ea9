"""Dagster's event log in one SQLite file, over connections that are kept.

Belongs here: how the file is opened. Does not belong here: what is written; that is Dagster's.

A refresh writes about seven hundred events. Dagster's own class makes an engine and opens the file
anew for each of them and waits for the disk each time. Medians of three refreshes: 20.1 CPU
seconds and 7.7 MB of Dagster's folder with it, 13.5 and 5.7 MB with this one. In write-ahead mode
`synchronous = normal` may lose the last events when the power fails, never the file
(https://sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

from dagster import AssetKey, EventLogEntry, EventLogRecord
from dagster._core.execution.plan.outputs import StepOutputData
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine, event

BUSY_SECONDS = 300

# every process that opens the instance (command line, daemon, code server, run) reads this module
# first: whatever it writes is for its owner only
os.umask(0o077)


class EventLog(ConsolidatedSqliteEventLogStorage):
    """The event log; `dagster.yaml` of an installation names it."""

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(self._conn_string, connect_args={"timeout": BUSY_SECONDS})

        @event.listens_for(engine, "connect")
        def _settle(connection: object, _record: object) -> None:
            connection.execute("pragma synchronous = normal")  # type: ignore[attr-defined]

        return engine

    @contextmanager
    def _kept(self) -> Generator[Connection, None, None]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @cached_property
    def _tables(self) -> set[str]:
        return set()

    def has_table(self, table_name: str) -> bool:
        """Tell whether the file has a table; Dagster asks anew before each look at a partition."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    @cached_property
    def _asset_columns(self) -> set[str]:
        return set()

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        """Tell whether the table of assets has a column; Dagster asks anew for each event."""
        has = super()._has_asset_key_col_on_connection
        if column_name not in self._asset_columns and has(conn, column_name):
            self._asset_columns.add(column_name)
        return column_name in self._asset_columns

    @cached_property
    def _unpacked(self) -> dict[str, tuple[Any, EventLogRecord | None]]:
        return {}

    def _get_latest_materialization_records(
        self, raw_asset_rows: Sequence[Any]
    ) -> dict[AssetKey, EventLogRecord | None]:
        """Return each table's last event; Dagster unpacks it anew for each asset that reads it."""
        packed = {
            str(row["asset_key"]): (row["last_materialization"], row["asset_details"])
            for row in raw_asset_rows
        }
        fresh = [
            row
            for row in raw_asset_rows
            if self._unpacked.get(row["asset_key"], (None,))[0] != packed[row["asset_key"]]
        ]
        found = super()._get_latest_materialization_records(fresh) if fresh else {}
        keys = {name: key for name in packed if (key := AssetKey.from_db_string(name))}
        for row in fresh:
            name = row["asset_key"]
            self._unpacked[name] = packed[name], found.get(keys[name])
        return {key: self._unpacked[name][1] for name, key in keys.items()}

    def prepare_insert_event(self, event: EventLogEntry) -> Any:
        """Return the statement that stores an event, a step's output without its metadata."""
        happened = event.dagster_event
        if happened is not None and happened.is_successful_output:
            output = happened.event_specific_data
            assert isinstance(output, StepOutputData)
            bare = happened._replace(event_specific_data=output._replace(metadata={}))
            event = event._replace(dagster_event=bare)
        return super().prepare_insert_event(event)

    def run_connection(self, run_id: str | None) -> AbstractContextManager[Connection]:
        """Return a connection for a run's events."""
        return self._kept()

    def index_connection(self) -> AbstractContextManager[Connection]:
        """Return a connection for what is asked across runs."""
        return self._kept()

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()  # type: ignore[no-untyped-call]
        self._engine.dispose()
