"""All analytes that a registry holds are markers of a panel, in units that they can be taken in."""

from __future__ import annotations

import duckdb
import pytest

from il6_platform.study import Study, StudyError, read_study
from il6_platform.warehouse.study_tables import panel_markers
from il6_platform_tests.analysis.test_any_cohort import STUDY


def test_all_are_taken_in_their_reference_unit_or_in_the_commonest() -> None:
    study = Study.model_validate(STUDY | {"panel": {"markers": "all"}})
    with duckdb.connect() as connection:
        assert panel_markers(connection, study) == []
        connection.execute("create schema staging")
        connection.execute(
            "create table staging.labs as select * from (values "
            "('crp', 'mg/dL', 'known'), ('odd', 'U', 'known'), ('odd', 'U', 'known'), "
            "('odd', 'kU', 'known'), ('il6?', 'pg/mL', 'unknown'), (null, 'pg/mL', 'missing')) "
            "as rows(analyte, unit, certainty)"
        )
        made = panel_markers(connection, study)
    assert [(one.label, one.unit) for one in made] == [("panel: crp", "mg/L"), ("panel: odd", "U")]
    assert {one.window_days for one in made} == {study.marker.window_days}


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ("{markers: [crp, crp]}", "crp is named twice"),
        ("{markers: [neutrophils /]}", "expression"),
        ("{markers: []}", "at least one marker"),
        ("{rules: [tertile]}", "rules"),
        ("{endpoints: [XYZ]}", "XYZ is no known endpoint"),
        ("{markers: some}", "markers"),
        ("{replicates: 0}", "replicates"),
        ("{colour: red}", "colour"),
    ],
)
def test_a_panel_that_cannot_be_is_named_with_its_line(tmp_path, panel: str, said: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "study.yaml"
    file.write_text(
        "marker: {analyte: il6, unit: pg/mL}\n"
        "arms: {experimental_drug: bevacizumab}\n"
        "cutoff: {method: median}\n"
        f"panel: {panel}\n"
    )
    with pytest.raises(StudyError, match=said) as error:
        read_study(file)
    assert "line 4" in str(error.value)


def test_an_analyte_without_units_is_named_with_its_key() -> None:
    study = Study.model_validate(STUDY | {"panel": {"markers": ["crp", "unheard_of / crp"]}})
    with duckdb.connect() as connection, pytest.raises(StudyError, match=r"key panel\.markers"):
        panel_markers(connection, study)
