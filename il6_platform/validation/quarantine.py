"""Judging a staging table where it lies: its rows are opened by SQL, judged, and set aside.

Belongs here: what happens to a staging table's rows by what was found of them. Does not belong
here: a rule, or how Great Expectations is asked; that is `rules`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import duckdb
import numpy as np
import pandas as pd

from il6_platform import paths
from il6_platform.bounded import execute_whole
from il6_platform.validation.answers import without_accepted
from il6_platform.validation.rules import RECEIVED, Rule, Verdict, asked, judge, opened, problems
from il6_platform.workers import WorkerPool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found of a staging table.

    Attributes
    ----------
    records
        Rows judged.
    verdicts
        One a rule.
    rows
        The rows that broke a rule, indexed by the position that the verdicts name.
    problems
        What the worklist will say of them.
    set_aside
        Rows that went to quarantine.
    """

    records: int
    verdicts: list[Verdict]
    rows: pd.DataFrame
    problems: pd.DataFrame
    set_aside: int


def judge_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rules: Sequence[Rule],
    pool: Executor | None = None,
    part: AbstractContextManager[None] | None = None,
) -> Judgement:
    """Judge `staging.<table>` by rules; rows that break one leave it for `staging.problems`.

    Parameters
    ----------
    pool
        Rules are judged in another process of it, where one is given.
    part
        In it the rules find no more rows than those of which the verdict may be another one than at
        the last refresh, among them all that broke a rule.
    """
    rows_of = paths.sql_file(f"validation.{table}").read_text("utf-8")
    with part or nullcontext():
        execute_whole(
            connection, f"create or replace temp table judged as {opened(rows_of, rules)}"
        )
    names = [name for name, *_ in connection.table("judged").description]
    columns = asked(names, rules)
    pool = pool or WorkerPool(0)
    verdicts = _judged(connection, table, rules, columns, pool, is_whole=part is None)
    rows = _rows_that_broke_a_rule(connection, table, names, verdicts)
    connection.execute("drop table judged")
    found = _why_no_day(connection, problems(rows, verdicts, table))
    found = without_accepted(connection, _spelt_otherwise(connection, found, table), rules)
    found = _without_remarks_on_empty_cells(found)
    lines = ["delivery", "file_line"]
    wrong = found.loc[found["severity"] == "quarantine", lines].drop_duplicates()
    connection.execute("begin")
    _replace_rows(connection, "staging.verdicts", table, _counted(table, verdicts))
    _replace_rows(connection, "staging.problems", table, found)
    for column, cells in found[found["severity"] == "cell"].groupby("column_name"):
        _empty_cells(connection, table, str(column), cells[lines])
        if table == "patients" and column in READ_BY:
            _keep_last_good(connection, str(column), cells[lines], rules)
    _set_aside(connection, table, _wrong_columns(found))
    if table != "patients" and len(wrong):
        _give_to_whom_they_may_be(connection, table)
    connection.execute("commit")
    return Judgement(verdicts[0].judged, verdicts, rows, found, len(wrong))


MOST_JUDGED = 200_000
"""Rows that are judged at once: Great Expectations copies the frame that it judges."""


def _judged(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rules: Sequence[Rule],
    columns: Sequence[str],
    pool: Executor,
    *,
    is_whole: bool,
) -> list[Verdict]:
    """Judge the rows of `judged`; return a verdict a rule.

    Every rule is of one row, so its verdict rests on what the row says in `columns`. It is kept by
    that: what was said at the last refresh, by a row that no delivery has touched since, is not
    judged again.
    """
    listed = ", ".join(columns)
    about = {"table": table, "version": version_of(rules)}
    connection.execute(
        "create or replace temp table said as "
        f"select rowid as position, md5_number(row({listed})::varchar) as content from judged"
    )
    if is_whole:
        connection.execute(
            "delete from staging.judged where table_name = $table "
            "and (version != $version or content not in (select content from said))",
            about,
        )
    connection.execute(
        "create or replace temp table fresh as "
        "select row_number() over (order by min(position)) - 1 as place, min(position) as position,"
        " content from said anti join "
        "(from staging.judged where table_name = $table) as known using (content) group by content",
        {"table": table},
    )
    ((unseen,),) = connection.execute("select count(*) from fresh").fetchall()
    ((records,),) = connection.execute(f"select count(*) from staging.{table}").fetchall()
    begun: list[tuple[int, Future[list[Verdict]]]] = []
    for start in range(0, unseen, MOST_JUDGED):
        frame = connection.execute(
            f"select {listed} from judged inner join fresh on judged.rowid = fresh.position "
            "where place between $start and $start + $most - 1 order by place",
            {"start": start, "most": MOST_JUDGED},
        ).df()
        begun.append((start, pool.submit(judge, frame, rules)))
        # the next rows are read while these are judged, and no more: each frame takes memory
        if len(begun) > 1:
            _keep_verdicts(connection, about, *begun.pop(0))
    for start, verdicts in begun:
        _keep_verdicts(connection, about, start, verdicts)
    found = connection.execute(
        "select unnest(k.broken) as rule, s.position from said as s inner join staging.judged as k "
        "on k.table_name = $table and s.content = k.content where len(k.broken) > 0 order by all",
        {"table": table},
    ).df()
    connection.execute("drop table said; drop table fresh")
    by_rule = dict(iter(found.groupby("rule")["position"]))
    none = np.empty(0, dtype=np.int64)
    return [
        Verdict(rule, records, np.asarray(by_rule.get(rule.id, none)), rule.id not in by_rule)
        for rule in rules
    ]


