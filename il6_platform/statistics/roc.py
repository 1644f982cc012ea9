"""A marker against a yes-or-no outcome: ROC curve, area, and the cut-off by Youden's index.

Belongs here: what a single ROC analysis yields. Does not belong here: how stable the cut-off is
(`cutoff_validation`), cut-offs by survival (`maximal_selection`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import rankdata

from il6_platform.statistics._check import same_length, samples
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.cutoff_rules import smallest_group
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.proportions import proportion

__all__ = ["auc", "classified", "outcome_by", "roc_curve", "youden"]

WRONG_WAY = Code.WRONG_WAY.say()
_ACCURACY = ("sensitivity", "specificity", "ppv", "npv")


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A cut-off (an observed value; high is marker >= cut-off) and how well it classifies."""

    value: float | None
    rows: tuple[Estimate, ...]

    def estimates(self) -> list[Estimate]:
        """Return `cutoff`, `youden`, `sensitivity`, `specificity`, `ppv`, `npv`."""
        return list(self.rows)


def outcome_by(time: ArrayLike, event: ArrayLike, by: float) -> NDArray[np.float64]:
    """Return who has the event by a time: 1 yes (time <= by), 0 known free of it beyond, else NaN.

    Parameters
    ----------
    time, event
        Shape (n,); `by` in the unit of time. Who was censored at or before `by` is NaN.
    """
    t, e = samples(time, event)
    return np.where(t > by, 0.0, np.where(e, 1.0, np.nan))


def auc(marker: ArrayLike, outcome: ArrayLike, *, higher: bool = True) -> Estimate:
    """Area under the ROC curve with DeLong's interval (DeLong et al., Biometrics 1988).

    Where cases and controls are separated completely DeLong's variance is 0, and the interval is
    Newcombe's (method 5 of Stat Med 2006;25:559-573): the areas from which 1, or 0, is no further
    away than 1.96 of their own standard errors, those of Hanley & McNeil (Radiology 1982) with half
    the patients as cases and as controls.

    Parameters
    ----------
    marker, outcome
        Shape (n,): outcome 1 (case) or 0; a pair with a NaN is left out. Ties count one half.
    higher
        Whether cases tend to higher values.

    Returns
    -------
    `auc` by scikit-learn; limits are clipped to [0, 1]; `events` are the cases.
    """
    x, y = _pairs(marker, outcome, higher)
    cases, controls = x[y], x[~y]
    fields: dict[str, Any] = {"n": len(x), "events": len(cases)}
    fields["method"] = "ROC, DeLong interval"
    if not len(cases) or not len(controls):
        return unsupported("auc", Code.NO_CASES_OR_CONTROLS.say(), **fields)
    from sklearn.metrics import roc_auc_score

    area = float(roc_auc_score(y, x))
    if len(cases) < 2 or len(controls) < 2:
        return Estimate("auc", area, note=Code.ONE_CASE_OR_CONTROL.say(), **fields)
    ranks = rankdata(x)
    of_cases = (ranks[y] - rankdata(cases)) / len(controls)
    of_controls = 1 - (ranks[~y] - rankdata(controls)) / len(cases)
    variance = of_cases.var(ddof=1) / len(cases) + of_controls.var(ddof=1) / len(controls)
    error = float(np.sqrt(variance))
    if area in (0, 1):
        least = _least_area(len(cases), len(controls))
        low, high = (least, 1.0) if area else (0.0, 1 - least)
        fields["method"] = "ROC, separated completely: Newcombe's interval (method 5)"
        return Estimate("auc", area, low, high, **fields)
    if error == 0:
        note = Code.NO_INTERVAL_OF_AUC.say()
        return Estimate("auc", area, std_error=0.0, note=note, **fields)
    low, high = max(0.0, area - Z * error), min(1.0, area + Z * error)
    return Estimate("auc", area, low, high, error, **fields)


def _least_area(cases: int, controls: int) -> float:
    """Return the lower limit of an area of 1 (Newcombe 2006, method 5)."""
    half = (cases + controls) / 2 - 1

    def beyond(area: float) -> float:
        spread = 1 + half * ((1 - area) / (2 - area) + area / (1 + area))
        return (1 - area) - Z**2 * area * spread / (cases * controls)

    return float(brentq(beyond, 0.0, 1.0))


def roc_curve(marker: ArrayLike, outcome: ArrayLike, *, higher: bool = True) -> pd.DataFrame:
    """Return threshold, sensitivity, specificity, youden: one row an observed value, ascending.

    High is marker >= threshold. A positive test is high, or low where a lower marker is the worse.
    The ROC counts come from scikit-learn.
    """
    x, y = _pairs(marker, outcome, higher)
    columns = ["threshold", "sensitivity", "specificity", "youden"]
    if not y.any() or y.all():
        return pd.DataFrame(columns=columns, dtype=float)
    from sklearn.metrics import roc_curve as curve_of

    value = x if higher else -x
    false, true, thresholds = curve_of(y, value, drop_intermediate=False)
    order = np.argsort(thresholds[1:])
    sensitivity, specificity = true[1:][order], 1 - false[1:][order]
    if not higher:
        sensitivity, specificity = 1 - sensitivity, 1 - specificity
    return pd.DataFrame(
        {
            "threshold": thresholds[1:][order],
            "sensitivity": sensitivity,
            "specificity": specificity,
            "youden": sensitivity + specificity - 1,
        }
    )


