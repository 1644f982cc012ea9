"""Proportional hazards regression: fits, their assumption, and treatment-by-marker interaction.

Belongs here: Cox models with Efron's ties, and what must be said of a fit. Does not
belong here: penalised fits (`small_sample`), what goes into a model (that is the analysis).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm

from il6_platform.statistics._check import are_all_at_once, same_length, samples
from il6_platform.statistics._remembered import Remembered
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.partial_likelihood import (
    ROUNDING,
    PartialLikelihood,
    concordance,
    profile_interval,
)

__all__ = ["cox", "events_per_variable", "interaction", "proportional_hazards"]

CONVERGED = 1e-6
"""Gain in log-likelihood of one more step (twice that) below which a fit is at its maximum."""

MOST_STEPS, SMALLEST, ENOUGH = 50, 1e-6, 1e-10
"""Of Newton's method: steps at most, smallest share of one, gain of one that is the last."""

MANY = 10_000
"""Patients from which on lifelines takes those of one time together, whatever it would choose."""

SUSPICIOUS = 6.0
"""Log hazard ratio over a covariate's whole range from which separation is looked for."""


@dataclass(frozen=True)
class _Data:
    """What a model was fitted to; patients without weight are left out."""

    x: NDArray
    time: NDArray
    event: NDArray[np.bool_]
    weights: NDArray | None
    strata: NDArray | None

    def likelihood(
        self, beta: ArrayLike, near: PartialLikelihood | None = None
    ) -> PartialLikelihood:
        """Return the likelihood at beta; one near by, where there is one, has sorted already."""
        order = None if near is None else near.order
        return PartialLikelihood(
            self.x, self.time, self.event, beta, self.weights, self.strata, order
        )


@dataclass(frozen=True)
class CoxFit:
    """A fitted model, or why it cannot be fitted (`note`).

    Attributes
    ----------
    terms, n, events
        Columns of the design, patients, events.
    note
        None, or why there are no estimates.
    coefficients, covariance
        Log hazard ratios and their covariance, by term (robust where asked for).
    log_likelihood, null_log_likelihood
        Partial log likelihood at the estimate and without covariates.
    """

    terms: list[str]
    n: int
    events: int
    note: str | None = None
    coefficients: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    covariance: pd.DataFrame = field(default_factory=pd.DataFrame)
    log_likelihood: float = float("nan")
    null_log_likelihood: float = float("nan")
    method: str = "Cox, Efron, Wald interval"
    _data: _Data | None = field(default=None, repr=False)

    def estimates(self) -> list[Estimate]:
        """Return `hazard_ratio` by term with Wald interval and P; std_error is of the log."""
        return [self.combination({term: 1.0}).but(term=term) for term in self.terms]

    def combination(self, weights: dict[str, float]) -> Estimate:
        """Return exp of a weighted sum of coefficients with the full covariance."""
        fields: dict[str, Any] = {"n": self.n, "events": self.events, "method": self.method}
        if self.note:
            return unsupported("hazard_ratio", self.note, **fields)
        vector = np.array([weights.get(term, 0.0) for term in self.terms])
        log_ratio = float(vector @ self.coefficients.to_numpy())
        error = float(np.sqrt(vector @ self.covariance.to_numpy() @ vector))
        if not error > 0:
            note = Code.NO_VARIANCE.say()
            return Estimate("hazard_ratio", float(np.exp(log_ratio)), note=note, **fields)
        return Estimate(
            "hazard_ratio",
            float(np.exp(log_ratio)),
            float(np.exp(log_ratio - Z * error)),
            float(np.exp(log_ratio + Z * error)),
            error,
            p_value=float(2 * norm.sf(abs(log_ratio) / error)),
            **fields,
        )

    def profile(self, term: str) -> Estimate:
        """Return a term's hazard ratio with the interval and P of the likelihood-ratio test.

        P is missing: it is of the two models that are compared.
        """
        ratio = self.combination({term: 1.0})
        data = self._data
        if data is None:
            return ratio
        j, scale = self.terms.index(term), np.ptp(data.x, axis=0)
        low, high = profile_interval(
            lambda beta: replace(data, x=data.x / scale).likelihood(beta),
            self.coefficients.to_numpy() * scale,
            self.covariance.to_numpy() * np.outer(scale, scale),
            j,
        )
        return ratio.but(
            ci_low=None if np.isnan(low) else float(np.exp(low / scale[j])),
            ci_high=None if np.isnan(high) else float(np.exp(high / scale[j])),
            p_value=None,
            note=Code.LIMIT_NOT_FOUND.say() if np.isnan(low + high) else ratio.note,
        )

    def likelihood_ratio(self) -> Estimate:
        """Return the likelihood-ratio test of the whole model against none."""
        fields: dict[str, Any] = {"n": self.n, "events": self.events}
        fields["method"] = "Likelihood-ratio test of the Cox model"
        if self.note:
            return unsupported("likelihood_ratio", self.note, **fields)
        statistic = max(0.0, 2 * (self.log_likelihood - self.null_log_likelihood))
        df = len(self.terms)
        return Estimate(
            "likelihood_ratio", statistic, df=df, p_value=float(chi2.sf(statistic, df)), **fields
        )

    def concordance(self) -> Estimate:
        """Return Harrell's C of the model's linear predictor.

        Pairs are of one stratum and weigh the product of the case weights. Its standard error is
        the infinitesimal jackknife's (Therneau & Atkinson, vignette on concordance of R's survival,
        2023), its limits are clipped to [0, 1].
        """
        fields: dict[str, Any] = {"n": self.n, "events": self.events}
        fields["method"] = "Harrell's C, apparent (on the data of the fit), jackknife interval"
        if self._data is None:
            return unsupported("concordance", self.note or "", **fields)
        data = self._data
        risk = np.round(data.x @ self.coefficients.to_numpy(), 12)
        found = concordance(risk, data.time, data.event, data.weights, data.strata)
        if found is None:
            return unsupported("concordance", Code.NO_PAIR.say(), **fields)
        value, error = found
        low, high = max(0.0, value - Z * error), min(1.0, value + Z * error)
        return Estimate("concordance", value, low, high, error, **fields)


