"""How near two spellings are: what may be a slip of the pen is not taken for another name."""

from __future__ import annotations

from functools import cache

_CONFUSABLE = str.maketrans("0o1li|авекмнорстухіοαε", "oo1111abekmhopctyx1oae")
"""Digits and letters that look alike, Cyrillic and Greek ones too."""


def is_misspelt(text: str, name: str) -> bool:
    """Whether a text may be a name with a slip: one edit, two from 8, three from 11 letters on.

    Both are `key`s; digits are no slip. Names of fewer than five letters have none: crp
    and cea are one edit apart from too many others.

    >>> is_misspelt("bevazizumab", "bevacizumab")
    True
    """
    length = len(name)
    allowed = 1 if length < 8 else 2 if length < 11 else 3
    if length < 5 or len(text) < 4 or abs(len(text) - length) > allowed:
        return False
    # an edit changes two kinds of sign at most
    if len(set(text) ^ set(name)) > 2 * allowed or _digits(text) != _digits(name):
        return False
    return edits(text, name) <= allowed


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def is_confusable(text: str, name: str) -> bool:
    """Whether two texts differ in signs that look alike (l, I, 1), or in two that are swapped."""
    if len(text) != len(name) or text == name:
        return False
    if text.translate(_CONFUSABLE) == name.translate(_CONFUSABLE):
        return True
    return sorted(text) == sorted(name) and edits(text, name) == 1 and not text.isdigit()


def is_abbreviation(text: str, name: str) -> bool:
    """Whether a short text may stand for a name: its beginning, its first letter and its end, or
    some of its consonants.

    >>> is_abbreviation("bvc", "bevacizumab"), is_abbreviation("bevaciz", "bevacizumab")
    (True, True)
    """
    if not text or not 5 < len(name) > len(text) or text[0] != name[0] or not name.isalpha():
        return False
    if name.startswith(text) or (len(text) > 2 and name.endswith(text[1:])):
        return True
    letters = iter(name)
    is_short = len(text) <= 4 and not {*text[1:]} & {*"aeiou"}
    return is_short and all(sign in letters for sign in text)


@cache
def edits(text: str, other: str) -> int:
    """Return the Damerau-Levenshtein distance (optimal string alignment) of two texts.

    Source: Damerau FJ. Commun ACM 1964;7:171-176.

    >>> edits("bevacizumab", "bevaciuzmab")
    1
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, sign in enumerate(text, start=1):
        earlier, before, row = before, row, [i]
        for j, sought in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (sign != sought))
            if i > 1 and j > 1 and sign == other[j - 2] and text[i - 2] == sought:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
