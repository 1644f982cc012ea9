"""The exports that the registry hands over, and what data/demo/README.md says of them."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from il6_platform.registry.native import TABLES
from il6_platform.study import Study
from il6_platform_tests.demo.calibration import PROGRESSED
from il6_platform_tests.demo.patients import Patient, Row, Rows
from il6_platform_tests.demo.registry import Registry, build
from il6_platform_tests.demo.target import Target


def known_by(patient: Patient, day: date) -> Rows:
    """Return a patient's rows as the registry knew them at the end of a day."""
    last = day.isoformat()
    treatments = [
        {**row, "end_date": row["end_date"] if row["end_date"] <= last else ""}
        for row in patient.rows["treatments"]
        if row["start_date"] <= last
    ]
    labs = [row for row in patient.rows["labs"] if row["collected_on"] <= last]
    assessments = [row for row in patient.rows["assessments"] if row["assessed_on"] <= last]
    died = patient.on(patient.death) if patient.death is not None else None
    seen = [row["collected_on"] for row in labs] + [row["assessed_on"] for row in assessments]
    seen += [row["start_date"] for row in treatments]
    end = patient.on(patient.end)
    contact = end if end <= last else max([*seen, patient.on(0)])
    follow_up = {
        "patient_id": patient.id,
        "last_contact_on": contact,
        "vital_status": "alive",
        "died_on": "",
        "cause_of_death": "",
    }
    if died is not None and died <= last:
        follow_up |= {"last_contact_on": died, "vital_status": "dead", "died_on": died}
        follow_up["cause_of_death"] = "disease" if patient.outcome == PROGRESSED else "other"
    return {
        "patients": [patient.record],
        "treatments": treatments,
        "labs": labs,
        "assessments": assessments,
        "follow_up": [follow_up],
    }


def export(registry: Registry, day: date, is_late: bool, is_last: bool) -> dict[str, str]:
    """Return one full export as table -> CSV text."""
    tables: Rows = {name: [] for name in TABLES}
    for patient in registry.patients:
        if patient.slot.start > day:
            continue
        for table, rows in known_by(patient, day).items():
            tables[table] += rows
    unseen = {p for p, reason in registry.not_analysed.items() if reason == "No follow-up"}
    tables["follow_up"] = [row for row in tables["follow_up"] if row["patient_id"] not in unseen]
    if not is_late:
        tables["patients"] = [
            {**row, **registry.amended.get(row["patient_id"], {})} for row in tables["patients"]
        ]
    if is_last:
        for fault in registry.faults:
            if fault.table != "patients":
                tables[fault.table].append(fault.row)
    return {table: _csv(table, rows) for table, rows in tables.items()}


def _csv(table: str, rows: list[Row]) -> str:
    columns = [
        column
        for column in (*TABLES[table].required, *TABLES[table].optional)
        if column != "age_years" and (table == "patients" or column != "site_id")
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = [row.get(column, "") for column in columns]
        if "," in cells[-1]:
            # the stray comma of a fault must not be quoted away
            cells[-1:] = cells[-1].split(",")
        writer.writerow(cells)
    return out.getvalue()


def readme(registry: Registry, target: Target) -> str:
    """Return what data/demo/README.md says."""
    lines = [
        "# The embedded registry: SYNTHETIC",
        "",
        "No patient here is real. `python -m il6_platform_tests.demo` writes these files, the "
        "same bytes every time, so that the platform can be tried and tested. They are calibrated "
        "to the figures that `data/studies/il6_bevacizumab.yaml` lists under `published`; nothing "
        "else of the published study is known. IL-6, CRP, CEA, neutrophils and lymphocytes are "
        "there; whoever responds does so at the two-month assessment.",
        "",
        f"Full exports of {', '.join(day.isoformat() for day in target.exports)}: each holds all "
        "that was known by then.",
        "",
        "## Not analysed",
        "",
        "| patient | reason |",
        "|---|---|",
        *(f"| {patient} | {reason} |" for patient, reason in sorted(registry.not_analysed.items())),
        "| CRLM-0999 | No patient record |",
        "",
        "## Wrong rows in the last export",
        "",
        "| table | what | rule that finds it |",
        "|---|---|---|",
        *(f"| {f.table} | {f.what} | `{f.expected}` |" for f in registry.faults),
        "",
        "## Wrong at first, corrected in the last two exports",
        "",
        *(
            f"- {patient}: {column} was {value}"
            for patient, cells in registry.amended.items()
            for column, value in cells.items()
        ),
        "",
    ]
    return "\n".join(lines)


def write(folder: Path, study: Study) -> Registry:
    """Write all exports and the README into a folder."""
    target, registry = Target.of(study), build(study)
    for day in target.exports:
        place = folder / day.isoformat()
        place.mkdir(parents=True, exist_ok=True)
        is_late, is_last = day >= target.exports[-2], day == target.exports[-1]
        for table, text in export(registry, day, is_late, is_last).items():
            (place / f"{table}.csv").write_text(text, encoding="utf-8", newline="")
    (folder / "README.md").write_text(readme(registry, target), encoding="utf-8")
    return registry
