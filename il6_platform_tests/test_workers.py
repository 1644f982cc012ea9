"""Work done ahead in other processes: the same results, its log, and what happens when one dies."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest

from il6_platform import workers as ahead_module
from il6_platform.workers import Ahead, prepare, spare_cores


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    made = Ahead(1)
    yield made
    made.close()


def who(_: object = None) -> int:
    return os.getpid()


def double(number: int) -> int:
    return 2 * number


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


def test_what_was_begun_ran_elsewhere_and_what_was_not_runs_here(ahead: Ahead) -> None:
    ahead.begin("one", who)
    assert ahead.result("one", who) != os.getpid()
    assert ahead.result("one", who) == os.getpid()
    assert ahead.result("never begun", who) == os.getpid()


def test_shares_come_back_in_their_order_the_first_from_here(ahead: Ahead) -> None:
    assert ahead.each("double", double, [(1,), (2,), (3,)]) == [2, 4, 6]
    here, other = ahead.each("who", who, [(1,), (2,)])
    assert here == os.getpid() != other
    assert ahead.each("alone", double, [(5,)]) == [10]


def test_what_waits_for_a_free_process_runs_here(ahead: Ahead, tmp_path: Path) -> None:
    ahead.begin("long", stop_until, tmp_path / "go")
    ahead.begin("waiting", who)
    assert ahead.result("waiting", who) == os.getpid()
    (tmp_path / "go").touch()
    assert ahead.result("long", stop_until, tmp_path / "go") != os.getpid()


def test_without_a_core_to_spare_all_runs_here() -> None:
    alone = Ahead(0)
    alone.begin("one", who)
    assert alone.result("one", who) == os.getpid()
    alone.close()
    assert spare_cores(0) <= 0 <= spare_cores()


def test_where_the_system_gives_none_all_runs_here(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused() -> None:
        raise OSError("no semaphores here")

    monkeypatch.setattr(forkserver, "ensure_running", refused)
    monkeypatch.setattr(ahead_module, "spare_cores", lambda: 1)
    prepare()
    alone = Ahead()
    alone.begin("one", who)
    assert alone.result("one", who) == os.getpid()
    alone.close()
    assert "no semaphores here" in caplog.text


def test_what_it_says_stands_in_this_log(ahead: Ahead, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="il6_platform"):
        ahead.begin("words", say, "bootstrap: 40%")
        ahead.result("words", say, "bootstrap: 40%")
        ahead.close()
    assert caplog.messages.count("bootstrap: 40%") == 1


def test_an_error_is_raised_where_it_is_asked_for(ahead: Ahead) -> None:
    ahead.begin("wrong", fail, "no such marker")
    with pytest.raises(ValueError, match="no such marker"):
        ahead.result("wrong", fail, "no such marker")


def test_a_process_that_dies_loses_no_work(ahead: Ahead, caplog: pytest.LogCaptureFixture) -> None:
    here = os.getpid()
    ahead.begin("dies", die_unless, here)
    ahead.begin("after it", who)
    with caplog.at_level(logging.WARNING, logger="il6_platform"):
        assert ahead.result("dies", die_unless, here) == here
        assert ahead.result("after it", who) == here
    assert "its work is done here" in caplog.text
    ahead.begin("later", who)
    assert ahead.result("later", who) == here


def test_no_process_outlives_the_one_that_began_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import time\n"
        "from pathlib import Path\n"
        "from il6_platform.workers import Ahead\n"
        "from il6_platform_tests.test_workers import stop_until, who\n"
        "if __name__ == '__main__':\n"
        "    ahead = Ahead(1)\n"
        "    ahead.begin('who', who)\n"
        "    print(ahead.result('who', who), flush=True)\n"
        f"    ahead.begin('long', stop_until, Path({str(tmp_path / 'never')!r}))\n"
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
