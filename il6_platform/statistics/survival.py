"""Survival of groups over time: Kaplan-Meier, log-rank, restricted mean, follow-up.

Belongs here: estimates and tests without a regression model. Does not belong here: hazard ratios
(`regression`), permutation tests (`small_sample`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import chi2, norm

from il6_platform.statistics._check import are_all_at_once, same_length, samples
from il6_platform.statistics._remembered import Remembered
from il6_platform.statistics.arrays import Bools, Floats
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.risk_sets import RiskTable, drawn

__all__ = [
    "common_tau",
    "kaplan_meier",
    "logrank",
    "logrank_limits",
    "logrank_z",
    "reverse_kaplan_meier_median",
    "rmst_difference",
]

KM = "Kaplan-Meier, log-log interval"
_TOLERANCE = 1e-9
_STEP, _FARTHEST = 0.25, 50.0
"""Of a log hazard ratio: steps in which a limit is sought, and beyond which it is open."""


@dataclass(frozen=True)
class KaplanMeier:
    """A product-limit curve; all arrays have one entry a distinct time, ascending.

    Attributes
    ----------
    n, events
        Patients and events.
    times, survival, low, high
        Distinct times, S(t) and its pointwise 95% log-log limits (NaN where S is 0 or 1).
    variance
        Greenwood's sum, the variance of log S(t).
    number_at_risk
        Patients at risk just before each time.
    """

    n: int
    events: int
    times: NDArray[np.float64]
    survival: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    variance: NDArray[np.float64]
    number_at_risk: NDArray[np.int64]

    def median(self) -> Estimate:
        """Median survival with Brookmeyer-Crowley limits (Biometrics 1982), log-log."""
        return self.quantile(0.5).but(statistic="median", at=None)

    def quantile(self, p: float) -> Estimate:
        """Time by which a share p has had the event; the middle of a flat stretch at 1 - p.

        The stretch ends with the next event, or with the last patient's time.
        """
        fields: dict[str, Any] = {"n": self.n, "events": self.events, "at": p, "method": KM}
        if self.n == 0:
            return unsupported("quantile", Code.NO_PATIENTS.say(), **fields)
        value, low, high = (
            _crossing(self.times, band, 1 - p) for band in (self.survival, self.low, self.high)
        )
        note = None
        if value is None:
            note = Code.NOT_REACHED.say()
        return Estimate("quantile", value, low, high, note=note, **fields)

    def survival_at(self, time: float) -> Estimate:
        """S(t) with its log-log interval; unknown beyond the last patient's time, unless 0."""
        fields: dict[str, Any] = {"n": self.n, "events": self.events, "at": time, "method": KM}
        if self.n == 0:
            return unsupported("survival", Code.NO_PATIENTS.say(), **fields)
        position = int(np.searchsorted(self.times, time, side="right")) - 1
        if position < 0:
            return Estimate("survival", 1.0, 1.0, 1.0, 0.0, **fields)
        value = float(self.survival[position])
        if time > self.times[-1] and value > 0:
            return unsupported("survival", Code.NOT_FOLLOWED.say(), **fields)
        low, high = float(self.low[position]), float(self.high[position])
        if not np.isfinite(low):
            note = Code.NO_EVENT_BY_THEN.say() if value == 1 else Code.NOBODY_LEFT.say()
            return Estimate("survival", value, note=note, **fields)
        error = value * float(np.sqrt(self.variance[position]))
        return Estimate("survival", value, low, high, error, **fields)

    def rmst(self, tau: float) -> Estimate:
        """Mean time to the event up to tau, variance by Greenwood (Royston & Parmar 2013)."""
        fields: dict[str, Any] = {"n": self.n, "events": self.events, "at": tau}
        fields["method"] = f"Restricted mean to {tau:g}, Greenwood variance"
        if self.n == 0:
            return unsupported("rmst", Code.NO_PATIENTS.say(), **fields)
        if tau > self.times[-1] and self.survival[-1] > 0:
            return unsupported("rmst", Code.NOT_FOLLOWED.say(), **fields)
        inside = self.times < tau
        edges = np.concatenate([[0.0], self.times[inside], [tau]])
        heights = np.concatenate([[1.0], self.survival[inside]])
        areas = heights * np.diff(edges)
        beyond = np.cumsum(areas[::-1])[::-1][1:]
        steps = np.diff(np.concatenate([[0.0], self.variance]))[inside]
        steps = np.where(beyond > 0, steps, 0.0)
        error = float(np.sqrt(np.sum(beyond**2 * np.nan_to_num(steps, posinf=0.0))))
        mean = float(areas.sum())
        return Estimate("rmst", mean, mean - Z * error, mean + Z * error, error, **fields)

    def curve(self) -> pd.DataFrame:
        """Return x, y, y_low, y_high, at_risk from (0, 1) on, one row a distinct time."""
        first = pd.DataFrame(
            {"x": [0.0], "y": [1.0], "y_low": [1.0], "y_high": [1.0], "at_risk": [self.n]}
        )
        rest = pd.DataFrame(
            {
                "x": self.times,
                "y": self.survival,
                "y_low": np.where(self.survival == 1, 1.0, self.low),
                "y_high": np.where(self.survival == 1, 1.0, self.high),
                "at_risk": self.number_at_risk,
            }
        )
        return rest if len(rest) and rest["x"].iloc[0] == 0 else pd.concat([first, rest])

    def at_risk(self, times: ArrayLike) -> NDArray[np.int64]:
        """Return how many patients are at risk just before each of the times."""
        position = np.searchsorted(self.times, np.asarray(times, dtype=float), side="left")
        return np.append(self.number_at_risk, 0)[position].astype(np.int64)


