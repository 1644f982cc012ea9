"""When a refresh runs: the job, the sensor on the landing folder, the nightly schedule."""

import os

from dagster import (
    AssetSelection,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    define_asset_job,
    in_process_executor,
    sensor,
)
from filelock import FileLock, Timeout

from il6_platform.registry.deliveries import landed
from il6_platform.report.publishing import content_key, published_content
from il6_platform.warehouse import Site

SETTLE_SECONDS = 5.0
"""A file that was touched more recently may still be being written."""

refresh_study = define_asset_job(
    "refresh_study",
    selection=AssetSelection.all(),
    executor_def=in_process_executor,
    description="Read new exports, check them, analyse the study and publish the report.",
)
"""The one job: command line, sensor and schedule run it. A process per step would cost imports."""


def nightly(cron: str) -> ScheduleDefinition:
    """Return the schedule that refreshes anyway (`IL6_SCHEDULE`, else the study file's cron)."""
    return ScheduleDefinition(
        name="nightly_refresh",
        job=refresh_study,
        cron_schedule=os.environ.get("IL6_SCHEDULE") or cron,
        default_status=DefaultScheduleStatus.RUNNING,
        description="Refresh the study every night, whether or not something arrived.",
    )


def new_deliveries(site: Site) -> SensorDefinition:
    """Return the sensor that refreshes when complete files change what the study rests on."""

    @sensor(
        name="new_deliveries",
        job=refresh_study,
        minimum_interval_seconds=int(os.environ.get("IL6_SENSOR_SECONDS") or 15),
        default_status=DefaultSensorStatus.RUNNING,
        description="Watch the landing folder; refresh when a complete new export is there.",
    )
    def watch(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        settle_orphan(context.instance, site)
        found, waiting = landed(site.landing_path, settle_seconds=SETTLE_SECONDS)
        if waiting:
            return SkipReason(f"{len(waiting)} files are still being written.")
        if not found:
            return SkipReason("The landing folder holds no exports.")
        key, known = content_key(site), published_content(site)
        if key == known:
            return SkipReason("Nothing new: what is there is published.")
        current = site.published_path.resolve().name if known else "nothing"
        return RunRequest(run_key=f"{key} instead of {current}")

    return watch


def settle_orphan(instance: DagsterInstance, site: Site) -> None:
    """Mark the run of a refresh that was killed as failed, so that no other one waits for it.

    Its process wrote the run's name beside the lock; where the lock is free and the run is still
    said to be running, the process is gone.
    """
    holder = site.home_path / "refresh.holder"
    if not holder.exists():
        return
    try:
        with FileLock(site.home_path / "refresh.lock", timeout=0, mode=0o600):
            run = instance.get_run_by_id(holder.read_text(encoding="utf-8").strip())
            if run is not None and run.status in (
                DagsterRunStatus.STARTED,
                DagsterRunStatus.STARTING,
            ):
                instance.report_run_failed(run, "Its process ended before the refresh did.")
            holder.unlink(missing_ok=True)
    except Timeout:
        return
