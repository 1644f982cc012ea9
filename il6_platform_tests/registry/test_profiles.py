"""Profiles: every mistake named by file, line and key; REDCap by its dictionary; split exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6_platform import paths
from il6_platform.registry.native import VALUES
from il6_platform.registry.profiles import read_profiles
from il6_platform.typed_file import TypedFileError
from il6_platform.validation import assessments, follow_up, patients

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
    with pytest.raises(TypedFileError) as told:
        read(tmp_path, GOOD.replace(old, new))
    assert f"profile {tmp_path / 'site.yaml'}" in str(told.value)
    assert says in str(told.value)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(TypedFileError) as told:
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
    with pytest.raises(TypedFileError, match=r"site.yaml, key name: is the same as in other.yaml"):
        read(tmp_path, GOOD, "other.yaml")
    with pytest.raises(
        TypedFileError, match=r"site.yaml, key recognise: is the same as in other.yaml"
    ):
        read(tmp_path, GOOD.replace("name: site", "name: other"), "other.yaml")


def test_covariates_of_the_study_are_declared(tmp_path: Path) -> None:
    more = GOOD.replace("birth_date: Born", "birth_date: Born\n      smoker: Smokes")
    with pytest.raises(TypedFileError, match="what is listed under covariates"):
        read(tmp_path, more)
    read(tmp_path, more.replace("    requires: [sex]", "    covariates: [smoker]"))


def test_lists_of_values_are_the_rule_books() -> None:
    rules = {
        str(rule.column): tuple(rule.arguments["value_set"])
        for module in (patients, assessments, follow_up)
        for rule in module.RULES
        if rule.id == f"{rule.column}_is_in_the_list" and rule.column in VALUES
    }
    assert rules == VALUES


def test_shipped_profiles_are_right() -> None:
    assert len(read_profiles(paths.project_root() / "data" / "profiles")) >= 4
