"""A block of a database that cannot be read is noticed, and the database is made again."""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb
import pytest

from il6_platform import paths
from il6_platform.publishing.content import registry_content
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site, damaged
from il6_platform_tests.crashes import spoil


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(
        home=str(tmp_path / "home"), landing=str(tmp_path), study_file=str(paths.default_study())
    )
    with Warehouse(site=made).connect() as connection:
        connection.execute("create table numbers as select random() as x from range(300000)")
    made.registry_content_path.write_text("whole")
    return made


def test_a_damaged_block_is_noticed_and_the_database_is_made_again(site: Site) -> None:
    logger = logging.getLogger(__name__)
    registry = Warehouse(site=site)
    registry.drop_if_damaged(logger)
    assert registry.query("select count(distinct x) as n from numbers")["n"].iloc[0] > 299_000
    assert registry_content(site) == "whole" and not damaged(site)
    spoil(site.registry_database)
    # it opens all the same
    registry.drop_if_damaged(logger)
    with registry.connect(), pytest.raises(duckdb.Error):
        registry.query("select count(distinct x) from numbers")
    assert damaged(site) and registry_content(site) is None
    registry.drop_if_damaged(logger)
    assert not site.registry_database.exists() and not damaged(site)
    with registry.connect() as connection:
        assert connection.execute("select count(*) from duckdb_tables()").fetchone() == (0,)


def test_a_damaged_block_that_is_read_on_opening_is_no_lock(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(path: Path) -> duckdb.DuckDBPyConnection:
        raise duckdb.Error("Corrupt database file: computed checksum 1 in block at location 2")

    monkeypatch.setattr(duckdb, "connect", cannot)
    Warehouse(site=site).drop_if_damaged(logging.getLogger(__name__))
    assert not site.registry_database.exists()


@pytest.mark.parametrize("is_damaged", [False, True])
def test_what_a_killed_query_wrote_out_is_taken_away_by_who_holds_the_database_next(
    site: Site, is_damaged: bool
) -> None:
    registry = Warehouse(site=site)
    Pseudonyms(site.home_path / "pseudonym.key")
    with registry.connect() as connection:
        folder = connection.execute("select current_setting('temp_directory')").fetchone()
        connection.execute("checkpoint")
    left = Path(f"{site.registry_database}.tmp")
    assert folder == (str(left),)
    left.mkdir()
    (left / "duckdb_temp_1_0_storage_DEFAULT-0.tmp").write_text("a patient's rows")
    if is_damaged:
        spoil(site.registry_database)
        with registry.connect(), pytest.raises(duckdb.Error):
            registry.query("select count(distinct x) from numbers")
    with registry.held(logging.getLogger(__name__)):
        assert not left.exists() and not damaged(site)


def test_a_wrong_query_damages_nothing(site: Site) -> None:
    registry = Warehouse(site=site)
    for wrong in ("from nowhere", "select x / from numbers", "select 'a'::integer"):
        with pytest.raises(duckdb.Error):
            registry.query(wrong)
    assert not damaged(site)
