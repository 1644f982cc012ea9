"""Which exports are full, what they lack, and what becomes of a record that is gone."""

from __future__ import annotations

import pandas as pd
import pytest

from il6_platform.validation.completeness import exports, shrunk
from il6_platform_tests.validation.conftest import Registry

Records = dict[str, str]


def shared(deliveries: list[Records]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count by hand what `sql/validation/shared_records.sql` counts, from record -> content."""
    pairs = [
        {
            "table_name": "patients",
            "site": "",
            "later": later,
            "earlier": earlier,
            "shared": len(records.keys() & before.keys()),
            "unchanged": sum(before.get(record) == said for record, said in records.items()),
            "patients": len(records.keys() & before.keys()),
        }
        for later, records in enumerate(deliveries, start=1)
        for earlier, before in enumerate(deliveries[:later], start=1)
    ]
    found = pd.DataFrame(pairs)
    known = pd.DataFrame(
        {
            "table_name": "patients",
            "site": "",
            "batch": range(1, len(deliveries) + 1),
            "file": [f"export-{i}.csv" for i in range(1, len(deliveries) + 1)],
            "delivered_on": pd.Timestamp("2024-01-01"),
            "median_day": pd.NaT,
        }
    )
    return known, found[found["shared"] > 0]


def people(first: int, last: int, said: str = "as before") -> Records:
    return {f"patient {i}": said for i in range(first, last + 1)}


CASES = {
    "a registry that grows": ([people(1, 20), people(1, 30)], ["full", "full"], 0),
    "a few that left": ([people(1, 20), people(3, 22)], ["full", "full"], 0),
    "half are missing": ([people(1, 20), people(1, 10)], ["full", "full"], 1),
    "cut short to a sixth": ([people(1, 60), people(1, 10)], ["full", "full"], 1),
    "corrections of a sixth": (
        [people(1, 60), people(1, 10, "corrected")],
        ["full", "update"],
        0,
    ),
    "one patient sent again": ([people(1, 60), people(1, 1)], ["full", "update"], 0),
    "new patients only": ([people(1, 20), people(21, 22)], ["full", "full"], 0),
    "two sites in turn": (
        [people(1, 20), people(101, 130), people(1, 22), people(101, 131)],
        ["full"] * 4,
        0,
    ),
    "one of two sites cut short": (
        [people(1, 20), people(101, 130), people(1, 22), people(101, 110)],
        ["full"] * 4,
        1,
    ),
    "cut short, then whole": ([people(1, 20), people(1, 10), people(1, 21)], ["full"] * 3, 0),
    "cut short after an update": (
        [people(1, 20), people(21, 22), people(1, 8) | people(21, 22)],
        ["full"] * 3,
        1,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_short_export_is_told_from_an_update(case: str) -> None:
    deliveries, kinds, short = CASES[case]
    found = exports(*shared(deliveries))
    assert list(found["kind"]) == kinds
    assert len(shrunk(found, 0.2)) == short


def test_the_study_file_can_say_what_exports_are() -> None:
    given = shared([people(1, 60), people(1, 5), people(1, 20)])
    assert list(exports(*given, "full")["kind"]) == ["full"] * 3
    assert list(exports(*given, "updates")["kind"]) == ["full", "update", "update"]
    assert exports(*given, "updates")["then_full"].isna().all()


def test_an_export_of_patients_that_is_cut_short_blocks(made: Registry) -> None:
    everyone = [f"P{i},F,1950-01-{i:02}," for i in range(1, 21)]
    made.deliver("2024-01-01", patients=everyone)
    assert made.stage()
    made.deliver("2024-02-01", patients=everyone[:12])
    assert not made.stage()
    said = made.checks["staging.exports", "registry_did_not_shrink"]
    assert not said.passed and said.blocking
    assert "2024-02-01/patients.csv holds 12 patients; 8 of the 20" in said.description
    assert "max_missing_share" in said.description
    made.deliver("2024-03-01", patients=[*everyone, "P21,M,1950-02-01,"])
    assert made.stage()


def test_labs_that_are_cut_short_block_and_a_corrected_record_does_not(made: Registry) -> None:
    people = [f"P{i},F,1950-01-{i:02}," for i in range(1, 11)]
    labs = [f"P{i},il6,{i},pg/mL,2023-05-0{i}" for i in range(1, 10)]
    made.deliver("2024-01-01", patients=people, labs=labs)
    assert made.stage()
    made.deliver("2024-02-01", patients=people, labs=labs[:5])
    assert not made.stage()
    said = made.checks["staging.exports", "registry_did_not_shrink"]
    assert "2024-02-01/labs.csv holds 5 records; 4 of the 9" in str(said.description)
    # every day is another one, and one sample was another patient's
    corrected = [line.replace("2023-05", "2023-06") for line in labs[1:]]
    made.deliver("2024-02-01", patients=people, labs=corrected)
    assert made.stage()


def test_the_registry_file_says_how_a_site_delivers(made: Registry) -> None:
    home = made.folder / "home"
    home.mkdir(exist_ok=True)
    made.study.write_text(made.study.read_text().replace("quality: {max_quarantine_share: 1}", ""))
    (home / "registry.yaml").write_text(
        "exports: full\nsites: {north: {exports: updates}, south: {every_days: 30}}\n"
        "quality: {max_quarantine_share: 1, max_missing_share: 0.9}\n"
    )
    assert made.warehouse.site.exports_meant == {"": "full", "*": "full"} | {"north": "updates"}
    people = [f"P{i},F,1950-01-{i:02}," for i in range(1, 11)]
    others = [line.replace("1950", "1960") for line in people]
    for site, lines in (("north", people), ("south", others)):
        made.deliver(f"{site}/2024-01-01", patients=lines)
        made.deliver(f"{site}/2024-02-01", patients=lines[:8])
    asked = "select site, list(kind order by batch) as kinds from staging.exports group by 1"

    def kinds() -> dict[str, list[str]]:
        assert made.stage()
        return {row.site: list(row.kinds) for row in made.ask(asked).itertuples()}

    expected = {"north": ["full", "update"], "south": ["full", "full"]}
    assert kinds() == expected
    # a site is one in capital and small letters; what is said of it is not said of another one
    (home / "registry.yaml").write_text(
        "sites: {North: {exports: updates}}\n"
        "quality: {max_quarantine_share: 1, max_missing_share: 0.9}\n"
    )
    assert kinds() == expected
    # the only site of a registry need not be named in its exports
    assert made.warehouse.site.exports_meant[""] == "updates"


def test_an_export_without_a_patient_blocks(made: Registry) -> None:
    made.deliver("2024-01-01", patients=["P1,F,1950-01-01,"])
    assert made.stage()
    made.deliver("2024-02-01", patients=[])
    assert not made.stage()
    assert "holds no patient" in str(
        made.checks["staging.exports", "registry_did_not_shrink"].description
    )


def test_a_record_that_is_gone_is_used_and_reported(made: Registry) -> None:
    patients = [f"P{i},F,1950-01-{i:02}," for i in range(1, 11)]
    labs = [f"P{i},il6,{i},pg/mL,2023-05-0{i}" for i in range(1, 9)]
    made.deliver("2024-01-01", patients=patients, labs=labs)
    made.deliver("2024-02-01", patients=patients[1:], labs=labs[1:])
    assert made.stage()
    assert made.broken() == {
        ("2024-01-01/patients.csv:2", "record_is_still_delivered"),
        ("2024-01-01/labs.csv:2", "record_is_still_delivered"),
    }
    assert len(made.ask("from staging.patients")) == 10
    sentence = made.ask("select sentence from staging.quarantine where table_name = 'labs'")
    assert "2024-02-01/labs.csv" in sentence["sentence"].iloc[0]


def test_a_wrong_line_that_later_exports_put_right_leaves_the_worklist(made: Registry) -> None:
    patients = [f"P{i},F,1950-01-{i:02}," for i in range(1, 11)]
    labs = [f"P{i},il6,{i},pg/mL,2023-05-0{i}" for i in range(1, 9)]
    # a wrong day and a missing number: the record cannot be known again when it comes right
    wrong = ["P9,il6,9,pg/mL,2203-05-09", ",il6,9,pg/mL,2023-05-09"]
    made.deliver("2024-01-01", patients=patients, labs=[*labs, *wrong])
    assert made.stage()
    assert {rule for _, rule in made.broken()} == {
        "collected_on_not_after_delivered_on",
        "patient_id_is_given",
    }
    right = ["P9,il6,9,pg/mL,2023-05-09", "P10,il6,9,pg/mL,2023-05-09"]
    made.deliver("2024-02-01", patients=patients, labs=[*labs, *right])
    assert made.stage()
    assert made.broken() == set()
    status = made.ask(
        "select status, count(*) n from staging.lines where table_name='labs' group by all"
    )
    assert dict(status.itertuples(index=False, name=None)) == {
        "latest": 10,
        "duplicate": 8,
        "superseded": 1,
        "removed": 1,
    }
