"""What is watched: the landing folder, for new deliveries, and runs, for alerts."""

import json
import smtplib
import urllib.request
from email.message import EmailMessage

from dagster import (
    DagsterEventType,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunStatusSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    run_status_sensor,
    sensor,
)

from il6_platform.defs.jobs import fail_orphaned_run, refresh_registry, refresh_study
from il6_platform.defs.resources import PARTITION
from il6_platform.defs.specs import STUDIES
from il6_platform.publishing.alerts import DESCRIPTIONS
from il6_platform.publishing.content import (
    content_key,
    published_content,
    registry_content,
    registry_key,
)
from il6_platform.registry.landing import digests, landed
from il6_platform.report.synthetic_flag import SYNTHETIC, is_synthetic
from il6_platform.settings import read_settings
from il6_platform.warehouse.home import Site

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
        fail_orphaned_run(context.instance, site)
        found, waiting = landed(site.landing_path, settle_seconds=SETTLE_SECONDS)
        if waiting:
            return SkipReason(f"{len(waiting)} files are still being written.")
        if not found:
            return SkipReason("The landing folder holds no exports.")
        site.has_study()
        key, known = registry_key(site), registry_content(site)
        if key == known:
            return SkipReason("Nothing new: what is there has been read.")
        return RunRequest(run_key=f"{key} instead of {known}")

    return watch


def studies_behind(site: Site) -> SensorDefinition:
    """Return the sensor that refreshes each study that is not of the registry as it stands."""

    @sensor(
        name="studies_behind",
        job=refresh_study,
        minimum_interval_seconds=read_settings().sensor_seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description="Refresh each study whose study file or registry is newer than its report.",
    )
    def watch(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        registry = registry_content(site)
        if registry is None:
            return SkipReason("The registry has not been read, or its last refresh was blocked.")
        requests = []
        for name in site.studies():
            study = site.of_study(name)
            key, known = content_key(study, registry), published_content(study)
            if key != known:
                run_key = f"{name}: {key} instead of {known}"
                requests.append(RunRequest(run_key=run_key, partition_key=name))
        if not requests:
            return SkipReason("Every study is published as the registry stands.")
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
    settings = read_settings()
    can_tell = bool(settings.alert_webhook or settings.alert_email)
    status = DefaultSensorStatus.RUNNING if can_tell else DefaultSensorStatus.STOPPED

    def sensor_of(name: str, of: DagsterRunStatus, words: str) -> SensorDefinition:
        @run_status_sensor(
            name=name,
            run_status=of,
            monitored_jobs=[refresh_registry, refresh_study],
            default_status=status,
            description=words,
        )
        def listen(context: RunStatusSensorContext) -> SkipReason | None:
            sentences = _warnings(context)
            if of is DagsterRunStatus.FAILURE:
                sentences.insert(0, "A refresh did not publish; the last report stays.")
            if not sentences:
                return SkipReason("Nothing to tell.")
            tell(_title(_site_of(site, context)), sentences)
            return None

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


def _site_of(site: Site, context: RunStatusSensorContext) -> Site:
    """Return the installation with the study that a run is of."""
    study = context.dagster_run.tags.get(PARTITION)
    return site if study is None else site.of_study(study)


def _title(site: Site) -> str:
    """Return what an alert is about: the study, and that its patients are not real where so."""
    landed_now = digests(site.landing_path).values()
    synthetic = f" ({SYNTHETIC})" if is_synthetic(site, landed_now) else ""
    return f"{site.study.title}{synthetic}"


def _warnings(context: RunStatusSensorContext) -> list[str]:
    """Return the sentences of the run's alerts, and of the checks that blocked it."""
    records = context.instance.get_records_for_run(
        context.dagster_run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    sentences = []
    for record in records:
        event = record.event_log_entry.dagster_event
        found = event.asset_check_evaluation_data if event is not None else None
        if found is None or found.passed:
            continue
        if found.blocking or found.check_name in DESCRIPTIONS:
            sentences.append(f"{'.'.join(found.asset_key.path)}: {found.description}")
    return sentences


def tell(title: str, sentences: list[str]) -> None:
    """Send an alert by the webhook, the e-mail or both that the environment names.

    Raises
    ------
    OSError
        Where nobody takes it; Dagster's sensor shows that and tries again.
    """
    text = "\n".join([title, *sentences])
    settings = read_settings()
    webhook, address = settings.alert_webhook, settings.alert_email
    if webhook:
        request = urllib.request.Request(
            webhook,
            data=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10):
            pass
    if address:
        host, _, port = settings.smtp.partition(":")
        message = EmailMessage()
        message["Subject"], message["To"] = f"Alert: {title}", address
        message["From"] = settings.alert_from or address
        message.set_content(text)
        with smtplib.SMTP(host, int(port or 25), timeout=10) as server:
            server.send_message(message)
