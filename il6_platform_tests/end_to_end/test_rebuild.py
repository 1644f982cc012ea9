"""What was damaged, lost or left by a kill is made again, and comes out as it was."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunsFilter
from filelock import FileLock

from il6_platform import cli
from il6_platform.defs.jobs import UNFINISHED
from il6_platform.publishing import publish
from il6_platform.warehouse.home import Site, damaged
from il6_platform.warehouse.running import marks
from il6_platform_tests.computed_once import computing_once
from il6_platform_tests.crashes import spoil
from il6_platform_tests.end_to_end.conftest import Installation, forkserver


def pages(installation: Installation) -> dict[str, bytes]:
    """Return the page of every cut: what a reader sees of it."""
    return {
        path.parent.name: path.read_bytes()
        for path in (installation.study_folder / "cuts").glob("*/report.html")
    }


@pytest.mark.computes_anew
def test_all_that_is_made_is_made_again(begun: Installation, tmp_path: Path) -> None:
    before, home = pages(begun), begun.home
    (cut,) = before
    assert begun.refresh() == 0
    backed_up = tmp_path / "backup"
    assert cli.main(["backup", "--to", str(backed_up), "--home", str(home)]) == 0
    # page and link are damaged, the databases cannot be read, the landing folder is empty
    page = begun.study_folder / "cuts" / cut / "report.html"
    page.write_bytes(before[cut][:1000])
    (home / "published").unlink()
    spoil(begun.registry)
    spoil(begun.working)
    shutil.rmtree(begun.landing)
    begun.landing.mkdir()
    assert cli.main(["verify", "--home", str(home)]) == 3
    assert begun.refresh("--force") == 0
    assert pages(begun) == before
    assert (home / "published" / "report.html").read_bytes() == before[cut]
    assert cli.main(["verify", "--home", str(home)]) == 0
    # a restored home has no database at all
    again = Installation(tmp_path / "again", begun.landing, begun.study)
    assert cli.main(["restore", "--from", str(backed_up), "--home", str(again.home)]) == 0
    assert pages(again) == before
    assert again.refresh("--force") == 0
    assert pages(again) == before
    assert cli.main(["verify", "--home", str(again.home)]) == 0
    assert not damaged(Site(home=str(again.home), landing=str(again.landing)))


def refresh_and_die(options: list[str]) -> None:
    """Refresh in a process that is gone once the new cut is published, before it says so."""
    with pytest.MonkeyPatch.context() as patched, computing_once():
        patched.setattr(publish, "_standing", lambda *_: os._exit(9))
        cli.main(["refresh", *options])


def going(home: Path) -> list[str]:
    """Return the runs that Dagster takes for running."""
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        return [run.run_id for run in instance.get_runs(RunsFilter(statuses=UNFINISHED))]


def kill_while_it_waits(installation: Installation) -> None:
    """Kill a refresh whose run has begun, while it waits for another one to end."""
    with FileLock(installation.home / "registry.lock"):
        waiting = forkserver().Process(target=cli.main, args=(["refresh", *installation.options],))
        waiting.start()
        while not {mark.name for mark in marks(installation.home)} & {*going(installation.home)}:
            assert waiting.is_alive()
            time.sleep(0.1)
        waiting.kill()
        waiting.join()


@pytest.mark.parametrize("is_first", [False, True])
def test_what_a_kill_after_publishing_leaves_is_put_right(
    begun: Installation, capsys: pytest.CaptureFixture[str], *, is_first: bool
) -> None:
    worklist = begun.home / "worklist.xlsx"
    old, old_list = begun.fingerprint(), worklist.read_bytes()
    if is_first:
        # a home of another key
        shutil.rmtree(begun.home)
    else:
        begun.deliver("2021-12-31")
    killed = forkserver().Process(target=refresh_and_die, args=(begun.options,))
    killed.start()
    killed.join()
    assert killed.exitcode == 9
    kill_while_it_waits(begun)
    assert begun.refresh() == 0
    assert (begun.home / "published" / "report.html").is_file()
    # the same content gives the same results in another home
    assert (begun.fingerprint() == old) == is_first
    assert cli.main(["status", "--home", str(begun.home)]) == 0
    assert "Answer" in capsys.readouterr().out
    assert worklist.read_bytes() != old_list
    assert not going(begun.home)
    assert cli.main(["verify", "--home", str(begun.home)]) == 0


NIGHTS = 15
"""A quarter of the sixty of which together no more than a megabyte may come."""


def test_nights_without_news_grow_a_home_by_little(begun: Installation) -> None:
    # what was lost of the kept deliveries lies in the landing folder, and is kept again
    gone, damaged_one, *_ = sorted((begun.home / "deliveries").iterdir())
    gone.unlink()
    damaged_one.write_bytes(b"patient_id\n")
    assert cli.main(["verify", "--home", str(begun.home)]) == 3
    assert begun.refresh() == 0
    assert cli.main(["verify", "--home", str(begun.home)]) == 0
    # so are the data manager's files
    lists = [begun.home / "worklist.xlsx", begun.home / "quality.html"]
    for file in lists:
        file.unlink()
    assert begun.refresh() == 0
    assert all(file.stat().st_size for file in lists)
    # and what a command left that was killed between its last run and them
    lists[0].write_bytes(b"of the refresh before")
    due = begun.home / "registry.lists"
    due.touch()
    assert begun.refresh() == 0
    assert zipfile.is_zipfile(lists[0]) and not due.exists()
    before = sum(path.lstat().st_size for path in begun.home.rglob("*"))
    for _ in range(NIGHTS):
        assert begun.refresh() == 0
    after = sum(path.lstat().st_size for path in begun.home.rglob("*"))
    assert (after - before) * 60 / NIGHTS < 1_000_000


def test_who_is_struck_out_or_forgotten_in_a_restored_home_is_not_published(
    begun: Installation, tmp_path: Path
) -> None:
    """Both were said since the backup: a refresh in between would publish them again."""
    there = ["--home", str(begun.home)]
    assert cli.main(["backup", "--to", str(tmp_path / "backup"), *there]) == 0
    again = Installation(tmp_path / "again", begun.landing, begun.study)
    home = ["--home", str(again.home)]
    assert cli.main(["forget", "CRLM-0002", *home]) == 2
    assert cli.main(["restore", "--from", str(tmp_path / "backup"), *home]) == 0
    landing = ["--landing", str(again.landing)]
    assert cli.main(["strike", "CRLM-0001", "--why", "a typing error", *home]) == 0
    assert cli.main(["forget", "CRLM-0002", *home, *landing]) == 0
    before = int(again.ask("select n from report.flow order by step limit 1")["n"].iloc[0])
    assert again.refresh() == 0
    after = int(again.ask("select n from report.flow order by step limit 1")["n"].iloc[0])
    assert after == before - 2
