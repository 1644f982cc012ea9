"""Writing the raw tables: what arrived, which lines it held, and which of them are rows of which.

Belongs here: the statements that fill `sql/raw`. Does not belong here: the ledger of deliveries
(`landings`), opening a file (`deliveries`), what of it enters (`rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import duckdb
import pandas as pd

from il6_platform.paths import sql_file
from il6_platform.registry.deliveries import Delivery, Opened
from il6_platform.registry.exports import read_csv
from il6_platform.registry.native import kept_columns
from il6_platform.registry.pseudonyms import Pseudonyms, is_mangled, is_number
from il6_platform.registry.rows import rows_of


def arrived(
    connection: duckdb.DuckDBPyConnection, digest: str, versions: Mapping[str, str] | None = None
) -> tuple[bool, datetime | None]:
    """Say of a file whether it need not be read again, and when it first arrived.

    A file that could not be read or was not recognised is looked at again: it may have been renamed
    since, or a profile may know it now. So is one whose profile reads otherwise today.

    Parameters
    ----------
    versions
        Profile -> its version, of those that there are.
    """
    rows = connection.execute(
        "select status, profile, profile_version, arrived_at "
        "from raw.deliveries where delivery = $d or source = $d",
        {"d": digest},
    ).fetchall()
    return _is_settled(rows, versions or {}), min((row[-1] for row in rows), default=None)


def settled(connection: duckdb.DuckDBPyConnection, versions: Mapping[str, str]) -> set[str]:
    """Return which of all contents need not be read again, as `arrived` says of one."""
    rows = connection.execute(
        "select content, list((status, profile, profile_version)) from (select "
        "unnest([delivery, source]) as content, status, profile, profile_version "
        "from raw.deliveries) where content is not null group by content"
    ).fetchall()
    return {content for content, about in rows if _is_settled(about, versions)}


def _is_settled(rows: Sequence[tuple[Any, ...]], today: Mapping[str, str]) -> bool:
    is_known = any(status not in ("rejected", "unrecognised", "passed over") for status, *_ in rows)
    return is_known and all(today.get(profile, then) == then for _, profile, then, *_ in rows)


def record(
    connection: duckdb.DuckDBPyConnection,
    digest: str,
    file: str,
    opened: Opened,
    arrived_at: datetime,
) -> None:
    """Record what a file turned out to be, in the place of what was said of it before.

    All or nothing: a refresh that is killed meanwhile reads the file again.
    """
    contents = _contents(digest, file, opened)
    deliveries = pd.DataFrame([_about(delivery, arrived_at) for delivery in opened.deliveries])
    connection.execute("begin")
    connection.execute(
        "delete from raw.columns where delivery in "
        "(select delivery from raw.deliveries where delivery = $d or source = $d union select $d)",
        {"d": digest},
    )
    connection.execute(
        "delete from raw.deliveries where delivery = $d or source = $d", {"d": digest}
    )
    for table in ("sources", "passed_over"):
        connection.execute(f"delete from raw.{table} where source = ?", [digest])
    for table, incoming in contents.items():
        if len(incoming):
            connection.register("incoming", incoming)
            connection.execute(f"insert into raw.{table} by name select * from incoming")
            connection.unregister("incoming")
    connection.register("incoming", deliveries)
    connection.execute(
        "insert into raw.deliveries by name select * exclude (number), "
        "(select coalesce(max(sequence), 0) from raw.deliveries) + number as sequence from "
        "(select *, row_number() over () as number from incoming)"
    )
    connection.unregister("incoming")
    connection.execute("commit")


def _contents(digest: str, file: str, opened: Opened) -> dict[str, pd.DataFrame]:
    """Return what a file consists of, by table of `raw`: sheets, lines passed over, columns."""
    sources = pd.DataFrame(
        [(digest, source.name, file, source.lines) for source in opened.sources],
        columns=["source", "sheet", "file", "lines"],
    )
    passed_over = pd.DataFrame(
        [
            (digest, source.name, line, reason)
            for source in opened.sources
            for line, reason in source.passed_over.items()
        ],
        columns=["source", "sheet", "line", "reason"],
    ).astype({"line": "Int32"})
    columns = pd.DataFrame(
        [
            *(
                (digest, source.name, name, place, *about)
                for source in opened.sources
                for place, (name, about) in enumerate(source.columns.items(), 1)
            ),
            *(
                (delivery.digest, delivery.sheet, name, place, *about)
                for delivery in opened.deliveries
                for place, (name, about) in enumerate(_columns(delivery).items(), 1)
            ),
        ],
        columns=["delivery", "sheet", "column_name", "place", "is_read", "filled"],
    )
    return {"sources": sources, "passed_over": passed_over, "columns": columns}


def order(connection: duckdb.DuckDBPyConnection, cut: date | None) -> None:
    """Set the order of the cut: by the day of the export, then by arrival.

    What was delivered again counts from the last time on.
    """
    connection.execute("update raw.deliveries set position = null")
    connection.execute(
        "update raw.deliveries set delivered_on = l.delivered_on, generation = l.generation from ("
        " select content, max(delivered_on) as delivered_on,"
        "  max_by(generation, landing) as generation"
        " from (from landings_with_doubt() where delivered_on <= coalesce($cut, 'infinity'::date)"
        # a day that is in doubt counts where there is no other one
        "  qualify row(doubt is null, delivered_on) = max(row(doubt is null, delivered_on))"
        "  over (partition by content))"
        " group by content"
        ") as l where coalesce(raw.deliveries.source, raw.deliveries.delivery) = l.content",
        {"cut": cut},
    )
    connection.execute(
        "update raw.deliveries set position = o.position from ("
        " select delivery, row_number() over (order by delivered_on, generation, sequence)"
        "  as position from raw.deliveries"
        " where status = 'accepted' and delivered_on <= coalesce($cut, 'infinity'::date)"
        ") as o where raw.deliveries.delivery = o.delivery",
        {"cut": cut},
    )


def know_rows(connection: duckdb.DuckDBPyConnection, **variables: Collection[str]) -> None:
    """Make the view `raw_rows` and `keys_at(number, site)`, and set what statements ask for."""
    connection.execute(sql_file("raw.rows").read_text("utf-8"))
    sites = connection.execute(sql_file("raw.sites").read_text("utf-8")).fetchall()
    for name, texts in {**variables, "sites": [site for (site,) in sites]}.items():
        connection.execute(f"set variable {name} = $texts::varchar[]", {"texts": [*texts]})


def load(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    covariates: Collection[str],
    read: Callable[[str], bytes],
    pseudonyms: Pseudonyms,
) -> int:
    """Append the rows of the exports of a table that are not in its raw table yet.

    Parameters
    ----------
    covariates
        Of the study file. An export that has one which was not read then is read again.
    read
        Gives a delivery's bytes as they were kept.

    Returns
    -------
    int
        Exports read.
    """
    kept = kept_columns(table, covariates)
    fresh = connection.execute(
        "select delivery, file, arrived_at from raw.deliveries as d "
        "where status = 'accepted' and table_name = $table "
        f"and (delivery not in (select delivery from raw.{table}) or exists("
        " from raw.columns as c where c.delivery = d.delivery and not c.is_read"
        " and list_contains($kept, c.column_name)"
        ")) order by sequence",
        {"table": table, "kept": sorted(kept)},
    ).fetchall()
    for delivery, file, arrived_at in fresh:
        export = read_csv(read(delivery))
        names, incoming = rows_of(export, kept, pseudonyms)
        texts = ", ".join(f"c{number}" for number in range(len(names)))
        connection.execute("begin")
        connection.execute(f"delete from raw.{table} where delivery = ?", [delivery])
        connection.execute(
            "update raw.columns set is_read = true "
            "where delivery = ? and list_contains(?, column_name)",
            [delivery, names],
        )
        connection.register("incoming", incoming)
        connection.execute(
            f"insert into raw.{table} select $delivery, $file, line, $arrived, "
            f"filled_cells($names, [{texts}]), problem from incoming",
            {"delivery": delivery, "file": file, "arrived": arrived_at, "names": names},
        )
        connection.unregister("incoming")
        if "patient_id" in export.header:
            written = export.columns[export.header.index("patient_id")].unique().to_pylist()
            _record_spellings(
                connection, [one for one in written if one and is_number(one)], pseudonyms
            )
        connection.execute("commit")
    return len(fresh)


def _record_spellings(
    connection: duckdb.DuckDBPyConnection, numbers: list[str], pseudonyms: Pseudonyms
) -> None:
    """Keep how numbers are written, as pseudonyms: two ways of writing one are to be found."""
    if not numbers:
        return
    incoming = pd.DataFrame(
        {
            "patient": [pseudonyms.of(number) for number in numbers],
            "loosely": [pseudonyms.loosely(number) for number in numbers],
            "is_mangled": pd.Series([is_mangled(number) for number in numbers], dtype=bool),
        }
    ).drop_duplicates("patient")
    connection.register("incoming", incoming)
    connection.execute("insert or ignore into raw.spellings by name select * from incoming")
    connection.unregister("incoming")


def _about(delivery: Delivery, arrived_at: datetime) -> dict[str, object]:
    """Return a delivery's row of raw.deliveries."""
    return {
        "delivery": delivery.digest,
        "file": delivery.file,
        "table_name": delivery.table,
        "delivered_on": delivery.delivered_on,
        "arrived_at": arrived_at,
        "bytes": delivery.size,
        "lines": len(delivery.export.lines) if delivery.export else 0,
        "status": delivery.status,
        "problem": delivery.problem,
        "source": delivery.source,
        "profile": delivery.profile,
        "profile_version": delivery.profile_version,
        "sheet": delivery.sheet,
        "is_relative": delivery.is_relative,
    }


def _columns(delivery: Delivery) -> dict[str, tuple[bool, int]]:
    """Return a delivery's columns: whether they are read, and how many lines have them filled."""
    if delivery.export is None or delivery.table is None:
        return {}
    kept = kept_columns(delivery.table)
    return {
        name: (name in kept, len(column) - column.null_count)
        for name, column in zip(delivery.export.header, delivery.export.columns, strict=True)
    }
