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

LISTS_LATER = "il6/lists_later"
"""Tag of a run whose command writes worklist and quality page once all its runs have ended."""


def warehouse_of(site: Site) -> ResourceDefinition:
    """Return the resource `warehouse` of an installation."""

    @resource(description="The registry's database, or the study's whose partition the run is of.")
    def warehouse(context: InitResourceContext) -> Generator[Warehouse, None, None]:
        """Hold the run's database for a whole run; the lock ends with its process."""
        study = context.run.tags.get(PARTITION) if context.run else None
        later = context.run is not None and LISTS_LATER in context.run.tags
        held = Warehouse(site, lists_later=later)
        if study is not None:
            held = Warehouse(site.of_study(study), "study", lists_later=later)
        if context.run is not None:
            # before it waits for another refresh
            mark_running(site.home_path, context.run.run_id)
        with held.held(context.log or logging.getLogger(__name__)):
            yield held

    return warehouse
