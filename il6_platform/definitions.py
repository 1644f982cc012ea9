"""The one Definitions object: assets, checks, job, sensor, schedule, resources.

Nothing happens at import: `build_defs` wires an installation, tests wire others.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from dagster import (
    AssetsDefinition,
    Definitions,
    FreshnessPolicy,
    colored_console_logger,
    definitions,
)

from il6_platform import paths
from il6_platform.defs import analysis, cohort, network, raw, report, sources, staging
from il6_platform.defs.jobs import combine_network, nightly, refresh_registry, refresh_study
from il6_platform.defs.progress import progress_logger
from il6_platform.defs.resources import warehouse_of
from il6_platform.defs.sensors import alert_sensors, new_deliveries, studies_behind
from il6_platform.defs.specs import STUDIES, annotated, key_of, linked
from il6_platform.registry_file import read_registry_file
from il6_platform.study import read_study
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import default_landing


def build_defs(
    home: Path | None = None,
    landing: Path | None = None,
    study_file: Path | None = None,
    as_of: str | None = None,
    censor: str | None = None,
) -> Definitions:
    """Wire an installation.

    Parameters
    ----------
    home, landing, study_file
        Its folders and study file; the environment's (IL6_HOME, IL6_LANDING, IL6_STUDY) by default.
    as_of
        ISO date: use only what had been exported by then.
    censor
        ISO date: cut follow-up there.
    """
    home = home or paths.default_home()
    site = Site(
        home=str(home),
        landing=str(landing or default_landing(home)),
        study_file=str(study_file) if study_file else None,
        as_of=as_of,
        censor=censor,
    )
    fetched, schedules = sources.of(site)
    asked = _questions(site)
    return Definitions(
        assets=[
            *fetched,
            *(
                _told(asked, _expected(site, annotated(one)))
                for stage in (raw, staging, cohort, analysis, report)
                for one in stage.ASSETS
            ),
            *map(annotated, network.assets_of(site)),
            linked(staging.sites()),
        ],
        jobs=[refresh_registry, refresh_study, combine_network],
        sensors=[new_deliveries(site), studies_behind(site), *alert_sensors(site)],
        schedules=[nightly(site), *schedules],
        loggers={"console": colored_console_logger, "progress": progress_logger},
        resources={"warehouse": warehouse_of(site)},
    )


def _expected(site: Site, definition: AssetsDefinition) -> AssetsDefinition:
    """Let Dagster show where the registry file expects exports oftener than they come."""
    registry = read_registry_file(site.home_path)
    days = [
        one.every_days for one in (registry.sites.values() if registry else ()) if one.every_days
    ]
    if not days or definition.keys != {key_of("raw.deliveries")}:
        return definition
    policy = FreshnessPolicy.time_window(fail_window=timedelta(days=max(days)))
    return definition.map_asset_specs(lambda one: one.replace_attributes(freshness_policy=policy))


def _questions(site: Site) -> str:
    """Return what the studies of the home ask, a line each, for who reads of an asset."""
    studies = [read_study(file) for file in site.studies().values()]
    return "\n".join(f"- `{study.name}`: {study.title}" for study in studies)


def _told(asked: str, definition: AssetsDefinition) -> AssetsDefinition:
    """Let each table that is made for every study say which studies these are."""
    if not asked or definition.partitions_def != STUDIES:
        return definition
    return definition.map_asset_specs(
        lambda one: one.replace_attributes(
            description=f"{one.description}\n\nMade for each study of the home:\n\n{asked}"
        )
    )


@definitions
def defs() -> Definitions:
    """Return this installation's definitions."""
    # what a run writes is its owner's only, wherever Dagster's storage is
    os.umask(0o077)
    return build_defs()
