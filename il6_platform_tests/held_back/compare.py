"""The real job on registries made at random, against R on the same files.

`python -m il6_platform_tests.held_back.compare [--first N] [--count N] [--folder F]` prints every
deviation beyond 1e-6 and every number that cannot be one; exit status 1 where there is any.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from il6_platform import cli
from il6_platform_tests.held_back.generate import SHAPES, registry

SCRIPT = Path(__file__).with_name("derive_and_estimate.R")
KEYS = ("analysis", "endpoint", "population", "contrast", "grp", "model", "term", "statistic", "at")
NUMBERS = ("estimate", "ci_low", "ci_high", "std_error", "df", "p_value", "n", "events")
NO_MAXIMUM = ("Separation", "The covariates cannot be told apart")


def refreshed(folder: Path, seed: int, shape: str) -> int:
    """Make a registry, run the job on it, and return the exit status."""
    return refresh(folder, *registry(folder, seed, shape))


def refresh(folder: Path, landing: Path, study: Path) -> int:
    """Run the job on a registry, its home in a folder, and return the exit status."""
    asked = ["--landing", str(landing), "--study", str(study)]
    return cli.main(["refresh", "--home", str(folder / "home"), *asked])


def published(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables that came out."""
    database = folder / "home" / "published" / "report.duckdb"
    with duckdb.connect(database.resolve(), read_only=True) as connection:
        names = ("results", "curves", "flow")
        return {name: connection.execute(f"from report.{name}").df() for name in names}


def nonsense(results: pd.DataFrame, curves: pd.DataFrame) -> list[str]:
    """Return what cannot be true of any registry, whatever R says."""
    found = []

    def say(rows: pd.DataFrame, words: str) -> None:
        for row in rows.head(3).to_dict("records"):
            at = {
                k: row[k] for k in (*KEYS, "estimate", "ci_low", "ci_high", "p_value") if k in row
            }
            found.append(f"{words}: { {k: v for k, v in at.items() if not pd.isna(v)} }")

    numbers = results[["estimate", "ci_low", "ci_high", "std_error", "p_value"]].astype(float)
    say(results[np.isinf(numbers).any(axis=1)], "infinite")
    say(
        results[~numbers["p_value"].dropna().between(0, 1).reindex(results.index, fill_value=True)],
        "P",
    )
    slack = 1e-9 * (1 + numbers["estimate"].abs())
    outside = (numbers["ci_low"] > numbers["estimate"] + slack) | (
        numbers["ci_high"] < numbers["estimate"] - slack
    )
    say(results[outside], "estimate outside its interval")
    say(
        results[numbers["estimate"].isna() & numbers["p_value"].isna() & results["note"].isna()],
        "no note",
    )
    twice = results.duplicated(subset=list(KEYS), keep=False)
    say(results[twice], "the same coordinates twice")
    ratio = results["statistic"].str.contains("ratio") & ~results["statistic"].str.contains(
        "likelihood"
    )
    ratio &= ~results["statistic"].str.startswith("detectable")
    extreme = ratio & ((numbers["estimate"] > 1e4) | (numbers["estimate"] < 1e-4))
    say(results[extreme], "a ratio beyond belief")
    say(results[(numbers["std_error"] > 100) & ratio], "an error beyond belief")
    heights = curves[["y", "y_low", "y_high"]].astype(float)
    say(curves[(heights.abs() > 1e12).any(axis=1) | np.isinf(heights).any(axis=1)], "curve")
    return found


