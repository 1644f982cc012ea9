"""Rules of staging.follow_up."""

from __future__ import annotations

from dataclasses import replace

from il6_platform.validation.rules import (
    RECEIVED,
    Rule,
    always,
    date_column,
    known_patient,
    not_after,
    one_of,
    owned,
    required,
    stays,
    whole_line,
)

RULES: list[Rule] = [
    *whole_line(),
    known_patient(),
    # of a death that names no last contact, the day of death is one
    replace(
        required("last_contact_on"),
        arguments={
            "column": "last_contact_on",
            "row_condition": f"{RECEIVED}last_contact_on.isnull()",
            "condition_parser": "pandas",
        },
    ),
    *date_column("last_contact_on"),
    required("vital_status"),
    one_of("vital_status", ["alive", "dead", "lost", "unknown"]),
    *date_column("died_on"),
    *owned(
        "clinician",
        Rule(
            "dead_has_died_on",
            "quarantine",
            "died_on",
            "vital_status is dead but died_on is empty; add the day of death",
            "ExpectColumnValuesToNotBeNull",
            {
                "column": RECEIVED + "died_on",
                "row_condition": 'vital_status == "dead"',
                "condition_parser": "pandas",
            },
        ),
        Rule(
            "alive_has_no_died_on",
            "quarantine",
            "died_on",
            "vital_status is alive but died_on is filled; correct whichever is wrong",
            "ExpectColumnValuesToBeNull",
            {
                "column": RECEIVED + "died_on",
                "row_condition": 'vital_status == "alive"',
                "condition_parser": "pandas",
            },
        ),
        not_after("last_contact_on", "died_on", "last_contact_on lies after death"),
        not_after(
            "died_on",
            "last_contact_on",
            "died_on lies after last_contact_on; a death is the last contact",
            severity="warn",
        ),
        not_after(
            "birth_date",
            "last_contact_on",
            "last_contact_on lies before birth",
            column="last_contact_on",
        ),
        not_after(
            "treatment_start",
            "last_contact_on",
            "last_contact_on lies before first-line treatment",
            column="last_contact_on",
        ),
        not_after(
            "last_start",
            "last_contact_on",
            "A treatment starts after last_contact_on",
            severity="warn",
            column="last_contact_on",
            advice="bring follow-up up to date, or correct the treatment's start_date",
        ),
        stays(
            "vital_status",
            "A death is undone: the patient was dead in",
            severity="quarantine",
            judged="is_dead",
        ),
        always(
            "death_is_taken_back",
            False,
            "death_is_not_taken_back",
            "vital_status",
            "The patient was dead in an earlier export, and is alive on a later day in this one; "
            "this one is used: check that the death was an error",
            "warn",
        ),
        stays("died_on", "The day of death is not what it was in"),
        Rule(
            "follow_up_goes_forward",
            "warn",
            "last_contact_on",
            "last_contact_on lies before that of {file_before}; correct whichever is wrong "
            "(the next export that says the same confirms it)",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {
                "column_A": "last_contact_on",
                "column_B": "last_contact_on_before",
                "or_equal": True,
                "ignore_row_if": "either_value_is_missing",
            },
        ),
    ),
]
