"""Response by RECIST 1.1: each visit (OVRLRESP) and the best overall response (BOR)."""

from __future__ import annotations

from il6_platform_tests.specification.harness import Specification


def test_best_response(spec: Specification) -> None:
    """The best overall response is the best of CR, PR, SD, PD, NE in this order, dated at the first
    visit that has it."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p1         | day 112     | PR       |
        | p1         | day 168     | PR       |
        | p2         | day 56      | PR       |
        | p2         | day 112     | CR       |
        | p3         | day 56      | NE       |
        | p3         | day 112     | PD       |
        | p4         | day 56      | NE       |
        | p4         | day 112     | SD       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT     |
        | p1      | OVRLRESP | SD    | day 56  |
        | p1      | OVRLRESP | PR    | day 112 |
        | p1      | OVRLRESP | PR    | day 168 |
        | p2      | OVRLRESP | PR    | day 56  |
        | p2      | OVRLRESP | CR    | day 112 |
        | p3      | OVRLRESP | NE    | day 56  |
        | p3      | OVRLRESP | PD    | day 112 |
        | p4      | OVRLRESP | NE    | day 56  |
        | p4      | OVRLRESP | SD    | day 112 |
        | p1      | BOR      | PR    | day 112 |
        | p2      | BOR      | CR    | day 112 |
        | p3      | BOR      | PD    | day 112 |
        | p4      | BOR      | SD    | day 112 |
        """
    )


def test_no_assessment(spec: Specification) -> None:
    """Without any assessment the best overall response is NE and has no date; with visits that
    could not be evaluated alone it is NE, dated at the first."""
    spec.given(
        patients="""
        | patient_id |
        | p1         |
        | p2         |
        """,
        assessments="""
        | patient_id | assessed_on | response |
        | p2         | day 56      | NE       |
        | p2         | day 112     | NE       |
        """,
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT     |
        | p2      | OVRLRESP | NE    | day 56  |
        | p2      | OVRLRESP | NE    | day 112 |
        | p1      | BOR      | NE    |         |
        | p2      | BOR      | NE    | day 56  |
        """
    )


def test_visits_before_time_zero(spec: Specification) -> None:
    """A visit on day 0 counts, one before treatment does not."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day -1      | CR       |
        | p1         | day 0       | SD       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT   |
        | p1      | OVRLRESP | SD    | day 0 |
        | p1      | BOR      | SD    | day 0 |
        """
    )


def test_response_after_progression(spec: Specification) -> None:
    """A response after the first progression does not count as best; the visit stays."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p1         | day 112     | PD       |
        | p1         | day 168     | CR       |
        | p1         | day 224     | PD       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT     |
        | p1      | OVRLRESP | SD    | day 56  |
        | p1      | OVRLRESP | PD    | day 112 |
        | p1      | OVRLRESP | CR    | day 168 |
        | p1      | OVRLRESP | PD    | day 224 |
        | p1      | BOR      | SD    | day 56  |
        """
    )


def test_progression_at_the_first_visit(spec: Specification) -> None:
    """Who progresses at the first visit has PD as best response, whatever is seen later."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | PD       |
        | p1         | day 112     | PR       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT     |
        | p1      | OVRLRESP | PD    | day 56  |
        | p1      | OVRLRESP | PR    | day 112 |
        | p1      | BOR      | PD    | day 56  |
        """
    )


def test_response_after_new_therapy(spec: Specification) -> None:
    """A visit on the day on which new therapy starts counts for the best response, a later one does
    not."""
    spec.given(
        treatments="""
        | patient_id | line | start_date |
        | p1         | 1    | day 0      |
        | p1         | 2    | day 112    |
        | p2         | 1    | day 0      |
        | p2         | 2    | day 111    |
        """,
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p1         | day 112     | PR       |
        | p1         | day 168     | CR       |
        | p2         | day 56      | SD       |
        | p2         | day 112     | PR       |
        """,
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT     |
        | p1      | OVRLRESP | SD    | day 56  |
        | p1      | OVRLRESP | PR    | day 112 |
        | p1      | OVRLRESP | CR    | day 168 |
        | p2      | OVRLRESP | SD    | day 56  |
        | p2      | OVRLRESP | PR    | day 112 |
        | p1      | BOR      | PR    | day 112 |
        | p2      | BOR      | SD    | day 56  |
        """
    )


def test_confirmation_is_on_request(spec: Specification) -> None:
    """A response seen once counts unless the study asks for confirmation."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | PR       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT    |
        | p1      | OVRLRESP | PR    | day 56 |
        | p1      | BOR      | PR    | day 56 |
        """
    )


def test_confirmation_after_four_weeks(spec: Specification) -> None:
    """With `confirm_response: true` a response counts where it is seen again at least 28 days
    later; 27 days are too few, and it is stable disease then. The visits stay as they were."""
    spec.study("confirm_response: true")
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | PR       |
        | p1         | day 83      | PR       |
        | p2         | day 56      | PR       |
        | p2         | day 84      | PR       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT    |
        | p1      | OVRLRESP | PR    | day 56 |
        | p1      | OVRLRESP | PR    | day 83 |
        | p2      | OVRLRESP | PR    | day 56 |
        | p2      | OVRLRESP | PR    | day 84 |
        | p1      | BOR      | SD    | day 56 |
        | p2      | BOR      | PR    | day 56 |
        """
    )


