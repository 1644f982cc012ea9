"""A small database is asked by one thread, a large one by all cores; memory has a limit."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from il6_platform import paths
from il6_platform.bounded import execute_whole
from il6_platform.warehouse import database
from il6_platform_tests.derivation import warehouse_of


def test_a_database_that_has_grown_large_is_asked_by_all_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LARGE", 2**20)
    monkeypatch.setattr(paths, "sql_file", lambda _: script)
    (tmp_path / "home").mkdir()
    script = tmp_path / "numbers.sql"
    script.write_text(
        "create or replace table used as select current_setting('threads')::integer as threads"
    )
    warehouse = warehouse_of(tmp_path, paths.default_study())
    with warehouse.connect() as connection:
        connection.execute("reset threads")
        all_cores = connection.execute("select current_setting('threads')::integer").fetchall()
        warehouse.run_sql("used")
        assert warehouse.row_count("used") == 1
        assert connection.execute("from used").fetchall() == [(1,)]
        connection.execute("create table many as select random() as one from range(1_000_000)")
        warehouse.run_sql("used")
        assert connection.execute("from used").fetchall() == all_cores


def test_queries_take_no_more_memory_than_goes_with_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SPARED", 300 * 2**20)
    monkeypatch.setattr(paths, "sql_file", lambda _: script)
    (tmp_path / "home").mkdir()
    script = tmp_path / "limit.sql"
    script.write_text("create or replace table said as select current_setting('memory_limit') as v")
    warehouse = warehouse_of(tmp_path, paths.default_study())
    with warehouse.connect() as connection:
        warehouse.run_sql("said")
        ((limit,),) = connection.execute("from said").fetchall()
        assert 300 <= float(limit.removesuffix(" MiB")) < 302
        warehouse.hold_little()
        limits = connection.execute("select current_setting('memory_limit')").fetchall()
        assert limits == [("512.0 MiB",)]
        warehouse.run_sql("said")
        assert connection.execute("from said").fetchall() == [(limit,)]
        # however large the database is
        with monkeypatch.context() as patched:
            patched.setattr(database, "MOST", 250 * 2**20)
            warehouse.run_sql("said")
            assert connection.execute("from said").fetchall() == [("250.0 MiB",)]
        # no more than the machine has
        monkeypatch.setattr(database, "_memory_of_machine", lambda: 200 * 2**20)
        warehouse.run_sql("said")
        assert connection.execute("from said").fetchall() == [("200.0 MiB",)]


def test_what_finds_no_room_is_made_without_the_limit(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "large.duckdb") as connection:
        connection.execute("set memory_limit = '30MiB'; create table before as select 1 as one")
        # a list is held as a whole
        text = "i::varchar || repeat('x', 20)"
        many = f"create table lists as select list({text}) as of_all from range(2_000_000) as t (i)"
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.execute(many)
        execute_whole(connection, f"drop table before; {many}")
        # what comes after it has the limit again
        limit = connection.execute("select current_setting('memory_limit')").fetchall()
        assert limit == [("30.0 MiB",)]
        connection.execute("reset memory_limit")
        assert connection.execute("select len(of_all) from lists").fetchall() == [(2_000_000,)]
        assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(1,)]


def test_statements_that_fail_leave_nothing(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "one.duckdb") as connection:
        with pytest.raises(duckdb.CatalogException):
            execute_whole(connection, "create table made as select 1; drop table never")
        assert connection.execute("from duckdb_tables()").fetchall() == []
