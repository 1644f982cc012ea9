"""The landing folder: which files are there, when each is complete, of which day, and its digest.

The date of an export is that of its folder, else the last one in its name that does not say since
when, else the day on which it arrived.

Belongs here: files alone, without a library: whether anything is new is asked often. Does not
belong here: what a file is (`deliveries`).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

PARTIAL = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")
"""Endings of files that another program is still writing."""

YOUNG_SECONDS = 60
"""A file that was touched longer ago than this is not watched: nobody is writing it."""

State = tuple[int, int, int, int]
"""Size, time of the last change (ns), time at which the file was put there, and its number."""

GONE: State = (-1, -1, -1, -1)
"""What `_state` says of a file that has been taken away meanwhile."""

LOCKED: State = (-2, -1, -1, -1)
"""What `_state` says of a file in a folder that may not be entered."""

UNREADABLE = "unreadable"
"""What stands for the SHA-256 of a file that is there and cannot be read."""

_DATES = [
    re.compile(pattern)
    for pattern in (
        # the time of day may stand behind it
        r"(?<!\d)(?P<year>\d{4})(?P<sign>[-_.]?)(?P<month>\d{2})(?P=sign)(?P<day>\d{2})"
        r"(?:(?<=\d{8})(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?(?!\d)",
        r"(?<!\d)(?P<year>\d{4})(?P<sign>[-.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]",
        # of points the day stands first, of other signs it does where it can be no month
        r"(?<![\d.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?!\d)",
        r"(?<!\d)(?P<day>1[3-9]|2\d|3[01])(?P<sign>[-_])(?P<month>\d{1,2})(?P=sign)"
        r"(?P<year>\d{4})(?!\d)",
        r"(?<!\d)(?P<month>\d{1,2})(?P<sign>[-_.])(?P<day>1[3-9]|2\d|3[01])(?P=sign)"
        r"(?P<year>\d{4})(?!\d)",
    )
]
_SINCE = re.compile(
    r"(?:(?:^|[^a-z])(?:since|from|after|starting|start|begin|seit|ab|von|vom|depuis|a[_ ]partir"
    r"[_ ]d[eu]|du|desde|dal|dalla|vanaf|sinds|fra|fran|från)(?:[\W_]*(?:dem|den|the|le|el|il|de))?"
    r"|[自从從])"
    r"[\W_]*$",
    re.IGNORECASE,
)
"""What says that the date behind it is the day since when an export counts."""

_ONWARDS = re.compile(r"[\W_]*(?:onwards?|起|以来|以來|以降|から|至今)", re.IGNORECASE)
"""The same, behind the date."""


TICK_SECONDS = 2.0
"""A file that was changed longer ago would show another time if it were changed again."""

_hashed: dict[Path, tuple[State, str]] = {}
"""File -> its state when it was read, and the SHA-256 of its bytes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the landing folder that is complete, or a folder in it that cannot be listed."""

    path: Path
    file: str

    def is_there(self) -> bool:
        """Say whether it was not taken away meanwhile."""
        return _state(self.path) != GONE

    def read(self) -> bytes | None:
        """Return its bytes, or None where it was taken away meanwhile or may not be read."""
        try:
            return self.path.read_bytes()
        except OSError:
            return None

    def digest(self) -> str | None:
        """Return the SHA-256 of its bytes, or None where they cannot be read.

        A file whose state is what it was is not read again in this process. Size and time alone
        do not tell: a corrected copy may have both (`cp -p`, `rsync -t`).
        """
        state = _state(self.path)
        known = _hashed.get(self.path)
        if known is not None and known[0] == state:
            return known[1]
        content = self.read()
        if content is None:
            return None
        digest = digest_of(content)
        # one that was touched just now may change again within the clock's tick
        if time.time() - max(state[1:3]) / 1e9 > TICK_SECONDS and _state(self.path) == state:
            _hashed[self.path] = state, digest
        return digest


def landed(
    landing: Path, *, settle_seconds: float = 0, watch_seconds: float = 0
) -> tuple[list[Found], list[str]]:
    """Return a landing folder's complete files in natural order, and those still being written.

    A file counts as complete where it has not been touched for `settle_seconds`, and does not
    change while it is watched: one that was touched in the last minute, for `watch_seconds`.
    Hidden files, Markdown and YAML beside the exports, partial files, symbolic links and whatever
    else is no file are no deliveries. A folder that cannot be listed is found as a file that
    cannot be read: what lies in it would be missed without a word.
    """
    complete: list[Found] = []
    waiting: list[str] = []
    young: dict[Path, State] = {}
    now = time.time()

    def note_locked(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            locked = Path(error.filename)
            complete.append(Found(locked, _name(locked, landing)))

    for folder, folders, files in os.walk(landing, onerror=note_locked):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            path = Path(folder, name)
            if (
                name.startswith(".")
                or path.suffix.lower() in {".md", ".yaml", ".yml"}
                or not _is_file(path)
            ):
                continue
            file = _name(path, landing)
            state = _state(path)
            if state == GONE:
                continue
            age = now - state[1] / 1e9
            # of a time to come the clock went back, or the file server's is another one
            is_settling = -YOUNG_SECONDS < age < settle_seconds and settle_seconds > 0
            if name.lower().endswith(PARTIAL) or is_settling:
                waiting.append(file)
                continue
            complete.append(Found(path, file))
            if watch_seconds and age < YOUNG_SECONDS:
                young[path] = state
    if young:
        time.sleep(watch_seconds)
        growing = {path for path, state in young.items() if _state(path) != state}
        waiting += [item.file for item in complete if item.path in growing]
        complete = [item for item in complete if item.path not in growing]
    return sorted(complete, key=lambda found: _natural(found.file)), sorted(waiting)


def _is_file(path: Path) -> bool:
    """Say whether it is a file itself: a link could point anywhere, a pipe has no end.

    What lies in a folder that may be listed and not entered is taken for one.
    """
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _name(path: Path, landing: Path) -> str:
    """Return how a file is called; bytes of its name that are not UTF-8 as `\\xf6`."""
    name = path.relative_to(landing).as_posix()
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _state(path: Path) -> State:
    """Return a file's state, GONE or LOCKED."""
    try:
        found = path.stat()
    except PermissionError:
        return LOCKED
    except OSError:
        return GONE
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def digest_of(content: bytes) -> str:
    """Return the name of a delivery: the SHA-256 of its bytes."""
    return hashlib.sha256(content).hexdigest()


