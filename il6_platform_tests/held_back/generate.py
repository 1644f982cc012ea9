"""A random registry in the native format with a study file of its own.

Belongs here: valid exports, as different from each other as the format allows (size, ties,
censoring, amendments, limits of quantification, units, rules of the study). Does not belong here:
rows that break a rule; those are the rule book's.

The study file is written as JSON, which is YAML too, so that R can read it.
"""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, Any]
SHAPES = (
    *("none", "one", "two", "five", "one arm", "no events", "one time", "constant marker"),
    *("constant covariate", "no markers", "separation", "no covariate values", "few"),
)
"""Degenerate registries by name; any other shape is an ordinary one."""

MARKERS = (("il6", "pg/mL"), ("crp", "mg/L"), ("vegf", "pg/mL"), ("positive_nodes", "count"))


def registry(folder: Path, seed: int, shape: str = "ordinary") -> tuple[Path, Path]:
    """Write exports and study file; return the landing folder and the study file."""
    rng = np.random.default_rng([seed, 99])
    study = _study(rng, shape)
    sizes = {"none": 0, "one": 1, "two": 2, "five": 5, "few": int(rng.integers(6, 15))}
    n = sizes.get(shape, int(np.exp(rng.uniform(np.log(20), np.log(700)))))
    folder.mkdir(parents=True, exist_ok=True)
    tables, later = _tables(rng, study, n, shape)
    _write(folder / "landing", tables, later, rng)
    path = folder / "study.yaml"
    path.write_text(json.dumps(study, indent=1), encoding="utf-8")
    return folder / "landing", path


def _study(rng: np.random.Generator, shape: str) -> Row:
    analyte, unit = MARKERS[rng.integers(len(MARKERS))]
    endpoints = [["PFS", "OS"], ["OS"], ["PFS"], ["OS", "PFS"]][
        rng.choice(4, p=[0.6, 0.1, 0.1, 0.2])
    ]
    by = float(rng.choice([6, 9, 12, 18]))
    endpoint = str(rng.choice(endpoints))
    cutoff: Row = [
        {"method": "youden", "outcome": {"endpoint": endpoint, "by_months": by}},
        {"method": "youden", "outcome": "response"},
        {"method": "maxstat", "outcome": {"endpoint": endpoint}},
        {"method": "maxstat"},
        {"method": "median"},
        {"method": "median", "outcome": {"endpoint": endpoint, "by_months": by}},
        {"method": "fixed", "value": float(rng.choice([2, 4.3, 5, 10]))},
    ][rng.choice(7, p=[0.35, 0.15, 0.1, 0.1, 0.1, 0.1, 0.1])]
    # R's rules know no smallest group
    if cutoff["method"] in ("youden", "maxstat"):
        cutoff["min_patients"] = 1
    if cutoff["method"] == "youden":
        cutoff["min_share"] = 0
    if rng.random() < 0.25:
        cutoff["direction"] = "lower"
    covariates: list[Row] = []
    for one in (
        {"name": "age", "kind": "number"},
        {"name": "sex", "kind": "category", "reference": "M" if rng.random() < 0.5 else "F"},
        {"name": "largest_metastasis_mm", "kind": "number"},
        {"name": "ras_status", "kind": "category"},
        {"name": "extrahepatic", "kind": "category", "reference": "N"},
        {"name": "ecog", "kind": str(rng.choice(["number", "category"]))},
        {"name": "albumin_g", "kind": "number"},
        {"name": "Grade", "kind": "category", "reference": "G2"},
    ):
        if rng.random() < 0.4 or (shape == "separation" and one["name"] == "extrahepatic"):
            covariates.append(one)
    window = [[-28, 0], [-14, 0], [-60, 7], [-90, -1]][rng.choice(4, p=[0.6, 0.2, 0.1, 0.1])]
    return {
        "title": f"A registry made at random, {shape}",
        "marker": {
            "analyte": analyte,
            "label": analyte.upper(),
            "unit": unit,
            "window_days": window,
            "below_loq": str(rng.choice(["half", "limit", "zero"], p=[0.7, 0.2, 0.1])),
        },
        "arms": {
            "experimental_drug": str(rng.choice(["bevacizumab", "cetuximab", "Panitumumab"])),
            "experimental_label": "With it",
            "control_label": "Without",
            "arm_window_days": int(rng.choice([0, 14, 28, 56])),
        },
        "endpoints": endpoints,
        "cutoff": cutoff,
        "covariates": covariates,
        "landmarks_months": sorted(
            {float(rng.choice([3, 6, 9])), 12.0, float(rng.choice([18, 24, 60]))}
        ),
        "confirm_response": bool(rng.random() < 0.25),
        "assessment_interval_days": float(rng.choice([42, 56, 84])),
        "replicates": 0,
        "seed": int(rng.integers(1000)),
        "quality": {"max_quarantine_share": 1, "exports": "updates"},
        "family": [
            {"endpoint": endpoints[0], "population": "all", "contrast": "experimental vs control"},
            {"endpoint": endpoints[-1], "population": "control", "contrast": "high vs low"},
            {"endpoint": endpoints[-1], "population": "experimental", "contrast": "high vs low"},
        ],
    }