def test_confirmation_by_a_better_or_worse_response(spec: Specification) -> None:
    """A partial response is confirmed by a complete one; a complete response that is followed by a
    partial one is partial; what is followed by neither is stable disease."""
    spec.study("confirm_response: true")
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | PR       |
        | p1         | day 112     | CR       |
        | p2         | day 56      | CR       |
        | p2         | day 112     | PR       |
        | p3         | day 56      | CR       |
        | p3         | day 112     | CR       |
        | p4         | day 56      | CR       |
        | p4         | day 112     | SD       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT     |
        | p1      | OVRLRESP | PR    | day 56  |
        | p1      | OVRLRESP | CR    | day 112 |
        | p2      | OVRLRESP | CR    | day 56  |
        | p2      | OVRLRESP | PR    | day 112 |
        | p3      | OVRLRESP | CR    | day 56  |
        | p3      | OVRLRESP | CR    | day 112 |
        | p4      | OVRLRESP | CR    | day 56  |
        | p4      | OVRLRESP | SD    | day 112 |
        | p1      | BOR      | PR    | day 56  |
        | p2      | BOR      | PR    | day 56  |
        | p3      | BOR      | CR    | day 56  |
        | p4      | BOR      | SD    | day 56  |
        """
    )


def test_complete_response_followed_by_partial_too_early(spec: Specification) -> None:
    """A complete response that is followed by a partial one within 27 days is stable disease."""
    spec.study("confirm_response: true")
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | CR       |
        | p1         | day 83      | PR       |
        | p2         | day 56      | CR       |
        | p2         | day 84      | PR       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT    |
        | p1      | OVRLRESP | CR    | day 56 |
        | p1      | OVRLRESP | PR    | day 83 |
        | p2      | OVRLRESP | CR    | day 56 |
        | p2      | OVRLRESP | PR    | day 84 |
        | p1      | BOR      | SD    | day 56 |
        | p2      | BOR      | PR    | day 56 |
        """
    )


def test_confirmation_by_a_visit_that_counts(spec: Specification) -> None:
    """A visit after progression or after new therapy confirms nothing; one between that could not
    be evaluated takes nothing away."""
    spec.study("confirm_response: true")
    spec.given(
        treatments="""
        | patient_id | line | start_date |
        | p1         | 1    | day 0      |
        | p2         | 1    | day 0      |
        | p2         | 2    | day 100    |
        | p3         | 1    | day 0      |
        """,
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | PR       |
        | p1         | day 84      | PD       |
        | p1         | day 112     | PR       |
        | p2         | day 56      | PR       |
        | p2         | day 112     | PR       |
        | p3         | day 56      | PR       |
        | p3         | day 84      | NE       |
        | p3         | day 112     | PR       |
        """,
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT     |
        | p1      | OVRLRESP | PR    | day 56  |
        | p1      | OVRLRESP | PD    | day 84  |
        | p1      | OVRLRESP | PR    | day 112 |
        | p2      | OVRLRESP | PR    | day 56  |
        | p2      | OVRLRESP | PR    | day 112 |
        | p3      | OVRLRESP | PR    | day 56  |
        | p3      | OVRLRESP | NE    | day 84  |
        | p3      | OVRLRESP | PR    | day 112 |
        | p1      | BOR      | SD    | day 56  |
        | p2      | BOR      | SD    | day 56  |
        | p3      | BOR      | PR    | day 56  |
        """
    )


def test_who_has_responses(spec: Specification) -> None:
    """Only patients who were treated and followed up (ITTFL = Y) have responses, also without a
    marker."""
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
        labs="""
        | patient_id | collected_on |
        | p1         | day 90       |
        """,
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p2         | day 56      | SD       |
        """,
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT    |
        | p1      | OVRLRESP | SD    | day 56 |
        | p1      | BOR      | SD    | day 56 |
        """
    )


def test_visits_after_the_censoring_day(spec: Specification) -> None:
    """A visit on the censoring day is known, one after it is not."""
    spec.study(censor="day 100")
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p1         | day 100     | PR       |
        | p1         | day 101     | CR       |
        """
    )
    spec.expect(
        adrs="""
        | USUBJID | PARAMCD  | AVALC | ADT     |
        | p1      | OVRLRESP | SD    | day 56  |
        | p1      | OVRLRESP | PR    | day 100 |
        | p1      | BOR      | PR    | day 100 |
        """
    )
