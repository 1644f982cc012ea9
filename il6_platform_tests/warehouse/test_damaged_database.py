"""A block of a database that cannot be read is noticed, and the database is made again."""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb
import pytest

from il6_platform import paths
from il6_platform.publishing.content import registry_content
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


def test_a_wrong_query_damages_nothing(site: Site) -> None:
    registry = Warehouse(site=site)
    for wrong in ("from nowhere", "select x / from numbers", "select 'a'::integer"):
        with pytest.raises(duckdb.Error):
            registry.query(wrong)
    assert not damaged(site)
