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

        def end(status: DagsterRunStatus, of: str, **others: str) -> None:
            instance.add_run(DagsterRun(job_name=of, status=status, tags=tags | others))

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
