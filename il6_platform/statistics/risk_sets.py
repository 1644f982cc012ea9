"""Log-rank tests and Cox models for every cut-off, or for many resamples, at once.

Belongs here: counting who is at risk and who dies (`RiskTable`, within strata), and the engines on
these counts. `log_rank_all` gives the exact log-rank statistics of all cut-offs of a marker in
O(n log n) a sample; `RiskSets` gives log-rank statistics and Cox models for many groupings of the
same patients. Resamples are weights: how often a patient was drawn. Does not belong here: which
cut-off to choose (`maximal_selection`, `cutoff_validation`), nor one test or one model with its
interval (`survival`, `regression`).

Throughout, a patient is high where marker >= cut-off, and cut-offs are observed values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from il6_platform.statistics._check import samples
from il6_platform.statistics.arrays import Bools, Floats, Ints
from il6_platform.statistics.efron import Derivatives, TiedDeaths, maximise

CHUNK = 1 << 20
"""Numbers that one temporary array holds: larger ones leave the processor's cache."""

NO_VARIANCE = 1e-8
"""Below it a variance is rounding: one event among 1e5 patients already contributes 1e-5."""


MAIN_EFFECTS = ((0, 0), (1, 0), (0, 1), (1, 1))
"""Arm and marker group of the four cells: each arm with a low marker, then with a high one."""

WITH_PRODUCT = tuple((a, h, a * h) for a, h in MAIN_EFFECTS)
"""The same with their product."""


def marker_array(marker: ArrayLike, n: int) -> Floats:
    """Return the marker as an array.

    Raises
    ------
    ValueError
        On a length other than n or a missing value.
    """
    values = np.asarray(marker, dtype=float)
    if values.shape != (n,):
        raise ValueError("marker must have one value for each patient.")
    if not np.all(np.isfinite(values)):
        raise ValueError("marker must be finite: leave out patients without one.")
    return values


@dataclass(frozen=True, slots=True)
class LogRanks:
    """Log-rank statistics of the high against the low group; shape (..., cut-offs or groupings).

    Attributes
    ----------
    n_high, n_low
        Patients (weights) in each group.
    observed, expected, variance
        Events among the high, what they would be without a difference, and the hypergeometric
        variance of the difference.
    """

    n_high: Floats
    n_low: Floats
    observed: Floats
    expected: Floats
    variance: Floats

    @property
    def chi_square(self) -> Floats:
        """Chi-square of one degree of freedom, no continuity correction; NaN without variance."""
        return _divide((self.observed - self.expected) ** 2, self.variance)

    @property
    def p_value(self) -> Floats:
        """Two-sided P of one prespecified cut-off; of a chosen one it means nothing by itself."""
        return np.asarray(chi2.sf(self.chi_square, 1))

    @property
    def log_hazard_ratio(self) -> Floats:
        """Peto's one-step estimate (O - E) / V, high against low; NaN without variance."""
        return _divide(self.observed - self.expected, self.variance)

    @property
    def std_error(self) -> Floats:
        """Standard error 1 / sqrt(V) of the one-step estimate."""
        return _divide(1.0, np.sqrt(self.variance))


def _divide(numerator: Floats | float, denominator: Floats) -> Floats:
    out = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)


def tied_variance(at_risk: Floats, died: Floats) -> Floats:
    """Return the log-rank test's hypergeometric variance at each event time, d (n - d) / (n - 1).

    A group's variance is that times its share s of those at risk and 1 - s.
    """
    return np.asarray(died * (at_risk - died) / np.maximum(at_risk - 1, 1))


FEW_TIED = 20
"""Events of one time up to which each is drawn in turn; of more, all are drawn at once."""


