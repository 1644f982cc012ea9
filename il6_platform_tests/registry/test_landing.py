"""The landing folder: what is complete, what is still being written, what is no delivery."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from il6_platform.registry import landing as looked
from il6_platform.registry.landing import UNREADABLE, Found, digests, landed


def names(landing: Path, **waits: float) -> tuple[list[str], list[str]]:
    complete, waiting = landed(landing, **waits)
    return [found.file for found in complete], waiting


def test_partial_hidden_and_linked_files_are_no_deliveries(tmp_path: Path) -> None:
    (tmp_path / "2024-01-01").mkdir()
    (tmp_path / ".hidden").mkdir()
    for file in ("labs.csv", "2024-01-01/labs.csv", ".x.csv", ".hidden/y.csv", "README.md"):
        (tmp_path / file).write_text("a\n")
    (tmp_path / "patients.csv.part").write_text("a")
    (tmp_path / "linked.csv").symlink_to(tmp_path / "labs.csv")
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path) == (["2024-01-01/labs.csv", "labs.csv"], ["patients.csv.part"])


@pytest.mark.parametrize(
    ("ahead", "settle_seconds", "is_read"),
    [(30, 0, True), (86_400, 0, True), (86_400, 5, True), (30, 5, False)],
)
def test_a_clock_that_went_back_keeps_no_export_from_being_read(
    tmp_path: Path, ahead: int, settle_seconds: int, is_read: bool
) -> None:
    (tmp_path / "labs.csv").write_text("a\n")
    at = time.time() + ahead
    os.utime(tmp_path / "labs.csv", (at, at))
    here = [["labs.csv"], []]
    assert [*names(tmp_path, settle_seconds=settle_seconds)] == (here if is_read else here[::-1])


def test_a_fresh_file_settles_first(tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_text("a\n")
    assert names(tmp_path, settle_seconds=60) == ([], ["labs.csv"])
    assert names(tmp_path, watch_seconds=0.01) == (["labs.csv"], [])


def test_a_file_that_grows_while_it_is_watched_waits(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("whole\n")
    (tmp_path / "gone.csv").write_text("soon\n")
    ended = threading.Event()

    def write() -> None:
        with (tmp_path / "labs.csv").open("w") as stream:
            while not ended.is_set():
                stream.write("row\n")
                stream.flush()
                time.sleep(0.001)

    def take_away() -> None:
        time.sleep(0.1)
        (tmp_path / "gone.csv").unlink()

    writers = [threading.Thread(target=work) for work in (write, take_away)]
    for writer in writers:
        writer.start()
    while not (tmp_path / "labs.csv").exists():
        time.sleep(0.001)
    try:
        assert names(tmp_path, watch_seconds=1) == (["patients.csv"], ["gone.csv", "labs.csv"])
    finally:
        ended.set()
        for writer in writers:
            writer.join()
    assert names(tmp_path, watch_seconds=0.01) == (["labs.csv", "patients.csv"], [])


def test_a_file_is_read_again_only_where_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 60)
    file = tmp_path / "labs.csv"
    file.write_text("a\n")
    os.utime(file, (1e9, 1e9))
    before = digests(tmp_path)
    read: list[Path] = []
    monkeypatch.setattr(Found, "read", lambda found: read.append(found.path) or b"other")
    assert digests(tmp_path) == before and not read
    # the same size at another time, another size at the same time, and both the same
    for content, when in (("b\n", 1.1e9), ("bb\n", 1.1e9), ("cc\n", 1.1e9)):
        file.write_text(content)
        os.utime(file, (when, when))
        read.clear()
        assert digests(tmp_path) != before and read == [file]


def test_a_file_of_just_now_is_read_each_time(tmp_path: Path) -> None:
    file = tmp_path / "labs.csv"
    file.write_text("a\n")
    state = file.stat()
    before = digests(tmp_path)
    file.write_text("b\n")
    # a clock that stands still between the two
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert digests(tmp_path) != before


def test_what_cannot_be_read_is_news_and_what_is_gone_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("labs.csv", "entered/labs.csv", "listed/labs.csv", "locked/labs.csv"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("a\n")
    known = digests(tmp_path)
    assert UNREADABLE not in known.values()
    read, walk, lstat, stat = Path.read_bytes, os.scandir, Path.lstat, Path.stat

    # whoever runs the tests may be allowed to read and to enter everything
    def forbid(path: Path, *folders: str) -> None:
        if {*path.relative_to(tmp_path).parts[:1]} & {*folders}:
            raise PermissionError(13, "Permission denied", str(path))

    def read_bytes(path: Path) -> bytes:
        forbid(path, "labs.csv", "listed", "locked")
        return read(path)

    def scandir(path: str) -> object:
        forbid(Path(path), "locked")
        return walk(path)

    def entered(path: Path, ask: Callable[..., os.stat_result], **how: bool) -> os.stat_result:
        forbid(path, *([] if path.parent == tmp_path else ["listed"]))
        return ask(path, **how)

    monkeypatch.setattr(looked, "_hashed", {})
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "lstat", lambda path: entered(path, lstat))
    monkeypatch.setattr(Path, "stat", lambda path, **how: entered(path, stat, **how))
    assert digests(tmp_path) == {
        "labs.csv": UNREADABLE,
        "entered/labs.csv": known["entered/labs.csv"],
        "listed/labs.csv": UNREADABLE,
        "locked": UNREADABLE,
    }
    gone = Found(tmp_path / "nowhere.csv", "nowhere.csv")
    assert gone.digest() is None and not gone.is_there()


def test_a_name_that_is_no_utf8_is_told_by_its_bytes(tmp_path: Path) -> None:
    for name in (b"K\xf6ln.csv", b"K\xe4ln.csv"):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_text("a\n")
    assert names(tmp_path) == (["K\\xe4ln.csv", "K\\xf6ln.csv"], [])
    assert len(digests(tmp_path)) == 2