def kaplan_meier(time: ArrayLike, event: ArrayLike, *, by_lifelines: bool = False) -> KaplanMeier:
    """Estimate survival (Kaplan & Meier, JASA 1958).

    Events precede censorings at the same time. The interval is pointwise, on the log(-log) scale
    with Greenwood's variance; as in R, it is undefined where S is 0 or 1.

    Parameters
    ----------
    time, event
        Shape (n,), n from 0: time >= 0 in any unit, event 1 or 0 (censored).
    by_lifelines
        Have lifelines count and multiply, as for a study's headline; else it is done here, in a
        tenth of the time and the same.

    Raises
    ------
    ValueError
        On unequal lengths, missing or negative times, an event other than 0 and 1.
    """
    t, e = samples(time, event)
    if not len(t):
        none = np.empty(0)
        return KaplanMeier(0, 0, none, none, none, none, none, none.astype(np.int64))
    return _fitted(t.tobytes(), e.tobytes(), by_lifelines)


@Remembered
def _fitted(times: bytes, events: bytes, by_lifelines: bool) -> KaplanMeier:
    """Fit once what several estimates are read off: the same group comes in many comparisons."""
    t, e = np.frombuffer(times, dtype=np.float64), np.frombuffer(events, dtype=np.bool_)
    moments, at_risk, deaths, survival = (_by_lifelines if by_lifelines else _product_limit)(t, e)
    survival = np.where(np.cumsum(at_risk == deaths) > 0, 0.0, survival)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
        spread = Z * np.sqrt(variance) / np.log(survival)
        log_log = np.log(-np.log(survival))
        low, high = np.exp(-np.exp(log_log - spread)), np.exp(-np.exp(log_log + spread))
    inner = (survival > 0) & (survival < 1)
    return KaplanMeier(
        len(t),
        int(e.sum()),
        moments,
        survival,
        np.where(inner, low, np.nan),
        np.where(inner, high, np.nan),
        variance,
        at_risk.astype(np.int64),
    )


def _by_lifelines(t: Floats, e: Bools) -> tuple[Floats, Floats, Floats, Floats]:
    """Return distinct times, at risk, events and survival, by lifelines."""
    from lifelines import KaplanMeierFitter

    fitter = KaplanMeierFitter().fit(t, e)
    table = fitter.event_table
    # lifelines puts a row at 0 in front, with the entries
    table = table[(table["observed"] > 0) | (table["censored"] > 0)]
    moments = table.index.to_numpy(dtype=float)
    survival = fitter.survival_function_at_times(moments).to_numpy()
    return moments, table["at_risk"].to_numpy(), table["observed"].to_numpy(), survival