def _tables(
    rng: np.random.Generator, study: Row, n: int, shape: str
) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """Return the first version of each record, and what later deliveries say of some."""
    drug, marker = study["arms"]["experimental_drug"], study["marker"]
    median = rng.uniform(5, 20)
    follow = rng.uniform(4, 60)
    coarse = rng.choice([1, 7, 30], p=[0.5, 0.25, 0.25])
    by_birth = rng.random() < 0.5
    gap_in_marker, gap_in_covariates = rng.choice([0, 0.1, 0.4]), rng.choice([0, 0.05, 0.2])
    loq = float(rng.choice([0, 1, 2]))
    effect, product = rng.normal(0.3, 0.5), rng.normal(0, 0.5)
    sign = -1 if study["cutoff"].get("direction") == "lower" else 1
    out: dict[str, list[Row]] = {
        name: [] for name in ("patients", "treatments", "labs", "assessments", "follow_up")
    }
    later: dict[str, list[Row]] = {name: [] for name in out}
    share = {"one arm": 0.0}.get(shape, rng.uniform(0.25, 0.75))
    for i in range(n):
        key = {"patient_id": f"P-{i:04d}"}
        start = date(2017, 1, 1) + timedelta(days=int(rng.integers(0, 1500)))

        def on(days: float, start: date = start) -> str:
            return (start + timedelta(days=int(days))).isoformat()

        arm, z = rng.random() < share, rng.normal()
        level = float(np.exp(1.2 + 0.9 * z))
        if marker["unit"] == "count":
            level = float(np.floor(level))
        if shape == "constant marker":
            level = 5.0
        age = float(np.clip(rng.normal(64, 10), 25, 95))
        patient: Row = {
            **key,
            "site_id": str(rng.choice(["A", "B"])),
            "sex": str(rng.choice(["F", "M"])),
        }
        if by_birth:
            patient["birth_date"] = (start - timedelta(days=int(age * 365.25))).isoformat()
        else:
            patient["age_years"] = round(age, int(rng.choice([0, 1])))
        patient |= {
            "largest_metastasis_mm": int(rng.integers(5, 120)),
            "ras_status": str(rng.choice(["wild-type", "mutant", "Mutant"], p=[0.5, 0.4, 0.1])),
            "extrahepatic": str(rng.choice(["Y", "N", "n"], p=[0.4, 0.5, 0.1])),
            "ecog": int(rng.choice([0, 1, 2], p=[0.5, 0.4, 0.1])),
            "albumin_g": round(float(rng.normal(40, 5)), 1),
            "Grade": str(rng.choice(["G1", "G2", "G3"])),
        }
        for name in (
            "largest_metastasis_mm",
            "ras_status",
            "extrahepatic",
            "ecog",
            "albumin_g",
            "Grade",
        ):
            if shape == "constant covariate":
                patient[name] = {"ecog": 1, "albumin_g": 40}.get(name, patient[name])
            if rng.random() < gap_in_covariates or (
                shape == "no covariate values" and name in ("albumin_g", "Grade")
            ):
                patient[name] = None

        log_hazard = sign * effect * z - (0.5 + product * z) * arm
        hazard = np.log(2) / (median * 30.4) * np.exp(log_hazard)
        progress, after = rng.exponential(1 / hazard), rng.exponential(1 / (0.4 * hazard))
        died = progress if rng.random() < 0.15 else progress + after
        end = rng.uniform(0.3, 1) * follow * 30.4
        if shape == "separation" and patient["extrahepatic"] is not None:
            # who has disease elsewhere dies at once, who has not is never seen to
            ill = patient["extrahepatic"] == "Y"
            progress, died = (20.0 + i, 21.0 + i) if ill else (9e4, 9e4)
            end = 1500
        if shape == "no events":
            progress = died = 9e4
        if shape == "one time":
            progress, died, end = 200.0, 300.0, 400.0
        progress, died, end = (
            max(1.0, np.ceil(v / coarse) * coarse) for v in (progress, died, end)
        )
        last = min(died, end)

        out["patients"].append(patient)
        if rng.random() < 0.02 and shape == "ordinary":
            continue  # arrived, and nothing else is known
        out["treatments"].append({**key, "line": 1, "drug": "FOLFOX", "start_date": on(0)})
        if arm:
            wait = 0 if rng.random() < 0.6 else int(rng.integers(1, 80))
            if wait <= last:
                named = drug if rng.random() < 0.9 else drug.upper()
                out["treatments"].append({**key, "line": 1, "drug": named, "start_date": on(wait)})
        second = progress + rng.integers(1, 60) if rng.random() < 0.8 else rng.uniform(10, 200)
        if second < last and rng.random() < 0.6:
            named = drug if rng.random() < 0.3 else "FOLFIRI"
            out["treatments"].append({**key, "line": 2, "drug": named, "start_date": on(second)})

        _labs(rng, out["labs"], key, on, level, loq, marker, shape, gap_in_marker)
        _visits(rng, out["assessments"], key, on, progress, last, died)
        dead = died <= end
        status: Row = {
            **key,
            "last_contact_on": on(last),
            "vital_status": "dead" if dead else "alive",
            "died_on": on(last) if dead else None,
        }
        if rng.random() < 0.02 and shape == "ordinary":
            continue  # no follow-up
        if rng.random() < 0.2 and last > 30:
            # known alive at first, the end comes with a later delivery
            seen = [
                v["assessed_on"] for v in out["assessments"] if v["patient_id"] == key["patient_id"]
            ]
            known = max([*seen, on(1)])
            out["follow_up"].append(
                {**key, "last_contact_on": known, "vital_status": "alive", "died_on": None}
            )
            later["follow_up"].append(status)
        else:
            out["follow_up"].append(status)
        if rng.random() < 0.05:
            later["patients"].append(patient | {"largest_metastasis_mm": int(rng.integers(5, 120))})
        elif rng.random() < 0.02:
            later["patients"].append(patient | {"consent_withdrawn_on": "2026-09-01"})
        mine = [one for one in out["labs"] if one["patient_id"] == key["patient_id"]]
        if mine and rng.random() < 0.05:
            later["labs"].append(mine[-1] | {"value": round(level * 1.3 + 2.5, 2)})
        visits = [
            v
            for v in out["assessments"]
            if v["patient_id"] == key["patient_id"] and v["response"] == "SD"
        ]
        if visits and rng.random() < 0.05:
            later["assessments"].append(visits[-1] | {"response": "PR"})
    return out, later


