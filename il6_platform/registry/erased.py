"""Kept deliveries that are no longer as they arrived, since a patient of theirs was forgotten.

    IL6_HOME/erased_deliveries.csv    what a kept file became: the SHA-256 of what is left of it

A file that cannot be erased line by line is taken away; the native tables that were made of it
stay, and are listed with what they were. Nothing here tells of a patient. Belongs here: writing and
reading that list. Does not belong here: erasing (`privacy.erasure`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from il6_platform.files import read_rows, write_whole

NAME = "erased_deliveries.csv"


@dataclass(frozen=True)
class Erased:
    """A kept file after an erasure.

    Attributes
    ----------
    delivery
        Its name in `deliveries/`.
    sha256
        Of what is left of it; empty where nothing is.
    source
        The file that was taken away, of which this native table was made; else empty, as is all
        that follows.
    """

    delivery: str
    sha256: str
    source: str = ""
    file: str = ""
    table_name: str = ""
    delivered_on: str = ""
    sheet: str = ""
    profile: str = ""
    profile_version: str = ""
    is_relative: str = ""


def note(home: Path, rows: Iterable[Erased]) -> None:
    """Add what files will be; said before they are changed, so that a kill leaves no doubt."""
    known = read_erased(home)
    every = list(dict.fromkeys([*known, *rows]))
    if len(every) == len(known):
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, [one.name for one in fields(Erased)], lineterminator="\n")
    writer.writeheader()
    writer.writerows([vars(one) for one in every])
    write_whole(home / NAME, text.getvalue())


def read_erased(home: Path) -> list[Erased]:
    """Return what became of erased files, oldest first."""
    names = [one.name for one in fields(Erased)]
    return [Erased(**{name: row[name] for name in names}) for row in read_rows(home / NAME, names)]


def is_as_kept(delivery: str, sha256: str, erased: Iterable[Erased]) -> bool:
    """Say whether a kept file is what arrived, or what an erasure left of it."""
    return sha256 == delivery or any(
        one.delivery == delivery and one.sha256 == sha256 for one in erased
    )


def is_gone(delivery: str, erased: Iterable[Erased]) -> bool:
    """Say whether a file was taken away, since a forgotten patient may be in it."""
    return any(one.delivery == delivery and not one.sha256 for one in erased)
