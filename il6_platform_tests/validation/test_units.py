"""Results in standard units: of every analyte that the tables know, by any of its names."""

from __future__ import annotations

import pandas as pd
import pytest

from il6_platform_tests.validation.conftest import Registry

LABS = (
    "P1,il6,8,pg/mL,2020-01-02",
    "P1,IL-6,0.8,IU/mL,2020-01-03",
    "P1,白介素6,<0.002,ug/L,2020-01-04",
    "P1,C-reactive protein,1.5,mg/dL,2020-01-02",
    "P1,crp,4,pmol/L,2020-01-05",
    "P1,new protein,90,whatever,2020-01-02",
    "P1,Interleukin-6,9,pmol/L,2020-01-05",
)


@pytest.fixture
def staged(made: Registry) -> Registry:
    made.deliver("2021-12-31", patients=["P1,F,1950-01-01,"], labs=LABS)
    assert made.stage()
    return made


def test_each_analyte_is_standardised_by_any_of_its_names(staged: Registry) -> None:
    rows = staged.ask(
        "select analyte, standard_value, standard_unit, beyond_limit "
        "from staging.labs order by file_line"
    )
    expected = pd.DataFrame(
        [
            ("il6", 8.0, "pg/mL", None),
            ("il6", 8.0, "pg/mL", None),
            ("il6", 2.0, "pg/mL", "<"),
            ("crp", 15.0, "mg/L", None),
            ("new protein", 90.0, "whatever", None),
        ],
        columns=rows.columns,
    )
    pd.testing.assert_frame_equal(rows, expected, check_dtype=False)


def test_an_unknown_unit_of_a_known_analyte_is_set_aside(staged: Registry) -> None:
    found = staged.ask(
        "select file_line, rule from staging.quarantine where table_name = 'labs' order by all"
    )
    assert list(found.itertuples(index=False, name=None)) == [
        (6, "unit_is_known"),
        (8, "unit_is_known"),
    ]
    words = staged.ask("from staging.quarantine where rule = 'unit_is_known' and file_line = 6")
    assert "mg/L or a multiple of it" in words.to_csv()


def test_one_sample_under_two_names_is_one_record(made: Registry) -> None:
    made.deliver("2021-12-31", patients=["P1,F,1950-01-01,"], labs=["P1,il6,8,pg/mL,2020-01-02"])
    made.deliver("2022-12-31", patients=["P1,F,1950-01-01,"], labs=["P1,IL-6,9,pg/mL,2020-01-02"])
    assert made.stage()
    assert made.ask("select value from staging.labs")["value"].tolist() == [9]
