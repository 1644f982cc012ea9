"""A registry of a few patients, staged and judged by the real assets, without the analyses."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pandas as pd
import pytest
from dagster import (
    AssetCheckResult,
    AssetKey,
    DagsterInstance,
    Failure,
    build_asset_context,
)

from il6_platform import paths
from il6_platform.defs import raw as registry
from il6_platform.defs import staging
from il6_platform.errors import Il6Error
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform_tests.derivation import share_key
from il6_platform_tests.judged_once import judging_once

HEADERS = {
    "patients": "patient_id,sex,birth_date,consent_withdrawn_on",
    "treatments": "patient_id,line,drug,start_date,end_date",
    "labs": "patient_id,analyte,value,unit,collected_on",
    "follow_up": "patient_id,last_contact_on,vital_status,died_on",
    "assessments": "patient_id,assessed_on,response",
}

MADE = {one.key: one for one in [*registry.ASSETS, *staging.ASSETS]}
ORDER = tuple(
    TopologicalSorter(
        {key: one.asset_deps[key] & MADE.keys() for key, one in MADE.items()}
    ).static_order()
)
BLOCKING = {
    key: {spec.name for spec in one.check_specs if spec.blocking} for key, one in MADE.items()
}


@cache
def _instance() -> DagsterInstance:
    """Where assets that are called directly keep nothing: one for all registries."""
    return DagsterInstance.ephemeral()


@dataclass(frozen=True)
class Check:
    """What an asset check said."""

    passed: bool
    blocking: bool
    description: str

    @classmethod
    def of(cls, result: AssetCheckResult, blocking: Collection[str]) -> Check:
        """Take over a result; `blocking` names the checks that stop what follows."""
        return cls(result.passed, result.check_name in blocking, result.description or "")


@dataclass
class Registry:
    """Exports in a landing folder, and what staging makes of them."""

    folder: Path
    study: Path
    checks: dict[tuple[str, str], Check] = field(default_factory=dict)

    @property
    def warehouse(self) -> Warehouse:
        landing = self.folder / "landing"
        landing.mkdir(exist_ok=True)
        home = str(self.folder / "home")
        return Warehouse(site=Site(home=home, landing=str(landing), study_file=str(self.study)))

    def deliver(self, day: str, **tables: Sequence[str]) -> None:
        """Drop exports: of each table its lines, without the header."""
        for table, lines in tables.items():
            file = self.folder / "landing" / day / f"{table}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join([HEADERS[table], *lines]) + "\n", encoding="utf-8")

    def stage(self) -> bool:
        """Make registry and staging by their assets; say whether nothing failed or blocked.

        The assets are called one after the other, as a run does, without its events: what follows
        one that failed or blocked is left out.
        """
        self.checks, stopped = {}, set[AssetKey]()
        warehouse = self.warehouse
        share_key(warehouse.site.home_path)
        log = logging.getLogger(__name__)
        instance = _instance()
        with warehouse.held(log), judging_once():
            for key in ORDER:
                one = MADE[key]
                if stopped & {*one.asset_deps[key]}:
                    stopped.add(key)
                    continue
                try:
                    with build_asset_context(instance=instance) as context:
                        done = one(context, warehouse=warehouse)
                except (Failure, Il6Error):
                    stopped.add(key)
                    continue
                for result in done.check_results:
                    check = Check.of(result, BLOCKING[key])
                    self.checks[".".join(key.path), str(result.check_name)] = check
                    if check.blocking and not check.passed:
                        stopped.add(key)
        return not stopped

    def ask(self, sql: str, parameters: Mapping[str, object] | None = None) -> pd.DataFrame:
        return self.warehouse.query(sql, parameters)

    def broken(self) -> set[tuple[str, str]]:
        """Return which rules are in the worklist, by line: (file, rule)."""
        found = self.ask("select file || ':' || file_line as place, rule from staging.quarantine")
        return set(found.itertuples(index=False, name=None))


@pytest.fixture
def made(tmp_path: Path) -> Registry:
    study = tmp_path / "study.yaml"
    # a few patients: one wrong row is a large share of them
    study.write_text(
        paths.default_study().read_text("utf-8") + "quality: {max_quarantine_share: 1}\n"
    )
    made = Registry(tmp_path, study)
    assert made.warehouse.site.landing_path.is_dir()
    return made
