"""A file or a link that several processes write at once is one of theirs, whole."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from il6_platform.errors import UsageError
from il6_platform.files import listed, replace_link, write_whole
from il6_platform.registry.profiles import read_profiles

CONTENTS = [letter * (1000 + 700 * number) for number, letter in enumerate("abcd")]


def write_often(path: Path, content: str) -> None:
    for _ in range(200):
        write_whole(path, content)
        replace_link(path.with_name("link"), path)


def test_processes_that_write_the_same_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    link = tmp_path / "link"
    path.write_text(CONTENTS[0])
    link.symlink_to(path)
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_often, args=(path, one)) for one in CONTENTS]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert link.read_text() in CONTENTS
    assert [writer.exitcode for writer in writers] == [0] * len(writers)
    assert {*tmp_path.iterdir()} == {path, link}


def test_a_link_takes_the_place_of_a_copy_of_what_it_leads_to(tmp_path: Path) -> None:
    folder, link = tmp_path / "cut", tmp_path / "published"
    for place in (folder, link):
        (place / "figures").mkdir(parents=True)
    replace_link(link, Path("cut"))
    assert link.readlink() == Path("cut")
    assert {*tmp_path.iterdir()} == {folder, link}


def test_a_folder_that_may_not_be_read_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.yaml", "a.yaml", "a.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in listed(tmp_path, "*.yaml")] == ["a.yaml", "b.yaml"]
    assert listed(tmp_path / "none") == listed(tmp_path / "a.txt") == []

    def refused(folder: Path) -> list[str]:
        raise PermissionError(13, "Permission denied", str(folder))

    # who is root may read every folder
    monkeypatch.setattr("os.listdir", refused)
    with pytest.raises(UsageError, match="give the platform's account the right"):
        read_profiles(tmp_path)
