"""Time to event: where each endpoint starts, what ends it, and where it is censored."""

from __future__ import annotations

from il6_platform_tests.specification.harness import Specification


def test_progression(spec: Specification) -> None:
    """PFS ends at the first progression, whatever is seen later; OS goes on to last contact."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p1         | day 112     | PD       |
        | p1         | day 168     | PR       |
        | p1         | day 224     | PD       |
        """,
        follow_up="""
        | patient_id | last_contact_on |
        | p1         | day 300         |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | STARTDT | ADT     | CNSR | EVNTDESC            | SRCDOM   | SRCVAR   |
        | p1      | PFS     | day 0   | day 112 | 0    | Progressive disease | ADRS     | ADT      |
        | p1      | OS      | day 0   | day 300 | 1    | Last contact        | SUBJECTS | LSTALVDT |
        """
    )


def test_months(spec: Specification) -> None:
    """Months are days / 30.4375; no day is added, so that an event on day 0 is at 0 months."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 112     | PD       |
        | p2         | day 0       | PD       |
        """,
        follow_up="""
        | patient_id | last_contact_on | died_on |
        | p1         | day 487         | day 487 |
        | p2         | day 1           |         |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | AVAL          | CNSR |
        | p1      | PFS     | 112 / 30.4375 | 0    |
        | p1      | OS      | 16            | 0    |
        | p2      | PFS     | 0             | 0    |
        | p2      | OS      | 1 / 30.4375   | 1    |
        """
    )


def test_death_without_progression(spec: Specification) -> None:
    """Death without progression ends PFS, whenever the last assessment was."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        """,
        follow_up="""
        | patient_id | last_contact_on | died_on |
        | p1         | day 250         | day 250 |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC | SRCDOM   | SRCVAR |
        | p1      | PFS     | day 250 | 0    | Death    | SUBJECTS | DTHDT  |
        | p1      | OS      | day 250 | 0    | Death    | SUBJECTS | DTHDT  |
        """
    )


def test_progression_on_the_day_of_death(spec: Specification) -> None:
    """Progression on the day of death is progression; one that is recorded after the day of death
    is not, and PFS ends with the death."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 100     | PD       |
        | p2         | day 101     | PD       |
        """,
        follow_up="""
        | patient_id | last_contact_on | died_on |
        | p1         | day 100         | day 100 |
        | p2         | day 100         | day 100 |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC            | SRCDOM   |
        | p1      | PFS     | day 100 | 0    | Progressive disease | ADRS     |
        | p1      | OS      | day 100 | 0    | Death               | SUBJECTS |
        | p2      | PFS     | day 100 | 0    | Death               | SUBJECTS |
        | p2      | OS      | day 100 | 0    | Death               | SUBJECTS |
        """
    )


def test_censoring_at_the_last_adequate_assessment(spec: Specification) -> None:
    """Without an event PFS is censored at the last assessment that could be evaluated (CR, PR, SD);
    a later one that could not (NE) does not count."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | PR       |
        | p1         | day 112     | SD       |
        | p1         | day 168     | NE       |
        | p2         | day 56      | SD       |
        | p2         | day 112     | PR       |
        | p3         | day 56      | CR       |
        """
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC                 | SRCDOM   | SRCVAR   |
        | p1      | PFS     | day 112 | 1    | Last adequate assessment | ADRS     | ADT      |
        | p2      | PFS     | day 112 | 1    | Last adequate assessment | ADRS     | ADT      |
        | p3      | PFS     | day 56  | 1    | Last adequate assessment | ADRS     | ADT      |
        | p1      | OS      | day 400 | 1    | Last contact             | SUBJECTS | LSTALVDT |
        | p2      | OS      | day 400 | 1    | Last contact             | SUBJECTS | LSTALVDT |
        | p3      | OS      | day 400 | 1    | Last contact             | SUBJECTS | LSTALVDT |
        """
    )


def test_censoring_without_an_adequate_assessment(spec: Specification) -> None:
    """Without an event and without an assessment that could be evaluated PFS is censored at time
    zero; a scan before treatment does not help."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day -7      | SD       |
        | p1         | day 56      | NE       |
        """
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC               | SRCDOM   | SRCVAR   |
        | p1      | PFS     | day 0   | 1    | No adequate assessment | SUBJECTS | TRTSDT   |
        | p1      | OS      | day 400 | 1    | Last contact           | SUBJECTS | LSTALVDT |
        """
    )


def test_progression_before_treatment(spec: Specification) -> None:
    """Progression before time zero is no event: it is why the patient is treated."""
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day -1      | PD       |
        | p1         | day 56      | SD       |
        """
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR |
        | p1      | PFS     | day 56  | 1    |
        | p1      | OS      | day 400 | 1    |
        """
    )


def test_new_therapy_does_not_censor(spec: Specification) -> None:
    """New therapy neither ends nor censors PFS; progression after it counts. (The sensitivity
    analysis censors there.)"""
    spec.given(
        treatments="""
        | patient_id | line | start_date |
        | p1         | 1    | day 0      |
        | p1         | 2    | day 80     |
        | p2         | 1    | day 0      |
        | p2         | 2    | day 80     |
        """,
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p1         | day 112     | PD       |
        | p2         | day 56      | SD       |
        | p2         | day 112     | SD       |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR |
        | p1      | PFS     | day 112 | 0    |
        | p2      | PFS     | day 112 | 1    |
        | p1      | OS      | day 400 | 1    |
        | p2      | OS      | day 400 | 1    |
        """
    )


def test_events_after_the_censoring_day(spec: Specification) -> None:
    """Where follow-up is cut on a day (`--censor`), an event on that day is known and one after it
    is not: the patient is censored as the rule says, no later than that day."""
    spec.study(censor="day 112")
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p1         | day 112     | PD       |
        | p2         | day 56      | SD       |
        | p2         | day 113     | PD       |
        """,
        follow_up="""
        | patient_id | last_contact_on | died_on |
        | p1         | day 112         | day 112 |
        | p2         | day 113         | day 113 |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR |
        | p1      | PFS     | day 112 | 0    |
        | p2      | PFS     | day 56  | 1    |
        | p1      | OS      | day 112 | 0    |
        | p2      | OS      | day 112 | 1    |
        """
    )


def test_who_has_times(spec: Specification) -> None:
    """Only patients who were treated and followed up (ITTFL = Y) have times, also without a
    marker."""
    spec.given(
        treatments="""
        | patient_id | line |
        | p1         | 1    |
        | p2         | 2    |
        """,
        labs="""
        | patient_id | collected_on |
        | p1         | day 90       |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD |
        | p1      | PFS     |
        | p1      | OS      |
        """
    )
