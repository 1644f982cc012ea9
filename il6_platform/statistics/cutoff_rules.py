"""Rules that find a cut-off in the data, run on one sample or on thousands of resamples at once.

Belongs here: the rules (Youden's index, also weighted for censoring; maximally selected log-rank
scores; the largest interaction with the treatment), which cut-offs are admissible, the weighting
of censored patients in an outcome by a given time, and the search on resamples that are given as
weights or as permutations. Does not belong here: what the resamples say of a rule
(`cutoff_validation`, `interaction_selection`), ROC curves with their intervals (`roc`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from il6_platform.statistics._check import not_censored, samples
from il6_platform.statistics.arrays import Bools, Floats, Ints
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.maximal_selection import check_proportions, profiles
from il6_platform.statistics.risk_sets import (
    RiskSets,
    log_rank_scores,
    marker_array,
)

__all__ = ["Rule", "ipcw_weights", "weighted_roc", "weighted_youden"]

METHODS = {
    "youden": "Youden's index",
    "youden_ipcw": "Youden's index, inverse probability of censoring weights",
    "maxstat": "maximally selected log-rank scores",
    "interaction": "largest interaction with the treatment",
}
"""Rules that find a cut-off."""

NO_CUTOFF = Code.NO_CUTOFF.say()

ROUNDING = 1e-9
"""Below which an area does not differ from a half."""

GRID = 200
"""Cut-offs at which an interaction is sought: all admissible ones, or so many, even in rank."""


def smallest_group(n: int, min_share: float, min_patients: int) -> int:
    """Return how many patients a cut-off must leave on either side of n patients.

    Raises
    ------
    ValueError
        Unless 0 <= min_share < 0.5 and min_patients >= 1.
    """
    if not 0 <= min_share < 0.5:
        raise ValueError(f"min_share must be 0 or more and below 0.5, not {min_share}.")
    if min_patients < 1:
        raise ValueError(f"min_patients must be 1 or more, not {min_patients}.")
    # a share of a whole number of patients is not one more by rounding
    return max(min_patients, math.ceil(min_share * n - 1e-9))


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule that finds a cut-off; the lowest observed value wins a tie.

    Attributes
    ----------
    method
        `youden`: largest Youden index for `outcome`. `youden_ipcw`: the same for an event by time
        `by`, censored patients weighted (`ipcw_weights`, anew in every resample). `maxstat`:
        maximally selected log-rank scores. `interaction`: largest likelihood ratio of the product
        of `arm` and being high, in a Cox model with both (Efron's ties).
    outcome
        Shape (n,), for `youden`: 1 case, 0 control, NaN left out.
    by
        For `youden_ipcw`: the time, in the unit of the data.
    competing
        Shape (n,), optional, for `youden_ipcw`: as in `ipcw_weights`.
    higher
        For both: cases have the higher markers; None: the direction in which the area under the
        ROC curve is 0.5 or more, chosen anew in every resample. High is marker >= cut-off in any
        case.
    min_prop, max_prop
        For `maxstat`: limits of the proportion of patients in the low group.
    min_share, min_patients
        For every method: an admissible cut-off leaves so large a proportion of the patients, and so
        many of them, on either side. Whose outcome is unknown counts too.
    arm
        Shape (n,), for `interaction`: 1 experimental, 0 control.

    Raises
    ------
    ValueError
        On an unknown method, or one without what it needs.
    """

    method: str
    outcome: ArrayLike | None = None
    by: float | None = None
    competing: ArrayLike | None = None
    higher: bool | None = True
    min_prop: float = 0.1
    max_prop: float = 0.9
    min_share: float = 0.0
    min_patients: int = 1
    arm: ArrayLike | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"Unknown method {self.method!r}: use one of {', '.join(METHODS)}.")
        if (self.outcome is None) == (self.method == "youden"):
            raise ValueError("outcome goes with method youden, and method youden needs it.")
        if (self.by is None) == (self.method == "youden_ipcw"):
            raise ValueError("by goes with method youden_ipcw, and method youden_ipcw needs it.")
        if (self.arm is None) == (self.method == "interaction"):
            raise ValueError("arm goes with method interaction, and method interaction needs it.")
        check_proportions(self.min_prop, self.max_prop)
        smallest_group(0, self.min_share, self.min_patients)

    @property
    def words(self) -> str:
        """Name of the rule in a sentence."""
        return METHODS[self.method]


