"""Great Expectations, without what it imports to draw with, and without what it does again.

Belongs here: how the library is imported, and what it is given so that it need not ask the same
again for each metric of each rule: that is half of what its judging costs. Does not belong here:
how it is asked (`rules`).

One of its expectations imports `altair` for a chart that nobody asks for here, and so `jsonschema`,
which builds a grammar of web addresses where the optional package for it is installed: half of the
library's import. What it holds of the two instead imports them when something of them is used.
"""

from __future__ import annotations

import importlib
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import pandas as pd


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
    from great_expectations.compatibility.pydantic import PrivateAttr

# it says of each expectation, and of all that it writes of one, that ours take their place
logging.getLogger("great_expectations.expectations.registry").setLevel(logging.ERROR)

__all__ = ["JudgedRows", "expectation", "gx"]


class JudgedRows(pd.DataFrame):
    """Rows to judge; which of them a condition is about is found once, not for each metric."""

    def query(self, expr: str, **options: Any) -> pd.DataFrame:
        """Return the rows of a condition; pandas would make a series of each column for it."""
        chosen: dict[str, pd.Series] = self.__dict__.setdefault("_chosen", {})
        question = f"{expr} {options}"
        if question not in chosen:
            words = set(re.findall(r"\w+", expr))
            named = {name: self[name] for name in self.columns if name in words}
            chosen[question] = pd.DataFrame(named).eval(expr, **options)
        return self.loc[chosen[question]]


@cache
def expectation(name: str) -> Any:
    """Return the expectation of a name, which says once what it asks for.

    Great Expectations asks each one eighty times, and copies all that it holds for the answer.
    """
    base: Any = getattr(gx.expectations, name)

    def configuration(self: Any) -> Any:
        if self._said is None or self._said[0] != self.__dict__:
            self._said = {**self.__dict__}, base.configuration.fget(self)
        return self._said[1]

    made = {
        "__module__": __name__,
        "__doc__": base.__doc__,
        "_said": PrivateAttr(None),
        "configuration": property(configuration),
    }
    # its metaclass registers it by its name: it takes the place of the one that it is made of
    return type(base)(name, (base,), made)
