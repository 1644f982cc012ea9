"""A file or a link that several processes write at once is one of theirs, whole."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from il6_platform.files import replace_link, write_whole

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
