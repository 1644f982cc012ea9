"""Delimited text: any usual encoding, delimiter and line ending.

Belongs here: bytes to lines of cells. Does not belong here: which line is the header (`sheets`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from functools import cache

import chardet

from il6_platform.registry.cells.analytes import names
from il6_platform.registry.cells.drug_dictionary import lexicon
from il6_platform.registry.cells.text import key
from il6_platform.registry.exports import Export, ExportError, check_end, csv_lines
from il6_platform.registry.formats.sheets import (
    ABOVE,
    COMMENT,
    Sheet,
    header_of,
    is_native,
    sheet_of_lines,
)
from il6_platform.registry.vocabulary import vocabulary

DELIMITERS = ",;\t|"

READ = {"GB18030": "gb18030", "Windows-1252": "cp1252"}
"""Encodings that are read where a file is neither UTF-8 nor UTF-16: as found -> Python's name."""

TOLD_APART = (
    *("gb18030", "big5", "shift_jis", "euc-jp", "cp949", "windows-1251", "koi8-r", "windows-1250"),
    *("windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256"),
    *("windows-1257", "windows-1258", "tis-620"),
)
"""Encodings that a registry's text may be in; which one it is, is found by chardet."""

_SEPARATOR = re.compile(r"\ufeff?\"?sep=(.)\"?[,;\t|]*\r?\n?", re.IGNORECASE)

FEWEST_SIGNS = 8
"""Different signs by which Chinese is told from Japanese and Korean."""

FEWEST_NAMED = 4
"""Different signs by which an encoding is named."""

_MICRO = re.compile(
    rb"(?<![A-Za-z\x80-\xff])\xb5(?=(?:g|l|m|mol|kat|s|u|iu|eq)(?![A-Za-z\x80-\xff]))",
    re.IGNORECASE,
)
"""The sign for a millionth before a unit: the same byte in all encodings of a Western computer."""

_LETTERS = r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153"
_SIGNS = r"\u00a0-\u00bf\u00d7\u00f7\u20ac\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2122"
_WESTERN = re.compile(
    # a letter with an accent stands beside a letter, a sign not between two, a dash anywhere
    rf"(?<=[A-Za-z{_LETTERS}])[{_LETTERS}](?!\d)|[{_LETTERS}](?=[A-Za-z{_LETTERS}])"
    rf"|(?<![^\W\d_])\u00e0(?![^\W_])"
    rf"|(?<![A-Za-z])[{_SIGNS}]|[{_SIGNS}](?![A-Za-z])|[\u00a0\u00ad\u00b4\u00b7\u2013-\u2019]"
)
"""A sign beyond ASCII where a text in a Western language may have it."""


def opens(file: str, content: bytes) -> bool:
    """Any file that no other format is made of may be text."""
    return True


def sheets(file: str, content: bytes) -> Iterator[Sheet]:
    """Give the one table of a text file."""
    yield Sheet("", read_text(content))


def read_text(content: bytes) -> Export:
    """Read delimited text of any usual encoding, delimiter and line ending.

    Raises
    ------
    ExportError
        Where its encoding is not known, it breaks off, or its lines cannot be told apart.
    """
    # an old system ends a file by a sign of its own, a printer's by a new page
    text = decoded(content).rstrip("\x1a\x0c")
    told = _SEPARATOR.match(text)
    lines, cells = csv_lines(text, told[1] if told else _delimiter(text))
    passed_over: dict[int | None, str] = dict.fromkeys(_comments(lines, cells), COMMENT)
    if told:
        passed_over[1] = ABOVE
    unread: list[str] = []
    if passed_over:
        kept = [row for row, line in enumerate(lines) if line not in passed_over]
        unread = [cell for row in set(range(len(cells))) - set(kept) for cell in cells[row]]
        lines, cells = [lines[row] for row in kept], [cells[row] for row in kept]
    export = sheet_of_lines(lines, cells, is_whole=True, passed_over=passed_over, unread=unread)
    first = header_of(cells) or 0
    check_end(text, lines[first:], cells[first:], len(export.header))
    return export


def _comments(lines: object, cells: list[list[str]]) -> list[int]:
    """Return the lines above the header that begin with `#`.

    A header may begin so itself: `#` alone is a column of numbers, `#patient_id` a name.
    """
    found = []
    for number, line in zip(lines, cells, strict=True):  # type: ignore[call-overload]
        start = line[0].strip() if line else ""
        if start and not start.startswith("#"):
            break
        if start == "#" or is_native([cell.strip().lstrip("# ") for cell in line]):
            break
        if start:
            found.append(number)
    return found


