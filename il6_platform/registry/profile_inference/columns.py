"""Columns of an export as they are looked at: what they hold, how they stand together.

Belongs here: one column, blocks of columns, numbered columns, the column that says what a row is
about. Does not belong here: which native column one is (`meanings`, `sharing`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from il6_platform.registry.cells import (
    DECIMALS,
    plain,
    read_day,
    read_number,
)
from il6_platform.registry.exports import Export
from il6_platform.registry.vocabulary import near, vocabulary

RANGES = {
    "age_years": (15.0, 110.0),
    "ecog": (0.0, 4.0),
    "line": (1.0, 12.0),
    "liver_metastases_n": (0.0, 60.0),
    "largest_metastasis_mm": (0.0, 400.0),
    "sum_of_diameters_mm": (0.0, 900.0),
    "value": (0.0, 1e7),
}
WHOLE = frozenset({"ecog", "line", "liver_metastases_n"})

PERSONAL = {
    "contact": re.compile(
        r"[^@\s]+@[^@\s]+\.[a-z]+|(\+|00)\d[\d ()/-]{6,}|1[3-9]\d{9}|0\d[\d /-]{6,}"
    ),
    "number": re.compile(r"\d{17}[\dXx]|\d{3}-\d{2}-\d{4}|[A-Za-z]{0,3}\d{7,}"),
}
SENTINEL = re.compile(r"-(1|8|9|88|99|999|9999)(\.0+)?")
HIGH_SENTINEL = re.compile(r"9{3,4}")


@dataclass
class Column:
    """One column of a block, or several that `{n}` stands for: its texts, codes as labels."""

    name: str
    label: str
    texts: list[str]
    choices: tuple[str, ...] = ()
    is_identifier: bool = False
    order: str | None = None
    absent: set[str] = field(default_factory=set)
    has_blanks: bool = False
    fits: dict[str, float] = field(default_factory=dict)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each text stands in it."""
        return Counter(self.texts)

    def share(self, holds: Iterable[str]) -> float:
        """Return the share of its cells that hold one of the texts."""
        known = set(holds)
        return sum(n for text, n in self.counts.items() if text in known) / max(len(self.texts), 1)

    @cached_property
    def dates(self) -> float:
        """Share of its cells that are days."""
        return self.share(t for t in self.counts if is_date(t))

    @cached_property
    def numbers(self) -> float:
        """Share of its cells that are numbers."""
        return self.share(t for t in self.counts if as_number(t) is not None)

    @cached_property
    def is_coded(self) -> bool:
        """Whether it holds few small numbers, which may be codes; an odd text does not count."""
        small = [text for text in self.counts if re.fullmatch(r"\d{1,2}", text)]
        return len(small) <= 8 and bool(small) and self.share(small) >= 0.9

    @property
    def is_list(self) -> bool:
        """Whether it holds few texts, again and again."""
        return len(self.counts) <= 12 and self.spread <= 0.3 and self.numbers < 0.5

    @property
    def spread(self) -> float:
        """Share of its texts that stand once: near 1 where each patient has another one."""
        return len(self.counts) / len(self.texts) if self.texts else 0.0

    def called(self, listed: tuple[str, ...]) -> float:
        """Say how near its name, or its label, comes to one of the words."""
        bare = re.sub(r"___\w+$", "", self.name.replace("{n}", " "))
        return max(near(bare, listed), near(self.label, listed) if self.label else 0.0)


@dataclass
class Block:
    """Columns whose rows are read together: a sheet, an instrument's rows, or numbered columns."""

    sheet: str
    key: str
    columns: list[Column]
    when: dict[str, str] = field(default_factory=dict)
    repeat: int = 1

    @property
    def about(self) -> str:
        """What names the block: its sheet, its instrument, the beginning of its columns."""
        prefix = self.columns[0].name.partition("{n}")[0] if self.repeat > 1 else ""
        return " ".join((self.sheet, *self.when.values(), prefix))


@dataclass
class Made:
    """One mapping of the draft."""

    table: str
    key: str
    block: Block
    columns: dict[str, tuple[Column, float]]
    constants: dict[str, str]