def compared(expected: dict[str, Any], tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return what cannot be in the published tables, and where they differ from R's answers."""
    wrong = nonsense(tables["results"], tables["curves"])
    return wrong + deviations(expected, tables["results"], tables["flow"])


def deviations(expected: dict[str, Any], results: pd.DataFrame, flow: pd.DataFrame) -> list[str]:
    """Return where the published results differ from R's."""
    wrong = []
    counts = flow.set_index("label")["n"]
    if counts["Analysed"] != expected["n"]:
        wrong.append(f"analysed {counts['Analysed']}, R {expected['n']}")
    for label, n in expected["flow"].items():
        if counts[label] != n:
            wrong.append(f"{label}: {counts[label]}, R {n}")
    index: dict[tuple, list[dict[str, Any]]] = {}
    for row in results.to_dict("records"):
        index.setdefault(tuple(None if pd.isna(row[k]) else row[k] for k in KEYS[:-1]), []).append(
            row
        )
    separated = {model_of(row) for row in expected["results"] if beyond_belief(row)}
    for row in expected["results"]:
        row = {"population": "all", **row}
        where = tuple(row.get(k) for k in KEYS[:-1])
        found = index.get(where, [])
        if row.get("at") is not None:
            found = [r for r in found if abs(r["at"] - row["at"]) < 1e-9]
        if len(found) != 1:
            wrong.append(f"{len(found)} rows for {where} at {row.get('at')}")
            continue
        ours = found[0]
        if pd.isna(ours["estimate"]) and pd.isna(ours["p_value"]) and not pd.isna(ours["note"]):
            # where one term of a model has no maximum, none of its numbers is published
            lacking = str(ours["note"]).startswith(NO_MAXIMUM) and model_of(row) in separated
            lacking |= row["statistic"] == "logrank" and (row["estimate"], row["p_value"]) == (0, 1)
            known = any(isinstance(row.get(k), int | float) for k in ("estimate", "p_value"))
            if known and not (lacking or beyond_belief(row)):
                wrong.append(f"null ({ours['note']}) where R has {row}")
            continue
        for column in NUMBERS:
            if column not in row:
                continue
            mine, theirs = ours[column], row[column]
            # an empty list is R's for nothing
            theirs = None if isinstance(theirs, list | dict) else theirs
            if row["statistic"] == "auc" and row["ci_low"] == row["ci_high"] == theirs:
                theirs = row["estimate"] if column == "estimate" else None
            if theirs is None or pd.isna(theirs) or theirs in ("Inf", "-Inf", "NaN", "NA"):
                same = pd.isna(mine)
            else:
                same = not pd.isna(mine) and np.isclose(float(mine), theirs, rtol=1e-6, atol=1e-6)
            if not same:
                wrong.append(
                    f"{column} {mine} R {theirs}: {where} at {row.get('at')}; {ours['note']}"
                )
    return wrong


def model_of(row: dict[str, Any]) -> tuple:
    """Return which model a row is of."""
    return tuple(row.get(k) for k in ("analysis", "endpoint", "contrast", "model", "n"))


def beyond_belief(row: dict[str, Any]) -> bool:
    """Whether R's own estimate is that of a separated model: it has no maximum."""
    error, estimate = row.get("std_error"), row.get("estimate")
    if "ratio" not in row["statistic"]:
        return False
    if not isinstance(error, int | float) or not isinstance(estimate, int | float):
        return not isinstance(row.get("ci_high"), int | float) or row["ci_high"] > 1e6
    return not 1e-9 < error < 50 or not 1e-6 < estimate < 1e6


def main() -> int:
    """Compare, print, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--shape", choices=["ordinary", *SHAPES])
    parser.add_argument("--folder", type=Path, default=Path("held_back"))
    parser.add_argument("--again", action="store_true", help="compare what is there already")
    options = parser.parse_args()
    failures = rows = 0
    for seed in range(options.first, options.first + options.count):
        shape = options.shape or ("ordinary" if seed % 4 else SHAPES[seed // 4 % len(SHAPES)])
        folder = options.folder / f"{seed}"
        status = 0 if options.again else refreshed(folder, seed, shape)
        if status:
            print(f"{seed} {shape}: exit status {status}", flush=True)
            failures += 1
            continue
        if subprocess.run(["Rscript", str(SCRIPT), str(folder)], check=False).returncode:
            print(f"{seed} {shape}: R failed", flush=True)
            failures += 1
            continue
        expected = json.loads((folder / "r.json").read_text(encoding="utf-8"))
        wrong = compared(expected, published(folder))
        rows += len(expected["results"])
        failures += bool(wrong)
        print(
            f"{seed} {shape}: n={expected['n']}, R {len(expected['results'])}, {len(wrong)} wrong",
            flush=True,
        )
        for words in wrong[:12]:
            print("    " + words, flush=True)
    print(
        f"{options.count} registries, {rows} estimates of R, {failures} registries with deviations"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
