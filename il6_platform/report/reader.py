"""A published cut, read back: its tables, and the study that it answered.

Belongs here: what can be known of a cut from its `report.duckdb` alone. Does not belong here: the
working database, patients; what is written from a cut (`manuscript`, `workbook`, `exchange`).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import duckdb
import pandas as pd

from il6_platform.figures.labels import Where, rows_of
from il6_platform.report.figure_catalogue import Report
from il6_platform.report.formatting import count_of
from il6_platform.report.synthetic_flag import said_synthetic
from il6_platform.study import Study

TABLES = ("results", "curves", "headline", "flow", "data_quality", "provenance", "history")


@dataclass(frozen=True)
class Cut:
    """A published data cut.

    Attributes
    ----------
    name
        The cut's name.
    study
        The study file's choices, as they were when the cut was made.
    tables
        The report tables, in their stored order.
    dictionary
        table, column, type, comment: of every column, as DuckDB knows it.
    """

    name: str
    study: Study
    tables: dict[str, pd.DataFrame]
    dictionary: pd.DataFrame

    @property
    def results(self) -> pd.DataFrame:
        """Every number of the study."""
        return self.tables["results"]

    @property
    def report(self) -> Report:
        """What the figures are made of."""
        return Report(
            self.results, self.tables["curves"], self.tables["flow"], self.study, self.is_synthetic
        )

    @property
    def about(self) -> dict[str, str]:
        """Name -> value of what the cut is, rests on and was made with."""
        rows = self.tables["provenance"]
        rows = rows[rows["kind"].isin(["cut", "cohort", "study", "code", "version"])]
        return dict(zip(rows["name"], rows["value"], strict=True))

    @property
    def is_synthetic(self) -> bool:
        """Whether the registry declares that no patient in it is real."""
        return said_synthetic(self.tables["provenance"])

    def patients(self, kind: str) -> str:
        """Return the patients of the flow's step of a kind: arrived, analysed."""
        flow = self.tables["flow"]
        return count_of(flow[flow["kind"] == kind].iloc[0].to_dict(), "n")

    def rows(self, **where: Unpack[Where]) -> pd.DataFrame:
        """Return the results that have the values asked for; None is a missing one."""
        return rows_of(self.results)(**where)

    def row(self, **where: Unpack[Where]) -> pd.Series | None:
        """Return the first of the results that have the values asked for, if there is one."""
        found = self.rows(**where)
        return None if found.empty else found.iloc[0]


def read_cut(database: Path) -> Cut:
    """Read a cut's `report.duckdb`."""
    with duckdb.connect(database, read_only=True) as connection:
        tables = {table: connection.execute(f"from report.{table}").df() for table in TABLES}
        dictionary = connection.execute(
            'select table_name as "table", column_name as "column", data_type as "type", comment '
            "from duckdb_columns() where database_name = current_database() "
            "order by table_name, column_index"
        ).df()
    made_of = tables["provenance"]
    choices = made_of[made_of["kind"] == "choice"]
    study = Study.model_validate(
        {
            key: json.loads(value)
            for key, value in zip(choices["name"], choices["value"], strict=True)
        }
    )
    name = made_of.loc[(made_of["kind"] == "cut") & (made_of["name"] == "cut"), "value"].iloc[0]
    return Cut(str(name), study, tables, dictionary)


def put(files: Iterable[tuple[str, bytes]], folder: Path) -> int:
    """Write files (path within the folder, content), each in one step; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as beside:
        for name, content in files:
            fresh, place = Path(beside, "file"), folder / name
            fresh.write_bytes(content)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(fresh, place)
            written += 1
    return written
