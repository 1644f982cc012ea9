"""Every comparison of the question at once, for analyses that ask it many times over.

Belongs here: hazard ratio and log-rank test of all comparisons from one sorting of the risk sets.
Does not belong here: the study's own figures; those are lifelines', in `survival` and `cox`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from il6_platform.analysis.cohort import ARM, COMPARISONS
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.risk_sets import RiskSets

TOO_FEW = Code.TOO_FEW_EVENTS.say()


def every_comparison(
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    arm: NDArray[np.bool_],
    high: NDArray[np.bool_],
) -> dict[tuple[str, str], tuple[Estimate, Estimate]]:
    """Return (population, contrast) -> `logrank` and `hazard_ratio` (Cox, Efron, Wald interval).

    Parameters
    ----------
    time, event, arm, high
        Shape (n,): months, events, experimental arm, high marker.
    """
    inside = {
        "all": np.ones(len(time), dtype=bool),
        "control": ~arm,
        "experimental": arm,
        "marker_high": high,
        "marker_low": ~high,
    }
    sets = RiskSets(time, event)
    weights = np.array([inside[population] for population, _ in COMPARISONS], dtype=float)
    groups = np.array([arm if contrast == ARM else high for _, contrast in COMPARISONS])
    fits, tests = sets.cox(groups, weights), sets.log_rank(groups, weights)
    found = {}
    for i, key in enumerate(COMPARISONS):
        n, events = int(weights[i].sum()), int((weights[i] * event).sum())
        first = int((weights[i] * groups[i]).sum())
        why = TOO_FEW if 0 < first < n else Code.NOT_COMPARED.say()
        test = unsupported("logrank", why, n=n, events=events, method="Log-rank")
        if np.isfinite(tests.p_value[i]):
            test = test.but(
                estimate=float(tests.chi_square[i]),
                df=1,
                p_value=float(tests.p_value[i]),
                note=None,
            )
        log, error = float(fits.coefficients[i, 0]), float(fits.std_errors[i, 0])
        ratio = log_ratio("hazard_ratio", log, error, n=n, events=events)
        if ratio.estimate is None or test.estimate is None:
            # Efron's approximation gives a ratio where all events are on one day
            ratio = unsupported("hazard_ratio", why, n=n, events=events)
        found[key] = test, ratio
    return found


def log_ratio(name: str, log: float, error: float, *, n: int, events: int) -> Estimate:
    """Return the ratio of a log ratio and its standard error, or why there is none."""
    fields: dict[str, Any] = {"n": n, "events": events}
    if not (np.isfinite(log) and np.isfinite(error)):
        return unsupported(name, TOO_FEW, method="Cox, Efron, Wald interval", **fields)
    low, ratio, high = (float(np.exp(log + side * Z * error)) for side in (-1, 0, 1))
    return Estimate(
        name,
        ratio,
        low,
        high,
        error,
        p_value=float(2 * norm.sf(abs(log) / error)),
        method="Cox, Efron, Wald interval",
        **fields,
    )
