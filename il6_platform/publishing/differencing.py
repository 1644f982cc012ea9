"""Releases are safe against each other: no two of them differ by a few patients.

A figure that differs from any earlier release by fewer patients than the minimal cell keeps the
value of the last release, and so do its complements; one that was not in the last release is not
shown. Where few patients in all are others than in an earlier release, all of the last one stays.
Of the history, what was released alone is told.

Releases of the home's other studies are earlier ones as well, and what they say is compared in the
same way: who reads both must not find the few patients who are in one alone.

    IL6_HOME/studies/<name>/released_counts/<cut>.parquet    patients and events behind each row of
                                                             a release, shown or not; it stays here

Belongs here: comparing the report tables that are about to leave with all that left before. Does
not belong here: small counts within a release (`privacy.disclosure`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from il6_platform.files import make_folder, put_whole
from il6_platform.paths import sql_file
from il6_platform.privacy import disclosure
from il6_platform.publishing import cuts
from il6_platform.publishing.publish import HISTORY
from il6_platform.warehouse.database import Warehouse

COMPARED = ("results", "curves", "flow", "data_quality", "history")
"""Report tables that are compared with, or taken from, earlier releases."""

COUNTS = {"flow": "kind, label", "data_quality": "kind, name, table_name"}
"""Tables of counts: which columns tell a row from the others. They stand or change as a whole."""


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Remember how many patients and events are behind each row, whatever of it will be shown."""
    connection.execute(
        "alter table report.results add column true_n bigint;"
        "alter table report.results add column true_events bigint;"
        "update report.results set true_n = n, true_events = events"
    )


def end(connection: duckdb.DuckDBPyConnection, counts: Path) -> None:
    """Keep how many are behind each row of what is released, for the releases to come."""
    make_folder(counts.parent)
    fresh = counts.with_suffix(".new")
    connection.sql(
        "select true_n as n, true_events as events from report.results order by rowid"
    ).write_parquet(str(fresh))
    put_whole(fresh, counts)
    for name in ("true_n", "true_events"):
        connection.execute(f"alter table report.results drop column {name}")


@dataclass(frozen=True)
class Earlier:
    """A release before: its `report.duckdb`, and the file of its counts.

    Attributes
    ----------
    is_same_study
        Whether it is of the study that is released now, or of another one of the home.
    few_changed
        Whether some, and fewer than the minimal cell, of its patients are others than now.
    """

    database: Path
    counts: Path
    is_same_study: bool = True
    few_changed: bool = False


def keep_standing(
    warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, before: Sequence[Earlier]
) -> None:
    """Let what few patients changed since any earlier release stay as the last one has it.

    The curves that stay lie in the table `kept_curves`, thinned as they are: see `put_curves`.

    Parameters
    ----------
    before
        The earlier releases, oldest first; at least one. Where few patients are others than in one
        of the same study, all of the last one stays: groups may have changed all the same, by a
        cut-off that moved, and what is said of them adds up to what is said of all.
    """
    # what stays is taken from the last one of the study itself
    ordered = sorted(before, key=lambda one: one.is_same_study)
    has_own = ordered[-1].is_same_study
    as_a_whole = any(one.is_same_study and one.few_changed for one in ordered)
    connection.execute("create or replace schema earlier")
    connection.execute("create table earlier.current_results as from report.results")
    # rows are known by their numbers, which have gaps where some were deleted
    connection.execute("create or replace table report.results as from earlier.current_results")
    differing, standing = set[int](), set[str]()
    for one in ordered:
        _read_earlier(connection, one.database, one.counts)
        warehouse.run_sql("release.pairs")
        if one.few_changed and not one.is_same_study:
            differing |= _moved(connection)
        warehouse.run_sql("release.differences")
        differing |= {*disclosure.small(warehouse)}
        connection.execute("create or replace table report.results as from earlier.current_results")
        standing |= {table for table in COUNTS if _differs_by_few(connection, table)}
    if not has_own:
        connection.execute("delete from pairs; delete from earlier.curves")
    # a figure of the same patients that moved may have moved by one of them
    unchanged = connection.execute(
        "select pairs.id from pairs inner join report.results as new on pairs.id = new.rowid "
        "inner join earlier.results as old on pairs.old = old.rowid "
        "where $whole or pairs.how in ('exact', 'alike') "
        "and new.n is not distinct from old.true_n "
        "and new.events is not distinct from old.true_events "
        "union select rowid from report.results where $whole",
        {"whole": as_a_whole},
    ).fetchall()
    ids = sorted({*differing, *(row for (row,) in unchanged)})
    connection.execute(
        "create or replace temp table standing as select unnest($ids::bigint[]) as id", {"ids": ids}
    )
    warehouse.run_sql("release.standing")
    warehouse.run_sql("release.silent")
    if as_a_whole:
        connection.execute("create or replace temp table kept_curves as from earlier.curves")
        connection.execute("delete from report.curves")
    for table in COUNTS if as_a_whole else standing:
        if has_own:
            connection.execute(f"create or replace table report.{table} as from earlier.{table}")
        else:
            connection.execute(
                f"alter table report.{table} add column if not exists suppressed varchar;"
                f"update report.{table} set n = null, suppressed = 'n not shown'"
            )


