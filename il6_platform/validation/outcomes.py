"""Rules of staging.outcomes.

A time or an event that is not known does not set the line aside: the patient stays, and this one
endpoint cannot be evaluated. It is never taken as censored.
"""

from __future__ import annotations

from il6_platform.validation.rules import (
    RECEIVED,
    Rule,
    known_patient,
    owned,
    required,
    whole_line,
)

UNITS = ("days", "months", "years", "day", "month", "year")


def _cannot_be_evaluated(
    rule_id: str, column: str, problem: str, expectation: str, /, **arguments: object
) -> Rule:
    return Rule(
        rule_id,
        "warn",
        column,
        f"{problem}; the endpoint of this patient is not evaluable until it is put right",
        expectation,
        arguments,
    )


RULES: list[Rule] = [
    *whole_line(),
    known_patient(),
    required("endpoint"),
    *owned(
        "clinician",
        _cannot_be_evaluated(
            "time_is_given",
            "time",
            "time is empty",
            "ExpectColumnValuesToNotBeNull",
            column=RECEIVED + "time",
        ),
        _cannot_be_evaluated(
            "time_is_readable",
            "time",
            "time is not a number",
            "ExpectColumnValuesToNotBeNull",
            column="time",
            row_condition=f"{RECEIVED}time.notnull()",
            condition_parser="pandas",
        ),
        _cannot_be_evaluated(
            "time_is_in_range",
            "time",
            "time must lie between 0 and 100 years; check number and unit",
            "ExpectColumnValuesToBeInSet",
            column="is_beyond_a_life",
            value_set=[False],
        ),
        _cannot_be_evaluated(
            "unit_is_given",
            "unit",
            "unit is empty",
            "ExpectColumnValuesToNotBeNull",
            column=RECEIVED + "unit",
        ),
        _cannot_be_evaluated(
            "unit_is_in_the_list",
            "unit",
            "unit must be days, months or years",
            "ExpectColumnValuesToBeInSet",
            column="unit",
            value_set=list(UNITS),
        ),
        _cannot_be_evaluated(
            "event_is_given",
            "event",
            "event is empty",
            "ExpectColumnValuesToNotBeNull",
            column=RECEIVED + "event",
        ),
        _cannot_be_evaluated(
            "event_is_in_the_list",
            "event",
            "event must be Y or N",
            "ExpectColumnValuesToBeInSet",
            column="event",
            value_set=["Y", "N"],
        ),
    ),
]
