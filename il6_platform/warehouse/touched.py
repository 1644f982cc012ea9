"""Staging of a large registry: the lines that a delivery touches are made anew, no others.

A table's SQL file is run on a part of the registry (`part`) that is enough for the touched lines,
and its rows take the place of theirs. Which lines those are is found by what is kept in the schema
`touched`. A delivery that comes between others, another code, other settings or erased lines make
the whole table anew; so does anything that does not fit, and a small registry always.

Belongs here: which lines are touched, and which part is enough for them. Does not belong here:
what a table holds (`sql/staging`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from uuid import uuid4

import duckdb

from il6_platform.bounded import at_once
from il6_platform.paths import code_version, sql_file
from il6_platform.registry.native import TABLES
from il6_platform.validation.quarantine import Judgement, judge_table, version_of
from il6_platform.validation.rules import Rule
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.part import part_of

LEAST = 20_000
"""Lines of a registry below which all are staged: finding those that are touched costs more."""

MOST = 0.25
"""Share of all lines above which all are staged: deleting rows costs more than writing them."""


def is_kept(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether it is kept what staging rests on: not of a small registry."""
    ((lines,),) = connection.execute(
        "select coalesce(sum(lines), 0) from raw.deliveries where position is not null"
    ).fetchall()
    if lines < LEAST:
        connection.execute("drop schema if exists touched cascade")
    return bool(lines >= LEAST)


def stage_received(warehouse: Warehouse, *, anew: bool = False) -> None:
    """Make `staging.received`, of a large registry no more than the touched lines.

    Where it is made `anew`, so is all that rests on it.
    """
    with warehouse.connect() as connection:
        rests_on = _settings(connection)
        if anew or not _is_kept_for(connection, rests_on):
            # without `received` nothing of it is used, and another code's tables may be other ones
            connection.execute("drop schema if exists touched cascade")
        if not is_kept(connection):
            warehouse.run_sql("staging.received")
            return
        _run(connection, "touched.tables")
        _run(connection, "touched.deliveries")
        connection.execute(
            "create or replace temp table more_lines as from touched.stand_ins where false"
        )
        if _received_of_news(connection):
            return
        _forget(connection, "received")
        warehouse.run_sql("staging.received")
        with at_once(connection):
            connection.execute("delete from touched.stand_ins; delete from touched.deliveries")
            _note_deliveries(connection)
            _note(connection, "received", rests_on)


def stage_lines(warehouse: Warehouse) -> None:
    """Make `staging.lines`, of a large registry no more than the touched records."""
    with warehouse.connect() as connection:
        if not is_kept(connection):
            warehouse.run_sql("staging.lines")
            return
        rests_on = f"{code_version()} {_generation(connection, 'received')}"
        if _stands(connection, "lines", rests_on) and _lines_of_records(connection):
            return
        _forget(connection, "lines")
        warehouse.run_sql("staging.lines")
        with at_once(connection):
            connection.execute("delete from touched.records; delete from touched.lines")
            _note_full_exports(connection)
            _note(connection, "lines", rests_on)


def judge_staged(
    warehouse: Warehouse, table: str, rules: Sequence[Rule], pool: Executor | None = None
) -> Judgement:
    """Make a staging table and have its rows judged; of results the touched ones alone."""
    with warehouse.connect() as connection:
        if table != "labs" or not is_kept(connection):
            warehouse.run_sql(f"staging.{table}")
            return judge_table(connection, table, rules, pool)
        generation = _generation(connection, "labs")
        rests_on = f"{_settings(connection)} {_generation(connection, 'lines')} {version_of(rules)}"
        stands = _stands(connection, "labs", rests_on)
        _run(connection, "touched.patients")
        part = _labs_of_lines(connection) if stands else None
        if part is None:
            _forget(connection, "labs")
            warehouse.run_sql("staging.labs")
            generation = ""
        judged = judge_table(connection, table, rules, pool, part)
        connection.register("incoming", judged.rows[["delivery", "file_line"]].drop_duplicates())
        with at_once(connection):
            _run(connection, "touched.after_labs")
            _note(connection, "labs", rests_on, generation)
        connection.unregister("incoming")
        return judged


