"""Forgetting a patient: what the home folder keeps of them is erased, and that it was is recorded.

Erased are the raw rows, the lines in the exports as they were kept, what the working database
derived of them, and their rows in who is in earlier cuts. Published tables hold no patients, so
earlier cuts stay; from the next cut on the patient is in no number.

Belongs here: that erasure. Does not belong here: whose a row is (`forgotten`); withdrawn consent
that an export reports: there the rows stay raw, and leave every table from the next cut on
(`sql/staging/lines.sql`).
"""

from __future__ import annotations

import csv
import io
import json
import logging
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from il6_platform.errors import UsageError
from il6_platform.files import digest_of_file, put_whole, write_whole
from il6_platform.privacy.forgotten import (
    APART,
    Numbers,
    check_clear,
    folders,
    keys_of,
    listed,
    read_record,
    rows_apart,
    rows_of,
    write_record,
)
from il6_platform.registry import erased, struck
from il6_platform.registry.landing import digest_of, digests
from il6_platform.registry.merged import drop_merged, fill_merged
from il6_platform.registry.native import TABLES
from il6_platform.registry.readings import read_cells
from il6_platform.validation import answers
from il6_platform.warehouse.database import Warehouse, locked
from il6_platform.warehouse.home import Site, remove_database
from il6_platform.warehouse.patients import patient_of

_PATIENT = ("patient", "patient_id", "USUBJID")
"""Names of columns that hold a pseudonym."""


@dataclass(frozen=True)
class Forgotten:
    """What was erased of a patient, and what may still be of the same one.

    Attributes
    ----------
    still_landed
        Files in the landing folder that hold them.
    spelt_otherwise
        Pseudonyms of numbers that differ in case, width, signs or leading zeros only.
    """

    patient: str
    rows: int
    exports: int
    cuts: int
    still_landed: list[str]
    spelt_otherwise: list[str]


class UnknownPatientError(UsageError):
    """Nothing is kept of the patient who is named."""


def forget(site: Site, patient_id: str) -> Forgotten:
    """Erase a patient, given by number, `SITE:NUMBER` or pseudonym, and record it.

    Raises
    ------
    UnknownPatientError
        Where nothing is known of such a patient; nothing was changed.
    UsageError
        Where several sites have the number and none is named; nothing was changed.
    """
    registry = Warehouse(site=site)
    with registry.held(logging.getLogger(__name__)):
        return _forget(registry, patient_id)


def _forget(warehouse: Warehouse, patient_id: str) -> Forgotten:
    site = warehouse.site
    patient = _pseudonym_of(warehouse, patient_id)
    others = warehouse.query(
        "select o.patient from raw.spellings as o join raw.spellings as s using (loosely) "
        "where s.patient = $patient and o.patient != s.patient order by o.patient",
        {"patient": patient},
    )
    known = read_record(site)
    keys, bare = keys_of(warehouse, patient)
    entry = {
        "forgotten_on": date.today().isoformat(),
        "patient": patient,
        "keys": " ".join(sorted(keys)),
        "without_site": " ".join(sorted(bare)),
        "folders": json.dumps(folders(warehouse)),
    }
    write_record(site, pd.concat([known, pd.DataFrame([entry])], ignore_index=True))
    # from here on it is on record: what is cut short is done by the next refresh
    rows, exports, cuts = _finish(warehouse, patient)
    known = warehouse.query(
        "select coalesce(source, delivery) as file, erased > 0 as is_hit from raw.deliveries "
        "where status != 'passed over'"
    )
    hit = set(known.loc[known["is_hit"], "file"]) | {
        file for file in known["file"] if not (site.kept_path / file).exists()
    }
    hit |= set(
        warehouse.query(
            "select sha256 from raw.landings where list_contains($hit, content)",
            {"hit": sorted(hit)},
        )["sha256"]
    )
    there = [file for file, digest in digests(site.landing_path).items() if digest in hit]
    return Forgotten(patient, rows, exports, cuts, there, others["patient"].tolist())


