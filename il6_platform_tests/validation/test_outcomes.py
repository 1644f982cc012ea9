"""Endpoints that a registry gives as times: what cannot be evaluated is listed, and stays."""

from __future__ import annotations

from il6_platform_tests.validation.conftest import HEADERS, Registry

HEADERS["outcomes"] = "patient_id,endpoint,time,unit,event"


def test_what_cannot_be_evaluated_is_listed_and_not_set_aside(made: Registry) -> None:
    made.deliver(
        "2024-01-31",
        patients=[f"P{n},F,1960-01-01," for n in range(1, 9)],
        outcomes=[
            "P1,OS,12.5,months,Y",
            "P2,os,2,years,N",
            "P3,OS,,months,Y",
            "P4,OS,12,months,",
            "P5,OS,-1,months,Y",
            "P6,OS,12,weeks,N",
            "P7,OS,12,months,dead",
            "P8,OS,200,years,N",
        ],
        treatments=["P1,1,oxaliplatin,2020-01-01,"],
        labs=["P1,il6,1,pg/mL,2019-12-31"],
        follow_up=["P1,2021-01-01,alive,"],
        assessments=["P1,2020-05-01,PD"],
    )
    assert made.stage()
    assert {(place.rpartition(":")[2], rule) for place, rule in made.broken()} >= {
        ("4", "time_is_given"),
        ("5", "event_is_given"),
        ("6", "time_is_in_range"),
        ("7", "unit_is_in_the_list"),
        ("8", "event_is_in_the_list"),
        ("9", "time_is_in_range"),
    }
    listed = made.ask("from staging.quarantine where table_name = 'outcomes'")
    assert set(listed["severity"]) == {"warn"}
    balance = made.ask("from staging.balance where table_name = 'outcomes'").iloc[0]
    assert (balance["received"], balance["current"]) == (8, 8)
    months = made.ask("select months from staging.outcomes order by file_line")["months"]
    assert months.fillna(-1).tolist() == [12.5, 24.0, -1, 12.0, -1, -1, 12.0, -1]


def test_a_time_beyond_a_limit_or_with_a_unit_of_its_own_is_no_time(made: Registry) -> None:
    given = {"P1": "\uff11\uff12", "P2": "1,200.5", "P3": ">24", "P4": "12 mg", "P5": "12,5"}
    made.deliver(
        "2024-01-31",
        patients=[f"{one},F,1960-01-01," for one in given],
        outcomes=[f'{one},OS,"{text}",days,Y' for one, text in given.items()],
        treatments=["P1,1,oxaliplatin,2020-01-01,"],
        labs=["P1,il6,1,pg/mL,2019-12-31"],
        follow_up=["P1,2021-01-01,alive,"],
        assessments=["P1,2020-05-01,PD"],
    )
    assert made.stage()
    times = made.ask("select time from staging.outcomes order by file_line")["time"]
    assert times.fillna(-1).tolist() == [12, 1200.5, -1, -1, -1]
