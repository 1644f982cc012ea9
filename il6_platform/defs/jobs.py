"""What is run, and when: the refresh job, its schedule, and what becomes of a killed run."""

from dagster import (
    AssetSelection,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    ScheduleDefinition,
    define_asset_job,
    in_process_executor,
)
from filelock import FileLock, Timeout

from il6_platform.settings import read_settings
from il6_platform.warehouse.home import Site

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
        cron_schedule=read_settings().schedule or cron,
        default_status=DefaultScheduleStatus.RUNNING,
        description="Refresh the study every night, whether or not something arrived.",
    )


def fail_orphaned_run(instance: DagsterInstance, site: Site) -> None:
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