def cox(
    design: pd.DataFrame,
    time: ArrayLike,
    event: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    robust: bool = False,
    by_lifelines: bool = False,
) -> CoxFit:
    """Fit a Cox model (1972) with Efron's ties (1977).

    Parameters
    ----------
    design
        Shape (n, p), numeric columns named after their terms; no missing values.
    time, event
        Shape (n,): time >= 0, event 1 or 0.
    weights
        Shape (n,), case weights >= 0; patients of weight 0 are left out, as if not given.
    strata
        Shape (n,): each stratum has its own baseline hazard.
    robust
        Lin & Wei's sandwich variance (JASA 1989), with ties as in R's coxph; otherwise the inverse
        of the information.
    by_lifelines
        Have lifelines find the maximum, as for a study's headline, from where Newton's method on
        the same likelihood ends; else that end is taken: the same to eight digits at least.

    Returns
    -------
    CoxFit
        With a note in place of numbers where there are no events, a column does not vary or
        depends on the others (within strata), the likelihood has no maximum (separation), or the
        fit did not reach it.

    Raises
    ------
    ValueError
        On unequal lengths, missing values, or weights that are missing or negative.
    """
    t, e = samples(time, event)
    frame = design.reset_index(drop=True).astype(float)
    same_length("design", frame, len(t))
    if frame.isna().to_numpy().any():
        raise ValueError("design has missing values; leave incomplete patients out first.")
    if weights is not None:
        w = same_length("weights", weights, len(t)).astype(float)
        if not np.all(np.isfinite(w) & (w >= 0)):
            raise ValueError("weights must be numbers of 0 or more.")
        frame, t, e, weights = frame[w > 0], t[w > 0], e[w > 0], w[w > 0]
        if strata is not None:
            strata = same_length("strata", strata, len(w))[w > 0]
    return _fitted(
        tuple(str(column) for column in frame.columns),
        frame.to_numpy().tobytes(),
        t.tobytes(),
        e.tobytes(),
        None if weights is None else np.asarray(weights, dtype=float).tobytes(),
        None if strata is None else _codes(same_length("strata", strata, len(t))),
        robust,
        by_lifelines,
    )


def _codes(labels: NDArray) -> bytes:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64).tobytes()


