"""Events that a comparison needs, and the power and detectable effect of the events there are.

Belongs here: planning of a fixed-sample survival comparison. Does not belong here: interim looks
(`group_sequential`), or translating events into patients, which needs accrual and follow-up.
"""

from __future__ import annotations

import math

from scipy.stats import norm

from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, unsupported

__all__ = ["detectable_hazard_ratio", "interaction_events", "power", "required_events"]

NOTHING_TO_DETECT = Code.NOTHING_TO_DETECT.say()


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, not {value}.")


def _check_ratio(name: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be positive and finite, not {value}.")


def _quantiles(alpha: float, power: float) -> float:
    _check_share("alpha", alpha)
    _check_share("power", power)
    return float(norm.ppf(1 - alpha / 2) + norm.ppf(power))


def required_events(
    hazard_ratio: float,
    *,
    fraction: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
    method: str = "schoenfeld",
) -> Estimate:
    """Events that a two-sided log-rank test needs in both groups together.

    With p the `fraction` of patients in one group, k = p / (1 - p) and z the sum of the normal
    quantiles of 1 - alpha / 2 and the power:
    `schoenfeld` (Biometrika 1981, Biometrics 1983): z^2 / (p (1 - p) log(HR)^2);
    `freedman` (Stat Med 1982): z^2 (1 + k HR)^2 / (k (1 - HR)^2), p the group whose hazard is HR
    times the other's.

    Returns
    -------
    `required_events`, unrounded as estimate and rounded up as `events`; None for a ratio of 1.

    Raises
    ------
    ValueError
        On a ratio that is not positive, a share outside (0, 1) or an unknown method.
    """
    _check_ratio("The hazard ratio", hazard_ratio)
    _check_share("fraction", fraction)
    z = _quantiles(alpha, power)
    if method == "schoenfeld":
        words, size = "Schoenfeld 1983", fraction * (1 - fraction) * math.log(hazard_ratio) ** 2
    elif method == "freedman":
        k = fraction / (1 - fraction)
        words, size = "Freedman 1982", k * (1 - hazard_ratio) ** 2 / (1 + k * hazard_ratio) ** 2
    else:
        raise ValueError(f"Unknown method {method!r}: use schoenfeld or freedman.")
    words = f"{words}, hazard ratio {hazard_ratio:g}, power {power:g}, two-sided alpha {alpha:g}"
    if size == 0:
        return unsupported("required_events", NOTHING_TO_DETECT, method=words)
    events = z**2 / size
    return Estimate("required_events", events, events=math.ceil(events), method=words)


def interaction_events(
    ratio_of_hazard_ratios: float,
    *,
    fraction: float = 0.5,
    marker_fraction: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Estimate:
    """Events that a two-sided test of a treatment-by-marker interaction needs.

    z^2 / (p (1 - p) q (1 - q) log(ratio)^2), p the fraction of patients in one arm and q with a
    high marker, independent of each other (Peterson & George, Control Clin Trials 1993).

    Returns
    -------
    `required_events_interaction`, as `required_events` gives it.

    Raises
    ------
    ValueError
        As `required_events`.
    """
    _check_share("marker_fraction", marker_fraction)
    base = required_events(ratio_of_hazard_ratios, fraction=fraction, alpha=alpha, power=power)
    words = (
        f"Schoenfeld 1983 for an interaction (Peterson & George 1993), "
        f"ratio of hazard ratios {ratio_of_hazard_ratios:g}, power {power:g}, "
        f"two-sided alpha {alpha:g}"
    )
    if base.estimate is None:
        return base.but(statistic="required_events_interaction", method=words)
    events = base.estimate / (marker_fraction * (1 - marker_fraction))
    return Estimate("required_events_interaction", events, events=math.ceil(events), method=words)


def power(
    events: float,
    hazard_ratio: float,
    *,
    fraction: float = 0.5,
    marker_fraction: float | None = None,
    alpha: float = 0.05,
) -> Estimate:
    """Power of a two-sided log-rank (or, with `marker_fraction`, interaction) test.

    Schoenfeld's normal approximation, counting rejection in the direction of the true effect only:
    for a ratio of 1 this is alpha / 2.

    Returns
    -------
    `power`, or `power_interaction` where `marker_fraction` is given.

    Raises
    ------
    ValueError
        On negative events, a ratio that is not positive or a share outside (0, 1).
    """
    _check_ratio("The hazard ratio", hazard_ratio)
    drift = _root_information(events, fraction, marker_fraction, alpha) * abs(
        math.log(hazard_ratio)
    )
    return Estimate(
        "power" if marker_fraction is None else "power_interaction",
        float(norm.cdf(drift - norm.ppf(1 - alpha / 2))),
        events=round(events),
        at=hazard_ratio,
        method=f"Schoenfeld 1983, ratio {hazard_ratio:g}, two-sided alpha {alpha:g}",
    )


def detectable_hazard_ratio(
    events: float,
    *,
    fraction: float = 0.5,
    marker_fraction: float | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Estimate:
    """Hazard ratio below 1 that so many events detect with this power; its inverse likewise.

    Returns
    -------
    `detectable_hazard_ratio`, or `detectable_ratio_of_hazard_ratios` where `marker_fraction` is
    given; None without events.

    Raises
    ------
    ValueError
        As `power`.
    """
    z = _quantiles(alpha, power)
    statistic = (
        "detectable_hazard_ratio"
        if marker_fraction is None
        else "detectable_ratio_of_hazard_ratios"
    )
    words = f"Schoenfeld 1983, power {power:g}, two-sided alpha {alpha:g}"
    root = _root_information(events, fraction, marker_fraction, alpha)
    if root == 0:
        return unsupported(statistic, Code.NO_EVENTS.say(), events=0, method=words)
    return Estimate(statistic, math.exp(-z / root), events=round(events), method=words)


def _root_information(
    events: float, fraction: float, marker_fraction: float | None, alpha: float
) -> float:
    """Root of the information on a log hazard ratio: sqrt(D p (1 - p) [q (1 - q)])."""
    if not (events >= 0 and math.isfinite(events)):
        raise ValueError(f"events must be 0 or more, not {events}.")
    _check_share("alpha", alpha)
    _check_share("fraction", fraction)
    information = events * fraction * (1 - fraction)
    if marker_fraction is not None:
        _check_share("marker_fraction", marker_fraction)
        information *= marker_fraction * (1 - marker_fraction)
    return math.sqrt(information)
