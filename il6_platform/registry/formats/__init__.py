"""Opening a file as it comes: archives, workbooks, data sets, text -> sheets.

A format is one module here that says whether it opens a file (`opens`) and gives its sheets
(`sheets`); the first of FORMATS that opens a file reads it. What is in a file is read as it stands:
nothing is interpreted but what the file itself types (a day is written as one). What a column or
value means is a profile's matter (`registry.profiles`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from types import ModuleType

from il6_platform.registry.exports import Export, ExportError
from il6_platform.registry.formats import (
    archives,
    columnar,
    json_records,
    markup,
    not_tables,
    statistical,
    text,
    workbook,
)
from il6_platform.registry.formats.sheets import NoTableError, Sheet, told_apart
from il6_platform.registry.formats.text import DELIMITERS, decoded, read_text
from il6_platform.registry.native import recognise

__all__ = [
    "DELIMITERS",
    "FORMATS",
    "NoTableError",
    "Sheet",
    "decoded",
    "not_tables",
    "open_sheets",
    "read_text",
    "told_apart",
]

FORMATS: tuple[ModuleType, ...] = (*(workbook, statistical, columnar, markup, json_records, text),)
"""Formats of one file; the first that opens one reads it, and text opens any."""


def open_sheets(file: str, content: bytes) -> list[Sheet]:
    """Open a file of any format, or an archive of such files.

    Raises
    ------
    NoTableError
        Where it is no table at all: a letter, a picture, what an operating system leaves behind.
    ExportError
        Where it is empty, cannot be read, or unfolds to more than it may; the message says why.
    """
    not_tables.check(file, content)
    if not content.strip():
        raise ExportError("the file is empty; export it again")
    if archives.opens(file, content):
        return _unpacked(file, content)
    return list(next(one for one in FORMATS if one.opens(file, content)).sheets(file, content))


def _unpacked(file: str, content: bytes) -> list[Sheet]:
    """Open an archive's members; what is no table among them is listed unread."""
    members = list(archives.members(file, content))
    if len(members) == 1 and not members[0][0]:
        return open_sheets(PurePosixPath(file).stem, members[0][1])
    sheets = [sheet for name, member in members for sheet in _member(name, member)]
    if not any(sheet.unread is None for sheet in sheets):
        if recognise(file, []):
            raise ExportError("is an archive without a table, named after one; export it again")
        raise NoTableError("is an archive without a table; it is passed over")
    names = told_apart([sheet.name for sheet in sheets])
    return [Sheet(name, one.export, one.unread) for name, one in zip(names, sheets, strict=True)]


def _member(name: str, content: bytes) -> Iterator[Sheet]:
    base = PurePosixPath(name.replace("\\", "/")).name
    if base.startswith((".", "__MACOSX")) or not content.strip():
        return
    if archives.opens(base, content):
        raise ExportError("holds an archive within the archive; deliver the files themselves")
    try:
        for sheet in open_sheets(base, content):
            yield Sheet(f"{base} {sheet.name}".strip(), sheet.export, sheet.unread)
    except NoTableError as error:
        yield Sheet(base, Export([]), str(error))