@lru_cache(maxsize=1)
def _fitter() -> Any:
    """Return lifelines' Cox model without what it computes once the coefficients are found.

    That, and the central values that only its plots use, takes half of a fit.
    """
    from lifelines.fitters.coxph_fitter import SemiParametricPHFitter

    class CoxModel(SemiParametricPHFitter):
        def _compute_central_values_of_raw_training_data(self, *_: Any, **__: Any) -> None:
            return None

        def _compute_baseline_hazards(self, *_: Any, **__: Any) -> pd.DataFrame:
            return pd.DataFrame()

        def predict_partial_hazard(self, frame: pd.DataFrame, *_: Any, **__: Any) -> pd.Series:
            return pd.Series(np.nan, index=frame.index)

        def _compute_standard_errors(self, *_: Any, **__: Any) -> None:
            return None

        def _compute_confidence_intervals(self, *_: Any, **__: Any) -> None:
            return None

        def _compute_baseline_survival(self, *_: Any, **__: Any) -> None:
            return None

    return CoxModel


@Remembered
def _fitted(
    names: tuple[str, ...],
    values: bytes,
    times: bytes,
    events: bytes,
    weights: bytes | None,
    strata: bytes | None,
    robust: bool,
    by_lifelines: bool,
) -> CoxFit:
    """Fit once what several analyses ask for: a test, a curve and a table of the same model."""
    terms = list(names)
    t, e = np.frombuffer(times), np.frombuffer(events, dtype=np.bool_)
    frame = pd.DataFrame(np.frombuffer(values).reshape(len(t), len(terms)), columns=terms)
    w = None if weights is None else np.frombuffer(weights)
    s = None if strata is None else np.frombuffer(strata, dtype=np.int64)
    method = "Cox, Efron, Wald interval" + (" (robust variance)" if robust else "")
    base: dict[str, Any] = {"terms": terms, "n": len(t), "events": int(e.sum()), "method": method}
    note = _cannot_be_fitted(frame, t, e, s)
    if note:
        return CoxFit(**base, note=note)
    data = _Data(frame.to_numpy(), t, e, w, s)
    null = data.likelihood(np.zeros(len(terms)))
    coefficients = _coefficients(frame, data, null) if by_lifelines else _maximum(data, null)
    reach = np.abs(coefficients * np.ptp(data.x, axis=0)).max()
    if not reach <= SUSPICIOUS:
        reason = _separated(frame, t, e, s)
        if reason:
            return CoxFit(**base, note=reason)
    if not np.isfinite(reach):
        return CoxFit(**base, note=Code.NOT_CONVERGED.say())
    likelihood = data.likelihood(coefficients, null)
    covariance = _covariance(likelihood, null)
    if covariance is None:
        return CoxFit(**base, note=Code.NOT_CONVERGED.say())
    if robust:
        residuals = likelihood.score_residuals() @ covariance
        residuals *= 1 if w is None else w[:, None]
        covariance = residuals.T @ residuals
    return CoxFit(
        **base,
        coefficients=pd.Series(coefficients, index=terms),
        covariance=pd.DataFrame(covariance, index=terms, columns=terms),
        log_likelihood=likelihood.log_likelihood,
        null_log_likelihood=null.log_likelihood,
        _data=data,
    )


def _maximum(data: _Data, null: PartialLikelihood) -> NDArray[np.float64]:
    """Find the maximum by Newton's method from where all coefficients are 0; NaN without one.

    Steps are halved where they would lose.
    """
    there, beta = null, np.zeros(data.x.shape[1])
    for _ in range(MOST_STEPS):
        try:
            step = np.linalg.solve(there.information, there.score)
        except np.linalg.LinAlgError:
            return np.full_like(beta, np.nan)
        gain = float(step @ there.score)
        if not np.isfinite(gain):
            return np.full_like(beta, np.nan)
        size = 1.0
        while True:
            new = data.likelihood(beta + size * step, there)
            loss = there.log_likelihood - new.log_likelihood
            if loss <= ENOUGH + ROUNDING * abs(there.log_likelihood) or size < SMALLEST:
                break
            size /= 2
        beta, there = beta + size * step, new
        # another step would be about this one squared, and change no digit
        if gain < ENOUGH:
            break
    return beta


