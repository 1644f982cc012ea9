"""Who is in the study: time zero, arm, baseline marker, or the reason for not being analysed."""

from __future__ import annotations

import pytest

from il6_platform_tests.specification.harness import Specification


def test_time_zero(spec: Specification) -> None:
    """Time zero is the earliest start of a first-line drug; drugs of later lines do not count."""
    spec.given(
        treatments="""
        | patient_id | line | drug       | start_date |
        | p1         | 1    | folfox     | day 3      |
        | p1         | 1    | folfiri    | day 0      |
        | p1         | 2    | irinotecan | day -5     |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | TRTSDT |
        | p1      | day 0  |
        """
    )


def test_experimental_arm(spec: Specification) -> None:
    """A patient is in the experimental arm where the study's drug started with line 1, or within
    28 days of time zero; on day 29 it is too late."""
    spec.given(
        treatments="""
        | patient_id | line | drug        | start_date |
        | p1         | 1    | folfox      | day 0      |
        | p2         | 1    | bevacizumab | day 0      |
        | p3         | 1    | folfox      | day 0      |
        | p3         | 1    | bevacizumab | day 28     |
        | p4         | 1    | folfox      | day 0      |
        | p4         | 1    | bevacizumab | day 29     |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | ARMCD | ARM         |
        | p1      | C     | Control     |
        | p2      | E     | Bevacizumab |
        | p3      | E     | Bevacizumab |
        | p4      | C     | Control     |
        """
    )


def test_experimental_drug_of_a_later_line(spec: Specification) -> None:
    """The experimental drug in a later line leaves the patient in the control arm."""
    spec.given(
        treatments="""
        | patient_id | line | drug        | start_date |
        | p1         | 1    | folfox      | day 0      |
        | p1         | 2    | bevacizumab | day 10     |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | ARMCD | NEWTRTDT |
        | p1      | C     | day 10   |
        """
    )


def test_arm_window_of_the_study(spec: Specification) -> None:
    """The study file sets the arm's window (`arms.arm_window_days`)."""
    spec.study("arms: {arm_window_days: 0}")
    spec.given(
        treatments="""
        | patient_id | drug        | start_date |
        | p1         | bevacizumab | day 0      |
        | p2         | folfox      | day 0      |
        | p2         | bevacizumab | day 1      |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | ARMCD |
        | p1      | E     |
        | p2      | C     |
        """
    )


def test_experimental_regimen(spec: Specification) -> None:
    """A regimen is the experimental drug where all its substances were given, by any name."""
    spec.study("arms: {experimental_drug: FOLFOXIRI}")
    spec.given(
        treatments="""
        | patient_id | drug                                            |
        | p1         | folfoxiri                                       |
        | p2         | fluorouracil/leucovorin/oxaliplatin/irinotecan  |
        | p3         | folfox                                          |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | ARMCD |
        | p1      | E     |
        | p2      | E     |
        | p3      | C     |
        """
    )


def test_arm_of_texts_that_no_dictionary_holds(spec: Specification) -> None:
    """A text that no dictionary holds may be the experimental drug by another name, so that its
    patient is not evaluable; `arms.control_drugs` names texts that are not (`*`: any)."""
    spec.study("arms: {experimental_drug: basal-like, control_drugs: [luminal a]}")
    spec.given(
        treatments="""
        | patient_id | drug       |
        | p1         | basal-like |
        | p2         | luminal a  |
        | p3         | her2       |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | ARMCD | EXCLREAS                      |
        | p1      | E     |                               |
        | p2      | C     |                               |
        | p3      | C     | Decisive record in quarantine |
        """
    )


def test_new_therapy(spec: Specification) -> None:
    """New therapy starts on the first day of any line after the first."""
    spec.given(
        treatments="""
        | patient_id | line | drug       | start_date |
        | p1         | 1    | folfox     | day 0      |
        | p1         | 3    | folfiri    | day 200    |
        | p1         | 2    | irinotecan | day 120    |
        | p2         | 1    | folfox     | day 0      |
        | p2         | 1    | cetuximab  | day 60     |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | NEWTRTDT |
        | p1      | day 120  |
        | p2      |          |
        """
    )


