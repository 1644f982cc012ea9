"""Expressions of a derived marker: parsed as arithmetic has them; a mistake is said."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.errors import UsageError
from il6_platform.expressions import ExpressionError, read_expression
from il6_platform.study import StudyError, read_study
from il6_platform.warehouse.home import Site

VALUES = {"crp": 2.5, "il6": 0.25, "zero": 0.0}

atoms = st.sampled_from([*VALUES, "3", "0.5", "1e2", ".25"])
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"log({text})"),
        inner.map(lambda text: f"-({text})"),
    ),
    max_leaves=12,
)


def logarithm(value: float) -> float:
    if value <= 0:
        raise ZeroDivisionError
    return math.log(value)


@given(expressions)
@settings(max_examples=150, deadline=None)
def test_the_sql_is_what_arithmetic_says(text: str) -> None:
    try:
        term = read_expression(f"zero + {text}")
    except ExpressionError:
        # too long, or too deep
        assert len(text) > 180 or text.count("(") > 18
        return
    # the reference is Python's own arithmetic on the same text, which this test alone made
    try:
        expected = float(eval(f"zero + {text}", {"log": logarithm, "__builtins__": {}}, VALUES))
    except ZeroDivisionError:
        expected = math.nan
    sql = term.sql(lambda name: f"{VALUES[name]}::double")
    with duckdb.connect() as connection:
        ((value,),) = connection.execute(f"select {sql}").fetchall()
    found = math.nan if value is None else value
    assert found == pytest.approx(expected, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("neutrophils / ", "it ends too early"),
        ("neutrophils / / crp", "'/' does not follow"),
        ("(neutrophils", "a parenthesis is not closed"),
        ("neutrophils)", "'\\)' does not follow"),
        ("neutrophils lymphocytes", "'lymphocytes' does not follow"),
        ("2 crp", "'crp' does not follow"),
        ("log crp", "log needs parentheses"),
        ("crp ** 2", "'\\*' does not follow"),
        ("--crp", "two signs follow"),
        ("crp; drop table x", "';' cannot be used"),
        ("crp.__class__", "'.' cannot be used"),
        ("crp['a']", "'\\[' cannot be used"),
        ("1e999 * crp", "no finite number"),
        ("1 + 2", "names no analyte"),
        ("", "it ends too early"),
        ("(" * 30 + "crp" + ")" * 30, "more than 20 parentheses"),
        ("crp+" * 100 + "crp", "at most 200 characters"),
    ],
)
def test_a_mistake_is_said(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        read_expression(text)


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("{unit: ratio}", "line 1, key marker: a marker has an `analyte` or an `expression`"),
        ("{analyte: il6, expression: crp / il6, unit: x}", "key marker: a marker has an"),
        ("{expression: crp /, unit: x}", "line 1, key marker: it ends too early"),
        ("{expression: crp / granulocytes_x, unit: x}", "granulocytes_x is no analyte of data/"),
        ("{expression: IL-6 / crp, unit: x}", "IL is no analyte of data/units.csv; write one of"),
    ],
)
def test_a_study_file_says_what_is_wrong(tmp_path: Path, marker: str, words: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(
        f"marker: {marker}\narms: {{experimental_drug: bevacizumab}}\ncutoff: {{method: median}}\n"
    )
    with pytest.raises(StudyError, match=words):
        _ = Site(home=str(tmp_path), landing=str(tmp_path), study_file=str(file)).study
    assert issubclass(StudyError, UsageError)


def test_a_derived_marker_is_called_by_its_label(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    text = "marker: {expression: 'Neutrophils/lymphocytes', unit: ratio}\n"
    text += "arms: {experimental_drug: bevacizumab}\ncutoff: {method: median}\n"
    file.write_text(text)
    marker = read_study(file).marker
    assert marker.label == marker.name == "Neutrophils/lymphocytes"
    assert marker.is_derived and marker.term.analytes() == ("Neutrophils", "lymphocytes")