def digests(landing: Path) -> dict[str, str]:
    """Return the SHA-256 of a landing folder's complete files by their names, or UNREADABLE.

    A file that cannot be read is news too: a refresh says so.
    """
    found = landed(landing)[0]
    read = {item.file: item.digest() or (UNREADABLE if item.is_there() else "") for item in found}
    return {file: digest for file, digest in read.items() if digest}


def delivered_on(file: str) -> date | None:
    """Return the day of an export: of its folder, else of its name; None where neither says one.

    A day is written year first, or day first with points; with other signs where it can be no
    month. One that says since when
    (`labs_since_2020-01-01.csv`) is none; of several (`from_2020-01-01_to_2023-12-31`) the last is
    the export's.

    Examples
    --------
    >>> delivered_on("2024-02-29/labs_from_2020-01-01.csv")
    datetime.date(2024, 2, 29)
    """
    for part in reversed(Path(file).parent.parts):
        day = _day_in(part)
        if day is not None:
            return day
    return _day_in(Path(file).name)


def _day_in(name: str) -> date | None:
    every = [found for pattern in _DATES for found in pattern.finditer(name)]
    for found in sorted(every, key=lambda one: one.start(), reverse=True):
        if _SINCE.search(name[: found.start()]) or _ONWARDS.match(name, found.end()):
            continue
        try:
            day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            continue
        # other numbers of eight digits are no days
        if 1900 < day.year < 2200:
            return day
    return None


def _natural(file: str) -> list[tuple[int, str]]:
    """Order `delivery-9` before `delivery-10`."""
    return [
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", file.lower())
    ]
