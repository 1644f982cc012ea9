"""Rules of staging.assessments."""

from __future__ import annotations

from il6_platform.validation.rules import (
    Rule,
    always,
    date_column,
    empty,
    in_cell,
    known_patient,
    not_after,
    one_of,
    owned,
    readable,
    required,
    whole_line,
    within,
)

RULES: list[Rule] = [
    *whole_line(),
    known_patient(),
    required("assessed_on"),
    *date_column("assessed_on"),
    not_after(
        "birth_date",
        "assessed_on",
        "assessed_on lies before birth",
        column="assessed_on",
    ),
    *owned(
        "clinician",
        required("response"),
        one_of("response", ["CR", "PR", "SD", "PD", "NE"]),
    ),
    *in_cell(
        readable("sum_of_diameters_mm", "a number of millimetres"),
        within("sum_of_diameters_mm", 0, 1000),
    ),
    *owned(
        "clinician",
        always(
            "is_other_unit",
            False,
            "sum_of_diameters_mm_is_in_millimetres",
            "sum_of_diameters_mm",
            "The sum of diameters is a fifth or less, or fivefold, of the one before, or too small "
            "to be measured at baseline; check number and unit (millimetres)",
            "warn",
        ),
        empty(
            "contradiction",
            "response_goes_with_diameters",
            "response",
            "{contradiction}; correct whichever is wrong, or leave it where lesions without a "
            "diameter decided",
        ),
        always(
            "responds_after_progression",
            False,
            "progression_is_not_undone",
            "response",
            "response is CR or PR after PD in the same line of treatment; correct whichever is "
            "wrong, or deliver the new line",
            "warn",
        ),
        not_after(
            "treatment_start",
            "responded_on",
            "assessed_on lies before first-line treatment; the visit counts for no response (a "
            "scan before treatment is NE)",
            severity="warn",
            column="assessed_on",
        ),
        not_after("assessed_on", "died_on", "assessed_on lies after death"),
        not_after("assessed_on", "last_contact_on", "assessed_on lies after last_contact_on"),
    ),
]
