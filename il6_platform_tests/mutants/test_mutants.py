"""Each mutant still has its text, and a dozen of them are killed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from il6_platform_tests.mutants.catalogue import MUTANTS
from il6_platform_tests.mutants.run import ROOT, Mutant


@pytest.mark.parametrize("file", sorted({one.file for one in MUTANTS}))
def test_each_mutant_has_its_text_and_its_tests(file: str) -> None:
    of_file = [one for one in MUTANTS if one.file == file]
    for one in of_file:
        assert one.text() != (ROOT / file).read_text("utf-8"), one.name
        for name in one.tests.split():
            assert (ROOT / "il6_platform_tests" / "specification" / f"test_{name}.py").exists()
    assert len({one.name for one in of_file}) == len(of_file)


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= 60


def test_a_text_that_has_moved_on_is_an_error() -> None:
    with pytest.raises(ValueError, match="holds 0 times"):
        Mutant("sql/cohort/adtte.sql", "no such text", "", "adtte").text()


@pytest.mark.refreshes
@pytest.mark.computes_anew
def test_a_dozen_are_killed() -> None:
    every = -(-len(MUTANTS) // 12)
    # a test that fails without a mutant fails in this run too
    command = [sys.executable, "-m", "il6_platform_tests.mutants", "--every", str(every)]
    command += ["--processes", "1", "--unchanged-pass"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
