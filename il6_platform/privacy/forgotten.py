"""Who was forgotten (`IL6_HOME/forgotten.csv`), and which raw rows and texts are theirs.

The record holds pseudonyms, by which later exports are cleared as they come in (`sql/forgotten/`).

Belongs here: that record and whose something is. Does not belong here: erasing (`erasure`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from functools import cache

import duckdb
import pandas as pd

from il6_platform import paths
from il6_platform.errors import DataQualityError
from il6_platform.files import write_whole
from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import decoded, open_sheets
from il6_platform.registry.formats.sheets import Sheet
from il6_platform.registry.raw import know_rows
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site

_COLUMNS = (
    *("forgotten_on", "patient", "rows", "exports", "cuts", "keys", "without_site"),
    *("folders", "others"),
)

APART = ("table_name", "delivery", "line")
"""What names a row of the raw tables."""


def read_record(site: Site) -> pd.DataFrame:
    """Return the record, a row for each time that somebody was forgotten."""
    if not site.forgotten_path.exists():
        return pd.DataFrame(columns=_COLUMNS, dtype=str)
    read = pd.read_csv(site.forgotten_path, dtype=str, keep_default_na=False)
    return read.reindex(columns=_COLUMNS, fill_value="")


def write_record(site: Site, record: pd.DataFrame) -> None:
    """Write the record, whole."""
    write_whole(site.forgotten_path, record.to_csv(index=False, lineterminator="\n"))


def listed(recorded: pd.DataFrame, *columns: str) -> list[str]:
    """Return the pseudonyms that stand in columns of the record, several in a cell or none."""
    return sorted({one for name in columns for cell in recorded[name] for one in cell.split()})


def keys_of(warehouse: Warehouse, patient: str) -> tuple[set[str], set[str]]:
    """Return by what a patient's raw lines are known: number with site, and number without one.

    A patient has several where two numbers were merged, or a line names no site though others do.
    """
    keys, bare = {patient}, set[str]()
    if not warehouse.columns("staging.lines"):
        return keys, bare
    with warehouse.connect() as connection:
        know_rows(connection)
        connection.execute("set variable patient = $patient", {"patient": patient})
        found = connection.execute(_sql("keys")).fetchall()
    for number, site, key, has_site in found:
        if not site:
            keys.add(number)
        elif has_site:
            keys.add(key)
        else:
            bare.add(number)
    return keys, bare


def folders(warehouse: Warehouse) -> list[str]:
    """Return the folders in which deliveries have lain, that are called after more than a day."""
    found = warehouse.query(
        "select distinct unnest(site_folders(file)) as name from raw.deliveries"
    )
    return sorted(found["name"])


def rows_of(
    connection: duckdb.DuckDBPyConnection, apart: pd.DataFrame, **known_by: Collection[str]
) -> pd.DataFrame:
    """Return the raw rows of patients: table_name, delivery, line.

    Parameters
    ----------
    apart
        Rows that are of nobody whom these numbers mean (those columns, at least).
    known_by
        keys, bare, texts and slipped, as `sql/forgotten/theirs.sql` says.
    """
    known = {name: known_by.get(name, ()) for name in ("keys", "bare", "texts", "slipped")}
    know_rows(connection, **known)
    connection.register("apart", apart[[*APART]])
    found = connection.execute(_sql("theirs")).df()
    connection.unregister("apart")
    return found


def rows_apart(connection: duckdb.DuckDBPyConnection, recorded: pd.DataFrame) -> pd.DataFrame:
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
    know_rows(
        connection, keys=listed(recorded, "patient", "keys"), others=listed(recorded, "others")
    )
    connection.register("of_number", of_number)
    found = connection.execute(_sql("apart")).df()
    connection.unregister("of_number")
    return found


def check_clear(apart: pd.DataFrame, recorded: pd.DataFrame) -> None:
    """See that of every row it is known whether somebody who was forgotten is meant.

    Raises
    ------
    DataQualityError
        Where it is not; nothing of such rows is used or erased.
    """
    unclear = apart[~apart["is_answered"].astype(bool)]
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


class Numbers:
    """Numbers that texts are looked through for.

    A number that may be a value (`1`, `M`, `2020`, `C787`) names nobody where it stands among
    values: that line is of whoever its own column says.

    Examples
    --------
    >>> numbers = Numbers({"CRLM-0002", "7"}, lambda text: text)
    >>> numbers.is_one("7"), numbers.are_in("7"), numbers.are_in("see CRLM-0002, 7")
    (True, False, True)
    """

    def __init__(self, pseudonyms: Collection[str], pseudonym: Callable[[str], str]) -> None:
        known = frozenset(pseudonyms)
        self.is_one = cache(lambda word: bool(word) and pseudonym(word) in known)

    def are_in(self, cell: str) -> bool:
        """Say whether a text names one of the patients."""
        words = {cell.strip(), *re.split(r"[\s,;:|()\"']+", cell)}
        return any(self.is_one(word) for word in words if is_telling(word))

    def are_in_file(self, file: str, content: bytes) -> bool:
        """Say whether a file of which no table was made names one of them, first in a line too.

        One that cannot be looked into may.
        """
        try:
            sheets = open_sheets(file, content)
        except ExportError:
            try:
                lines = decoded(content).splitlines()
            except ExportError:
                return True
            firsts = (re.split(r"[\s,;|]", line.lstrip(" \"'"))[0] for line in lines)
            return any(map(self.are_in, lines)) or any(map(self.is_one, firsts))
        return any(map(self._are_in_sheet, sheets))

    def _are_in_sheet(self, sheet: Sheet) -> bool:
        export = sheet.export
        columns = [
            [cell for cell in column.unique().to_pylist() if cell] for column in export.columns
        ]
        beside = (export.header, export.surplus.values(), export.unread)
        texts = [cell.strip() for cells in beside for cell in cells if cell]
        return (
            any(map(self.are_in, texts))
            # beside the rows there is no column that says whose a line is
            or any(
                self.is_one(text) and not text.isalpha() and not text.isdecimal() for text in texts
            )
            or any(self.are_in(cell) for cells in columns for cell in cells)
            or any(self.is_one(cell.strip()) for cells in columns[:1] for cell in cells)
        )


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


def _sql(name: str) -> str:
    return paths.sql_file(f"forgotten.{name}").read_text("utf-8")
