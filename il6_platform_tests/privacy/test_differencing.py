"""Two releases do not give away between them what each hides: an attack on all pairs of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

from il6_platform import paths
from il6_platform.analysis.results import CURVE_COLUMNS, RESULT_COLUMNS
from il6_platform.errors import UsageError
from il6_platform.publishing.cuts import ledger
from il6_platform.publishing.differencing import Earlier, begin, keep_standing
from il6_platform.publishing.release import release, releases, without_counts
from il6_platform.warehouse.database import Warehouse, copy_tables
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.study_tables import prepare_study
from il6_platform_tests.end_to_end.conftest import (
    Installation,
    begun,
    grown,
    refreshed_once,
    refreshed_twice,
)

__all__ = ["begun", "grown", "refreshed_once", "refreshed_twice"]

K = 5
PLACE = ["analysis", "endpoint", "population", "contrast", "model", "term", "statistic"]
KEYS = {
    "results": [*PLACE, "grp", "at", "method"],
    "flow": ["kind", "label"],
    "data_quality": ["kind", "name", "table_name"],
    "history": ["cut", *PLACE],
}


def given_away(first: Path, second: Path) -> Iterator[tuple[object, ...]]:
    """Give what an attacker reads off two releases: counts that differ by few patients, and
    figures of the same patients that moved."""
    for table, keys in KEYS.items():
        both = _compared(_read(first, table), _read(second, table), keys)
        for count in ("n", "events"):
            if f"{count}_a" in both:
                differ = (both[f"{count}_a"] - both[f"{count}_b"]).abs().between(1, K - 1)
                yield from ((table, count, *row) for row in both.loc[differ, keys].to_numpy())
        if "estimate_a" in both:
            same = (both["n_a"] == both["n_b"]) & (both["events_a"] == both["events_b"])
            moved = same & ((both["estimate_a"] - both["estimate_b"]).abs() > 1e-9)
            yield from ((table, "estimate", *row) for row in both.loc[moved, keys].to_numpy())


def _compared(first: pd.DataFrame, second: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Put the same figures side by side; of the others, those that differ by a time or a method."""
    suffixes = ("_a", "_b")
    first, second = (one.assign(row=range(len(one))) for one in (first, second))
    same = first.merge(second, on=keys, suffixes=suffixes)
    others = first[~first["row"].isin(same["row_a"])].merge(
        second[~second["row"].isin(same["row_b"])],
        on=[key for key in keys if key not in ("at", "method")],
        suffixes=suffixes,
    )
    return pd.concat([same, others.reindex(columns=same.columns)], ignore_index=True)


def _read(folder: Path, table: str) -> pd.DataFrame:
    with duckdb.connect(folder / "report.duckdb", read_only=True) as connection:
        frame = connection.execute(f"from report.{table}").df()
    return frame.fillna({key: "-" for key in KEYS[table] if key != "at"})


def test_no_pair_of_releases_gives_anybody_away(grown: Installation) -> None:
    site = Site(home=str(grown.home), landing=str(grown.landing), study_file=str(grown.study))
    folders = [release(site, cut, "a test", "to attack it") for cut in ledger(site)]
    assert len(folders) == len(releases(site)) == 2
    cuts = [grown.study_folder / "cuts" / folder.name for folder in folders]
    # inside, the two cuts differ by a few patients
    assert [*given_away(*cuts)]
    for pair in itertools.combinations(folders, 2):
        assert not [*given_away(*pair)]
    told = [set(_read(folder, "history")["cut"]) for folder in folders]
    assert told == [{folders[0].name}, {folder.name for folder in folders}]
    with pytest.raises(UsageError, match="released already"):
        release(site, folders[0].name, "a test", "again")


def test_releases_of_two_studies_of_a_home_give_nobody_away(begun: Installation) -> None:
    asked = yaml.safe_load(begun.study.read_text("utf-8"))
    # the same question, without the few whose marker was measured a week before
    asked |= {"name": "another", "marker": asked["marker"] | {"window_days": [-7, 0]}}
    other = begun.study.with_name("another.yaml")
    other.write_text(yaml.safe_dump(asked), "utf-8")
    studies = [begun, Installation(begun.home, begun.landing, other)]
    assert studies[1].refresh() == 0
    folders, cuts = [], []
    for one in studies:
        site = Site(home=str(one.home), landing=str(one.landing), study_file=str(one.study))
        (cut,) = ledger(site)
        cuts.append(one.study_folder / "cuts" / cut)
        folders.append(release(site, cut, "a test", "to attack it"))
    assert [*given_away(*cuts)]
    assert not [*given_away(*folders)]
    # the first one to be released says what it says, the second what tells of nobody
    told = [_read(folder, "results")["estimate"].notna().sum() for folder in folders]
    assert told[0] > told[1] > 0


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    study = tmp_path / "study.yaml"
    text = paths.default_study().read_text("utf-8")
    study.write_text(f"{text}quality: {{minimal_cell: {K}}}\n")
    site = Site(home=str(tmp_path / "home"), landing=str(tmp_path), study_file=str(study))
    made = Warehouse(site=site, holds="study")
    with made.connect() as connection:
        prepare_study(connection, site)
        yield made


def says(warehouse: Warehouse, n: int | None, estimate: float) -> None:
    """Fill the report tables with one figure of n patients."""
    rows = [{"analysis": "cox", "statistic": "hazard_ratio", "population": "all"}]
    frame = pd.DataFrame(rows).assign(n=n, events=n, estimate=estimate)
    # what is not there changes nothing
    frame = frame if n is not None else frame.iloc[:0]
    warehouse.write("report.results", frame.reindex(columns=[*RESULT_COLUMNS]), RESULT_COLUMNS, "")
    warehouse.write(
        "report.curves", pd.DataFrame(columns=[*CURVE_COLUMNS]), CURVE_COLUMNS, "no curve"
    )
    with warehouse.connect() as connection:
        connection.execute(
            "create or replace table report.flow as "
            f"select 'analysed' as kind, 'Analysed' as label, {n or 0} as n;"
            "create or replace table report.history (cut varchar);"
            "create or replace table report.data_quality "
            "(kind varchar, name varchar, table_name varchar, n integer)"
        )


