"""Reading what was given: a text of a treatment -> the substances that it says were given.

Belongs here: what the words of a text say of the names in it. Does not belong here: the names
(`drug_dictionary`), where a name begins and ends (`drug_text`), which drug a study asks for, and
what becomes of a text that is not clear.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from il6_platform.registry.cells.drug_dictionary import (
    ANY,
    group,
    lexicon,
    resets,
    substances,
    substances_of_atc,
)
from il6_platform.registry.cells.drug_text import (
    LETTERS,
    Item,
    Mention,
    pieces,
    with_plain_signs,
)
from il6_platform.registry.cells.text import folded, is_missing, key

Certainty = Literal["known", "negated", "unclear", "unknown", "missing"]


@dataclass(frozen=True, slots=True)
class Drug:
    """What was given, as it was read.

    Attributes
    ----------
    received
        The text.
    substances
        What was certainly given: international non-proprietary names in lower case. A name that
        no dictionary has stands for itself, in lower case.
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


@cache
def read_drug(text: str) -> Drug:
    """Read what was given; never raises.

    >>> read_drug("CAPOX-B").substances
    ('bevacizumab', 'capecitabine', 'oxaliplatin')
    >>> read_drug("bevazizumab").may_be
    ('bevacizumab',)
    """
    bare = with_plain_signs(folded(text))
    if not key(text) or (is_missing(text) and key(text) not in lexicon()):
        return Drug(text, certainty="missing", may_be=(ANY,))
    whole = lexicon().get(key(text))
    if whole and whole.role in ("drug", "regimen") and not re.search(r"[?±→]", bare):
        return Drug(text, tuple(sorted(whole.substances)), "known")
    if re.fullmatch(r"[a-z]\d\d(?:[a-z](?:[a-z](?:\d\d)?)?)?", bare):
        return _read_atc(text, bare)
    if re.fullmatch(r"[\d\s.\-]+", bare):
        return Drug(text, certainty="unclear", may_be=(ANY,), unknown_words=(bare,))
    items = pieces(bare)
    _say_what_is_given(items)
    if _LATER.search(bare):
        _weaken_before(items)
    if _A_CYCLE.search(bare):
        _doubt_negations(items)
    return _summary(text, items)


def _read_atc(text: str, code: str) -> Drug:
    """Read an ATC code, or the beginning of one, that is not in the dictionary."""
    may_be = substances_of_atc(code)
    if len(code) == 7:
        # a code stands for one substance: it is none of those whose own codes are known
        may_be = substances() - substances_of_atc("")
    certainty: Certainty = "unclear" if may_be and len(code) < 7 else "unknown"
    return Drug(text, (), certainty, tuple(sorted(may_be)), (code,))


# --- what the words say of the names --------------------------------------------------------------

_PARTS = frozenset({"+", ",", ";", "/", "&", "|", "→", "±", ".", ":"})
"""Signs behind which another drug begins."""
_ENDS = frozenset({";", ".", "|"})
"""Signs behind which something else is said."""
_A_CYCLE = re.compile(
    r"(?<![a-z])(?:cycles?|c|courses?|kurs|zykl(?:us|en))\.?\s?\d"
    r"|\b(?:first|1st|initial|last|erste[rn]?|premiere?)\s(?:\d+\s)?(?:cycle|course|dose|zykl|kurs)"
    r"|(?:首|前|第)\s?[一二两三1-3]?\s?个?(?:周期|疗程|程)"
)
"""A cycle that is named: what was not given in it may have been given in others."""


