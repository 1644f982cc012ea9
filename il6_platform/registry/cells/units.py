"""Reading a unit: UCUM and what people write for it -> canonical UCUM, and what one of it is.

Belongs here: the grammar. Does not belong here: which unit is whose, and factors that only an
analyte has (`registry.units`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform.registry.cells.text import is_missing, plain
from il6_platform.registry.vocabulary import vocabulary

_PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "c": -2, "d": -1, "": 0, "k": 3}
"""Prefix -> power of ten; every unit here is one, so that factors are exact."""
_BASES = {
    "g": ("g", "mass"),
    "l": ("L", "volume"),
    "mol": ("mol", "amount"),
    "u": ("U", "activity"),
    "[iu]": ("[IU]", "international units"),
    "kat": ("kat", "catalysis"),
    "m": ("m", "length"),
}
_SPECIMEN_BEHIND = re.compile(r"(?<=\S)\s*(?:\s|[(\[])(?:serum|plasma|blood|血清|血浆)[)\]]?$")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_COUNT = re.compile(r"[x*]? ?(?:10 ?(?:\^|\*\*?|e|\()\+? ?(\d{1,2})\)?|1e\+?(\d{1,2}))")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it was read.

    Attributes
    ----------
    received
        The text.
    unit
        The unit in UCUM (pg/mL, 10*9/L, [IU]/mL), or None.
    dimension
        What it measures: units of the same dimension are multiples of one another.
    factor
        What one of it is in base units (gram, litre, mole, unit, katal) of that dimension.
    problem
        Why `unit` is None, or empty: `unreadable` or `missing`.
    """

    received: str
    unit: str | None = None
    dimension: str | None = None
    factor: float | None = None
    problem: Literal["", "unreadable", "missing"] = ""


@dataclass(frozen=True, slots=True)
class _Symbol:
    written: str
    dimension: str
    power: int


@cache
def read_unit(text: str) -> Unit:
    """Read a unit.

    >>> read_unit("picogram per millilitre").unit
    'pg/mL'
    >>> read_unit("pg.mL-1").unit, read_unit("pg.mL-1").dimension
    ('pg/mL', 'mass/volume')
    """
    if is_missing(text):
        return Unit(text, problem="missing")
    over, under = _parted(_symbols_for_words(text))
    numerator, denominator = _product(over), _product(under)
    # mg/1 may be mg/l
    is_of_nothing = bool(under) and denominator is not None and not denominator.written
    if numerator is None or denominator is None or is_of_nothing or not (over or under):
        return Unit(text, problem="unreadable")
    if not under:
        return _read(text, numerator.written or "1", numerator.dimension, numerator.power)
    return _read(
        text,
        f"{numerator.written}/{denominator.written}",
        f"{numerator.dimension}/{denominator.dimension}",
        numerator.power - denominator.power,
    )


def _read(text: str, unit: str, dimension: str, power: int) -> Unit:
    return Unit(text, unit, dimension, float(f"1e{power}"))


@cache
def units_of(dimension: str) -> dict[str, float]:
    """Return the units of a dimension that laboratories use: UCUM -> what one is in base units.

    >>> units_of("mass/volume")["pg/mL"]
    1e-09
    """
    over, _, under = dimension.partition("/")
    numerators = {
        "number": ("", *(f"10*{power}" for power in (3, 6, 9, 12))),
        **{kind: tuple(prefix + base for prefix in _PREFIXES) for base, kind in _BASES.values()},
    }
    known: dict[str, float] = {}
    for numerator in numerators.get(over, ()):
        for denominator in ("L", "dL", "mL", "uL", "nL") if under == "volume" else ("",):
            read = read_unit(f"{numerator}/{denominator}" if under else numerator)
            if read.unit is not None and read.factor is not None and read.dimension == dimension:
                known[read.unit] = read.factor
    return known


def _symbols_for_words(text: str) -> str:
    """Write a unit in symbols, in lower case, micro as u, exponents as ^n."""
    bare = plain(text)
    bare = re.sub(r"^[\[(](?!iu\b)(.*)[\])]$", r"\1", bare, flags=re.I)
    bare = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda found: "^" + found[0].translate(_SUPERSCRIPTS), bare)
    bare = bare.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    if re.match(r"MU\b", bare):
        # a million units, or a thousandth of one
        return "MU"
    bare = (
        _SPECIMEN_BEHIND.sub("", bare.lower())
        .replace("×", "x")
        .replace("·", ".")
        .replace("∙", ".")
        .replace("⋅", ".")
    )
    for word, symbol in _unit_words():
        # a Latin word ends where its letters end; other scripts write without spaces
        bare = re.sub(rf"(?<![a-z]){word}(?![a-z\[])" if word.isascii() else word, symbol, bare)
    bare = re.sub(r"(?<![a-z\[])(m|k|u)?(?:iu|i\.u\.|ie|ui)(?![a-z])", r"\1[iu]", bare)
    bare = re.sub(r"\b([munp])m$", r"\1mol/l", bare)
    bare = re.sub(r"(?<=g)%$|/ ?100 ?ml$", "/dl", bare)
    bare = re.sub(r"^x?1000(?=/)", "10*3", bare)
    return bare.strip(" .")


def _parted(bare: str) -> tuple[list[str], list[str]]:
    """Part a unit into what stands above and below the line."""
    count = _COUNT.match(bare)
    over: list[str] = []
    under: list[str] = []
    if count:
        over.append(f"10*{int(count[1] or count[2])}")
        bare = bare[count.end() :].strip()
    above, *below = re.split(r" ?/ ?", bare)
    for listed, where in ((above, over), *((one, under) for one in below)):
        for symbol in re.split(r"[.\s]+|\*(?!\d)", listed):
            inverse = re.fullmatch(r"([a-z\[\]]+)(?:\^|\*\*)?-1", symbol)
            if inverse:
                under.append(inverse[1])
            elif symbol:
                where.append(symbol)
    if len(below) > 1:
        return ["?"], []
    return over, under


def _product(symbols: list[str]) -> _Symbol | None:
    """Return the one symbol that a product of symbols is; None where it is none."""
    read = [_symbol(symbol) for symbol in symbols]
    if any(one is None for one in read):
        return None
    kept = [one for one in read if one is not None and one.written]
    if len(kept) > 1:
        return None
    return kept[0] if kept else _Symbol("", "number", 0)


@cache
def _symbol(text: str) -> _Symbol | None:
    if text in ("cells", "1"):
        return _Symbol("", "number", 0)
    if text == "%":
        return _Symbol("%", "number", -2)
    count = re.fullmatch(r"10\*(\d+)", text)
    if count:
        return _Symbol(text, "number", int(count[1]))
    if text in ("mm3", "mm^3", "cmm", "cumm"):
        return _Symbol("uL", "volume", -6)
    for base, (written, dimension) in _BASES.items():
        prefix = text.removesuffix(base)
        if text.endswith(base) and prefix in _PREFIXES and dimension != "length":
            return _Symbol(prefix + written, dimension, _PREFIXES[prefix])
    return None


@cache
def _unit_words() -> tuple[tuple[str, str], ...]:
    words = [
        (plain(word).lower(), symbol)
        for symbol, listed in vocabulary().units.items()
        for word in listed
    ]
    return tuple(
        (re.escape(word), symbol) for word, symbol in sorted(words, key=lambda one: -len(one[0]))
    )
