"""How statistical packages show a number: days by their calendars, zeros in front.

Belongs here: formats that pyreadstat leaves as numbers; a count of days since 1960 would otherwise
be taken for a spreadsheet's. Does not belong here: reading the files (`statistical`).

Sources: SAS 9.4 Formats and Informats; IBM SPSS Statistics, Date and time formats; Stata, [D]
Datetime display formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

Shown = Callable[[float], str]

_MONTH, _QUARTER, _YEAR = "%Y-%m", "quarter", "%Y"


def shown_as(kind: str, code: str) -> Shown | None:
    """Return how a format writes a number where that is other text than the number's own.

    Parameters
    ----------
    kind
        Of the file: xport, sas7bdat, sav, por or dta.
    code
        Name of the format.

    Examples
    --------
    >>> shown_as("sas7bdat", "MONYY7.")(22677), shown_as("sav", "N4")(7)
    ('2022-02', '0007')
    """
    if kind == "dta":
        return _of_stata(code)
    name = code.upper().rstrip(".")
    return _of_sas(name) if kind in ("xport", "sas7bdat") else _of_spss(name)


def _of_sas(name: str) -> Shown | None:
    if padded := re.fullmatch(r"Z(\d+)(?:\.0?)?", name):
        return _padded(int(padded[1]))
    for pattern, shape in (
        (r"MONYY|YYMON|NLDATEYM|NLDATEYMM|YYMM(?!DD)[CDNPS]?|MMYY[CDNPS]?|E8601YM", _MONTH),
        (r"YYQ|YYQR|NLDATEYQ", _QUARTER),
        (r"YEAR|NLDATEY(?![MQRW])", _YEAR),
        (r"(?:NL|EUR|WORD|WEEK|JUL|MINGUO|NENGO|HEBREW|DDMM|MMDD|YYMMDD|DATE|E8601DA|B8601DA)", ""),
    ):
        if re.match(rf"(?:{pattern})", name) and not re.search(r"TIM|DATM|DT|TM|DFDT", name):
            return partial(_of_days, shape=shape)
    return None


def _of_spss(name: str) -> Shown | None:
    if padded := re.fullmatch(r"N(\d+)(?:\.0)?", name):
        return _padded(int(padded[1]))
    shapes = {"MOYR": _MONTH, "QYR": _QUARTER, "WKYR": "%G-W%V"}
    shape = next((shape for start, shape in shapes.items() if name.startswith(start)), None)
    return None if shape is None else partial(_of_seconds, shape=shape)


def _of_stata(code: str) -> Shown | None:
    if padded := re.fullmatch(r"%0(\d+)(?:\.0)?[fg]c?", code):
        return _padded(int(padded[1]))
    unit = re.match(r"%-?t([dmqhyw])", code) or re.match(r"%-?(d)", code)
    if unit is None:
        return None
    custom = code[unit.end() :]
    if unit[1] == "d":
        is_month = bool(custom) and not re.search(r"[dDjJ]", custom)
        return partial(_of_days, shape=_MONTH if is_month else "")
    counted: dict[str, Shown] = {
        "m": lambda value: f"{1960 + int(value) // 12}-{int(value) % 12 + 1:02}",
        "q": lambda value: f"{1960 + int(value) // 4} Q{int(value) % 4 + 1}",
        "h": lambda value: f"{1960 + int(value) // 2} H{int(value) % 2 + 1}",
        "w": lambda value: f"{1960 + int(value) // 52} W{int(value) % 52 + 1}",
        "y": lambda value: str(int(value)),
    }
    return counted[unit[1]]


def _of_days(value: float, shape: str) -> str:
    """Write a count of days since 1960, as SAS and Stata count them."""
    return _written(date(1960, 1, 1) + timedelta(days=int(value)), shape)


def _of_seconds(value: float, shape: str) -> str:
    """Write a count of seconds since the Gregorian calendar began, as SPSS counts them."""
    return _written((datetime(1582, 10, 14) + timedelta(seconds=value)).date(), shape)


def _written(day: date, shape: str) -> str:
    if shape == _QUARTER:
        return f"{day.year} Q{(day.month + 2) // 3}"
    return day.strftime(shape) if shape else day.isoformat()


def _padded(width: int) -> Shown:
    return lambda value: str(int(value)).zfill(width)
