"""What all assets share: how a table is described to the Dagster UI.

Belongs here: dependencies and column lineage read off the SQL, column schema from DuckDB's
comments, row counts, previews and figures as metadata. Does not belong here: making a table.
"""

from __future__ import annotations

import base64
import logging
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import sqlglot
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    BetaWarning,
    CodeReferencesMetadataValue,
    LocalFileCodeReference,
    MetadataValue,
    TableColumn,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
    UrlCodeReference,
)
from sqlglot import exp, lineage
from sqlglot.optimizer import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from il6_platform import paths
from il6_platform.validation.book import BatchRule
from il6_platform.warehouse import Warehouse

OWNERS = {
    "registry": ["team:data-management"],
    "staging": ["team:data-management"],
    "cohort": ["team:biostatistics"],
    "analysis": ["team:biostatistics"],
    "report": ["team:biostatistics", "team:clinic"],
}
"""Who answers for a group of assets."""

POOL = "refresh"
"""One refresh at a time: the pool's limit is set in dagster.yaml."""

# a pivot has no lineage that can be read off its text; sqlglot says so for each column
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_NOT_ASSETS = {"study", ""}
_BESIDE = {"staging.problems", "raw.erased", "raw.sources", "raw.passed_over", "raw.columns"} | {
    "raw.spellings"
}
"""Tables that are written beside an asset of the same layer."""


def key_of(table: str) -> AssetKey:
    """Return the asset key of a table."""
    return AssetKey(table.split("."))


_SUMMARIES = {"raw.deliveries", "staging.balance", "cohort.flow", "analysis", "report"}
"""Tables and schemas that hold no row of a patient."""


def annotated(definition: AssetsDefinition) -> AssetsDefinition:
    """Return an asset with links to what makes and judges it, tagged by whom its rows are of."""

    def more(spec: AssetSpec) -> AssetSpec:
        place, name = spec.key.path
        table, package = f"{place}.{name}", Path(__file__).parent.parent
        files = {
            "SQL": paths.sql_file(table),
            "statistics": package / "analysis" / f"{name}.py",
            "rules": package / "validation" / f"{name}.py",
            "asset": package / "assets" / f"{spec.group_name}.py",
        }
        links: list[LocalFileCodeReference | UrlCodeReference] = [
            LocalFileCodeReference(file_path=str(path), label=label)
            for label, path in files.items()
            if path.exists() and (label != "statistics" or place == "analysis")
        ]
        holds = "summaries" if _SUMMARIES & {place, table} else "patients"
        return spec.merge_attributes(
            metadata={
                "dagster/code_references": CodeReferencesMetadataValue(code_references=links)
            },
            tags={"holds": holds},
        )

    with warnings.catch_warnings():
        # Dagster warns at each link that they are new in it
        warnings.simplefilter("ignore", BetaWarning)
        return definition.map_asset_specs(more)


@cache
def sources(*tables: str) -> tuple[str, ...]:
    """Return the tables that the SQL files of the given tables read, without themselves."""
    found = {
        f"{reference.db}.{reference.name}"
        for table in tables
        for statement in sqlglot.parse(paths.sql_file(table).read_text("utf-8"), read="duckdb")
        if statement is not None
        for reference in statement.find_all(exp.Table)
        if reference.db not in _NOT_ASSETS
    }
    made = {table.replace("validation.", "staging.") for table in tables}
    return tuple(sorted(found - made - _BESIDE))


def described(table: str) -> str:
    """Return what a table's SQL file says of it: its leading comment."""
    lines = paths.sql_file(table).read_text("utf-8").splitlines()
    leading = []
    for line in lines:
        if not line.startswith("--"):
            break
        leading.append(line.removeprefix("--").strip())
    text = " ".join(leading).removeprefix(f"{table}:").strip()
    return f"{text[:1].upper()}{text[1:]}\n\nMade by `sql/{table.replace('.', '/')}.sql`."


def spec(rule: BatchRule, table: str) -> AssetCheckSpec:
    """Return the check of a rule of whole batches."""
    return AssetCheckSpec(
        rule.id,
        asset=key_of(table),
        blocking=rule.severity == "block",
        description=f"{rule.sentence}.",
        metadata={"who puts it right": rule.owner},
    )


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
        known = warehouse.column_types(_reads(table))
        metadata["dagster/column_lineage"] = column_lineage(table, [c.name for c in columns], known)
    return metadata


