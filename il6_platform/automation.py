"""When a refresh runs, and who hears of it: job, landing folder's sensor, schedule, alerts."""

import json
import os
import smtplib
import urllib.request
from email.message import EmailMessage

from dagster import (
    AssetSelection,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    RunStatusSensorContext,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    define_asset_job,
    in_process_executor,
    run_status_sensor,
    sensor,
)
from filelock import FileLock, Timeout

from il6_platform.registry.deliveries import digests, landed
from il6_platform.report.alerts import DESCRIPTIONS
from il6_platform.report.origin import SYNTHETIC, is_synthetic
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


def alert_sensors(site: Site) -> list[SensorDefinition]:
    """Return the sensors that tell of alerts and of refreshes that did not publish.

    They run where somebody can be told: `IL6_ALERT_WEBHOOK` (an address that takes JSON with a
    `text`), or `IL6_ALERT_EMAIL` with `IL6_SMTP` (host:port). What they send holds no patient.
    """
    can_tell = bool(os.environ.get("IL6_ALERT_WEBHOOK") or os.environ.get("IL6_ALERT_EMAIL"))
    status = DefaultSensorStatus.RUNNING if can_tell else DefaultSensorStatus.STOPPED

    def sensor_of(name: str, of: DagsterRunStatus, words: str) -> SensorDefinition:
        @run_status_sensor(
            name=name,
            run_status=of,
            monitored_jobs=[refresh_study],
            default_status=status,
            description=words,
        )
        def listen(context: RunStatusSensorContext) -> SkipReason | None:
            sentences = _warnings(context)
            if of is DagsterRunStatus.FAILURE:
                sentences.insert(0, "A refresh did not publish; the last report stays.")
            if not sentences:
                return SkipReason("Nothing to tell.")
            tell(_title(site), sentences)
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
    webhook, address = os.environ.get("IL6_ALERT_WEBHOOK"), os.environ.get("IL6_ALERT_EMAIL")
    if webhook:
        request = urllib.request.Request(
            webhook,
            data=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10):
            pass
    if address:
        host, _, port = os.environ.get("IL6_SMTP", "localhost:25").partition(":")
        message = EmailMessage()
        message["Subject"], message["To"] = f"Alert: {title}", address
        message["From"] = os.environ.get("IL6_ALERT_FROM", address)
        message.set_content(text)
        with smtplib.SMTP(host, int(port or 25), timeout=10) as server:
            server.send_message(message)
