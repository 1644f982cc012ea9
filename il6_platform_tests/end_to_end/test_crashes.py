"""A whole refresh is killed, or loses its power, at its N-th file operation."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunsFilter

from il6_platform import cli
from il6_platform.defs.jobs import UNFINISHED
from il6_platform.warehouse.integrity import damages
from il6_platform_tests import crashes
from il6_platform_tests.computed_once import computing_once
from il6_platform_tests.end_to_end.conftest import Installation, forkserver, in_folder

POINTS = int(os.environ.get("IL6_TEST_CRASH_POINTS", "3"))
"""At how many operations of a refresh it is ended; every other time the power fails as well."""

FAR = 1_000_000


def ending_at(n: int, left: Path | None, options: list[str], log: Path) -> None:
    """Refresh in this process and end at its N-th operation; write down how many there were."""
    with (log / "said").open("wb") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
    home = Path(options[options.index("--home") + 1])
    crashes.ends_at(n, home, left)
    with computing_once():
        status = cli.main(["refresh", *options])
    (log / "count").write_text(str(n - crashes.operations_left()))
    sys.exit(status)


def refreshed(installation: Installation, n: int = FAR, left: Path | None = None) -> int | None:
    """Refresh in another process, which has the libraries from the first one; its exit code."""
    log = installation.home.parent
    process = forkserver().Process(target=ending_at, args=(n, left, installation.options, log))
    process.start()
    process.join()
    return process.exitcode


def published(installation: Installation) -> str:
    cut = (installation.home / "published").resolve(strict=True)
    assert not [*damages(cut)]
    return cut.name


def worklist(installation: Installation) -> dict[str, bytes]:
    """Return what the sheets say; the workbook also says when it was written."""
    with zipfile.ZipFile(installation.home / "worklist.xlsx") as book:
        return {name: book.read(name) for name in book.namelist() if name.startswith("xl/")}


def going(home: Path) -> int:
    """Count the runs that Dagster takes for running."""
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        return len(instance.get_runs(RunsFilter(statuses=UNFINISHED)))


@pytest.fixture
def behind(begun: Installation, tmp_path: Path) -> Callable[[], Installation]:
    """Copies of a home to which a second export has come."""
    begun.deliver("2021-12-31")
    numbers = iter(range(FAR))

    def copy() -> Installation:
        folder = tmp_path / f"at {next(numbers)}"
        shutil.copytree(begun.home.parent, folder, symlinks=True)
        return in_folder(folder)

    return copy


def test_readers_see_the_old_report_or_the_new_and_the_next_refresh_ends_clean(
    behind: Callable[[], Installation],
) -> None:
    whole = behind()
    old = published(whole)
    assert refreshed(whole) == 0
    new, expected, rows = published(whole), worklist(whole), whole.fingerprint()
    count = int((whole.home.parent / "count").read_text())
    assert count > 50
    seen = set()
    for place in range(1, POINTS + 1):
        # to the last operation but one
        n = place * (count - 2) // POINTS
        crashed, loses = behind(), place % 2 == 1
        left = crashed.home.parent / "left"
        if place == 2:
            # killed twice: the second time on what the first one left
            n //= 2
            assert refreshed(crashed, n) == 9
        assert refreshed(crashed, n, left if loses else None) == 9, n
        if loses:
            shutil.rmtree(crashed.home)
            left.rename(crashed.home)
        seen.add(published(crashed))
        assert refreshed(crashed) == 0, (n, loses, (crashed.home.parent / "said").read_text())
        assert published(crashed) == new, n
        assert crashed.fingerprint() == rows, n
        assert worklist(crashed) == expected, n
        assert not going(crashed.home), n
        assert cli.main(["verify", "--home", str(crashed.home)]) == 0, n
        # nothing half-built is left
        assert {cut.name for cut in (crashed.study_folder / "cuts").iterdir()} == {old, new}, n
        shutil.rmtree(crashed.home.parent)
    assert seen <= {old, new} and old in seen
