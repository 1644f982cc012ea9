"""A home is known by its key and its hashes."""

from __future__ import annotations

import itertools
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from il6_platform.warehouse.integrity import (
    HomeError,
    damages,
    default_landing,
    note_landings,
    open_key,
    write_manifest,
)
from il6_platform_tests.crashes import every_crash


def in_use(home: Path) -> Path:
    """A home that has a key and a delivery."""
    home.mkdir(exist_ok=True)
    open_key(home)
    (home / "deliveries").mkdir()
    (home / "deliveries" / "a").write_text("a")
    return home


def test_the_same_key_gives_the_same_pseudonyms_ever_after(tmp_path: Path) -> None:
    first = open_key(tmp_path).of("CRLM-0001")
    assert open_key(tmp_path).of("CRLM-0001") == first
    assert json.loads((tmp_path / "home.json").read_text())["version"] == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is gone"),
        ("", "is empty or damaged"),
        ("zz", "is empty or damaged"),
        ("ab", "is empty or damaged"),
        ("00" * 32, "is not the key of this home"),
    ],
)
def test_a_home_without_its_own_key_is_refused(
    tmp_path: Path, content: str | None, says: str
) -> None:
    key = in_use(tmp_path) / "pseudonym.key"
    key.unlink() if content is None else key.write_text(content)
    with pytest.raises(HomeError, match=says) as refused:
        open_key(tmp_path)
    assert refused.value.exit_status == 3
    # nothing was made in the key's place
    assert (key.read_text() if key.exists() else None) == content


def test_a_home_from_before_home_json_must_have_its_key(tmp_path: Path) -> None:
    home = in_use(tmp_path)
    (home / "home.json").unlink()
    open_key(home)
    assert (home / "home.json").exists()
    (home / "home.json").unlink()
    (home / "pseudonym.key").unlink()
    with pytest.raises(HomeError, match="is gone"):
        open_key(home)


@pytest.mark.parametrize("loses", [False, True])
def test_a_home_that_dies_while_its_key_is_made_has_one_key_ever_after(
    tmp_path: Path, *, loses: bool
) -> None:
    homes = (tmp_path / str(n) for n in itertools.count())

    def prepare() -> Path:
        home = next(homes)
        home.mkdir()
        return home

    for home in every_crash(prepare, open_key, loses=loses):
        key = home / "pseudonym.key"
        made = key.read_text() if key.exists() else None
        fingerprint = open_key(home).fingerprint
        assert open_key(home).fingerprint == fingerprint
        assert made is None or key.read_text() == made
        # what was being written is gone once it is written
        assert {one.name for one in home.iterdir()} == {"pseudonym.key", "home.json"}


def test_processes_that_begin_a_home_at_once_have_one_key(tmp_path: Path) -> None:
    # a forked process takes over a handler of signals with which it may not end
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=fresh) as pool:
        for n in range(20):
            home = tmp_path / str(n)
            found = [*pool.map(fingerprint_of, [home] * 8)]
            assert len({*found}) == 1
            assert {one.name for one in home.iterdir()} == {"pseudonym.key", "home.json"}


def fingerprint_of(home: Path) -> str:
    home.mkdir(exist_ok=True)
    return open_key(home).fingerprint


@pytest.mark.parametrize(
    "left",
    [
        *("deliveries.csv", "studies/s/cuts/c/manifest.json"),
        *("studies/s/released/c/report.html", "studies/s/patients/c.parquet"),
    ],
)
def test_no_new_key_is_made_where_anything_of_an_old_one_is_left(tmp_path: Path, left: str) -> None:
    (tmp_path / left).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / left).write_text("{}")
    with pytest.raises(HomeError, match="is gone"):
        open_key(tmp_path)
    assert not (tmp_path / "pseudonym.key").exists()


