"""What each key of a profile does: a small export in, native rows out."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.profiles import read_profile
from il6_platform.yaml_config import YamlConfigError

HEAD = "name: p\ntitle: P\nrecognise:\n  - {columns: [pid]}\n"


def rows(folder: Path, profile: str, export: str) -> list[tuple[str, int, dict[str, str]]]:
    """Return (table, line of the export, cells), in the order in which they are made."""
    (folder / "p.yaml").write_text(HEAD + profile, encoding="utf-8")
    opened = open_deliveries("x.csv", export.encode(), [read_profile(folder / "p.yaml")])
    return [
        (str(one.table), row.line, row.cells)
        for one in opened.deliveries
        for row in (one.export.rows if one.export else ())
    ]


def passed_over(folder: Path, export: str) -> dict[int | None, str]:
    opened = open_deliveries("x.csv", export.encode(), [read_profile(folder / "p.yaml")])
    return {line: why for one in opened.sources for line, why in one.passed_over.items()}


CONTACT = """\
tables:
  - table: follow_up
    columns: {patient_id: pid, last_contact_on: seen}
    constants: {vital_status: alive}
"""
SEEN = "pid,seen,centre\n1,2020-01-01,A\n2,2020-01-02,B\n"


@pytest.mark.parametrize(
    ("site", "sites"),
    [
        ("site: north\n", ["north", "north"]),
        ("site: {column: centre}\n", ["A", "B"]),
        ("", [None, None]),
    ],
)
def test_site_is_a_constant_or_a_column(site: str, sites: list[str], tmp_path: Path) -> None:
    found = rows(tmp_path, site + CONTACT, SEEN)
    assert [cells.get("site_id") for *_, cells in found] == sites


def test_a_mapping_has_its_own_site(tmp_path: Path) -> None:
    own = CONTACT.replace("vital_status: alive", "vital_status: alive, site_id: south")
    assert rows(tmp_path, "site: north\n" + own, SEEN)[0][2]["site_id"] == "south"


@pytest.mark.parametrize(
    ("keep", "lines"),
    [
        ("{last: seen}", [3, 6]),
        ("{first: seen}", [4, 7]),
        ("{last: nr}", [4, 7]),
        ("{first: seen, per: [patient_id, last_contact_on]}", [2, 3, 4, 6, 7]),
    ],
)
def test_one_of_several_lines_is_kept(keep: str, lines: list[int], tmp_path: Path) -> None:
    export = (
        "pid,seen,nr\n1,05.03.2020,2\n1,01.04.2020,9\n1,07.02.2020,10\n"
        "2,,1\n2,03.01.2021,2\n2,02.01.2021,3\n"
    )
    profile = f"dates: [dmy]\n{CONTACT}    requires: [last_contact_on]\n    keep: {keep}\n"
    found = rows(tmp_path, profile, export)
    assert [line for _, line, _ in found] == lines
    others = passed_over(tmp_path, export)
    assert sorted([*others, *lines]) == [2, 3, 4, 5, 6, 7]
    if 3 not in lines:
        assert others[3] == "the profile keeps one of a patient's lines, and this is another"


def test_a_regimen_makes_a_row_of_each_drug(tmp_path: Path) -> None:
    profile = """\
tables:
  - table: treatments
    columns: {patient_id: pid, drug: regimen, start_date: start}
    constants: {line: 1}
    split: {drug: [+, " and "]}
    codes: {drug: {BEV: bevacizumab, 5-FU: fluorouracil}}
"""
    export = "pid,regimen,start\n1,5-FU + BEV,2020-01-01\n2,oxaliplatin AND bev,2020-01-02\n3,BEV,2020-01-03\n"  # noqa: E501
    found = sorted((line, cells["drug"]) for _, line, cells in rows(tmp_path, profile, export))
    assert found == [
        (2, "bevacizumab"),
        (2, "fluorouracil"),
        (3, "bevacizumab"),
        (3, "oxaliplatin"),
        (4, "bevacizumab"),
    ]


OUTCOMES = """\
missing: ["[Not Available]"]
tables:
  - table: outcomes
    columns: {patient_id: pid, time: OS_MONTHS, event: OS_STATUS}
    constants: {endpoint: OS, unit: months}
    requires: [time]
    codes: {event: {"1:*": Y, "0:*": N, "[odd]*": N}}
