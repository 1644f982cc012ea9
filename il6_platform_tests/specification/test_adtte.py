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
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD |
        | p1      | PFS     |
        | p1      | OS      |
        """
    )


def test_competing_death(spec: Specification) -> None:
    """Death without progression competes with time to progression (TTP): CNSR 2. It is an event of
    PFS, and no censoring."""
    spec.study("endpoints: [PFS, TTP]")
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 112     | PD       |
        | p2         | day 56      | SD       |
        | p3         | day 56      | SD       |
        """,
        follow_up="""
        | patient_id | last_contact_on | died_on |
        | p1         | day 200         | day 200 |
        | p2         | day 200         | day 200 |
        | p3         | day 200         |         |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC                 |
        | p1      | PFS     | day 112 | 0    | Progressive disease      |
        | p2      | PFS     | day 200 | 0    | Death                    |
        | p3      | PFS     | day 56  | 1    | Last adequate assessment |
        | p1      | OS      | day 200 | 0    | Death                    |
        | p2      | OS      | day 200 | 0    | Death                    |
        | p3      | OS      | day 200 | 1    | Last contact             |
        | p1      | TTP     | day 112 | 0    | Progressive disease      |
        | p2      | TTP     | day 200 | 2    | Death                    |
        | p3      | TTP     | day 56  | 1    | Last adequate assessment |
        """
    )


def test_event_and_competing_event_on_one_day(spec: Specification) -> None:
    """On one day the event counts before what competes, and of several events the one that is named
    first."""
    spec.study("endpoints: [TTP, EFS]")
    spec.given(
        treatments="""
        | patient_id | line | start_date |
        | p1         | 1    | day 0      |
        | p1         | 2    | day 112    |
        """,
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 112     | PD       |
        """,
        follow_up="""
        | patient_id | last_contact_on | died_on |
        | p1         | day 112         | day 112 |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC            |
        | p1      | PFS     | day 112 | 0    | Progressive disease |
        | p1      | OS      | day 112 | 0    | Death               |
        | p1      | TTP     | day 112 | 0    | Progressive disease |
        | p1      | EFS     | day 112 | 0    | Progressive disease |
        """
    )


def test_disease_free_and_event_free_survival(spec: Specification) -> None:
    """Disease-free survival (DFS) ends with progression or death; event-free survival (EFS) also
    with new therapy. Both are censored at the last adequate assessment."""
    spec.study("endpoints: [DFS, EFS]")
    spec.given(
        treatments="""
        | patient_id | line | start_date |
        | p1         | 1    | day 0      |
        | p1         | 2    | day 80     |
        | p2         | 1    | day 0      |
        """,
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p1         | day 112     | PD       |
        | p2         | day 56      | SD       |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC                 |
        | p1      | PFS     | day 112 | 0    | Progressive disease      |
        | p2      | PFS     | day 56  | 1    | Last adequate assessment |
        | p1      | OS      | day 400 | 1    | Last contact             |
        | p2      | OS      | day 400 | 1    | Last contact             |
        | p1      | DFS     | day 112 | 0    | Progressive disease      |
        | p2      | DFS     | day 56  | 1    | Last adequate assessment |
        | p1      | EFS     | day 80  | 0    | New therapy              |
        | p2      | EFS     | day 56  | 1    | Last adequate assessment |
        """
    )


