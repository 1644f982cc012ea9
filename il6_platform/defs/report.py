"""Report: rows of results -> what is published. The SQL is in `sql/report/`."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    TableColumnDep,
    TableColumnLineage,
    asset,
)

from il6_platform.analysis.results import CURVE_COLUMNS, RESULT_COLUMNS
from il6_platform.analysis.spec import analyses
from il6_platform.defs.addresses import QUALITY_ADDRESS, report_address
from il6_platform.defs.lineage import sources
from il6_platform.defs.metadata import preview, table_metadata
from il6_platform.defs.specs import ANEW, OWNERS, STUDIES, check, described, key_of
from il6_platform.paths import code_version
from il6_platform.publishing import alerts, content
from il6_platform.publishing import publish as publishing
from il6_platform.registry.formats import told_apart
from il6_platform.report import readings
from il6_platform.report.sentences import story
from il6_platform.report.synthetic_flag import SYNTHETIC, is_synthetic
from il6_platform.validation import results as result_rules
from il6_platform.validation.rulebook import STAGED
from il6_platform.validation.rules import judge
from il6_platform.warehouse.database import Warehouse, comment_on

_ADDS_UP = "patients_add_up"
SAME = "same_content_same_report"
"""The check that a cut which is made again comes out the same."""


def report_table(table: str) -> AssetsDefinition:
    """Return the asset of one report table made by SQL."""
    name = f"report.{table}"

    @asset(
        key=key_of(name),
        group_name="report",
        kinds={"sql", "duckdb"},
        owners=OWNERS["report"],
        code_version=code_version(),
        partitions_def=STUDIES,
        deps=[key_of(source) for source in sources(name)],
        description=described(name),
    )
    def reported(
        context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
    ) -> MaterializeResult:
        warehouse.run_sql(name)
        frame = warehouse.read(name)
        context.log.info(f"{name}: {len(frame)} rows.")
        return MaterializeResult(
            metadata={**table_metadata(warehouse, name), "preview": preview(frame, 40)}
        )

    return reported


@asset(
    key=key_of("report.results"),
    group_name="report",
    kinds={"python", "duckdb"},
    owners=OWNERS["report"],
    code_version=code_version(),
    partitions_def=STUDIES,
    deps=[*(key_of(f"analysis.{name}") for name in analyses()), key_of("cohort.flow")],
    check_specs=[
        *(
            AssetCheckSpec(
                rule.id,
                asset=key_of("report.results"),
                blocking=True,
                description=rule.sentence,
            )
            for rule in result_rules.RULES
        ),
        AssetCheckSpec(
            _ADDS_UP,
            asset=key_of("report.results"),
            blocking=True,
            description="Arms and excluded patients add up to all who arrived.",
        ),
    ],
)
def results(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Every number of the study, one estimate a row; all else is a view, a figure or a page of it.

    The rows of every analysis that the package has, one after the other.
    """
    metadata = _united(context, warehouse, "report.results", list(analyses()), RESULT_COLUMNS)
    rows = warehouse.read("report.results")
    judging = warehouse.workers.submit(judge, rows, result_rules.RULES)
    checks = [
        check(
            verdict.rule.id,
            verdict.success,
            f"{verdict.rule.sentence}: {len(verdict.broken)} of {verdict.judged} rows do not.",
            blocking=True,
        )
        for verdict in judging.result()
    ]
    return MaterializeResult(metadata=metadata, check_results=[*checks, _adds_up(warehouse)])


