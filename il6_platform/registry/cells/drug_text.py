"""A text of a treatment in pieces: names, words around them, unknown words and signs.

Belongs here: what is no name (doses, schedules, dates), and where a name begins and ends. Does not
belong here: what the pieces say of one another (`drugs`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from il6_platform.registry.cells.drug_dictionary import Entry, Role, lexicon, longest_key, near


@dataclass(slots=True)
class Mention:
    """A name in a text, and what is said of it; an unknown word names itself."""

    substances: tuple[str, ...]
    kind: Literal["drug", "regimen", "class", "unknown"] = "drug"
    status: Literal["given", "not given", "doubtful"] = "given"

    def weaken(self) -> None:
        """Make doubtful what was taken as given."""
        if self.status == "given":
            self.status = "doubtful"


@dataclass(slots=True)
class Item:
    """A piece of a text."""

    text: str
    role: Role | Literal["sign", "number", "unknown"]
    mention: Mention | None = None


_AMOUNT = r"(?<![a-z0-9.-])\d+(?:[.,]\d+)?(?:\s*-\s*\d+(?:[.,]\d+)?)?\s*"
_UNIT = r"(?:mg|g|ug|μg|mcg|ml|iu|ie|mio|kg|m2|%|毫克|克|毫升|мг|мл|кг)"
_PER = (
    r"(?:\s*/\s*(?:\d+(?:[.,]\d+)?\s*)?"
    r"(?:kg|кг|m\^?2|м2|sqm|qm|ml|мл|l|d|day|tag|h|hr|week|wk|dose|vial))*"
)
_TIMES = r"(?:cycles?|weeks?|wks?|w|days?|d|hours?|hrs?|h|std|tage?|wochen|zyklen|months?)"
_DAYS = r"\d{1,2}(?:\s?[-,+/]\s?\d{1,2})*"
_ZERO = re.compile(rf"(?<![a-z\d.,])0+(?:[.,]0+)?\s*{_UNIT}{_PER}(?![a-z])")
_TIMES_NONE = re.compile(
    r"(?<![a-z\d.,/])0+\s*[x×](?![a-z])|(?<=[\s\d(])[x×]\s?0(?![\d.,])"
    r"|(?<![\d./])0\s?(?:/|of|von|de|sur)\s?\d{1,2}(?![\d./])"
    r"|(?<![a-z\d.,/])0+\s*(?:cycles?|courses?|dos[ei]s|doses?|infusions?|administrations?|times|"
    r"zyklen|zyklus|kurse|gaben|infusionen|cures?|ciclos?|cicli|个?周期|个?疗程|次|回|クール|コース)"
    r"|\b(?:cycles?|courses?|doses?|infusions?|zyklen)\s?[:=]\s?0(?![\d.,])"
)
"""A number of times that is none: what stands before it was not given."""
_BARE_ZERO = re.compile(r"(?<=[^\W\d_]{2})[\s_|,;\[]+0(?=\s*(?:$|[,;|)+\]]))")
"""A bare zero behind a name may be a box that is not ticked."""
_NUMBER_OF = re.compile(
    r"\b(?:no|nr)\.?\s+(?:of|der)\s(?=cycle|course|dose|infus|zykl|kurs|gabe)"
    r"|\b(?:no|nr)\.\s?\d+(?![-\w])"
)
"""`no.` before what is counted is no `no`."""
_CHECKED = re.compile(r"\[\s*[x✓✔]\s*\]|[☑✓✔√]")
"""A box that is ticked; a crossed one alone can mean both."""
_DASH = r"[-\u2010-\u2015\u2212]"
_MARKED_OFF = re.compile(
    # a dash behind a name that joins it to nothing, or stuck to the front of one in a list
    rf"(?<=[^\W_])\s*[:=]?\s*{_DASH}+(?=\s*(?:$|[,;/|)+\n]))"
    rf"|(?<=[^\W_]\s){_DASH}(?=[^\W\d_])"
    r"|[✗✘✕✖❌❎⊘∅☐☒□]|\[\s*\]|(?<=[^\W_]\s)[x×](?=\s*(?:$|[,;/|)+]))"
)
"""What may mark a drug as not given, or be a slip of the hand."""
_DOSES = re.compile(
    "|".join(
        (
            r"\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?!\d)",
            r"(?<!\d)\d{1,2}[./]\d{1,2}[./]\d{2,4}(?!\d)",
            rf"{_AMOUNT}{_UNIT}{_PER}(?![a-z])",
            r"\bq\s?\d+\s?(?:w|wks?|weeks?|d|days?|wochen|tage)?\b",
            r"\b(?:every|alle|tous les|cada|ogni|each)\s+\d+\s+[^\W\d]+",
            rf"{_AMOUNT}{_TIMES}\b",
            r"\d+\s*(?:个?周期|周|天|次|小时|クール|コース)",
            rf"\b(?:days?|d|c|cycles?|tage?|w|weeks?|kurs|zyklus)\.?\s?{_DAYS}\b",
            r"\bauc\s?=?\s?\d+(?:[.,]\d+)?",
            r"(?<=[\d\s])[x×]\s?\d+\b",
            r"\bc\d{1,2}d\d{1,2}\b",
            r"[®™©]",
        )
    )
)
_A_CODE = re.compile(r"[- ]?\d{3,}")
"""Digits behind a word that make it a trial's or a maker's code."""
_ATOM = re.compile(r"[a-zа-яіїєґα-ω]+|\d+|[^\W\d_]|\s+|[^\w\s]|_+")
_WORD = re.compile(r"[^\W_]+")
_INNER = frozenset({" ", "-", "/", ".", "'", "_"})
LETTERS = frozenset("abcep")
"""Letters that stand for an antibody beside a regimen."""


def with_plain_signs(bare: str) -> str:
    """Write `with`, `without`, `perhaps` and `then` as one sign or word each.

    >>> with_plain_signs("folfox w/ bev +/- x -> y").split()
    ['folfox', 'with', 'bev', '±', 'x', '→', 'y']
    """
    bare = _NUMBER_OF.sub(" ", bare)
    bare = re.sub(r"(?:[=:]\s*|\(\s*)(?:n|0|f|false)\s*(?=[);,]|$)", " not given ", bare)
    bare = re.sub(rf"\(\s*{_DASH}\s*\)", " ? ", bare)
    bare = re.sub(r"\+\s?/?\s?-(?!>)|-\s?/\s?\+", " ± ", bare)
    bare = re.sub(r"-+>|=+>|>>+|⇒|(?<=\w)\s*>\s*(?=[^\W\d_])", " → ", bare)
    bare = _MARKED_OFF.sub(" ? ", _CHECKED.sub(" ", bare))
    bare = re.sub(r"(?<![a-z0-9])w/(?!o)", " with ", bare)
    return re.sub(r"(?<![a-z0-9])s/(?!p)(?=\s*[a-z])", " without ", bare)


def pieces(bare: str) -> list[Item]:
    """Part a folded text into the longest known phrases, unknown words and signs."""
    atoms = _ATOM.findall(_without_doses(bare))
    items: list[Item] = []
    position = 0
    while position < len(atoms):
        atom = atoms[position]
        if not _WORD.fullmatch(atom):
            if atom.strip():
                items.append(Item(atom.strip(), "sign"))
            position += 1
            continue
        stop, entry = _longest(atoms, position)
        if entry and entry.role == "without" and _A_CODE.match("".join(atoms[stop : stop + 2])):
            # NO16966 is a trial
            entry = None
        parts = [] if entry else _glued(atom)
        if entry:
            words = filter(_WORD.fullmatch, atoms[position:stop])
            items.append(_item("".join(words), entry))
        elif parts:
            items += [_item(part, lexicon().get(part)) for part in parts]
        else:
            stop, word = _unknown(atoms, position)
            items.append(_item(word, None))
        position = stop
    return items


def _without_doses(bare: str) -> str:
    """Take doses, schedules and dates out; a dose of nothing is a drug that was not given."""
    bare = re.sub(r"\((?:r|tm|c)\)", " ", bare)
    bare = _TIMES_NONE.sub(" not given ", _ZERO.sub(" not given ", bare.replace("²", "2")))
    bare = re.sub(r"\bdose\s?[:=]?\s?0(?![\d.,])", " not given ", bare)
    bare = _BARE_ZERO.sub(" ? ", bare)
    return " ".join(_DOSES.sub(" ", bare).split())


def _longest(atoms: Sequence[str], start: int) -> tuple[int, Entry | None]:
    """Return where the longest known phrase that begins at an atom ends, and what it is."""
    best: tuple[int, Entry | None] = (start + 1, None)
    joined = ""
    for stop in range(start, len(atoms)):
        atom = atoms[stop]
        if not _WORD.fullmatch(atom):
            if atom not in _INNER:
                break
            continue
        joined += atom
        if len(joined) > longest_key():
            break
        entry = lexicon().get(joined)
        if entry is not None:
            best = stop + 1, entry
    return best


def _glued(word: str) -> list[str]:
    """Return the names that were written without a space between them: folfoxbev, xeloxb."""
    if not re.fullmatch(r"[a-z]{4,}", word):
        return []
    for cut in range(len(word) - 1, 2, -1):
        first, rest = lexicon().get(word[:cut]), word[cut:]
        if first is None or first.role not in ("drug", "regimen"):
            continue
        behind = lexicon().get(rest)
        is_name = behind is not None and behind.role in ("drug", "regimen") and len(rest) > 2
        if is_name or (first.role == "regimen" and rest in LETTERS):
            return [word[:cut], rest]
        further = _glued(rest)
        if further:
            return [word[:cut], *further]
    return []


def _unknown(atoms: Sequence[str], start: int) -> tuple[int, str]:
    """Return where the unknown word that begins at an atom ends; no sign parts it."""
    stop, word = start + 1, atoms[start]
    while (
        stop < len(atoms)
        and _WORD.fullmatch(atoms[stop])
        and (_longest(atoms, stop)[1] is None or atoms[stop].isdigit())
    ):
        word += atoms[stop]
        stop += 1
    behind = "".join(atoms[stop : stop + 2])
    if re.fullmatch(r"-\d{2,}", behind) or (len(word) < 5 and re.fullmatch(r" \d{3,}", behind)):
        # a trial's or a maker's code: ABT-869, AMG 386
        return stop + 2, word + atoms[stop + 1]
    return stop, word


def _item(text: str, entry: Entry | None) -> Item:
    if entry is None:
        if text.isdigit():
            return Item(text, "number")
        candidates = tuple(sorted(near(text)))
        status: Literal["given", "doubtful"] = "doubtful" if candidates else "given"
        return Item(text, "unknown", Mention(candidates or (text,), "unknown", status))
    if entry.role == "drug" or entry.role == "regimen" or entry.role == "class":
        return Item(text, entry.role, Mention(entry.substances, entry.role))
    return Item(text, entry.role)
