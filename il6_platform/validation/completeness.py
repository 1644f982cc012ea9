"""Whether an export is whole: which are full exports, which are updates, and what is missing.

Nothing in a file says whether it is meant to hold every record. The study file may
(`quality.exports: full` or `updates`); else it is read off the records, per table, in the order of
the cut. A delivery follows that earlier full export of its table with which it shares most records
(the latest of several), and counts as a full export where

- it follows none: it is the first, or another site's; or
- it holds at least half of the records of the export that it follows; or
- it holds a tenth or more of them and at least half of its own records say nothing new, as those of
  an export that was cut short do.

Anything else is an update: it amends and adds, and says nothing of what it does not hold.

Belongs here: that judgement, and the sentence of the check that rests on it. Does not belong here:
which records are absent (`sql/validation/`), and what a rule makes of them.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd

Exports = Literal["auto", "full", "updates"]

MOST = 0.5
LEAST = 0.1

COLUMNS = {
    "table_name": ("varchar", "Native table"),
    "delivery": ("varchar", "SHA-256 of the export file"),
    "position": ("integer", "Order of the delivery in the cut"),
    "file": ("varchar", "Export file"),
    "delivered_on": ("date", "Day of the export"),
    "records": ("bigint", "Records in it"),
    "kind": ("varchar", "full (meant to hold every record) or update"),
    "follows": ("varchar", "The earlier full export that it is held against: its file"),
    "followed_records": ("bigint", "Records in that one"),
    "missing": ("bigint", "Records in that one which are not in this one"),
    "series": ("integer", "Position of the first export of the series that it belongs to"),
    "then_full": ("varchar", "The latest full export of the series, where that came later"),
}
"""Columns of `staging.exports`: name -> (DuckDB type, sentence)."""


def exports(
    deliveries: pd.DataFrame, shared_records: pd.DataFrame, meant: Exports = "auto"
) -> pd.DataFrame:
    """Say of each delivery in the cut whether it is a full export, and of which series.

    Parameters
    ----------
    deliveries
        table_name, delivery, position, file, delivered_on: one row a table that a delivery holds.
    shared_records
        As of `sql/validation/shared_records.sql`: table_name, later, earlier (positions), shared,
        unchanged; the pair of an export with itself gives its size.
    meant
        What the study file says of all exports.
    """
    rows: list[dict[str, object]] = []
    for table, of_table in deliveries.sort_values("position").groupby("table_name", sort=False):
        shared = shared_records[shared_records["table_name"] == table]
        found = {
            (int(row.later), int(row.earlier)): (int(row.shared), int(row.unchanged))
            for row in shared.itertuples()
        }
        full: dict[int, tuple[int, str]] = {}
        here = []
        for one in of_table.itertuples():
            position = int(one.position)
            records = found.get((position, position), (0, 0))[0]
            known = max(
                (earlier for earlier in full if (position, earlier) in found),
                key=lambda earlier: (found[position, earlier][0], earlier),
                default=None,
            )
            row = {
                **{name: getattr(one, name) for name in ("delivery", "file", "delivered_on")},
                **{"table_name": table, "position": position, "records": records},
                **{"kind": "full", "follows": None, "followed_records": None, "missing": None},
                "series": position,
            }
            if known is not None:
                held, unchanged = found[position, known]
                before = found[known, known][0]
                whole = held >= MOST * before or (
                    held >= LEAST * before and unchanged >= MOST * records
                )
                row["series"], row["follows"] = full[known]
                row["followed_records"], row["missing"] = before, before - held
                row["kind"] = "full" if meant == "full" or (meant == "auto" and whole) else "update"
            elif records == 0 or (meant == "updates" and full):
                row["kind"] = "update"
            if row["kind"] == "full":
                full[position] = (int(str(row["series"])), str(one.file))
            here.append(row)
        last = {series: position for position, (series, _) in full.items()}
        for row in here:
            latest = last.get(int(str(row["series"])), 0)
            later = latest > int(str(row["position"])) and meant != "updates"
            rows.append({**row, "then_full": full[latest][1] if later else None})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {name: "Int64" for name in ("followed_records", "missing")}
    )


def shrunk(found: pd.DataFrame, allowed: float) -> list[str]:
    """Return a sentence for each patients export that lacks too much of the one it follows.

    Only the last full export of a series is judged: a whole one that comes after a short one puts
    the matter right. An export without a single patient is short as well, unless no one has
    enrolled yet.
    """
    patients = found[found["table_name"] == "patients"]
    last = patients[(patients["kind"] == "full") & patients["then_full"].isna()]
    sentences = [
        f"{row.file} holds {row.records} patients; {row.missing} of the {row.followed_records} in "
        f"{row.follows} are missing ({row.missing / row.followed_records:.0%}, {allowed:.0%} are "
        "allowed): export it again, whole; if they have left the registry, raise "
        "quality.max_missing_share in the study file; if the file is meant to hold changes only, "
        "set quality.exports to updates."
        for row in last[last["missing"].notna()].itertuples()
        if row.missing > allowed * row.followed_records
    ]
    newest = patients.tail(1)
    if patients["records"].any() and not newest["records"].iloc[0]:
        sentences.append(f"{newest['file'].iloc[0]} holds no patient: export it again, whole.")
    return sentences
