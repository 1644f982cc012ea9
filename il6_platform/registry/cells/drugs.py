"""Reading what was given: a text of a treatment -> the substances that it says were given.

Belongs here: the parting of a text into names, negations and doubts, by `data/drugs.csv` and the
`drug_text` of `data/vocabulary.yaml`. Does not belong here: which drug a study asks for, and what
becomes of a text that is not clear.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform import paths
from il6_platform.registry.cells.spelling import is_abbreviation, is_confusable, is_misspelt
from il6_platform.registry.cells.text import folded, is_missing, key
from il6_platform.registry.vocabulary import vocabulary

ANY = "*"
"""In `may_be`: any substance, those of no dictionary too."""

Certainty = Literal["known", "negated", "unclear", "unknown", "missing"]
Role = Literal[
    "drug", "regimen", "class", "without", "not_given", "doubt", "either", "placebo", "passed_over"
]


@dataclass(frozen=True, slots=True)
class Drug:
    """What was given, as it was read.

    Attributes
    ----------
    received
        The text.
    substances
        What was certainly given: international non-proprietary names in lower case. A name that
        is not in the dictionary stands for itself, in lower case, where it is the whole text.
    certainty
        `known`: every word is known; what is not in `substances` was not given. `negated`: the
        text says that nothing of what it names was given. `unclear`: see `may_be`. `unknown`: it
        holds a word that is far from every name. `missing`.
    may_be
        What may have been given beside; `*` stands for any substance.
    unknown_words
        Words that are in no dictionary.
    """

    received: str
    substances: tuple[str, ...] = ()
    certainty: Certainty = "unknown"
    may_be: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()

    def holds(self, substance: str) -> bool | None:
        """Whether a substance was given; None where it may have been.

        >>> read_drug("FOLFOX without bevacizumab").holds("bevacizumab")
        False
        """
        if substance in self.substances:
            return True
        return None if {substance, ANY} & set(self.may_be) else False


@dataclass(frozen=True, slots=True)
class _Entry:
    role: Role
    substances: tuple[str, ...] = ()


@dataclass(slots=True)
class _Mention:
    """A name in a text, and what is said of it."""

    substances: tuple[str, ...]
    is_class: bool = False
    is_regimen: bool = False
    status: Literal["given", "not given", "doubtful"] = "given"


@dataclass(slots=True)
class _Item:
    """A piece of a text: a known phrase, an unknown word, or the sign between two pieces."""

    text: str
    role: Role | Literal["sign", "unknown", "number"]
    mention: _Mention | None = None


@cache
def read_drug(text: str) -> Drug:
    """Read what was given.

    >>> read_drug("CAPOX-B").substances
    ('bevacizumab', 'capecitabine', 'oxaliplatin')
    >>> read_drug("bevazizumab").may_be
    ('bevacizumab',)
    """
    bare = folded(text)
    if not key(text) or (is_missing(text) and key(text) not in _lexicon()):
        return Drug(text, certainty="missing", may_be=(ANY,))
    whole = _lexicon().get(key(text))
    if whole and whole.role in ("drug", "regimen"):
        return Drug(text, tuple(sorted(whole.substances)), "known")
    if re.fullmatch(r"[a-z]\d\d(?:[a-z](?:[a-z](?:\d\d)?)?)?", bare):
        return _unlisted_atc(text, bare)
    if re.fullmatch(r"[\d\s.\-]+", bare):
        return Drug(text, certainty="unclear", may_be=(ANY,), unknown_words=(bare,))
    items = list(_items(_without_doses(bare)))
    _say_what_is_given(items)
    return _summary(text, items)


def _unlisted_atc(text: str, code: str) -> Drug:
    """Read an ATC code, or the beginning of one, that is not in the dictionary."""
    beneath = {
        substance
        for written, entry in _lexicon().items()
        if _is_atc(written) and written.startswith(code)
        for substance in entry.substances
    }
    if len(code) == 7:
        # a code stands for one substance: it is none of those whose own codes are known
        coded = {s for w, entry in _lexicon().items() if _is_atc(w) for s in entry.substances}
        beneath = {s for one in _rows() if one["kind"] == "generic" for s in _listed(one)} - coded
        return Drug(text, certainty="unknown", may_be=tuple(sorted(beneath)), unknown_words=(code,))
    if not beneath:
        return Drug(text, certainty="unknown", unknown_words=(code,))
    return Drug(text, certainty="unclear", may_be=tuple(sorted(beneath)))


def _is_atc(written: str) -> bool:
    return bool(re.fullmatch(r"[a-z]\d\d[a-z]{2}\d\d", written))


# --- pieces ---------------------------------------------------------------------------------------

_AMOUNT = r"(?<![a-z0-9.-])\d+(?:[.,]\d+)?(?:\s*-\s*\d+(?:[.,]\d+)?)?\s*"
_UNIT = r"(?:mg|g|ug|μg|mcg|ml|iu|ie|mio|kg|m2|%|毫克|克|毫升|мг|мл)"
_PER = r"(?:\s*/\s*(?:\d+\s*)?(?:kg|m\^?2|sqm|qm|ml|l|d|day|tag|h|hr|week|wk|dose|kgbw|vial))*"
_ZERO = re.compile(rf"(?<![a-z\d.,])0+(?:[.,]0+)?\s*{_UNIT}{_PER}(?![a-z])")
_DOSES = re.compile(
    "|".join(
        (
            r"\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?!\d)",
            r"(?<!\d)\d{1,2}[./]\d{1,2}[./]\d{2,4}(?!\d)",
            rf"{_AMOUNT}{_UNIT}{_PER}(?![a-z])",
            r"\bq\s?\d+\s?(?:w|wks?|weeks?|d|days?|wochen|tage)?\b",
            r"\b(?:every|alle|tous les|cada|ogni|each)\s+\d+\s+[^\W\d]+",
            rf"{_AMOUNT}(?:cycles?|weeks?|wks?|w|days?|d|hours?|hrs?|h|std|tage?|wochen|zyklen|months?)\b",
            r"\d+\s*(?:个?周期|周|天|次|小时|クール|コース)",
            r"\b(?:days?|d|c|cycles?|tage?|w|weeks?|kurs|zyklus)\.?\s?\d+(?:\s?[-,+/]\s?\d+)*\b",
            r"\bauc\s?=?\s?\d+(?:[.,]\d+)?",
            r"\b[x×]\s?\d+\b",
            r"\bc\d+d\d+\b",
            r"[®™©]",
        )
    )
)


def _without_doses(bare: str) -> str:
    """Take doses, schedules and dates out; a dose of nothing is a drug that was not given."""
    bare = re.sub(r"\((?:r|tm|c)\)", " ", bare)
    bare = _ZERO.sub(" not given ", bare.replace("²", "2"))
    return " ".join(_DOSES.sub(" ", bare).split())


def _items(bare: str) -> Iterator[_Item]:
    """Part a text into the longest phrases of the dictionary, unknown words and signs."""
    atoms = [found[0] for found in re.finditer(_ATOM, bare)]
    position = 0
    while position < len(atoms):
        if not _is_word(atoms[position]):
            if atoms[position].strip():
                yield _Item(atoms[position].strip(), "sign")
            position += 1
            continue
        stop, entry = _longest(atoms, position)
        if entry is None:
            parts = _parts(atoms[position])
            for part in parts:
                yield _item(part, _lexicon()[part])
            if not parts:
                stop, word = _unknown(atoms, position)
                yield _Item(word, "number" if word.isdigit() else "unknown")
        else:
            yield _item("".join(atoms[position:stop]), entry)
        position = stop


_ATOM = r"[a-zа-яіїєґα-ω]+|\d+|[^\W\d_]|\s+|[^\w\s]+|_+"
_WORD = re.compile(r"[^\W_]+")
_INNER = frozenset({" ", "-", "/", ".", "'", "_", "–"})


def _is_word(atom: str) -> bool:
    return bool(_WORD.fullmatch(atom))


def _longest(atoms: Sequence[str], start: int) -> tuple[int, _Entry | None]:
    """Return where the longest phrase of the dictionary that begins at an atom ends."""
    best: tuple[int, _Entry | None] = (start + 1, None)
    joined = ""
    for stop in range(start, len(atoms)):
        atom = atoms[stop]
        if not _is_word(atom):
            if atom not in _INNER:
                break
            continue
        joined += atom
        if len(joined) > _longest_key():
            break
        entry = _lexicon().get(joined)
        if entry is not None:
            best = stop + 1, entry
    return best


def _parts(word: str) -> list[str]:
    """Return the names that were written without a space between them: folfoxbev."""
    if not re.fullmatch(r"[a-z]{5,}", word):
        return []
    for cut in range(len(word) - 1, 2, -1):
        first = _lexicon().get(word[:cut])
        if first is None or first.role not in ("drug", "regimen"):
            continue
        rest = word[cut:]
        if rest in _lexicon() and (len(rest) > 2 or first.role == "regimen"):
            return [word[:cut], rest]
        if first.role == "regimen" and rest in _letters():
            return [word[:cut], rest]
        behind = _parts(rest)
        if behind:
            return [word[:cut], *behind]
    return []


def _unknown(atoms: Sequence[str], start: int) -> tuple[int, str]:
    """Return the unknown word that begins at an atom: signs without spaces are one word."""
    stop = start + 1
    word = atoms[start]
    while stop < len(atoms) and _is_word(atoms[stop]) and _longest(atoms, stop)[1] is None:
        word += atoms[stop]
        stop += 1
    return stop, word


def _item(text: str, entry: _Entry) -> _Item:
    if entry.role in ("drug", "regimen", "class"):
        mention = _Mention(entry.substances, entry.role == "class", entry.role == "regimen")
        return _Item(text, entry.role, mention)
    return _Item(text, entry.role)


# --- what is said of the names --------------------------------------------------------------------


def _say_what_is_given(items: list[_Item]) -> None:
    """Set the status of every mention from the words and signs around it."""
    _read_letters(items)
    _pass_over_suffixes(items)
    _negate_behind(items)
    _negate_before(items)
    _doubt(items)


def _read_letters(items: list[_Item]) -> None:
    """Read the letter behind or before a regimen: CAPOX-B, XELOX-A, B-FOLFOX."""
    for n, item in enumerate(items):
        if item.role != "unknown" or item.text not in _letters():
            continue
        beside = [items[m] for m in (n - 2, n - 1, n + 1, n + 2) if 0 <= m < len(items)]
        regimens = [one for one in beside if one.mention and one.mention.is_regimen]
        if regimens:
            certain, possible = _letters()[item.text]
            if item.text == "a" and "folfox" in regimens[0].text and "iri" not in regimens[0].text:
                # FOLFOX-A is FOLFOX with nab-paclitaxel elsewhere
                certain, possible = (), ("bevacizumab", "paclitaxel")
            item.role = "drug"
            item.mention = _Mention(certain or possible)
            item.mention.status = "given" if certain else "doubtful"


def _pass_over_suffixes(items: list[_Item]) -> None:
    """Pass over the four letters behind a biological's name: bevacizumab-awwb."""
    for one, sign, suffix in zip(items, items[1:], items[2:], strict=False):
        if (
            one.mention
            and one.text.endswith(("mab", "cept"))
            and (sign.text, suffix.role) == ("-", "unknown")
            and re.fullmatch(r"[a-z]{4}", suffix.text)
        ):
            suffix.role = "passed_over"


