"""The study's estimate pooled with those of other studies.

Belongs here: random effects by restricted maximum likelihood, their interval and the prediction
interval for a new study. Does not belong here: which studies are alike enough to be pooled; that
is the study's to say.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.stats import chi2, norm
from scipy.stats import t as student

from il6_platform.statistics.arrays import Floats
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import CONFIDENCE, Estimate, Z, unsupported

__all__ = ["grid_random_effects", "random_effects"]

METHOD = "Random effects by REML, interval of Hartung and Knapp"
NAMES = ("pooled", "prediction", "tau_squared", "i_squared", "cochran_q", "pooled_common")


def random_effects(effects: ArrayLike, std_errors: ArrayLike) -> list[Estimate]:
    """Pool effects of independent studies by random effects.

    The variance between studies maximises the restricted likelihood (Viechtbauer, J Educ Behav Stat
    2005); the pooled effect has the interval of Hartung & Knapp (Stat Med 2001) with k - 1 degrees
    of freedom; the prediction interval for the effect in a new study is that of IntHout, Ioannidis
    & Rovers (BMJ Open 2016). All as `rma(method = "REML", test = "knha")` of R's metafor.

    Parameters
    ----------
    effects, std_errors
        Shape (k,): effects on a scale on which they are normal (log hazard ratios), and their
        standard errors > 0.

    Returns
    -------
    `pooled` (P of no effect on average), `prediction` (the same estimate with the prediction
    interval), `tau_squared`, `i_squared` (a proportion), `cochran_q` (test of homogeneity), and
    `pooled_common`, the common-effect estimate. With fewer than 2 studies nothing is pooled; with
    2 the prediction interval has one degree of freedom and says little. Where the studies agree
    better than by chance, Hartung and Knapp's interval is shorter than the common-effect one: the
    note says so.

    Raises
    ------
    ValueError
        On different lengths, missing values or a standard error that is not above 0.

    Examples
    --------
    >>> pooled, prediction, *_ = random_effects([0.5, 0.9, 0.1], [0.1, 0.2, 0.15])
    >>> round(pooled.estimate, 3), round(prediction.ci_high, 3)
    (0.485, 2.269)
    """
    y, s = np.asarray(effects, dtype=float), np.asarray(std_errors, dtype=float)
    if y.shape != s.shape or y.ndim != 1:
        raise ValueError("effects and std_errors must have one value each a study.")
    if not (np.all(np.isfinite(y)) and np.all(np.isfinite(s)) and np.all(s > 0)):
        raise ValueError("effects must be known and their standard errors above 0.")
    k = len(y)
    fields: dict[str, Any] = {"n": k, "method": METHOD}
    if k < 2:
        return [unsupported(name, Code.FEWER_THAN_TWO_STUDIES.say(), **fields) for name in NAMES]
    variance = s**2
    tau2 = _restricted_maximum(y, variance)
    fixed = 1 / variance
    common = float(fixed @ y / fixed.sum())
    common_error = float(1 / np.sqrt(fixed.sum()))
    q = float(fixed @ (y - common) ** 2)
    typical = (k - 1) * fixed.sum() / (fixed.sum() ** 2 - (fixed**2).sum())
    return [
        *_pooled(y, variance, tau2, common_error, fields),
        Estimate("tau_squared", tau2, **fields),
        Estimate("i_squared", tau2 / (tau2 + typical), **fields),
        Estimate("cochran_q", q, df=k - 1, p_value=float(chi2.sf(q, k - 1)), **fields),
        Estimate(
            "pooled_common",
            common,
            common - Z * common_error,
            common + Z * common_error,
            common_error,
            n=k,
            method="Common effect, inverse variance",
        ),
    ]


def _pooled(
    y: Floats, variance: Floats, tau2: float, common_error: float, fields: dict[str, Any]
) -> list[Estimate]:
    """Return the mean effect with Hartung and Knapp's interval and with that of a new study."""
    k, weights = len(y), 1 / (variance + tau2)
    mean = float(weights @ y / weights.sum())
    factor = float(weights @ (y - mean) ** 2 / (k - 1))
    error = float(np.sqrt(factor / weights.sum()))
    quantile = float(student.ppf(0.5 + CONFIDENCE / 2, k - 1))
    spread = float(np.sqrt(error**2 + tau2))
    note = Code.TWO_STUDIES.say() if k == 2 else None
    if quantile * error < Z * common_error:
        note = Code.STUDIES_AGREE.say()
    return [
        Estimate(
            "pooled",
            mean,
            mean - quantile * error,
            mean + quantile * error,
            error,
            df=k - 1,
            p_value=float(2 * student.sf(abs(mean) / error, k - 1)) if error > 0 else None,
            note=note if error > 0 else Code.STUDIES_THE_SAME.say(),
            **fields,
        ),
        Estimate(
            "prediction",
            mean,
            mean - quantile * spread,
            mean + quantile * spread,
            spread,
            df=k - 1,
            note=Code.TWO_STUDIES.say() if k == 2 else None,
            **fields,
        ),
    ]