"""


def test_codes_are_known_by_a_pattern(tmp_path: Path) -> None:
    export = (
        "pid,OS_MONTHS,OS_STATUS\n1,12.5,1:DECEASED\n2,3,0:LIVING\n3,,1:DECEASED\n"
        "4,[Not Available],[Not Available]\n5,2,[odd] one\n6,2,2:OTHER\n"
    )
    found = {line: cells for _, line, cells in rows(tmp_path, OUTCOMES, export)}
    assert [cells.get("event") for cells in found.values()] == ["Y", "N", "Y", "N", "2:OTHER"]
    # an event without a time goes on, so that it is listed; nothing at all says nothing
    assert "time" not in found[4] and 5 not in found


@pytest.mark.parametrize(("code", "sex"), [("1", "M"), ("1.0", "M"), ("2.00", "F"), ("01", "01")])
def test_codes_of_a_spreadsheet_are_the_codes(code: str, sex: str, tmp_path: Path) -> None:
    profile = """\
tables:
  - table: patients
    columns: {patient_id: pid, sex: gender, birth_date: dob}
    codes: {sex: {"1": M, "2": F}}
"""
    assert rows(tmp_path, profile, f"pid,gender,dob\nT,{code},1950-01-01\n")[0][2]["sex"] == sex


@pytest.mark.parametrize(
    ("unit", "given", "day"),
    [
        ("days", "0", "1991-01-01"),
        ("days", "-30", "1990-12-02"),
        ("weeks", "2", "1991-01-15"),
        ("months", "12", "1992-01-01"),
        ("years", "-60.5", "1930-07-02"),
        ("days", "soon", "soon"),
    ],
)
def test_days_since_an_anchor_are_days(unit: str, given: str, day: str, tmp_path: Path) -> None:
    found = rows(tmp_path, f"relative: {unit}\n{CONTACT}", f"pid,seen\n1,{given}\n")
    assert found[0][2]["last_contact_on"] == day


def test_a_registry_may_lack_sex_and_birth(tmp_path: Path) -> None:
    profile = "tables:\n  - table: patients\n    columns: {patient_id: pid}\n"
    with pytest.raises(YamlConfigError, match="patients needs sex in columns or constants"):
        rows(tmp_path, profile, "pid,x\n1,2\n")
    found = rows(tmp_path, profile + "    lacks: [sex, birth_date]\n", "pid,x\n1,2\n")
    assert found == [("patients", 2, {"patient_id": "1", "sex": "U"})]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("keep: {}", "keep: give the column of first or of last, and not of both"),
        ("keep: {first: a, last: b}", "keep: give the column of first or of last"),
        ("keep: {last: a, per: [site_id]}", "keep.per.0: site_id is neither in columns nor"),
        ("split: {vital_status: [+]}", "split.vital_status: split of vital_status, which is not"),
        ("lacks: [sex]", "lacks.0: only patients can lack a column"),
        ("lacks: [drug]", "lacks.0: Input should be 'sex' or 'birth_date'"),
    ],
)
def test_what_cannot_be_is_named(key: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(YamlConfigError) as told:
        rows(tmp_path, f"{CONTACT}    {key}\n", SEEN)
    assert f"key tables.0.{says}" in str(told.value)


def test_last_contacts_and_deaths_of_two_files_are_visits(tmp_path: Path) -> None:
    profile = """\
tables:
  - table: follow_up
    columns: {patient_id: pid, last_contact_on: last_seen}
    constants: {vital_status: alive}
  - table: follow_up
    columns: {patient_id: pid, last_contact_on: death, died_on: death}
    constants: {vital_status: dead}
