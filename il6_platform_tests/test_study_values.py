"""Values beyond sense in a study file are refused by key and line; schedules are cron lines."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from pydantic import BaseModel

from il6_platform import cli, paths
from il6_platform.cli.demo import shipped_studies
from il6_platform.cron import is_cron_line
from il6_platform.errors import UsageError
from il6_platform.figures import style
from il6_platform.registry.profiles.profile import Profile
from il6_platform.registry.units import marker_units
from il6_platform.registry_file import RegistryFile, read_registry_file
from il6_platform.study import Study, StudyError, read_study
from il6_platform.warehouse.home import Site
from il6_platform.yaml_config import PATTERNS

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
        ("landmarks_months: [6, 12, 6]", "landmarks_months"),
        ("landmarks_months: [1201]", "landmarks_months"),
        ("seed: -1", "seed"),
        ("assessment_interval_days: 0.001", "assessment_interval_days"),
        ("assessment_interval_days: 99999", "assessment_interval_days"),
        ("planned: {hazard_ratio: 1}", "hazard_ratio"),
        ("planned: {hazard_ratio: 1.0e-200}", "hazard_ratio"),
        ("planned: {hazard_ratio: 0.6, alpha: 1.0e-300}", "alpha"),
        ("planned: {hazard_ratio: 0.6, power: 0.9999999999}", "power"),
        ("planned: {hazard_ratio: 0.6, events: 1000000000000}", "events"),
        ("monitoring: {looks: [.nan]}", "looks"),
        ("monitoring: {events: 999999999999}", "events"),
        ("quality: {max_marker_shift: .inf}", "max_marker_shift"),
        ("quality: {minimal_cell: 1000000000}", "minimal_cell"),
        ("covariates: [{name: age, kind: number, per: 1.0e-300}]", "per"),
        ("covariates: [{name: age, kind: number, per: .inf}]", "per"),
        ("schedule: 0 3 31 2 *", "schedule"),
        ('title: "\\0"', "title"),
        ('title: "a\\u202eb"', "title"),
        (f"title: {'x' * 100_000}", "title"),
        ('covariates: [{name: sex, kind: category, levels: [F, "\\x01"]}]', "levels"),
        ("landmarks_months: [1.0e-300]", "landmarks_months"),
        ("schedule: mon 3 * * *", "schedule"),
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
    ("old", "new", "key"),
    [
        ("unit: pg/mL", "unit: pg/mL, window_days: [-9999999999, 0]", "window_days"),
        ("unit: pg/mL", "unit: pg/mL, assay_cv: .nan", "assay_cv"),
        ("drug: bevacizumab", "drug: bevacizumab, arm_window_days: 99999999999", "arm_window_days"),
        ("method: median", "method: median, min_patients: 1000000000000", "min_patients"),
        ("method: median", "method: fixed, value: .inf", "value"),
        ("analyte: il6", "analyte: ''", "analyte"),
        ("drug: bevacizumab", "drug: ' '", "experimental_drug"),
        (
            "method: median",
            "method: youden, outcome: {endpoint: PFS, by_months: 1.0e+9}",
            "by_months",
        ),
    ],
)
def test_a_value_beyond_sense_inside_a_part_is_refused(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    file = tmp_path / "study.yaml"
    assert old in MINIMAL
    file.write_text(MINIMAL.replace(old, new))
    with pytest.raises(StudyError) as refused:
        read_study(file)
    assert re.search(rf"line [123], key [a-z.]*{key}", str(refused.value))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("quality: {max_marker_shift: .inf}", "max_marker_shift"),
        ("quality: {max_missing_share: .nan}", "max_missing_share"),
        ("disclosure: {minimal_cell: 1}", "minimal_cell"),
        ("disclosure: {minimal_cell: 999999999}", "minimal_cell"),
        ("disclosure: {dominance: .nan}", "dominance"),
        ("keep: {run_days: 999999999}", "run_days"),
        ("keep: {cuts: 0}", "cuts"),
        ("sites: {A: {every_days: 99999999999}}", "every_days"),
    ],
)
def test_a_value_beyond_sense_in_a_registry_file_is_refused(
    tmp_path: Path, text: str, key: str
) -> None:
    (tmp_path / "registry.yaml").write_text(f"exports: full\n{text}\n")
    with pytest.raises(UsageError, match=f"line 2, key [A-Za-z.]*{key}"):
        read_registry_file(tmp_path)


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
        ("0 3 29 2 *", True),
        ("0 3 30 2 *", False),
        ("0 3 31 apr,jun *", False),
        ("0 3 31 apr,may *", True),
        ("0 3 31 2 mon", True),
        ("0 3 * * sat-sun", True),
        ("0 3 * * jan", False),
        ("jan * * * *", False),
        ("*/30 22-4 * * fri-mon", True),
        ("0 3 30 2 */2", False),
        ("*/99 * * * *", True),
        ("*/100 * * * *", False),
        ("*-5 * * * *", False),
        ("1,,2 * * * *", False),
        ("\u0663 * * * *", False),
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


def test_a_study_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    for title in ("First", "Second"):
        file.write_text(f"title: {title}\n{MINIMAL}", encoding="utf-8")
        assert [read_study(file).title for _ in range(2)] == [title] * 2
    file.unlink()
    with pytest.raises(StudyError):
        read_study(file)


def test_a_study_is_what_was_read_though_its_file_changes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = tmp_path / "study.yaml", tmp_path / "other.yaml"
    text = paths.default_study().read_text("utf-8")
    other.write_text(text.replace("seed: 20230630", "seed: 7"), encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    read = Path.read_bytes

    def changed_once_read(path: Path) -> bytes:
        content = read(path)
        shutil.copy(other, file)
        return content

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", changed_once_read)
        assert read_study(file).seed == 20230630
    assert read_study(file).seed == 7
    file.write_text(text, encoding="utf-8")
    assert read_study(file).seed == 20230630


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("endpoints: PFS", "must be a list"),
        ("landmarks_months: six", "must be a list"),
        ("planned: 0.6", "must be keys and values"),
        ("name: 2023", "must be text; write it in quotes"),
        ("name: a b", "must be letters A to Z, digits and _ alone"),
        ("endpoints: [pfs]", "must be capital letters"),
    ],
)
def test_a_wrong_form_is_said_in_words_of_the_file(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(MINIMAL + line + "\n", encoding="utf-8")
    with pytest.raises(StudyError, match=re.escape(says)):
        read_study(file)


@pytest.mark.parametrize("model", [Study, RegistryFile, Profile])
def test_each_form_that_a_text_must_have_has_its_words(model: type[BaseModel]) -> None:
    found = set(
        re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(model.model_json_schema()))
    )
    assert found and {json.loads(one) for one in found} <= set(PATTERNS)