def test_a_later_line_before_time_zero_is_no_new_therapy(spec: Specification) -> None:
    """A later line that is given a day before time zero, as where lines are in a wrong order, is no
    new therapy; one on the day of time zero is. It was, so that times ended before they began.
    """
    spec.given(
        treatments="""
        | patient_id | line | drug       | start_date |
        | p1         | 1    | folfox     | day 0      |
        | p1         | 2    | irinotecan | day -20    |
        | p1         | 3    | folfiri    | day 120    |
        | p2         | 1    | folfox     | day 0      |
        | p2         | 2    | irinotecan | day -20    |
        | p3         | 1    | folfox     | day 0      |
        | p3         | 2    | irinotecan | day 0      |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | NEWTRTDT |
        | p1      | day 120  |
        | p2      |          |
        | p3      | day 0    |
        """
    )


def test_marker_window_is_closed_at_both_ends(spec: Specification) -> None:
    """The baseline marker is taken from day -28 to day 0; both days are in the window."""
    spec.given(
        labs="""
        | patient_id | value | collected_on |
        | p1         | 7     | day -29      |
        | p2         | 7     | day -28      |
        | p3         | 7     | day 0        |
        | p4         | 7     | day 1        |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKDT  | ANALFL | EXCLREAS                        |
        | p1      |        |         | N      | No baseline marker in the window |
        | p2      | 7      | day -28 | Y      |                                 |
        | p3      | 7      | day 0   | Y      |                                 |
        | p4      |        |         | N      | No baseline marker in the window |
        """
    )


def test_marker_window_of_the_study(spec: Specification) -> None:
    """The study file sets the marker's window (`marker.window_days`), also beyond time zero."""
    spec.study("marker: {window_days: [-7, 3]}")
    spec.given(
        labs="""
        | patient_id | value | collected_on |
        | p1         | 7     | day -8       |
        | p2         | 7     | day -7       |
        | p3         | 7     | day 3        |
        | p4         | 7     | day 4        |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER |
        | p1      |        |
        | p2      | 7      |
        | p3      | 7      |
        | p4      |        |
        """
    )


def test_last_result_in_the_window(spec: Specification) -> None:
    """The last result in the window counts, whatever its value."""
    spec.given(
        labs="""
        | patient_id | value | collected_on |
        | p1         | 9     | day -20      |
        | p1         | 2     | day -3       |
        | p1         | 5     | day -10      |
        | p1         | 8     | day 2        |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKDT |
        | p1      | 2      | day -3 |
        """
    )


def test_another_analyte(spec: Specification) -> None:
    """A result of another analyte is no marker."""
    spec.given(
        labs="""
        | patient_id | analyte | value | collected_on |
        | p1         | il6     | 7     | day -5       |
        | p1         | crp     | 30    | day 0        |
        | p2         | crp     | 30    | day 0        |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | EXCLREAS                        |
        | p1      | 7      |                                 |
        | p2      |        | No baseline marker in the window |
        """
    )


