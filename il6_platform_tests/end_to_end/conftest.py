"""An installation of its own for each test: folders, study, and the real command line."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from filelock import FileLock

from il6_platform import cli, paths


@dataclass
class Installation:
    """A home with its landing folder and study file."""

    home: Path
    landing: Path
    study: Path

    @property
    def options(self) -> list[str]:
        return [
            *("--home", str(self.home), "--landing", str(self.landing)),
            *("--study", str(self.study)),
        ]

    def refresh(self, *more: str) -> int:
        return cli.main(["refresh", *self.options, *more])

    def ask(self, sql: str) -> pd.DataFrame:
        database = (self.home / "published" / "report.duckdb").resolve()
        with duckdb.connect(database, read_only=True) as connection:
            return connection.execute(sql).df()

    def fingerprint(self) -> str:
        rows = self.ask(
            "select md5(string_agg(r::varchar, '|' order by r::varchar)) h from report.results r"
        )
        return str(rows["h"].iloc[0])

    def deliver(self, day: str) -> None:
        shutil.copytree(paths.demo_landing() / day, self.landing / day)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    landing = tmp_path / "landing"
    landing.mkdir()
    return Installation(tmp_path / "home", landing, paths.default_study())


@pytest.fixture(scope="session")
def refreshed_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded registry's home, refreshed once whatever the number of test processes."""
    own = tmp_path_factory.getbasetemp()
    # the folder above is the session's where there are several processes, else every session's:
    # what other code made there must not be taken for this one's
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    home = shared / "refreshed-demo"
    with FileLock(home.with_suffix(".lock")):
        if not (home / "published").exists():
            made = Installation(home, paths.demo_landing(), paths.default_study())
            assert made.refresh() == 0
    return home


@pytest.fixture(scope="module")
def demo(refreshed_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A copy of it for each module: what one does to it, another does not see."""
    home = tmp_path_factory.mktemp("demo") / "home"
    shutil.copytree(refreshed_demo, home, symlinks=True)
    return Installation(home, paths.demo_landing(), paths.default_study())
