"""Rules of staging.treatments."""

from __future__ import annotations

from il6_platform.validation.rules import (
    Rule,
    always,
    date_column,
    empty,
    known_patient,
    no_placeholder,
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
        "likely_drug",
        "drug_is_written_as_in_the_study",
        "drug",
        "drug may be {likely_drug}, but is not written so and does not count as it, which decides "
        "the patient's arm; write {likely_drug}, or leave it if it is another drug",
    ),
    required("start_date"),
    *date_column("start_date"),
    no_placeholder("start_date", "start_is_placeholder"),
    always(
        "line_begins_early",
        False,
        "lines_begin_in_order",
        "start_date",
        "start_date lies before the start of the line before; correct line or start_date",
        "warn",
    ),
    *owned(
        "clinician",
        always(
            "starts_too_late",
            False,
            "experimental_drug_starts_in_the_window",
            "start_date",
            "The experimental drug starts more than {arm_window_days} days after first-line "
            "treatment, so that the patient counts as a control; correct start_date if it is wrong",
            "warn",
        ),
    ),
    *date_column("end_date", "warn"),
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
