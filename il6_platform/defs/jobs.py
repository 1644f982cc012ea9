"""What is run, and when: the refresh jobs, their schedule, and what becomes of a killed run."""

from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime, timedelta

from dagster import (
    AssetSelection,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    in_process_executor,
    schedule,
)
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from filelock import FileLock, Timeout

from il6_platform.cron import checked_cron
from il6_platform.defs.specs import STUDIES
from il6_platform.errors import UsageError
from il6_platform.publishing.content import registry_content, registry_key
from il6_platform.publishing.freshness import late_sites
from il6_platform.publishing.notices import tell_once
from il6_platform.publishing.retention import prune
from il6_platform.settings import read_settings
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site, left_by_a_kill
from il6_platform.warehouse.running import left_mark, marks

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

combine_network = define_asset_job(
    "combine_network",
    selection=AssetSelection.groups("network"),
    executor_def=in_process_executor,
    description="Combine the packs that several sites have put into IL6_HOME/network.",
)


_CODE = RemoteRepositoryOrigin(
    ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(module_name="il6_platform.definitions")
    ),
    SINGLETON_REPOSITORY_NAME,
)
"""Where `workspace.yaml` lets Dagster find the jobs."""

AS_THE_UI = {REPOSITORY_LABEL_TAG: _CODE.get_label()}
"""Tags of a run of the command line: by these the UI counts it among its job's."""


def show_on_timeline(instance: DagsterInstance, run_id: str) -> None:
    """Say of a run of the command line, once it has ended, which code it is of.

    Dagster's timeline leaves out runs that do not say so; `execute_in_process` cannot.
    """
    run = instance.get_run_by_id(run_id)
    if run is not None and run.remote_job_origin is None:
        origin = _CODE.get_job_origin(run.job_name)
        instance.run_storage.replace_job_origin(run, origin)


def nightly(site: Site) -> ScheduleDefinition:
    """Return the nightly look for news (`IL6_SCHEDULE`, else the default study's cron line).

    Raises
    ------
    UsageError
        Where `IL6_SCHEDULE` is no cron line.
    """
    try:
        cron_line = checked_cron(read_settings().schedule or site.study.schedule)
    except ValueError as error:
        raise UsageError(f"IL6_SCHEDULE: {error}") from None

    @schedule(
        name="nightly_refresh",
        job=refresh_registry,
        cron_schedule=cron_line,
        default_status=DefaultScheduleStatus.RUNNING,
        description="Refresh the registry every night where something is new; studies follow.",
    )
    def look(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        late = late_sites(site, date.today())
        try:
            tell_once(site.home_path, "late sites", "A site is late", late)
        except OSError as error:
            context.log.warning(f"The alert was not sent ({error}); it is tried again.")
        for gone in prune(site, context.instance):
            context.log.info(f"Removed: {gone}")
        if registry_key(site) == registry_content(site):
            return SkipReason("Nothing new: what is there has been read.")
        return RunRequest()

    return look


def mend_after_kill(instance: DagsterInstance, site: Site) -> None:
    """Put right what refreshes that were killed left: their runs, and the worklist.

    A refresh removes the file beside its lock once it has ended; where the lock is free and the
    file is still there, what was published may be newer than the worklist, which is written again.
    """
    fail_lost_runs(instance, site)
    registry = Warehouse(site=site)
    for holder in left_by_a_kill(site):
        with ExitStack() as locks, suppress(Timeout):
            for path in {holder.with_suffix(".lock"), registry.lock_path}:
                locks.enter_context(FileLock(path, timeout=0, mode=0o600))
            if registry.database.exists() and registry_content(site) is not None:
                registry.leave_worklist()
            holder.unlink(missing_ok=True)


UNFINISHED = [
    *(DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED),
    DagsterRunStatus.CANCELING,
]
"""Statuses of a run that a process is at work on."""


def fail_lost_runs(instance: DagsterInstance, site: Site, now: datetime | None = None) -> None:
    """Mark runs as failed whose process is gone, so that no other one waits for them.

    A run of the command line has its mark before it is made. One that Dagster launched has it once
    it has begun: without a mark it is lost after the time that Dagster allows for a start.
    """
    at_work = set()
    for mark in marks(site.home_path):
        with left_mark(mark) as is_left:
            run = instance.get_run_by_id(mark.name)
            if not is_left:
                at_work.add(mark.name)
            elif run is not None and not run.is_finished:
                instance.report_run_failed(run, LOST)
                show_on_timeline(instance, run.run_id)
    start = timedelta(seconds=instance.run_monitoring_start_timeout_seconds)
    began = (now or datetime.now(UTC)) - start
    for job in (refresh_registry, refresh_study):
        old = RunsFilter(job_name=job.name, statuses=UNFINISHED, updated_before=began)
        for run in instance.get_runs(old):
            if run.run_id not in at_work:
                instance.report_run_failed(run, LOST)


LOST = "Its process ended before the refresh did."
