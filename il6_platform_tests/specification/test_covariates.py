"""The study file's covariates: one row a patient and covariate, then columns of ADSL."""

from __future__ import annotations

from il6_platform_tests.specification.harness import Specification


def test_native_columns_as_staging_reads_them(spec: Specification) -> None:
    """A column of the native format is taken as staging reads it: a category written in two
    ways is one level. Age and sex are in ADSL already."""
    spec.study("""
covariates:
  - {name: age, kind: number}
  - {name: ecog, kind: number}
  - {name: ras_status, kind: category}
""")
    spec.given(
        patients="""
        | patient_id | ecog | ras_status |
        | p1         | 1    | mutant     |
        | p2         |      | mutant     |
        """,
        received="""
        | patient_id | ras_status |
        | p2         | Mutant     |
        """,
    )
    spec.expect(
        covariates="""
        | USUBJID | NAME       | KIND     | AVAL | AVALC  |
        | p1      | ecog       | number   | 1    |        |
        | p1      | ras_status | category |      | mutant |
        | p2      | ecog       | number   |      |        |
        | p2      | ras_status | category |      | mutant |
        """
    )


def test_other_columns_as_received(spec: Specification) -> None:
    """Any other column of patients is taken as received, spelling and all; a number that cannot be
    read, and a word for nothing known, are missing."""
    spec.study("covariates: [{name: grade, kind: category}, {name: albumin, kind: number}]")
    spec.given(
        patients="""
        | patient_id | grade | albumin |
        | p1         | G2    | 41.5    |
        | p2         | g2    | n/a     |
        | p3         |       | high    |
        """
    )
    spec.expect(
        covariates="""
        | USUBJID | NAME    | AVAL | AVALC |
        | p1      | grade   |      | G2    |
        | p1      | albumin | 41.5 |       |
        | p2      | grade   |      | g2    |
        | p2      | albumin |      |       |
        | p3      | grade   |      |       |
        | p3      | albumin |      |       |
        """
    )


def test_covariates_are_columns_of_adsl(spec: Specification) -> None:
    """ADSL has a column a covariate, typed by its kind."""
    spec.study("covariates: [{name: grade, kind: category}, {name: albumin, kind: number}]")
    spec.given(
        patients="""
        | patient_id | grade | albumin |
        | p1         | G2    | 41.5    |
        | p2         |       | 39      |
        """
    )
    spec.expect(
        adsl="""
        | USUBJID | grade | albumin |
        | p1      | G2    | 41.5    |
        | p2      |       | 39      |
        """
    )