def test_cancer_specific_survival(spec: Specification) -> None:
    """Cancer-specific survival (CSS) ends with death of the disease; death of another cause, or of
    one that is not known, competes."""
    spec.study("endpoints: [CSS]")
    spec.given(
        follow_up="""
        | patient_id | last_contact_on | died_on | cause_of_death |
        | p1         | day 200         | day 200 | disease        |
        | p2         | day 200         | day 200 | other          |
        | p3         | day 200         | day 200 |                |
        | p4         | day 300         |         |                |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | DTHDT   | DTHCAUS |
        | p1      | day 200 | disease |
        | p2      | day 200 | other   |
        | p3      | day 200 |         |
        | p4      |         |         |
        """,
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC            | SRCDOM   | SRCVAR   |
        | p1      | PFS     | day 200 | 0    | Death               | SUBJECTS | DTHDT    |
        | p2      | PFS     | day 200 | 0    | Death               | SUBJECTS | DTHDT    |
        | p3      | PFS     | day 200 | 0    | Death               | SUBJECTS | DTHDT    |
        | p4      | PFS     | day 0   | 1    | No adequate assessment | SUBJECTS | TRTSDT |
        | p1      | OS      | day 200 | 0    | Death               | SUBJECTS | DTHDT    |
        | p2      | OS      | day 200 | 0    | Death               | SUBJECTS | DTHDT    |
        | p3      | OS      | day 200 | 0    | Death               | SUBJECTS | DTHDT    |
        | p4      | OS      | day 300 | 1    | Last contact        | SUBJECTS | LSTALVDT |
        | p1      | CSS     | day 200 | 0    | Death of the cancer | SUBJECTS | DTHDT    |
        | p2      | CSS     | day 200 | 2    | Death               | SUBJECTS | DTHDT    |
        | p3      | CSS     | day 200 | 2    | Death               | SUBJECTS | DTHDT    |
        | p4      | CSS     | day 300 | 1    | Last contact        | SUBJECTS | LSTALVDT |
        """,
    )


def test_time_to_next_treatment(spec: Specification) -> None:
    """Time to next treatment (TTNT) ends with the start of a later line; death before it competes,
    else it is censored at last contact."""
    spec.study("endpoints: [TTNT]")
    spec.given(
        treatments="""
        | patient_id | line | start_date |
        | p1         | 1    | day 0      |
        | p1         | 2    | day 80     |
        | p2         | 1    | day 0      |
        | p3         | 1    | day 0      |
        """,
        follow_up="""
        | patient_id | last_contact_on | died_on |
        | p1         | day 200         | day 200 |
        | p2         | day 200         | day 200 |
        | p3         | day 200         |         |
        """,
        assessments="""
        | patient_id | assessed_on | response |
        | p3         | day 200     | SD       |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | CNSR | EVNTDESC                 | SRCVAR   |
        | p1      | PFS     | day 200 | 0    | Death                    | DTHDT    |
        | p2      | PFS     | day 200 | 0    | Death                    | DTHDT    |
        | p3      | PFS     | day 200 | 1    | Last adequate assessment | ADT      |
        | p1      | OS      | day 200 | 0    | Death                    | DTHDT    |
        | p2      | OS      | day 200 | 0    | Death                    | DTHDT    |
        | p3      | OS      | day 200 | 1    | Last contact             | LSTALVDT |
        | p1      | TTNT    | day 80  | 0    | New therapy              | NEWTRTDT |
        | p2      | TTNT    | day 200 | 2    | Death                    | DTHDT    |
        | p3      | TTNT    | day 200 | 1    | Last contact             | LSTALVDT |
        """
    )


def test_duration_of_response(spec: Specification) -> None:
    """Duration of response (DOR) starts with the first CR or PR where the best response is one of
    them, and ends with progression or death; a patient without response has none."""
    spec.study("endpoints: [DOR]")
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | PR       |
        | p1         | day 112     | CR       |
        | p1         | day 168     | PD       |
        | p2         | day 56      | PR       |
        | p2         | day 112     | SD       |
        | p3         | day 56      | SD       |
        | p4         | day 56      | PD       |
        | p4         | day 112     | PR       |
        """
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | STARTDT | ADT     | AVAL          | CNSR |
        | p1      | PFS     | day 0   | day 168 | 168 / 30.4375 | 0    |
        | p2      | PFS     | day 0   | day 112 | 112 / 30.4375 | 1    |
        | p3      | PFS     | day 0   | day 56  | 56 / 30.4375  | 1    |
        | p4      | PFS     | day 0   | day 56  | 56 / 30.4375  | 0    |
        | p1      | OS      | day 0   | day 400 | 400 / 30.4375 | 1    |
        | p2      | OS      | day 0   | day 400 | 400 / 30.4375 | 1    |
        | p3      | OS      | day 0   | day 400 | 400 / 30.4375 | 1    |
        | p4      | OS      | day 0   | day 400 | 400 / 30.4375 | 1    |
        | p1      | DOR     | day 56  | day 168 | 112 / 30.4375 | 0    |
        | p2      | DOR     | day 56  | day 112 | 56 / 30.4375  | 1    |
        """
    )


def test_an_endpoint_of_the_study_file(spec: Specification) -> None:
    """A study file may declare an endpoint by its sources; it is derived like those of the library,
    which are made only where the study names them."""
    spec.study("""
endpoints:
  - OS
  - {name: TTF, label: Time to failure, events: [new_therapy, progression], competing: [death],
     censor: last_contact}
""")
    spec.given(
        assessments="""
        | patient_id | assessed_on | response |
        | p1         | day 56      | SD       |
        | p2         | day 56      | PD       |
        """
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | PARAM                              | ADT     | CNSR |
        | p1      | PFS     | Progression-free survival (months) | day 56  | 1    |
        | p2      | PFS     | Progression-free survival (months) | day 56  | 0    |
        | p1      | OS      | Overall survival (months)          | day 400 | 1    |
        | p2      | OS      | Overall survival (months)          | day 400 | 1    |
        | p1      | TTF     | Time to failure (months)           | day 400 | 1    |
        | p2      | TTF     | Time to failure (months)           | day 56  | 0    |
        """
    )