_ENDS = frozenset({";", ".", "|", "\n"})


def _negate_behind(items: list[_Item]) -> None:
    """Set what `not given` behind a name says: surely of the nearest, perhaps of those before."""
    for n, item in enumerate(items):
        if item.role != "not_given":
            continue
        before = _mentions_until_end(reversed(items[:n]))
        if not before:
            # refused: bevacizumab
            before = _mentions_until_end(items[n + 1 :])
        for place, mention in enumerate(before):
            mention.status = "not given" if place == 0 else "doubtful"


def _negate_before(items: list[_Item]) -> None:
    """Set what `without` before a name says: surely of it and of those joined to it by or."""
    for n, item in enumerate(items):
        if item.role != "without":
            continue
        is_certain, reached = True, False
        for other in items[n + 1 :]:
            if other.text in _ENDS or other.text in _resets():
                break
            if other.mention is not None:
                other.mention.status = "not given" if is_certain else "doubtful"
                reached = True
            elif reached and other.text not in ("/", "-", "(", ")") and other.role != "either":
                is_certain = False
        if not reached:
            # bevacizumab: no
            before = _mentions_until_end(reversed(items[:n]))
            for place, mention in enumerate(before):
                mention.status = "not given" if place == 0 else "doubtful"


def _mentions_until_end(items: Iterable[_Item]) -> list[_Mention]:
    found = []
    for item in items:
        if item.text in _ENDS:
            break
        if item.mention is not None:
            found.append(item.mention)
    return found