def _coefficients(frame: pd.DataFrame, data: _Data, null: PartialLikelihood) -> NDArray[np.float64]:
    """Fit by lifelines; NaN where its search is given up.

    It begins where Newton's method ends: at a maximum lifelines has only to find that it is one.
    """
    from lifelines.exceptions import ConvergenceError

    columns = frame.assign(**{"(time)": data.time, "(event)": data.event.astype(int)})
    options: dict[str, Any] = {"batch_mode": True if len(frame) >= MANY else None}
    if data.weights is not None:
        columns["(weight)"] = data.weights
        options["weights_col"] = "(weight)"
    if data.strata is not None:
        columns["(stratum)"] = data.strata
        options["strata"] = ["(stratum)"]
    # lifelines searches on columns of unit variance
    start = _maximum(data, null) * frame.std().to_numpy()
    begin = start if np.isfinite(start).all() else None
    # whole steps of Newton's method may leave the region where the likelihood can be computed
    for step, at in ((1.0, begin), (1.0, None), (0.5, None), (0.1, None)):
        precise = {"precision": 1e-15, "r_precision": 1e-17, "step_size": step}
        precise["max_steps"] = round(100 / step)
        try:
            # what a warning would say is judged at the coefficients themselves
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = _fitter()()
                fitter = model.fit(
                    *(columns, "(time)", "(event)"),
                    fit_options=precise,
                    initial_point=at,
                    **options,
                )
        except (ConvergenceError, np.linalg.LinAlgError):
            continue
        return fitter.params_.reindex(frame.columns).to_numpy(dtype=float)
    return np.full(len(frame.columns), np.nan)


def _covariance(
    likelihood: PartialLikelihood, null: PartialLikelihood
) -> NDArray[np.float64] | None:
    """Return the inverse information; None unless the likelihood is at its maximum.

    There, one step of Newton's method would gain nothing, and nothing was lost against no effect.
    """
    information = likelihood.information
    if not np.all(np.isfinite(information)):
        return None
    try:
        covariance = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return None
    gain = float(likelihood.score @ covariance @ likelihood.score)
    lost = null.log_likelihood - likelihood.log_likelihood
    if not (abs(gain) < CONVERGED and lost < CONVERGED and np.all(np.diag(covariance) > 0)):
        return None
    return np.asarray(covariance)


def events_per_variable(fit: CoxFit) -> Estimate:
    """Return events per term of a model; below 10 its estimates are unstable (Peduzzi 1995)."""
    fields: dict[str, Any] = {"n": fit.n, "events": fit.events, "method": "Events per term"}
    if not fit.terms:
        return unsupported("events_per_variable", Code.NO_TERMS.say(), **fields)
    value = fit.events / len(fit.terms)
    note = None if value >= 10 else Code.OVERFITTED.say()
    return Estimate("events_per_variable", value, note=note, **fields)


