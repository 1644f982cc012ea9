"""Reading a word of a list: response, vital status, sex, yes or no, other listed columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform.registry.cells.text import folded, is_missing, key, plain
from il6_platform.registry.vocabulary import vocabulary

_DOUBT = re.compile(r"\?|\bor\b|\bvs\b|[≠~±]")


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
    bare = plain(text)
    if key(text) in listed and not _DOUBT.search(folded(text)):
        return Word(text, listed[key(text)])
    if is_missing(text):
        return Word(text, problem="missing")
    if not _DOUBT.search(folded(text)):
        bare = re.sub(r"^\d{1,2}\s*[:=.\-)]\s*", "", bare)
        if key(bare) in listed:
            return Word(text, listed[key(bare)])
        parts = [part for part in re.split(r"[:=,;/()\[\]]| [-] ", bare) if key(part)]
        meant = {listed.get(key(part)) for part in parts}
        if len(meant) == 1 and None not in meant:
            return Word(text, meant.pop())
    return Word(text, problem="unreadable")


@cache
def _listed(column: str) -> dict[str, str]:
    if column == "yes_no":
        table = {"Y": vocabulary().yes, "N": vocabulary().no}
    else:
        table = vocabulary().values[column]
    return {key(word): value for value, listed in table.items() for word in (value, *listed)}