def decoded(content: bytes) -> str:
    """Return a text file's text: UTF-8 or UTF-16 by their marks, else the encoding as found.

    Only what is certain is read: a text in another encoding would be other text, in silence.

    Raises
    ------
    ExportError
        Naming the encoding and the way out.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content[:400].count(0) > len(content[:400]) // 4:
        little = content[1:400:2].count(0) > content[0:400:2].count(0)
        encoding = "utf-16-le" if little else "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        text = _otherwise(content, error)
    if _is_written_twice(text):
        raise ExportError(
            "was UTF-8 that was taken for Windows-1252 and written as UTF-8 again, so that its "
            "letters with accents are two signs each; save the export as CSV UTF-8 once"
        )
    if "\0" in text:
        raise ExportError("holds NUL bytes, so it is not text; export it as CSV UTF-8")
    return text


def _otherwise(content: bytes, error: UnicodeDecodeError) -> str:
    """Read a text that is neither UTF-8 nor UTF-16, where it is certain what it is."""
    line = content.count(b"\n", 0, error.start) + 1
    way_out = "; save the export as CSV UTF-8"
    is_cut = error.reason in ("unexpected end of data", "truncated data")
    if is_cut and (error.encoding.startswith("utf-16") or _is_utf8(content[: error.start])):
        raise ExportError(
            f"line {line} breaks off within a character of {error.encoding.upper()}, so the file "
            "is truncated (cut short); export it again, whole"
        ) from None
    if _is_utf8(content):
        raise ExportError(
            f"line {line} holds a character that is not UTF-8 (byte {error.start}), though the "
            f"rest is: correct it{way_out}"
        ) from None
    if _MICRO.sub(b"", content).isascii():
        return content.decode("cp1252")
    if (chinese := _known_chinese(content)) is not None:
        return chinese
    found = _found(content)
    name = READ.get(found)
    if name is not None:
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            name = None
    if name is None:
        if len({byte for byte in content if byte > 0x7F}) < FEWEST_NAMED:
            found = "an encoding that so few signs do not tell"
        raise ExportError(
            f"is written in {found}, not in UTF-8 (byte {error.start}, line {line}){way_out}"
        )
    if name == "cp1252":
        _check_western(text, line, way_out)
    elif not _is_chinese(text, content):
        raise ExportError(
            f"may be Chinese (GB18030), Japanese (EUC-JP) or Korean (EUC-KR) from line {line} on"
            f"{way_out}"
        )
    return text


def _found(content: bytes) -> str:
    """Return the name of the encoding that a text is most likely in."""
    # where lines are many, those that are plain ASCII say nothing
    lines = [line for line in content.splitlines() if not line.isascii()][:5000]
    found = chardet.detect(
        b"\n".join(lines),
        include_encodings=TOLD_APART,
        no_match_encoding="windows-1252",
        prefer_superset=True,
    )
    name = found["encoding"] or "an encoding that is not known"
    is_same = name.startswith(("Windows-", "cp125")) and all(
        line.decode(name, "replace") == line.decode("cp1252", "replace") for line in lines
    )
    return "Windows-1252" if is_same else name


def _known_chinese(content: bytes) -> str | None:
    """Return a text as GB18030 where words of it are known so: few signs are told by no statistics.

    A word of two signs or more is one by chance in one of 100,000 pairs of signs; those of one sign
    (sex, yes and no) are known where the text has no other.
    """
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    written = {key(run) for run in re.findall(r"[^\x00-\x7f]+", text)}
    if not all(re.fullmatch(r"[\u4e00-\u9fff]*", run) for run in written):
        return None
    words = _words()
    known = {
        run
        for run in written
        if run in words or any(len(word) > 2 and word in run for word in words)
    }
    is_certain = any(len(run) > 1 for run in known) or (known == written and len(known) > 1)
    return text if is_certain else None


@cache
def _words() -> frozenset[str]:
    """Return the words in Han signs of every dictionary, by their `key`."""
    listed = re.findall(r"[\u4e00-\u9fff]+", vocabulary().model_dump_json())
    return frozenset(
        word
        for word in (*map(key, listed), *lexicon(), *names())
        if re.match(r"[\u4e00-\u9fff]", word)
    )


def _is_chinese(text: str, content: bytes) -> bool:
    """Say whether a text read as GB18030 can be no Japanese or Korean one.

    Kana stand in the same places of GB2312 and EUC-JP, hangul (EUC-KR) in a part of its hanzi.
    """
    if re.search(r"[\u3041-\u30fe]", text):
        return False
    pairs = set(re.findall(rb"[\x81-\xfe][\x30-\xfe]", content))
    return len(pairs) >= FEWEST_SIGNS and any(
        not (0xB0 <= pair[0] <= 0xC8 and pair[1] >= 0xA1) for pair in pairs
    )


def _is_written_twice(text: str) -> bool:
    """Say whether all that is beyond ASCII would be UTF-8 if it was read as Windows-1252 first."""
    if text.isascii():
        return False
    lines = [line for line in text.splitlines() if not line.isascii()][:1000]
    try:
        return bool(lines) and all(
            not line.encode("cp1252").decode("utf-8").isascii() for line in lines
        )
    except UnicodeError:
        return False


def _is_utf8(content: bytes) -> bool:
    """Say whether what is beyond ASCII is UTF-8, but for a few bytes."""
    text = content.decode("utf-8-sig", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for char in text if char > "\x7f") - bad
    return good > 4 * bad and good > 0


def _check_western(text: str, line: int, way_out: str) -> None:
    """Refuse signs that no Western text holds where they stand: the encoding is another one."""
    strange = re.search(r"[^\x00-\x7f]", _WESTERN.sub("", text))
    if strange:
        raise ExportError(
            f"holds signs from line {line} on that are neither UTF-8 nor, as they stand, "
            f"Windows-1252{way_out}"
        )


def _delimiter(text: str) -> str:
    """Return the delimiter that divides most of the first lines into as many cells as the header.

    Of several the one under which the header is native, or has the most cells.
    """
    first = text.splitlines()[:50]
    sample = "\n".join([line for line in first if not line.startswith("# ")] or first)

    def score(delimiter: str) -> tuple[bool, int, int]:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row]
        except csv.Error:
            return (False, 0, 0)
        header = rows[header_of(rows) or 0] if rows else []
        if len(header) < 2:
            return (False, 0, 0)
        alike = sum(len(row) == len(header) for row in rows)
        return (is_native(header), alike, len(header))

    return max(DELIMITERS, key=score)
