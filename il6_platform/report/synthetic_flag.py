"""Whose patients a registry's are: real, or invented to try the platform out.

Belongs here: how a registry declares itself synthetic, and the words that say so in every place
that shows it. Does not belong here: those places.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform.paths import demo_landing
from il6_platform.registry.landing import digest_of
from il6_platform.warehouse.home import Site

if TYPE_CHECKING:
    import pandas as pd

SYNTHETIC = "Synthetic registry: no patient is real."


def is_synthetic(site: Site, deliveries: Iterable[str]) -> bool:
    """Say whether a registry's patients are invented.

    The landing folder declares it in the first line of its README.md, by the word SYNTHETIC; the
    embedded registry's exports are known by their bytes, wherever they are landed.
    """
    said = site.landing_path / "README.md"
    if said.is_file() and "SYNTHETIC" in said.read_text("utf-8", "replace").partition("\n")[0]:
        return True
    return not _embedded(demo_landing()).isdisjoint(deliveries)


@cache
def _embedded(registry: Path) -> frozenset[str]:
    """Return the SHA-256 of the embedded registry's exports."""
    return frozenset(digest_of(path.read_bytes()) for path in registry.rglob("*.csv"))


def said_synthetic(provenance: pd.DataFrame) -> bool:
    """Say whether the registry of a cut's `report.provenance` is synthetic."""
    said = provenance.loc[provenance["kind"] == "registry", "value"]
    return bool(said.eq(SYNTHETIC).any())
