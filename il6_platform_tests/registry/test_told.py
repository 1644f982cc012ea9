"""A file's name leaves the site's own places only where it says nothing of a patient."""

from __future__ import annotations

import pytest

from il6_platform.registry.told import told, told_all

DIGEST = "3f2a9c1b" * 8


@pytest.mark.parametrize(
    "file",
    [
        "labs.csv",
        "2023-12-31/labs.csv",
        "follow_up_2023-12-31.csv",
        "export_20231231/treatments_updates.csv",
    ],
)
def test_a_name_of_tables_and_days_is_told(file: str) -> None:
    assert told(file, DIGEST) == file


@pytest.mark.parametrize(
    "file",
    [
        "Smith.csv",
        "2023-12-31/labs_Smith.csv",
        "2023-12-31/labs_0001.csv",
        "2023-12-31/CRLM-0001.csv",
        "Müller/labs.csv",
        "2023-12-31/all.xlsx (Smith)",
        "labs 19620304 7.csv",
    ],
)
def test_any_other_name_is_a_table_a_day_and_a_hash(file: str) -> None:
    said = told(file, DIGEST, "labs")
    assert said.startswith("labs") and "3f2a9c1b" in said
    for word in ("Smith", "0001", "CRLM", "Müller", " 7"):
        assert word not in said
    assert told_all(f"labs.csv, {file}").startswith("labs.csv, file")
