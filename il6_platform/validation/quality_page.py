"""The data manager's quality page: what Great Expectations found, by site, table, rule, delivery.

    IL6_HOME/quality.html    one file, readable offline, made beside the worklist

It is made of counts and of the rules' own sentences: no row, value or patient can get in. Belongs
here: the counts that are shown, and the page. Does not belong here: judging, or the rows to put
right; these are in the worklist.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from il6_platform import paths
from il6_platform.files import write_whole
from il6_platform.templates import template
from il6_platform.translation import Translator

NAME = "quality.html"

WORDS = {
    **{"block": "nothing is published", "quarantine": "the line is set aside"},
    **{"cell": "the cell is set aside", "warn": "the line is used", "info": "nothing"},
}
"""Severity -> what follows where the rule is broken."""


MOST_PLACES = 6
"""Rows of the worklist that are named beside a rule; of more, how many."""


def anchor(table: str, rule: str) -> str:
    """Return the name of a rule's line on the page."""
    return f"rule-{table}-{rule}"


def write(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    book: pd.DataFrame,
    places: pd.DataFrame,
    translator: Translator | None = None,
) -> Path:
    """Write the page of a registry's database into a folder; return it.

    Parameters
    ----------
    book
        The rule book: one row a rule.
    places
        Where each problem stands in the worklist, as `worklist.write` returns it.
    translator
        Says the page in the language of its readers; None: they read English.
    """
    items = connection.execute(paths.sql_file("validation.open_items").read_text("utf-8")).df()
    verdicts = connection.execute("from staging.verdicts").df()
    out = connection.execute("select count(distinct patient_id) from study.decisive").fetchall()
    path = folder / NAME
    made = page(items, verdicts, book, kept_out=int(out[0][0]), places=places)
    if translator is not None:
        names = frozenset({*items["site"], *book["table"]}) - {""}
        translator = replace(translator, names=names, _known={})
        made = translator.page(made)
    write_whole(path, made)
    return path


def page(
    items: pd.DataFrame,
    verdicts: pd.DataFrame,
    book: pd.DataFrame,
    kept_out: int,
    places: pd.DataFrame,
) -> str:
    """Return the page.

    Parameters
    ----------
    items
        Rows of `sql/validation/open_items.sql`.
    verdicts
        table_name, rule, judged, broken: Great Expectations' counts of the last refresh.
    kept_out
        Patients whom open items keep out of an analysis.
    places
        table_name, rule, sheet, row of each problem in the worklist.
    """
    items = items.assign(
        site=items["site"].replace("", "(one site)"),
        delivered_on=pd.to_datetime(items["delivered_on"]).dt.strftime("%Y-%m-%d"),
    )
    return template(Path(__file__).with_name("quality.html.j2")).render(
        words=WORDS,
        anchor=anchor,
        places=_places(places),
        several_sheets=places["sheet"].nunique() > 1,
        total=_totals(items, verdicts) | {"kept_out": kept_out},
        costly=_records(items[items["costs_patients"] > 0]),
        by_rule=_by_rule(items, book),
        sites=_crossed(items, "site"),
        deliveries=_crossed(items, "delivered_on"),
        tables=_by_table(items, verdicts),
        rules=_rules(verdicts, book),
    )


def _totals(items: pd.DataFrame, verdicts: pd.DataFrame) -> dict[str, int]:
    return {
        "lines": int(items["lines"].sum()),
        "rules": int(items["rule"].nunique()),
        "judged": len(verdicts),
        "kept": int((verdicts["broken"] == 0).sum()),
    }


def _places(places: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """Return table and rule -> sheets of the worklist with their rows, and how many are left."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for (table, rule), rows in places.groupby(["table_name", "rule"], sort=False):
        shown = rows.head(MOST_PLACES).groupby("sheet", sort=False)["row"].agg(list).to_dict()
        found[str(table), str(rule)] = {"shown": shown, "more": max(len(rows) - MOST_PLACES, 0)}
    return found


def _by_rule(items: pd.DataFrame, book: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return what is open, a row a table and rule, with who puts it right."""
    found = (
        items.groupby(["table_name", "rule", "severity"], sort=False)
        .agg(
            sentence=("sentence", "first"),
            lines=("lines", "sum"),
            patients=("patients", "sum"),
            costs=("costs_patients", "sum"),
            since=("delivered_on", "min"),
        )
        .reset_index()
    )
    owners = book.assign(table_name=book["table"].str.removeprefix("staging."))
    owners = owners[["table_name", "rule", "who puts it right"]]
    merged = found.merge(owners, on=["table_name", "rule"], how="left")
    return _records(merged.rename(columns={"who puts it right": "owner"}))


def _crossed(items: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return how many lines break which rule, a column a site or delivery."""
    if items.empty:
        return {"heads": [], "rows": [], "most": 0}
    crossed = items.pivot_table(
        index=["table_name", "rule"], columns=column, values="lines", aggfunc="sum", fill_value=0
    )
    rows = [
        {"table": table, "rule": rule, "counts": [int(n) for n in counts]}
        for (table, rule), counts in zip(crossed.index, crossed.to_numpy(), strict=True)
    ]
    return {"heads": list(crossed.columns), "rows": rows, "most": int(crossed.to_numpy().max())}


def _by_table(items: pd.DataFrame, verdicts: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return each table's records, rules and open lines."""
    judged = verdicts.groupby("table_name", sort=False).agg(
        records=("judged", "max"),
        rules=("rule", "size"),
        kept=("broken", lambda n: int((n == 0).sum())),
    )
    open_lines = items.groupby("table_name")["lines"].sum()
    judged["open"] = open_lines.reindex(judged.index).fillna(0).astype(int)
    return _records(judged.reset_index())


def _rules(verdicts: pd.DataFrame, book: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return the whole rule book with what the last refresh found of each rule."""
    known = book.assign(table_name=book["table"].str.removeprefix("staging."))
    found = known.merge(verdicts, on=["table_name", "rule"], how="left")
    return _records(found.rename(columns={"who puts it right": "owner"}))


def _records(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