def say_another(site: Site, place: str, number: str) -> None:
    """Record that a site's patient is another one than who was forgotten under the number.

    Raises
    ------
    UsageError
        Where no patient of the site and the number waits for that answer; nothing was changed.
    """
    registry = Warehouse(site=site)
    with registry.held(logging.getLogger(__name__)):
        recorded = read_record(site)
        with registry.connect() as connection:
            unclear = rows_apart(connection, recorded)
        unclear = unclear[
            ~unclear["is_answered"]
            & (unclear["site"].str.lower() == place.lower())
            & (unclear["number"] == registry.pseudonyms.of(number))
        ]
        if unclear.empty:
            raise UsageError(
                f"no number of a site {place} waits for that answer; give SITE:NUMBER as "
                "il6 refresh and the export name them"
            )
        keys = " ".join(sorted(set(unclear["key"])))
        for entry in set(unclear["entry"]):
            recorded.loc[entry, "others"] = f"{recorded.loc[entry, 'others']} {keys}".strip()
        write_record(site, recorded)


def _erase_answers(connection: duckdb.DuckDBPyConnection, home: Path, patient: str) -> None:
    """Delete what people wrote about a patient and their records: it may name them."""
    known = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'staging' and table_name = 'lines'"
    ).fetchall()
    if known:
        # a home that was not refreshed since it has a newer version knows one key of a record
        has_earlier = "records_before" in connection.table("staging.received").columns
        records = connection.execute(
            f"select unnest(list_append({'records_before' if has_earlier else '[]'}, record)) "
            "from staging.received where patient = ?",
            [patient],
        ).fetchall()
        answers.drop_answers(home, {record for (record,) in records})
        answers.fill_answers(connection, home, None)
    known_as = struck.listed_as(connection, patient) if known else {patient}
    if any(row["patient"] in known_as for row in struck.read_struck(home)):
        struck.undo(home, known_as)


def _pseudonym_of(warehouse: Warehouse, patient_id: str) -> str:
    """Return the pseudonym of a patient of whom something is kept."""
    pseudonyms = warehouse.pseudonyms
    with warehouse.connect() as connection:
        staged = patient_of(connection, pseudonyms, patient_id)
    if staged is not None:
        return staged
    place, _, of_site = patient_id.partition(":")
    for patient in (pseudonyms.of(patient_id), pseudonyms.of(of_site, place), patient_id):
        with warehouse.connect() as connection:
            found = rows_of(connection, pd.DataFrame(columns=APART), keys={patient})
        if not found.empty:
            return patient
    raise UnknownPatientError(
        "no row of such a patient is kept; give the number as the exports write it"
    )


def _finish(warehouse: Warehouse, patient: str) -> tuple[int, int, int]:
    """Erase a patient who is on record; return the rows, exports and cuts that held them.

    Each step may be taken again. The record says how much it was once all is done.
    """
    site = warehouse.site
    with warehouse.connect() as connection:
        recorded = read_record(site)
        apart = rows_apart(connection, recorded)
        rows, exports = _erase(warehouse, connection, recorded, apart, everywhere=True)
        theirs = recorded[recorded["patient"] == patient]
        keys = {*listed(theirs, "patient", "keys", "without_site")}
        drop_merged(site.home_path, warehouse.pseudonyms, keys)
        fill_merged(connection, site.home_path, warehouse.pseudonyms)
        _erase_answers(connection, site.home_path, patient)
        _erase_derived(connection, patient)
        # staging is made anew as a whole: what it rests on may name a record of theirs
        connection.execute("drop schema if exists touched cascade")
        # what only they had in a cell is in no raw table any more
        read_cells(connection)
        warehouse.leave_worklist()
        warehouse.write_anew_when_closed()
    cuts = sum(_erase_in_study(site.of_study(name), patient) for name in site.studies())
    is_theirs = recorded["patient"] == patient
    recorded.loc[is_theirs, ["rows", "exports", "cuts"]] = [str(n) for n in (rows, exports, cuts)]
    write_record(site, recorded)
    return rows, exports, cuts


