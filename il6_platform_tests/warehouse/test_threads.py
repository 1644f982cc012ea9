"""A small database is asked by one thread; one that has grown large, by all cores."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6_platform import paths
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