"""
    seen = rows(tmp_path, profile, "pid,last_seen\n1,2020-01-01\n")
    dead = rows(tmp_path, profile, "pid,death\n1,2020-02-01\n")
    assert [cells["vital_status"] for *_, cells in seen + dead] == ["alive", "dead"]
    assert dead[0][2] == {
        "patient_id": "1",
        "last_contact_on": "2020-02-01",
        "vital_status": "dead",
        "died_on": "2020-02-01",
    }


@pytest.mark.parametrize(
    ("key", "export", "lines"),
    [
        ("header: 3", "Centre,North\nMade,2020-01-01\npid,seen\n1,2020-01-01\n", [4]),
        ("header: 2", "no,day\npid,seen\n1,2020-01-01\n", [3]),
        ("header: 9", "pid,seen\n1,2020-01-01\n", [2]),
        ("header: 1", "pid,seen\n1,2020-01-01\n", [2]),
        ('comment: "%"', "%made,today\npid,seen\n1,2020-01-01\n%end,2\n2,2020-01-02\n", [3, 5]),
        ('comment: "%"', "pid,seen\n% of the 3rd,x\n1,2020-01-01\n", [3]),
    ],
)
def test_where_a_table_begins(key: str, export: str, lines: list[int], tmp_path: Path) -> None:
    found = rows(tmp_path, f"{key}\n{CONTACT}", export)
    assert [line for _, line, _ in found] == lines
    assert found[0][2]["last_contact_on"] == "2020-01-01"
    assert not set(passed_over(tmp_path, export)) & set(lines)


def test_a_file_that_is_not_to_be_read_is_passed_over(tmp_path: Path) -> None:
    unread = HEAD.replace("[pid]}", "[pid], read: false}")
    (tmp_path / "p.yaml").write_text(unread + CONTACT)
    known = [read_profile(tmp_path / "p.yaml")]
    (one,) = open_deliveries("x.csv", SEEN.encode(), known).deliveries
    assert (one.status, one.problem) == ("passed over", "profile p does not read it")


def test_a_line_whose_place_cannot_be_told_is_kept(tmp_path: Path) -> None:
    profile = f"{CONTACT}    keep: {{last: seen}}\n"
    export = "pid,seen\n1,2020-01-01\n1,32nd of May\n1,2020-03-01\n"
    assert [line for _, line, _ in rows(tmp_path, profile, export)] == [3, 4]
    # texts among texts have an order
    texts = CONTACT + "    keep: {first: sample}\n"
    export = "pid,seen,sample\n1,2020-01-02,A-02\n1,2020-01-01,A-01\n"
    assert [line for _, line, _ in rows(tmp_path, texts, export)] == [3]


def test_a_site_that_is_a_column_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"{HEAD}site: {{column: centre}}\n{CONTACT}")
    known = [read_profile(tmp_path / "p.yaml")]
    (one,) = open_deliveries("x.csv", b"pid,seen\n1,2020-01-01\n", known).deliveries
    assert one.status == "rejected"


def test_the_longest_pattern_counts(tmp_path: Path) -> None:
    profile = OUTCOMES.replace('"0:*": N', '"10*": N')
    export = "pid,OS_MONTHS,OS_STATUS\n1,3,1:DEAD\n2,3,10\n"
    told = profile.replace('"1:*"', '"1*"')
    assert [cells["event"] for *_, cells in rows(tmp_path, told, export)] == ["Y", "N"]


def test_a_date_that_files_have_in_common_makes_none_of_them_another_table(tmp_path: Path) -> None:
    profile = """\
tables:
  - {table: labs, requires: [analyte], columns: {patient_id: pid, analyte: test, collected_on: day},
     constants: {value: 5, unit: pg/mL}}
  - {table: assessments, columns: {patient_id: pid, response: answer, assessed_on: day}}
"""
    made = rows(tmp_path, profile, "pid,test,day\n1,il6,2020-01-01\n")
    assert [(table, cells["collected_on"]) for table, _, cells in made] == [("labs", "2020-01-01")]
    made = rows(tmp_path, profile, "pid,answer,day\n1,PD,2020-01-01\n")
    assert [(table, cells["response"]) for table, _, cells in made] == [("assessments", "PD")]
