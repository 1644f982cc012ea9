"""Comparison of arms that were not randomised: propensity score, weights, balance, E-value.

Belongs here: what makes the arms comparable, and what says how far that worked. Does not belong
here: the weighted Cox model (`cox` with these weights and `robust=True`). The score is taken as
known by every interval here and there, which for these weights errs on the wide side (Lunceford &
Davidian, Stat Med 2004).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr
from scipy.special import expit

from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.estimate import Estimate, Z, unsupported

__all__ = [
    "balance",
    "e_value",
    "effective_sample_size",
    "propensity_weights",
    "weighted_kaplan_meier",
]

ESTIMANDS = {"ate": "inverse probability, stabilised", "overlap": "overlap"}
"""Population that the weights stand for: all patients, or those who might have had either arm."""

ARMS = {0: "control", 1: "experimental"}
FEWEST_PER_TERM = 10
SUSPICIOUS = 10.0
"""Log odds of a score from which separation is looked for."""

COMMON_SUPPORT = (0.1, 0.9)
"""Scores that Crump et al. (Biometrika 2009) keep as having enough patients of both arms."""


@dataclass(frozen=True, slots=True)
class PropensityWeights:
    """Weights of a comparison, and what says whether they serve.

    Attributes
    ----------
    score
        Probability of the experimental arm, shape (n,); None where there is no model.
    weights
        Weight of each patient, shape (n,); None where no weighting can help (`note` says why).
    estimates
        `propensity_auc`, `common_support` (share of scores between 0.1 and 0.9) and, by arm,
        `effective_sample_size`.
    note
        Why weighting cannot help, or only so far; None where nothing speaks against it.
    """

    score: NDArray[np.float64] | None
    weights: NDArray[np.float64] | None
    estimates: list[Estimate]
    note: str | None


def propensity_weights(
    design: pd.DataFrame, arm: ArrayLike, *, estimand: str = "ate"
) -> PropensityWeights:
    """Weights from a propensity score: a logistic model of the arm on the covariates.

    Maximum likelihood without penalty, so that overlap weights balance the means of all terms
    exactly (Li, Morgan & Zaslavsky, JASA 2018, theorem 3). Where terms separate some patients of
    the arms, so that there is no maximum, Firth's penalty keeps the score away from 0 and 1 (Heinze
    & Schemper, Stat Med 2002); the balance is then close, not exact, and the note says so. Both by
    firthmodels. With score e, `ate` gives P(arm) / P(arm | covariates) (stabilised inverse
    probability weights, Robins, Hernan & Brumback, Epidemiology 2000), `overlap` gives 1 - e to
    the experimental and e to the control arm.

    Parameters
    ----------
    design
        Shape (n, k), covariates as numbers, a column a term, without missing values.
    arm
        Shape (n,), 1 experimental, 0 control.

    Raises
    ------
    ValueError
        On missing values, unequal lengths, an arm other than 0 and 1 or an unknown estimand.
    """
    if estimand not in ESTIMANDS:
        raise ValueError(f"Unknown estimand {estimand!r}: use {' or '.join(ESTIMANDS)}.")
    x, a = _checked(design, arm)
    words = f"Logistic propensity score, {ESTIMANDS[estimand]} weights"
    sizes = {code: int(np.sum(a == code)) for code in ARMS}
    if reason := _no_model(x, sizes):
        missing = [
            unsupported(statistic, reason, n=len(a), method=words)
            for statistic in ("propensity_auc", "common_support")
        ]
        return PropensityWeights(None, None, missing, reason)

    from sklearn.metrics import roc_auc_score

    score, is_penalised = _score(x, a)
    words = f"Logistic propensity score{', Firth' * is_penalised}, {ESTIMANDS[estimand]} weights"
    auc = float(roc_auc_score(a, score))
    low, high = COMMON_SUPPORT
    shared = float(np.mean((score >= low) & (score <= high)))
    estimates = [
        Estimate("propensity_auc", auc, n=len(a), method=words),
        Estimate("common_support", shared, n=len(a), method=words),
    ]
    if auc == 1:
        reason = Code.ARMS_SEPARATED.say()
        return PropensityWeights(
            score, None, [estimate.but(note=reason) for estimate in estimates], reason
        )

    if estimand == "overlap":
        weights = np.where(a == 1, 1 - score, score)
    else:
        treated = a.mean()
        weights = np.where(a == 1, treated / score, (1 - treated) / (1 - score))
    notes = [Code.SCORE_PENALISED.say()] if is_penalised else []
    if min(sizes.values()) < FEWEST_PER_TERM * x.shape[1]:
        notes.append(
            Code.UNSTABLE_SCORE.say(n=min(sizes.values()), terms=x.shape[1], least=FEWEST_PER_TERM)
        )
    if shared < 0.9:
        notes.append(Code.LITTLE_OVERLAP.say(share=1 - shared, low=low, high=high))
    for code, name in ARMS.items():
        effective = effective_sample_size(weights[a == code])
        note = None
        if effective < sizes[code] / 2:
            note = Code.FEW_EFFECTIVE_PATIENTS.say(arm=name, effective=effective, n=sizes[code])
            notes.append(note)
        estimates.append(
            Estimate(
                "effective_sample_size",
                effective,
                n=sizes[code],
                grp=name,
                method=f"Kish 1965; {words}",
                note=note,
            )
        )
    return PropensityWeights(score, weights, estimates, joined(*notes))


def balance(
    design: pd.DataFrame, arm: ArrayLike, weights: ArrayLike | None = None
) -> list[Estimate]:
    """Standardised difference of each covariate between the arms, before and after weighting.

    (mean in experimental - mean in control) / sqrt((v1 + v0) / 2), v the variance in each arm
    (n - 1; p (1 - p) for a 0/1 covariate). Weighting changes the means only: the unweighted
    variances remain the yardstick, so that the two can be compared (Stuart, Stat Sci 2010).

    Parameters
    ----------
    design, arm
        As for `propensity_weights`.
    weights
        Shape (n,), 0 or more; without them only the differences before.

    Returns
    -------
    For each term `standardized_difference` and, with weights,
    `standardized_difference_weighted`.

    Raises
    ------
    ValueError
        As `propensity_weights`, and on negative weights.
    """
    x, a = _checked(design, arm)
    if min(np.sum(a == 0), np.sum(a == 1)) == 0:
        return [
            unsupported("standardized_difference", Code.ONE_ARM.say(), n=len(a), term=str(term))
            for term in design.columns
        ]
    spread = np.sqrt((_variances(x[a == 1]) + _variances(x[a == 0])) / 2)
    sets = {"standardized_difference": np.ones(len(a))}
    if weights is not None:
        sets["standardized_difference_weighted"] = _checked_weights(weights, len(a))
    results = []
    for j, term in enumerate(map(str, design.columns)):
        for statistic, w in sets.items():
            if not spread[j] > 0:
                results.append(
                    unsupported(statistic, Code.NO_VARIATION_WITHIN_ARMS.say(), n=len(a), term=term)
                )
                continue
            means = [np.average(x[a == code, j], weights=w[a == code]) for code in (1, 0)]
            results.append(
                Estimate(
                    statistic,
                    float((means[0] - means[1]) / spread[j]),
                    n=len(a),
                    term=term,
                    method="Difference of means over the pooled unweighted standard deviation",
                )
            )
    return results


def effective_sample_size(weights: ArrayLike) -> float:
    """Number of equally weighted patients worth as much: (sum w)^2 / sum w^2 (Kish 1965).

    0 without patients or weight.
    """
    w = np.asarray(weights, dtype=float)
    squares = float(np.sum(w**2))
    return float(np.sum(w) ** 2 / squares) if squares > 0 else 0.0


def weighted_kaplan_meier(time: ArrayLike, event: ArrayLike, weights: ArrayLike) -> pd.DataFrame:
    """Kaplan-Meier curve of weighted patients, with an interval for weights that are not counts.

    The standard error of log S is the infinitesimal jackknife (each patient's influence times the
    weight, squared and summed), as in R's survfit with robust = TRUE; with weights of one it is
    Greenwood's. The usual weighted Greenwood formula takes weights as numbers of patients and is
    too narrow or too wide by their scale. 95% limits on the log-log scale.

    Parameters
    ----------
    time, event, weights
        Shape (n,): time >= 0, event 1 or 0 (censored), weight > 0. Censored at an event's time
        counts as at risk.

    Returns
    -------
    `x`, `y`, `y_low`, `y_high`, `at_risk` (patients, unweighted): a row at 0 and at each distinct
    event time. Limits are missing where the curve is 0. Empty without patients.

    Raises
    ------
    ValueError
        On missing or negative times, events other than 0 and 1, weights not above 0, unequal
        lengths.
    """
    t, e = _checked_times(time, event)
    w = _checked_weights(weights, len(t))
    columns = ["x", "y", "y_low", "y_high", "at_risk"]
    if len(t) == 0:
        return pd.DataFrame(columns=columns, dtype=float)
    if np.any(w == 0):
        raise ValueError("Weights must be above 0: leave patients without weight out.")

    order = np.argsort(t, kind="stable")
    t, e, w = t[order], e[order], w[order]
    x = np.unique(t[e == 1])
    first = np.searchsorted(t, x, side="left")
    which = np.searchsorted(x, t[e == 1])
    at_risk, events = len(t) - first, np.bincount(which, minlength=len(x))
    total = np.cumsum(w[::-1])[::-1][first]
    died = np.bincount(which, weights=w[e == 1], minlength=len(x))
    # sums in another order leave a rounding error where nobody is left
    left = np.where(at_risk == events, 0, total - died)
    y = np.cumprod(left / total)

    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.append(0, np.cumsum(died / (total * left)))
        last = np.searchsorted(x, t, side="right")
        own = np.where(e == 1, 1 / left[np.maximum(last - 1, 0)], 0) if len(x) else 0 * t
        # influence of each patient on log S, once the curve has passed the patient's own time
        settled = np.append(0, np.cumsum((w * (hazard[last] - own)) ** 2))
        still = np.append(np.cumsum((w**2)[::-1])[::-1], 0)
        passed = np.searchsorted(t, x, side="right")
        se = np.sqrt(settled[passed] + hazard[1:] ** 2 * still[passed])
        se[y == 0] = np.nan
        width = np.exp(Z * se / np.abs(np.log(y)))
        low, high = y**width, y ** (1 / width)
    curve = pd.DataFrame({"x": x, "y": y, "y_low": low, "y_high": high, "at_risk": at_risk})
    start = pd.DataFrame([[0.0, 1.0, 1.0, 1.0, len(t)]], columns=columns)
    return pd.concat([start, curve], ignore_index=True)


def e_value(
    hazard_ratio: float | None,
    ci_low: float | None = None,
    ci_high: float | None = None,
    *,
    rare: bool = False,
) -> Estimate:
    """How strong an unmeasured confounder must be to explain a hazard ratio away.

    The risk ratio that it must have with both arm and outcome, beyond the measured covariates:
    RR + sqrt(RR (RR - 1)) for RR >= 1, of 1 / RR below (VanderWeele & Ding, Ann Intern Med 2017).
    An outcome that is not `rare` (15% or more by the end of follow-up) takes the hazard ratio as
    RR = (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)).

    Returns
    -------
    `e_value`; `ci_low` is the E-value of the limit nearer to 1, and 1 where the interval holds 1.

    Raises
    ------
    ValueError
        On a ratio or limit that is not positive.
    """
    words = (
        f"VanderWeele & Ding 2017, {'rare' if rare else 'common'} outcome; "
        "the limit is that of the confidence limit nearer to 1"
    )
    if hazard_ratio is None:
        return unsupported("e_value", Code.NOTHING_TO_EXPLAIN_AWAY.say(), method=words)
    for value in (hazard_ratio, ci_low, ci_high):
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise ValueError(f"A hazard ratio and its limits must be positive, not {value}.")
    nearer = ci_high if hazard_ratio < 1 else ci_low
    limit = None
    if nearer is not None:
        limit = 1.0 if (nearer - 1) * (hazard_ratio - 1) <= 0 else _e_value(nearer, rare)
    return Estimate("e_value", _e_value(hazard_ratio, rare), limit, method=words)


def _e_value(ratio: float, rare: bool) -> float:
    ratio = max(ratio, 1 / ratio)
    if not rare:
        ratio = (1 - 0.5 ** math.sqrt(ratio)) / (1 - 0.5 ** math.sqrt(1 / ratio))
    return ratio + math.sqrt(ratio * (ratio - 1))


def _score(x: NDArray[np.float64], a: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Probability of the experimental arm, and whether Firth's penalty was needed for it."""
    from firthmodels import FirthLogisticRegression, detect_separation

    x = x[:, np.ptp(x, axis=0) > 0]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    x = x[:, _independent(x)]

    def fit(penalty: float) -> tuple[NDArray[np.float64], bool]:
        model = FirthLogisticRegression(
            backend="numpy", penalty_weight=penalty, max_iter=200, gtol=1e-10, xtol=1e-10
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, a)
        linear = x @ model.coef_ + model.intercept_
        return linear, bool(model.converged_)

    linear, converged = fit(0.0)
    suspicious = not converged or np.abs(linear).max() > SUSPICIOUS
    is_penalised = bool(suspicious and detect_separation(x, a).separation)
    if is_penalised:
        linear, _ = fit(0.5)
    return np.asarray(expit(linear)), is_penalised


