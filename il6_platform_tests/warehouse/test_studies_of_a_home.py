"""No study file, site or profile of a home is passed over without a word."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from il6_platform import cli
from il6_platform.errors import UsageError
from il6_platform.publishing.freshness import late
from il6_platform.registry.profiles import read_profiles
from il6_platform.registry_file import read_registry_file
from il6_platform.warehouse.home import Site

STUDY = (
    "marker: {analyte: il6, unit: pg/mL}\narms: {experimental_drug: x}\ncutoff: {method: median}"
)


def home_with(folder: Path, **studies: str) -> Site:
    """Return a home with study files of these names in `studies/`, each with further lines."""
    site = Site(home=str(folder / "home"), landing=str(folder))
    for name, more in studies.items():
        (site.studies_path / f"{name}.yaml").write_text(f"{STUDY}\n{more}\n")
    return site


def test_of_two_files_of_one_name_none_is_passed_over(tmp_path: Path) -> None:
    site = home_with(tmp_path, a="name: crp", b="name: crp")
    with pytest.raises(UsageError, match=r"a\.yaml and .*b\.yaml are both called crp"):
        site.studies()
    (site.studies_path / "b.yaml").unlink()
    # the copy that a refresh makes of a file elsewhere is no second one
    copy = site.studies_path / "crp" / "study.yaml"
    copy.parent.mkdir()
    copy.write_text(f"{STUDY}\nname: crp")
    assert site.studies() == {"crp": site.studies_path / "a.yaml"}


def test_a_study_that_is_renamed_does_not_begin_anew_without_its_cuts(tmp_path: Path) -> None:
    site = home_with(tmp_path)
    file = site.studies_path / "crp" / "study.yaml"
    file.parent.mkdir()
    file.write_text(f"{STUDY}\nname: crp_2")
    assert site.studies() == {"crp_2": file}
    (file.parent / "cuts.csv").touch()
    with pytest.raises(UsageError, match="is called crp_2, and its cuts lie in the folder crp"):
        site.studies()
    file.write_text(STUDY)
    assert site.studies() == {"crp": file}


def test_one_study_alone_is_the_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A study file that is copied as a draft of another one takes `default: true` along."""
    site = home_with(tmp_path, a="default: true", b="default: true", c="")
    assert cli.main(["cuts", "--home", site.home]) == 2
    assert "(a, b, c), and `default: true` in more than one" in capsys.readouterr().err
    (site.studies_path / "b.yaml").unlink()
    assert site.default_study() == site.studies_path / "a.yaml"


def test_a_site_is_one_however_it_is_spelt(tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    file.write_text("sites: {North: {exports: full}, north: {exports: updates}}")
    with pytest.raises(UsageError, match="key sites: North and north are one site"):
        read_registry_file(tmp_path)
    file.write_text("sites: {'north ': {exports: full}}")
    read = read_registry_file(tmp_path)
    assert read is not None and [*read.sites] == ["north"]
    assert late({"north": 30}, {"North": date(2024, 1, 1)}, date(2024, 1, 2)) == []


def test_a_file_that_would_not_be_read_is_said(tmp_path: Path) -> None:
    other = tmp_path / "registry.yml"
    other.write_text("exports: full")
    with pytest.raises(UsageError, match=r"registry\.yml is not read; call it registry\.yaml"):
        read_registry_file(tmp_path)
    other.unlink()
    (tmp_path / "registry.yaml").symlink_to(tmp_path / "moved.yaml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_registry_file(tmp_path)
    (tmp_path / "hospital.yml").write_text("kind: nonsense")
    with pytest.raises(UsageError, match=r"hospital\.yml"):
        read_profiles(tmp_path)
