"""What is run, and when: the refresh jobs, their schedule, and what becomes of a killed run."""

from dagster import (
    AssetSelection,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    in_process_executor,
    schedule,
)
from filelock import FileLock, Timeout

from il6_platform.defs.specs import STUDIES
from il6_platform.publishing.content import registry_content, registry_key
from il6_platform.settings import read_settings
from il6_platform.warehouse.home import Site

refresh_registry = define_asset_job(
    "refresh_registry",
    selection=AssetSelection.groups("registry", "staging"),
    executor_def=in_process_executor,
    description="Read new exports, check them, and keep the current version of every record.",
)
"""A process per step would cost imports, so a job is one process."""

refresh_study = define_asset_job(
    "refresh_study",
    selection=AssetSelection.groups("cohort", "analysis", "report"),
    partitions_def=STUDIES,
    executor_def=in_process_executor,
    description="Derive a study's cohort, analyse it and publish its report.",
)


def nightly(site: Site) -> ScheduleDefinition:
    """Return the nightly look for news (`IL6_SCHEDULE`, else the default study's cron line)."""

    @schedule(
        name="nightly_refresh",
        job=refresh_registry,
        cron_schedule=read_settings().schedule or site.study.schedule,
        default_status=DefaultScheduleStatus.RUNNING,
        description="Refresh the registry every night where something is new; studies follow.",
    )
    def look(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        if registry_key(site) == registry_content(site):
            return SkipReason("Nothing new: what is there has been read.")
        return RunRequest()

    return look


def fail_orphaned_run(instance: DagsterInstance, site: Site) -> None:
    """Mark the runs of refreshes that were killed as failed, so that no other one waits for them.

    The process of a run wrote the run's name beside its lock; where the lock is free and the run
    is still said to be running, the process is gone.
    """
    holders = [site.home_path / "registry.holder", *site.studies_path.glob("*/refresh.holder")]
    for holder in holders:
        if not holder.exists():
            continue
        try:
            with FileLock(holder.with_suffix(".lock"), timeout=0, mode=0o600):
                run = instance.get_run_by_id(holder.read_text(encoding="utf-8").strip())
                if run is not None and run.status in (
                    DagsterRunStatus.STARTED,
                    DagsterRunStatus.STARTING,
                ):
                    instance.report_run_failed(run, "Its process ended before the refresh did.")
                holder.unlink(missing_ok=True)
        except Timeout:
            continue
