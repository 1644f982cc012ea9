"""What was computed of equal arguments before in this session of tests is not computed again.

Analyses and figures are functions of their arguments alone: many tests refresh the same deliveries
under the same study. What one process computed, the others of the session and their children read:
Python tells each child so at its start (`once/sitecustomize.py`). A test of whether the same comes
out twice computes anew (`pytest.mark.computes_anew`).
"""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pydantic import BaseModel

from il6_platform import paths
from il6_platform.analysis.spec import Declared
from il6_platform.figures import numbers
from il6_platform.manuscript.document import Manuscript
from il6_platform.report import page
from il6_platform.report.translation import other_names
from il6_platform_tests.judged_once import FOLDER, judging_once

_run, _shown, _files = Declared.run, page.shown, Manuscript.files.func

CHILDREN = Path(__file__).with_name("once")
"""Folder of what Python runs at the start of a process that has it in its path."""

_FOR_EVER = ExitStack()

WORDS = (str, bool, int, float, date, np.generic)
"""What says all that it is when it is written down."""


@contextmanager
def computing_once() -> Iterator[None]:
    """Have rows judged, cohorts analysed and figures drawn by what was found of equal ones."""
    files = cached_property(files_once)
    files.__set_name__(Manuscript, "files")
    with judging_once(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(Declared, "run", run_once)
        patched.setattr(page, "shown", shown_once)
        patched.setattr(Manuscript, "files", files)
        # processes that are begun meanwhile do the same, with the code of this one
        for folder in (paths.project_root(), CHILDREN):
            patched.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield


def compute_once() -> None:
    """Do so to the end of this process."""
    _FOR_EVER.enter_context(computing_once())


def run_once(entry: Declared, cohort: Any, study: Any, earlier: Any, pool: Any = None) -> Any:
    """Return what `Declared.run` would; of other analyses it is given those alone that it reads."""
    read = {name: earlier[name] for name in entry.spec.after}
    return _once(lambda: _run(entry, cohort, study, earlier, pool), entry.name, cohort, study, read)


def shown_once(report: Any, core: int, cores: int, *, is_over_time: bool = False) -> Any:
    """Return what `page.shown` would."""
    return _once(
        lambda: _shown(report, core, cores, is_over_time=is_over_time),
        *(report, core, cores, is_over_time),
    )


def files_once(content: Manuscript) -> Any:
    """Return what `Manuscript.files` would."""
    report = content.cut.report
    names = sorted(other_names(content.cut.tables["provenance"], content.cut.results))
    return _once(lambda: _files(content), report, names, numbers._WRITING_OF_P.get())


def _once(compute: Callable[[], Any], *arguments: Any) -> Any:
    """Return what was computed of these arguments before, or compute it and let others have it."""
    folder = os.environ.get(FOLDER)
    said = "\n".join([getattr(compute, "__qualname__", ""), *map(written, arguments)])
    file = Path(folder or ".") / f"{hashlib.sha256(said.encode()).hexdigest()}.computed"
    if folder:
        with suppress(FileNotFoundError):
            return pickle.loads(file.read_bytes())
    found = compute()
    if folder:
        # another process may write the same
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as stream:
            stream.write(pickle.dumps(found))
        os.replace(stream.name, file)
    return found


def written(value: Any) -> str:
    """Write down all that a value says: two that are written alike are alike.

    Raises
    ------
    TypeError
        Where it is of no type that is known: something of it might be left out.
    """
    if value is None or isinstance(value, WORDS):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, pd.DataFrame):
        about = [*value.dtypes], [*value.columns], [*value.index]
        return f"frame {about} {[*value.itertuples(index=False, name=None)]}"
    if isinstance(value, pa.Table):
        return f"table {value.schema} {value.to_pylist()}"
    if isinstance(value, BaseModel):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, Mapping):
        return f"mapping {[(written(key), written(one)) for key, one in value.items()]}"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} {[*map(written, value)]}"
    if isinstance(value, Path):
        # where what finds no room is laid, which changes no number
        return "path"
    if is_dataclass(value) and not isinstance(value, type):
        parts = [(one.name, written(getattr(value, one.name))) for one in fields(value)]
        return f"{type(value).__name__} {parts}"
    raise TypeError(type(value))
