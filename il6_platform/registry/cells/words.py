"""Reading a word of a list: response, vital status, sex, yes or no, other listed columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform.registry.cells.text import folded, is_missing, key, plain
from il6_platform.registry.vocabulary import vocabulary

_DOUBT = re.compile(r"\?|\bor\b|\bvs\b|[≠~±]|^[-+]+[^\W_]|[^\W_]\s*[-+]+$")
"""A second possibility, or a sign before or behind the word: `PR-` may be less than PR."""


@dataclass(frozen=True, slots=True)
class Word:
    """A listed value as it was read; `value` is None where there is a problem."""

    received: str
    value: str | None = None
    problem: Literal["", "unreadable", "missing"] = ""

    def canonical(self) -> str:
        """Return the native value; what could not be read as received."""
        return self.received if self.value is None else self.value


def read_word(column: str, text: str) -> Word:
    """Read a value of a listed column (`values` of data/vocabulary.yaml), or of `yes_no`.

    A code before a word, and a word beside its abbreviation, are read where all say the same.

    >>> read_word("response", "PD (progressive disease)").value
    'PD'
    >>> read_word("vital_status", "1:DECEASED").value
    'dead'
    >>> read_word("response", "P?").problem
    'unreadable'
    """
    listed = _listed(column)
    is_doubtful = bool(_DOUBT.search(folded(text)))
    if key(text) in listed and not is_doubtful:
        return Word(text, listed[key(text)])
    if is_missing(text):
        return Word(text, problem="missing")
    bare = re.sub(r"^\d{1,2}\s*[:=.\-)]\s*", "", plain(text))
    parts = re.split(r"[:=,;/()\[\]]| [-] ", bare)
    meant = {listed.get(key(part), listed.get(_core(part))) for part in parts if _core(part)}
    if is_doubtful or len(meant) != 1 or None in meant or _words_of(bare) - meant:
        return Word(text, problem="unreadable")
    return Word(text, meant.pop())


def is_m_unclear(texts: Iterable[str]) -> bool:
    """Whether M in a column of sexes may be a woman: hombre or varón and mujer, not man and vrouw.

    >>> is_m_unclear(["H", "M"]), is_m_unclear(["H", "F", "M"]), is_m_unclear(["M"])
    (True, False, False)
    """
    written = {*texts}
    letters = {key(text) for text in written}
    return (
        "m" in letters
        and bool(letters & {"h", "v"})
        and not any(read_word("sex", text).value == "F" for text in written)
    )


def _core(part: str) -> str:
    """Return the `key` of a part without words that say nothing of its value."""
    words = re.findall(r"[^\W_]+", folded(part))
    return "".join(word for word in words if word not in _passed_over())


def _words_of(text: str) -> set[str | None]:
    """Return the values beside which alone words of a text may stand."""
    words = re.findall(r"[^\W_]+", folded(text))
    return {value for value, listed in _beside().items() if listed.intersection(words)}


@cache
def _passed_over() -> frozenset[str]:
    return _single(vocabulary().value_words).union(*_beside().values())


@cache
def _beside() -> dict[str, frozenset[str]]:
    return {value: _single(listed) for value, listed in vocabulary().value_words_of.items()}


def _single(phrases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for phrase in phrases for word in folded(phrase).split())


@cache
def _listed(column: str) -> dict[str, str]:
    if column == "yes_no":
        table = {"Y": vocabulary().yes, "N": vocabulary().no}
    else:
        table = vocabulary().values[column]
    return {key(word): value for value, listed in table.items() for word in (value, *listed)}
