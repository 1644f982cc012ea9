"""The registry file (`IL6_HOME/registry.yaml`), typed: what a registry is, whatever studies ask it.

Belongs here: its keys and their defaults, and what of a study's `quality:` goes where. Does not
belong here: what a study asks (`study`), how an export is laid out (a profile).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from il6_platform.cron import checked_cron
from il6_platform.errors import UsageError
from il6_platform.study import Quality, Study
from il6_platform.yaml_config import read_typed

NAME = "registry.yaml"

Exports = Literal["auto", "full", "updates"]

PLACES = {
    "exports": "exports",
    "max_quarantine_share": "quality.max_quarantine_share",
    "max_missing_share": "quality.max_missing_share",
    "max_marker_shift": "quality.max_marker_shift",
    "changed_columns": "quality.changed_columns",
    "minimal_cell": "disclosure.minimal_cell",
}
"""Key of a study's `quality:` -> its place in the registry file."""


class _Part(BaseModel):
    # no number of a registry is infinite or none
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class SiteOfRegistry(_Part):
    """A site that delivers: how (full exports or updates), and how often at least."""

    exports: Exports = "auto"
    every_days: int | None = Field(default=None, gt=0, le=3650)

    @property
    def says_exports(self) -> bool:
        """Whether the file says how this site delivers; else it delivers as all do."""
        return "exports" in self.model_fields_set


class Thresholds(_Part):
    """What the data may cost before a refresh is blocked."""

    max_quarantine_share: float = Field(default=0.2, ge=0, le=1)
    max_missing_share: float = Field(default=0.2, ge=0, le=1)
    max_marker_shift: float = Field(default=4, gt=1, le=1000)
    changed_columns: tuple[str, ...] = ()


class Disclosure(_Part):
    """What may leave the site: no count of fewer patients than `minimal_cell`.

    Where the largest value is more than `dominance` of a sum, its mean stays as well.
    """

    minimal_cell: int | None = Field(default=None, ge=2, le=1000)
    dominance: float = Field(default=0.5, gt=0, le=1)


class Keep(_Part):
    """How much is kept: published cuts of a study, and days of Dagster's runs and events."""

    cuts: int | None = Field(default=None, ge=1, le=100_000)
    run_days: int | None = Field(default=None, ge=1, le=36_500)


class _Source(_Part):
    """A source: the site that it is of, the variable of its secret, when it is fetched (cron)."""

    url: str = Field(min_length=1)
    site: str | None = Field(default=None, pattern=r"^[\w-]+$")
    secret: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    schedule: str = "0 2 * * *"

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, text: str) -> str:
        return checked_cron(text)

    @field_validator("url")
    @classmethod
    def _holds_no_secret(cls, value: str) -> str:
        if urlsplit(value).password:
            raise ValueError(
                "holds a password; take it out, and name its environment variable under secret"
            )
        return value


class RedcapSource(_Source):
    """A REDCap project: its API's address; forms and events, where not all are wanted."""

    kind: Literal["redcap"]
    forms: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class SqlSource(_Source):
    """A database: its SQLAlchemy URL, and queries by the name of the file that each makes."""

    kind: Literal["sql"]
    queries: dict[str, str] = Field(min_length=1)


class FolderSource(_Source):
    """A folder elsewhere (https, s3, sftp): its address, which files, and who asks."""

    kind: Literal["folder"]
    files: str = "*"
    user: str | None = None


SourceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Source = RedcapSource | SqlSource | FolderSource


class RegistryFile(_Part):
    """A registry: its sites, thresholds, disclosure policy, retention and sources."""

    exports: Exports = "auto"
    sites: dict[str, SiteOfRegistry] = Field(default_factory=dict)
    quality: Thresholds = Thresholds()
    disclosure: Disclosure = Disclosure()
    keep: Keep = Keep()
    connectors: dict[SourceName, Annotated[Source, Field(discriminator="kind")]] = Field(
        default_factory=dict
    )

    @field_validator("sites")
    @classmethod
    def _are_told_apart(cls, value: dict[str, SiteOfRegistry]) -> dict[str, SiteOfRegistry]:
        # exports may spell a site in capital or small letters
        known: dict[str, str] = {}
        for name in value:
            other = known.setdefault(name.strip().lower(), name)
            if other != name:
                raise ValueError(f"{other} and {name} are one site, however spelt; keep one")
        return {name.strip(): one for name, one in value.items()}

    @property
    def as_quality(self) -> Quality:
        """The thresholds as one object, as a study file without a registry file says them."""
        return Quality(
            exports=self.exports,
            minimal_cell=self.disclosure.minimal_cell,
            **self.quality.model_dump(),
        )


def read_registry_file(home: Path) -> RegistryFile | None:
    """Read the registry file of a home, or return None where it has none.

    Raises
    ------
    YamlConfigError
        Naming file, line and key of what cannot be.
    UsageError
        Where it is called as no such file is, and would not be read.
    """
    path = home / NAME
    other = path.with_suffix(".yml")
    if os.path.lexists(other):
        raise UsageError(f"{other} is not read; call it {NAME}")
    # a link that leads nowhere is no home without one
    if not os.path.lexists(path):
        return None
    return read_typed(path, RegistryFile, "registry file", "remove it or make it readable")


def quality_of(home: Path, study: Study) -> Quality:
    """Return the thresholds in force: the registry file's, or in a home without one the study's.

    Raises
    ------
    UsageError
        Where there is a registry file and the study has a `quality:` all the same.
    """
    registry = read_registry_file(home)
    if registry is None:
        return study.quality
    said = [key for key in PLACES if key in study.quality.model_fields_set]
    if said:
        moves = ", ".join(f"quality.{key} to {PLACES[key]}" for key in said)
        raise UsageError(
            f"study {study.name}, key quality: the home has a registry file, which holds what is "
            f"true for all studies; move {moves} of {home / NAME}"
        )
    return registry.as_quality