def put(connection: duckdb.DuckDBPyConnection, one: Earlier) -> None:
    """Put what the report tables say where an earlier release of it lies."""
    copy_tables(connection, "report", one.database)
    connection.sql("select n, events from report.results").write_parquet(str(one.counts))


@pytest.mark.parametrize(
    ("earlier", "now", "expected"),
    [
        # fewer than the minimal cell came: the figure stands, and so where some came and some left
        ([100], 103, 100),
        ([100], 100, 100),
        # enough came
        ([100], 105, 105),
        # far enough from the last release, and not from the one before it
        ([100, 106], 101, 106),
        ([100, 106], 112, 112),
        # not in the last release, and too near to an earlier one
        ([100, None], 101, None),
        ([100, None], 110, 110),
    ],
)
def test_a_figure_is_far_from_all_earlier_ones_or_stands(
    warehouse: Warehouse,
    tmp_path: Path,
    earlier: list[int | None],
    now: int,
    expected: int | None,
) -> None:
    released = []
    with warehouse.connect() as connection:
        for number, n in enumerate(earlier):
            says(warehouse, n, 0.5 + number)
            released.append(Earlier(tmp_path / f"{number}.duckdb", tmp_path / f"{number}.parquet"))
            put(connection, released[-1])
        says(warehouse, now, 9.0)
        begin(connection)
        keep_standing(warehouse, connection, released)
        (row,) = connection.execute("select n, estimate from report.results").fetchall()
        (counted,) = connection.execute("select n from report.flow").fetchall()[0]
    assert row[0] == expected
    assert row[1] == (9.0 if expected == now != earlier[-1] else expected and len(earlier) - 0.5)
    assert all(counted == n or abs(counted - n) >= K for n in earlier if n is not None)


@pytest.mark.parametrize(
    ("other", "few_changed", "own", "now", "expected"),
    [
        # a few patients are in one of the studies alone, or one came for another
        (100, False, None, 101, None),
        (100, True, None, 100, None),
        # the same patients are asked something else, and enough others are
        (100, False, None, 100, 100),
        (100, False, None, 110, 110),
        # the study's own last release stands
        (100, False, 90, 101, 90),
        (100, True, 90, 100, 90),
        (100, True, 90, 90, 90),
    ],
)
def test_studies_that_differ_by_few_patients_are_not_told_apart(
    warehouse: Warehouse,
    tmp_path: Path,
    other: int,
    few_changed: bool,
    own: int | None,
    now: int,
    expected: int | None,
) -> None:
    before = [] if own is None else [Earlier(tmp_path / "own.duckdb", tmp_path / "own")]
    before += [Earlier(tmp_path / "other.duckdb", tmp_path / "other", False, few_changed)]
    with warehouse.connect() as connection:
        for one, n in zip(before, [own, other] if own is not None else [other], strict=True):
            says(warehouse, n, 0.5)
            put(connection, one)
        says(warehouse, now, 9.0)
        begin(connection)
        keep_standing(warehouse, connection, before)
        (row,) = connection.execute("select n, estimate from report.results").fetchall()
        (counted,) = connection.execute("select n from report.flow").fetchall()[0]
        curves = connection.execute("from kept_curves").fetchall()
    assert row == (expected, None if expected is None else 9.0 if expected == now != own else 0.5)
    assert counted is None or counted == other or abs(counted - other) >= K
    assert not curves


def test_a_level_that_may_be_anything_leaves_no_site(warehouse: Warehouse) -> None:
    rows = [
        {"analysis": "baseline", "statistic": "rate", "term": "sex[F]", "n": 20},
        {"analysis": "baseline", "statistic": "rate", "term": "grade[Plantagenet, 1950]", "n": 20},
        {"analysis": "sites", "statistic": "hazard_ratio", "term": "SITEID[A]", "n": 30},
        {"analysis": "sites", "statistic": "hazard_ratio", "term": "SITEID[Plantagenet]", "n": 1},
        {
            "analysis": "sites",
            "statistic": "hazard_ratio_without_site",
            "term": "SITEID[Plantagenet]",
            "n": 30,
        },
    ]
    frame = pd.DataFrame(rows).reindex(columns=[*RESULT_COLUMNS])
    warehouse.write("report.results", frame, RESULT_COLUMNS, "")
    with warehouse.connect() as connection:
        connection.execute("insert into study.covariates (name, kind) values ('grade', 'category')")
    warehouse.run_sql("release.levels")
    assert list(warehouse.read("report.results")["term"]) == ["sex[F]", "SITEID[A]"]


@pytest.mark.parametrize(
    ("note", "left"),
    [
        ("1 patient is censored by the rule.", None),
        ("16 of 51 patients excluded: 13 with the event and 3 censored by the landmark.", None),
        ("Read with care. 2 events are left out.", "Read with care."),
        ("Fewer than 5 patients on one side.", "Fewer than 5 patients on one side."),
        (
            "An expected count is below 5: read with care.",
            "An expected count is below 5: read with care.",
        ),
        ("Fraction of missing information 0.057 (6 imputations).",) * 2,
    ],
)
def test_a_note_that_counts_patients_stays_inside(note: str, left: str | None) -> None:
    assert without_counts(note) == left
