"""Values beyond sense in a study file are refused by key and line; schedules are cron lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from il6_platform import cli, paths
from il6_platform.cli.demo import shipped_studies
from il6_platform.figures import style
from il6_platform.registry.units import marker_units
from il6_platform.study import StudyError, is_cron_line, read_study
from il6_platform.warehouse.home import Site

MINIMAL = """\
marker: {analyte: il6, unit: pg/mL}
arms: {experimental_drug: bevacizumab}
cutoff: {method: median}
"""


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("landmarks_months: [.inf]", "landmarks_months"),
        ("landmarks_months: [6, -5]", "landmarks_months"),
        ("landmarks_months: [.nan]", "landmarks_months"),
        ("replicates: 999999999", "replicates"),
        ("replicates: -1", "replicates"),
        ("assessment_interval_days: .inf", "assessment_interval_days"),
        ("schedule: every day", "schedule"),
        ("schedule: 0 25 * * *", "schedule"),
        ("planned: {hazard_ratio: .nan}", "hazard_ratio"),
        ("name: a b", "name"),
    ],
)
def test_a_value_beyond_sense_is_refused_by_key_and_line(
    tmp_path: Path, line: str, key: str
) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(MINIMAL + line + "\n")
    with pytest.raises(StudyError) as refused:
        read_study(file)
    assert "line 4" in str(refused.value) and key in str(refused.value)


@pytest.mark.parametrize(
    ("text", "is_cron"),
    [
        ("0 3 * * *", True),
        ("*/15 2-4 1,15 * mon-fri", True),
        ("0 0 31 12 7", True),
        ("0 0 0 1 1", False),
        ("60 * * * *", False),
        ("*/0 * * * *", False),
        ("* * * *", False),
        ("", False),
    ],
)
def test_a_schedule_is_a_cron_line(text: str, is_cron: bool) -> None:
    assert is_cron_line(text) is is_cron


def test_a_study_without_a_name_is_called_after_its_file_or_its_folder(tmp_path: Path) -> None:
    for file, name in (
        (tmp_path / "my study-2.yaml", "my_study_2"),
        (tmp_path / "home" / "studies" / "crp" / "study.yaml", "crp"),
        (tmp_path / "elsewhere" / "study.yaml", "study"),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(MINIMAL)
        assert read_study(file).name == name


def test_a_label_that_looks_like_tex_is_text() -> None:
    assert style.SETTINGS["text.parse_math"] is False


def test_three_studies_ship_and_each_is_of_the_embedded_registry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = shipped_studies()
    assert list(shipped) == ["il6_bevacizumab", "crp_bevacizumab", "nlr_bevacizumab"]
    registry = (paths.demo_landing() / "2023-12-31" / "labs.csv").read_text("utf-8")
    for name, file in shipped.items():
        site = Site(home=str(tmp_path), landing=str(tmp_path), study_file=str(file))
        assert site.study.name == name
        for analyte in marker_units(site.study.marker):
            assert f",{analyte}," in registry
    assert cli.main(["demo", "vegf", "--home", str(tmp_path)]) == 2
    assert "there are all, il6_bevacizumab, crp_bevacizumab" in capsys.readouterr().err


def test_no_published_figure_stands_in_the_code() -> None:
    """What was published is in the study file and in the tests that read it, and nowhere else."""
    claims = read_study(paths.default_study()).published
    figures = {f"{claim.estimate:g}" for claim in claims if claim.estimate is not None}
    # a whole number or one of two digits stands in any code
    telling = {figure for figure in figures if len(figure.replace(".", "")) > 2}
    telling |= {claim.source.removeprefix("doi:") for claim in claims}
    assert {"4.83", "4.85", "201706", "10.25236/FMSR.2023.051102"} <= telling
    root = paths.project_root()
    code = [
        *paths.PACKAGE.rglob("*.py"),
        *paths.PACKAGE.rglob("*.j2"),
        *(root / "sql").rglob("*.sql"),
    ]
    said = [
        (file.relative_to(root).as_posix(), figure)
        for file in code
        for figure in telling
        if re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.])", file.read_text("utf-8"))
    ]
    assert said == []
