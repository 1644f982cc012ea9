"""The page of derivations is what the tests say today; the harness sees what is wrong."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from il6_platform_tests.specification.derivations import ORDER, PAGE, page
from il6_platform_tests.specification.harness import Specification
from il6_platform_tests.specification.tables import parse


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m il6_platform_tests.specification"


def test_every_rule_has_its_sentence_and_its_section() -> None:
    files = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert files - {"derivations"} == set(ORDER)
    for name in ORDER:
        module = ast.parse((Path(__file__).parent / f"test_{name}.py").read_text("utf-8"))
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert (ast.get_docstring(node) or "").rstrip().endswith((".", ")")), node.name


@pytest.mark.parametrize(
    "expected",
    [
        "| USUBJID | MARKER |\n| p1 | 3 |\n| p2 | 4 |",
        "| USUBJID | MARKER |\n| p1 | 4 |",
        "| USUBJID | MARKER |\n| p1 | 4 |\n| p2 | 4 |\n| p3 | 4 |",
        "| USUBJID | MARKER |\n| p1 | 4 |\n| p2 | |",
    ],
)
def test_a_wrong_row_is_seen(spec: Specification, expected: str) -> None:
    spec.given(patients="| patient_id |\n| p1 |\n| p2 |")
    with pytest.raises(AssertionError, match=r"cohort\.subjects"):
        spec.expect(subjects=expected)


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="has 1 cells"):
        parse("| a | b |\n| 1 |")
