"""Units are converted by a table with sources; what is not in it is not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6_platform import paths
from il6_platform.registry.units import factors, plain_unit
from il6_platform_tests.end_to_end.conftest import Installation

TABLE = paths.project_root() / "data" / "units.csv"


def test_factors_are_relative_to_the_studys_unit() -> None:
    known = factors(TABLE, "IL-6", "pg/mL")
    assert known["pg/ml"] == known["ng/l"] == 1
    # NIBSC 89/548: 100 000 IU are 1 ug
    assert known["iu/ml"] == pytest.approx(1e6 / 1e5)
    other = factors(TABLE, "il6", "ng/mL")
    assert other["pg/ml"] == pytest.approx(0.001)
    assert {a: known[a] / known["ng/ml"] for a in known} == pytest.approx(other)


def test_a_marker_or_unit_that_is_not_there_has_its_own_only() -> None:
    assert factors(TABLE, "nodes", "count") == {"count": 1.0}
    assert factors(TABLE, "il6", "pmol/L") == {"pmol/l": 1.0}


def test_units_are_read_as_they_are_written() -> None:
    assert (
        plain_unit(" \N{MICRO SIGN}g / L") == plain_unit("\N{GREEK SMALL LETTER MU}g/L") == "ug/l"
    )


def test_a_registry_in_another_known_unit_gives_the_same_markers(tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    asked = paths.default_study().read_text().replace("replicates: 2000", "replicates: 0")
    study.write_text(asked)
    markers = []
    for unit, factor in (("pg/mL", 1.0), ("IU/mL", 10.0)):
        landing = tmp_path / unit.replace("/", "") / "landing"
        landing.mkdir(parents=True)
        made = Installation(landing.parent / "home", landing, study)
        made.deliver("2019-12-31")
        labs = landing / "2019-12-31" / "labs.csv"
        lines = []
        for line in labs.read_text().splitlines():
            cells = line.split(",")
            if cells[1] == "il6":
                sign = cells[2][0] if cells[2][0] in "<>" else ""
                cells[2] = f"{sign}{float(cells[2].lstrip('<>')) / factor!r}"
                cells[3] = unit
            lines.append(",".join(cells))
        labs.write_text("\n".join(lines) + "\n")
        assert made.refresh() == 0
        found = made.ask(
            "select grp, statistic, estimate from report.results "
            "where analysis = 'baseline' and term = 'MARKER' and contrast is null"
        )
        markers.append(found["estimate"].tolist())
    assert markers[0] == pytest.approx(markers[1])
