"""An installation of its own for each test: folders, study, and the real command line."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml
from filelock import FileLock

from il6_platform import cli, paths, workers
from il6_platform.study import read_study
from il6_platform_tests.computed_once import computing_once
from il6_platform_tests.derivation import share_key


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

    @property
    def registry(self) -> Path:
        return self.home / "registry.duckdb"

    @property
    def study_folder(self) -> Path:
        return self.home / "studies" / read_study(self.study).name

    @property
    def working(self) -> Path:
        return self.study_folder / "working.duckdb"

    def refresh(self, *more: str) -> int:
        if not self.home.exists():
            # what was judged before in another home is not judged again
            share_key(self.home)
        return cli.main(["refresh", *self.options, *more])

    def ask(self, sql: str) -> pd.DataFrame:
        database = (self.study_folder / "published" / "report.duckdb").resolve()
        with duckdb.connect(database, read_only=True) as connection:
            return connection.execute(sql).df()

    def fingerprint(self) -> str:
        rows = self.ask(
            "select md5(string_agg(r::varchar, '|' order by r::varchar)) h from report.results r"
        )
        return str(rows["h"].iloc[0])

    def deliver(self, day: str) -> None:
        shutil.copytree(paths.demo_landing() / day, self.landing / day)


def forkserver() -> ForkServerContext:
    """Return a context whose processes need not import the libraries once more."""
    context = multiprocessing.get_context("forkserver")
    libraries = (*workers.COMPUTING, *workers.ORCHESTRATING, *workers.JUDGING)
    context.set_forkserver_preload([*libraries])
    return context


def open_to_others(home: Path) -> list[str]:
    """Return what in a home folder others than its owner may read, write or enter.

    A file that goes while this looks (a log of a database at work) is open to nobody.
    """

    def is_open(path: Path) -> bool:
        try:
            found = path.lstat().st_mode
        except FileNotFoundError:
            return False
        return not stat.S_ISLNK(found) and bool(stat.S_IMODE(found) & 0o077)

    # unlike `rglob`, `walk` goes on where a folder is no longer there
    inside = (Path(at, name) for at, *named in os.walk(home) for names in named for name in names)
    return [path.relative_to(home).as_posix() for path in (home, *inside) if is_open(path)]


def brief(file: Path, shipped: str = "il6_bevacizumab") -> Path:
    """Write a shipped study with one endpoint, one covariate and few replicates; return the file.

    For what is asked of refreshes, homes and exports, and not of the numbers of the study.
    """
    source = paths.project_root() / "data" / "studies" / f"{shipped}.yaml"
    content = yaml.safe_load(source.read_text("utf-8"))
    kept = ("name", "default", "title", "disease", "marker", "arms", "cutoff", "schedule", "seed")
    asked = {key: content[key] for key in kept if key in content}
    asked |= {"endpoints": ["PFS"], "covariates": content["covariates"][-1:], "replicates": 20}
    file.write_text(yaml.safe_dump(asked, allow_unicode=True, sort_keys=False), "utf-8")
    return file


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    landing = tmp_path / "landing"
    landing.mkdir()
    return Installation(tmp_path / "home", landing, brief(tmp_path / "study.yaml"))


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that is made once, whatever the number of test processes."""
    own = factory.getbasetemp()
    # the folder above is the session's where there are several processes, else every session's:
    # what other code made there must not be taken for this one's
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / name
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "is made").exists():
            folder.mkdir()
            with computing_once():
                make(folder)
            (folder / "is made").touch()
    return folder


def in_folder(folder: Path) -> Installation:
    """An installation whose landing folder and study file lie beside its home."""
    return Installation(folder / "home", folder / "landing", folder / "study.yaml")


@pytest.fixture(scope="session")
def refreshed_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded registry's home, refreshed."""

    def make(folder: Path) -> None:
        made = Installation(folder / "home", paths.demo_landing(), paths.default_study())
        assert made.refresh() == 0

    return made_once(tmp_path_factory, "refreshed-demo", make) / "home"


def without_resampling(file: Path) -> None:
    """Write the shipped study file with no resampling: what it takes is not looked at."""
    asked = paths.default_study().read_text("utf-8")
    file.write_text(asked.replace("replicates: 2000", "replicates: 0"), "utf-8")


@pytest.fixture(scope="session")
def refreshed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cut: the registry to the end of 2019."""

    def make(folder: Path) -> None:
        made = in_folder(folder)
        brief(made.study)
        made.deliver("2019-12-31")
        assert made.refresh() == 0

    return made_once(tmp_path_factory, "refreshed-once", make)


@pytest.fixture
def begun(refreshed_once: Path, tmp_path: Path) -> Installation:
    """A copy of the first cut of a registry, for each test."""
    shutil.copytree(refreshed_once, tmp_path / "begun", symlinks=True)
    return in_folder(tmp_path / "begun")


@pytest.fixture(scope="session")
def refreshed_twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cuts: the registry to the end of 2022, then to the end of 2023."""

    def make(folder: Path) -> None:
        made = in_folder(folder)
        without_resampling(made.study)
        for day in ("2019-12-31", "2021-12-31", "2022-12-31"):
            made.deliver(day)
        assert made.refresh() == 0
        made.deliver("2023-12-31")
        assert made.refresh() == 0

    return made_once(tmp_path_factory, "refreshed-twice", make)


@pytest.fixture
def grown(refreshed_twice: Path, tmp_path: Path) -> Installation:
    """A copy of the two cuts of a registry that grows, for each test."""
    shutil.copytree(refreshed_twice, tmp_path / "grown", symlinks=True)
    return in_folder(tmp_path / "grown")


@pytest.fixture(scope="module")
def demo(refreshed_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A copy of it for each module: what one does to it, another does not see."""
    home = tmp_path_factory.mktemp("demo") / "home"
    shutil.copytree(refreshed_demo, home, symlinks=True)
    return Installation(home, paths.demo_landing(), paths.default_study())
