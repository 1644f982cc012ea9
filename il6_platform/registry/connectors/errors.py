"""What a source does wrong; the message names it and the way out, and never its secret."""

from __future__ import annotations

from il6_platform.errors import PlatformError


class SourceError(PlatformError):
    """A source that cannot be fetched."""


def unreachable(name: str, what: str, secret: str | None) -> SourceError:
    """Return the error of a source, its secret struck from what a library said of it."""
    said = " ".join(what.split())
    if secret:
        said = said.replace(secret, "***")
    return SourceError(f"source {name}: {said[:300]}; what was delivered before stays in use")
