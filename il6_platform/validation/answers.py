"""What people answer to the worklist, read back from the workbook and kept.

    IL6_HOME/answers.csv    every answer, oldest first: what the worklist shows as a conversation

The data manager writes status, name and comment into `worklist.xlsx` and drops it into the landing
folder. An answer is of one record, rule and value: where another value arrives, the problem is open
again. `accepted as is`, with a reason, lets a true outlier pass; a value that could not be read
cannot be accepted, since there would be nothing to use.

Belongs here: reading, keeping and looking up answers. Does not belong here: the workbook's layout
(`worklist`), what an accepted value changes (`quarantine`).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence, Set
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from il6_platform import paths
from il6_platform.errors import DataQualityError
from il6_platform.files import write_whole
from il6_platform.translation import LOCALES, messages
from il6_platform.validation.rules import Rule

NAME = "answers.csv"

ACCEPTED = "accepted as is"

STATUSES = ("open", "answered", ACCEPTED, "fixed")
"""What a problem's status can be."""

COLUMNS = (
    *("table_name", "record", "rule", "value_hash", "status", "who", "comment"),
    *("answered_on", "workbook"),
)

NEEDED = ("table", "record", "rule", "value as received", "status", "comment")
"""Heads of a sheet that holds answers."""


def value_hash(value: object) -> str:
    """Return a hash of a value as received: an answer need not keep the value."""
    text = "" if value is None or pd.isna(value) else str(value)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class NoAnswersError(DataQualityError):
    """No sheet of a workbook can be read as a worklist."""


def keep_answers(home: Path, content: bytes, today: date) -> int:
    """Read a worklist's answers and keep those that are new; return how many.

    A workbook that was read before is not read again, so that a later answer stands.

    Raises
    ------
    NoAnswersError
        Where no sheet can be read as a worklist.
    """
    digest = hashlib.sha256(content).hexdigest()
    known = read_answers(home)
    if digest in set(known["workbook"]):
        return 0
    key = ["table_name", "record", "rule", "value_hash"]
    last = known.drop_duplicates(key, keep="last")
    found = _answers(content)
    merged = found.merge(
        last[[*key, "status", "who", "comment"]], on=key, how="left", suffixes=("", "_before")
    )
    said = ["status", "who", "comment"]
    before = merged[[f"{name}_before" for name in said]].fillna("").to_numpy()
    before[:, 0] = [text or "open" for text in before[:, 0]]
    fresh = found[(found[said].to_numpy() != before).any(axis=1)]
    fresh = fresh.assign(answered_on=today.isoformat(), workbook=digest)
    if len(fresh):
        _write(home, pd.concat([known, fresh], ignore_index=True))
    return len(fresh)


def drop_answers(home: Path, records: Set[str]) -> None:
    """Delete every answer about some records."""
    known = read_answers(home)
    left = known[~known["record"].isin(list(records))]
    if len(left) < len(known):
        _write(home, left)


def _write(home: Path, rows: pd.DataFrame) -> None:
    text = io.StringIO()
    rows[list(COLUMNS)].to_csv(text, index=False, lineterminator="\n")
    write_whole(home / NAME, text.getvalue())


def read_answers(home: Path) -> pd.DataFrame:
    """Return every answer that is kept, oldest first."""
    path = home / NAME
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS), dtype=str)
    with path.open(encoding="utf-8", newline="") as stream:
        return pd.DataFrame(list(csv.DictReader(stream)), columns=list(COLUMNS), dtype=str)


def _answers(content: bytes) -> pd.DataFrame:
    """Return what a workbook answers, a row a problem; sheets without the columns hold none."""
    from python_calamine import CalamineError, CalamineWorkbook

    rows: list[dict[str, str]] = []
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names]
    except (CalamineError, OSError, ValueError):
        raise NoAnswersError from None
    is_worklist = False
    for sheet in sheets:
        heads = [_in_english(str(cell).strip().lower()) for cell in sheet[0]] if sheet else []
        if not {*NEEDED} <= set(heads):
            continue
        is_worklist = True
        for cells in sheet[1:]:
            row = dict(zip(heads, (_text(cell) for cell in cells), strict=False))
            status = _in_english(" ".join(row["status"].lower().split())) or "open"
            if row["record"] and row["rule"]:
                rows.append(
                    {
                        "table_name": row["table"],
                        "record": row["record"],
                        "rule": row["rule"],
                        "value_hash": value_hash(row["value as received"]),
                        "status": status,
                        "who": row.get("answered by", ""),
                        "comment": row["comment"],
                    }
                )
    if not is_worklist:
        raise NoAnswersError
    names = [name for name in COLUMNS if name not in ("answered_on", "workbook")]
    found = pd.DataFrame(rows, columns=names, dtype=str)
    return found.drop_duplicates(["table_name", "record", "rule", "value_hash"], keep="last")


