"""Identifiers that are planted in exports are looked for in everything that is written or said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from il6_platform import cli
from il6_platform_tests.end_to_end.conftest import Installation, installation, open_to_others
from il6_platform_tests.end_to_end.test_alerts import heard

__all__ = ["heard", "installation"]

NAME = "Wolkenstein"
"""Written where names do not belong: into columns of their own, beyond the header, headers."""

TYPED = "Tewdwr"
"""Written into cells of the format: raw has it as received, and so has the worklist."""

WORDS = (NAME.lower(), TYPED.lower(), "crlm-00", "crlm-90")
"""What is looked for, in any case: a file whose header is missing has its first patient there."""


def planted(installation: Installation) -> None:
    """Write names where names do not belong: a column of its own, values, headers, dates."""
    day = installation.landing / "2019-12-31"
    patients = (day / "patients.csv").read_text().splitlines()
    (day / "patients.csv").write_text(
        "\n".join(
            [
                f"{patients[0]},full_name",
                *(f"{line},{NAME} {i}" for i, line in enumerate(patients[1:])),
            ]
        )
        + "\n"
    )
    with (day / "labs.csv").open("a") as labs:
        labs.write(
            f"CRLM-0001,{TYPED},{TYPED},{TYPED},{TYPED}\nCRLM-9001,il6,{TYPED},pg/mL,2019-01-01\n"
        )
        labs.write(f"CRLM-0001,il6,2,pg/mL,2019-01-01,{NAME},{NAME}\n")
    with (day / "assessments.csv").open("a") as assessments:
        assessments.write(f"CRLM-0002,2018-02-30,{TYPED},{TYPED}\n")
    with (day / "follow_up.csv").open("a") as follow_up:
        follow_up.write(f"CRLM-9002,{TYPED},{TYPED},{TYPED},{TYPED}\n")
    # free text in every column of every table, of a patient who is there
    for file in day.glob("*.csv"):
        header, *lines = file.read_text().splitlines()
        empty = ["CRLM-0003", *([""] * header.count(","))]
        known = next((line.split(",") for line in lines if line.startswith("CRLM-0003")), empty)
        with file.open("a") as more:
            for place in range(len(header.split(","))):
                cells = [*known[:place], f"{TYPED} was here", *known[place + 1 :]]
                more.write(",".join(cells) + "\n")
    # sheets and columns that are named after people, one sheet of which is a table of the format
    with pd.ExcelWriter(day / f"{TYPED} 2.xlsx") as book:
        foreign = pd.DataFrame({f"{TYPED} of Wales": ["x"], "CRLM-0001": ["y"]})
        foreign.to_excel(book, sheet_name=f"{TYPED} CRLM-0001", index=False)
        labs = {"patient_id": ["CRLM-0004"], "analyte": ["crp"], "value": ["3"], TYPED: [NAME]}
        labs |= {"unit": ["mg/L"], "collected_on": ["2018-03-01"]}
        pd.DataFrame(labs).to_excel(book, sheet_name=f"labs {TYPED}", index=False)
    # a file that is named after a patient
    (day / f"{TYPED}_CRLM-0001.csv").write_text(
        "patient_id,analyte,value,unit,collected_on\nCRLM-0001,crp,2,mg/L,2018-01-01\n"
    )
    # a comma too many moves the name into a column that is read
    patients = (day / "patients.csv").read_text().splitlines()
    with (day / "patients.csv").open("a") as more:
        more.write(f"CRLM-9003,{NAME},{patients[1].split(',', 1)[1]},{NAME}\n")


def in_database(home: Path) -> list[str]:
    """Return the tables of the databases in which the name stands, in any column."""
    found = []
    for database in [home / "registry.duckdb", *home.glob("studies/*/working.duckdb")]:
        with duckdb.connect(database, read_only=True) as connection:
            tables = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables()"
            ).fetchall()
            found += [
                f"{database.name}: {table}"
                for (table,) in tables
                if connection.execute(
                    f"from {table} as whole where whole::varchar ilike '%' || ? || '%'", [NAME]
                ).fetchone()
            ]
    return found


def found_in(home: Path) -> list[str]:
    """Return the files that hold an identifier.

    Exports as kept, their names, raw rows and the data manager's worklist are the site's own.
    """
    holding = []
    for path in home.rglob("*"):
        name = path.relative_to(home)
        if any(word in str(name).lower() for word in WORDS):
            holding.append(str(name))
        if not path.is_file() or {"deliveries", "deliveries.csv", "worklist.xlsx"} & {*name.parts}:
            continue
        if path.suffix == ".duckdb" and not {"cuts", "released"} & {*name.parts}:
            continue
        if path.suffix in (".xlsx", ".docx"):
            with zipfile.ZipFile(path) as sheets:
                content = b"".join(sheets.read(part) for part in sheets.namelist()).lower()
        else:
            content = path.read_bytes().lower()
        holding += [str(name) for word in WORDS if word.encode() in content]
    return holding


def test_planted_identifiers_are_found_nowhere_and_all_is_its_owners(
    installation: Installation, heard: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    installation.deliver("2019-12-31")
    # what is planted is set aside, and is not so much that it blocks
    with installation.study.open("a", encoding="utf-8") as study:
        study.write("quality: {max_quarantine_share: 1}\n")
    planted(installation)
    home = installation.home
    assert installation.refresh() == 0
    assert cli.main(["status", "--home", str(home)]) == 0
    assert (home / "quality.html").exists()
    assert not in_database(home)
    who = ["--by", "somebody", "--why", "to look for names"]
    assert cli.main(["release", *who, "--home", str(home)]) == 0
    assert [*home.glob("studies/*/released/*/report.html")]
    # exports that block: without a header, with a broken quote, with a patient for a column
    later = installation.landing / "2020-06-30"
    later.mkdir()
    (later / "patients.csv").write_text(f"CRLM-0001,{NAME},F,1950-01-01\nCRLM-0002,{NAME},F,\n")
    (later / "people.csv").write_text(f"CRLM-0001,{NAME},F,1950-01-01\nCRLM-0002,{NAME},F,\n")
    (later / f"{TYPED}.csv").write_text("who,what\nA,is well\n")
    (later / "labs.csv").write_text(f'patient_id,{NAME}\nCRLM-0001,"{NAME}\n')
    (later / "treatments.csv").write_text(f"{NAME},{NAME}\nCRLM-0001,{NAME}\n")
    assert installation.refresh() == 1
    said = "".join([*capfd.readouterr(), *heard]).lower()
    assert "blocked" in said and "did not publish" in said
    assert not [word for word in WORDS if word in said]
    assert not found_in(home)
    assert not in_database(home)
    assert not open_to_others(home)
