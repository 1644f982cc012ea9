"""The DuckDB databases: where tables live, who writes them, how they are written.

Belongs here: opening and locking the registry's and a study's database, running a table's SQL file.
Does not belong here: what a table means (`sql/`, `analysis`), where files lie (`home`).

A database has one writer and no reader but the platform. Analysts read what is published.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import duckdb
import pandas as pd
from filelock import FileLock, Timeout

from il6_platform import paths
from il6_platform.bounded import execute_whole
from il6_platform.files import put_whole, write_whole
from il6_platform.registry.exports import ExportError, read_csv
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.study import Study
from il6_platform.translation import Translator
from il6_platform.warehouse import study_tables
from il6_platform.warehouse.home import BusyError, Site, damage_mark, remove_database, written_out
from il6_platform.warehouse.integrity import open_key
from il6_platform.workers import WorkerPool

T = TypeVar("T")

LARGE = 64 * 2**20
"""Bytes of a database whose queries use all cores."""

SPARED = 3 * 2**29
"""Bytes of memory that queries may take beside the size of their database."""

MOST = 2**32
"""Bytes of memory that queries may take, however large their database is."""

MANY = 10_000
"""Rows of a table from which on equal texts are one object."""

HELD = 2**29
"""Bytes of memory that queries may take while analyses are made: these read and write little."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as DuckDB knows it: the data dictionary's one source is the comment."""

    name: str
    type: str
    comment: str | None