def _independent(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Columns that do not follow from those before them."""
    _, triangle, pivots = qr(x, mode="economic", pivoting=True)
    size = np.abs(np.diag(triangle))
    return np.sort(pivots[: len(size)][size > 1e-9 * size[0]])


def _no_model(x: NDArray[np.float64], sizes: dict[int, int]) -> str | None:
    """Why there can be no propensity model."""
    if min(sizes.values()) == 0:
        return Code.ONE_ARM.say()
    if x.shape[1] == 0 or not np.any(np.ptp(x, axis=0)):
        return Code.NO_COVARIATE_VARIES.say()
    return None


def _variances(x: NDArray[np.float64]) -> NDArray[np.float64]:
    binary = np.all((x == 0) | (x == 1), axis=0)
    share = x.mean(axis=0)
    sample = x.var(axis=0, ddof=1) if len(x) > 1 else np.zeros(x.shape[1])
    return np.where(binary, share * (1 - share), sample)


def _checked(
    design: pd.DataFrame, arm: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, a = design.to_numpy(dtype=float), np.asarray(arm, dtype=float)
    if len(x) != len(a):
        raise ValueError("design and arm must have the same length.")
    if not np.all(np.isin(a, (0, 1))):
        raise ValueError("arm must be 1 (experimental) or 0 (control) for every patient.")
    if not np.all(np.isfinite(x)):
        raise ValueError("design has missing values: take complete cases or impute them first.")
    return x, a


def _checked_times(
    time: ArrayLike, event: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    t, e = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    if t.shape != e.shape:
        raise ValueError("time and event must have the same length.")
    if not np.all(np.isfinite(t) & (t >= 0)):
        raise ValueError("Times must be 0 or more: leave patients without a time out.")
    if not np.all(np.isin(e, (0, 1))):
        raise ValueError("Events must be 1 (event) or 0 (censored).")
    return t, e


def _checked_weights(weights: ArrayLike, n: int) -> NDArray[np.float64]:
    w = np.asarray(weights, dtype=float)
    if w.shape != (n,):
        raise ValueError("Give one weight for each patient.")
    if not np.all(np.isfinite(w) & (w >= 0)):
        raise ValueError("Weights must be numbers of 0 or more.")
    return w
