"""Sum of target lesion diameters by visit, and its change from before treatment."""

from __future__ import annotations

from il6_platform_tests.specification.harness import Specification


def test_change_from_baseline(spec: Specification) -> None:
    """The baseline is the last sum at or before time zero; the change of later sums is in percent
    of it."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response | sum_of_diameters_mm |
        | p1         | day -30     |          | 90                  |
        | p1         | day -7      |          | 80                  |
        | p1         | day 56      | PR       | 40                  |
        | p1         | day 112     | SD       | 100                 |
        """
    )
    spec.expect(
        adtr="""
        | USUBJID | PARAMCD | ADT     | AVAL | ABLFL | ANL01FL | BASE | PCHG |
        | p1      | SUMDIAM | day -30 | 90   |       |         | 80   |      |
        | p1      | SUMDIAM | day -7  | 80   | Y     |         | 80   |      |
        | p1      | SUMDIAM | day 56  | 40   |       | Y       | 80   | -50  |
        | p1      | SUMDIAM | day 112 | 100  |       | Y       | 80   | 25   |
        """
    )


def test_scan_on_day_0_is_the_baseline(spec: Specification) -> None:
    """A scan on day 0 is the baseline, not a first result of treatment; one on day 1 is no
    baseline."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response | sum_of_diameters_mm |
        | p1         | day -7      |          | 80                  |
        | p1         | day 0       | SD       | 50                  |
        | p1         | day 1       | SD       | 25                  |
        """
    )
    spec.expect(
        adtr="""
        | USUBJID | ADT    | ABLFL | ANL01FL | BASE | PCHG |
        | p1      | day -7 |       |         | 50   |      |
        | p1      | day 0  | Y     |         | 50   |      |
        | p1      | day 1  |       | Y       | 50   | -50  |
        """
    )


def test_without_a_baseline(spec: Specification) -> None:
    """Without a sum before treatment, or with a sum of 0, there is no change."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response | sum_of_diameters_mm |
        | p1         | day 56      | SD       | 40                  |
        | p2         | day -7      |          | 0                   |
        | p2         | day 56      | SD       | 40                  |
        """
    )
    spec.expect(
        adtr="""
        | USUBJID | ADT    | ABLFL | ANL01FL | BASE | PCHG |
        | p1      | day 56 |       | Y       |      |      |
        | p2      | day -7 | Y     |         | 0    |      |
        | p2      | day 56 |       | Y       | 0    |      |
        """
    )


def test_visits_without_a_sum(spec: Specification) -> None:
    """A visit without a sum of diameters has no row, and is no baseline."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response | sum_of_diameters_mm |
        | p1         | day -7      |          | 80                  |
        | p1         | day 0       | SD       |                     |
        | p1         | day 56      | SD       |                     |
        | p1         | day 112     | PR       | 20                  |
        """
    )
    spec.expect(
        adtr="""
        | USUBJID | ADT     | ABLFL | BASE | PCHG |
        | p1      | day -7  | Y     | 80   |      |
        | p1      | day 112 |       | 80   | -75  |
        """
    )


def test_sums_after_progression(spec: Specification) -> None:
    """Sums count (ANL01FL) up to the day of the first progression."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response | sum_of_diameters_mm |
        | p1         | day -7      |          | 80                  |
        | p1         | day 56      | PD       | 100                 |
        | p1         | day 112     | PR       | 20                  |
        | p1         | day 168     | PD       | 120                 |
        """
    )
    spec.expect(
        adtr="""
        | USUBJID | ADT     | ANL01FL | PCHG |
        | p1      | day -7  |         |      |
        | p1      | day 56  | Y       | 25   |
        | p1      | day 112 |         | -75  |
        | p1      | day 168 |         | 50   |
        """
    )


def test_sums_after_new_therapy(spec: Specification) -> None:
    """Sums count (ANL01FL) up to the day on which new therapy starts."""
    spec.given(
        treatments="""
        | patient_id | line | start_date |
        | p1         | 1    | day 0      |
        | p1         | 2    | day 56     |
        """,
        assessments="""
        | patient_id | assessed_on | response | sum_of_diameters_mm |
        | p1         | day -7      |          | 80                  |
        | p1         | day 56      | SD       | 80                  |
        | p1         | day 57      | SD       | 40                  |
        """,
    )
    spec.expect(
        adtr="""
        | USUBJID | ADT    | ANL01FL | PCHG |
        | p1      | day -7 |         |      |
        | p1      | day 56 | Y       | 0    |
        | p1      | day 57 |         | -50  |
        """
    )


def test_who_has_sums(spec: Specification) -> None:
    """Only patients who were treated and followed up (ITTFL = Y) have sums, known up to the
    censoring day."""
    spec.study(censor="day 60")
    spec.given(
        patients="""
        | patient_id |
        | p1         |
        """,
        treatments="""
        | patient_id |
        | p1         |
        | p2         |
        """,
        follow_up="""
        | patient_id |
        | p1         |
        | p2         |
        """,
        assessments="""
        | patient_id | assessed_on | response | sum_of_diameters_mm |
        | p1         | day 60      | SD       | 80                  |
        | p1         | day 61      | SD       | 70                  |
        | p2         | day 60      | SD       | 60                  |
        """,
    )
    spec.expect(
        adtr="""
        | USUBJID | ADT    | AVAL |
        | p1      | day 60 | 80   |
        """
    )
