"""Endpoints that a registry gives as times: what is read, what is listed, what is never guessed."""

from __future__ import annotations

import pytest

from il6_platform_tests.validation.conftest import HEADERS, Registry, made

__all__ = ["made"]

HEADERS["outcomes"] = "patient_id,endpoint,time,unit,event"
PATIENTS = [f"P{n},F,1960-01-01," for n in range(1, 9)]
TREATMENTS = [f"P{n},1,oxaliplatin,2020-01-01," for n in range(1, 9)]


@pytest.fixture
def derived(made: Registry) -> Registry:
    made.deliver(
        "2024-01-31",
        patients=PATIENTS,
        treatments=TREATMENTS,
        # P2 is followed up with dates, and P7 only so
        follow_up=["P2,2021-01-01,alive,", "P7,2020-07-01,dead,2020-07-01"],
        labs=["P1,il6,1,pg/mL,2019-12-31"],
        assessments=["P2,2020-05-01,PD"],
        outcomes=[
            "P1,OS,12.5,months,Y",
            "P2,os,2,years,N",
            "P3,OS,,months,Y",
            "P4,OS,12,months,",
            "P5,OS,-1,months,Y",
            "P6,OS,12,weeks,N",
            "P6,PFS,304.375,days,N",
            "P8,TTDE,0,days,Y",
        ],
    )
    assert made.stage()
    for table in ("subjects", "adrs", "adtte"):
        made.warehouse.run_sql(f"cohort.{table}")
    return made


def test_an_endpoint_with_a_time_takes_it(derived: Registry) -> None:
    rows = derived.ask(
        """select 'P' || (p.file_line - 1) as patient, "PARAMCD", round("AVAL", 4) as months,
               "CNSR", "SRCDOM"
           from cohort.adtte as t
           inner join staging.patients as p on t."USUBJID" = p.patient_id
           order by patient, "PARAMCD" """
    )
    found = list(rows.itertuples(index=False, name=None))
    assert found == [
        ("P1", "OS", 12.5, 0, "OUTCOMES"),
        ("P2", "OS", 24.0, 1, "OUTCOMES"),
        # no time of its own: from the dates, as ever
        ("P2", "PFS", 3.9754, 0, "ADRS"),
        ("P6", "PFS", 10.0, 1, "OUTCOMES"),
        ("P7", "OS", 5.9795, 0, "SUBJECTS"),
        ("P7", "PFS", 5.9795, 0, "SUBJECTS"),
        ("P8", "TTDE", 0.0, 0, "OUTCOMES"),
    ]


def test_an_event_without_a_time_is_listed_and_never_censored(derived: Registry) -> None:
    assert {(place.rpartition(":")[2], rule) for place, rule in derived.broken()} >= {
        ("4", "time_is_given"),
        ("5", "event_is_given"),
        ("6", "time_is_in_range"),
        ("7", "unit_is_in_the_list"),
    }
    listed = derived.ask(
        "select distinct severity from staging.quarantine where table_name = 'outcomes'"
    )
    assert listed["severity"].tolist() == ["warn"]
    balance = derived.ask("from staging.balance where table_name = 'outcomes'").iloc[0]
    assert (balance["received"], balance["current"]) == (8, 8)


def test_a_patient_with_a_time_needs_no_follow_up(derived: Registry) -> None:
    reasons = derived.ask(
        'select "EXCLREAS" as why, count(*) as n from cohort.subjects group by all order by n'
    )
    assert dict(reasons.itertuples(index=False, name=None)) == {
        None: 1,
        "No baseline marker in the window": 7,
    }
