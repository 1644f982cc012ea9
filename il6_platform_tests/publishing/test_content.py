"""What moves what is published has a part in what names it."""

from __future__ import annotations

import ast
import sys
from datetime import date
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from il6_platform import paths
from il6_platform.publishing import content
from il6_platform.publishing.publish import choices_behind
from il6_platform.registry import merged
from il6_platform.registry.struck import strike
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import open_key

COMPUTE = ("statistics", "analysis", "figures", "cohort", "validation")
"""Folders whose modules make a number, a verdict or a figure."""

WRITE_ALONE = {"joblib", "python-calamine", "xlsxwriter"}
"""Packages that they import for a worklist, or for the way to other processes."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "home").mkdir()
    text = paths.default_study().read_text("utf-8")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    file = str(tmp_path / "study.yaml")
    return Site(home=str(tmp_path / "home"), landing=str(tmp_path / "landing"), study_file=file)


def test_what_computes_is_named_with_its_version() -> None:
    modules = [
        path for name in COMPUTE for path in (paths.PACKAGE / name).rglob("*.py") if path.is_file()
    ]
    trees = [ast.parse(path.read_text("utf-8")) for path in modules]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {
        *(node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module),
        *(one.name for node in nodes if isinstance(node, ast.Import) for one in node.names),
    }
    tops = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    known = packages_distributions()
    needed = {known[top][0].lower().replace("_", "-") for top in tops - {"il6_platform"}}
    assert needed - WRITE_ALONE <= set(content.PACKAGES)


@pytest.mark.parametrize(
    ("said", "moves"),
    [
        ("exports: full", True),
        ("sites: {North: {exports: updates}}", True),
        ("exports: full\nsites: {North: {exports: auto}}", True),
        ("quality: {max_quarantine_share: 0.5}", True),
        ("disclosure: {minimal_cell: 5}", True),
        ("sites: {North: {every_days: 30}}", False),
        ("keep: {cuts: 3}", False),
    ],
)
def test_what_the_registry_file_says_is_news(site: Site, said: str, moves: bool) -> None:
    file = site.home_path / "registry.yaml"
    file.write_text("exports: full\n" if "\n" in said else "exports: auto\n", encoding="utf-8")
    before = content.registry_key(site, {})
    file.write_text(f"{said}\n", encoding="utf-8")
    assert (content.registry_key(site, {}) != before) == moves


def test_each_choice_of_a_home_is_behind_its_cuts(site: Site) -> None:
    home, key = site.home_path, open_key(site.home_path)
    found = [choices_behind(site, key)]
    for change in (
        lambda: (home / "merged_patients.csv").write_text("from,to,on\nA,B,2024-01-01\n"),
        lambda: (home / "merged_patients.csv").write_text("from,to,on\nA,C,2024-01-01\n"),
        lambda: (home / "registry.yaml").write_text("sites: {North: {exports: updates}}\n"),
        lambda: strike(home, "a", "somebody", "never was", date(2024, 1, 1)),
        lambda: site.study_path.write_text(
            site.study_path.read_text("utf-8").replace(
                "experimental_drug: bevacizumab", "experimental_drug: a new drug"
            )
        ),
    ):
        change()
        found.append(choices_behind(site, key))
    assert len({tuple(one) for one in found}) == len(found)
    # the order of the list, and the place of a line in it, say nothing
    (home / "merged_patients.csv").write_text("from,to,on\n\nA,C,2024-01-01\n")
    assert choices_behind(site, key) == found[-1]
    # on an earlier day nobody knew of it
    past = Site(
        home=site.home, landing=site.landing, study_file=site.study_file, as_of="2023-01-01"
    )
    assert not [said for said in choices_behind(past, key) if said.startswith(("joined", "struck"))]


def test_a_list_that_excel_saved_is_a_choice_as_any_other(site: Site) -> None:
    keys = {content.registry_key(site)}
    for text in ("from,to,on\nSüd:1,Süd:2,2024-01-01\n", "from,to,on\nSüd:1,Süd:3,2024-01-01\n"):
        for encoding in ("utf-8", "cp1252", "utf-16"):
            (site.home_path / merged.NAME).write_bytes(text.encode(encoding))
            keys.add(content.registry_key(site))
    assert len(keys) == 7