def youden(
    marker: ArrayLike,
    outcome: ArrayLike,
    *,
    higher: bool = True,
    min_share: float = 0.0,
    min_patients: int = 1,
) -> Cutoff:
    """Cut the marker where sensitivity + specificity - 1 is largest (Youden, Cancer 1950).

    Cut-offs are observed values; the lowest wins a tie, which is decided on whole numbers. The
    lowest value separates nobody and is no cut-off.

    Parameters
    ----------
    marker, outcome, higher
        As in `auc`.
    min_share, min_patients
        A cut-off leaves so large a proportion of all patients with a marker, and so many of them,
        on either side; whose outcome is unknown counts too.

    Returns
    -------
    The cut-off, without a value and with a note where there is none. Where several cut-offs reach
    the largest index, the note names them.

    Examples
    --------
    >>> youden([1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 1, 1]).value
    5.0
    >>> youden([1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 1, 1], min_patients=3).value
    4.0
    """
    x, y = _pairs(marker, outcome, higher)
    value = x if higher else -x
    cases, controls = int(y.sum()), int((~y).sum())
    note = None
    if not cases or not controls:
        note = Code.NO_CASES_OR_CONTROLS.say()
    elif len(np.unique(value)) < 2:
        note = Code.MARKER_DOES_NOT_VARY.say()
    if note:
        return _no_cutoff(note, x, y)
    candidates = _admissible(marker, np.unique(value)[1:], min_share, min_patients)
    if not len(candidates):
        return _no_cutoff(Code.NO_ADMISSIBLE_CUTOFF.say(), x, y)
    cases_above = cases - np.searchsorted(np.sort(value[y]), candidates)
    controls_above = controls - np.searchsorted(np.sort(value[~y]), candidates)
    gain = cases_above * controls - controls_above * cases
    gain = gain if higher else -gain
    best = float(candidates[np.argmax(gain)])
    rows = classified(value, y, best, higher=higher)
    tied = candidates[gain == gain.max()]
    if gain.max() <= 0:
        rows = [row.but(note=WRONG_WAY) for row in rows]
    elif len(tied) > 1:
        words = ", ".join(f"{value:g}" for value in tied)
        note = Code.TIED_CUTOFFS.say(n=len(tied), cutoffs=words)
        rows = [rows[0].but(note=joined(rows[0].note, note)), *rows[1:]]
    return Cutoff(best, tuple(rows))


def _no_cutoff(note: str, x: NDArray, y: NDArray) -> Cutoff:
    fields: dict[str, Any] = {"n": len(x), "events": int(y.sum()), "method": "ROC, Youden's index"}
    names = ("cutoff", "youden", *_ACCURACY)
    return Cutoff(None, tuple(unsupported(name, note, **fields) for name in names))


def _admissible(
    marker: ArrayLike, candidates: NDArray, min_share: float, min_patients: int
) -> NDArray:
    """Keep the cut-offs that leave enough of all patients with a marker on either side."""
    everybody = np.asarray(marker, dtype=float)
    everybody = np.sort(everybody[~np.isnan(everybody)])
    least = smallest_group(len(everybody), min_share, min_patients)
    low = np.searchsorted(everybody, candidates)
    return candidates[(low >= least) & (len(everybody) - low >= least)]


def classified(
    marker: ArrayLike, outcome: ArrayLike, cutoff: float, *, higher: bool = True
) -> list[Estimate]:
    """Say how well a cut-off classifies: Youden's index, and shares with Wilson intervals."""
    value = np.asarray(marker, dtype=float)
    known = ~np.isnan(value) & ~np.isnan(np.asarray(outcome, dtype=float))
    value, y = value[known], np.asarray(outcome)[known].astype(bool)
    positive = (value >= cutoff) == higher
    counts = {
        "sensitivity": (int((positive & y).sum()), int(y.sum())),
        "specificity": (int((~positive & ~y).sum()), int((~y).sum())),
        "ppv": (int((positive & y).sum()), int(positive.sum())),
        "npv": (int((~positive & ~y).sum()), int((~positive).sum())),
    }
    shares = [proportion(*counts[name]).but(statistic=name, at=cutoff) for name in _ACCURACY]
    fields: dict[str, Any] = {"n": len(value), "events": int(y.sum())}
    index = None
    if shares[0].estimate is not None and shares[1].estimate is not None:
        index = shares[0].estimate + shares[1].estimate - 1
    words = "ROC, Youden's index, observed values, high is at or above"
    return [
        Estimate("cutoff", cutoff, method=words, **fields),
        Estimate(
            "youden",
            index,
            at=cutoff,
            method="Youden's index",
            note=None if index is not None else Code.NO_CASES_OR_CONTROLS.say(),
            **fields,
        ),
        *shares,
    ]


def _pairs(marker: ArrayLike, outcome: ArrayLike, higher: bool) -> tuple[NDArray, NDArray]:
    x = np.asarray(marker, dtype=float)
    y = same_length("outcome", outcome, len(x)).astype(float)
    known = ~np.isnan(x) & ~np.isnan(y)
    if not np.all(np.isin(y[known], (0, 1))):
        raise ValueError("outcome must be 1 (case), 0 (control) or missing.")
    return (x if higher else -x)[known], y[known].astype(bool)
