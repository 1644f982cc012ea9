"""Rules of staging.assessments."""

from __future__ import annotations

from il6_platform.validation.rules import (
    Rule,
    date_column,
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
    *owned(
        "clinician",
        required("response"),
        one_of("response", ["CR", "PR", "SD", "PD", "NE"]),
    ),
    readable("sum_of_diameters_mm", "a number of millimetres"),
    within("sum_of_diameters_mm", 0, 1000),
    *owned(
        "clinician",
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
