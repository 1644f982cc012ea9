"""How long `il6 refresh` takes with a large laboratory export, stage by stage, and how much memory.

    python -m il6_platform_tests.benchmarks.bench_intake [--rows 1000000] [--late 1000]
        [--per-patient 500] [--replicates 0]

A registry of one patient for 500 results is written as native CSV, one result in a hundred breaks
a rule; `il6 refresh` runs on it as its own process, with `replicates: 0`. Then again with nothing
new (`--force`), and once more with a second delivery of a few results; with `--late 0` neither.
A large cohort is `--rows 1000000 --per-patient 10 --replicates 2000 --late 0`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from il6_platform import paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--late", type=int, default=1_000)
    parser.add_argument("--per-patient", type=int, default=500)
    parser.add_argument("--replicates", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        landing, study = Path(folder, "landing"), Path(folder, "study.yaml")
        text = paths.default_study().read_text("utf-8")
        # a few results are an update, not a registry that shrank
        text = text.replace("replicates: 2000", f"replicates: {asked.replicates}")
        text += "quality: {exports: updates}\n"
        study.write_text(text)
        patients = max(asked.rows // asked.per_patient, 1)
        registry(landing / "2024-01-01", asked.rows, patients, np.random.default_rng(1))
        size = (landing / "2024-01-01" / "labs.csv").stat().st_size
        print(
            f"{patients} patients, {asked.rows} results, {size / 1e6:.0f} MB, "
            f"{os.cpu_count()} cores\n"
        )
        options = ["--home", f"{folder}/home", "--landing", str(landing), "--study", str(study)]
        table = {"first": refreshed(options)}
        if asked.late:
            table["nothing new"] = refreshed([*options, "--force"])
            late = labs(asked.late, patients, "2019-12-15", 1)
            day = landing / "2024-02-01"
            day.mkdir()
            late.to_csv(day / "labs.csv", index=False)
            table[f"{asked.late} more"] = refreshed(options)
        print(pd.DataFrame(table).to_string(float_format="%.1f", na_rep=""))
        if asked.late:
            share = table[f"{asked.late} more"]["processor time"] / table["first"]["processor time"]
            print(f"\nthe later delivery costs {share:.0%} of the first refresh")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
        print(f"\npeak memory of a refresh: {peak:.2f} GiB")


def refreshed(options: list[str]) -> dict[str, float]:
    """Refresh in a process of its own; return its seconds by stage, and of the whole command."""
    started, spent = time.perf_counter(), _processor_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "il6_platform.cli", "refresh", "--json", *options],
        capture_output=True,
        text=True,
    )
    whole = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return {
        **json.loads(done.stdout)["seconds"],
        "whole command": whole,
        # where others use the machine too, the clock says little
        "processor time": _processor_seconds() - spent,
    }


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def registry(folder: Path, rows: int, n: int, random: np.random.Generator) -> None:
    """Write the native exports of a registry."""
    folder.mkdir(parents=True)
    patient = pd.Series([f"P-{number:06}" for number in range(n)])
    start = pd.Timestamp("2020-01-06") + pd.to_timedelta(random.integers(0, 700, n), "D")
    months = random.exponential(10, n) + 1
    dead = random.random(n) < 0.6
    end = start + pd.to_timedelta((months * 30.4).astype(int) + 30, "D")
    end = end.where(end < "2023-12-31", pd.Timestamp("2023-12-31"))
    whole = {
        "patients": pd.DataFrame(
            {
                "patient_id": patient,
                "sex": np.where(random.random(n) < 0.4, "F", "M"),
                "birth_date": day(pd.Timestamp("1945-01-01"), random.integers(0, 9000, n)),
                "largest_metastasis_mm": random.integers(8, 90, n),
            }
        ),
        "treatments": pd.DataFrame(
            {
                "patient_id": patient,
                "line": 1,
                "drug": np.where(random.random(n) < 0.5, "bevacizumab", "oxaliplatin"),
                "start_date": start.strftime("%Y-%m-%d"),
            }
        ),
        "assessments": pd.DataFrame(
            {
                "patient_id": patient,
                "assessed_on": (start + (end - start) / 2).strftime("%Y-%m-%d"),
                "response": random.choice(["PR", "SD", "PD"], n),
            }
        ),
        "follow_up": pd.DataFrame(
            {
                "patient_id": patient,
                "last_contact_on": end.strftime("%Y-%m-%d"),
                "vital_status": np.where(dead, "dead", "alive"),
                "died_on": np.where(dead, end.strftime("%Y-%m-%d"), ""),
            }
        ),
        "labs": pd.concat(
            [
                pd.DataFrame(
                    {
                        "patient_id": patient,
                        "analyte": "il6",
                        "value": np.exp(random.normal(1.5, 1, n)).round(2),
                        "unit": "pg/mL",
                        "collected_on": (start - pd.Timedelta(days=3)).strftime("%Y-%m-%d"),
                    }
                ),
                labs(rows - n, n, "2019-04-01", 100),
            ]
        ),
    }
    for table, frame in whole.items():
        frame.to_csv(folder / f"{table}.csv", index=False)


def labs(rows: int, patients: int, first: str, wrong_of: int) -> pd.DataFrame:
    """Return results of other days, of which one in `wrong_of` has a decimal comma."""
    number = np.arange(rows)
    value = (np.exp(2 * np.sin(number)) + 0.01).round(2).astype(str).astype(object)
    if wrong_of > 1:
        value[::wrong_of] = "1,5"
    return pd.DataFrame(
        {
            "patient_id": pd.Series("P-" + pd.Series(number % patients).astype(str).str.zfill(6)),
            "analyte": np.array(["crp", "cea", "ldh"])[number // patients % 3],
            "value": value,
            "unit": np.array(["mg/L", "ng/mL", "U/L"])[number // patients % 3],
            "collected_on": day(pd.Timestamp(first), number // patients // 3),
        }
    )


def day(first: pd.Timestamp, days: np.ndarray) -> pd.Index:
    return (first + pd.to_timedelta(days, "D")).strftime("%Y-%m-%d")


if __name__ == "__main__":
    main()