def _doubt(items: list[_Item]) -> None:
    """Make doubtful what a text does not say outright."""
    mentions = [(n, item.mention) for n, item in enumerate(items) if item.mention is not None]
    if any(item.role == "doubt" or "?" in item.text for item in items):
        for _, mention in mentions:
            _weaken(mention)
    for (here, one), (there, other) in itertools.pairwise(mentions):
        between = items[here + 1 : there]
        is_either = any(item.role == "either" for item in between)
        antibodies = _group("antibody")
        are_both = bool({*one.substances} & antibodies and {*other.substances} & antibodies)
        if is_either or (are_both and [item.text for item in between] == ["/"]):
            _weaken(one)
            _weaken(other)
    for n, item in enumerate(items):
        if item.role == "placebo":
            for places in (range(n - 1, -1, -1), range(n + 1, len(items))):
                nearest = next((items[m].mention for m in places if items[m].mention), None)
                if nearest is not None:
                    _weaken(nearest)
    given: dict[str, set[str]] = {}
    for _, mention in mentions:
        for substance in mention.substances:
            given.setdefault(substance, set()).add(mention.status)
    for _, mention in mentions:
        if any(len(given[substance]) > 1 for substance in mention.substances):
            _weaken(mention)


def _weaken(mention: _Mention) -> None:
    if mention.status == "given":
        mention.status = "doubtful"