def test_a_time_that_the_registry_gives(spec: Specification) -> None:
    """An endpoint that the registry gives as a time takes it, whatever the dates say; the others
    are made from the dates. One without a time, or without a word on the event, is left out: never
    censored."""
    spec.given(
        outcomes="""
        | patient_id | endpoint | months | event |
        | p1         | OS       | 12     | Y     |
        | p2         | OS       | 12     | N     |
        | p3         | OS       |        | Y     |
        | p4         | OS       | 12     |       |
        """
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | AVAL | CNSR | EVNTDESC                          | SRCDOM   | SRCVAR |
        | p1      | PFS     | 0    | 1    | No adequate assessment            | SUBJECTS | TRTSDT |
        | p2      | PFS     | 0    | 1    | No adequate assessment            | SUBJECTS | TRTSDT |
        | p3      | PFS     | 0    | 1    | No adequate assessment            | SUBJECTS | TRTSDT |
        | p4      | PFS     | 0    | 1    | No adequate assessment            | SUBJECTS | TRTSDT |
        | p1      | OS      | 12   | 0    | Event as the registry gives it    | OUTCOMES | TIME   |
        | p2      | OS      | 12   | 1    | Censored as the registry gives it | OUTCOMES | TIME   |
        """
    )


def test_a_given_time_needs_no_follow_up(spec: Specification) -> None:
    """A patient with a given time needs no follow-up; what no date is known for has no row."""
    spec.study(censor="day 365")
    spec.given(
        follow_up="""
        | patient_id | last_contact_on |
        | p9         | day 300         |
        """,
        outcomes="""
        | patient_id | endpoint | months | event |
        | p1         | OS       | 12     | Y     |
        | p2         | OS       | 11     | Y     |
        """,
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | AVAL          | CNSR |
        | p9      | PFS     | day 0   | 0             | 1    |
        | p9      | OS      | day 300 | 300 / 30.4375 | 1    |
        | p1      | OS      | day 365 | 12            | 0    |
        | p2      | OS      | day 335 | 11            | 0    |
        """
    )


def test_a_given_time_beyond_the_censoring_day(spec: Specification) -> None:
    """A given time that reaches beyond the censoring day is cut there, and its event is not known
    yet."""
    spec.study(censor="day 200")
    spec.given(
        outcomes="""
        | patient_id | endpoint | months | event |
        | p1         | OS       | 12     | Y     |
        """
    )
    spec.expect(
        adtte="""
        | USUBJID | PARAMCD | ADT     | AVAL          | CNSR |
        | p1      | PFS     | day 0   | 0             | 1    |
        | p1      | OS      | day 200 | 200 / 30.4375 | 1    |
        """
    )
