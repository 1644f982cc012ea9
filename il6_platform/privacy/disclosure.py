"""Minimal cells: counts of a few patients are hidden before anything is published.

Belongs here: the order of the steps, which are SQL (`sql/report/small_cells.sql`, `complements.sql`
and `minimal_cells.sql`), and which steps of a curve may be shown. Does not belong here: when it
is done (`publishing.release`), how a hidden count is shown (`page`).
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd

from il6_platform.paths import sql_file
from il6_platform.warehouse.database import Warehouse

MINIMAL_CELL = 5
"""Patients behind a count that leaves at least, where `disclosure.minimal_cell` says nothing."""

STEPS = "analysis in ('survival', 'weighting', 'cutoff') or endpoint = 'ROC'"
"""SQL condition: curves that step where a patient has an event or a marker value."""

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def hide(warehouse: Warehouse, least: int) -> None:
    """Hide the counts of fewer than `least` patients in the report tables.

    Hiding a count can give away another one that was hidden before, so complements are looked for
    until nothing more has to go.
    """
    with warehouse.connect() as connection:
        curves = connection.execute(f"select rowid as id, * from report.curves where {STEPS}").df()
        landmarks = connection.execute(
            'select rowid as id, endpoint, population, grp, "at" from report.results '
            "where analysis = 'survival' and statistic = 'survival'"
        ).df()
        (sizes,) = connection.execute(
            "select max(n) filter (statistic = 'specificity'), "
            "max(n) filter (statistic = 'sensitivity') from report.results "
            "where analysis = 'cutoff'"
        ).fetchall()
        steps, silent = thinned(curves, landmarks, least, sizes)
        shown = pd.DataFrame({"id": steps}, dtype="int64")
        connection.register("shown_steps", shown)
        connection.execute(
            f"delete from report.curves where ({STEPS}) "
            "and rowid not in (select id from shown_steps)"
        )
        connection.unregister("shown_steps")
        _find(connection, silent)
    warehouse.run_sql("report.minimal_cells")


def small(warehouse: Warehouse) -> list[int]:
    """Return the rows of `report.results` that have a small count or would give one away."""
    with warehouse.connect() as connection:
        _find(connection, [])
        found = connection.execute("select distinct id from hidden order by id").fetchall()
        for table in ("hidden", "families"):
            connection.execute(f"drop table {table}")
    return [row for (row,) in found]


def _find(connection: duckdb.DuckDBPyConnection, silent: list[int]) -> None:
    """Find small counts, and again and again what would give them away (table `hidden`)."""
    connection.execute(sql_file("report.small_cells").read_text("utf-8"))
    connection.execute(
        "insert into hidden select unnest($silent::bigint[]), 'estimate', false",
        {"silent": silent},
    )
    complements = sql_file("report.complements").read_text("utf-8")
    while connection.execute(complements).fetchall() != [(0,)]:
        pass


def thin_dates(connection: duckdb.DuckDBPyConnection, least: int) -> None:
    """Drop from what was known on earlier days all days between which few patients differ."""
    rows = connection.execute(
        "select rowid as id, endpoint, population, contrast, statistic, term, n, events "
        "from report.results where analysis = 'evidence' and regexp_matches(term, '^[0-9-]+$') "
        "order by term, id"
    ).df()
    dropped = []
    for _, series in rows.groupby(
        ["endpoint", "population", "contrast", "statistic"], dropna=False, sort=False
    ):
        counts = series[["n", "events"]].astype("Float64").fillna(0).to_numpy(float)
        last = counts[-1]
        for id_, here in zip(series["id"].to_list()[-2::-1], counts[-2::-1], strict=True):
            apart = np.abs(here - last)
            if apart.max() and ((apart == 0) | (apart >= least)).all():
                last = here
            else:
                dropped.append(id_)
    connection.execute(
        "delete from report.results where list_contains($dropped, rowid)", {"dropped": dropped}
    )


def thinned(
    curves: pd.DataFrame,
    landmarks: pd.DataFrame,
    least: int,
    sizes: tuple[int | None, int | None],
) -> tuple[list[int], list[int]]:
    """Say which points of stepping curves may be shown, and which survival at a time may not.

    Parameters
    ----------
    curves
        id and the columns of `report.curves`.
    landmarks
        id, endpoint, population, grp, at: times at which survival is an estimate of its own.
    least
        Patients who must lie between two numbers that are shown; none may lie there as well.
    sizes
        Patients behind an ROC curve's axes: n of specificity (x) and of sensitivity (y).

    Returns
    -------
    tuple of lists of int
        ids of the points, and of the landmarks.
    """
    kept: list[int] = []
    silent: list[int] = []
    by = ["analysis", "endpoint", "population", "grp"]
    for key, curve in curves.groupby(by, dropna=False, sort=False):
        points = curve.sort_values(["x", "y"], ascending=[True, "ROC" in key or "cutoff" in key])
        ids = points["id"].to_numpy(int)
        x, y = points["x"].to_numpy(float), points["y"].to_numpy(float)
        if "ROC" in key or "cutoff" in key:
            passed = np.column_stack([x * (sizes[0] or 0), y * (sizes[1] or 0)])
            kept += ids[_far_apart(passed, np.empty((0, 2)), least)].tolist()
            continue
        at_risk = points["at_risk"].astype("Float64").fillna(0).to_numpy(float)
        fallen = 1 - np.divide(y[1:], y[:-1], out=np.ones(len(y) - 1), where=y[:-1] > 0)
        events = np.concatenate([[0.0], np.cumsum(at_risk[1:] * fallen)])
        here = landmarks[
            (landmarks["endpoint"] == key[1])
            & (landmarks["population"] == key[2])
            & (landmarks["grp"].fillna("") == ("" if pd.isna(key[3]) else key[3]))
        ].sort_values("at")
        if key[0] != "survival":
            here = here.iloc[:0]
        reached = np.array([events[x <= at + 1e-9][-1] for at in here["at"]], dtype=float)
        marks = np.concatenate([[0.0], reached, [events[-1]]])[:, None]
        may = _far_apart(marks, marks[:0], least, is_stepping=False)[1:-1]
        silent += here.loc[~may, "id"].astype(int).tolist()
        kept += ids[_far_apart(events[:, None], reached[may][:, None], least)].tolist()
    return kept, silent


def _far_apart(
    passed: Numbers, anchors: Numbers, least: int, *, is_stepping: bool = True
) -> np.ndarray[Any, Any]:
    """Say which points lie none or at least `least` patients from each other, anchors and the end.

    Parameters
    ----------
    passed
        (points, axes): patients who lie before each point, not falling.
    anchors
        (points, axes): what is shown in any case.
    is_stepping
        Whether a point behind which nobody lies is left out: it is the time of one who is censored.
    """

    def fits(between: Numbers) -> bool:
        return bool(((np.abs(between) < 0.5) | (np.abs(between) >= least - 0.5)).all())

    shown = np.zeros(len(passed), dtype=bool)
    others = [passed[-1], *anchors]
    last = passed[0]
    for place, here in enumerate(passed):
        steps = not is_stepping or bool((here - last > 0.5).any())
        if place == 0 or (steps and fits(here - last) and all(fits(one - here) for one in others)):
            shown[place], last = True, here
    return shown
