"""Kinds of trouble that exports bring: read, or the patient is set aside; never a third thing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import normalize

import duckdb
import pandas as pd
import pytest

from il6_platform import paths
from il6_platform.errors import UsageError
from il6_platform.registry.merged import fill_merged
from il6_platform_tests.small_registry import (
    BASE,
    HEADERS,
    SET_ASIDE,
    STUDY,
    TABLES,
    SmallRegistry,
    base,
    rows_of,
)

Found = dict[str, dict[str, Any]]


def one_delivery() -> dict[str, list[str]]:
    """Return rows of patients who have one trouble each, beside T01 to T08 who have none."""
    people = [f"D{n:02}" for n in range(10, 60)]
    rows = {table: [*base()[table], *rows_of(people, table)] for table in base()}

    def put(table: str, number: str, *lines: str) -> None:
        rows[table] = [line for line in rows[table] if not line.startswith(f"{number},")]
        rows[table] += [f"{number},{line}" for line in lines]

    # response: not read, written out
    put("assessments", "D10", "2023-04-01,?,", "2023-08-01,PD,")
    put("assessments", "D11", "2023-04-01,progressive disease,", "2023-08-01,PD,")
    # a start that is known to the month
    put("treatments", "D12", "1,fluorouracil,2023-02-01,", "1,bevacizumab,2023-02-UN,")
    # the newest result: not read, of an unknown name, of another unit, of two units
    put("labs", "D13", "il6,1.5,pg/mL,2023-01-10", "il6,50.5/505,pg/mL,2023-01-20")
    put("labs", "D14", "il6,1.5,pg/mL,2023-01-10", "IL-6 mRNA,9,pg/mL,2023-01-20")
    put("labs", "D15", "il6,1.5,pg/mL,2023-01-10", "il6,9,pq/mL,2023-01-20")
    put("labs", "D16", "il6,1.5 ng/mL,pg/mL,2023-01-20")
    put("labs", "D17", "IL-6 (ng/mL),1.5,pg/mL,2023-01-20")
    put("labs", "D18", "IL-6 (ng/L),1.5,pg/mL,2023-01-20")
    # rows that can change nothing: older, after the window, another analyte
    put("labs", "D19", "il6,x,pg/mL,2022-01-10", "il6,1.5,pg/mL,2023-01-20")
    put("labs", "D20", "il6,1.5,pg/mL,2023-01-20", "il6,x,pg/mL,2023-05-01")
    put("labs", "D21", "il6,1.5,pg/mL,2023-01-20", "crp,x,mg/L,2023-01-21")
    # two samples of a day: by their time, alike, without a time
    put("labs", "D22", "il6,1.5,pg/mL,2023-01-20 08:00", "il6,30,pg/mL,2023-01-20 16:00")
    put("labs", "D23", "il6,1.5,pg/mL,2023-01-20", "il6,1.5,pg/mL,2023-01-20")
    put("labs", "D24", "il6,1.5,pg/mL,2023-01-20", "il6,9.9,pg/mL,2023-01-20")
    # the drug: a brand, a regimen, a code, not given, a class, misspelt
    put("treatments", "D25", "1,Avastin 5 mg/kg,2023-02-01,")
    put("treatments", "D26", "1,CAPOX-B,2023-02-01,")
    put("treatments", "D28", "1,L01FG01,2023-02-01,")
    put("treatments", "D29", "1,FOLFOX without bevacizumab,2023-02-01,")
    put("treatments", "D30", "1,fluorouracil,2023-02-01,", "1,anti-VEGF,2023-02-01,")
    put("treatments", "D31", "1,fluorouracil,2023-02-01,", "1,bevazizumab,2023-02-01,")
    put("treatments", "D32", "1L,fluorouracil,2023-02-01,", "second,bevacizumab,2023-02-01,")
    # death: by month, before other visits, undone by none
    put("follow_up", "D33", "2023-12-31,dead,2023-09,")
    put("follow_up", "D34", "2023-11-15,dead,2023-11-15,", "2023-06-01,alive,,")
    put("follow_up", "D35", "2023-06-01,alive,,", "2023-12-31,lost,,")
    # a death that names no last contact
    put("follow_up", "D41", ",dead,2023-11-15,")
    put("follow_up", "D42", ",dead,2023-11,")
    # by the clocks of two places, or of one that does not say which
    two = ("il6,1.5,pg/mL,2023-01-20T09:00+08:00", "il6,30,pg/mL,2023-01-20T02:00{}")
    put("labs", "D46", two[0], two[1].format("Z"))
    put("labs", "D47", two[0], two[1].format(""))
    # a response that the clinic says, or that more is said of than its word
    put("assessments", "D43", "2023-04-01,clinical PD,", "2023-08-10,PD,")
    put("assessments", "D44", "2023-04-01,PR-,", "2023-08-10,PD,")
    put("assessments", "D45", "2023-04-01,SD (new lesion),", "2023-08-10,PD,")
    # cells that no derivation needs, several at once
    put("patients", "D36", "x,1.1.51,unknown?")
    put("patients", "D37", "F,1951,9")
    put("assessments", "D36", "2023-04-01,SD,many", "2023-08-10,PD,-5")
    # an outcome that is set aside leaves its endpoint to the dates
    rows["outcomes"] = ["D38,PFS,12,months,Y", "D39,PFS,12,months,Y,surplus"]
    # two lines of one visit that say different things
    put("assessments", "D40", "2023-04-01,SD,", "2023-04-01,PD,", "2023-08-10,PD,")
    # totals, repeated headers and blank keys are nobody
    rows["patients"] += ["Total,,,", "patient_id,sex,birth_date,ecog", ",F,1950-01-01,1"]
    return rows


READ = {
    "T01": {"arm": "E", "marker": 1.5, "PFS": (5.95, True), "OS": (10.28, False)},
    "T02": {"arm": "C", "marker": 2.5, "PFS": (5.98, True), "OS": (10.32, False)},
    "D11": {"PFS": (1.94, True)},
    "D18": {"marker": 1.5},
    "D19": {"marker": 1.5},
    "D20": {"marker": 1.5},
    "D21": {"marker": 1.5},
    "D22": {"marker": 30.0},
    "D23": {"marker": 1.5},
    "D25": {"arm": "E"},
    "D26": {"arm": "E"},
    "D28": {"arm": "E"},
    "D29": {"arm": "C"},
    "D32": {"arm": "C"},
    "D34": {"OS": (9.43, True)},
    "D35": {"OS": (10.94, False)},
    "D36": {"PFS": (6.24, True)},
    "D37": {"OS": (10.81, False)},
    "D38": {"PFS": (12.0, True)},
    "D41": {"OS": (9.43, True)},
    "D46": {"marker": 30.0},
}
ASIDE = ["D10", "D12", "D13", "D14", "D15", "D16", "D17", "D24", "D30", "D31", "D33", "D39", "D40"]
ASIDE += ["D42", "D43", "D44", "D45", "D47"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    made = SmallRegistry(tmp_path_factory.mktemp("kinds"))
    made.deliver("2024-01-31", one_delivery())
    return made.derive()


@pytest.mark.parametrize("number", READ)
def test_what_can_be_read_is_read(found: Found, number: str) -> None:
    assert found[number]["reason"] is None
    for name, value in READ[number].items():
        assert found[number][name] == value


@pytest.mark.parametrize("number", ASIDE)
def test_what_is_decisive_and_not_clear_takes_the_patient_out(found: Found, number: str) -> None:
    assert found[number]["reason"] == SET_ASIDE


def test_nobody_else_is_moved_and_nobody_is_invented(found: Found) -> None:
    moved = {number for number, row in found.items() if row["reason"] is not None}
    assert moved == {*ASIDE}
    assert not {"Total", "patient_id", ""} & set(found)


def test_a_later_full_export_corrects_removes_and_puts_right(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver(
        "2024-01-31",
        base(
            treatments=["T03,1,fluorouracil,2023-02-01,", "T03,1,bevacizumab,2023-02-UN,"],
            labs=["T04,il6,4.5,pg/mL,2023-01-30"],
            assessments=["T05,2023-04-01,PD,", "T05,2023-08-05,PD,"],
        ),
    )
    found = made.derive()
    assert found["T03"]["reason"] == SET_ASIDE and found["T05"]["PFS"] == (1.94, True)
    corrected = base(
        # another drug, a sample's day and value, a scan that is gone
        treatments=["T02,1,fluorouracil,2023-02-01,", "T02,1,cetuximab,2023-02-01,"],
        labs=["T04,il6,44.5,pg/mL,2023-01-20"],
        assessments=["T05,2023-04-01,SD,", "T05,2023-10-05,PD,", "T06,2023-04-01,SD,"],
    )
    # a patient who is in no table of the export stays
    made.deliver(
        "2024-02-29",
        {
            table: [line for line in lines if not line.startswith("T08")]
            for table, lines in corrected.items()
        },
    )
    found = made.derive()
    assert found["T03"] == {
        **{"reason": None, "arm": "E", "marker": 3.5, "PFS": (6.01, True), "OS": (10.35, False)}
    }
    assert found["T04"]["marker"] == 44.5
    assert found["T05"]["PFS"] == (8.08, True)
    assert found["T06"]["PFS"] == (1.94, False)
    assert found["T08"]["OS"] == (10.51, False) and found["T08"]["reason"] is None
    # the export of January comes back: a rollback is a correction
    made.deliver("2024-03-31", base(labs=["T04,il6,4.5,pg/mL,2023-01-30"]))
    found = made.derive()
    assert found["T04"]["marker"] == 4.5 and found["T06"]["PFS"] == (6.11, True)


def test_a_wrong_cell_of_a_new_record_keeps_what_was_right_before(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver("2024-01-31", base(patients=["T01,F,1951-01-01,1", "T02,M,1952-01-01,7"]))
    made.deliver(
        "2024-02-29",
        base(patients=["T01,x,1951-13-01,9", "T02,M,1952-01-01,9", "T03,,1953-01-01,1"]),
    )
    found = made.derive()
    assert {row["reason"] for row in found.values()} == {None}
    patients = made.warehouse.query(
        "select patient_id, sex, birth_date::varchar as born, ecog from staging.patients"
    ).set_index("patient_id")
    of = made.warehouse.pseudonyms.of
    assert patients.loc[of("T01")].tolist() == ["F", "1951-01-01", 1]
    # neither was right
    assert patients.loc[of("T02")].isna().tolist() == [False, False, True]
    assert patients.loc[of("T03"), "sex"] == "F"
    listed = made.warehouse.query(
        "select column_name from staging.quarantine where severity = 'cell'"
    )
    assert sorted(listed["column_name"]) == ["birth_date", "ecog", "ecog", "sex", "sex"]


def test_a_wrong_cell_of_a_study_s_own_column_keeps_what_was_right_before(tmp_path: Path) -> None:
    made = SmallRegistry(
        tmp_path,
        STUDY
        + """covariates:
  - {name: braf_status, kind: category}
  - {name: grade, kind: category, levels: [G1, G2]}
  - {name: haemoglobin, kind: number}
