"""Freshness: whether every site delivers as often as the registry file says.

Belongs here: finding who is late. Does not belong here: telling it (`notices`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from il6_platform.paths import sql_file
from il6_platform.registry_file import read_registry_file
from il6_platform.warehouse.home import Site


def late_sites(site: Site, today: date) -> list[str]:
    """Say which sites have not delivered for longer than `sites: NAME: every_days` allows.

    The day of an export counts, not that of its arrival. While a refresh writes the registry,
    nothing is said.
    """
    registry = read_registry_file(site.home_path)
    expected = {
        name: one.every_days
        for name, one in (registry.sites if registry else {}).items()
        if one.every_days is not None
    }
    if not expected or not site.registry_database.exists():
        return []
    # a look for news where no site is awaited does without it
    import duckdb

    try:
        with duckdb.connect(site.registry_database, read_only=True) as connection:
            query = sql_file("validation.last_exports").read_text(encoding="utf-8")
            last = dict(connection.execute(query).fetchall())
    except duckdb.Error:
        return []
    return late(expected, last, today)


def late(expected: Mapping[str, int], last: Mapping[str, date], today: date) -> list[str]:
    """Say who is late; of a site that never delivered too.

    Examples
    --------
    >>> late({"A": 30, "B": 30}, {"A": date(2024, 1, 1)}, date(2024, 3, 1))
    ['Site A has not delivered for 60 days; one export in 30 days is expected.', \
'Site B has delivered nothing yet; one export in 30 days is expected.']
    """
    said = []
    # exports may spell a site in capital or small letters
    came = {name.lower(): day for name, day in last.items()}
    for name, days in sorted(expected.items()):
        wanted = f"one export in {days} days is expected."
        day = came.get(name.lower())
        if day is None:
            said.append(f"Site {name} has delivered nothing yet; {wanted}")
        elif (passed := (today - day).days) > days:
            said.append(f"Site {name} has not delivered for {passed} days; {wanted}")
    return said
