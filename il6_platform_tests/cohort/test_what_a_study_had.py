"""A study that has lost what its published cut had is blocked, also where that cut is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from il6_platform.defs import cohort
from il6_platform.publishing import publish
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.integrity import write_manifest
from il6_platform.warehouse.standing import Standing
from il6_platform_tests.small_registry import STUDY, SmallRegistry, base

ANALYSED = 8


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A derived cohort of eight patients, and a published cut that had the same."""
    folder = tmp_path_factory.mktemp("losses")
    covariates = "covariates: [{name: age, kind: number}, {name: sex, kind: category}]\n"
    made = SmallRegistry(folder, study=STUDY + covariates)
    made.deliver("2024-01-31", base())
    made.derive()
    warehouse = made.warehouse
    site = warehouse.site
    cut = site.cuts_path / "cut"
    cut.mkdir()
    choices = warehouse.study.model_dump(mode="json")
    with duckdb.connect(cut / "report.duckdb") as connection:
        connection.execute(
            f"create table flow as select 'Analysed' as label, 'analysed' as kind, {ANALYSED} as n;"
            "create table provenance (kind varchar, name varchar, value varchar);"
            "create table results as select 'baseline' as analysis, null as grp, null as contrast, "
            "8 as n, unnest(['age', 'sex[F]']) as term, 'mean' as statistic"
        )
        arms = warehouse.query(
            'select "ARM" as label, count(*) as n from cohort.subjects '
            'where "ANALFL" = \'Y\' group by "ARM"'
        )
        connection.register("arms", arms)
        connection.execute("insert into flow select label, 'arm', n from arms")
        for name in ("marker", "arms"):
            connection.execute(
                "insert into provenance values ('choice', ?, ?)", [name, json.dumps(choices[name])]
            )
    write_manifest(cut)
    site.published_path.symlink_to(Path("cuts") / "cut")
    texts = dict.fromkeys(("title", "registry", "arrived", "set_aside", "last_export", "after"), "")
    counted = {"study": "study", "cut": "cut", "analysed": str(ANALYSED)}
    Standing(**texts, **counted, answer=[], changes=[]).write(site.study_folder)
    return warehouse


def judged(warehouse: Warehouse, change: str) -> tuple[bool, bool]:
    """Say whether patients and covariates are kept after a change of the cohort, undone again."""
    with warehouse.connect() as connection:
        connection.execute("create or replace temp table before as from cohort.subjects")
        connection.execute(change)
        try:
            patients = cohort._patients_are_kept(warehouse)
            covariates = cohort._covariates_are_kept(warehouse)
        finally:
            connection.execute("create or replace table cohort.subjects as from before")
    return patients.passed, covariates.passed


def test_what_is_there_passes_and_what_is_lost_blocks(warehouse: Warehouse) -> None:
    assert judged(warehouse, "select 1") == (True, True)
    assert judged(warehouse, 'update cohort.subjects set "ANALFL" = null') == (False, True)
    # more than a fifth of the patients
    few = (
        'update cohort.subjects set "ANALFL" = null where "USUBJID" in '
        '(select "USUBJID" from cohort.subjects order by 1 limit 2)'
    )
    assert judged(warehouse, few) == (False, True)
    # all of one arm in the other
    one_arm = 'update cohort.subjects set "ARM" = (select max("ARM") from cohort.subjects)'
    assert warehouse.query('select count(distinct "ARM") as n from cohort.subjects')["n"].item() > 1
    assert judged(warehouse, one_arm) == (False, True)
    for column in ("AGE", "SEX"):
        assert judged(warehouse, f'update cohort.subjects set "{column}" = null') == (True, False)


@pytest.mark.parametrize(
    "damage",
    [
        lambda cut: (cut / "report.duckdb").write_bytes(b"nonsense"),
        lambda cut: (cut / "manifest.json").write_text("{}"),
        lambda cut: (cut / "report.duckdb").unlink(),
    ],
)
def test_a_damaged_cut_is_not_replaced_by_an_empty_one(
    warehouse: Warehouse, damage: Callable[[Path], object]
) -> None:
    cut = warehouse.site.published_path.resolve()
    before = {path: path.read_bytes() for path in cut.iterdir()}
    damage(cut)
    try:
        assert judged(warehouse, 'update cohort.subjects set "ANALFL" = null')[0] is False
        assert judged(warehouse, "select 1")[0] is True
    finally:
        for path, content in before.items():
            path.write_bytes(content)


def test_a_marker_that_is_not_there_is_said_with_its_unit_and_those_of_the_registry(
    warehouse: Warehouse,
) -> None:
    """The analyte of a study file is right, and its unit may not be."""
    with warehouse.connect() as connection:
        connection.execute("create or replace temp table known as from cohort.marker_values")
        connection.execute("delete from cohort.marker_values")
        try:
            said = str(cohort._patients_are_kept(warehouse).description)
        finally:
            connection.execute("insert into cohort.marker_values from known")
    assert (
        "No result of IL-6 in pg/mL that can be used is in the registry; it has il6 in pg" in said
    )
    assert "marker.analyte or marker.unit" in said


def test_what_no_patient_has_is_said_with_the_name_that_comes_nearest(tmp_path: Path) -> None:
    """A name that is spelt otherwise would be published as never given."""
    covariates = "".join(
        f"  - {{name: {name}, kind: number{more}}}\n"
        for name, more in (
            ("ecog", ""),
            ("ekog", ""),
            ("wholly_unlike", ""),
            ("crp", ", analyte: il-66, unit: pg/mL"),
        )
    )
    study = STUDY.replace("bevacizumab", "bevacizumap") + f"covariates:\n{covariates}"
    made = SmallRegistry(tmp_path, study=study)
    made.deliver("2024-01-31", base())
    made.derive()
    assert publish._not_given(made.warehouse) == [
        "No patient has the experimental drug bevacizumap; is bevacizumab meant?",
        "No patient has the covariate crp; is il6 meant?",
        "No patient has the covariate ekog; is ecog meant?",
        "No patient has the covariate wholly_unlike; the exports may call it otherwise",
    ]
