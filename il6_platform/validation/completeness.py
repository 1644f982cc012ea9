"""Whether an export is whole: which are full exports, which are updates, and what is missing.

Files of one table that a site delivers on one day are one export. Nothing in it says whether it is
meant to hold every record. The registry file may (`full` or `updates`, by site); else it is read
off the records, per table and site, in the order of the cut. An export follows that earlier full
export of its table and site with which it shares most records (the latest of several), else most
patients, and counts as a full export where

- it follows none: it is the first, or another registry's; or
- it holds at least half of the records of the export that it follows; or
- it holds a tenth or more of them and at least half of its own records say nothing new, as those of
  an export that was cut short do; or
- it holds at least half of the patients, and most of its records are of days that the export before
  should have held: their days were corrected.

Anything else is an update: it amends and adds, and says nothing of what it does not hold.

Belongs here: that judgement, and the sentence of the check that rests on it. Does not belong here:
what becomes of a record that a full export does not hold (`sql/staging/lines.sql`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pandas as pd

Exports = Literal["auto", "full", "updates"]

MOST = 0.5
LEAST = 0.1

COLUMNS = {
    "table_name": ("varchar", "Native table"),
    "site": ("varchar", "Site, where a patient is known by site and number; else empty"),
    "batch": ("integer", "Order of the export in the cut"),
    "file": ("varchar", "Its files"),
    "delivered_on": ("date", "Day of the export"),
    "records": ("bigint", "Records in it"),
    "kind": ("varchar", "full (meant to hold every record) or update"),
    "follows": ("varchar", "The earlier full export that it is held against: its files"),
    "followed_records": ("bigint", "Records in that one"),
    "missing": ("bigint", "Records in that one which are not in this one"),
    "lost_share": (
        "double",
        "Proportion of that one's patients who are not in this one, or of its records fewer",
    ),
    "series": ("integer", "The first export of the series that it belongs to"),
    "then_full": ("varchar", "The latest full export of the series, where that came later"),
}
"""Columns of `staging.exports`: name -> (DuckDB type, sentence)."""


def exports(
    batches: pd.DataFrame,
    shared_records: pd.DataFrame,
    meant: Exports | Mapping[str, Exports] = "auto",
) -> pd.DataFrame:
    """Say of each export in the cut whether it is a full one, and of which series.

    Parameters
    ----------
    batches
        As of `sql/validation/batches.sql`: table_name, site, batch, file, delivered_on, and
        median_day, the day in the middle of those that its records speak of.
    shared_records
        As of `sql/validation/shared_records.sql`: table_name, site, later, earlier (batches),
        shared, unchanged, patients; the pair of an export with itself gives its size.
    meant
        What the registry says of all exports, or by site in lower case, with `*` for every other.
    """
    if isinstance(meant, str):
        meant = {"*": meant}
    rows: list[dict[str, object]] = []
    for (table, site), here in batches.sort_values("batch").groupby(
        ["table_name", "site"], sort=False
    ):
        of = (shared_records["table_name"] == table) & (shared_records["site"] == site)
        found = {
            (int(row.later), int(row.earlier)): (
                int(row.shared),
                int(row.unchanged),
                int(row.patients),
            )
            for row in shared_records[of].itertuples()
        }
        said = meant.get(str(site).lower(), meant.get("*", "auto"))
        rows += _of_table(here, found, said)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {name: "Int64" for name in ("followed_records", "missing")}
    )


def _of_table(
    batches: pd.DataFrame, found: Mapping[tuple[int, int], tuple[int, int, int]], meant: Exports
) -> list[dict[str, object]]:
    """Judge the exports of one table and site, in their order."""
    full: dict[int, tuple[int, str, pd.Timestamp]] = {}
    rows: list[dict[str, object]] = []
    for one in batches.itertuples():
        batch = int(one.batch)
        records = found.get((batch, batch), (0, 0, 0))[0]
        known = max(
            (earlier for earlier in full if (batch, earlier) in found),
            key=lambda earlier: (*found[batch, earlier][::2], earlier),
            default=None,
        )
        row: dict[str, object] = {
            **{name: getattr(one, name) for name in ("table_name", "site", "file")},
            **{"delivered_on": one.delivered_on, "batch": batch, "records": records},
            **{"kind": "full", "follows": None, "followed_records": None, "missing": None},
            **{"lost_share": None, "series": batch},
        }
        if known is not None:
            held, unchanged, patients_held = found[batch, known]
            before, _, patients_before = found[known, known]
            series, file, day = full[known]
            whole = held >= MOST * before or (
                held >= LEAST * before and unchanged >= MOST * records
            )
            # nothing that the one before could have held: it goes on from there
            is_corrected = patients_held >= MOST * max(patients_before, 1) and (
                pd.notna(one.median_day) and pd.Timestamp(one.median_day) <= day
            )
            row["series"], row["follows"] = series, file
            row["followed_records"], row["missing"] = before, before - held
            row["lost_share"] = max(
                1 - patients_held / max(patients_before, 1), 1 - records / max(before, 1)
            )
            whole = whole or is_corrected
            row["kind"] = "full" if meant == "full" or (meant == "auto" and whole) else "update"
        elif records == 0 or (meant == "updates" and full):
            row["kind"] = "update"
        if row["kind"] == "full":
            full[batch] = (int(str(row["series"])), str(one.file), pd.Timestamp(one.delivered_on))
        rows.append(row)
    last = {series: batch for batch, (series, _, _) in full.items()}
    for row in rows:
        latest = last.get(int(str(row["series"])), 0)
        later = latest > int(str(row["batch"])) and meant != "updates"
        row["then_full"] = full[latest][1] if later else None
    return rows


FEW = 3
"""Records that a table beside patients may lose whatever their share: a few are corrections."""


def shrunk(found: pd.DataFrame, allowed: float, meant: Exports = "auto") -> list[str]:
    """Return a sentence for each full export that lacks too much of the one it follows.

    Only the last full export of a series is judged: a whole one that comes after a short one puts
    the matter right. Of patients every one who is missing counts. Records of another table change
    when a day is corrected, so there it counts whose records are all gone, and how many fewer the
    records are. An export without a single patient is short as well, unless no one has enrolled
    yet or exports are `meant` to be updates.
    """
    last = found[(found["kind"] == "full") & found["then_full"].isna() & found["missing"].notna()]
    sentences = []
    for row in last.itertuples():
        is_of_patients = row.table_name == "patients"
        share = row.missing / row.followed_records if is_of_patients else row.lost_share
        if share <= allowed or (not is_of_patients and row.missing < FEW):
            continue
        sentences.append(
            f"{row.file} holds {row.records} {'patients' if is_of_patients else 'records'}; "
            f"{row.missing} of the {row.followed_records} in {row.follows} are missing "
            f"({row.missing / row.followed_records:.0%}, {allowed:.0%} are allowed): export it "
            "again, whole; if they have left the registry, raise quality.max_missing_share in the "
            "study file; if the file is meant to hold changes only, set quality.exports to updates."
        )
    patients = found[found["table_name"] == "patients"]
    newest = patients.tail(1)
    if meant != "updates" and patients["records"].any() and not newest["records"].iloc[0]:
        sentences.append(f"{newest['file'].iloc[0]} holds no patient: export it again, whole.")
    return sentences
