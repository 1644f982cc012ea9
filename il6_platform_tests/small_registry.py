"""A registry of a few patients, from exports to the cohort, without Dagster and the analyses.

Patients T01 to T08 start on 2023-02-01, the odd ones with bevacizumab; their IL-6 is their number
and a half, their scan stable in April and progressive in August, and they are alive in December.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from il6_platform.warehouse.database import Warehouse
from il6_platform_tests.derivation import derive, derive_cohort, warehouse_of

STUDY = """
marker: {analyte: il6, label: IL-6, unit: pg/mL}
arms: {experimental_drug: bevacizumab}
cutoff: {method: median}
quality: {max_quarantine_share: 1}
"""
HEADERS = {
    "patients": "patient_id,sex,birth_date,ecog",
    "treatments": "patient_id,line,drug,start_date,end_date",
    "labs": "patient_id,analyte,value,unit,collected_on",
    "assessments": "patient_id,assessed_on,response,sum_of_diameters_mm",
    "follow_up": "patient_id,last_contact_on,vital_status,died_on,cause_of_death",
    "outcomes": "patient_id,endpoint,time,unit,event",
}
TABLES = ("patients", "treatments", "labs", "assessments", "follow_up")
SET_ASIDE = "Decisive record in quarantine"


def rows_of(numbers: Iterable[str], table: str) -> list[str]:
    """Return the rows of ordinary patients, called T01, A13 ..., in a table."""
    made = []
    for number in numbers:
        n = int(number[1:])
        day = n % 20 or 20
        made += {
            "patients": [f"{number},{'MF'[n % 2]},19{50 + day}-01-01,1"],
            "treatments": [
                f"{number},1,fluorouracil,2023-02-01,",
                *([f"{number},1,bevacizumab,2023-02-01,"] if n % 2 else []),
            ],
            "labs": [f"{number},il6,{n}.5,pg/mL,2023-01-20"],
            "assessments": [f"{number},2023-04-01,SD,", f"{number},2023-08-{day:02},PD,"],
            "follow_up": [f"{number},2023-12-{10 + day},alive,,"],
        }[table]
    return made


BASE = [f"T{n:02}" for n in range(1, 9)]


@dataclass
class SmallRegistry:
    """Exports in a landing folder, and the cohort that they give."""

    folder: Path
    study: str = STUDY
    numbers: set[str] = field(default_factory=set)

    @property
    def warehouse(self) -> Warehouse:
        """The registry's and the study's tables, in one database."""
        file = self.folder / "study.yaml"
        file.write_text(self.study, encoding="utf-8")
        return warehouse_of(self.folder, file)

    def deliver(self, day: str, rows: Mapping[str, list[str]], **headers: str) -> None:
        """Drop exports of a day: a table's rows, without its header."""
        for table, lines in rows.items():
            file = self.folder / "landing" / day / f"{table}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            header = headers.get(table, HEADERS[table])
            file.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
            self.numbers |= {line.split(",")[0] for line in lines}

    def derive(self) -> dict[str, dict[str, Any]]:
        """Derive the cohort; return number -> reason, arm, marker, months and events."""
        warehouse = self.warehouse
        derive(warehouse)
        return self._patients(warehouse)

    def derive_again(self, study: str) -> dict[str, dict[str, Any]]:
        """Derive the cohort of another study from the staging tables as they are."""
        self.study = study
        warehouse = self.warehouse
        with warehouse.connect():
            derive_cohort(warehouse)
        return self._patients(warehouse)

    def _patients(self, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
        """Return what the cohort says of each patient, by the registry's number."""
        subjects = warehouse.query("from cohort.subjects").set_index("USUBJID")
        times = warehouse.query("from cohort.adtte")
        found = {}
        for number in sorted(self.numbers):
            patient = warehouse.pseudonyms.of(number)
            if patient not in subjects.index:
                continue
            row = subjects.loc[patient]
            found[number] = {
                "reason": None if pd.isna(row["EXCLREAS"]) else row["EXCLREAS"],
                "arm": row["ARMCD"],
                "marker": None if pd.isna(row["MARKER"]) else round(float(row["MARKER"]), 6),
                **{
                    time["PARAMCD"]: (round(float(time["AVAL"]), 2), time["CNSR"] == 0)
                    for time in times[times["USUBJID"] == patient].to_dict("records")
                },
            }
        return found


def base(**changed: list[str]) -> dict[str, list[str]]:
    """Return the rows of T01 to T08 in every table; those of a table that is named are `changed`.

    A row that begins with a number takes the place of that patient's rows in the table.
    """
    made = {}
    for table in TABLES:
        other = {line.split(",")[0] for line in changed.get(table, [])}
        kept = [number for number in BASE if number not in other]
        made[table] = [*rows_of(kept, table), *changed.get(table, [])]
    return made | {table: lines for table, lines in changed.items() if table not in TABLES}
