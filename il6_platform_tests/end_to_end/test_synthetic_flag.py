"""A registry that is synthetic says so wherever its figures are shown; a real one never does."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from il6_platform import cli, paths
from il6_platform.exchange.datasets import write_results
from il6_platform.manuscript.document import new_document
from il6_platform.manuscript.workbook import workbook
from il6_platform.registry.landing import digest_of
from il6_platform.report.reader import Cut, read_cut
from il6_platform.report.synthetic_flag import SYNTHETIC, is_synthetic, said_synthetic
from il6_platform.warehouse.home import Site
from il6_platform_tests.end_to_end.conftest import Installation


@pytest.mark.parametrize(
    ("readme", "expected"),
    [
        ("# The embedded registry: SYNTHETIC\n\nNo patient is real.\n", True),
        ("# Our registry\n\nNot SYNTHETIC at all.\n", False),
        (None, False),
    ],
)
def test_the_landing_folder_declares_it(tmp_path: Path, readme: str | None, expected: bool) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    if readme is not None:
        (landing / "README.md").write_text(readme, encoding="utf-8")
    site = Site(
        home=str(tmp_path / "home"), landing=str(landing), study_file=str(paths.default_study())
    )
    assert is_synthetic(site, ["0" * 64]) is expected
    # the embedded exports are known wherever they are landed
    embedded = next(paths.demo_landing().rglob("*.csv"))
    assert is_synthetic(site, [digest_of(embedded.read_bytes())])


def test_a_real_registry_is_not_said_to_be_synthetic() -> None:
    rows = [("study", "title", "A synthetic title: SYNTHETIC"), ("cut", "cut", "abc")]
    assert not said_synthetic(pd.DataFrame(rows, columns=["kind", "name", "value"]))


@pytest.fixture(scope="module")
def cut(demo: Installation) -> Cut:
    return read_cut((demo.home / "published" / "report.duckdb").resolve())


def test_it_is_said_in_every_place_that_shows_it(
    demo: Installation, cut: Cut, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--home", str(demo.home)]) == 0
    assert SYNTHETIC in capsys.readouterr().out
    page = (demo.home / "published" / "report.html").read_text("utf-8")
    head, _, body = page.partition("</style>")
    assert SYNTHETIC in head, "the foot of a printed page"
    assert SYNTHETIC in body.partition("<svg")[0], "the head of the page"
    drawings = re.findall(r"<svg.*?</svg>", body, flags=re.DOTALL)
    assert len(drawings) > 25
    assert all(SYNTHETIC in drawing for drawing in drawings)
    about = openpyxl.load_workbook(io.BytesIO(workbook(cut)))["about"]
    assert SYNTHETIC in [row[1].value for row in about.iter_rows()]
    assert new_document(cut, "any").sections[0].header.paragraphs[0].text == SYNTHETIC
    _, ars = write_results(demo.home / "published" / "report.duckdb", cut.name, tmp_path)
    assert json.loads(ars.read_text("utf-8"))["description"].startswith(SYNTHETIC)
