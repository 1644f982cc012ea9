"""Tests and models that hold in small samples: permutation, mid-P, penalised likelihood.

Belongs here: what replaces or stands beside a large-sample method where patients are few or a
model is separated. Does not belong here: Fisher's exact test (`proportions`), permutation of a
maximally selected statistic (`maximal_selection`) or of an interaction (`heterogeneity`).
"""

from __future__ import annotations

import contextlib
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

from il6_platform.statistics._check import are_all_at_once, same_length, samples
from il6_platform.statistics.arrays import Floats, Ints
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.permutations import permuted
from il6_platform.statistics.proportions import fisher_exact
from il6_platform.statistics.risk_sets import log_rank_scores

__all__ = ["firth_cox", "fisher_mid_p", "permutation_logrank"]

MOST_ENUMERATED = 60
"""Patients up to which splits are enumerated: beyond, the halves take too much memory."""

LARGEST_ERROR = 5.0
"""Standard error of a log hazard ratio over a covariate's range beyond which nothing is known: its
interval spans a factor of 10^8."""

UNKNOWN = Code.NO_INFORMATION.say()

FARTHEST = math.log(1e8)
"""Distance of a limit from its log hazard ratio, over a covariate's range, beyond which it is open:
there the information is lost in rounding, and where the profile falls so far cannot be told."""

_CELLS = 1 << 20
_ROUNDING = 1e-9
_STEP = 1e-5
_FAR_BELOW = 1e6
_SIMPLEX = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000}


def permutation_logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    strata: ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
    exact_limit: int = 10**9,
) -> Estimate:
    """Log-rank test by permutation of the groups, within strata where given.

    The groups' observed minus expected events are sums of log-rank scores (event minus the pooled
    Nelson-Aalen hazard at the patient's time; tied times share a score), which stay with the
    patients as groups are permuted. Their quadratic form takes the permutation variance, as in R's
    coin and not the hypergeometric one of `logrank`. Two-sided: P is the share of splits whose form
    is at least the one seen. Exact where censoring does not depend on group, approximate otherwise.

    Parameters
    ----------
    time, event, group
        Shape (n,): two or more groups by any label.
    strata
        Shape (n,), optional: scores are formed, and groups permuted, within strata.
    rng
        Generator of the Monte Carlo permutations.
    replicates
        Permutations B where splits are not enumerated: P is (b + 1) / (B + 1). With 0 there is no
        P there.
    exact_limit
        Two groups of at most 60 patients are enumerated where there are no more splits than this;
        two halves of the patients are combined, so the work is about the root of it.

    Returns
    -------
    `logrank_permutation`: the form (chi-square for two groups: (O - E)^2 / V) and P.

    Raises
    ------
    ValueError
        As `samples`, on unequal lengths, or on less than no replicates.
    """
    t, e = samples(time, event)
    g = np.unique(same_length("group", group, len(t)), return_inverse=True)[1].ravel()
    s = np.zeros(len(t)) if strata is None else same_length("strata", strata, len(t))
    s = np.unique(s, return_inverse=True)[1].ravel()
    if replicates < 0:
        raise ValueError(f"replicates must be 0 or more, not {replicates}.")
    words = "Log-rank test, permutation variance" + ("" if strata is None else ", stratified")
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum()), "method": words}
    if not len(g) or not g.any():
        return unsupported("logrank_permutation", Code.ONE_GROUP.say(), **fields)
    if not e.any():
        return unsupported("logrank_permutation", Code.NO_EVENTS.say(), **fields)
    order = np.lexsort((g, s))
    t, e, g, s = t[order], e[order], g[order], s[order]
    scores = np.concatenate(
        [log_rank_scores(t[s == k], e[s == k], of_ties="all") for k in range(s[-1] + 1)]
    )
    counts = np.array([np.bincount(g[s == k], minlength=g.max() + 1) for k in range(s[-1] + 1)])
    spread = np.array([np.sum(scores[s == k] ** 2) for k in range(s[-1] + 1)])
    covariance = _permutation_covariance(counts, spread)
    if np.linalg.matrix_rank(covariance) < g.max():
        return unsupported("logrank_permutation", Code.GROUPS_TIMES_DO_NOT_VARY.say(), **fields)
    inverse = np.asarray(np.linalg.inv(covariance), dtype=float)
    seen = np.bincount(g, weights=scores)[1:]
    statistic = float(seen @ inverse @ seen)

    sizes = counts.sum(axis=1)
    # of a large cohort the number itself takes longer than the permutations
    is_few = g.max() == 1 and len(t) <= MOST_ENUMERATED
    splits = _splits(sizes, counts[:, 1]) if is_few or not replicates else 0
    if is_few and splits <= exact_limit:
        reached = _splits_reaching(scores, s, counts[:, 1], abs(float(seen[0])))
        p, fields["method"] = reached / splits, f"{words}, exact: all {splits} splits"
    elif not replicates:
        # of a large cohort they are more than a floating-point number can hold
        many = f"About 1e{math.log10(splits):.0f}" if splits > 1e15 else f"{splits}"
        note = Code.TOO_MANY_SPLITS.say(many=many)
        return unsupported("logrank_permutation", note, **fields)
    else:
        reached = _permutations_reaching(scores, s, counts, inverse, statistic, rng, replicates)
        p = (reached + 1) / (replicates + 1)
        fields["method"] = f"{words}, Monte Carlo: {replicates} permutations"
    return Estimate("logrank_permutation", statistic, p_value=p, **fields)


