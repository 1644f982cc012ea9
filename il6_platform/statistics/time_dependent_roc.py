"""How well a marker tells who has the event by a time, over time.

Belongs here: the cumulative/dynamic area under the ROC curve with its interval, the cut-off that
Youden's index chooses at each time, and concordance over the whole follow-up (Harrell's, Uno's).
Does not belong here: the ROC curve of an outcome that everybody has (`roc`), resampling of a
cut-off (`cutoff_validation`), concordance of a fitted model (`regression`).

A case has the event by t, a control is event-free beyond t; who was censored before is stood for by
the others, weighted by the inverse probability of remaining uncensored.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from il6_platform.statistics._check import not_censored, samples
from il6_platform.statistics.arrays import Bools, Floats, Ints
from il6_platform.statistics.codes import Code
from il6_platform.statistics.cutoff_rules import ipcw_weights, weighted_youden
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.risk_sets import marker_array

__all__ = ["auc_at", "cutoff_at", "harrell_concordance", "uno_concordance"]

AUC = "Cumulative/dynamic AUC, inverse probability of censoring weights (Uno 2007, Blanche 2013)"
HARRELL = "Harrell's C, jackknife interval"
UNO = "Uno's C, jackknife interval, weights taken as known"


def auc_at(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    by: float,
    *,
    competing: ArrayLike | None = None,
    higher: bool = True,
) -> Estimate:
    """Area under the ROC curve of the event by a time, weighted for censoring.

    The estimate of Uno et al. (JASA 2007) and Blanche, Dartigues & Jacqmin-Gadda (Stat Med 2013);
    the interval is the latter's, from the influence of each patient, that on the censoring weights
    included. Markers that tie count one half.

    Parameters
    ----------
    marker, time, event
        Shape (n,); no missing values.
    by
        Time, in the unit of the data.
    competing
        Shape (n,), optional: who had an event that competes; by the time, he is neither case nor
        control (Blanche et al., 2013, the first of their areas).
    higher
        Whether cases tend to higher values.

    Returns
    -------
    `auc`, `at` the time; limits are clipped to [0, 1]; `events` are the cases. Without a case, a
    control or follow-up beyond the time it is missing, with a note.

    Raises
    ------
    ValueError
        On different lengths, missing values or negative times.

    Examples
    --------
    >>> auc_at([3, 1, 2, 1], [1, 2, 3, 4], [1, 1, 0, 1], by=2).estimate
    0.625
    """
    t, e = samples(time, event)
    x = marker_array(marker, len(t)) * (1 if higher else -1)
    case, control = ipcw_weights(t, e, by, competing)
    fields: dict[str, Any] = {"n": len(t), "events": int(np.sum(case > 0)), "at": by}
    fields["method"] = AUC
    if not case.any():
        return unsupported("auc", Code.NO_CASES_BY_THEN.say(), **fields)
    if not control.any():
        return unsupported("auc", Code.NO_CONTROLS_BEYOND.say(), **fields)
    cases, controls = case / case.sum(), control / control.sum()
    of_case = _below(x, controls)
    of_control = 1 - _below(x, cases)
    area = float(cases @ of_case)
    influence = cases * (of_case - area) + controls * (of_control - area)
    influence += _influence_of_censoring(t, not_censored(e, competing), cases * (of_case - area))
    n = len(t)
    error = float(np.sqrt(np.sum(influence**2) * n / (n - 1)))
    if error < 1e-12:
        note = Code.NO_INTERVAL_OF_AUC.say()
        return Estimate("auc", area, note=note, **fields)
    low, high = max(0.0, area - Z * error), min(1.0, area + Z * error)
    return Estimate("auc", area, low, high, error, **fields)


def _below(x: Floats, weights: Floats) -> Floats:
    """Weight of the patients with a lower marker, and half of that of those with the same."""
    values, place = np.unique(x, return_inverse=True)
    mass = np.bincount(place, weights=weights, minlength=len(values))
    return (np.cumsum(mass) - mass / 2)[place]


def _influence_of_censoring(t: Floats, ended: Bools, score: Floats) -> Floats:
    """What each patient's censoring adds by way of 1 / G(t-) of those with a score."""
    times, first = np.unique(np.sort(t), return_index=True)
    place = np.searchsorted(times, t)
    deaths = np.bincount(place[ended], minlength=len(times))
    # events leave before censorings of the same time
    at_risk = (len(t) - first - deaths).astype(float)
    censored = np.bincount(place[~ended], minlength=len(times))
    later = np.bincount(place, weights=score, minlength=len(times))
    later = np.cumsum(later[::-1])[::-1] - later
    rate = np.divide(later, at_risk, out=np.zeros_like(later), where=at_risk > 0)
    hazard = np.divide(censored, at_risk, out=np.zeros_like(later), where=at_risk > 0)
    drawn = np.cumsum(rate * hazard)
    # an event at a time is not at risk of a censoring at it
    before = np.concatenate([[0.0], drawn[:-1]])
    return np.where(ended, -before[place], rate[place] - drawn[place])


