"""Minimal cells: counts of a few patients are hidden before anything is published.

Belongs here: the order of the steps, which are SQL (`sql/report/small_cells.sql`, `complements.sql`
and `minimal_cells.sql`). Does not belong here: how a hidden count is shown; that is `page`.
"""

from __future__ import annotations

from il6_platform.paths import sql_file
from il6_platform.warehouse import Warehouse


def hide(warehouse: Warehouse) -> None:
    """Hide the small counts of the report tables, where the study file asks for it.

    Hiding a count can give away another one that was hidden before, so complements are looked for
    until nothing more has to go.
    """
    if not warehouse.study.quality.minimal_cell:
        return
    with warehouse.connect() as connection:
        connection.execute(sql_file("report.small_cells").read_text("utf-8"))
        complements = sql_file("report.complements").read_text("utf-8")
        while connection.execute(complements).fetchall() != [(0,)]:
            pass
    warehouse.run_sql("report.minimal_cells")
