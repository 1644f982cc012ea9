"""Other processes for what needs neither DuckDB nor Dagster: this machine's, or a Dask cluster's.

The job runs in one process, since DuckDB's file has one writer. Statistics and drawing are
functions of their arguments alone: they may be begun elsewhere before their step comes, and come
out the same wherever they run. A call that nobody has begun, or that was lost with its process or
scheduler, is made where its result is asked for.

Belongs here: an executor (`concurrent.futures`), and the way of work there and back. Does not
belong here: what is worth beginning; that is the assets'.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache, partial
from logging.handlers import QueueHandler
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path
from queue import Empty
from typing import Any, TypeVar

from il6_platform.errors import UsageError
from il6_platform.paths import code_version
from il6_platform.settings import Settings, read_settings

COMPUTING = (
    *("il6_platform.report.outcome", "il6_platform.report.page", "lifelines.statistics"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"),
    *("scipy.optimize", "sklearn.linear_model", "sklearn.metrics", "statsmodels.stats.proportion"),
    *("statsmodels.stats.multitest", "statsmodels.stats.contingency_tables"),
    *("pyarrow.pandas_compat", "PIL.JpegImagePlugin"),
)
"""What analyses and figures import on their way, here and in other processes."""

SHARED = ("sqlalchemy.orm", "requests")
"""What judging and orchestrating both import: once, where another process is a copy of this one."""

JUDGING = ("il6_platform.validation.expectations",)
"""What rules are judged with: by another process, where there is one."""

ORCHESTRATING = (
    *("il6_platform.definitions", "xlsxwriter"),
    *("alembic.command", "dagster._core.storage.event_log", "dagster._core.storage.runs"),
    *("dagster._core.execution.execute_in_process", "dagster._core.storage.legacy_storage"),
    *("dagster._core.storage.noop_compute_log_manager", "il6_platform.dagster_storage"),
    "upath.implementations.local",
)
"""What a refresh imports besides, in its own process only."""

POLL_SECONDS = 0.5
"""How long a word of progress may lie before it is told."""

CONNECT_SECONDS = 10
"""How long a cluster may take to answer."""

_NONE_TO_BE_HAD = (ImportError, OSError)
"""What is raised where the system gives no semaphores or no processes."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


