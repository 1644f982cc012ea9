"""Profiles: every mistake named by file, line and key; REDCap by its dictionary; split exports."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest

from il6_platform import paths
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import read_text
from il6_platform.registry.native import VALUES
from il6_platform.registry.profiles import read_profile, read_profiles
from il6_platform.registry.redcap_dictionary import read_dictionary
from il6_platform.validation import assessments, follow_up, outcomes, patients
from il6_platform.yaml_config import YamlConfigError

GOOD = """\
name: site
title: A site
recognise:
  - {columns: [Nr, Sex, Born]}
identifiers: [Name]
missing: [NA]
dates: [dmy]
tables:
  - table: patients
    requires: [sex]
    columns:
      patient_id: Nr
      sex: Sex
      birth_date: Born
    codes:
      sex: {No: M, Yes: F}
  - table: labs
    repeat: 3
    columns: {patient_id: Nr, value: "v{n}", unit: "u{n}", collected_on: "d{n}"}
    constants: {analyte: il6}
"""


def read(folder: Path, text: str, name: str = "site.yaml") -> None:
    (folder / name).write_text(text, encoding="utf-8")
    read_profiles(folder)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("birth_date: Born", "birth_dat: Born", "line 14, key tables.0.columns.birth_dat: patien"),
        ("birth_date: Born", "x: Born", "line 11, key tables.0.columns: patients needs birth_date"),
        ("table: labs", "table: lab", "line 17, key tables.1.table: Input should be"),
        ("    repeat: 3\n", "", "line 18, key tables.1.columns.value: {n} needs repeat"),
        ("{n}", "", "line 18, key tables.1.repeat: no column has {n}"),
        ("v{n}", "v{m}", "line 19, key tables.1.columns.value: {n} is the only thing"),
        ("No: M", "No: male", "line 16, key tables.0.codes.sex.No: male is no value of sex"),
        ("sex: {No", "site_id: {No", "line 16, key tables.0.codes.site_id: codes of site_id"),
        ("[Name]", "[ sex ]", "line 13, key tables.0.columns.sex: Sex is an identifier"),
        ("requires: [sex]", "requires: [sexx]", "line 10, key tables.0.requires.0: "),
        ("identi", "  - {columns: [born, nr, sex]}\nidenti", "line 5, key recognise.1: is"),
        ("analyte: il6", "analyte: il6, value: 3", "key tables.1.constants.value: "),
        ("sex: Sex", "sex: Sex\n      sex: Born", "line 13, key tables.0.columns.sex: stands"),
        ("dates: [dmy]", "dates: [dym]", "line 7, key dates.0: Input should be 'dmy' or 'mdy'"),
        ("title: A site\n", "", "line 1, key title: is missing"),
        ("repeat: 3", "repeat: many", "line 18, key tables.1.repeat: Input should be a"),
        ("missing: [NA]", "mising: [NA]", "line 6, key mising: unknown key"),
        ("    const", "    covariates: [x]\n    const", "line 20, key tables.1.covariates: only"),
        ("Born\n    codes", "\n    codes", "line 14, key tables.0.columns.birth_date: String"),
        ("[Nr, Sex, Born]", "&a [*a]", "site.yaml"),
        ("missing: [NA]", "missing: [NA", "is not YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_file_line_and_key(
    old: str, new: str, says: str, tmp_path: Path
) -> None:
    assert old in GOOD
    with pytest.raises(YamlConfigError) as told:
        read(tmp_path, GOOD.replace(old, new))
    assert f"profile {tmp_path / 'site.yaml'}" in str(told.value)
    assert says in str(told.value)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(YamlConfigError) as told:
        read(tmp_path, GOOD.replace("birth_date", "birth").replace("No: M", "No: X"))
    assert "key tables.0.columns.birth:" in str(told.value)
    assert "key tables.0.codes.sex.No:" in str(told.value)


def test_yes_no_and_numbers_are_the_text_that_stands_there(tmp_path: Path) -> None:
    read(tmp_path, GOOD.replace("[NA]", "[NA, -99, 007, 1e3, null]"))
    (profile,) = read_profiles(tmp_path)
    assert profile.tables[0].codes["sex"] == {"No": "M", "Yes": "F"}
    assert profile.missing == ("NA", "-99", "007", "1e3", "null")


def test_two_profiles_of_a_folder_take_no_export_from_each_other(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    with pytest.raises(YamlConfigError, match=r"site.yaml, key name: is the same as in other.yaml"):
        read(tmp_path, GOOD, "other.yaml")
    with pytest.raises(
        YamlConfigError, match=r"site.yaml, key recognise: is the same as in other.yaml"
    ):
        read(tmp_path, GOOD.replace("name: site", "name: other"), "other.yaml")


def test_covariates_of_the_study_are_declared(tmp_path: Path) -> None:
    more = GOOD.replace("birth_date: Born", "birth_date: Born\n      smoker: Smokes")
    with pytest.raises(YamlConfigError, match="what is listed under covariates"):
        read(tmp_path, more)
    read(tmp_path, more.replace("    requires: [sex]", "    covariates: [smoker]"))


def test_lists_of_values_are_the_rule_books() -> None:
    rules = {
        rule.column: tuple(rule.sentence.partition(" must be one of ")[2].split(", "))
        if " must be one of " in rule.sentence
        else tuple(rule.arguments["value_set"])
        for module in (patients, assessments, follow_up, outcomes)
        for rule in module.RULES
        if rule.id == f"{rule.column}_is_in_the_list" and rule.column in VALUES
    }
    assert rules == VALUES


def test_shipped_profiles_are_right() -> None:
    assert len(read_profiles(paths.project_root() / "data" / "profiles")) >= 4


DICTIONARY = """\
"Variable / Field Name","Form Name","Field Type","Field Label","Choices, Calculations, OR Slider \
Labels","Text Validation Type OR Show Slider Number",Identifier?
record_id,base,text,Record,,,
sex,base,radio,"Sex, at birth","1, Male | 2, Female | 9, Other, or unknown",,
born,base,text,"<p>Date of <b>birth</b></p>",,date_mdy,y
sites,base,checkbox,Where,"1, Right colon | 2, Rectum | -1, Elsewhere",,
alive,follow,yesno,Is alive,,,
seen,follow,text,Seen on,,datetime_dmy,
surname,base,text,Surname,,,y
"""
PROJECT = """\
name: project
title: A project
dictionary: words.csv
recognise:
  - {columns: [record_id, sex]}
