"""A home that grew delivery by delivery holds what one holds that got all of them at once."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from il6_platform import paths
from il6_platform.cohort.steps import read_landing, stage
from il6_platform.validation.rulebook import STAGED
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform_tests.validation.conftest import HEADERS

PATIENT = st.sampled_from(["A", "B", "C"])
DAY = st.sampled_from(["2020-01-01", "2020-02-30", "2021-03-04", "1.2.2020", ""])
VALUE, STATUS = st.sampled_from(["4", "<2", "-1"]), st.sampled_from(["alive", "dead"])
LINES = {
    "patients": st.tuples(PATIENT, st.sampled_from(["F", "M", "?"]), DAY, st.just("")),
    "treatments": st.tuples(PATIENT, st.just("1"), st.sampled_from(["folfox", "bev"]), DAY, DAY),
    "labs": st.tuples(PATIENT, st.just("il6"), VALUE, st.just("pg/mL"), DAY),
    "follow_up": st.tuples(PATIENT, DAY, STATUS, st.sampled_from(["", "2021-01-01"])),
    "assessments": st.tuples(PATIENT, DAY, st.sampled_from(["PR", "PD", "x"])),
}
DELIVERIES = st.lists(
    st.fixed_dictionaries(
        {table: st.lists(line.map(",".join), max_size=4) for table, line in LINES.items()}
    ),
    min_size=2,
    max_size=3,
)
TABLES = (*(f"staging.{table}" for table in STAGED), "staging.problems", "staging.verdicts")


def test_every_rule_of_a_staging_table_is_of_one_row() -> None:
    """What is kept of a row's content must not rest on other rows."""
    of_one_row = {
        "ExpectColumnValuesToBeBetween",
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToBeNull",
        "ExpectColumnValuesToNotBeNull",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        "ExpectColumnPairValuesToBeEqual",
    }
    assert {rule.expectation for rules in STAGED.values() for rule in rules} <= of_one_row


@settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow])
@given(DELIVERIES)
def test_a_home_that_grew_is_one_that_was_made_at_once(
    deliveries: list[dict[str, list[str]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        grown, at_once = home(Path(folder, "grown")), home(Path(folder, "at_once"))
        for month, tables in enumerate(deliveries, start=1):
            for warehouse in (grown, at_once):
                deliver(warehouse, f"2023-{month:02}-01", tables)
            read_landing(grown)
            stage(grown)
        read_landing(at_once)
        stage(at_once)
        for table in TABLES:
            pd.testing.assert_frame_equal(rows(grown, table), rows(at_once, table))


def home(folder: Path) -> Warehouse:
    """Return the registry of an empty home with a key of its own that all homes here share."""
    folder.mkdir()
    (folder / "landing").mkdir()
    (folder / "pseudonym.key").write_text("0" * 64, encoding="utf-8")
    return warehouse_in(folder)


def warehouse_in(folder: Path) -> Warehouse:
    """Return the registry of a home whose landing folder lies in it."""
    return Warehouse(
        Site(str(folder), str(folder / "landing"), study_file=str(paths.default_study()))
    )


def deliver(warehouse: Warehouse, day: str, tables: dict[str, list[str]]) -> None:
    """Drop a day's exports."""
    for table, lines in tables.items():
        file = warehouse.site.landing_path / day / f"{table}.csv"
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join([HEADERS[table], *lines, ""]), encoding="utf-8")


def rows(warehouse: Warehouse, table: str) -> pd.DataFrame:
    """Return a table as text, in an order of its own."""
    return warehouse.query(f"select columns(*)::varchar from {table} order by all")
