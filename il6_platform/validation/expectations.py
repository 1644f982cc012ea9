"""Great Expectations, without what it imports to draw with.

Belongs here: how the library is imported. Does not belong here: how it is asked (`rules`).

One of its expectations imports `altair` for a chart that nobody asks for here, and so `jsonschema`,
which builds a grammar of web addresses where the optional package for it is installed: half of the
library's import. What it holds of the two instead imports them when something of them is used.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    """A module that is imported at the first look at something in it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _deferred(*names: str) -> Iterator[None]:
    """Give who imports some modules meanwhile what imports them later; others get the modules."""
    placed = {name: _Deferred(name) for name in names if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]


with _deferred("altair", "jsonschema"):
    import great_expectations as gx

__all__ = ["gx"]
