"""The tables that all SQL of a database reads: choices, dictionaries, the registry's copy.

Belongs here: filling them from the study file and from `data/`, and copying the registry's tables
into a study's database. Does not belong here: deriving anything of them; that is `sql/`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import duckdb

from il6_platform import paths
from il6_platform.errors import DataQualityError
from il6_platform.registry.cells import read_drug
from il6_platform.registry.cells.text import missing_codes, signs
from il6_platform.registry.native import LEVELS
from il6_platform.registry.units import (
    analyte_of,
    every_unit,
    factors,
    marker_units,
    reference_units,
)
from il6_platform.study import Covariate, Marker, Study, StudyError
from il6_platform.time_units import DAYS_PER_MONTH, DAYS_PER_YEAR
from il6_platform.warehouse.home import Site

RAW = (
    *("raw.tables", "raw.sources", "raw.spellings", "raw.erased", "raw.answers"),
    *("staging.problems", "staging.judged", "staging.verdicts"),
)
"""SQL files that make the tables of which a refresh changes rows only."""

COPIED = ("raw.deliveries", "raw.columns", "raw.patients", "raw.labs")
"""Tables of the registry outside `staging` and `reading` that a study reads."""

LEFT = ("staging.judged", "reading.done")
"""Tables of those two that only a refresh of the registry reads."""

_OF_MARKER = (
    "(select record from (select analyte, record from registry.staging.labs "
    "union all select analyte, record from registry.staging.labs_set_aside) "
    "where list_contains(getvariable('analytes'), analyte))"
)

_PARTS = {
    "staging.lines": "select table_name, delivery, line, position, delivered_on, patient, record, "
    "status, is_struck from {}",
    "staging.received": f"from {{}} where table_name != 'labs' or record in {_OF_MARKER}",
    "raw.labs": "from {} where rowid in (select r.rowid from registry.raw.labs as r semi join "
    "(from registry.staging.received where table_name = 'labs' "
    f"and record in {_OF_MARKER}) as m on r.delivery = m.delivery and r.line = m.line)",
}
"""Tables of which a study reads a part: of results as they were received, those of its marker."""


def prepare_registry(connection: duckdb.DuckDBPyConnection, site: Site) -> None:
    """Make what the registry's SQL reads: schemas, raw tables, dictionaries, macros."""
    _make_schemas(connection, "study", "setup", "reading", "raw", "staging")
    for tables in RAW:
        connection.execute(paths.sql_file(tables).read_text(encoding="utf-8"))
    quality = site.quality
    connection.execute(
        "create or replace table setup.settings as "
        "select $changed_columns::varchar[] as changed_columns, "
        "$named_drugs::varchar[] as named_drugs",
        {
            "changed_columns": [name.lower() for name in quality.changed_columns],
            "named_drugs": site.named_drugs(),
        },
    )
    connection.execute(
        "create or replace table setup.units "
        "(analyte varchar, unit varchar, factor double, standard varchar)"
    )
    _insert(connection, "setup.units", [asdict(one) for one in every_unit(*_units())])
    read_macros(connection, "cells", "partial", "days")


def prepare_study(connection: duckdb.DuckDBPyConnection, site: Site) -> None:
    """Make what a study's SQL reads: schemas, the study's choices, dictionaries, macros."""
    _make_schemas(connection, "study", "cohort", "analysis", "report")
    _fill_study(connection, site)
    _fill_endpoints(connection, site.study)
    _fill_published(connection, site.study)


def prepare_report(connection: duckdb.DuckDBPyConnection, site: Site, database: Path) -> None:
    """Copy the report tables of a published cut into a database, with the study's choices."""
    prepare_study(connection, site)
    path = str(database).replace("'", "''")
    connection.execute(f"attach '{path}' as cut (read_only)")
    names = connection.execute(
        "select table_name, comment from duckdb_tables() where database_name = 'cut'"
    ).fetchall()
    columns = connection.execute(
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'cut' and comment is not null"
    ).fetchall()
    for name, _ in names:
        connection.execute(f"create or replace table report.{name} as from cut.main.{name}")
    connection.execute("detach cut")
    for kind, name, comment in (
        *(("table", f"report.{name}", comment) for name, comment in names),
        *(("column", f'report.{name}."{column}"', comment) for name, column, comment in columns),
    ):
        words = str(comment).replace("'", "''")
        connection.execute(f"comment on {kind} {name} is '{words}'")


