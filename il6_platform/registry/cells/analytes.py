"""Reading what was measured: a name, synonym, LOINC code or name with specimen and unit.

Belongs here: from a text to the analyte of `data/names.csv`. Does not belong here: units and their
factors (`registry.units`), or which analyte a study asks for.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform import paths
from il6_platform.registry.cells.spelling import is_confusable, is_misspelt
from il6_platform.registry.cells.text import folded, is_missing, key
from il6_platform.registry.cells.units import read_unit
from il6_platform.registry.vocabulary import vocabulary

_INTERLEUKIN = re.compile(r"(?:hs|s|p)?(?:il|interleukin|interleukine|白介素|白细胞介素)(\d{1,2})")


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
    if key(text) in known:
        return Analyte(text, known[key(text)], "known")
    bare, unit = _without_unit(bare)
    words = re.findall(r"[^\W_]+", bare)
    found, rest = _longest(words, known)
    specimens = {_specimens()[word] for word in rest if word in _specimens()}
    rest = [word for word in rest if word not in _specimens() and word not in _neutral()]
    if found is None:
        return _unlisted(text, words, known)
    if rest or len(specimens) > 1:
        return Analyte(text, None, "unclear", (found,), unit)
    specimen = specimens.pop() if specimens else None
    if specimen not in (None, "blood"):
        return Analyte(text, f"{found} in {specimen}", "known", (), unit, specimen)
    return Analyte(text, found, "known", (), unit, specimen)


def _without_unit(bare: str) -> tuple[str, str | None]:
    """Take a unit in brackets, or behind a comma, out of a name."""
    for part in re.findall(r"[\[(]([^\[\]()]*)[\])]|[,;] ?([^,;\[\]()]+)$", bare):
        inner = (part[0] or part[1]).strip()
        unit = read_unit(inner).unit
        if unit:
            return bare.replace(inner, " "), unit
    return bare, None


def _longest(words: Sequence[str], known: Mapping[str, str]) -> tuple[str | None, list[str]]:
    """Return the analyte whose name takes the most letters, and the words that it leaves."""
    best: tuple[int, str | None, list[str]] = (0, None, list(words))
    for start in range(len(words)):
        for stop in range(start + 1, min(len(words), start + 8) + 1):
            joined = "".join(words[start:stop])
            rest = [*words[:start], *words[stop:]]
            found = known.get(joined) or _glued(joined, known)
            if found and len(joined) > best[0]:
                best = len(joined), found, rest
    return best[1], best[2]


def _glued(word: str, known: Mapping[str, str]) -> str | None:
    """Return the analyte of a name with a neutral word before it: hsIL6, 血清白介素6."""
    for before in (*_specimens(), *_neutral()):
        if _specimens().get(before, "blood") != "blood":
            continue
        if len(before) < 2 and before not in ("s", "p"):
            continue
        if word.startswith(before) and word[len(before) :] in known:
            return known[word[len(before) :]]
        if not before.isascii() and word.endswith(before) and word[: -len(before)] in known:
            return known[word[: -len(before)]]
    return None


def _unlisted(text: str, words: Sequence[str], known: Mapping[str, str]) -> Analyte:
    """Read a name that holds no known one: another interleukin, a misspelling, or unknown."""
    joined = "".join(words)
    other = _INTERLEUKIN.fullmatch(joined)
    if other:
        return Analyte(text, f"il{int(other[1])}", "known")
    near = {
        name
        for written, name in known.items()
        if is_confusable(joined, written) or is_misspelt(joined, written)
    }
    if near:
        return Analyte(text, None, "unclear", tuple(sorted(near)))
    return Analyte(text, None, "missing" if is_missing(text) and text != "NA" else "unknown")


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
    return {
        word: specimen
        for specimen, listed in vocabulary().specimens.items()
        for name in (specimen, *listed)
        for word in [folded(name)]
    }


@cache
def _neutral() -> frozenset[str]:
    return frozenset(folded(word) for word in vocabulary().analyte_words)
