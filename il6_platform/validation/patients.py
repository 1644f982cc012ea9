"""Rules of staging.patients."""

from __future__ import annotations

from il6_platform.validation.rules import (
    RECEIVED,
    Rule,
    date_column,
    not_after,
    one_of,
    readable,
    required,
    stays,
    whole_line,
    within,
)

RULES: list[Rule] = [
    *whole_line(),
    required("sex"),
    one_of("sex", ["F", "M"]),
    *date_column("birth_date"),
    readable("age_years", "a number of years"),
    within("age_years", 0, 110),
    *date_column("diagnosis_date"),
    not_after("birth_date", "diagnosis_date", "diagnosis_date lies before birth", strictly=True),
    Rule(
        "age_or_birth_date_is_given",
        "warn",
        "birth_date",
        "Neither birth_date nor age_years is given; the patient leaves analyses that need age",
        "ExpectColumnValuesToNotBeNull",
        {
            "column": RECEIVED + "birth_date",
            "row_condition": f"{RECEIVED}age_years.isnull()",
            "condition_parser": "pandas",
        },
    ),
    one_of("primary_site", ["right colon", "left colon", "rectum"]),
    one_of("metastasis_timing", ["synchronous", "metachronous"]),
    readable("liver_metastases_n", "a whole number"),
    within("liver_metastases_n", 0, 500),
    readable("largest_metastasis_mm", "a number of millimetres"),
    within("largest_metastasis_mm", 0, 500),
    one_of("extrahepatic", ["Y", "N"]),
    one_of("ras_status", ["wild-type", "mutant"]),
    readable("ecog", "a whole number"),
    within("ecog", 0, 4),
    readable("consent_withdrawn_on", "a date written YYYY-MM-DD"),
    Rule(
        "covariates_are_readable",
        "quarantine",
        "unreadable_covariate",
        "{unreadable_covariate} is not a number, which the study file says it is; correct it",
        "ExpectColumnValuesToBeNull",
        {"column": "unreadable_covariate"},
    ),
    stays("birth_date", "birth_date is not what it was in"),
    stays("sex", "sex is not what it was in"),
]