def _moved(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """Return the rows that are not what the same row of another study's release is."""
    found = connection.execute(
        "select pairs.id from pairs inner join report.results as new on pairs.id = new.rowid "
        "inner join earlier.results as old on pairs.old = old.rowid "
        "where pairs.how in ('exact', 'alike') and (new.n, new.events, new.estimate) "
        "is distinct from (old.true_n, old.true_events, old.estimate)"
    ).fetchall()
    return {row for (row,) in found}


def put_curves(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the curves that stay beside those that were thinned now."""
    connection.execute("insert into report.curves by name from kept_curves; drop table kept_curves")


def changed_patients(earlier: Path, later: Path, *, is_same_study: bool = True) -> int:
    """Count the analysed patients who came, left or changed between two cuts.

    Whom a cut-off that moved put into another
    group has not changed; what two studies know of a patient at the start is not compared.

    Parameters
    ----------
    earlier, later
        The files that say, by hashes, who is in a cut.
    """
    with duckdb.connect() as connection:
        for name, path in zip(("earlier", "later"), (earlier, later), strict=True):
            everybody = connection.from_parquet(str(path))
            if not is_same_study:
                everybody = everybody.project("* replace (null as baseline)")
            everybody.create_view(name)
        query = sql_file("release.changed_patients").read_text("utf-8")
        return int(connection.execute(query).fetchall()[0][0])


def tell_of_released_cuts(connection: duckdb.DuckDBPyConnection, *, has_earlier: bool) -> None:
    """Leave in the history the released cuts as they were released, and this one as it will be."""
    about = "select value from report.provenance where kind = 'cut' and name = "
    connection.execute(
        f"create or replace temp table told as select ({about} 'cut') as cut, "
        f"({about} 'last_export') as last_export, {', '.join(HISTORY)} "
        f"from report.results where {cuts.MAIN}"
    )
    connection.execute("delete from report.history")
    if has_earlier:
        connection.execute(
            "insert into report.history by name select columns(lambda name: name in "
            f"{('cut', 'last_export', *HISTORY)}) from earlier.history"
        )
    connection.execute("insert into report.history by name from told")
    connection.execute("drop table told")


def forget_earlier(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was read of earlier releases."""
    connection.execute("drop schema if exists earlier cascade")


def _read_earlier(connection: duckdb.DuckDBPyConnection, path: Path, counts: Path) -> None:
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as released (read_only)")
    try:
        for table in COMPARED:
            connection.execute(
                f"create or replace table earlier.{table} as from released.main.{table}"
            )
    finally:
        connection.execute("detach released")
    connection.execute("alter table earlier.results add column if not exists suppressed varchar")
    connection.from_parquet(str(counts)).create("earlier.counts")
    connection.execute(
        "create or replace table earlier.results as select old.*, behind.n as true_n, "
        "behind.events as true_events from earlier.results as old positional join "
        "earlier.counts as behind; drop table earlier.counts"
    )


def _differs_by_few(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Say whether a count of a table differs from an earlier one by fewer than the minimal cell."""
    found = connection.execute(
        f"select count(*) from report.{table} as new inner join earlier.{table} as old "
        f"using ({COUNTS[table]}) cross join study.settings as settings "
        "where abs(new.n - old.n) between 1 and settings.minimal_cell - 1"
    ).fetchall()
    return bool(found[0][0])