# --- the reading ----------------------------------------------------------------------------------


def _summary(text: str, items: Sequence[_Item]) -> Drug:
    """Put together what the pieces of a text say."""
    unknown = [item.text for item in items if item.role == "unknown"]
    mentions = [item.mention for item in items if item.mention is not None]
    may_be: set[str] = set()
    given: set[str] = set()
    for mention in mentions:
        if mention.status == "not given":
            continue
        is_sure = mention.status == "given" and not mention.is_class and not unknown
        (given if is_sure else may_be).update(mention.substances)
    # another word may take back the drug; it takes back no other one than it stands beside
    may_be.update(*(_near(word) for word in unknown))
    may_be -= given
    if may_be:
        certainty: Certainty = "unclear"
    elif unknown:
        certainty = "unknown"
    elif mentions and not given:
        certainty = "negated"
    else:
        certainty = "known"
    if not mentions and unknown and not may_be:
        given = {" ".join(folded(text).split())}
    return Drug(text, tuple(sorted(given)), certainty, tuple(sorted(may_be)), tuple(unknown))


@cache
def _near(word: str) -> frozenset[str]:
    """Return the substances that an unknown word may stand for."""
    if re.search(r"\d", word) and re.search(r"[a-z]", word):
        return frozenset({ANY})
    found: set[str] = set()
    for name, entry in _lexicon().items():
        if entry.role not in ("drug", "regimen", "class"):
            continue
        if (
            is_misspelt(word, name)
            or is_confusable(word, name)
            or is_abbreviation(word, name)
            or (len(name) > 5 and name in word)
        ):
            found.update(entry.substances)
    return frozenset(found)


# --- the dictionary -------------------------------------------------------------------------------


@cache
def _rows() -> tuple[dict[str, str], ...]:
    path = paths.project_root() / "data" / "drugs.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def _listed(row: dict[str, str]) -> tuple[str, ...]:
    """Return the substances of a row; `@group` stands for all of a group."""
    if row["substance"].startswith("@"):
        return tuple(sorted(_group(row["substance"][1:])))
    return tuple(sorted(filter(None, row["substance"].split(";"))))


@cache
def _group(name: str) -> frozenset[str]:
    return frozenset(row["substance"] for row in _rows() if name in row["groups"].split(";"))


@cache
def _lexicon() -> dict[str, _Entry]:
    """Return every phrase that is known by its `key`."""
    found: dict[str, _Entry] = {}
    words = vocabulary().drug_text
    roles: dict[Role, tuple[str, ...]] = {
        "passed_over": words.passed_over,
        "without": words.without,
        "not_given": words.not_given,
        "doubt": words.doubt,
        "either": words.either,
        "placebo": words.placebo,
    }
    for role, listed in roles.items():
        found.update({key(word): _Entry(role) for word in listed})
    for row in _rows():
        kind: Role = "drug"
        if row["kind"] in ("regimen", "class"):
            kind = "regimen" if row["kind"] == "regimen" else "class"
        found[key(row["text"])] = _Entry(kind, _listed(row))
    return found


@cache
def _longest_key() -> int:
    return max(map(len, _lexicon()))


@cache
def _letters() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return what a letter beside a regimen stands for: surely, or perhaps."""
    return {
        "b": (("bevacizumab",), ()),
        "a": (("bevacizumab",), ()),
        "c": ((), ("cetuximab",)),
        "e": ((), ("cetuximab",)),
        "p": ((), ("panitumumab", "pembrolizumab")),
    }


@cache
def _resets() -> frozenset[str]:
    return frozenset(folded(word) for word in vocabulary().drug_text.resets)
