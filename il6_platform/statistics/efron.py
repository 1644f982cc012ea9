"""The one engine of Cox models beside lifelines: Efron's partial likelihood, and its maximum.

Belongs here: what each of several deaths at one moment counts for, the derivatives made of sums
over the patients at risk, and Newton's method, for many models at once. Does not belong here:
forming these sums, of groups of patients (`risk_sets`), of many designs (`many_designs`), of one
model with weights and residuals (`partial_likelihood`).

Efron (JASA 1977): of d deaths at one moment, death k (0, 1, ...) counts with those at risk less
k / d of the d who die. As R's coxph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from il6_platform.statistics.arrays import Bools, Floats, Ints

TOLERANCE = 1e-9
"""Change of a log hazard ratio at which Newton's method stops."""

NODES = 4
"""Rows that stand for more deaths at one moment, where no more than `SPARSE` of a group die."""

SPARSE = 0.05
"""Proportion of those at risk up to which these rows give the sums over all deaths to rounding."""


class TiedDeaths:
    """A row for each death of each model, the models one after another.

    What is summed over the deaths k = 0, ..., d - 1 of one moment is a smooth function of k / d
    where few of those at risk die. Gauss's quadrature for such a sum (the nodes are zeros of the
    discrete Chebyshev polynomial; Gautschi, Orthogonal Polynomials, 2004) then needs four rows
    instead of d: its error is that of a function whose pole lies at the inverse of the proportion
    that dies, below 78^-8 of the sum for one in twenty.

    Parameters
    ----------
    died
        Integers, shape (models, moments): how many died.
    proportion
        Of the same shape: the largest proportion of those at risk, of any group that is weighed by
        itself, that dies at the moment. Without it every death has a row of its own.

    Attributes
    ----------
    moment
        Shape (rows,): place of the death's moment, counted through all models.
    gone
        Shape (rows,): k / d of death k of d.
    stands_for
        Shape (rows,): deaths that a row stands for; None where it is one each.
    per_model
        Shape (models,): rows of each model.

    Examples
    --------
    >>> TiedDeaths(np.array([[1, 2]])).gone
    array([0. , 0. , 0.5])
    """

    def __init__(self, died: Ints, proportion: Floats | None = None) -> None:
        ties = died.ravel()
        many = np.zeros(len(ties), dtype=bool)
        if proportion is not None:
            many = (ties > NODES) & (proportion.ravel() <= SPARSE)
        rows = np.where(many, NODES, ties)
        self.moment = np.repeat(np.arange(len(ties)), rows)
        before = np.cumsum(rows) - rows
        self.gone = (np.arange(len(self.moment)) - before[self.moment]) / ties[self.moment]
        self.stands_for: Floats | None = None
        if many.any():
            sizes, which = np.unique(ties[many], return_inverse=True)
            nodes, weights = quadrature(sizes)
            by_node = many[self.moment]
            self.stands_for = np.ones(len(self.moment))
            self.gone[by_node], self.stands_for[by_node] = (
                of[which].ravel() for of in (nodes / sizes[:, None], weights)
            )
        self.per_model = rows.reshape(died.shape).sum(axis=1)
        self._starts = np.cumsum(self.per_model) - self.per_model

    def exposed(self, at_risk: Floats, died: Floats) -> Floats:
        """Return sums over who is at risk at each death, shape (rows, ...).

        `at_risk` and `died` have shape (models, moments, ...): sums over who is at risk, and over
        who dies, at each moment.
        """
        rest = at_risk.shape[2:]
        risk, dead = (np.take(x.reshape(-1, *rest), self.moment, axis=0) for x in (at_risk, died))
        return np.asarray(risk - self.gone.reshape(-1, *(1 for _ in rest)) * dead)

    def summed(self, rows: Floats) -> Floats:
        """Sum rows, shape (rows, ...), over each model's deaths; a model needs at least one."""
        if self.stands_for is not None:
            rows = rows * self.stands_for.reshape(-1, *(1 for _ in rows.shape[1:]))
        return np.asarray(np.add.reduceat(rows, self._starts, axis=0)) if len(rows) else rows

    def spread(self, of_models: Floats) -> Floats:
        """Give each row what its model has, shape (models,)."""
        return np.repeat(of_models, self.per_model)

    def expected(self, means: Sequence[Floats]) -> Floats:
        """Sum the mean of each covariate over the deaths, shape (models, p)."""
        return np.stack([self.summed(mean) for mean in means], axis=1)

    def information(
        self,
        means: Sequence[Floats] | Floats,
        second: Callable[[int, int], Floats | None],
        weights: Floats | None = None,
    ) -> Floats:
        """Sum the covariance of the covariates over the deaths, shape (models, p, p).

        Parameters
        ----------
        means
            Mean of each of p covariates among those at risk at each death, shape (rows,).
        second
            Mean of the product of two covariates, j >= k; None where it is 0.
        weights
            Shape (rows,): of each death; 1 by default.
        """
        p = len(means)
        found = np.empty((len(self.per_model), p, p))
        for j in range(p):
            for k in range(j + 1):
                product, rows = second(j, k), means[j] * means[k]
                if product is not None:
                    np.subtract(rows, product, out=rows)
                if weights is not None:
                    rows *= weights
                found[:, j, k] = found[:, k, j] = -self.summed(rows)
        return found