def _labs(
    rng: np.random.Generator,
    labs: list[Row],
    key: Row,
    on: Any,
    level: float,
    loq: float,
    marker: Row,
    shape: str,
    gap: float,
) -> None:
    if shape == "no markers" or rng.random() < gap:
        return
    first, last = marker["window_days"]
    days = {int(rng.integers(first, last + 1)) for _ in range(rng.integers(1, 4))}
    # outside the window on either side: never used
    days |= {first - int(rng.integers(1, 30)), last + int(rng.integers(1, 30))}
    for day in sorted(days):
        value = level if shape == "constant marker" else level * float(np.exp(rng.normal(0, 0.2)))
        if marker["unit"] == "count":
            value = float(np.round(value))
        digits = int(rng.choice([0, 1, 2])) if shape != "constant marker" else 0
        unit, text = marker["unit"], f"{value:.{digits}f}"
        if value < loq and shape != "constant marker":
            text = f"<{loq:g}"
        elif value > 60:
            text = ">60"
        elif marker["analyte"] == "il6" and rng.random() < 0.2:
            unit, text = ("ng/L", text) if rng.random() < 0.5 else ("ng/mL", f"{value / 1000:.5f}")
        labs.append(
            {
                **key,
                "analyte": marker["analyte"],
                "value": text,
                "unit": unit,
                "collected_on": on(day),
            }
        )
    labs.append({**key, "analyte": "cea", "value": "12", "unit": "ng/mL", "collected_on": on(-1)})


