"""An asset of the registry writes its own table, and beside it only what no other asset is for."""

from __future__ import annotations

from typing import Any

import pytest

from il6_platform.defs import raw, staging
from il6_platform.registry.native import TABLES
from il6_platform.warehouse.database import Warehouse
from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["made"]

NAMES = {".".join(asset.key.path) for asset in [*raw.ASSETS, *staging.ASSETS]}
OF_ALL_SIX = {"staging.problems", "staging.verdicts", "staging.judged"}
"""Tables of what was found in the six staging tables, and of what was judged before; each asset
replaces its own rows."""

PEOPLE = ["A,F,1950-01-01,", "B,M,1960-01-01,", "C,M,1961-01-01,", "D,M,1962-13-01,"]
LABS = [f"{name},il6,2,pg/mL,2020-01-0{day}" for name in "ABCD" for day in (1, 2)]


def digests(warehouse: Warehouse) -> dict[str, str]:
    """Return a digest of the rows of each table."""
    with warehouse.connect() as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where not internal"
        ).fetchall()
        return {
            name: str(
                connection.execute(
                    f"select sum(hash(whole::varchar)), count(*) from {name} as whole"
                ).fetchall()
            )
            for (name,) in names
        }


def test_an_asset_writes_its_own_table_and_no_other_assets(
    made: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.deliver("2024-01-01", patients=PEOPLE, labs=[*LABS, "B,il6,x,pg/mL,2020-01-03"])
    assert made.stage()
    made.deliver("2024-02-01", patients=PEOPLE, labs=[*LABS, "C,il6,y,pg/mL,2020-01-04"])
    before, written = digests(made.warehouse), dict[str, set[str]]()

    def noting(describe: Any) -> Any:
        def described(warehouse: Warehouse, name: str, *more: Any) -> Any:
            nonlocal before
            after = digests(warehouse)
            written[name] = {one for one in after if after[one] != before.get(one)}
            before = after
            return describe(warehouse, name, *more)

        return described

    # an asset describes its table once it has written it
    for module in (raw, staging):
        monkeypatch.setattr(module, "table_metadata", noting(module.table_metadata))
    assert made.stage()
    assert written.keys() == NAMES
    for name, tables in written.items():
        others = (tables - {name}) & NAMES
        assert not others, f"{name} writes {others}"
        is_judged = name.removeprefix("staging.") in TABLES
        own = {name, f"{name}_set_aside", *OF_ALL_SIX} if is_judged else {name}
        beside = {one for one in tables if one.startswith("staging.")} - own
        assert not beside, f"{name} writes {beside}"