@asset(
    key=key_of("report.curves"),
    group_name="report",
    kinds={"python", "duckdb"},
    owners=OWNERS["report"],
    code_version=code_version(),
    partitions_def=STUDIES,
    deps=[key_of(f"analysis.{name}") for name, one in analyses().items() if one.spec.draws_curves],
)
def curves(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """What the figures draw, in months or proportions; no point stands for one patient by a key.

    The curves of every analysis that has some, one after the other.
    """
    parts = [f"{name}_curves" for name, one in analyses().items() if one.spec.draws_curves]
    return MaterializeResult(
        metadata=_united(context, warehouse, "report.curves", parts, CURVE_COLUMNS)
    )


def _united(
    context: AssetExecutionContext,
    warehouse: Warehouse,
    table: str,
    parts: list[str],
    columns: Mapping[str, tuple[str, str]],
) -> dict[str, Any]:
    """Write the union of tables of the schema `analysis`; return what is told of it."""
    union = " union all by name ".join(f"from analysis.{part}" for part in parts)
    said = (results if table == "report.results" else curves).node_def.description or ""
    with warehouse.connect() as connection:
        connection.execute(f"create or replace table {table} as {union}")
        comment_on(
            connection,
            ("table", table, said.partition("\n")[0]),
            *(("column", f'{table}."{name}"', words) for name, (_, words) in columns.items()),
        )
    frame = warehouse.read(table)
    context.log.info(f"{table}: {len(frame)} rows.")
    keys = [key_of(f"analysis.{part.removesuffix('_curves')}") for part in parts]
    traced = {name: [TableColumnDep(key, name) for key in keys] for name in columns}
    return {
        **table_metadata(warehouse, table),
        "dagster/column_lineage": TableColumnLineage(deps_by_column=traced),
        "preview": preview(frame, 40),
    }


RELATIVE = "counted from an anchor: nothing is said of the calendar"
"""What provenance says where a registry gives no dates."""


@asset(
    key=key_of("report.headline"),
    group_name="report",
    kinds={"python", "duckdb"},
    owners=OWNERS["report"],
    code_version=code_version(),
    partitions_def=STUDIES,
    deps=[key_of("report.results")],
)
def headline(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Published claims beside this cut's figures, and the interaction that the claims imply."""
    frame = readings.headline(warehouse.read("report.results"), warehouse.study)
    said = "Published claims beside this cut's figures, and the interaction that the claims imply"
    warehouse.write("report.headline", frame, readings.HEADLINE, said)
    context.log.info(f"report.headline: {len(frame)} rows.")
    return MaterializeResult(
        metadata={**table_metadata(warehouse, "report.headline"), "preview": preview(frame, 40)}
    )


PROVENANCE = {
    "kind": (
        "varchar",
        "cut, registry (where it is synthetic), cohort (when it was recruited and "
        "followed), study, choice (of the study file), rule, code, version or delivery",
    ),
    "name": ("varchar", "Which one: of a delivery, table and day; of a choice, its key"),
    "value": ("varchar", "Its value: of a delivery, SHA-256 of its bytes and lines"),
}
"""Columns of `report.provenance`: type and comment."""


@asset(
    key=key_of("report.provenance"),
    group_name="report",
    kinds={"python", "duckdb"},
    owners=OWNERS["report"],
    code_version=code_version(),
    partitions_def=STUDIES,
    deps=[key_of("raw.deliveries"), key_of("report.results")],
)
def provenance(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """What this cut was made of: deliveries with their hashes, study file, code, versions, seed."""
    study = warehouse.study
    used = warehouse.query("from raw.deliveries where position is not null order by position")
    censored_on = warehouse.site.censored_on
    synthetic = is_synthetic(warehouse.site, used["delivery"])
    looks = publishing.earlier_looks(warehouse)
    choices = publishing.choices_of(warehouse)
    cut = publishing.cut_of(
        used, study, censored_on, synthetic=synthetic, looks=looks, choices=choices
    )
    kinds = (publishing.Choice.ACCEPTED, publishing.Choice.STRUCK, publishing.Choice.JOINED)
    accepted, gone, joined = (publishing.chosen(choices, kind) for kind in kinds)
    deliveries = told_apart(
        [f"{row.table_name} of {row.delivered_on:%Y-%m-%d}" for row in used.itertuples()]
    )
    rows = [
        ("cut", "cut", cut),
        ("cut", "first_export", str(used["delivered_on"].min())[:10]),
        ("cut", "last_export", str(used["delivered_on"].max())[:10]),
        *([("cut", "censored_on", censored_on.isoformat())] if censored_on else []),
        *([("registry", "patients", SYNTHETIC)] if synthetic else []),
        *([("registry", "patients struck out", str(len(gone)))] if gone else []),
        *([("registry", "numbers joined", str(len(joined)))] if joined else []),
        *(("registry", "values accepted as they are", said) for said in accepted),
        *([("registry", "days", RELATIVE)] if used["is_relative"].fillna(False).any() else []),
        *_recruitment(warehouse),
        ("study", "title", study.title),
        ("study", "sha256", study.digest),
        ("study", "seed", str(study.seed)),
        ("code", "il6_platform", code_version()),
        *(("version", name, value) for name, value in content.versions().items()),
        *(
            ("choice", key, json.dumps(value, ensure_ascii=False))
            for key, value in study.model_dump(mode="json").items()
        ),
        *(
            ("rule", f"{table}.{rule.id}", f"{rule.severity}: {rule.sentence}")
            for table, rules in STAGED.items()
            for rule in rules
        ),
        *(
            ("delivery", name, f"sha256 {row.delivery}, {row.lines} lines")
            # a file may be named after a patient: its name stays with the site
            for name, row in zip(deliveries, used.itertuples(), strict=True)
        ),
    ]
    frame = pd.DataFrame(rows, columns=["kind", "name", "value"])
    warehouse.write("report.provenance", frame, PROVENANCE, "What this cut was made of")
    context.log.info(f"This is cut {cut}.")
    return MaterializeResult(
        metadata={
            **table_metadata(warehouse, "report.provenance"),
            "cut": cut,
            "preview": preview(frame, 60),
        }
    )


def _recruitment(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    """Return the months (the years where small counts are hidden) of the first and last start.

    Of the analysed patients; nothing where the registry's days are not days of the calendar.
    """
    digits = 7 if warehouse.study.quality.minimal_cell is None else 4
    found = warehouse.query(
        'select min("TRTSDT") as first_start, max("TRTSDT") as last_start, '
        'max("LSTALVDT") as last_seen from cohort.adsl '
        """where "ANALFL" = 'Y' having not bool_or(coalesce("RELFL", 'N') = 'Y')"""
    )
    days = {} if found.empty else found.iloc[0].dropna().to_dict()
    return [("cohort", str(name), str(day)[:digits]) for name, day in days.items()]


@asset(
    key=key_of("report.history"),
    group_name="report",
    kinds={"python", "duckdb"},
    owners=OWNERS["report"],
    code_version=code_version(),
    partitions_def=STUDIES,
    deps=[
        *(key_of(f"report.{t}") for t in ("results", "headline", "flow", "data_quality")),
        key_of("report.provenance"),
    ],
    check_specs=[
        AssetCheckSpec(name, asset=key_of("report.history"), description=description)
        for name, description in alerts.DESCRIPTIONS.items()
    ],
)
def history(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """The main estimates of every cut that was published, this one last.

    Its checks are the alerts: what has changed since the cut before that somebody should hear of.
    """
    frame = publishing.history_with(warehouse)
    warehouse.write(
        "report.history",
        frame,
        {
            "cut": ("varchar", "Data cut"),
            "last_export": ("varchar", "Day of the last export in the cut"),
            **{
                name: RESULT_COLUMNS[name]
                for name in frame.columns
                if name not in ("cut", "last_export")
            },
        },
        "The main estimates of every cut that was published",
    )
    context.log.info(f"{frame['cut'].nunique()} cuts are known.")
    raised = alerts.alerts(warehouse)
    for one in raised:
        if one.is_raised:
            context.log.warning(f"Alert: {one.sentence}")
    return MaterializeResult(
        metadata={**table_metadata(warehouse, "report.history"), "preview": preview(frame, 40)},
        check_results=[check(one.name, not one.is_raised, one.sentence) for one in raised],
    )


SQL_TABLES = ("flow", "data_quality")


@asset(
    key=key_of("report.published"),
    group_name="report",
    kinds={"html", "duckdb"},
    owners=OWNERS["report"],
    code_version=code_version(),
    partitions_def=STUDIES,
    deps=[
        results,
        curves,
        headline,
        *(key_of(f"report.{t}") for t in SQL_TABLES),
        provenance,
        history,
    ],
    check_specs=[
        AssetCheckSpec(
            SAME,
            asset=key_of("report.published"),
            description="A cut that is made again comes out the same, page and every row.",
        )
    ],
)
def published(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """The cut as readers see it: report.duckdb and report.html.

    Built beside, checked, then renamed into place: a reader sees the old report or the new one.
    `report` below opens it.
    """
    done = publishing.publish(warehouse, anew=context.op_execution_context.has_tag(ANEW))
    told = story(
        warehouse.study,
        *(
            warehouse.read(f"report.{table}")
            for table in ("provenance", "data_quality", "flow", "results")
        ),
    )
    for number, line in enumerate(told, start=1):
        context.log.info(f"Story {number}/{len(told)}: {line}")
    context.log.info(
        f"Cut {done.cut} is {'published' if done.is_current else 'kept'}"
        + {None: ".", True: ": made again, the same.", False: " as it was."}[done.same]
    )
    return MaterializeResult(
        metadata={
            "cut": done.cut,
            "story": MetadataValue.md("\n".join(f"{n}. {line}" for n, line in enumerate(told, 1))),
            "report": MetadataValue.url(report_address(warehouse.study.name)),
            "data quality": MetadataValue.url(QUALITY_ADDRESS),
            "report as a file": MetadataValue.path(str(done.folder / "report.html")),
            "database": MetadataValue.path(str(done.folder / "report.duckdb")),
            "headline": preview(
                warehouse.read("report.headline")[
                    [
                        "claim",
                        "published_p_value",
                        "measure",
                        "estimate",
                        "ci_low",
                        "ci_high",
                        "p_value",
                        "n",
                        "events",
                        "reading",
                    ]
                ]
            ),
        },
        check_results=[
            check(
                SAME,
                done.same is not False,
                {
                    None: "This cut was made for the first time.",
                    True: "The cut was there already and came out the same.",
                    False: "The cut was there already and came out otherwise; the kept one stays. "
                    "Something outside deliveries, study file and code moved it: report it.",
                }[done.same],
            )
        ],
    )


def _adds_up(warehouse: Warehouse) -> AssetCheckResult:
    counts = warehouse.query(
        "select sum(n) filter (where kind = 'arrived') as arrived, "
        "sum(n) filter (where kind = 'excluded') as excluded, "
        "sum(n) filter (where kind = 'analysed') as analysed, "
        "sum(n) filter (where kind = 'arm') as in_arms, "
        # an endpoint's own analyses leave out whose time is not known
        "(select coalesce(max(n), 0) from report.results where analysis = 'response' "
        "and statistic = 'rate' and population = 'all' and grp is null) as in_results "
        "from cohort.flow"
    ).iloc[0]
    passed = (
        counts["arrived"] == counts["excluded"] + counts["analysed"]
        and counts["analysed"] == counts["in_arms"] == counts["in_results"]
    )
    return check(
        _ADDS_UP,
        bool(passed),
        f"{counts['arrived']:.0f} arrived, {counts['excluded']:.0f} excluded, "
        f"{counts['analysed']:.0f} analysed, {counts['in_arms']:.0f} in arms, "
        f"{counts['in_results']:.0f} in results.",
        blocking=True,
    )


ASSETS = [
    results,
    curves,
    headline,
    *(report_table(table) for table in SQL_TABLES),
    provenance,
    history,
    published,
]
