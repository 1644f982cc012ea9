"""Putting into the landing folder what was fetched, where it is not there already."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from il6_platform.files import write_whole


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that a source gave: its name and bytes. `is_dictionary`: it describes the others."""

    name: str
    content: bytes
    is_dictionary: bool = False


def deliver(
    landing: Path, source: str, day: date, fetched: Iterable[Fetched], site: str | None = None
) -> list[str]:
    """Write what is new into `landing/[site/]day/source_name`; return these files.

    What says the same as the last file of this name is no delivery. A data dictionary is written
    first, so that no export is read without it.
    """
    folder = landing / site if site else landing
    made = []
    for one in sorted(fetched, key=lambda file: (not file.is_dictionary, file.name)):
        name = f"{source}_{_plain(one.name)}"
        before = sorted(folder.glob(f"????-??-??/{name}"))
        if before and before[-1].read_bytes() == one.content:
            continue
        path = folder / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, one.content)
        made.append(path.relative_to(landing).as_posix())
    return made


def _plain(name: str) -> str:
    """Return a name without folders, and without signs that a file system may not have."""
    return re.sub(r"[^\w.-]+", "_", Path(name.replace("\\", "/")).name).lstrip(".") or "export"