def cutoff_at(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    by: float,
    *,
    competing: ArrayLike | None = None,
    higher: bool = True,
    min_share: float = 0.0,
    min_patients: int = 1,
) -> Estimate:
    """Return the cut-off with the largest Youden index for the event by a time, weighted.

    Arguments as in `auc_at` and `cutoff_rules.Rule`. The estimate is the `cutoff`, `at` the time.
    """
    t, e = samples(time, event)
    weights = ipcw_weights(t, e, by, competing)
    found = weighted_youden(
        marker, *weights, higher=higher, min_share=min_share, min_patients=min_patients
    )
    return found[0].but(at=by)


def harrell_concordance(
    marker: ArrayLike, time: ArrayLike, event: ArrayLike, *, higher: bool = True
) -> Estimate:
    """Harrell's C of a marker (JAMA 1982): as `uno_concordance`, unweighted, over all follow-up."""
    return _concordance("harrell_concordance", marker, time, event, None, None, higher)


def uno_concordance(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    tau: float,
    *,
    competing: ArrayLike | None = None,
    higher: bool = True,
) -> Estimate:
    """Concordance of a marker with survival that does not depend on censoring (Uno, 2011).

    Each pair weighs 1 / G(t-)^2, t its earlier time, so that C estimates the probability that of
    two patients the one with the higher marker has the event first, by tau (Uno et al., Stat Med
    2011). The standard error is the infinitesimal jackknife's with the weights taken as known, as
    `concordance(timewt = "n/G2")` of R's survival.

    Parameters
    ----------
    marker, time, event
        Shape (n,); no missing values. A pair is compared where the earlier time is an event; tied
        markers count one half, two events at the same time are no pair.
    tau
        Pairs with an earlier time beyond it are left out.
    competing
        Shape (n,), optional: who had an event that competes is not compared with whom comes later,
        and was not censored.
    higher
        Whether a higher marker is taken to mean an earlier event.

    Returns
    -------
    `uno_concordance`, `at` tau; limits are clipped to [0, 1].

    Raises
    ------
    ValueError
        On different lengths, missing values or negative times.
    """
    return _concordance("uno_concordance", marker, time, event, tau, competing, higher)


def _pairs_of_each(turn: Ints, x: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return of each patient the weight of its pairs, and of those that x orders the right way.

    A pair is of a patient with a weight and one of a later turn; it weighs what the first does, and
    is right where that one's x is higher, half right where it is the same. Each pair is counted at
    the highest binary digit in which the turns differ: sorting does what all pairs would.
    """
    last = int(turn.max(initial=0))
    later = len(turn) - np.cumsum(np.bincount(turn, minlength=last + 1))
    before = np.bincount(turn, weights=weight, minlength=last + 1)
    total = weight * later[turn] + (np.cumsum(before) - before)[turn]
    right = np.zeros(len(turn))
    by_x = np.argsort(x, kind="stable")
    for digit in range(last.bit_length()):
        order = by_x[np.argsort(turn[by_x] >> (digit + 1), kind="stable")]
        block, is_later = turn[order] >> (digit + 1), (turn[order] >> digit) & 1 == 1
        mine = np.where(is_later, 0.0, weight[order])
        lower = _lower_in_block(block, x[order], is_later.astype(float))
        above = np.bincount(block, weights=mine)[block] - _lower_in_block(block, x[order], mine)
        right[order] += np.where(is_later, above, mine * lower)
    return total, right


def _lower_in_block(block: Ints, x: Floats, mass: Floats) -> Floats:
    """Mass of the same block with a lower x, half of that with the same; sorted by both."""
    if not len(x):
        return mass
    is_new = np.ones(len(x), dtype=bool)
    is_new[1:] = (block[1:] != block[:-1]) | (x[1:] != x[:-1])
    tie = np.cumsum(is_new) - 1
    tied = np.bincount(tie, weights=mass)
    below = (np.cumsum(tied) - tied)[tie]
    starts = np.searchsorted(block, block)
    return below - below[starts] + tied[tie] / 2


def _concordance(
    name: str,
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    tau: float | None,
    competing: ArrayLike | None,
    higher: bool,
) -> Estimate:
    t, e = samples(time, event)
    x = marker_array(marker, len(t)) * (1 if higher else -1)
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum())}
    fields |= {"at": tau, "method": HARRELL if tau is None else UNO}
    weight = np.ones(len(t))
    if tau is not None and len(t):
        # 1 / G(t-) of an event is its weight as a case at the end of follow-up
        weight = ipcw_weights(t, e, float(t.max()), competing)[0] ** 2
    weight = np.where(e if tau is None else e & (t <= tau), weight, 0.0)
    # an event is compared with what comes after it: later times, and censorings of its own
    turn = np.unique(np.stack([t, ~e]), axis=1, return_inverse=True)[1].ravel()
    total, concordant = _pairs_of_each(turn, x, weight)
    pairs = total.sum() / 2
    if not pairs > 0:
        return unsupported(name, Code.NO_PAIR.say(), **fields)
    value = float(concordant.sum() / 2 / pairs)
    error = float(np.sqrt(np.sum(((concordant - value * total) / pairs) ** 2)))
    low, high = max(0.0, value - Z * error), min(1.0, value + Z * error)
    return Estimate(name, value, low, high, error, **fields)
