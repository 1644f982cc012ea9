"""Rules of staging.treatments."""

from __future__ import annotations

from il6_platform.validation.rules import (
    Rule,
    always,
    date_column,
    empty,
    in_cell,
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
    always(
        "line_is_skipped",
        False,
        "line_follows_on",
        "line",
        "The patient has no treatment of the line before; correct line or deliver what is missing",
        "warn",
    ),
    required("drug"),
    empty(
        "unclear_drug",
        "drug_is_clear",
        "drug",
        "drug may be {unclear_drug}, but is not clear; write which drug was given",
    ),
    required("start_date"),
    *date_column("start_date"),
    always(
        "line_begins_early",
        False,
        "lines_begin_in_order",
        "start_date",
        "start_date lies on or before the start of the line before; correct line or start_date",
        "warn",
    ),
    always(
        "begins_apart",
        False,
        "line_begins_together",
        "start_date",
        "start_date lies more than nine months from the start of the rest of the line; "
        "correct line or start_date",
        "warn",
    ),
    *in_cell(
        *date_column("end_date", "warn", unless=["is_ongoing"]),
        not_after("start_date", "end_date", "end_date lies before start_date", column="end_date"),
    ),
    not_after(
        "birth_date",
        "start_date",
        "start_date lies before birth",
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
