"""A study file from answers, and schemas that hold what the files may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from il6_platform import cli, paths
from il6_platform.cli.study import FILES, schema
from il6_platform.study import read_study

SHIPPED = {
    "study": sorted((paths.project_root() / "data" / "studies").glob("*.yaml")),
    "profile": sorted((paths.project_root() / "data" / "profiles").glob("*.yaml")),
}


def faults(made: dict[str, Any], content: Any) -> list[str]:
    """Return what a JSON Schema marks in a file's content."""
    # here, not at the top: it is more than a second of imports in each process of tests
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(made)
    return [one.message for one in Draft202012Validator(made).iter_errors(content)]


def loaded(path: Path) -> Any:
    # days of a YAML file are texts in JSON
    return yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)


@pytest.mark.parametrize("kind", FILES)
def test_an_unknown_key_breaks_each_schema(kind: str) -> None:
    assert any("nonsense" in one for one in faults(schema(kind), {"nonsense": 1}))


@pytest.mark.parametrize(
    ("kind", "path"), [(kind, path) for kind in SHIPPED for path in SHIPPED[kind]]
)
def test_what_is_shipped_has_only_keys_of_its_schema(kind: str, path: Path) -> None:
    said = faults(schema(kind), loaded(path))
    assert not [one for one in said if "Additional properties" in one or "required" in one]


@pytest.mark.parametrize("cutoff", ["youden", "maxstat", "median", "4.83"])
def test_answers_make_a_study_file_that_can_be_read(cutoff: str, tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    words = ["study", "init", "--analyte", "crp", "--label", "CRP: high-sensitivity"]
    assert cli.main([*words, "--unit", "mg/L", "--cutoff", cutoff, "--to", str(file)]) == 0
    study = read_study(file)
    assert (study.marker.analyte, study.marker.label) == ("crp", "CRP: high-sensitivity")
    assert study.title == "CRP: high-sensitivity and the efficacy of bevacizumab"
    assert study.cutoff.value == (4.83 if cutoff == "4.83" else None)
    # an editor finds the schema beside the file, and has nothing to mark
    said, _, name = file.read_text("utf-8").splitlines()[0].partition("$schema=")
    assert said == "# yaml-language-server: "
    beside = json.loads((tmp_path / name).read_text("utf-8"))
    content = yaml.safe_load(file.read_text("utf-8"))
    assert not faults(beside, content)
    # a file that is there is not overwritten
    assert cli.main(["study", "init", "--to", str(file)]) == 2


def test_an_answer_that_cannot_be_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "study.yaml"
    assert cli.main(["study", "init", "--cutoff", "best", "--to", str(file)]) == 2
    assert "cutoff.method" in capsys.readouterr().err
    assert not file.exists()