def proportional_hazards(fit: CoxFit) -> list[Estimate]:
    """Test proportional hazards by term and globally (Grambsch & Therneau, Biometrika 1994).

    The score test for a coefficient that moves with 1 - KM(t-), as `cox.zph` of R's survival 3,
    with the fit's weights and strata.

    Returns
    -------
    `proportional_hazards` by term, and one with term `GLOBAL`: chi-square, df, P.
    """
    fields: dict[str, Any] = {"n": fit.n, "events": fit.events}
    fields["method"] = "Grambsch-Therneau score test, Kaplan-Meier time"
    names = [*fit.terms, "GLOBAL"]
    data = fit._data
    if data is None:
        note = fit.note or ""
        return [unsupported("proportional_hazards", note, term=n, **fields) for n in names]
    likelihood = data.likelihood(fit.coefficients.to_numpy())
    # time is measured by survival of all patients together, as R does also with strata
    moments, place = np.unique(data.time, return_inverse=True)
    died = np.bincount(place, weights=data.event, minlength=len(moments))
    left = np.bincount(place, minlength=len(moments))
    survival = np.cumprod(1 - died / np.cumsum(left[::-1])[::-1])
    g = 1 - np.append(1.0, survival)[np.searchsorted(moments, likelihood.times)]
    score, informations = g @ likelihood.scores, likelihood.informations()
    schur = np.stack([np.tensordot(g**k, informations, axes=1) for k in (0, 1, 2)])
    p = len(fit.terms)
    try:
        spread = schur[2] - schur[1] @ np.linalg.solve(schur[0], schur[1])
        whole = float(score @ np.linalg.solve(spread, score))
    except np.linalg.LinAlgError:
        whole, spread = float("nan"), np.full((p, p), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics = [*(score**2 / np.diag(spread)), whole]
    degenerate = np.append(
        np.diag(spread) <= 1e-12, np.linalg.matrix_rank(np.nan_to_num(spread)) < p
    )
    return [
        unsupported("proportional_hazards", Code.TOO_FEW_EVENT_TIMES.say(), term=name, **fields)
        if few or not np.isfinite(statistic)
        else Estimate(
            "proportional_hazards",
            float(statistic),
            df=df,
            p_value=float(chi2.sf(statistic, df)),
            term=name,
            **fields,
        )
        for name, statistic, df, few in zip(
            names, statistics, [1] * p + [p], degenerate, strict=True
        )
    ]


def interaction(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    high: ArrayLike,
    adjust: pd.DataFrame | None = None,
    strata: ArrayLike | None = None,
) -> list[Estimate]:
    """Test whether the marker predicts the treatment's effect on the hazard.

    Parameters
    ----------
    time, event
        Shape (n,).
    arm, high
        Shape (n,), 1 or 0: experimental arm, high marker.
    adjust
        Shape (n, p), optional covariates of both models.
    strata
        Shape (n,), optional: each stratum has its own baseline hazard.

    Returns
    -------
    `ratio_of_hazard_ratios` (treatment's hazard ratio in high over that in low; Wald interval) and
    `ratio_of_hazard_ratios_profile` (interval by profile likelihood), both with likelihood-ratio P;
    `interaction_wald`, and the treatment's `hazard_ratio` in each
    group with the full covariance matrix.
    """
    t, e = samples(time, event)
    a = same_length("arm", arm, len(t)).astype(float)
    h = same_length("high", high, len(t)).astype(float)
    main = pd.DataFrame({"arm": a, "high": h})
    if adjust is not None:
        main = pd.concat([main, adjust.reset_index(drop=True)], axis=1)
    smaller, larger = (
        cox(design, t, e, strata=strata, by_lifelines=strata is None)
        for design in (main, main.assign(**{"arm:high": a * h}))
    )
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum())}
    words = "Cox, Efron, treatment-by-marker product" + ("" if strata is None else ", stratified")
    note = _cell_without_events(a, h, e) or larger.note or smaller.note
    names = ["ARM[experimental] | high", "ARM[experimental] | low"]
    if note:
        fields["method"] = words
        return [
            unsupported("ratio_of_hazard_ratios", note, **fields),
            unsupported("ratio_of_hazard_ratios_profile", note, **fields),
            unsupported("interaction_wald", note, **fields),
            *(unsupported("hazard_ratio", note, term=name, **fields) for name in names),
        ]
    wald, product = larger.combination({"arm:high": 1.0}), larger.profile("arm:high")
    statistic = max(0.0, 2 * (larger.log_likelihood - smaller.log_likelihood))
    log_ratio, error = float(np.log(product.estimate or 1)), wald.std_error or 1.0
    return [
        wald.but(
            statistic="ratio_of_hazard_ratios",
            df=1,
            p_value=float(chi2.sf(statistic, 1)),
            method=f"{words}; Wald interval, likelihood-ratio P",
        ),
        product.but(
            statistic="ratio_of_hazard_ratios_profile",
            df=1,
            p_value=float(chi2.sf(statistic, 1)),
            method=f"{words}; profile interval, likelihood-ratio P",
        ),
        Estimate(
            "interaction_wald",
            (log_ratio / error) ** 2,
            df=1,
            p_value=wald.p_value,
            method=f"{words}; Wald test",
            **fields,
        ),
        larger.combination({"arm": 1.0, "arm:high": 1.0}).but(term=names[0], method=words),
        larger.combination({"arm": 1.0}).but(term=names[1], method=words),
    ]


