"""The looks that were taken at a study's growing data: one a published cut.

Belongs here: the list of looks in a study's folder, each with the information that it had. Does not
belong here: what they cost (`il6_platform.statistics.group_sequential`).
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from il6_platform.files import write_whole


@dataclass(frozen=True)
class Look:
    """A look at a planned comparison.

    Attributes
    ----------
    last_export
        Day of the last delivery of the cut (ISO).
    endpoint, population, contrast
        What was compared.
    events
        Events that there were.
    planned
        Events at which all information is there: fixed at the first look.
    """

    last_export: str
    endpoint: str
    population: str
    contrast: str
    events: int
    planned: int


def read_looks(path: Path, before: str) -> tuple[Look, ...]:
    """Return the looks at cuts whose last delivery was before a day (ISO), as they were taken."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as stream:
        looks = [
            Look(
                row["last_export"],
                row["endpoint"],
                row["population"],
                row["contrast"],
                int(row["events"]),
                int(row["planned"]),
            )
            for row in csv.DictReader(stream)
        ]
    return tuple(look for look in looks if look.last_export < before)


def keep_look(path: Path, look: Look) -> None:
    """Add a look; one that is there already is not added again."""
    known = read_looks(path, "9999")
    if look in known:
        return
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, [field.name for field in fields(Look)])
    writer.writeheader()
    writer.writerows(asdict(one) for one in (*known, look))
    write_whole(path, stream.getvalue())
