"""Endpoints whose event can be forestalled by another one.

Belongs here: cumulative incidence (Aalen-Johansen), its comparison between groups (Gray) and its
regression (Fine and Gray). Does not belong here: cause-specific hazards, which are a Cox model with
the other events censored (`regression.cox`), and endpoints that no other event forestalls
(`survival`).

Throughout, `cause` is 0 where a patient was censored, and 1, 2, ... the kind of the first event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from il6_platform.statistics._check import same_length
from il6_platform.statistics.arrays import Floats, Ints
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.partial_likelihood import ROUNDING
from il6_platform.statistics.regression import no_maximum

__all__ = ["aalen_johansen", "fine_gray", "gray_test"]

AALEN_JOHANSEN = "Aalen-Johansen, log-log interval"
FINE_GRAY = "Fine and Gray, Breslow's ties, robust Wald interval"
TOLERANCE = 1e-10
MOST_STEPS = 50


@dataclass(frozen=True)
class CumulativeIncidence:
    """An Aalen-Johansen curve; all arrays have one entry a distinct time, ascending.

    Attributes
    ----------
    n, events
        Patients, and events of the cause.
    times, incidence, low, high
        Distinct times, F(t) and its pointwise 95% limits (NaN where F is 0).
    variance
        Variance of F(t).
    number_at_risk
        Patients at risk just before each time.
    """

    n: int
    events: int
    times: Floats
    incidence: Floats
    low: Floats
    high: Floats
    variance: Floats
    number_at_risk: Ints

    def incidence_at(self, time: float) -> Estimate:
        """F(t) with its log-log interval; unknown beyond the last patient's time."""
        fields: dict[str, Any] = {"n": self.n, "events": self.events, "at": time}
        fields["method"] = AALEN_JOHANSEN
        if self.n == 0:
            return unsupported("cumulative_incidence", Code.NO_PATIENTS.say(), **fields)
        if time > self.times[-1]:
            return unsupported("cumulative_incidence", Code.NOT_FOLLOWED.say(), **fields)
        position = int(np.searchsorted(self.times, time, side="right")) - 1
        if position < 0 or self.incidence[position] == 0:
            note = Code.NO_EVENT_BY_THEN.say()
            return Estimate("cumulative_incidence", 0.0, note=note, **fields)
        value, error = float(self.incidence[position]), float(np.sqrt(self.variance[position]))
        low, high = float(self.low[position]), float(self.high[position])
        return Estimate("cumulative_incidence", value, low, high, error, **fields)

    def curve(self) -> pd.DataFrame:
        """Return x, y, y_low, y_high, at_risk from (0, 0) on, one row a distinct time."""
        none = self.incidence == 0
        rest = pd.DataFrame(
            {
                "x": self.times,
                "y": self.incidence,
                "y_low": np.where(none, 0.0, self.low),
                "y_high": np.where(none, 0.0, self.high),
                "at_risk": self.number_at_risk,
            }
        )
        first = pd.DataFrame(
            {"x": [0.0], "y": [0.0], "y_low": [0.0], "y_high": [0.0], "at_risk": [self.n]}
        )
        return rest if len(rest) and rest["x"].iloc[0] == 0 else pd.concat([first, rest])