def _is_kept_for(connection: duckdb.DuckDBPyConnection, rests_on: str) -> bool:
    """Say whether `staging.received` stands as it was left, and rests on this."""
    try:
        return _stands(connection, "received", rests_on)
    except (duckdb.CatalogException, duckdb.BinderException):
        # nothing is kept, or it is of a code that kept it in other tables
        return False


def _received_of_news(connection: duckdb.DuckDBPyConnection) -> bool:
    """Stage the lines of new deliveries, and what they touch, if that is all that changed."""
    if not _generation(connection, "received"):
        return False
    ((others, changed, fresh, known),) = connection.execute(
        "select count(*) filter (not n.is_in_the_cut), count(*) filter (k.says != n.says) "
        "+ (select count(*) from touched.deliveries anti join delivered_now using (delivery)), "
        "coalesce(sum(n.n) filter (k.delivery is null), 0), sum(n.n) "
        "from delivered_now as n left join touched.deliveries as k using (delivery)"
    ).fetchall()
    if others or changed or fresh > MOST * known:
        return False
    if not _received_in_part(connection):
        return False
    _run(connection, "touched.more_lines")
    ((more, merged),) = connection.execute(
        "select (select count(*) from more_lines), (select count(*) from raw.merged_patients)"
    ).fetchall()
    # a number that another one was joined to may be of another site now
    if more and (merged or more > MOST * known or not _received_in_part(connection)):
        return False
    connection.execute(
        "create or replace temp table fresh as from made where table_name = 'patients' "
        "or delivery not in (select delivery from touched.deliveries) "
        "or (table_name, delivery, line) in (select (table_name, delivery, line) from more_lines)"
    )
    with at_once(connection):
        _run(connection, "touched.received")
        _note_deliveries(connection)
    return True


def _received_in_part(connection: duckdb.DuckDBPyConnection) -> bool:
    """Make `made`: rows of `staging.received` for the lines that are touched, and for stand-ins.

    Returns
    -------
    bool
        Whether these say that the other lines are of the site and the export that they were of.
    """
    new = connection.execute(
        "select delivery from delivered_now anti join touched.deliveries using (delivery)"
    ).fetchall()
    # named one by one: DuckDB then passes over the blocks that hold none of them
    named = ", ".join(f"'{delivery}'" for (delivery,) in new) or "null"
    tables = {
        f"raw.{table}": f"from raw.{table} where delivery in ({named}) union all "
        f"from raw.{table} where rowid in (select r.rowid from raw.{table} as r semi join "
        "(from more_lines union from touched.stand_ins) as m "
        f"on m.table_name = '{table}' and r.delivery = m.delivery and r.line = m.line)"
        for table in TABLES
        if table != "patients"
    }
    with part_of(connection, tables):
        _run(connection, "staging.received")
        connection.execute("create or replace temp table made as from part.staging.received")
    ((moved,),) = connection.execute(
        "select count(*) from touched.stand_ins as s "
        "inner join made as n using (table_name, delivery, line) "
        "inner join staging.received as w using (table_name, delivery, line) where "
        "(n.site, n.batch, n.together, n.position) is distinct from "
        "(w.site, w.batch, w.together, w.position)"
    ).fetchall()
    return not moved


def _lines_of_records(connection: duckdb.DuckDBPyConnection) -> bool:
    """Make the lines of touched records anew, if they are few."""
    with at_once(connection):
        _run(connection, "touched.exports")
        _note_full_exports(connection)
    ((touched, lines),) = connection.execute(
        "select (select count(*) from (select distinct * from touched.records)), "
        "(select count(*) from staging.lines)"
    ).fetchall()
    if touched > MOST * lines:
        return False
    received = sql_file("touched.received_of_records").read_text("utf-8")
    with part_of(connection, {"staging.received": received}):
        _run(connection, "staging.lines")
        connection.execute(
            "create or replace temp table fresh as from part.staging.lines "
            "semi join touched.records using (table_name, record)"
        )
    with at_once(connection):
        _run(connection, "touched.lines")
    return True


