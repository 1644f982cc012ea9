"""The DuckDB warehouse: where tables live, how they are written, how a cut is published.

Belongs here: the working database, its lock, running a table's SQL file, and moving a finished cut
into place. Does not belong here: what a table means; that is `sql/` and `analysis`.

The working database has one writer and no reader but the platform. Analysts read what is published.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import duckdb
import pandas as pd
from dagster import ConfigurableResource, InitResourceContext
from filelock import FileLock, Timeout
from pydantic import PrivateAttr

from il6_platform import paths
from il6_platform.registry.exports import ExportError, read_csv
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.registry.units import analytes, conversions, plain_name
from il6_platform.study import Study
from il6_platform.validation import docs
from il6_platform.warehouse.home import BusyError, Site
from il6_platform.workers import Ahead

T = TypeVar("T")

SCHEMAS = ("study", "raw", "staging", "cohort", "analysis", "report")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as DuckDB knows it: the data dictionary's one source is the comment."""

    name: str
    type: str
    comment: str | None


class Warehouse(ConfigurableResource):
    """The working database of a running refresh; holding it means that no other refresh runs."""

    site: Site
    _connection: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)
    _made: dict[str, Any] = PrivateAttr(default_factory=dict)
    _ahead: Ahead | None = PrivateAttr(default=None)
    _holds_erased: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[Warehouse, None, None]:
        """Hold the refresh lock for a whole run; it ends with its process, however that ends."""
        logger = context.log or logging.getLogger(__name__)
        lock = FileLock(self.site.home_path / "refresh.lock", mode=0o600)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            logger.info("Another refresh is running; this one waits for it to end.")
            try:
                lock.acquire(timeout=self.site.wait_seconds)
            except Timeout:
                raise BusyError(
                    f"another refresh of {self.site.home} is running; try again when it has ended"
                ) from None
        holder = self.site.home_path / "refresh.holder"
        try:
            holder.write_text(getattr(context.run, "run_id", "") or "", encoding="utf-8")
            # one connection for the run: opening the file anew for each query costs more than both
            self._made.clear()
            self._ahead = Ahead()
            with self.connect():
                self.prepare()
                try:
                    yield self
                finally:
                    self.leave_worklist()
                    self.leave_docs()
            holder.unlink(missing_ok=True)
        finally:
            self.ahead.close()
            self._ahead = None
            lock.release()

    def leave_worklist(self) -> None:
        """Write the data manager's worklist, whatever became of the refresh.

        A look back (`as_of`) is no work to do, so it leaves the list as it is.
        """
        if self.site.as_of:
            return
        from il6_platform.validation import worklist
        from il6_platform.validation.rulebook import book

        landing = self.site.landing_path
        with self.connect() as connection:
            worklist.write(
                connection,
                self.site.home_path,
                book(),
                lambda file: (landing / file).exists(),
                self._numbers,
            )

    def begin_docs(self) -> None:
        """Have the rule book's pages begun elsewhere: all is judged."""
        if not self.site.as_of:
            self.ahead.begin(docs.FOLDER, docs.keep_up_to_date, *self._docs())

    def leave_docs(self) -> None:
        """Build the rule book's pages where rules or counts are not those of the last time."""
        if not self.site.as_of:
            self.ahead.result(docs.FOLDER, lambda: None)
            docs.keep_up_to_date(*self._docs())

    def _docs(self) -> tuple[Path, pd.DataFrame]:
        with self.connect() as connection:
            connection.execute(paths.sql_file("staging.verdicts").read_text("utf-8"))
            verdicts = connection.execute("from staging.verdicts order by table_name, rule").df()
        return self.site.home_path / docs.FOLDER, verdicts

    def _numbers(self, delivery: str) -> pd.Series:
        """Return the registry's patient numbers of a kept export by line, none where it is gone."""
        try:
            export = read_csv((self.site.kept_path / delivery).read_bytes())
            column = export.columns[export.header.index("patient_id")]
        except (OSError, ExportError, ValueError):
            return pd.Series(dtype=object)
        return pd.Series(column.to_pylist(), index=list(export.lines), dtype=object)

    @property
    def ahead(self) -> Ahead:
        """Other processes, for what needs neither this database nor Dagster."""
        self._ahead = self._ahead or Ahead(0)
        return self._ahead

    @property
    def study(self) -> Study:
        """The study that is asked."""
        return self.site.study

    @property
    def working_database(self) -> Path:
        """The working database's file."""
        return self.site.home_path / "working.duckdb"

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """The site's pseudonyms; their key never leaves IL6_HOME."""
        return Pseudonyms(self.site.home_path / "pseudonym.key")

    @contextmanager
    def connect(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """Open the working database for as long as the block lasts; blocks may be nested."""
        if self._connection is not None:
            yield self._connection
            return
        try:
            with duckdb.connect(self.working_database) as connection:
                os.chmod(self.working_database, 0o600)
                connection.execute("set timezone = 'UTC'")
                self._connection = connection
                try:
                    yield connection
                finally:
                    self._connection = None
        finally:
            if self._holds_erased:
                self.write_anew()

    def write_anew_when_closed(self) -> None:
        """Have the working database written anew once nobody has it open: rows were erased."""
        self._holds_erased = True

    def write_anew(self) -> None:
        """Copy the working database into a fresh file in its place: deleted rows linger in one."""
        database = self.working_database
        fresh = database.with_name(f".{database.name}")
        fresh.unlink(missing_ok=True)
        with duckdb.connect() as connection:
            for name, path, how in (("old", database, "(read_only)"), ("fresh", fresh, "")):
                quoted = str(path).replace("'", "''")
                connection.execute(f"attach '{quoted}' as {name} {how}")
            connection.execute("copy from database old to fresh")
        fresh.chmod(0o600)
        os.replace(fresh, database)
        self._holds_erased = False

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what was made under a name in this run, made on first use."""
        if name not in self._made:
            self._made[name] = make()
        return cast(T, self._made[name])

    def prepare(self) -> None:
        """Make schemas, macros and the study's settings, which all SQL reads as tables."""
        study = self.study
        data = paths.project_root() / "data"
        names = analytes(data / "units.csv", data / "names.csv")
        marker = study.marker.analyte.strip().lower()
        with self.connect() as connection:
            for schema in SCHEMAS:
                connection.execute(f"create schema if not exists {schema}")
            for tables in (
                "raw.tables",
                "raw.sources",
                "raw.spellings",
                "raw.erased",
                "staging.problems",
            ):
                connection.execute(paths.sql_file(tables).read_text(encoding="utf-8"))
            settings = {
                "study_name": Path(self.site.study_file).stem,
                "analyte": names.get(plain_name(marker), marker),
                "marker_label": study.marker.label,
                "unit": study.marker.unit,
                "window_first_day": study.marker.window_days[0],
                "window_last_day": study.marker.window_days[1],
                "below_loq": study.marker.below_loq,
                "experimental_drug": study.arms.experimental_drug.strip().lower(),
                "experimental_label": study.arms.experimental_label,
                "control_label": study.arms.control_label,
                "arm_window_days": study.arms.arm_window_days,
                "confirm_response": study.confirm_response,
                "minimal_cell": study.quality.minimal_cell or 0,
                "changed_columns": [name.lower() for name in study.quality.changed_columns],
                "censored_on": self.site.censored_on,
            }
            # an untyped null would make a column of integers
            types = {"censored_on": "::date", "changed_columns": "::varchar[]"}
            columns = ", ".join(f"${name}{types.get(name, '')} as {name}" for name in settings)
            connection.execute(
                f"create or replace table study.settings as select {columns}", settings
            )
            connection.execute(
                "create or replace table study.analytes (name varchar, analyte varchar)"
            )
            connection.executemany("insert into study.analytes values (?, ?)", [*names.items()])
            connection.execute(
                "create or replace table study.units "
                "(analyte varchar, unit varchar, factor double, standard varchar)"
            )
            known = conversions(data / "units.csv", data / "names.csv", marker, study.marker.unit)
            connection.executemany(
                "insert into study.units values (?, ?, ?, ?)",
                [[one.analyte, one.unit, one.factor, one.standard] for one in known],
            )
            for script in sorted((paths.project_root() / "sql" / "macros").glob("*.sql")):
                connection.execute(script.read_text(encoding="utf-8"))
            connection.execute(
                "create or replace table study.names as from read_csv(?)", [str(data / "names.csv")]
            )
            connection.execute(
                "create or replace table study.covariates "
                "(name varchar, label varchar, kind varchar)"
            )
            connection.execute(
                "create or replace table study.published (position integer, claim varchar, "
                "analysis varchar, endpoint varchar, population varchar, contrast varchar, "
                "grp varchar, term varchar, statistic varchar, source varchar, estimate double, "
                "p_value double, n varchar)"
            )
            for position, claim in enumerate(study.published, start=1):
                connection.execute(
                    "insert into study.published values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        position,
                        claim.claim,
                        claim.analysis,
                        claim.endpoint,
                        claim.population,
                        claim.contrast,
                        claim.grp,
                        claim.term,
                        claim.statistic,
                        claim.source,
                        claim.estimate,
                        claim.p_value,
                        ", ".join(f"{group} {n}" for group, n in claim.n.items()),
                    ],
                )
            for item in study.covariates:
                connection.execute(
                    "insert into study.covariates values (?, ?, ?)",
                    [item.name.lower(), item.title, item.kind],
                )

    def run_sql(self, table: str) -> None:
        """Make a table by its SQL file (`staging.labs`: `sql/staging/labs.sql`), all or nothing."""
        statements = paths.sql_file(table).read_text(encoding="utf-8")
        with self.connect() as connection:
            connection.execute("begin")
            try:
                connection.execute(statements)
            except duckdb.Error:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pd.DataFrame:
        """Answer a query from the working database."""
        with self.connect() as connection:
            return connection.execute(sql, parameters).df()

    def read(self, table: str) -> pd.DataFrame:
        """Return a whole table in its stored order."""
        return self.query(f"from {table}")

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
            Name -> (DuckDB type, sentence for the data dictionary).
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
                *(("column", f'{table}."{name}"', words) for name, (_, words) in columns.items()),
            )
            connection.execute("commit")

    def columns(self, table: str) -> list[Column]:
        """Return a table's columns with their comments."""
        schema, name = table.split(".")
        with self.connect() as connection:
            found = connection.execute(
                "select column_name, data_type, comment from duckdb_columns() "
                "where database_name = current_database() and schema_name = $schema "
                "and table_name = $name order by column_index",
                {"schema": schema, "name": name},
            ).fetchall()
        return [Column(*row) for row in found]

    def column_types(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return name -> type of the columns of each of the tables."""
        found: dict[str, dict[str, str]] = {table: {} for table in tables}
        with self.connect() as connection:
            rows = connection.execute(
                "select schema_name || '.' || table_name, column_name, data_type "
                "from duckdb_columns() where database_name = current_database() "
                "and schema_name || '.' || table_name in (select unnest($tables)) "
                "order by column_index",
                {"tables": list(tables)},
            ).fetchall()
        for table, name, kind in rows:
            found[table][name] = kind
        return found

    def row_count(self, table: str) -> int:
        """Return the number of rows of a table."""
        with self.connect() as connection:
            found = connection.execute(f"select count(*) from {table}").fetchone()
        assert found is not None
        return int(found[0])


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
