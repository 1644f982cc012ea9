"""Reading what was measured: a name, synonym, LOINC code or name with specimen and unit.

Belongs here: from a text to the analyte of `data/names.csv`. Does not belong here: units and their
factors (`registry.units`), or which analyte a study asks for.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform import paths
from il6_platform.registry.cells.days import read_day
from il6_platform.registry.cells.spelling import is_confusable, is_misspelt
from il6_platform.registry.cells.text import folded, is_missing, key
from il6_platform.registry.cells.units import read_unit
from il6_platform.registry.vocabulary import vocabulary

_A_VALUE = re.compile(r"[<>=]*\s?[\d\s]*\d[.,]\d+")
_NO_NUMBER = re.compile(
    r"interleuk|interleuc|интерлейк|白介素|白细胞介素|インターロイキン|인터루킨"
)
"""An interleukin whose number is not said may be any."""
_INTERLEUKIN = re.compile(
    r"(?:hs|s|p)?(?:il|interleukine?|interleucina|白介素|白细胞介素)(\d{1,2})((?:r|ra|a|b|alpha|beta|[α-ω]|p\d+)?)"
)


@dataclass(frozen=True, slots=True)
class Analyte:
    """What was measured, as it was read.

    Attributes
    ----------
    received
        The text.
    analyte
        The name that data/names.csv gives it; of another specimen than blood `NAME in SPECIMEN`;
        None where it is not known.
    certainty
        `known`; `unclear`: it may be one of `may_be`; `unknown`: far from every name.
    may_be
        Analytes that it may be.
    unit
        A unit that stood in the name, in UCUM, or None.
    specimen
        blood, urine, ... where the name says it, or None.
    """

    received: str
    analyte: str | None = None
    certainty: Literal["known", "unclear", "unknown", "missing"] = "unknown"
    may_be: tuple[str, ...] = ()
    unit: str | None = None
    specimen: str | None = None


def read_analyte(text: str) -> Analyte:
    """Read the name of an analyte.

    >>> read_analyte("IL-6, plasma [pg/mL]").analyte
    'il6'
    >>> read_analyte("sIL-6R").analyte
    'il6_receptor'
    """
    known = names()
    bare = folded(text)
    if not bare:
        return Analyte(text, certainty="missing")
    if key(text) in known and not {"%", "?"} & {*bare}:
        return Analyte(text, known[key(text)], "known")
    if _is_day(bare) or _A_VALUE.fullmatch(bare):
        # cells have shifted, or a day was typed in the wrong column: it names nothing
        return Analyte(text, certainty="missing")
    bare, unit = _without_unit(bare.replace("%", " percent "))
    words = re.findall(r"[^\W_]+", _unspaced().sub(r" \g<0> ", bare))
    named: set[str] = set()
    rest = words
    while (found := _longest(rest, known)) is not None:
        named.add(found[0])
        rest = found[1]
    if not named:
        return _unlisted(text, words, known, unit)
    specimens = {_specimens()[word] for word in rest if word in _specimens()}
    is_fraction = bool({*rest} & _fractions())
    rest = [word for word in rest if word not in {*_specimens(), *_neutral(), *_fractions()}]
    if len(named) > 1 or rest or len(specimens) > 1 or "?" in bare:
        # the longest name may end in what is none of it: IL-6 (R&D) is not surely IL-6R
        may_be = named | {one for _, one, _ in _named(words, known)}
        return Analyte(text, None, "unclear", tuple(sorted(may_be)), unit)
    specimen = specimens.pop() if specimens else None
    analyte = named.pop() + (" fraction" if is_fraction else "")
    if specimen not in (None, "blood"):
        analyte = f"{analyte} in {specimen}"
    return Analyte(text, analyte, "known", (), unit, specimen)


def _is_day(text: str) -> bool:
    """Whether a text is a day or a month; a LOINC code (2019-8) is none, nor are bare digits."""
    is_code = re.fullmatch(r"\d+(?:-\d)?", text) is not None
    return not is_code and read_day(text).first_day is not None


def _without_unit(bare: str) -> tuple[str, str | None]:
    """Take a unit out of a name: in brackets, behind a comma, at the end, or as in il6_pgml."""
    bracketed = re.findall(r"[\[(]([^\[\]()]*)[\])]|[,;] ?([^,;\[\]()]+)$", bare)
    candidates = [(part[0] or part[1]).strip() for part in bracketed]
    words = bare.split()
    spans = itertools.combinations(range(1, len(words) + 1), 2)
    candidates += [" ".join(words[start:stop]) for start, stop in spans if stop - start < 4]
    for inner in candidates:
        unit = read_unit(inner).unit if "/" in inner or "-1" in inner else None
        if unit and "/" in unit:
            return bare.replace(inner, " "), unit
    joined = re.search(r"[_ ]((?:pg|ng|ug|mg|g|u|iu)_?(?:ml|dl|l))$", bare)
    if joined:
        symbols = re.fullmatch(r"(.*?)_?(ml|dl|l)", joined[1])
        assert symbols is not None
        return bare[: joined.start()], read_unit("/".join(symbols.groups())).unit
    return bare, None


def _longest(words: Sequence[str], known: Mapping[str, str]) -> tuple[str, list[str]] | None:
    """Return the analyte whose name takes the most letters, and the words that it leaves."""
    best = max(_named(words, known), key=lambda one: one[0], default=None)
    return best[1:] if best else None


def _named(words: Sequence[str], known: Mapping[str, str]) -> Iterator[tuple[int, str, list[str]]]:
    """Give every analyte that words name: its letters, its name, the words that it leaves."""
    for start in range(len(words)):
        for stop in range(start + 1, min(len(words), start + 8) + 1):
            joined = "".join(words[start:stop])
            found = known.get(joined) or _glued(joined, known)
            if found:
                yield len(joined), found, [*words[:start], *words[stop:]]


def _glued(word: str, known: Mapping[str, str]) -> str | None:
    """Return the analyte of a name with a neutral word glued before it: hsIL6, sIL6."""
    blood = {one for one, specimen in _specimens().items() if specimen == "blood"}
    for beside in (blood | _neutral()) - {"p", "b"}:
        if word.startswith(beside) and word[len(beside) :] in known:
            return known[word[len(beside) :]]
    return None


@cache
def _unspaced() -> re.Pattern[str]:
    """Match words that a name without spaces holds: 血清IL-6测定."""
    words = {*_specimens(), *_neutral(), *_fractions()}
    long = sorted((word for word in words if not word.isascii() and len(word) > 1), key=len)
    return re.compile("|".join(map(re.escape, reversed(long))))


def _unlisted(
    text: str, words: Sequence[str], known: Mapping[str, str], unit: str | None
) -> Analyte:
    """Read a name that holds no known one: another interleukin, a misspelling, or unknown."""
    joined = "".join(words)
    other = _INTERLEUKIN.fullmatch(joined)
    if other:
        number = f"il{int(other[1])}"
        # of an interleukin whose names are listed an ending that is not may be a slip
        if not other[2] or number not in known.values():
            return Analyte(text, number + other[2], "known", (), unit)
    core = "".join(word for word in words if word not in {*_specimens(), *_neutral()})
    near = {
        name
        for written, name in known.items()
        for spelt in {joined, core}
        if is_confusable(spelt, written) or is_misspelt(spelt, written) or _holds(spelt, written)
    }
    if not near and _NO_NUMBER.search(joined):
        near = {name for name in known.values() if re.match(r"il\d", name)}
    if near:
        return Analyte(text, None, "unclear", tuple(sorted(near)), unit)
    return Analyte(text, None, "missing" if is_missing(text) else "unknown", (), unit)


def _holds(word: str, name: str) -> bool:
    """Whether a word holds a name that no other word holds by chance: lbil6, microalbumin."""
    is_telling = len(name) > 4 or (len(name) > 2 and name[-1].isdigit() and name[0].isalpha())
    return is_telling and re.search(rf"{re.escape(name)}(?!\d)", word) is not None


@cache
def names() -> dict[str, str]:
    """Return name (its `key`) -> analyte, for every name, synonym and code that is known."""
    path = paths.project_root() / "data" / "names.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {key(row["name"]): row["name"] for row in rows} | {
        key(row["written"]): row["name"] for row in rows
    }


@cache
def _specimens() -> dict[str, str]:
    table = vocabulary().specimens
    return {folded(word): specimen for specimen, listed in table.items() for word in listed}


@cache
def _fractions() -> frozenset[str]:
    return frozenset(folded(word) for word in vocabulary().fraction_words)


@cache
def _neutral() -> frozenset[str]:
    return frozenset(folded(word) for word in vocabulary().analyte_words)