def spare_cores(most: int = 3) -> int:
    """Return how many other processes are worth having: a core each, beside this one's.

    IL6_WORKERS says it otherwise.
    """
    asked = read_settings().workers
    if asked is not None:
        return min(asked, most)
    mine = getattr(os, "sched_getaffinity", None)
    return min((len(mine(0)) if mine else os.cpu_count() or 1) - 1, most)


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Import what a refresh needs, and have another process begun that has what computes.

    It is copied from this one where that is safe: what computes is then imported once, and the
    other process imports what judges, while this one imports Dagster.
    """
    wanted = 0 if read_settings().cluster else spare_cores()
    copies = wanted > 0 and _may_fork()
    if wanted and not copies:
        with contextlib.suppress(*_NONE_TO_BE_HAD):
            _context()
    # every 700 new objects is too often
    gc.set_threshold(50_000, 10, 10)
    _import((*COMPUTING, *SHARED) if copies else COMPUTING)
    if copies:
        with contextlib.suppress(*_NONE_TO_BE_HAD):
            Copies.begin(wanted)
    _import(ORCHESTRATING if wanted else (*ORCHESTRATING, *JUDGING))
    try:
        yield
    finally:
        # frozen to the end, DuckDB's binding would call its own types leaked
        gc.unfreeze()


class Copies:
    """Processes copied from this one before it had threads; they serve all pools of a command."""

    made: Copies | None = None

    def __init__(self, processes: int) -> None:
        context = multiprocessing.get_context("fork")
        self.processes, self.said = processes, context.Queue()
        self.executor = ProcessPoolExecutor(processes, context, _settle, (self.said,))
        with warnings.catch_warnings():
            # Python warns of threads of its own making and of numpy's alike; numpy's stop for it
            warnings.simplefilter("ignore", DeprecationWarning)
            for _ in range(processes):
                self.executor.submit(_import, JUDGING)

    @classmethod
    def begin(cls, processes: int) -> None:
        """Begin as many processes, unless there are."""
        if cls.made is None or cls.made.processes != processes:
            cls.end()
            cls.made = cls(processes)
            atexit.register(cls.made.executor.shutdown)

    @classmethod
    def end(cls) -> None:
        """End what was begun."""
        if cls.made is not None:
            cls.made.executor.shutdown(wait=False)
        cls.made = None


def _import(names: Iterable[str]) -> None:
    """Import modules; what they make lasts for ever and need not be searched for garbage."""
    gc.disable()
    try:
        for name in names:
            importlib.import_module(name)
        gc.freeze()
    finally:
        gc.enable()


def _may_fork() -> bool:
    """Say whether a copy of this process would find no lock held by a thread that it lacks."""
    others = set(threading.enumerate()) - {threading.main_thread()}
    # what draws a terminal's bars holds none that computing asks for
    return sys.platform == "linux" and all(
        type(one).__module__.partition(".")[0] == "rich" for one in others
    )


class Task(Future[Any]):
    """A call that another process may make; who asks for the result of one that waits makes it."""

    def __init__(self, pool: WorkerPool, call: Callable[[], Any]) -> None:
        super().__init__()
        self.pool = pool
        self.call: Callable[[], Any] | None = call
        self.begun: Future[Any] | None = None

    def set_result(self, result: Any) -> None:
        """Take over the result, and let go of what it was made of."""
        super().set_result(result)
        self._let_go()

    def set_exception(self, exception: BaseException | None) -> None:
        """Take over the error, and let go of what was asked."""
        super().set_exception(exception)
        self._let_go()

    def _let_go(self) -> None:
        # each of the two futures knows the other one: large arguments would stay until Python next
        # looks for garbage, which it does by the number of objects
        self.call = self.begun = None

    def result(self, timeout: float | None = None) -> Any:
        """Return the call's result, or raise its error."""
        self.pool.settle(self, timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return the call's error, or None."""
        self.pool.settle(self, timeout)
        return super().exception(0)


class Shared:
    """A large argument of many calls; it travels as the name of a file, and arrives as itself."""

    def __init__(self, value: Any, folder: Path) -> None:
        self.value, self.folder = value, folder
        self.path: Path | None = None

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any]]:
        try:
            self.path = self.path or self._written()
        except OSError:
            # where there is no room for it, it travels whole
            return _itself, (self.value,)
        return _arrived, (str(self.path),)

    def _written(self) -> Path:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        number, name = tempfile.mkstemp(dir=self.folder)
        try:
            with os.fdopen(number, "wb") as stream:
                pickle.dump(self.value, stream, pickle.HIGHEST_PROTOCOL)
        except OSError:
            os.unlink(name)
            raise
        return Path(name)

    def remove(self) -> None:
        """Take the file away; who has read it keeps what it read."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _itself(value: T) -> T:
    return value


@lru_cache(maxsize=1)
def _arrived(name: str) -> Any:
    """Return what a file holds: a process that serves many calls reads it once."""
    # what was read before makes room first
    _arrived.cache_clear()
    with open(name, "rb") as stream:
        return pickle.load(stream)


class WorkerPool(Executor):
    """An executor over other processes for the length of a run; `shutdown` ends them.

    Parameters
    ----------
    processes
        How many of this machine; with none, everything is done where it is asked for. By default
        the cluster's that IL6_CLUSTER names, else `spare_cores`.
    beside
        Folder for what calls share, where this machine's processes are to read it once each.

    Raises
    ------
    UsageError
        Where the cluster may not be used: no certificates, or several threads a worker.

    Examples
    --------
    >>> with WorkerPool(0) as pool:
    ...     pool.submit(divmod, 7, 2).result()
    (3, 1)
    """

    def __init__(self, processes: int | None = None, beside: Path | None = None) -> None:
        self.processes = 0
        self._beside = beside
        self._shared: list[Shared] = []
        self._lock = threading.RLock()
        self._waiting: dict[Task, None] = {}
        self._running = 0
        self._inner: Executor | None = None
        self._end: Callable[[], None] = lambda: None
        self._said: Any = None
        self._is_shared = False
        settings = read_settings()
        if processes is None and settings.cluster:
            self._join(settings.cluster, settings)
        if self._inner is None and processes is None and Copies.made is not None:
            self._share(Copies.made)
        if self._inner is None:
            self._start(max(0, spare_cores() if processes is None else processes))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Task:
        """Have a function of a module's top level called in another process once one is free."""
        task = Task(self, partial(fn, *args, **kwargs))
        with self._lock:
            if self._inner is not None:
                self._waiting[task] = None
                self._fill()
        return task

    def share(self, value: T) -> T:
        """Say that many calls have this argument: it is written once, and travels by its name."""
        if self._beside is not None and not read_settings().cluster:
            self._shared.append(Shared(value, self._beside))
        return value

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the other processes; what waits is made here, should anybody ask for it."""
        with self._lock:
            inner, self._inner = self._inner, None
            self._waiting.clear()
        if inner is not None and not self._is_shared:
            # a process has flushed its logs once it has ended
            inner.shutdown(wait)
            self._end()
        if inner is not None:
            self._tell()
        for one in self._shared:
            one.remove()
        if self._shared and self._beside is not None:
            self._shared.clear()
            with contextlib.suppress(OSError):
                # where others have left something, it is theirs
                self._beside.rmdir()

    def settle(self, task: Task, timeout: float | None) -> None:
        """See that a task is done: wait for who makes it, or make it here.

        Raises
        ------
        TimeoutError
            Where another process has not made it in time.
        """
        with self._lock:
            self._waiting.pop(task, None)
            begun = task.begun
        if begun is not None and not task.done():
            ends = None if timeout is None else time.monotonic() + timeout
            while not wait([begun], POLL_SECONDS).done:
                self._tell()
                if ends is not None and time.monotonic() > ends:
                    raise TimeoutError
            self._hand_over(task, begun)
        self._tell()
        if not task.done():
            assert task.call is not None
            try:
                task.set_result(task.call())
            except BaseException as error:
                task.set_exception(error)

    def _share(self, copies: Copies) -> None:
        """Use processes that others have used and will use."""
        self._inner, self._said, self._is_shared = copies.executor, copies.said, True
        self.processes = copies.processes

    def _start(self, processes: int) -> None:
        """Use processes of this machine."""
        if not processes:
            return
        try:
            context = _context()
            self._said = context.Queue()
            self._inner = ProcessPoolExecutor(processes, context, _settle, (self._said,))
            self.processes = processes
        except _NONE_TO_BE_HAD as error:
            _log.warning("No other process can be had (%s); this one does all.", error)

    def _join(self, address: str, settings: Settings) -> None:
        """Use the workers of a Dask cluster, where it can be reached and runs the same code."""
        client = _client(address, settings)
        if client is None:
            return
        threads = client.nthreads()
        if any(number > 1 for number in threads.values()):
            client.close()
            raise UsageError(
                f"the workers of the cluster {address} have several threads each; start them with "
                "--nthreads 1 (figures are drawn with settings of a whole process)"
            )
        if not threads or set(client.run(code_version).values()) != {code_version()}:
            why = "runs another version of il6_platform" if threads else "has no workers"
            _log.warning("The cluster %s %s; the work is done here.", address, why)
            client.close()
            return
        _log.info("%d workers of the cluster %s share the work.", len(threads), address)
        self._inner, self._end, self.processes = client.get_executor(), client.close, len(threads)

    def _fill(self) -> None:
        """Give each free process what has waited longest, and no more: the rest can still be had.

        The executor itself would take more than it can run, and what it took must be waited for.
        """
        while self._inner and self._waiting and self._running < self.processes:
            task = next(iter(self._waiting))
            del self._waiting[task]
            if not task.set_running_or_notify_cancel():
                continue
            call = task.call
            assert isinstance(call, partial)
            try:
                begun = self._inner.submit(call.func, *map(self._sent, call.args), **call.keywords)
            except Exception as error:
                self._lose(error)
                return
            self._running += 1
            task.begun = begun
            begun.add_done_callback(partial(self._free, task))

    def _sent(self, value: Any) -> Any:
        return next((one for one in self._shared if one.value is value), value)

    def _free(self, task: Task, begun: Future[Any]) -> None:
        with self._lock:
            self._running -= 1
            self._hand_over(task, begun)
            self._fill()

    def _hand_over(self, task: Task, begun: Future[Any]) -> None:
        """Take over what another process made of a task, unless it was lost."""
        with self._lock:
            if task.done() or task.begun is None:
                return
            error = None if begun.cancelled() else begun.exception()
            if begun.cancelled() or isinstance(error, BrokenProcessPool) or _is_dask(error):
                task.begun = None
                self._lose(error)
            elif error is not None:
                task.set_exception(error)
            else:
                task.set_result(begun.result())

    def _lose(self, error: BaseException | None) -> None:
        """Begin nothing more elsewhere: who asks makes it here."""
        if self._inner is not None:
            why = type(error).__name__ if error else "the scheduler was lost"
            _log.warning("Another process has died (%s); its work is done here.", why)
        lost, self._inner = self._inner, None
        self._waiting.clear()
        if self._is_shared:
            Copies.end()
        if lost is not None:
            threading.Thread(target=self._bury, args=(lost,), daemon=True).start()

    def _bury(self, lost: Executor) -> None:
        with contextlib.suppress(Exception):
            lost.shutdown(wait=False)
            self._end()

    def _tell(self) -> None:
        """Tell this process's log what the other ones said since."""
        try:
            while self._said is not None:
                record = self._said.get_nowait()
                logging.getLogger(record.name).handle(record)
        except Empty:
            pass