def grid_random_effects(effects: ArrayLike, log_likelihoods: ArrayLike) -> list[Estimate]:
    """Pool studies by their likelihoods on a grid, which need not be normal nor have a maximum.

    The effects of the studies are normal about their mean; each study's likelihood is averaged over
    that distribution, and mean and variance maximise the product (Schuemie et al., Stat Methods Med
    2022). The interval of the mean is the profile likelihood's.

    Parameters
    ----------
    effects
        Shape (g,): effects, evenly spaced, rising. What lies beyond them counts for nothing.
    log_likelihoods
        Shape (k, g): of each study, up to a constant of its own.

    Returns
    -------
    `pooled`, `tau_squared`, and `pooled_common`, for which the variance between studies is 0.

    Raises
    ------
    ValueError
        On shapes that do not fit.

    Examples
    --------
    >>> grid = np.linspace(-3, 3, 61)
    >>> pooled, _, common = grid_random_effects(grid, [-((grid - 1) ** 2), -(grid**2)])
    >>> round(common.estimate, 3)
    0.5
    """
    x, curves = np.asarray(effects, dtype=float), np.asarray(log_likelihoods, dtype=float)
    if x.ndim != 1 or curves.ndim != 2 or curves.shape[1] != len(x):
        raise ValueError("log_likelihoods must have one row a study and one column an effect.")
    method = "Random effects, the sites' likelihoods on a grid, profile likelihood interval"
    fields: dict[str, Any] = {"n": len(curves), "method": method}
    if len(curves) < 2:
        note = Code.FEWER_THAN_TWO_STUDIES.say()
        names = ("pooled", "tau_squared", "pooled_common")
        return [unsupported(name, note, **fields) for name in names]
    fine = np.linspace(x[0], x[-1], 20 * (len(x) - 1) + 1)
    dense = CubicSpline(x, curves, axis=1)(fine)
    dense -= dense.max(axis=1, keepdims=True)
    spreads = np.linspace(0, (x[-1] - x[0]) / 4, 151)
    surface = np.stack([_averaged(fine, dense, spread) for spread in spreads])
    best = int(surface.max(axis=1).argmax())
    # the spread between two of the grid's, by the parabola through three heights
    near = slice(max(best - 1, 0), best + 2)
    tau = _peak(spreads[near], surface[near].max(axis=1)) if best else 0.0
    common = _profiled(fine, surface[0])
    return [
        Estimate("pooled", *_profiled(fine, surface.max(axis=0)), **fields),
        Estimate("tau_squared", tau**2, **fields),
        Estimate("pooled_common", *common, n=len(curves), method="Sum of the sites' likelihoods"),
    ]


def _averaged(fine: Floats, dense: Floats, spread: float) -> Floats:
    """Log-likelihood of each mean at a standard deviation between studies."""
    step = fine[1] - fine[0]
    if spread < step:
        return np.asarray(dense.sum(axis=0))
    # on an even grid the weights of a mean are those of the mean before, one place on
    distances = step * np.arange(1 - len(fine), len(fine))
    weight = sliding_window_view(norm.pdf(distances, scale=spread) * step, len(fine))[::-1]
    return np.asarray(np.log(np.maximum(weight @ np.exp(dense).T, 1e-300)).sum(axis=1))


def _peak(x: Floats, heights: Floats) -> float:
    """Return where the parabola through three heights is highest; the middle one otherwise."""
    if len(x) < 3:
        return float(x[int(heights.argmax())])
    a, b, _ = np.polyfit(x, heights, 2)
    return float(-b / (2 * a)) if a < 0 else float(x[1])


def _profiled(fine: Floats, heights: Floats) -> tuple[float, float | None, float | None]:
    """Return the maximum and where the log-likelihood has fallen by half a chi-square quantile."""
    top = int(heights.argmax())
    best = _peak(fine[max(top - 1, 0) : top + 2], heights[max(top - 1, 0) : top + 2])
    fallen = heights.max() - heights - chi2.ppf(CONFIDENCE, 1) / 2
    left, right = fallen[: top + 1][::-1], fallen[top:]
    ends = []
    for gap, places in ((left, fine[: top + 1][::-1]), (right, fine[top:])):
        beyond = int(np.argmax(gap > 0))
        ends.append(
            float(np.interp(0, gap[beyond - 1 : beyond + 1], places[beyond - 1 : beyond + 1]))
            if gap[beyond] > 0
            else None
        )
    return best, ends[0], ends[1]


def _restricted_maximum(y: Floats, variance: Floats) -> float:
    """Variance between studies with the largest restricted likelihood, 0 at least."""

    def likelihood(tau2: float) -> float:
        w = 1 / (variance + tau2)
        mean = w @ y / w.sum()
        return float(np.log(w).sum() - np.log(w.sum()) - w @ (y - mean) ** 2)

    def slope(tau2: float) -> float:
        w = 1 / (variance + tau2)
        mean = w @ y / w.sum()
        return float(w**2 @ (y - mean) ** 2 - w.sum() + (w**2).sum() / w.sum())

    # beyond the spread of the effects the likelihood falls
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 4, 400) * max(np.ptp(y) ** 2, 1e-300)])
    best = int(np.argmax([likelihood(tau2) for tau2 in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    if slope(low) <= 0:
        return float(low)
    return float(brentq(slope, low, high, xtol=1e-14, rtol=1e-13)) if slope(high) < 0 else high
