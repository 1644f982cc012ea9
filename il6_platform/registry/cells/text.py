"""A received text before it is read: plain signs, and texts that say that nothing is known."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from il6_platform.registry.vocabulary import vocabulary

_SIGNS = {
    **{chr(full): chr(full - 0xFEE0) for full in range(0xFF01, 0xFF5F)},
    **dict.fromkeys("\u3000\u00a0\u2009\u202f", " "),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63", "-"),
    **dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'"),
    **dict.fromkeys("\u2264\u2266\u2a7d", "<="),
    **dict.fromkeys("\u2265\u2267\u2a7e", ">="),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
    "\u3001": ",",
    "\u3002": ".",
    "\u2044": "/",
    "\u2215": "/",
}


@cache
def plain(text: str) -> str:
    """Return a text with full-width signs, foreign digits, dashes and spaces as plain ones.

    Superscripts and fractions stay: 10\N{SUPERSCRIPT NINE} is not 109.

    >>> plain("\uff1c\uff11.\uff15")
    '<1.5'
    """
    if text.isascii():
        return " ".join(text.split())
    return " ".join("".join(map(_plain_sign, unicodedata.normalize("NFC", text))).split())


@cache
def _plain_sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign.isspace():
        return " "
    if "\u3380" <= sign <= "\u33df":
        # units that are one sign
        return unicodedata.normalize("NFKC", sign)
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)


def signs() -> tuple[str, str]:
    """Return signs and the plain sign of each, for SQL; of those without one, none is returned."""
    listed = sorted(_SIGNS, key=lambda sign: not _SIGNS[sign])
    return "".join(listed), "".join(_SIGNS[sign][:1] for sign in listed)


@cache
def folded(text: str) -> str:
    """Return a text in lower case without accents; `ß` as `ss`, half-width kana as full.

    >>> folded("Bévacizumab")
    'bevacizumab'
    """
    # a mark belongs to a Latin, Greek or Cyrillic letter; in Japanese it makes another one
    kept = (
        part
        for sign in plain(text)
        for part in _without_accent(sign)
        if not unicodedata.combining(part) or part in "\u3099\u309a"
    )
    return unicodedata.normalize("NFC", "".join(kept))


@cache
def _without_accent(sign: str) -> str:
    if sign.isdigit() and not sign.isdecimal():
        # a footnote's superscript is no digit
        return sign
    lower = unicodedata.normalize("NFKC", sign).lower().replace("ß", "ss")
    return unicodedata.normalize("NFKD", lower)


@cache
def key(text: str) -> str:
    """Return the letters and digits of a text, folded: what remains the same in any spelling.

    >>> key("IL-6 ")
    'il6'
    """
    return re.sub(r"[\W_]+", "", folded(text))


@cache
def is_missing(text: str, *, is_number: bool = False) -> bool:
    """Whether a text says that nothing is known: it is empty or a code for a missing value."""
    return folded(text) in missing_codes(of_numbers=is_number)


@cache
def missing_codes(*, of_numbers: bool = True) -> frozenset[str]:
    """Return the texts, folded, that say that nothing is known; those `of_numbers` are numbers."""
    words = vocabulary().missing + (vocabulary().missing_numbers if of_numbers else ())
    return frozenset({"", *map(folded, words)})
