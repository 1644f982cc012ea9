"""A derived marker: an expression of analytes, each in its reference unit, of one sample."""

from __future__ import annotations

from il6_platform_tests.specification.harness import Specification


def test_expression_of_two_analytes(spec: Specification) -> None:
    """A derived marker is the expression of the results of one day, each in its reference unit."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, label: NLR, unit: ratio}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit    | collected_on |
        | p1         | neutrophils | 6     | 10*9/L  | day -3       |
        | p1         | lymphocytes | 1500  | /uL     | day -3       |
        | p2         | neutrophils | 4000  | /uL     | day 0        |
        | p2         | lymphocytes | 2     | G/L     | day 0        |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKDT | MARKLIM | ANALFL |
        | p1      | 4      | day -3 |         | Y      |
        | p2      | 2      | day 0  |         | Y      |
        """
    )


def test_signs_numbers_logarithm_and_parentheses(spec: Specification) -> None:
    """An expression has + - * /, the natural logarithm, numbers and parentheses."""
    spec.study("marker: {analyte: null, expression: 2 * (crp - albumin) / -4 + log(1), unit: none}")
    spec.given(
        labs="""
        | patient_id | analyte | value | unit |
        | p1         | crp     | 9     | mg/L |
        | p1         | albumin | 35    | g/L  |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER |
        | p1      | 13     |
        """
    )


def test_the_last_complete_sample_counts(spec: Specification) -> None:
    """Of several samples in the window the last that has every analyte counts; analytes of two
    days make no marker."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, label: NLR, unit: ratio}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit   | collected_on |
        | p1         | neutrophils | 6     | 10*9/L | day -20      |
        | p1         | lymphocytes | 2     | 10*9/L | day -20      |
        | p1         | neutrophils | 8     | 10*9/L | day -5       |
        | p1         | lymphocytes | 1     | 10*9/L | day -5       |
        | p1         | neutrophils | 9     | 10*9/L | day -1       |
        | p1         | neutrophils | 9     | 10*9/L | day 1        |
        | p1         | lymphocytes | 9     | 10*9/L | day 1        |
        | p2         | neutrophils | 8     | 10*9/L | day -5       |
        | p2         | lymphocytes | 1     | 10*9/L | day -4       |
        | p3         | neutrophils | 8     | 10*9/L | day -29      |
        | p3         | lymphocytes | 1     | 10*9/L | day -29      |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKDT | EXCLREAS                         |
        | p1      | 8      | day -5 |                                  |
        | p2      |        |        | No baseline marker in the window |
        | p3      |        |        | No baseline marker in the window |
        """,
        remarks="""
        | patient_id | file_line | rule               |
        | p1         | 6         | marker_is_complete |
        | p2         | 9         | marker_is_complete |
        | p2         | 10        | marker_is_complete |
        """,
    )


def test_time_of_day_of_a_sample(spec: Specification) -> None:
    """Results of one day with a time of day are of one sample where their time is the same; the
    last sample of the day counts."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, label: NLR, unit: ratio}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit   | collected_on | collected_at |
        | p1         | neutrophils | 6     | 10*9/L | day -3       | 28800        |
        | p1         | lymphocytes | 2     | 10*9/L | day -3       | 28800        |
        | p1         | neutrophils | 8     | 10*9/L | day -3       | 57600        |
        | p1         | lymphocytes | 1     | 10*9/L | day -3       | 57600        |
        | p2         | neutrophils | 6     | 10*9/L | day -3       | 28800        |
        | p2         | lymphocytes | 2     | 10*9/L | day -3       | 57600        |
        | p3         | neutrophils | 6     | 10*9/L | day -3       | 28800        |
        | p3         | lymphocytes | 3     | 10*9/L | day -3       |              |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | EXCLREAS                         |
        | p1      | 8      |                                  |
        | p2      |        | No baseline marker in the window |
        | p3      | 2      |                                  |
        """
    )


def test_two_samples_of_a_day_without_time(spec: Specification) -> None:
    """Where a day gives different values and does not say which came later, the patient is not
    evaluable; where the values are made of the same results, it does not matter."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, label: NLR, unit: ratio}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit   | collected_on | collected_at |
        | p1         | neutrophils | 6     | 10*9/L | day -3       |              |
        | p1         | neutrophils | 8     | 10*9/L | day -3       |              |
        | p1         | lymphocytes | 2     | 10*9/L | day -3       |              |
        | p2         | neutrophils | 6     | 10*9/L | day -3       |              |
        | p2         | neutrophils | 6     | 10*9/L | day -3       |              |
        | p2         | lymphocytes | 2     | 10*9/L | day -3       |              |
        | p3         | neutrophils | 6     | 10*9/L | day -3       |              |
        | p3         | lymphocytes | 2     | 10*9/L | day -3       | 28800        |
        | p3         | lymphocytes | 3     | 10*9/L | day -3       | 57600        |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | ANALFL | EXCLREAS                      |
        | p1      | N      | Decisive record in quarantine |
        | p2      | Y      |                               |
        | p3      | N      | Decisive record in quarantine |
        """,
        decisive="""
        | patient_id | file_line | code             |
        | p1         | 2         | same_day_results |
        | p3         | 10        | same_day_results |
        """,
    )


