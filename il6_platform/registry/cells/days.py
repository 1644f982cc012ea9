"""Reading a day: what is written, how exactly it is known, and between which days it lies."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Literal

from il6_platform.registry.cells.text import folded, is_missing, key
from il6_platform.registry.vocabulary import vocabulary

Order = Literal["dmy", "mdy", "ymd"]
"""In which order a source writes the parts of a day; a year of four digits needs no `ymd`."""
Precision = Literal["day", "month", "year", "none"]
DayProblem = Literal[
    "", "partial", "ambiguous", "no_such_day", "unreadable", "placeholder", "missing"
]

PLACEHOLDERS = frozenset(
    {date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1)}
    | {date(1970, 1, 1), date(1111, 11, 11), date(9999, 12, 31), date(9999, 9, 9)}
)
"""Days that programs write where none is known."""

_EXCEL_EPOCH = date(1899, 12, 30)
_YEARS = range(1880, 2101)
"""Years that a year alone, or a year and a month without a sign between, can stand for."""
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "民国": 1911, "民國": 1911}
"""What is added to a year of a Japanese era or of the Republic of China."""
_UNKNOWN = r"u|un|unk|uk|nk|x{1,4}|\?{1,4}|-{1,2}|0{1,4}|nd|na"
_CLOCK = re.compile(
    r"""(?P<zone_before>am|pm|a\.m\.|p\.m\.|上午|下午|오전|오후)?\s*
    (?P<hour>\d{1,2})
    (?:
        \s*(?:[:.]|h|时|時|点|시)\s*(?P<minute>\d{2})?
        (?:\s*(?:[:.]|m|分|분)\s*(?P<second>\d{2})?(?:[.,]\d{1,9})?)?\s*(?:s|秒|분)?
    )?
    \s*(?P<half>am|pm|a\.m\.|p\.m\.)?\s*(?:uhr|h|hrs|hours|ч)?
    \s*(?:z|utc|gmt|cet|cest|(?:utc|gmt)?[+-]\d{2}:?\d{2}|[+-]\d{2})?""",
    re.VERBOSE,
)
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+(?=\d|[a-z])")


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it was read.

    Attributes
    ----------
    received
        The text.
    day
        The day, where it is known and none other can be meant.
    first_day, last_day
        The days between which it lies; both None where it can be any day.
    precision
        How exactly it is known: day, month, year or none.
    clock
        Time of day in seconds after midnight, as written; None where none is given. Midnight is
        none: programs write it where a day has no time.
    utc_offset
        Seconds by which that clock is ahead of UTC; None where it does not say.
    problem
        Why `day` is None, or empty: `partial` (known to the month or the year), `ambiguous` (two
        days or centuries are possible), `no_such_day` (31 February), `unreadable`, `placeholder`
        (1900-01-01), `missing`.
    """

    received: str
    day: date | None = None
    first_day: date | None = None
    last_day: date | None = None
    precision: Precision = "none"
    clock: int | None = None
    problem: DayProblem = ""
    utc_offset: int | None = None

    def canonical(self) -> str:
        """Return the text as the native format writes it; what could not be read as received.

        >>> read_day("5. März 2021 14:30").canonical()
        '2021-03-05T14:30:00'
        """
        if self.day is not None:
            if self.clock is None:
                return self.day.isoformat()
            minutes, seconds = divmod(self.clock, 60)
            hours, minutes = divmod(minutes, 60)
            clock = f"{self.day.isoformat()}T{hours:02}:{minutes:02}:{seconds:02}"
            if self.utc_offset is None:
                return clock
            ahead, part = divmod(abs(self.utc_offset) // 60, 60)
            return f"{clock}{'-' if self.utc_offset < 0 else '+'}{ahead:02}:{part:02}"
        if self.problem == "partial" and self.first_day is not None:
            return self.first_day.isoformat()[: 7 if self.precision == "month" else 4]
        return self.received


@lru_cache(maxsize=200_000)
def read_day(text: str, orders: tuple[str, ...] = (), pivot: int | None = None) -> Day:
    """Read a day.

    Parameters
    ----------
    text
        The cell as received.
    orders
        In which order a source writes day and month before the year. Without it 05/03/2021 is
        ambiguous, and so is 14/03/2021: a source that has not said its order is not half read.
        With several, the first that gives a day counts.
    pivot
        The last two digits of the latest year that a two-digit year can mean (30: 29 is 2029, 31
        is 1931). Without it a two-digit year is ambiguous.

    Returns
    -------
    Day
        Never raises; what cannot be read has a problem.

    Examples
    --------
    >>> read_day("20JAN2023:08:00:00").day
    datetime.date(2023, 1, 20)
    >>> read_day("2023-02-UN").last_day
    datetime.date(2023, 2, 28)
    """
    if re.fullmatch(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}", text):
        # nearly every cell
        with suppress(ValueError):
            return _known(text, [date.fromisoformat(text)], None)
    bare = folded(text)
    if is_missing(text) or bare in _ongoing():
        return Day(text, problem="missing")
    if re.fullmatch(r"[0\W]+|[9\W]+", bare) and len(key(bare)) == 8:
        return Day(text, problem="placeholder")
    serial = re.fullmatch(r"([1-6]\d{4})(\.\d*)?", bare)
    if serial:
        part = round(float(f"0{serial[2] or '.0'}") * 86400)
        day = _EXCEL_EPOCH + timedelta(days=int(serial[1]) + part // 86400)
        return _known(text, [day], part % 86400 or None)
    short = re.fullmatch(r"((?:19|20)\d\d)1([12])", bare)
    if short:
        # the month is 11 or 12, or the zeros of a day in January were lost: 202311
        year, end = int(short[1]), int(short[2])
        last = date(year, 10 + end, monthrange(year, 10 + end)[1])
        return Day(text, None, date(year, 1, end), last, "none", None, "ambiguous")
    readings: list[_Written] = []
    for written, clock in _without_clock(bare):
        readings = list(_readings(written))
        if readings:
            found = _settled(text, readings, orders, pivot, clock)
            return found if clock is None else replace(found, utc_offset=_utc_offset(bare))
    return Day(text, problem="unreadable")


_ZONE = re.compile(
    r"\d ?(?:[ap]\.?m\.?)? ?(?:(z|utc|gmt|cet|cest)|(?:utc|gmt)?([+-]\d{2}):?(\d{2})?)$"
)
_ZONES = {"z": 0, "utc": 0, "gmt": 0, "cet": 3600, "cest": 7200}


def _utc_offset(bare: str) -> int | None:
    """Return by how many seconds the clock at the end of a text is ahead of UTC, if it says so."""
    found = _ZONE.search(bare)
    if not found:
        return None
    if found[1]:
        return _ZONES[found[1]]
    hours, minutes = int(found[2]), int(found[3] or 0)
    return hours * 3600 + (-60 if found[2].startswith("-") else 60) * minutes


def possible_orders(text: str) -> tuple[Order, ...]:
    """Return the orders in which a text with day and month before the year can be a day.

    >>> possible_orders("14/03/2021"), possible_orders("05/03/2021"), possible_orders("2021-03-05")
    (('dmy',), ('dmy', 'mdy'), ())
    """
    written = [one for bare, _ in _without_clock(folded(text)) for one in _readings(bare)]
    orders = [
        one.order for one in written if one.year and len(one.year) == 4 and any(_days(one, None))
    ]
    return tuple(sorted({order for order in orders if order is not None}))


@dataclass(frozen=True, slots=True)
class _Written:
    """Year, month and day as digits; None where they are not known; an order where it matters."""

    year: str | None
    month: str | None
    day: str | None
    order: Order | None = None


def _settled(
    text: str,
    readings: Iterable[_Written],
    orders: Sequence[str],
    pivot: int | None,
    clock: int | None,
) -> Day:
    """Choose among the readings of a text by what the source states."""
    readings = list(readings)
    stated = [one for order in orders for one in readings if one.order == order]
    stated += [one for one in readings if one.order is None]
    for one in stated:
        days = list(_days(one, pivot))
        if days:
            return _interval(text, one, days, clock)
    possible = sorted({day for one in readings for day, _ in _days(one, pivot)})
    if stated or not possible:
        return Day(text, problem="no_such_day")
    if len(possible) == 1 and all(any(_days(one, pivot)) for one in readings):
        # 05/05/2021 is the same day in any order
        return _known(text, possible, clock)
    return Day(text, None, possible[0], possible[-1], "none", clock, "ambiguous")


def _interval(
    text: str, one: _Written, days: Sequence[tuple[date, date]], clock: int | None
) -> Day:
    """Return a reading whose order is known: a day, or the days between which it lies."""
    if one.year is None:
        return Day(text, problem="partial")
    if one.month is not None and one.day is not None:
        return _known(text, sorted({day for day, _ in days}), clock)
    precision: Precision = "year" if one.month is None else "month"
    problem: DayProblem = "partial" if len(days) == 1 else "ambiguous"
    return Day(text, None, days[0][0], days[-1][1], precision, None, problem)


def _known(text: str, days: Sequence[date], clock: int | None) -> Day:
    if len(days) > 1:
        return Day(text, None, days[0], days[-1], "none", clock, "ambiguous")
    if days[0] in PLACEHOLDERS:
        return Day(text, problem="placeholder")
    return Day(text, days[0], days[0], days[0], "day", clock)


def _days(one: _Written, pivot: int | None) -> Iterator[tuple[date, date]]:
    """Give the first and last day that a reading can mean, a pair a century; none if it cannot."""
    if one.year is None:
        yield date.min, date.max
        return
    for year in _centuries(one.year, pivot):
        if not 1 <= year <= 9999:
            continue
        if one.month is None:
            yield date(year, 1, 1), date(year, 12, 31)
            continue
        month = int(one.month)
        if not 1 <= month <= 12:
            continue
        length = monthrange(year, month)[1]
        if one.day is None:
            yield date(year, month, 1), date(year, month, length)
        elif 1 <= int(one.day) <= length:
            day = date(year, month, int(one.day))
            yield day, day


def _centuries(year: str, pivot: int | None) -> tuple[int, ...]:
    if len(year) != 2:
        return (int(year),)
    if pivot is None:
        return (1900 + int(year), 2000 + int(year))
    return (2000 + int(year) if int(year) <= pivot else 1900 + int(year),)


def _without_clock(bare: str) -> Iterator[tuple[str, int | None]]:
    """Give a text without its weekday and its time of day: as it is, then with less of it."""
    bare = _WEEKDAY.sub("", bare)
    yield bare, None
    compact = re.fullmatch(r"(\d{8})t?(\d{2})(\d{2})(\d{2})?(?:\.\d+)?(?:z|[+-]\d{4})?", bare)
    if compact:
        clock = _seconds(compact[2], compact[3], compact[4] or "0", "")
        if clock is not None:
            yield compact[1], clock or None
        return
    # a time stands behind a T, a colon, a blank, or at once behind the sign for day
    for parted in re.finditer(
        r"(?<=[\d日号г.])(?:t|:|,? )(?=[\d上下ap오])|(?<=[日号])(?=\S)", bare
    ):
        found = _CLOCK.fullmatch(bare[parted.end() :].strip())
        if not found:
            continue
        half = (found["half"] or found["zone_before"] or "").replace(".", "")
        if found["minute"] is None and not half and parted[0] != "t":
            continue
        half = {"上午": "am", "下午": "pm", "오전": "am", "오후": "pm"}.get(half, half)
        clock = _seconds(found["hour"], found["minute"] or "0", found["second"] or "0", half)
        if clock is not None:
            yield bare[: parted.start()].rstrip(" ,"), clock or None


def _seconds(hour: str, minute: str, second: str, half: str) -> int | None:
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            # 14:30 PM is written by programs that have both
            if half == "am" or hours > 23:
                return None
        else:
            hours = hours % 12 + (12 if half == "pm" else 0)
    if hours > 23 or int(minute) > 59 or int(second) > 60:
        return None
    return hours * 3600 + int(minute) * 60 + min(int(second), 59)


def _readings(bare: str) -> Iterator[_Written]:
    """Give every way in which a text without a time can be a day."""
    yield from _by_year_first(bare)
    yield from _by_digits(bare)
    yield from _by_eastern_signs(bare)
    yield from _by_month_name(bare)


def _part(text: str) -> str | None:
    """Return digits, or None for a part that is not known."""
    return None if re.fullmatch(_UNKNOWN, text) else text


def _by_year_first(bare: str) -> Iterator[_Written]:
    unknown = rf"(?:{_UNKNOWN})"
    found = re.fullmatch(
        rf"(\d{{4}}) ?([-/. ]) ?(\d{{1,2}}|{unknown})(?: ?\2 ?(\d{{1,2}}|{unknown})\.?)?", bare
    )
    if found:
        month = _part(found[3])
        yield _Written(found[1], month, month and _part(found[4] or "-"))
        return
    found = re.fullmatch(rf"({unknown})[-/.]({unknown}|\d{{1,2}})[-/.]({unknown}|\d{{1,2}})", bare)
    if found and _part(found[1]) is None:
        yield _Written(None, None, None)


def _by_digits(bare: str) -> Iterator[_Written]:
    if re.fullmatch(r"\d{8}", bare) and int(bare[4:]) in _YEARS:
        # a year behind is a month of 18 and more in front: no text is both
        yield _Written(bare[4:], bare[2:4], bare[:2], "dmy")
        yield _Written(bare[4:], bare[:2], bare[2:4], "mdy")
    elif re.fullmatch(r"\d{4}|\d{6}|\d{8}", bare) and int(bare[:4]) in _YEARS:
        month, day = _part(bare[4:6] or "-"), _part(bare[6:] or "-")
        if len(bare) != 6 or month is None or int(month) <= 12:
            yield _Written(bare[:4], month, month and day)
    unknown = rf"(?:{_UNKNOWN})"
    found = re.fullmatch(rf"(\d{{1,2}}|{unknown}) ?[-/.] ?(\d{{4}})", bare)
    if found:
        yield _Written(found[2], _part(found[1]), None)
    ordered = rf"(\d{{1,2}}|{unknown}) ?([-/. ]) ?(\d{{1,2}}|{unknown}) ?\2 ?(\d{{4}}|\d{{2}})"
    found = re.fullmatch(rf"{ordered}\.?(?: ?г\.?)?", bare)
    if not found:
        return
    one, other = _part(found[1]), _part(found[3])
    if one is None or other is None:
        # 00/03/2021 is a month in one order, no day in the other; both unknown is a year
        yield _Written(found[4], one or other, None)
        return
    yield _Written(found[4], other, one, "dmy")
    yield _Written(found[4], one, other, "mdy")
    if len(found[4]) == len(found[1]) == 2:
        yield _Written(found[1], other, found[4], "ymd")


def _by_eastern_signs(bare: str) -> Iterator[_Written]:
    bare = bare.replace(" ", "").replace("元月", "1月")
    era, added = next(((name, n) for name, n in _ERAS.items() if bare.startswith(name)), ("", 0))
    digits = r"(元|\d{1,3})" if era else r"(\d{4})"
    found = re.fullmatch(
        rf"{digits}[年년](?:(\d{{1,2}})[月월](?:份)?(?:(\d{{1,2}})[日号號일])?)?",
        bare.removeprefix(era),
    )
    if found:
        year = 1 if found[1] == "元" else int(found[1])
        yield _Written(str(year + added).zfill(4), found[2], found[3])


def _by_month_name(bare: str) -> Iterator[_Written]:
    """Read a day whose month is a name, in whichever order its other parts stand."""
    parts = re.findall(r"\d+|[^\W\d_]+|\?+", bare)
    between = re.sub(r"\d+|[^\W\d_]+|\?+", "", bare)
    months = [n for n, part in enumerate(parts) if part in _months()]
    if len(months) != 1 or re.search(r"[^-/., '_]", between):
        return
    (at,) = months
    small = {"de", "del", "of", "the", "den", "der", "am", "г", "года", "r", "le", "di"}
    suffixes = {"st", "nd", "rd", "th", "er", "ere", "e", "ten", "го", "o", "a"}
    others = [(n, part) for n, part in enumerate(parts) if n != at]
    others = [(n, part) for n, part in others if part not in small]
    others = [
        (n, part)
        for n, part in others
        if not (part in suffixes and n and parts[n - 1].isdigit() and len(parts[n - 1]) < 3)
    ]
    month = str(_months()[parts[at]])
    years = [part for _, part in others if part.isdigit() and len(part) == 4]
    rest = [part for _, part in others if not (part.isdigit() and len(part) == 4)]
    if any(not re.fullmatch(rf"\d{{1,2}}|{_UNKNOWN}", part) for part in rest):
        return
    if len(years) == 1 and len(rest) <= 1:
        yield _Written(years[0], month, _part(rest[0]) if rest else None)
    elif (not years and len(rest) == 2 and at == 1 and len(rest[1]) == 2 and rest[1].isdigit()) or (
        not years and len(rest) == 2 and at == 0 and len(rest[1]) == 2 and rest[1].isdigit()
    ):
        yield _Written(rest[1], month, _part(rest[0]))


@cache
def _months() -> dict[str, int]:
    """Return the names of the months, folded; one that means two months is none."""
    meant: dict[str, set[int]] = {}
    for number, names in enumerate(vocabulary().months, start=1):
        for name in names:
            meant.setdefault(folded(name), set()).add(number)
    return {name: next(iter(numbers)) for name, numbers in meant.items() if len(numbers) == 1}


@cache
def _ongoing() -> frozenset[str]:
    return frozenset(folded(word) for word in vocabulary().ongoing)