def aalen_johansen(time: ArrayLike, cause: ArrayLike, *, of: int = 1) -> CumulativeIncidence:
    """Estimate the cumulative incidence of one cause (Aalen & Johansen, Scand J Stat 1978).

    The variance is that of `cuminc` in R's cmprsk (Gray, Ann Stat 1988); the interval is taken on
    the scale log(-log F). Events precede censorings at the same time. Own code, because lifelines
    breaks ties at random.

    Parameters
    ----------
    time, cause
        Shape (n,), n from 0: time >= 0 in any unit; cause 0 (censored), 1, 2, ...
    of
        The cause that is counted; all others compete with it.

    Raises
    ------
    ValueError
        On unequal lengths, missing or negative times, or a cause that is no whole number from 0.

    Examples
    --------
    >>> aalen_johansen([1, 2, 3, 4], [1, 2, 1, 0]).incidence_at(3).estimate
    0.5
    """
    t, c = _causes(time, cause)
    if not len(t):
        none = np.empty(0)
        return CumulativeIncidence(0, 0, none, none, none, none, none, none.astype(np.int64))
    times, first = np.unique(np.sort(t), return_index=True)
    at_risk = (len(t) - first).astype(float)
    own = _counted(times, t[c == of])
    other = _counted(times, t[(c != of) & (c != 0)])
    survival = np.cumprod(1 - (own + other) / np.maximum(at_risk, 1))
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * own / np.maximum(at_risk, 1))

    # what an event at s adds to the variance of F(t): a(s) - b(s) (F(t) - F(s)), squared
    tied_own = 1 - np.maximum(own - 1, 0) / np.maximum(at_risk - 1, 1)
    tied_other = 1 - np.maximum(other - 1, 0) / np.maximum(at_risk - 1, 1)
    weight_own, weight_other = own * tied_own / at_risk**2, other * tied_other / at_risk**2
    scale = np.divide(before, survival, out=np.zeros_like(before), where=survival > 0)
    straight = before + scale * incidence
    both = scale**2 * (weight_own + weight_other)
    variance = (
        np.cumsum(straight**2 * weight_own + (scale * incidence) ** 2 * weight_other)
        - 2
        * incidence
        * np.cumsum(straight * scale * weight_own + scale**2 * incidence * weight_other)
        + incidence**2 * np.cumsum(both)
    )
    variance = np.maximum(variance, 0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        logarithm = np.log(incidence)
        spread = Z * np.sqrt(variance) / (incidence * logarithm)
        low, high = incidence ** np.exp(-spread), incidence ** np.exp(spread)
    inner = (incidence > 0) & (incidence < 1)
    return CumulativeIncidence(
        len(t),
        int(own.sum()),
        times,
        incidence,
        np.where(inner, np.minimum(low, high), np.nan),
        np.where(inner, np.maximum(low, high), np.nan),
        variance,
        at_risk.astype(np.int64),
    )


def gray_test(time: ArrayLike, cause: ArrayLike, group: ArrayLike, *, of: int = 1) -> Estimate:
    """Compare the cumulative incidence of one cause between groups (Gray, Ann Stat 1988; rho 0).

    Parameters
    ----------
    time, cause, of
        As in `aalen_johansen`.
    group
        Shape (n,): two or more groups by any label.

    Returns
    -------
    `gray`: chi-square, df, P; as `cuminc` in R's cmprsk.

    Raises
    ------
    ValueError
        As `aalen_johansen`, or where group has another length.
    """
    t, c = _causes(time, cause)
    labels, g = np.unique(same_length("group", group, len(t)), return_inverse=True)
    fields: dict[str, Any] = {"n": len(t), "events": int((c == of).sum())}
    fields["method"] = "Gray's test"
    if len(labels) < 2:
        return unsupported("gray", Code.ONE_GROUP.say(), **fields)
    if not (c == of).any():
        return unsupported("gray", Code.NO_EVENTS.say(), **fields)
    score, covariance = _gray(t, c, g.ravel(), len(labels), of)
    df = len(labels) - 1
    if not np.isfinite(covariance).all() or np.linalg.matrix_rank(covariance) < df:
        return unsupported("gray", Code.NO_EVENT_OF_TWO_GROUPS.say(), **fields)
    statistic = float(score @ np.linalg.solve(covariance, score))
    return Estimate("gray", statistic, df=df, p_value=float(chi2.sf(statistic, df)), **fields)


def _gray(t: Floats, c: Ints, g: Ints, groups: int, of: int) -> tuple[Floats, Floats]:
    """Scores and covariance without the last group; a row of events after the other."""
    moments = np.unique(t[c != 0])
    sizes = np.stack([(len(x) - np.searchsorted(x, moments)) for x in _sorted_by(t, g, groups)])
    own = np.stack([_counted(moments, t[(c == of) & (g == k)]) for k in range(groups)])
    other = np.stack([_counted(moments, t[(c != of) & (c != 0) & (g == k)]) for k in range(groups)])
    # group, then pooled: survival and incidence just before, and the score's ingredients
    survival, incidence, pooled = np.ones(groups), np.zeros(groups), 0.0
    score, carried = np.zeros(groups), np.zeros((groups, groups))
    v, v2, v3 = np.zeros((groups, groups)), np.zeros((groups, groups)), np.zeros(groups)
    for n, d1, d2 in zip(sizes.T.astype(float), own.T, other.T, strict=True):
        here = (n > 0) & (survival > 0)
        size = np.where(here, n, 1.0)
        ratio = np.where(here, size / np.where(here, survival, 1.0), 0.0)
        total, deaths = ratio.sum(), d1.sum()
        share = ratio * (1 - incidence)
        left = survival * (size - d1 - d2) / size
        after = pooled + deaths / total
        if deaths > 0:
            score += d1 - deaths * share / share.sum()
            a = np.diag(ratio) - np.outer(ratio, ratio) / total
            # once everybody has had the event nothing is left to carry on
            carried += a * deaths / (total * (1 - pooled)) if pooled < 1 - 1e-12 else 0.0
            gone = np.divide(1 - after, left, out=np.zeros(groups), where=left > 0)
            t4 = np.where(left > 0, 1 - gone, 1.0)
            t5 = 1 - max(deaths - 1, 0) / np.maximum(total * survival - 1, 1e-12)
            t3 = np.where(here, t5 * survival * deaths / (total * size), 0.0)
            t1 = a - t4 * carried
            v += (t1 * t3) @ t1.T
            v2 += t1 * (t4 * t3)
            v3 += t4**2 * t3
        if d2.any():
            counted = here & (left > 0) & (d2 > 0)
            t4 = np.divide(1 - after, left, out=np.zeros(groups), where=counted)
            t5 = 1 - np.maximum(d2 - 1, 0) / np.maximum(size - 1, 1)
            t3 = np.where(counted, t5 * survival**2 * d2 / size**2, 0.0)
            t1 = t4 * carried
            v += (t1 * t3) @ t1.T
            v2 -= t1 * (t4 * t3)
            v3 += t4**2 * t3
        incidence = incidence + np.where(here, survival * d1 / size, 0.0)
        survival, pooled = np.where(here, left, survival), after
    crossed = carried @ v2.T
    v += (carried * v3) @ carried.T + crossed + crossed.T
    return score[:-1], v[:-1, :-1]


def _sorted_by(t: Floats, g: Ints, groups: int) -> list[Floats]:
    return [np.sort(t[g == k]) for k in range(groups)]


@dataclass(frozen=True)
class SubdistributionFit:
    """A model of Fine and Gray.

    Attributes
    ----------
    terms, coefficients, covariance
        Names, shape (p,), log subdistribution hazard ratios, and their sandwich covariance.
    log_likelihood
        Of the weighted partial likelihood.
    note
        Why there is no fit; then the numbers are empty.
    """

    terms: list[str]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    n: int
    events: int
    note: str | None = None

    def estimates(self) -> list[Estimate]:
        """`subdistribution_hazard_ratio` of each term, with Wald's interval and P."""
        fields: dict[str, Any] = {"n": self.n, "events": self.events, "method": FINE_GRAY}
        name = "subdistribution_hazard_ratio"
        if self.note:
            return [unsupported(name, self.note, term=term, **fields) for term in self.terms]
        errors = np.sqrt(np.diag(self.covariance))
        return [
            Estimate(
                name,
                float(np.exp(b)),
                float(np.exp(b - Z * s)),
                float(np.exp(b + Z * s)),
                float(s),
                p_value=float(2 * norm.sf(abs(b) / s)),
                term=term,
                **fields,
            )
            for term, b, s in zip(self.terms, self.coefficients, errors, strict=True)
        ]


def fine_gray(
    design: pd.DataFrame, time: ArrayLike, cause: ArrayLike, *, of: int = 1
) -> SubdistributionFit:
    """Fit a proportional subdistribution hazards model (Fine & Gray, JASA 1999).

    A patient with a competing event stays at risk with the weight G(s-) / G(t-), G the
    Kaplan-Meier estimate of remaining uncensored; the covariance is the paper's sandwich, which
    counts that G is estimated. Ties by Breslow. All as `crr` in R's cmprsk.

    Parameters
    ----------
    design
        Shape (n, p), numeric columns named after their terms; no missing values.
    time, cause, of
        As in `aalen_johansen`.

    Returns
    -------
    The fit; with a note in place of numbers where there are no events, a column does not vary or
    depends on the others, or the likelihood has no maximum.

    Raises
    ------
    ValueError
        As `aalen_johansen`, or on missing covariates.
    """
    t, c = _causes(time, cause)
    frame = design.reset_index(drop=True).astype(float)
    same_length("design", frame, len(t))
    if frame.isna().to_numpy().any():
        raise ValueError("design has missing values; leave incomplete patients out first.")
    terms, x = [str(name) for name in frame.columns], frame.to_numpy()
    events = int((c == of).sum())

    def failed(note: str) -> SubdistributionFit:
        none = np.full(len(terms), np.nan)
        return SubdistributionFit(terms, none, np.diag(none), np.nan, len(t), events, note)

    # who had a competing event stays at risk, whatever his weight
    lasting = np.where((c != of) & (c != 0), np.inf, t)
    reason = no_maximum(frame, lasting, c == of)
    if reason:
        return failed(reason)
    centred = x - x.mean(axis=0)
    sample = _Subdistribution(t, c, centred, of)
    beta = np.zeros(len(terms))
    for _ in range(MOST_STEPS):
        value, score, information = sample.likelihood(beta)
        if np.linalg.matrix_rank(information) < len(terms):
            return failed(Code.NOT_CONVERGED.say())
        step = np.linalg.solve(information, score)
        # halve until the likelihood rises: far from the maximum Newton's step overshoots
        least = value - 1e-9 - ROUNDING * abs(value)
        while sample.likelihood(beta + step)[0] < least and np.abs(step).max() > TOLERANCE:
            step = step / 2
        beta = beta + step
        if np.abs(step).max() < TOLERANCE:
            break
    else:
        return failed(Code.NOT_CONVERGED.say())
    covariance = sample.sandwich(beta, information)
    value = sample.likelihood(beta)[0]
    return SubdistributionFit(terms, beta, covariance, value, len(t), events)


class _Subdistribution:
    """Weighted risk sets of one sample, sorted once, by rising time."""

    def __init__(self, t: Floats, c: Ints, x: Floats, of: int) -> None:
        order = np.argsort(t, kind="stable")
        self.t, self.c, self.x = t[order], c[order], x[order]
        self.own = self.c == of
        self.competing = (self.c != of) & (self.c != 0)
        self.times = np.unique(self.t)
        self.place = np.searchsorted(self.times, self.t)
        self.at_risk = len(t) - np.searchsorted(self.t, self.times).astype(float)
        self.censored = _counted(self.times, self.t[self.c == 0])
        free = np.cumprod(1 - self.censored / self.at_risk)
        self.free_before = np.concatenate([[1.0], free[:-1]])
        self.deaths = _counted(self.times, self.t[self.own])

    def _totals(self, values: Floats) -> Floats:
        """Sum of (n, ...) values over the weighted risk set at each distinct time."""
        summed = np.zeros((len(self.times), *values.shape[1:]))
        np.add.at(summed, self.place, values)
        present = np.cumsum(summed[::-1], axis=0)[::-1]
        kept = np.zeros_like(summed)
        weight = self.competing / self.free_before[self.place]
        np.add.at(kept, self.place, values * weight.reshape(-1, *[1] * (values.ndim - 1)))
        gone = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(kept, axis=0)[:-1]])
        return present + gone * self.free_before.reshape(-1, *[1] * (values.ndim - 1))

    def likelihood(self, beta: Floats) -> tuple[float, Floats, Floats]:
        """Log-likelihood, score and information."""
        risk = np.exp(self.x @ beta)
        s0 = self._totals(risk)
        s1 = self._totals(risk[:, None] * self.x)
        s2 = self._totals(risk[:, None, None] * self.x[:, :, None] * self.x[:, None, :])
        died = self.deaths > 0
        d, s0, s1, s2 = self.deaths[died], s0[died], s1[died], s2[died]
        mean = s1 / s0[:, None]
        value = float((self.x[self.own] @ beta).sum() - d @ np.log(s0))
        score = self.x[self.own].sum(axis=0) - d @ mean
        spread = s2 / s0[:, None, None] - mean[:, :, None] * mean[:, None, :]
        return value, score, np.einsum("t,tij->ij", d, spread)

    def sandwich(self, beta: Floats, information: Floats) -> Floats:
        """Covariance of the coefficients, the weights' estimation counted."""
        risk = np.exp(self.x @ beta)
        s0, s1 = self._totals(risk), self._totals(risk[:, None] * self.x)
        mean = s1 / s0[:, None]
        hazard = self.deaths / s0
        to_now = np.cumsum(hazard)[self.place]
        mean_to_now = np.cumsum(hazard[:, None] * mean, axis=0)[self.place]
        free = self.free_before * hazard
        later = np.cumsum(free[::-1])[::-1] - free
        mean_free = free[:, None] * mean
        mean_later = np.cumsum(mean_free[::-1], axis=0)[::-1] - mean_free

        def lasting(x: Floats, weight: Floats, at: Ints) -> Floats:
            return weight[:, None] * (x * later[at][:, None] - mean_later[at])

        eta = np.where(self.own[:, None], self.x - mean[self.place], 0.0)
        eta -= risk[:, None] * (self.x * to_now[:, None] - mean_to_now)
        waiting = np.where(self.competing, risk / self.free_before[self.place], 0.0)
        eta -= lasting(self.x, waiting, self.place)

        # how a patient's censoring moves the weights of those with an earlier competing event
        sums = np.zeros((len(self.times), 1 + self.x.shape[1]))
        np.add.at(
            sums, self.place, waiting[:, None] * np.column_stack([np.ones_like(risk), self.x])
        )
        # of those at the time of the censoring itself, crr counts the events and not the competing
        sums = np.cumsum(sums, axis=0) - sums
        q = sums[:, 1:] * (later + free)[:, None] - sums[:, :1] * (mean_later + mean_free)
        rate = q / self.at_risk[:, None]
        drawn = np.cumsum(rate * (self.censored / self.at_risk)[:, None], axis=0)
        psi = np.where((self.c == 0)[:, None], rate[self.place], 0.0) - drawn[self.place]
        inverse = np.linalg.inv(information)
        residuals = (eta + psi) @ inverse
        return np.asarray(residuals.T @ residuals)


def _causes(time: ArrayLike, cause: ArrayLike) -> tuple[Floats, Ints]:
    t, c = np.asarray(time, dtype=float), np.asarray(cause, dtype=float)
    if t.shape != c.shape or t.ndim != 1:
        raise ValueError("time and cause must be one-dimensional and of the same length.")
    if not np.all(np.isfinite(t)) or np.any(t < 0):
        raise ValueError("time must be 0 or more and never missing; leave such patients out.")
    if not np.all((c >= 0) & (c == np.floor(c))):
        raise ValueError("cause must be 0 (censored), 1, 2, ...")
    return t, c.astype(np.int64)


def _counted(times: Floats, values: Floats) -> Floats:
    """How many of the values fall on each of the distinct times."""
    return np.bincount(np.searchsorted(times, values), minlength=len(times)).astype(float)