def quadrature(sizes: Ints) -> tuple[Floats, Floats]:
    """Return where to take a function, and how often, for its sum over k = 0, ..., d - 1.

    Exact for polynomials of a degree below 2 * `NODES` (Golub & Welsch, Math Comp 1969).

    Parameters
    ----------
    sizes
        Shape (m,): each d, more than `NODES`.

    Returns
    -------
    Nodes and weights, shape (m, NODES): the weights of each d sum to d.

    Examples
    --------
    >>> nodes, weights = quadrature(np.array([10]))
    >>> float((weights * nodes**3).sum().round(6)), sum(k**3 for k in range(10))
    (2025.0, 2025)
    """
    d, n = sizes.astype(float)[:, None], np.arange(1, NODES)
    beside = np.sqrt(n**2 * (d**2 - n**2) / (4 * (4 * n**2 - 1)))
    matrix = np.zeros((len(sizes), NODES, NODES))
    matrix[:, n - 1, n] = matrix[:, n, n - 1] = beside
    offsets, vectors = np.linalg.eigh(matrix)
    return offsets + (d - 1) / 2, d * vectors[:, 0] ** 2


@dataclass(frozen=True, slots=True)
class Derivatives:
    """The likelihood of m models at some coefficients.

    Attributes
    ----------
    score, information
        Shapes (m, p) and (m, p, p).
    log_likelihood
        Gives the log-likelihood, shape (m,): it is asked for at the maximum only.
    """

    score: Floats
    information: Floats
    log_likelihood: Callable[[], Floats]


def maximise(
    derivatives: Callable[[Floats], Derivatives],
    reach: Callable[[Floats], Floats],
    shape: tuple[int, int],
    usable: Callable[[Floats], Bools] | None = None,
    *,
    steps: int = 100,
) -> tuple[Floats, Floats, Floats, Bools]:
    """Find the coefficients of many models by Newton's method.

    The third derivatives are bounded by the second, so steps that move no patient's log hazard by
    more than 1 converge to a finite maximum where there is one.

    Parameters
    ----------
    derivatives
        Coefficients, shape (m, p) -> what Newton's method asks of the likelihood there.
    reach
        Steps, shape (m, p) -> by how much each moves a patient's log hazard at most, shape (m, 1).
    shape
        Models m and coefficients p.
    usable
        Which informations, shape (m, p, p), can be inverted; all by default. A model whose search
        comes to one that cannot is given up.
    steps
        After how many steps a search is given up.

    Returns
    -------
    Coefficients, covariance, log-likelihood, and whether each model came to its maximum.
    """
    beta, everything = np.zeros(shape), np.ones(shape[0], dtype=bool)
    for _ in range(steps):
        there = derivatives(beta)
        score, information = there.score, there.information
        well = everything if usable is None else usable(information)
        if not well.all():
            information = np.where(well[:, None, None], information, np.eye(shape[1]))
            score = np.where(well[:, None], score, 0.0)
        step = np.asarray(np.linalg.solve(information, score[..., None])[..., 0], dtype=np.float64)
        small = np.abs(step).max(axis=1) < TOLERANCE
        if small.all():
            break
        beta = beta + step / np.maximum(reach(step), 1)
    return beta, np.asarray(np.linalg.inv(information)), there.log_likelihood(), well & small
