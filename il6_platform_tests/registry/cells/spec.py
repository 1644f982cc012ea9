"""A specification is a table as text: what is received, a bar, how it is read."""

from __future__ import annotations


def rows(table: str) -> list[tuple[str, str]]:
    """Return (received, reading) of a table; blank lines and those that begin with # are none."""
    lines = [line for line in table.strip().splitlines() if line and not line.startswith("# ")]
    parted = (line.rpartition("|") for line in lines)
    return [(left.strip(), right.strip()) for left, _, right in parted]