def _splits(sizes: Ints, firsts: Ints) -> int:
    """Return in how many ways the strata's patients can be split into two groups of their sizes."""
    return math.prod(math.comb(int(n), int(k)) for n, k in zip(sizes, firsts, strict=True))


def fisher_mid_p(table: ArrayLike) -> Estimate:
    """Return Fisher's test of a 2x2 table with Lancaster's mid-P (JASA 1961).

    Two-sided: tables less likely than the one seen, and half of those as likely. Less conservative
    than Fisher's P, but its type I error can exceed the level a little. The estimate is ad/bc.

    Parameters
    ----------
    table
        Shape (2, 2), counts: rows are groups, columns outcomes, as `proportions.fisher_exact`.

    Returns
    -------
    `fisher_mid_p`.

    Raises
    ------
    ValueError
        On another shape or negative counts.
    """
    exact = fisher_exact(table)
    words = "Fisher's test, mid-P; the estimate is the sample odds ratio"
    result = exact.but(statistic="fisher_mid_p", method=words)
    if exact.p_value is None:
        return result
    from scipy.special import gammaln
    from scipy.stats import hypergeom

    t = np.asarray(table, dtype=float)
    n, row, column = int(t.sum()), int(t[0].sum()), int(t[:, 0].sum())
    possible = np.arange(max(0, row + column - n), min(row, column) + 1)
    # of a large table only those about as likely are looked at exactly, which takes long for each
    cells = (possible, row - possible, column - possible, n - row - column + possible)
    logarithm = -sum(gammaln(cell + 1.0) for cell in cells)
    seen = possible == int(t[0, 0])
    near = possible[np.abs(logarithm - logarithm[seen]) < 1e-3]
    chance = hypergeom.pmf(near, n, row, column)
    own = chance[near == int(t[0, 0])][0]
    as_likely = float(chance[np.abs(chance - own) <= 1e-7 * own].sum())
    return result.but(p_value=exact.p_value - as_likely / 2)


