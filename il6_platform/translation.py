"""A page, or a sentence, in another language, by a gettext catalogue of sentences and patterns.

The English text is made first, by the code that knows the numbers. A message of the catalogue
(`data/locale/<language>.po`; `<language>.<part>.po` for what some documents alone say) is a
sentence, or a pattern whose `{places}` stand for what is said there, which is translated in its
turn. So English pages do not depend on any catalogue, and a sentence without a translation stays as
it is.

Belongs here: finding the messages that a text is made of, dates by locale, the texts of a page.
Does not belong here: what is said (`sentences`, `page`), the translations (the catalogue).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from il6_platform import paths

PLACE = re.compile(r"\{(\w+)\}")
"""What a message leaves open."""

_NUMBER = r"[<>\N{MINUS SIGN}]? ?\d[\d.]*%?"

_OF_ONE_SENTENCE = r"(?:(?!\. [A-Z\u3400-\u9fff]).)+?"

KINDS = {
    **dict.fromkeys(("caption", "said", "arrivals", "numbers", "why", "source"), ".+?"),
    "n": r"[<>\d][\d.<> ]*|few|none",
    "p": r"[<>]? ?\d?\.\d+|[01]|not estimable",
    "day": r"\d{4}-\d{2}-\d{2}",
    "low": rf"{_NUMBER}|\d{{4}}-\d{{2}}",
    "high": rf"{_NUMBER}|\d{{4}}-\d{{2}}|beyond a hundred years",
    "ratio": _NUMBER,
    "value": rf"{_NUMBER}(?: \S+){{0,2}}|not estimable",
    "share": r"\d+%",
    "column": r"\w+",
    "refs": r"[\d,]+",
    "places": r"(?:(?:, )?(?:Table S?|Figure )\d+)+",
    "letter": "[A-Z]",
}
"""Name of a place, without its number -> what may stand there; a part of a sentence for another."""

VERBATIM = frozenset({"column", "refs", "file", "values", "source", "cut", "title", "site"})
"""Places whose text stays as it is."""

SIGNS = frozenset(
    {
        *("HR", "HRs", "CI", "AUC", "ROC", "SMD", "IQR", "REML", "PFS", "OS", "TTP", "DFS", "ORR"),
        *(
            "DCR",
            "CR",
            "PR",
            "SD",
            "PD",
            "NE",
            "RECIST",
            "ECOG",
            "RAS",
            "BRAF",
            "CEA",
            "YYYY-MM-DD",
        ),
        *("Cox", "Kaplan-Meier", "Wald", "Fisher", "Youden", "Holm", "Harrell", "Firth", "Gray"),
        *("Efron", "Aalen-Johansen", "WHO", "log2", "Hothorn", "Lausen", "YYYY-MM-DD"),
        *("mm", "mg", "pg", "ng", "mL", "dL", "SVG", "PNG", "CSV", "SHA-256", "doi"),
    }
)
"""What is written so in any language."""

CITED = re.compile(r"[A-Z]\w+(?:(?:, [A-Z]\w+)? & [A-Z]\w+| et al\.|,? [A-Z]\w+)*,? [12]\d{3}\b.*$")
"""A paper by its authors and year."""

OPAQUE = re.compile(r"<!--.*?-->|<(script|style|code|metadata)\b.*?</\1>|<[^>]+>|[^<]+", re.DOTALL)
"""Pieces of a page: comments, scripts, styles, code and metadata whole, tags, texts."""

SPOKEN = re.compile(r'(\s(?:aria-label|data-head|title|placeholder)=")([^"]*)(")')
"""Attributes that are read."""

FOOTER = re.compile(r'(content: ")( ?[A-Z][^"\\]*)(")')
"""What a style writes at the foot of a printed page."""

DATA = re.compile(r'(\sdata-(?:plot|scan)=")([^"]*)(")')
"""Attributes that hold texts for the page's script."""


@dataclass(frozen=True)
class Said:
    """A text in another language, and what of it stayed in English."""

    text: str
    missing: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """How much stayed in English."""
        return sum(map(len, self.missing))


