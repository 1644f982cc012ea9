"""Progression-free survival under other strategies for intercurrent events, for sensitivity.

Belongs here: what ends a patient's PFS where a new therapy or missed visits come before the event,
from dates that are already derived: the event counts as it came (treatment policy), the patient is
censored (hypothetical; FDA's rules) or has the event (composite; ICH E9(R1), 2019). Does not
belong here: finding those dates among the assessments (the cohort's SQL).
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

__all__ = ["pfs_with_rule"]

RULES = ("new_therapy", "missed_visits")
"""The two departures of FDA's primary analysis (Clinical Trial Endpoints for the Approval of Cancer
Drugs and Biologics, 2018, appendix table A) from taking every progression or death as it comes."""

COLUMNS = (
    "start",
    "event_on",
    "last_assessed_on",
    "new_therapy_on",
    "last_assessed_before_therapy_on",
)


def pfs_with_rule(
    patients: pd.DataFrame,
    *,
    rules: Collection[str] = RULES,
    composite: Collection[str] = (),
    interval_days: float,
    missed_visits: int = 2,
    window_days: float = 0,
) -> pd.DataFrame:
    """Progression-free survival of each patient under rules for intercurrent events.

    `new_therapy`: a new anticancer therapy started before the event (or without one) censors at the
    last adequate assessment before the therapy. An event on the day of the therapy counts.
    `missed_visits`: an event after `missed_visits` or more consecutive missed or inadequate visits,
    that is more than `missed_visits * interval_days + window_days` after the last adequate
    assessment before it, is censored at that assessment.
    Where both apply the therapy is the reason, its assessment being the earlier or the same. A
    patient without an adequate assessment is censored at `start`.

    As `composite`, the therapy's start is an event, and so is the first of the missed visits, due
    `interval_days` after the last adequate assessment.

    Parameters
    ----------
    patients
        One row a patient, any index, columns of dates (datetime64): `start`; `event_on`, first
        progression or death, missing without; `last_assessed_on`, last adequate assessment before
        the event, or the last of all without one; `new_therapy_on`;
        `last_assessed_before_therapy_on`, last adequate assessment on or before the therapy.
        All but `start` may be missing in a row.
    rules
        Which of `RULES` censor; none gives the PFS of `cohort.adtte`.
    composite
        Which of `RULES` count as the event instead.
    interval_days
        Scheduled interval between assessments.
    window_days
        Leave that the schedule gives to a visit.

    Returns
    -------
    On the same index: `ended_on`, `days` since the start, `event` (1, 0) and `reason` (event,
    last adequate assessment, new therapy, missed visits).

    Raises
    ------
    ValueError
        On missing columns, a missing start, dates before it, an unknown rule or one that is to
        censor and to be an event.
    """
    if unknown := {*rules, *composite} - set(RULES):
        raise ValueError(f"Unknown rules {sorted(unknown)}: use {' or '.join(RULES)}.")
    if twice := set(rules) & set(composite):
        raise ValueError(f"{sorted(twice)} cannot both censor and be an event.")
    dates = _checked_dates(patients)
    start = dates["start"]
    has_event = dates["event_on"].notna()
    last = dates["last_assessed_on"].fillna(start)
    before_therapy = dates["last_assessed_before_therapy_on"].fillna(start)
    allowed = pd.Timedelta(days=missed_visits * interval_days + window_days)

    outcome = pd.DataFrame(
        {
            "ended_on": dates["event_on"].fillna(last),
            "event": has_event.astype(int),
            "reason": has_event.map({True: "event", False: "last adequate assessment"}),
        }
    )
    gap = has_event & (dates["event_on"] - last > allowed)
    missed_on = last + pd.Timedelta(days=interval_days)
    therapy_on = dates["new_therapy_on"]
    switched = therapy_on.notna() & ~(dates["event_on"] <= therapy_on)
    for rule, who, censored_on, event_on, reason in (
        ("missed_visits", gap, last, missed_on, "missed visits"),
        ("new_therapy", switched, before_therapy, therapy_on, "new therapy"),
    ):
        if rule in rules:
            outcome.loc[who, "ended_on"] = censored_on[who]
            outcome.loc[who, ["event", "reason"]] = [0, reason]
        elif rule in composite:
            # of two events the earlier one counts
            first = who & ~(outcome["event"].eq(1) & (outcome["ended_on"] < event_on))
            outcome.loc[first, "ended_on"] = event_on[first]
            outcome.loc[first, ["event", "reason"]] = [1, reason]
    days = (outcome["ended_on"] - start).dt.days
    return outcome.assign(days=days)[["ended_on", "days", "event", "reason"]]


def _checked_dates(patients: pd.DataFrame) -> pd.DataFrame:
    """Return the dates of each patient, on the same index; refuse those that cannot be."""
    if absent := [column for column in COLUMNS if column not in patients]:
        raise ValueError(f"The frame must have the columns {', '.join(absent)}.")
    dates = pd.DataFrame({column: pd.to_datetime(patients[column]) for column in COLUMNS})
    if dates["start"].isna().any():
        raise ValueError("Every patient must have a start.")
    if dates.drop(columns="start").lt(dates["start"], axis=0).any(axis=None):
        raise ValueError("No date may lie before the patient's start.")
    return dates