""",
    )
    header = "patient_id,sex,birth_date,braf_status,grade,haemoglobin"
    others = [f"T{n:02},M,1950-01-01,wild-type,G1,13" for n in range(4, 9)]
    now = ["T01,F,1951-01-01,?,G9,high", "T02,M,1952-01-01,mutant,,12", "T03,F,1953-01-01,x,G9,x"]
    before = ["T01,F,1951-01-01,mutant,G2,11.5", "T02,M,1952-01-01,wild-type,G1,14"]
    last = ["T03,F,1953-01-01,y,G8,y"]
    made.deliver("2024-01-31", base() | {"patients": [*before, *last, *others]}, patients=header)
    made.deliver("2024-02-29", {"patients": [*now, *others]}, patients=header)
    made.derive()
    found = made.warehouse.query(
        'select "USUBJID", "NAME", coalesce("AVALC", "AVAL"::varchar) as said '
        "from cohort.covariates"
    ).set_index(["USUBJID", "NAME"])["said"]
    of = made.warehouse.pseudonyms.of
    names = ("braf_status", "grade", "haemoglobin")

    def row(number: str) -> list[str | None]:
        said = [found[of(number), name] for name in names]
        return [None if pd.isna(one) else one for one in said]

    assert row("T01") == ["mutant", "G2", "11.5"]
    # an empty cell and a right one take effect
    assert row("T02") == ["mutant", None, "12.0"]
    # neither was right
    assert row("T03") == ["other", "other", None]


def test_a_number_of_two_people_and_two_numbers_of_one(tmp_path: Path) -> None:
    def without(number: str, rows: dict[str, list[str]]) -> dict[str, list[str]]:
        return {
            table: [line for line in lines if not line.startswith(number)]
            for table, lines in rows.items()
        }

    made = SmallRegistry(tmp_path)
    made.deliver("2024-01-31", without("T07", base()))
    made.deliver(
        "2024-02-29",
        without(
            "T01",
            base(
                # T08 is another person now
                patients=["T08,F,1971-05-05,1", "T07,F,1951-01-01,1"],
                treatments=["T08,1,fluorouracil,2024-01-10,", "T07,1,FOLFOX-B,2023-02-01,"],
                labs=["T08,il6,9,pg/mL,2024-01-05", "T07,il6,1.5,pg/mL,2023-01-20"],
                assessments=["T08,2024-02-01,SD,", "T07,2023-10-05,PD,"],
                follow_up=["T08,2024-02-10,alive,,", "T07,2023-12-30,alive,,"],
            ),
        ),
    )
    # T07 was given the number T01 before
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "merged_patients.csv").write_text("from,to,on\nT01,T07,2024-02-01\n")
    found = made.derive()
    assert found["T08"]["reason"] == SET_ASIDE
    assert "T01" not in found
    # both histories: the first progression, the last contact
    expected = {"reason": None, "arm": "E", "marker": 1.5}
    assert found["T07"] == expected | {"PFS": (5.95, True), "OS": (10.91, False)}


PERSONS = {
    # how patients.csv tells who T08 is: in the first export, in the second
    "day": ("M,1958-01-01", "F,1971-05-05", "birth_date"),
    "month": ("M,1958-01", "F,1971-05", "birth_date"),
    "year": ("M,1958", "F,1971", "birth_date"),
    "age": ("M,65", "F,42", "age_years"),
}


@pytest.mark.parametrize("known_to", PERSONS)
def test_a_number_is_of_two_people_however_exactly_their_birth_is_known(
    known_to: str, tmp_path: Path
) -> None:
    first, second, column = PERSONS[known_to]
    header = f"patient_id,sex,{column}"
    made = SmallRegistry(tmp_path)
    others = [f"T0{n},{'MF'[n % 2]},{first[2:]}" for n in range(1, 8)]
    made.deliver("2024-01-31", base() | {"patients": [*others, f"T08,{first}"]}, patients=header)
    anew = base(treatments=["T08,1,bevacizumab,2024-01-10,"], labs=["T08,il6,9,pg/mL,2024-01-05"])
    now = [*others, f"T08,{second}"]
    # of T07 the sex alone was put right
    now[6] = now[6].replace("T07,F", "T07,M")
    made.deliver("2024-02-29", anew | {"patients": now}, patients=header)
    found = made.derive()
    aside = {number for number, row in found.items() if row["reason"] == SET_ASIDE}
    assert aside == {"T08"}


def test_one_person_under_two_numbers_is_counted_once_or_not_at_all(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver("2024-01-31", base())
    renamed = {"T01": "t01", "T02": "T2", "T03": "T-03", "T04": "T4", "T05": "T5", "T06": "T6"}
    rows = {
        table: [renamed.get(line[:3], line[:3]) + line[3:] for line in lines]
        for table, lines in base().items()
    }
    # T04 is another person than T4, T05 has another sex; of T6 only the patient's record came
    rows["patients"][3] = "T4,M,1971-05-05,1"
    rows["patients"][4] = "T5,M,1955-01-01,1"
    for table in ("treatments", "labs", "assessments", "follow_up"):
        rows[table] = [line for line in rows[table] if not line.startswith("T6")]
    made.deliver("2024-02-29", rows)
    found = made.derive()
    aside = {number for number, row in found.items() if row["reason"] == SET_ASIDE}
    assert aside == {"T01", "t01", "T02", "T2", "T03", "T-03", "T6"}
    assert [found[number]["reason"] for number in ("T04", "T4", "T05", "T5", "T06")] == [None] * 5
    (tmp_path / "home" / "merged_patients.csv").write_text("from,to,on\nT01,t01,2024-02-29\n")
    assert made.derive()["t01"]["reason"] is None


def test_patients_who_are_numbered_anew_are_not_counted_twice(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver("2024-01-31", base())
    anew = {
        table: [f"P9{line[1:]}" if line[:3] < "T07" else line for line in lines]
        for table, lines in base(treatments=["T06,1,fluorouracil,2023-03-01,"]).items()
    }
    # twins who stand in one export are two; T06 started on another day
    twin = ["T09,F,1957-01-01,1", "T10,F,1957-01-01,1"]
    anew["patients"] += twin
    anew["treatments"] += [f"{line[:3]},1,fluorouracil,2023-02-01," for line in twin]
    made.deliver("2024-02-29", anew)
    found = made.derive()
    aside = {number for number, row in found.items() if row["reason"] == SET_ASIDE}
    assert aside == {*(f"T0{n}" for n in range(1, 6)), *(f"P90{n}" for n in range(1, 6))}


def test_a_patient_who_moved_to_another_site_is_not_counted_at_both(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    headers = {table: f"{HEADERS[table]},site_id" for table in base()}
    hospitals = two_hospitals()

    def delivered(moved: str) -> dict[str, list[str]]:
        return {
            table: [
                *(f"{line},{moved if line.startswith('T08') else 'North'}" for line in north),
                *(f"{line},South" for line in hospitals["south"][table]),
            ]
            for table, north in hospitals["north"].items()
        }

    made.deliver("2024-01-31", delivered("North"), **headers)
    made.deliver("2024-02-29", delivered("West"), **headers)
    made.derive()
    subjects = made.warehouse.query("from cohort.subjects").set_index("USUBJID")
    of = made.warehouse.pseudonyms.of
    aside = {of("T08", "North"), of("T08", "West")}
    assert {*subjects.index[subjects["EXCLREAS"] == SET_ASIDE]} == aside


def test_a_list_of_merged_numbers_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    late = {
        "treatments": ["T08,1,bevacizumab,2023-02-01,", "T08,2,irinotecan,2023-08-10,"],
        "labs": ["T08,crp,3,mg/L,2023-01-20"],
        "assessments": ["T08,2023-05-01,PD,"],
        "follow_up": ["T08,2024-01-20,alive,,"],
        "patients": ["T08,M,1952-01-01,1"],
    }
    made.deliver("2024-01-31", base(**late))
    (tmp_path / "home").mkdir()
    listed = tmp_path / "home" / "merged_patients.csv"
    # as Excel writes it where the comma is decimal
    listed.write_text("\ufeffFrom; To ; on\nT08;T02;2024-02-29\n", encoding="utf-8")
    # both histories
    assert made.derive()["T02"] == {
        "reason": None,
        "arm": "E",
        "marker": 2.5,
        "PFS": (2.92, True),
        "OS": (11.6, False),
    }


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["T01,T02,2024-01-31", "T02,T01,2024-01-31"], "line 2: the number leads back to itself"),
        (["T01,T01,2024-01-31"], "line 2: the number leads back to itself"),
        (["T01,T02,2024-01-31", "T01,T03,2024-01-31"], "line 3: line 2 gives up the same number"),
        (["T01,,2024-01-31"], "line 2: from and to must both hold a number"),
        (["T01,T02,soon"], "line 2: on must hold a day, as 2024-02-29"),
        (["T07,north:T01,2024-01-31"], "line 2: several sites have the number; write SITE:NUMBER"),
    ],
)
def test_a_list_of_merged_numbers_that_cannot_be_is_refused(
    lines: list[str], says: str, tmp_path: Path
) -> None:
    made = SmallRegistry(tmp_path)
    for site, rows in two_hospitals().items():
        made.deliver(f"{site}/2024-01-31", rows)
    (tmp_path / "home").mkdir()
    listed = tmp_path / "home" / "merged_patients.csv"
    listed.write_text("\n".join(["from,to,on", *lines, ""]), encoding="utf-8")
    with pytest.raises(UsageError, match=f"merged_patients.csv, {says}") as told:
        made.derive()
    assert "T01" not in str(told.value)


def test_a_look_back_knows_the_numbers_that_were_merged_by_then(tmp_path: Path) -> None:
    listed = tmp_path / "merged_patients.csv"
    listed.write_text("from,to,on\nT01,T02,2024-01-31\nT03,T04,2024-03-31\nT05,T06,\n")
    pseudonyms = SmallRegistry(tmp_path).warehouse.pseudonyms
    connection = duckdb.connect()
    for statement in ("create schema raw", paths.sql_file("raw.spellings").read_text("utf-8")):
        connection.execute(statement)
    for day, n in ((None, 3), (date(2024, 2, 29), 2), (date(2023, 12, 31), 1)):
        assert fill_merged(connection, tmp_path, pseudonyms, day) == n


def test_what_came_together_and_differs_is_decisive_and_what_came_later_corrects(
    tmp_path: Path,
) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver(
        "2024-01-31",
        base(
            follow_up=["T01,2023-06-11,dead,2023-06-11,", "T02,2023-06-12,dead,2023-06-12,"],
            # one result in two units, and a unit that stands in the name alone
            labs=[
                *("T03,il6,3.5,pg/mL,2023-01-20", "T03,il6,0.0035,ng/mL,2023-01-20"),
                *("T04,IL-6 (ng/L),4.5,,2023-01-20", "T05,il6,5.5,pg/mL,2023-01-20"),
            ],
        ),
    )
    made.deliver(
        "2024-02-29",
        base(
            # alive after the day of the death, and before it
            follow_up=["T01,2023-12-11,alive,,", "T02,2023-05-12,alive,,"],
            patients=["T08,M,1958-01-01,1", "T08,F,1971-05-05,1"],
            labs=[
                *("T03,il6,3.5,pg/mL,2023-01-20", "T03,il6,0.0035,ng/mL,2023-01-20"),
                "T04,IL-6 (ng/L),4.5,,2023-01-20",
            ],
        ),
    )
    # beside them in the same folder
    folder = tmp_path / "landing" / "2024-02-29"
    for table, line in (
        ("labs", "T05,il6,55,pg/mL,2023-01-20"),
        ("labs", "T06,il6,6.5,ng/L,2023-01-20"),
        ("assessments", "T07,2023-04-01,PD,"),
    ):
        file = folder / f"{table}_{line[:3]}.csv"
        file.write_text(f"{HEADERS[table]}\n{line}\n", encoding="utf-8")
    found = made.derive()
    aside = {number for number, row in found.items() if row["reason"] == SET_ASIDE}
    assert aside == {"T02", "T05", "T07", "T08"}
    assert found["T01"]["OS"] == (10.28, False)
    assert [found[number]["marker"] for number in ("T03", "T04", "T06")] == [3.5, 4.5, 6.5]
    rules = made.warehouse.query("select distinct rule from staging.quarantine")["rule"]
    assert {"record_stands_once", "death_is_not_taken_back"} <= set(rules)


def two_hospitals() -> dict[str, dict[str, list[str]]]:
    """Return the tables of two hospitals that number from T01: other people, days and arms."""
    south = {
        table: [
            line.replace("2023-0", "2022-0").replace(",M,195", ",F,194").replace("pg/mL", "ng/L")
            for line in lines
        ]
        for table, lines in base(treatments=["T01,1,fluorouracil,2023-02-01,"]).items()
    }
    south["patients"] = [f"T0{n},F,194{n}-07-01,2" for n in range(1, 9)]
    south["follow_up"] = [line.replace("2023-12", "2023-11") for line in south["follow_up"]]
    return {"north": base(), "south": south}


@pytest.mark.parametrize(
    "layout", ["{site}/{day}", "{day}/{site}", "{site}_{day}", "data/{day}/{site}", "column"]
)
def test_two_hospitals_that_number_from_one_are_told_apart(layout: str, tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    hospitals = two_hospitals()
    corrected = base(labs=["T02,il6,22.5,pg/mL,2023-01-20"])
    if layout == "column":
        # a site is one in capital and small letters
        rows = {
            table: [
                *(f"{line},{'North' if n % 2 else 'NORTH'}" for n, line in enumerate(north)),
                *(f"{line},South" for line in hospitals["south"][table]),
            ]
            for table, north in corrected.items()
        }
        headers = {table: f"{HEADERS[table]},site_id" for table in rows}
        made.deliver("2024-02-29", rows, **headers)
    else:
        for site, rows in hospitals.items():
            made.deliver(layout.format(site=site, day="2024-01-31"), rows)
        # north alone delivers again
        made.deliver(layout.format(site="north", day="2024-02-29"), corrected)
    made.derive()
    subjects = made.warehouse.query("from cohort.subjects").set_index("USUBJID")
    of = made.warehouse.pseudonyms.of
    assert len(subjects) == 16 and subjects["EXCLREAS"].isna().all()
    north, south = ("NORTH", "South") if layout == "column" else ("north", "south")
    said = [
        (subjects.loc[of(number, site), "ARMCD"], subjects.loc[of(number, site), "MARKER"])
        for number, site in (("T01", north), ("T01", south), ("T02", north), ("T02", south))
    ]
    assert said == [("E", 1.5), ("C", 1.5), ("C", 22.5), ("C", 2.5)]


@pytest.mark.parametrize("layout", ["{site}/{day}", "{day}/{site}", "{site}_{day}"])
def test_what_two_folders_of_one_registry_say_differently_is_decisive(
    layout: str, tmp_path: Path
) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver(layout.format(site="north", day="2024-01-31"), base())
    other = base(labs=["T03,il6,33.5,pg/mL,2023-01-20"])
    made.deliver(layout.format(site="south", day="2024-01-31"), other)
    found = made.derive()
    assert [number for number, row in found.items() if row["reason"] == SET_ASIDE] == ["T03"]


def test_a_hospital_s_folder_is_one_however_a_system_writes_its_letters(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    hospitals = two_hospitals()
    made.deliver("south/2024-01-31", hospitals["south"])
    made.deliver(f"{normalize('NFC', 'Köln')}/2024-01-31", hospitals["north"])
    corrected = base(labs=["T02,il6,22.5,pg/mL,2023-01-20"])
    made.deliver(f"{normalize('NFD', 'Köln')}/2024-02-29", corrected)
    made.derive()
    assert sorted(made.warehouse.query("from cohort.subjects")["MARKER"]) == sorted(
        [*(n + 0.5 for n in range(1, 9) for _ in "12" if n != 2), 2.5, 22.5]
    )


def test_one_hospital_s_folder_beside_another_one_s_files(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    for site, rows in two_hospitals().items():
        made.deliver("" if site == "north" else "south/2024-01-31", rows)
    made.derive()
    subjects = made.warehouse.query("from cohort.subjects").set_index("USUBJID")
    of = made.warehouse.pseudonyms.of
    assert len(subjects) == 16 and subjects["EXCLREAS"].isna().all()
    arms = [subjects.loc[of("T01", site), "ARMCD"] for site in ("", "south")]
    assert arms == ["E", "C"]


@pytest.mark.parametrize(
    "folders",
    [
        *(("31.01.2024", "28.02.2024"), ("2024_Q1", "Q2 2024"), ("2023", "2024")),
        *(("March 2024", "Apr 2024"), ("2024-W05", "KW 9 2024"), ("2024年1月", "2024年第2季度")),
    ],
)
def test_a_folder_that_is_called_after_a_time_of_year_is_no_site(
    folders: tuple[str, str], tmp_path: Path
) -> None:
    """Each holds the patients who are new in it, and a death of one who was new before."""
    registry = SmallRegistry(tmp_path)
    for folder, numbers in zip(folders, (("T01", "T02"), ("T03", "T04")), strict=True):
        registry.deliver(folder, {table: rows_of(numbers, table) for table in TABLES})
    death = ["T01,2024-01-10,dead,2024-01-10,", *rows_of(["T03", "T04"], "follow_up")]
    registry.deliver(folders[1], {"follow_up": death})
    found = registry.derive()
    assert found.keys() == {"T01", "T02", "T03", "T04"}
    assert found["T01"]["OS"] == (11.27, True)


def test_a_folder_that_is_called_after_a_kind_of_export_is_no_site(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver("full/2024-01-31", base())
    news = {table: rows_of(["T09"], table) for table in base()}
    made.deliver(
        "updates/2024-02-29", {**news, "labs": [*news["labs"], "T04,il6,44.5,pg/mL,2023-01-20"]}
    )
    found = made.derive()
    assert (found["T04"]["marker"], found["T09"]["marker"]) == (44.5, 9.5)
    assert len(found) == 9 and not any(row["reason"] for row in found.values())


@pytest.mark.parametrize("is_same", [False, True])
def test_a_registry_that_names_no_site_beside_one_that_does(is_same: bool, tmp_path: Path) -> None:
    hospitals = two_hospitals()
    made = SmallRegistry(tmp_path)
    made.deliver("2024-01-31", hospitals["north"])
    named = base(labs=["T02,il6,22.5,pg/mL,2023-01-20"]) if is_same else hospitals["south"]
    headers = {table: f"{HEADERS[table]},site_id" for table in named}
    rows = {table: [f"{line},South" for line in lines] for table, lines in named.items()}
    made.deliver("2024-02-29", rows, **headers)
    made.derive()
    subjects = made.warehouse.query("from cohort.subjects").set_index("USUBJID")
    of = made.warehouse.pseudonyms.of
    expected = {
        # the registry began to name its site
        True: {of("T01", "South"): ("E", 1.5), of("T02", "South"): ("C", 22.5)},
        False: {of("T01"): ("E", 1.5), of("T01", "South"): ("C", 1.5), of("T02"): ("C", 2.5)},
    }[is_same]
    assert len(subjects) == (8 if is_same else 16) and subjects["EXCLREAS"].isna().all()
    found = {patient: tuple(subjects.loc[patient, ["ARMCD", "MARKER"]]) for patient in expected}
    assert found == expected


def test_a_number_that_is_not_written_again_is_that_of_the_line_above(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver(
        "2024-01-31",
        base(
            treatments=[
                # nobody is above the first line
                ",1,irinotecan,2023-02-01,",
                *("T02,1,fluorouracil,2023-02-01,", ",1,bevacizumab,2023-02-01,"),
                *("T04,1,fluorouracil,2023-02-01,", '"""",1,bevacizumab,2023-02-01,'),
                *("T06,1,fluorouracil,2023-02-01,", "ditto,1,bevacizumab,2023-02-01,"),
                *("T08,1,fluorouracil,2023-02-01,", ",2,irinotecan,2023-12-01,"),
            ],
            assessments=["T01,2023-04-01,SD,", "同上,2023-06-01,PD,", "〃,2023-08-01,PD,"],
            labs=["T03,il6,3.5,pg/mL,2023-01-10", ",il6,9,pg/mL,2023-01-20"],
        ),
    )
    made.numbers.discard("")
    found = made.derive()
    aside = {number for number, row in found.items() if row["reason"] == SET_ASIDE}
    assert aside == {"T01", "T02", "T03", "T04", "T06"}
    assert len(found) == 8 and found["T08"]["arm"] == "C"
    # such a line is shown with the patient's own
    with made.warehouse.connect() as connection:
        connection.execute("set variable patient = ?", [made.warehouse.pseudonyms.of("T02")])
        shown = connection.execute(paths.sql_file("patient.lines").read_text("utf-8")).df()
    of_drugs = shown[shown["table_name"] == "treatments"]
    assert [*of_drugs["status"]] == ["used", "quarantine"]
    assert [len(one) for one in of_drugs["problems"]] == [0, 1]


