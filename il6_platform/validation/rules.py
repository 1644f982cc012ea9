"""What a rule is, and how Great Expectations judges a table by its rules.

Belongs here: the shape of a rule, its common forms, and the translation of Great Expectations'
result into rows for the data manager. Does not belong here: the rules themselves; they are in the
module that is named after their table.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.datasource.fluent.interfaces import Batch

Severity = Literal["quarantine", "cell", "warn", "block"]
Owner = Literal["data manager", "laboratory", "clinician", "engineer"]

RECEIVED = "received_"
"""Prefix of the columns that hold a cell's text as received, in the frame that rules judge."""

BEFORE = "_before"
"""Suffix of the columns that hold what the record said in the last delivery before."""

WHOLE_LINE = "(line)"
"""What a rule looks at that judges a line as a whole."""

GENERAL = {
    "known_units": "one of the table of units",
    "absent_from": "of the same registry",
    "file_before": "the delivery before",
    "overwritten": "The result of this day was overwritten: it, or its unit, is not what it was in",
    "spelt_at": "another line",
    "unclear_drug": "one of several drugs",
    "unclear_analyte": "one of several analytes",
    "contradiction": "Response and sum of diameters do not go together (RECIST 1.1: 30% less than "
    "before treatment is a response, 20% and 5 mm more than the smallest a progression)",
}
"""What a rule's sentence says for a row's own value where it speaks of no row."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the book.

    Attributes
    ----------
    id
        Name, which is also the asset check's.
    severity
        quarantine: the row is set aside; cell: the column is set to missing in the row, which is
        used; warn: the row is used, and listed; block: the table is unusable, nothing downstream
        runs.
    column
        Column to look at when it is broken.
    sentence
        What is wrong and what to do, for the data manager; `{column}` stands for the row's value
        of a column that the platform derived (never for what was received).
    expectation
        Name of the Great Expectations expectation.
    arguments
        Its arguments.
    owner
        Who puts it right.
    """

    id: str
    severity: Severity
    column: str
    sentence: str
    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    owner: Owner = "data manager"

    @property
    def looks_back(self) -> bool:
        """Whether it holds a row against the last delivery before."""
        return any(str(argument).endswith(BEFORE) for argument in self.arguments.values())

    @property
    def in_general(self) -> str:
        """The sentence without a row: what a row would fill in is said in general."""
        return self.sentence.format_map(GENERAL)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Great Expectations found of one rule: how many rows it judged, and which broke it."""

    rule: Rule
    judged: int
    broken: np.ndarray[Any, np.dtype[np.int64]]
    success: bool


def owned(owner: Owner, *rules: Rule) -> list[Rule]:
    """Return rules that someone else than the data manager puts right."""
    return [replace(rule, owner=owner) for rule in rules]


def in_cell(*rules: Rule) -> list[Rule]:
    """Return rules of a column that no derivation needs: it alone is set aside, not the row."""
    return [
        replace(rule, severity="cell") if rule.severity == "quarantine" else rule for rule in rules
    ]


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


def readable(column: str, kind: str, read: str | None = None, unless: Sequence[str] = ()) -> Rule:
    """What was received in the column could be read, into another one where `read` names it.

    Where one of the columns `unless` is true, something else is said of it, or nothing.
    """
    given = " and not ".join([f"{RECEIVED}{column}.notnull()", *unless])
    return Rule(
        f"{column}_is_readable",
        "quarantine",
        column,
        f"{column} is not {kind}; correct it",
        "ExpectColumnValuesToNotBeNull",
        {
            "column": read or column,
            "row_condition": given,
            "condition_parser": "pandas",
        },
    )


EARLIEST = datetime(1900, 1, 1)
"""No day before this one is of a patient who can be in a study."""


def date_column(
    column: str,
    later_is: Severity = "quarantine",
    read: str | None = None,
    unless: Sequence[str] = (),
) -> list[Rule]:
    """The column is an ISO date of this age and no later than the export itself.

    Where a program wrote a day because none is known, the column `COLUMN_is_placeholder` says so.
    Where one of the columns `unless` is true, there need be none.
    """
    placeholder = f"{column}_is_placeholder"
    return [
        readable(column, "a date written YYYY-MM-DD", read, (placeholder, *unless)),
        always(
            placeholder,
            False,
            f"{column}_is_no_placeholder",
            column,
            f"{column} is a day that programs write where none is known (1900-01-01, 1970-01-01); "
            "leave it empty or fill in the day",
        ),
        Rule(
            f"{column}_is_of_this_age",
            "quarantine",
            column,
            f"{column} lies before {EARLIEST.year}; correct the year",
            "ExpectColumnValuesToBeBetween",
            {"column": column, "min_value": EARLIEST},
        ),
        not_after(
            column,
            "delivered_on",
            f"{column} lies after the day of the export",
            severity=later_is,
        ),
    ]


def one_of(column: str, values: Sequence[str], severity: Severity = "quarantine") -> Rule:
    """What was received in the column could be read as one of the values."""
    return Rule(
        f"{column}_is_in_the_list",
        severity,
        column,
        f"{column} must be one of {', '.join(values)}",
        "ExpectColumnValuesToNotBeNull",
        {
            "column": column,
            "row_condition": f"{RECEIVED}{column}.notnull()",
            "condition_parser": "pandas",
        },
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
    severity: Severity = "quarantine",
    column: str | None = None,
    advice: str = "correct whichever is wrong",
) -> Rule:
    """One date is not after another one, where both are there."""
    return Rule(
        f"{earlier}_not_after_{later}",
        severity,
        column or earlier,
        f"{sentence}; {advice}",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {
            "column_A": later,
            "column_B": earlier,
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
    )


def stays(
    column: str,
    sentence: str,
    *,
    severity: Severity = "warn",
    judged: str | None = None,
) -> Rule:
    """The column says what it said in the last delivery before, where both say something.

    The next delivery that says the same confirms a new value: then both agree.
    """
    of = judged or column
    return Rule(
        f"{column}_stays",
        severity,
        column,
        f"{sentence} {{file_before}}; correct whichever is wrong (the next export that says the "
        "same confirms it)",
        "ExpectColumnPairValuesToBeEqual",
        {
            "column_A": of,
            "column_B": of + BEFORE,
            "ignore_row_if": "either_value_is_missing",
        },
    )


def always(
    column: str,
    value: Any,
    rule_id: str,
    look_at: str,
    sentence: str,
    severity: Severity = "quarantine",
) -> Rule:
    """A column that the platform derived holds the one value that it should."""
    return Rule(
        rule_id,
        severity,
        look_at,
        sentence,
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": [value]},
    )


def empty(column: str, rule_id: str, look_at: str, sentence: str) -> Rule:
    """A diagnostic column, which the platform derives, is null."""
    return Rule(
        rule_id, "warn", look_at, sentence, "ExpectColumnValuesToBeNull", {"column": column}
    )


def whole_line() -> list[Rule]:
    """Rules of every received line: whole, once in its export, and still in the full exports."""
    return [
        Rule(
            "line_is_whole",
            "quarantine",
            WHOLE_LINE,
            "The line has more or fewer cells than the header; look for a stray comma",
            "ExpectColumnValuesToBeNull",
            {"column": "problem"},
        ),
        always(
            "in_conflict",
            False,
            "record_stands_once",
            WHOLE_LINE,
            "The same record stands twice in this export, differently, or in one of two copies of "
            "the table alone; keep the right one",
        ),
        always(
            "differs_in_details",
            False,
            "details_stand_once",
            WHOLE_LINE,
            "The same record stands twice in this export, with other details; the last line is "
            "used, keep the right one",
            "warn",
        ),
        required("patient_id"),
        always(
            "number_is_mangled",
            False,
            "patient_id_is_whole",
            "patient_id",
            "patient_id is a number as a spreadsheet shortens it (1.0E+05), so digits are lost; "
            "make its column text in the source and export it again",
        ),
        Rule(
            "record_is_still_delivered",
            "warn",
            WHOLE_LINE,
            "The record is in no later full export ({absent_from}) but goes on being used; deliver "
            "it again, or have it struck from the exports that hold it",
            "ExpectColumnValuesToBeNull",
            {"column": "absent_from"},
        ),
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


def opened(query: str, rules: Sequence[Rule]) -> str:
    """Return SQL that gives each received cell which a rule speaks of a column of its own.

    Parameters
    ----------
    query
        A query whose column `received` maps the name of a cell to its text.
    rules
        Rules that judge its rows; the column that a rule looks at becomes `received_<column>`.
    """
    cells = sorted({rule.column for rule in rules} - {WHOLE_LINE})
    columns = ", ".join(f"cell(received, '{name}') as {RECEIVED}{name}" for name in cells)
    return f"select * exclude (received), {columns} from ({query.strip().removesuffix(';')})"


def asked(columns: Iterable[str], rules: Sequence[Rule]) -> list[str]:
    """Return the columns, of those given, that the rules' expectations read."""
    words = {word for rule in rules for word in re.findall(r"\w+", str(rule.arguments))}
    return [name for name in columns if name in words]


