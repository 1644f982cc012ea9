"""Publishing and releasing may be killed, or the power may fail, at any operation."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from il6_platform.analysis.results import RESULT_COLUMNS
from il6_platform.files import make_folder, put_whole
from il6_platform.publishing import audit, cuts, publish, release
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import damages
from il6_platform.warehouse.standing import Standing
from il6_platform_tests.crashes import EVERY, every_crash
from il6_platform_tests.small_registry import SmallRegistry, base

KINDS = pytest.mark.parametrize("loses", [False, True], ids=["killed", "without power"])

FOLDERS = iter(range(10_000))


def of_study(site: Site) -> Warehouse:
    return Warehouse(site=site, holds="study")


def says(warehouse: Warehouse, cut: str) -> None:
    """Fill the report tables that publishing reads, as those of a cut."""
    columns = ", ".join(f'"{name}" {kind}' for name, (kind, _) in RESULT_COLUMNS.items())
    with warehouse.connect() as connection:
        connection.execute(
            "create schema if not exists report; create schema if not exists analysis;"
            f"create or replace table report.results ({columns});"
            f"create or replace table analysis.monitoring ({columns});"
            "create or replace table report.flow as select 1 as step, 'arrived' as kind, "
            "'Arrived' as label, 8 as n;"
            "create or replace table report.provenance (kind varchar, name varchar, value varchar);"
            "create or replace table study.content as select 'key' as key;"
            'create or replace table cohort.adsl as select "USUBJID", \'high\' as "MARKERGR" '
            "from cohort.subjects"
        )
        for name, value in (
            ("cut", cut),
            ("last_export", "2024-01-31" if cut == "first" else "2024-02-29"),
        ):
            connection.execute("insert into report.provenance values ('cut', ?, ?)", [name, value])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A home with one published cut, and another one ready to be published."""
    made = SmallRegistry(tmp_path)
    made.deliver("2024-01-31", base())
    made.derive()
    made.warehouse.site.add_study(made.warehouse.site.study_path)
    warehouse = of_study(made.warehouse.site)
    shutil.copy(made.warehouse.database, warehouse.database)
    # what a page says is tested elsewhere
    monkeypatch.setattr(publish, "render", lambda warehouse, *_: _cut(warehouse))
    monkeypatch.setattr(publish, "_changes", lambda *_: [])
    monkeypatch.setattr(publish, "_standing", _standing)
    says(warehouse, "first")
    publish.publish(warehouse)
    says(warehouse, "second")
    return warehouse.site


def _cut(warehouse: Warehouse) -> str:
    return str(warehouse.query("select value from report.provenance where name = 'cut'").iat[0, 0])


def _standing(warehouse: Warehouse, about: dict[str, str], after: str, changed: list[str]) -> Any:
    texts = dict.fromkeys(("title", "registry", "arrived", "analysed", "set_aside"), "")
    return Standing(
        study=warehouse.study.name,
        cut=about["cut"],
        last_export=about["last_export"],
        answer=[],
        after=after,
        changes=changed,
        **texts,
    )


def crashes(
    site: Site, tmp_path: Path, work: Callable[[Site], object], *, loses: bool
) -> Iterator[Site]:
    """Give the home after each crash."""

    def of(folder: Path) -> Site:
        return Site(home=str(folder), landing=site.landing, study_file=site.study_file)

    def prepare() -> Path:
        folder = tmp_path / f"home{next(FOLDERS)}"
        shutil.copytree(site.home_path, folder, symlinks=True)
        return folder

    for folder in every_crash(prepare, lambda folder: work(of(folder)), EVERY, loses=loses):
        yield of(folder)


@KINDS
def test_readers_see_the_old_cut_or_the_new_and_the_next_publication_is_clean(
    site: Site, tmp_path: Path, loses: bool
) -> None:
    seen = set()

    def published(of: Site) -> None:
        publish.publish(of_study(of))

    for crashed in crashes(site, tmp_path, published, loses=loses):
        for link in (crashed.published_path, crashed.home_path / "published"):
            page = (link / "report.html").read_text()
            with duckdb.connect((link / "report.duckdb").resolve(), read_only=True) as connection:
                cut = connection.execute(
                    "select value from report.provenance where name = 'cut'"
                ).fetchone()
            assert cut == (page,)
            assert not [*damages(link.resolve())]
        seen.add(page)
        published(crashed)
        assert crashed.published_path.resolve().name == "second"
        assert [*cuts.ledger(crashed)] == ["first", "second"]
        assert cuts.ledger(crashed)["second"].after == "first"
        assert not [fault for one in crashed.cuts_path.iterdir() for fault in damages(one)]
        assert duckdb.from_parquet(str(crashed.patients_of("second"))).fetchall()
        assert Standing.read(crashed.study_folder) is not None
        assert crashed.content_path.exists()
    assert seen == {"first", "second"}


@KINDS
def test_a_release_is_there_as_a_whole_and_on_record_or_not_at_all(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loses: bool
) -> None:
    def tables(of: Site, name: str, database: Path, before: list[Any]) -> str:
        shutil.copy(of.cuts_path / name / "report.duckdb", database)
        counts = make_folder(of.study_folder / "released_counts") / f"{name}.parquet"
        duckdb.sql("select 1 as n").write_parquet(str(counts.with_suffix(".new")))
        put_whole(counts.with_suffix(".new"), counts)
        return f"{name} after {[one.cut for one in before]}"

    # what leaves is tested elsewhere
    monkeypatch.setattr(release, "_released_tables", tables)

    def released(of: Site) -> None:
        release.release(of, "first", "somebody", "a reason")

    for crashed in crashes(site, tmp_path, released, loses=loses):
        folder = crashed.study_folder / "released" / "first"
        on_record = [one.cut for one in release.releases(crashed)]
        logged = [one for one in audit.entries(crashed.home_path) if one["command"] == "release"]
        # nothing can be sent that is on no record
        assert not folder.exists() or (on_record == ["first"] and len(logged) == 1)
        publish.publish(of_study(crashed))
        release.release(crashed, "second", "somebody", "another reason")
        second = crashed.study_folder / "released" / "second" / "report.html"
        assert second.read_text() == f"second after {on_record}"
        if on_record:
            assert not [*damages(folder)]
        left = {path.name for path in folder.parent.iterdir()}
        assert left == {*on_record, "second"}
        with (crashed.study_folder / "releases.csv").open(newline="") as stream:
            assert [row["cut"] for row in csv.DictReader(stream)] == [*on_record, "second"]
        assert not [*audit.breaks(crashed.home_path)]
        assert json.loads((second.parent / "manifest.json").read_text())["files"]
