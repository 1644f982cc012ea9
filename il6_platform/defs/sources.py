"""Sources: an asset each that is configured in registry.yaml; it fetches, and drops a delivery."""

from datetime import date

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DefaultScheduleStatus,
    Failure,
    MaterializeResult,
    MetadataValue,
    ScheduleDefinition,
    asset,
    define_asset_job,
    in_process_executor,
)

from il6_platform.defs.specs import OWNERS
from il6_platform.errors import Il6Error
from il6_platform.registry.connectors import deliver, fetch
from il6_platform.registry_file import Source, read_registry_file
from il6_platform.warehouse.home import Site


def of(site: Site) -> tuple[list[AssetsDefinition], list[ScheduleDefinition]]:
    """Return the assets of a home's sources, and the schedules by which they are fetched."""
    registry = read_registry_file(site.home_path)
    listed = registry.connectors.items() if registry else ()
    assets = [source_asset(name, source, site) for name, source in listed]
    schedules = [
        ScheduleDefinition(
            name=f"fetch_{name}",
            job=define_asset_job(
                f"fetch_{name}",
                selection=[AssetKey(["source", name])],
                executor_def=in_process_executor,
                description=f"Fetch {name} and drop what is new into the landing folder.",
            ),
            cron_schedule=source.schedule,
            default_status=DefaultScheduleStatus.RUNNING,
        )
        for name, source in listed
    ]
    return assets, schedules


def source_asset(name: str, source: Source, site: Site) -> AssetsDefinition:
    """Return the asset of one source."""

    @asset(
        key=["source", name],
        group_name="sources",
        kinds={source.kind},
        owners=OWNERS["registry"],
        description=(
            f"What {source.kind} {name} gives, dropped into the landing folder where it is not "
            "there already; the refresh reads it like any other delivery."
        ),
        tags={"holds": "patients"},
    )
    def fetched(context: AssetExecutionContext) -> MaterializeResult:
        try:
            files = fetch(name, source)
        except Il6Error as error:
            raise Failure(str(error), allow_retries=False) from None
        made = deliver(site.landing_path, name, date.today(), files, source.site)
        context.log.info(f"{name}: {len(made)} of {len(files)} files are new.")
        return MaterializeResult(
            metadata={
                "fetched": len(files),
                "new": len(made),
                "bytes": sum(len(one.content) for one in files),
                "delivered": MetadataValue.json(made),
            }
        )

    return fetched
