"""Adjustment of P values for the number of tests in a declared family.

Belongs here: the arithmetic on P values. Does not belong here: which tests make a family; that is
the study's to declare before its results are seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["adjust"]

METHODS = {
    "bonferroni": "bonferroni",
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "bh": "fdr_bh",
    "by": "fdr_by",
}
"""Names of the adjustments, and what statsmodels calls them."""


def adjust(p_values: ArrayLike, *, method: str = "holm") -> NDArray[np.float64]:
    """Adjust the P values of one family of tests.

    `holm` (Holm 1979), `hochberg` (1988) and `bonferroni` control the family-wise error, `bh`
    (Benjamini & Hochberg 1995) and `by` (Benjamini & Yekutieli 2001) the false discovery rate.

    Parameters
    ----------
    p_values
        Shape (m,). NaN or None (a test that the data did not support) stays NaN and does not count
        towards the size of the family.
    method
        One of `METHODS`.

    Returns
    -------
    Adjusted P values, shape (m,), in the order given; reject where at most the level.

    Raises
    ------
    ValueError
        On an unknown method or a P value outside [0, 1].
    """
    from statsmodels.stats.multitest import multipletests

    if method not in METHODS:
        raise ValueError(f"Unknown method {method!r}: use one of {', '.join(METHODS)}.")
    p = np.asarray(p_values, dtype=float)
    known = ~np.isnan(p)
    if np.any((p[known] < 0) | (p[known] > 1)):
        raise ValueError("P values must lie between 0 and 1.")
    adjusted = np.full(p.shape, np.nan)
    if known.any():
        adjusted[known] = multipletests(p[known], method=METHODS[method])[1]
    return adjusted
