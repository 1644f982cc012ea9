"""Patients with all that will ever be known of them, as rows of the native tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from il6_platform.study import Study
from il6_platform_tests.demo.calibration import (
    DIED,
    MARKER_LIMITS,
    MARKER_LOG_SD,
    PROGRESSED,
    Slot,
    completed_years,
    weekday,
)

MARKER_MEDIAN = 5.2
CHEMOTHERAPY = {
    "FOLFOX": ["oxaliplatin", "fluorouracil", "leucovorin"],
    "CAPOX": ["oxaliplatin", "capecitabine"],
    "FOLFIRI": ["irinotecan", "fluorouracil", "leucovorin"],
}
UNITS = {"cea": "ng/mL", "crp": "mg/L", "neutrophils": "10*9/L", "lymphocytes": "10*9/L"}

Row = dict[str, str]
Rows = dict[str, list[Row]]


@dataclass
class Patient:
    """A patient; days count from the start of treatment, `death` is None for who is alive."""

    slot: Slot
    birth: date
    marker: float
    cea: float
    responds: bool
    resected: bool
    days: int
    outcome: int
    death: int | None
    end: int
    id: str = ""
    record: Row = field(default_factory=dict)
    rows: Rows = field(default_factory=lambda: {"treatments": [], "labs": [], "assessments": []})

    def on(self, day: int | float) -> str:
        """Return the ISO date of a day since start of treatment."""
        return (self.slot.start + timedelta(int(day))).isoformat()

    def add(self, table: str, **cells: str) -> Row:
        """Add a row to a table."""
        row = {"patient_id": self.id, **cells}
        self.rows[table].append(row)
        return row

    @property
    def experimental(self) -> bool:
        """Whether the arm is the experimental one."""
        return self.slot.arm == "experimental"

    @property
    def burden(self) -> float:
        """Marker in standard deviations of its logarithm, which other findings go along with."""
        return float(np.log(max(self.marker, 0.75) / MARKER_MEDIAN) / MARKER_LOG_SD)


def result(value: float) -> str:
    """Write a marker result as the laboratory does."""
    low, high = MARKER_LIMITS
    if value < low:
        return f"<{low:g}"
    return f">{high:g}" if value > high else f"{value:.2f}"


def describe(rng: np.random.Generator, patient: Patient) -> float:
    """Fill in the patient's record; return the sum of target diameters before treatment (mm)."""
    burden, start = patient.burden, patient.slot.start
    synchronous = rng.random() < 0.75
    diagnosed = start - timedelta(
        int(rng.integers(14, 70) if synchronous else rng.integers(200, 1200))
    )
    number = 1 + int(rng.poisson(np.exp(1.0 + 0.2 * burden)))
    largest = float(
        np.clip(np.exp(3.55 + 0.22 * burden + 0.1 * np.log(number) + 0.4 * rng.normal()), 20, 160)
    )
    extrahepatic = rng.random() < 0.35
    frailty = 0.5 * burden + (completed_years(patient.birth, start) - 60) / 18 + rng.normal()
    ras = rng.random() < 0.45
    patient.record = {
        "patient_id": patient.id,
        "site_id": str(rng.choice(["SITE-1", "SITE-2", "SITE-3"], p=[0.5, 0.3, 0.2])),
        "sex": "F" if rng.random() < 0.4 else "M",
        "birth_date": patient.birth.isoformat(),
        "diagnosis_date": diagnosed.isoformat(),
        "primary_site": str(
            rng.choice(["right colon", "left colon", "rectum"], p=[0.28, 0.42, 0.3])
        ),
        "primary_resected": "Y" if patient.resected else "N",
        "metastasis_timing": "synchronous" if synchronous else "metachronous",
        "liver_metastases_n": str(number),
        "largest_metastasis_mm": f"{largest:.0f}",
        "extrahepatic": "Y" if extrahepatic else "N",
        "ras_status": "mutant" if ras else "wild-type",
        "braf_status": "mutant" if not ras and rng.random() < 0.1 else "wild-type",
        "ecog": str(int(frailty > 0.2) + int(frailty > 1.9)),
    }
    second = largest * rng.uniform(0.35, 0.9) if number > 1 else 0
    return round(largest + second + (rng.uniform(12, 35) if extrahepatic else 0))


