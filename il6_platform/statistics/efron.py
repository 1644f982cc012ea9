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


class TiedDeaths:
    """A row for each death of each model, the models one after another.

    Parameters
    ----------
    died
        Integers, shape (models, moments): how many died.

    Attributes
    ----------
    moment
        Shape (rows,): place of the death's moment, counted through all models.
    gone
        Shape (rows,): k / d of death k of d.
    per_model
        Shape (models,): rows of each model.

    Examples
    --------
    >>> TiedDeaths(np.array([[1, 2]])).gone
    array([0. , 0. , 0.5])
    """

    def __init__(self, died: Ints) -> None:
        ties = died.ravel()
        self.moment = np.repeat(np.arange(len(ties)), ties)
        before = np.cumsum(ties) - ties
        self.gone = (np.arange(len(self.moment)) - before[self.moment]) / ties[self.moment]
        self.per_model = died.sum(axis=1)
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
