"""A home of the first edition is brought to today's, step by step, and never without a report."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import duckdb
import pytest

from il6_platform import paths
from il6_platform.errors import PlatformError
from il6_platform.publishing import cuts, migration
from il6_platform.publishing.migration import STEPS, migrate
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import damages, open_key
from il6_platform_tests.crashes import every_crash

OLD_DELIVERIES = """
create schema raw;
create table raw.deliveries (
    delivery varchar primary key, file varchar not null, table_name varchar,
    delivered_on date not null, arrived_at timestamptz not null, sequence integer not null,
    bytes bigint not null, lines integer not null, status varchar not null, problem varchar,
    position integer, source varchar, profile varchar, profile_version varchar, sheet varchar
);
insert into raw.deliveries by name select * from (values
    ('aa', '2020-01-31/patients.csv', 'patients', date '2020-01-31', 1, null),
    ('bb', '2020-01-31/all.xlsx (Labs)', 'labs', date '2020-01-31', 2, 'dd'),
    ('cc', '2020-01-31/all.xlsx (Visits)', 'follow_up', date '2020-01-31', 3, 'dd')
) as given (delivery, file, table_name, delivered_on, sequence, source),
lateral (select timestamptz '2020-02-01 10:00:00+00' as arrived_at, 1 as bytes, 1 as lines,
    'accepted' as status) as same
"""
"""What the first edition knew of its deliveries, as its last version made the table."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home as the first edition left it, with two cuts."""
    home = tmp_path / "home"
    home.mkdir()
    Pseudonyms(home / "pseudonym.key")
    with duckdb.connect(home / "working.duckdb") as connection:
        connection.execute(OLD_DELIVERIES)
    for cut in ("first", "second"):
        (home / "cuts" / cut).mkdir(parents=True)
        (home / "cuts" / cut / "report.html").write_text(cut)
        (home / "patients").mkdir(exist_ok=True)
        (home / "patients" / f"{cut}.parquet").write_text(cut)
    (home / "cuts.csv").write_text(
        "cut,kept_at,last_export,after\nfirst,2020-02-01,2020-01-31,\n"
        "second,2021-02-01,2021-01-31,first\n"
    )
    (home / "published").symlink_to(Path("cuts", "second"))
    (home / "published.content").write_text("key")
    return Site(home=str(home), landing=str(tmp_path), study_file=str(paths.default_study()))


def is_readable(site: Site) -> bool:
    return (site.home_path / "published" / "report.html").read_text() == "second"


def is_migrated(site: Site) -> None:
    home = site.home_path
    assert is_readable(site)
    assert (home / "published").readlink() == Path("studies", site.study.name, "published")
    assert site.published_path.readlink() == Path("cuts", "second")
    assert list(cuts.ledger(site)) == ["first", "second"]
    assert cuts.ledger(site)["second"].after == "first"
    assert not [fault for cut in site.cuts_path.iterdir() for fault in damages(cut)]
    assert site.patients_of("first").read_text() == "first"
    left = {path.name for path in home.iterdir()}
    assert left == {"pseudonym.key", "deliveries.csv", "studies", "published"}


def test_all_of_it_is_where_it_is_today(site: Site) -> None:
    assert migrate(site)
    is_migrated(site)
    assert not migrate(site)
    # the key stays the home's: its patients are the same
    open_key(site.home_path)


def test_when_deliveries_came_is_written_down(site: Site) -> None:
    migration.keep_landings(site)
    with site.landings_path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    # a workbook that gave two tables is one delivery, under its own name
    assert [(row["file"], row["content"]) for row in rows] == [
        ("2020-01-31/patients.csv", "aa"),
        ("2020-01-31/all.xlsx", "dd"),
    ]
    assert rows[0]["arrived_at"].startswith("2020-02-01 10:00:00")
    assert [row["landing"] for row in rows] == ["1", "2"]


@pytest.mark.parametrize("n", range(len(STEPS)))
def test_a_migration_that_was_cut_short_is_taken_up_again(site: Site, n: int) -> None:
    for step in STEPS[: n + 1]:
        step(site)
        assert is_readable(site)
        # each step may be taken twice
        step(site)
        assert is_readable(site)
    migrate(site)
    is_migrated(site)


def test_a_cut_that_was_half_copied_is_copied_again(site: Site) -> None:
    (site.cuts_path / ".first").mkdir()
    (site.cuts_path / ".first" / "report.html").write_text("half")
    migrate(site)
    assert (site.cuts_path / "first" / "report.html").read_text() == "first"
    assert not [*site.cuts_path.glob(".*")]


def test_a_database_that_cannot_be_read_is_said_and_nothing_is_lost(site: Site) -> None:
    (site.home_path / "working.duckdb").write_bytes(b"nonsense" * 2048)
    before = {path: path.is_dir() or path.read_bytes() for path in site.home_path.rglob("*")}
    with pytest.raises(PlatformError, match="of an older version cannot be read"):
        migrate(site)
    shutil.rmtree(site.home_path / "studies", ignore_errors=True)
    assert before == {path: path.is_dir() or path.read_bytes() for path in before}


@pytest.mark.parametrize("loses", [False, True])
def test_a_migration_may_be_killed_at_any_operation(
    site: Site, tmp_path: Path, loses: bool
) -> None:
    number = iter(range(1000))

    def prepare() -> Path:
        folder = tmp_path / f"home{next(number)}"
        shutil.copytree(site.home_path, folder, symlinks=True)
        return folder

    def of(folder: Path) -> Site:
        return Site(home=str(folder), landing=site.landing, study_file=site.study_file)

    killed = 0
    for folder in every_crash(prepare, lambda folder: migrate(of(folder)), loses=loses):
        assert is_readable(of(folder))
        migrate(of(folder))
        is_migrated(of(folder))
        killed += 1
    assert killed > 20