def judge(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Verdict]:
    """Have Great Expectations judge a frame by rules.

    Parameters
    ----------
    frame
        Rows to judge; it holds at least the columns that are `asked`.
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
    if frame.empty:
        # every rule is of rows: without one, none is broken
        return [Verdict(rule, 0, np.empty(0, dtype=np.int64), True) for rule in rules]
    if not rules:
        return []
    from il6_platform.validation.expectations import JudgedRows

    batch = _any_frame().get_batch({"dataframe": JudgedRows(frame.reset_index(drop=True))})
    verdicts = {
        rule.id: Verdict(rule, len(frame), np.empty(0, dtype=np.int64), True) for rule in rules
    }
    # which rows are broken is asked of those rules only that are: it doubles the cost of the others
    outcome = _outcome(batch, rules, "BOOLEAN_ONLY")
    failing = [rule for rule in rules if not outcome[rule.id].success]
    for name, found in (_outcome(batch, failing, "COMPLETE") if failing else {}).items():
        rule = verdicts[name].rule
        rows = np.asarray(found.result.get("unexpected_index_list") or [], dtype=np.int64)
        if not len(rows):
            raise RuntimeError(f"rule {name} is broken, but Great Expectations does not say where")
        judged = int(found.result.get("element_count", len(frame)))
        verdicts[name] = Verdict(rule, judged, np.sort(rows), False)
    return list(verdicts.values())


def _outcome(
    batch: Batch, rules: Sequence[Rule], result_format: str
) -> dict[str, ExpectationValidationResult]:
    """Return Great Expectations' result of each rule by its id."""
    from il6_platform.validation.expectations import expectation, gx

    suite = gx.ExpectationSuite(
        name="rules",
        expectations=[
            expectation(rule.expectation)(**rule.arguments, meta={"rule": rule.id})
            for rule in rules
        ],
    )
    results = {}
    for result in batch.validate(suite, result_format={"result_format": result_format}).results:
        rule = result.expectation_config.meta["rule"]  # type: ignore[union-attr]
        if result.exception_info.get("raised_exception"):
            # the message may quote values of the frame: name the rule only
            raise RuntimeError(f"rule {rule} could not be evaluated by Great Expectations")
        results[rule] = result
    return results


