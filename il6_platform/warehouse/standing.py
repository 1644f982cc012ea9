"""Where a home stands, in small files that are read at once, without opening a database.

    IL6_HOME/studies/<name>/standing.json    what the published cut says, in short
    IL6_HOME/last_refresh.json               what became of the last refresh

They hold counts and sentences, no patient, and stay with the site. Only the standard library is
imported, so that `il6` answers at once. Belongs here: writing and reading them. Does not belong
here: what they say.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from il6_platform.files import write_whole

_T = TypeVar("_T")


@dataclass(frozen=True)
class Standing:
    """What a published cut says, in short.

    Attributes
    ----------
    registry
        That its patients are not real, where so.
    arrived, analysed, set_aside
        Patients as they are shown: all, those analysed, those who are not because a record that
        could decide is in quarantine.
    answer
        Sentences; the first one answers the study's question.
    after, changes
        The cut before, if there was one, and what changed since.
    not_given
        Sentences on what the study file names and no patient has.
    """

    study: str
    title: str
    registry: str
    cut: str
    last_export: str
    arrived: str
    analysed: str
    set_aside: str
    answer: list[str]
    after: str
    changes: list[str]
    not_given: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write it into the study's folder."""
        write_whole(folder / "standing.json", _text(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return that of a study's folder; None where the published cut has none."""
        found = _read(folder / "standing.json", cls)
        published = os.path.basename(os.path.realpath(folder / "published"))
        return found if found is not None and found.cut == published else None


@dataclass(frozen=True)
class LastRefresh:
    """What became of the last refresh: when it ended, its exit status, and the reason."""

    ended_at: str
    status: int
    reason: str

    @classmethod
    def of(cls, status: int, reason: str) -> Self:
        """Return a refresh that ends now."""
        return cls(datetime.now(UTC).isoformat(timespec="seconds"), status, reason)

    def write(self, home: Path) -> None:
        """Write it into the home."""
        write_whole(home / "last_refresh.json", _text(asdict(self)))

    @classmethod
    def read(cls, home: Path) -> Self | None:
        """Return the home's, or None before the first one."""
        return _read(home / "last_refresh.json", cls)


def standings(home: Path) -> list[Standing]:
    """Return where the published studies of a home stand, by name."""
    folders = sorted(path.parent for path in home.glob("studies/*/standing.json"))
    return [found for folder in folders if (found := Standing.read(folder)) is not None]


def _text(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, indent=1)


def _read(path: Path, kind: type[_T]) -> _T | None:
    """Return what a file holds; None where it is not there, or of another version."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        names = [one.name for one in fields(kind) if one.name in values]  # type: ignore[arg-type]
        return kind(**{name: values[name] for name in names})
    except (OSError, ValueError, TypeError):
        return None