def _text(cell: object) -> str:
    """Return a cell as the worklist had it: a program that saves it may make another type of it."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip().removesuffix(" 00:00:00")


def _in_english(word: str) -> str:
    """Return the English of a head or a status, in whichever language the worklist was written."""
    return _heads_and_statuses().get(word, word)


@cache
def _heads_and_statuses() -> dict[str, str]:
    """Return head or status as a worklist in another language has it -> the English one."""
    known = {*NEEDED, *STATUSES, "answered by"}
    return {
        said: word
        for language in LOCALES
        for word, said in messages(language, "quality").sentences.items()
        if word in known
    }


def fill_answers(connection: duckdb.DuckDBPyConnection, home: Path, as_of: date | None) -> None:
    """Fill raw.answers with the last answer to each problem, as known on a day."""
    connection.execute(paths.sql_file("raw.answers").read_text("utf-8"))
    rows = read_answers(home)
    if as_of is not None:
        rows = rows[rows["answered_on"] <= as_of.isoformat()]
    rows = rows.drop_duplicates(["table_name", "record", "rule", "value_hash"], keep="last")
    connection.execute("delete from raw.answers")
    connection.register("incoming", rows.drop(columns="workbook"))
    connection.execute("insert into raw.answers by name select * from incoming")
    connection.unregister("incoming")


def current(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the last answer to each problem, under its record's key of today.

    Returns
    -------
    pandas.DataFrame
        The columns of raw.answers.
    """
    are_staged = connection.execute(
        "select 1 from duckdb_columns() where schema_name = 'staging' "
        "and table_name = 'received' and column_name = 'records_before'"
    ).fetchall()
    query = paths.sql_file("validation.answers").read_text("utf-8")
    return connection.execute(query if are_staged else "from raw.answers").df()


def accepted(home: Path, as_of: date | None = None) -> str:
    """Name what is accepted as is: a cut that rests on it is another one. Empty: nothing."""
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        fill_answers(connection, home, as_of)
        rows = connection.execute(
            "select table_name, record, rule, value_hash from raw.answers "
            f"where status = '{ACCEPTED}' and trim(comment) != '' order by all"
        ).fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16] if rows else ""


def can_be_accepted(rule: Rule) -> bool:
    """Say whether a value that breaks a rule can be used all the same: it was read and compared."""
    return rule.severity == "warn" or (
        rule.severity in ("quarantine", "cell")
        and rule.expectation
        in ("ExpectColumnValuesToBeBetween", "ExpectColumnPairValuesAToBeGreaterThanB")
    )


def without_accepted(
    connection: duckdb.DuckDBPyConnection, found: pd.DataFrame, rules: Sequence[Rule]
) -> pd.DataFrame:
    """Return the problems of a table; those that were accepted as is are only listed."""
    if found.empty:
        return found
    said = current(connection)
    has_reason = (said["status"] == ACCEPTED) & (said["comment"].fillna("").str.strip() != "")
    passing = [rule.id for rule in rules if can_be_accepted(rule)]
    rows = said[has_reason & said["rule"].isin(passing)]
    known = {
        *rows[["table_name", "record", "rule", "value_hash"]].itertuples(index=False, name=None)
    }
    if not known:
        return found
    keys = zip(
        found["table_name"],
        found["record"],
        found["rule"],
        map(value_hash, found["value"]),
        strict=True,
    )
    is_accepted = pd.Series([key in known for key in keys], index=found.index)
    return found.assign(severity=found["severity"].mask(is_accepted, "info"))


def reply(status: object, comment: object, rule: Rule | None) -> str:
    """Say to who answered why an answer does not count, or nothing where it does."""
    if status not in STATUSES:
        return "status is none of the list: choose one of it"
    if status != ACCEPTED:
        return ""
    if not str(comment or "").strip() or pd.isna(comment):
        return "a reason is needed: write it into comment"
    if rule is None or not can_be_accepted(rule):
        return "cannot be accepted: there is no value that could be used; correct it"
    return ""
