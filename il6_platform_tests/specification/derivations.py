"""The page of derivations, made of the specification tests: each rule and its example."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

from il6_platform.paths import PACKAGE

PAGE = PACKAGE / "docs" / "derivations.md"

ORDER = (
    "subjects",
    "marker_values",
    "adrs",
    "adtr",
    "adtte",
    "covariates",
    "panel",
    "adsl",
    "flow",
    "cutoff",
)

INTRODUCTION = """\
# How the cohort is derived

Made of the specification tests by `python -m il6_platform_tests.specification`; do not edit. Each
rule is a test that runs the project's SQL on the rows that are shown and compares what comes of
them. Day 0 is time zero, the start of first-line treatment. A table that an example does not show
has one ordinary row a patient: folfox as line 1 on day 0, IL-6 of 4 pg/mL on day 0, alive on day
400, no assessment. Examples of the cut-off allow groups of any size where they say nothing else.
"""


def page() -> str:
    """Return the page as Markdown."""
    folder = Path(__file__).parent
    parts = [INTRODUCTION]
    for name in ORDER:
        file = folder / f"test_{name}.py"
        if file.exists():
            parts.append(_section(name, ast.parse(file.read_text("utf-8"))))
    return "\n".join(parts)


def _section(name: str, module: ast.Module) -> str:
    table = f"`{'analysis' if name == 'cutoff' else 'cohort'}.{name}`"
    parts = [f"## {table}\n\n{ast.get_docstring(module)}\n"]
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            sentence = " ".join((ast.get_docstring(node) or "").split())
            parts.append("\n".join([_wrapped(f"**{sentence}**"), "", *_example(node), ""]))
    return "\n".join(parts)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_on_hyphens=False, break_long_words=False)


def _example(test: ast.FunctionDef) -> list[str]:
    """Return what a test gives and expects, as a block of text."""
    shown: list[str] = []
    for call in (node for node in ast.walk(test) if isinstance(node, ast.Call)):
        if not isinstance(call.func, ast.Attribute):
            continue
        named = [(k.arg, ast.literal_eval(k.value)) for k in call.keywords]
        match call.func.attr:
            case "study":
                keys = [ast.literal_eval(one) for one in call.args]
                shown += [f"study file: {text.strip()}" for text in keys if text]
                shown += [f"follow-up cut on {day}" for _, day in named]
            case "cutoff":
                shown += [f"cut-off: {ast.literal_eval(call.args[0])}"]
            case "given":
                for table, text in named:
                    shown += [f"given {table}:", *_rows(text)]
            case "expect":
                for table, text in named:
                    shown += [f"{table} is:", *_rows(text)]
    return ["```text", *shown, "```"]


def _rows(text: str) -> list[str]:
    return [f"  {line.strip()}" for line in text.strip().splitlines()]
