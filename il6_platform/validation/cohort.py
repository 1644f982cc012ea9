"""Rules of the cohort tables: what must hold of ADSL, ADRS and ADTTE if the derivation is right.

They block: a cohort that breaks one is a fault of the platform or of a rule that let a row pass,
and no number may be made of it.
"""

from __future__ import annotations

from typing import Any

from il6_platform.validation.rules import Rule


def _blocks(
    rule_id: str, look_at: str, sentence: str, expectation: str, /, **arguments: Any
) -> Rule:
    return Rule(rule_id, "block", look_at, sentence, expectation, arguments)


def _in_set(column: str, values: list[Any]) -> Rule:
    return _blocks(
        f"{column}_is_in_the_list",
        column,
        f"{column} must be one of {', '.join(map(str, values))}",
        "ExpectColumnValuesToBeInSet",
        column=column,
        value_set=values,
    )


def _unique(*columns: str) -> Rule:
    single = len(columns) == 1
    return _blocks(
        f"{'_'.join(columns)}_is_unique",
        columns[-1],
        f"One row for each {' and '.join(columns)}",
        "ExpectColumnValuesToBeUnique" if single else "ExpectCompoundColumnsToBeUnique",
        **({"column": columns[0]} if single else {"column_list": list(columns)}),
    )


def _given(column: str) -> Rule:
    return _blocks(
        f"{column}_is_given",
        column,
        f"{column} is never empty",
        "ExpectColumnValuesToNotBeNull",
        column=column,
    )


SUBJECTS = [
    _unique("USUBJID"),
    _in_set("ARMCD", ["C", "E"]),
    _in_set("ITTFL", ["Y", "N"]),
    _in_set("ANALFL", ["Y", "N"]),
    _blocks(
        "excluded_has_a_reason",
        "EXCLREAS",
        "Who is not analysed has a reason",
        "ExpectColumnValuesToNotBeNull",
        column="EXCLREAS",
        row_condition='ANALFL == "N"',
        condition_parser="pandas",
    ),
    _blocks(
        "marker_is_not_negative",
        "MARKER",
        "A concentration or count is not negative",
        "ExpectColumnValuesToBeBetween",
        column="MARKER",
        min_value=0,
    ),
]

ADRS = [
    _in_set("PARAMCD", ["OVRLRESP", "BOR"]),
    _in_set("AVALC", ["CR", "PR", "SD", "PD", "NE"]),
    _unique("USUBJID", "PARAMCD", "ADT"),
]

ADTR = [
    _in_set("PARAMCD", ["SUMDIAM"]),
    _unique("USUBJID", "PARAMCD", "ADT"),
    _blocks(
        "PCHG_is_no_less_than_all",
        "PCHG",
        "Diameters cannot shrink by more than all",
        "ExpectColumnValuesToBeBetween",
        column="PCHG",
        min_value=-100,
    ),
]

ADTTE = [
    _unique("USUBJID", "PARAMCD"),
    _in_set("CNSR", [0, 1, 2]),
    _given("AVAL"),
    _given("EVNTDESC"),
    _blocks(
        "AVAL_is_not_negative",
        "AVAL",
        "No event and no censoring before time zero",
        "ExpectColumnValuesToBeBetween",
        column="AVAL",
        min_value=0,
    ),
]

ADSL = [
    _unique("USUBJID"),
    _in_set("ARMCD", ["C", "E"]),
    _in_set("SEX", ["F", "M"]),
    _in_set("MARKERGR", ["high", "low"]),
    _given("TRTSDT"),
]
