"""Cox models of many designs of the same patients at once: one a marker of a panel.

Belongs here: sums over the patients at risk for designs of any covariates, with strata and missing
values. Does not belong here: the arithmetic of the likelihood (`efron`), groups of patients
(`risk_sets`), one model with its intervals (`regression`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il6_platform.statistics._check import samples
from il6_platform.statistics.arrays import Bools, Floats
from il6_platform.statistics.efron import Derivatives, TiedDeaths, maximise

__all__ = ["cox_by_column"]

_BLOCK = 1 << 22
"""Numbers that the products of one block of designs hold."""

_LEAST = 1e-8
"""Proportion of a covariate's square below which its information is rounding."""

_STEPS, _TOO_FAR = 30, 20.0


@dataclass(frozen=True)
class ColumnFits:
    """Cox models of many markers.

    Attributes
    ----------
    coefficients, covariance
        Shapes (m, p) and (m, p, p); NaN where no finite maximum was found.
    log_likelihood
        Shape (m,).
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: Floats


def cox_by_column(
    x: ArrayLike, time: ArrayLike, event: ArrayLike, strata: ArrayLike | None = None
) -> ColumnFits:
    """Fit a Cox model (Efron's ties) to each of many designs of the same patients at once.

    Parameters
    ----------
    x
        Shape (m, n, p): design of each model; a patient with a missing value leaves that model.
    time, event
        Shape (n,).
    strata
        Shape (n,), optional: each stratum has its own baseline hazard.

    Returns
    -------
    The fits of m models.

    Raises
    ------
    ValueError
        As `samples`, or where the shapes do not fit.

    Examples
    --------
    >>> fits = cox_by_column([[[1.0], [2.0], [1.5], [0.5]]], [4, 1, 2, 3], [1, 1, 1, 0])
    >>> fits.coefficients.shape
    (1, 1)
    """
    t, e = samples(time, event)
    design = np.asarray(x, dtype=float)
    if design.ndim != 3 or design.shape[1] != len(t):
        raise ValueError("x must have one design a model and one row a patient.")
    m, n, p = design.shape
    labels = np.zeros(n) if strata is None else np.unique(strata, return_inverse=True)[1]
    if len(labels) != n:
        raise ValueError("strata must have one label a patient.")
    fits = ColumnFits(np.full((m, p), np.nan), np.full((m, p, p), np.nan), np.full(m, np.nan))
    order = np.lexsort((~e, t, labels))
    step = max(1, _BLOCK // max(n * p * p, 1))
    for start in range(0, m, step):
        block = design[start : start + step, order]
        inside = np.isfinite(block).all(axis=2)
        # a design none of whose patients has an event has no likelihood
        kept = np.flatnonzero((inside & e[order]).any(axis=1))
        if not len(kept):
            continue
        found = _Designs(block[kept], inside[kept], t[order], e[order], labels[order]).fit()
        for whole, part in zip(
            (fits.coefficients, fits.covariance, fits.log_likelihood), found, strict=True
        ):
            whole[start + kept] = part
    return fits


class _Designs:
    """Designs, shape (m, n, p), of patients who are sorted by stratum, time and event first."""

    def __init__(
        self, x: Floats, inside: Bools, time: Floats, event: Bools, stratum: NDArray[Any]
    ) -> None:
        weight = inside.astype(float)
        x = np.where(inside[..., None], x, 0.0)
        for label in np.unique(stratum):
            part = slice(
                np.searchsorted(stratum, label), np.searchsorted(stratum, label, side="right")
            )
            size = np.maximum(weight[:, part].sum(axis=1), 1)[:, None]
            x[:, part] -= (x[:, part].sum(axis=1) / size)[:, None]
        x *= weight[..., None]
        self.x, self.inside = x, weight
        self.deaths = np.flatnonzero(event)
        moment = np.cumsum((np.diff(time, prepend=-1) != 0) | (np.diff(stratum, prepend=-1) != 0))
        self.first = np.flatnonzero(np.diff(moment[self.deaths], prepend=-1))
        self.start = self.deaths[self.first]
        self.end = np.searchsorted(stratum, stratum[self.start], side="right")
        died = np.add.reduceat(inside[:, self.deaths].astype(np.int64), self.first, axis=1)
        self.ties = TiedDeaths(died)
        self.of_deaths = x[:, self.deaths].sum(axis=1)
        self.squares = np.maximum((x**2).mean(axis=1), 1e-300)

    def _exposed(self, values: Floats) -> Floats:
        """Sum values, shape (m, n), over who is at risk at each death."""
        later = np.zeros((len(values), values.shape[1] + 1))
        later[:, :-1] = np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
        died = np.add.reduceat(values[:, self.deaths], self.first, axis=1)
        return self.ties.exposed(later[:, self.start] - later[:, self.end], died)

    def derivatives(self, beta: Floats) -> Derivatives:
        """Return what Newton's method asks of each design at its coefficients (m, p)."""
        linear, p = np.einsum("mnp,mp->mn", self.x, beta), beta.shape[1]
        risk = np.exp(np.clip(linear, -_TOO_FAR, _TOO_FAR)) * self.inside
        total = np.maximum(self._exposed(risk), 1e-300)
        weighted = [risk * self.x[..., j] for j in range(p)]
        means = [self._exposed(one) / total for one in weighted]

        def second(j: int, k: int) -> Floats:
            return self._exposed(weighted[j] * self.x[..., k]) / total

        def log_likelihood() -> Floats:
            of_deaths = np.einsum("mp,mp->m", self.of_deaths, beta)
            return np.asarray(of_deaths - self.ties.summed(np.log(total)))

        score = self.of_deaths - self.ties.expected(means)
        return Derivatives(score, self.ties.information(means, second), log_likelihood)

    def usable(self, information: Floats) -> Bools:
        """Whether an information can be inverted: what is left of squares by rounding is none."""
        p = information.shape[1]
        has_rank = np.linalg.matrix_rank(np.nan_to_num(information), hermitian=True) == p
        spread = np.diagonal(information, axis1=1, axis2=2)
        return np.asarray(has_rank & (spread > _LEAST * self.squares).all(axis=1))

    def fit(self) -> tuple[Floats, Floats, Floats]:
        """Coefficients, covariance and log-likelihood; NaN where there is no finite maximum."""

        def reach(step: Floats) -> Floats:
            moved = np.abs(np.einsum("mnp,mp->mn", self.x, step))
            return np.asarray(moved.max(axis=1, keepdims=True))

        shape = self.x.shape[0], self.x.shape[2]
        # a search that runs off has no coefficients
        with np.errstate(over="ignore", invalid="ignore"):
            *found, is_found = maximise(self.derivatives, reach, shape, self.usable, steps=_STEPS)
        for part in found:
            part[~is_found] = np.nan
        beta, covariance, log_likelihood = found
        return beta, covariance, log_likelihood
