"""What refreshes is marked, and comes first: none is left to one process at the end."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest
from hypothesis import settings

from il6_platform_tests.judged_once import FOLDER, judging_once

# the tests share the cores among themselves: a refresh has none to spare
os.environ.setdefault("IL6_WORKERS", "0")

_connect = duckdb.connect


class _LeftOpen:
    """Databases of registries that a test leaves open: to open one takes longer than most queries.

    One is closed before it is opened in another way or anything is attached, or where its file is
    another one, and all are before this process forks.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self._open: dict[str, tuple[int, duckdb.DuckDBPyConnection]] = {}
        os.register_at_fork(before=self._open.clear)

    def connect(self, *how: Any, **more: Any) -> duckdb.DuckDBPyConnection:
        """Open a database whose tables are small: threads would only wait for each other."""
        path = str(how[0]) if how else ""
        is_left = self.is_asked and path.endswith("registry.duckdb") and len(how) == 1 and not more
        if not is_left:
            self._open.clear()
        elif path in self._open and self._open[path][0] != _file_number(path):
            del self._open[path]
        connection = _connect(*how, **more)
        connection.execute("set threads = 1")
        if is_left and path not in self._open:
            self._open[path] = (_file_number(path), connection.cursor())
        return connection

    @contextmanager
    def left(self) -> Iterator[None]:
        """Leave open what a test opens, to its end."""
        self.is_asked = True
        try:
            yield
        finally:
            self.is_asked = False
            self._open.clear()


def _file_number(path: str) -> int:
    return os.stat(path).st_ino if os.path.exists(path) else 0


_LEFT_OPEN = _LeftOpen()
duckdb.connect = _LEFT_OPEN.connect

# a busy machine is no fault of what is computed
settings.register_profile("untimed", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=400)
settings.load_profile("untimed")

LONG = ("end_to_end", "held_back", "privacy", "mutants", "report", "cohort", "validation")
"""Folders of whole refreshes and registries, the longest first; what is not here comes after."""

WAITING = ("test_daemon.py", "test_crashes.py", "test_rebuild.py")
"""Files whose tests wait for other processes: they begin before all others."""

MADE_BY_REFRESHES = {"installation", "refreshed_demo", "refreshed_once", "refreshed_twice"}
"""Fixtures: a test that has one of them, or what is made of one, is marked `refreshes`."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder in which the processes of a session tell each other what they judged."""
    if FOLDER not in os.environ:
        made = tempfile.TemporaryDirectory(prefix="il6-judged-")
        os.environ[FOLDER] = made.name
        config.add_cleanup(lambda: (os.environ.pop(FOLDER), made.cleanup()))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Have one process more than cores: a test that waits for a daemon leaves one idle."""
    mine = getattr(os, "sched_getaffinity", None)
    return (len(mine(0)) if mine else os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def _computed_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test's own refreshes judge and compute."""
    if request.node.get_closest_marker("refreshes") is None:
        with _LEFT_OPEN.left():
            yield
        return
    # it imports all that computes: not for a test that does not
    from il6_platform_tests.computed_once import computing_once

    is_anew = request.node.get_closest_marker("computes_anew") is not None
    with judging_once() if is_anew else computing_once():
        yield


def pytest_collection_finish() -> None:
    """Have the garbage collector not look through what was imported again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Have it end as it would."""
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: n for n, name in enumerate(LONG)}
    for item in items:
        if MADE_BY_REFRESHES & {*getattr(item, "fixturenames", ())}:
            item.add_marker("refreshes")

    def rank(item: pytest.Item) -> tuple[bool, bool, int]:
        is_short = item.get_closest_marker("refreshes") is None
        folder = place.get(item.path.parent.name, len(LONG))
        return is_short, item.path.name not in WAITING, folder

    items.sort(key=rank)
