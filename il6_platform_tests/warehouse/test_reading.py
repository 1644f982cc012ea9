"""A large table is read as a small one is, and holds each text once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from il6_platform import paths
from il6_platform.warehouse import database
from il6_platform_tests.derivation import warehouse_of

TABLE = """
create table kinds as select
    'P' || i as "USUBJID",
    if(i % 3 = 0, null, if(i % 2 = 0, 'FOLFOX', 'CAPOX')) as "ARM",
    null::varchar as "EXCLREAS",
    if(i = 4, null, date '2020-01-31' + i::integer) as "TRTSDT",
    if(i = 5, null, i) as n,
    if(i = 6, null, i % 2 = 0) as is_even,
    i / 7 as share,
    timestamp '2020-01-31 12:00' as at,
    [i::varchar, 'x'] as listed,
    i::decimal(9, 2) as exact
from range(20) as t (i)
"""


@pytest.mark.parametrize("columns", [("*",), ('"ARM"', "n"), ('"USUBJID"', '"ARM"'), ("n",)])
def test_a_large_table_is_read_as_a_small_one_is(
    columns: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    warehouse = warehouse_of(tmp_path, paths.default_study())
    with warehouse.connect() as connection:
        connection.execute(TABLE)
        small = warehouse.read("kinds", columns)
        monkeypatch.setattr(database, "MANY", 20)
        large = warehouse.read("kinds", columns)
    pd.testing.assert_frame_equal(large, small)
    if "ARM" in large:
        assert large["ARM"][2] is large["ARM"][4]
        assert large["ARM"][3] is None and small["ARM"][3] is None