def column_lineage(
    table: str, columns: Iterable[str], known: Mapping[str, Mapping[str, str]]
) -> TableColumnLineage:
    """Trace each column of a SQL table to the columns of the tables that it is made of."""
    create = next(
        statement
        for statement in sqlglot.parse(paths.sql_file(table).read_text("utf-8"), read="duckdb")
        if isinstance(statement, exp.Create)
    )
    schema: dict[str, Any] = {}
    for source, names in known.items():
        place, name = source.split(".")
        schema.setdefault(place, {})[name] = names
    try:
        # qualified once: sqlglot would do it again for each column
        scope = build_scope(
            qualify.qualify(
                create.expression.copy(),
                schema=schema,
                dialect="duckdb",
                validate_qualify_columns=False,
                identify=False,
            )
        )
    except sqlglot.errors.SqlglotError:
        # a picture of the lineage is not worth a refresh
        return TableColumnLineage(deps_by_column={})
    # sqlglot writes in small letters what is not quoted
    written = {(of, name.lower()): name for of, names in known.items() for name in names}
    deps: dict[str, list[TableColumnDep]] = {}
    for column in columns:
        try:
            node = lineage.lineage(
                exp.column(column, quoted=True),
                create.expression,
                schema=schema,
                dialect="duckdb",
                scope=scope,
                # what each node's text would look like is not shown, and costs most
                trim_selects=False,
                copy=False,
            )
        except sqlglot.errors.SqlglotError:
            # what a pivot makes of data has no lineage that can be read off the text; beside it a
            # star is not spelt out
            found = {(table, column) for table in _starred(scope) if column in known.get(table, ())}
        else:
            found = {
                (f"{leaf.source.db}.{leaf.source.name}", leaf.name.split(".")[-1].strip('"'))
                for leaf in node.walk()
                if not leaf.downstream and isinstance(leaf.source, exp.Table) and leaf.source.db
            }
        deps[column] = [
            TableColumnDep(
                # an analysis makes its curves beside its results
                asset_key=key_of(source.removesuffix("_curves")),
                column_name=written.get((source, name), name),
            )
            for source, name in sorted(found)
            if source.split(".")[0] not in _NOT_ASSETS
        ]
    return TableColumnLineage(deps_by_column=deps)


def _starred(scope: Scope | None) -> list[str]:
    """Return the tables of which a query takes all columns."""
    query = scope.expression if scope else None
    if scope is None or not isinstance(query, exp.Select):
        return []
    sources = [scope.sources.get(one.table) for one in query.expressions if one.is_star]
    return [f"{one.db}.{one.name}" for one in sources if isinstance(one, exp.Table)]


def patient_summary(frame: pd.DataFrame) -> MetadataValue:
    """Describe a table of patients column by column; no row of it is shown."""
    rows = [
        {
            "column": name,
            "filled": int(values.notna().sum()),
            "missing": int(values.isna().sum()),
            "different": int(values.astype(str).where(values.notna()).nunique()),
        }
        for name, values in frame.items()
    ]
    return MetadataValue.md(markdown_table(pd.DataFrame(rows)))


def summary(warehouse: Warehouse, table: str) -> MetadataValue:
    """Describe a staging table column by column, counted where it lies; no row of it is shown."""
    names = [
        column.name
        for column in warehouse.columns(table)
        if column.name not in ("delivery", "file_line", "record")
    ]
    counts = ", ".join(f'count("{name}"), count(distinct "{name}")' for name in names)
    total, *found = warehouse.query(f"select count(*), {counts} from {table}").iloc[0].tolist()
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


def picture(png: bytes, alternative: str) -> MetadataValue:
    """Show a figure in the Dagster UI; what it shows is said in one line."""
    words = " ".join(alternative.replace("[", "(").replace("]", ")").split())
    return MetadataValue.md(f"![{words}](data:image/png;base64,{base64.b64encode(png).decode()})")


def check(
    name: str,
    passed: bool,
    sentence: str,
    *,
    blocking: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> AssetCheckResult:
    """Return an asset check's result with its sentence."""
    return AssetCheckResult(
        check_name=name,
        passed=passed,
        severity=AssetCheckSeverity.ERROR if blocking else AssetCheckSeverity.WARN,
        description=sentence,
        metadata=dict(metadata or {}),
    )


@cache
def _reads(table: str) -> tuple[str, ...]:
    return tuple(sorted({*sources(table), "study.settings", "study.covariates", "study.published"}))
