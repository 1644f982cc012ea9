"""One row a patient of the study, with the marker's group by the cut-off."""

from __future__ import annotations

import pytest

from il6_platform_tests.specification.harness import Specification


def test_high_is_at_or_above_the_cutoff(spec: Specification) -> None:
    """A patient is high where the marker is at or above the cut-off, low below it; who has no
    marker is neither."""
    spec.cutoff(5)
    spec.given(
        labs="""
        | patient_id | value | collected_on |
        | p1         | 4.99  | day 0        |
        | p2         | 5     | day 0        |
        | p3         | 5.01  | day 0        |
        | p4         | 9     | day 90       |
        """
    )
    spec.expect(
        adsl="""
        | USUBJID | MARKER | MARKERGR | ANALFL |
        | p1      | 4.99   | low      | Y      |
        | p2      | 5      | high     | Y      |
        | p3      | 5.01   | high     | Y      |
        | p4      |        |          | N      |
        """
    )


def test_without_a_cutoff(spec: Specification) -> None:
    """Where no cut-off could be found nobody is high or low."""
    spec.cutoff(None)
    spec.given(
        labs="""
        | patient_id | value |
        | p1         | 4     |
        """
    )
    spec.expect(
        adsl="""
        | USUBJID | MARKER | MARKERGR |
        | p1      | 4      |          |
        """
    )


@pytest.mark.across_patients
def test_who_is_in_adsl(spec: Specification) -> None:
    """ADSL holds who was treated and followed up (ITTFL = Y), in the order of arrival."""
    spec.given(
        treatments="""
        | patient_id | line |
        | p1         | 2    |
        | p2         | 1    |
        | p3         | 1    |
        """
    )
    spec.expect(
        adsl="""
        | USUBJID | SUBJSEQ | ITTFL |
        | p2      | 2       | Y     |
        | p3      | 3       | Y     |
        """
    )
