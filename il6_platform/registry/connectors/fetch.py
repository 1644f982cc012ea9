"""Fetching a source by its kind."""

from __future__ import annotations

from il6_platform.errors import UsageError
from il6_platform.registry.connectors import folder, redcap, sql
from il6_platform.registry.connectors.delivery import Fetched
from il6_platform.registry_file import FolderSource, RedcapSource, Source
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
    if isinstance(source, RedcapSource):
        return redcap.fetch(name, source, key)
    if isinstance(source, FolderSource):
        return folder.fetch(name, source, key)
    return sql.fetch(name, source, key)
