"""Whether two published databases hold the same results (python -m ... BEFORE AFTER).

Rows are compared column by column that both have; numbers must agree to 12 digits. Prints the rows
that only one has, and exits with 1 where there are any.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb
import pandas as pd

TABLES = ("results", "curves", "headline", "flow")


def rows(database: Path, table: str) -> pd.DataFrame:
    """Return a report table, its numbers as text of 12 digits and its order kept as `row`."""
    with duckdb.connect(database, read_only=True) as connection:
        frame = connection.execute(f"from report.{table}").df()
    for column in frame.select_dtypes("number"):
        frame[column] = frame[column].map(lambda v: "" if pd.isna(v) else f"{v:.12g}")
    return frame.astype(object).where(frame.notna(), "")


def differences(before: pd.DataFrame, after: pd.DataFrame, ignored: list[str]) -> pd.DataFrame:
    """Return the rows of either that the other has not, with `of` (before, after)."""
    columns = [c for c in before if c in after and c not in ignored]
    sides = {"before": before[columns], "after": after[columns]}
    counted = {
        # rows that are equal twice are told apart by their number
        name: frame.assign(copy=frame.groupby(columns, dropna=False).cumcount())
        for name, frame in sides.items()
    }
    merged = counted["before"].merge(counted["after"], how="outer", indicator="of")
    only = merged[merged["of"] != "both"].drop(columns="copy")
    return only.assign(of=only["of"].map({"left_only": "before", "right_only": "after"}))


def main() -> int:
    """Compare two databases; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--ignore", nargs="*", default=[], help="columns that may differ")
    asked = parser.parse_args()
    different = 0
    for table in TABLES:
        before, after = rows(asked.before, table), rows(asked.after, table)
        only = differences(before, after, asked.ignore)
        new = sorted(set(after) - set(before))
        print(f"{table}: {len(before)} rows before, {len(after)} after, {len(only)} differ", end="")
        print(f"; new columns {', '.join(new)}" if new else "")
        different += len(only)
        for row in only.head(40).to_dict("records"):
            print("  ", {key: value for key, value in row.items() if value != ""})
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