def _visits(
    rng: np.random.Generator,
    visits: list[Row],
    key: Row,
    on: Any,
    progress: float,
    last: float,
    died: float,
) -> None:
    diameters = float(rng.integers(20, 150))
    if rng.random() < 0.5:
        visits.append(
            {**key, "assessed_on": on(-10), "response": "NE", "sum_of_diameters_mm": diameters}
        )
    if rng.random() < 0.05:
        return  # never assessed
    every, best, day = float(rng.choice([42, 56, 70])), rng.random(), 0.0
    while day + every < min(progress, last):
        day += every + float(rng.integers(-5, 6))
        if rng.random() < 0.1 or day > last:
            continue
        steady = "CR" if best < 0.08 else "PR" if best < 0.45 else "SD"
        response = str(rng.choice([steady, "SD", "NE"], p=[0.75, 0.15, 0.1]))
        visits.append(
            {
                **key,
                "assessed_on": on(day),
                "response": response,
                "sum_of_diameters_mm": round(diameters * rng.uniform(0.2, 1.1), 1),
            }
        )
    if progress <= last and progress > day and (progress < died or rng.random() < 0.5):
        visits.append({**key, "assessed_on": on(progress), "response": "PD"})
        if progress + 60 < last and rng.random() < 0.3:
            again = str(rng.choice(["PD", "PR", "SD"]))
            visits.append({**key, "assessed_on": on(progress + 60), "response": again})


def _write(
    landing: Path,
    tables: dict[str, list[Row]],
    later: dict[str, list[Row]],
    rng: np.random.Generator,
) -> None:
    columns = {
        "patients": "patient_id site_id sex birth_date age_years largest_metastasis_mm ras_status "
        "extrahepatic ecog albumin_g Grade consent_withdrawn_on",
        "treatments": "patient_id line drug start_date",
        "labs": "patient_id analyte value unit collected_on",
        "assessments": "patient_id assessed_on response sum_of_diameters_mm",
        "follow_up": "patient_id last_contact_on vital_status died_on",
    }
    for day, content in (("2026-06-30", tables), ("2026-09-30", later)):
        for table, rows in content.items():
            if not rows and content is later:
                continue
            names = columns[table].split()
            order = rng.permutation(len(names))
            path = landing / day / f"{table}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, [names[i] for i in order], extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows[i] for i in rng.permutation(len(rows)))
