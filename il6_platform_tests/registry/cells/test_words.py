"""Listed words: on the left what is received, on the right the native value, or why there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.registry.cells import KINDS, read_line, read_word
from il6_platform.registry.native import VALUES
from il6_platform_tests.registry.cells.spec import rows

RESPONSE = """
PD                          | PD
progressive disease         | PD
Progressive Disease (PD)    | PD
4: PD                       | PD
PD (new lesion)             | PD
confirmed PR                | PR
PR - partial response       | PR
partielle Remission         | PR
部分缓解                    | PR
病情进展                    | PD
прогрессирование            | PD
Progress der Erkrankung     | PD
NON-CR/NON-PD               | SD
stable                      | SD
complete metabolic response | CR
not evaluable               | NE
# either of two, or none
P?                          | unreadable
PD?                         | unreadable
SD/PD                       | unreadable
PR or SD                    | unreadable
SD (PD)                     | unreadable
not PD                      | unreadable
no progression              | unreadable
iUPD                        | unreadable
4                           | unreadable
unknown                     | missing
# more, or less, than the word
PR-                         | unreadable
SD+                         | unreadable
-PD                         | unreadable
# what the clinic says is no response by RECIST
clinical PD                 | unreadable
PD (clinical)               | unreadable
radiological PD             | PD
# a new lesion is a progression; the target lesions alone are not all of it
PD with new lesion          | unreadable
PD: new lesions             | PD
SD (new lesion)             | unreadable
PR, new lesions             | unreadable
靶病灶 PD                   | PD
target lesions: SD          | unreadable
- PD                        | PD
"""
SEX = """
F           | F
female      | F
weiblich    | F
mujer       | F
女          | F
ж           | F
H           | M
мужской     | M
2           | unreadable
F/M         | unreadable
divers      | unreadable
"""
YES_NO = """
yes         | Y
Oui         | Y
sí          | Y
да          | Y
是          | Y
1           | Y
nein        | N
не          | unreadable
Y/N         | unreadable
"""
VITAL_STATUS = """
décédée                     | dead
muerto                      | dead
умерла                      | dead
已死亡                      | dead
died of disease             | dead
vivante                     | alive
жив                         | alive
健在                        | alive
未死亡                      | unreadable
presumed dead               | unreadable
alive/dead                  | unreadable
Dead        | dead
1:DECEASED  | dead
0:LIVING    | alive
存活        | alive
alive?      | unreadable
not dead    | unreadable
"""
LINE = """
1           | 1
1.0         | 1
1,0         | 1
１          | 1
1L          | 1
L1          | 1
first       | 1
1st         | 1
first-line  | 1
first line therapy | 1
line 1      | 1
1. Linie    | 1
Erstlinie   | 1
Erstlinientherapie | 1
1ère ligne  | 1
première ligne | 1
primera línea | 1
prima linea | 1
первая линия | 1
一线        | 1
一线治疗    | 1
第1线       | 1
1次治療     | 1
I           | 1
LOT1        | 1
一线化疗    | 1
2L          | 2
second      | 2
2nd-line    | 2
zweite Linie | 2
二线        | 2
3rd line    | 3
1+          | unreadable
1/2         | unreadable
1-2         | unreadable
1.5         | unreadable
1st or 2nd  | unreadable
maintenance | unreadable
adjuvant    | unreadable
"""


def shown(value: object, problem: str) -> str:
    return problem if value is None else str(value)


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (column, *row)
        for column, table in (
            *(("response", RESPONSE), ("sex", SEX)),
            *(("yes_no", YES_NO), ("vital_status", VITAL_STATUS)),
        )
        for row in rows(table)
    ],
)
def test_a_listed_word(column: str, text: str, value: str) -> None:
    read = read_word(column, text)
    assert shown(read.value, read.problem) == value


@pytest.mark.parametrize(("text", "value"), rows(LINE))
def test_a_line_of_treatment(text: str, value: str) -> None:
    read = read_line(text)
    assert shown(read.value, read.problem) == value


@pytest.mark.parametrize("column", [kind for kind in KINDS if kind in VALUES])
def test_a_native_value_is_read_as_itself(column: str) -> None:
    for value in VALUES[column]:
        for text in (value, value.upper(), f" {value} "):
            assert read_word(column, text).value == value


@given(st.sampled_from([kind for kind in KINDS if kind in VALUES]), st.text(max_size=20))
def test_any_text_is_read_as_a_native_value_or_has_a_problem(column: str, text: str) -> None:
    read = read_word(column, text)
    assert read.value in (*VALUES[column], None)
    assert (read.value is None) == bool(read.problem)
