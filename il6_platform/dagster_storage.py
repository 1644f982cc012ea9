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
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any, TypeVar, cast

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    EventLogEntry,
    EventLogRecord,
    EventRecordsResult,
)
from dagster._core.execution.plan.outputs import StepOutputData
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine, event

T = TypeVar("T")

BUSY_SECONDS = 300

# every process that opens the instance (command line, daemon, code server, run) reads this module
# first: whatever it writes is for its owner only
os.umask(0o077)


_PARTITIONS = "(partitions)"
"""Whose answers those on partitions are, beside those of an asset's key."""


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

    @cached_property
    def _answers(self) -> dict[str, dict[Hashable, Any]]:
        return {}

    def _asked_once(self, of: str, question: Hashable, ask: Callable[[], T]) -> T:
        """Return what was answered before, unless something was written that could change it.

        SQLite says whether the file was written over another connection; what is written over this
        one takes away the answers of the asset, or of the partitions, that it is of.
        """
        with self._engine.connect() as connection:
            opened = connection.connection.dbapi_connection
            version = opened.execute("pragma data_version").fetchone()  # type: ignore[union-attr]
            if connection.info.get("data_version") != version:
                connection.info["data_version"] = version
                self._answers.clear()
            given = self._answers.setdefault(of, {})
        if question not in given:
            given[question] = ask()
        return cast(T, given[question])

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether there is such a partition; Dagster asks for each input of each step."""
        of = partitions_def_name, partition_key
        has = super().has_dynamic_partition
        return self._asked_once(_PARTITIONS, of, lambda: has(*of))

    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of a table's last events; Dagster asks for each step that reads it."""
        of = None if asset_partitions is None else tuple(asset_partitions)
        cursors = before_cursor, after_cursor
        latest = super().get_latest_tags_by_partition
        return self._asked_once(
            asset_key.to_string(),
            ("tags", event_type, tuple(tag_keys), of, *cursors),
            lambda: latest(asset_key, event_type, tag_keys, asset_partitions, *cursors),
        )

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a table's last events; Dagster asks for each check of a table in a partition."""
        fetch = super().fetch_materializations
        if limit > 1 or not isinstance(records_filter, AssetRecordsFilter):
            return fetch(records_filter, limit, cursor, ascending)
        return self._asked_once(
            records_filter.asset_key.to_string(),
            ("last", repr(records_filter), cursor, ascending),
            lambda: fetch(records_filter, limit, cursor, ascending),
        )

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event."""
        super().store_event(event)
        happened = event.dagster_event
        if happened is not None and happened.asset_key is not None:
            self._answers.pop(happened.asset_key.to_string(), None)

    def add_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Sequence[str]
    ) -> None:
        """Add partitions where there are none of the names."""
        super().add_dynamic_partitions(partitions_def_name, partition_keys)
        self._answers.pop(_PARTITIONS, None)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Take a partition away."""
        super().delete_dynamic_partition(partitions_def_name, partition_key)
        self._answers.pop(_PARTITIONS, None)

    def wipe(self) -> None:
        """Take all events away."""
        super().wipe()
        self._answers.clear()

    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Take a table's events away."""
        super().wipe_asset(asset_key)
        self._answers.pop(asset_key.to_string(), None)

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Take the events of a table's partitions away."""
        super().wipe_asset_partitions(asset_key, partition_keys)
        self._answers.pop(asset_key.to_string(), None)

    def delete_events(self, run_id: str) -> None:
        """Take a run's events away."""
        super().delete_events(run_id)
        self._answers.clear()

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
