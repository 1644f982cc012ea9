"""Numbers as medical journals print them.

Belongs here: how a P value, a ratio, a share, an interval is written. Does not belong here: which
numbers are printed where (`tables`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from il6_platform.figures.style import p_number

DASH = "\N{EN DASH}"
NOT_REACHED, NOT_ESTIMABLE = "NR", "NE"


def p_value(p: Any) -> str:
    """Write a P value: two decimals, three where they decide, bounds at the ends."""
    if pd.isna(p):
        return ""
    return ">0.99" if p > 0.99 else p_number(p)


def ratio(value: Any) -> str:
    """Write a ratio to two decimals, very large and very small ones to what can be read."""
    if pd.isna(value):
        return NOT_ESTIMABLE
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def plain(value: Any) -> str:
    """Write a measurement: fewer decimals the larger it is, no empty ones."""
    if pd.isna(value):
        return NOT_ESTIMABLE
    text = f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def months(value: Any) -> str:
    """Write months to one decimal; a time that the curve does not reach is not reached."""
    return NOT_REACHED if pd.isna(value) else f"{value:.1f}"


def difference(value: Any) -> str:
    """Write a difference to two decimals."""
    return NOT_ESTIMABLE if pd.isna(value) else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def percent(value: Any) -> str:
    """Write a share as a whole percentage, without its sign."""
    return NOT_ESTIMABLE if pd.isna(value) else f"{100 * value:.0f}"


def points(value: Any) -> str:
    """Write a difference of shares as percentage points."""
    return percent(value).replace("-", "\N{MINUS SIGN}")


def with_interval(row: pd.Series | None, write: Callable[[Any], str]) -> str:
    """Write an estimate with its 95% interval: 0.62 (0.40-0.97), with an en dash."""
    if row is None or (pd.isna(row["estimate"]) and write is not months):
        return NOT_ESTIMABLE
    estimate = write(row["estimate"])
    if pd.isna(row["ci_low"]) and pd.isna(row["ci_high"]):
        return estimate
    low, high = write(row["ci_low"]), write(row["ci_high"])
    # a dash next to a minus sign cannot be read
    between = DASH if "\N{MINUS SIGN}" not in low + high else " to "
    return f"{estimate} ({low}{between}{high})"
