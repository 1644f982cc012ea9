"""Missing covariates: how many, and a Cox model on multiply imputed data beside complete cases.

Belongs here: missing values of covariates, taken as missing at random given the other covariates
and the outcome. Does not belong here: missing times or events (a patient without a time has no
place in the analysis) or a missing marker (counted in the flow).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.estimate import CONFIDENCE, Estimate, unsupported
from il6_platform.statistics.regression import cox

__all__ = ["impute", "missing_counts", "multiple_imputation_cox", "rubin"]

DONORS = 5
"""Patients nearest in prediction among whom a numeric value is drawn."""

METHOD = "Cox model, multiple imputation by chained equations, Rubin's rules"


@dataclass(frozen=True, slots=True)
class ImputedCox:
    """A Cox model on imputed data, and what stands beside it.

    Attributes
    ----------
    pooled
        `hazard_ratio` of each term over the imputations.
    complete_case
        `hazard_ratio` of each term on the patients with nothing missing.
    missing
        `missing` of each variable.
    """

    pooled: list[Estimate]
    complete_case: list[Estimate]
    missing: list[Estimate]


def missing_counts(frame: pd.DataFrame) -> list[Estimate]:
    """Count the missing values of each column.

    Returns
    -------
    `missing` of each column (term), n the rows; the last, without a term, counts the rows with any.
    """
    n = len(frame)
    counts = [
        Estimate("missing", float(frame[column].isna().sum()), n=n, term=str(column))
        for column in frame.columns
    ]
    return [*counts, Estimate("missing", float(frame.isna().any(axis=1).sum()), n=n)]


def rubin(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    complete_df: float | None = None,
    statistic: str = "pooled",
) -> Estimate:
    """Pool one quantity over m imputed data sets by Rubin's rules (1987).

    Mean of the estimates; total variance T = W + (1 + 1/m) B of the mean variance within and the
    variance between; t interval and test with the degrees of freedom of Barnard & Rubin (Biometrika
    1999), which stay below `complete_df`, those of the analysis without missing values (None:
    infinite). The note holds the fraction of missing information.

    Parameters
    ----------
    estimates, variances
        Shape (m,), m >= 2, on a scale on which the estimate is about normal (log hazard ratio).

    Raises
    ------
    ValueError
        On fewer than two imputations, unequal lengths, or variances that are not positive.
    """
    q, u = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    m = len(q)
    if m < 2 or q.shape != u.shape:
        raise ValueError("Give the estimate and the variance of each of two or more imputations.")
    if not (np.all(np.isfinite(q)) and np.all(np.isfinite(u) & (u > 0))):
        raise ValueError("Estimates must be numbers and variances positive.")
    within, between = u.mean(), (1 + 1 / m) * q.var(ddof=1)
    total = within + between
    share = between / total
    by_imputation = math.inf if share == 0 else (m - 1) / share**2
    df = by_imputation
    if complete_df is not None:
        observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
        df = 1 / (1 / by_imputation + 1 / observed)
    increase = between / within
    fraction = (increase + 2 / (df + 3)) / (increase + 1)
    mean, se = float(q.mean()), math.sqrt(total)
    width = float(student.ppf(0.5 + CONFIDENCE / 2, df)) * se
    return Estimate(
        statistic,
        mean,
        mean - width,
        mean + width,
        se,
        df=None if math.isinf(df) else df,
        p_value=float(2 * student.sf(abs(mean) / se, df)),
        method="Rubin's rules, degrees of freedom of Barnard & Rubin 1999",
        note=Code.MISSING_INFORMATION.say(fraction=fraction, m=m),
    )


def impute(
    frame: pd.DataFrame,
    outcome: ArrayLike,
    *,
    imputations: int,
    iterations: int = 10,
    rng: np.random.Generator,
) -> list[pd.DataFrame]:
    """Draw the missing values of a frame several times by chained equations.

    Each variable in turn, from the one with the fewest missing, given all others and the outcome.
    Numeric: predictive mean matching among the five nearest of Bayesian linear regression (Little
    1988; van Buuren 2018, algorithm 3.3). Two values or categories: a draw from a logistic model
    fitted to a bootstrap sample, with a weak ridge penalty that keeps it finite on separation.

    Parameters
    ----------
    frame
        Numbers, booleans or categories, a row a patient; drawn values are observed values.
    outcome
        Shape (n, k) without missing values, in every model but never imputed.

    Returns
    -------
    `imputations` copies of the frame without missing values; dtypes are kept.

    Raises
    ------
    ValueError
        On a variable without any observed value.
    """
    missing = frame.isna()
    if empty := [str(column) for column in frame.columns[missing.all()]]:
        raise ValueError(f"{', '.join(empty)}: no observed value to impute from.")
    columns = [_Column(frame[column]) for column in frame.columns]
    holes = missing.to_numpy()
    order = [j for j in np.argsort(holes.sum(axis=0), kind="stable") if holes[:, j].any()]
    fixed = _standardised(np.asarray(outcome, dtype=float).reshape(len(frame), -1))
    completed = []
    for _ in range(imputations):
        values = [column.filled(rng) for column in columns]
        for _ in range(iterations):
            for j in order:
                others = [columns[i].block(values[i]) for i in range(len(columns)) if i != j]
                x = _standardised(np.column_stack([np.ones(len(frame)), fixed, *others]))
                draw = _matched if columns[j].levels is None else _classified
                values[j][holes[:, j]] = draw(
                    x[~holes[:, j]], values[j][~holes[:, j]], x[holes[:, j]], rng
                )
        completed.append(
            pd.DataFrame(
                {
                    name: column.restored(value)
                    for name, column, value in zip(frame.columns, columns, values, strict=True)
                },
                index=frame.index,
            )
        )
    return completed


def multiple_imputation_cox(
    frame: pd.DataFrame,
    time: ArrayLike,
    event: ArrayLike,
    *,
    auxiliary: pd.DataFrame | None = None,
    imputations: int = 20,
    iterations: int = 10,
    rng: np.random.Generator,
) -> ImputedCox:
    """Cox model of all columns of a frame with missing values, by multiple imputation.

    The imputation model holds the outcome as the event indicator and the Nelson-Aalen cumulative
    hazard at each patient's time (White & Royston, Stat Med 2009: an approximation that draws
    strong effects somewhat towards 1). Where nothing is missing, the pooled model is the
    complete-case model.

    Parameters
    ----------
    frame
        Covariates of the model: numbers, or categories of which the first is the reference
        (terms `name[level]`).
    time, event
        Shape (n,), as for `cox`.
    auxiliary
        Further variables that help to predict what is missing, not in the model.
    imputations
        At least the percentage of patients with a missing value (White, Royston & Wood 2011);
        fewer gives a note.

    Raises
    ------
    ValueError
        As `cox`; on fewer than two imputations.
    """
    if imputations < 2:
        raise ValueError("Give two or more imputations.")
    t, e = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    complete = frame.notna().all(axis=1).to_numpy()
    beside = cox(dummies(frame[complete]), t[complete], e[complete]).estimates()
    beside = [estimate.but(method=f"{estimate.method}, complete cases") for estimate in beside]
    missing = missing_counts(frame)
    if complete.all():
        return ImputedCox(beside, beside, missing)
    everything = frame if auxiliary is None else pd.concat([frame, auxiliary], axis=1)
    if everything.isna().all().any():
        pooled = [
            unsupported(
                "hazard_ratio",
                Code.NEVER_OBSERVED.say(),
                n=len(t),
                events=int(e.sum()),
                term=estimate.term,
                method=METHOD,
            )
            for estimate in beside
        ]
        return ImputedCox(pooled, beside, missing)
    outcome = np.column_stack([e, _nelson_aalen(t, e)])
    fits = [
        cox(dummies(completed[frame.columns]), t, e).estimates()
        for completed in impute(
            everything, outcome, imputations=imputations, iterations=iterations, rng=rng
        )
    ]
    pooled = [_pool(term, len(fits[0])) for term in zip(*fits, strict=True)]
    if imputations < 100 * (1 - complete.mean()):
        few = Code.FEW_IMPUTATIONS.say()
        pooled = [estimate.but(note=joined(estimate.note, few)) for estimate in pooled]
    return ImputedCox(pooled, beside, missing)


def dummies(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of numbers: a category becomes a 0/1 column `name[level]` per level but the first.

    Raises
    ------
    ValueError
        On missing values, which would pass for the first level.
    """
    if frame.isna().any(axis=None):
        raise ValueError("The frame must have no missing values: drop or impute them first.")
    columns = {}
    for name in frame.columns:
        column = _Column(frame[name])
        if column.category is None:
            columns[str(name)] = frame[name].to_numpy(dtype=float)
        else:
            for level in column.category.categories[1:]:
                columns[f"{name}[{level}]"] = (frame[name] == level).to_numpy(dtype=float)
    return pd.DataFrame(columns, index=frame.index)


