"""The markers of a study's panel: the baseline value of each, one row a patient and marker."""

from __future__ import annotations

from il6_platform_tests.specification.harness import Specification


def test_a_list_of_analytes_and_expressions(spec: Specification) -> None:
    """A marker of the panel is an analyte, in its reference unit, or an expression of analytes of
    one sample; its value is the last in the study's window. Who has none has no row."""
    spec.study("""
panel:
  markers: [crp, {expression: neutrophils / lymphocytes, label: NLR}]
""")
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit  | collected_on |
        | p1         | il6         | 7     | pg/mL | day 0        |
        | p1         | crp         | 1.2   | mg/dL | day -3       |
        | p1         | crp         | 90    | mg/L  | day 5        |
        | p1         | neutrophils | 6     | G/L   | day -1       |
        | p1         | lymphocytes | 2     | G/L   | day -1       |
        | p2         | il6         | 3     | pg/mL | day 0        |
        | p2         | neutrophils | 6     | G/L   | day -1       |
        | p2         | lymphocytes | 2     | G/L   | day -2       |
        """
    )
    spec.expect(
        panel="""
        | USUBJID | PARAM | AVAL |
        | p1      | NLR   | 3    |
        | p1      | crp   | 12   |
        """
    )


def test_the_studys_own_marker_is_untouched(spec: Specification) -> None:
    """The study's own marker may be of the panel too; who lacks a marker of the panel stays in the
    study."""
    spec.study("panel: {markers: [il6, crp]}")
    spec.given(
        labs="""
        | patient_id | analyte | value | unit  |
        | p1         | il6     | 7     | pg/mL |
        | p1         | crp     | 3     | mg/L  |
        | p2         | il6     | 3     | pg/mL |
        """
    )
    spec.expect(
        panel="""
        | USUBJID | PARAM | AVAL |
        | p1      | crp   | 3    |
        | p1      | il6   | 7    |
        | p2      | il6   | 3    |
        """,
        subjects="""
        | USUBJID | MARKER | ANALFL |
        | p1      | 7      | Y      |
        | p2      | 3      | Y      |
        """,
    )
