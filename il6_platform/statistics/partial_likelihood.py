"""Cox's partial likelihood of any covariates at given coefficients: score, residuals, information.

Belongs here: what a fitted model is judged by (did it converge, robust variance, proportional
hazards, concordance), with case weights and strata, in O(n log n). Does not belong here: what tied
deaths count for (`efron`), finding the coefficients of one model (`regression`, by lifelines), nor
models of many groupings at once (`risk_sets`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il6_platform.statistics.arrays import Bools, Floats, Ints
from il6_platform.statistics.efron import TiedDeaths
from il6_platform.statistics.estimate import Z
from il6_platform.statistics.risk_sets import dominated_sums

ROUNDING = 1e-12
"""Share of a log-likelihood that sums over many patients may lose: no search goes by it."""

_LARGEST_EXPONENT = 500.0
_FARTHEST = 50.0


class PartialLikelihood:
    """Efron's partial likelihood at coefficients beta.

    A tied death k (0, 1, ...) of d counts with the mean weight of the d deaths, and the d deaths
    count among those at risk with 1 - k/d, as in R's coxph.

    Parameters
    ----------
    x
        Shape (n, p), covariates.
    time, event
        Shape (n,): time >= 0, event 1 or 0.
    beta
        Shape (p,), log hazard ratios.
    weights
        Shape (n,), case weights > 0; 1 by default.
    strata
        Shape (n,), any labels: risk sets are formed within strata.
    order
        Shape (n,), optional: `order` of another one of the same times, events and strata.

    Attributes
    ----------
    log_likelihood
        At beta.
    score, information
        First and negative second derivative, shapes (p,) and (p, p).
    """

    def __init__(
        self,
        x: Floats,
        time: Floats,
        event: Bools,
        beta: ArrayLike,
        weights: Floats | None = None,
        strata: NDArray | None = None,
        order: Ints | None = None,
    ) -> None:
        n = len(time)
        labels = np.zeros(n) if strata is None else np.unique(strata, return_inverse=True)[1]
        self.order = np.lexsort((~event, time, labels)) if order is None else order
        w = np.ones(n) if weights is None else weights
        centred = x - np.average(x, axis=0, weights=w)
        self._x, self._w, self._event = centred[self.order], w[self.order], event[self.order]
        self._time, self._stratum = time[self.order], labels[self.order]
        linear = np.clip(self._x @ np.asarray(beta, dtype=float), None, _LARGEST_EXPONENT)
        self._risk = np.exp(linear)
        self._deaths = np.flatnonzero(self._event)
        self._moments(linear)

    def _moments(self, linear: Floats) -> None:
        """Sums at each moment (a stratum's event time), and a row for each of its tied deaths."""
        new_stratum = np.diff(self._stratum, prepend=-1) != 0
        new_time = new_stratum | (np.diff(self._time, prepend=-1) != 0)
        group = np.cumsum(new_time) - 1
        which, died = np.unique(group[self._deaths], return_counts=True)
        # a moment is a model of its own, so that each has its part of score and information
        self._tied, self.ties = TiedDeaths(died[:, None]), died
        # the last moment of the patient's stratum at or before the patient's time; -1 without one
        self._last = np.searchsorted(which, group, side="right") - 1
        stratum_start = np.maximum.accumulate(np.where(new_stratum, np.arange(len(group)), 0))
        self._first = np.searchsorted(which, group[stratum_start])
        self._last = np.where(self._last >= self._first, self._last, -1)
        self._start = np.flatnonzero(new_time)[which]
        stop = np.append(np.flatnonzero(new_stratum)[1:], len(group))
        self._ends = stop[np.searchsorted(stop, self._start, side="right")]
        self.times = self._time[self._start]

        weighted = self._w * self._risk
        sums = self._exposed(np.column_stack([weighted, weighted[:, None] * self._x]))
        self._total = sums[:, 0]
        self._mean = sums[:, 1:] / self._total[:, None]
        dead = self._w[self._deaths]
        self._each = (self._tied.summed(dead) / died)[self._tied.moment]
        self._hazard = self._each / self._total
        self.log_likelihood = float(dead @ linear[self._deaths] - self._each @ np.log(self._total))
        self.scores = self._tied.summed(dead[:, None] * self._x[self._deaths]) - self._tied.summed(
            self._each[:, None] * self._mean
        )
        self.score = self.scores.sum(axis=0)

    def _exposed(self, values: Floats) -> Floats:
        """Sum values (n, k) over the patients at risk at each death of their stratum."""
        at_risk = np.empty((len(self._start), values.shape[1]))
        for end in np.unique(self._ends):
            inside = self._ends == end
            parts = np.add.reduceat(values[:end], self._start[inside], axis=0)
            at_risk[inside] = np.cumsum(parts[::-1], axis=0)[::-1]
        died = self._tied.summed(values[self._deaths])
        return self._tied.exposed(at_risk[:, None], died[:, None])

    def informations(self) -> Floats:
        """Information of each moment, shape (moments, p, p), moments as in `times`."""
        weighted = (self._w * self._risk)[:, None] * self._x
        seconds = [self._exposed(weighted * x[:, None]) / self._total[:, None] for x in self._x.T]
        return self._tied.information(self._mean.T, lambda j, k: seconds[j][:, k], self._each)

    @property
    def information(self) -> Floats:
        """Shape (p, p)."""
        return np.asarray(self.informations().sum(axis=0))

    def score_residuals(self) -> Floats:
        """What each patient contributes to the score, unweighted, shape (n, p), in their order.

        Their weighted squares, between inverse informations, are the robust variance (Lin & Wei,
        JASA 1989); with ties as in R's residuals.coxph.
        """
        hazard = np.append(0.0, np.cumsum(self._tied.summed(self._hazard)))
        means = self._tied.summed(self._hazard[:, None] * self._mean)
        means = np.vstack([np.zeros(means.shape[1]), np.cumsum(means, axis=0)])
        # sums run over all strata: what came before the patient's own is taken off
        first, last = np.minimum(self._first, len(hazard) - 1), self._last + 1
        last = np.maximum(last, first)
        own = (hazard[last] - hazard[first])[:, None] * self._x - (means[last] - means[first])
        residuals = -self._risk[:, None] * own
        at, gone = self._tied.moment, self._tied.gone
        average = self._tied.summed(self._mean) / self.ties[:, None]
        kept = self._tied.summed(gone * self._hazard)
        kept_means = self._tied.summed((gone * self._hazard)[:, None] * self._mean)
        x, risk = self._x[self._deaths], self._risk[self._deaths][:, None]
        residuals[self._deaths] += x - average[at] + risk * (kept[at][:, None] * x - kept_means[at])
        restored = np.empty_like(residuals)
        restored[self.order] = residuals
        return restored


def profile_interval(
    at: Callable[[Floats], PartialLikelihood], best: Floats, covariance: Floats, j: int
) -> tuple[float, float]:
    """Limits of a coefficient by the profile likelihood, the interval of the likelihood-ratio test.

    Newton's method on the limit and the other coefficients together (Venzon & Moolgavkar, Appl Stat
    1988), from where the limit would be were the likelihood quadratic.

    Parameters
    ----------
    at
        The partial likelihood at coefficients.
    best, covariance
        Its maximum, shape (p,), and inverse information there.
    j
        Which coefficient.

    Returns
    -------
    95% limits; NaN where the likelihood does not fall far enough, or the search does not end.
    """
    target = at(best).log_likelihood - Z**2 / 2
    limits = []
    for side in (-1, 1):
        # along this direction the others follow the coefficient
        beta = best + side * Z * covariance[:, j] / np.sqrt(covariance[j, j])
        limits.append(_limit(at, beta, target, j))
    return limits[0], limits[1]


def _limit(at: Callable[[Floats], PartialLikelihood], beta: Floats, target: float, j: int) -> float:
    others, lost = np.arange(len(beta)) != j, ROUNDING * abs(target)
    for _ in range(50):
        there = at(beta)
        gap = there.log_likelihood - target
        equations = np.where(others, there.score, gap)
        if abs(gap) < 1e-9 + lost and np.abs(equations[others]).max(initial=0) < 1e-7 + lost:
            return float(beta[j])
        slopes = -there.information
        slopes[j] = there.score
        try:
            step = np.linalg.solve(slopes, -equations)
        except np.linalg.LinAlgError:
            return float("nan")
        # a step across the whole range of a flat likelihood is none
        beta = beta + step / max(1.0, float(np.abs(step).max()))
        if not np.all(np.isfinite(beta)) or np.abs(beta).max() > _FARTHEST:
            return float("nan")
    return float("nan")


def concordance(
    risk: Floats,
    time: Floats,
    event: Bools,
    weights: Floats | None = None,
    strata: NDArray | None = None,
) -> tuple[float, float] | None:
    """Harrell's C (JAMA 1982) and its infinitesimal jackknife standard error, in O(n log^2 n).

    The first of a pair fails while the second is still followed, or is censored just then; pairs
    are of one stratum, and weigh the product of the patients' weights. As R's concordance.

    Parameters
    ----------
    risk, time, event, weights, strata
        Shape (n,): a higher risk is taken to fail earlier.

    Returns
    -------
    C and its standard error; None where no two patients can be compared.
    """
    n = len(time)
    w = np.ones(n) if weights is None else weights
    labels = np.zeros(n) if strata is None else np.asarray(strata)
    gained, compared = np.zeros(n), np.zeros(n)
    for label in np.unique(labels):
        inside = np.flatnonzero(labels == label)
        gained[inside], compared[inside] = _pairs(
            risk[inside], time[inside], event[inside], w[inside]
        )
    total = float(w @ compared) / 2
    if total <= 0:
        return None
    value = float(w @ gained) / 2 / total
    return value, float(np.sqrt(np.sum((w * (gained - value * compared)) ** 2))) / total


def _pairs(risk: Floats, time: Floats, event: Bools, w: Floats) -> tuple[Floats, Floats]:
    """Weight of the other patients with whom each is concordant (ties half), and comparable."""
    key = 2 * np.unique(time, return_inverse=True)[1] + ~event
    rank = np.unique(risk, return_inverse=True)[1]
    # others who failed earlier; for those who failed, also others who were followed longer
    earlier, later = w * event, w
    higher, lower = dominated_sums(key, -rank, earlier), dominated_sums(key, rank, earlier)
    before = _below(key, earlier)
    gained = higher + (before - higher - lower) / 2
    less, more = dominated_sums(-key, rank, later), dominated_sums(-key, -rank, later)
    after = _below(-key, later)
    gained += event * (less + (after - less - more) / 2)
    return gained, before + event * after


def _below(key: Ints, weights: Floats) -> Floats:
    """Sum of the weights with a smaller key."""
    distinct, place = np.unique(key, return_inverse=True)
    sums = np.bincount(place, weights=weights, minlength=len(distinct))
    return np.asarray((np.cumsum(sums) - sums)[place])
