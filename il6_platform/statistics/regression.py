"""Proportional hazards regression: fits, their assumption, and treatment-by-marker interaction.

Belongs here: Cox models by lifelines with Efron's ties, and what must be said of a fit. Does not
belong here: penalised fits (`small_sample`), what goes into a model (that is the analysis).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm

from il6_platform.statistics._check import same_length, samples
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported

SUSPICIOUS = 6.0
"""Log hazard ratio over a covariate's whole range from which separation is looked for."""


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
    _design: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    _time: NDArray = field(default_factory=lambda: np.empty(0), repr=False)
    _event: NDArray = field(default_factory=lambda: np.empty(0), repr=False)

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
        return Estimate(
            "hazard_ratio",
            float(np.exp(log_ratio)),
            float(np.exp(log_ratio - Z * error)),
            float(np.exp(log_ratio + Z * error)),
            error,
            p_value=float(2 * norm.sf(abs(log_ratio) / error)),
            **fields,
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

        Its standard error is the infinitesimal jackknife's (Therneau & Atkinson, vignette on
        concordance of R's survival, 2023), its limits are clipped to [0, 1].
        """
        fields: dict[str, Any] = {"n": self.n, "events": self.events}
        fields["method"] = "Harrell's C, apparent (on the data of the fit), jackknife interval"
        if self.note:
            return unsupported("concordance", self.note, **fields)
        from lifelines.utils import concordance_index

        risk = self._design.to_numpy() @ self.coefficients.to_numpy()
        try:
            value = float(concordance_index(self._time, -risk, self._event))
        except ZeroDivisionError:
            return unsupported("concordance", Code.NO_PAIR.say(), **fields)
        error = _concordance_error(risk, self._time, self._event.astype(bool), value)
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
) -> CoxFit:
    """Fit a Cox model (1972) with Efron's ties (1977) by lifelines.

    Parameters
    ----------
    design
        Shape (n, p), numeric columns named after their terms; no missing values.
    time, event
        Shape (n,): time >= 0, event 1 or 0.
    weights
        Shape (n,), case weights >= 0; with `robust` a Lin-Wei sandwich variance.
    strata
        Shape (n,): each stratum has its own baseline hazard.

    Returns
    -------
    CoxFit
        With a note in place of numbers where there are no events, a column does not vary or
        depends on the others, or the likelihood has no maximum (separation).

    Raises
    ------
    ValueError
        On unequal lengths or missing values.
    """
    t, e = samples(time, event)
    frame = design.reset_index(drop=True).astype(float)
    same_length("design", frame, len(t))
    if frame.isna().to_numpy().any():
        raise ValueError("design has missing values; leave incomplete patients out first.")
    return _fitted(
        tuple(str(column) for column in frame.columns),
        frame.to_numpy().tobytes(),
        t.tobytes(),
        e.tobytes(),
        None
        if weights is None
        else same_length("weights", weights, len(t)).astype(float).tobytes(),
        None if strata is None else _codes(same_length("strata", strata, len(t))),
        robust,
    )


def _codes(labels: NDArray) -> bytes:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64).tobytes()


@lru_cache(maxsize=1)
def _fitter() -> Any:
    """Return lifelines' Cox model without the central values that only its plots use.

    They take a quarter of a fit, and a refresh fits a hundred models.
    """
    from lifelines.fitters.coxph_fitter import SemiParametricPHFitter

    class CoxModel(SemiParametricPHFitter):
        def _compute_central_values_of_raw_training_data(self, *_: Any, **__: Any) -> None:
            return None

    return CoxModel


@lru_cache(maxsize=256)
def _fitted(
    names: tuple[str, ...],
    values: bytes,
    times: bytes,
    events: bytes,
    weights: bytes | None,
    strata: bytes | None,
    robust: bool,
) -> CoxFit:
    """Fit once what several analyses ask for: a test, a curve and a table of the same model."""
    terms = list(names)
    t, e = np.frombuffer(times), np.frombuffer(events, dtype=np.bool_)
    frame = pd.DataFrame(np.frombuffer(values).reshape(len(t), len(terms)), columns=terms)
    method = "Cox, Efron, Wald interval" + (" (robust variance)" if robust else "")
    base: dict[str, Any] = {"terms": terms, "n": len(t), "events": int(e.sum()), "method": method}
    note = _cannot_be_fitted(frame, t, e)
    if note:
        return CoxFit(**base, note=note)
    from lifelines.exceptions import ConvergenceError

    data = frame.assign(**{"(time)": t, "(event)": e.astype(int)})
    options: dict[str, Any] = {"robust": robust}
    if weights is not None:
        data["(weight)"] = np.frombuffer(weights)
        options["weights_col"] = "(weight)"
    if strata is not None:
        data["(stratum)"] = np.frombuffer(strata, dtype=np.int64)
        options["strata"] = ["(stratum)"]
    precise = {"precision": 1e-15, "r_precision": 1e-17, "step_size": 1.0, "max_steps": 100}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitter = _fitter()().fit(data, "(time)", "(event)", fit_options=precise, **options)
    except (ConvergenceError, np.linalg.LinAlgError):
        note = _separated(frame, t, e) or Code.NO_MAXIMUM_FOUND.say()
        return CoxFit(**base, note=note)
    coefficients = fitter.params_.reindex(terms)
    reach = (coefficients * (frame.max() - frame.min())).abs().max()
    if not np.isfinite(reach) or reach > SUSPICIOUS:
        reason = _separated(frame, t, e)
        if reason or not np.isfinite(reach):
            return CoxFit(**base, note=reason or Code.NO_MAXIMUM.say())
    covariance = fitter.variance_matrix_.copy()
    covariance.index, covariance.columns = fitter.params_.index, fitter.params_.index
    if robust:
        errors = fitter.standard_errors_.reindex(terms).to_numpy()
        model = np.sqrt(np.diag(covariance.loc[terms, terms]))
        covariance = covariance.loc[terms, terms] * np.outer(errors / model, errors / model)
    likelihood = float(fitter.log_likelihood_)
    return CoxFit(
        **base,
        coefficients=coefficients,
        covariance=covariance.loc[terms, terms],
        log_likelihood=likelihood,
        null_log_likelihood=likelihood
        - float(fitter.log_likelihood_ratio_test().test_statistic) / 2,
        _design=frame,
        _time=t,
        _event=e,
    )


def _concordance_error(
    risk: NDArray, time: NDArray, event: NDArray[np.bool_], value: float
) -> float:
    """Infinitesimal jackknife: what each patient's weight would move C by, root sum of squares."""
    gained, compared = np.zeros(len(time)), np.zeros(len(time))
    rows = max(1, 4_000_000 // max(len(time), 1))
    for start in range(0, len(time), rows):
        part = slice(start, start + rows)
        # the first of a pair fails while the second is still followed, or is censored just then
        pair = event[part, None] & (
            (time[part, None] < time) | ((time[part, None] == time) & ~event)
        )
        score = pair * (0.5 + 0.5 * np.sign(risk[part, None] - risk))
        gained[part] += score.sum(axis=1)
        compared[part] += pair.sum(axis=1)
        gained += score.sum(axis=0)
        compared += pair.sum(axis=0)
    return float(np.sqrt(np.sum((gained - value * compared) ** 2)) / (compared.sum() / 2))


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

    The score test for a coefficient that moves with 1 - KM(t-), as `cox.zph` of R's survival 3.

    Returns
    -------
    `proportional_hazards` by term, and one with term `GLOBAL`: chi-square, df, P.
    """
    fields: dict[str, Any] = {"n": fit.n, "events": fit.events}
    fields["method"] = "Grambsch-Therneau score test, Kaplan-Meier time"
    names = [*fit.terms, "GLOBAL"]
    if fit.note:
        return [unsupported("proportional_hazards", fit.note, term=n, **fields) for n in names]
    x, t, e = fit._design.to_numpy(), fit._time, fit._event
    risk = np.exp((x - x.mean(0)) @ fit.coefficients.to_numpy())
    p, score, schur = x.shape[1], np.zeros(x.shape[1]), np.zeros((3, x.shape[1], x.shape[1]))
    survival = 1.0
    for moment in np.unique(t[e]):
        there, dying = t >= moment, (t == moment) & e
        d, g = int(dying.sum()), 1 - survival
        survival *= 1 - d / there.sum()
        for k in range(d):
            w = np.where(dying, risk * (1 - k / d), risk) * there
            w = w / w.sum()
            mean = w @ x
            centred = x - mean
            information = (centred * w[:, None]).T @ centred
            score += g * (x[dying].mean(0) - mean)
            schur += np.array([1, g, g * g])[:, None, None] * information
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

    Returns
    -------
    `ratio_of_hazard_ratios` (treatment's hazard ratio in high over that in low; Wald interval,
    likelihood-ratio P), `interaction_wald`, and the treatment's `hazard_ratio` in each group with
    the full covariance matrix.
    """
    t, e = samples(time, event)
    a = same_length("arm", arm, len(t)).astype(float)
    h = same_length("high", high, len(t)).astype(float)
    main = pd.DataFrame({"arm": a, "high": h})
    if adjust is not None:
        main = pd.concat([main, adjust.reset_index(drop=True)], axis=1)
    smaller, larger = cox(main, t, e), cox(main.assign(**{"arm:high": a * h}), t, e)
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum())}
    words = "Cox, Efron, treatment-by-marker product"
    note = _cell_without_events(a, h, e) or larger.note or smaller.note
    names = ["ARM[experimental] | high", "ARM[experimental] | low"]
    if note:
        fields["method"] = words
        return [
            unsupported("ratio_of_hazard_ratios", note, **fields),
            unsupported("interaction_wald", note, **fields),
            *(unsupported("hazard_ratio", note, term=name, **fields) for name in names),
        ]
    product = larger.combination({"arm:high": 1.0})
    statistic = max(0.0, 2 * (larger.log_likelihood - smaller.log_likelihood))
    log_ratio, error = float(np.log(product.estimate or 1)), product.std_error or 1.0
    return [
        product.but(
            statistic="ratio_of_hazard_ratios",
            df=1,
            p_value=float(chi2.sf(statistic, 1)),
            method=f"{words}; Wald interval, likelihood-ratio P",
        ),
        Estimate(
            "interaction_wald",
            (log_ratio / error) ** 2,
            df=1,
            p_value=product.p_value,
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


def _cannot_be_fitted(design: pd.DataFrame, time: NDArray, event: NDArray) -> str | None:
    if not len(time):
        return Code.NO_PATIENTS.say()
    if not event.any():
        return Code.NO_EVENTS.say()
    if design.shape[1] == 0:
        return Code.NO_TERMS.say()
    still = [str(column) for column in design if design[column].nunique() < 2]
    if still:
        return Code.DOES_NOT_VARY.say(name=", ".join(still))
    # who leaves before the first event has no part in the likelihood
    inside = design[time >= time[event].min()]
    scaled = (inside - inside.mean()) / design.std()
    if np.linalg.matrix_rank(scaled.to_numpy(), tol=1e-8) < design.shape[1]:
        return Code.COLLINEAR.say()
    return None


def _separated(design: pd.DataFrame, time: NDArray, event: NDArray) -> str | None:
    """Say whether the likelihood is monotone (Bryson & Johnson, Technometrics 1981).

    It is where some direction ranks each failing patient highest (ties allowed) of all at risk, and
    strictly above somebody once: a linear programme. Who fails is compared with who fails next and
    with who is censored until then; all other pairs follow from these, so there is one a patient.
    """
    from scipy.optimize import linprog

    x = ((design - design.mean()) / design.std()).to_numpy()
    # those who fail at a time come before those who are censored at it
    order = np.lexsort((~event, time))
    x, time, event = x[order], time[order], event[order]
    failing = np.flatnonzero(event)
    last = np.cumsum(event) - 1
    censored = np.flatnonzero(~event & (last >= 0))
    tied = np.flatnonzero(np.diff(time[failing]) == 0)
    pairs = np.concatenate(
        [
            x[failing[:-1]] - x[failing[1:]],
            # of those who fail together each must rank highest
            x[failing[tied + 1]] - x[failing[tied]],
            x[failing[last[censored]]] - x[censored],
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
