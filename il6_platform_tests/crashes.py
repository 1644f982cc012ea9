"""A process that dies at its N-th file operation, in this process.

Python tells an audit hook of each file that is opened to be written, renamed, linked or removed. At
the N-th one below a folder the hook raises, and does so at every later one, as nothing is done any
more by a process that was killed; what DuckDB writes by itself is not counted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate")


class KilledError(BaseException):
    """The process is no more."""


class _Killer:
    """What the hook, which cannot be taken back, is to do."""

    below = ""
    left: int | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.left is None or not (event in CHANGES or _writes(event, arguments)):
            return
        named = [str(one) for one in arguments[:2] if isinstance(one, str | os.PathLike)]
        if not any(name.startswith(self.below) for name in named):
            return
        self.left -= 1
        if self.left < 0:
            raise KilledError


def _writes(event: str, arguments: tuple[Any, ...]) -> bool:
    if event != "open":
        return False
    _, mode, flags = arguments
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


_KILLER = _Killer()
sys.addaudithook(_KILLER)


@contextmanager
def killed_at(n: int, below: Path) -> Iterator[None]:
    """Let the operations before the N-th one pass, below a folder, and none from there on."""
    _KILLER.below, _KILLER.left = str(below), n
    try:
        yield
    finally:
        _KILLER.left = None


def every_crash(
    prepare: Callable[[], Path], work: Callable[[Path], object], every: int = 1
) -> Iterator[Path]:
    """Give, for each operation of a piece of work, the folder in which it was killed there.

    Parameters
    ----------
    prepare
        Returns a folder that is as it was before the work.
    every
        Only every so-manieth operation, where the work has many.
    """
    n = 0
    while True:
        folder = prepare()
        try:
            with killed_at(n, folder):
                work(folder)
        except KilledError:
            yield folder
            n += every
        else:
            assert n > 0
            return
