"""What every function of survival times asks of its input."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def samples(time: ArrayLike, event: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return times as floats and events as booleans, each of shape (n,).

    Raises
    ------
    ValueError
        On unequal lengths, a missing or negative time, or an event other than 0 and 1.
    """
    t = np.asarray(time, dtype=float)
    e = np.asarray(event, dtype=float)
    if t.shape != e.shape or t.ndim != 1:
        raise ValueError("time and event must be one-dimensional and of the same length.")
    if not np.all(np.isfinite(t)) or np.any(t < 0):
        raise ValueError("time must be 0 or more and never missing; leave such patients out.")
    if not np.all((e == 0) | (e == 1)):
        raise ValueError("event must be 1 (event) or 0 (censored).")
    return t, e.astype(bool)


def same_length(name: str, values: ArrayLike, n: int) -> NDArray:
    """Return values as an array of shape (n, ...); ValueError where it has another length."""
    array = np.asarray(values)
    if len(array) != n:
        raise ValueError(f"{name} must have one value a patient ({n}), not {len(array)}.")
    return array


def not_censored(event: NDArray[np.bool_], competing: ArrayLike | None) -> NDArray[np.bool_]:
    """Return whose time ended with the event, or with one that competes with it.

    Raises
    ------
    ValueError
        Where somebody has both, or `competing` has another length.
    """
    if competing is None:
        return event
    other = same_length("competing", competing, len(event)).astype(bool)
    if (event & other).any():
        raise ValueError("a time ends with the event or with a competing one, not with both.")
    return event | other


def are_all_at_once(
    time: NDArray[np.float64], event: NDArray[np.bool_], strata: NDArray | None = None
) -> bool:
    """Say whether all who are at risk have the event together, in every stratum.

    Then the order of the events says nothing: the exact partial likelihood is flat, which Efron's
    is not. Nobody's event is none at once.

    Examples
    --------
    >>> are_all_at_once(np.array([2.0, 5.0, 5.0]), np.array([False, True, True]))
    True
    """
    labels = np.zeros(len(time)) if strata is None else strata
    with_events = [label for label in np.unique(labels) if event[labels == label].any()]
    for label in with_events:
        t, e = time[labels == label], event[labels == label]
        at_risk = t >= t[e].min()
        if not (e[at_risk].all() and np.ptp(t[at_risk]) == 0):
            return False
    return bool(with_events)
