"""What hospitals call things, in the languages of `data/vocabulary.yaml`.

Belongs here: how near a name comes to a word, and what a value stands for. Does not belong here:
what is made of it (`drafting`, `cells`), or names of drugs and analytes and units (`cells`).
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import cache

from pydantic import BaseModel, ConfigDict

from il6_platform import paths
from il6_platform.yaml_config import read_typed


class DrugText(BaseModel):
    """Words around the names of drugs, by what they say of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    without: tuple[str, ...]
    not_given: tuple[str, ...]
    doubt: tuple[str, ...]
    either: tuple[str, ...]
    placebo: tuple[str, ...]
    resets: tuple[str, ...]
    scheme: tuple[str, ...]
    passed_over: tuple[str, ...]


class Vocabulary(BaseModel):
    """Words by what they stand for; see the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    abbreviations: dict[str, tuple[str, ...]]
    tables: dict[str, tuple[str, ...]]
    columns: dict[str, tuple[str, ...]]
    values: dict[str, dict[str, tuple[str, ...]]]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    alive_words: tuple[str, ...]
    missing: tuple[str, ...]
    missing_numbers: tuple[str, ...]
    not_detected: tuple[str, ...]
    beyond_limit: dict[str, tuple[str, ...]]
    ongoing: tuple[str, ...]
    months: tuple[tuple[str, ...], ...]
    line_words: tuple[str, ...]
    ordinals: dict[int, tuple[str, ...]]
    value_words: tuple[str, ...]
    value_words_of: dict[str, tuple[str, ...]]
    units: dict[str, tuple[str, ...]]
    specimens: dict[str, tuple[str, ...]]
    analyte_words: tuple[str, ...]
    fraction_words: tuple[str, ...]
    drug_text: DrugText
    identifiers: dict[str, tuple[str, ...]]


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary."""
    path = paths.project_root() / "data" / "vocabulary.yaml"
    return read_typed(path, Vocabulary, "vocabulary", "put it back", as_text=True)


@cache
def words(text: str) -> tuple[str, ...]:
    """Divide a name into its words: lower case, no accents, `dateOfBirth` like `date_of_birth`."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss")).lower()
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    # a unit in brackets says nothing of what the column is
    text = re.sub(r"[(\[][^)\]]*[)\]]", " ", text) if text[:1] not in "([" else text
    return tuple(re.findall(r"[a-z]+|\d+|[^\W\d_a-z]+", text))


@cache
def key(text: str) -> str:
    """Return a text's words without what parts them."""
    return "".join(words(text))


@cache
def nearness(name: str, word: str) -> float:
    """Say how near a name comes to a word of the vocabulary, abbreviations written out.

    Returns
    -------
    1 where they are the same; down to 0.6 where the name holds the word's parts and more; less
    where it holds some of them, or nearly spells it; 0 where they have nothing to do with another.
    """
    mine, theirs = _in_full(name), _in_full(word)
    here, there = "".join(mine), "".join(theirs)
    if not here or not there:
        return 0.0
    if here == there:
        return 1.0
    shorter, longer = sorted((len(here), len(there)))
    if not there.isascii():
        if there in here:
            return 0.6 + 0.3 * len(there) / len(here)
        if len(here) > 3 and sorted(here) == sorted(there):
            # the same signs in another order: 用药开始日期, 开始用药日期
            return 0.8
        return 0.3 + 0.3 * len(here) / len(there) if here in there and len(here) > 1 else 0.0
    if set(theirs) <= set(mine):
        return 0.6 + 0.3 * len(there) / len(here)
    if set(mine) <= set(theirs) and len(here) > 2:
        return 0.35 + 0.3 * len(here) / len(there)
    spelt = SequenceMatcher(None, here, there).ratio() if longer < 2 * shorter else 0.0
    return 0.7 * spelt if spelt > 0.84 and shorter > 4 else 0.0


@cache
def _in_full(text: str) -> tuple[str, ...]:
    found = []
    for word in words(text):
        if not word.isascii():
            for short, long in _abbreviations().items():
                if not short.isascii():
                    word = word.replace(short, long)
        found.append(_abbreviations().get(word, word))
    return tuple(found)


@cache
def _abbreviations() -> dict[str, str]:
    listed = vocabulary().abbreviations
    return {short: long for long, shorts in listed.items() for short in shorts}


@cache
def near(name: str, listed: tuple[str, ...]) -> float:
    """Return the largest nearness of a name to any of the words."""
    return max((nearness(name, word) for word in listed), default=0.0)


@cache
def _values(column: str) -> dict[str, str]:
    native = vocabulary().values[column]
    return {key(word): value for value, listed in native.items() for word in (value, *listed)}


def value_of(column: str, text: str) -> str | None:
    """Return the native value that a text stands for in a column, or None."""
    return _values(column).get(key(text))


@cache
def _one_of(kind: str) -> frozenset[str]:
    listed = {"yes": vocabulary().yes, "no": vocabulary().no}[kind]
    return frozenset(key(word) for word in listed)


def vital_status_of(name: str, text: str) -> str | None:
    """Return alive or dead for a text, or for a yes or no under a column's name."""
    found = value_of("vital_status", text)
    if found or not (is_yes(text) or is_no(text)):
        return found
    asks_alive = near(name, vocabulary().alive_words) >= 0.6 and near(name, ("dead",)) < 0.6
    return "alive" if is_yes(text) == asks_alive else "dead"


def is_yes(text: str) -> bool:
    """Whether a text is a yes."""
    return key(text) in _one_of("yes")


def is_no(text: str) -> bool:
    """Whether a text is a no."""
    return key(text) in _one_of("no")