@cache
def _any_frame() -> BatchDefinition:
    """Return the batch definition that every frame is judged through: making one costs time."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    from il6_platform.validation.expectations import gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return (
        context.data_sources.add_pandas("staging")
        .add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
    )


def problems(rows: pd.DataFrame, verdicts: Sequence[Verdict], table: str) -> pd.DataFrame:
    """Return one row a broken row rule, as `staging.problems` holds them.

    Parameters
    ----------
    rows
        At least the rows that broke a rule, with every column; its index is the position that the
        verdicts name.
    verdicts
        What was found.
    table
        Native table.
    """
    found = [
        _broken(rows.loc[verdict.broken], verdict.rule)
        for verdict in verdicts
        if verdict.rule.severity != "block" and len(verdict.broken)
    ]
    if not found:
        return pd.DataFrame(columns=PROBLEM_COLUMNS, dtype=object)
    every = pd.concat([one.astype(object) for one in found], ignore_index=True)
    return every.assign(table_name=table)[PROBLEM_COLUMNS]


def _broken(rows: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    sentence = pd.Series("", index=rows.index, dtype=object)
    for words, name, _, _ in Formatter().parse(rule.sentence):
        sentence = sentence + words + (rows[name].astype(str) if name else "")
    return rows[["delivery", "file_line", "record", "patient_id"]].assign(
        rule=rule.id,
        severity=rule.severity,
        column_name=rule.column,
        value=None if rule.column == WHOLE_LINE else rows[RECEIVED + rule.column],
        value_before=_as_text(rows.get(rule.column + BEFORE)) if rule.looks_back else None,
        sentence=sentence,
        rule_says=rule.in_general,
    )


def _as_text(values: pd.Series | None) -> pd.Series | None:
    if values is None:
        return None
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.strftime("%Y-%m-%d")
    return values.astype("string")


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
    "value_before",
    "sentence",
    "rule_says",
]
"""Columns of `staging.problems`."""