def has_no_header(export: Export) -> bool:
    """Whether a name of the header is a date or a number, or shaped like what stands below it."""
    for name, column in zip(export.header, export.columns, strict=True):
        shapes = Counter(shape_of(text) for text in column.to_pylist() if text)
        alike = shapes[shape_of(name)]
        if any(sign.isdigit() for sign in name) and alike > 0.5 * shapes.total():
            return True
        if is_date(plain(name)) or any(one.fullmatch(name) for one in PERSONAL.values()):
            return True
    return False


def shape_of(text: str) -> str:
    """Return what a text looks like: letters as a, digits as 9."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", plain(text)))


def chooser(columns: dict[str, list[str]], found: str) -> str | None:
    """Return the column that says what a row is about: each of its values fills other columns."""
    best: tuple[float, str] | None = None
    for name, texts in columns.items():
        values = sorted(set(texts))
        if name == found or not 2 <= len(values) <= 30 or len(texts) < 2 * len(values):
            continue
        if any(near(name, listed) >= 0.7 for listed in vocabulary().identifiers.values()):
            # its values are written in the draft
            continue
        if sum(map(is_date, values)) * 2 > sum(map(bool, values)):
            # a day says when, and not of what
            continue
        filled = {
            value: {
                other
                for other, held in columns.items()
                if other not in (name, found)
                and not other.startswith("redcap_")
                and any(t and v == value for t, v in zip(held, texts, strict=True))
            }
            for value in values
        }
        every = set().union(*filled.values())
        counts = Counter(other for held in filled.values() for other in held)
        alone = sum(n == 1 for n in counts.values()) / len(every) if every else 0.0
        has_own = all(any(counts[other] == 1 for other in held) for held in filled.values() if held)
        if alone >= 0.7 and has_own and (best is None or alone > best[0]):
            best = alone, name
    return best[1] if best else None


def patterns(columns: Iterable[str]) -> dict[str, dict[int, str]]:
    """Return pattern with `{n}` -> number -> column, of columns that stand several times."""
    found: dict[str, dict[int, str]] = {}
    for name in columns:
        if "___" in name or "{" in name:
            continue
        for group in re.finditer(r"(?<!\d)(?!0)\d{1,3}(?!\d)", name):
            pattern = f"{name[: group.start()]}{{n}}{name[group.end() :]}"
            found.setdefault(pattern, {})[int(group[0])] = name
    # an analyte's own digits count nothing: they do not begin at 1
    return {p: dict(sorted(n.items())) for p, n in found.items() if len(n) > 1 and 1 in n}


def is_date(text: str) -> bool:
    """Say whether a text is a day, in any order of its parts."""
    read = read_day(text, ("dmy", "mdy"))
    return read.day is not None or read.problem == "placeholder"


def as_number(text: str) -> float | None:
    """Return a number, whatever its decimal sign, or None."""
    readings = (read_number(text, sign) for sign in DECIMALS)
    return next((one.value for one in readings if one.value is not None and not one.unit), None)


def fits_number(native: str, text: str) -> bool:
    """Say whether a native column of numbers can hold a text."""
    if SENTINEL.fullmatch(text):
        return True
    if native != "value" and text[:1] in "<>":
        return False
    value, (low, high) = as_number(text), RANGES[native]
    if value is None or not low <= value <= high or (native != "value" and is_date(text)):
        return False
    return native not in WHOLE or value == int(value)


def described(column: Column) -> str:
    """Say in words what a column holds; no value is repeated."""
    if not column.texts:
        return "empty"
    if column.dates > 0.8:
        return "dates"
    if column.numbers > 0.8:
        return "numbers"
    return f"{len(column.counts)} different texts"


def place_of(about: str) -> str:
    """Return where a sentence is of, before it."""
    about = " ".join(about.split())
    return f"{about}: " if about else ""


def quoted(text: str) -> str:
    """Write a text as YAML; what could be read otherwise stands in quotes."""
    if re.fullmatch(r"[^\W\d_][\w]*([ .-]?[\w]+)*", text):
        return text
    return json.dumps(text, ensure_ascii=False)
