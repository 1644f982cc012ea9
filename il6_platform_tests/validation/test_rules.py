"""A broken rule becomes a row for the data manager; nothing loops over rows."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from il6_platform.validation.rulebook import DERIVED, STAGED
from il6_platform.validation.rules import (
    RECEIVED,
    WHOLE_LINE,
    Rule,
    asked,
    judge,
    opened,
    problems,
    within,
)
from il6_platform_tests.validation.conftest import Registry

PLACE = {"delivery": "sha", "file_line": 7, "record": "r", "patient_id": "p"}


def test_a_broken_rule_says_where_what_and_what_to_do() -> None:
    rule = Rule(
        "unit_is_known",
        "quarantine",
        "unit",
        "unit must be {known_units} (100%)",
        "ExpectColumnValuesToBeInSet",
        {"column": "unit", "value_set": ["pg/mL"]},
    )
    rows = pd.DataFrame(
        [{**PLACE, "unit": unit, "known_units": "pg/mL"} for unit in ("pg/mL", "IU")]
    )
    rows[RECEIVED + "unit"] = [" pg/mL", "IU "]
    found = problems(rows, judge(rows, [rule]), "labs")
    assert found.to_dict("records") == [
        {
            "table_name": "labs",
            **PLACE,
            "rule": "unit_is_known",
            "severity": "quarantine",
            "column_name": "unit",
            "value": "IU ",
            "value_before": None,
            "sentence": "unit must be pg/mL (100%)",
            "rule_says": "unit must be one of the table of units (100%)",
        }
    ]
    assert rule.in_general == "unit must be one of the table of units (100%)"


def test_only_what_rules_read_is_fetched() -> None:
    rules = [within("value", 0, 1), *STAGED["follow_up"]]
    columns = ["value", "received_died_on", "vital_status", "status", "cause_of_death"]
    assert asked(columns, rules) == ["value", "received_died_on", "vital_status"]
    assert "cell(received, 'value') as received_value" in opened("from t;", rules)
    assert WHOLE_LINE not in opened("from t", rules)


def test_every_sentence_of_the_book_can_be_said_in_general() -> None:
    for rules in STAGED.values():
        assert all("{" not in rule.in_general for rule in rules)


def test_every_rule_has_a_name_of_its_own_in_its_table() -> None:
    for rules in [*STAGED.values(), *DERIVED.values()]:
        names = [rule.id for rule in rules]
        assert len(names) == len(set(names))


def test_who_is_measured_on_the_day_of_birth_is_born(made: Registry) -> None:
    made.deliver(
        "2024-01-01",
        patients=["A,F,2010-05-02,", "B,F,2010-05-02,"],
        labs=["A,il6,3,pg/mL,2010-05-02", "B,il6,3,pg/mL,2010-05-01"],
    )
    assert made.stage()
    assert made.broken() >= {("2024-01-01/labs.csv:3", "birth_date_not_after_collected_on")}
    assert "2024-01-01/labs.csv:2" not in {place for place, _ in made.broken()}


def test_a_treatment_that_goes_on_is_right(made: Registry) -> None:
    ends = ["ongoing", "On treatment", "laufend", "至今", "soon", "1900-01-01", "2024-02-30", ""]
    made.deliver(
        "2024-01-01",
        patients=["A,F,1950-01-01,", "B,F,1950-01-01,"],
        treatments=[f"A,{n},folfox,2020-01-0{n},{end}" for n, end in enumerate(ends, start=1)]
        + ["B,1,folfox,ongoing,ongoing"],
    )
    assert made.stage()
    assert {rule for rule in made.broken() if "treatments" in rule[0]} == {
        ("2024-01-01/treatments.csv:6", "end_date_is_readable"),
        ("2024-01-01/treatments.csv:7", "end_date_is_no_placeholder"),
        ("2024-01-01/treatments.csv:8", "end_date_is_readable"),
        ("2024-01-01/treatments.csv:10", "start_date_is_readable"),
    }


def test_a_first_course_long_before_the_next_one_is_listed(made: Registry) -> None:
    starts = {
        # another year was written; a course that ended; cycles; one course alone
        "A": ["2022-02-01,", "2023-02-01,"],
        "B": ["2022-02-01,2022-08-01", "2023-02-01,"],
        "C": ["2022-02-01,", "2022-09-01,", "2023-02-01,"],
        "D": ["2022-02-01,"],
    }
    made.deliver(
        "2024-01-01",
        patients=[f"{one},F,1950-01-01," for one in starts],
        treatments=[f"{one},1,folfox,{day}" for one, days in starts.items() for day in days],
    )
    assert made.stage()
    said = {place for place, rule in made.broken() if rule == "line_begins_together"}
    assert said == {"2024-01-01/treatments.csv:2"}


@pytest.mark.parametrize(
    ("arms", "unclear"),
    [
        ("{experimental_drug: basal-like, control_drugs: ['*']}", set[int]()),
        ("{experimental_drug: Basal-like, control_drugs: [luminal A]}", {4}),
        ("{experimental_drug: bevacizumab}", {2, 3, 4}),
    ],
)
def test_a_drug_that_a_study_names_is_clear(made: Registry, arms: str, unclear: set[int]) -> None:
    study = yaml.safe_load(made.study.read_text("utf-8")) | {"arms": yaml.safe_load(arms)}
    made.study.write_text(yaml.safe_dump(study))
    given = ["basal-like", "Luminal A", "claudin low"]
    made.deliver(
        "2024-01-01",
        patients=["A,F,1950-05-02,", "B,F,1950-05-02,", "C,F,1950-05-02,"],
        treatments=[f"{one},1,{drug},2023-01-01," for one, drug in zip("ABC", given, strict=True)],
    )
    assert made.stage()
    said = {place for place, rule in made.broken() if rule == "drug_is_clear"}
    assert said == {f"2024-01-01/treatments.csv:{line}" for line in unclear}


def test_wrong_results_among_thousands_are_set_aside_and_no_others(made: Registry) -> None:
    made.deliver("2024-01-01", patients=[f"P{i},F,1950-01-01," for i in range(500)])
    made.deliver(
        "2024-01-02",
        labs=[
            f"P{i % 500},il6,{'x' if i % 100 == 0 else i % 97 + 1},pg/mL,"
            f"{pd.Timestamp('2010-01-01') + pd.Timedelta(days=i // 500):%Y-%m-%d}"
            for i in range(5_000)
        ],
    )
    assert made.stage()
    assert len(made.ask("from staging.quarantine")) == 50
    assert len(made.ask("from staging.labs")) == 4_950


def test_a_condition_chooses_the_rows_that_pandas_would() -> None:
    from il6_platform.validation.expectations import JudgedRows

    rows = pd.DataFrame({"a": [1.0, None, 3.0], "b": [True, False, True], "c": list("xyz")})
    judged = JudgedRows(rows)
    for condition in ("a.notnull() and not b", "a.notnull()", "c == 'z' or a < 2", "b"):
        for _ in range(2):
            pd.testing.assert_frame_equal(
                judged.query(condition, parser="pandas"), rows.query(condition, parser="pandas")
            )