def copy_registry(connection: duckdb.DuckDBPyConnection, site: Site) -> None:
    """Copy what a study reads of the registry into its own database; the registry is at rest."""
    if not site.registry_content_path.exists():
        raise DataQualityError(
            "the registry's last refresh was blocked or has not ended; put that right first "
            "(il6 refresh says what it was)"
        )
    _make_schemas(connection, "raw", "staging", "reading", "study")
    path = str(site.registry_database).replace("'", "''")
    connection.execute(f"attach '{path}' as registry (read_only)")
    try:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = 'registry' and (schema_name in ('staging', 'reading') "
            "or schema_name || '.' || table_name in (select unnest($copied))) "
            "and schema_name || '.' || table_name not in (select unnest($left)) order by all",
            {"copied": [*COPIED, "study.content"], "left": [*LEFT]},
        ).fetchall()
        connection.execute(
            "set variable analytes = $analytes", {"analytes": [*marker_units(site.study.marker)]}
        )
        for (name,) in names:
            copied = _PARTS.get(name, "from {}").format(f"registry.{name}")
            connection.execute(f"create or replace table {name} as {copied}")
    finally:
        connection.execute("detach registry")


def take_partial_days(connection: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Take days of which only month or year is known as the study file says, in its own copy."""
    if study.partial_dates == "never":
        return
    for script in ("study.partial_days", "staging.vital_status"):
        connection.execute(paths.sql_file(script).read_text(encoding="utf-8"))


def collect_costs(connection: duckdb.DuckDBPyConnection, site: Site) -> None:
    """Fill in the registry's database what records cost each study, and what a study remarks.

    A study that is being refreshed just now, or was not yet, says nothing.
    """
    for table, columns in COSTS.items():
        connection.execute(f"create or replace table study.{table} ({columns})")
        for name in site.studies():
            database = site.of_study(name).working_database
            if not database.exists():
                continue
            try:
                with duckdb.connect(database, read_only=True) as study:
                    rows = study.execute(f"from cohort.{table}").df()
            except duckdb.Error:
                continue
            connection.register("incoming", rows)
            connection.execute(f"insert into study.{table} by name select * from incoming")
            connection.unregister("incoming")


COSTS = {
    "decisive": "patient_id varchar, table_name varchar, delivery varchar, file_line integer, "
    "code varchar, sentence varchar",
    "remarks": "patient_id varchar, table_name varchar, delivery varchar, file_line integer, "
    "column_name varchar, rule varchar, sentence varchar",
}
"""Tables of a study's cohort that the registry's worklist shows: name -> columns."""


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Insert rows by one statement: one a row took a tenth of a small registry's refresh."""
    if rows:
        connection.execute(
            f"insert into {table} by name select unnest($rows, recursive := true)", {"rows": rows}
        )


def _make_schemas(connection: duckdb.DuckDBPyConnection, *schemas: str) -> None:
    for schema in schemas:
        connection.execute(f"create schema if not exists {schema}")


def _fill_study(connection: duckdb.DuckDBPyConnection, site: Site) -> None:
    """Fill the study's choices, then read the macros that use them."""
    study = site.study
    settings = {
        "study_name": study.name,
        "marker": study.marker.label,
        "marker_label": study.marker.label,
        "unit": study.marker.unit,
        "window_first_day": study.marker.window_days[0],
        "window_last_day": study.marker.window_days[1],
        "below_loq": study.marker.below_loq,
        "experimental_drug": study.arms.experimental_drug.strip().lower(),
        "experimental_substances": list(read_drug(study.arms.experimental_drug).substances),
        "control_drugs": [text.strip().lower() for text in study.arms.control_drugs],
        "other_analytes": [text.strip().lower() for text in study.marker.other_analytes],
        "experimental_label": study.arms.experimental_label,
        "control_label": study.arms.control_label,
        "arm_window_days": study.arms.arm_window_days,
        "confirm_response": study.confirm_response,
        "partial_dates": study.partial_dates,
        "minimal_cell": site.quality.minimal_cell or 0,
        "censored_on": site.censored_on,
    }
    # an untyped null would make a column of integers
    lists = ("experimental_substances", "control_drugs", "other_analytes")
    types = {"censored_on": "::date", **dict.fromkeys(lists, "::varchar[]")}
    columns = ", ".join(f"${name}{types.get(name, '')} as {name}" for name in settings)
    connection.execute(f"create or replace table study.settings as select {columns}", settings)
    of_covariates = [_marker_of(item, study) for item in study.described]
    panel = panel_markers(connection, study)
    _fill_markers(connection, [study.marker, *(one for one in of_covariates if one), *panel])
    connection.execute("create or replace table study.panel (marker varchar, label varchar)")
    labels = [{"marker": one.label, "label": one.label.removeprefix(PANEL)} for one in panel]
    _insert(connection, "study.panel", labels)
    connection.execute(
        "create or replace table study.covariates "
        "(name varchar, label varchar, kind varchar, levels varchar[], marker varchar)"
    )
    rows = [
        {
            "name": item.name.lower(),
            "label": item.title,
            "kind": item.kind,
            "levels": list(item.levels or LEVELS.get(item.name.lower(), ())) or None,
            "marker": marker and marker.label,
        }
        for item, marker in zip(study.described, of_covariates, strict=True)
    ]
    _insert(connection, "study.covariates", rows)
    read_macros(connection, "cells", "known", "partial")


def _marker_of(item: Covariate, study: Study) -> Marker | None:
    """Return a covariate that is a laboratory result as a marker, taken as the study's own is."""
    if item.analyte is None:
        return None
    return Marker(
        analyte=item.analyte,
        unit=item.unit or "",
        label=f"covariate {item.name.lower()}",
        window_days=study.marker.window_days,
        below_loq=study.marker.below_loq,
    )


PANEL = "panel: "
"""What the label of a panel's marker begins with, so that it is none of the study's own."""


def panel_markers(connection: duckdb.DuckDBPyConnection, study: Study) -> list[Marker]:
    """Return the markers of the study's panel, each taken as the study's own is.

    Of all that the registry holds, an analyte without a unit of reference is taken in the unit in
    which it is given most often.
    """
    if study.panel is None:
        return []
    own = study.marker
    if study.panel.markers != "all":
        named = [
            own.model_copy(
                update={
                    "analyte": None,
                    "expression": one.expression,
                    "label": f"{PANEL}{one.label}",
                }
            )
            for one in study.panel.markers
        ]
        for one in named:
            try:
                marker_units(one)
            except StudyError as error:
                said = str(error).replace("marker.expression", "panel.markers")
                raise StudyError(said) from None
        return named
    held = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'staging' and table_name = 'labs'"
    ).fetchone()
    if held == (0,):
        return []
    rows = connection.execute(
        "select analyte, coalesce(mode(unit), '') from staging.labs "
        "where analyte is not null and certainty = 'known' group by analyte order by analyte"
    ).fetchall()
    references = reference_units()
    return [
        own.model_copy(
            update={
                "analyte": analyte,
                "expression": None,
                "unit": references.get(analyte, unit),
                "label": f"{PANEL}{analyte}",
            }
        )
        for analyte, unit in rows
    ]


