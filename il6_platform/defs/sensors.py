"""What is watched: the landing folder, for new deliveries, and runs, for alerts."""

from collections.abc import Sequence

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    RunStatusSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    run_status_sensor,
    sensor,
)

from il6_platform.defs.jobs import UNFINISHED, mend_after_kill, refresh_registry, refresh_study
from il6_platform.defs.resources import PARTITION
from il6_platform.defs.specs import STUDIES
from il6_platform.publishing.alerts import DESCRIPTIONS
from il6_platform.publishing.content import (
    content_key,
    published_content,
    registry_content,
    registry_key,
)
from il6_platform.publishing.notices import can_tell, tell_once
from il6_platform.registry.landing import digests, landed
from il6_platform.report.synthetic_flag import SYNTHETIC, is_synthetic
from il6_platform.settings import read_settings
from il6_platform.warehouse.home import Site

LOOK_BACK = "il6/look_back"
"""Tag of a run as of an earlier day: what it finds is no news."""

LONGEST_WAIT = 60
"""Seconds after which a study follows its registry at the latest."""

SETTLE_SECONDS = 5.0
"""A file that was touched more recently may still be being written."""


def new_deliveries(site: Site) -> SensorDefinition:
    """Return the sensor that refreshes the registry when complete files change what it holds."""

    @sensor(
        name="new_deliveries",
        job=refresh_registry,
        minimum_interval_seconds=read_settings().sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description="Watch the landing folder; refresh when a complete new export is there.",
    )
    def watch(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        mend_after_kill(context.instance, site)
        found, waiting = landed(site.landing_path, settle_seconds=SETTLE_SECONDS)
        if waiting:
            return SkipReason(f"{len(waiting)} files are still being written.")
        if not found:
            return SkipReason("The landing folder holds no exports.")
        # looked up before what is known: a run that ends meanwhile is no reason for another one
        since = _since(context)
        if since is None:
            return SkipReason("A refresh of the registry is under way.")
        site.has_study()
        key, known = registry_key(site), registry_content(site)
        if key == known:
            return SkipReason("Nothing new: what is there has been read.")
        return RunRequest(run_key=f"{key} instead of {known} {since}")

    return watch


def _since(context: SensorEvaluationContext, study: str | None = None) -> str | None:
    """Name the last run that succeeded, of the registry or of a study; None while one is under way.

    A change that is asked for a second time, such as a file that is put back once more, is another
    request after it; where the run for a change failed, the same change is not asked for again.
    """
    job = refresh_registry if study is None else refresh_study
    tags = {} if study is None else {PARTITION: study}

    def last(*statuses: DagsterRunStatus) -> Sequence[DagsterRun]:
        asked = RunsFilter(job_name=job.name, statuses=[*statuses], tags=tags)
        return context.instance.get_runs(asked, limit=1)

    succeeded = last(DagsterRunStatus.SUCCESS)
    if last(DagsterRunStatus.QUEUED, *UNFINISHED):
        return None
    return f"after run {succeeded[0].run_id}" if succeeded else "at first"


def studies_behind(site: Site) -> SensorDefinition:
    """Return the sensor that refreshes each study that is not of the registry as it stands."""

    @sensor(
        name="studies_behind",
        job=refresh_study,
        # studies follow a nightly refresh of the registry, however seldom the folder is watched
        minimum_interval_seconds=min(read_settings().sensor_seconds, LONGEST_WAIT),
        default_status=DefaultSensorStatus.RUNNING,
        description="Refresh each study whose study file or registry is newer than its report.",
    )
    def watch(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        registry = registry_content(site)
        if registry is None:
            return SkipReason("The registry has not been read, or its last refresh was blocked.")
        requests = []
        for name in site.studies():
            since, study = _since(context, name), site.of_study(name)
            key, known = content_key(study, registry), published_content(study)
            if since and key != known:
                run_key = f"{name}: {key} instead of {known} {since}"
                requests.append(RunRequest(run_key=run_key, partition_key=name))
        if not requests:
            return SkipReason(
                "Every study is published as the registry stands, or its refresh is under way."
            )
        names = [str(one.partition_key) for one in requests]
        return SensorResult(
            run_requests=requests, dynamic_partitions_requests=[STUDIES.build_add_request(names)]
        )

    return watch


def alert_sensors(site: Site) -> list[SensorDefinition]:
    """Return the sensors that tell of alerts and of refreshes that did not publish.

    They run where somebody can be told: `IL6_ALERT_WEBHOOK` (an address that takes JSON with a
    `text`), or `IL6_ALERT_EMAIL` with `IL6_SMTP` (host:port). What they send holds no patient.
    """
    status = DefaultSensorStatus.RUNNING if can_tell() else DefaultSensorStatus.STOPPED

    def sensor_of(name: str, of: DagsterRunStatus, words: str) -> SensorDefinition:
        @run_status_sensor(
            name=name,
            run_status=of,
            monitored_jobs=[refresh_registry, refresh_study],
            default_status=status,
            description=words,
        )
        def listen(context: RunStatusSensorContext) -> SkipReason | None:
            is_news = tell_of_run(site, context.instance, context.dagster_run)
            return None if is_news else SkipReason("Nothing to tell that was not told.")

        return listen

    return [
        sensor_of(
            "tell_of_changes",
            DagsterRunStatus.SUCCESS,
            "Tell when a published conclusion flips, quarantine jumps, patients are fewer or the "
            "monitoring boundary is crossed.",
        ),
        sensor_of(
            "tell_of_blocked_refreshes",
            DagsterRunStatus.FAILURE,
            "Tell when a refresh was blocked by data quality or failed.",
        ),
    ]


def tell_of_run(site: Site, instance: DagsterInstance, run: DagsterRun) -> bool:
    """Tell what a run that has ended raised, unless it was told before; say whether it was.

    Raises
    ------
    OSError
        Where nobody takes it.
    """
    if LOOK_BACK in run.tags:
        return False
    name = run.tags.get(PARTITION)
    study = site if name is None else site.of_study(name)
    has_failed = instance.get_run_by_id(run.run_id).status is DagsterRunStatus.FAILURE  # type: ignore[union-attr]
    blocked, raised = _failing_checks(instance, run.run_id)
    title, refresh = _title(study), f"refresh of {name or 'the registry'}"
    if has_failed:
        said = ["A refresh did not publish; the last report stays.", *blocked]
        return tell_once(site.home_path, refresh, title, said)
    # the refresh is in order again
    tell_once(site.home_path, refresh, title, [])
    published = study.published_path
    if not raised or not published.exists():
        return False
    cut = f"cut {published.resolve().name} of {name or 'the registry'}"
    return tell_once(site.home_path, cut, title, raised)


def _title(site: Site) -> str:
    """Return what an alert is about: the study, and that its patients are not real where so."""
    landed_now = digests(site.landing_path).values()
    synthetic = f" ({SYNTHETIC})" if is_synthetic(site, landed_now) else ""
    return f"{site.study.title}{synthetic}"


def _failing_checks(instance: DagsterInstance, run_id: str) -> tuple[list[str], list[str]]:
    """Return the sentences of a run's checks that blocked it, and of its alerts."""
    records = instance.get_records_for_run(
        run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    blocked, raised = [], []
    for record in records:
        event = record.event_log_entry.dagster_event
        found = event.asset_check_evaluation_data if event is not None else None
        if found is None or found.passed:
            continue
        said = f"{'.'.join(found.asset_key.path)}: {found.description}"
        if found.check_name in DESCRIPTIONS:
            raised.append(said)
        elif found.blocking:
            blocked.append(said)
    return blocked, raised
