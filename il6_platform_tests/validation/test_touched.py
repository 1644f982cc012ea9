"""A registry of which a delivery makes the touched lines anew is one that is made as a whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from il6_platform.cohort.steps import read_landing, stage
from il6_platform.registry.readings import read_cells
from il6_platform.validation.rulebook import STAGED
from il6_platform.warehouse import touched
from il6_platform.warehouse.database import Warehouse
from il6_platform_tests.judged_once import judging_once
from il6_platform_tests.validation.test_incremental import home, rows, warehouse_in

TABLES = (
    *("staging.received", "staging.exports", "staging.lines", "staging.problems"),
    *("staging.verdicts", "staging.vital_status", "staging.quarantine", "staging.balance"),
    *(f"staging.{table}" for table in STAGED),
    *(f"staging.{table}_set_aside" for table in STAGED),
)

NUMBER = st.sampled_from(["A", "B", "C", "D", "", "a"])
SITE = st.sampled_from(["", "North", "north", "South"])
DAY = st.sampled_from(["2020-01-01", "2020-01-02", "2020-02-30", "2021-03-04", "2020-01-01 10:00"])
BIRTH = st.sampled_from(["1950-01-01", "1960-01-01"])
COLUMNS = {
    "patients": (
        "patient_id,site_id,sex,birth_date,consent_withdrawn_on",
        NUMBER,
        SITE,
        st.sampled_from(["F", "M", "?"]),
        BIRTH,
        st.sampled_from(["", "", "", "2021-01-01"]),
    ),
    "treatments": (
        "patient_id,site_id,line,drug,start_date",
        NUMBER,
        SITE,
        st.just("1"),
        st.sampled_from(["folfox", "bev"]),
        DAY,
    ),
    "labs": (
        "patient_id,site_id,analyte,value,unit,collected_on",
        NUMBER,
        SITE,
        st.sampled_from(["il6", "crp", "x"]),
        st.sampled_from(["4", "<2", "-1", "4000"]),
        st.sampled_from(["pg/mL", "mg/L", ""]),
        DAY,
    ),
    "follow_up": (
        "patient_id,last_contact_on,vital_status,died_on",
        NUMBER,
        DAY,
        st.sampled_from(["alive", "dead"]),
        st.sampled_from(["", "2021-01-01"]),
    ),
}
FOLDER = st.sampled_from(["", "", "full/", "North/", "South/"])


@st.composite
def delivery(draw: st.DrawFn) -> dict[str, str]:
    """Draw files of one arrival: where each lies, and what it says."""
    found = {}
    for _ in range(draw(st.integers(1, 3))):
        table = draw(st.sampled_from(["labs", "labs", *COLUMNS]))
        header, *cells = COLUMNS[table]
        lines = draw(st.lists(st.tuples(*cells).map(",".join), max_size=5))
        # one that comes late is of an earlier day
        day, folder = draw(st.sampled_from([0] * 9 + [-40])), draw(FOLDER)
        name = draw(st.sampled_from([table, f"{table}_b"]))
        found[f"{day}|{folder}{name}.csv"] = "\n".join([header, *lines, ""])
    return found


IS_CUT_SHORT = st.sampled_from([False, False, True])
DELIVERIES = st.lists(st.tuples(delivery(), IS_CUT_SHORT), min_size=1, max_size=4)
FIRST = {
    "0|patients.csv": "\n".join(
        ["patient_id,site_id,sex,birth_date,consent_withdrawn_on"]
        + ["A,North,F,1950-01-01,", "B,North,M,1960-01-01,", "C,South,F,1950-01-01,"]
        + [f"P{number},North,F,1950-01-01," for number in range(15)]
        + [""]
    ),
    "0|labs.csv": "\n".join(
        ["patient_id,site_id,analyte,value,unit,collected_on"]
        + [
            f"P{number},,il6,{number},pg/mL,2020-01-0{day}"
            for number in range(15)
            for day in (1, 2)
        ]
        + ["A,,il6,4,pg/mL,2020-01-01", "D,,il6,5,pg/mL,2020-01-01", ""]
    ),
}


@pytest.fixture(autouse=True, scope="module")
def every_registry_is_large() -> Iterator[None]:
    """Let what is touched be found in a registry of a few rows."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(touched, "LEAST", 0)
        patched.setattr(touched, "MOST", 1.0)
        yield


