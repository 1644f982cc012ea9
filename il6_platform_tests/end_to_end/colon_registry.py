"""The colon cancer trial of R's survival package as a registry's native exports.

`python -m il6_platform_tests.end_to_end.colon_registry FOLDER` writes FOLDER/landing and
FOLDER/study.yaml. Dates count from an arbitrary time zero. A recurrence is a visit with PD, a death
without one is a death; who did not progress was seen last on the day of PFS.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

COLON = Path(__file__).parents[1] / "reference" / "colon_study.csv"
TIME_ZERO = date(2000, 1, 3)
STUDY = """\
title: Positive nodes and the efficacy of levamisole and fluorouracil in colon cancer
marker: {analyte: positive_nodes, label: Positive nodes, unit: count}
arms:
  experimental_drug: levamisole
  experimental_label: Lev+5FU
  control_label: Observation
cutoff: {method: youden, outcome: {endpoint: OS, by_months: 36}}
covariates:
  - {name: age, label: Age, kind: number, unit: years}
  - {name: sex, label: Sex, kind: category, reference: F}
  - {name: obstruct, label: Obstruction, kind: number}
  - {name: extent, label: Extent, kind: number}
landmarks_months: [12, 36, 60]
replicates: 50
seed: 7
"""


def write(folder: Path, patients: pd.DataFrame | None = None) -> tuple[Path, Path]:
    """Write exports and study file; return the landing folder and the study file."""
    trial = pd.read_csv(COLON) if patients is None else patients
    landing = folder / "landing"
    landing.mkdir(parents=True, exist_ok=True)

    def on(day: float) -> str:
        return (TIME_ZERO + timedelta(days=int(day))).isoformat()

    def export(table: str, rows: list[dict[str, object]], columns: str) -> None:
        frame = pd.DataFrame(rows, columns=columns.split())
        frame.to_csv(landing / f"{table}-2012-01-01.csv", index=False)

    rows: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("patients", "treatments", "labs", "assessments", "follow_up")
    }
    for one in trial.to_dict("records"):
        key = {"patient_id": f"COLON{one['id']}"}
        rows["patients"].append(
            {
                **key,
                "sex": one["sex"],
                "age_years": one["age"],
                "obstruct": one["obstruct"],
                "extent": one["extent"],
            }
        )
        drugs = ["levamisole", "fluorouracil"] if one["arm"] == "E" else ["observation"]
        rows["treatments"] += [
            {**key, "line": 1, "drug": drug, "start_date": on(0)} for drug in drugs
        ]
        if one["marker"] == one["marker"]:
            rows["labs"].append(
                {
                    **key,
                    "analyte": "positive_nodes",
                    "value": one["marker"],
                    "unit": "count",
                    "collected_on": on(-7),
                }
            )
        died = one["os_event"] == 1
        by_death = one["pfs_event"] == 1 and died and one["pfs_days"] == one["os_days"]
        if not by_death:
            response = "PD" if one["pfs_event"] == 1 else "SD"
            visit = {**key, "assessed_on": on(one["pfs_days"]), "response": response}
            rows["assessments"].append(visit)
        rows["follow_up"].append(
            {
                **key,
                "last_contact_on": on(one["os_days"]),
                "vital_status": "dead" if died else "alive",
                "died_on": on(one["os_days"]) if died else None,
            }
        )
    export("patients", rows["patients"], "patient_id sex age_years obstruct extent")
    export("treatments", rows["treatments"], "patient_id line drug start_date")
    export("labs", rows["labs"], "patient_id analyte value unit collected_on")
    export("assessments", rows["assessments"], "patient_id assessed_on response")
    export("follow_up", rows["follow_up"], "patient_id last_contact_on vital_status died_on")
    study = folder / "study.yaml"
    study.write_text(STUDY, encoding="utf-8")
    return landing, study


if __name__ == "__main__":
    write(Path(sys.argv[1]))
