"""The patient flow: every patient who arrived is analysed or counted under one reason."""

from __future__ import annotations

import pytest

from il6_platform_tests.specification.harness import Specification


@pytest.mark.across_patients
def test_everybody_is_counted_once(spec: Specification) -> None:
    """Who arrived is analysed in one arm, or excluded for one reason; the counts add up."""
    spec.given(
        patients="""
        | patient_id |
        | control    |
        | treated    |
        | no-line-1  |
        | no-visit   |
        | no-marker  |
        """,
        treatments="""
        | patient_id | line | drug        |
        | control    | 1    | folfox      |
        | treated    | 1    | bevacizumab |
        | no-line-1  | 2    | folfox      |
        | no-visit   | 1    | folfox      |
        | no-marker  | 1    | bevacizumab |
        | no-record  | 1    | folfox      |
        | set-aside  | 1    | folfox      |
        """,
        follow_up="""
        | patient_id |
        | control    |
        | treated    |
        | no-line-1  |
        | no-marker  |
        """,
        labs="""
        | patient_id |
        | control    |
        | treated    |
        """,
        lines="""
        | table_name | patient   | status    |
        | patients   | set-aside | latest    |
        | patients   | withdrawn | withdrawn |
        | labs       | withdrawn | withdrawn |
        """,
    )
    spec.expect(
        flow="""
        | step | label                            | kind     | n |
        | 1    | Arrived                          | arrived  | 8 |
        | 2    | No patient record                | excluded | 1 |
        | 3    | Patient record in quarantine     | excluded | 1 |
        | 4    | Consent withdrawn                | excluded | 1 |
        | 5    | Decisive record in quarantine    | excluded | 0 |
        | 6    | No first-line treatment          | excluded | 1 |
        | 7    | No follow-up                     | excluded | 1 |
        | 8    | No baseline marker in the window | excluded | 1 |
        | 9    | Analysed                         | analysed | 2 |
        | 10   | Control                          | arm      | 1 |
        | 11   | Bevacizumab                      | arm      | 1 |
        """
    )


@pytest.mark.across_patients
def test_steps_without_patients(spec: Specification) -> None:
    """A step that nobody took is shown with 0, as is an arm that nobody is in."""
    spec.given(
        labs="""
        | patient_id | collected_on |
        | p1         | day 0        |
        | p2         | day 90       |
        | p3         | day 90       |
        """
    )
    spec.expect(
        flow="""
        | label                            | n |
        | Arrived                          | 3 |
        | No patient record                | 0 |
        | Patient record in quarantine     | 0 |
        | Consent withdrawn                | 0 |
        | Decisive record in quarantine    | 0 |
        | No first-line treatment          | 0 |
        | No follow-up                     | 0 |
        | No baseline marker in the window | 2 |
        | Analysed                         | 1 |
        | Control                          | 1 |
        | Bevacizumab                      | 0 |
        """
    )


@pytest.mark.across_patients
def test_who_never_was(spec: Specification) -> None:
    """A patient who was struck out (`il6 strike`) has not arrived, and is counted nowhere."""
    spec.given(
        labs="""
        | patient_id | collected_on |
        | p1         | day 0        |
        """,
        lines="""
        | table_name | patient | status  | is_struck |
        | patients   | ghost   | removed | true      |
        | labs       | ghost   | removed | true      |
        """,
    )
    spec.expect(
        flow="""
        | label                            | n |
        | Arrived                          | 1 |
        | No patient record                | 0 |
        | Patient record in quarantine     | 0 |
        | Consent withdrawn                | 0 |
        | Decisive record in quarantine    | 0 |
        | No first-line treatment          | 0 |
        | No follow-up                     | 0 |
        | No baseline marker in the window | 0 |
        | Analysed                         | 1 |
        | Control                          | 1 |
        | Bevacizumab                      | 0 |
        """
    )
