"""The landing folder: which files are deliveries, when each is complete, what each one is.

A delivery is known by the SHA-256 of its bytes: the same bytes twice are one delivery. Its date is
the last ISO date in its path (a registry names exports so), else the day on which it arrived.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from il6_platform.registry import native
from il6_platform.registry.exports import Export, ExportError, read_csv
from il6_platform.registry.formats import Sheet, open_sheets
from il6_platform.registry.profiles import NativePart, Profile, closest

Status = Literal["accepted", "rejected", "unrecognised"]

PARTIAL = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")
"""Endings of files that another program is still writing."""

_ISO_DATE = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One export as found: where, which bytes, of which day, and what it turned out to be.

    Of a file that a profile made native tables of, each table is one: `source` is the file's
    SHA-256, `native` the CSV that was made of it.
    """

    digest: str
    file: str
    delivered_on: date
    size: int
    status: Status
    table: str | None
    problem: str | None
    export: Export | None
    source: str | None = None
    profile: str | None = None
    native: bytes | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the landing folder that is complete."""

    path: Path
    file: str

    def read(self) -> bytes:
        """Return its bytes."""
        return self.path.read_bytes()


def landed(landing: Path, *, settle_seconds: float = 0) -> tuple[list[Found], list[str]]:
    """Return a landing folder's complete files in natural order, and those still being written.

    A file counts as complete where it has not been touched for `settle_seconds`. Hidden files,
    Markdown and YAML beside the exports, partial files and symbolic links (which could point
    anywhere) are no deliveries.
    """
    complete, waiting = [], []
    now = time.time()
    for folder, folders, files in os.walk(landing):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            path = Path(folder, name)
            if (
                name.startswith(".")
                or path.suffix.lower() in {".md", ".yaml", ".yml"}
                or path.is_symlink()
            ):
                continue
            file = path.relative_to(landing).as_posix()
            if name.lower().endswith(PARTIAL) or now - path.stat().st_mtime < settle_seconds:
                waiting.append(file)
            else:
                complete.append(Found(path, file))
    return sorted(complete, key=lambda found: _natural(found.file)), sorted(waiting)


def digest_of(content: bytes) -> str:
    """Return the name of a delivery: the SHA-256 of its bytes."""
    return hashlib.sha256(content).hexdigest()


def delivered_on(file: str) -> date | None:
    """Return the last ISO date in a path, or None where it holds none."""
    for text in reversed(_ISO_DATE.findall(file)):
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None


def open_deliveries(file: str, content: bytes, profiles: Sequence[Profile]) -> list[Delivery]:
    """Read a file as far as it can be read; what is wrong with it is in `problem`.

    A native CSV is one delivery. Any other file that a profile or its sheets' names make native
    tables of is one delivery a table that it holds, each with the native CSV made of it.
    """
    native_one = _native(file, content)
    if native_one.status == "accepted":
        return [native_one]
    try:
        sheets = open_sheets(file, content)
    except ExportError as error:
        named = native.recognise(file, [])
        return [_delivery(file, content, "rejected", named.name if named else None, str(error))]
    parts, profile = _parts(file, sheets, profiles)
    if not parts:
        if native_one.table is not None and len(sheets) == 1:
            return [native_one]
        near = closest(profiles, sheets)
        words = f"{native_one.problem}; {near}" if near else native_one.problem
        return [_delivery(file, content, "unrecognised", None, words)]
    source, made = digest_of(content), []
    for part in parts:
        text = part.csv()
        place = f"{part.place}: {part.table}" if part.place else part.table
        one = _native(f"{part.table}.csv", text)
        made.append(
            replace(
                one,
                digest=digest_of(source.encode() + place.encode() + text),
                file=f"{file} ({place})",
                delivered_on=delivered_on(file) or one.delivered_on,
                source=source,
                profile=profile,
                native=text,
            )
        )
    return made


def _parts(
    file: str, sheets: Sequence[Sheet], profiles: Sequence[Profile]
) -> tuple[list[NativePart], str]:
    """Return the native tables of a file, and the profile that made them."""
    for profile in profiles:
        if profile.fits(file, sheets):
            return profile.native(sheets), profile.name
    parts = []
    for sheet in sheets:
        header = [name.lower() for name in sheet.export.header]
        table = native.recognise(sheet.name or file, header)
        if table is None or native.missing_columns(table, header):
            return [], ""
        rows = [
            (row.line, {name.lower(): text for name, text in row.cells.items()})
            for row in sheet.export.rows
        ]
        parts.append(NativePart(table.name, sheet.name, rows))
    return parts, "native"


def _native(file: str, content: bytes) -> Delivery:
    """Read a file as a native CSV."""
    try:
        export = read_csv(content)
    except ExportError as error:
        named = native.recognise(file, [])
        return _delivery(file, content, "rejected", named.name if named else None, str(error))
    table = native.recognise(file, export.header)
    if table is None:
        # only names of the format are repeated: where the header is missing, line 1 is a patient's
        known = [name for name in export.header if name in native.COLUMNS]
        return _delivery(
            file,
            content,
            "unrecognised",
            None,
            f"neither its name nor its columns ({', '.join(known) or 'none is known'}) are of one "
            f"of {', '.join(native.TABLES)}; name the file after its table",
        )
    lacking = native.missing_columns(table, export.header)
    if lacking:
        return _delivery(
            file,
            content,
            "rejected",
            table.name,
            f"lacks the column {', '.join(lacking)}; export it again with "
            f"{'them' if len(lacking) > 1 else 'it'}",
        )
    return _delivery(file, content, "accepted", table.name, None, export)


def _delivery(
    file: str,
    content: bytes,
    status: Status,
    table: str | None,
    problem: str | None,
    export: Export | None = None,
) -> Delivery:
    day = delivered_on(file) or datetime.now(UTC).date()
    return Delivery(digest_of(content), file, day, len(content), status, table, problem, export)


def _natural(file: str) -> list[tuple[int, str]]:
    """Order `delivery-9` before `delivery-10`."""
    return [
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", file.lower())
    ]
