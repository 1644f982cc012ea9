"""Who did what in a home: a log in which each entry holds the hash of the one before.

    IL6_HOME/log         a JSON object a line: n, at, who, command, version, outcome, about, before,
                         hash
    IL6_HOME/log.head    number and hash of the last entry

An entry that is changed, taken out or put in breaks the chain behind it; the head tells where the
chain ends. Belongs here: writing and checking the log. Does not belong here: what a run did in
detail (Dagster's own log).
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from il6_platform.files import sync_folder, write_whole

NAME = "log"
HEAD = "log.head"
START = "0" * 64
"""What stands for the entry before the first one."""


def append(home: Path, command: str, outcome: str, about: dict[str, Any]) -> None:
    """Add an entry; it is on disk when this returns.

    Parameters
    ----------
    outcome
        `done`, or the exit status.
    about
        What it was about: study, cut, reason. Never a patient.
    """
    path = home / NAME
    with FileLock(home / f"{NAME}.lock", mode=0o600):
        _drop_cut_short(path)
        n, before = _end(home)
        entry = {
            "n": n + 1,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "who": _user(),
            "command": command,
            "version": version("il6-platform"),
            "outcome": outcome,
            "about": about,
            "before": before,
        }
        entry["hash"] = _hash(entry)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(home)
        write_whole(home / HEAD, json.dumps({"n": entry["n"], "hash": entry["hash"]}))


def entries(home: Path) -> list[dict[str, Any]]:
    """Return the entries, oldest first; a last line that was cut short is none."""
    path = home / NAME
    if not path.exists():
        return []
    *lines, _ = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [_entry(number, line) for number, line in enumerate(lines, start=1)]


def _entry(number: int, line: str) -> dict[str, Any]:
    """Return what a line says, or what fits into no chain where it is no entry."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    is_entry = isinstance(found, dict) and isinstance(found.get("about"), dict)
    return found if is_entry else {"n": number, "hash": "", "before": "", "about": {}}


def breaks(home: Path) -> Iterator[str]:
    """Say where the chain is broken, or that its end is gone."""
    before, found = START, entries(home)
    for number, entry in enumerate(found, start=1):
        if entry.get("n") != number or entry.get("before") != before:
            yield f"entry {number} does not follow the one before"
        elif entry.get("hash") != _hash(entry):
            yield f"entry {number} was changed"
        before = str(entry.get("hash"))
    yield from _lost_end(home, found)


def _lost_end(home: Path, found: list[dict[str, Any]]) -> Iterator[str]:
    """Say where entries that were written are not there; a home of before has no head."""
    head = _head(home)
    if head is None:
        if (home / HEAD).exists():
            yield f"{HEAD}, which says where it ends, is damaged"
    elif len(found) < head[0]:
        yield f"it had {head[0]} entries and has {len(found)}"
    elif head[0] and found[head[0] - 1].get("hash") != head[1]:
        yield f"entry {head[0]} is not the one that was written"


def _head(home: Path) -> tuple[int, str] | None:
    """Return number and hash of the last entry that was written, as far as it is known."""
    try:
        head = json.loads((home / HEAD).read_text(encoding="utf-8"))
        return int(head["n"]), str(head["hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _end(home: Path) -> tuple[int, str]:
    """Return number and hash of the entry that the next one follows; also where it is gone."""
    found = entries(home)
    here = (len(found), str(found[-1].get("hash", "")) if found else START)
    # a process that was killed may have written an entry and not the head
    return max(_head(home) or here, here, key=lambda one: one[0])


def _drop_cut_short(path: Path) -> None:
    """Take away a last line that a power cut left without its end."""
    content = path.read_bytes() if path.exists() else b""
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _user() -> str:
    """Return the system's name of who runs this; a container may have numbers alone."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _hash(entry: dict[str, Any]) -> str:
    content = {key: value for key, value in entry.items() if key != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