def drawn(first: Floats, second: Floats, died: Floats, ratio: float) -> tuple[Floats, Floats]:
    """Return mean and variance of the first group's events at each time, given those of both.

    Who fails at one time is drawn in turn from those who are left, in proportion to the hazards
    (Wallenius 1963). Where many are, it is the share of either group that one hazard takes (Manly,
    Biometrics 1974). At a ratio of 1 both are the log-rank test's hypergeometric moments.

    Parameters
    ----------
    first, second, died
        Shape (times,): at risk in either group, and events of both.
    ratio
        Hazard ratio, first to second.
    """
    mean, variance = np.zeros(len(died)), np.zeros(len(died))
    few = died <= FEW_TIED
    for chosen, moments in ((few, _drawn_in_turn), (~few, _drawn_at_once)):
        at_risk = first[chosen], second[chosen]
        mean[chosen], variance[chosen] = moments(*at_risk, died[chosen], ratio)
    return mean, variance


def _drawn_in_turn(
    first: Floats, second: Floats, died: Floats, ratio: float
) -> tuple[Floats, Floats]:
    most = int(died.max(initial=0))
    taken = np.arange(most + 1)
    chance = np.zeros((len(died), most + 1))
    chance[:, 0] = 1
    for gone in range(most):
        own = ratio * np.maximum(first[:, None] - taken, 0)
        every = own + np.maximum(second[:, None] - np.maximum(gone - taken, 0), 0)
        still = (died > gone)[:, None] & (every > 0)
        moved = chance * np.divide(own, every, out=np.zeros_like(own), where=still)
        chance -= moved
        chance[:, 1:] += moved[:, :-1]
    mean = chance @ taken
    return mean, chance @ taken**2 - mean**2


def _drawn_at_once(
    first: Floats, second: Floats, died: Floats, ratio: float
) -> tuple[Floats, Floats]:
    low, high = np.zeros(len(died)), np.ones(len(died))
    for _ in range(60):
        left = (low + high) / 2
        too_many = first * (1 - left**ratio) + second * (1 - left) > died
        low, high = np.where(too_many, left, low), np.where(too_many, high, left)
    own, other = (n * (1 - q) * q for n, q in ((first, high**ratio), (second, high)))
    n = first + second
    both = np.divide(own * other, own + other, out=np.zeros(len(n)), where=own + other > 0)
    return first * (1 - high**ratio), both * n / np.maximum(n - 1, 1)


