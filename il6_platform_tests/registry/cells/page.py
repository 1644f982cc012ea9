"""The page on reading cells, made of the tables that the tests go through."""

from __future__ import annotations

from il6_platform.paths import PACKAGE
from il6_platform_tests.registry.cells import (
    test_analytes,
    test_days,
    test_drugs,
    test_numbers,
    test_units,
    test_words,
)

PAGE = PACKAGE / "docs" / "cells.md"
OPENING = """# How a cell is read

Made of the tests' tables by `python -m il6_platform_tests.registry.cells`; do not edit. On the left
stands a text as it is received, on the right what it is taken for. A text that could mean two
things is never read: it is set aside with its reason, and a profile may say how its source writes
(`dates`, `pivot`, `decimal`, `codes`). The code is `il6_platform/registry/cells`; names and words
stand in `data/drugs.csv`, `data/names.csv`, `data/units.csv` and `data/vocabulary.yaml`.
"""
SECTIONS: list[tuple[str, str, str]] = [
    ("Days", "A source that states nothing", test_days.ALWAYS),
    ("Days", "A source with `dates: [dmy]` and `pivot: 30`", test_days.DAY_FIRST),
    ("Days", "A source with `dates: [mdy]`", test_days.MONTH_FIRST),
    ("Numbers", "A source that states nothing", test_numbers.UNSTATED),
    ("Numbers", 'A source with `decimal: ","`', test_numbers.COMMA),
    ("Numbers", 'A source with `decimal: "."`', test_numbers.POINT),
    ("Units", "", test_units.UNITS),
    (
        "Analytes",
        "`? a b`: it may be one of these. In brackets a unit that stood in the name.",
        test_analytes.NAMES,
    ),
    (
        "Drugs",
        "`a + b` were given, `-`: nothing that is named was; behind a question mark stands what "
        "may have been given (`*`: any drug).",
        test_drugs.GIVEN,
    ),
    ("Lines of treatment", "", test_words.LINE),
    ("Responses", "", test_words.RESPONSE),
    ("Vital status", "", test_words.VITAL_STATUS),
    ("Sex", "", test_words.SEX),
    ("Yes and no", "", test_words.YES_NO),
]


def made() -> str:
    """Return the page."""
    parts, before = [OPENING], ""
    for heading, sentence, table in SECTIONS:
        if heading != before:
            parts.append(f"## {heading}\n")
        before = heading
        if sentence:
            parts.append(f"{sentence}\n")
        parts.append(f"```text\n{table.strip()}\n```\n")
    return "\n".join(parts)
