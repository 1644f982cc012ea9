"""What a run tells the Dagster UI of a table: column schema, row count, previews, figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from dagster import (
    MetadataValue,
    TableColumn,
    TableRecord,
    TableSchema,
)

from il6_platform import paths
from il6_platform.defs.addresses import IN_METADATA
from il6_platform.defs.lineage import column_lineage, read_tables
from il6_platform.warehouse.database import Warehouse


def size_of(warehouse: Warehouse, table: str) -> dict[str, Any]:
    """Return row count and name."""
    return {"dagster/row_count": warehouse.row_count(table), "dagster/table_name": table}


def table_metadata(warehouse: Warehouse, table: str) -> dict[str, Any]:
    """Return row count, column schema and, for SQL tables, column lineage."""
    columns = warehouse.columns(table)
    metadata: dict[str, Any] = {
        **size_of(warehouse, table),
        "dagster/column_schema": TableSchema(
            columns=[TableColumn(c.name, c.type.lower(), description=c.comment) for c in columns]
        ),
    }
    if paths.sql_file(table).exists():
        known = warehouse.column_types(read_tables(table))
        traced = column_lineage(table, [c.name for c in columns], known)
        metadata |= {"dagster/column_lineage": traced} if traced else {}
    return metadata


def summary(warehouse: Warehouse, table: str) -> MetadataValue:
    """Describe a table of patients by column, counted where it lies; no row of it is shown."""
    names = [
        column.name
        for column in warehouse.columns(table)
        if column.name not in ("delivery", "file_line", "record")
    ]
    counts = ", ".join(f'count("{name}"), count(distinct "{name}")' for name in names)
    total, *found = map(int, warehouse.query(f"select count(*), {counts} from {table}").iloc[0])
    return shown_table(
        pd.DataFrame(
            {
                "column": names,
                "filled": found[::2],
                "missing": [total - filled for filled in found[::2]],
                "different": found[1::2],
            }
        )
    )


def preview(frame: pd.DataFrame, rows: int = 20) -> MetadataValue:
    """Show the first rows of a table that holds no patients, without columns that say nothing."""
    return shown_table(frame.head(rows).dropna(axis=1, how="all"))


def shown_table(frame: pd.DataFrame) -> MetadataValue:
    """Return a frame as a table that the UI shows without a click; numbers to four digits."""

    def cell(value: Any) -> str | int | bool:
        if value is None or (not isinstance(value, list) and pd.isna(value)):
            return ""
        if isinstance(value, float):
            return f"{value:.4g}"
        # Dagster keeps no numpy types
        return int(value) if isinstance(value, int | np.integer) else str(value)

    names = [str(name) for name in frame.columns]
    records = [
        TableRecord(dict(zip(names, map(cell, row), strict=True)))
        for row in frame.itertuples(index=False, name=None)
    ]
    schema = TableSchema(columns=[TableColumn(name) for name in names])
    return MetadataValue.table(records, schema)


def picture(address: str, alternative: str) -> MetadataValue:
    """Show a figure in the Dagster UI, without a click; a click opens it in its own size."""
    words = " ".join(alternative.replace("[", "(").replace("]", ")").split())
    return MetadataValue.md(f"[![{words}]({address}?{IN_METADATA})]({address})")
