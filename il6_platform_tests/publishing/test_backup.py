"""A backup holds what cannot be made again, and comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6_platform.errors import PlatformError, UsageError
from il6_platform.publishing.backup import backup, restore
from il6_platform.warehouse.integrity import open_key


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    open_key(home)
    cut = home / "studies" / "a b" / "cuts" / "c1"
    cut.mkdir(parents=True)
    (cut / "report.html").write_text("one")
    (home / "studies" / "a b" / "published").symlink_to("cuts/c1")
    (home / "published").symlink_to("studies/a b/published")
    (home / "studies" / "a b" / "working.duckdb").write_text("a cache")
    (home / "registry.duckdb").write_text("a cache")
    (home / "deliveries").mkdir()
    (home / "deliveries" / "d1").write_text("lines")
    return home


def content(home: Path) -> dict[str, str]:
    return {
        path.relative_to(home).as_posix(): path.read_text()
        for path in home.rglob("*")
        if path.is_file() and "duckdb" not in path.name
    }


def test_what_is_restored_is_what_was_backed_up(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "to")
    objects = {path.name for path in (tmp_path / "to" / "objects").iterdir()}
    (home / "deliveries" / "d2").write_text("more lines")
    backup(home, tmp_path / "to")
    # the second one adds only what is new
    assert len(list((tmp_path / "to" / "objects").iterdir())) == len(objects) + 1
    again = tmp_path / "again"
    restore(again, tmp_path / "to")
    assert content(again) == content(home)
    assert (again / "published" / "report.html").read_text() == "one"
    assert not list(again.rglob("*.duckdb"))
    assert open_key(again).of("A") == open_key(home).of("A")


def test_a_damaged_backup_is_refused_before_anything_is_written(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "to")
    victim = max((tmp_path / "to" / "objects").iterdir())
    victim.write_text("other")
    with pytest.raises(PlatformError, match="damaged"):
        restore(tmp_path / "again", tmp_path / "to")
    assert not (tmp_path / "again").exists()


def test_a_home_that_holds_something_is_not_overwritten(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "to")
    with pytest.raises(UsageError, match="not empty"):
        restore(home, tmp_path / "to")
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path / "again", tmp_path / "nowhere")