class _Column:
    """A variable as numbers: itself, or the codes of its levels."""

    def __init__(self, column: pd.Series) -> None:
        self.category: pd.CategoricalDtype | None = None
        self.dtype = column.dtype
        if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            column = column.astype("category")
            self.category = column.dtype
        observed = np.unique(column.dropna().to_numpy())
        self.levels = observed if self.category is not None or len(observed) <= 2 else None
        self.values = (
            column.to_numpy(dtype=float, na_value=np.nan)
            if self.levels is None
            else np.where(column.isna(), np.nan, pd.Index(self.levels).get_indexer(column))
        )

    def filled(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Values with each hole drawn from those observed, to start from."""
        values, holes = self.values.copy(), np.isnan(self.values)
        values[holes] = rng.choice(values[~holes], size=int(holes.sum()))
        return values

    def block(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Columns of a design matrix."""
        if self.levels is None:
            return values[:, None]
        return (values[:, None] == np.arange(1, len(self.levels))).astype(float)

    def restored(self, values: NDArray[np.float64]) -> pd.api.extensions.ExtensionArray | NDArray:
        """Values as they came."""
        if self.levels is None:
            return values
        drawn = np.asarray(self.levels)[values.astype(int)]
        return pd.Categorical(drawn, dtype=self.category) if self.category is not None else drawn


def _standardised(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns on a common scale, on which one ridge suits all; constants are left alone."""
    spread = x.std(axis=0)
    varies = spread > 0
    return np.where(varies, (x - x.mean(axis=0)) / np.where(varies, spread, 1), x)


def _matched(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    at: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw for each row of `at` a value of y whose prediction is near its own."""
    gram = x.T @ x
    inverse = np.linalg.pinv(gram + np.diag(1e-5 * np.diag(gram)), hermitian=True)
    beta = inverse @ (x.T @ y)
    residual = np.sum((y - x @ beta) ** 2)
    sigma = math.sqrt(residual / rng.chisquare(max(len(y) - x.shape[1], 1)))
    eigenvalues, vectors = np.linalg.eigh(inverse)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0))
    drawn = beta + sigma * root @ rng.standard_normal(x.shape[1])
    donors = _nearest(at @ drawn, x @ beta)
    return y[donors[np.arange(len(at)), rng.integers(donors.shape[1], size=len(at))]]