@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(DELIVERIES)
def test_what_a_delivery_does_not_touch_is_what_it_would_be(
    deliveries: list[tuple[dict[str, str], bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        grown, whole = home(Path(folder, "grown")), home(Path(folder, "whole"))
        with grown.connect(), whole.connect():
            for month, (files, is_cut_short) in enumerate([(FIRST, False), *deliveries], start=1):
                for warehouse in (grown, whole):
                    deliver(warehouse, month, files)
                    read_landing(warehouse)
                if is_cut_short:
                    with grown.connect() as connection:
                        read_cells(connection)
                    touched.stage_received(grown)
                    continue
                assert_equal(grown, whole)


def assert_equal(grown: Warehouse, whole: Warehouse, *, is_staged: bool = False) -> None:
    """Stage a home as it is and another one, if it is not, as a whole; tables must be equal."""
    with judging_once():
        stage(grown)
        if not is_staged:
            with whole.connect() as connection:
                connection.execute("drop schema if exists touched cascade")
            stage(whole)
    for table in TABLES:
        pd.testing.assert_frame_equal(rows(grown, table), rows(whole, table), obj=table)


LATE = {"0|labs.csv": "patient_id,analyte,value,unit,collected_on\nP1,il6,9,pg/mL,2020-01-01\n"}


def staged(folder: Path, *arrivals: dict[str, str]) -> Path:
    """Make a home that holds some arrivals, staged together; return its folder."""
    made = home(folder)
    with made.connect(), judging_once():
        for month, files in enumerate(arrivals, start=1):
            deliver(made, month, files)
            read_landing(made)
        stage(made)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return staged(tmp_path_factory.mktemp("first") / "home", FIRST)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return staged(tmp_path_factory.mktemp("both") / "home", FIRST, LATE)


@pytest.fixture
def grown(first: Path, tmp_path: Path) -> Warehouse:
    """Return a home that holds the first exports, staged."""
    return warehouse_in(shutil.copytree(first, tmp_path / "grown"))


def generations(warehouse: Warehouse) -> set[str]:
    """Return what the tables are called since they were last made as a whole."""
    return set(warehouse.query("select generation from touched.basis")["generation"])


def test_who_withdraws_takes_along_the_results_of_a_number_joined_to_it(
    tmp_path: Path, grown: Warehouse
) -> None:
    results = "patient_id,analyte,value,unit,collected_on\nJ,il6,77,pg/mL,2020-01-01\n"
    withdrawn = "patient_id,site_id,sex,birth_date,consent_withdrawn_on\n"
    withdrawn += "B,North,M,1960-01-01,2021-01-01\n"
    whole = home(tmp_path / "whole")
    deliver(whole, 1, FIRST)
    for month, files in ((2, {"0|labs.csv": results}), (3, {"0|patients.csv": withdrawn})):
        for warehouse in (grown, whole):
            (warehouse.site.home_path / "merged_patients.csv").write_text("from,to,on\nJ,B,\n")
            deliver(warehouse, month, files)
            read_landing(warehouse)
        if month == 2:
            with judging_once():
                stage(grown)
    assert_equal(grown, whole)
    assert grown.query("from staging.labs where standard_value = 77").empty


def test_a_few_results_make_no_table_anew(grown: Warehouse) -> None:
    before = generations(grown)
    deliver(grown, 2, LATE)
    read_landing(grown)
    with judging_once():
        stage(grown)
    assert len(before) == 3 and generations(grown) == before


def test_what_else_changed_makes_all_anew(grown: Warehouse) -> None:
    with grown.connect() as connection, judging_once():
        for change in (
            "delete from raw.labs where line = 3",
            "update raw.columns set is_read = false where column_name = 'unit'",
            "insert into setup.units values ('il6', 'x', 2, 'pg/ml')",
            "update raw.deliveries set position = position + 1",
            "update touched.basis set rests_on = 'another code'",
            "drop schema touched cascade",
            # an earlier code kept other tables
            "alter table touched.records drop record; alter table touched.patients drop says; "
            "alter table touched.deliveries add column more varchar; "
            "update touched.basis set rests_on = 'another code'",
            "alter table touched.basis drop rests_on",
        ):
            before = generations(grown)
            connection.execute(change)
            stage(grown)
            assert len(before | generations(grown)) == 6, change


@pytest.mark.parametrize("script", ["received", "lines", "judged_labs", "after_labs"])
def test_a_refresh_that_ends_in_the_middle_is_taken_up(
    grown: Warehouse, both: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    deliver(grown, 2, LATE)
    read_landing(grown)
    run = touched._run

    def ends(connection: duckdb.DuckDBPyConnection, name: str) -> None:
        run(connection, name)
        if name == f"touched.{script}":
            raise KeyboardInterrupt

    monkeypatch.setattr(touched, "_run", ends)
    with pytest.raises(KeyboardInterrupt), judging_once():
        stage(grown)
    monkeypatch.setattr(touched, "_run", run)
    assert_equal(grown, warehouse_in(both), is_staged=True)


def test_a_small_registry_keeps_nothing(grown: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touched, "LEAST", 1_000)
    with judging_once():
        stage(grown)
    assert grown.query("from duckdb_schemas() where schema_name = 'touched'").empty


def deliver(warehouse: Warehouse, month: int, files: dict[str, str]) -> None:
    """Drop the files of an arrival, of a month or of one before it."""
    for place, text in files.items():
        days, _, name = place.partition("|")
        day = pd.Timestamp(2023, month, 20) + pd.Timedelta(int(days), "D")
        file = warehouse.site.landing_path / day.date().isoformat() / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
