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
import json
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from il6_platform.errors import DataQualityError, UsageError
from il6_platform.files import digest_of_file, put_whole, write_whole
from il6_platform.registry import erased, struck
from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import decoded, open_sheets
from il6_platform.registry.landing import digest_of, digests
from il6_platform.registry.merged import drop_merged, fill_merged
from il6_platform.registry.native import TABLES
from il6_platform.registry.readings import read_cells
from il6_platform.validation import answers
from il6_platform.warehouse.database import Warehouse, locked
from il6_platform.warehouse.home import Site, remove_database
from il6_platform.warehouse.patients import patient_of

_Test = Callable[[str], bool]

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
    known = _record(site)
    keys, bare = _keys_of(warehouse, patient)
    entry = {
        "forgotten_on": datetime.now(UTC).date().isoformat(),
        "patient": patient,
        "keys": " ".join(sorted(keys)),
        "without_site": " ".join(sorted(bare)),
        "folders": json.dumps(_folders(warehouse)),
    }
    _write_record(site, pd.concat([known, pd.DataFrame([entry])], ignore_index=True))
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
        recorded = _record(site)
        with registry.connect() as connection:
            unclear = _apart(connection, recorded)
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
        _write_record(site, recorded)


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
    listed = struck.listed_as(connection, patient) if known else {patient}
    if any(row["patient"] in listed for row in struck.read_struck(home)):
        struck.undo(home, listed)


def _pseudonym_of(warehouse: Warehouse, patient_id: str) -> str:
    """Return the pseudonym of a patient of whom something is kept."""
    pseudonyms = warehouse.pseudonyms
    with warehouse.connect() as connection:
        staged = patient_of(connection, pseudonyms, patient_id)
    if staged is not None:
        return staged
    place, _, of_site = patient_id.partition(":")
    for patient in (pseudonyms.of(patient_id), pseudonyms.of(of_site, place), patient_id):
        if _rows_of(warehouse, patient):
            return patient
    raise UnknownPatientError(
        "no row of such a patient is kept; give the number as the exports write it"
    )


def _keys_of(warehouse: Warehouse, patient: str) -> tuple[set[str], set[str]]:
    """Return by what a patient's raw lines are known: number with site, and number without one.

    A patient has several where two numbers were merged, or a line names no site though others do.
    """
    keys, bare = {patient}, set[str]()
    if not warehouse.columns("staging.lines"):
        return keys, bare
    for table in TABLES:
        found = warehouse.query(
            "select distinct l.number, l.site, "
            "patient_key(l.number, coalesce(cell(r.cells, 'site_id'), list_filter("
            "site_folders(r.file), lambda one: lower(one) = lower(l.site))[1])) as key, "
            "cell(r.cells, 'site_id') is not null or list_contains("
            "list_transform(site_folders(r.file), lambda one: lower(one)), lower(l.site)) "
            "as has_site "
            f"from staging.lines as l inner join raw.{table} as r "
            "on l.delivery = r.delivery and l.line = r.line "
            "where l.table_name = $table and l.patient = $patient",
            {"table": table, "patient": patient},
        )
        for row in found.itertuples():
            if not row.site:
                keys.add(row.number)
            elif row.has_site:
                keys.add(row.key)
            else:
                bare.add(row.number)
    return keys, bare


def _finish(warehouse: Warehouse, patient: str) -> tuple[int, int, int]:
    """Erase a patient who is on record; return the rows, exports and cuts that held them.

    Each step may be taken again. The record says how much it was once all is done.
    """
    site = warehouse.site
    with warehouse.connect() as connection:
        rows, exports = erase(warehouse, everywhere=True)
        theirs = _record(site)
        theirs = theirs[theirs["patient"] == patient]
        keys = {*_listed(theirs, "patient", "keys", "without_site")}
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
    recorded = _record(site)
    is_theirs = recorded["patient"] == patient
    recorded.loc[is_theirs, ["rows", "exports", "cuts"]] = [str(n) for n in (rows, exports, cuts)]
    _write_record(site, recorded)
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
    recorded = _record(warehouse.site)
    unfinished = recorded.loc[recorded["rows"].fillna("") == "", "patient"]
    found = [_finish(warehouse, patient)[:2] for patient in unfinished]
    found.append(erase(warehouse))
    if not recorded.empty:
        with warehouse.connect() as connection:
            apart = _apart(connection, recorded)
        _check_clear(apart[~apart["is_answered"]], recorded)
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