_A_DAY = (
    r"(?:\d{4}[-/.年]|\d{1,2}[-/.]\d{1,2}[-/.]|\d{1,2}[-/.]\d{4}|\d{1,2}\s?月"
    r"|(?:\d{1,2}\.?[\s-])?(?:jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\.?[\s-]\d)"
)
_LATER = re.compile(
    r"\b(?:since|seit|depuis|desde|dal|from|as of|ab|od|с"
    r"|start(?:ed|ing)?|begun|begin(?:ning)?|added|add)\b"
    r"[\s:]*(?:(?:at|in|on|with|from|since|im|ab|am|le|el)\s+)?"
    rf"(?:{_A_DAY}|(?:the\s)?(?:cycle|c|course|kurs|zyklus|cure|ciclo)\.?\s?(?:[2-9]|1\d)(?!\d))"
    r"|第\s?(?:[二三四五六七八]|[2-9])\s?个?(?:周期|疗程|程)"
)
"""A day or cycle from which on something was given: it need not be the start of the record."""


def _say_what_is_given(items: list[Item]) -> None:
    """Set the status of every mention from the words and signs around it."""
    _read_letters(items)
    _read_suffixes(items)
    _pass_over_classes(items)
    _weaken_beside_unknown(items)
    _negate_behind(items)
    _negate_before(items)
    _doubt(items)
    _doubt_alternatives(items)
    _doubt_contradictions(items)


def _read_letters(items: list[Item]) -> None:
    """Read the letter beside a regimen: CAPOX-B, XELOX-A, B-FOLFOX, FOLFIRI-C."""
    for n, item in enumerate(items):
        if item.text not in LETTERS or item.role not in ("unknown", "passed_over"):
            continue
        places = [
            there
            for beside, there in ((n - 1, n - 2), (n + 1, n + 2))
            if 0 <= beside < len(items) and items[beside].text in ("-", "+", "/", "&")
        ]
        # a word of its own (a, e) is no shorthand without a sign
        places += [n - 1, n + 1] if item.role == "unknown" else []
        beside_it = [items[place] for place in places if 0 <= place < len(items)]
        regimen = next((one for one in beside_it if one.role == "regimen"), None)
        if regimen is not None:
            item.role, item.mention = "drug", _letter(item.text, regimen.text)


def _letter(letter: str, regimen: str) -> Mention:
    """Return what a letter beside a regimen stands for."""
    is_folfox = "folfox" in regimen and "folfoxiri" not in regimen
    if letter == "b" or (letter == "a" and not is_folfox):
        return Mention(("bevacizumab",))
    # FOLFOX-A is FOLFOX with nab-paclitaxel elsewhere
    possible = {"a": ("bevacizumab", "nab-paclitaxel"), "p": ("panitumumab", "pembrolizumab")}
    return Mention(possible.get(letter, ("cetuximab",)), status="doubtful")


def _read_suffixes(items: list[Item]) -> None:
    """Pass over four letters behind a biological's name (-awwb); a number there is a code's."""
    for one, sign, suffix in zip(items, items[1:], items[2:], strict=False):
        if one.mention is None or sign.text != "-":
            continue
        is_biological = one.text.endswith(("mab", "cept"))
        if is_biological and suffix.role == "unknown" and re.fullmatch(r"[a-z]{4}", suffix.text):
            suffix.role, suffix.mention = "passed_over", None
        if re.fullmatch(r"\d{3,}", suffix.text):
            one.mention.weaken()


def _pass_over_classes(items: list[Item]) -> None:
    """Pass over a class that stands beside one of its substances: biosimilar bevacizumab."""
    for n, item in enumerate(items):
        if item.role != "class" or item.mention is None:
            continue
        for beside in (items[:n][::-1], items[n + 1 :]):
            other, between = _next_mention(beside)
            is_parted = any(one.text in _PARTS - {":"} or one.role == "either" for one in between)
            if other and other.kind in ("drug", "regimen") and not is_parted:
                named = {*item.mention.substances}
                if ANY in named or named & {*other.substances}:
                    item.role, item.mention = "passed_over", None
                    break


def _next_mention(items: Sequence[Item]) -> tuple[Mention | None, list[Item]]:
    """Return the first mention among items, and the items before it."""
    between = list(itertools.takewhile(lambda one: one.mention is None, items))
    return (items[len(between)].mention if len(between) < len(items) else None), between


