"""Pure statistics on arrays and data frames; knows nothing of Dagster, DuckDB or files.

Whatever a module lists in its `__all__` can be had from here: `from il6_platform.statistics import
logrank`. The module is imported when it is first asked for: a table of counts should not wait for
lifelines. Inputs, units, errors and sources are in each one's docstring.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@cache
def modules() -> dict[str, tuple[str, ...]]:
    """Return module -> what it offers, as it lists it itself; no module is imported for that."""
    found = {}
    for path in sorted(_FOLDER.glob("*.py")):
        listed = re.search(r"^__all__ = (\[.*?\])$", path.read_text(), re.MULTILINE | re.DOTALL)
        if listed:
            found[path.stem] = tuple(ast.literal_eval(listed[1]))
    return found


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and not (_FOLDER / f"{name}.py").exists():
        for module, names in modules().items():
            if name in names:
                return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(name for names in modules().values() for name in names)
