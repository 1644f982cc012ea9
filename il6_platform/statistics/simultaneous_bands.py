"""Bands that hold a whole Kaplan-Meier curve with 95% confidence.

Belongs here: Hall-Wellner and equal-precision bands and their critical values. Does not belong
here: the pointwise interval of survival at one time (`survival`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm

from il6_platform.statistics.arrays import Floats
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import CONFIDENCE
from il6_platform.statistics.maximal_selection import lausen92
from il6_platform.statistics.survival import kaplan_meier

__all__ = ["confidence_band"]

Kind = Literal["hall_wellner", "equal_precision"]
KINDS: tuple[Kind, ...] = ("hall_wellner", "equal_precision")
IMAGES = 5
NODES = 64


@dataclass(frozen=True)
class Band:
    """A simultaneous band; all arrays have one entry an event time of its range, ascending.

    Attributes
    ----------
    kind
        `hall_wellner` or `equal_precision`.
    times, survival, low, high
        Event times in the range, S(t) and the limits.
    critical_value
        By how many standardised units the limits lie off.
    note
        Why there is no band; then the arrays are empty.
    """

    kind: Kind
    times: Floats
    survival: Floats
    low: Floats
    high: Floats
    critical_value: float
    note: str | None = None

    def curve(self) -> pd.DataFrame:
        """Return x, y, y_low, y_high: one row an event time."""
        names = ("x", "y", "y_low", "y_high")
        numbers = (self.times, self.survival, self.low, self.high)
        return pd.DataFrame(dict(zip(names, numbers, strict=True)))


def confidence_band(
    time: ArrayLike,
    event: ArrayLike,
    *,
    kind: Kind = "equal_precision",
    first: float | None = None,
    last: float | None = None,
) -> Band:
    """Band that holds the whole survival curve between two times with 95% confidence.

    Hall & Wellner (Biometrika 1980) and Nair's equal precision (Technometrics 1984), both on the
    scale log(-log S), so that they stay within 0 and 1 (Borgan & Liestol, Scand J Stat 1990;
    Klein & Moeschberger, Survival Analysis, section 4.4). The critical value is that of a Brownian
    bridge between a and b, a and b being n s / (1 + n s) at both ends with s Greenwood's sum: by
    numerical integration for Hall-Wellner, by Nair's approximation for equal precision.

    Parameters
    ----------
    time, event
        Shape (n,): time >= 0, event 1 or 0.
    kind
        One of `KINDS`. Equal precision is proportional to the pointwise intervals; Hall-Wellner is
        narrower in the middle and wider at the ends.
    first, last
        Range of times; the first event, and the last one at which somebody is left, by default.

    Returns
    -------
    The band; with a note in place of limits where fewer than two event times are in the range.

    Raises
    ------
    ValueError
        On unequal lengths, missing or negative times, or an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"Unknown kind {kind!r}: use {' or '.join(KINDS)}.")
    curve = kaplan_meier(time, event)
    drops = np.diff(curve.survival, prepend=1.0) < 0
    kept = drops & (curve.survival > 0)
    kept &= (curve.times >= (-np.inf if first is None else first)) & (
        curve.times <= (np.inf if last is None else last)
    )
    none = np.empty(0)
    if kept.sum() < 2:
        return Band(kind, none, none, none, none, np.nan, Code.NO_BAND.say())
    times, survival, variance = curve.times[kept], curve.survival[kept], curve.variance[kept]
    scaled = curve.n * variance
    a, b = (float(s / (1 + s)) for s in (scaled[0], scaled[-1]))
    if kind == "hall_wellner":
        critical = hall_wellner_value(a, b)
        width = critical * (1 + scaled) / np.sqrt(curve.n)
    else:
        critical = equal_precision_value(a, b)
        width = critical * np.sqrt(variance)
    with np.errstate(over="ignore"):
        theta = np.exp(width / np.log(survival))
        low, high = survival ** (1 / theta), survival**theta
    return Band(kind, times, survival, low, high, critical)


@lru_cache(maxsize=256)
def hall_wellner_value(a: float, b: float, confidence: float = CONFIDENCE) -> float:
    """Return c with P(|B(u)| <= c for all u in [a, b]) = confidence, B a Brownian bridge."""

    def lacking(c: float) -> float:
        return _bridge_stays(a, b, c) - confidence

    return float(brentq(lacking, 0.05, 3.0, xtol=1e-7))


def _bridge_stays(a: float, b: float, c: float) -> float:
    """P(|B(u)| <= c on [a, b]): over B(a) = x and B(b) = y, a bridge that stays (by images)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    length = b - a
    # eight standard deviations hold all of the mass
    start, move = np.sqrt(a * (1 - a)), np.sqrt(length * (1 - b) / (1 - a))
    half, reach = min(c, 8 * start), 8.0
    x = half * nodes[:, None]
    z = reach * nodes[None, :]
    y = x * (1 - b) / (1 - a) + move * z
    stays = np.ones((NODES, NODES))
    for k in range(1, IMAGES):
        for shift in (4 * k * c, -4 * k * c):
            stays += np.exp(((y - x) ** 2 - (y - x + shift) ** 2) / (2 * length))
    for k in range(-IMAGES, IMAGES):
        mirrored = 2 * c * (2 * k + 1) - y
        stays -= np.exp(((y - x) ** 2 - (mirrored - x) ** 2) / (2 * length))
    stays = np.where(np.abs(y) < c, np.clip(stays, 0, 1), 0.0)
    kernel = norm.pdf(x, scale=start) * half * norm.pdf(z) * reach * stays
    return float(weights @ kernel @ weights)


@lru_cache(maxsize=256)
def equal_precision_value(a: float, b: float, confidence: float = CONFIDENCE) -> float:
    """Return c with P(|B(u)| <= c sqrt(u (1 - u)) for all u in [a, b]) = confidence.

    Nair's approximation is that of Miller & Siegmund for the maximally selected chi-square.
    """

    def excess(c: float) -> float:
        return lausen92(c, a, b) - (1 - confidence)

    return float(brentq(excess, 1.2, 8.0, xtol=1e-10))
