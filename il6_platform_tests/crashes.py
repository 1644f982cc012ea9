"""A process that dies at its N-th file operation, in this process.

Python tells an audit hook of each file that is opened to be written, renamed, linked or removed. At
the N-th one below a folder the hook raises, and does so at every later one, as nothing is done any
more by a process that was killed; what DuckDB writes by itself is not counted.

Where the power fails, what was not synchronised is lost: of a file what was written since its last
fsync, of a folder which entries came, left or were renamed since its own. `Disk` knows the rest.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

EVERY = int(os.environ.get("IL6_TEST_CRASHES_EVERY", "5"))
"""Every so-manieth operation is tried; `IL6_TEST_CRASHES_EVERY=1 pytest -k crashes`: each one."""

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate")

DATABASE = re.compile(r"\.(duckdb|db)\b")


class KilledError(BaseException):
    """The process is no more."""


class _Killer:
    """What the hook, which cannot be taken back, is to do."""

    below = ""
    left: int | None = None
    was_left_over = False
    dies: Callable[[], object] | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.left is None or not (event in CHANGES or _writes(event, arguments)):
            return
        named = [str(one) for one in arguments[:2] if isinstance(one, str | os.PathLike)]
        if not any(name.startswith(self.below) for name in named):
            return
        self.left -= 1
        if self.left >= 0:
            return
        if self.dies is not None:
            self.left = None
            self.dies()
        raise KilledError


def _writes(event: str, arguments: tuple[Any, ...]) -> bool:
    if event != "open":
        return False
    _, mode, flags = arguments
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


_FOR_EVER = ExitStack()
_KILLER = _Killer()
sys.addaudithook(_KILLER)


@contextmanager
def killed_at(n: int, below: Path) -> Iterator[None]:
    """Let the operations before the N-th one pass, below a folder, and none from there on."""
    _KILLER.below, _KILLER.left = str(below), n
    try:
        yield
    finally:
        _KILLER.was_left_over = _KILLER.left is not None and _KILLER.left >= 0
        _KILLER.left = None


def ends_at(n: int, below: Path, left: Path | None = None) -> None:
    """End this process at its N-th operation below a folder.

    Parameters
    ----------
    left
        Where the power fails as well: into which folder what is left is written.
    """
    disk = None if left is None else Disk(below)
    if disk is not None:
        # to the end of this process
        _FOR_EVER.enter_context(disk.watched())

    def die() -> None:
        if disk is not None and left is not None:
            disk.write(below, left)
        os._exit(9)

    _KILLER.below, _KILLER.left, _KILLER.dies = str(below), n, die


def operations_left() -> int:
    """Return how many operations there would have been before the end of this process."""
    return _KILLER.left or 0


class Disk:
    """What of a folder outlives a power cut: contents and entries as of their last fsync.

    DuckDB, SQLite and the libraries that write Parquet synchronise by themselves, unseen: a
    database is taken as it is.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder.stat().st_ino
        self._files: dict[int, bytes] = {}
        self._folders: dict[int, dict[str, tuple[int, str | None]]] = {}
        # open files keep their numbers, which would be given again
        self._held: list[int] = []
        for path in [folder, *folder.rglob("*")]:
            if not path.is_symlink():
                self._synced(os.open(path, os.O_RDONLY))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take part in every fsync of this process."""
        fsync = os.fsync

        def noted(descriptor: int) -> None:
            fsync(descriptor)
            self._synced(os.dup(descriptor))

        os.fsync = noted
        try:
            yield
        finally:
            os.fsync = fsync
            for descriptor in self._held:
                os.close(descriptor)

    def _synced(self, descriptor: int) -> None:
        self._held.append(descriptor)
        about, place = os.fstat(descriptor), Path(f"/proc/self/fd/{descriptor}")
        if not stat.S_ISDIR(about.st_mode):
            self._files[about.st_ino] = place.read_bytes()
            return
        with os.scandir(place) as entries:
            self._folders[about.st_ino] = {
                one.name: (one.inode(), os.readlink(one.path) if one.is_symlink() else None)
                for one in entries
            }

    def write(self, now: Path, to: Path) -> None:
        """Write what is left of a folder, as it is now, into another one."""
        there = {path.lstat().st_ino: path for path in [now, *now.rglob("*")]}

        def put(number: int, place: Path) -> None:
            path = there.get(number)
            if number in self._folders or (path is not None and path.is_dir()):
                place.mkdir(mode=0o700)
                for name, (inner, link) in self._folders.get(number, {}).items():
                    if link is not None:
                        (place / name).symlink_to(link)
                    else:
                        put(inner, place / name)
                return
            content = self._files.get(number, b"")
            if path is not None and DATABASE.search(path.name):
                content = path.read_bytes()
            place.touch(mode=0o600)
            place.write_bytes(content)

        put(self._root, to)


def every_crash(
    prepare: Callable[[], Path],
    work: Callable[[Path], object],
    every: int = 1,
    *,
    loses: bool = False,
) -> Iterator[Path]:
    """Give, for each operation of a piece of work, the folder in which it was killed there.

    Parameters
    ----------
    prepare
        Returns a folder that is as it was before the work.
    every
        Only every so-manieth operation, where the work has many.
    loses
        Whether the power fails, so that what was not synchronised is lost.
    """
    n = 0
    while True:
        folder = prepare()
        disk = Disk(folder) if loses else None
        try:
            with killed_at(n, folder), disk.watched() if disk else nullcontext():
                work(folder)
        except KilledError:
            pass
        else:
            if disk is None:
                assert n > 0
                return
        # where nothing was killed, the power fails once all is done
        is_done = _KILLER.was_left_over
        if disk is not None:
            left = folder.with_name(f"{folder.name}-left")
            disk.write(folder, left)
            folder = left
        yield folder
        if is_done:
            return
        n += every


def spoil(database: Path) -> None:
    """Overwrite the blocks of a database, all but the head by which it is opened."""
    with database.open("r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        for place in range(size // 8, size, size // 64):
            stream.seek(place)
            stream.write(b"\xff" * 64)
