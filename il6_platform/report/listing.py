"""The table of an analysis that lists its rows, as the analysis declares it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from il6_platform.analysis.spec import Format, Listing
from il6_platform.figures.labels import (
    at_unit,
    contrast_words,
    labels_of,
    rows_of,
    term_namer,
    upper_first,
)
from il6_platform.report import formatting as journal
from il6_platform.report.figure_catalogue import Report
from il6_platform.report.table import INTERVAL, Table, group_words, sentences_of
from il6_platform.study import Study

BY_TIME = frozenset({"competing_risks", "roc_over_time"})
"""Analyses whose rows are at a time in months."""

FORMATS: dict[Format, Callable[[Any], str]] = {
    "ratio": journal.ratio,
    "number": journal.plain,
    "percent": journal.percent,
    "points": journal.points,
    "difference": journal.difference,
    "months": journal.months,
}


def listing(report: Report, analysis: str, declared: Listing, endpoint: str | None) -> Table:
    """Make the table of an analysis that lists its rows, as its declaration says."""
    study, name_of, labels = report.study, term_namer(report.study), labels_of(report.study)
    rows = rows_of(report.results)(analysis=analysis)
    rows = rows[rows["statistic"].isin(list(declared.rows))]
    if endpoint is not None:
        rows = rows[rows["endpoint"] == endpoint]
    heads = ("Statistic", "Of", "Estimate (95% CI)", "P", "n", "Events")
    groups: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for row in rows.to_dict("records"):
        words, write = declared.rows[row["statistic"]]
        population = labels.get(row["population"], row["population"])
        group = group_words(row["grp"], labels) if row["grp"] else population
        cells: tuple[str, ...] = (
            f"{words}{_at(row['at'], analysis, study)}{', %' if write == 'percent' else ''}",
            _joined(row["model"], row["term"] and name_of(row["term"])),
            journal.with_interval(pd.Series(row), FORMATS[write]),
            journal.p_value(row["p_value"]),
            journal.count_of(row, "n"),
            journal.count_of(row, "events"),
        )
        among = _joined(contrast_words(row["contrast"], study), group)
        among = f"{row['endpoint']}: {among}" if row["endpoint"] else among
        groups.setdefault(upper_first(among), []).append((cells, sentences_of(row["note"], study)))
    # a column that no row fills says nothing
    used = [
        place
        for place in range(len(heads))
        if any(cells[place] for members in groups.values() for cells, _ in members)
    ]
    printed: list[tuple[str, ...]] = []
    marks: list[tuple[str, ...]] = []
    for among, members in groups.items():
        printed.append((among, *[""] * (len(used) - 1)))
        marks.append(())
        for cells, notes in members:
            indented = (f"\N{EM SPACE}{cells[0]}", *cells[1:])
            printed.append(tuple(indented[place] for place in used))
            marks.append(notes)
    filled = {"marker": study.marker.label, "unit": study.marker.unit}
    return Table(
        analysis if endpoint is None else f"{analysis}_{endpoint}",
        declared.title.format(**filled, drug=study.arms.experimental_drug),
        tuple(heads[place] for place in used),
        tuple(printed),
        (f"{INTERVAL}.",),
        tuple(marks),
    )


def _joined(*parts: Any) -> str:
    """Join the parts that are there."""
    return ", ".join(part for part in parts if isinstance(part, str) and part)


def _at(at: Any, analysis: str, study: Study) -> str:
    """Say at which time, bound or cut-off a listed statistic is taken."""
    if pd.isna(at):
        return ""
    value = journal.plain(at)
    if analysis in BY_TIME:
        return f" at {value} months"
    if analysis == "shrinkage":
        return f" {value}"
    return f" at the cut-off of {at_unit(value, study)}"
