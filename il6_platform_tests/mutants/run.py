"""Applying a mutant in a process of its own and running the tests that are meant to see it.

A process is forked after the libraries were imported: it reads the mutated text where the platform
would read the file, and imports the project anew where Python is mutated. The tree is not touched.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = "il6_platform_tests/specification/"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A text of a file replaced by another one, and the tests that must fail then."""

    file: str
    old: str
    new: str
    tests: str

    @property
    def name(self) -> str:
        """What changes where, in a line."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.file}: {old} -> {new or '(nothing)'}"

    def text(self) -> str:
        """Return the file's text with the replacement.

        Raises
        ------
        ValueError
            Where the text does not stand exactly once in the file: the code has moved on.
        """
        text = (ROOT / self.file).read_text(encoding="utf-8")
        if self.old and text.count(self.old) != 1:
            raise ValueError(f"{self.file} holds {text.count(self.old)} times: {self.old!r}")
        return text.replace(self.old, self.new) if self.old else text


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a mutant was killed, and the first test that saw it."""

    mutant: Mutant
    killed: bool
    by: str


def run(
    mutants: Sequence[Mutant], processes: int, *, unchanged_pass: bool = False
) -> Iterator[Outcome]:
    """Apply each mutant, run its tests and give the outcomes, in the order of the mutants.

    Their tests are run without a mutant first, unless it is known that these `unchanged_pass`.

    Raises
    ------
    ValueError
        Where a mutant's text no longer stands in its file.
    RuntimeError
        Where a test fails without any mutant.
    """
    for mutant in mutants:
        mutant.text()
    tests = {} if unchanged_pass else dict.fromkeys(mutant.tests for mutant in mutants)
    unchanged = [Mutant("sql/cohort/flow.sql", "", "", names) for names in tests]
    # what every process needs is imported and made once, before they are forked
    import sklearn.metrics  # noqa: F401

    import il6_platform_tests.specification.cutoff  # noqa: F401
    from il6_platform_tests.specification.harness import template

    template()
    forked = multiprocessing.get_context("fork")
    with forked.Pool(processes, maxtasksperchild=1) as pool:
        failing = [one for one in pool.map(judge, unchanged, chunksize=1) if one.killed]
        if failing:
            raise RuntimeError(f"{failing[0].by} fails without any mutant")
        yield from pool.imap(judge, mutants)


def judge(mutant: Mutant) -> Outcome:
    """Apply a mutant to this process, which must end then, and run its tests."""
    text = mutant.text()
    if mutant.file.endswith(".sql"):
        _read_instead(mutant.file, text)
    else:
        _import_instead(mutant.file, text)
    seen = _FirstFailure()
    os.chdir(ROOT)
    arguments = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *_paths(mutant.tests)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = pytest.main(arguments, plugins=[seen])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{mutant.name}: pytest ended with {status!r}")
    return Outcome(mutant, status == pytest.ExitCode.TESTS_FAILED, seen.test)


def _paths(tests: str) -> list[str]:
    return [f"{TESTS}test_{name}.py" for name in tests.split()]


def _read_instead(file: str, text: str) -> None:
    """Have `paths.sql_file` give the mutated text where the file is asked for."""
    import tempfile

    from il6_platform import paths

    original, mutated = paths.sql_file, Path(tempfile.mkdtemp()) / Path(file).name
    mutated.write_text(text, encoding="utf-8")
    target = (ROOT / file).resolve()

    def sql_file(table: str) -> Path:
        found = original(table)
        return mutated if found.resolve() == target else found

    paths.sql_file = sql_file


def _import_instead(file: str, text: str) -> None:
    """Have the project imported anew, with the mutated text in the place of the file's."""
    for name in [n for n in sys.modules if n.partition(".")[0].startswith("il6_platform")]:
        if "mutants" not in name:
            del sys.modules[name]
    module = file.removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, _Mutated(module, ROOT / file, text))


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, module: str, path: Path, text: str) -> None:
        self.module, self.path, self.source = module, path, text

    def find_spec(
        self, fullname: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.module:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(self.path))

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


class _FirstFailure:
    """A plugin of pytest that keeps the name of the first failing test."""

    def __init__(self) -> None:
        self.test = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.test:
            self.test = report.nodeid.rpartition("::")[2]
