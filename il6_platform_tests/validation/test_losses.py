"""A study that has lost what it had is not published over what it was."""

from __future__ import annotations

from il6_platform.validation.losses import lost_arms, lost_covariates, lost_marker, lost_patients


def test_patients_may_be_fewer_by_the_allowed_share_and_never_none() -> None:
    assert not lost_patients(8, 10, 0.2)
    assert "7 patients are analysed, 10" in lost_patients(7, 10, 0.2)
    assert not lost_patients(1, 10, 1.0)
    assert lost_patients(0, 10, 1.0)
    assert "allowed" not in lost_patients(0, 10, 1.0)
    # nothing was published, or nobody was in it
    assert not lost_patients(0, None, 0.2) and not lost_patients(0, 0, 0.2)


def test_a_marker_without_any_result_is_said_with_what_there_is() -> None:
    assert lost_marker("IL-9", 0, 40, ["il6", "crp"]).endswith("; it has il6, crp")
    assert not lost_marker("IL-9", 1, 40, ["il6"])
    # a registry without results has not begun
    assert not lost_marker("IL-9", 0, 0, [])


def test_a_covariate_that_nobody_has_any_more_is_named() -> None:
    assert "ecog" in lost_covariates(["grade"], ["ecog", "grade"])
    assert not lost_covariates(["grade"], [])


def test_an_arm_without_a_patient_is_named() -> None:
    before = {"alone": 24, "with": 29}
    assert lost_arms({"alone": 53}, before).startswith("Nobody is in with any more")
    assert lost_arms({"alone": 1, "with": 0}, {"with": 1}).endswith("has 1 patient")
    assert not lost_arms({"alone": 52, "with": 1}, before)


def test_an_arm_that_lost_most_of_its_patients_is_named() -> None:
    before = {"alone": 24, "with": 29}
    assert "with has 1 patient, 29 in" in lost_arms({"alone": 52, "with": 1}, before, 0.2)
    assert not lost_arms({"alone": 29, "with": 24}, before, 0.2)
    assert "with has 23 patients" in lost_arms({"alone": 30, "with": 23}, before, 0.2)
    # a few corrections in a small arm
    assert not lost_arms({"alone": 8, "with": 4}, {"alone": 4, "with": 8}, 0.2)
    assert "with has 3" in lost_arms({"alone": 9, "with": 3}, {"alone": 4, "with": 8}, 0.2)


def test_a_study_of_one_arm_or_one_that_begins_has_lost_none() -> None:
    assert not lost_arms({"alone": 5}, {"alone": 9, "with": 0}) and not lost_arms({"with": 3}, {})
