"""Rules of staging.labs."""

from __future__ import annotations

from dataclasses import replace

from il6_platform.validation.rules import (
    Rule,
    always,
    date_column,
    empty,
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
    empty(
        "unclear_analyte",
        "analyte_is_clear",
        "analyte",
        "analyte may be {unclear_analyte}, but is not clear; write which analyte was measured",
    ),
    *owned(
        "laboratory",
        required("value"),
        readable("value", "a number, or <x or >x at the assay's limits, with a decimal point"),
        within("value", 0, None),
        always(
            "is_far_off",
            False,
            "value_is_usual",
            "value",
            "value is far from all other results of this analyte; check number and unit",
            "warn",
        ),
        always(
            "units_differ",
            False,
            "units_agree",
            "unit",
            "unit is another one than value or analyte says; correct whichever is wrong",
        ),
        # it may stand behind the value, or in the analyte's name
        replace(required("unit"), arguments={"column": "unit"}),
        always(
            "unit_is_known",
            True,
            "unit_is_known",
            "unit",
            "The unit is not known for this analyte; it can be {known_units}: convert the value "
            "and say so in unit, or add the unit with its factor to the table of units",
        ),
    ),
    required("collected_on"),
    *date_column("collected_on"),
    always(
        "is_long_before",
        False,
        "collected_on_is_near_the_disease",
        "collected_on",
        "collected_on lies more than ten years before diagnosis and treatment; check the year",
        "warn",
    ),
    not_after("collected_on", "died_on", "collected_on lies after death"),
    not_after(
        "last_sample_on",
        "last_contact_on",
        "The patient's last sample is later than last_contact_on",
        severity="warn",
        column="collected_on",
        advice="bring follow-up up to date, or correct collected_on",
    ),
    not_after(
        "birth_date",
        "collected_on",
        "collected_on lies before birth",
        column="collected_on",
    ),
    *owned(
        "laboratory",
        stays(
            "value",
            "{overwritten}",
            judged="result",
        ),
    ),
]
