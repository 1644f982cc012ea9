"""What analyses declare is there: figure, tables, statistics; one is added by its module alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from il6_platform import analysis, paths
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Listing, analyses
from il6_platform.figures import of_study
from il6_platform.report import tables
from il6_platform.report.figure_catalogue import Report, pictures
from il6_platform.study import read_study

MODULE = '''"""analysis.counted: how many patients there are.

A module of its own and nothing beside it.
"""

from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Drawing, Listing, Spec, Topic, technique
from il6_platform.statistics.estimate import Estimate

SPEC = Spec(
    place=1000,
    figure="ratios",
    drawing=Drawing("Counted", "How many there are."),
    tables=(Listing("Patients with {marker}.", {"hazard_ratio": ("Patients", "number")}),),
    techniques=(
        technique(Topic.SURVIVAL, "patients were counted", "hazard_ratio", papers=("Abacus.",)),
    ),
)


def analyse(cohort, study):
    """Count the patients."""
    results = Results("counted")
    results.add(Estimate("hazard_ratio", 53.0, 50.0, 60.0, n=53, method="Counting"))
    return results
'''


@pytest.mark.parametrize("name", analyses())
def test_what_an_analysis_declares_is_there(name: str) -> None:
    spec = analyses()[name].spec
    assert analyses()[name].text
    assert spec.figure is None or callable(getattr(of_study, spec.figure))
    assert spec.drawing is None or spec.figure is not None
    for table in spec.tables:
        assert isinstance(table, Listing) or callable(getattr(tables, table))


def test_an_analysis_is_added_by_its_module_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counted.py").write_text(MODULE)
    monkeypatch.setattr(analysis, "__path__", [*analysis.__path__, str(tmp_path)])
    analyses.cache_clear()
    try:
        found = analyses()
        assert list(found)[-1] == "counted"
        assert found["counted"].sentence == "How many patients there are."
        study = read_study(paths.default_study())
        made: Results = found["counted"].analyse(None, study)  # type: ignore[arg-type]
        nothing = pd.DataFrame(columns=["analysis", "endpoint", "population", "grp", "x", "y"])
        report = Report(made.frame(), nothing, pd.DataFrame(), study, is_synthetic=False)
        (table,) = tables._declared(report, found["counted"], None)
        assert table.rows == (
            ("All patients", "", ""),
            ("\N{EM SPACE}Patients", "53 (50\N{EN DASH}60)", "53"),
        )
        assert table.title == "Patients with IL-6."
        assert [p.caption for p in pictures(report) if p.section == "Counted"] == [
            "How many there are."
        ]
    finally:
        sys.modules.pop("il6_platform.analysis.counted", None)
        analyses.cache_clear()
