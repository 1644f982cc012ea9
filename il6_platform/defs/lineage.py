"""Which tables and columns a table is made of, read off its SQL file."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import sqlglot
from dagster import (
    AssetKey,
    TableColumnDep,
    TableColumnLineage,
)
from sqlglot import exp, lineage
from sqlglot.optimizer import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from il6_platform import paths
from il6_platform.registry.native import TABLES

# a pivot has no lineage that can be read off its text; sqlglot says so for each column
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_NOT_ASSETS = {"study", "setup", "reading", ""}
BESIDE = {
    *("raw.sources", "raw.passed_over", "raw.columns", "raw.spellings"),
    *("raw.landings", "raw.merged_patients", "raw.struck_patients", "staging.problems"),
    "staging.judged",
    *(f"staging.{table}_set_aside" for table in TABLES),
}
"""Tables that are written beside an asset of the same layer."""


@cache
def _statements(table: str) -> tuple[exp.Expr, ...]:
    """Return the statements of a table's SQL file; who changes one copies it first."""
    found = sqlglot.parse(paths.sql_file(table).read_text("utf-8"), read="duckdb")
    return tuple(one for one in found if one is not None)


@cache
def sources(*tables: str) -> tuple[str, ...]:
    """Return the tables that the SQL files of the given tables read, without themselves."""
    found = {
        f"{reference.db}.{reference.name}"
        for table in tables
        for statement in _statements(table)
        for reference in statement.find_all(exp.Table)
        if reference.db not in _NOT_ASSETS
    }
    made = {table.replace("validation.", "staging.") for table in tables}
    return tuple(sorted(found - made - BESIDE))


@cache
def read_tables(table: str) -> tuple[str, ...]:
    """Return the tables whose columns the lineage of a table needs to know."""
    names = ("settings", "covariates", "published", "endpoints", "endpoint_sources", "panel")
    return tuple(sorted({*sources(table), *(f"study.{name}" for name in names)}))


def column_lineage(
    table: str, columns: Iterable[str], known: Mapping[str, Mapping[str, str]]
) -> TableColumnLineage | None:
    """Trace each column of a SQL table to the columns of the tables that it is made of.

    None for a table that the SQL file declares and does not fill. The same question is asked of
    every study and of every refresh of a process: it is answered once.
    """
    return _traced(
        table, tuple(columns), tuple((of, tuple(names.items())) for of, names in known.items())
    )


@cache
def _traced(
    table: str,
    columns: tuple[str, ...],
    types: tuple[tuple[str, tuple[tuple[str, str], ...]], ...],
) -> TableColumnLineage | None:
    known = {of: dict(names) for of, names in types}
    create = next(
        statement for statement in _statements(table) if isinstance(statement, exp.Create)
    )
    if create.expression is None:
        return None
    schema = _schema(known)
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
            found = _leaves(node)
        deps[column] = [
            TableColumnDep(
                # an analysis makes its curves beside its results
                asset_key=AssetKey(source.removesuffix("_curves").split(".")),
                column_name=written.get((source, name), name),
            )
            for source, name in sorted(found)
            if source.split(".")[0] not in _NOT_ASSETS
        ]
    return TableColumnLineage(deps_by_column=deps)


def _schema(known: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the known columns as sqlglot reads them: schema -> table -> column -> type."""
    schema: dict[str, Any] = {}
    for source, names in known.items():
        place, name = source.split(".")
        # a table of the study is not there while the registry is made
        if names:
            schema.setdefault(place, {})[name] = names
    return schema


def _leaves(node: lineage.Node) -> set[tuple[str, str]]:
    """Return the columns, with their tables, that a column is made of."""
    return {
        (f"{leaf.source.db}.{leaf.source.name}", leaf.name.split(".")[-1].strip('"'))
        for leaf in node.walk()
        if not leaf.downstream and isinstance(leaf.source, exp.Table) and leaf.source.db
    }


def _starred(scope: Scope | None) -> list[str]:
    """Return the tables of which a query takes all columns."""
    query = scope.expression if scope else None
    if scope is None or not isinstance(query, exp.Select):
        return []
    sources = [scope.sources.get(one.table) for one in query.expressions if one.is_star]
    return [f"{one.db}.{one.name}" for one in sources if isinstance(one, exp.Table)]