def measure(
    rng: np.random.Generator, before: float, change: float, progresses: list[bool]
) -> list[tuple[str, int]]:
    """Return response and sum of diameters at consecutive scans, by RECIST 1.1.

    `change` is the relative change from `before` at the first scan: who responds does so then.
    """
    found: list[tuple[str, int]] = []
    smallest = round(before)
    bound = int(np.floor(0.7 * before))
    for position, progression in enumerate(progresses):
        grown = max(1.2 * smallest, smallest + 5)
        if progression:
            size = int(np.ceil(grown * rng.uniform(1.03, 1.35)))
        elif position == 0:
            size = round(before * (1 + change))
        elif position == 1 and change < -0.7:
            size = 0
        else:
            size = round(smallest * rng.uniform(0.93, 1.06))
        if not progression:
            size = min(size, int(np.ceil(grown)) - 1) if smallest else 0
            size = min(size, bound) if change <= -0.3 else max(size, bound + 1)
        response = (
            "PD" if progression else "CR" if size == 0 else "PR" if size <= 0.7 * before else "SD"
        )
        found.append((response, size))
        smallest = min(smallest, size)
    return found


def scan(rng: np.random.Generator, patient: Patient, before: float) -> None:
    """Fill in first-line tumour assessments, which show the patient's course."""
    limit = patient.days if patient.outcome == PROGRESSED else patient.end
    scans = [
        (day, readable)
        for day, readable in patient.slot.scans
        if day < limit or (day == limit and patient.outcome != DIED)
    ]
    change = -rng.uniform(0.34, 0.8) if patient.responds else rng.uniform(-0.24, 0.1)
    readable_days = [day for day, readable in scans if readable]
    progresses = [patient.outcome == PROGRESSED and day == patient.days for day in readable_days]
    measured = iter(measure(rng, before, float(change), progresses))
    for day, readable in scans:
        response, size = next(measured) if readable else ("NE", "")
        patient.add(
            "assessments",
            assessed_on=patient.on(day),
            response=response,
            sum_of_diameters_mm=str(size),
        )


def stage(patient: Patient, before: float) -> None:
    """Fill in the scan before treatment: nothing to respond to yet, but diameters."""
    day = -14 - patient.slot.start.toordinal() % 8
    patient.rows["assessments"].insert(
        0,
        {
            "patient_id": patient.id,
            "assessed_on": patient.on(day),
            "response": "NE",
            "sum_of_diameters_mm": str(round(before)),
        },
    )


def give(patient: Patient, line: int, drug: str, start: int, end: int) -> Row:
    """Add a drug; it ends no later than the patient's follow-up."""
    return patient.add(
        "treatments",
        line=str(line),
        drug=drug,
        start_date=patient.on(start),
        end_date=patient.on(max(start, min(end, patient.end))),
    )


def treat(rng: np.random.Generator, patient: Patient, experimental_drug: str) -> None:
    """Fill in the drugs: oxaliplatin-based in the first line, with the experimental one or not."""
    backbone = str(rng.choice(["FOLFOX", "CAPOX"], p=[0.7, 0.3]))
    until = patient.days if patient.outcome == PROGRESSED else patient.end
    induction = min(until, int(rng.integers(120, 200)))
    maintenance = min(until, int(rng.integers(240, 480)))
    for drug in CHEMOTHERAPY[backbone]:
        give(patient, 1, drug, 0, induction if drug == "oxaliplatin" else maintenance)
    if patient.experimental:
        late = int(rng.choice([0, 1, 2, 14, 15], p=[0.6, 0.1, 0.1, 0.15, 0.05]))
        give(patient, 1, experimental_drug, min(late, until), maintenance)
    toxicity = patient.days > 270 and rng.random() < 0.08
    second = patient.days + int(rng.integers(10, 36))
    if toxicity:
        second = int(0.6 * patient.days)
    elif patient.outcome != PROGRESSED or rng.random() > 0.7:
        return
    if second + 30 > patient.end:
        return
    stop = second + int(rng.integers(80, 210))
    partner = ""
    if rng.random() < 0.65:
        choices = [experimental_drug, "aflibercept"]
        if patient.record["ras_status"] == "wild-type":
            choices += ["cetuximab", "panitumumab"]
        partner = str(rng.choice(choices))
    for drug in [*CHEMOTHERAPY["FOLFIRI"], *([partner] if partner else [])]:
        give(patient, 2, drug, second, stop)
    if not toxicity and rng.random() >= 0.4:
        _scan_second_line(rng, patient, second, stop)


