"""What became of the last run, as Dagster's storage knows it, whoever started it.

Belongs here: asking the storage. Does not belong here: telling people (`sensors`, `cli`).
"""

from datetime import UTC, datetime
from pathlib import Path

from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

from il6_platform.errors import DataQualityError, PlatformError
from il6_platform.warehouse.standing import LastRefresh


def last_run(home: Path) -> LastRefresh | None:
    """Return what became of the last run that ended, or None before the first one."""
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        for record in instance.get_run_records(limit=20):
            run, ended = record.dagster_run, record.end_time
            if ended is None or not run.is_finished:
                continue
            at = datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds")
            if run.status is DagsterRunStatus.SUCCESS:
                return LastRefresh(at, 0, "")
            reasons = blocked_by(instance, run.run_id)
            status = DataQualityError.exit_status if reasons else PlatformError.exit_status
            return LastRefresh(at, status, " ".join(reasons) or "see the run in the Dagster UI")
    return None


def blocked_by(instance: DagsterInstance, run_id: str) -> list[str]:
    """Return the sentences of the checks that blocked a run."""
    records = instance.get_records_for_run(
        run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    sentences = []
    for record in records:
        event = record.event_log_entry.dagster_event
        found = event.asset_check_evaluation_data if event is not None else None
        if found is not None and found.blocking and not found.passed:
            place = f"{'.'.join(found.asset_key.path)}, rule {found.check_name}"
            sentences.append(f"{place}: {found.description}")
    return sentences
