"""The landing folder: which files are deliveries, when each is complete, what each one is.

A delivery is known by the SHA-256 of its bytes: the same bytes twice are one delivery. Its date is
the last ISO date in its path (a registry names exports so), else the day on which it arrived.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from il6_platform.registry import native
from il6_platform.registry.exports import Export, ExportError, read_csv

Status = Literal["accepted", "rejected", "unrecognised"]

PARTIAL = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")
"""Endings of files that another program is still writing."""

_ISO_DATE = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One export file as found: where, which bytes, of which day, and what it turned out to be."""

    digest: str
    file: str
    delivered_on: date
    size: int
    status: Status
    table: str | None
    problem: str | None
    export: Export | None


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


def open_delivery(file: str, content: bytes) -> Delivery:
    """Read a delivery as far as it can be read; what is wrong with it is in `problem`."""

    def delivery(
        status: Status, table: str | None, problem: str | None, export: Export | None
    ) -> Delivery:
        day = delivered_on(file) or datetime.now(UTC).date()
        return Delivery(digest_of(content), file, day, len(content), status, table, problem, export)

    try:
        export = read_csv(content)
    except ExportError as error:
        named = native.recognise(file, [])
        return delivery("rejected", named.name if named else None, str(error), None)
    table = native.recognise(file, export.header)
    if table is None:
        # only names of the format are repeated: where the header is missing, line 1 is a patient's
        known = [name for name in export.header if name in native.COLUMNS]
        return delivery(
            "unrecognised",
            None,
            f"neither its name nor its columns ({', '.join(known) or 'none is known'}) are of one "
            f"of {', '.join(native.TABLES)}; name the file after its table",
            None,
        )
    lacking = native.missing_columns(table, export.header)
    if lacking:
        return delivery(
            "rejected",
            table.name,
            f"lacks the column {', '.join(lacking)}; export it again with "
            f"{'them' if len(lacking) > 1 else 'it'}",
            None,
        )
    return delivery("accepted", table.name, None, export)


def _natural(file: str) -> list[tuple[int, str]]:
    """Order `delivery-9` before `delivery-10`."""
    return [
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", file.lower())
    ]
