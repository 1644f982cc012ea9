"""Dagster's event log as it is kept in a home: each fact once."""

from __future__ import annotations

from pathlib import Path

from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    MaterializeResult,
    asset,
    materialize,
)

from il6_platform.defs.instance import prepare_instance


@asset
def counted() -> MaterializeResult:
    return MaterializeResult(metadata={"said": "once"})


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
