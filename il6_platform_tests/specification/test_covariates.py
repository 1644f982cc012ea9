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
    """Any other column of patients is taken as received; a number that cannot be read, and a word
    for nothing known, are missing."""
    spec.study("""
covariates:
  - {name: grade, kind: category, levels: [G1, G2]}
  - {name: albumin, kind: number}
""")
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
        | p2      | grade   |      | G2    |
        | p2      | albumin |      |       |
        | p3      | grade   |      |       |
        | p3      | albumin |      |       |
        """
    )


def test_a_number_is_read_as_every_number_is(spec: Specification) -> None:
    """A number of such a column is read as one of the native format: signs that part thousands, a
    flag. What lies beyond a limit, has a unit or an ambiguous comma is missing."""
    spec.study("covariates: [{name: cea, kind: number}]")
    spec.given(
        patients="""
        | patient_id | cea      |
        | p1         | 41.5 *   |
        | p2         | 1,234.5  |
        | p3         | 12.5 H   |
        | p4         | <5       |
        | p5         | 5 ng/mL  |
        | p6         | 1,234    |
        """
    )
    spec.expect(
        covariates="""
        | USUBJID | NAME | AVAL   |
        | p1      | cea  | 41.5   |
        | p2      | cea  | 1234.5 |
        | p3      | cea  | 12.5   |
        | p4      | cea  |        |
        | p5      | cea  |        |
        | p6      | cea  |        |
        """
    )


def test_covariates_are_columns_of_adsl(spec: Specification) -> None:
    """ADSL has a column a covariate, typed by its kind."""
    spec.study("""
covariates:
  - {name: grade, kind: category, levels: [G1, G2]}
  - {name: albumin, kind: number}
""")
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


def test_unknown_is_a_level_where_it_is_declared(spec: Specification) -> None:
    """A text that says that nothing is known is missing, but a level where a study declares it."""
    spec.study("""
covariates:
  - {name: msi, kind: category, levels: [stable, high, unknown]}
  - {name: grade, kind: category, levels: [G1, G2]}
""")
    spec.given(
        patients="""
        | patient_id | msi     | grade   |
        | p1         | high    | G1      |
        | p2         | Unknown | unknown |
        | p3         |         | n/a     |
        """
    )
    spec.expect(
        covariates="""
        | USUBJID | NAME  | AVALC   |
        | p1      | msi   | high    |
        | p1      | grade | G1      |
        | p2      | msi   | unknown |
        | p2      | grade |         |
        | p3      | msi   |         |
        | p3      | grade |         |
        """
    )


def test_a_level_that_is_not_declared_is_other(spec: Specification) -> None:
    """A value that is none of a category's levels counts as other, and is listed for the data
    manager. BRAF status is wild-type or mutant; case and blanks make no other level."""
    spec.study("""
covariates:
  - {name: grade, kind: category, levels: [G1, G2]}
  - {name: braf_status, kind: category}
""")
    spec.given(
        patients="""
        | patient_id | grade              | braf_status |
        | p1         | G1                 | mutant      |
        | p2         | see Mrs Plantag    | v600e, 2nd  |
        | p3         | other              |             |
        """
    )
    spec.expect(
        covariates="""
        | USUBJID | NAME        | AVALC  | OTHERFL |
        | p1      | grade       | G1     |         |
        | p1      | braf_status | mutant |         |
        | p2      | grade       | other  | Y       |
        | p2      | braf_status | other  | Y       |
        | p3      | grade       | other  |         |
        | p3      | braf_status |        |         |
        """,
        remarks="""
        | patient_id | column_name | rule                        |
        | p2         | grade       | covariate_level_is_declared |
        | p2         | braf_status | covariate_level_is_declared |
        """,
    )


def test_without_a_list_a_rare_value_is_other(spec: Specification) -> None:
    """Where no list of levels is declared, a value that fewer than five patients have counts as
    other: free text in one cell is nobody's level."""
    spec.study("covariates: [{name: ward, kind: category}]")
    spec.given(
        patients="""
        | patient_id | ward      |
        | p1         | A         |
        | p2         | A         |
        | p3         | A         |
        | p4         | A         |
        | p5         | A         |
        | p6         | Plantagen |
        """
    )
    spec.expect(
        covariates="""
        | USUBJID | AVALC |
        | p1      | A     |
        | p2      | A     |
        | p3      | A     |
        | p4      | A     |
        | p5      | A     |
        | p6      | other |
        """
    )


def test_laboratory_result(spec: Specification) -> None:
    """A covariate with `analyte` is that result at baseline, taken as the marker is: the last in
    the window, in the covariate's unit; who has none has a missing value."""
    spec.study("covariates: [{name: tumour_marker, kind: number, analyte: cea, unit: ng/mL}]")
    spec.given(
        labs="""
        | patient_id | analyte | value | unit  | beyond_limit | collected_on |
        | p1         | il6     | 4     | pg/mL |              | day 0        |
        | p1         | cea     | 9     | ng/mL |              | day -20      |
        | p1         | cea     | 0.005 | mg/L  |              | day -3       |
        | p1         | cea     | 70    | ng/mL |              | day 1        |
        | p2         | il6     | 4     | pg/mL |              | day 0        |
        | p2         | cea     | 2     | ng/mL | <            | day 0        |
        | p3         | il6     | 4     | pg/mL |              | day 0        |
        """
    )
    spec.expect(
        covariates="""
        | USUBJID | NAME          | KIND   | AVAL | AVALC |
        | p1      | tumour_marker | number | 5    |       |
        | p2      | tumour_marker | number | 1    |       |
        | p3      | tumour_marker | number |      |       |
        """,
        subjects="""
        | USUBJID | MARKER | ANALFL |
        | p1      | 4      | Y      |
        | p2      | 4      | Y      |
        | p3      | 4      | Y      |
        """,
    )


def test_characteristics(spec: Specification) -> None:
    """Characteristics are described beside the covariates, and read as they are."""
    spec.study("characteristics: [{name: primary_resected, kind: category, reference: N}]")
    spec.given(
        patients="""
        | patient_id | primary_resected |
        | p1         | Y                |
        | p2         |                  |
        """
    )
    spec.expect(
        covariates="""
        | USUBJID | NAME             | KIND     | AVALC |
        | p1      | primary_resected | category | Y     |
        | p2      | primary_resected | category |       |
        """
    )
