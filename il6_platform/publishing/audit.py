"""Who did what in a home: a log in which each entry holds the hash of the one before.

    IL6_HOME/log    a JSON object a line: n, at, who, command, version, outcome, about, before, hash

An entry that is changed, taken out or put in breaks the chain behind it. Belongs here: writing and
checking the log. Does not belong here: what a run did in detail (Dagster's own log).
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

from il6_platform.files import sync_folder

NAME = "log"
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
        last = _last(path)
        entry = {
            "n": last["n"] + 1 if last else 1,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "who": _user(),
            "command": command,
            "version": version("il6-platform"),
            "outcome": outcome,
            "about": about,
            "before": last["hash"] if last else START,
        }
        entry["hash"] = _hash(entry)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(home)


def entries(home: Path) -> list[dict[str, Any]]:
    """Return the entries, oldest first; a last line that was cut short is none."""
    path = home / NAME
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(json.loads(line))
        except ValueError:
            if number < len(lines):
                found.append({"n": number, "hash": "", "before": ""})
    return found


def breaks(home: Path) -> Iterator[str]:
    """Say where the chain is broken."""
    before = START
    for number, entry in enumerate(entries(home), start=1):
        if entry.get("n") != number or entry.get("before") != before:
            yield f"entry {number} does not follow the one before"
        elif entry.get("hash") != _hash(entry):
            yield f"entry {number} was changed"
        before = str(entry.get("hash"))


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


def _last(path: Path) -> dict[str, Any] | None:
    found = entries(path.parent)
    return found[-1] if found else None


def _hash(entry: dict[str, Any]) -> str:
    content = {key: value for key, value in entry.items() if key != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
