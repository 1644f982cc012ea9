"""The same patients by any profile give the same results; who they are stays outside."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from il6_platform import paths
from il6_platform_tests.end_to_end.conftest import Installation
from il6_platform_tests.registry import foreign

DAYS = ("2019-12-31", "2021-12-31", "2022-12-31", "2023-12-31")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.yaml"
    asked = paths.default_study().read_text().replace("replicates: 2000", "replicates: 20")
    path.write_text(asked)
    return path


@pytest.fixture(scope="module")
def native(study: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    made = Installation(tmp_path_factory.mktemp("native"), paths.demo_landing(), study)
    assert made.refresh() == 0
    return made.ask("from report.results")


@pytest.mark.parametrize("name", foreign.FORMATS)
def test_the_same_patients_give_the_same_results(
    name: str, native: pd.DataFrame, study: Path, tmp_path: Path
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    for day in DAYS:
        for file, content in foreign.FORMATS[name](day).items():
            (landing / file).write_bytes(content)
    made = Installation(tmp_path / "home", landing, study)
    assert made.refresh() == 0
    pd.testing.assert_frame_equal(made.ask("from report.results"), native)
    # the same bytes once more, under another name, change nothing
    again = next(iter(foreign.FORMATS[name](DAYS[-1]).items()))
    (landing / f"copy_{again[0]}").write_bytes(again[1])
    before = (made.home / "published").resolve()
    assert made.refresh() == 0
    assert (made.home / "published").resolve() == before
    for path in made.home.rglob("*"):
        # what arrived is kept as it came, for its owner only
        if path.is_file() and "deliveries" not in path.relative_to(made.home).parts:
            content = path.read_bytes()
            for identity in ("某某", "11010119", "Doe CRLM", "CRLM-00"):
                assert identity.encode() not in content, (path, identity)


@pytest.mark.parametrize("name", foreign.FORMATS)
def test_the_shipped_sample_is_what_the_format_writes(name: str) -> None:
    folder = paths.project_root() / "data" / "profiles" / "samples" / name
    made = foreign.FORMATS[name](DAYS[-1])
    assert {path.name for path in folder.iterdir()} == set(made)
    for path in folder.iterdir():
        if path.suffix == ".csv":
            assert path.read_bytes() == made[path.name]