def _client(address: str, settings: Settings) -> Any:
    """Return a client of a cluster, or None where it cannot be reached.

    Raises
    ------
    UsageError
        Where Dask is not installed, or patients' data would travel unencrypted.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise UsageError(
            "IL6_CLUSTER is set, but Dask is not installed: pip install 'il6-platform[cluster]'"
        ) from None
    security = None
    if address.startswith("tls://"):
        files = {
            "tls_ca_file": settings.cluster_ca,
            "tls_client_cert": settings.cluster_cert,
            "tls_client_key": settings.cluster_key,
        }
        missing = [name for name, file in files.items() if file is None or not file.is_file()]
        if missing:
            raise UsageError(
                f"IL6_CLUSTER is {address}; name its certificates too: IL6_CLUSTER_CA, "
                "IL6_CLUSTER_CERT and IL6_CLUSTER_KEY (files in PEM)"
            )
        given = {name: str(file) for name, file in files.items()}
        security = distributed.Security(require_encryption=True, **given)
    elif not address.startswith(("tcp://127.0.0.1:", "tcp://localhost:")):
        raise UsageError(
            f"IL6_CLUSTER is {address}; patients' data travel to other machines by tls:// only"
        )
    try:
        return distributed.Client(
            address, security=security, timeout=CONNECT_SECONDS, set_as_default=False, name="il6"
        )
    except Exception as error:
        # Dask, Tornado and OpenSSL have errors of their own for a peer that is not there or refuses
        _log.warning(
            "The cluster %s cannot be reached (%s); the work is done here.",
            *(address, type(error).__name__),
        )
        return None


def _is_dask(error: BaseException | None) -> bool:
    """Say whether an error is the cluster's, not the function's."""
    return type(error).__module__.partition(".")[0] in ("distributed", "tornado")


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
