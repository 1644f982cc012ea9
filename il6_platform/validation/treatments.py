"""Rules of staging.treatments."""

from __future__ import annotations

from il6_platform.validation.rules import (
    Rule,
    date_column,
    known_patient,
    not_after,
    readable,
    required,
    stays,
    whole_line,
    within,
)

RULES: list[Rule] = [
    *whole_line(),
    known_patient(),
    required("line"),
    readable("line", "a whole number (1 is first-line)"),
    within("line", 1, 20),
    required("drug"),
    required("start_date"),
    *date_column("start_date"),
    readable("end_date", "a date written YYYY-MM-DD"),
    not_after("start_date", "end_date", "end_date lies before start_date", column="end_date"),
    not_after(
        "birth_date",
        "start_date",
        "start_date lies before birth",
        strictly=True,
        column="start_date",
    ),
    not_after(
        "diagnosis_date",
        "start_date",
        "start_date lies before diagnosis",
        column="start_date",
    ),
    stays("start_date", "start_date has moved since"),
]
