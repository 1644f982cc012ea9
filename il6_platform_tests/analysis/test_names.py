"""Every name that readers ask for is one that an analysis gives its rows."""

from __future__ import annotations

import ast
from enum import StrEnum
from pathlib import Path

import pytest

from il6_platform import paths
from il6_platform.analysis.names import Analysis, Model, Statistic
from il6_platform.analysis.spec import analyses


def written() -> set[str]:
    """Return every text that stands in the code that makes rows."""
    files: list[Path] = []
    for folder in ("statistics", "analysis"):
        files += (paths.PACKAGE / folder).glob("*.py")
    trees = [ast.parse(f.read_text("utf-8")) for f in files if f.name != "names.py"]
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("names", [Statistic, Model])
def test_what_readers_ask_for_is_made(names: type[StrEnum]) -> None:
    assert set(map(str, names)) <= written()


def test_the_analyses_that_readers_ask_for_are_there() -> None:
    assert set(map(str, Analysis)) <= set(analyses())
