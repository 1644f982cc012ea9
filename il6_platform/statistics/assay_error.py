"""How much a conclusion owes to the laboratory: patients near the cut-off, measured once more.

Belongs here: how likely a second measurement of the same sample is to regroup a patient, and what
that does to a comparison and an interaction. Does not belong here: error of the marker over time,
or correction of an estimate for error in the marker (regression calibration, SIMEX).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from il6_platform.statistics._check import same_length, samples
from il6_platform.statistics.arrays import Bools, Floats
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.risk_sets import CHUNK, WITH_PRODUCT, RiskSets, marker_array

__all__ = ["regrouped_patients", "regrouping_probability", "repeated_comparison"]

NEAR = 0.05
"""A patient is near the cut-off where a repeat would regroup him with at least this probability."""

METHOD = "Repeat of the same sample, log-normal error of the assay"


def regrouping_probability(marker: ArrayLike, cutoff: float, cv: float) -> Floats:
    """Probability of each patient that a repeat falls on the other side of the cut-off.

    Two measurements of a sample differ, on the log scale, with the variance 2 log(1 + CV^2): both
    have an error. A value of 0 is never regrouped.

    Parameters
    ----------
    marker
        Shape (n,): values >= 0.
    cutoff
        High is marker >= cutoff; above 0.
    cv
        Coefficient of variation of the assay, as a proportion > 0.

    Returns
    -------
    Shape (n,).

    Raises
    ------
    ValueError
        On a missing or negative marker, or a cut-off or coefficient that is not above 0.

    Examples
    --------
    >>> regrouping_probability([4.8, 10.0], 5.0, 0.1).round(3)
    array([0.386, 0.   ])
    """
    values = marker_array(marker, len(np.asarray(marker)))
    if np.any(values < 0):
        raise ValueError("marker must be 0 or more.")
    if not cutoff > 0 or not np.isfinite(cutoff):
        raise ValueError(f"cutoff must be above 0, not {cutoff}.")
    with np.errstate(divide="ignore"):
        distance = np.log(values / cutoff)
    return np.asarray(norm.sf(np.abs(distance) / _spread(cv)))


def _spread(cv: float) -> float:
    if not cv > 0 or not np.isfinite(cv):
        raise ValueError(f"cv must be above 0 (0.1 is 10%), not {cv}.")
    return float(np.sqrt(2 * np.log1p(cv**2)))


def regrouped_patients(marker: ArrayLike, cutoff: float, cv: float) -> list[Estimate]:
    """How many patients a repeat would regroup.

    Arguments as in `regrouping_probability`.

    Returns
    -------
    `regrouped`: the expected number with the 95% range of the number in one repeat (normal
    approximation of the Poisson binomial distribution, within 0 and n), and `near_cutoff`: how many
    patients are regrouped with a probability of at least 5%; both `at` the cut-off.
    """
    chance = regrouping_probability(marker, cutoff, cv)
    fields: dict[str, Any] = {"n": len(chance), "at": cutoff, "method": f"{METHOD}, CV {cv:.3g}"}
    if not len(chance):
        return [
            unsupported(name, Code.NO_PATIENTS.say(), **fields)
            for name in ("regrouped", "near_cutoff")
        ]
    mean, sd = float(chance.sum()), float(np.sqrt(np.sum(chance * (1 - chance))))
    low, high = max(0.0, mean - Z * sd), min(float(len(chance)), mean + Z * sd)
    near = int(np.sum(chance >= NEAR))
    return [
        Estimate("regrouped", mean, low, high, sd, **fields),
        # as few as they are: disclosure control goes by the patients that a row rests on
        Estimate("near_cutoff", float(near), **{**fields, "n": near}),
    ]


def repeated_comparison(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    cutoff: float,
    cv: float,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
) -> list[Estimate]:
    """How the comparisons at a cut-off move when every sample is measured once more.

    Parameters
    ----------
    marker, cutoff, cv
        As in `regrouping_probability`.
    time, event, arm
        Shape (n,); arm 1 experimental, 0 control.
    rng, replicates
        Generator and number of repeats. In each, every patient is regrouped or not by his own
        probability.

    Returns
    -------
    `hazard_ratio_remeasured` (high against low, Cox) and `ratio_of_hazard_ratios_remeasured` (arm x
    high), each the median of the repeats with their 2.5 and 97.5 percentiles; `logrank_agreement`,
    the proportion of repeats whose log-rank test of high against low is on the same side of 0.05 as
    that of the data. A repeat without a finite estimate is left out and counted in the note.

    Raises
    ------
    ValueError
        As `regrouping_probability` and `samples`, or on an arm other than 0 and 1.
    """
    t, e = samples(time, event)
    values = marker_array(marker, len(t))
    arms = same_length("arm", arm, len(t)).astype(float)
    if not np.all((arms == 0) | (arms == 1)):
        raise ValueError("arm must be 1 (experimental) or 0 (control) for each patient.")
    if replicates < 1:
        raise ValueError(f"replicates must be 1 or more, not {replicates}.")
    chance = regrouping_probability(values, cutoff, cv)
    sets, high = RiskSets(t, e), values >= cutoff
    own = float(sets.log_rank(high[None]).p_value[0])
    ratios, products, p_values = [], [], []
    step = max(1, CHUNK // max(len(t), 1))
    for start in range(0, replicates, step):
        moved = rng.random((min(step, replicates - start), len(t))) < chance
        groups: Bools = high ^ moved
        ratios.append(sets.cox(groups).coefficients[:, 0])
        cells = arms.astype(np.int8) + 2 * groups.astype(np.int8)
        products.append(sets.cox(cells, design=WITH_PRODUCT).coefficients[:, 2])
        p_values.append(sets.log_rank(groups).p_value)
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum()), "at": cutoff}
    fields["method"] = f"{METHOD}, CV {cv:.3g}, {replicates} repeats"
    p = np.concatenate(p_values)
    tested = ~np.isnan(p)
    rows = [
        _percentiles("hazard_ratio_remeasured", np.concatenate(ratios), fields),
        _percentiles("ratio_of_hazard_ratios_remeasured", np.concatenate(products), fields),
    ]
    if np.isnan(own) or not tested.any():
        note = Code.NO_EVENT_AT_RISK_TOGETHER.say()
        return [*rows, unsupported("logrank_agreement", note, **fields)]
    agreement = float(np.mean((p[tested] <= 0.05) == (own <= 0.05)))
    return [*rows, Estimate("logrank_agreement", agreement, **fields)]


def _percentiles(name: str, logarithms: Floats, fields: dict[str, Any]) -> Estimate:
    known = logarithms[np.isfinite(logarithms)]
    if not len(known):
        return unsupported(name, Code.NO_REPEAT.say(), **fields)
    lost = len(logarithms) - len(known)
    low, middle, high = np.exp(np.quantile(known, [0.025, 0.5, 0.975]))
    note = Code.REPEATS_LEFT_OUT.say(n=lost) if lost else None
    return Estimate(name, float(middle), float(low), float(high), note=note, **fields)
