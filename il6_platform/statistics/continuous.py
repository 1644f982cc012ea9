"""The marker as it was measured: hazard ratio per doubling, splines, treatment effect along it.

Belongs here: Cox models in which the marker is not cut, by its log2 or a restricted cubic spline of
it. Does not belong here: cut-offs (`roc`, `maximal_selection`), interaction with marker groups
(`regression.interaction`, `heterogeneity`).

Markers are positive and in any unit: a result below the limit of quantification needs a value
before it comes here. A marker with a value of 0 or less yields a note in place of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from il6_platform.statistics._check import same_length, samples
from il6_platform.statistics.arrays import Floats
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.regression import CoxFit, cox, events_per_variable
from il6_platform.statistics.risk_sets import marker_array

__all__ = ["effect_by_marker", "hazard_ratio_curve", "log2_marker", "spline_basis", "spline_marker"]

ARM = "ARM[experimental]"
LOG2 = "log2(MARKER)"
SPLINE = "spline(MARKER)"

SHAPES = {
    "log2": "linear in log2 of the marker",
    "spline": "restricted cubic spline of log2 of the marker",
}
"""How a log hazard may depend on the marker, and its words."""

CURVE_POINTS = 101
"""Markers at which a curve is drawn, evenly on the log scale over the central 90% of them."""

LARGEST_ERROR = 5.0
"""Standard error of a log hazard ratio beyond which a curve is not drawn: its band would span a
factor of 10^8."""

NOT_POSITIVE = Code.MARKER_NOT_POSITIVE.say()
TOO_FEW_VALUES = Code.TOO_FEW_VALUES.say()


@dataclass(frozen=True, slots=True)
class MarkerEffect:
    """The treatment's effect along the marker.

    Attributes
    ----------
    curve
        x (marker), y (hazard ratio of treatment), y_low, y_high (pointwise 95%); no rows where it
        cannot be estimated.
    estimates
        `interaction_likelihood_ratio` and, for the shape log2, `ratio_of_hazard_ratios`.
    """

    curve: pd.DataFrame
    estimates: tuple[Estimate, ...]


def harrell_knots(values: ArrayLike) -> Floats:
    """Place the knots of a restricted cubic spline by percentiles, as rms does.

    Harrell (Regression Modeling Strategies, 2015): at 100 values and more four knots at the 5th,
    35th, 65th and 95th percentile; below, three at the 5th smallest, the median and the 5th
    largest value. Hmisc's further rule for many ties at an end is not followed.

    Parameters
    ----------
    values
        Shape (n,), no missing values.

    Returns
    -------
    Knots, ascending, shape (4,) or (3,); shape (0,) where they would not be distinct.
    """
    x = np.sort(np.asarray(values, dtype=float))
    if len(x) < 10:
        return np.empty(0)
    if len(x) < 100:
        knots = np.array([x[4], np.median(x), x[-5]])
    else:
        knots = np.quantile(x, (0.05, 0.35, 0.65, 0.95))
    return knots if np.all(np.diff(knots) > 0) else np.empty(0)


def spline_basis(values: ArrayLike, knots: ArrayLike) -> Floats:
    """Restricted cubic spline (Stone & Koo 1985) as Hmisc's rcspline.eval(inclx = TRUE).

    Parameters
    ----------
    values, knots
        Shapes (n,) and (k,), k >= 3, knots ascending.

    Returns
    -------
    Shape (n, k - 1): the values, then k - 2 columns that are linear beyond the outer knots, divided
    by the squared distance of the outer knots.

    Raises
    ------
    ValueError
        On fewer than three knots, or knots not ascending.
    """
    x, t = np.asarray(values, dtype=float), np.asarray(knots, dtype=float)
    if len(t) < 3 or np.any(np.diff(t) <= 0):
        raise ValueError("knots must be three or more, ascending.")
    cubes = np.maximum(x[:, None] - t, 0) ** 3 / (t[-1] - t[0]) ** 2
    inner, last, end = t[:-2], cubes[:, -2:-1], cubes[:, -1:]
    curved = cubes[:, :-2] + ((t[-2] - inner) * end - (t[-1] - inner) * last) / (t[-1] - t[-2])
    return np.column_stack([x, curved])


def log2_marker(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    adjust: pd.DataFrame | None = None,
) -> list[Estimate]:
    """Hazard ratio per doubling of the marker, by a Cox model with Efron's ties.

    Parameters
    ----------
    marker, time, event
        Shape (n,), no missing values.
    adjust
        Shape (n, p), optional numeric covariates.

    Returns
    -------
    `hazard_ratio` of term log2(MARKER) with Wald interval and P, and `likelihood_ratio` of that
    term.

    Raises
    ------
    ValueError
        As `samples`, or on unequal lengths or missing values.
    """
    data = _Data(marker, time, event, adjust)
    note = data.note
    if not note:
        without, linear = data.fits("log2")
        note = _trouble(linear, without)
    if note:
        fields: dict[str, Any] = {"n": data.n, "events": data.events, "term": LOG2}
        return [unsupported(name, note, **fields) for name in ("hazard_ratio", "likelihood_ratio")]
    ratio = linear.combination({LOG2: 1.0})
    return [
        ratio.but(term=LOG2, method=f"{ratio.method}; per doubling of the marker"),
        _likelihood_ratio("likelihood_ratio", LOG2, without, linear),
    ]


def spline_marker(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    adjust: pd.DataFrame | None = None,
) -> list[Estimate]:
    """Test a restricted cubic spline of log2 of the marker, with `harrell_knots`.

    Parameters
    ----------
    marker, time, event, adjust
        As `log2_marker`.

    Returns
    -------
    `likelihood_ratio` of term spline(MARKER) (association, k - 1 degrees of freedom of k knots) and
    `non_linearity` (against linear in log2, k - 2).

    Raises
    ------
    ValueError
        As `log2_marker`.
    """
    data = _Data(marker, time, event, adjust)
    names = ("likelihood_ratio", "non_linearity")
    note = data.cannot("spline")
    if not note:
        (without, spline), (_, linear) = data.fits("spline"), data.fits("log2")
        note = _trouble(spline, linear, without)
    if note:
        fields: dict[str, Any] = {"n": data.n, "events": data.events, "term": SPLINE}
        return [unsupported(name, note, **fields) for name in names]
    return [
        _likelihood_ratio(name, SPLINE, smaller, spline)
        for name, smaller in zip(names, (without, linear), strict=True)
    ]


def hazard_ratio_curve(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    shape: str = "spline",
    adjust: pd.DataFrame | None = None,
    at: ArrayLike | None = None,
) -> pd.DataFrame:
    """Hazard ratio along the marker, against its median.

    Parameters
    ----------
    marker, time, event, adjust
        As `log2_marker`.
    shape
        One of `SHAPES`.
    at
        Shape (m,), positive markers; by default `CURVE_POINTS` of the central 90%.

    Returns
    -------
    x (marker), y, y_low, y_high (pointwise 95%), one row a marker; none without a model, or where
    the standard error exceeds `LARGEST_ERROR`.

    Raises
    ------
    ValueError
        As `log2_marker`, on an unknown shape or an `at` that is not positive.
    """
    data = _Data(marker, time, event, adjust)
    if data.cannot(_known(shape)):
        return _no_curve()
    _, fit = data.fits(shape)
    if fit.note:
        return _no_curve()
    x = data.points(at)
    median = np.array([np.median(data.log2)])
    contrasts = data.basis(np.log2(x), shape) - data.basis(median, shape)
    return _curve(x, fit, data.terms(shape), contrasts)


def effect_by_marker(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    *,
    shape: str = "spline",
    adjust: pd.DataFrame | None = None,
    at: ArrayLike | None = None,
) -> MarkerEffect:
    """Treatment's hazard ratio along the marker, and whether it changes.

    A Cox model of arm, marker and their product, against one without the product (the spline
    analogue of Royston & Sauerbrei, Stat Med 2004; the marker is not cut, so there is no cut-off to
    be optimistic about).

    Parameters
    ----------
    marker, time, event, adjust, shape, at
        As `hazard_ratio_curve`.
    arm
        Shape (n,), 1 or 0: experimental.

    Returns
    -------
    MarkerEffect
        Curve, `interaction_likelihood_ratio` and, for the shape log2, `ratio_of_hazard_ratios` per
        doubling with profile interval and likelihood-ratio P. A note says where there are fewer
        than ten events a term of the model.

    Raises
    ------
    ValueError
        As `hazard_ratio_curve`, or on an arm other than 0 and 1.
    """
    data = _Data(marker, time, event, adjust)
    term = f"{ARM}:{LOG2 if _known(shape) == 'log2' else SPLINE}"
    a = same_length("arm", arm, data.n).astype(float)
    if not np.all((a == 0) | (a == 1)):
        raise ValueError("arm must be 1 (experimental) or 0.")
    method = f"Cox, Efron, {SHAPES[shape]} by arm"
    note = data.cannot(shape)
    if not note:
        main = data.design(shape).assign(**{ARM: a})
        products = pd.DataFrame(
            data.basis(data.log2, shape) * a[:, None],
            columns=[f"{ARM}:{name}" for name in data.terms(shape)],
        )
        larger = cox(pd.concat([main, products], axis=1), data.time, data.event)
        smaller = cox(main, data.time, data.event)
        note = _trouble(larger, smaller)
    if note:
        names = ["interaction_likelihood_ratio", "ratio_of_hazard_ratios"]
        fields: dict[str, Any] = {"n": data.n, "events": data.events}
        fields |= {"term": term, "method": method}
        used = names if shape == "log2" else names[:1]
        return MarkerEffect(_no_curve(), tuple(unsupported(s, note, **fields) for s in used))
    test = _likelihood_ratio("interaction_likelihood_ratio", term, smaller, larger).but(
        method=f"{method}; likelihood-ratio test"
    )
    estimates = [test]
    if shape == "log2":
        estimates.append(
            larger.profile(f"{ARM}:{LOG2}").but(
                statistic="ratio_of_hazard_ratios",
                term=term,
                df=test.df,
                p_value=test.p_value,
                method=f"{method}; per doubling, profile interval, likelihood-ratio P",
                note=test.note,
            )
        )
    x = data.points(at)
    contrasts = np.column_stack([np.ones(len(x)), data.basis(np.log2(x), shape)])
    return MarkerEffect(_curve(x, larger, [ARM, *products.columns], contrasts), tuple(estimates))


class _Data:
    """Checked input, and the models that are fitted to it."""

    def __init__(
        self,
        marker: ArrayLike,
        time: ArrayLike,
        event: ArrayLike,
        adjust: pd.DataFrame | None,
    ) -> None:
        self.time, self.event = samples(time, event)
        self.n, self.events = len(self.time), int(self.event.sum())
        self.marker = marker_array(marker, self.n)
        self.adjust = pd.DataFrame(index=range(self.n))
        if adjust is not None:
            same_length("adjust", adjust, self.n)
            self.adjust = adjust.reset_index(drop=True)
        self.note: str | None = None
        self.log2, self.knots = np.empty(0), np.empty(0)
        if not self.n:
            self.note = Code.NO_PATIENTS.say()
        elif self.marker.min() <= 0:
            self.note = NOT_POSITIVE
        else:
            self.log2 = np.log2(self.marker)
            self.knots = harrell_knots(self.log2)

    def cannot(self, shape: str) -> str | None:
        """Why a shape cannot be fitted to these markers."""
        return self.note or (TOO_FEW_VALUES if shape == "spline" and not len(self.knots) else None)

    def basis(self, log2: Floats, shape: str) -> Floats:
        """The marker's columns, centred (splines also scaled): else Newton's steps may stall."""
        centred = log2 - np.median(self.log2)
        if shape == "log2":
            return centred[:, None]
        width = self.knots[-1] - self.knots[0]
        return spline_basis(centred / width, (self.knots - np.median(self.log2)) / width)

    def terms(self, shape: str) -> list[str]:
        return [LOG2] if shape == "log2" else [LOG2 + "'" * k for k in range(len(self.knots) - 1)]

    def design(self, shape: str) -> pd.DataFrame:
        marker = pd.DataFrame(self.basis(self.log2, shape), columns=self.terms(shape))
        return pd.concat([marker, self.adjust], axis=1)

    def fits(self, shape: str) -> tuple[CoxFit | None, CoxFit]:
        """Fit the model without the marker (None where nothing is left in it), and with it."""
        without = cox(self.adjust, self.time, self.event) if self.adjust.shape[1] else None
        return without, cox(self.design(shape), self.time, self.event)

    def points(self, at: ArrayLike | None) -> Floats:
        if at is None:
            low, high = np.quantile(self.log2, (0.05, 0.95))
            return np.exp2(np.linspace(low, high, CURVE_POINTS))
        x = np.asarray(at, dtype=float)
        if x.ndim != 1 or not np.all(np.isfinite(x) & (x > 0)):
            raise ValueError("at must be a list of positive markers.")
        return x


def _trouble(larger: CoxFit, *smaller: CoxFit | None) -> str | None:
    """Why nested models cannot be compared; a larger one that fits worse has not converged."""
    nested = [fit for fit in smaller if fit]
    notes = [fit.note for fit in (larger, *nested) if fit.note]
    if notes:
        return notes[0]
    worse = any(larger.log_likelihood < fit.log_likelihood - 1e-6 for fit in nested)
    return Code.MAXIMUM_NOT_FOUND.say() if worse else None


def _known(shape: str) -> str:
    if shape not in SHAPES:
        raise ValueError(f"Unknown shape {shape!r}: use {' or '.join(SHAPES)}.")
    return shape


def _likelihood_ratio(name: str, term: str, smaller: CoxFit | None, larger: CoxFit) -> Estimate:
    base = larger.null_log_likelihood if smaller is None else smaller.log_likelihood
    statistic = max(0.0, 2 * (larger.log_likelihood - base))
    df = len(larger.terms) - (len(smaller.terms) if smaller else 0)
    shape = SHAPES["log2" if term == LOG2 else "spline"]
    against = ", against linear" if name == "non_linearity" else ""
    return Estimate(
        name,
        statistic,
        df=df,
        p_value=float(chi2.sf(statistic, df)),
        term=term,
        n=larger.n,
        events=larger.events,
        method=f"Cox, Efron, {shape}; likelihood-ratio test{against}",
        note=events_per_variable(larger).note,
    )


def _curve(x: Floats, fit: CoxFit, terms: list[str], contrasts: Floats) -> pd.DataFrame:
    log_ratio = contrasts @ fit.coefficients[terms].to_numpy()
    covariance = fit.covariance.loc[terms, terms].to_numpy()
    error = np.sqrt(np.einsum("ij,jk,ik->i", contrasts, covariance, contrasts))
    known = error <= LARGEST_ERROR
    x, log_ratio, error = x[known], log_ratio[known], error[known]
    bands: dict[str, Any] = {"x": x, "y": np.exp(log_ratio)}
    bands |= {"y_low": np.exp(log_ratio - Z * error), "y_high": np.exp(log_ratio + Z * error)}
    return pd.DataFrame(bands)


def _no_curve() -> pd.DataFrame:
    return pd.DataFrame(columns=["x", "y", "y_low", "y_high"], dtype=float)
