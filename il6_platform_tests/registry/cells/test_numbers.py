"""Numbers: on the left what is received, on the right what is read, or why nothing is.

In brackets a unit that stood behind the number.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.registry.cells import DECIMALS, Number, read_integer, read_number
from il6_platform_tests.registry.cells.spec import rows

UNSTATED = """
1.5                    | 1.5
１２．５               | 12.5
.5                     | 0.5
-3                     | -3
−3                     | -3
1.2e1                  | 12
1.5 x 10^3             | 1500
1,234.5                | 1234.5
1,234,567              | 1234567
1 234                  | 1234
1'234.5                | 1234.5
<1.5                   | <1.5
< 1.5                  | <1.5
＜１．５               | <1.5
≤1.5                   | <1.5
<=1.5                  | <1.5
> 5,000.0              | >5000
less than 1.5          | <1.5
unter 1.5              | <1.5
小于1.5                | <1.5
above 5000 pg/mL       | >5000 [pg/mL]
12.5 H                 | 12.5
12.5*                  | 12.5
12.5 (L)               | 12.5
12.5 ↑                 | 12.5
12.5 pg/mL             | 12.5 [pg/mL]
<1.5 ng/L              | <1.5 [ng/L]
12.5pg/ml              | 12.5 [pg/mL]
# two numbers are possible
12,5                   | ambiguous
0,123                  | ambiguous
1,234                  | ambiguous
<1,500                 | ambiguous
1.234,5                | ambiguous
1 234,5                | ambiguous
# none
50.5?                  | unreadable
<0                     | unreadable
50.5.1                 | unreadable
5O.5                   | unreadable
haemolysed             | unreadable
1.5×10³                | unreadable
1.5²                   | unreadable
1-2                    | unreadable
1.5 ± 0.2              | unreadable
~1.5                   | unreadable
1.5 2.5                | unreadable
12 34                  | unreadable
=5                     | unreadable
0x1f                   | unreadable
#REF!                  | unreadable
neg                    | unreadable
not detected           | not_detected
未检出                 | not_detected
<LOD                   | not_detected
NA                     | missing
-99                    | missing
-                      | missing
"""
COMMA = """
0,123                  | 0.123
12,500                 | 12.5
<1,500                 | <1.5
1.234,5                | 1234.5
1.234.567              | 1234567
1 234,5                | 1234.5
7,125                  | 7.125
8.5                    | 8.5
1.234                  | ambiguous
1,234.5                | ambiguous
1,5,2                  | unreadable
"""
POINT = """
1,234                  | 1234
1,234.5                | 1234.5
0,123                  | ambiguous
12,5                   | ambiguous
"""


def shown(read: Number) -> str:
    if read.value is None:
        return read.problem
    unit = f" [{read.unit}]" if read.unit else ""
    return f"{read.comparator}{read.value:.15g}{unit}"


@pytest.mark.parametrize(("text", "reading"), rows(UNSTATED))
def test_a_number_whose_source_states_no_decimal_sign(text: str, reading: str) -> None:
    assert shown(read_number(text)) == reading


@pytest.mark.parametrize(("text", "reading"), rows(COMMA))
def test_a_number_of_a_source_with_a_decimal_comma(text: str, reading: str) -> None:
    assert shown(read_number(text, ",")) == reading


@pytest.mark.parametrize(("text", "reading"), rows(POINT))
def test_a_number_of_a_source_with_a_decimal_point(text: str, reading: str) -> None:
    assert shown(read_number(text, ".")) == reading


@given(st.integers(0, 10**9), st.integers(1, 4))
def test_decimal_comma_and_point_agree(digits: int, places: int) -> None:
    text = f"{digits // 10**places}.{digits % 10**places:0{places}}"
    assert read_number(text).value == float(text)
    assert read_number(text.replace(".", ","), ",").value == float(text)
    grouped = f"{digits / 10**places:,.{places}f}"
    swapped = grouped.translate(str.maketrans(".,", ",."))
    assert read_number(grouped, ".").value == read_number(swapped, ",").value == float(text)


@given(
    st.text("0123456789.,<>=eE+-' HL*pgmL/", max_size=14) | st.text(max_size=12),
    st.sampled_from([None, *DECIMALS]),
)
def test_any_text_is_read_and_its_native_text_is_the_same_number(text: str, sign: str) -> None:
    read = read_number(text, sign)  # type: ignore[arg-type]
    assert (read.value is None) == bool(read.problem)
    assert read.value is None or math.isfinite(read.value)
    again = read_number(read.canonical())
    # what its source states is not known where the native text is read
    assert (again.value, again.comparator, again.unit) == (
        *(read.value, read.comparator if read.value is not None else again.comparator),
        read.unit,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("2.0", 2), ("2,0", 2), ("+2", 2), ("2.5", None), ("2,5", None), ("1e3", None)],
)
def test_a_whole_number(text: str, value: int | None) -> None:
    assert read_integer(text).value == value
