"""Reading a number: a laboratory result with its sign for beyond the limit, and a whole number."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform.registry.cells.text import folded, is_missing, plain
from il6_platform.registry.cells.units import read_unit
from il6_platform.registry.vocabulary import vocabulary

Decimal = Literal[".", ","]
DECIMALS: tuple[Decimal, ...] = (".", ",")
NumberProblem = Literal["", "ambiguous", "unreadable", "not_detected", "missing"]

_COMPARATOR = re.compile(r"(<=?|=<|>=?|=>)\s*")
_FLAG = re.compile(
    r"(?<=[\d.,\s])\s*(\(?(?:hh?|ll?|high|low)\)?|\*+|\(\*+\)|[↑↓]+|\([+-]\))$", re.I
)
_SPACED = re.compile(r"[-+]?\d{1,3}([ ']\d{3})+([.,]\d+)?")
_UNSIGNED_EXPONENT = r"(?:\s*(?:e|[x×*·]\s*10(?:\^|\*\*))\s*([-+]?\d{1,3}))?"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was read.

    Attributes
    ----------
    received
        The text.
    value
        The number, or the limit that the result lies beyond; None where it is not known.
    comparator
        `<` or `>` where the result lies beyond a limit of the assay, else empty.
    unit
        The unit that stood behind the number, in UCUM, or None.
    flag
        What a laboratory adds behind a number (H, L, *, an arrow), or empty.
    digits
        The number as it is written with a decimal point, without signs that part thousands.
    problem
        Why `value` is None, or empty: `ambiguous` (the comma may part decimals or thousands),
        `unreadable`, `not_detected` (below the limit of detection, which is not given), `missing`.
    """

    received: str
    value: float | None = None
    comparator: Literal["", "<", ">"] = ""
    unit: str | None = None
    flag: str = ""
    digits: str = ""
    problem: NumberProblem = ""

    def canonical(self) -> str:
        """Return the text as the native format writes it; what could not be read as received.

        A text that the native format would read as another number than its source meant gets a
        question mark, which none can read.

        >>> read_number("< 1.234,50", ",").canonical(), read_number("1.234", ",").canonical()
        ('<1234.50', '1.234?')
        """
        if self.value is not None:
            unit = f" {self.unit}" if self.unit else ""
            return f"{self.comparator}{self.digits}{unit}"
        is_read_otherwise = read_number(self.received).value is not None
        return f"{self.received}?" if is_read_otherwise else self.received


def read_number(text: str, decimal: Decimal | None = None) -> Number:
    """Read a number.

    Parameters
    ----------
    text
        The cell as received.
    decimal
        The sign before the decimals where the source states one. Without it `12,5`, `0,123` and
        `1,234` are ambiguous, and `1,234.5` is not.

    Returns
    -------
    Number
        Never raises; what cannot be read has a problem.

    Examples
    --------
    >>> read_number("<1,500", ",").value
    1.5
    >>> read_number("0,123").problem
    'ambiguous'
    """
    if decimal != "," and re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,15})?", text):
        # nearly every cell
        return Number(text, float(text), digits=text)
    if folded(text) in _not_detected():
        return Number(text, problem="not_detected")
    if is_missing(text, is_number=True):
        return Number(text, problem="missing")
    comparator, bare = _compared(plain(text))
    problem: NumberProblem = "unreadable"
    for digits, unit, flag in _parted(bare):
        written = _pointed(digits, decimal)
        if written == "ambiguous":
            problem = "ambiguous"
        elif comparator and written is not None and float(written) == 0:
            # nothing is measured below 0, and 0 is no limit above which something is
            return Number(text, problem="unreadable")
        elif written is not None and math.isfinite(float(written)):
            return Number(text, float(written), comparator, unit, flag, written)
    return Number(text, problem=problem)


def _compared(bare: str) -> tuple[Literal["", "<", ">"], str]:
    """Return the sign for beyond a limit, as a sign or a word, and what stands behind it."""
    found = _COMPARATOR.match(bare)
    if found:
        return ("<" if "<" in found[1] else ">"), bare[found.end() :]
    for sign, word in _comparing_words():
        if folded(bare).startswith(f"{word} ") or (not word.isascii() and bare.startswith(word)):
            return sign, bare[len(word) :].strip()
    return "", bare


def _parted(bare: str) -> list[tuple[str, str | None, str]]:
    """Return the ways to part a text into digits, a unit and a flag."""
    ways: list[tuple[str, str | None, str]] = [(bare, None, "")]
    flagged = _FLAG.search(bare)
    if flagged:
        ways.append((bare[: flagged.start()].strip(), None, flagged[1].strip("()").upper()))
    for rest, _, flag in list(ways):
        behind = re.fullmatch(r"([-+]?[\d.,' ]*\d)\s*([^\d\s?.,'].*)", rest)
        unit = read_unit(behind[2]) if behind else None
        # a lone L is a flag, however it is written
        if behind and unit and unit.unit and unit.unit != "L" and not unit.unit.startswith("10*"):
            ways.append((behind[1].strip(), unit.unit, flag))
    return ways