def _keep_verdicts(
    connection: duckdb.DuckDBPyConnection,
    about: Mapping[str, object],
    start: int,
    judged: Future[list[Verdict]],
) -> None:
    """Keep in `staging.judged` what was found of the rows of `fresh` from the place `start` on."""
    found = [(verdict.rule.id, verdict.broken) for verdict in judged.result()]
    broken = {
        "place": np.concatenate([start + places for _, places in found]).astype("int64"),
        "rule": np.repeat(
            np.array([rule for rule, _ in found], dtype=object),
            [len(places) for _, places in found],
        ),
    }
    connection.register("broken", pd.DataFrame(broken))
    connection.execute(
        "insert into staging.judged select $table, $version, f.content,"
        " coalesce(b.rules, []::varchar[]) from fresh as f "
        "left join (select place, list(rule) as rules from broken group by place) as b "
        "on f.place = b.place where f.place between $start and $start + $most - 1",
        {**about, "start": start, "most": MOST_JUDGED},
    )
    connection.unregister("broken")


def version_of(rules: Sequence[Rule]) -> str:
    """Return a hash of what rules ask for, and of the libraries that answer."""
    asked_for = [(rule.id, rule.expectation, dict(rule.arguments)) for rule in rules]
    return hashlib.sha256(repr((asked_for, _libraries())).encode()).hexdigest()[:12]


@cache
def _libraries() -> list[str]:
    return [version(name) for name in ("great_expectations", "pandas", "duckdb")]


def _rows_that_broke_a_rule(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    names: Sequence[str],
    verdicts: Sequence[Verdict],
) -> pd.DataFrame:
    """Return the rows of `judged` that broke a rule, indexed by position, as they were received."""
    broken = pd.DataFrame(
        {"position": np.unique(np.concatenate([verdict.broken for verdict in verdicts]))}
    )
    # a code for nothing (ND, -99) was judged as an empty cell; it is shown as it was received
    shown = ", ".join(
        f"coalesce(judged.{name}, r.cells['{name.removeprefix(RECEIVED)}']) as {name}"
        for name in names
        if name.startswith(RECEIVED)
    )
    connection.register("broken", broken)
    rows = connection.execute(
        f"select broken.position, judged.* replace ({shown}) from judged "
        "inner join broken on judged.rowid = broken.position "
        f"left join raw.{table} as r "
        "on judged.delivery = r.delivery and judged.file_line = r.line "
        "order by broken.position"
    ).df()
    connection.unregister("broken")
    return rows.set_index("position")


NO_DAY = {
    "no_such_day": "{column} is no day of the calendar; correct it",
    "ambiguous": "{column} can be more than one day: which is the month, the day or the century "
    "cannot be told; write it YYYY-MM-DD",
    "undeclared": "Whether {column} has the day or the month first is not declared for this "
    "export; write YYYY-MM-DD, or say `dates: [dmy]` (or [mdy]) in a profile",
    "partial": "{column} gives no day, only the month or the year; fill in the day, or say in the "
    "study file which day is taken (partial_dates)",
}
"""Why a text is no day, by the word of `reading.day` -> what the worklist says instead.

`undeclared` is an ambiguous text that is a day in one order alone: no order is tried out, as its
neighbours in the column may be a day in both.
"""


