"""The resource of the assets: the database that their run holds.

Belongs here: which database a run holds, and for how long. Does not belong here: how it is opened
and written (`warehouse.database`).
"""

from __future__ import annotations

import logging
from collections.abc import Generator

from dagster import InitResourceContext, ResourceDefinition, resource

from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.running import mark_running

PARTITION = "dagster/partition"
"""Tag of a run that says which study it is of."""


def warehouse_of(site: Site) -> ResourceDefinition:
    """Return the resource `warehouse` of an installation."""

    @resource(description="The registry's database, or the study's whose partition the run is of.")
    def warehouse(context: InitResourceContext) -> Generator[Warehouse, None, None]:
        """Hold the run's database for a whole run; the lock ends with its process."""
        study = context.run.tags.get(PARTITION) if context.run else None
        held = Warehouse(site) if study is None else Warehouse(site.of_study(study), holds="study")
        if context.run is not None:
            # before it waits for another refresh
            mark_running(site.home_path, context.run.run_id)
        with held.held(context.log or logging.getLogger(__name__)):
            yield held

    return warehouse