@dataclass
class Translator:
    """Says English texts in another language.

    Attributes
    ----------
    language
        A key of `LOCALES`.
    names
        What the study calls things: it stays as it is, in any text.
    texts
        Texts of the study file that stay as they are.
    part
        Which further catalogue is read: `quality`, `manuscript`.
    missing
        Texts that had to stay in English, in the order in which they were met.
    """

    language: str
    names: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    part: str = ""
    missing: dict[str, None] = field(default_factory=dict)
    _known: dict[str, Said] = field(default_factory=dict)

    def say(self, text: str) -> str:
        """Return a text in the language; what has no translation stays, and is remembered."""
        stripped = " ".join(text.split())
        if not stripped or stripped in self.texts:
            return text
        said = self._said(stripped)
        self.missing |= dict.fromkeys(said.missing)
        lead, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{lead}{self._dated(said.text)}{end}"

    def _said(self, text: str) -> Said:
        if text not in self._known:
            self._known[text] = self._translated(text)
        return self._known[text]

    def _translated(self, text: str) -> Said:
        """Translate a text by the first message, or parts, that leave nothing in English."""
        catalogue = messages(self.language, self.part)
        if text in catalogue.sentences:
            return Said(catalogue.sentences[text])
        if not self._is_english(text):
            return Said(text)
        best = Said(text, (text,))
        for tried in self._ways(text, catalogue):
            if not tried.missing:
                return tried
            if tried.length < best.length:
                best = tried
        return best

    def _ways(self, text: str, catalogue: Messages) -> Iterator[Said]:
        """Give the ways in which a text can be said."""
        yield from self._by_pattern(text, catalogue)
        if not text.endswith("."):
            # a sentence that was put into another one, or into a figure
            sentence = f"{text[0].upper()}{text[1:]}."
            exact = catalogue.sentences.get(sentence)
            for whole in [Said(exact)] if exact else self._by_pattern(sentence, catalogue):
                yield Said(whole.text.rstrip("\N{IDEOGRAPHIC FULL STOP}"), whole.missing)
        for parts, joint in _splits(text):
            if len(parts) > 1:
                pieces = [self._said(part) for part in parts]
                said = joint.join(piece.text for piece in pieces)
                yield Said(said, tuple(m for piece in pieces for m in piece.missing))

    def _by_pattern(self, text: str, catalogue: Messages) -> Iterator[Said]:
        for pattern in catalogue.patterns:
            if not (text.startswith(pattern.begin) and text.endswith(pattern.end)):
                continue
            if found := pattern.regex.fullmatch(text):
                places = {
                    name: Said(said) if _kind(name) in VERBATIM else self._said(said)
                    for name, said in found.groupdict().items()
                }
                said = pattern.translation.format(**{k: one.text for k, one in places.items()})
                yield Said(said, tuple(m for one in places.values() for m in one.missing))

    def _is_english(self, text: str) -> bool:
        """Say whether a text has words that are neither a name nor a sign."""
        if text in self.names:
            return False
        for name in sorted(self.names, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
        text = re.sub(rf"\b(?:{_MONTHS}) \d{{4}}\b", " ", text)
        text = CITED.sub(" ", text)
        words = re.findall(r"(?<![0-9A-Za-z])[A-Za-z][A-Za-z'-]+(?![0-9A-Za-z])", text)
        return any(word not in SIGNS for word in words)

    def _dated(self, text: str) -> str:
        """Write the days and months in a text as the language does."""
        from babel.dates import format_date, format_skeleton

        locale = LOCALES[self.language]

        def day(found: re.Match[str]) -> str:
            try:
                return format_date(date.fromisoformat(found[0]), "long", locale)
            except ValueError:
                return found[0]

        def month(found: re.Match[str]) -> str:
            first = datetime.strptime(found[0], "%B %Y")
            return format_skeleton("yMMMM", first, locale=locale)

        # a day in the name of a file or folder is none of the text's
        text = re.sub(r"(?<![\w/-])\d{4}-\d{2}-\d{2}\b(?![/-]|\.\w)", day, text)
        return re.sub(rf"\b(?:{_MONTHS}) \d{{4}}\b", month, text)

    def page(self, text: str) -> str:
        """Return a page in the language; where something stays English, the page says so once."""
        mine = replace(self, missing={})
        made = "".join(mine._pieces(text))
        self.missing |= mine.missing
        tag = LOCALES[self.language].replace("_", "-")
        made = made.replace('<html lang="en">', f'<html lang="{tag}">')
        made = made.replace("</style>", f"{FONTS[self.language]}\n</style>", 1)
        if mine.missing:
            note = html.escape(self._said(PARTLY).text)
            made = made.replace("</h1>", f'</h1>\n<p class="asof" role="note">{note}</p>', 1)
        return made

    def _pieces(self, text: str) -> Iterator[str]:
        for piece in OPAQUE.finditer(text):
            kind, said = piece[1], piece[0]
            if kind == "script":
                yield self._script(said)
            elif kind == "style":
                yield FOOTER.sub(lambda found: f"{found[1]}{self.say(found[2])}{found[3]}", said)
            elif kind or said.startswith("<!"):
                yield said
            elif said.startswith("<"):
                said = DATA.sub(self._attribute(self._data), said)
                yield SPOKEN.sub(self._attribute(self.say), said)
            else:
                yield html.escape(self.say(html.unescape(said)), quote=False)

    def _attribute(self, say: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        return lambda found: f"{found[1]}{html.escape(say(html.unescape(found[2])))}{found[3]}"

    def _data(self, text: str) -> str:
        """Return a script's data with its texts translated."""

        def said(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: said(one) for key, one in value.items()}
            if isinstance(value, list):
                return [said(one) for one in value]
            return self.say(value) if isinstance(value, str) else value

        return json.dumps(said(json.loads(text)), ensure_ascii=False, separators=(",", ":"))

    def _script(self, text: str) -> str:
        """Return the page's script with the texts that it writes in the language."""
        for english, translation in messages(self.language).of_script.items():
            text = text.replace(english, translation)
        return text


LOCALES = {"zh": "zh_Hans"}
"""Language of a study file -> its locale."""

FONTS = {
    "zh": ':lang(zh-Hans), :lang(zh-Hans) svg text { font-family: system-ui, "PingFang SC", '
    '"Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif !important; }'
}
"""Rule that gives a page the fonts of its language."""

PARTLY = "Parts of this page have no translation and stay in English."

_MONTHS = "|".join(date(2000, month, 1).strftime("%B") for month in range(1, 13))


def _splits(text: str) -> Iterator[tuple[list[str], str]]:
    """Give the ways in which a text may be made of parts: sentences, clauses, entries of a list."""
    yield re.split(r"(?<=[.?!]) (?=[A-Z\d\u3400-\u9fff])", text), ""
    yield text.split("; "), "\N{FULLWIDTH SEMICOLON}"
    yield re.split(r", (?![^()]*\))", text), "\N{FULLWIDTH COMMA}"
    yield text.split(" and "), "\N{CJK UNIFIED IDEOGRAPH-548C}"
    yield text.split(" / "), " / "


@dataclass(frozen=True)
class Message:
    """A message with places, ready to be found in texts."""

    regex: re.Pattern[str]
    begin: str
    end: str
    translation: str


@dataclass(frozen=True)
class Messages:
    """A language's catalogue: sentences, patterns (the most telling first), texts of the script."""

    sentences: dict[str, str]
    patterns: tuple[Message, ...]
    of_script: dict[str, str]


@cache
def messages(language: str, part: str = "") -> Messages:
    """Read a language's catalogue, with that of a part where one is named."""
    from babel.messages.pofile import read_po

    folder, known = paths.project_root() / "data" / "locale", []
    for name in dict.fromkeys((language, f"{language}.{part}" if part else language)):
        with (folder / f"{name}.po").open("rb") as content:
            known += [one for one in read_po(content, locale=LOCALES[language]) if one.id]
    script = {str(one.id): str(one.string) for one in known if one.context == "page.js"}
    spoken = {str(one.id): str(one.string) for one in known if one.context is None}
    patterns = [(text, said) for text, said in spoken.items() if PLACE.search(text)]
    # what says most by itself is tried first
    patterns.sort(key=lambda one: -len(PLACE.sub("", one[0])))
    return Messages(
        {text: said for text, said in spoken.items() if not PLACE.search(text)},
        tuple(_message(text, said) for text, said in patterns),
        script,
    )


def _kind(place: str) -> str:
    """Return what a place holds: its name without the number that tells it from others."""
    return place.rstrip("0123456789")


def _message(text: str, translation: str) -> Message:
    parts = PLACE.split(text)
    regex, seen = "", set[str]()
    for number, part in enumerate(parts):
        if number % 2 == 0:
            regex += re.escape(part)
        elif part in seen:
            regex += f"(?P={part})"
        else:
            seen.add(part)
            regex += f"(?P<{part}>{KINDS.get(_kind(part), _OF_ONE_SENTENCE)})"
    return Message(re.compile(regex), parts[0], parts[-1], translation)
