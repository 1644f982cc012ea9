"""Patients before treatment: describing a variable, and how far two groups differ in it.

Belongs here: description and standardised differences. Does not belong here: tests of baseline
differences, which CONSORT and STROBE advise against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il6_platform.statistics._check import same_length
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.proportions import proportion

__all__ = ["describe", "standardized_difference"]

Kind = Literal["number", "category"]

_SUMMARIES: dict[str, Callable[[NDArray], float]] = {
    "mean": np.mean,
    "sd": lambda known: np.std(known, ddof=1),
    "median": np.median,
    "q1": lambda known: np.quantile(known, 0.25),
    "q3": lambda known: np.quantile(known, 0.75),
    "min": np.min,
    "max": np.max,
}


def describe(values: ArrayLike, kind: Kind, levels: Sequence[str] | None = None) -> list[Estimate]:
    """Describe a variable; missing values are counted and left out.

    Parameters
    ----------
    values
        Shape (n,). Numbers, or labels of a category; None or NaN is missing.
    kind
        number: `mean`, `sd`, `median`, `q1`, `q3` (type 7 quantiles), `min`, `max`, `missing`.
        category: `rate` (Wilson) for each level, with `[level]` as term, and `missing`.
    levels
        Levels of a category in their order; those that occur, sorted, by default.
    """
    known, n_missing = _known(values, kind)
    rows = []
    if kind == "number":
        for name, summary in _SUMMARIES.items():
            if len(known) < (2 if name == "sd" else 1):
                few = Code.NO_VALUES if n_missing and not len(known) else Code.TOO_FEW_PATIENTS
                rows.append(unsupported(name, few.say(), n=len(known)))
            else:
                value = float(summary(known))
                rows.append(Estimate(name, value, n=len(known), method="Description"))
    else:
        for level in levels if levels is not None else sorted(set(known)):
            share = proportion(int((known == level).sum()), len(known))
            rows.append(share.but(term=f"[{level}]"))
    total = len(known) + n_missing
    rows.append(Estimate("missing", float(n_missing), n=total, method="Count"))
    return rows


def standardized_difference(
    first: ArrayLike,
    second: ArrayLike,
    kind: Kind,
    weights: tuple[ArrayLike, ArrayLike] | None = None,
) -> Estimate:
    """Return the difference of two groups in pooled standard deviations (Austin, Stat Med 2009).

    Of a category with more than two levels it is the Mahalanobis distance of the shares (Yang &
    Dalton, SAS Global Forum 2012) and so has no sign; with two levels it is that of the second
    level in alphabetical order. Missing values are left out; weights are per value.
    """
    a, w1 = _weighted(first, kind, None if weights is None else weights[0])
    b, w2 = _weighted(second, kind, None if weights is None else weights[1])
    fields: dict[str, Any] = {"n": len(a) + len(b)}
    fields["method"] = "Standardised difference (first minus second)"
    if len(a) < 2 or len(b) < 2:
        note = Code.FEWER_THAN_2_IN_A_GROUP.say()
        return unsupported("standardized_difference", note, **fields)
    if kind == "number":
        gap = np.average(a, weights=w1) - np.average(b, weights=w2)
        spread = np.sqrt((_variance(a, w1) + _variance(b, w2)) / 2)
        value = float(gap / spread) if spread > 0 else None
    else:
        levels = sorted({*a, *b})[1:]
        p = np.array([np.average(a == level, weights=w1) for level in levels])
        q = np.array([np.average(b == level, weights=w2) for level in levels])
        spread = (_multinomial(p) + _multinomial(q)) / 2
        gap = p - q
        value = None
        if len(levels) == 1 and spread[0, 0] > 0:
            value = float(gap[0] / np.sqrt(spread[0, 0]))
        elif len(levels) > 1:
            value = float(np.sqrt(max(0.0, gap @ np.linalg.pinv(spread) @ gap)))
    if value is None:
        return unsupported("standardized_difference", Code.VARIABLE_DOES_NOT_VARY.say(), **fields)
    return Estimate("standardized_difference", value, **fields)


def _known(values: ArrayLike, kind: Kind) -> tuple[NDArray, int]:
    if kind == "number":
        numbers = np.asarray(values, dtype=float)
        return numbers[~np.isnan(numbers)], int(np.isnan(numbers).sum())
    labels = np.asarray(values, dtype=object)
    missing = np.array([label is None or label != label for label in labels], dtype=bool)
    return np.array([str(label) for label in labels[~missing]]), int(missing.sum())


def _weighted(values: ArrayLike, kind: Kind, weights: ArrayLike | None) -> tuple[NDArray, NDArray]:
    array = np.asarray(values, dtype=float if kind == "number" else object)
    missing = np.array([value is None or value != value for value in array], dtype=bool)
    known, _ = _known(values, kind)
    if weights is None:
        return known, np.ones(len(known))
    return known, same_length("weights", weights, len(array)).astype(float)[~missing]


def _variance(x: NDArray, w: NDArray) -> float:
    """Unbiased for weights that are one; Austin & Stuart (Stat Med 2015) for others."""
    mean = np.average(x, weights=w)
    return float(w.sum() / (w.sum() ** 2 - (w**2).sum()) * (w * (x - mean) ** 2).sum())


def _multinomial(p: NDArray) -> NDArray:
    return np.diag(p) - np.outer(p, p)
