"""When a name that no dictionary holds is another analyte than the marker: what does not tell."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from il6_platform_tests.specification.harness import Specification

HEAD = "| patient_id | analyte | certainty | value | unit | collected_on | collected_at |"


def evaluable(together: Sequence[str], apart: int) -> list[bool]:
    """Return whether patients with the name in a later sample than the marker are evaluable.

    Of each patient in `together` the name has these cells, beside a result of the marker of day -5.
    """
    marker = "| il6 | known | 7 | pg/mL | day -5 | 28800 |"
    rows = [HEAD]
    for i, cells in enumerate(together):
        rows += [f"| t{i} {marker}", f"| t{i} | new name | unknown | {cells} |"]
    for i in range(apart):
        rows += [f"| a{i} {marker}", f"| a{i} | new name | unknown | 9 | pg/mL | day -2 | |"]
    spec = Specification()
    try:
        spec.given(labs="\n".join(rows))
        found = spec.rows("subjects", ["USUBJID", "ANALFL"])
    finally:
        spec.close()
    return [flag == "Y" for patient, flag in sorted(found) if patient.startswith("a")]


@pytest.mark.parametrize("cells", ["9 | pg/mL | day -5 |", "900 | ng/L | day -5 | 28800"])
def test_it_is_another_analyte_beside_results_of_the_marker(cells: str) -> None:
    assert evaluable([cells] * 3, 2) == [True, True]
    assert all(evaluable([cells] * 3, 27))


@pytest.mark.parametrize(
    "cells",
    [
        "9 | pg/mL | day -5 | 57600",  # another sample of the day
        "9 | pg/mL | day -6 |",
        "7 | pg/mL | day -5 |",  # the marker's own value: the same result under another name
        "9 | ng/mL | day -5 |",
        "9 | mmol/L | day -5 |",
    ],
)
def test_it_may_be_the_marker_where_no_result_is_beside_it(cells: str) -> None:
    assert evaluable([cells] * 5, 2) == [False, False]


def test_it_may_be_the_marker_where_few_are_beside_it() -> None:
    assert evaluable(["9 | pg/mL | day -5 |"] * 2, 1) == [False]
    assert not any(evaluable(["9 | pg/mL | day -5 |"] * 3, 28))
