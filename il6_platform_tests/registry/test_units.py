"""Units are converted by a table with sources; what is not in it is not guessed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from il6_platform import paths
from il6_platform.registry.units import analytes, conversions, plain_name, plain_unit

DATA = paths.project_root() / "data"
UNITS, NAMES = DATA / "units.csv", DATA / "names.csv"


def factors(analyte: str, marker: str = "il6", unit: str = "pg/mL") -> dict[str, float]:
    every = conversions(UNITS, NAMES, marker, unit)
    return {one.unit: one.factor for one in every if one.analyte == analyte}


def test_factors_are_relative_to_the_studys_unit() -> None:
    known = factors("il6", "IL-6", "pg/mL")
    assert known["pg/ml"] == known["ng/l"] == 1
    # NIBSC 89/548: 100 000 IU are 1 ug
    assert known["iu/ml"] == pytest.approx(1e6 / 1e5)
    other = factors("il6", "白介素6", "ng/mL")
    assert other["pg/ml"] == pytest.approx(0.001)
    assert {a: known[a] / known["ng/ml"] for a in known} == pytest.approx(other)


def test_other_analytes_are_relative_to_their_reference_unit() -> None:
    assert factors("crp")["mg/dl"] == pytest.approx(10)
    assert factors("crp", "crp", "mg/dL")["mg/l"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("analyte", "unit", "factor"),
    [
        *(("il6", "mg/dl", 1e7), ("il6", "fg/ml", 1e-3), ("crp", "ug/l", 1e-3)),
        *(("neutrophils", "10*6/ml", 1), ("neutrophils", "10*3/ul", 1), ("neutrophils", "g/l", 1)),
        *(("albumin", "mg/ml", 1), ("ca199", "u/l", 1e-3)),
        # by the molar mass, from a row of its own
        *(
            ("creatinine", "mg/dl", 88.4),
            ("creatinine", "mmol/l", 1e3),
            ("bilirubin", "mg/dl", 17.1),
        ),
    ],
)
def test_units_of_the_same_dimension_are_known_by_their_grammar(
    analyte: str, unit: str, factor: float
) -> None:
    assert factors(analyte)[unit] == factor


def test_a_mass_is_never_made_an_amount() -> None:
    assert not {"pmol/l", "nmol/l", "u/ml"} & set(factors("il6"))


def test_a_marker_or_unit_that_is_not_there_has_its_own_only() -> None:
    assert factors("nodes", "nodes", "count") == {"count": 1.0}
    assert factors("il6", "il6", "pmol/L") == {"pmol/l": 1.0}


def test_a_factor_that_cannot_be_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("analyte,unit,factor,source\nil6,pg/mL,1,\nil6,x,0,\n")
    with pytest.raises(ValueError, match=r"units.csv, line 3: factor 0.0 is not positive"):
        conversions(tmp_path / "units.csv", NAMES, "il6", "pg/mL")


def test_no_name_stands_for_two_things() -> None:
    with NAMES.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    meant = {(plain_name(row["written"]), row["name"]) for row in rows}
    assert len({written for written, _ in meant}) == len(meant)
    assert not {written for written, _ in meant} & {plain_name(row["name"]) for row in rows} - {
        plain_name(row["name"]) for row in rows if plain_name(row["written"]) == row["name"]
    }
    known = analytes(UNITS, NAMES)
    assert known["白细胞介素6"] == "il6"
    assert "bevacizumab" not in known
    # of what the sample is may matter: the data manager is asked
    assert "plasmail6" not in known


def test_units_and_names_are_read_as_they_are_written() -> None:
    assert (
        plain_unit(" \N{MICRO SIGN}g / L") == plain_unit("\N{GREEK SMALL LETTER MU}g/L") == "ug/l"
    )
    assert plain_name("IL\N{NON-BREAKING HYPHEN}6 ") == plain_name("il_6") == "il6"