def _fill_markers(connection: duckdb.DuckDBPyConnection, markers: Sequence[Marker]) -> None:
    """Fill the markers, their analytes and units, by which `sql/cohort/marker_values.sql` works."""
    connection.execute(
        "create or replace table study.markers (marker varchar, window_first_day integer, "
        "window_last_day integer, below_loq varchar, formula varchar)"
    )
    connection.execute(
        "create or replace table study.marker_parts (marker varchar, analyte varchar)"
    )
    connection.execute(
        "create or replace table study.marker_units "
        "(marker varchar, analyte varchar, unit varchar, factor double)"
    )
    rows: dict[str, list[dict[str, object]]] = {
        "markers": [],
        "marker_parts": [],
        "marker_units": [],
    }
    for one in markers:
        units, label = marker_units(one), {"marker": one.label}
        formula = one.term.sql(lambda name: f"parts[{_quoted(analyte_of(name))}]")
        first, last = one.window_days
        window = {"window_first_day": first, "window_last_day": last}
        said = {"below_loq": one.below_loq, "formula": formula}
        rows["markers"].append({**label, **window, **said})
        rows["marker_parts"] += [{**label, "analyte": name} for name in units]
        rows["marker_units"] += [
            {**label, "analyte": name, "unit": unit, "factor": factor}
            for name, in_unit in units.items()
            for unit, factor in factors(*_units(), name, in_unit).items()
        ]
    for table, of in rows.items():
        _insert(connection, f"study.{table}", of)
    define_marker_value(connection)