def test_a_home_knows_its_key_by_its_cuts_too(tmp_path: Path) -> None:
    """home.json is gone, or was put there with another home's key."""
    home = in_use(tmp_path / "home")
    fingerprint = open_key(home).fingerprint
    cut = home / "studies" / "s" / "cuts" / "c"
    cut.mkdir(parents=True)
    write_manifest(cut, fingerprint)
    (home / "home.json").unlink()
    assert open_key(home).fingerprint == fingerprint
    assert (home / "home.json").exists()
    other = in_use(tmp_path / "other")
    for names in (["pseudonym.key"], ["pseudonym.key", "home.json"]):
        (home / "home.json").unlink(missing_ok=True)
        for name in names:
            (home / name).write_bytes((other / name).read_bytes())
        with pytest.raises(HomeError, match=r"key is not the key of this home or .*manifest\.json"):
            open_key(home)


def test_a_cut_that_names_another_key_may_be_what_is_wrong(tmp_path: Path) -> None:
    home = in_use(tmp_path / "home")
    cut = home / "studies" / "s" / "cuts" / "c"
    cut.mkdir(parents=True)
    write_manifest(cut, "another")
    with pytest.raises(HomeError, match=rf"{cut}/manifest\.json is damaged or of another home"):
        open_key(home)


def test_a_newer_home_is_refused(tmp_path: Path) -> None:
    in_use(tmp_path)
    (tmp_path / "home.json").write_text('{"version": 99, "key": "x"}')
    with pytest.raises(HomeError, match="newer version"):
        open_key(tmp_path)
    (tmp_path / "home.json").write_text("{")
    with pytest.raises(HomeError, match=r"home\.json is damaged"):
        open_key(tmp_path)


def test_every_damage_of_a_cut_is_seen(tmp_path: Path) -> None:
    cut = tmp_path / "abc"
    cut.mkdir()
    for name in ("report.html", "report.duckdb"):
        (cut / name).write_text(name)
    write_manifest(cut)
    assert not [*damages(cut)]
    (cut / "report.html").write_text("report.htmL")
    assert [*damages(cut)] == ["abc: report.html is damaged"]
    (cut / "report.html").unlink()
    assert [*damages(cut)] == ["abc: report.html is missing"]
    # what says nothing, or lies, is no manifest
    for content in ("{", "[]", "null", '{"files": []}', '{"files": {}}', '{"files": null}', "\xff"):
        (cut / "manifest.json").write_text(content, encoding="latin-1")
        assert [*damages(cut)], content
    (cut / "report.html").write_text("report.html")
    write_manifest(cut)
    (cut / "patients.csv").write_text("patient")
    assert [*damages(cut)] == ["abc: patients.csv was not published with it"]
    (cut / "patients.csv").unlink()
    # neither a folder, empty or not, nor a link was
    (cut / "empty" / "manifest.json").mkdir(parents=True)
    (cut / "link").symlink_to(cut.parent, target_is_directory=True)
    foreign = ("empty", "empty/manifest.json", "link")
    assert [*damages(cut)] == [f"abc: {name} was not published with it" for name in foreign]
    (cut / "manifest.json").write_text("{")
    assert [*damages(cut)] == ["abc: manifest.json is damaged"]
    (cut / "manifest.json").unlink()
    assert [*damages(cut)] == ["abc: manifest.json is missing"]


def test_where_exports_were_dropped_last_is_the_landing_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IL6_LANDING", raising=False)
    home, exports = in_use(tmp_path / "home"), tmp_path / "exports"
    exports.mkdir()
    assert default_landing(home) == home / "landing"
    note_landings(home, 1, exports)
    assert default_landing(home) == exports
    # one that is made on first use holds nothing
    (home / "landing").mkdir()
    assert default_landing(home) == exports
    exports.rename(tmp_path / "moved")
    assert default_landing(home) == home / "landing"
    note_landings(home, 1, tmp_path / "moved")
    (home / "landing" / "labs.csv").write_text("patient_id\n")
    assert default_landing(home) == home / "landing"
    monkeypatch.setenv("IL6_LANDING", str(exports))
    assert default_landing(home) == exports
    (home / "home.json").write_text("{")
    monkeypatch.delenv("IL6_LANDING")
    assert default_landing(home) == home / "landing"
