"""What a site gives of its patients to a network: sums, each of them over many.

Belongs here: the numbers of a pack, from arrays. Does not belong here: which of them may leave
(`privacy.site_packs` says), how they are put together (`combine`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.analysis.cohort import ARM_TERM, Cohort
from il6_platform.privacy import site_packs as limits
from il6_platform.statistics.arrays import Bools, Floats
from il6_platform.statistics.continuous import LOG2
from il6_platform.statistics.partial_likelihood import PartialLikelihood
from il6_platform.statistics.risk_sets import RiskSets, RiskTable
from il6_platform.statistics.sites import SiteRiskSets
from il6_platform.study import Study

FORMAT = 1
"""Version of a pack's layout."""

GRID = tuple(float(month) for month in range(0, 121, 3))
"""Months at which numbers at risk are given."""

LOG_RATIOS = tuple(np.round(np.arange(-3, 3.01, 0.1), 10).tolist())
"""Log hazard ratios at which the likelihood is given."""

PRODUCT = f"{ARM_TERM}:{LOG2}"
MODELS: dict[str, tuple[str, ...]] = {
    "arm": (ARM_TERM,),
    "marker": (LOG2,),
    "interaction": (ARM_TERM, LOG2, PRODUCT),
}
"""Model -> its terms, where the study adds none; `multivariable` is arm, marker and covariates."""


@dataclass(frozen=True)
class Request:
    """What a network asks of its sites.

    Attributes
    ----------
    round
        0 asks for counts and for sums without an effect; each later one for sums at coefficients.
    terms
        Terms of the multivariable model, of all sites together.
    cutoffs
        Candidate cut-offs of the marker.
    coefficients
        Endpoint -> model -> coefficients.
    """

    round: int = 0
    terms: tuple[str, ...] = ()
    cutoffs: tuple[float, ...] = ()
    coefficients: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def at(self, endpoint: str, model: str, terms: int) -> list[float]:
        """Return the coefficients of a model, zeros where none are asked for."""
        return self.coefficients.get(endpoint, {}).get(model) or [0.0] * terms


@dataclass(frozen=True)
class SiteData:
    """The patients of a site as arrays.

    Attributes
    ----------
    times, events
        Endpoint -> shape (n,); a time that is not known is NaN.
    design
        One column a term: arm, log2 of the marker, their product, covariates; NaN is missing.
    marker
        Shape (n,), in the study's unit.
    strata
        Shape (n,): sites within the home, which have their own baseline hazards.
    cutoff
        The site's own cut-off.
    references
        Category -> the study's reference of it, or None. The design has every level, because the
        reference must be one of all sites, and a site may have nobody of it.
    """

    times: dict[str, Floats]
    events: dict[str, Bools]
    design: pd.DataFrame
    marker: Floats
    strata: NDArray[Any]
    cutoff: float | None = None
    references: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, cohort: Cohort, study: Study, cutoff: float | None) -> SiteData:
        """Take from a cohort what a pack is made of."""
        marker = cohort.patients["MARKER"].to_numpy(dtype=float)
        arm = cohort.group("experimental").astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            doubled = np.where(marker > 0, np.log2(marker), np.nan)
        columns = [pd.DataFrame({ARM_TERM: arm, LOG2: doubled, PRODUCT: arm * doubled})]
        categories = [item for item in study.covariates if item.kind == "category"]
        columns += [
            cohort.indicators(item, cohort.levels(item))
            if item in categories
            else cohort.design(item)
            for item in study.covariates
        ]
        known = {name: cohort.survival(name) for name in study.endpoints}
        return cls(
            {name: time for name, (time, _) in known.items()},
            {name: event for name, (_, event) in known.items()},
            pd.concat([one.reset_index(drop=True) for one in columns], axis=1),
            marker,
            cohort.patients["SITEID"].fillna("").to_numpy(),
            cutoff,
            {item.name: item.reference for item in categories},
        )

    @property
    def arm(self) -> Bools:
        """Shape (n,): who is in the experimental arm."""
        return self.design[ARM_TERM].to_numpy(dtype=float) == 1

    @property
    def covariates(self) -> list[str]:
        """The terms of covariates, every level of a category among them."""
        return [name for name in self.design if name not in (ARM_TERM, LOG2, PRODUCT)]


def site_pack(data: SiteData, request: Request, least: int) -> dict[str, Any]:
    """Make the numbers of a site's pack.

    Parameters
    ----------
    data
        The patients.
    request
        What is asked.
    least
        Patients behind a number at least; what rests on fewer is withheld, and why is said.

    Returns
    -------
    Numbers and texts that JSON can hold: `terms`, `marker`, `endpoints`, `withheld`.
    """
    withheld: list[str] = []
    n = len(data.marker)
    pack: dict[str, Any] = {
        "format": FORMAT,
        "round": request.round,
        "minimal_cell": least,
        "n": n if n >= least else None,
        "terms": data.covariates,
        "references": data.references,
        "marker": _marker(data, least),
        "endpoints": {
            endpoint: _endpoint(data, endpoint, request, least, withheld) for endpoint in data.times
        },
        "withheld": withheld,
    }
    return pack


