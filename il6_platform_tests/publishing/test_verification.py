"""Whatever of a home is damaged, lost or foreign is said, and by the command in a sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from il6_platform import cli
from il6_platform.files import write_whole
from il6_platform.publishing.audit import append
from il6_platform.publishing.cuts import database_before, predecessor
from il6_platform.publishing.release import release_faults
from il6_platform.publishing.verification import verify
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import note_landings, write_manifest
from il6_platform_tests.publishing.test_backup import home

__all__ = ["home"]

STUDY = Path("studies", "a_b")


@pytest.fixture
def released(home: Path) -> Path:
    """A home whose only cut was released, and whose ledger of deliveries has one line."""
    for cache in home.rglob("*.duckdb"):
        cache.unlink()
    folder = home / STUDY / "released" / "c1"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("one")
    write_manifest(folder)
    (home / STUDY / "releases.csv").write_text("cut,released_at,by,why,after\nc1,2024,A,B,\n")
    append(home, "release", "made", {"study": "a_b", "cut": "c1"})
    append(home, "release", "exit status 3", {"study": "a_b", "cut": "c2"})
    for name in ("patients", "released_counts"):
        (home / STUDY / name).mkdir()
        duckdb.sql("select 1 as n").write_parquet(str(home / STUDY / name / "c1.parquet"))
    note_landings(home, 1, home / "landing")
    return home


def faults(home: Path) -> str:
    return "; ".join(verify(Site(home=str(home), landing=str(home))).faults)


def copied(link: Path) -> None:
    """Put a copy in the place of a link, as a tool does that follows links."""
    there = link.resolve()
    link.unlink()
    shutil.copytree(there, link)


def looped(link: Path) -> None:
    link.unlink()
    link.symlink_to(link.name)


def nothing(file: Path) -> None:
    file.write_bytes(b"")


def without_lines(file: Path) -> None:
    file.write_text(file.read_text().splitlines()[0] + "\n")


DAMAGES: dict[str, tuple[Path, Callable[[Path], object], str]] = {
    "link gone": (STUDY / "published", Path.unlink, "published leads nowhere"),
    "link in a circle": (STUDY / "published", looped, "published leads nowhere"),
    "a copy for the link": (STUDY / "published", copied, "published leads to no cut of it"),
    "home's link gone": (Path("published"), Path.unlink, "published does not lead to what"),
    "a copy for the home's link": (Path("published"), copied, "published does not lead to what"),
    "a folder in a cut": (STUDY / "cuts/c1/figures", Path.mkdir, "was not published with it"),
    "order of cuts gone": (STUDY / "cuts.csv", Path.unlink, "cuts.csv does not know it"),
    "deliveries' ledger cut off": (Path("deliveries.csv"), without_lines, "has 0 lines and had 1"),
    "release gone": (STUDY / "released" / "c1", shutil.rmtree, "c1: is gone"),
    "page of a release": (STUDY / "released/c1/report.html", nothing, "report.html is damaged"),
    "release off the record": (STUDY / "releases.csv", without_lines, "does not know it"),
    "releases.csv gone": (STUDY / "releases.csv", Path.unlink, "does not know it"),
    "counts of a release": (STUDY / "released_counts/c1.parquet", Path.unlink, "gone or damaged"),
    "patients of a release": (STUDY / "patients/c1.parquet", nothing, "gone or damaged"),
    "end of the log": (Path("log"), without_lines, "had 2 entries and has 1"),
}


def test_a_whole_home_has_no_fault(released: Path) -> None:
    assert not faults(released)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_said(
    damage: str, released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, do, said = DAMAGES[damage]
    do(released / place)
    assert said in faults(released)
    assert cli.main(["verify", "--home", str(released)]) == 3
    assert cli.main(["status", "--home", str(released)]) == 0
    assert "report it" not in capsys.readouterr().err


def test_a_release_that_only_the_log_knows_is_missed(released: Path) -> None:
    shutil.rmtree(released / STUDY / "released" / "c1")
    without_lines(released / STUDY / "releases.csv")
    assert [*release_faults(released / STUDY)] == ["c1: releases.csv does not know it"]


@pytest.mark.parametrize("file", ["deliveries.csv", "studies/a_b/cuts.csv"])
@pytest.mark.parametrize("left", [b"", b"cut,kept_at\n", b"\xff\xfe", "header"])
def test_a_ledger_that_is_no_table_is_named(
    file: str, left: bytes | str, released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = (released / file).read_bytes()
    # to the middle of the last line
    (released / file).write_bytes(left if isinstance(left, bytes) else content[:-20])
    assert cli.main(["verify", "--home", str(released)]) == 3
    assert f"{Path(file).name} is damaged" in capsys.readouterr().err


def test_a_home_that_lost_what_says_so_is_no_empty_folder(
    released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (released / "home.json").unlink()
    for command in (["verify"], ["prune"], ["backup", "--to", str(tmp_path / "to")]):
        assert cli.main([*command, "--home", str(released)]) == 3
        assert "home.json is gone" in capsys.readouterr().err
        assert cli.main([*command, "--home", str(tmp_path / "nowhere")]) == 2


@pytest.mark.parametrize("sql", [";", "-- a comment", "/* another */ ;", " ;; "])
def test_a_query_of_nothing_is_wrong_use(
    sql: str, released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = released / STUDY / "cuts" / "c1" / "report.duckdb"
    duckdb.connect(database).close()
    assert cli.main(["query", "--home", str(released), sql]) == 2
    assert "ask something" in capsys.readouterr().err


def test_a_key_of_content_that_cannot_be_read_is_none(released: Path) -> None:
    from il6_platform.publishing.content import published_content

    site = Site(home=str(released), landing=str(released)).of_study("a_b")
    for content, key in (
        (b"key\nc1", "key"),
        (b"key", "key"),
        # the link leads to another cut than the one that was published last
        (b"key\nc2", None),
        (b"", None),
        (b"\xff\xfe\x00", None),
        (b"key\nc1\nmore", None),
    ):
        site.content_path.write_bytes(content)
        assert published_content(site) == key
    write_whole(site.content_path, "key\nc1")
    (released / STUDY / "cuts" / "c1" / "report.html").write_text("two")
    assert published_content(site) is None


@pytest.mark.parametrize(
    ("lines", "cut", "before"),
    [
        # the ledger is lost while the current cut is made again
        ("", "c1", ""),
        ("", "c2", "c1"),
        ("c0,2023,2023-06-30,,\nc1,2024,2023-12-31,c0,\n", "c1", "c0"),
        ("c0,2023,2023-06-30,,\nc1,2024,2023-12-31,c0,\n", "look back", "c0"),
        # lines in a circle are no order
        ("c1,2024,2023-12-31,c1,\n", "c1", ""),
        ("c1,2024,2023-12-31,c1,\n", "look back", ""),
        ("c0,2023,2024-06-30,c1,\nc1,2024,2024-12-31,c0,\n", "look back", ""),
    ],
)
def test_no_cut_comes_after_itself(released: Path, lines: str, cut: str, before: str) -> None:
    site = Site(home=str(released), landing=str(released)).of_study("a_b")
    site.ledger_path.write_text(f"cut,kept_at,last_export,after,pruned_at\n{lines}")
    last_export = "2023-07-31" if cut == "look back" else "2024-12-31"
    assert predecessor(site, cut, last_export) == before
    # no cut here has a database
    assert database_before(site, cut, last_export) is None