def erase(warehouse: Warehouse, *, everywhere: bool = False) -> tuple[int, int]:
    """Erase the raw rows of all who are on record, and their lines in the kept exports.

    Parameters
    ----------
    everywhere
        Look through every kept export for a mention of them, not only those that held their rows.

    Returns
    -------
    tuple of int
        Rows erased, and exports that held them. Nothing is left to do where both are 0.
    """
    recorded = _record(warehouse.site)
    if recorded.empty:
        return 0, 0
    patients, bare = (
        _listed(recorded, *names) for names in (("patient", "keys"), ("without_site",))
    )
    rows, exports = 0, set[str]()
    with warehouse.connect() as connection:
        apart = _apart(connection, recorded)
        connection.register("apart", apart[["table_name", "delivery", "line"]])
        # a number that is another one's elsewhere names nobody by itself
        numbers = {*patients, *bare} - set(apart["number"])
        is_one, named = _named(numbers, warehouse.pseudonyms.of)
        for table in TABLES:
            # where cells have shifted, the number may stand anywhere in the line
            texts = connection.execute(
                f"select distinct unnest(map_values(cells)) from raw.{table}"
            ).fetchall()
            gone = connection.execute(
                f"select '{table}' as table_name, delivery, line from raw.{table} "
                f"where ({_IS_THEIRS} or list_has_any(map_values(cells), $texts) "
                # one that may be a value, in the next cell of a line that is nobody's
                "or (cell(cells, 'patient_id') is null "
                "and list_contains($slipped, map_values(cells)[1]))) "
                f"and (delivery, line) not in "
                f"(select (delivery, line) from apart where table_name = '{table}')",
                {
                    **{"patients": patients, "bare": bare},
                    "texts": [text for (text,) in texts if named(text)],
                    "slipped": [text for (text,) in texts if is_one(text.strip())],
                },
            ).df()
            if gone.empty:
                continue
            for delivery, lines in gone.groupby("delivery")["line"]:
                exports.add(str(delivery))
                _erase_lines(warehouse.site, str(delivery), set(lines), named)
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
        connection.unregister("apart")
        _erase_others(warehouse, exports, is_one, named, everywhere=everywhere)
        connection.execute(
            "delete from raw.spellings where list_contains($patients, patient)",
            {"patients": [*patients, *bare]},
        )
        if rows:
            warehouse.write_anew_when_closed()
        left = " union all ".join(f"select delivery from raw.{table}" for table in TABLES)
        # nothing is left to read in it, so nobody shall try
        connection.execute(
            "update raw.deliveries set status = 'erased' "
            f"where erased > 0 and delivery not in ({left})"
        )
    return rows, len(exports)