def firth_cox(design: pd.DataFrame, time: ArrayLike, event: ArrayLike) -> list[Estimate]:
    """Fit a Cox model by Firth's penalised likelihood (Heinze & Schemper, Biometrics 2001).

    The penalty (Jeffreys' prior) keeps estimates finite where events are separated and takes off
    the first-order bias of few events. By firthmodels, with Breslow's ties like R's coxphf, where
    `regression.cox` has Efron's: with many ties the two differ a little.

    Parameters
    ----------
    design
        Shape (n, p), numeric columns named after their terms; no missing values.
    time, event
        Shape (n,): time >= 0 in any unit, event 1 or 0.

    Returns
    -------
    `hazard_ratio_firth` by term: profile penalised-likelihood interval and penalised
    likelihood-ratio P; std_error is of the log, from the inverse information. With a note in place
    of numbers where there are no events, columns do not vary or depend on each other among those
    at risk, or the standard error over a column's range exceeds `LARGEST_ERROR`.

    Raises
    ------
    ValueError
        On unequal lengths or missing values.
    """
    t, e = samples(time, event)
    x = same_length("design", design, len(t)).astype(float)
    if not np.all(np.isfinite(x)):
        raise ValueError("design has missing values; leave incomplete patients out first.")
    terms = [str(column) for column in design.columns]
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum())}
    fields["method"] = "Cox, Firth penalty, Breslow ties; profile interval, likelihood-ratio P"
    note = _no_information(x, t, e)
    if not note:
        # the penalised likelihood is equivariant to scale, the solver's stopping rule is not
        centre, scale = x.mean(axis=0), x.std(axis=0)
        fit = _firth_fit((x - centre) / scale, t, e)
        note = None if fit is not None else Code.NO_PENALISED_MAXIMUM.say()
    if note:
        return [unsupported("hazard_ratio_firth", note, term=k, **fields) for k in terms]
    assert fit is not None
    width = np.ptp(x, axis=0) / scale
    lower, upper = (_open_beyond(fit[0], limits, width) for limits in fit[3:])
    rows = zip(terms, scale, *fit[:3], lower, upper, strict=True)
    reach = width * fit[1]
    return [
        unsupported("hazard_ratio_firth", UNKNOWN, term=term, **fields)
        if spread > LARGEST_ERROR
        else Estimate(
            "hazard_ratio_firth",
            math.exp(coefficient / unit),
            _exp(low / unit),
            _exp(high / unit),
            error / unit,
            p_value=None if math.isnan(p) else p,
            term=term,
            note=Code.LIMIT_NOT_FOUND.say() if math.isnan(low + high + p) else None,
            **fields,
        )
        for spread, (term, unit, coefficient, error, p, low, high) in zip(reach, rows, strict=True)
    ]


def _open_beyond(coefficients: Floats, limits: Floats, width: Floats) -> Floats:
    """Limits, NaN where they lie beyond `FARTHEST` over the covariate's range."""
    return np.where(np.abs(limits - coefficients) * width < FARTHEST, limits, np.nan)


def _permutation_covariance(counts: Ints, spread: Floats) -> Floats:
    """Covariance of all groups' sums but the first's, over strata (strata, groups)."""
    n = counts.sum(axis=1)
    factor = spread / (np.maximum(n - 1, 1) * n)
    k = counts[:, 1:]
    return np.asarray(np.diag((factor * n) @ k) - (factor[:, None] * k).T @ k)


