"""Interim looks at accumulating data: boundaries, repeated intervals, conditional power.

Belongs here: a study looked at K times, at information fractions t_1 < ... < t_K <= 1 (for a
log-rank test or a Cox model: events over planned events). Tests are two-sided with symmetric
boundaries, each side at alpha / 2; the chance of crossing both is left out, which is conservative
and at usual levels too small to see. Z values are positive in the direction of benefit. Does not
belong here: the number of events of a fixed-sample study (`design`).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from il6_platform.statistics.estimate import Estimate

__all__ = [
    "boundaries",
    "conditional_power",
    "crossing_probability",
    "predictive_power",
    "repeated_interval",
]

BOUNDARIES = ("lan_demets_obrien_fleming", "lan_demets_pocock", "obrien_fleming", "pocock")
"""Two that spend alpha at whatever fractions are looked at, and the classical two."""

_FAR = 8.0  # normal quantile beyond which no probability is left at double precision


def boundaries(
    fractions: ArrayLike, *, kind: str = "lan_demets_obrien_fleming", alpha: float = 0.05
) -> pd.DataFrame:
    """Critical values of each look.

    `lan_demets_*` (Lan & DeMets, Biometrika 1983) spend per side, with a = alpha / 2, at fraction t
    2 - 2 Phi(z_{1 - a/2} / sqrt(t)) (O'Brien-Fleming type) or a log(1 + (e - 1) t) (Pocock type).
    `obrien_fleming` (1979) is c / sqrt(t), `pocock` (1977) c, with c such that all looks together
    reach alpha. Solved by recursive numerical integration (Armitage, McPherson & Rowe 1969;
    Jennison & Turnbull 2000, ch. 19).

    Parameters
    ----------
    fractions
        Shape (K,), increasing, in (0, 1]. Looks with a last fraction under 1 have not spent all.

    Returns
    -------
    One row a look: `fraction`, `z` (reject where |Z| is at least this), `nominal_p` (two-sided P
    that it corresponds to) and `spent` (two-sided alpha spent so far).

    Raises
    ------
    ValueError
        On fractions that do not increase within (0, 1] or an unknown kind.
    """
    t = _checked(fractions)
    if kind not in BOUNDARIES:
        raise ValueError(f"Unknown kind {kind!r}: use one of {', '.join(BOUNDARIES)}.")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie strictly between 0 and 1, not {alpha}.")
    side = alpha / 2
    if kind.startswith("lan_demets"):
        z = _spend(t, _spent(t, kind, side))
    else:
        shape = 1 / np.sqrt(t) if kind == "obrien_fleming" else np.ones_like(t)
        full = t[-1] == 1
        looks = t if full else np.append(t, 1.0)
        shapes = shape if full else np.append(shape, 1.0)
        c = brentq(
            lambda c: crossing_probability(looks, c * shapes).sum() - side, 0.1, _FAR, xtol=1e-12
        )
        z = c * shape
    return pd.DataFrame(
        {
            "fraction": t,
            "z": z,
            "nominal_p": 2 * norm.sf(z),
            "spent": 2 * np.cumsum(crossing_probability(t, z)),
        }
    )


def crossing_probability(
    fractions: ArrayLike, z: ArrayLike, *, drift: float = 0.0
) -> NDArray[np.float64]:
    """Probability of first crossing the upper boundary at each look, shape (K,).

    `drift` is the expected Z at fraction 1: 0 under no effect, and sqrt(D p (1 - p)) |log HR| for D
    planned events with a fraction p in one arm. The sum is the power (one direction).
    """
    t, bounds = _checked(fractions), np.asarray(z, dtype=float)
    if bounds.shape != t.shape:
        raise ValueError("Give one boundary for each fraction.")
    walk = _Walk(drift)
    crossed = np.empty_like(t)
    for k, (fraction, bound) in enumerate(zip(t, bounds, strict=True)):
        walk.to(fraction)
        crossed[k] = walk.above(bound)
        walk.stop_above(bound)
    return crossed


def repeated_interval(
    hazard_ratio: float, std_error: float, z: float, *, events: int | None = None
) -> Estimate:
    """Repeated confidence interval of a hazard ratio: exp(log HR -+ z SE).

    With the boundary `z` of this look the intervals of all looks together cover with 95%
    (Jennison & Turnbull, JRSS B 1989), whether or not the study stops.

    Parameters
    ----------
    std_error
        Of the log hazard ratio.
    """
    if not (hazard_ratio > 0 and std_error > 0):
        raise ValueError("The hazard ratio and its standard error must be positive.")
    return Estimate(
        "hazard_ratio",
        hazard_ratio,
        hazard_ratio * math.exp(-z * std_error),
        hazard_ratio * math.exp(z * std_error),
        std_error,
        events=events,
        method=f"Repeated confidence interval (Jennison & Turnbull 1989), boundary {z:.4f}",
    )


def conditional_power(
    z: float,
    fraction: float,
    *,
    final_z: float = float(norm.ppf(0.975)),
    drift: float | None = None,
) -> Estimate:
    """Probability that the final Z reaches `final_z`, given the interim `z` at `fraction`.

    With B = z sqrt(t) (Lan & Wittes, Biometrics 1988): Phi((B + drift (1 - t) - final_z) /
    sqrt(1 - t)). Without `drift` (the expected final Z; see `crossing_probability`) the current
    trend z / sqrt(t) continues. Looks between are not taken into account.

    Returns
    -------
    `conditional_power`, at = fraction.

    Raises
    ------
    ValueError
        On a fraction outside (0, 1).
    """
    b, t = _brownian(z, fraction)
    rate, words = (b / t, "current trend") if drift is None else (drift, f"drift {drift:g}")
    return Estimate(
        "conditional_power",
        float(norm.cdf((b + rate * (1 - t) - final_z) / math.sqrt(1 - t))),
        at=fraction,
        method=f"Lan & Wittes 1988, {words}, final boundary {final_z:.4f}",
    )


def predictive_power(
    z: float, fraction: float, *, final_z: float = float(norm.ppf(0.975))
) -> Estimate:
    """Conditional power averaged over what the interim data say of the effect (flat prior).

    Phi((B / t - final_z) / sqrt((1 - t) / t)), B = z sqrt(t) (Spiegelhalter, Freedman & Blackburn,
    Control Clin Trials 1986).

    Returns
    -------
    `predictive_power`, at = fraction.

    Raises
    ------
    ValueError
        On a fraction outside (0, 1).
    """
    b, t = _brownian(z, fraction)
    return Estimate(
        "predictive_power",
        float(norm.cdf((b / t - final_z) / math.sqrt((1 - t) / t))),
        at=fraction,
        method=f"Spiegelhalter et al. 1986, flat prior, final boundary {final_z:.4f}",
    )


class _Walk:
    """Density of a Brownian motion with drift over the paths that have not crossed so far.

    Held at Gauss-Legendre nodes, which converge geometrically for densities as smooth as these
    once the nodes are closer than the step's standard deviation.
    """

    def __init__(self, drift: float) -> None:
        self.drift = drift
        self.time = 0.0
        self.nodes = np.zeros(1)
        self.mass = np.ones(1)
        self.step = 0.0

    def to(self, time: float) -> None:
        """Let the motion run to `time`; `above` and `stop_above` speak of there."""
        self.step, self.time = time - self.time, time
        self.centres = self.nodes + self.drift * self.step

    def above(self, z: float) -> float:
        """Probability of a Z of at least `z`, not having crossed before."""
        b = z * math.sqrt(self.time)
        return float(self.mass @ norm.sf((b - self.centres) / math.sqrt(self.step)))

    def stop_above(self, z: float) -> None:
        """Take the paths at or above `z` out."""
        root, sd = math.sqrt(self.time), math.sqrt(self.step)
        mean = self.drift * self.time
        low, high = mean - _FAR * root, min(z * root, mean + _FAR * root)
        count = int(np.clip(5 * (high - low) / sd, 64, 2000))
        x, w = np.polynomial.legendre.leggauss(count)
        nodes = low + (high - low) * (x + 1) / 2
        weights = w * (high - low) / 2
        density = norm.pdf((nodes[:, None] - self.centres) / sd) / sd
        self.mass = weights * (density @ self.mass)
        self.nodes = nodes


def _spend(t: NDArray[np.float64], spent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boundaries that spend so much, one side, by each fraction."""
    walk = _Walk(0.0)
    z = np.empty_like(t)
    for k, amount in enumerate(np.diff(spent, prepend=0.0)):
        walk.to(t[k])
        z[k] = (
            brentq(lambda z, a: walk.above(z) - a, -_FAR, _FAR, args=(amount,), xtol=1e-12)
            if walk.above(_FAR) < amount
            else np.inf
        )
        walk.stop_above(z[k])
    return z


def _spent(t: NDArray[np.float64], kind: str, side: float) -> NDArray[np.float64]:
    if kind == "lan_demets_pocock":
        return side * np.log1p((math.e - 1) * t)
    return 2 * norm.sf(norm.isf(side / 2) / np.sqrt(t))


def _brownian(z: float, fraction: float) -> tuple[float, float]:
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie strictly between 0 and 1, not {fraction}.")
    return z * math.sqrt(fraction), fraction


def _checked(fractions: ArrayLike) -> NDArray[np.float64]:
    t = np.atleast_1d(np.asarray(fractions, dtype=float))
    steps = np.diff(t, prepend=0.0)
    if t.ndim != 1 or t.size == 0 or not (np.all(steps > 0) and t[-1] <= 1):
        raise ValueError("Information fractions must increase and lie in (0, 1].")
    return t
