"""Proportions of patients and tables of counts: rates, differences, ratios, chi-square, Fisher.

Belongs here: one table at a time. Does not belong here: tables by stratum (`heterogeneity`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported

__all__ = [
    "chi_square",
    "fisher_exact",
    "odds_ratio",
    "proportion",
    "relative_risk",
    "risk_difference",
]


def proportion(successes: int, n: int) -> Estimate:
    """Return a `rate` with Wilson's score interval (JASA 1927), by statsmodels."""
    fields: dict[str, Any] = {"n": n, "events": successes, "method": "Proportion, Wilson interval"}
    _check_count(successes, n)
    if n == 0:
        return unsupported("rate", Code.NO_PATIENTS.say(), **fields)
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(successes, n, method="wilson")
    share = successes / n
    # at 0 and at n the limits are 0 and 1 but for rounding
    low, high = min(max(0.0, float(low)), share), max(min(1.0, float(high)), share)
    return Estimate("rate", share, low, high, **fields)


def risk_difference(a: int, n1: int, b: int, n2: int) -> Estimate:
    """Return a/n1 - b/n2 with Newcombe's hybrid score interval (Stat Med 1998, method 10)."""
    first, second = proportion(a, n1), proportion(b, n2)
    fields: dict[str, Any] = {"n": n1 + n2, "events": a + b}
    fields["method"] = "Risk difference, Newcombe interval"
    if first.estimate is None or second.estimate is None:
        return unsupported("risk_difference", Code.EMPTY_GROUP.say(), **fields)
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(a, n1, b, n2, compare="diff", method="newcomb")
    value = first.estimate - second.estimate
    return Estimate(
        "risk_difference", value, min(float(low), value), max(float(high), value), **fields
    )


def odds_ratio(table: ArrayLike) -> Estimate:
    """Return the sample odds ratio ad/bc of a 2x2 table with Woolf's interval (1955)."""
    t = _table(table, two_by_two=True)
    (a, b), (c, d) = t.tolist()
    fields: dict[str, Any] = {"n": int(t.sum()), "events": int(a + c)}
    fields["method"] = "Odds ratio, Woolf interval"
    if not t.all():
        note = Code.EMPTY_CELL.say()
        return unsupported("odds_ratio", note, **fields)
    value, error = a * d / (b * c), float(np.sqrt((1 / t).sum()))
    low, high = value * np.exp(-Z * error), value * np.exp(Z * error)
    return Estimate("odds_ratio", value, float(low), float(high), error, **fields)


def relative_risk(a: int, n1: int, b: int, n2: int) -> Estimate:
    """Return (a/n1) / (b/n2) with the log interval (Katz et al. 1978)."""
    _check_count(a, n1)
    _check_count(b, n2)
    fields: dict[str, Any] = {"n": n1 + n2, "events": a + b}
    fields["method"] = "Relative risk, log interval"
    if not (n1 and n2):
        return unsupported("relative_risk", Code.EMPTY_GROUP.say(), **fields)
    if not (a and b):
        return unsupported("relative_risk", Code.GROUP_WITHOUT_EVENTS.say(), **fields)
    value, error = (a / n1) / (b / n2), float(np.sqrt(1 / a - 1 / n1 + 1 / b - 1 / n2))
    low, high = value * np.exp(-Z * error), value * np.exp(Z * error)
    return Estimate("relative_risk", value, float(low), float(high), error, **fields)


def chi_square(table: ArrayLike, *, correction: bool) -> Estimate:
    """Test independence in a table of counts (Pearson 1900), by scipy.

    Parameters
    ----------
    table
        Shape (r, c), counts; rows and columns without patients are left out.
    correction
        Yates' continuity correction (2x2 only): `chi_square_corrected`, else `chi_square`.
    """
    name = "chi_square_corrected" if correction else "chi_square"
    t = _table(table)
    fields: dict[str, Any] = {"n": int(t.sum()), "events": int(t[:, 0].sum())}
    fields["method"] = "Chi-square test" + (
        ", continuity correction" if correction else ", no continuity correction"
    )
    t = t[t.any(1)][:, t.any(0)]
    if min(t.shape) < 2:
        return unsupported(name, Code.ONE_GROUP_OR_OUTCOME.say(), **fields)
    from scipy.stats import chi2_contingency

    answer = chi2_contingency(t, correction=correction)
    sparse = bool((answer.expected_freq < 5).any())
    note = Code.EXPECTED_BELOW_5.say() if sparse else None
    return Estimate(
        name,
        float(answer.statistic),
        df=int(answer.dof),
        p_value=float(answer.pvalue),
        note=note,
        **fields,
    )


def fisher_exact(table: ArrayLike) -> Estimate:
    """Return Fisher's exact test of a 2x2 table, by scipy; the estimate is ad/bc.

    Two-sided: tables no more likely than the one seen.
    """
    t = _table(table, two_by_two=True)
    fields: dict[str, Any] = {"n": int(t.sum()), "events": int(t[:, 0].sum())}
    fields["method"] = "Fisher's exact test; the estimate is the sample odds ratio"
    if not (t.sum(0).all() and t.sum(1).all()):
        note = Code.ONE_GROUP_OR_OUTCOME.say()
        return unsupported("fisher_exact", note, **fields)
    from scipy.stats import fisher_exact as exact

    answer = exact(t)
    ratio = float(answer.statistic)
    known = np.isfinite(ratio)
    return Estimate(
        "fisher_exact",
        ratio if known else None,
        p_value=min(1.0, float(answer.pvalue)),
        note=None if known else Code.ODDS_RATIO_INFINITE.say(),
        **fields,
    )


def _check_count(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n, not {successes} of {n}.")


def _table(table: ArrayLike, *, two_by_two: bool = False) -> NDArray[np.float64]:
    t = np.asarray(table, dtype=float)
    if t.ndim != 2 or (two_by_two and t.shape != (2, 2)):
        raise ValueError("table must have rows (groups) and columns (outcomes), here 2 by 2.")
    if np.any(t < 0) or not np.all(np.isfinite(t)):
        raise ValueError("table must hold counts of 0 or more.")
    return t
