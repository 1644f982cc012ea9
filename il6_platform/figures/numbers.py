"""How numbers are written, in every format: page, Word, workbook, figures, command line.

Belongs here: the one rule for P values, ratios, times, proportions and intervals. Does not belong
here: which numbers are shown where.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
NOT_REACHED, NOT_ESTIMABLE, OPEN = "not reached", "not estimable", "open"

Write = Callable[[Any], str]
"""Writes a number; a missing one as what that means."""


@dataclass(frozen=True)
class WritingOfP:
    """How P values are written.

    Attributes
    ----------
    letter
        `P` or `p`.
    least
        Below it a P value is not written out.
    by_decimals
        Two decimals, three below 0.01; otherwise two significant digits.
    leading_zero
        Whether 0.04 has its zero.
    """

    letter: str = "P"
    least: float = 0.001
    by_decimals: bool = False
    leading_zero: bool = True


AS_USUAL = WritingOfP()

_WRITING_OF_P = ContextVar("writing_of_p", default=AS_USUAL)


@contextmanager
def p_written(way: WritingOfP) -> Iterator[None]:
    """Write P values in another way, as a journal asks."""
    token = _WRITING_OF_P.set(way)
    try:
        yield
    finally:
        _WRITING_OF_P.reset(token)


def is_missing(value: Any) -> bool:
    """Say whether a number is missing (None, NaN, pandas' NA)."""
    try:
        return value is None or math.isnan(value)
    except (TypeError, ValueError):
        return True


def minus(text: str) -> str:
    """Write a hyphen before a number as the minus sign, and no sign before a zero.

    Examples
    --------
    >>> minus("-0.00"), len(minus("-0.06"))
    ('0.00', 5)
    """
    if text.startswith("-") and not text.strip("-0."):
        return text[1:]
    return text.replace("-", MINUS, 1) if text.startswith("-") else text


def significant(value: float, digits: int = 2) -> str:
    """Write a number to so many significant digits, never in powers of ten.

    Examples
    --------
    >>> significant(0.0046), significant(0.5), significant(0.099999)
    ('0.0046', '0.50', '0.10')
    """
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    places = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return minus(f"{rounded:.{places}f}")


def p_number(p: Any) -> str:
    """Write a P value: two significant digits, < 0.001, > 0.99; nothing where there is none.

    Where two digits would not say on which side of 0.05 it lies, it has three. `p_written` sets
    another way.

    Examples
    --------
    >>> p_number(0.0405), p_number(0.2), p_number(0.04996), p_number(1e-9), p_number(1.0)
    ('0.041', '0.20', '0.04996', '< 0.001', '> 0.99')
    """
    if is_missing(p):
        return ""
    way = _WRITING_OF_P.get()
    if p < way.least:
        text = f"< {way.least:f}".rstrip("0")
    elif p > 0.99:
        text = "> 0.99"
    else:
        text = _digits_of_p(p, by_decimals=way.by_decimals)
    return text if way.leading_zero else text.replace("0.", ".", 1)


def _digits_of_p(p: float, *, by_decimals: bool) -> str:
    first = (2 if p >= 0.01 else 3) if by_decimals else 2
    for more in range(7):
        text = f"{p:.{first + more}f}" if by_decimals else significant(p, first + more)
        if float(text) != 0.05 or p == 0.05:
            return text
    return significant(p)


def p_text(p: Any) -> str:
    """Write a P value in a sentence: P = 0.041, P < 0.001."""
    letter = _WRITING_OF_P.get().letter
    if is_missing(p):
        return f"{letter} not estimable"
    text = p_number(p)
    return f"{letter} {text}" if text[0] in "<>" else f"{letter} = {text}"


_NOTHING = 1e-6
"""Size below which a number is 0 but for rounding."""


def ratio(value: Any) -> str:
    """Write a ratio: two decimals, but two significant digits where it is small or large.

    Examples
    --------
    >>> [ratio(v) for v in (0.0046, 0.08, 0.534, 1.02, 12.34, 123.4, None)]
    ['0.0046', '0.080', '0.53', '1.02', '12.3', '123', 'not estimable']
    """
    if is_missing(value):
        return NOT_ESTIMABLE
    size = abs(value)
    if _NOTHING < size < 0.095:
        return significant(value)
    return minus(f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2}f}")


