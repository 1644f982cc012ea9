"""Fetching a source by its kind."""

from __future__ import annotations

import importlib

from il6_platform.errors import UsageError
from il6_platform.registry.connectors.delivery import Fetched
from il6_platform.registry_file import Source
from il6_platform.settings import secret


def fetch(name: str, source: Source) -> list[Fetched]:
    """Fetch all files of a source.

    Raises
    ------
    UsageError
        Where the variable of its secret is not set, or a library for it is not installed.
    SourceError
        Where it cannot be reached, refuses, or gives something else than asked.
    """
    key = secret(source.secret) if source.secret else None
    if source.secret and key is None:
        raise UsageError(
            f"registry file, key connectors.{name}.secret: the environment has no variable "
            f"{source.secret}; set it where the platform runs"
        )
    # a home without such a source need not wait for the libraries of one
    kind = importlib.import_module(f"il6_platform.registry.connectors.{source.kind}")
    found: list[Fetched] = kind.fetch(name, source, key)
    return found