def _marker(data: SiteData, least: int) -> dict[str, Any]:
    """Give deciles that many patients lie between, and the own cut-off, to three digits."""
    shares = [share for share in np.arange(0.1, 0.91, 0.1) if 0.1 * len(data.marker) >= least]
    deciles = [_rounded(value) for value in np.quantile(data.marker, shares)] if shares else []
    own = None if data.cutoff is None else _rounded(data.cutoff)
    if own is not None and not limits.kept_cutoffs(data.marker, [own], least)[0]:
        own = None
    return {"deciles": deciles, "cutoff": own}


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _endpoint(
    data: SiteData, endpoint: str, request: Request, least: int, withheld: list[str]
) -> dict[str, Any]:
    time, event = data.times[endpoint], data.events[endpoint]
    has = np.isfinite(time)
    given: dict[str, Any] = {"models": {}}
    models = {**MODELS, "multivariable": (ARM_TERM, LOG2, *request.terms)}
    for model, terms in models.items():
        if model == "multivariable" and not request.terms:
            continue
        x = data.design.reindex(columns=list(terms), fill_value=0.0).to_numpy(dtype=float)
        inside = has & np.isfinite(x).all(axis=1)
        made = _model(
            x[inside],
            time[inside],
            event[inside],
            data.strata[inside],
            request.at(endpoint, model, len(terms)),
            least,
        )
        if isinstance(made, str):
            withheld.append(f"{endpoint}, model {model}: {made}")
        else:
            given["models"][model] = {"terms": list(terms), **made}
    if "arm" not in given["models"]:
        return given
    t, e, arm = time[has], event[has], data.arm[has]
    strata = np.unique(data.strata[has], return_inverse=True)[1]
    given |= {"n": len(t), "events": int(e.sum()), "arms": _counts(e, arm)}
    given |= _comparison(t, e, arm, strata)
    given["risk_sets"] = _risk_sets(t, e, arm, least)
    if request.cutoffs:
        given["cutoffs"] = _cutoffs(data.marker[has], t, e, strata, request.cutoffs, least)
    return given


def _counts(event: Bools, arm: Bools) -> dict[str, dict[str, int]]:
    groups = {"experimental": arm, "control": ~arm}
    return {
        name: {"n": int(inside.sum()), "events": int(event[inside].sum())}
        for name, inside in groups.items()
    }


def _model(
    x: Floats, time: Floats, event: Bools, strata: NDArray[Any], beta: list[float], least: int
) -> dict[str, Any] | str:
    """Return a model's sums at coefficients, or why they are withheld."""
    reason = limits.few_behind(x, event, least)
    if reason:
        return reason
    if limits.singles_out(x, beta):
        return "the coefficients asked for would single out a few patients"
    sums = PartialLikelihood(x, time, event, beta, strata=strata)
    return {
        "n": len(time),
        "events": int(event.sum()),
        "at": [float(value) for value in beta],
        "log_likelihood": sums.log_likelihood,
        "score": sums.score.tolist(),
        "information": sums.information.tolist(),
    }


def _comparison(
    time: Floats, event: Bools, arm: Bools, strata: NDArray[np.int64]
) -> dict[str, Any]:
    """Give the log-rank sums of the arms, the site's own hazard ratio, and its likelihood."""
    sites = int(strata.max()) + 1
    sets = SiteRiskSets(RiskTable.of(time, event, arm, strata), sites)
    ((log_ratio,), (error,)) = sets.fit(np.ones((1, sites), dtype=bool))
    curve = sets.likelihood(LOG_RATIOS)[0].sum(axis=1)
    observed, variance = _log_rank(arm[None], time, event, strata)
    return {
        "log_rank": {
            "observed_minus_expected": float(observed[0]),
            "variance": float(variance[0, 0]),
        },
        "own": {
            "log_hazard_ratio": float(log_ratio) if np.isfinite(log_ratio) else None,
            "std_error": float(error) if np.isfinite(error) else None,
        },
        "likelihood": {
            "log_hazard_ratio": list(LOG_RATIOS),
            # more digits would tell one risk set from another
            "log_likelihood": np.round(curve - curve.max(), 3).tolist(),
        },
    }


def _log_rank(
    high: Bools, time: Floats, event: Bools, strata: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return observed minus expected events of nested groups, and their covariance."""
    m = len(high)
    excess, covariance = np.zeros(m), np.zeros((m, m))
    for stratum in np.unique(strata):
        inside = strata == stratum
        sets = RiskSets(time[inside], event[inside])
        one, both = sets.nested_excesses(high[:, inside])
        excess += one
        covariance += both
    return excess, covariance


def _cutoffs(
    marker: Floats,
    time: Floats,
    event: Bools,
    strata: NDArray[np.int64],
    cutoffs: tuple[float, ...],
    least: int,
) -> dict[str, Any]:
    """Give the log-rank sums at the candidate cut-offs that may be shared."""
    kept = limits.kept_cutoffs(marker, cutoffs, least)
    chosen = [cutoff for cutoff, keep in zip(cutoffs, kept, strict=True) if keep]
    chosen = sorted(chosen)
    high = np.array([marker >= cutoff for cutoff in chosen]).reshape(len(chosen), len(marker))
    excess, covariance = _log_rank(high, time, event, strata)
    return {
        "at": chosen,
        "n_high": high.sum(axis=1).tolist(),
        "observed_minus_expected": excess.tolist(),
        "covariance": covariance.tolist(),
    }


def _risk_sets(time: Floats, event: Bools, arm: Bools, least: int) -> list[dict[str, Any]]:
    """Give patients at risk and events up to each month of the grid that may be shared."""
    groups = [(arm, event), (arm, ~event), (~arm, event), (~arm, ~event)]
    left = np.array(
        [[int(np.sum(inside & how & (time <= month))) for inside, how in groups] for month in GRID]
    )
    rows = []
    for place in limits.kept_times(left, least):
        gone = left[place]
        rows.append(
            {
                "month": GRID[place],
                "experimental": {"left": int(gone[:2].sum()), "events": int(gone[0])},
                "control": {"left": int(gone[2:].sum()), "events": int(gone[2])},
            }
        )
    return rows
