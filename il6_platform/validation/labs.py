"""Rules of staging.labs."""

from __future__ import annotations

from il6_platform.validation.rules import (
    Rule,
    always,
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
        always(
            "marker_unit_is_known",
            True,
            "marker_unit_is_known",
            "unit",
            "The marker's unit is not known; it can be {known_units}: convert the value and say so "
            "in unit, or add the unit with its factor to the table of units",
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
