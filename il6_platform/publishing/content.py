"""Whether anything is new: what a refresh would see, named, and what the last one saw.

Belongs here: names of content. Only light libraries are imported, since most refreshes of a night
find that nothing is new. Does not belong here: what is made of the content.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distribution, version
from pathlib import Path

from il6_platform.files import listed
from il6_platform.paths import code_version, profile_folders
from il6_platform.registry import merged, struck
from il6_platform.registry.landing import digest_of, digests
from il6_platform.registry.native import kept_columns
from il6_platform.report.synthetic_flag import is_synthetic
from il6_platform.study import read_study
from il6_platform.warehouse.home import Site, damage_mark
from il6_platform.warehouse.integrity import damages

PACKAGES = (
    *("dagster", "duckdb", "firthmodels", "great-expectations", "lifelines", "matplotlib"),
    *("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "statsmodels"),
)
"""Packages whose versions can move a number or a figure."""


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a cut rests on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _version(name: str) -> str:
    """Return a package's version; `importlib.metadata` would read its whole description."""
    said = distribution(name).read_text("METADATA") or ""
    return said.partition("\nVersion: ")[2].partition("\n")[0].strip() or version(name)


def registry_key(site: Site, files: Mapping[str, str] | None = None) -> str:
    """Name everything that a refresh of the registry would see: the same never runs twice.

    Parameters
    ----------
    files
        Name -> SHA-256 of the files that a refresh saw; those in the landing folder by default.
    """
    if files is None:
        files = digests(site.landing_path)
    kept = {kept.name for kept in site.kept_path.iterdir() if not kept.name.startswith(".")}
    # which file holds which bytes: those of before may come back
    parts = [*sorted(kept), *(f"{file} {digest}" for file, digest in sorted(files.items()))]
    parts += [code_version(), *versions().values(), site.as_of or ""]
    parts += [*sorted(kept_columns("patients", site.covariates())), *site.named_drugs()]
    parts += ["synthetic"] if is_synthetic(site, kept | set(files.values())) else []
    parts += [site.quality.model_dump_json(), *site.exports_said()]
    parts += [
        digest_of(path.read_bytes())
        for folder in profile_folders(site.home_path)
        for path in listed(folder)
        if path.is_file()
    ]
    for ledger in (
        *(site.forgotten_path, site.answers_path),
        *(site.home_path / merged.NAME, site.home_path / struck.NAME),
    ):
        if ledger.exists():
            # by its bytes: Excel may save a list in another encoding
            parts.append(digest_of(ledger.read_bytes()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def registry_content(site: Site) -> str | None:
    """Return the key on which the registry's tables rest; None where they are not whole."""
    path = site.registry_content_path
    database = site.registry_database
    if not path.exists() or not database.exists() or damage_mark(database).exists():
        return None
    return next(iter(_words(path)), None)


def _words(path: Path) -> list[str]:
    """Return the words of a file; none of one that is damaged."""
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []


def content_key(site: Site, registry: str) -> str:
    """Name everything that a refresh of a study would see.

    Parameters
    ----------
    site
        The installation; its study file is read anew, since a code server lives long.
    registry
        The key of the registry.
    """
    parts = [registry, read_study(site.study_path).digest]
    parts += [f"censored {site.censor}"] if site.censor else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def published_content(site: Site) -> str | None:
    """Return the content key of the published cut, or None before the first publication."""
    if not site.published_path.exists() or not site.content_path.exists():
        return None
    current = site.published_path.resolve()
    match _words(site.content_path):
        # a file of before names no cut
        case [key] | [key, current.name] if not any(damages(current)):
            return key
    # what is published is not what was published: it is built anew
    return None