def _scan_second_line(rng: np.random.Generator, patient: Patient, start: int, stop: int) -> None:
    visits = range(start + 56, min(stop + 60, patient.end), 63)
    days = [
        (weekday(patient.slot.start + timedelta(day)) - patient.slot.start).days for day in visits
    ]
    days = [day for day in days if day <= patient.end and day != patient.death]
    before = int(patient.rows["assessments"][-1]["sum_of_diameters_mm"])
    progresses = [day == days[-1] for day in days]
    measured = measure(rng, before, float(rng.uniform(-0.25, 0.1)), progresses)
    for day, (response, size) in zip(days, measured, strict=True):
        patient.add(
            "assessments",
            assessed_on=patient.on(day),
            response=response,
            sum_of_diameters_mm=str(size),
        )


def sample(rng: np.random.Generator, patient: Patient, study: Study) -> None:
    """Fill in laboratory results: before treatment, an older marker for some, and on treatment."""
    first_day, last_day = study.marker.window_days
    baseline = last_day - int(rng.integers(0, 9))

    def draw(analyte: str, day: int, value: str, unit: str) -> None:
        patient.add("labs", analyte=analyte, value=value, unit=unit, collected_on=patient.on(day))

    def marker(day: int, value: float) -> None:
        draw(str(study.marker.analyte), day, result(value), study.marker.unit)

    older = rng.random()
    if older < 0.35:
        marker(
            int(rng.integers(first_day, baseline - 4)),
            patient.marker * float(np.exp(0.55 * rng.normal())),
        )
    elif older < 0.5:
        marker(first_day - int(rng.integers(6, 40)), patient.marker * float(rng.uniform(0.6, 1.5)))
    marker(baseline, patient.marker)
    crp = float(np.exp(1.9 + 0.8 * patient.burden + 0.7 * rng.normal()))
    if rng.random() < 0.9:
        draw("crp", baseline, f"{crp:.1f}" if crp >= 0.6 else "<0.6", UNITS["crp"])
    cea = patient.cea
    draw("cea", baseline, f"{cea:.2f}", UNITS["cea"])
    count_blood(rng, patient, baseline, draw)
    for visit, row in enumerate(patient.rows["assessments"][:6]):
        day = (date.fromisoformat(row["assessed_on"]) - patient.slot.start).days
        worse = row["response"] == "PD"
        cea *= float(np.exp((0.5 if worse else -0.25) + 0.2 * rng.normal()))
        draw("cea", day, f"{max(cea, 0.6):.2f}", UNITS["cea"])
        if visit in (0, 2) or worse:
            marker(
                day,
                patient.marker * float(np.exp((0.5 if worse else -0.2) + 0.5 * rng.normal())),
            )


def count_blood(
    rng: np.random.Generator,
    patient: Patient,
    baseline: int,
    draw: Callable[[str, int, str, str], None],
) -> None:
    """Add blood counts: at baseline, for some a week before, and at the two-month assessment.

    For a few the lymphocytes of the last count are missing: the week before stands in.
    """
    level = float(np.exp(0.25 * patient.burden + 0.3 * rng.normal()))
    days = [baseline, patient.slot.scans[0][0]]
    if rng.random() < 0.4:
        days.insert(0, baseline - 7)
    for day in days:
        neutrophils = 4.6 * level * float(np.exp(0.15 * rng.normal()))
        lymphocytes = 1.6 / level**0.5 * float(np.exp(0.2 * rng.normal()))
        draw("neutrophils", day, f"{neutrophils:.2f}", UNITS["neutrophils"])
        if day != baseline or rng.random() > 0.05:
            draw("lymphocytes", day, f"{lymphocytes:.2f}", UNITS["lymphocytes"])


def grow(rng: np.random.Generator, study: Study, patients: list[Patient]) -> None:
    """Number the patients by start and fill in everything that will ever be known of them."""
    patients.sort(key=lambda patient: (patient.slot.start, patient.birth))
    for number, patient in enumerate(patients, start=1):
        patient.id = f"CRLM-{number:04d}"
        before = describe(rng, patient)
        scan(rng, patient, before)
        treat(rng, patient, study.arms.experimental_drug)
        sample(rng, patient, study)
        stage(patient, before)
        patient.rows["treatments"].sort(key=lambda row: (row["line"], row["start_date"]))
