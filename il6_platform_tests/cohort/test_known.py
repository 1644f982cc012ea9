"""The cohort as known on a day is what the SQL makes of the deliveries until then, cut there."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from il6_platform.cohort import known
from il6_platform.cohort.known import DERIVED, read_delivered
from il6_platform.time_units import DAYS_PER_MONTH
from il6_platform.warehouse import database
from il6_platform.warehouse.database import Warehouse
from il6_platform_tests.derivation import derive
from il6_platform_tests.small_registry import BASE, SmallRegistry, base
from il6_platform_tests.specification.harness import Specification, _insert

# an analyte may be delivered later than the other one of its sample
DERIVED_MARKER = "marker: {analyte: null, expression: (il6 + 1) * il6 / crp, unit: ratio}"

START = date(2020, 1, 1)
Record = tuple[date, str, dict[str, Any]]
"""When it was delivered, its table, its row."""


def quarter_end(day: date, late: int = 0) -> date:
    """Return the end of a later quarter, when what happened on a day is delivered."""
    return (pd.Timestamp(day) + pd.offsets.QuarterEnd(1 + late)).date()


def registry(rng: np.random.Generator) -> tuple[list[Record], list[Record]]:
    """Return random records, and the versions of follow-up by delivery: the latest replaces."""
    records: list[Record] = []
    contacts: list[Record] = []

    def add(day: date, table: str, **row: Any) -> None:
        late = int(rng.random() < 0.2)
        records.append((quarter_end(day, late), table, row))

    for i in range(rng.integers(4, 12)):
        patient = {"patient_id": f"p{i}"}
        start = START + timedelta(days=int(rng.integers(0, 700)))
        on = lambda days, start=start: start + timedelta(days=int(days))  # noqa: E731
        add(start, "patients", **patient, sex="F", age_years=int(rng.integers(30, 90)))
        add(start, "treatments", **patient, line=1, drug="folfox", start_date=start)
        if rng.random() < 0.6:
            given = on(rng.integers(0, 60))
            add(given, "treatments", **patient, line=1, drug="bevacizumab", start_date=given)
        if rng.random() < 0.4:
            second = on(rng.integers(60, 500))
            add(second, "treatments", **patient, line=2, drug="folfiri", start_date=second)
        for days in rng.choice(28, rng.integers(0, 3), replace=False):
            value, taken = float(rng.integers(1, 9)), on(-days)
            for analyte, unit in (("il6", "pg/mL"), ("crp", "mg/L")):
                add(
                    taken, "labs", **patient, analyte=analyte, value=value, unit=unit,
                    collected_on=taken,
                )  # fmt: skip
        for visit in range(rng.integers(0, 8)):
            seen = on(56 * visit + rng.integers(1, 30))
            response = str(rng.choice(["CR", "PR", "SD", "PD", "NE"]))
            size = int(rng.integers(5, 90))
            add(
                seen, "assessments", **patient, assessed_on=seen, response=response,
                sum_of_diameters_mm=size,
            )  # fmt: skip
        died = on(rng.integers(200, 900)) if rng.random() < 0.5 else None
        last = on(100)
        for days in np.sort(rng.choice(900, 4, replace=False)):
            last = on(days)
            if died is not None and last >= died:
                break
            row = {**patient, "last_contact_on": last, "vital_status": "alive"}
            contacts.append((quarter_end(last), "follow_up", row))
        if died is not None and last >= died:
            row = {**patient, "last_contact_on": died, "vital_status": "dead", "died_on": died}
            contacts.append((quarter_end(died), "follow_up", row))
    return records, contacts


def filled(
    records: list[Record], contacts: list[Record], study: str, *, censor: date | None = None
) -> Specification:
    """Put the latest version of everything into staging, and all versions into its lines."""
    latest = {row["patient_id"]: (day, table, row) for day, table, row in contacts}
    rule = Specification()
    rule._study, rule._censor = study, censor.isoformat() if censor else None
    kept = [*records, *latest.values()]
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("patients", "treatments", "labs", "assessments", "follow_up")
    }
    for _, table, row in kept:
        tables[table].append({name: str(value) for name, value in row.items()})
    rule._tables = tables
    rule._cohort = rule._fill()
    connection = rule._cohort.connection
    line = dict.fromkeys(tables, 1)
    received: list[dict[str, Any]] = []
    for day, table, row in kept:
        line[table] += 1
        about = {"table_name": table, "delivery": table, "line": line[table], "delivered_on": day}
        said = {"part": "", "content": "x", "decisive_content": "x", "is_withdrawn": False}
        contact = row.get("last_contact_on")
        who = {"patient": row["patient_id"], "record": f"{table}:{line[table]}", "day": contact}
        received.append(about | said | who)
        connection.execute(
            "update staging.lines set delivered_on = ? where table_name = ? and line = ?",
            [day, table, line[table]],
        )
    for place, (day, table, row) in enumerate(contacts):
        if latest[row["patient_id"]][2] is not row:
            about = {"table_name": table, "delivery": "earlier", "line": place}
            said = {"delivered_on": day, "part": "", "content": "x", "is_withdrawn": False}
            who = {"patient": row["patient_id"], "record": f"{table} {place}"}
            received.append(about | said | who | {"day": row["last_contact_on"]})
    _insert(connection, "staging.received", received)
    return rule


def tables_of(rule: Specification) -> dict[str, pd.DataFrame]:
    assert rule._cohort is not None
    connection = rule._cohort.connection
    for name in DERIVED:
        rule.rows(name, ["USUBJID"])
    return {name: connection.execute(f"from cohort.{name}").df() for name in DERIVED}


@pytest.mark.parametrize(
    ("seed", "study"),
    [*((seed, "") for seed in range(3)), (0, DERIVED_MARKER), (1, DERIVED_MARKER)],
)
def test_a_day_knows_what_was_delivered_by_then_and_nothing_else(
    seed: int, study: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    records, contacts = registry(rng)
    rule = filled(records, contacts, study)
    today = tables_of(rule)
    assert rule._cohort is not None
    connection = rule._cohort.connection
    delivered = read_delivered(
        lambda sql: connection.sql(sql).to_arrow_table(),
        today["subjects"],
        today["subjects"].head(0),
        tmp_path / "working.duckdb.tmp",
    )
    days = sorted({day for day, *_ in records})
    asked = [*rng.choice(np.array(days), 3), START + timedelta(days=500), days[-1]]
    together = list(delivered.as_known_on(asked))
    # as of many patients, on a machine that has no home
    monkeypatch.setattr(known, "MOST_AT_ONCE", 2 * delivered.tables["patients"].num_rows)
    monkeypatch.setattr(database, "MANY", 0)
    elsewhere = replace(
        pickle.loads(pickle.dumps(delivered)), beside=tmp_path / "nowhere" / "working.duckdb.tmp"
    )
    apart = list(elsewhere.as_known_on(asked))
    assert not list(tmp_path.iterdir())
    for day, found, again in zip(asked, together, apart, strict=True):
        by_then = [record for record in records if record[0] <= day]
        expected_rule = filled(by_then, [c for c in contacts if c[0] <= day], study, censor=day)
        expected = tables_of(expected_rule)
        subjects = expected.pop("subjects")
        subjects = subjects[subjects["ITTFL"] == "Y"].reset_index(drop=True)
        for name, frame in {"adsl": subjects, **expected}.items():
            for mine in (found[name], again[name]):
                order = [c for c in ("USUBJID", "PARAMCD", "ADT") if c in mine]
                pd.testing.assert_frame_equal(
                    mine.drop(columns="SUBJSEQ").sort_values(order, ignore_index=True),
                    frame.drop(columns="SUBJSEQ").sort_values(order, ignore_index=True),
                    check_dtype=False,
                )
        expected_rule.close()
    rule.close()


def test_records_are_given_in_an_order_of_their_own() -> None:
    records, contacts = registry(np.random.default_rng(5))
    rule = filled(records, contacts, "")
    today = tables_of(rule)["subjects"]
    assert rule._cohort is not None
    connection = rule._cohort.connection

    def given() -> Mapping[str, Any]:
        read = lambda sql: connection.sql(sql).to_arrow_table()  # noqa: E731
        return read_delivered(read, today, today.head(0)).tables

    before = given()
    for table in ("received", "lines", "patients", "treatments", "labs", "assessments"):
        connection.execute(
            f"create or replace table staging.{table} as "
            f"select s.* from staging.{table} as s order by hash(s::varchar)"
        )
    after = given()
    assert all(table.equals(after[name]) for name, table in before.items())
    assert before["lines"].num_rows > 20
    rule.close()


@pytest.mark.parametrize("censor", [None, "2023-09-15"])
def test_what_can_lie_beyond_the_day_of_censoring_alone_moves_nothing(
    tmp_path: Path, censor: str | None
) -> None:
    """By hand: T01 and T03 are alive on it; T02 may have died before, T04 was lost before it."""
    small = SmallRegistry(tmp_path)
    follow_up = [
        *("T01,2023-12-11,alive,,", "T01,2023-13-45,alive,,"),
        *("T02,2023-12-11,alive,,", "T02,2024-01-02,dead,2023-13-45,"),
        *("T03,2023-12-11,alive,,", "T03,2023-12-20,dead,2023-12,"),
        *("T04,2023-08-20,alive,,", "T04,2023-13-45,alive,,"),
        "T05,2023-08-20,dead,2023-10-01,",
    ]
    small.deliver("2024-01-31", base(follow_up=follow_up))
    warehouse = Warehouse(site=replace(small.warehouse.site, censor=censor))
    derive(warehouse)
    found = small._patients(warehouse)
    whole = [number for number in BASE if found[number]["reason"] is None]
    lost = {"T01", "T02", "T03", "T04"} if censor is None else {"T02", "T04"}
    assert whole == [number for number in BASE if number not in lost]
    if censor is not None:
        months = round((date(2023, 9, 15) - date(2023, 2, 1)).days / DAYS_PER_MONTH, 2)
        assert {found[number]["OS"] for number in whole} == {(months, False)}