class Warehouse:
    """The database of a running refresh: the registry's, or in a study's partition the study's.

    Holding it means that no other refresh of the same database runs. A run of a command that
    refreshes several leaves the data manager's lists to that command (`lists_later`).
    """

    def __init__(
        self,
        site: Site,
        holds: Literal["registry", "study"] = "registry",
        *,
        lists_later: bool = False,
    ) -> None:
        self.site = site
        self._lists_later = lists_later and not site.as_of
        self.holds: Literal["registry", "study"] = holds
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._made: dict[str, Any] = {}
        self._workers: WorkerPool | None = None
        self._columns: dict[str, list[Column]] | None = None

    @contextmanager
    def held(self, logger: logging.Logger) -> Generator[None, None, None]:
        """Hold the database, prepared, for as long as the block lasts.

        Raises
        ------
        BusyError
            Where another refresh of it does not end in time.
        """
        holder = self.lock_path.with_suffix(".holder")
        with locked(self.lock_path, self.site, logger):
            # a home without its own key must not be written: every patient would be a second one
            open_key(self.site.home_path)
            write_whole(holder, "")
            if self.holds == "registry" and self.site.as_of:
                self.site.begin_look_back()
            self._workers = WorkerPool(beside=written_out(self.database))
            try:
                # a query that was killed has left patients' rows there
                shutil.rmtree(written_out(self.database), ignore_errors=True)
                self.drop_if_damaged(logger)
                # one connection for the run: opening the file for each query costs more than both
                with self.connect():
                    self.prepare(logger)
                    try:
                        yield
                    finally:
                        self.leave_documents()
                if self.holds == "study" and not self._lists_later:
                    # what a record costs is known once the study is derived
                    Warehouse(site=self.site).leave_lists(logger)
                holder.unlink(missing_ok=True)
            finally:
                self.workers.shutdown()
                self._workers = None

    def drop_if_damaged(self, logger: logging.Logger) -> None:
        """Take away a database that cannot be read: it is a cache, and is made again."""
        mark = damage_mark(self.database)
        if not self.database.exists():
            mark.unlink(missing_ok=True)
            return
        try:
            duckdb.connect(self.database).close()
        except duckdb.Error as error:
            # a block that cannot be read is no lock
            if "could not set lock" in str(error).lower():
                raise
            write_whole(mark, "")
        if not mark.exists():
            return
        logger.warning(f"{self.database.name} is damaged; it is made again.")
        if self.holds == "registry":
            self.site.registry_content_path.unlink(missing_ok=True)
        remove_database(self.database)
        mark.unlink()

    @property
    def lock_path(self) -> Path:
        """The file whose lock the refresh of this database holds."""
        if self.holds == "registry":
            return self.site.home_path / "registry.lock"
        return self.site.study_folder / "refresh.lock"

    @property
    def database(self) -> Path:
        """The database's file."""
        if self.holds == "registry":
            return self.site.registry_database
        return self.site.working_database

    def leave_documents(self) -> None:
        """Leave the data manager's worklist, whatever became of the refresh.

        Where studies of the same command follow, it is written once, after them.
        """
        follow = self._lists_later and self.site.registry_content_path.exists()
        if self.holds == "registry" and not follow:
            self.leave_worklist()

    def leave_lists(self, logger: logging.Logger) -> None:
        """Write worklist and quality page of a registry that is at rest, where it was read."""
        if self.site.registry_content_path.exists():
            with locked(self.lock_path, self.site, logger):
                self.leave_worklist()

    @contextmanager
    def leaving_lists(self, logger: logging.Logger) -> Generator[None, None, None]:
        """Write worklist and quality page once after all runs of a block, however they ended.

        A command that is killed before leaves a file, by which the next one knows and writes them.
        """
        due = self.lock_path.with_suffix(".lists")
        write_whole(due, "")
        is_busy = False
        try:
            yield
        except BusyError:
            # whoever refreshes the registry writes them
            is_busy = True
            raise
        finally:
            if not is_busy:
                self.leave_lists(logger)
                due.unlink(missing_ok=True)

    def leave_worklist(self) -> None:
        """Write the data manager's worklist and quality page, whatever became of the refresh.

        A look back (`as_of`) is no work to do, so it leaves the list as it is.
        """
        if self.site.as_of:
            return
        from il6_platform.validation import quality_page, worklist
        from il6_platform.validation.rulebook import book

        landing, translator = self.site.landing_path, self._translator()
        with self.connect() as connection:
            study_tables.collect_costs(connection, self.site)
            places = worklist.write(
                connection,
                self.site.home_path,
                book(),
                lambda file: (landing / file).exists(),
                self._numbers,
                str if translator is None else translator.say,
            )
            quality_page.write(connection, self.site.home_path, book(), places, translator)

    def _translator(self) -> Translator | None:
        """Return what says worklist and quality page in the default study's language."""
        language = self.site.study.language
        return None if language == "en" else Translator(language, part="quality")

    def _numbers(self, delivery: str, lines: pd.Index) -> pd.Series:
        """Return the registry's patient numbers on lines of a kept export, none where it is gone.

        Of millions of lines few have a problem: no object is made for the others.
        """
        try:
            export = read_csv((self.site.kept_path / delivery).read_bytes())
            column = export.columns[export.header.index("patient_id")]
        except (OSError, ExportError, ValueError):
            return pd.Series(dtype=object)
        places = pd.Index(export.lines).get_indexer(lines)
        found = places >= 0
        return pd.Series(column.take(places[found]).to_pylist(), lines[found], dtype=object)

    @property
    def workers(self) -> WorkerPool:
        """Other processes, for what needs neither this database nor Dagster."""
        self._workers = self._workers or WorkerPool(0)
        return self._workers

    @property
    def study(self) -> Study:
        """The study that is asked."""
        return self.site.study

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """The site's pseudonyms; their key never leaves IL6_HOME."""
        return open_key(self.site.home_path)

    @contextmanager
    def connect(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """Open the database for as long as the block lasts; blocks may be nested."""
        self._columns = None
        with self._connected() as connection:
            yield connection

    @contextmanager
    def _connected(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """Open the database for what changes no table's columns."""
        with _marked_if_damaged(self.database):
            if self._connection is not None:
                yield self._connection
                return
            with self._opened() as connection:
                yield connection

    @contextmanager
    def _opened(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        self._columns = None
        try:
            with duckdb.connect(self.database) as connection:
                os.chmod(self.database, 0o600)
                connection.execute("set timezone = 'UTC'")
                self._settle(connection)
                self._connection = connection
                try:
                    yield connection
                finally:
                    self._connection = None
        finally:
            if self._erased_mark.exists():
                self.write_anew()

    def _settle(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Have a large database asked by all cores, in a part of the memory, as its SQL is written.

        DuckDB's threads else wait for each other: a refresh of sixty patients takes a fifteenth
        less of processors and of time with one. Its own limit of memory is that of the machine.
        Of which side of a join it holds in memory it judges by guesses, tens of times too low for
        a table of several kinds of lines: of a million results it held all with all their cells
        where our right side, a row a patient, is small.
        """
        files = (self.database, self.database.with_name(f"{self.database.name}.wal"))
        size = sum(file.stat().st_size for file in files if file.exists())
        is_large = size >= LARGE
        connection.execute("reset threads" if is_large else "set threads = 1")
        guesses = "build_side_probe_side" if is_large else ""
        connection.execute(f"set disabled_optimizers = '{guesses}'")
        # what is held just now may be more
        with suppress(duckdb.OutOfMemoryException):
            limit = min(SPARED + size, MOST, _memory_of_machine())
            connection.execute(f"set memory_limit = '{limit >> 20}MiB'")

    def hold_little(self) -> None:
        """Let go of what queries held, until a table is made again: statistics need the memory."""
        with self._connected() as connection, suppress(duckdb.OutOfMemoryException):
            connection.execute(f"set memory_limit = '{min(HELD, _memory_of_machine()) >> 20}MiB'")

    @property
    def _erased_mark(self) -> Path:
        """The file that is there while a database holds rows which were erased."""
        return self.database.with_suffix(".erased")

    def write_anew_when_closed(self) -> None:
        """Have the database written anew once nobody has it open: rows were erased.

        A process that is killed before leaves that to the next one which opens the database.
        """
        write_whole(self._erased_mark, "")

    def write_anew(self) -> None:
        """Copy the database into a fresh file in its place: deleted rows linger in one."""
        database = self.database
        fresh = database.with_name(f".{database.name}")
        fresh.unlink(missing_ok=True)
        with duckdb.connect() as connection:
            for name, path, how in (("old", database, "(read_only)"), ("fresh", fresh, "")):
                quoted = str(path).replace("'", "''")
                connection.execute(f"attach '{quoted}' as {name} {how}")
            connection.execute("copy from database old to fresh")
        put_whole(fresh, database)
        self._erased_mark.unlink(missing_ok=True)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what was made under a name in this run, made on first use."""
        if name not in self._made:
            self._made[name] = make()
        return cast(T, self._made[name])

    def prepare(self, logger: logging.Logger | None = None) -> None:
        """Make schemas, macros and the tables that all SQL of this database reads."""
        with self.connect() as connection:
            if self.holds == "registry":
                study_tables.prepare_registry(connection, self.site)
            else:
                with (
                    locked(self.site.home_path / "registry.lock", self.site, logger),
                    _marked_if_damaged(self.site.registry_database),
                ):
                    study_tables.copy_registry(connection, self.site)
                study_tables.prepare_study(connection, self.site)
                study_tables.take_partial_days(connection, self.study)

    def run_sql(self, table: str) -> None:
        """Make a table by its SQL file (`staging.labs`: `sql/staging/labs.sql`), all or nothing."""
        statements = paths.sql_file(table).read_text(encoding="utf-8")
        with self.connect() as connection:
            self._settle(connection)
            execute_whole(connection, statements)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pd.DataFrame:
        """Answer a query from the working database."""
        with self._connected() as connection:
            return connection.execute(sql, parameters).df()

    def read(self, table: str, columns: Sequence[str] = ("*",)) -> pd.DataFrame:
        """Return a whole table, or some of its columns, in its stored order."""
        with self._connected() as connection:
            rows = connection.sql(f"select {', '.join(columns)} from {table}")
            return frame_of(rows, self.row_count(table))

    def write(
        self, table: str, frame: pd.DataFrame, columns: Mapping[str, tuple[str, str]], comment: str
    ) -> None:
        """Replace a table by a frame.

        Parameters
        ----------
        table
            `schema.table`.
        frame
            Rows; its columns are those of `columns`, in any order.
        columns
            Name -> (DuckDB type, sentence for the data dictionary; none where it is empty).
        comment
            Sentence on the table.
        """
        declared = ", ".join(f'"{name}" {kind}' for name, (kind, _) in columns.items())
        with self.connect() as connection:
            connection.execute("begin")
            connection.execute(f"create or replace table {table} ({declared})")
            connection.register("incoming", frame)
            connection.execute(f"insert into {table} by name select * from incoming")
            connection.unregister("incoming")
            comment_on(
                connection,
                ("table", table, comment),
                *(
                    ("column", f'{table}."{name}"', words)
                    for name, (_, words) in columns.items()
                    if words
                ),
            )
            connection.execute("commit")

    def columns(self, table: str) -> list[Column]:
        """Return a table's columns with their comments."""
        if self._columns is None:
            # DuckDB looks through all tables for one, too
            with self._connected() as connection:
                found = connection.execute(
                    "select schema_name || '.' || table_name, column_name, data_type, comment "
                    "from duckdb_columns() where database_name = current_database() "
                    "order by schema_name, table_name, column_index"
                ).fetchall()
            self._columns = {}
            for of, *column in found:
                self._columns.setdefault(of, []).append(Column(*column))
        return self._columns.get(table, [])

    def column_types(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return name -> type of the columns of each of the tables."""
        return {table: {one.name: one.type for one in self.columns(table)} for table in tables}

    def row_count(self, table: str) -> int:
        """Return the number of rows of a table."""
        with self._connected() as connection:
            # one row fetched of one would leave the result open
            ((rows,),) = connection.execute(f"select count(*) from {table}").fetchall()
        return int(rows)


@cache
def _memory_of_machine() -> int:
    """Return the bytes that DuckDB takes by itself: four fifths of machine or container."""
    with duckdb.connect() as fresh:
        ((said,),) = fresh.execute("select current_setting('memory_limit')").fetchall()
    number, unit = said.split()
    return int(float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit))


def frame_of(rows: duckdb.DuckDBPyRelation, count: int) -> pd.DataFrame:
    """Return rows, about `count` of them, of which many that hold the same text hold one object.

    DuckDB makes one of every cell: of a million patients with a dozen categories each these would
    be most of the memory, which Python keeps when they are gone. A column is read by itself, since
    all at once would be held twice.
    """
    if count < MANY:
        return rows.df()
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    others = [f'"{name}"' for name, kind in kinds.items() if kind != "VARCHAR"]
    cells = dict((rows.select(", ".join(others)) if others else rows.limit(0)).df().items())
    for name, kind in kinds.items():
        if kind == "VARCHAR":
            cells[name] = rows.select(f'"{name}"').to_arrow_table().column(0).to_pandas()
    return pd.DataFrame({name: cells[name] for name in kinds})


def is_held(path: Path) -> bool:
    """Say whether somebody holds a lock of the home at this moment."""
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0, mode=0o600):
            return False
    except Timeout:
        return True


@contextmanager
def _marked_if_damaged(database: Path) -> Generator[None, None, None]:
    """Mark a database in which a block cannot be read: the next refresh makes it again."""
    try:
        yield
    except duckdb.Error as error:
        said = str(error)
        if "Corrupt" in said or "checksum" in said or "Could not read enough" in said:
            write_whole(damage_mark(database), "")
        raise


@contextmanager
def locked(
    path: Path, site: Site, logger: logging.Logger | None = None
) -> Generator[None, None, None]:
    """Hold a lock of the home; it ends with its process, however that ends.

    Raises
    ------
    BusyError
        Where whoever holds it does not let go in time.
    """
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        (logger or logging.getLogger(__name__)).info(
            "Another refresh is running; this one waits for it to end."
        )
        try:
            lock.acquire(timeout=site.wait_seconds)
        except Timeout:
            raise BusyError(
                f"another refresh of {site.home} is running; try again when it has ended"
            ) from None
    try:
        yield
    finally:
        lock.release()


def comment_on(connection: duckdb.DuckDBPyConnection, *comments: tuple[str, str, str]) -> None:
    """Put sentences on tables and columns, each (kind, name, sentence).

    DuckDB takes no parameter here, so they are quoted.
    """
    connection.execute(
        ";".join(
            f"comment on {kind} {name} is '{sentence.replace(chr(39), chr(39) * 2)}'"
            for kind, name, sentence in comments
        )
    )


def copy_tables(
    connection: duckdb.DuckDBPyConnection, schema: str, target: Path, database: str = "working"
) -> None:
    """Write all tables of a schema of an open database, with their comments, into a new file.

    They go to the file's main schema: DuckDB names a database after its file, so `report.results`
    is found in `report.duckdb` by every client. A schema of the same name beside it would make
    just that spelling ambiguous.
    """
    target.unlink(missing_ok=True)
    quoted = str(target).replace("'", "''")
    connection.execute(f"attach '{quoted}' as target")
    try:
        here = [database, schema]
        tables = connection.execute(
            "select table_name, comment from duckdb_tables() "
            "where database_name = ? and schema_name = ? order by table_name",
            here,
        ).fetchall()
        columns = connection.execute(
            "select table_name, column_name, comment from duckdb_columns() "
            "where database_name = ? and schema_name = ? and comment is not null "
            "order by table_name, column_index",
            here,
        ).fetchall()
        for table, _ in tables:
            connection.execute(
                f"create table target.main.{table} as from {database}.{schema}.{table}"
            )
        comment_on(
            connection,
            *(("table", f"target.main.{table}", comment or table) for table, comment in tables),
            *(("column", f'target.main.{t}."{column}"', words) for t, column, words in columns),
        )
    finally:
        connection.execute("detach target")