def plain(value: Any) -> str:
    """Write a measurement: fewer decimals the larger it is, no empty ones."""
    text = ratio(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def months(value: Any) -> str:
    """Write months to one decimal; a time that the curve does not reach is not reached."""
    return NOT_REACHED if is_missing(value) else minus(f"{value:.1f}")


def percent(value: Any) -> str:
    """Write a proportion as a whole percentage, without its sign."""
    return NOT_ESTIMABLE if is_missing(value) else minus(f"{100 * value:.0f}")


def chance(value: Any) -> str:
    """Write a probability in percent; one that is nearly certain is not called certain.

    Examples
    --------
    >>> chance(0.9999), chance(0.0), chance(0.841), chance(1.0)
    ('> 99%', '< 1%', '84%', '> 99%')
    """
    if is_missing(value):
        return NOT_ESTIMABLE
    return "< 1%" if value < 0.01 else "> 99%" if value > 0.99 else f"{100 * value:.0f}%"


def count(value: Any) -> str:
    """Write a count; a small one may be hidden by the study file."""
    return "few" if is_missing(value) else f"{value:.0f}"


def whole(value: Any) -> str:
    """Write a number without decimals."""
    return NOT_ESTIMABLE if is_missing(value) else minus(f"{value:.0f}")


def interval(low: Any, high: Any, write: Write = ratio) -> str:
    """Write the limits of an interval: 0.29-0.98 with an en dash; an open end is said.

    Examples
    --------
    >>> interval(0.29, 0.98) == f"0.29{DASH}0.98", interval(11.17, None, months)
    (True, '11.2 to not reached')
    """
    is_time = write is months
    said = [
        _limit(v, write) if not is_missing(v) else NOT_REACHED if is_time and v is high else OPEN
        for v in (low, high)
    ]
    # a dash next to a minus sign or a word cannot be read
    spaced = any(MINUS in text or text[0].isalpha() for text in said)
    return (" to " if spaced else DASH).join(said)


def _limit(value: Any, write: Write) -> str:
    """Write a limit; of a ratio with as many decimals as say on which side of 1 it lies.

    Examples
    --------
    >>> _limit(1.004, ratio), _limit(0.99996, ratio), _limit(1.0, ratio), _limit(2.0, ratio)
    ('1.004', '0.99996', '1.00', '2.00')
    """
    text = write(value)
    if write is not ratio or text != "1.00":
        return text
    longer = (f"{value:.{digits}f}" for digits in range(3, 7))
    return next((one for one in longer if float(one) != 1), text)


def month(value: Any) -> str:
    """Write a month given as year and month.

    Examples
    --------
    >>> month(202103.0)
    'March 2021'
    """
    if is_missing(value):
        return NOT_ESTIMABLE
    year, of_year = divmod(int(value), 100)
    return f"{calendar.month_name[of_year]} {year}"


_TIMES = frozenset(
    {"median", "follow_up_median", "rmst", "rmst_difference", "months_to_events", "quantile"}
    | {"rmst_difference_interaction", "first_significant"}
)
_PROPORTIONS = frozenset(
    {"cumulative_incidence", "i_squared"}
    | {"rate", "survival", "sensitivity", "specificity", "ppv", "npv", "power", "power_interaction"}
    | {"risk_difference", "risk_difference_interaction", "information_fraction", "common_support"}
    | {"conditional_power", "conditional_power_planned", "predictive_power", "cutoff_recovered"}
    | {"cutoff_mode"}
)
_COUNTS = frozenset({"missing"})


def writer(statistic: str, analysis: str | None = None) -> Write:
    """Return how an estimate of a statistic is written: times in months, proportions in percent."""
    if statistic in _TIMES and analysis != "baseline":
        return months
    if statistic in _PROPORTIONS:
        return lambda value: NOT_ESTIMABLE if is_missing(value) else f"{percent(value)}%"
    if statistic.startswith("required_events"):
        return lambda value: NOT_ESTIMABLE if is_missing(value) else f"{math.ceil(value)}"
    return whole if statistic in _COUNTS else ratio


_WITH_TWO_DECIMALS = ("ratio", "ratios", "rate")


def claim_writer(statistic: str) -> Write:
    """Return how the figure of a claim is written: as a paper prints it.

    Examples
    --------
    >>> claim_writer("risk_difference")(-0.5) == f"{MINUS}50%", claim_writer("median")(16.0)
    (True, '16')
    """
    if statistic.startswith("enrolment_"):
        return month
    if statistic == "risk_difference":
        return writer(statistic)
    return ratio if statistic.endswith(_WITH_TWO_DECIMALS) else plain
