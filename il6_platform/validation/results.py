"""Rules of report.results: what must hold of every number before it is published. They block."""

from __future__ import annotations

from il6_platform.validation.rules import Rule

RULES: list[Rule] = [
    Rule(
        "p_values_are_probabilities",
        "block",
        "p_value",
        "Every P lies between 0 and 1",
        "ExpectColumnValuesToBeBetween",
        {"column": "p_value", "min_value": 0, "max_value": 1},
    ),
    *(
        Rule(
            f"estimate_is_{words}",
            "block",
            "estimate",
            f"Every interval holds its estimate ({limit})",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {
                "column_A": larger,
                "column_B": smaller,
                "or_equal": True,
                "ignore_row_if": "either_value_is_missing",
            },
        )
        for words, limit, larger, smaller in (
            ("above_its_lower_limit", "ci_low", "estimate", "ci_low"),
            ("below_its_upper_limit", "ci_high", "ci_high", "estimate"),
        )
    ),
    Rule(
        "missing_estimate_has_a_note",
        "block",
        "note",
        "An estimate that is missing says why",
        "ExpectColumnValuesToNotBeNull",
        {"column": "note", "row_condition": "estimate.isnull()", "condition_parser": "pandas"},
    ),
    Rule(
        "events_are_at_most_n",
        "block",
        "events",
        "There are no more events than patients",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {
            "column_A": "n",
            "column_B": "events",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
    ),
]
