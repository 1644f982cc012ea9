"""Work that the machine's other cores do ahead, while one process holds DuckDB and Dagster.

The job runs in one process, since DuckDB's file has one writer. What needs neither DuckDB nor
Dagster (statistics, drawing: functions of their arguments alone) may be begun in another
process before its step comes. What comes out is the same: a function that nobody has begun, or that
died with its process, runs where it is asked for.

Belongs here: processes, and the way of work there and back. Does not belong here: what is worth
beginning ahead; that is the assets'.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from logging.handlers import QueueHandler
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from queue import Empty
from typing import Any, TypeVar, cast

from il6_platform.settings import read_settings

T = TypeVar("T")

COMPUTING = (
    *("il6_platform.report.outcome", "il6_platform.report.page", "lifelines.statistics"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"),
    *("scipy.optimize", "sklearn.linear_model", "sklearn.metrics", "statsmodels.stats.proportion"),
    *("statsmodels.stats.multitest", "statsmodels.stats.contingency_tables"),
    *("pyarrow.pandas_compat", "PIL.JpegImagePlugin"),
)
"""What analyses and figures import on their way, here and in other processes."""

ORCHESTRATING = (
    *("great_expectations.expectations", "il6_platform.definitions", "xlsxwriter"),
    *("alembic.command", "dagster._core.storage.event_log", "dagster._core.storage.runs"),
    *("dagster._core.execution.execute_in_process", "dagster._core.storage.legacy_storage"),
    *("dagster._core.storage.local_compute_log_manager", "il6_platform.dagster_storage"),
    "upath.implementations.local",
)
"""What a refresh imports besides, in its own process only."""

POLL_SECONDS = 0.5
"""How long a word of progress may lie before it is told."""

_NONE_TO_BE_HAD = (ImportError, OSError)
"""What is raised where the system gives no semaphores or no processes."""

_log = logging.getLogger(__name__)


def spare_cores(most: int = 3) -> int:
    """Return how many other processes are worth having: a core each, beside this one's.

    IL6_WORKERS says it otherwise.
    """
    asked = read_settings().workers
    if asked is not None:
        return min(asked, most)
    mine = getattr(os, "sched_getaffinity", None)
    return min((len(mine(0)) if mine else os.cpu_count() or 1) - 1, most)


def prepare() -> None:
    """Have the other processes' libraries imported, while this one does something else."""
    if spare_cores() > 0:
        with contextlib.suppress(*_NONE_TO_BE_HAD):
            _context()


class Ahead:
    """Other processes for the length of a run; `close` ends them.

    Parameters
    ----------
    processes
        How many, `spare_cores` by default; with none, everything runs where it is asked for.
    """

    def __init__(self, processes: int | None = None) -> None:
        self.processes = max(0, spare_cores() if processes is None else processes)
        self._lock = threading.RLock()
        self._waiting: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
        self._begun: dict[str, Future[Any]] = {}
        self._running = 0
        self._pool: ProcessPoolExecutor | None = None
        if self.processes:
            try:
                context = _context()
                self._said = context.Queue()
                self._pool = ProcessPoolExecutor(self.processes, context, _settle, (self._said,))
            except _NONE_TO_BE_HAD as error:
                _log.warning("No other process can be had (%s); this one does all.", error)
                self.processes = 0

    def begin(self, name: str, function: Callable[..., Any], *arguments: Any) -> None:
        """Have a function of a module's top level run in another process once one is free."""
        with self._lock:
            if self._pool is not None:
                self._waiting[name] = function, arguments
                self._fill()

    def result(self, name: str, function: Callable[..., T], *arguments: Any) -> T:
        """Return what was begun under the name, or call the function now and here."""
        with self._lock:
            self._waiting.pop(name, None)
            begun = self._begun.pop(name, None)
        if begun is not None:
            try:
                while not wait([begun], POLL_SECONDS).done:
                    self._tell()
                return cast(T, begun.result())
            except BrokenProcessPool:
                _log.warning("A process that worked ahead has died; its work is done here.")
        self._tell()
        return function(*arguments)

    def each(
        self, name: str, function: Callable[..., T], shares: Sequence[tuple[Any, ...]]
    ) -> list[T]:
        """Return what the function returns of each share's arguments: the first is called here."""
        others = [(f"{name} {place}", function, *share) for place, share in enumerate(shares)][1:]
        for one in others:
            self.begin(*one)
        return [function(*shares[0]), *(self.result(*one) for one in others)]

    def close(self) -> None:
        """End the other processes; what waits is given up."""
        with self._lock:
            pool, self._pool = self._pool, None
            self._waiting.clear()
            self._begun.clear()
        if pool is not None:
            # a process has flushed its logs once it has ended
            pool.shutdown()
            self._tell()

    def _freed(self, _: Future[Any]) -> None:
        with self._lock:
            self._running -= 1
            self._fill()

    def _fill(self) -> None:
        """Give each free process what has waited longest, and no more: the rest can still be had.

        The pool itself would take more than it can run, and what it has taken must be waited for.
        """
        while self._pool and self._waiting and self._running < self.processes:
            name = next(iter(self._waiting))
            function, arguments = self._waiting.pop(name)
            try:
                future = self._pool.submit(function, *arguments)
            except BrokenProcessPool:
                self._waiting.clear()
                return
            self._running += 1
            self._begun[name] = future
            future.add_done_callback(self._freed)

    def _tell(self) -> None:
        """Tell this process's log what the other ones said since."""
        try:
            while self.processes:
                record = self._said.get_nowait()
                logging.getLogger(record.name).handle(record)
        except Empty:
            pass


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # imported once, in a process that does nothing else, and shared by those that it forks
    context.set_forkserver_preload([*COMPUTING])
    forkserver.ensure_running()
    return context


def _settle(said: Any) -> None:
    """Make ready a new process: where its log goes, and when it ends."""
    # a key that interrupts the terminal's processes is the first one's to act on
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = logging.getLogger("il6_platform")
    log.handlers, log.propagate = [QueueHandler(said)], False
    log.setLevel(logging.INFO)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