def test_names_that_no_dictionary_holds(spec: Specification) -> None:
    """A name that no dictionary holds may be another name of the marker where its unit is one of
    the marker's: a patient whose baseline result it may be is not evaluable, and the name is
    listed. `marker.other_analytes` names texts that are not the marker (`*`: any)."""
    spec.study("marker: {other_analytes: [Marker X]}")
    spec.given(
        labs="""
        | patient_id | analyte    | certainty | value | unit  | collected_on |
        | p1         | il6        | known     | 7     | pg/mL | day -5       |
        | p1         | see letter | unknown   | 9     | ng/L  | day -2       |
        | p2         | il6        | known     | 7     | pg/mL | day -5       |
        | p2         | see letter | unknown   | 9     | pg/mL | day -9       |
        | p3         | il6        | known     | 7     | pg/mL | day -5       |
        | p3         | see letter | unknown   | 9     | mmol  | day -2       |
        | p4         | see letter | unknown   | 9     | pg/mL | day -2       |
        | p5         | il6        | known     | 7     | pg/mL | day -5       |
        | p5         | marker x   | unknown   | 9     | pg/mL | day -2       |
        | p6         | il6        | known     | 7     | pg/mL | day -5       |
        | p6         | see letter | unknown   | 9     | pg/mL | day 2        |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | EXCLREAS                      |
        | p1      | 7      | Decisive record in quarantine |
        | p2      | 7      |                               |
        | p3      | 7      |                               |
        | p4      |        | Decisive record in quarantine |
        | p5      | 7      |                               |
        | p6      | 7      |                               |
        """,
        decisive="""
        | patient_id | file_line | code            |
        | p1         | 3         | marker_may_move |
        | p4         | 8         | marker_may_move |
        """,
        remarks="""
        | patient_id | file_line | rule             |
        | p1         | 3         | analyte_is_known |
        """,
    )


@pytest.mark.across_patients
def test_names_that_stand_beside_the_marker(spec: Specification) -> None:
    """Such a name is of another analyte where it has another value than the marker in the same
    sample, in three patients or more, and a tenth of those who have it in that unit."""
    spec.given(
        labs="""
        | patient_id | analyte | certainty | value | unit  | collected_on |
        | p1         | il6     | known     | 7     | pg/mL | day -5       |
        | p1         | beside  | unknown   | 9     | pg/mL | day -5       |
        | p2         | il6     | known     | 7     | pg/mL | day -5       |
        | p2         | beside  | unknown   | 9     | pg/mL | day -5       |
        | p3         | il6     | known     | 7     | pg/mL | day -5       |
        | p3         | beside  | unknown   | 9     | pg/mL | day -5       |
        | p4         | il6     | known     | 7     | pg/mL | day -5       |
        | p4         | beside  | unknown   | 9     | pg/mL | day -2       |
        | p5         | il6     | known     | 7     | pg/mL | day -5       |
        | p5         | beside  | unknown   | 9     | ng/mL | day -2       |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | EXCLREAS                      |
        | p1      | 7      |                               |
        | p2      | 7      |                               |
        | p3      | 7      |                               |
        | p4      | 7      |                               |
        | p5      | 7      | Decisive record in quarantine |
        """
    )


def test_half_the_limit(spec: Specification) -> None:
    """A result below the limit of quantification is half the limit; above the upper limit it is
    the limit. Both are flagged."""
    spec.given(
        labs="""
        | patient_id | value | beyond_limit |
        | p1         | 1.5   | <            |
        | p2         | 5000  | >            |
        | p3         | 1.5   |              |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKLIM |
        | p1      | 0.75   | <       |
        | p2      | 5000   | >       |
        | p3      | 1.5    |         |
        """
    )


def test_the_limit_itself(spec: Specification) -> None:
    """With `below_loq: limit` a result below the limit of quantification is the limit."""
    spec.study("marker: {below_loq: limit}")
    spec.given(
        labs="""
        | patient_id | value | beyond_limit |
        | p1         | 1.5   | <            |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKLIM |
        | p1      | 1.5    | <       |
        """
    )


def test_zero_below_the_limit(spec: Specification) -> None:
    """With `below_loq: zero` a result below the limit of quantification is 0; one above the upper
    limit stays that limit."""
    spec.study("marker: {below_loq: zero}")
    spec.given(
        labs="""
        | patient_id | value | beyond_limit |
        | p1         | 1.5   | <            |
        | p2         | 5000  | >            |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | MARKER | MARKLIM |
        | p1      | 0      | <       |
        | p2      | 5000   | >       |
        """
    )