def _erase_others(
    warehouse: Warehouse, exports: set[str], is_one: _Test, named: _Test, *, everywhere: bool
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
                _erase_lines(warehouse.site, path.name, set(), named)
        elif path.name in hit or (
            (everywhere or path.name in unused)
            and _names(files.get(path.name, path.name), path.read_bytes(), is_one, named)
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


def _named(patients: set[str], pseudonym: Callable[[str], str]) -> tuple[_Test, _Test]:
    """Return tests of a text: whether it is the number of a patient, and whether it names one.

    A number that may be a value (`1`, `M`, `2020`, `C787`) names nobody where it stands among
    values: that line is of whoever its own column says.
    """

    @cache
    def is_one(word: str) -> bool:
        return bool(word) and pseudonym(word) in patients

    def named(cell: str) -> bool:
        words = {cell.strip(), *re.split(r"[\s,;:|()\"']+", cell)}
        return any(is_one(word) for word in words if is_telling(word))

    return is_one, named


def is_telling(number: str) -> bool:
    """Say whether a text can be nothing but a patient's number, wherever it stands.

    Examples
    --------
    >>> is_telling("CRLM-0002"), is_telling("7"), is_telling("2020"), is_telling("V600E")
    (True, False, False, False)
    """
    signs = [sign for sign in number if sign.isalnum()]
    digits = sum(sign.isdigit() for sign in signs)
    return len(signs) >= 6 and 3 <= digits < len(signs)


def _names(file: str, content: bytes, is_one: _Test, named: _Test) -> bool:
    """Say whether a file that no table was made of names one of the patients, first in a line too.

    One that cannot be looked into may.
    """
    try:
        sheets = open_sheets(file, content)
    except ExportError:
        try:
            lines = decoded(content).splitlines()
        except ExportError:
            return True
        return any(
            named(line) or is_one(re.split(r"[\s,;|]", line.lstrip(" \"'"))[0]) for line in lines
        )
    return any(
        any(
            named(cell)
            for cells in (
                sheet.export.header,
                sheet.export.surplus.values(),
                sheet.export.unread,
                *(column.unique().to_pylist() for column in sheet.export.columns),
            )
            for cell in cells
            if cell
        )
        or any(
            is_one((cell or "").strip())
            for column in sheet.export.columns[:1]
            for cell in column.unique().to_pylist()
        )
        for sheet in sheets
    )


_IS_THEIRS = " or ".join(
    (
        "list_contains($patients, cell(cells, 'patient_id'))",
        "list_has_any($patients, keys_at(cell(cells, 'patient_id'), cell(cells, 'site_id')))",
        # a patient of a site that the file's folder is called after
        "list_has_any($patients, flatten(list_transform(site_folders(file), "
        "lambda folder: keys_at(cell(cells, 'patient_id'), folder))))",
        "(cell(cells, 'site_id') is null and list_contains($bare, cell(cells, 'patient_id')))",
    )
)
"""Whether a raw row is of one of the patients (after `_know_sites`)."""


def _know_sites(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `keys_at(number, site)`: a site is one in capital and small letters, its keys are not.

    A patient may be on record, or come again, with another spelling of the site.
    """
    named = " union ".join(
        f"select cell(cells, 'site_id') as site from raw.{one}" for one in TABLES
    )
    connection.execute(
        f"set variable sites = (select list(site) from ({named} "
        "union select unnest(site_folders(file)) from raw.deliveries) where site is not null)"
    )
    connection.execute(
        "create or replace temp macro keys_at(number, site) as list_transform(list_filter("
        "getvariable('sites'), lambda one: lower(one) = lower(site)), "
        "lambda one: patient_key(number, one))"
    )


def _folders(warehouse: Warehouse) -> list[str]:
    """Return the folders in which deliveries have lain, that are called after more than a day."""
    found = warehouse.query(
        "select distinct unnest(site_folders(file)) as name from raw.deliveries"
    )
    return sorted(found["name"])


def _apart(connection: duckdb.DuckDBPyConnection, recorded: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a forgotten number that a site has which was not known when it was forgotten.

    A patient was a number then, and is a site and a number now: this one may be another person.

    Returns
    -------
    pandas.DataFrame
        table_name, delivery, line, file, site, number, key (of site and number), entry (row of the
        record), is_answered (whether somebody said that it is another one).
    """
    of_number = pd.DataFrame(
        [
            {
                "entry": entry,
                "number": number,
                "has_site": has_site,
                # where one was known, a folder that is called after none is no other
                "folders": []
                if has_site and row["folders"]
                else json.loads(row["folders"] or "null"),
            }
            for entry, row in recorded.iterrows()
            for has_site, numbers in (
                (False, {row["patient"], *row["keys"].split()}),
                (True, {*row["without_site"].split()} - {*row["keys"].split()}),
            )
            for number in numbers
        ],
        columns=["entry", "number", "has_site", "folders"],
    ).astype({"folders": object})
    connection.register("of_number", of_number)
    _know_sites(connection)
    beside = " union all ".join(
        f"select cells from raw.{one}" for one in TABLES if one != "patients"
    )
    (are_written,) = connection.execute(
        f"select exists(from ({beside}) where cell(cells, 'site_id') is not null)"
    ).fetchone() or (False,)
    rows = " union all ".join(
        f"select '{table}' as table_name, delivery, line, file, cells from raw.{table}"
        for table in TABLES
    )
    found = connection.execute(
        "select table_name, delivery, line, file, site, number, entry, "
        "patient_key(number, site) as key, "
        "list_has_any($others, keys_at(number, site)) as is_answered "
        "from (select *, coalesce(if($are_written and not has_site, cell(cells, 'site_id'), null), "
        "list_filter(site_folders(file), lambda one: not list_contains(folders::varchar[], one) "
        "and not (has_site and cell(cells, 'site_id') is not null))[1]) as site "
        f"from ({rows}) inner join of_number on cell(cells, 'patient_id') = number) "
        "where site is not null and not list_has_any($patients, keys_at(number, site)) "
        "order by file, line",
        {
            "others": _listed(recorded, "others"),
            "patients": _listed(recorded, "patient", "keys"),
            "are_written": are_written,
        },
    ).df()
    connection.unregister("of_number")
    return found


def _check_clear(unclear: pd.DataFrame, recorded: pd.DataFrame) -> None:
    """See that of every row it is known whether somebody who was forgotten is meant.

    Raises
    ------
    DataQualityError
        Where it is not; nothing of such rows is used or erased.
    """
    if unclear.empty:
        return
    first = unclear.iloc[0]
    patients = unclear.groupby(["site", "number"]).ngroups
    raise DataQualityError(
        f"{first['file']}, line {first['line']}: site {first['site']} has a number that was "
        f"forgotten on {recorded.loc[first['entry'], 'forgotten_on']}, when the site was not known"
        f"{'' if patients == 1 else f' ({patients} such numbers)'}. Where it is the same person: "
        f"il6 forget {first['site']}:NUMBER. Where it is another one: "
        f"il6 forget {first['site']}:NUMBER --another. Then il6 refresh"
    )


def _rows_of(warehouse: Warehouse, patient: str) -> int:
    counts = " union all ".join(
        f"select count(*) as n from raw.{table} where {_IS_THEIRS}" for table in TABLES
    )
    with warehouse.connect() as connection:
        _know_sites(connection)
        found = connection.execute(counts, {"patients": [patient], "bare": []}).fetchall()
    return int(sum(n for (n,) in found))


def _erase_lines(site: Site, delivery: str, lines: set[int], named: _Test) -> None:
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
            gone = start + 1 in lines or any(named(cell) for cell in cells)
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


def _record(site: Site) -> pd.DataFrame:
    columns = ["forgotten_on", "patient", "rows", "exports", "cuts", "keys", "without_site"]
    columns += ["folders", "others"]
    if not site.forgotten_path.exists():
        return pd.DataFrame(columns=columns, dtype=str)
    read = pd.read_csv(site.forgotten_path, dtype=str, keep_default_na=False)
    return read.reindex(columns=columns, fill_value="")


def _listed(recorded: pd.DataFrame, *columns: str) -> list[str]:
    """Return the pseudonyms that stand in columns of the record, several in a cell or none."""
    return sorted({one for name in columns for cell in recorded[name] for one in cell.split()})


def _write_record(site: Site, record: pd.DataFrame) -> None:
    write_whole(site.forgotten_path, record.to_csv(index=False, lineterminator="\n"))
