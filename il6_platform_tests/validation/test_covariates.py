"""Columns of patients that a study file names: numbers are read once a study asks for them."""

from __future__ import annotations

from il6_platform_tests.validation.conftest import Registry


def test_a_number_that_a_study_names_later_is_read_then(made: Registry) -> None:
    def numbers() -> list[object]:
        return made.ask(
            "select value from reading.number where received = '12.5 H'"
        ).values.tolist()

    made.deliver(
        "2024-01-31",
        treatments=["P1,1,oxaliplatin,2020-01-01,"],
        labs=["P1,il6,1,pg/mL,2019-12-31"],
        follow_up=["P1,2021-01-01,alive,"],
        assessments=["P1,2020-05-01,PD"],
    )
    patients = made.folder / "landing" / "2024-01-31" / "patients.csv"
    patients.write_text("patient_id,sex,birth_date,weight_kg\nP1,F,1960-01-01,12.5 H\n")
    assert made.stage()
    assert numbers() == []
    study = made.study.read_text("utf-8")
    named = study.replace("covariates:\n", "covariates:\n  - {name: weight_kg, kind: number}\n", 1)
    made.study.write_text(named, encoding="utf-8")
    assert made.stage()
    assert numbers() == [[12.5]]
