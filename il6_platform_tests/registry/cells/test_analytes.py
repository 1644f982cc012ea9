"""Analytes: on the left the name received, on the right what it is.

`? a b`: it may be one of these. `unknown`: far from every name. In brackets a unit in the name.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.registry.cells import read_analyte
from il6_platform.registry.cells.analytes import names
from il6_platform_tests.registry.cells.spec import rows

NAMES = """
# the marker by name, specimen, unit, code, in other scripts
il6                         | il6
IL-6                        | il6
IL 6                        | il6
IL－６                      | il6
IL.6                        | il6
IL06                        | il6
Interleukin 6               | il6
Interleukin-6 (IL-6)        | il6
IL6 (serum)                 | il6
plasma IL-6                 | il6
S-IL6                       | il6
IL-6 (pg/mL)                | il6 [pg/mL]
IL-6, plasma [pg/mL]        | il6 [pg/mL]
IL-6 pg/mL                  | il6 [pg/mL]
il6_pgml                    | il6 [pg/mL]
il6_pg_ml                   | il6 [pg/mL]
IL 6 result                 | il6
hsIL-6                      | il6
IL-6 ELISA                  | il6
26881-3                     | il6
Interleukin 6 [Mass/volume] in Serum or Plasma | il6
白介素6                     | il6
白细胞介素-6(IL-6)          | il6
血清白介素6                 | il6
血清IL-6测定                | il6
インターロイキン6           | il6
интерлейкин-6               | il6
interleucina-6              | il6
Interleukin VI              | il6
IL-6?                       | ? il6
# others
sIL-6R                      | il6_receptor
IL-6 receptor               | il6_receptor
soluble IL-6 receptor       | il6_receptor
gp130                       | gp130
IL-16                       | il16
IL-60                       | il60
IL-8                        | il8
IL-1                        | il1
IL-6 (urine)                | il6 in urine
IL-6 CSF                    | il6 in cerebrospinal fluid
CRP                         | crp
hs-CRP mg/L                 | crp [mg/L]
1988-5                      | crp
CEA                         | cea
CA 19-9 (U/mL)              | ca199 [U/mL]
NEUT#                       | neutrophils
Neutrophils %               | neutrophils fraction
淋巴细胞百分比              | lymphocytes fraction
U-Alb                       | albumin in urine
IL-1β                       | il1β
IL-12p70                    | il12p70
sIL-2R                      | il2r
LOINC 26881-3               | il6
IL6 pg/ml serum             | il6 [pg/mL]
potassium                   | potassium
GGT                         | ggt
硒                          | selenium
NT-proBNP [pg/mL]           | nt_probnp [pg/mL]
25-OH vitamin D             | vitamin_d
FT3                         | free_t3
IFN-γ                       | interferon_gamma
# it may be the marker
LBIL6                       | ? il6
interleukin                 | ? il6
interleukins                | ? il6
白细胞介素                  | ? il6 il6_receptor
IL-6a                       | ? il6 il6_receptor
ІL-6                        | ? il6
IL-6 C1D1                   | ? il6
IL-6 (R&D)                  | ? il6 il6_receptor
IL-6 mRNA                   | ? il6
anti-IL-6                   | ? il6
log IL-6                    | ? il6
IL-6/IL-10 ratio            | ? il6
interlukin-6                | ? il6
lL-6                        | ? il6
LI-6                        | ? il6
CRP/albumin                 | ? albumin crp
# far from every name
TRP                         | unknown
vitamin B6                  | unknown
"""


@pytest.mark.parametrize("text", ["2023-02-01", "1.2.2023", "05/03/2021", "12-Mar-2021"])
def test_a_day_is_the_name_of_nothing_however_many_patients_have_it(text: str) -> None:
    assert read_analyte(text).certainty == "missing"


@pytest.mark.parametrize(("text", "reading"), rows(NAMES))
def test_what_was_measured(text: str, reading: str) -> None:
    read = read_analyte(text)
    unit = f" [{read.unit}]" if read.unit else ""
    perhaps = " ".join(["?", *read.may_be]) if read.may_be else "unknown"
    assert (read.analyte or perhaps) + unit == reading


@given(st.sampled_from(sorted(names())))
def test_a_known_name_is_read_as_what_it_names_with_a_specimen_too(name: str) -> None:
    for text in (name, name.upper(), f"{name} (serum)", f"plasma {name}"):
        assert read_analyte(text).analyte == names()[name]


@given(st.text(max_size=30))
def test_any_text_is_read(text: str) -> None:
    read = read_analyte(text)
    assert (read.certainty == "known") == (read.analyte is not None)
    assert (read.certainty == "unclear") == bool(read.may_be)
