"""A registry of a few patients, staged and judged by the real assets, without the analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from dagster import AssetCheckEvaluation, DagsterInstance, materialize

from il6_platform import paths
from il6_platform.defs import raw as registry
from il6_platform.defs import staging
from il6_platform.defs.resources import warehouse_of
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site

HEADERS = {
    "patients": "patient_id,sex,birth_date,consent_withdrawn_on",
    "treatments": "patient_id,line,drug,start_date,end_date",
    "labs": "patient_id,analyte,value,unit,collected_on",
    "follow_up": "patient_id,last_contact_on,vital_status,died_on",
    "assessments": "patient_id,assessed_on,response",
}


@dataclass
class Registry:
    """Exports in a landing folder, and what staging makes of them."""

    folder: Path
    study: Path
    checks: dict[tuple[str, str], AssetCheckEvaluation] = field(default_factory=dict)

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
        """Run registry and staging; say whether nothing blocked."""
        with DagsterInstance.ephemeral() as instance:
            result = materialize(
                [*registry.ASSETS, *staging.ASSETS],
                instance=instance,
                resources={"warehouse": warehouse_of(self.warehouse.site)},
                raise_on_error=False,
            )
            self.checks = {
                (".".join(one.asset_key.path), one.check_name): one
                for one in result.get_asset_check_evaluations()
            }
        return result.success

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
