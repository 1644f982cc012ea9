"""What a function made of large arguments, kept for who asks the same again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import blake2b
from threading import Lock
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MOST, ROOM = 256, 2**28
"""Results that are kept at most, and bytes of their arguments, in each process."""


class Remembered(Generic[P, R]):
    """A function that keeps its last results, as many as the bytes of their arguments find room.

    `functools.lru_cache` holds all arguments, of a million patients gigabytes. Here bytes are known
    by a digest.

    Examples
    --------
    >>> total = Remembered(lambda cells: sum(cells), room=4)
    >>> total(bytes([1, 2])), total(bytes([1, 2])), len(total.made)
    (3, 3, 1)
    >>> total(bytes([1, 2, 3])), len(total.made)
    (6, 1)
    """

    def __init__(self, function: Callable[P, R], room: int = ROOM) -> None:
        self.function, self.room = function, room
        self.made: OrderedDict[Hashable, tuple[int, R]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what was made of the same arguments, or make it."""
        assert not kwargs
        key, size = tuple(map(_known_by, args)), sum(map(_size, args))
        with self._lock:
            if key in self.made:
                self.made.move_to_end(key)
                return self.made[key][1]
        result = self.function(*args, **kwargs)
        with self._lock:
            self.made[key] = size, result
            while len(self.made) > 1 and not self._finds_room():
                self.made.popitem(last=False)
        return result

    def _finds_room(self) -> bool:
        return len(self.made) <= MOST and sum(size for size, _ in self.made.values()) <= self.room

    def cache_clear(self) -> None:
        """Let go of everything."""
        self.made.clear()


def _known_by(value: object) -> Hashable:
    return blake2b(value, digest_size=16).digest() if isinstance(value, bytes) else value


def _size(value: object) -> int:
    return len(value) if isinstance(value, bytes) else 0
