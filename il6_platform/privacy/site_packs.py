"""What a site's pack may say: sums over enough patients, that differ by enough of them.

A sum over all patients of a site gives little away; many such sums, or two that differ by one
patient, may. Belongs here: the limits. Does not belong here: the sums (`network.packs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.files import put_whole
from il6_platform.statistics.arrays import Bools, Floats

MOST_ROUNDS = 8
"""Vectors of coefficients at which one cut answers for one model: five are needed."""

PATIENTS = "patients.parquet"
"""Who is in the cut of the last pack; it stays in the home."""

WIDEST = 6.0
"""Largest log hazard ratio between two patients; beyond it the highest alone would count."""


def few_behind(design: Floats, event: Bools, least: int) -> str | None:
    """Say why a model rests on too few patients to be shared, None where it does not.

    Parameters
    ----------
    design
        Shape (n, p): a column of two values divides the patients, others do not.
    event
        Shape (n,).
    least
        Patients, and patients with an event, on either side of a division.
    """
    if len(event) < least or event.sum() < least * max(design.shape[1], 1):
        return f"fewer than {least} patients, or than {least} events a term"
    for column in design.T:
        values = np.unique(column)
        if len(values) > 2:
            continue
        for value in values:
            inside = column == value
            if inside.sum() < least or event[inside].sum() < least:
                return f"fewer than {least} patients or events in a group"
    return None


def singles_out(design: Floats, coefficients: Sequence[float]) -> bool:
    """Say whether at these coefficients few patients make up the risk of all others."""
    beta = np.asarray(coefficients, dtype=float)
    if not np.all(np.isfinite(beta)) or len(beta) != design.shape[1]:
        return True
    spread = np.ptp(design, axis=0) if len(design) else np.zeros(len(beta))
    with np.errstate(over="ignore"):
        return bool(np.abs(beta * spread).max(initial=0.0) > WIDEST)


def kept_cutoffs(marker: Floats, cutoffs: Sequence[float], least: int) -> list[bool]:
    """Say at which cut-offs two groups may be shared: none or `least` lie between any two."""
    low = np.array([np.sum(marker < cutoff) for cutoff in cutoffs], dtype=int)
    kept, last = [False] * len(low), 0
    for place in np.argsort(cutoffs, kind="stable"):
        between = low[place] - last
        enough = min(low[place], len(marker) - low[place]) >= least
        kept[place] = bool(enough and (between == 0 or between >= least))
        last = low[place] if kept[place] else last
    return kept


def kept_times(left: NDArray[np.int64], least: int) -> list[int]:
    """Say at which times of a grid the numbers at risk may be shared.

    Parameters
    ----------
    left
        Shape (times, groups and reasons): how many have left by each time, of each group and for
        each reason (event, censored), never falling.
    least
        None or so many leave between two times that are shared, and after the last one.

    Returns
    -------
    Places of the times that are kept.
    """
    kept, last = [], np.zeros_like(left[0]) if len(left) else left
    for place, gone in enumerate(left):
        between, after = gone - last, left[-1] - gone
        if all(bool(np.all((part == 0) | (part >= least))) for part in (between, after)):
            kept.append(place)
            last = gone
    return kept


def too_alike(before: pd.DataFrame, now: pd.DataFrame, least: int) -> bool:
    """Say whether two cuts differ by few patients, whom a difference of packs would describe.

    Parameters
    ----------
    before, now
        One row a patient: `patient`, `group`, and `content`, which changes with the records.
    """
    both = before.merge(now, on="patient", how="outer", suffixes=("_before", "_now"))
    content = both["content_before"].fillna("") != both["content_now"].fillna("")
    changed = both[content]
    groups: dict[Any, int] = {}
    for side in ("before", "now"):
        for group, count in changed.groupby(f"group_{side}").size().items():
            groups[group] = max(groups.get(group, 0), int(count))
    return any(0 < count < least for count in groups.values())


def forget(path: Path, patient: str) -> None:
    """Take a patient's name and records out of who is in the last pack.

    That somebody of the arm has left stays: the difference to the next pack would describe them.
    """
    if not path.exists():
        return
    people = pd.read_parquet(path)
    theirs = people["patient"] == patient
    if not theirs.any():
        return
    erased = int(people["patient"].str.startswith("erased ").sum())
    people.loc[theirs, ["patient", "content"]] = f"erased {erased + 1}"
    keep(people, path)


def keep(people: pd.DataFrame, path: Path) -> None:
    """Keep who is in the cut of a pack, for its owner only."""
    fresh = path.with_suffix(".new")
    people.to_parquet(fresh)
    put_whole(fresh, path)