def log_rank_all(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> tuple[Floats, LogRanks]:
    """Log-rank statistics of every cut-off of a marker.

    Observed minus expected is a cumulative sum over patients by falling marker. The variance needs
    sum_j v_j n1j^2 over event times j, n1j the high at risk; adding a patient to the high group
    adds its pairs with those already there, each weighing sum_{t_j <= min of both times} v_j. These
    sums over "larger marker and earlier time" are taken by halving, in log2(n) passes.

    Parameters
    ----------
    marker, time, event
        Shape (n,); no missing values. Tied markers enter together; tied event times take the
        hypergeometric variance, as R's survdiff.
    strata
        Shape (n,): risk sets are formed within strata.
    weights
        Shape (n,) or (resamples, n): how often each patient was drawn (0, 1, 2, ...).

    Returns
    -------
    cut-offs, statistics
        Distinct markers, ascending, shape (k,), and the statistics, shape (k,) or (resamples, k).
        The lowest cut-off puts everybody in the high group and has no chi-square. A value that a
        resample did not draw parts it as the next higher value does.

    Raises
    ------
    ValueError
        On different lengths, missing values, negative times, or weights that are no counts.
    """
    times, events = samples(time, event)
    values = marker_array(marker, len(times))
    drawn = _counts(weights, len(times))
    order = np.argsort(-values, kind="stable")
    values, times, events = values[order], times[order], events[order]
    stratum = np.zeros(len(times)) if strata is None else np.asarray(strata)[order]

    last = np.flatnonzero(np.diff(values, append=-np.inf))[::-1]
    parts = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    passes = []
    for rows in _chunks(len(drawn), len(times)):
        w = np.take(drawn[rows], order, axis=1)
        increments = np.zeros((4, *w.shape))
        for part in parts:
            increments[:, :, part] = _increments(times[part], events[part], w[:, part])
        passes.append(np.cumsum(increments, axis=-1)[..., last])
    n_high, observed, expected, variance = (
        np.concatenate(passes, axis=1) if passes else np.zeros((4, 0, len(last)))
    )
    n_low = drawn.sum(axis=1, keepdims=True) - n_high
    variance[(variance < NO_VARIANCE) | (n_low == 0)] = 0
    ranks = (n_high, n_low, observed, expected, variance)
    if weights is None or np.ndim(weights) == 1:
        ranks = tuple(x[0] for x in ranks)
    return values[last], LogRanks(*ranks)


def _counts(weights: ArrayLike | None, n: int) -> Floats:
    if weights is None:
        return np.ones((1, n))
    counts = np.atleast_2d(np.asarray(weights, dtype=float))
    if counts.ndim != 2 or counts.shape[1] != n:
        raise ValueError("weights must have one column for each patient.")
    if not np.all((counts >= 0) & (counts == np.floor(counts))):
        raise ValueError("weights must be counts (0, 1, 2, ...): how often a patient was drawn.")
    return counts


def _chunks(rows: int, width: int) -> Iterator[slice]:
    step = max(1, CHUNK // max(width, 1))
    return (slice(start, start + step) for start in range(0, rows, step))


def _increments(times: Floats, events: Bools, w: Floats) -> Floats:
    """What each patient of one stratum, by falling marker, adds to n, O, E and V of the high."""
    by_time = np.argsort(times, kind="stable")
    starts = np.flatnonzero(np.diff(times[by_time], prepend=-1))
    leaving = np.take(w, by_time, axis=1)
    dead = np.add.reduceat(leaving * events[by_time], starts, axis=1)
    leaving = np.add.reduceat(leaving, starts, axis=1)
    at_risk = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1]
    v = tied_variance(at_risk, dead) / np.maximum(at_risk, 1) ** 2

    which = np.searchsorted(times[by_time][starts], times)
    hazard = np.take(np.cumsum(dead / np.maximum(at_risk, 1), axis=1), which, axis=1)
    linear = np.take(np.cumsum(v * at_risk, axis=1), which, axis=1)
    square = np.take(np.cumsum(v, axis=1), which, axis=1)
    earlier_square, earlier = _earlier(np.stack([w * square, w]), by_time)
    later = np.cumsum(w, axis=1) - w - earlier
    pairs = w * square + 2 * (earlier_square + square * later)
    return np.stack([w, w * events, w * hazard, w * (linear - pairs)])


def _earlier(x: Floats, by_time: Ints) -> Floats:
    """Sum x (..., n) over those that stand before each patient and have the earlier time.

    Blocks of positions are halved from the whole down to single ones, members kept in order of
    time: at each pass those of a right half collect what precedes them from the left half.
    """
    n = x.shape[-1]
    total = np.zeros_like(x)
    current = by_time
    for level in range(max(n - 1, 0).bit_length() - 1, -1, -1):
        right = (current >> level) & 1 == 1
        running = np.cumsum(np.where(right, 0.0, x[..., current]), axis=-1)
        block = current >> (level + 1)
        first = np.searchsorted(block, block[right])
        before = np.where(first > 0, running[..., first - 1], 0.0)
        total[..., current[right]] += running[..., right] - before
        current = current[np.argsort(current >> level, kind="stable")]
    return total


def dominated_sums(first: NDArray, second: NDArray, weights: Floats) -> Floats:
    """Sum, for each patient, the weights of those who are below it in both of two keys.

    Parameters
    ----------
    first, second
        Shape (n,), keys that can be compared; equal is not below.
    weights
        Shape (n,).

    Returns
    -------
    Shape (n,), in O(n log^2 n).
    """
    order = np.lexsort((-second, first))
    by_second = np.lexsort((-np.arange(len(order)), second[order]))
    sums = np.empty(len(order))
    sums[order] = _earlier(weights[order], by_second)
    return sums


@dataclass(frozen=True)
class RiskTable:
    """Events and patients at risk at each event time of each stratum, by group.

    Attributes
    ----------
    stratum
        Shape (rows,): place of the stratum in the list of strata, rising.
    at_risk, died
        Shape (groups, rows).
    """

    stratum: Ints
    at_risk: Floats
    died: Floats

    @classmethod
    def of(
        cls, time: Floats, event: Bools, group: NDArray, stratum: Ints, groups: int = 2
    ) -> RiskTable:
        """Count at each event time of each stratum; groups are 0 to `groups` - 1."""
        order = np.lexsort((time, stratum))
        s, t, e, g = stratum[order], time[order], event[order], group[order]
        starts = np.flatnonzero((np.diff(s, prepend=-1) != 0) | (np.diff(t, prepend=-1) != 0))
        if not len(starts):
            return cls(np.zeros(0, dtype=np.int64), np.zeros((groups, 0)), np.zeros((groups, 0)))
        member = np.arange(groups)[:, None] == g
        leaving = np.add.reduceat(member.astype(float), starts, axis=1)
        died = np.add.reduceat((member & e).astype(float), starts, axis=1)
        gone = np.cumsum(leaving, axis=1) - leaving
        place = s[starts]
        begin = np.searchsorted(place, place)
        everybody = np.stack(
            [np.bincount(s, weights=row, minlength=int(place.max()) + 1) for row in member]
        )
        at_risk = everybody[:, place] - (gone - gone[:, begin])
        kept = died.sum(axis=0) > 0
        return cls(place[kept], at_risk[:, kept], died[:, kept])

    def excesses(self) -> tuple[Floats, Floats]:
        """Events beyond those expected without a difference, and their covariance.

        Returns
        -------
        Shapes (groups - 1,) and (groups - 1, groups - 1), without the last group: summed over
        strata, with the hypergeometric covariance of ties.
        """
        n, d = self.at_risk.sum(axis=0), self.died.sum(axis=0)
        share = self.at_risk / n
        factor = tied_variance(n, d)
        covariance = np.diag((factor * share).sum(axis=1)) - (factor * share) @ share.T
        return (self.died - d * share).sum(axis=1)[:-1], covariance[:-1, :-1]

    def cox(self, chosen: Bools) -> tuple[Floats, Floats]:
        """Fit the log hazard ratio of group 1 to group 0 (Efron's ties) in selections of strata.

        Parameters
        ----------
        chosen
            Shape (m, strata).

        Returns
        -------
        Log hazard ratios and standard errors, shape (m,): NaN where no finite maximum exists.
        """
        inside = chosen[:, self.stratum]
        at_risk, dead = ([part * inside for part in of] for of in (self.at_risk, self.died))
        ratio, error = np.full((2, len(chosen)), np.nan)
        finite = _connected(at_risk, dead)
        if finite.any():
            at_risk, dead = ([part[finite] for part in of] for of in (at_risk, dead))
            fits = _Exposed.of(at_risk, dead).maximised(np.array([[0.0], [1.0]]))
            ratio[finite], error[finite] = fits[0][:, 0], np.sqrt(fits[1][:, 0, 0])
        return ratio, error


def log_rank_scores(
    time: ArrayLike,
    event: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    of_ties: Literal["last", "all"] = "last",
) -> Floats:
    """Log-rank scores: event minus the hazard, a sum over the times up to this one.

    Parameters
    ----------
    time, event
        Shape (n,); no missing values.
    weights
        Shape (resamples, n): how often each patient was drawn; who was not drawn has a score of no
        meaning.
    of_ties
        Who is at risk at a time that several share: the `last` of them and those after (Hothorn &
        Lausen 2003; `cscores` in R's exactRankTests), or `all` of them (Nelson and Aalen; the
        scores of the ordinary log-rank test, which sum to 0).

    Returns
    -------
    Scores, shape (n,) or (resamples, n).

    Raises
    ------
    ValueError
        On different lengths, negative or missing times, or events other than 0 and 1.
    """
    times, events = samples(time, event)
    w = np.ones((1, len(times))) if weights is None else np.asarray(weights, dtype=float)
    order = np.argsort(times, kind="stable")
    starts = np.flatnonzero(np.diff(times[order], prepend=-1))
    which = np.searchsorted(times[order][starts], times)
    sorted_w = np.take(w, order, axis=1)
    leaving = np.add.reduceat(sorted_w, starts, axis=1)
    rank = np.cumsum(leaving, axis=1)
    dead = np.add.reduceat(sorted_w * events[order], starts, axis=1)
    at_risk = w.sum(axis=1, keepdims=True) - rank + (1 if of_ties == "last" else leaving)
    scores: Floats = events - np.take(np.cumsum(dead / at_risk, axis=1), which, axis=1)
    return scores[0] if weights is None else scores


@dataclass(frozen=True, slots=True)
class CoxFits:
    """Cox models of many groupings.

    Attributes
    ----------
    coefficients
        Shape (rows, q): log hazard ratios; NaN where no finite maximum exists.
    covariance
        Shape (rows, q, q): inverse of the observed information.
    log_likelihood
        Shape (rows,): Efron's partial log-likelihood at the maximum.
    separated
        Shape (rows,): no finite maximum, because some group never has an event while another is at
        risk, or never is at risk when another has one.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: Floats
    separated: Bools

    @classmethod
    def missing(cls, rows: int, q: int) -> CoxFits:
        """Return fits of models none of which has a finite maximum."""
        return cls(
            np.full((rows, q), np.nan),
            np.full((rows, q, q), np.nan),
            np.full(rows, np.nan),
            np.ones(rows, dtype=bool),
        )

    @property
    def std_errors(self) -> Floats:
        """Shape (rows, q)."""
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))


class RiskSets:
    """Risk sets of one sample, sorted once, for any number of groupings and resamples of it.

    Parameters
    ----------
    time, event
        Shape (n,); no missing values.

    Raises
    ------
    ValueError
        On different lengths, negative or missing times, or events other than 0 and 1.
    """

    def __init__(self, time: ArrayLike, event: ArrayLike) -> None:
        times, events = samples(time, event)
        self.n = len(times)
        self.order = np.lexsort((~events, times))
        sorted_times, sorted_events = times[self.order], events[self.order]
        self._deaths = np.flatnonzero(sorted_events)
        self._death_starts = np.flatnonzero(np.diff(sorted_times[self._deaths], prepend=-1))
        self._starts = self._deaths[self._death_starts]

    @cached_property
    def _everybody(self) -> tuple[Floats, Floats]:
        return self._sums(np.ones((1, self.n)))

    def _sums(self, x: Floats) -> tuple[Floats, Floats]:
        """At risk and dead at each event time, of x (rows, n) by rising time."""
        if not len(self._starts):
            return np.zeros((len(x), 0)), np.zeros((len(x), 0))
        at_risk = np.add.reduceat(x, self._starts, axis=1)
        at_risk = np.cumsum(at_risk[:, ::-1], axis=1)[:, ::-1]
        dead = np.add.reduceat(np.take(x, self._deaths, axis=1), self._death_starts, axis=1)
        return at_risk, dead

    def log_rank(self, high: ArrayLike, weights: ArrayLike | None = None) -> LogRanks:
        """Log-rank statistics of many groupings.

        Parameters
        ----------
        high
            Boolean, shape (rows, n): who is in the high group.
        weights
            Shape (rows, n): how often each patient was drawn; 1 by default.

        Returns
        -------
        Statistics of shape (rows,).

        Raises
        ------
        ValueError
            On shapes that do not fit, or weights that are no counts.
        """
        groups = self._groups(high)
        drawn = None if weights is None else self._weights(weights, len(groups))
        out = np.zeros((5, len(groups)))
        for rows in _chunks(len(groups), self.n):
            x = np.take(groups[rows] == 1, self.order, axis=1).astype(float)
            if drawn is None:
                total, everybody = np.full(len(x), float(self.n)), self._everybody
            else:
                w = np.take(drawn[rows], self.order, axis=1)
                x *= w
                total, everybody = w.sum(axis=1), self._sums(w)
            (at_risk, dead), (n1, d1) = everybody, self._sums(x)
            share = n1 / np.maximum(at_risk, 1)
            v = tied_variance(at_risk, dead) * share * (1 - share)
            n_high = x.sum(axis=1)
            out[:, rows] = (
                n_high,
                total - n_high,
                d1.sum(axis=1),
                (dead * share).sum(axis=1),
                v.sum(axis=1),
            )
        return LogRanks(*out)

    def nested_excesses(self, high: ArrayLike) -> tuple[Floats, Floats]:
        """Events beyond those expected in groups that lie within each other, and their covariance.

        Parameters
        ----------
        high
            Boolean, shape (m, n): each group lies within the one before it, as the high groups of
            rising cut-offs do.

        Returns
        -------
        Observed minus expected events, shape (m,), and their hypergeometric covariance where the
        groups do not differ, shape (m, m).
        """
        (at_risk, dead), (n1, d1) = (
            self._everybody,
            self._sums(np.take(self._groups(high) == 1, self.order, axis=1).astype(float)),
        )
        share = n1 / np.maximum(at_risk, 1)
        v = tied_variance(at_risk, dead)
        within = np.triu(np.broadcast_to((share @ v[0])[None, :], (len(share), len(share))))
        within = within + np.triu(within, 1).T
        return (d1 - dead * share).sum(axis=1), within - (share * v) @ share.T

    def cox(
        self,
        groups: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        design: ArrayLike = ((0.0,), (1.0,)),
    ) -> CoxFits:
        """Cox models whose covariates depend on a patient's group only, for many groupings.

        Ties are handled by Efron's method; a patient drawn twice is two patients with tied times.
        That a finite maximum exists is decided beforehand: it does if and only if every group is
        reached from every other over "had an event while the other was at risk", and somebody stays
        at risk after some event. Where it does not
        exist for the groups, it is not sought for a smaller design either. The third
        derivatives are bounded by the second, so Newton steps of at most 1 converge.

        Parameters
        ----------
        groups
            Integers or booleans 0, 1, ..., shape (rows, n).
        weights
            Shape (rows, n): how often each patient was drawn; 1 by default.
        design
            Shape (number of groups, q): covariates of each group, zeros for group 0. By default
            one column: the log hazard ratio of group 1 against group 0.

        Returns
        -------
        Fits of `rows` models with q coefficients.

        Raises
        ------
        ValueError
            On shapes that do not fit, or weights that are no counts.
        """
        (fits,) = self._fits(groups, weights, (design,))
        return fits

    def interaction(
        self, groups: ArrayLike, weights: ArrayLike | None = None
    ) -> tuple[CoxFits, Floats]:
        """Cox models of arm, marker group and their product, and the product's likelihood ratio.

        Parameters
        ----------
        groups
            Shape (rows, n): arm + 2 * marker group, each 0 or 1.
        weights
            As in `cox`.

        Returns
        -------
        Fits of arm, marker group and product, and the likelihood ratios, shape (rows,): chi-square
        of one degree of freedom, NaN where no finite maximum exists.
        """
        larger, smaller = self._fits(groups, weights, (WITH_PRODUCT, MAIN_EFFECTS))
        gain = 2 * (larger.log_likelihood - smaller.log_likelihood)
        return larger, np.asarray(np.maximum(gain, 0))

    def _fits(
        self, groups: ArrayLike, weights: ArrayLike | None, designs: Sequence[ArrayLike]
    ) -> list[CoxFits]:
        """Fit models of several designs, each of the same groups, to the same sums."""
        labels = self._groups(groups)
        drawn = None if weights is None else self._weights(weights, len(labels))
        covariates = [np.asarray(design, dtype=float) for design in designs]
        fits = [CoxFits.missing(len(labels), one.shape[1]) for one in covariates]
        for part in _chunks(len(labels), self.n):
            label = np.take(labels[part], self.order, axis=1)
            w = None if drawn is None else np.take(drawn[part], self.order, axis=1)
            sums = [
                self._sums((label == g).astype(float) if w is None else (label == g) * w)
                for g in range(len(covariates[0]))
            ]
            at_risk, dead = [s[0] for s in sums], [s[1] for s in sums]
            finite = _connected(at_risk, dead)
            kept = np.arange(len(labels))[part][finite]
            if not len(kept):
                continue
            if not finite.all():
                at_risk, dead = [a[finite] for a in at_risk], [d[finite] for d in dead]
            exposed = _Exposed.of(at_risk, dead)
            for fit, design in zip(fits, covariates, strict=True):
                fit.coefficients[kept], fit.covariance[kept], fit.log_likelihood[kept] = (
                    exposed.maximised(design)
                )
                fit.separated[kept] = False
        return fits

    def _groups(self, groups: ArrayLike) -> NDArray[np.int8]:
        labels = np.asarray(groups).astype(np.int8, copy=False)
        if labels.ndim != 2 or labels.shape[1] != self.n:
            raise ValueError("groupings must have one row each and one column for each patient.")
        return labels

    def _weights(self, weights: ArrayLike, rows: int) -> Floats:
        counts = _counts(weights, self.n)
        if len(counts) != rows:
            raise ValueError("weights must have one row for each grouping.")
        return counts


def _connected(at_risk: list[Floats], dead: list[Floats]) -> Bools:
    """Whether the groups (each: rows, times) all reach each other, and an event leaves somebody."""
    groups, rows = len(at_risk), len(at_risk[0])
    reach = np.zeros((rows, groups, groups), dtype=np.int64)
    for i in range(groups):
        for j in range(groups):
            reach[:, i, j] = i == j or ((dead[i] > 0) & (at_risk[j] > 0)).any(axis=1)
    for _ in range((groups - 1).bit_length()):
        reach = (reach @ reach > 0).astype(np.int64)
    died, everybody = sum(dead[1:], start=dead[0]), sum(at_risk[1:], start=at_risk[0])
    # events of all who are at risk, on one day, say nothing of their order
    somebody_stays = ((died > 0) & (died < everybody)).any(axis=1)
    return np.asarray(reach.all(axis=(1, 2)) & somebody_stays)


@dataclass(frozen=True, slots=True)
class _Exposed:
    """What Efron's partial likelihood is made of, for rows of groupings.

    Attributes
    ----------
    ties
        Deaths of each row.
    exposed
        Of each group, shape (deaths,): who of it is at risk at each death.
    deaths
        Shape (rows, groups - 1): deaths of each group but the first.
    """

    ties: TiedDeaths
    exposed: list[Floats]
    deaths: Floats

    @classmethod
    def of(cls, at_risk: list[Floats], dead: list[Floats]) -> _Exposed:
        """Count from those at risk and those who die, of each group: shape (rows, times)."""
        # who is at risk in no group dies in none
        dying = [d / np.maximum(a, 1) for a, d in zip(at_risk, dead, strict=True)]
        largest = np.max(dying, axis=0)
        ties = TiedDeaths(sum(dead[1:], start=dead[0]).astype(np.int64), largest)
        exposed = [ties.exposed(a, d) for a, d in zip(at_risk, dead, strict=True)]
        return cls(ties, exposed, np.stack([d.sum(axis=1) for d in dead[1:]], axis=1))

    def maximised(self, design: Floats) -> tuple[Floats, Floats, Floats]:
        """Return coefficients, covariance and log-likelihood of each row at its maximum."""
        ties, deaths, covariates = self.ties, self.deaths, design[1:]

        def derivatives(beta: Floats) -> Derivatives:
            linear = beta @ covariates.T
            risk = [
                of * ties.spread(np.exp(one))
                for of, one in zip(self.exposed[1:], linear.T, strict=True)
            ]
            total = sum(risk, start=self.exposed[0])
            share = [one / total for one in risk]
            # nobody is of two groups
            spread = ties.information(share, lambda j, k: share[j] if j == k else None)
            return Derivatives(
                (deaths - ties.expected(share)) @ covariates,
                covariates.T @ spread @ covariates,
                lambda: (deaths * linear).sum(axis=1) - ties.summed(np.log(total)),
            )

        def reach(step: Floats) -> Floats:
            return np.asarray(np.abs(step @ covariates.T).max(axis=1, keepdims=True))

        return maximise(derivatives, reach, (len(deaths), design.shape[1]))[:3]