def erase_on_record(warehouse: Warehouse) -> tuple[int, int]:
    """Erase what new exports say of all who are on record, and finish what was cut short.

    Returns
    -------
    tuple of int
        Rows erased, and exports that held them.

    Raises
    ------
    DataQualityError
        Where it cannot be told whether a row is of somebody who was forgotten.
    """
    recorded = read_record(warehouse.site)
    unfinished = recorded.loc[recorded["rows"].fillna("") == "", "patient"]
    found = [_finish(warehouse, patient)[:2] for patient in unfinished]
    if not recorded.empty:
        with warehouse.connect() as connection:
            apart = rows_apart(connection, recorded)
            found.append(_erase(warehouse, connection, recorded, apart))
        check_clear(apart, recorded)
    return sum(rows for rows, _ in found), sum(exports for _, exports in found)


def _erase_derived(connection: duckdb.DuckDBPyConnection, patient: str) -> None:
    """Delete a patient from every table of a database that has a pseudonym in it."""
    holding = connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and list_contains($names, column_name)",
        {"names": list(_PATIENT)},
    ).fetchall()
    for table, column in holding:
        connection.execute(f'delete from {table} where "{column}" = ?', [patient])


def _erase_in_study(site: Site, patient: str) -> int:
    """Erase a patient from what a study keeps beside its cuts; return the cuts they were in.

    The study's database and datasets are made again on demand, without the patient.
    """
    from il6_platform.privacy import site_packs

    study = Warehouse(site=site, holds="study")
    with locked(study.lock_path, site):
        remove_database(study.database)
        shutil.rmtree(site.study_folder / "exchange", ignore_errors=True)
        site_packs.forget(site.study_folder / "packs" / site_packs.PATIENTS, patient)
        return sum(_without(path, patient) for path in (site.study_folder / "patients").glob("*.*"))


def _erase(
    warehouse: Warehouse,
    connection: duckdb.DuckDBPyConnection,
    recorded: pd.DataFrame,
    apart: pd.DataFrame,
    *,
    everywhere: bool = False,
) -> tuple[int, int]:
    """Erase the raw rows of all who are on record, and their lines in the kept exports.

    Parameters
    ----------
    apart
        Rows that may be of another person (`rows_apart`), which stay.
    everywhere
        Look through every kept export for a mention of them, not only those that held their rows.

    Returns
    -------
    tuple of int
        Rows erased, and exports that held them. Nothing is left to do where both are 0.
    """
    keys, bare = (listed(recorded, *names) for names in (("patient", "keys"), ("without_site",)))
    # a number that is another one's elsewhere names nobody by itself
    numbers = Numbers({*keys, *bare} - set(apart["number"]), warehouse.pseudonyms.of)
    said = {
        text
        for table in TABLES
        for (text,) in connection.execute(
            f"select distinct unnest(map_values(cells)) from raw.{table}"
        ).fetchall()
        if text
    }
    gone = rows_of(
        connection,
        apart,
        keys=keys,
        bare=bare,
        texts=[*filter(numbers.are_in, said)],
        slipped=[text for text in said if numbers.is_one(text.strip())],
    )
    exports = set(gone["delivery"])
    for delivery, lines in gone.groupby("delivery")["line"]:
        _erase_lines(warehouse.site, str(delivery), set(lines), numbers)
    if not gone.empty:
        _erase_rows(connection, gone)
    _erase_others(warehouse, exports, numbers, everywhere=everywhere)
    connection.execute(
        "delete from raw.spellings where list_contains($patients, patient)",
        {"patients": [*keys, *bare]},
    )
    if exports:
        warehouse.write_anew_when_closed()
    left = " union all ".join(f"select delivery from raw.{table}" for table in TABLES)
    # nothing is left to read in it, so nobody shall try
    connection.execute(
        f"update raw.deliveries set status = 'erased' where erased > 0 and delivery not in ({left})"
    )
    return len(gone), len(exports)