def test_age_in_completed_years(spec: Specification) -> None:
    """Age is in completed years at time zero; who has the birthday on that day has completed it.
    An age that the registry gives is used where there is no date of birth."""
    spec.given(
        patients="""
        | patient_id | birth_date | age_years |
        | p1         | 1961-06-01 | 40        |
        | p2         | 1961-06-02 |           |
        | p3         |            | 60.5      |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | TRTSDT     | AGE  |
        | p1      | 2021-06-01 | 60   |
        | p2      | 2021-06-01 | 59   |
        | p3      | 2021-06-01 | 60.5 |
        """
    )


def test_death_and_last_contact(spec: Specification) -> None:
    """The day of death and the day last known alive are those of follow-up."""
    spec.given(
        follow_up="""
        | patient_id | last_contact_on | vital_status | died_on |
        | p1         | day 300         | alive        |         |
        | p2         | day 250         | dead         | day 250 |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | DTHDT   | LSTALVDT |
        | p1      |         | day 300  |
        | p2      | day 250 | day 250  |
        """
    )


def test_cause_of_death(spec: Specification) -> None:
    """The cause of death is the disease, another one, or not known; before the death is known, as
    on an earlier censoring day, neither is its cause."""
    spec.study(censor="day 100")
    spec.given(
        follow_up="""
        | patient_id | last_contact_on | died_on | cause_of_death |
        | p1         | day 90          | day 90  | disease        |
        | p2         | day 90          | day 90  | other          |
        | p3         | day 90          | day 90  | unknown        |
        | p4         | day 90          | day 90  |                |
        | p5         | day 101         | day 101 | disease        |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | DTHDT  | DTHCAUS |
        | p1      | day 90 | disease |
        | p2      | day 90 | other   |
        | p3      | day 90 |         |
        | p4      | day 90 |         |
        | p5      |        |         |
        """
    )


def test_nobody_without_a_patient_record(spec: Specification) -> None:
    """Who arrived in another table alone is not analysed: no patient record."""
    spec.given(
        patients="""
        | patient_id |
        | p1         |
        """,
        treatments="""
        | patient_id | start_date |
        | p1         | day 0      |
        | p2         | day 0      |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID | ITTFL | ANALFL | EXCLREAS          |
        | p1      | Y     | Y      |                   |
        | p2      | N     | N      | No patient record |
        """
    )


def test_patient_record_in_quarantine(spec: Specification) -> None:
    """Whose patient record arrived and is set aside is not analysed."""
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
        lines="""
        | table_name | patient |
        | patients   | p2      |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID | ITTFL | EXCLREAS                     |
        | p1      | Y     |                              |
        | p2      | N     | Patient record in quarantine |
        """
    )


def test_no_first_line_treatment(spec: Specification) -> None:
    """Without a first-line drug there is no time zero and no arm: not analysed."""
    spec.given(
        treatments="""
        | patient_id | line | start_date |
        | p1         | 2    | day 0      |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | TRTSDT | ARM | ARMCD | ITTFL | ANALFL | EXCLREAS                |
        | p1      |        |     |       | N     | N      | No first-line treatment |
        """
    )


def test_no_follow_up(spec: Specification) -> None:
    """Without follow-up a patient is not analysed."""
    spec.given(
        patients="""
        | patient_id |
        | p1         |
        | p2         |
        """,
        follow_up="""
        | patient_id |
        | p1         |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID | ARMCD | ITTFL | ANALFL | EXCLREAS     |
        | p1      | C     | Y     | Y      |              |
        | p2      | C     | N     | N      | No follow-up |
        """
    )


def test_no_marker_stays_in_the_population(spec: Specification) -> None:
    """Who has all but a baseline marker is treated and followed up (ITTFL = Y), yet not analysed
    (ANALFL = N)."""
    spec.given(
        labs="""
        | patient_id | collected_on |
        | p1         | day 0        |
        | p2         | day 40       |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | ITTFL | ANALFL | EXCLREAS                        |
        | p1      | Y     | Y      |                                 |
        | p2      | Y     | N      | No baseline marker in the window |
        """
    )


