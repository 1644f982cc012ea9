"""Templates of HTML pages, each of which lies beside the module that fills it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def template(file: Path, **filters: Callable[..., Any]) -> Template:
    """Return a page's template: values are escaped, and one that is not given is an error.

    It is compiled once a process: filters must be functions of a module, not made for a call.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(file.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(file.name)
