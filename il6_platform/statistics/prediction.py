"""When a study will have the events that it needs, if enrolment and events go on as seen.

Belongs here: the calendar time of a number of events. Does not belong here: how many are needed
(`design`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, unsupported

__all__ = ["months_to_events"]

MOST_YEARS = 100.0
"""Beyond so many years a date says nothing but never."""

_CELLS = 1 << 22
"""Times that are held at once: a study far from its events would fill the memory."""


def months_to_events(
    needed: float,
    *,
    events: int,
    exposure: float,
    at_risk: int,
    enrolled: int,
    enrolling: float,
    rng: np.random.Generator,
    replicates: int = 2000,
) -> Estimate:
    """Predict how many months from now the study has `needed` events (Bagiella & Heitjan 2001).

    Events come to each patient at one constant rate, patients at another; both rates have gamma
    posteriors (Jeffreys' prior), and the future is simulated for each draw: exponential times of
    those at risk, a Poisson stream of new patients who are followed until their event.

    Parameters
    ----------
    needed
        Events in all.
    events, exposure
        Events so far and the person-months in which they came.
    at_risk
        Patients in follow-up without an event.
    enrolled, enrolling
        Patients so far and the months in which they came.
    rng, replicates
        Generator and number of simulated futures.

    Returns
    -------
    `months_to_events`, the median of the futures with the 95% prediction interval; an open upper
    limit or no estimate where the futures take more than a hundred years.

    Raises
    ------
    ValueError
        On negative counts or times.
    """
    if min(needed, events, exposure, at_risk, enrolled, enrolling) < 0:
        raise ValueError("Counts and times must be 0 or more.")
    fields: dict[str, Any] = {
        "n": enrolled,
        "events": events,
        "method": "Exponential enrolment and events, gamma posteriors, simulated futures "
        "(Bagiella & Heitjan, Stat Med 2001)",
    }
    if events >= needed:
        return Estimate("months_to_events", 0.0, note=Code.EVENTS_ARE_THERE.say(), **fields)
    if not events or not exposure or not enrolling:
        return unsupported("months_to_events", Code.NO_RATE.say(), **fields)
    hazard = rng.gamma(events + 0.5, 1 / exposure, replicates)
    arrival = rng.gamma(enrolled + 0.5, 1 / enrolling, replicates)
    missing = int(np.ceil(needed - events))
    rows = max(1, _CELLS // (missing + at_risk))
    months = np.concatenate(
        [
            _kth_event(missing, hazard[i : i + rows], arrival[i : i + rows], at_risk, rng)
            for i in range(0, replicates, rows)
        ]
    )
    low, middle, high = np.quantile(months, [0.025, 0.5, 0.975], method="inverted_cdf")
    limit = 12 * MOST_YEARS
    if middle > limit:
        return unsupported("months_to_events", Code.BEYOND_HORIZON.say(), **fields)
    return Estimate(
        "months_to_events",
        float(middle),
        float(low),
        float(high) if high <= limit else None,
        **fields,
    )


def _kth_event(
    k: int,
    hazard: NDArray[np.float64],
    arrival: NDArray[np.float64],
    at_risk: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Time of the k-th coming event in each future.

    After k patients more have come, the k-th event is nowhere beyond the largest of their times, so
    that k newcomers are enough to look at.
    """
    size = len(hazard)
    present = rng.exponential(1, (size, at_risk)) / hazard[:, None]
    come = np.cumsum(rng.exponential(1, (size, k)), axis=1) / arrival[:, None]
    future = come + rng.exponential(1, (size, k)) / hazard[:, None]
    return np.partition(np.hstack([present, future]), k - 1, axis=1)[:, k - 1]