def ipcw_weights(
    time: ArrayLike, event: ArrayLike, by: float, competing: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Inverse-probability-of-censoring weights of cases and controls of an event by a given time.

    A case (event at t <= by) weighs 1 / G(t-), a control (time > by) 1 / G(by), who is censored by
    then 0; G is the Kaplan-Meier estimate of remaining uncensored, events leaving before censorings
    of the same time (Uno et al., JASA 2007; Blanche, Dartigues & Jacqmin-Gadda, Stat Med 2013).
    All weights sum to n, and the cases' share is 1 - Kaplan-Meier at `by`. Who had a competing
    event by then is neither, and not censored: the cases' sum is n times Aalen and Johansen's
    incidence.

    Parameters
    ----------
    time, event
        Shape (n,); no missing values.
    by
        Time, in the unit of the data.
    competing
        Shape (n,), optional: whose time ended with an event that makes the other one impossible.

    Returns
    -------
    Weights as cases and as controls, each of shape (n,).

    Raises
    ------
    ValueError
        On different lengths, negative or missing times, or events other than 0 and 1.
    """
    times, events = samples(time, event)
    ended = not_censored(events, competing)
    case, control = censoring_weights(times, events, ended, by, np.ones((1, len(times))))
    return case[0], control[0]


def censoring_weights(
    times: Floats, events: Bools, ended: Bools, by: float, w: Floats
) -> tuple[Floats, Floats]:
    """Weights of one patient drawn; w (resamples, n) says how often each was drawn."""
    order = np.argsort(times, kind="stable")
    distinct, starts = np.unique(times[order], return_index=True)
    sorted_w = np.take(w, order, axis=1)
    left = dead = np.zeros((len(w), 0))
    if len(starts):
        left = np.add.reduceat(sorted_w, starts, axis=1)
        dead = np.add.reduceat(sorted_w * ended[order], starts, axis=1)
    at_risk = np.cumsum(left[:, ::-1], axis=1)[:, ::-1]
    hazard = (left - dead) / np.maximum(at_risk - dead, 1)
    free = np.cumprod(np.concatenate([np.ones((len(w), 1)), 1 - hazard], axis=1), axis=1)
    before = np.take(free, np.searchsorted(distinct, times), axis=1)
    through = free[:, [np.searchsorted(distinct, by, side="right")]]
    is_case = events & (times <= by) & (w > 0)
    is_control = (times > by) & (w > 0)
    case, control = np.zeros(w.shape), np.zeros(w.shape)
    np.divide(1.0, before, out=case, where=is_case)
    np.divide(1.0, through, out=control, where=is_control)
    return case, control


def weighted_youden(
    marker: ArrayLike,
    case: ArrayLike,
    control: ArrayLike,
    *,
    higher: bool = True,
    min_share: float = 0.0,
    min_patients: int = 1,
) -> list[Estimate]:
    """Cut-off with the largest Youden index where patients weigh as cases and as controls.

    Parameters
    ----------
    marker, case, control
        Shape (n,): markers, and weights of 0 or more, as of `ipcw_weights`.
    higher
        Cases have the higher markers.
    min_share, min_patients
        As in `Rule`.

    Returns
    -------
    `cutoff`, `youden`, `sensitivity`, `specificity` and `auc`; sensitivity is of being high
    (marker >= cut-off), or of being low where not `higher`. Without cases, controls or variation
    among them each is missing, with a note. A note says where no cut-off does better than chance.

    Raises
    ------
    ValueError
        On different lengths, missing markers, or weights that are missing or negative.
    """
    cases, controls = np.asarray(case, dtype=float), np.asarray(control, dtype=float)
    values = marker_array(marker, len(cases))
    if controls.shape != cases.shape or not (np.all(cases >= 0) and np.all(controls >= 0)):
        raise ValueError("case and control must be weights of 0 or more, one for each patient.")
    order = np.argsort(values, kind="stable")
    cutoffs, starts = np.unique(values[order], return_index=True)
    roc = Roc.of(cases[None, order], controls[None, order], starts, higher)
    least = smallest_group(len(values), min_share, min_patients)
    enough = (starts >= least) & (len(values) - starts >= least)
    best = int(first_largest(np.where(enough, roc.criterion, -np.inf))[0])
    fields: dict[str, Any] = {
        "n": int(np.sum((cases > 0) | (controls > 0))),
        "events": int(np.sum(cases > 0)),
        "method": "ROC weighted by inverse probability of censoring (Uno 2007, Blanche 2013)",
    }
    names = ("cutoff", "youden", "sensitivity", "specificity", "auc")
    if best < 0:
        return [unsupported(name, NO_CUTOFF, **fields) for name in names]
    low_case, low_control = roc.low_case[0, best], roc.low_control[0, best]
    sensitivity, specificity = (
        (1 - low_case, low_control) if higher else (low_case, 1 - low_control)
    )
    numbers = (cutoffs[best], roc.criterion[0, best], sensitivity, specificity, roc.auc[0])
    wrong_way = Code.WRONG_WAY.say() if roc.criterion[0, best] <= ROUNDING else None
    return [
        Estimate(
            name,
            float(number),
            at=None if name in ("cutoff", "auc") else float(cutoffs[best]),
            note=None if name == "auc" else wrong_way,
            **fields,
        )
        for name, number in zip(names, numbers, strict=True)
    ]


def weighted_roc(
    marker: ArrayLike, case: ArrayLike, control: ArrayLike, *, higher: bool = True
) -> pd.DataFrame:
    """ROC curve where patients weigh as cases and as controls; arguments as `weighted_youden`.

    Returns
    -------
    threshold, sensitivity, specificity, youden: one row an observed value, ascending; no rows
    without cases or controls.
    """
    cases, controls = np.asarray(case, dtype=float), np.asarray(control, dtype=float)
    values = marker_array(marker, len(cases))
    columns = ["threshold", "sensitivity", "specificity", "youden"]
    if not cases.sum() > 0 or not controls.sum() > 0:
        return pd.DataFrame(columns=columns, dtype=float)
    order = np.argsort(values, kind="stable")
    thresholds, starts = np.unique(values[order], return_index=True)
    roc = Roc.of(cases[None, order], controls[None, order], starts, higher)
    low_case, low_control = roc.low_case[0], roc.low_control[0]
    sensitivity = 1 - low_case if higher else low_case
    specificity = low_control if higher else 1 - low_control
    numbers = (thresholds, sensitivity, specificity, sensitivity + specificity - 1)
    return pd.DataFrame(dict(zip(columns, numbers, strict=True)))


@dataclass(frozen=True, slots=True)
class Roc:
    """ROC of many resamples: shares of cases and controls below each cut-off, Youden, area.

    `up` says of each resample whether its cases are taken to have the higher markers.
    """

    low_case: Floats
    low_control: Floats
    criterion: Floats
    auc: Floats
    up: Bools

    @classmethod
    def of(cls, case: Floats, control: Floats, starts: Ints, higher: bool | None) -> Roc:
        """ROC from weights (resamples, n) by rising marker; inadmissible cut-offs have -inf."""
        if not len(starts):
            none = np.zeros((len(case), 0))
            up = np.full(len(case), higher is not False)
            return cls(none, none, none, np.full(len(case), np.nan), up)
        cases = np.add.reduceat(case, starts, axis=1)
        controls = np.add.reduceat(control, starts, axis=1)
        below_case = np.cumsum(cases, axis=1) - cases
        below_control = np.cumsum(controls, axis=1) - controls
        n_case, n_control = cases.sum(axis=1), controls.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            low_case, low_control = below_case / n_case[:, None], below_control / n_control[:, None]
            area = (cases * (below_control + controls / 2)).sum(axis=1) / (n_case * n_control)
        up = np.full(len(case), higher is True) if higher is not None else ~(area < 0.5 - ROUNDING)
        youden = np.where(up[:, None], 1, -1) * (low_control - low_case)
        admissible = (
            (cases + controls > 0)
            & (below_case + below_control > 0)
            & (n_case > 0)[:, None]
            & (n_control > 0)[:, None]
        )
        return cls(
            low_case,
            low_control,
            np.where(admissible, youden, -np.inf),
            np.where(up, area, 1 - area),
            up,
        )


def first_largest(criterion: Floats) -> Ints:
    """First column of each row's maximum, -1 where nothing is admissible."""
    if not criterion.shape[1]:
        return np.full(len(criterion), -1)
    largest = criterion.max(axis=1, keepdims=True)
    # 1e-12 is far above rounding and far below the difference that one patient makes
    first = np.argmax(criterion >= largest - 1e-12 * np.maximum(1, np.abs(largest)), axis=1)
    return np.where(np.isfinite(largest[:, 0]), first, -1)


class Search:
    """One sample, patients by rising marker, on which a rule is run many times."""

    def __init__(
        self,
        marker: ArrayLike,
        time: ArrayLike,
        event: ArrayLike,
        rule: Rule,
        *,
        arm: ArrayLike | None = None,
    ) -> None:
        times, events = samples(time, event)
        values = marker_array(marker, len(times))
        order = np.argsort(values, kind="stable")
        self.n, self.rule, self.order = len(times), rule, order
        self.times, self.events = times[order], events[order]
        self.ended = not_censored(events, rule.competing)[order]
        self.cutoffs, self.starts = np.unique(values[order], return_index=True)
        self.place = np.searchsorted(self.cutoffs, values[order])
        self.risk_sets = RiskSets(self.times, self.events)
        if rule.outcome is not None:
            outcome = np.asarray(rule.outcome, dtype=float)
            if outcome.shape != times.shape:
                raise ValueError("outcome must have one value for each patient.")
            if not np.all((outcome == 0) | (outcome == 1) | np.isnan(outcome)):
                raise ValueError("outcome must be 1 (case), 0 (control) or NaN (left out).")
            self.case, self.control = (outcome[order] == 1) * 1.0, (outcome[order] == 0) * 1.0
        arms = rule.arm if arm is None else arm
        if arms is not None:
            label = np.asarray(arms, dtype=float)
            if label.shape != times.shape or not np.all((label == 0) | (label == 1)):
                raise ValueError("arm must be 1 (experimental) or 0 (control) for each patient.")
            self.arm = label[order].astype(np.int8)
        one = np.ones((1, self.n))
        self.roc = self.resampled_roc(one)
        self.picked = int(first_largest(self.criterion(one))[0])

    @property
    def cutoff(self) -> float | None:
        """Cut-off of the whole sample."""
        return None if self.picked < 0 else float(self.cutoffs[self.picked])

    def resampled_roc(self, w: Floats) -> Roc | None:
        """ROC of resamples w (resamples, n); None where the rule has no cases and controls."""
        rule = self.rule
        if rule.method in ("maxstat", "interaction"):
            return None
        if rule.by is None:
            case, control = self.case, self.control
        else:
            case, control = censoring_weights(self.times, self.events, self.ended, rule.by, w)
        return Roc.of(w * case, w * control, self.starts, rule.higher)

    def criterion(self, w: Floats, roc: Roc | None = None) -> Floats:
        """What the rule maximises, shape (resamples, cut-offs); -inf where not admissible."""
        rule, admissible = self.rule, self._admissible(w)
        roc = roc or self.resampled_roc(w)
        if roc is not None:
            found = roc.criterion
        elif rule.method == "interaction":
            found = np.stack(
                [
                    self._likelihood_ratios(self.place, weights, inside)
                    for weights, inside in zip(w, admissible, strict=True)
                ]
            )
        else:
            scores = log_rank_scores(self.times, self.events, w)
            found = profiles(scores, w, self.starts, rule.min_prop, rule.max_prop)
        return np.where(admissible, found, -np.inf)

    def permuted_criterion(self, permutation: Ints) -> Floats:
        """The same with outcomes of patients `permutation` (resamples, n) given to the markers."""
        rule, one = self.rule, np.ones((1, self.n))
        admissible = self._admissible(one)
        if rule.method == "interaction":
            place = np.empty_like(permutation)
            np.put_along_axis(place, permutation, self.place[None], axis=1)
            found = np.stack([self._likelihood_ratios(row, None, admissible[0]) for row in place])
        elif rule.method == "maxstat":
            scores = log_rank_scores(self.times, self.events)[permutation]
            weights = np.ones(permutation.shape)
            found = profiles(scores, weights, self.starts, rule.min_prop, rule.max_prop)
        else:
            case, control = self._cases_and_controls(one)
            roc = Roc.of(case[permutation], control[permutation], self.starts, rule.higher)
            found = roc.criterion
        return np.where(admissible, found, -np.inf)

    def _cases_and_controls(self, one: Floats) -> tuple[Floats, Floats]:
        if self.rule.by is None:
            return self.case, self.control
        case, control = censoring_weights(self.times, self.events, self.ended, self.rule.by, one)
        return case[0], control[0]

    def _admissible(self, w: Floats) -> Bools:
        """Which cut-offs leave enough patients on either side in each resample."""
        if not len(self.starts):
            return np.zeros((len(w), 0), dtype=bool)
        drawn = np.add.reduceat(w, self.starts, axis=1)
        low, n = np.cumsum(drawn, axis=1) - drawn, w.sum(axis=1, keepdims=True)
        least = np.maximum(self.rule.min_patients, np.ceil(self.rule.min_share * n - 1e-9))
        # without a demand the rule's own limits hold: everybody may be high
        enough = (low >= least) & (n - low >= least)
        return enough if self.rule.min_patients > 1 or self.rule.min_share > 0 else low >= 0

    def _likelihood_ratios(self, place: Ints, weights: Floats | None, admissible: Bools) -> Floats:
        """Likelihood ratio of arm x high at each cut-off; -inf where it is not sought or found.

        `place` is each patient's marker as a position among the cut-offs.
        """
        found = np.full(len(self.cutoffs), -np.inf)
        # the lowest value makes everybody high
        sought = np.flatnonzero(admissible & (np.arange(len(found)) > 0))
        if len(sought) > GRID:
            sought = sought[np.linspace(0, len(sought) - 1, GRID).round().astype(np.int64)]
        if len(sought):
            found[sought] = np.nan_to_num(
                self.interactions(place >= sought[:, None], weights), nan=-np.inf
            )
        return found

    def interactions(self, high: Bools, weights: Floats | None = None) -> Floats:
        """Likelihood ratio of arm x high for groupings (rows, n); NaN where there is no maximum."""
        w = None if weights is None else np.broadcast_to(weights, high.shape)
        groups = self.arm + 2 * high.astype(np.int8)
        return self.risk_sets.interaction(groups, w)[1]

    def log_hazard_ratios(self, picked: Ints, w: Floats | None = None) -> Floats:
        """Log hazard ratio, high against low, at each cut-off picked; NaN where there is none."""
        fits = self.risk_sets.cox(self.place >= picked[:, None], w)
        return np.where(picked >= 0, fits.coefficients[:, 0], np.nan)