def _pointed(digits: str, decimal: Decimal | None) -> str | None:
    """Write a number with a decimal point; `ambiguous` where the comma may mean two things."""
    found = re.fullmatch(rf"([-+]?[\d.,' ]*\d\.?){_UNSIGNED_EXPONENT}", digits, re.I)
    if not found or not re.search(r"\d", digits):
        return None
    bare, exponent = found[1], found[2]
    if re.search(r"[ ']", bare):
        if not _SPACED.fullmatch(bare):
            return None
        bare = re.sub(r"[ ']", "", bare)
    pointed = _without_thousands(bare, decimal)
    is_plain = pointed in (None, "ambiguous") or exponent is None
    return pointed if is_plain else f"{pointed}e{exponent}"


def _without_thousands(bare: str, decimal: Decimal | None) -> str | None:
    if re.fullmatch(r"[-+]?\d+", bare):
        return bare
    sign = decimal or "."
    other = "," if sign == "." else "."
    grouped = rf"[-+]?[1-9]\d{{0,2}}(\{other}\d{{3}})+"
    if re.fullmatch(rf"{grouped}\{sign}\d+", bare) or re.fullmatch(
        rf"[-+]?[1-9]\d{{0,2}}(\{other}\d{{3}}){{2,}}", bare
    ):
        return bare.replace(other, "").replace(sign, ".")
    if re.fullmatch(rf"[-+]?(\d+\{sign}?\d*|\{sign}\d+)", bare):
        return bare.replace(sign, ".")
    if decimal == "." and re.fullmatch(grouped, bare):
        return bare.replace(",", "")
    if decimal == "," and re.fullmatch(r"[-+]?\d+\.\d+", bare) and not re.fullmatch(grouped, bare):
        # a workbook gives its numbers with a point whatever its language is
        return bare
    if re.fullmatch(r"[-+]?[\d.,]*\d[\d.,]*", bare) and other in bare:
        return "ambiguous"
    return None


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number as it was read; `value` is None where there is a problem."""

    received: str
    value: int | None = None
    problem: Literal["", "unreadable", "missing"] = ""

    def canonical(self) -> str:
        """Return the digits; what could not be read as received."""
        return self.received if self.value is None else str(self.value)


def read_integer(text: str) -> Integer:
    """Read a whole number: 2, +2 and 2.0 are; 2.5 is not.

    >>> read_integer("2.0").value
    2
    """
    if is_missing(text, is_number=True):
        return Integer(text, problem="missing")
    found = re.fullmatch(r"([-+]?\d{1,9})([.,]0*)?", plain(text))
    return Integer(text, int(found[1])) if found else Integer(text, problem="unreadable")


def read_line(text: str) -> Integer:
    """Read a line of treatment: a number, or its word in the languages of the vocabulary.

    >>> read_line("first-line").value, read_line("2L").value, read_line("一线").value
    (1, 2, 1)
    """
    whole = read_integer(text)
    if whole.problem != "unreadable":
        return whole
    if re.search(r"\d\D+\d", plain(text)):
        return whole
    bare = re.sub(r"[\s\-_.()]+", " ", folded(text)).strip()
    for word in _line_words():
        bare = re.sub(rf"(?<![a-z]){word}(?![a-z])" if word.isascii() else word, " ", bare)
    joined = bare.replace(" ", "")
    found = re.fullmatch(r"l?(\d{1,2})(?:l|st|nd|rd|th|e|er|ere|eme|a|o|ª|º|я|й)?l?", joined)
    if found:
        return Integer(text, int(found[1]))
    value = _ordinals().get(joined)
    return Integer(text, value) if value else Integer(text, problem="unreadable")


@cache
def _line_words() -> tuple[str, ...]:
    words = {folded(word) for word in vocabulary().line_words}
    return tuple(sorted(words, key=len, reverse=True))


@cache
def _ordinals() -> dict[str, int]:
    return {
        folded(word).replace(" ", ""): number
        for number, listed in vocabulary().ordinals.items()
        for word in listed
    }


@cache
def _comparing_words() -> tuple[tuple[Literal["<", ">"], str], ...]:
    words = vocabulary().beyond_limit
    return (
        *(("<", folded(word)) for word in words["<"]),
        *((">", folded(word)) for word in words[">"]),
    )


@cache
def _not_detected() -> frozenset[str]:
    return frozenset(folded(word) for word in vocabulary().not_detected)
