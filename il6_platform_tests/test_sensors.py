"""A change is asked for once; one that comes back after a refresh is asked for again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunRequest,
    SensorDefinition,
    SensorResult,
    SkipReason,
    build_sensor_context,
)

from il6_platform.defs import sensors
from il6_platform.defs.jobs import refresh_registry, refresh_study
from il6_platform.defs.resources import PARTITION
from il6_platform.warehouse.home import Site

STUDY = "il6_bevacizumab"


def asked(sensor: SensorDefinition, instance: DagsterInstance) -> str | None:
    """Return the run key of what a sensor asks for: Dagster starts no second run of one key."""
    found = sensor(build_sensor_context(instance=instance))
    if isinstance(found, SkipReason):
        assert "under way" in (found.skip_message or "")
        return None
    if isinstance(found, SensorResult):
        (found,) = found.run_requests or []
    assert isinstance(found, RunRequest)
    return found.run_key


@pytest.mark.parametrize(
    ("watched", "job", "tags"),
    [
        (sensors.new_deliveries, refresh_registry.name, {}),
        (sensors.studies_behind, refresh_study.name, {PARTITION: STUDY}),
    ],
    ids=["registry", "study"],
)
def test_a_change_that_comes_back_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watched: object, job: str, tags: dict[str, str]
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "patients.csv").write_text("patient_id\n1\n")
    os.utime(landing / "patients.csv", (1_600_000_000, 1_600_000_000))
    site = Site(home=str(tmp_path / "home"), landing=str(landing))
    site.has_study()
    # the registry stands as it did when the change was asked for before
    monkeypatch.setattr(sensors, "registry_content", lambda _site: "before")
    monkeypatch.setattr(sensors, "published_content", lambda _site: "before")
    sensor = watched(site)  # type: ignore[operator]
    with DagsterInstance.ephemeral() as instance:

        def end(status: DagsterRunStatus, of: str, **others: str) -> str:
            run = DagsterRun(job_name=of, status=status, tags=tags | others)
            return instance.add_run(run).run_id

        first = asked(sensor, instance)
        assert asked(sensor, instance) == first
        # what was blocked is not tried again, and another job or study is none of its business
        end(DagsterRunStatus.FAILURE, job)
        end(DagsterRunStatus.STARTED, "fetch")
        end(DagsterRunStatus.SUCCESS, "fetch")
        if tags:
            end(DagsterRunStatus.SUCCESS, job, **{PARTITION: "another"})
        assert asked(sensor, instance) == first
        end(DagsterRunStatus.SUCCESS, job)
        second = asked(sensor, instance)
        assert second != first and asked(sensor, instance) == second
        # nor is anything asked for while it is being done: what is known changes meanwhile
        for status in (DagsterRunStatus.STARTING, DagsterRunStatus.STARTED):
            run_id = end(status, job)
            assert asked(sensor, instance) is None
            instance.delete_run(run_id)
        assert asked(sensor, instance) == second
