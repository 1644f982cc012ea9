"""Work in other processes and on a cluster: the same results, and what happens when one is lost."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from il6_platform import workers
from il6_platform.errors import UsageError
from il6_platform.statistics.small_sample import permutation_logrank
from il6_platform.workers import WorkerPool, spare_cores


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a refresh prepares, with one process beside it, and without the libraries."""
    for libraries in ("COMPUTING", "SHARED", "JUDGING", "ORCHESTRATING"):
        monkeypatch.setattr(workers, libraries, ())
    monkeypatch.setattr(workers, "spare_cores", lambda: 1)
    monkeypatch.setattr(workers, "_may_fork", lambda: True)
    with workers.prepared():
        yield
    workers.Copies.end()


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(1) as made:
        yield made


def who(_: object = None) -> int:
    return os.getpid()


def double(number: int) -> int:
    return 2 * number


@pytest.mark.parametrize("processes", [0, 1])
def test_what_a_call_was_given_is_let_go_once_it_is_made(processes: int) -> None:
    """Chunks of a large table would else be held until garbage is looked for."""
    with WorkerPool(processes) as pool:
        given = np.zeros(10)
        held = weakref.ref(given)
        task = pool.submit(who, given)
        del given
        gc.disable()
        try:
            assert task.result() > 0
            ends = time.monotonic() + 60
            while held() is not None and time.monotonic() < ends:
                # the executor's own threads let go a moment later
                time.sleep(0.01)
            assert held() is None
        finally:
            gc.enable()


def stop_until(file: Path) -> int:
    while not file.exists():
        time.sleep(0.01)
    return os.getpid()


def say(words: str) -> str:
    logging.getLogger("il6_platform.analysis.progress").info(words)
    return words


def fail(words: str) -> None:
    raise ValueError(words)


def die_unless(survivor: int) -> int:
    if os.getpid() != survivor:
        os.kill(os.getpid(), signal.SIGKILL)
    return survivor


def die_once(file: Path) -> int:
    if not file.exists():
        file.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def resampled(seed: int) -> bytes:
    """Some of the study's own resampling, as bytes."""
    random = np.random.default_rng(seed)
    marker, arm = random.normal(size=40), random.integers(0, 2, 40).astype(bool)
    time_, event = random.exponential(10, 40), random.random(40) < 0.8
    found = permutation_logrank(time_, event, arm, rng=random, replicates=500)
    return repr((found, marker)).encode()


def test_what_was_submitted_ran_elsewhere(pool: WorkerPool) -> None:
    assert pool.submit(who).result() != os.getpid()
    assert pool.submit(divmod, 7, 2).exception() is None


def test_it_is_an_executor(pool: WorkerPool) -> None:
    assert [*pool.map(double, [1, 2, 3])] == [2, 4, 6]
    tasks = [pool.submit(double, number) for number in (1, 2)]
    assert {task.result() for task in as_completed(tasks[:1])} == {2}
    assert tasks[1].result() == 4 and tasks[1].done()


def test_what_waits_for_a_free_process_runs_here(pool: WorkerPool, tmp_path: Path) -> None:
    long, waiting = pool.submit(stop_until, tmp_path / "go"), pool.submit(who)
    assert waiting.result() == os.getpid()
    with pytest.raises(TimeoutError):
        long.result(timeout=0)
    (tmp_path / "go").touch()
    assert long.result() != os.getpid()


def test_what_is_cancelled_is_not_begun(pool: WorkerPool, tmp_path: Path) -> None:
    long, waiting = pool.submit(stop_until, tmp_path / "go"), pool.submit(who)
    assert waiting.cancel() and not long.cancel()
    (tmp_path / "go").touch()
    assert long.result() != os.getpid()
    assert pool.submit(who).result() != os.getpid()


def test_without_a_core_to_spare_all_runs_here() -> None:
    with WorkerPool(0) as alone:
        assert alone.submit(who).result() == os.getpid()
    assert spare_cores(0) <= 0 <= spare_cores()