def _weaken_beside_unknown(items: list[Item]) -> None:
    """Make doubtful what stands beside an unknown word, which may say that it was not given."""
    for n, item in enumerate(items):
        if item.role != "unknown" or item.mention is None:
            continue
        # a point behind it may be that of a shortened word
        is_short = _has_point(items, n)
        for beside in (items[:n][::-1], items[n + 2 if is_short else n + 1 :]):
            other, between = _next_mention(beside)
            # `bevacizumab: nej` speaks of the drug
            is_parted = any(
                one.text in _PARTS - {":"} or one.role == "passed_over" for one in between
            )
            if other and not is_parted and other.kind != "unknown":
                other.weaken()
                item.mention.weaken()


def _negate_behind(items: list[Item]) -> None:
    """Set what `not given` behind a name says: surely of the nearest, perhaps of those before."""
    for n, item in enumerate(items):
        if item.role != "not_given":
            continue
        is_aside = n > 0 and items[n - 1].text in ("(", "[")
        before = _mentions_until_end(items[:n][::-1])
        # refused: bevacizumab
        behind = [] if before else _mentions_until_end(items[n + 1 :])
        beside = [
            0 <= place < len(items) and items[place].mention is not None for place in (n - 1, n + 1)
        ]
        if all(beside):
            # FOLFOX declined bevacizumab
            _weaken_before(items)
            continue
        if beside[1] and n > 0 and items[n - 1].role == "sign":
            # FOLFOX, declined bevacizumab
            before, behind = [], _mentions_until_end(items[n + 1 :])[:1]
        if before or behind:
            _negate(before[:1] if is_aside and before else before or behind)
        else:
            _weaken_before(items[:n])


def _negate_before(items: list[Item]) -> None:
    """Set what `without` before a name says: surely of it and of those joined to it by or."""
    for n, item in enumerate(items):
        if item.role != "without":
            continue
        # none or bevacizumab
        is_certain, reached = not any(map(_parts_choices, items[n + 1 : n + 2])), False
        # excl. bevacizumab; a whole word and a point may end what is said before
        is_short = _has_point(items, n)
        if is_short and not (n > 0 and items[n - 1].text in (":", "=")):
            is_certain = is_certain and item.text in _SHORT
            if not is_certain:
                _weaken_before(items[:n])
        else:
            is_short = False
        for other in items[n + 2 if is_short else n + 1 :]:
            if other.text in _ENDS or (reached and other.text in resets()):
                break
            if other.mention is not None:
                other.mention.status = "not given" if is_certain else "doubtful"
                reached = True
            elif reached and other.text not in ("/", "-", "(", ")") and other.role != "either":
                is_certain = False
        if reached:
            continue
        # bevacizumab: no
        before = _mentions_until_end(items[:n][::-1])
        if before and not _parts_choices(items[n - 1]):
            _negate(before)
        else:
            _weaken_before(items[:n])


_SHORT = frozenset({"excl", "exkl", "exc", "wo", "w"})
"""Shortened words for `without`, behind which a point ends nothing."""


def _has_point(items: Sequence[Item], n: int) -> bool:
    """Whether a point follows an item: that of a shortened word, or the end of what is said."""
    return [one.text for one in items[n + 1 : n + 2]] == ["."]


def _parts_choices(item: Item) -> bool:
    """Whether an item parts a drug from a `none` that may be another answer: bevacizumab/none."""
    return item.text in ("/", "+", "&") or item.role == "either"


def _weaken_before(items: Sequence[Item]) -> None:
    """Make doubtful what a `no` behind it may speak of: bevacizumab; declined."""
    for item in items:
        if item.mention is not None:
            item.mention.weaken()


def _negate(mentions: Sequence[Mention]) -> None:
    for place, mention in enumerate(mentions):
        mention.status = "not given" if place == 0 else "doubtful"


