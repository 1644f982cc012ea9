"""The registry as it stands at the last export: who is not analysed, and what is wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from il6_platform.study import Study
from il6_platform_tests.demo.calibration import (
    DIED,
    PROGRESSED,
    SEED,
    calibrate,
    disease,
    plan,
    progressed_at_first,
    weekday,
)
from il6_platform_tests.demo.patients import Patient, Row, grow
from il6_platform_tests.demo.target import Target


@dataclass(frozen=True)
class Fault:
    """A row that the registry has wrong, and what the platform is expected to say of it."""

    table: str
    what: str
    expected: str
    row: Row


@dataclass
class Registry:
    """All patients, why some are not analysed, and the rows that are wrong to the last."""

    patients: list[Patient]
    not_analysed: dict[str, str]
    faults: list[Fault]
    amended: dict[str, dict[str, str]]
    """Patient -> cells as they stood wrongly in all exports but the last two."""


def newcomers(rng: np.random.Generator, target: Target) -> list[Patient]:
    """Return patients who arrive but cannot be analysed, each for one reason."""
    slots = [
        plan(rng, arm, "low", start, target.exports[-1])
        for arm, start in (
            ("control", weekday(target.period[0] + timedelta(400))),
            ("experimental", weekday(target.period[0] + timedelta(900))),
            ("control", weekday(target.period[0] + timedelta(1300))),
            ("experimental", weekday(target.period[1] - timedelta(200))),
            ("control", weekday(target.period[1] - timedelta(2))),
        )
    ]
    course = disease(rng, slots, 1, target.follow_up[2])[0]
    early = progressed_at_first(slots, course)
    made = []
    for i, slot in enumerate(slots):
        outcome, days = int(course.outcome[i]), int(course.days[i])
        end = min(slot.observed_days, int(course.lost[i]), days + 300)
        made.append(
            Patient(
                slot=slot,
                birth=slot.start - timedelta(int(rng.integers(50, 75) * 365.25)),
                marker=round(float(rng.uniform(2, 9)), 2),
                cea=round(float(rng.uniform(2, 30)), 2),
                responds=not early[i] and rng.random() < 0.5,
                resected=rng.random() < 0.5,
                days=days,
                outcome=outcome,
                death=days if outcome == DIED else None,
                end=days if outcome == DIED else max(days, end),
            )
        )
    return made


def build(study: Study) -> Registry:
    """Make the whole registry as it stands at the last export."""
    target = Target.of(study)
    found = calibrate(target)
    patients = [
        Patient(
            slot=slot,
            birth=found.births[i],
            marker=float(found.markers[i]),
            cea=float(found.cea[i]),
            responds=bool(found.responds[i]),
            resected=bool(found.resected[i]),
            days=int(found.course.days[i]),
            outcome=int(found.course.outcome[i]),
            death=int(found.death[i]) if found.death[i] >= 0 else None,
            end=int(found.end[i]),
        )
        for i, slot in enumerate(found.slots)
    ]
    rng = np.random.default_rng([SEED, 3])
    extra = newcomers(rng, target)
    everyone = [*patients, *extra]
    grow(rng, study, everyone)
    untreated, unmeasured, withdrawn, unreadable, unseen = extra
    untreated.rows["treatments"].clear()
    untreated.rows["assessments"].clear()
    unmeasured.rows["labs"] = [
        row
        for row in unmeasured.rows["labs"]
        if row["analyte"] != study.marker.analyte or row["collected_on"] > unmeasured.on(0)
    ]
    withdrawn.record["consent_withdrawn_on"] = target.exports[-2].isoformat()
    unreadable.record["sex"] = "X"
    reasons = {
        untreated.id: "No first-line treatment",
        unmeasured.id: "No baseline marker in the window",
        withdrawn.id: "Consent withdrawn",
        unreadable.id: "Decisive record in quarantine",
        unseen.id: "No follow-up",
    }
    analysed = [patient for patient in everyone if patient.id not in reasons]
    for patient, column in zip(analysed[3::9], ["largest_metastasis_mm"] * 3, strict=False):
        patient.record[column] = ""
    for patient in analysed[5::8]:
        patient.record["ras_status"] = patient.record["braf_status"] = ""
    return Registry(
        everyone, reasons, faults(study, analysed, unreadable, target), _amended(analysed)
    )


def _amended(analysed: list[Patient]) -> dict[str, dict[str, str]]:
    """Return cells that stand wrongly in the first exports: digits transposed, sex in words."""
    transposed = next(
        patient
        for patient in analysed
        if len(patient.record["largest_metastasis_mm"]) == 2
        and len(set(patient.record["largest_metastasis_mm"])) == 2
    )
    size = transposed.record["largest_metastasis_mm"]
    sex = "male" if analysed[7].record["sex"] == "M" else "female"
    found: dict[str, dict[str, str]] = {transposed.id: {"largest_metastasis_mm": size[::-1]}}
    found.setdefault(analysed[7].id, {})["sex"] = sex
    return found


def faults(
    study: Study, analysed: list[Patient], unreadable: Patient, target: Target
) -> list[Fault]:
    """Return the rows that are wrong to the last; one of them could move its patient's marker."""
    dead = [patient for patient in analysed if patient.death is not None]
    progressed = [patient for patient in dead if patient.outcome == PROGRESSED]
    a, b, c, d = progressed[1], progressed[4], progressed[7], analysed[11]
    marker = {"analyte": str(study.marker.analyte), "unit": study.marker.unit}
    typo = f"{target.exports[-1].year + 9}-03-14"
    twice = "the same sample twice, differently"
    of = {
        "labs": [
            (
                "marker in pmol/L",
                "unit_is_known",
                _lab(b, 33, **marker | {"value": "0.3", "unit": "pmol/L"}),
            ),
            (
                "the newest marker is no number",
                "value_is_readable",
                _lab(unreadable, -1, **marker | {"value": "haemolysed"}),
            ),
            ("decimal comma", "value_is_readable", _lab(c, 21, value="12,5")),
            ("unknown patient", "patient_is_known", _lab(d, 3) | {"patient_id": "CRLM-0999"}),
            (
                "year typed wrongly",
                "collected_on_not_after_delivered_on",
                _lab(d, 5, collected_on=typo),
            ),
            (twice, "record_stands_once", _lab(a, 44, value="8.1")),
            (twice, "record_stands_once", _lab(a, 44, value="81")),
            (
                "a comma too many",
                "line_is_whole",
                _lab(b, 60, collected_on=f"{b.on(60)},haemolysed"),
            ),
        ],
        "assessments": [
            (
                "response PRR",
                "response_is_in_the_list",
                _visit(b, assessed_on=b.on(b.days + 20), response="PRR"),
            ),
            (
                "visit after death",
                "assessed_on_not_after_died_on",
                _visit(a, assessed_on=a.on((a.death or 0) + 20)),
            ),
            (
                "date with slashes",
                "assessed_on_is_readable",
                _visit(c, assessed_on="03/04/2021", response="NE"),
            ),
            (
                "scan before treatment (used, warned)",
                "treatment_start_not_after_responded_on",
                _visit(d, assessed_on=d.on(-12)),
            ),
        ],
        "treatments": [
            (
                "end before start",
                "start_date_not_after_end_date",
                _drug(b, end_date=b.on(b.days + 4)),
            ),
            ("line in words", "line_is_readable", _drug(c, line="second or third")),
        ],
    }
    return [
        Fault("patients", "sex is X", "sex_is_in_the_list", unreadable.record),
        *(Fault(table, *one) for table, rows in of.items() for one in rows),
    ]


def _lab(patient: Patient, day: int, **cells: str) -> Row:
    return {
        "patient_id": patient.id,
        "analyte": "crp",
        "value": "12.5",
        "unit": "mg/L",
        "collected_on": patient.on(day),
        **cells,
    }


def _visit(patient: Patient, **cells: str) -> Row:
    return {"patient_id": patient.id, "sum_of_diameters_mm": "", "response": "SD", **cells}


def _drug(patient: Patient, **cells: str) -> Row:
    return {
        "patient_id": patient.id,
        "line": "3",
        "drug": "trifluridine-tipiracil",
        "start_date": patient.on(patient.days + 40),
        "end_date": "",
        **cells,
    }