def _cell_without_events(arm: NDArray, high: NDArray, event: NDArray) -> str | None:
    for a, arm_name in ((1, "experimental"), (0, "control")):
        for h, group in ((1, "high"), (0, "low")):
            chosen = (arm == a) & (high == h)
            if not chosen.any():
                return Code.NO_PATIENTS_IN_GROUP.say(group=f"{arm_name}/{group}")
            if not event[chosen].any():
                return Code.NO_EVENTS_IN_GROUP.say(group=f"{arm_name}/{group}")
    return None


def no_maximum(design: pd.DataFrame, time: NDArray, event: NDArray) -> str | None:
    """Say why the partial likelihood of a Cox model has no maximum; None where it has one.

    Also for a subdistribution, where who had a competing event stays at risk for ever.
    """
    return _cannot_be_fitted(design, time, event, None) or _separated(design, time, event)


def _cannot_be_fitted(
    design: pd.DataFrame, time: NDArray, event: NDArray, strata: NDArray | None
) -> str | None:
    if not len(time):
        return Code.NO_PATIENTS.say()
    if not event.any():
        return Code.NO_EVENTS.say()
    if design.shape[1] == 0:
        return Code.NO_TERMS.say()
    x = design.to_numpy(dtype=float)
    still = [str(name) for name, column in zip(design, x.T, strict=True) if np.ptp(column) == 0]
    if still:
        return Code.DOES_NOT_VARY.say(name=", ".join(still))
    if are_all_at_once(time, event, strata):
        return Code.EVENTS_ALL_AT_ONCE.say()
    # who leaves before the first event (of the stratum) has no part in the likelihood
    if strata is None:
        inside = x[time >= time[event].min()]
        centred = inside - inside.mean(axis=0)
    else:
        of = pd.Series(np.where(event, time, np.inf)).groupby(strata)
        is_inside = time >= of.transform("min").to_numpy()
        left = pd.DataFrame(x[is_inside])
        centred = (left - left.groupby(strata[is_inside]).transform("mean")).to_numpy()
    if np.linalg.matrix_rank(centred / x.std(axis=0, ddof=1), tol=1e-8) < design.shape[1]:
        return Code.COLLINEAR.say()
    return None


def _separated(
    design: pd.DataFrame, time: NDArray, event: NDArray, strata: NDArray | None = None
) -> str | None:
    """Say whether the likelihood is monotone (Bryson & Johnson, Technometrics 1981).

    It is where some direction ranks each failing patient highest (ties allowed) of all at risk, and
    strictly above somebody once: a linear programme. Who fails is compared with who fails next and
    with who is censored until then; all other pairs follow from these, so there is one a patient.
    """
    from scipy.optimize import linprog

    x = ((design - design.mean()) / design.std()).to_numpy()
    labels = np.zeros(len(time)) if strata is None else strata
    pairs = np.concatenate(
        [
            _ranked_pairs(x[labels == label], time[labels == label], event[labels == label])
            for label in np.unique(labels)
        ]
    )
    pairs = np.unique(np.round(pairs[np.any(pairs != 0, axis=1)], 10), axis=0)
    if not len(pairs):
        return Code.NO_EVENT_OF_DIFFERENT_PATIENTS.say()
    answer = linprog(
        -pairs.sum(0), A_ub=-pairs, b_ub=np.zeros(len(pairs)), bounds=[(-1, 1)] * x.shape[1]
    )
    if answer.success and -answer.fun > 1e-7:
        guilty = [str(c) for c, v in zip(design, answer.x, strict=True) if abs(v) > 1e-7]
        return Code.SEPARATION.say(terms=", ".join(guilty))
    return None


def _ranked_pairs(x: NDArray, time: NDArray, event: NDArray) -> NDArray:
    """Differences of who fails to who fails next, and to who is censored until then."""
    # those who fail at a time come before those who are censored at it
    order = np.lexsort((~event, time))
    x, time, event = x[order], time[order], event[order]
    failing = np.flatnonzero(event)
    last = np.cumsum(event) - 1
    censored = np.flatnonzero(~event & (last >= 0))
    tied = np.flatnonzero(np.diff(time[failing]) == 0)
    return np.concatenate(
        [
            x[failing[:-1]] - x[failing[1:]],
            # of those who fail together each must rank highest
            x[failing[tied + 1]] - x[failing[tied]],
            x[failing[last[censored]]] - x[censored],
        ]
    )