def test_the_first_reason_counts(spec: Specification) -> None:
    """Who lacks several things is counted once, under the first: patient record, first-line
    treatment, follow-up, marker."""
    spec.given(
        patients="""
        | patient_id |
        | p1         |
        | p2         |
        """,
        treatments="""
        | patient_id | line |
        | p2         | 1    |
        | p3         | 2    |
        """,
        follow_up="""
        | patient_id |
        | p9         |
        """,
        labs="""
        | patient_id |
        | p9         |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID | EXCLREAS                |
        | p1      | No first-line treatment |
        | p2      | No follow-up            |
        | p3      | No patient record       |
        | p9      | No patient record       |
        """
    )


def test_withdrawn_consent(spec: Specification) -> None:
    """Who withdrew consent is in no cohort table."""
    spec.given(
        patients="""
        | patient_id |
        | p1         |
        """,
        lines="""
        | table_name | patient | status    |
        | patients   | p2      | withdrawn |
        | labs       | p2      | withdrawn |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID |
        | p1      |
        """
    )


@pytest.mark.across_patients
def test_order_of_arrival(spec: Specification) -> None:
    """Patients stand in the order in which they first arrived: by the day of the export, then by
    its place among the deliveries and its line."""
    spec.given(
        patients="""
        | patient_id |
        | p1         |
        | p2         |
        | p3         |
        """,
        lines="""
        | table_name | patient | delivered_on | position | line |
        | patients   | p3      | day -90      | 1        | 9    |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID | SUBJSEQ |
        | p3      | 1       |
        | p1      | 2       |
        | p2      | 3       |
        """
    )


def test_start_after_the_censoring_day(spec: Specification) -> None:
    """Where follow-up is cut on a day (`--censor`), who starts treatment on that day is in and who
    starts later has not arrived."""
    spec.study(censor="day 100")
    spec.given(
        treatments="""
        | patient_id | start_date |
        | p1         | day 100    |
        | p2         | day 101    |
        """,
        labs="""
        | patient_id | collected_on |
        | p1         | day 100      |
        | p2         | day 100      |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID | TRTSDT  | ANALFL |
        | p1      | day 100 | Y      |
        """
    )


def test_death_and_contact_at_the_censoring_day(spec: Specification) -> None:
    """A death on the censoring day is known, one later is not; last contact is no later than it.

    Who died later was alive on it, whenever he was last seen (p5).
    """
    spec.study(censor="day 100")
    spec.given(
        follow_up="""
        | patient_id | last_contact_on | died_on |
        | p1         | day 100         | day 100 |
        | p2         | day 101         | day 101 |
        | p3         | day 400         |         |
        | p4         | day 60          |         |
        | p5         | day 60          | day 130 |
        """
    )
    spec.expect(
        subjects="""
        | USUBJID | DTHDT   | LSTALVDT |
        | p1      | day 100 | day 100  |
        | p2      |         | day 100  |
        | p3      |         | day 100  |
        | p4      |         | day 60   |
        | p5      |         | day 100  |
        """
    )


def test_drugs_and_results_after_the_censoring_day(spec: Specification) -> None:
    """A drug, a new therapy or a marker that follows the censoring day is not known."""
    spec.study("marker: {window_days: [-28, 20]}", censor="day 10")
    spec.given(
        treatments="""
        | patient_id | line | drug        | start_date |
        | p1         | 1    | folfox      | day 0      |
        | p1         | 1    | bevacizumab | day 10     |
        | p1         | 2    | folfiri     | day 10     |
        | p2         | 1    | folfox      | day 0      |
        | p2         | 1    | bevacizumab | day 11     |
        | p2         | 2    | folfiri     | day 11     |
        """,
        labs="""
        | patient_id | value | collected_on |
        | p1         | 3     | day 0        |
        | p1         | 9     | day 10       |
        | p2         | 3     | day 0        |
        | p2         | 9     | day 11       |
        """,
    )
    spec.expect(
        subjects="""
        | USUBJID | ARMCD | NEWTRTDT | MARKER |
        | p1      | E     | day 10   | 9      |
        | p2      | C     |          | 3      |
        """
    )