def _labs_of_lines(
    connection: duckdb.DuckDBPyConnection,
) -> AbstractContextManager[None] | None:
    """Make the touched results anew; return the part in which the rules find those to be judged.

    None, and nothing is made, where these are too many.
    """
    _run(connection, "touched.labs")
    ((touched, lines),) = connection.execute(
        "select (select count(*) from lines_made), (select count(*) from staging.labs)"
    ).fetchall()
    if touched > MOST * lines:
        return None
    with part_of(
        connection,
        {
            "staging.lines": "from staging.lines where table_name = 'labs' "
            "and (delivery, line) in (select (delivery, line) from lines_made)",
            "raw.labs": _RAW_LABS.format("lines_made"),
        },
    ):
        _run(connection, "staging.labs")
        connection.execute("create or replace temp table fresh as from part.staging.labs")
    with at_once(connection):
        # what is made now is whole once it is judged
        _forget(connection, "labs")
        connection.execute(
            "delete from staging.labs where (delivery, file_line) in "
            "(select (delivery, line) from lines_made); "
            "insert into staging.labs by name from fresh"
        )
    _run(connection, "touched.judged_labs")
    read = sql_file("touched.lines_of_labs").read_text("utf-8")
    connection.execute(f"create or replace temp table lines_read as {read}")
    return part_of(
        connection,
        {"staging.lines": "from lines_read", "raw.labs": _RAW_LABS.format("lines_read")},
    )


_RAW_LABS = (
    "from raw.labs where rowid in (select r.rowid from raw.labs as r "
    "semi join {} as m on r.delivery = m.delivery and r.line = m.line)"
)
"""The lines of results as they were received that are in a table; its name is filled in."""


def _run(connection: duckdb.DuckDBPyConnection, script: str) -> None:
    connection.execute(sql_file(script).read_text("utf-8"))


def _settings(connection: duckdb.DuckDBPyConnection) -> str:
    """Name what `staging.received` rests on besides deliveries: code, units, numbers and people."""
    ((found,),) = connection.execute(
        "select md5([(select list(u order by u) from setup.units as u)::varchar, "
        "(select list(m order by m) from raw.merged_patients as m)::varchar, "
        "(select list(s order by s) from raw.struck_patients as s)::varchar]::varchar)"
    ).fetchall()
    return f"{code_version()} {found}"


def _stands(connection: duckdb.DuckDBPyConnection, table: str, rests_on: str) -> bool:
    """Say whether a table stands as it was left, and rests on this."""
    return bool(
        connection.execute(
            "from touched.basis where table_name = ? and rests_on = ?", [table, rests_on]
        ).fetchall()
    )


def _generation(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return what a table is called since it was last made as a whole; nothing where it is not."""
    rows = connection.execute(
        "select generation from touched.basis where table_name = ?", [table]
    ).fetchall()
    return str(rows[0][0]) if rows else ""


def _forget(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    connection.execute("delete from touched.basis where table_name = ?", [table])


def _note(
    connection: duckdb.DuckDBPyConnection, table: str, rests_on: str, generation: str = ""
) -> None:
    """Note that a table stands; without a generation, that it was made as a whole."""
    _forget(connection, table)
    connection.execute(
        "insert into touched.basis values (?, ?, ?)", [table, generation or uuid4().hex, rests_on]
    )


def _note_deliveries(connection: duckdb.DuckDBPyConnection) -> None:
    """Note which deliveries are in `staging.received`."""
    _run(connection, "touched.stand_ins")
    connection.execute(
        "delete from touched.deliveries; "
        "insert into touched.deliveries select delivery, says from delivered_now"
    )


def _note_full_exports(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "delete from touched.full_exports; insert into touched.full_exports "
        "select table_name, site, batch, delivered_on from staging.exports where kind = 'full'"
    )
