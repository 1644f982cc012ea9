"""Cron lines, as a schedule is written; read without Dagster, which takes a second to import.

Belongs here: which lines there are. Does not belong here: when one is due (Dagster's scheduler).
"""

from __future__ import annotations

import re

CRON_FIELDS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (
        *(1, 12),
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    (0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
"""Least and largest value of minute, hour, day of the month, month and day of the week; names."""


def is_cron_line(text: str) -> bool:
    """Say whether a text is a cron line of five fields, of a day that some year has.

    Examples
    --------
    >>> is_cron_line("*/15 2-4 1,15 * mon"), is_cron_line("every day"), is_cron_line("0 25 * * *")
    (True, False, False)
    >>> is_cron_line("0 3 31 2 *"), is_cron_line("mon 3 * * *")
    (False, False)
    """
    fields = text.lower().split()
    if len(fields) != len(CRON_FIELDS):
        return False
    parts = [
        [_cron_values(part, *about) for part in field.split(",")]
        for field, about in zip(fields, CRON_FIELDS, strict=True)
    ]
    if not all(values for field in parts for values in field):
        return False
    _, _, days, months, _ = [{value for values in field for value in values} for field in parts]
    longest = max(29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31 for month in months)
    # a day of the week comes besides
    return fields[4][0] != "*" or min(days) <= longest


def checked_cron(text: str) -> str:
    """Return a cron line.

    Raises
    ------
    ValueError
        Where it is none; the message says how one is written.
    """
    if not is_cron_line(text):
        raise ValueError(
            f"{text!r} is no cron line; write minute, hour, day, month and weekday, for "
            'example "0 3 * * *" for three o\'clock every night'
        )
    return text


def _cron_values(part: str, least: int, largest: int, names: tuple[str, ...]) -> list[int]:
    """Return the values that a part of a cron line's field stands for; none where it is no part."""
    found = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/([1-9][0-9]?))?", part, re.ASCII)
    if found is None or (found[1] == "*" and found[2]):
        return []
    step = int(found[3] or 1)
    if found[1] == "*":
        return [*range(least, largest + 1, step)]
    first, last = (
        names.index(one) + least if one in names else int(one) if one.isdecimal() else -1
        for one in (found[1], found[2] or found[1])
    )
    if not (least <= first <= largest and least <= last <= largest):
        return []
    if first <= last:
        return [*range(first, last + 1, step)]
    # over the end of the day, the week or the year
    return [*range(first, largest + 1), *range(least, last + 1)][::step]
