"""A table as it is printed, and the cells that several tables share.

Belongs here: the shape of a table, and a few rows of `report.results` as one cell. Does not belong
here: which estimate stands in which cell (`tables`, `listing`), how a number is written
(`formatting`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from il6_platform.analysis.names import Statistic
from il6_platform.figures.labels import note_in_words
from il6_platform.report import formatting as journal
from il6_platform.study import Study

INTERVAL = "CI, confidence interval"


@dataclass(frozen=True)
class Table:
    """A table as it is printed: cells of text, and notes below it.

    Attributes
    ----------
    key
        What other parts call it: baseline, cutoff, response, ...
    notes
        Sentences on the whole table.
    marks
        Of each row the sentences on it alone; empty where no row has any.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    marks: tuple[tuple[str, ...], ...] = ()

    @property
    def note(self) -> str:
        """The notes in one."""
        return " ".join(self.notes)


def of_group(rows: pd.DataFrame, group: str | None) -> pd.DataFrame:
    """Return the rows of a group; of all patients where there is none."""
    return rows[rows["grp"].isna() if group is None else rows["grp"] == group]


def median_cell(rows: pd.DataFrame, write: Callable[[Any], str] = journal.plain) -> str:
    """Write a median with its quartiles, of rows that describe one number."""
    value = rows.drop_duplicates("statistic").set_index("statistic")["estimate"]
    if pd.isna(value.get(Statistic.MEDIAN)):
        return ""
    median, low, high = (write(value[of]) for of in (Statistic.MEDIAN, Statistic.Q1, Statistic.Q3))
    return f"{median} ({low}{journal.DASH}{high})"


def counted_cell(rows: pd.DataFrame) -> str:
    """Write how many are of a level, with their share."""
    if rows.empty:
        return ""
    count, share = count_cell(rows.iloc[0], "events"), rows["estimate"].iloc[0]
    return count if pd.isna(share) else f"{count} ({journal.percent(share)})"


def group_words(group: str, labels: dict[str, str]) -> str:
    """Say a group in the study's words."""
    return ", ".join(labels[name] for name in group.split("/"))


def count_cell(row: pd.Series | None, name: str = "n") -> str:
    """Write a count of a row, nothing where there is no row."""
    return "" if row is None else journal.count_of(row.to_dict(), name)


def size_cell(rows: pd.DataFrame) -> str:
    """Say how many patients some rows are of: the most that one of them rests on."""
    if rows["n"].notna().any():
        return f"{rows['n'].max():.0f}"
    return count_cell(rows.iloc[0]) if len(rows) else "0"


def notes_of(rows: pd.DataFrame, study: Study) -> list[str]:
    """Return the rows' notes in words, each sentence once."""
    said = [one for note in rows["note"] for one in sentences_of(note, study)]
    return list(dict.fromkeys(said))


def sentences_of(note: Any, study: Study) -> tuple[str, ...]:
    """Return the sentences of a row's note, in words."""
    words = note_in_words(note, study)
    return tuple(re.split(r"(?<=\.) (?=[A-Z])", words)) if words else ()