def test_limits_of_quantification_of_the_parts(spec: Specification) -> None:
    """A part below its limit takes the study's rule before it enters the expression; the marker is
    flagged with the side on which the true value lies, ~ where it may be either."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, label: NLR, unit: ratio}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit   | beyond_limit |
        | p1         | neutrophils | 6     | 10*9/L |              |
        | p1         | lymphocytes | 0.2   | 10*9/L | <            |
        | p2         | neutrophils | 0.2   | 10*9/L | <            |
        | p2         | lymphocytes | 1     | 10*9/L |              |
        | p3         | neutrophils | 0.2   | 10*9/L | <            |
        | p3         | lymphocytes | 0.2   | 10*9/L | <            |
        | p4         | neutrophils | 6     | 10*9/L |              |
        | p4         | lymphocytes | 20    | 10*9/L | >            |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKLIM |
        | p1      | 60     | >       |
        | p2      | 0.1    | <       |
        | p3      | 1      | ~       |
        | p4      | 0.3    | <       |
        """
    )


def test_division_by_zero(spec: Specification) -> None:
    """Where the expression has no value (division by zero, logarithm of 0 or less), the patient is
    not evaluable and the records say why; a sample before does not stand in."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, label: NLR, unit: ratio}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit   | collected_on |
        | p1         | neutrophils | 6     | 10*9/L | day -9       |
        | p1         | lymphocytes | 2     | 10*9/L | day -9       |
        | p1         | neutrophils | 6     | 10*9/L | day -3       |
        | p1         | lymphocytes | 0     | 10*9/L | day -3       |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKDT | EXCLREAS                      |
        | p1      |        | day -3 | Decisive record in quarantine |
        """,
        decisive="""
        | patient_id | file_line | code                |
        | p1         | 4         | marker_has_no_value |
        | p1         | 5         | marker_has_no_value |
        """,
    )


def test_limit_that_is_zero_in_a_denominator(spec: Specification) -> None:
    """With `below_loq: zero` a denominator below its limit divides by zero, which is said."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, unit: ratio, "
        "below_loq: zero}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit   | beyond_limit |
        | p1         | neutrophils | 6     | 10*9/L |              |
        | p1         | lymphocytes | 0.2   | 10*9/L | <            |
        """
    )
    spec.expect(
        decisive="""
        | patient_id | file_line | code                |
        | p1         | 2         | marker_has_no_value |
        | p1         | 3         | marker_has_no_value |
        """
    )


def test_a_part_that_cannot_be_read(spec: Specification) -> None:
    """An unreadable part makes the patient not evaluable where it may complete the baseline sample
    or a later one; not where the other analyte has no result that day, nor before the baseline."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, label: NLR, unit: ratio}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit   | collected_on |
        | p1         | neutrophils | 6     | 10*9/L | day -9       |
        | p1         | lymphocytes | 2     | 10*9/L | day -9       |
        | p1         | neutrophils | 6     | 10*9/L | day -3       |
        | p2         | neutrophils | 6     | 10*9/L | day -9       |
        | p2         | lymphocytes | 2     | 10*9/L | day -9       |
        | p3         | neutrophils | 6     | 10*9/L | day -9       |
        | p3         | lymphocytes | 2     | 10*9/L | day -9       |
        | p3         | neutrophils | 6     | 10*9/L | day -20      |
        | p4         | neutrophils | 6     | 10*9/L | day -3       |
        """,
        labs_set_aside="""
        | patient_id | analyte     | record | certainty | unit   | collected_on | columns        |
        | p1         | lymphocytes | a      | known     | 10*9/L | day -3       | [value]        |
        | p2         | lymphocytes | b      | known     | 10*9/L | day -3       | [value]        |
        | p3         | lymphocytes | c      | known     | 10*9/L | day -20      | [value]        |
        | p4         | lymphocytes | d      | known     | 10*9/L | day -3       | [value]        |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | EXCLREAS                      |
        | p1      | 3      | Decisive record in quarantine |
        | p2      | 3      |                               |
        | p3      | 3      |                               |
        | p4      |        | Decisive record in quarantine |
        """,
        decisive="""
        | patient_id | code            |
        | p1         | marker_may_move |
        | p4         | marker_may_move |
        """,
    )


def test_a_part_in_a_unit_that_is_not_known(spec: Specification) -> None:
    """A part in a unit that is not known for its analyte may be the baseline: not evaluable."""
    spec.study(
        "marker: {analyte: null, expression: neutrophils / lymphocytes, label: NLR, unit: ratio}"
    )
    spec.given(
        labs="""
        | patient_id | analyte     | value | unit   |
        | p1         | neutrophils | 6     | 10*9/L |
        | p1         | lymphocytes | 2     | mg/dL  |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | EXCLREAS                      |
        | p1      | Decisive record in quarantine |
        """
    )


def test_an_analyte_that_stands_twice(spec: Specification) -> None:
    """An analyte may stand in an expression more than once."""
    spec.study("marker: {analyte: null, expression: crp * crp / (crp + 1), unit: mg/L}")
    spec.given(
        labs="""
        | patient_id | analyte | value | unit  |
        | p1         | crp     | 0.3   | mg/dL |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER |
        | p1      | 9 / 4  |
        """
    )