def test_where_the_system_gives_none_all_runs_here(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused() -> None:
        raise OSError("no semaphores here")

    monkeypatch.setattr(forkserver, "ensure_running", refused)
    monkeypatch.setattr(workers, "spare_cores", lambda: 1)
    monkeypatch.setattr(workers, "_may_fork", lambda: False)
    for libraries in ("COMPUTING", "SHARED", "JUDGING", "ORCHESTRATING"):
        monkeypatch.setattr(workers, libraries, ())
    with workers.prepared(), WorkerPool() as alone:
        assert alone.submit(who).result() == os.getpid()
    assert "no semaphores here" in caplog.text


def test_what_it_says_stands_in_this_log(
    pool: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="il6_platform"):
        pool.submit(say, "bootstrap: 40%").result()
        pool.shutdown()
    assert caplog.messages.count("bootstrap: 40%") == 1


def test_an_error_is_raised_where_the_result_is_asked_for(pool: WorkerPool) -> None:
    with pytest.raises(ValueError, match="no such marker"):
        pool.submit(fail, "no such marker").result()
    assert isinstance(WorkerPool(0).submit(fail, "here").exception(), ValueError)


def test_a_process_that_dies_loses_no_work(
    pool: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    here = os.getpid()
    with caplog.at_level(logging.WARNING, logger="il6_platform"):
        dies, after = pool.submit(die_unless, here), pool.submit(who)
        assert dies.result() == here
        assert after.result() == here
    assert "its work is done here" in caplog.text
    assert pool.submit(who).result() == here


def sent(value: object) -> Any:
    """Return what another process has of an argument."""
    return pickle.loads(pickle.dumps(value))


def test_what_calls_share_is_written_once_and_read_once(tmp_path: Path) -> None:
    patients, more = (workers.Shared([name], tmp_path / "beside") for name in ("patients", "more"))
    arrived = sent(patients)
    assert arrived == ["patients"] and arrived is not patients.value
    (file,) = (tmp_path / "beside").iterdir()
    written = file.stat()
    assert written.st_mode & 0o077 == 0
    assert sent(patients) is arrived and file.stat().st_mtime_ns == written.st_mtime_ns
    # one at a time is held
    assert sent(more) == ["more"]
    again = sent(patients)
    assert again == ["patients"] and again is not arrived
    for one in (patients, more):
        one.remove()
    assert not any((tmp_path / "beside").iterdir())


@pytest.mark.parametrize("folder", [None, "a file", "beside"])
def test_a_shared_argument_arrives_as_itself(tmp_path: Path, folder: str | None) -> None:
    (tmp_path / "a file").write_text("")
    with WorkerPool(1, tmp_path / folder if folder else None) as made:
        large = made.share(["patients"])
        assert [made.submit(len, large).result() for _ in range(3)] == [1, 1, 1]
        assert made.submit(list, large).result() == large
    assert not (tmp_path / "beside").exists()


def has(module: str) -> bool:
    return module in sys.modules


@pytest.mark.usefixtures("prepared")
def test_a_copy_of_this_process_serves_all_pools_of_a_command() -> None:
    with WorkerPool() as first:
        elsewhere = first.submit(who).result()
        # nothing is imported twice
        assert first.submit(has, __name__).result()
    with WorkerPool() as second:
        assert second.submit(who).result() == elsewhere != os.getpid()
        assert second.submit(gc.isenabled).result()


@pytest.mark.usefixtures("prepared")
def test_a_copy_that_dies_is_replaced_for_the_next_pool(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with WorkerPool() as first:
        assert first.submit(die_once, tmp_path / "died").result() == os.getpid()
    assert "its work is done here" in caplog.text
    with WorkerPool() as second:
        assert second.submit(who).result() != os.getpid()


def test_a_process_with_threads_is_not_copied() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not workers._may_fork()
    finally:
        stop.set()
        thread.join()


def test_no_process_outlives_the_one_that_began_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import time\n"
        "from pathlib import Path\n"
        "from il6_platform.workers import WorkerPool\n"
        "from il6_platform_tests.test_workers import stop_until, who\n"
        "if __name__ == '__main__':\n"
        "    pool = WorkerPool(1)\n"
        "    print(pool.submit(who).result(), flush=True)\n"
        f"    pool.submit(stop_until, Path({str(tmp_path / 'never')!r}))\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        other = int(process.stdout.readline())
        os.kill(other, 0)
        process.kill()
    for _ in range(1000):
        try:
            os.kill(other, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("the other process lives on")


@contextmanager
def cluster(n: int, **options: Any) -> Iterator[Any]:
    """A Dask cluster of this machine."""
    distributed = pytest.importorskip("distributed")
    made = distributed.LocalCluster(
        n_workers=n,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
        **{"host": "127.0.0.1", "threads_per_worker": 1, **options},
    )
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], WorkerPool]:
    def join(made: Any) -> WorkerPool:
        monkeypatch.setenv("IL6_CLUSTER", made.scheduler_address)
        return WorkerPool()

    return join


def test_any_number_of_workers_gives_the_same_bytes(
    joined: Callable[[Any], WorkerPool],
) -> None:
    with WorkerPool(0) as here:
        expected = [*here.map(resampled, range(4))]
    assert len(set(expected)) == 4
    for n in (1, 2, 4):
        with cluster(n) as made, joined(made) as pool:
            assert pool.processes == n
            tasks = [pool.submit(resampled, seed) for seed in range(4)]
            assert [task.result() for task in tasks] == expected
            assert pool.submit(who).result() != os.getpid()


def test_a_worker_killed_in_the_middle_loses_no_work(
    joined: Callable[[Any], WorkerPool], tmp_path: Path
) -> None:
    with cluster(2) as made, joined(made) as pool:
        tasks = [pool.submit(die_once, tmp_path / "died"), pool.submit(double, 2)]
        assert tasks[0].result() != os.getpid()
        assert tasks[1].result() == 4
    assert (tmp_path / "died").exists()


def test_a_scheduler_that_is_lost_leaves_the_work_to_this_process(
    joined: Callable[[Any], WorkerPool], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with cluster(1) as made, joined(made) as pool:
        begun, waiting = pool.submit(stop_until, tmp_path / "go"), pool.submit(who)
        made.close()
        (tmp_path / "go").touch()
        assert begun.result() == os.getpid()
        assert waiting.result() == os.getpid()
        assert pool.submit(who).result() == os.getpid()
    assert "its work is done here" in caplog.text


def test_a_cluster_that_is_not_there_leaves_the_work_to_this_machine(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    monkeypatch.setenv("IL6_CLUSTER", "tcp://127.0.0.1:1")
    with WorkerPool() as pool:
        assert pool.submit(who).result() == os.getpid()
    assert "cannot be reached" in caplog.text


def test_workers_of_other_code_are_not_used(
    joined: Callable[[Any], WorkerPool],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(workers, "code_version", lambda: f"of process {os.getpid()}")
    with cluster(1) as made, joined(made) as pool:
        assert pool.processes == 0
    assert "another version" in caplog.text


def test_workers_of_several_threads_are_refused(joined: Callable[[Any], WorkerPool]) -> None:
    with (
        cluster(1, threads_per_worker=2, processes=False, protocol="tcp://") as made,
        pytest.raises(UsageError, match="--nthreads 1"),
    ):
        joined(made)


@pytest.mark.parametrize("address", ["tls://127.0.0.1:8786", "tcp://cluster.example:8786"])
def test_without_certificates_nothing_travels(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setenv("IL6_CLUSTER", address)
    monkeypatch.setenv("IL6_CLUSTER_CA", str(tmp_path / "no such file"))
    with pytest.raises(UsageError, match=r"certificates|tls://"):
        WorkerPool()


def certificates(folder: Path) -> dict[str, str]:
    """Write a certificate that signs itself, as CA, certificate and key."""
    pytest.importorskip("cryptography")
    from distributed.security import Security

    made = Security.temporary()
    folder.mkdir()
    files = {"CA": made.tls_ca_file, "CERT": made.tls_client_cert, "KEY": made.tls_client_key}
    for name, content in files.items():
        (folder / name).write_text(content)
    return {name: str(folder / name) for name in files}


def test_an_encrypted_cluster_knows_its_own_and_refuses_others(
    joined: Callable[[Any], WorkerPool],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    security = pytest.importorskip("distributed.security")
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 5)
    ours, foreign = certificates(tmp_path / "ours"), certificates(tmp_path / "foreign")
    files = {f"tls_{of}_{part.lower()}": ours[part] for of in ("scheduler", "worker", "client")
             for part in ("CERT", "KEY")}  # fmt: skip
    known = security.Security(tls_ca_file=ours["CA"], require_encryption=True, **files)
    with cluster(1, protocol="tls://", security=known) as made:
        assert made.scheduler_address.startswith("tls://")
        for given, elsewhere in ((ours, True), (foreign, False)):
            for name, file in given.items():
                monkeypatch.setenv(f"IL6_CLUSTER_{name}", file)
            with joined(made) as pool:
                assert (pool.submit(who).result() != os.getpid()) == elsewhere
    assert "cannot be reached" in caplog.text
