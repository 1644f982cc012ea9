"""Which runs have a process: a file a run, whose lock ends with the process however that ends.

    IL6_HOME/dagster/running/<run>    held by the process of the run

Belongs here: marking a run, and finding marks that nobody holds any more. Does not belong here:
what becomes of a run whose process is gone (`defs.jobs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from il6_platform.files import make_folder, open_alone, sync_folder

_HELD: dict[Path, BinaryIO] = {}


def running_path(home: Path) -> Path:
    """Return the folder of the marks."""
    return home / "dagster" / "running"


def marks(home: Path) -> list[Path]:
    """Return the marks of runs that run, or whose process ended without taking its mark away."""
    folder = running_path(home)
    return sorted(filter(Path.is_file, folder.iterdir())) if folder.is_dir() else []


def mark_running(home: Path, run_id: str) -> None:
    """Mark a run as one of this process, to the end of the process; twice is once."""
    mark = make_folder(running_path(home)) / run_id
    if mark not in _HELD:
        _HELD[mark] = open_alone(mark)
        # a run that Dagster's storage knows after a power cut has its mark
        sync_folder(mark.parent)


@contextmanager
def marked_running(home: Path, run_id: str) -> Iterator[None]:
    """Mark a run as one of this process for as long as the block lasts.

    Where the block ends with an error, the mark stays for who looks after runs that were lost.
    """
    mark_running(home, run_id)
    mark = running_path(home) / run_id
    try:
        yield
        mark.unlink(missing_ok=True)
    finally:
        _HELD.pop(mark).close()


@contextmanager
def left_mark(mark: Path) -> Iterator[bool]:
    """Say whether the process of a mark is gone; the mark is taken away with the block."""
    try:
        stream = open_alone(mark, waits=False)
    except BlockingIOError:
        yield False
        return
    with stream:
        yield True
        mark.unlink(missing_ok=True)
