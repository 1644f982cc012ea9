"""A profile that is put right is tried on the files that it made tables of before."""

from __future__ import annotations

from il6_platform_tests.validation.conftest import Registry

PROFILE = """
name: ward
title: A ward's list
recognise: [{columns: [number, gender, born]}]
tables:
  - table: patients
    columns: {patient_id: number, sex: gender, birth_date: born}
    codes: {sex: {w: F, m: %s}}
  - table: labs
    requires: [value]
    columns: {patient_id: number, value: il6, collected_on: drawn}
    constants: {analyte: il6, unit: pg/mL}
"""
EXPORT = "number;gender;born;il6;drawn\nA;w;1950-01-01;4.5;2020-01-01\nB;m;1951-01-01;;\n"


def test_a_profile_that_is_put_right_reads_its_files_again_and_loses_none(made: Registry) -> None:
    site = made.warehouse.site
    profile = site.home_path / "profiles" / "ward.yaml"
    profile.parent.mkdir()
    (site.landing_path / "ward_2024-01-01.csv").write_text(EXPORT)
    sexes, sequences = [], []
    for code in ("F", "M", "M"):
        profile.write_text(PROFILE % code)
        made.stage()
        sexes.append(
            made.ask("select sex from staging.patients order by birth_date")["sex"].tolist()
        )
        assert made.ask("select count(*) as n from staging.labs")["n"].item() == 1
        assert made.ask("select sum(unaccounted) as n from staging.balance")["n"].item() == 0
        sequences.append(made.ask("select max(sequence) as n from raw.deliveries")["n"].item())
    assert sexes == [["F", "F"], ["F", "M"], ["F", "M"]]
    # nothing is read again where the profile is as it was
    assert sequences[2] == sequences[1]
