"""A backup holds what cannot be made again, and comes back as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from il6_platform import cli, paths
from il6_platform.errors import PlatformError, UsageError
from il6_platform.publishing.backup import backup, restore
from il6_platform.registry.landing import digest_of
from il6_platform.warehouse.integrity import open_key, write_manifest
from il6_platform_tests.crashes import every_crash


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    open_key(home)
    cut = home / "studies" / "a_b" / "cuts" / "c1"
    cut.mkdir(parents=True)
    (cut / "report.html").write_text("one")
    write_manifest(cut)
    study = paths.default_study().read_text("utf-8").replace("name: il6_bevacizumab", "name: a_b")
    (home / "studies" / "a_b" / "study.yaml").write_text(study)
    (home / "studies" / "a_b" / "cuts.csv").write_text(
        "cut,kept_at,last_export,after,pruned_at\nc1,2024-01-01,2023-12-31,,\n"
    )
    (home / "studies" / "a_b" / "published").symlink_to("cuts/c1")
    (home / "published").symlink_to("studies/a_b/published")
    (home / "studies" / "a_b" / "working.duckdb").write_text("a cache")
    (home / "registry.duckdb").write_text("a cache")
    (home / "deliveries").mkdir()
    keep(home, "lines")
    return home


def keep(home: Path, content: str) -> None:
    """Keep a delivery, in its ledger too."""
    name = digest_of(content.encode())
    (home / "deliveries" / name).write_text(content)
    ledger = home / "deliveries.csv"
    known = ledger.read_text() if ledger.exists() else "landing,file,content,kept\n"
    ledger.write_text(f"{known}1,labs.csv,{name},Y\n")


def content(home: Path) -> dict[str, str]:
    return {
        path.relative_to(home).as_posix(): path.read_text()
        for path in home.rglob("*")
        if path.is_file() and "duckdb" not in path.name
    }


def test_what_is_restored_is_what_was_backed_up(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "to")
    objects = {path.name for path in (tmp_path / "to" / "objects").iterdir()}
    keep(home, "more lines")
    backup(home, tmp_path / "to")
    # the second one adds only what is new: the delivery and the ledger
    assert len(list((tmp_path / "to" / "objects").iterdir())) == len(objects) + 2
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


@pytest.mark.parametrize(
    "damage", ["delivery", "lost delivery", "cut", "lost cut", "link", "study"]
)
def test_a_damaged_home_does_not_replace_a_good_backup(
    home: Path, tmp_path: Path, damage: str
) -> None:
    snapshot = backup(home, tmp_path / "to")
    (delivery,) = (home / "deliveries").iterdir()
    page = home / "studies" / "a_b" / "cuts" / "c1" / "report.html"
    if damage == "delivery":
        delivery.write_text("other lines")
    elif damage == "lost delivery":
        delivery.unlink()
    elif damage == "cut":
        page.write_text("two")
    elif damage == "lost cut":
        shutil.rmtree(page.parent)
    elif damage == "study":
        (home / "studies" / "a_b" / "study.yaml").unlink()
    else:
        (home / "studies" / "a_b" / "published").unlink()
        (home / "studies" / "a_b" / "published").symlink_to("cuts/c9")
    with pytest.raises(PlatformError, match="not backed up"):
        backup(home, tmp_path / "to")
    assert [*(tmp_path / "to" / "snapshots").iterdir()] == [snapshot]


@pytest.mark.parametrize("loses", [False, True])
def test_a_restoring_that_is_killed_anywhere_leaves_a_whole_home_or_none(
    home: Path, tmp_path: Path, loses: bool
) -> None:
    backup(home, tmp_path / "to")
    expected = content(home)
    number = iter(range(1000))

    def prepare() -> Path:
        folder = tmp_path / f"disk{next(number)}"
        folder.mkdir()
        return folder

    def work(folder: Path) -> None:
        restore(folder / "home", tmp_path / "to")

    killed = 0
    for folder in every_crash(prepare, work, loses=loses):
        again = folder / "home"
        if not again.exists():
            restore(again, tmp_path / "to")
        assert content(again) == expected
        killed += 1
    assert killed > 20


def test_a_restore_says_that_it_brings_back_who_was_erased_since(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup(home, tmp_path / "to")
    again = str(tmp_path / "again")
    assert cli.main(["restore", "--from", str(tmp_path / "to"), "--home", again]) == 0
    assert "forgotten or struck out after that backup" in capsys.readouterr().out