def _mentions_until_end(items: Iterable[Item]) -> list[Mention]:
    """Return the mentions of what is said together: to a full stop, or within brackets."""
    found: list[Mention] = []
    for item in items:
        if item.text in _ENDS or (found and item.text in ("(", "[")):
            break
        if item.mention is not None:
            found.append(item.mention)
    return found


def _doubt(items: list[Item]) -> None:
    """Make doubtful what a text says may be, was, or will be, and what stands by a placebo."""
    if any(item.role == "doubt" or item.text in ("?", "→") for item in items):
        for item in items:
            if item.mention is not None:
                item.mention.weaken()
    for n, item in enumerate(items):
        sides = []
        if item.role == "placebo":
            sides = [items[:n][::-1], items[n + 1 :]]
        elif item.text == "±":
            sides = [items[n + 1 :]]
        for side in sides:
            nearest, _ = _next_mention(side)
            if nearest is not None:
                nearest.weaken()


def _doubt_negations(items: list[Item]) -> None:
    """Make doubtful what a text says was not given in a cycle: it may have been in others."""
    for item in items:
        if item.mention is not None and item.mention.status == "not given":
            item.mention.status = "doubtful"


def _doubt_alternatives(items: list[Item]) -> None:
    """Make doubtful both of two drugs with `or` between, and of two antibodies with a slash."""
    places = [n for n, item in enumerate(items) if item.mention is not None]
    for here, there in itertools.pairwise(places):
        one, other = items[here].mention, items[there].mention
        if one is None or other is None:
            continue
        between = items[here + 1 : there]
        antibodies = [{*mention.substances} & group("antibody") for mention in (one, other)]
        is_slash = [item.text for item in between] == ["/"]
        are_others = all(antibodies) and antibodies[0] != antibodies[1]
        if any(item.role == "either" for item in between) or (is_slash and are_others):
            one.weaken()
            other.weaken()


def _doubt_contradictions(items: list[Item]) -> None:
    """Make doubtful what a text says was given in one place and was not in another."""
    said: dict[str, set[str]] = {}
    mentions = [item.mention for item in items if item.mention is not None]
    for mention in mentions:
        for substance in mention.substances:
            said.setdefault(substance, set()).add(mention.status)
    for mention in mentions:
        if any("not given" in said[one] and len(said[one]) > 1 for one in mention.substances):
            mention.weaken()


PLACEBO = "placebo"
"""What was given where it was a placebo alone."""

# --- the reading ----------------------------------------------------------------------------------


def _summary(text: str, items: Sequence[Item]) -> Drug:
    """Put together what the pieces of a text say."""
    mentions = [item.mention for item in items if item.mention is not None]
    unknown = tuple(item.text for item in items if item.role == "unknown")
    may_be: set[str] = set()
    given: set[str] = set()
    for mention in mentions:
        if mention.status != "not given":
            is_sure = mention.status == "given" and mention.kind != "class"
            (given if is_sure else may_be).update(mention.substances)
    is_negated = any(item.role in ("without", "not_given") for item in items)
    is_placebo = any(item.role == "placebo" for item in items)
    is_named_scheme = unknown and any(item.role == "scheme" for item in items)
    # folfox + ?
    is_open = any(
        one.text in _PARTS and question.text == "?" for one, question in itertools.pairwise(items)
    )
    if (not mentions and not is_negated and not is_placebo) or is_named_scheme or is_open:
        # a scheme that only its site knows may hold any drug
        may_be.add(ANY)
    may_be -= given
    if is_placebo and not (given or may_be or is_negated):
        # whom a trial gives nothing but a placebo begins treatment with it
        given.add(PLACEBO)
    certainty: Certainty = "known"
    if may_be:
        certainty = "unclear"
    elif unknown:
        certainty = "unknown"
    elif is_negated and not given:
        certainty = "negated"
    return Drug(text, tuple(sorted(given)), certainty, tuple(sorted(may_be)), unknown)