def _erase_rows(connection: duckdb.DuckDBPyConnection, gone: pd.DataFrame) -> None:
    """Delete raw rows, and note which they were."""
    connection.register("gone", gone)
    connection.execute("begin")
    connection.execute("insert into raw.erased by name select * from gone")
    for table in set(gone["table_name"]):
        connection.execute(
            f"delete from raw.{table} where (delivery, line) in "
            f"(select (delivery, line::integer) from gone where table_name = '{table}')"
        )
    connection.execute(
        "update raw.deliveries set erased = erased + counted.n from "
        "(select delivery, count(*) as n from gone group by delivery) as counted "
        "where raw.deliveries.delivery = counted.delivery"
    )
    connection.execute("commit")
    connection.unregister("gone")


def _erase_others(
    warehouse: Warehouse, exports: set[str], numbers: Numbers, *, everywhere: bool
) -> None:
    """Erase what else is kept of them: files that tables were made of, and files never used.

    Neither can be erased line by line. What a profile read of the others is in the native tables
    that were made; of a file that was never used nothing is.
    """
    kept = warehouse.site.kept_path
    known = warehouse.query(
        "select delivery, file, status in ('accepted', 'erased') as is_native, source, "
        # of an erasure that was cut short the rows are gone, and their number is left
        "list_contains($exports, delivery) or coalesce(erased, 0) > 0 as is_hit "
        "from raw.deliveries",
        {"exports": sorted(exports)},
    )
    native = set(known.loc[known["is_native"], "delivery"])
    hit = set(known.loc[known["is_hit"], "source"].dropna())
    files = dict(zip(known["source"].fillna(known["delivery"]), known["file"], strict=True))
    unused = set(known.loc[~known["is_native"], "delivery"])
    for path in sorted(kept.iterdir()):
        if path.name in native:
            if everywhere and path.name not in exports:
                _erase_lines(warehouse.site, path.name, set(), numbers)
        elif path.name in hit or (
            (everywhere or path.name in unused)
            and numbers.are_in_file(files.get(path.name, path.name), path.read_bytes())
        ):
            erased.note(warehouse.site.home_path, _left_of(warehouse, path.name))
            path.unlink()


def _left_of(warehouse: Warehouse, source: str) -> list[erased.Erased]:
    """Say what is left of a file that is taken away: the native tables that were made of it."""
    made = warehouse.query(
        "select delivery, source, file, table_name, delivered_on::date::varchar as delivered_on, "
        "coalesce(sheet, '') as sheet, coalesce(profile, '') as profile, "
        "coalesce(profile_version, '') as profile_version, "
        "if(is_relative, 'Y', '') as is_relative from raw.deliveries "
        "where source = $source and status in ('accepted', 'erased') order by sequence",
        {"source": source},
    )
    kept = warehouse.site.kept_path
    return [
        erased.Erased(source, ""),
        *(
            erased.Erased(**row, sha256=digest_of_file(kept / str(row["delivery"])))
            for row in made.to_dict("records")
        ),
    ]


def _erase_lines(site: Site, delivery: str, lines: set[int], numbers: Numbers) -> None:
    """Rewrite a kept export without the given lines and any other that names one of the patients.

    An export that is no plain text, so that its lines cannot be told apart, is emptied: what it
    held of others is in the raw tables.
    """
    path = site.kept_path / delivery
    if not path.exists():
        return
    kept: list[str] = []
    is_touched = False
    try:
        text = path.read_bytes().decode("utf-8-sig")
        physical = list(io.StringIO(text, newline=""))
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        end = 0
        while (cells := next(reader, None)) is not None:
            start, end = end, reader.line_num
            # blank lines are no rows: those that are left keep their numbers
            gone = start + 1 in lines or any(map(numbers.are_in, cells))
            is_touched |= gone
            kept += ["\n"] * (end - start) if gone else physical[start:end]
    except (UnicodeDecodeError, csv.Error):
        kept, is_touched = [], True
    if not is_touched:
        return
    left = "".join(kept).encode()
    erased.note(site.home_path, [erased.Erased(delivery, digest_of(left))])
    write_whole(path, left)


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
    put_whole(fresh, path)
    return True