tables:
  - table: patients
    when: {redcap_event_name: [baseline_arm_1, Baseline, ""]}
    requires: [sex]
    columns: {patient_id: record_id, sex: sex, birth_date: born, primary_site: sites}
    codes:
      sex: {Male: M, Female: F}
      primary_site: {Right colon: right colon, Rectum: rectum}
  - table: follow_up
    when: {redcap_event_name: [visit_arm_1, Visit]}
    columns: {patient_id: record_id, last_contact_on: seen, vital_status: alive}
    codes: {vital_status: {"Yes": alive, "No": dead}}
"""
RAW = """\
record_id,redcap_event_name,sex,born,sites___1,sites___2,sites____1,alive,seen,surname
7,baseline_arm_1,2,03/05/1950,1,0,0,,,Doe
7,visit_arm_1,,,,,,0,05/03/2021 10:30,
8,baseline_arm_1,1,12/31/1960,1,1,0,,,Roe
"""
LABELS = """\
Record,Event Name,"Sex, at birth",Date of birth,Where (choice=Right colon),Where (choice=Rectum),\
Where (choice=Elsewhere),Is alive,Seen on,Surname
7,Baseline,Female,03/05/1950,Checked,Unchecked,Unchecked,,,Doe
7,Visit,,,,,,No,05/03/2021 10:30,
8,Baseline,Male,12/31/1960,Checked,Checked,Unchecked,,,Roe
"""


def project(folder: Path) -> list[dict[str, str]]:
    """Read the same project in raw codes and in labels; return its rows."""
    made = [
        [
            {"table": str(one.table)} | row.cells
            for one in open_deliveries("x.csv", text.encode(), read_profiles(folder)).deliveries
            for row in (one.export.rows if one.export else ())
        ]
        for text in (RAW, LABELS)
    ]
    assert made[0] == made[1]
    return made[0]


def test_codes_and_labels_of_a_project_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(PROJECT)
    (tmp_path / "words.csv").write_text(DICTIONARY)
    eight = {"table": "patients", "patient_id": "8", "sex": "M", "birth_date": "1960-12-31"}
    assert project(tmp_path) == [
        {
            "table": "patients",
            "patient_id": "7",
            "sex": "F",
            # validated as month, day, year
            "birth_date": "1950-03-05",
            "primary_site": "right colon",
        },
        # two places are no value of the format: the rule book sets the row aside with both
        eight | {"primary_site": "1; 2"},
        {
            "table": "follow_up",
            "patient_id": "7",
            "last_contact_on": "2021-03-05",
            "vital_status": "dead",
        },
    ]
    # the date of birth is asked for, the surname is not
    assert read_profile(tmp_path / "p.yaml").identifiers == ("surname",)


def test_a_dictionary_may_lie_in_the_landing_folder_and_must_be_somewhere(tmp_path: Path) -> None:
    profiles, landing = tmp_path / "profiles", tmp_path / "landing" / "2021"
    profiles.mkdir()
    landing.mkdir(parents=True)
    (profiles / "p.yaml").write_text(PROJECT)
    (one,) = open_deliveries("x.csv", RAW.encode(), read_profiles(profiles)).deliveries
    assert one.status == "rejected"
    assert "the data dictionary words.csv of profile project is neither beside" in str(one.problem)
    (landing / "words.csv").write_text(DICTIONARY)
    known = read_profiles(profiles, landing=tmp_path / "landing")
    assert len(open_deliveries("x.csv", RAW.encode(), known).deliveries) == 2
    (profiles / "words.csv").write_text("a,b\n1,2\n")
    with pytest.raises(YamlConfigError, match=r"p.yaml, key dictionary: .*words.csv is no REDCap"):
        read_profiles(profiles)


def test_a_dictionary_is_read_as_downloaded_and_as_the_api_gives_it() -> None:
    known = read_dictionary(read_text(DICTIONARY.encode()))
    assert known.label("sex", "9") == "Other, or unknown"
    assert known.label("alive", "1") == "Yes"
    assert known.variable(" date OF birth ") == "born"
    assert known.variable("Where (choice=Elsewhere)") == "sites____1"
    assert known.order("seen") == ("dmy",)
    api = DICTIONARY.splitlines()
    api[0] = (
        "field_name,form_name,field_type,field_label,select_choices_or_calculations,"
        "text_validation_type_or_show_slider_number,identifier"
    )
    assert read_dictionary(read_text("\n".join(api).encode())).fields == known.fields
    broken = DICTIONARY.replace("1, Male |", "Male |")
    with pytest.raises(ExportError, match="line 3, field sex: a choice is not written"):
        read_dictionary(read_text(broken.encode()))


def test_an_export_may_be_split_and_one_line_may_feed_two_tables() -> None:
    known = read_profiles(paths.project_root() / "data" / "profiles")
    base = "USUBJID,SEX,BRTHDTC,DSDTC,DTHFL\nP1,M,1950-01-01,2021-01-01,N\n"
    results = "usubjid,lbtestcd,lborres,lborresu,lbdtc\nP1,IL6,3,pg/mL,2020-01-01\n"
    made = [
        (one.table, one.status, [row.line for row in one.export.rows] if one.export else None)
        for text in (base, results)
        for one in open_deliveries("x.csv", text.encode(), known).deliveries
    ]
    assert made == [
        ("patients", "accepted", [2]),
        ("follow_up", "accepted", [2]),
        ("labs", "accepted", [2]),
    ]


SDTM = {
    "DM": "studyid,usubjid,siteid,sex,age,brthdtc,dthfl,dthdtc,rfpendtc\n"
    "S,P1,01,M,61,1959-05-02,,,2021-04-01\nS,P2,01,F,70,1950-01-01,Y,2021-01-01,2021-01-01\n",
    "RS": "USUBJID,RSTESTCD,RSORRES,RSDTC\nP1,TRGRESP,PR,2020-05-01T09:30\n"
    "P1,OVRLRESP,SD,2020-05-01T09:30\n",
    "ADSL": "USUBJID,SEX,AGE,TRTSDT,LSTALVDT,DTHFL,DTHDT\nP3,F,55,02JAN2020,01FEB2021,,\n",
    "ADLB": "USUBJID,PARAMCD,AVAL,AVALU,ADT\nP3,IL6,4.5,pg/mL,2020-01-01\n"
    "P3,ALT,20,U/L,2020-01-01\n",
    "ADRS": "USUBJID,PARAMCD,AVALC,ADT\nP3,OVRLRESP,PR,2020-06-01\nP3,BOR,PR,2020-06-01\n",
}


def test_domains_and_data_sets_as_cdisc_has_them() -> None:
    known = read_profiles(paths.project_root() / "data" / "profiles")
    made = [
        (name, one.table, *sorted(row.cells.items()))
        for name, text in SDTM.items()
        for one in open_deliveries(f"{name}.csv", text.encode(), known).deliveries
        for row in (one.export.rows if one.export else ())
    ]
    person = {"P1": ("61", "1959-05-02", "M"), "P2": ("70", "1950-01-01", "F")}
    assert made == [
        *(
            (
                *("DM", "patients", ("age_years", age), ("birth_date", born)),
                *(("patient_id", one), ("sex", sex), ("site_id", "01")),
            )
            for one, (age, born, sex) in person.items()
        ),
        (
            *("DM", "follow_up", ("last_contact_on", "2021-04-01")),
            *(("patient_id", "P1"), ("vital_status", "alive")),
        ),
        (
            *("DM", "follow_up", ("died_on", "2021-01-01"), ("last_contact_on", "2021-01-01")),
            *(("patient_id", "P2"), ("vital_status", "dead")),
        ),
        (
            *("RS", "assessments", ("assessed_on", "2020-05-01"), ("patient_id", "P1")),
            ("response", "SD"),
        ),
        ("ADSL", "patients", ("age_years", "55"), ("patient_id", "P3"), ("sex", "F")),
        (
            *("ADSL", "follow_up", ("last_contact_on", "2021-02-01")),
            *(("patient_id", "P3"), ("vital_status", "alive")),
        ),
        (
            *("ADLB", "labs", ("analyte", "il6"), ("collected_on", "2020-01-01")),
            *(("patient_id", "P3"), ("unit", "pg/mL"), ("value", "4.5")),
        ),
        (
            *("ADRS", "assessments", ("assessed_on", "2020-06-01"), ("patient_id", "P3")),
            ("response", "PR"),
        ),
    ]


def test_a_file_of_which_no_line_is_read_says_by_which_columns_lines_are_chosen() -> None:
    profiles = read_profiles(paths.project_root() / "data" / "profiles")
    header = "person_id,drug_concept_id,drug_exposure_start_date,drug_source_value"
    export = f"{header}\n1,19073183,2020-01-01,insulin\n".encode()
    (one,) = open_deliveries("DRUG_EXPOSURE.csv", export, profiles).deliveries
    assert one.status == "rejected"
    assert one.problem == (
        "holds no line that profile omop reads (it chooses lines by their drug_concept_id, "
        "drug_source_value); export it again, or correct the profile"
    )


def test_a_file_s_name_is_one_however_a_system_writes_its_letters(tmp_path: Path) -> None:
    recognised = f"{{columns: [Nr, Sex, Born], file: '{normalize('NFC', 'Köln')}*'}}"
    text = GOOD.replace("{columns: [Nr, Sex, Born]}", recognised).partition("  - table: labs")[0]
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    content = b"Nr,Sex,Born\n1,No,01.02.1950\n"
    for form in ("NFC", "NFD"):
        file = normalize(form, "KÖLN 2024.csv")
        (made,) = open_deliveries(file, content, read_profiles(tmp_path)).deliveries
        assert made.profile == "site", form


def test_a_profile_that_can_be_read_at_the_second_look_is_not_kept_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, whole = tmp_path / "site.yaml", Path.read_bytes
    file.write_text(GOOD, encoding="utf-8")
    looks: list[Path] = []

    def read_bytes(path: Path) -> bytes:
        looks.append(path)
        if len(looks) != 2:
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert read_profile(file).name == "site"
    with pytest.raises(YamlConfigError, match="cannot be read"):
        read_profile(file)
