"""What a command imports before it has anything to do: a wait that nobody asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from il6_platform_tests.end_to_end.conftest import Installation

HEAVY = {
    *("dagster", "great_expectations", "pandas", "pyarrow", "matplotlib", "duckdb", "scipy"),
    *("sklearn", "lifelines", "statsmodels", "sqlalchemy", "sqlglot", "jinja2", "lxml"),
}
SCRIPT = """
import json, sys
from il6_platform import cli
try:
    status = cli.main(sys.argv[1:])
except SystemExit as asked:
    status = asked.code
print(json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def run(*arguments: str) -> tuple[int, set[str], str]:
    """Run a command in a process of its own; return its status, what it imported, what it said."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    said, _, last = done.stdout.rstrip().rpartition("\n")
    status, modules = json.loads(last)
    return status, set(modules), said


@pytest.mark.parametrize("arguments", [["--help"], ["refresh", "--help"], ["query", "--help"]])
def test_help_imports_no_library(arguments: list[str]) -> None:
    status, modules, said = run(*arguments)
    assert status == 0
    assert "usage: il6" in said
    assert not modules & (HEAVY | {"numpy", "pydantic", "yaml"})


def test_a_refresh_without_news_imports_no_library_of_computing(demo: Installation) -> None:
    status, modules, said = run("refresh", *demo.options)
    assert status == 0
    assert "othing new" in said or "othing is new" in said
    assert not modules & (HEAVY | {"numpy"})


def test_a_refresh_with_news_is_told_apart_by_the_same_means(demo: Installation) -> None:
    later = demo.study.with_name("no such study.yaml")
    status, modules, _ = run(
        "refresh", "--home", str(demo.home), "--study", str(later), "--landing", str(demo.landing)
    )
    assert status == 2
    assert not modules & HEAVY