def define_marker_value(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macro `marker_value(marker, parts)`: what `study.markers.formula` says.

    `parts` maps the marker's analytes to their results; where one is null, or the formula has no
    finite value, so is the outcome.
    """
    formulas = connection.execute(
        "select marker, formula from study.markers order by all"
    ).fetchall()
    cases = " ".join(f"when {_quoted(marker)} then {formula}" for marker, formula in formulas)
    connection.execute(
        "create or replace macro marker_value(marker, parts) as "
        f"nullif(nullif(nullif(case marker {cases} end, 'inf'), '-inf'), 'nan')"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def read_macros(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Make the macros of `sql/macros`, and what they use of the code's own knowledge."""
    foreign, plain = map(_quoted, signs())
    codes = _quoted("|".join(re.escape(code) for code in sorted(missing_codes())))
    known = {
        "days_per_month()": DAYS_PER_MONTH,
        "days_per_year()": DAYS_PER_YEAR,
        # of plain ASCII nothing is to be translated
        "plain_text(received)": "if(strlen(received) = length(received), trim(received), "
        f"trim(translate(received, {foreign}, {plain})))",
        # a list of so many would be a join wherever a cell is read
        "is_missing_code(plain)": f"regexp_full_match(lower(plain), {codes})",
    }
    for macro, says in known.items():
        connection.execute(f"create or replace macro {macro} as {says}")
    for name in names:
        connection.execute(paths.sql_file(f"macros.{name}").read_text(encoding="utf-8"))


def _units() -> tuple[Path, Path]:
    """Return the files of units and of names."""
    data = paths.project_root() / "data"
    return data / "units.csv", data / "names.csv"


def _fill_endpoints(connection: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Fill the endpoints and what ends each of them, by which `sql/cohort/adtte.sql` works."""
    connection.execute(
        "create or replace table study.endpoints "
        "(position integer, name varchar, label varchar, starts varchar)"
    )
    connection.execute(
        "create or replace table study.endpoint_sources "
        "(endpoint varchar, source varchar, cnsr integer, precedence integer)"
    )
    endpoints = [
        {"position": position, "name": one.name, "label": one.label, "starts": one.starts}
        for position, one in enumerate(study.derived_endpoints, start=1)
    ]
    sources = [
        {"endpoint": one.name, "source": source, "cnsr": censored, "precedence": precedence}
        for one in study.derived_endpoints
        for source, censored, precedence in one.sources()
    ]
    _insert(connection, "study.endpoints", endpoints)
    _insert(connection, "study.endpoint_sources", sources)


def _fill_published(connection: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Fill the published claims."""
    connection.execute(
        "create or replace table study.published (position integer, claim varchar, "
        "analysis varchar, endpoint varchar, population varchar, contrast varchar, "
        "grp varchar, term varchar, statistic varchar, source varchar, estimate double, "
        "p_value double, n varchar)"
    )
    names = ("claim", "analysis", "endpoint", "population", "contrast", "grp", "term", "statistic")
    rows = [
        {
            "position": position,
            **{name: getattr(claim, name) for name in (*names, "source", "estimate", "p_value")},
            "n": ", ".join(f"{group} {n}" for group, n in claim.n.items()),
        }
        for position, claim in enumerate(study.published, start=1)
    ]
    _insert(connection, "study.published", rows)
