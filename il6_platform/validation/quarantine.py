"""Judging a staging table where it lies: its rows are opened by SQL, judged, and set aside.

Belongs here: what happens to a staging table's rows by what was found of them. Does not belong
here: a rule, or how Great Expectations is asked; that is `rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from il6_platform import paths
from il6_platform.validation.answers import without_accepted
from il6_platform.validation.rules import RECEIVED, Rule, Verdict, asked, judge, opened, problems


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
) -> Judgement:
    """Judge `staging.<table>` by rules; rows that break one leave it for `staging.problems`."""
    rows_of = paths.sql_file(f"validation.{table}").read_text("utf-8")
    connection.execute(f"create or replace temp table judged as {opened(rows_of, rules)}")
    names = [name for name, *_ in connection.table("judged").description]
    columns = ", ".join(asked(names, rules))
    frame = connection.execute(f"select {columns} from judged order by rowid").df()
    verdicts = judge(frame, rules)
    rows = _rows_that_broke_a_rule(connection, table, names, verdicts)
    connection.execute("drop table judged")
    found = without_accepted(connection, problems(rows, verdicts, table), rules)
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
    connection.execute("commit")
    return Judgement(len(frame), verdicts, rows, found, len(wrong))


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
    connection.execute(paths.sql_file(name).read_text("utf-8"))
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
