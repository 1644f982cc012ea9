"""Units: on the left what is received, on the right the unit in UCUM, or why there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.registry.cells import read_unit
from il6_platform_tests.registry.cells.spec import rows

UNITS = """
pg/mL                       | pg/mL
pg/ml                       | pg/mL
PG/ML                       | pg/mL
pg / mL                     | pg/mL
ｐｇ／ｍＬ                  | pg/mL
[pg/mL]                     | pg/mL
(pg/ml)                     | pg/mL
pg.mL-1                     | pg/mL
pg·mL-1                     | pg/mL
pg mL-1                     | pg/mL
pg mL^-1                    | pg/mL
pg mL⁻¹                     | pg/mL
pg*mL^-1                    | pg/mL
pg per mL                   | pg/mL
picogram/mL                 | pg/mL
picograms per millilitre    | pg/mL
Pikogramm/ml                | pg/mL
picogramos/ml               | pg/mL
пг/мл                       | pg/mL
皮克/毫升                   | pg/mL
pg/mL (serum)               | pg/mL
ng/L                        | ng/L
mg/100 mL                   | mg/dL
㎎/L                        | mg/L
µg/L                        | ug/L
μg/l                        | ug/L
mcg/L                       | ug/L
mg/dL                       | mg/dL
mg%                         | mg/dL
g/L                         | g/L
pmol/L                      | pmol/L
nM                          | nmol/L
IU/mL                       | [IU]/mL
[IU]/mL                     | [IU]/mL
IE/ml                       | [IU]/mL
U/L                         | U/L
u/l                         | U/L
kU/L                        | kU/L
µkat/L                      | ukat/L
10*9/L                      | 10*9/L
10^9/L                      | 10*9/L
x10⁹/L                      | 10*9/L
×10^9/L                     | 10*9/L
10E9/L                      | 10*9/L
K/uL                        | 10*3/uL
10^3/µL                     | 10*3/uL
cells/µL                    | /uL
1000/µL                     | 10*3/uL
*10^9/L                     | 10*9/L
/mm3                        | /uL
Gpt/L                       | 10*9/L
%                           | %
# a thousandth or a million; no unit
MU/L                        | unreadable
pg/mL/h                     | unreadable
foo                         | unreadable
pg/foo                      | unreadable
mg/1                        | unreadable
109/L                       | unreadable
                            | missing
NA                          | missing
"""


@pytest.mark.parametrize(("text", "unit"), rows(UNITS))
def test_a_unit(text: str, unit: str) -> None:
    read = read_unit(text)
    assert (read.unit or read.problem) == unit


@pytest.mark.parametrize(("one", "other", "factor"), [
    ("pg/mL", "ng/L", 1), ("ng/mL", "pg/mL", 1000), ("mg/dL", "mg/L", 10), ("pg/dL", "pg/mL", 0.01),
    ("10*3/uL", "10*9/L", 1), ("/uL", "10*9/L", 0.001), ("kU/L", "U/mL", 1), ("nmol/L", "pmol/mL", 1),
])  # fmt: skip
def test_units_of_a_dimension_are_multiples_of_one_another(
    one: str, other: str, factor: float
) -> None:
    read, standard = read_unit(one), read_unit(other)
    assert read.dimension == standard.dimension
    assert read.factor is not None and standard.factor is not None
    assert read.factor / standard.factor == pytest.approx(factor, rel=1e-12)


def test_a_mass_is_no_amount_and_an_international_unit_no_mass() -> None:
    dimensions = {read_unit(text).dimension for text in ("pg/mL", "pmol/mL", "IU/mL", "U/mL")}
    assert len(dimensions) == 4


@given(st.text(max_size=15) | st.text("pgnmµuLl/.-1^*0 9[]IUk%", max_size=12))
def test_any_text_is_read_and_a_unit_is_read_as_itself(text: str) -> None:
    read = read_unit(text)
    assert (read.unit is None) == bool(read.problem)
    if read.unit is not None:
        again = read_unit(read.unit)
        assert (again.unit, again.dimension, again.factor) == (
            read.unit,
            read.dimension,
            read.factor,
        )
