"""Maximally selected log-rank statistics: the cut-off that parts survival most, and its honest P.

Belongs here: the standardised log-rank scores statistic of every cut-off (Hothorn & Lausen, Comput
Stat Data Anal 2003), its maximum, and the P values of that maximum. Numbers are those of R's
maxstat (smethod LogRank). Does not belong here: how stable the cut-off is (`cutoff_validation`),
nor the ordinary log-rank test of every cut-off (`risk_sets`), which is another statistic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln
from scipy.stats import norm

from il6_platform.statistics._check import samples
from il6_platform.statistics.arrays import Floats, Ints
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.permutations import permuted
from il6_platform.statistics.risk_sets import CHUNK, log_rank_scores, marker_array

__all__ = ["lausen92", "lausen94", "maxstat"]

P_VALUES = {
    "maxstat_p_lau92": "Lausen & Schumacher, Biometrics 1992 (asymptotic)",
    "maxstat_p_lau94": "Lausen, Sauerbrei & Schumacher 1994 (improved Bonferroni)",
    "maxstat_p_hl": "Hothorn & Lausen 2003 (exact bound, scores rounded to integers)",
    "maxstat_permutation": "Permutation of outcomes over markers (Monte Carlo)",
}
"""Names of the P values of a maximally selected statistic, and whose they are."""

LARGEST_EXACT = 170
"""Patients up to which the exact distribution is worked out, as in R, where 171! overflows."""

TIED_BOUND = Code.TIED_BOUND.say()

BELOW_ZERO = Code.BELOW_ZERO.say()


@dataclass(frozen=True, slots=True)
class MaximallySelected:
    """The selected cut-off.

    Attributes
    ----------
    cutoff
        Patients with marker >= cutoff are high; an observed value, the lowest where several reach
        the maximum. R's maxstat names the largest marker of the low group instead: its cut-off is
        the observed value before this one. None where the data support no cut-off.
    statistic
        Largest absolute standardised log-rank scores statistic.
    profile_cutoffs, profile
        Every admissible cut-off and its absolute standardised statistic.
    n, events
        Patients and events.
    min_prop, max_prop
        Limits of the share of patients in the low group.
    note
        Why there is no cut-off.
    """

    cutoff: float | None
    statistic: float | None
    profile_cutoffs: Floats
    profile: Floats
    n: int
    events: int
    min_prop: float
    max_prop: float
    note: str | None
    _scores: Floats
    _low: Ints

    def estimates(self) -> list[Estimate]:
        """Return `cutoff` and `maxstat`; their P values are in `p_values`, never beside them."""
        fields: dict[str, Any] = {"n": self.n, "events": self.events, "method": self._method()}
        if self.cutoff is None or self.statistic is None:
            note = self.note or ""
            return [unsupported(name, note, **fields) for name in ("cutoff", "maxstat")]
        return [
            Estimate("cutoff", self.cutoff, **fields),
            Estimate("maxstat", self.statistic, at=self.cutoff, **fields),
        ]

    def p_values(
        self, *, rng: np.random.Generator | None = None, replicates: int = 10_000
    ) -> list[Estimate]:
        """P values of the maximum, all corrected for its selection.

        Parameters
        ----------
        rng
            Generator of the permutations; one with seed 0 by default.
        replicates
            Permutations; P is (b + 1) / (B + 1), b of B reaching the statistic. With 0 the
            permutation P is left out, with a note.

        Returns
        -------
        One estimate for each of `P_VALUES`, the statistic as estimate, the cut-off as `at`.
        Lausen 1992 and 1994 are approximations, kept within 0 and 1. Hothorn & Lausen rounds the
        scores, so that its statistic differs a little; like R it counts what exceeds the statistic,
        not what equals it, and stops at 170 patients. The permutation P is exact whatever the ties.
        """
        fields: dict[str, Any] = {"n": self.n, "events": self.events}
        if self.cutoff is None or self.statistic is None:
            note = self.note or ""
            return [unsupported(k, note, method=v, **fields) for k, v in P_VALUES.items()]
        generator = np.random.default_rng(0) if rng is None else rng
        m, b = self.statistic, self._scores
        bonferroni = lausen94(m, self.n, self._low)
        results: dict[str, tuple[float | None, float | None, str | None]] = {
            "maxstat_p_lau92": (m, lausen92(m, self.min_prop, self.max_prop), None),
            "maxstat_p_lau94": (m, bonferroni, None if bonferroni > 0 else BELOW_ZERO),
            "maxstat_p_hl": (None, None, Code.TOO_MANY_FOR_EXACT.say()),
            "maxstat_permutation": (None, None, Code.NO_PERMUTATIONS.say()),
        }
        if replicates:
            p = _permutation(m, b, self._low, generator, replicates)
            results["maxstat_permutation"] = (m, p, Code.PERMUTATIONS.say(n=replicates))
        if self.n <= LARGEST_EXACT:
            tied = len(self._low) > 1 and bool(np.any(np.diff(self._low) > 1))
            results["maxstat_p_hl"] = (*_hothorn_lausen(b, self._low), TIED_BOUND if tied else None)
        return [
            Estimate(
                name,
                statistic,
                p_value=p,
                at=self.cutoff,
                method=P_VALUES[name],
                note=note,
                **fields,
            )
            for name, (statistic, p, note) in results.items()
        ]

    def _method(self) -> str:
        return (
            f"Maximally selected log-rank scores (Hothorn & Lausen 2003), "
            f"{self.min_prop:.0%} to {self.max_prop:.0%} of patients low"
        )


def maxstat(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    min_prop: float = 0.1,
    max_prop: float = 0.9,
    min_patients: int = 1,
) -> MaximallySelected:
    """Find the cut-off with the largest standardised log-rank scores statistic.

    With m patients low of n, their scores summing to S and all scores a to A:
    |S - m A / n| / sqrt(m (n - m) (n sum a^2 - A^2) / (n^2 (n - 1))), the permutation variance.

    Parameters
    ----------
    marker, time, event
        Shape (n,); no missing values. Tied markers stay together, tied times take the same rank.
    min_prop, max_prop
        Admissible are cut-offs with max(1, floor(n min_prop)) <= m <= floor(n max_prop).
    min_patients
        Admissible are cut-offs that leave so many patients on either side.

    Returns
    -------
    The cut-off; None with a note without events, variation or an admissible cut-off.

    Raises
    ------
    ValueError
        On different lengths, missing values, negative times or proportions out of order.
    """
    times, events = samples(time, event)
    values = marker_array(marker, len(times))
    check_proportions(min_prop, max_prop)
    n, order = len(times), np.argsort(values, kind="stable")
    values = values[order]
    scores = log_rank_scores(times, events)[order]
    low = np.flatnonzero(np.diff(values, prepend=-np.inf))
    low = low[(low >= max(1, math.floor(n * min_prop))) & (low <= math.floor(n * max_prop))]
    low = low[np.minimum(low, n - low) >= min_patients] if min_patients > 1 else low
    statistics = _statistics(scores, low)

    note = None
    if not events.any():
        note = Code.NO_EVENTS.say()
    elif n < 2 or values[0] == values[-1]:
        note = Code.MARKER_DOES_NOT_VARY.say()
    elif not len(low):
        note = Code.NO_ADMISSIBLE_CUTOFF.say()
    elif not statistics.any():
        note = Code.TIMES_DO_NOT_VARY.say()
    best = None if note else _first_largest(statistics)
    return MaximallySelected(
        cutoff=None if best is None else float(values[low[best]]),
        statistic=None if best is None else float(statistics[best]),
        profile_cutoffs=values[low],
        profile=statistics,
        n=n,
        events=int(events.sum()),
        min_prop=min_prop,
        max_prop=max_prop,
        note=note,
        _scores=scores,
        _low=low,
    )


def check_proportions(min_prop: float, max_prop: float) -> None:
    """Raise ValueError unless 0 <= min_prop < max_prop <= 1."""
    if not 0 <= min_prop < max_prop <= 1:
        raise ValueError(f"0 <= min_prop < max_prop <= 1 is needed, not {min_prop}, {max_prop}.")


def profiles(
    scores: Floats, weights: Floats, starts: Ints, min_prop: float, max_prop: float
) -> Floats:
    """Absolute standardised statistic of every cut-off in many resamples.

    Parameters
    ----------
    scores, weights
        Shape (resamples, n), patients by rising marker: score, and how often drawn.
    starts
        Shape (k,): first position of each distinct marker.
    min_prop, max_prop
        As in `maxstat`, of the patients drawn.

    Returns
    -------
    Shape (resamples, k); -inf where the cut-off was not drawn or is not admissible.
    """
    if not len(starts):
        return np.zeros((len(scores), 0))
    y = scores * weights
    drawn = np.add.reduceat(weights, starts, axis=1)
    total = np.add.reduceat(y, starts, axis=1)
    m, sums = np.cumsum(drawn, axis=1) - drawn, np.cumsum(total, axis=1) - total
    n, a = weights.sum(axis=1, keepdims=True), y.sum(axis=1, keepdims=True)
    spread = _spread(n, a, (y * scores).sum(axis=1, keepdims=True))
    admissible = (
        (drawn > 0)
        & (m >= np.maximum(1, np.floor(n * min_prop)))
        & (m <= np.floor(n * max_prop))
        & (spread > 0)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(admissible, _standardised(sums, m, n, a, spread), -np.inf)


def _spread(n: Any, a: Any, squares: Any) -> Any:
    """n sum a^2 - A^2, 0 where nothing but rounding is left."""
    spread = n * squares - a**2
    return np.where(spread > 1e-10 * n * squares, spread, 0.0)


def _standardised(sums: Any, m: Any, n: Any, a: Any, spread: Any) -> Any:
    """Absolute distance of sums of m of n scores from their mean, in standard deviations."""
    variance = m * (n - m) / (n**2 * np.maximum(n - 1, 1)) * spread
    return np.abs(sums - m / n * a) / np.sqrt(variance)


def _statistics(scores: Floats, low: Ints) -> Floats:
    """Statistics of scores by rising marker with the first `low` of them low; 0 if all equal."""
    n, a = len(scores), scores.sum()
    spread = _spread(n, a, (scores**2).sum())
    if not len(low) or spread == 0:
        return np.zeros(len(low))
    return np.asarray(_standardised(np.cumsum(scores)[low - 1], low, n, a, spread))


def _first_largest(statistics: Floats) -> int:
    return int(np.argmax(statistics >= statistics.max() * (1 - 1e-12)))


def lausen92(b: float, min_prop: float = 0.1, max_prop: float = 0.9) -> float:
    """P(max > b) by Lausen & Schumacher (Biometrics 1992;48:73-85)."""
    if b < 1:
        return 1.0
    if min_prop == 0 or max_prop == 1:
        return 1.0
    odds = max_prop * (1 - min_prop) / ((1 - max_prop) * min_prop)
    density = float(norm.pdf(b))
    return min(max(4 * density / b + density * (b - 1 / b) * math.log(odds), 0.0), 1.0)


def lausen94(b: float, n: int, low: ArrayLike) -> float:
    """P(max > b) by the improved Bonferroni inequality (Lausen, Sauerbrei & Schumacher 1994).

    `low` are the sizes of the low group at the admissible cut-offs, rising, of n patients.
    """
    m = np.asarray(low, dtype=float)
    m1, m2 = m[:-1], m[1:]
    t = np.sqrt(1 - m1 * (n - m2) / ((n - m1) * m2))
    d = np.sum(math.exp(-(b**2) / 2) / math.pi * (t - (b**2 / 4 - 1) * t**3 / 6))
    return float(np.clip(2 * norm.sf(b) + d, 0, 1))


def _hothorn_lausen(scores: Floats, low: Ints) -> tuple[float, float]:
    """Statistic and P bound of scores by rising marker, rounded to integers as R's maxstat does.

    P(some m exceeds) <= sum over m of P(m exceeds) less those that already exceeded at m - 1 and
    must still do so, whichever score came next.
    """
    n = len(scores)
    shifted = scores - scores.min()
    y = np.round(shifted * n / shifted.max()).astype(np.int64)
    y -= y.min()
    total = int(y.sum())
    b = float(_statistics(y.astype(float), low).max())

    count = np.zeros((n + 1, total + 1))
    count[0, 0] = 1
    for value in y:
        count[1:, value:] += count[:-1, : total + 1 - value].copy()
    m = np.arange(1, n)
    subsets = gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)
    probability = count[1:-1] * np.exp(-subsets)[:, None]
    sums = np.arange(total + 1)
    mean = (m / n * total)[:, None]
    distance = _standardised(sums, m[:, None], n, total, n * np.sum(y**2) - total**2)
    if len(low) == 1:
        row = low[0] - 1
        return b, float(min(probability[row][distance[row] >= b * (1 - 1e-12)].sum(), 1))

    possible = count[1:-1] > 0
    beyond = possible & (distance > b)
    beyond[:, 0] = False
    exceed = np.where(beyond, probability, 0).sum(axis=1)
    for step, side in ((int(y.max()), sums < mean), (int(y.min()), sums > mean)):
        still = np.zeros_like(beyond)
        still[:-1, : total + 1 - step] = beyond[1:, step:]
        certain = np.where(beyond & side & still, probability, 0).sum(axis=1)
        certain[: low.min() - 1] = 0
        exceed[1:] -= certain[:-1]
    return b, float(np.clip(exceed[low - 1].sum(), 0, 1))


def _permutation(
    b: float, scores: Floats, low: Ints, rng: np.random.Generator, replicates: int
) -> float:
    n, a, reached = len(scores), scores.sum(), 0
    spread = _spread(n, a, (scores**2).sum())
    size = max(1, CHUNK // n)
    for start in range(0, replicates, size):
        rows = permuted(scores, min(size, replicates - start), rng)
        sums = np.cumsum(rows, axis=1, out=rows)[:, low - 1]
        largest = _standardised(sums, low, n, a, spread).max(axis=1)
        reached += int((largest >= b * (1 - 1e-9)).sum())
    return (reached + 1) / (replicates + 1)
