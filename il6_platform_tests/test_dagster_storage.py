"""Dagster's event log as it is kept in a home: each fact once."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    MaterializeResult,
    asset,
    materialize,
)

from il6_platform.defs.instance import prepare_instance

SAID = ["once"]


@asset
def counted() -> MaterializeResult:
    return MaterializeResult(metadata={"said": SAID[-1]})


def test_what_is_told_of_a_table_is_stored_once(tmp_path: Path) -> None:
    with DagsterInstance.from_config(str(prepare_instance(tmp_path))) as instance:
        run = materialize([counted], instance=instance)
        assert run.success
        outputs = instance.get_records_for_run(
            run.run_id, of_type=DagsterEventType.STEP_OUTPUT
        ).records
        (made,) = instance.fetch_materializations(AssetKey("counted"), limit=1).records
    assert made.asset_materialization is not None
    assert made.asset_materialization.metadata["said"].value == "once"
    assert len(outputs) == 1
    assert outputs[0].event_log_entry.get_dagster_event().step_output_data.metadata == {}


def test_the_last_event_of_a_table_is_the_newest_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = AssetKey("counted")
    with DagsterInstance.from_config(str(prepare_instance(tmp_path))) as instance:
        assert not instance.get_asset_records([key])
        for said in ("first", "second"):
            monkeypatch.setattr(f"{__name__}.SAID", [said])
            materialize([counted], instance=instance)
            for _ in range(2):
                (record,) = instance.get_asset_records([key])
                entry = record.asset_entry.last_materialization
                made = entry and entry.asset_materialization
                assert made is not None and made.metadata["said"].value == said
        instance.wipe_assets([key])
        assert not any(
            record.asset_entry.last_materialization for record in instance.get_asset_records([key])
        )


def test_what_was_answered_is_asked_again_once_another_process_has_written(
    tmp_path: Path,
) -> None:
    folder = str(prepare_instance(tmp_path))
    last = AssetRecordsFilter(AssetKey("counted"))
    with DagsterInstance.from_config(folder) as here, DagsterInstance.from_config(folder) as there:
        for instance in (here, there):
            # asked twice: the second answer is the first one's
            for _ in range(2):
                assert not here.has_dynamic_partition("study", "a")
                assert not here.fetch_materializations(last, limit=1).records
            instance.add_dynamic_partitions("study", ["a"])
            run = materialize([counted], instance=instance)
            assert here.has_dynamic_partition("study", "a")
            (made,) = here.fetch_materializations(last, limit=1).records
            assert made.run_id == run.run_id
            instance.delete_dynamic_partition("study", "a")
            instance.wipe_assets([AssetKey("counted")])