def _nearest(wanted: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the five of `known` nearest to each wanted value, in that order; the first of equals.

    They are among the five below and the five above it: two sorted orders, in which of equal values
    the first comes nearest.
    """
    size = min(DONORS, len(known))
    place = np.arange(len(known))
    upwards, downwards = np.lexsort((place, known)), np.lexsort((-place, known))
    at = np.searchsorted(known[upwards], wanted)
    above = at[:, None] + np.arange(size)
    below = at[:, None] - 1 - np.arange(size)
    candidates = np.hstack(
        [
            upwards[np.minimum(above, len(known) - 1)],
            downwards[np.maximum(below, 0)],
        ]
    )
    distance = np.abs(wanted[:, None] - known[candidates])
    distance[np.hstack([above >= len(known), below < 0])] = np.inf
    order = np.lexsort((candidates, distance), axis=1)[:, :size]
    return np.take_along_axis(candidates, order, axis=1)


def _classified(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    at: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw for each row of `at` a level from a logistic model of a bootstrap sample."""
    from sklearn.linear_model import LogisticRegression

    levels = np.unique(y)
    if len(levels) == 1:
        return np.full(len(at), y[0])
    again = rng.integers(len(y), size=len(y))
    if len(np.unique(y[again])) < len(levels):
        again = np.arange(len(y))
    model = LogisticRegression(max_iter=200).fit(x[again][:, 1:], y[again])
    share = np.cumsum(model.predict_proba(at[:, 1:]), axis=1)
    return model.classes_[np.sum(rng.random((len(at), 1)) > share[:, :-1], axis=1)]


def _nelson_aalen(time: NDArray[np.float64], event: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cumulative hazard at each patient's own time."""
    from lifelines import NelsonAalenFitter

    fitted = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, event)
    return fitted.cumulative_hazard_at_times(time).to_numpy()


def _pool(fits: tuple[Estimate, ...], terms: int) -> Estimate:
    """Pool the hazard ratios of one term of a model with so many terms."""
    basis = fits[0].but(method=METHOD, note=None)
    failed = [fit for fit in fits if not (fit.estimate and fit.std_error)]
    if failed:
        reason = Code.NOT_IN_EVERY_IMPUTATION.say(failed=len(failed), m=len(fits))
        return unsupported(
            basis.statistic,
            joined(reason, failed[0].note) or reason,
            n=basis.n,
            events=basis.events,
            term=basis.term,
            method=METHOD,
        )
    pooled = rubin(
        np.log([fit.estimate or np.nan for fit in fits]),
        np.square([fit.std_error or np.nan for fit in fits]),
        complete_df=max((basis.events or 0) - terms, 1),
    )
    ratios = {name: math.exp(getattr(pooled, name)) for name in ("estimate", "ci_low", "ci_high")}
    return basis.but(
        **ratios,
        std_error=pooled.std_error,
        df=pooled.df,
        p_value=pooled.p_value,
        note=pooled.note,
    )
