"""Every admissible cut-off of a marker: does the conclusion hang on the one that was chosen?

Belongs here: one table of the prognostic effect of the marker in all patients and in each arm, and
of its interaction with the arm, at every cut-off. Does not belong here: choosing among them
(`maximal_selection`, `cutoff_validation`); a P of this table, chosen because it is small, means
nothing.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from il6_platform.statistics._check import samples
from il6_platform.statistics.arrays import Bools, Floats
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.risk_sets import (
    CHUNK,
    RiskSets,
    log_rank_all,
    marker_array,
)

__all__ = ["scan"]

SEPARATED = Code.GROUPS_SEPARATED.say()
INTERACTION_SEPARATED = Code.INTERACTION_SEPARATED.say()

MOST = 200
"""Cut-offs at which Cox models are fitted."""

COLUMNS = {
    "cutoff": "Patients with marker >= cutoff are high; an observed value.",
    "population": "all, control or experimental.",
    "n_high": "Patients with a high marker.",
    "n_low": "Patients with a low marker.",
    "events": "Events.",
    "events_high": "Events among the high.",
    "events_low": "Events among the low.",
    "chi_square": "Log-rank, high against low, one degree of freedom.",
    "p_value": "Its two-sided P, of a cut-off fixed beforehand.",
    "log_hazard_ratio": "Cox (Efron), high against low.",
    "std_error": "Its standard error.",
    "interaction_log_ratio": "Log of: hazard ratio of the arm among the high over that among the"
    " low, by Cox with arm, high and arm x high; population all only.",
    "interaction_std_error": "Its standard error.",
    "interaction_p_value": "Likelihood-ratio P of the interaction.",
    "note": "Why a value is missing.",
}
"""Columns of `scan`."""


def scan(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    *,
    min_group: int = 5,
    always: Collection[float] = (),
) -> pd.DataFrame:
    """Effect of the marker, and its interaction with the arm, at every admissible cut-off.

    Where there are more than `MOST` cut-offs, at so many of them, evenly by rank: what lies between
    differs by few patients.

    Parameters
    ----------
    marker, time, event
        Shape (n,); no missing values. Ties: hypergeometric variance of the log-rank, Efron in Cox.
    arm
        Shape (n,): 1 experimental, 0 control.
    min_group
        A cut-off is admissible with at least so many patients on either side, all arms together.
        A population with fewer keeps its row and its counts, without estimates.
    always
        Cut-offs that are kept however many there are: the lowest observed value at or above each.

    Returns
    -------
    One row per cut-off and population, ascending; columns as in `COLUMNS`. NaN where the data
    support no estimate (few patients, no events, separation), and why in `note`. No rows where no
    cut-off is admissible.

    Raises
    ------
    ValueError
        On different lengths, missing values, negative times, an event or arm other than 0 and 1, or
        min_group below 1.
    """
    times, events = samples(time, event)
    values = marker_array(marker, len(times))
    arms = np.asarray(arm, dtype=float)
    if arms.shape != times.shape or not np.all((arms == 0) | (arms == 1)):
        raise ValueError("arm must be 1 (experimental) or 0 (control), one for each patient.")
    if min_group < 1:
        raise ValueError(f"min_group must be 1 or more, not {min_group}.")
    ordered = np.sort(values)
    observed = np.unique(values)
    low = np.searchsorted(ordered, observed)
    cutoffs = observed[(low >= min_group) & (len(values) - low >= min_group)]
    if len(cutoffs) > MOST:
        even = np.round(np.linspace(0, len(cutoffs) - 1, MOST)).astype(np.int64)
        asked = np.searchsorted(cutoffs, np.asarray([*always], dtype=float))
        cutoffs = cutoffs[np.union1d(even, asked[asked < len(cutoffs)])]

    experimental = arms == 1
    interaction = _interaction(values, times, events, experimental, cutoffs, min_group)
    parts = []
    for name, inside in (
        ("all", np.ones(len(values), dtype=bool)),
        ("control", ~experimental),
        ("experimental", experimental),
    ):
        part = _population(values[inside], times[inside], events[inside], cutoffs, min_group)
        part.insert(1, "population", name)
        parts.append(part.join(interaction) if name == "all" else part)
    table = pd.concat(parts).sort_values("cutoff", kind="stable", ignore_index=True)
    notes = table[["note", "interaction_note"]]
    said = notes.apply(lambda row: joined(*row.dropna()), axis=1)
    table["note"] = said if len(table) else None
    return table[list(COLUMNS)]


def _population(
    values: Floats, times: Floats, events: Bools, cutoffs: Floats, min_group: int
) -> pd.DataFrame:
    ordered = np.sort(values)
    low = np.searchsorted(ordered, cutoffs)
    high = len(values) - low
    tested = (low >= min_group) & (high >= min_group)
    own, every = log_rank_all(values, times, events)
    # a cut-off between two values of this population parts it as the higher of them does
    at = np.searchsorted(own, cutoffs)[tested]
    deaths_high = events.sum() - np.searchsorted(np.sort(values[events]), cutoffs)
    chi_square, p_value = np.full((2, len(cutoffs)), np.nan)
    chi_square[tested], p_value[tested] = every.chi_square[at], every.p_value[at]

    log_ratio, error = np.full((2, len(cutoffs)), np.nan)
    sets = RiskSets(times, events)
    for rows in _batches(np.flatnonzero(tested), len(values)):
        fits = sets.cox(values >= cutoffs[rows, None])
        log_ratio[rows], error[rows] = fits.coefficients[:, 0], fits.std_errors[:, 0]

    note = np.full(len(cutoffs), None, dtype=object)
    note[tested & np.isnan(log_ratio)] = SEPARATED
    note[~tested] = Code.FEW_ON_A_SIDE.say(least=min_group)
    if not events.any():
        note[tested] = Code.NO_EVENTS.say()
    return pd.DataFrame(
        {
            "cutoff": cutoffs,
            "n_high": high,
            "n_low": low,
            "events": int(events.sum()),
            "events_high": deaths_high,
            "events_low": events.sum() - deaths_high,
            "chi_square": chi_square,
            "p_value": p_value,
            "log_hazard_ratio": log_ratio,
            "std_error": error,
            "note": note,
        }
    )


def _interaction(
    values: Floats,
    times: Floats,
    events: Bools,
    experimental: Bools,
    cutoffs: Floats,
    min_group: int,
) -> pd.DataFrame:
    sizes = []
    for inside in (experimental, ~experimental):
        low = np.searchsorted(np.sort(values[inside]), cutoffs)
        sizes += [low, inside.sum() - low]
    tested = np.min(sizes, axis=0) >= min_group
    ratio, error, p_value = np.full((3, len(cutoffs)), np.nan)
    sets = RiskSets(times, events)
    for rows in _batches(np.flatnonzero(tested), len(values)):
        groups = experimental + 2 * (values >= cutoffs[rows, None])
        fits, gain = sets.interaction(groups)
        ratio[rows], error[rows] = fits.coefficients[:, 2], fits.std_errors[:, 2]
        p_value[rows] = chi2.sf(gain, 1)
    note = np.full(len(cutoffs), None, dtype=object)
    note[tested & np.isnan(ratio)] = INTERACTION_SEPARATED
    note[~tested] = Code.FEW_ON_A_SIDE_IN_AN_ARM.say(least=min_group)
    return pd.DataFrame(
        {
            "interaction_log_ratio": ratio,
            "interaction_std_error": error,
            "interaction_p_value": p_value,
            "interaction_note": note,
        }
    )


def _batches(rows: np.ndarray, n: int) -> list[np.ndarray]:
    """Rows in batches whose groupings of n patients fit into memory."""
    size = max(1, CHUNK // max(n, 1))
    return [rows[start : start + size] for start in range(0, len(rows), size)]
