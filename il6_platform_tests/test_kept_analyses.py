"""The rows of an analysis are kept where all that it is made of is what it was, and only there."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform import paths
from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.spec import analyses
from il6_platform.cohort.looks import Look
from il6_platform.defs import kept
from il6_platform.paths import code_version
from il6_platform.publishing.content import versions
from il6_platform.report.page import forget_figures, render
from il6_platform.study import read_study
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform_tests.derivation import warehouse_of
from il6_platform_tests.end_to_end.conftest import Installation
from il6_platform_tests.end_to_end.conftest import begun as begun
from il6_platform_tests.end_to_end.conftest import refreshed_once as refreshed_once

LOOKS_BACK, COMES_AFTER = "evidence", "multiplicity"

CELL = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["", "Y", "0"]))
TABLES = ("adsl", "adtte", "adrs", "adtr", "set_aside", "panel")
ROWS = st.lists(st.tuples(CELL, CELL).map(lambda row: tuple(map(repr, row))), max_size=3)
COHORTS = st.fixed_dictionaries(dict.fromkeys(TABLES, ROWS))


def key_of(cohort: dict[str, list[tuple[str, str]]], analysis: str = "cox", **more: object) -> str:
    """Return the key of an analysis of cohort tables of two columns."""
    study = read_study(paths.default_study())
    given_to = (Cohort(pd.DataFrame()), study, date(2024, 1, 1))
    with tempfile.TemporaryDirectory() as folder:
        warehouse = warehouse_of(Path(folder), paths.default_study())
        Path(folder, "home").mkdir()
        with warehouse.connect() as connection:
            connection.execute("create schema cohort; create schema analysis; create schema study")
            for name, rows in {**cohort, "validity": more.get("earlier", [])}.items():
                table = f"{'analysis' if name == 'validity' else 'cohort'}.{name}"
                connection.execute(f"create table {table} (a varchar, b varchar)")
                for row in rows:  # type: ignore[attr-defined]
                    connection.execute(f"insert into {table} values (?, ?)", row)
            changed = more.get("changed", lambda given: given)
            return kept.key(warehouse, analyses()[analysis].spec, changed(given_to))  # type: ignore[operator]


@settings(max_examples=8)
@given(COHORTS, COHORTS)
def test_a_key_stands_for_the_rows_of_a_cohort(
    one: dict[str, list[tuple[str, str]]], other: dict[str, list[tuple[str, str]]]
) -> None:
    assert key_of(one) == key_of({name: [*rows] for name, rows in one.items()})
    assert (key_of(one) == key_of(other)) == (one == other)


def test_all_that_an_analysis_is_given_is_in_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    cohort: dict[str, list[tuple[str, str]]] = {name: [("1", "2")] for name in TABLES}
    look = Look("2024-01-01", "PFS", "all", "experimental vs control", 3, 9)
    known = key_of(cohort)
    others = [
        key_of(cohort, changed=lambda one: (one[0], one[1].model_copy(update={"seed": 1}), one[2])),
        key_of(cohort, changed=lambda one: (*one[:2], None)),
        key_of(cohort, changed=lambda one: (replace(one[0], looks=(look,)), *one[1:])),
        key_of(cohort, COMES_AFTER),
        key_of(cohort, COMES_AFTER, earlier=[("1", "2")]),
    ]
    monkeypatch.setattr(kept, "versions", lambda: {"numpy": "another one"})
    others.append(key_of(cohort))
    monkeypatch.undo()
    monkeypatch.setattr(kept, "code_version", lambda: "another one")
    assert len({known, *others, key_of(cohort)}) == len(others) + 2


def noted(installation: Installation) -> dict[str, str]:
    """Return what the rows of each analysis are made of."""
    with duckdb.connect(installation.working, read_only=True) as connection:
        return dict(connection.execute("from study.analysed").fetchall())


def page(installation: Installation) -> bytes:
    return (installation.study_folder / "published" / "report.html").read_bytes()


@pytest.mark.refreshes
def test_what_a_delivery_does_not_move_is_not_analysed_again(begun: Installation) -> None:
    before = noted(begun)
    assert before.keys() == analyses().keys()
    patients = pd.read_csv(begun.landing / "2019-12-31" / "patients.csv", dtype=str)
    rows = (
        patients[["patient_id"]]
        .head(3)
        .assign(analyte="crp", value=[2, 3, 4], unit="mg/L", collected_on="2019-06-30")
    )
    folder = begun.landing / "2020-01-15"
    folder.mkdir()
    rows.to_csv(folder / "labs_update.csv", index=False)
    # a row that was moved by hand shows what is kept
    with duckdb.connect(begun.working) as connection:
        connection.execute("update analysis.baseline set note = 'kept'")
    assert begun.refresh() == 0
    after = noted(begun)
    looks = {name for name, one in analyses().items() if one.spec.looks_back}
    assert {name for name, key in after.items() if before[name] != key} == looks
    assert begun.ask("select 1 from report.results where note = 'kept'").size > 0
    # made anew, here and without the database, it is the cut that it is
    shutil.rmtree((begun.study_folder / "published").resolve())
    assert begun.refresh("--force") == 0
    assert begun.ask("select 1 from report.results where note = 'kept'").empty
    made, results = page(begun), begun.fingerprint()
    begun.working.unlink()
    begun.registry.unlink()
    shutil.rmtree((begun.study_folder / "published").resolve())
    assert begun.refresh() == 0
    assert (page(begun), begun.fingerprint(), noted(begun)) == (made, results, after)


@pytest.mark.refreshes
def test_figures_are_drawn_again_where_their_rows_are_others(begun: Installation) -> None:
    site = Site(home=str(begun.home), landing=str(begun.landing)).of_study(begun.study_folder.name)
    warehouse, by = Warehouse(site, "study"), " ".join([code_version(), *versions().values()])
    asked = "select figures from study.drawn"
    with warehouse.connect():
        drawn = render(warehouse)
        assert render(warehouse, (), by) == drawn
        kept_ones = warehouse.query(asked)["figures"].item()
        # a caption that was changed by hand shows what is kept
        warehouse.query("update study.drawn set figures = replace(figures, 'Patient flow', 'Kept')")
        assert "Kept: " in render(warehouse, (), by)
        assert "Kept: " not in render(warehouse)
        # what is known of earlier days is drawn at every refresh
        warehouse.query(
            "update report.results set estimate = 2 * estimate where analysis = 'evidence'"
        )
        moved = render(warehouse, (), by)
        assert moved.replace("Kept: ", "Patient flow: ") == render(warehouse) != drawn
        for changed in (
            "update report.results set n = n + 1 where analysis = 'survival'",
            "update report.curves set y = y / 2",
            "update report.flow set n = n + 1",
        ):
            warehouse.query("update study.drawn set figures = replace(figures, '[', 'no JSON')")
            warehouse.query(changed)
            assert render(warehouse, (), by) == render(warehouse)
        assert render(warehouse, (), "another code") == render(warehouse)
        forget_figures(warehouse)
        assert render(warehouse, (), by) == render(warehouse)
        assert warehouse.query(asked)["figures"].item() != kept_ones
