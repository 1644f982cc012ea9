"""Rules of staging.labs."""

from __future__ import annotations

from il6_platform.validation.rules import (
    Rule,
    date_column,
    known_patient,
    not_after,
    owned,
    readable,
    required,
    stays,
    whole_line,
    within,
)

RULES: list[Rule] = [
    *whole_line(),
    known_patient(),
    required("analyte"),
    *owned(
        "laboratory",
        required("value"),
        readable("value", "a number, or <x or >x at the assay's limits, with a decimal point"),
        within("value", 0, None),
        required("unit"),
        Rule(
            "marker_unit_is_the_studys",
            "quarantine",
            "unit",
            "The marker's unit must be {study_unit}; convert the value and say so in unit",
            "ExpectColumnPairValuesToBeEqual",
            {
                "column_A": "marker_unit",
                "column_B": "study_unit_lower",
                "ignore_row_if": "either_value_is_missing",
            },
        ),
    ),
    required("collected_on"),
    *date_column("collected_on"),
    not_after(
        "birth_date",
        "collected_on",
        "collected_on lies before birth",
        strictly=True,
        column="collected_on",
    ),
    *owned(
        "laboratory",
        stays(
            "value",
            "The marker's result of this day was overwritten: it is not what it was in",
            judged="marker_result",
        ),
    ),
]
