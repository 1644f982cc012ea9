"""Which column is the patient's number, and which may name a person.

Belongs here: what must stay outside, and by what a patient is known. Does not belong here: what a
column means to a study (`meanings`).
"""

from __future__ import annotations

from collections.abc import Sequence

from il6_platform.registry.profile_inference.columns import PERSONAL, Column, as_number, is_date
from il6_platform.registry.profile_inference.meanings import (
    LIKELY,
    SURE,
    Meanings,
    native_columns,
    nearest_name,
)
from il6_platform.registry.profile_inference.questions import Questions
from il6_platform.registry.vocabulary import near, vocabulary, words


def patient_number(columns: dict[str, list[str]], questions: Questions) -> str | None:
    """Return the column that is most likely the patient's number."""
    rows = max((len(texts) for texts in columns.values()), default=0)
    listed = vocabulary().columns["patient_id"]
    best: tuple[float, str] | None = None
    for place, (name, texts) in enumerate(columns.items()):
        filled = [text for text in texts if text]
        if len(filled) < 0.9 * rows or sum(map(is_date, filled)) > 0.5 * len(filled):
            continue
        # a number has a digit; a record's own id need not
        is_id = near(name, listed) >= 1 and name.lower().endswith("id")
        is_id = is_id and not any(" " in text for text in filled)
        if not is_id and not any(any(sign.isdigit() for sign in text) for text in filled):
            continue
        # the words are in the order of their claim: a study's number before a hospital's
        claims = [near(name, (word,)) - 0.002 * n for n, word in enumerate(listed)]
        claim = max(claims) - 0.0001 * place
        if claim < SURE and _is_measured(filled):
            continue
        if claim >= LIKELY and (best is None or claim > best[0]):
            best = claim, name
    if best is not None and best[0] < SURE:
        questions.ask(f"Is {best[1]} the patient's number, as is assumed?")
    return best[1] if best else None


def unique_ones(columns: dict[str, list[str]]) -> str:
    """Name the columns that have another value in each line: one of them may be it."""
    unique = [
        name
        for name, texts in columns.items()
        if len(texts) > 1
        and all(texts)
        and len(set(texts)) == len(texts)
        and not any(is_date(text) for text in texts[:20])
    ]
    return f" ({', '.join(unique[:5])} has another value in each line)" if unique else ""


class Identifiers:
    """The columns of an export that may name a person, as they are found.

    Attributes
    ----------
    found
        Column -> why it is one.
    """

    def __init__(self, meanings: Meanings) -> None:
        self.found: dict[str, str] = {}
        self._meanings = meanings

    def holds(self, column: Column, *, left_over: bool = False) -> bool:
        """Whether a column names a person, by its name, the dictionary or what it holds."""
        if column.name in self.found:
            return True
        why = "the dictionary says so" if column.is_identifier else ""
        native = max(self._meanings.fit(one, column) for one in native_columns())
        if column.is_identifier and native >= LIKELY:
            # a date of birth is an identifier, and asked for
            return False
        for kind, listed in vocabulary().identifiers.items():
            named = column.called(listed)
            if named >= 0.7 and (not native or named > nearest_name(column)) and not why:
                why = kind
        texts = column.texts
        if not why and texts and not native:
            for kind, pattern in PERSONAL.items():
                if column.share(t for t in column.counts if pattern.fullmatch(t)) > 0.5:
                    why = f"looks like a {kind}"
            long = sum(len(words(text)) for text in texts) / len(texts)
            if not why and long >= 5 and column.dates < 0.5:
                why = "free text"
        is_text = column.dates < 0.5 and column.numbers < 0.5 if texts else False
        if not why and left_over and len(texts) > 4 and column.spread > 0.5 and is_text:
            why = "differs from patient to patient"
        if why:
            self.found[column.name] = why
        return bool(why)


def _is_measured(texts: Sequence[str]) -> bool:
    """Whether a column's values are few numbers again and again: a score, and no patient's."""
    different = set(texts)
    is_repeated = len(different) * 5 <= len(texts)
    return is_repeated and all(as_number(one) is not None for one in different)
