"""What a rule is, and how Great Expectations judges a table by its rules.

Belongs here: the shape of a rule, its common forms, and the translation of Great Expectations'
result into rows for the data manager. Does not belong here: the rules themselves; they are in the
module that is named after their table.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

Severity = Literal["quarantine", "warn", "block"]

RECEIVED = "received_"
"""Prefix of the columns that hold a cell's text as received, in the frame that rules judge."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the book.

    Attributes
    ----------
    id
        Name, which is also the asset check's.
    severity
        quarantine: the row is set aside; warn: the row is used, and listed; block: the table is
        unusable, nothing downstream runs.
    column
        Column to look at when it is broken.
    sentence
        What is wrong and what to do, for the data manager; `{column}` stands for the row's value
        of a column that the platform derived (never for what was received).
    expectation
        Name of the Great Expectations expectation.
    arguments
        Its arguments.
    """

    id: str
    severity: Severity
    column: str
    sentence: str
    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Great Expectations found of one rule: how many rows it judged, and which broke it."""

    rule: Rule
    judged: int
    broken: list[int]
    success: bool


def required(column: str) -> Rule:
    """Each row has a value in the column."""
    return Rule(
        f"{column}_is_given",
        "quarantine",
        column,
        f"{column} is empty; fill it in",
        "ExpectColumnValuesToNotBeNull",
        {"column": RECEIVED + column},
    )


def readable(column: str, kind: str) -> Rule:
    """What was received in the column could be read."""
    return Rule(
        f"{column}_is_readable",
        "quarantine",
        column,
        f"{column} is not {kind}; correct it",
        "ExpectColumnValuesToNotBeNull",
        {
            "column": column,
            "row_condition": f"{RECEIVED}{column}.notnull()",
            "condition_parser": "pandas",
        },
    )


def date_column(column: str) -> list[Rule]:
    """The column is an ISO date and no later than the export itself."""
    return [
        readable(column, "a date written YYYY-MM-DD"),
        not_after(column, "delivered_on", f"{column} lies after the day of the export"),
    ]


def one_of(column: str, values: Sequence[str], severity: Severity = "quarantine") -> Rule:
    """The column holds one of the values."""
    return Rule(
        f"{column}_is_in_the_list",
        severity,
        column,
        f"{column} must be one of {', '.join(values)}",
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": list(values)},
    )


def within(
    column: str, low: float | None, high: float | None, severity: Severity = "quarantine"
) -> Rule:
    """The column lies between two numbers, both included."""
    span = f"at least {low:g}" if high is None else f"between {low or 0:g} and {high:g}"
    return Rule(
        f"{column}_is_in_range",
        severity,
        column,
        f"{column} must be {span}; check number and unit",
        "ExpectColumnValuesToBeBetween",
        {"column": column, "min_value": low, "max_value": high},
    )


def not_after(
    earlier: str,
    later: str,
    sentence: str,
    *,
    strictly: bool = False,
    severity: Severity = "quarantine",
    column: str | None = None,
) -> Rule:
    """One date is not after another one (or, strictly, before it), where both are there."""
    return Rule(
        f"{earlier}_{'before' if strictly else 'not_after'}_{later}",
        severity,
        column or earlier,
        f"{sentence}; correct whichever is wrong",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {
            "column_A": later,
            "column_B": earlier,
            "or_equal": not strictly,
            "ignore_row_if": "either_value_is_missing",
        },
    )


def always(column: str, value: Any, rule_id: str, look_at: str, sentence: str) -> Rule:
    """A column that the platform derived holds the one value that it should."""
    return Rule(
        rule_id,
        "quarantine",
        look_at,
        sentence,
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": [value]},
    )


