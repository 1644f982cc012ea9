"""The one shape in which every statistic of the study is returned.

Belongs here: the value object that a statistical function hands back, and the arithmetic that all
of them share (the normal quantile of a 95% interval). Does not belong here: what population,
endpoint or analysis an estimate is of; that is added by `il6_platform.analysis`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from scipy.stats import norm

from il6_platform.statistics.codes import codes_of

__all__ = ["Estimate"]

CONFIDENCE = 0.95
"""Coverage of every interval of the platform; all tests are two-sided."""

Z = float(norm.ppf(0.5 + CONFIDENCE / 2))
"""Normal quantile of a two-sided 95% interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate or test, with what it rests on.

    Attributes
    ----------
    statistic
        What it is, in the words of `report.results.statistic` (`median`, `hazard_ratio`, ...).
    estimate
        Its value; the test statistic for a test. `None` where the data cannot support it (then
        `note` says why) or where it is infinite (a median that is not reached).
    ci_low, ci_high
        95% confidence limits; `None` is an open end.
    std_error
        Standard error, on the scale on which the interval is symmetric (log for ratios).
    df, p_value
        Degrees of freedom and two-sided P of a test.
    n, events
        Patients and events (or responders) that it rests on.
    at
        Time (same unit as the data) or threshold at which it is taken.
    term
        Term of a model (`age`, `sex[M]`).
    grp
        Group of a one-sample estimate, where one call returns several.
    method
        How, in words that could stand in a methods section.
    note
        Why it is missing, or to be read with care: a `Reason`, which knows its codes.
    """

    statistic: str
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    std_error: float | None = None
    df: float | None = None
    p_value: float | None = None
    n: int | None = None
    events: int | None = None
    at: float | None = None
    term: str | None = None
    grp: str | None = None
    method: str | None = None
    note: str | None = None

    @property
    def code(self) -> str | None:
        """The note's codes, separated by spaces."""
        return " ".join(codes_of(self.note)) or None

    def but(self, **changes: Any) -> Estimate:
        """Return a copy with some attributes changed."""
        return replace(self, **changes)


def unsupported(
    statistic: str,
    note: str,
    *,
    n: int | None = None,
    events: int | None = None,
    **fields: Any,
) -> Estimate:
    """Return an estimate that the data cannot support: no value, and a note that says why."""
    return Estimate(statistic=statistic, note=note, n=n, events=events, **fields)
