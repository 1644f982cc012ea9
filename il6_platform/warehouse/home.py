"""The folders of a home: landing folder, kept deliveries, cuts, and the link to the current one.

IL6_HOME/working.duckdb        raw, staging, cohort, analysis, report: as of the running refresh
IL6_HOME/cuts/<cut>/           report.duckdb, report.html: one folder a data cut, never changed
IL6_HOME/published -> cuts/... the current cut: a link that is replaced in one step
IL6_HOME/cuts.csv              when each cut was first kept, and after which one
IL6_HOME/patients/<cut>        who is in a cut, as hashes: for `il6 diff`, never published
IL6_HOME/worklist.xlsx         what the data manager has to put right, as of the last refresh
IL6_HOME/deliveries/<sha256>   every export as it arrived, but for patients who are forgotten
IL6_HOME/forgotten.csv         who was forgotten (pseudonyms), when, and how much was erased
"""

from __future__ import annotations

import os
import shutil
from datetime import date
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd
from dagster import ConfigurableResource

from il6_platform.errors import PlatformError
from il6_platform.study import Study, read_study


class BusyError(PlatformError):
    """Another refresh holds the warehouse; the message says what to do."""


class Site(ConfigurableResource):
    """Where this installation's files are: landing folder, home folder, study file."""

    home: str
    landing: str
    study_file: str
    as_of: str | None = None
    censor: str | None = None
    wait_seconds: float = 600

    @cached_property
    def study(self) -> Study:
        """The study that is asked (read once a process)."""
        return read_study(self.study_file)

    @property
    def home_path(self) -> Path:
        """IL6_HOME, made on first use, for its owner only."""
        path = Path(self.home)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    @property
    def landing_path(self) -> Path:
        """The folder in which exports are dropped, made on first use."""
        path = Path(self.landing)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def kept_path(self) -> Path:
        """The folder that keeps every delivery as it arrived."""
        path = self.home_path / "deliveries"
        path.mkdir(exist_ok=True, mode=0o700)
        return path

    def keep(self, name: str, content: bytes) -> None:
        """Keep a delivery's bytes under its name, for their owner only."""
        path = self.kept_path / name
        path.touch(mode=0o600)
        path.write_bytes(content)

    @property
    def cuts_path(self) -> Path:
        """The folder of published cuts."""
        path = self.home_path / "cuts"
        path.mkdir(exist_ok=True)
        return path

    @property
    def published_path(self) -> Path:
        """The link to the current cut; it is there once something was published."""
        return self.home_path / "published"

    @property
    def content_path(self) -> Path:
        """The file that says which content is published: its key, and the cut that it gave."""
        return self.home_path / "published.content"

    @property
    def ledger_path(self) -> Path:
        """The file that says in which order the cuts came; it is not published."""
        return self.home_path / "cuts.csv"

    @property
    def forgotten_path(self) -> Path:
        """The record of who was forgotten, by pseudonym; it is not published."""
        return self.home_path / "forgotten.csv"

    def patients_of(self, cut: str) -> Path:
        """Return the file that says, by hashes, who is in a cut; it is not published."""
        folder = self.home_path / "patients"
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder / f"{cut}.parquet"

    @property
    def as_of_date(self) -> date | None:
        """The day whose knowledge is asked for, or None for all."""
        return date.fromisoformat(self.as_of) if self.as_of else None

    @property
    def censored_on(self) -> date | None:
        """The day at which follow-up is cut, or None where it is not."""
        return date.fromisoformat(self.censor) if self.censor else None

    def published_database(self) -> Path | None:
        """Return the current cut's own `report.duckdb`, or None before the first publication.

        The path is the cut's, not the link's: DuckDB keeps one instance a path in a process, so a
        reader that opened the link would go on reading the cut that it pointed to then.
        """
        path = self.published_path / "report.duckdb"
        return path.resolve() if path.exists() else None

    def read_published(self, query: str) -> pd.DataFrame | None:
        """Answer a query from the current cut, or None before the first publication."""
        path = self.published_database()
        if path is None:
            return None
        with duckdb.connect(path, read_only=True) as connection:
            return connection.execute(query).df()


def put_in_place(built: Path, cut_folder: Path, link: Path | None) -> None:
    """Rename a finished cut's folder into place, then point the link at it, each in one step."""
    if cut_folder.exists():
        shutil.rmtree(built)
    else:
        os.replace(built, cut_folder)
    if link is None:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(cut_folder, link.parent), target_is_directory=True)
    os.replace(fresh, link)