def whole_line() -> list[Rule]:
    """Rules of every received line: as many cells as the header, not twice in one export."""
    return [
        Rule(
            "line_is_whole",
            "quarantine",
            "(line)",
            "The line has more or fewer cells than the header; look for a stray comma",
            "ExpectColumnValuesToBeNull",
            {"column": "problem"},
        ),
        always(
            "in_conflict",
            False,
            "record_stands_once",
            "(line)",
            "The same record stands twice in this export, differently; keep the right one",
        ),
        required("patient_id"),
    ]


def known_patient() -> Rule:
    """The patient is in patients."""
    return always(
        "patient_is_known",
        True,
        "patient_is_known",
        "patient_id",
        "The patient is in no patients export; correct the number or deliver the patient",
    )


def judge(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Verdict]:
    """Have Great Expectations judge a frame by rules.

    Parameters
    ----------
    frame
        Rows to judge. A column `received` (cell name -> text) is opened into `received_<name>`.
    rules
        The table's rules, each on columns of the frame.

    Returns
    -------
    list of Verdict
        One a rule, in their order; `broken` holds positions in the frame.

    Raises
    ------
    RuntimeError
        Where Great Expectations could not evaluate a rule: a fault of the book, not of the data.
    """
    if not rules:
        return []
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    import great_expectations.expectations as expectations

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    batch = (
        context.data_sources.add_pandas("staging")
        .add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": _opened(frame, rules)})
    )
    suite = gx.ExpectationSuite(
        name="rules",
        expectations=[
            getattr(expectations, rule.expectation)(**rule.arguments, meta={"rule": position})
            for position, rule in enumerate(rules)
        ],
    )
    outcome = batch.validate(suite, result_format={"result_format": "COMPLETE"})
    verdicts = {}
    for result in outcome.results:
        config = result.expectation_config
        position = config.meta["rule"]  # type: ignore[union-attr]
        if result.exception_info.get("raised_exception"):
            # the message may quote values of the frame: name the rule only
            raise RuntimeError(
                f"rule {rules[position].id} could not be evaluated by Great Expectations"
            )
        verdicts[position] = Verdict(
            rules[position],
            int(result.result.get("element_count", len(frame))),
            sorted(result.result.get("unexpected_index_list") or []),
            bool(result.success),
        )
    return [verdicts[position] for position in range(len(rules))]


def problems(frame: pd.DataFrame, verdicts: Sequence[Verdict], table: str) -> pd.DataFrame:
    """Return one row a broken row rule, as `staging.problems` holds them."""
    rows = [
        {
            "table_name": table,
            "delivery": row["delivery"],
            "file_line": int(row["file_line"]),
            "record": row["record"],
            "patient_id": row["patient_id"],
            "rule": verdict.rule.id,
            "severity": verdict.rule.severity,
            "column_name": verdict.rule.column,
            "value": (row["received"] or {}).get(verdict.rule.column),
            "sentence": verdict.rule.sentence.format_map(row),
        }
        for verdict in verdicts
        if verdict.rule.severity != "block"
        for row in frame.iloc[verdict.broken].to_dict("records")
    ]
    return pd.DataFrame(rows, columns=PROBLEM_COLUMNS, dtype=object)


PROBLEM_COLUMNS = [
    "table_name",
    "delivery",
    "file_line",
    "record",
    "patient_id",
    "rule",
    "severity",
    "column_name",
    "value",
    "sentence",
]
"""Columns of `staging.problems`."""


def _opened(frame: pd.DataFrame, rules: Sequence[Rule]) -> pd.DataFrame:
    """Give each received cell that a rule asks for a column of its own."""
    opened = frame.reset_index(drop=True)
    if "received" not in opened:
        return opened
    asked = {
        name
        for rule in rules
        for name in [rule.column, rule.arguments.get("column", "").removeprefix(RECEIVED)]
        if name
    }
    cells = opened["received"].tolist()
    texts = {
        RECEIVED + name: pd.Series([(row or {}).get(name) for row in cells], dtype=object)
        for name in sorted(asked)
    }
    return pd.concat(
        [opened.drop(columns="received"), pd.DataFrame(texts, index=opened.index)], axis=1
    )
