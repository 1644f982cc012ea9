"""The dictionary of drugs: every phrase that is known, and what an unknown word may stand for.

Belongs here: `data/drugs.csv` (names, codes, regimens, classes, with their sources) and the
`drug_text` of `data/vocabulary.yaml` (no, not given, planned ...) as one table of phrases. Does
not belong here: what a text made of them says (`drugs`).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform import paths
from il6_platform.registry.cells.spelling import is_abbreviation, is_confusable, is_misspelt
from il6_platform.registry.cells.text import key
from il6_platform.registry.vocabulary import vocabulary

ANY = "*"
"""Stands for any substance, those of no dictionary too."""

Role = Literal[
    "drug",
    "regimen",
    "class",
    "without",
    "not_given",
    "doubt",
    "either",
    "placebo",
    "scheme",
    "passed_over",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a phrase is in a text; of a drug, regimen or class: the substances that it names."""

    role: Role
    substances: tuple[str, ...] = ()


@cache
def lexicon() -> dict[str, Entry]:
    """Return every known phrase by its `key`; a drug's name goes before another word."""
    words = vocabulary().drug_text
    roles: dict[Role, tuple[str, ...]] = {
        "passed_over": (*words.passed_over, *words.resets),
        "without": words.without,
        "not_given": words.not_given,
        "doubt": words.doubt,
        "either": words.either,
        "placebo": words.placebo,
        "scheme": words.scheme,
    }
    found = {key(word): Entry(role) for role, listed in roles.items() for word in listed}
    for row in _rows():
        role: Role = "drug"
        if row["kind"] == "regimen":
            role = "regimen"
        elif row["kind"] == "class":
            role = "class"
        found[key(row["text"])] = Entry(role, _substances(row))
    return found


@cache
def longest_key() -> int:
    """Return how many signs the longest phrase has."""
    return max(map(len, lexicon()))


@cache
def group(name: str) -> frozenset[str]:
    """Return the substances of a group: antibody, anti-VEGF, cytotoxic ..."""
    return frozenset(row["substance"] for row in _rows() if name in row["groups"].split(";"))


@cache
def near(word: str) -> frozenset[str]:
    """Return the substances that an unknown word may stand for; a code may stand for any.

    >>> sorted(near("bevazizumab")), sorted(near("d10045")), sorted(near("xanomeline"))
    (['bevacizumab'], ['*'], [])
    """
    if re.search(r"\d", word) and re.search(r"[^\W\d_]", word):
        return frozenset({ANY})
    names = ((name, one.substances) for name, one in lexicon().items() if one.role in _NAMES)
    return frozenset(
        substance for name, substances in names if _may_be(word, name) for substance in substances
    )


_NAMES = frozenset({"drug", "regimen"})


def _may_be(word: str, name: str) -> bool:
    if is_misspelt(word, name) or is_confusable(word, name) or is_abbreviation(word, name):
        return True
    return len(name) > 5 and name in word


@cache
def substances_of_atc(beginning: str) -> frozenset[str]:
    """Return the substances whose ATC code begins with a text (in lower case); "" for all."""
    return frozenset(
        substance
        for row in _rows()
        if row["kind"] == "ATC" and row["text"].lower().startswith(beginning)
        for substance in _substances(row)
    )


@cache
def substances() -> frozenset[str]:
    """Return every substance of the dictionary."""
    return frozenset(row["substance"] for row in _rows() if row["kind"] == "generic")


@cache
def resets() -> frozenset[str]:
    """Return the words (their `key`) behind which `without` no longer counts."""
    return frozenset(key(word) for word in vocabulary().drug_text.resets)


@cache
def _rows() -> tuple[dict[str, str], ...]:
    path = paths.project_root() / "data" / "drugs.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def _substances(row: dict[str, str]) -> tuple[str, ...]:
    """Return the substances of a row; `@group` stands for all of a group."""
    if row["substance"].startswith("@"):
        return tuple(sorted(group(row["substance"][1:])))
    return tuple(sorted(filter(None, row["substance"].split(";"))))
