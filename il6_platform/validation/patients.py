"""Rules of staging.patients."""

from __future__ import annotations

from il6_platform.validation.rules import (
    RECEIVED,
    Rule,
    always,
    date_column,
    in_cell,
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
    # who may have withdrawn consent is not used
    readable("consent_withdrawn_on", "a date written YYYY-MM-DD", "withdrawn_by"),
    *in_cell(
        required("sex"),
        one_of("sex", ["F", "M", "U"]),
        *date_column("birth_date", read="born_about"),
        Rule(
            "birth_date_is_known_to_the_day",
            "warn",
            "birth_date",
            "birth_date is known to the month or year only, or may be several days, so that age is "
            "taken from the middle; write the day as YYYY-MM-DD if it is known",
            "ExpectColumnValuesToNotBeNull",
            {
                "column": "birth_date",
                "row_condition": "born_about.notnull()",
                "condition_parser": "pandas",
            },
        ),
        Rule(
            "birth_date_gives_an_age",
            "quarantine",
            "birth_date",
            "By birth_date the patient was older than 115 at treatment; correct the year",
            "ExpectColumnValuesToBeBetween",
            {"column": "age_by_birth_date", "max_value": 116},
        ),
        Rule(
            "birth_date_gives_an_adult",
            "warn",
            "birth_date",
            "By birth_date the patient was younger than 18 or older than 105 at treatment; check "
            "the year",
            "ExpectColumnValuesToBeBetween",
            {"column": "age_by_birth_date", "min_value": 18, "max_value": 106},
        ),
        readable("age_years", "a number of years"),
        within("age_years", 0, 115),
        Rule(
            "age_years_is_of_an_adult",
            "warn",
            "age_years",
            "age_years is less than 18 or more than 105; check the number",
            "ExpectColumnValuesToBeBetween",
            {"column": "age_years", "min_value": 18, "max_value": 106},
        ),
        Rule(
            "age_years_goes_with_birth_date",
            "warn",
            "age_years",
            "age_years is not the age at treatment start that birth_date gives; correct whichever "
            "is wrong",
            "ExpectColumnValuesToBeBetween",
            {"column": "years_apart", "max_value": 2},
        ),
        *date_column("diagnosis_date"),
        not_after("birth_date", "diagnosis_date", "diagnosis_date lies before birth"),
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
        Rule(
            "largest_metastasis_mm_is_usual",
            "warn",
            "largest_metastasis_mm",
            "largest_metastasis_mm is less than 5 or more than 250; check number and unit "
            "(millimetres)",
            "ExpectColumnValuesToBeBetween",
            {
                "column": "largest_metastasis_mm",
                "min_value": 5,
                "max_value": 250,
                "row_condition": "largest_metastasis_mm != 0",
                "condition_parser": "pandas",
            },
        ),
        always(
            "size_contradicts_number",
            False,
            "size_goes_with_number",
            "liver_metastases_n",
            "There are liver metastases without a size, or a size without liver metastases; "
            "correct liver_metastases_n or largest_metastasis_mm",
            "warn",
        ),
        one_of("extrahepatic", ["Y", "N"]),
        one_of("primary_resected", ["Y", "N"]),
        one_of("ras_status", ["wild-type", "mutant"]),
        readable("ecog", "a whole number"),
        within("ecog", 0, 4),
        always(
            "site_is_missing",
            False,
            "site_id_is_given",
            "site_id",
            "site_id is empty while other patients have one; fill it in",
            "warn",
        ),
        always(
            "is_spelt_twice",
            False,
            "patient_id_is_spelt_once",
            "patient_id",
            "patient_id is also in another spelling (case, blanks, signs, leading zeros, letters "
            "that look alike) in {spelt_at}, and counts as two patients; write it in one way in "
            "every export",
            "warn",
        ),
        stays("birth_date", "birth_date is not what it was in"),
        stays("sex", "sex is not what it was in"),
    ),
]
