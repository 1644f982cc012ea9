"""An interaction and subgroup effects with prior belief: how far should a surprise be believed?

Belongs here: the normal prior of a log ratio of hazard ratios, its update by the data, and the
subgroup effects that follow. Does not belong here: the estimates themselves (`regression`), and
which priors a study takes.

On the log hazard scale an estimate is taken as normal with its standard error known, so that prior
and posterior are normal and all is in closed form (Spiegelhalter, Freedman & Parmar, J R Stat Soc A
1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from il6_platform.statistics.estimate import Estimate, Z

__all__ = ["Prior", "neutral", "posterior", "probability_below", "sceptical", "subgroup_effects"]

NORMAL = "Bayesian, normal prior and normal likelihood of the logarithm"
TAIL = 0.05
"""Probability that a sceptical prior leaves beyond the effect that the study was planned for."""

WIDEST = 10.0
"""A neutral prior holds ratios from 1 / 10 to 10 with a probability of 95%."""


@dataclass(frozen=True, slots=True)
class Prior:
    """A normal prior of a log ratio.

    Attributes
    ----------
    name
        `sceptical`, `neutral`, `literature`, ...
    mean, sd
        Of the logarithm; sd > 0.
    """

    name: str
    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and np.isfinite(self.sd) and self.sd > 0):
            raise ValueError(f"A prior needs a mean and a standard deviation > 0: {self}.")

    @property
    def words(self) -> str:
        """The prior in a sentence, as ratios."""
        low, middle, high = np.exp(self.mean + Z * self.sd * np.array([-1, 0, 1]))
        return f"{self.name} prior {middle:.2g} (95% {low:.2g} to {high:.2g})"


def sceptical(planned: float, *, tail: float = TAIL) -> Prior:
    """Prior about no effect with a small probability beyond the planned ratio.

    Parameters
    ----------
    planned
        Ratio that the study was planned for, not 1.
    tail
        Probability of a ratio more extreme than it, in its direction (Spiegelhalter et al. 1994).

    Examples
    --------
    >>> round(sceptical(0.5).sd, 3)
    0.421
    """
    if not planned > 0 or planned == 1:
        raise ValueError(f"The planned ratio must be above 0 and not 1, not {planned}.")
    return Prior("sceptical", 0.0, float(abs(np.log(planned)) / norm.isf(tail)))


def neutral(widest: float = WIDEST) -> Prior:
    """Prior about no effect that holds ratios from 1 / widest to widest with 95% probability."""
    if not widest > 1:
        raise ValueError(f"The widest ratio must be above 1, not {widest}.")
    return Prior("neutral", 0.0, float(np.log(widest) / Z))


def posterior(estimate: float, std_error: float, prior: Prior) -> Estimate:
    """Update the prior of a log ratio by an estimate.

    Parameters
    ----------
    estimate, std_error
        Log ratio and its standard error > 0.
    prior
        Of the log ratio.

    Returns
    -------
    `posterior`: the ratio with its 95% credible interval, `std_error` the posterior's standard
    deviation of the logarithm. No P value: see `probability_below`.

    Raises
    ------
    ValueError
        On a missing estimate or a standard error that is not above 0.

    Examples
    --------
    The GREAT trial (Spiegelhalter, Abrams & Myles 2004, example 3.6):

    >>> great = posterior(-0.74, 2 / 30.5**0.5, Prior("expert", -0.255, 2 / 236.7**0.5))
    >>> round(great.estimate, 2), round(great.ci_low, 2), round(great.ci_high, 2)
    (0.73, 0.58, 0.93)
    """
    mean, sd = _updated(estimate, std_error, prior)
    low, middle, high = (float(x) for x in np.exp(mean + Z * sd * np.array([-1, 0, 1])))
    return Estimate("posterior", middle, low, high, sd, method=f"{NORMAL}, {prior.words}")


def probability_below(
    estimate: float, std_error: float, prior: Prior, ratio: float = 1.0
) -> Estimate:
    """Posterior probability that a ratio lies below a value; arguments as in `posterior`."""
    if not ratio > 0:
        raise ValueError(f"The ratio must be above 0, not {ratio}.")
    mean, sd = _updated(estimate, std_error, prior)
    chance = float(norm.cdf((np.log(ratio) - mean) / sd))
    return Estimate("probability_below", chance, at=ratio, method=f"{NORMAL}, {prior.words}")


def _updated(estimate: float, std_error: float, prior: Prior) -> tuple[float, float]:
    if not (np.isfinite(estimate) and np.isfinite(std_error) and std_error > 0):
        raise ValueError("The estimate must be known and its standard error above 0.")
    precision = np.array([1 / prior.sd**2, 1 / std_error**2])
    mean = float(precision @ [prior.mean, estimate] / precision.sum())
    return mean, float(1 / np.sqrt(precision.sum()))


def subgroup_effects(
    effects: ArrayLike, std_errors: ArrayLike, prior: Prior
) -> tuple[Estimate, Estimate]:
    """Effects in two independent subgroups when their ratio has a prior.

    The average of both has a flat prior, so that only their difference is drawn: by a sceptical
    prior towards each other (Dixon & Simon, Biometrics 1991, in its two-group form).

    Parameters
    ----------
    effects, std_errors
        Shape (2,): log hazard ratios in the first and the second group, and standard errors.
    prior
        Of the first less the second: the log ratio of hazard ratios.

    Returns
    -------
    `posterior` of each group's hazard ratio, with its credible interval.

    Raises
    ------
    ValueError
        On other than two groups, a missing effect or a standard error that is not above 0.
    """
    y, s = np.asarray(effects, dtype=float), np.asarray(std_errors, dtype=float)
    if y.shape != (2,) or s.shape != (2,):
        raise ValueError("Two groups are needed: two effects and two standard errors.")
    if not (np.all(np.isfinite(y)) and np.all(np.isfinite(s)) and np.all(s > 0)):
        raise ValueError("Effects must be known and their standard errors above 0.")
    contrast = np.array([1.0, -1.0])
    precision = np.diag(1 / s**2) + np.outer(contrast, contrast) / prior.sd**2
    covariance = np.linalg.inv(precision)
    mean = covariance @ (y / s**2 + contrast * prior.mean / prior.sd**2)
    fields: dict[str, Any] = {"method": f"{NORMAL}, {prior.words}"}
    one, two = (
        Estimate(
            "posterior",
            float(np.exp(m)),
            float(np.exp(m - Z * sd)),
            float(np.exp(m + Z * sd)),
            float(sd),
            **fields,
        )
        for m, sd in zip(mean, np.sqrt(np.diag(covariance)), strict=True)
    )
    return one, two