def _permutations_reaching(
    scores: Floats,
    strata: Ints,
    counts: Ints,
    inverse: Floats,
    statistic: float,
    rng: np.random.Generator,
    replicates: int,
) -> int:
    groups, reached = counts.shape[1], 0
    size = max(1, _CELLS // len(scores))
    for start in range(0, replicates, size):
        rows = min(size, replicates - start)
        sums = np.zeros((rows, groups))
        for k, count in enumerate(counts):
            drawn = permuted(scores[strata == k], rows, rng)
            there = np.flatnonzero(count)
            first = (np.cumsum(count) - count)[there]
            sums[:, there] += np.add.reduceat(drawn, first, axis=1)
        forms = np.einsum("bi,ij,bj->b", sums[:, 1:], inverse, sums[:, 1:])
        reached += int(np.sum(forms >= statistic * (1 - _ROUNDING)))
    return reached


def _splits_reaching(scores: Floats, strata: Ints, needed: Ints, seen: float) -> int:
    """Count splits whose sum lies at least as far from 0, by meeting in the middle.

    Patients are halved; the sums of all subsets of a half are kept by how many they take of each
    stratum, and each is paired with the sorted sums of the other half that complete it.
    """
    half = len(scores) // 2
    first = _subset_sums(scores[:half], strata[:half], strata[half:], needed)
    second = _subset_sums(scores[half:], strata[half:], strata[:half], needed)
    edge = seen - _ROUNDING * max(1.0, seen)
    reached = 0
    for taken, sums in first.items():
        others = second.get(tuple(int(n) - k for n, k in zip(needed, taken, strict=True)))
        if others is not None:
            others = np.sort(others)
            inside = np.searchsorted(others, edge - sums) - np.searchsorted(
                others, -edge - sums, side="right"
            )
            reached += len(sums) * len(others) - int(np.maximum(inside, 0).sum())
    return reached


def _subset_sums(
    scores: Floats, strata: Ints, elsewhere: Ints, needed: Ints
) -> dict[tuple[int, ...], Floats]:
    """Sums of all subsets that can be completed, by the number taken of each stratum."""
    left = np.bincount(np.append(strata, elsewhere), minlength=len(needed))
    sums = {(0,) * len(needed): np.zeros(1)}
    for score, stratum in zip(scores, strata, strict=True):
        left[stratum] -= 1
        grown: dict[tuple[int, ...], list[Floats]] = {}
        for taken, values in sums.items():
            for more in (0, 1):
                k = taken[stratum] + more
                if needed[stratum] - left[stratum] <= k <= needed[stratum]:
                    key = (*taken[:stratum], k, *taken[stratum + 1 :])
                    grown.setdefault(key, []).append(values + more * score)
        sums = {key: np.concatenate(parts) for key, parts in grown.items()}
    return sums


def _no_information(x: Floats, t: Floats, e: NDArray[np.bool_]) -> str | None:
    if not len(t):
        return Code.NO_PATIENTS.say()
    if not e.any():
        return Code.NO_EVENTS.say()
    if x.shape[1] == 0:
        return Code.NO_TERMS.say()
    if np.any(x.std(axis=0) == 0):
        return Code.COVARIATE_DOES_NOT_VARY.say()
    if are_all_at_once(t, e):
        return Code.EVENTS_ALL_AT_ONCE.say()
    inside = x[t >= t[e].min()]
    scaled = (inside - inside.mean(axis=0)) / x.std(axis=0)
    if np.linalg.matrix_rank(scaled, tol=1e-8) < x.shape[1]:
        return Code.COLLINEAR.say()
    return None


def _firth_fit(
    x: Floats, t: Floats, e: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats, Floats, Floats] | None:
    """Coefficients, errors, P, lower and upper limits; None where the solver fails."""
    from firthmodels import FirthCoxPH

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # a stricter rule asks for gains in likelihood that are lost in rounding
            model = FirthCoxPH(
                backend="numpy", max_iter=200, max_step=1.0, max_halfstep=20, gtol=1e-6, xtol=1e-7
            ).fit(x, (e, t))
        except np.linalg.LinAlgError:
            return None
        if not model.converged_:
            return None
        limits, p_values = np.full((x.shape[1], 2), np.nan), np.full(x.shape[1], np.nan)
        with contextlib.suppress(np.linalg.LinAlgError):
            limits = model.conf_int(method="pl", max_iter=200, tol=1e-7)
        with contextlib.suppress(np.linalg.LinAlgError):
            p_values = model.lrt().lrt_pvalues_.copy()
    # Newton steps towards a limit get lost in about a tenth of very small samples
    profile = _Profile(x, t, e, model.coef_)
    for j in range(x.shape[1]):
        for side in (0, 1):
            if np.isnan(limits[j, side]):
                limits[j, side] = profile.limit(j, 2 * side - 1, float(model.bse_[j]))
        if np.isnan(p_values[j]):
            p_values[j] = chi2.sf(max(0.0, 2 * profile.drop(j, 0.0)[0]), 1)
    return model.coef_, model.bse_, p_values, limits[:, 0], limits[:, 1]


class _Profile:
    """The penalised log-likelihood (Breslow), maximised over all coefficients but one."""

    def __init__(self, x: Floats, t: Floats, e: NDArray[np.bool_], best: Floats) -> None:
        order = np.argsort(-t, kind="stable")
        moments, self._died = np.unique(t[e], return_counts=True)
        self._x, self._e, self._best = x[order], e[order], best
        # patients by falling time: those at risk at a moment are the first so many
        self._last = len(t) - 1 - np.searchsorted(np.sort(t), moments)
        self._top = float(self._values(best[None])[0])

    def _values(self, betas: Floats) -> Floats:
        """Return the values at some coefficients, shape (points, p); -inf where there is none."""
        linear = betas @ self._x.T
        linear -= linear.max(axis=1, keepdims=True)
        weighted = np.exp(linear)
        total = weighted.cumsum(axis=1)[:, self._last]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (weighted[:, :, None] * self._x).cumsum(axis=1)[:, self._last]
            mean /= total[:, :, None]
            # each patient's share of the hazards of all moments at which it is at risk
            taken = np.zeros(weighted.shape)
            taken[:, self._last] = self._died / total
            share = weighted * taken[:, ::-1].cumsum(axis=1)[:, ::-1]
            square = (self._x.T * share[:, None, :]) @ self._x
            between = (mean * self._died[:, None]).swapaxes(1, 2) @ mean
            sign, log_determinant = np.linalg.slogdet(square - between)
            value = linear @ self._e - np.log(total) @ self._died + log_determinant / 2
        return np.where((total > 0).all(axis=1) & (sign > 0), value, -math.inf)

    def drop(self, j: int, value: float, *starts: Floats) -> tuple[float, Floats]:
        """By how much the maximum falls where coefficient j is held at a value, and where it is.

        It is looked for from the best coefficients, or from one of `starts` that is better: where
        the maximum is at a value near this one.
        """
        others = np.flatnonzero(np.arange(len(self._best)) != j)
        tried = np.array([self._best, *starts])
        tried[:, j] = value
        beta = tried[self._values(tried).argmax()]
        # the point itself, and a step to either side of it in each of the others
        steps = np.zeros((2 * len(others) + 1, len(beta)))
        steps[1 + np.arange(len(others)), others] = _STEP
        steps[1 + len(others) + np.arange(len(others)), others] = -_STEP

        def fall(free: Floats) -> tuple[float, Floats]:
            beta[others] = free
            falls = np.minimum(self._top - self._values(beta + steps), _FAR_BELOW)
            above, below = np.split(falls[1:], 2)
            return float(falls[0]), (above - below) / (2 * _STEP)

        if not len(others):
            return fall(beta[others])[0], beta
        found = minimize(fall, beta[others], jac=True, method="BFGS", options={"gtol": 1e-7})
        if found.fun >= _FAR_BELOW or np.abs(found.jac).max() > 1e-5:
            # without information to go by, or where it is lost in rounding
            found = minimize(
                lambda free: fall(free)[0], found.x, method="Nelder-Mead", options=_SIMPLEX
            )
        beta[others] = found.x
        return float(found.fun), beta

    def limit(self, j: int, side: int, error: float) -> float:
        """The 95% limit below (side -1) or above (1) coefficient j; NaN where there is none."""

        near = self._best

        def gap(distance: float) -> float:
            nonlocal near
            fall, near = self.drop(j, self._best[j] + side * distance, near)
            return 2 * fall - Z**2

        far = 2 * error
        while gap(far) < 0:
            far *= 2
            if far > 100:
                return math.nan
        return float(self._best[j] + side * brentq(gap, 0.0, far, xtol=1e-8))


def _exp(value: float) -> float | None:
    return math.exp(value) if math.isfinite(value) and value < 700 else None
