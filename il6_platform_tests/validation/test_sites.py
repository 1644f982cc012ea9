"""Each site has a page of its own in the UI: a partition of `staging.sites`."""

from __future__ import annotations

from dagster import DagsterInstance, materialize

from il6_platform.defs import raw, staging
from il6_platform.defs.resources import warehouse_of
from il6_platform_tests.validation.conftest import Registry


def test_a_site_is_a_partition_with_what_it_delivered_and_what_is_open(made: Registry) -> None:
    folder = made.folder / "landing" / "2023-01-01"
    folder.mkdir(parents=True)
    (folder / "patients.csv").write_text(
        "patient_id,site_id,sex,birth_date\n1,north,F,1950-01-01\n2,north,F,1950-01-01\n"
        "3,south,X,1950-01-01\n"
    )
    (folder / "labs.csv").write_text(
        "patient_id,analyte,value,unit,collected_on\n1,il6,4,pg/mL,2020-01-01\n"
        "2,il6,many,pg/mL,2020-01-01\n"
    )
    with DagsterInstance.ephemeral() as instance:
        result = materialize(
            [*raw.ASSETS, *staging.ASSETS],
            instance=instance,
            resources={"warehouse": warehouse_of(made.warehouse.site)},
            raise_on_error=False,
        )
        assert instance.get_dynamic_partitions("site") == ["north", "south"]
    told = {
        event.partition: {name: value.value for name, value in event.step_materialization_data
                          .materialization.metadata.items()}
        for event in result.filter_events(lambda one: one.is_step_materialization)
        if event.asset_key == staging.sites().key
    }  # fmt: skip
    assert told == {
        "north": {
            **{"patients": 2, "records": 4, "last_export": "2023-01-01"},
            **{"set_aside": 1, "open_problems": 1},
        },
        "south": {
            **{"patients": 1, "records": 1, "last_export": "2023-01-01"},
            **{"set_aside": 0, "open_problems": 1},
        },
    }