def _product_limit(t: Floats, e: Bools) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the same without lifelines."""
    moments, place = np.unique(t, return_inverse=True)
    leaving, deaths = np.bincount(place), np.bincount(place, weights=e).astype(float)
    at_risk = len(t) - np.cumsum(leaving) + leaving.astype(float)
    with np.errstate(divide="ignore"):
        survival = np.exp(np.cumsum(np.log(at_risk - deaths) - np.log(at_risk)))
    return moments, at_risk, deaths, survival


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    strata: ArrayLike | None = None,
    *,
    by_lifelines: bool = False,
) -> Estimate:
    """Compare survival of groups (Mantel 1966; Peto & Peto 1972).

    Parameters
    ----------
    time, event, group
        Shape (n,): two or more groups by any label.
    strata
        Shape (n,), optional: observed and expected events are summed over strata.
    by_lifelines
        Have lifelines compute the statistic, as for a study's headline; it knows no strata.

    Returns
    -------
    `logrank` (with strata `logrank_stratified`): chi-square, df, P.

    Raises
    ------
    ValueError
        As `kaplan_meier`, or where group or strata have another length.
    """
    t, e = samples(time, event)
    g = same_length("group", group, len(t))
    name = "logrank" if strata is None else "logrank_stratified"
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum())}
    fields["method"] = "Log-rank test" + ("" if strata is None else ", stratified")
    labels = np.unique(g)
    if len(labels) < 2:
        few = Code.ONE_GROUP if len(t) else Code.NO_PATIENTS
        return unsupported(name, few.say(), **fields)
    if not e.any():
        return unsupported(name, Code.NO_EVENTS.say(), **fields)
    if strata is None:
        s = np.zeros(len(t), dtype=int)
    else:
        s = np.unique(same_length("strata", strata, len(t)), return_inverse=True)[1]
    table = RiskTable.of(t, e, np.searchsorted(labels, g), s, len(labels))
    excess, covariance = table.excesses()
    if np.linalg.matrix_rank(covariance) < len(labels) - 1:
        at_once = are_all_at_once(t, e, s)
        why = Code.EVENTS_ALL_AT_ONCE if at_once else Code.NO_EVENT_OF_TWO_GROUPS
        return unsupported(name, why.say(), **fields)
    df = len(labels) - 1
    if by_lifelines:
        from lifelines.statistics import multivariate_logrank_test

        statistic = float(multivariate_logrank_test(t, g, e).test_statistic)
    else:
        statistic = float(excess @ np.linalg.solve(covariance, excess))
    return Estimate(name, statistic, df=df, p_value=float(chi2.sf(statistic, df)), **fields)


def logrank_z(time: ArrayLike, event: ArrayLike, first: ArrayLike) -> float | None:
    """Return the log-rank test's Z: above 0 where the first group has fewer events than expected.

    Its square is the test's chi-square; unlike a hazard ratio it exists where one group has no
    event.

    Parameters
    ----------
    time, event, first
        Shape (n,); `first` says who is of the first group.

    Examples
    --------
    >>> round(logrank_z([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]), 2)
    2.25
    """
    t, e = samples(time, event)
    one = same_length("first", first, len(t)).astype(bool)
    if one.all() or not one.any():
        return None
    table = RiskTable.of(t, e, (~one).astype(np.int64), np.zeros(len(t), dtype=np.int64), 2)
    excess, covariance = table.excesses()
    variance = float(covariance[0, 0])
    return -float(excess[0]) / variance**0.5 if variance > 0 else None


def logrank_limits(
    time: ArrayLike, event: ArrayLike, first: ArrayLike, ratio: float, z: float = Z
) -> tuple[float | None, float | None]:
    """Return the limits of the hazard ratio that the log-rank test does not reject, 95% by default.

    The log-rank test is the score test of no difference (Cox, JRSSB 1972); here it is one of each
    hazard ratio. Who fails on one day failed one after the other in an order that is not known,
    each in proportion to his hazard (`drawn`), as Efron's estimate has it. Of no difference that is
    the log-rank test's own mean and variance, so that the interval holds 1 exactly where the
    test's P is above 0.05.

    Parameters
    ----------
    time, event, first
        Shape (n,); `first` says who is of the first group.
    ratio
        Hazard ratio, first to second, from which the limits are sought.
    z
        Size of the test's Z from which it rejects, such as a group-sequential boundary.

    Returns
    -------
    Lower and upper limit; None where no ratio so far from it is rejected.

    Examples
    --------
    >>> [round(v, 2) for v in logrank_limits([1, 2, 3, 4, 5, 6], [1] * 6, [0, 1, 0, 1, 0, 1], 0.5)]
    [0.1, 2.71]
    """
    t, e = samples(time, event)
    one = same_length("first", first, len(t)).astype(bool)
    table = RiskTable.of(t, e, one, np.zeros(len(t), dtype=np.int64))
    at_risk_other, at_risk_one = table.at_risk
    died_one, died = table.died[1], table.died.sum(axis=0)

    def test(log_ratio: float) -> float:
        mean, variances = drawn(at_risk_one, at_risk_other, died, float(np.exp(log_ratio)))
        variance, excess = float(variances.sum()), float((died_one - mean).sum())
        return excess / np.sqrt(variance) if variance > 0 else 0.0

    def limit(side: int) -> float | None:
        nearer = float(np.log(ratio))
        # of very many patients with few times, Efron's estimate itself may be rejected
        if side * test(nearer) <= -z:
            return ratio
        while abs(farther := nearer + side * _STEP) < _FARTHEST:
            if side * test(farther) <= -z:
                found = brentq(lambda x: side * test(x) + z, *sorted((nearer, farther)))
                return float(np.exp(found))
            nearer = farther
        return None

    return limit(-1), limit(1)


def rmst_difference(
    time: ArrayLike, event: ArrayLike, first: ArrayLike, tau: float | None
) -> Estimate:
    """Difference in restricted mean survival time, first minus second (Royston & Parmar 2013).

    Parameters
    ----------
    time, event, first
        Shape (n,); `first` says who is of the first group.
    tau
        Horizon, at most the smaller group's longest follow-up; None is unsupported.
    """
    t, e = samples(time, event)
    one = same_length("first", first, len(t)).astype(bool)
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum()), "at": tau}
    if tau is None:
        return unsupported("rmst_difference", Code.EMPTY_GROUP.say(), **fields)
    means = [kaplan_meier(t[chosen], e[chosen]).rmst(tau) for chosen in (one, ~one)]
    fields["method"] = means[0].method
    for mean in means:
        if mean.estimate is None:
            return unsupported("rmst_difference", mean.note or "", **fields)
    a, b = means
    difference = (a.estimate or 0.0) - (b.estimate or 0.0)
    error = float(np.hypot(a.std_error or 0.0, b.std_error or 0.0))
    if error == 0:
        return Estimate("rmst_difference", difference, note=Code.NO_EVENTS_BY_THEN.say(), **fields)
    return Estimate(
        "rmst_difference",
        difference,
        difference - Z * error,
        difference + Z * error,
        error,
        p_value=float(2 * norm.sf(abs(difference) / error)),
        **fields,
    )


def reverse_kaplan_meier_median(time: ArrayLike, event: ArrayLike) -> Estimate:
    """Median follow-up: Kaplan-Meier with censoring as the event (Schemper & Smith 1996).

    Who has the event at a time leaves before those who are censored at it, as in every weighting by
    the inverse probability of censoring: an event at a time ends no follow-up of the others.
    """
    t, e = samples(time, event)
    moments, place = np.unique(t, return_inverse=True)
    # even ranks hold the events of a time, odd ones the censorings just after
    fit = kaplan_meier(2 * place + ~e, ~e)
    median = replace(fit, times=moments[fit.times.astype(int) // 2]).median()
    note = median.note
    if len(t) and median.estimate is None:
        note = Code.NOBODY_CENSORED.say() if e.all() else Code.FEW_CENSORED.say()
    return median.but(
        statistic="follow_up_median",
        events=int(e.sum()),
        method="Reverse Kaplan-Meier, log-log interval",
        note=note,
    )


def common_tau(time: ArrayLike, event: ArrayLike, group: ArrayLike) -> float | None:
    """Return the longest time to which every group was followed; None where one has nobody."""
    t, _ = samples(time, event)
    g = same_length("group", group, len(t))
    longest = [float(t[g == label].max()) for label in np.unique(g)]
    return min(longest) if len(longest) > 1 else None


def _crossing(times: NDArray, curve: NDArray, level: float) -> float | None:
    """Return when a falling curve reaches a level, as R: the middle of a flat stretch on it."""
    known = ~np.isnan(curve)
    below = np.flatnonzero(known & (curve < level + _TOLERANCE))
    if not len(below):
        return None
    first = below[0]
    if abs(curve[first] - level) < _TOLERANCE:
        later = below[curve[below] < curve[first] - _TOLERANCE]
        end = later[0] if len(later) else -1
        return float(times[first] + times[end]) / 2
    return float(times[first])
