"""What a run tells the Dagster UI of a table: column schema, row count, previews, figures."""

from __future__ import annotations

import base64
from typing import Any

import pandas as pd
from dagster import (
    MetadataValue,
    TableColumn,
    TableSchema,
)

from il6_platform import paths
from il6_platform.defs.lineage import column_lineage, read_tables
from il6_platform.warehouse.database import Warehouse


def table_metadata(warehouse: Warehouse, table: str) -> dict[str, Any]:
    """Return row count, column schema and, for SQL tables, column lineage."""
    columns = warehouse.columns(table)
    metadata: dict[str, Any] = {
        "dagster/row_count": warehouse.row_count(table),
        "dagster/table_name": table,
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
    with warehouse.connect() as connection:
        ((total, *found),) = connection.execute(
            f"select count(*), {counts} from {table}"
        ).fetchall()
    return MetadataValue.md(
        markdown_table(
            pd.DataFrame(
                {
                    "column": names,
                    "filled": found[::2],
                    "missing": [total - filled for filled in found[::2]],
                    "different": found[1::2],
                }
            )
        )
    )


def preview(frame: pd.DataFrame, rows: int = 20) -> MetadataValue:
    """Show the first rows of a table that holds no patients."""
    return MetadataValue.md(markdown_table(frame.head(rows)))


def markdown_table(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table, numbers to four significant digits."""

    def cell(value: Any) -> str:
        if value is None or (not isinstance(value, list) and pd.isna(value)):
            return ""
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        return text.replace("|", "\\|").replace("\n", " ")

    head = [f"| {' | '.join(map(str, frame.columns))} |", f"|{' --- |' * len(frame.columns)}"]
    body = [f"| {' | '.join(map(cell, row))} |" for row in frame.itertuples(index=False)]
    return "\n".join(head + body) if len(frame.columns) else ""


def picture(svg: str, alternative: str) -> MetadataValue:
    """Show a figure in the Dagster UI; what it shows is said in one line."""
    words = " ".join(alternative.replace("[", "(").replace("]", ")").split())
    data = base64.b64encode(svg.encode()).decode()
    return MetadataValue.md(f"![{words}](data:image/svg+xml;base64,{data})")
