"""Estimates as they are printed, with their intervals, in every format.

Belongs here: how a row of `report.results` becomes a cell. Does not belong here: how a number is
written (`figures.numbers`), which numbers are printed where (`tables`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from il6_platform.figures.numbers import (
    DASH,
    NOT_ESTIMABLE,
    NOT_REACHED,
    Write,
    chance,
    interval,
    is_missing,
    minus,
    months,
    p_number,
    p_text,
    percent,
    plain,
    ratio,
    significant,
    writer,
)
from il6_platform.statistics.codes import Code
from il6_platform.study import SIGNIFICANT

ALPHA = SIGNIFICANT
"""Two-sided level below which a difference is called shown."""

p_value = p_number
points = percent
difference = ratio

__all__ = [
    "ALPHA",
    "DASH",
    "NOT_ESTIMABLE",
    "NOT_REACHED",
    "chance",
    "count_of",
    "difference",
    "interval",
    "is_not_reached",
    "minus",
    "months",
    "p_number",
    "p_text",
    "p_value",
    "percent",
    "plain",
    "points",
    "ratio",
    "significant",
    "with_interval",
    "writer",
]


def with_interval(row: Any, write: Write) -> str:
    """Write an estimate with its 95% interval: 0.62 (0.40-0.97), with an en dash."""
    not_reached = write is months and row is not None and is_not_reached(row)
    if row is None or (is_missing(row["estimate"]) and not not_reached):
        return NOT_ESTIMABLE
    estimate = write(row["estimate"])
    if row.get("statistic") == "e_value" and not is_missing(row["ci_low"]):
        # there is one limit: the E-value of the confidence limit nearer to 1
        return f"{estimate} (of the limit: {write(row['ci_low'])})"
    if is_missing(row["ci_low"]) and is_missing(row["ci_high"]):
        return estimate
    if row["ci_low"] == row["ci_high"]:
        # R gives a probability of 1, before the first time, limits of 1: no interval to read
        return estimate
    return f"{estimate} ({interval(row['ci_low'], row['ci_high'], write)})"


def is_not_reached(row: Any) -> bool:
    """Say whether a time is missing because it is not reached, not because there is nothing."""
    codes = str(row.get("code") or "").split()
    return is_missing(row["estimate"]) and (not codes or not REACHES.isdisjoint(codes))


REACHES = frozenset({Code.NOT_REACHED, Code.FEW_CENSORED})
"""Why a median is missing though its curve is there."""


def in_sentence(row: pd.Series, write: Write = ratio) -> str:
    """Write an estimate with its interval as in a sentence: 0.62, 95% CI 0.40-0.97."""
    if is_missing(row["ci_low"]) and is_missing(row["ci_high"]):
        return f"{write(row['estimate'])}, interval not estimable"
    return f"{write(row['estimate'])}, 95% CI {interval(row['ci_low'], row['ci_high'], write)}"


def count_of(row: Mapping[Hashable, Any], name: str) -> str:
    """Return a count as a table shows it; one that is hidden says how (`<5`, `not shown`)."""
    if not pd.isna(row[name]):
        return f"{row[name]:.0f}"
    hidden = dict(part.split(" ", 1) for part in (row.get("suppressed") or "").split("; ") if part)
    return hidden.get(name, "")