def test_a_misspelt_number_may_be_of_the_patient_whose_number_it_nearly_is(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver(
        "2024-01-31",
        base(
            labs=[
                # the newest result in small letters, without its zero, older, of another day
                *("T01,il6,1.5,pg/mL,2023-01-10", "t01,il6,9,pg/mL,2023-01-20"),
                *("T02,il6,2.5,pg/mL,2023-01-10", "T2,il6,9,pg/mL,2023-01-20"),
                *("T03,il6,3.5,pg/mL,2023-01-20", "t03,il6,9,pg/mL,2023-01-10"),
                # a sign that nobody sees
                *("T04,il6,4.5,pg/mL,2023-01-10", "T\u200b04,il6,9,pg/mL,2023-01-20"),
            ],
            treatments=[
                *("T06,1,fluorouracil,2023-02-01,", "T-06,1,bevacizumab,2023-02-05,"),
                *("T08,1,fluorouracil,2023-02-01,", "t08,2,irinotecan,2023-12-01,"),
            ],
            assessments=["T07,2023-04-01,SD,", "t 07,2023-06-01,PD,", "T07,2023-08-07,PD,"],
        ),
    )
    found = made.derive()
    aside = {number for number, row in found.items() if row["reason"] == SET_ASIDE}
    assert aside == {"T01", "T02", "T06", "T07"}
    assert (found["T03"]["marker"], found["T04"]["marker"]) == (3.5, 9.0)
    assert found["T08"]["arm"] == "C"


def test_a_number_may_be_written_with_letters_that_look_alike_or_hold_its_line(
    tmp_path: Path,
) -> None:
    made = SmallRegistry(tmp_path)
    people = {
        "T01": "\N{CYRILLIC CAPITAL LETTER TE}01,2023-08-01,PD,",
        "T02": "TO2,2023-08-02,PD,",
        # another separator, quotation marks around the line, blanks
        "T03": "T03;2023-08-03;PD;",
        "T04": '"T04,2023-08-04,PD,"',
        "T05": "T05 2023-08-05 PD",
    }
    rows = [line for number, last in people.items() for line in (last, f"{number},2023-04-01,SD,")]
    made.deliver("2024-01-31", base(assessments=rows))
    made.numbers = {*BASE}
    found = made.derive()
    assert {number for number, row in found.items() if row["reason"] == SET_ASIDE} == {*people}
    said = made.warehouse.query("from staging.quarantine")["sentence"]
    assert said.str.contains("in another spelling in .*patients.csv, line 2").any()


def test_a_line_without_its_site_may_be_of_each_patient_who_has_the_number(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    hospitals = two_hospitals()
    rows = {
        table: [f"{line},{site}" for site, of in hospitals.items() for line in of[table]]
        for table in base()
    }
    # the newest result names no site, or one of which no patient came; an old one can move nothing
    rows["labs"] += ["T01,il6,9,pg/mL,2023-01-25,", "T02,il6,9,pg/mL,2023-01-25,norht"]
    rows["labs"] += ["T03,il6,9,pg/mL,2023-01-10,", "T01,il6,9,pg/mL,2022-01-25,"]
    made.deliver("2024-01-31", rows, **{table: f"{HEADERS[table]},site_id" for table in base()})
    made.derive()
    subjects = made.warehouse.query("from cohort.subjects").set_index("USUBJID")
    of = made.warehouse.pseudonyms.of
    # the south's patients started a year before
    aside = {of("T01", "north"), of("T02", "north"), of("T01", "south")}
    assert {*subjects.index[subjects["EXCLREAS"] == SET_ASIDE]} == aside
    said = made.warehouse.query("from staging.quarantine")["sentence"]
    assert said.str.contains("at another site in .*patients.csv, line .*; give the site").any()


@pytest.mark.parametrize("arrives", ["together", "later"])
def test_of_two_copies_of_a_table_the_later_one_counts_or_none_does(
    arrives: str, tmp_path: Path
) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver(
        "2024-01-31",
        base(treatments=["T02,1,fluorouracil,2023-02-01,", "T02,1,bevacizumab,2023-02-01,"]),
    )
    if arrives == "later":
        assert made.derive()["T02"]["arm"] == "E"
    corrected = base(
        treatments=["T02,1,fluorouracil,2023-02-01,", "T02,1,cetuximab,2023-02-01,"],
        assessments=["T03,2023-04-01,SD,", "T03,2023-10-03,PD,"],
        labs=["T04,il6,44.5,pg/mL,2023-01-15"],
    )
    made.deliver("2024-01-31 corrected", corrected)
    # another file of a table is no copy of it
    extra = tmp_path / "landing" / "2024-01-31" / "labs_2022.csv"
    extra.write_text("\n".join([HEADERS["labs"], "T05,il6,9,pg/mL,2022-12-20", ""]))
    found = made.derive()
    aside = {number for number, row in found.items() if row["reason"] == SET_ASIDE}
    if arrives == "later":
        assert not aside
        assert (found["T02"]["arm"], found["T04"]["marker"]) == ("C", 44.5)
        assert found["T03"]["PFS"] == (8.02, True)
    else:
        assert aside == {"T02", "T03", "T04"}
