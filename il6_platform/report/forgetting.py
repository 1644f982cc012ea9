"""Forgetting a patient: what the home folder keeps of them is erased, and that it was is recorded.

Erased are the raw rows, the lines in the exports as they were kept, what the working database
derived of them, and their rows in who is in earlier cuts. Published tables hold no patients, so
earlier cuts stay; from the next cut on the patient is in no number. The record
(`IL6_HOME/forgotten.csv`) holds the pseudonym, by which later exports are cleared as they come in.

Belongs here: that erasure. Does not belong here: withdrawn consent that an export reports; there
the rows stay raw, and leave every table from the next cut on (`sql/staging/lines.sql`).
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd

from il6_platform.registry.deliveries import digest_of, landed
from il6_platform.registry.native import TABLES
from il6_platform.warehouse import Site, Warehouse

_PATIENT = ("patient", "patient_id", "USUBJID")
"""Names of columns that hold a pseudonym."""


@dataclass(frozen=True)
class Forgotten:
    """What was erased of a patient, and which files in the landing folder still hold them."""

    patient: str
    rows: int
    exports: int
    cuts: int
    still_landed: list[str]


def forget(warehouse: Warehouse, patient_id: str) -> Forgotten:
    """Erase a patient, given by the registry's number or by the pseudonym, and record it.

    Raises
    ------
    LookupError
        Where nothing is known of such a patient; nothing was changed.
    """
    site = warehouse.site
    warehouse.prepare()
    patient = warehouse.pseudonyms.of(patient_id)
    if not _rows_of(warehouse, patient):
        patient = patient_id
    if not _rows_of(warehouse, patient):
        raise LookupError(
            "no row of such a patient is kept; give the number as the exports write it"
        )
    known = _record(site)
    entry = {"forgotten_on": datetime.now(UTC).date().isoformat(), "patient": patient}
    _write_record(site, pd.concat([known, pd.DataFrame([entry])], ignore_index=True))
    # from here on it is on record: what is cut short is done by the next refresh or call
    rows, exports = erase(warehouse)
    with warehouse.connect() as connection:
        holding = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and list_contains($names, column_name)",
            {"names": list(_PATIENT)},
        ).fetchall()
        for table, column in holding:
            connection.execute(f'delete from {table} where "{column}" = ?', [patient])
    warehouse.leave_worklist()
    cuts = sum(_without(path, patient) for path in (site.home_path / "patients").glob("*.*"))
    # patients as datasets (il6 export): made again on demand, without this one
    shutil.rmtree(site.home_path / "exchange", ignore_errors=True)
    recorded = _record(site)
    amounts = {"rows": rows, "exports": exports, "cuts": cuts}
    recorded.loc[recorded.index[-1], list(amounts)] = [str(n) for n in amounts.values()]
    _write_record(site, recorded)
    _write_anew(warehouse.working_database)
    erased = set(
        warehouse.query(
            "select coalesce(source, delivery) as file from raw.deliveries where erased > 0"
        )["file"]
    )
    there = [item.file for item in landed(site.landing_path)[0] if digest_of(item.read()) in erased]
    return Forgotten(patient, rows, exports, cuts, there)


def erase(warehouse: Warehouse) -> tuple[int, int]:
    """Erase the raw rows of all who are on record, and their lines in the kept exports.

    Returns
    -------
    tuple of int
        Rows erased, and exports that held them. Nothing is left to do where both are 0.
    """
    patients = _record(warehouse.site)["patient"].tolist()
    if not patients:
        return 0, 0
    rows, exports = 0, set()
    with warehouse.connect() as connection:
        for table in TABLES:
            gone = connection.execute(
                f"select '{table}' as table_name, delivery, line from raw.{table} "
                "where list_contains($patients, cell(cells, 'patient_id'))",
                {"patients": patients},
            ).df()
            if gone.empty:
                continue
            for delivery, lines in gone.groupby("delivery")["line"]:
                kept = warehouse.site.kept_path / str(delivery)
                _erase_lines(kept, set(lines), set(patients), warehouse.pseudonyms.of)
            connection.execute("begin")
            connection.register("gone", gone)
            connection.execute("insert into raw.erased by name select * from gone")
            connection.execute(
                f"delete from raw.{table} where (delivery, line) in "
                "(select (delivery, line::integer) from gone)"
            )
            connection.execute(
                "update raw.deliveries set erased = erased + counted.n from "
                "(select delivery, count(*) as n from gone group by delivery) as counted "
                "where raw.deliveries.delivery = counted.delivery"
            )
            connection.unregister("gone")
            connection.execute("commit")
            rows += len(gone)
            exports |= set(gone["delivery"])
        # the file that a profile made these tables of cannot be erased line by line
        made_of = connection.execute(
            "select distinct source from raw.deliveries "
            "where source is not null and list_contains($exports, delivery)",
            {"exports": sorted(exports)},
        ).fetchall()
        for (source,) in made_of:
            (warehouse.site.kept_path / str(source)).unlink(missing_ok=True)
        left = " union all ".join(f"select delivery from raw.{table}" for table in TABLES)
        # nothing is left to read in it, so nobody shall try
        connection.execute(
            "update raw.deliveries set status = 'erased' "
            f"where erased > 0 and delivery not in ({left})"
        )
    return rows, len(exports)


def _rows_of(warehouse: Warehouse, patient: str) -> int:
    counts = " union all ".join(
        f"select count(*) as n from raw.{table} where cell(cells, 'patient_id') = $patient"
        for table in TABLES
    )
    return int(warehouse.query(counts, {"patient": patient})["n"].sum())


def _erase_lines(
    path: Path, lines: set[int], patients: set[str], pseudonym: Callable[[str], str]
) -> None:
    """Rewrite a kept export without the given lines and any other that names one of the patients.

    An export that is no plain text, so that its lines cannot be told apart, is emptied: what it
    held of others is in the raw tables.
    """
    if not path.exists():
        return
    kept: list[str] = []
    try:
        text = path.read_bytes().decode("utf-8-sig")
        physical = list(io.StringIO(text, newline=""))
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        end = 0
        while (cells := next(reader, None)) is not None:
            start, end = end, reader.line_num
            named = any(pseudonym(cell.strip()) in patients for cell in cells if cell.strip())
            # blank lines are no rows: those that are left keep their numbers
            gone = start + 1 in lines or named
            kept += ["\n"] * (end - start) if gone else physical[start:end]
    except (UnicodeDecodeError, csv.Error):
        kept = []
    fresh = path.with_name(f".{path.name}")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(kept), encoding="utf-8", newline="")
    os.replace(fresh, path)


def _without(path: Path, patient: str) -> bool:
    """Take a patient out of a list of who is in a cut; say whether they were in it."""
    is_parquet = path.suffix == ".parquet"
    with duckdb.connect() as connection:
        read = connection.from_parquet if is_parquet else connection.from_csv_auto
        everyone = read(str(path))
        left = everyone.filter(duckdb.ColumnExpression("patient") != patient)
        if len(left) == len(everyone):
            return False
        fresh = path.with_name(f".{path.name}")
        fresh.touch(mode=0o600)
        left.write_parquet(str(fresh)) if is_parquet else left.write_csv(str(fresh), header=True)
    fresh.chmod(0o600)
    os.replace(fresh, path)
    return True


def _write_anew(database: Path) -> None:
    """Copy a database into a fresh file in its place: deleted rows linger in the old one."""
    fresh = database.with_name(f".{database.name}")
    fresh.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        for name, path, how in (("old", database, "(read_only)"), ("fresh", fresh, "")):
            quoted = str(path).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name} {how}")
        connection.execute("copy from database old to fresh")
    fresh.chmod(0o600)
    os.replace(fresh, database)


def _record(site: Site) -> pd.DataFrame:
    columns = ["forgotten_on", "patient", "rows", "exports", "cuts"]
    if not site.forgotten_path.exists():
        return pd.DataFrame(columns=columns, dtype=str)
    return pd.read_csv(site.forgotten_path, dtype=str, keep_default_na=False)


def _write_record(site: Site, record: pd.DataFrame) -> None:
    fresh = site.forgotten_path.with_suffix(".new")
    fresh.touch(mode=0o600)
    record.to_csv(fresh, index=False, lineterminator="\n")
    os.replace(fresh, site.forgotten_path)