def _why_no_day(connection: duckdb.DuckDBPyConnection, found: pd.DataFrame) -> pd.DataFrame:
    """Say of each day that could not be read why not, where more is known than that."""
    days = found["rule"].eq(found["column_name"] + "_is_readable") & found["value"].notna()
    if not days.any():
        return found
    asked_for = found.loc[days, "value"].drop_duplicates()
    connection.register("unread", asked_for.to_frame("value"))
    why = dict(
        connection.execute(
            "select u.value, if(d.problem = 'ambiguous' and d.first_day = d.last_day,"
            " 'undeclared', d.problem) from unread as u "
            "inner join reading.day as d on plain_text(u.value) = d.received"
        ).fetchall()
    )
    connection.unregister("unread")
    said = [
        NO_DAY[why[value]].format(column=column) if is_day and why.get(value) in NO_DAY else words
        for is_day, value, column, words in zip(
            days, found["value"], found["column_name"], found["sentence"], strict=True
        )
    ]
    return found.assign(sentence=said)


def _without_remarks_on_empty_cells(found: pd.DataFrame) -> pd.DataFrame:
    """Leave out what is said of a value that is used, where the cell is left empty."""
    cell = ["delivery", "file_line", "column_name"]
    emptied = pd.MultiIndex.from_frame(found.loc[found["severity"] == "cell", cell])
    is_used = found["severity"] == "warn"
    return found[~(is_used & pd.MultiIndex.from_frame(found[cell]).isin(emptied))]


def _spellings() -> str:
    return paths.sql_file("validation.spelt_otherwise").read_text("utf-8")


def _spelt_otherwise(
    connection: duckdb.DuckDBPyConnection, found: pd.DataFrame, table: str
) -> pd.DataFrame:
    """Say where an unknown patient stands in a patients export, in another spelling."""
    key = ["delivery", "file_line"]
    if not found["rule"].eq("patient_is_known").any():
        return found
    query = (
        "select distinct delivery, file_line, spelt_at, is_of_another_site "
        f"from ({_spellings()}) where table_name = $table"
    )
    places = {
        (delivery, int(line)): f"at another site in {place}; give the site"
        if is_of_another_site
        else f"in another spelling in {place}; write the number in one way"
        for delivery, line, place, is_of_another_site in connection.execute(
            query, {"table": table}
        ).fetchall()
    }
    said = [
        f"The patient is in no patients export, but {places[place]}"
        if rule == "patient_is_known" and place in places
        else words
        for rule, words, place in zip(
            found["rule"],
            found["sentence"],
            [(delivery, int(line)) for delivery, line in found[key].itertuples(index=False)],
            strict=True,
        )
    ]
    return found.assign(sentence=said)


def _counted(table: str, verdicts: Sequence[Verdict]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table_name": table,
            "rule": [verdict.rule.id for verdict in verdicts],
            "judged": [verdict.judged for verdict in verdicts],
            "broken": [len(verdict.broken) for verdict in verdicts],
        }
    )


def _replace_rows(
    connection: duckdb.DuckDBPyConnection, name: str, table: str, rows: pd.DataFrame
) -> None:
    """Put the rows of one staging table in the place of those it had in a table of all six."""
    connection.execute(f"delete from {name} where table_name = ?", [table])
    connection.register("incoming", rows)
    connection.execute(f"insert into {name} by name select * from incoming")
    connection.unregister("incoming")


def _set_aside(connection: duckdb.DuckDBPyConnection, table: str, wrong: pd.DataFrame) -> None:
    """Move the rows that are wrong out of a staging table, into one beside it."""
    connection.register("wrong", wrong)
    connection.execute(
        f"create or replace table staging.{table}_set_aside as "
        f"select s.*, w.columns::varchar[] as columns from staging.{table} as s inner join "
        "wrong as w on s.delivery = w.delivery and s.file_line = w.file_line"
    )
    connection.execute(
        f"comment on table staging.{table}_set_aside is "
        f"'Rows of staging.{table} that are in quarantine, and the columns that are wrong in them'"
    )
    connection.execute(
        f"delete from staging.{table} where (delivery, file_line) in "
        "(select (delivery, file_line::integer) from wrong)"
    )
    connection.unregister("wrong")


