"""How an asset is described before it runs: key, owners, sentences, links, checks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    BetaWarning,
    CodeReferencesMetadataValue,
    DynamicPartitionsDefinition,
    LocalFileCodeReference,
    UrlCodeReference,
)

from il6_platform import paths
from il6_platform.validation.rulebook import BatchRule

OWNERS = {
    "registry": ["team:data-management"],
    "staging": ["team:data-management"],
    "cohort": ["team:biostatistics"],
    "analysis": ["team:biostatistics"],
    "report": ["team:biostatistics", "team:clinic"],
}
"""Who answers for a group of assets."""

POOL = "registry"
"""One refresh of the registry at a time: the limit of the pool is set in dagster.yaml."""

STUDIES = DynamicPartitionsDefinition(name="study")
"""The studies of the home: cohort, analyses and report have a partition each."""

SITES = DynamicPartitionsDefinition(name="site")
"""The sites whose patients are in the home: `staging.sites` has a partition each."""

ANEW = "il6/anew"
"""Tag of a run that makes anew also what need not be made again (`il6 refresh --force`)."""

_SUMMARIES = {
    "raw.deliveries",
    "raw.erased",
    "staging.balance",
    "staging.sites",
    "cohort.flow",
    "analysis",
    "report",
}
"""Tables and schemas that hold no row of a patient."""


def key_of(table: str) -> AssetKey:
    """Return the asset key of a table."""
    return AssetKey(table.split("."))


def annotated(definition: AssetsDefinition) -> AssetsDefinition:
    """Return an asset with links to what makes and judges it, tagged by whom its rows are of."""
    return definition.map_asset_specs(linked)


def linked(spec: AssetSpec) -> AssetSpec:
    """Return what is said of an asset with those links and that tag."""
    place, name = spec.key.path
    table, package = f"{place}.{name}", Path(__file__).parent.parent
    files = {
        "SQL": paths.sql_file(table),
        "statistics": package / "analysis" / f"{name}.py",
        "rules": package / "validation" / f"{name}.py",
        "asset": package / "defs" / ("raw.py" if place == "raw" else f"{spec.group_name}.py"),
    }
    holds = "summaries" if _SUMMARIES & {place, table} else "patients"
    with warnings.catch_warnings():
        # Dagster warns at each link that they are new in it
        warnings.simplefilter("ignore", BetaWarning)
        links: list[LocalFileCodeReference | UrlCodeReference] = [
            LocalFileCodeReference(file_path=str(path), label=label)
            for label, path in files.items()
            if path.exists() and (label != "statistics" or place == "analysis")
        ]
        references = CodeReferencesMetadataValue(code_references=links)
        return spec.merge_attributes(
            metadata={"dagster/code_references": references}, tags={"holds": holds}
        )


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
