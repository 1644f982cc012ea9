"""The same patients by any profile give the same results; who they are stays outside."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from il6_platform import paths
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.exports import BEYOND
from il6_platform.registry.profiles import read_profiles
from il6_platform.warehouse.database import Warehouse
from il6_platform_tests.derivation import derive, warehouse_of
from il6_platform_tests.end_to_end.conftest import Installation, brief
from il6_platform_tests.registry import foreign

DAYS = ("2019-12-31", "2021-12-31", "2022-12-31", "2023-12-31")
TWO_DAYS = (DAYS[0], DAYS[-1])
FAMILIES = ("redcap_flat_raw", "cdisc")
"""Formats of which the cohort is derived; the hospital's is refreshed by a site's own profile."""

COHORT = ("subjects", "covariates", "adrs", "adtr", "adtte", "flow")
"""Tables that all results of a study are made of."""


def cohort_of(folder: Path, landing: Path) -> Warehouse:
    """Derive the cohort of a landing folder; in all of them a patient has the same pseudonym."""
    warehouse = warehouse_of(folder, brief(folder / "study.yaml"), landing)
    derive(warehouse)
    return warehouse


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The tables of the cohort that the native exports give."""
    folder = tmp_path_factory.mktemp("native")
    for day in TWO_DAYS:
        shutil.copytree(paths.demo_landing() / day, folder / "landing" / day)
    warehouse = cohort_of(folder, folder / "landing")
    return {table: warehouse.query(f"from cohort.{table} order by all") for table in COHORT}


def rows(files: dict[str, bytes]) -> list[tuple[str | None, dict[str, str]]]:
    """Return the native rows that files hold, as the raw tables would get them."""
    profiles = read_profiles(paths.project_root() / "data" / "profiles")
    found = []
    for file, content in files.items():
        for one in open_deliveries(file, content, profiles).deliveries:
            assert one.export is not None, one.problem
            found += [(one.table, row.cells) for row in one.export.rows]
    return found


def counted(
    found: list[tuple[str | None, dict[str, str]]],
) -> Counter[tuple[str | None, frozenset[tuple[str, str]]]]:
    """Count rows; of an odd line only the patient is sure, whose cells may have shifted."""
    sure = {"patient_id", BEYOND}
    return Counter(
        (table, frozenset(pair for pair in cells.items() if BEYOND not in cells or pair[0] in sure))
        for table, cells in found
    )


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("name", foreign.FORMATS)
def test_the_same_patients_give_the_same_native_rows(name: str, day: str) -> None:
    """All that comes after rests on these rows: the results are the same where the rows are."""
    files = sorted((paths.demo_landing() / day).glob("*.csv"))
    expected = rows({path.name: path.read_bytes() for path in files})
    known = {mapping.table: mapping for mapping in foreign.profile(name).tables}
    for table, cells in expected:
        assert table is not None
        for column, codes in known[table].codes.items():
            # what the registry wrote wrongly may be right in the profile's words: male
            said = {code.lower(): value for code, value in codes.items()}
            if column in cells:
                cells[column] = said.get(cells[column].lower(), cells[column])
        if name.startswith("redcap_flat"):
            # a record in one row has no place for a cell too many
            cells.pop(BEYOND, None)
    assert counted(rows(foreign.FORMATS[name](day))) == counted(expected)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_patients_give_the_same_cohort(
    name: str, native: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    for day in TWO_DAYS:
        for file, content in foreign.FORMATS[name](day).items():
            (landing / file).write_bytes(content)
            # the same bytes once more, under another name, change nothing
            (landing / f"copy_{file}").write_bytes(content)
    warehouse = cohort_of(tmp_path, landing)
    for table, expected in native.items():
        assert len(expected)
        found = warehouse.query(f"from cohort.{table} order by all")
        pd.testing.assert_frame_equal(found, expected)
    _nobody_is_named(tmp_path / "home")


def _nobody_is_named(home: Path) -> None:
    for path in home.rglob("*"):
        # what arrived is kept as it came, for its owner only
        if path.is_file() and "deliveries" not in path.relative_to(home).parts:
            content = path.read_bytes()
            for identity in ("某某", "11010119", "Doe CRLM", "CRLM-00"):
                assert identity.encode() not in content, (path, identity)


def test_a_broken_profile_stops_the_refresh_with_a_sentence(
    begun: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (begun.home / "published").resolve()
    own = begun.home / "profiles" / "own.yaml"
    own.parent.mkdir()
    own.write_text(_own().replace("男: M", "男: m"))
    assert begun.refresh() == 2
    last = capsys.readouterr().err.splitlines()[-1]
    line = 1 + [text.strip()[:6] for text in _own().splitlines()].index("sex: {")
    assert f"profile {own}, line {line}, key tables.0.codes.sex.男: m is no value of sex" in last
    assert (begun.home / "published").resolve() == before


def test_a_file_that_nobody_recognised_is_taken_up_by_a_new_profile(
    begun: Installation, tmp_path: Path
) -> None:
    made = Installation(tmp_path / "home", tmp_path / "landing", begun.study)
    made.landing.mkdir()
    ((file, content),) = foreign.chinese_hospital(DAYS[0]).items()
    (made.landing / file).write_bytes(_renamed(content))
    assert made.refresh() == 1
    own = made.home / "profiles" / "own.yaml"
    own.parent.mkdir()
    own.write_text(_own())
    assert made.refresh() == 0
    question = "from report.results"
    pd.testing.assert_frame_equal(made.ask(question), begun.ask(question))
    _nobody_is_named(made.home)


def _own() -> str:
    """Return the profile of a site that calls the patient's number otherwise."""
    shipped = paths.project_root() / "data" / "profiles" / "chinese_hospital.yaml"
    known = shipped.read_text(encoding="utf-8").replace("住院号", "病人代码")
    return known.replace("name: chinese_hospital", "name: own")


def _renamed(content: bytes) -> bytes:
    """Return a workbook whose patient number has another name."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for entry in before.infolist():
            held = before.read(entry)
            after.writestr(entry, held.replace("住院号".encode(), "病人代码".encode()))
    return out.getvalue()


def test_the_shipped_samples_and_dictionaries_are_what_the_formats_write() -> None:
    shipped = paths.project_root() / "data" / "profiles"
    made = {}
    for name in foreign.FORMATS:
        folder = shipped / "samples" / foreign.profile(name).name
        made |= {
            folder / file: content for file, content in foreign.FORMATS[name](DAYS[-1]).items()
        }
    assert {path for path in (shipped / "samples").rglob("*") if path.is_file()} == set(made)
    for name in ("redcap_flat", "redcap_longitudinal"):
        content = foreign.redcap_dictionary(flat=name == "redcap_flat")
        made[shipped / f"{name}_dictionary.csv"] = content
    for path, content in made.items():
        if path.suffix == ".csv":
            assert path.read_bytes() == content