def _give_to_whom_they_may_be(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Let rows set aside whose number is misspelt or left out be of the patient whose they may be.

    They are not used, but such a patient is not evaluable where one of them could decide: each of
    them, where there are several.
    """
    is_its = (
        "w.table_name = $table and w.patient_id is not null "
        "and s.delivery = w.delivery and s.file_line = w.file_line"
    )
    for name in ("spelt_otherwise", "line_above"):
        whose = paths.sql_file(f"validation.{name}").read_text("utf-8")
        connection.execute(
            f"update staging.{table}_set_aside as s set patient_id = w.patient_id "
            f"from (select table_name, delivery, file_line, min(patient_id) as patient_id "
            f"from ({whose}) group by all) as w where {is_its}",
            {"table": table},
        )
        connection.execute(
            f"insert into staging.{table}_set_aside select s.* replace (w.patient_id as patient_id)"
            f" from staging.{table}_set_aside as s inner join ({whose}) as w on {is_its} "
            "and w.patient_id > s.patient_id",
            {"table": table},
        )


RECORD = "(record)"
"""Named as a wrong column where two lines of one record differ: the key is right, not the rest."""

_MADE_OF = {"birth_date": ("birth_date", "born_about")}
"""Received column -> the columns of the staging table that are made of it."""


def _wrong_columns(found: pd.DataFrame) -> pd.DataFrame:
    """Return, of each line that is set aside, which columns are wrong in it."""
    wrong = found[found["severity"] == "quarantine"]
    names = wrong["column_name"].mask(wrong["rule"] == "record_stands_once", RECORD)
    listed = (
        wrong.assign(columns=names).groupby(["delivery", "file_line"], sort=True)["columns"]
    ).agg(lambda of_line: sorted(set(of_line)))
    return listed.reset_index() if len(listed) else _NO_COLUMNS


_NO_COLUMNS = pd.DataFrame(
    {
        "delivery": pd.Series(dtype="str"),
        "file_line": pd.Series(dtype="int64"),
        "columns": pd.Series(dtype="str"),
    }
)


READ_BY = {
    **{name: ("day", "day") for name in ("birth_date", "diagnosis_date")},
    **{name: ("number", "value") for name in ("age_years", "largest_metastasis_mm")},
    **{name: ("integer", "value") for name in ("liver_metastases_n", "ecog")},
    **{
        name: (name, "value")
        for name in ("sex", "primary_site", "metastasis_timing", "extrahepatic", "ras_status")
    },
}
"""Column of patients -> the table of `reading` that says what its texts mean, and its column."""


def _keep_last_good(
    connection: duckdb.DuckDBPyConnection, column: str, lines: pd.DataFrame, rules: Sequence[Rule]
) -> None:
    """Give a patient whose newest cell is wrong the last earlier one that was right."""
    kind, value = READ_BY[column]
    bounds = [
        (sign, rule.arguments[name])
        for rule in rules
        if rule.severity == "cell" and rule.arguments.get("column") == column
        for sign, name in ((">=", "min_value"), ("<=", "max_value"))
        if rule.arguments.get(name) is not None
    ]
    within = "".join(f" and v.{value} {sign} ?" for sign, _ in bounds)
    made = _MADE_OF.get(column, (column,))
    connection.register("bad_cells", lines)
    connection.execute(
        f"update staging.patients as s set {', '.join(f'{name} = g.value' for name in made)} from ("
        f" select l.delivery, l.line, arg_max(v.{value}, e.position) as value"
        " from bad_cells as b"
        " inner join staging.lines as l on l.table_name = 'patients'"
        "  and l.delivery = b.delivery and l.line = b.file_line"
        " inner join raw.patients as now on l.delivery = now.delivery and l.line = now.line"
        " inner join staging.lines as e on e.table_name = 'patients'"
        "  and e.record = l.record and e.position < l.position"
        " inner join raw.patients as r on e.delivery = r.delivery and e.line = r.line"
        f" inner join reading.{kind} as v on cell(r.cells, '{column}') = v.received"
        f" where v.{value} is not null{within}"
        f" and cell(now.cells, '{column}') is distinct from cell(r.cells, '{column}')"
        " group by l.delivery, l.line"
        ") as g where s.delivery = g.delivery and s.file_line = g.line",
        [bound for _, bound in bounds],
    )
    connection.unregister("bad_cells")


def _empty_cells(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, lines: pd.DataFrame
) -> None:
    """Set a column to missing in some rows of a staging table."""
    names = {name for name, *_ in connection.table(f"staging.{table}").description}
    made = [name for name in _MADE_OF.get(column, (column,)) if name in names]
    connection.register("bad_cells", lines)
    for name in made:
        connection.execute(
            f"update staging.{table} set {name} = null where (delivery, file_line) in "
            "(select (delivery, file_line::integer) from bad_cells)"
        )
    connection.unregister("bad_cells")
