"""When two texts of an export are the same: names of columns, values that choose rows, codes.

Belongs here: comparing. Does not belong here: what a value means (`keys`, `cells`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from il6_platform.registry.cells import plain


def column_name(name: str) -> str:
    """Return a column's name as it is compared: lower case, single blanks."""
    return " ".join(plain(name).lower().split())


_TRUTH = {"true": "1", "false": "0"}


def code_of(text: str) -> str:
    """Return a code as it is compared: a spreadsheet's 1.0 is the code 1, and so is what is true.

    Examples
    --------
    >>> code_of("1.0"), code_of("01"), code_of("Yes"), code_of("TRUE")
    ('1', '01', 'yes', '1')
    """
    bare = plain(text).lower()
    bare = _TRUTH.get(bare, bare)
    return bare.partition(".")[0] if re.fullmatch(r"-?\d+\.0+", bare) else bare


def choice_of(text: str) -> str:
    """Return a value that rows are chosen by as REDCap names forms: its label is the same."""
    bare = code_of(text)
    return "_".join(part for part in re.split(r"[\W_]+", bare) if part) or bare


def matches(text: str, pattern: str) -> bool:
    """Say whether a text is like a pattern, in which `*` stands for anything.

    `*` alone is anything but nothing.

    Examples
    --------
    >>> matches("1:DECEASED", "1:*"), matches("[Not Available]", "[Not*")
    (True, True)
    """
    return _pattern(pattern).fullmatch(code_of(text)) is not None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    if pattern == "*":
        return re.compile(".+", re.DOTALL)
    return re.compile(".*".join(map(re.escape, code_of(pattern).split("*"))), re.DOTALL)


def is_chosen(text: str, values: Iterable[str]) -> bool:
    """Say whether a cell holds one of the values; `*` in a value stands for anything."""
    return any(
        matches(text, value) if "*" in value else choice_of(text) == choice_of(value)
        for value in values
    )


def listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return one value, or several, as several."""
    return (value,) if isinstance(value, str) else value


class Codes:
    """Codes of a column and what they mean; `*` in a code stands for anything.

    Examples
    --------
    >>> Codes({"1:*": "Y", "0:*": "N"}).meaning("1:DECEASED")
    'Y'
    """

    def __init__(self, codes: Mapping[str, str]) -> None:
        self._exact = {code_of(code): value for code, value in codes.items() if "*" not in code}
        # the longest says most
        patterns = [(code, value) for code, value in codes.items() if "*" in code]
        self._patterns = sorted(patterns, key=lambda one: -len(one[0]))
        self._known: dict[str, str | None] = {}

    @property
    def of_nothing(self) -> str | None:
        """What an empty cell means, where the codes say it."""
        return self._exact.get("")

    def meaning(self, text: str) -> str | None:
        """Return what a text means, or None where it is no code."""
        if text not in self._known:
            code = code_of(text)
            self._known[text] = self._exact.get(code) or next(
                (value for pattern, value in self._patterns if matches(text, pattern)), None
            )
        return self._known[text]
