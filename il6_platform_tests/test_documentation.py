"""The generated pages are current, links lead somewhere, every command is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from il6_platform import cli, paths
from il6_platform.cli.study import FILES, schema_text
from il6_platform_tests.documentation import FOLDER, PAGES, SCHEMAS

ROOT = paths.project_root()


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_current(page: str) -> None:
    made = (FOLDER / page).read_text(encoding="utf-8")
    assert made == PAGES[page](), "run python -m il6_platform_tests.documentation"


@pytest.mark.parametrize("kind", FILES)
def test_a_shipped_schema_is_current(kind: str) -> None:
    made = (SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert made == schema_text(kind), "run python -m il6_platform_tests.documentation"


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(FOLDER.glob("*.md"))], ids=lambda path: path.name
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_a_newcomer_reads_the_readme_in_two_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_every_command_says_what_it_does() -> None:
    said = (FOLDER / "commands.md").read_text(encoding="utf-8")
    for command in cli.COMMANDS:
        assert f"## il6 {command}\n" in said
