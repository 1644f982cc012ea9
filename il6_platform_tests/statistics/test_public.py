"""The statistics as somebody outside the platform takes them: by name, from one place."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from il6_platform import statistics


@pytest.mark.parametrize("name", dir(statistics))
def test_a_public_name_is_there_and_says_what_it_takes(name: str) -> None:
    found = getattr(statistics, name)
    assert not inspect.ismodule(found)
    assert len(inspect.getdoc(found) or "") > 60


def test_every_public_function_of_a_module_is_public() -> None:
    inner = {"samples", "same_length", "marker_array", "unsupported"}
    for module, names in statistics.modules().items():
        home = import_module(f"il6_platform.statistics.{module}")
        own = {
            name
            for name, found in inspect.getmembers(home, inspect.isfunction)
            if found.__module__ == home.__name__ and not name.startswith("_")
        }
        assert own - set(names) <= inner | {"check_proportions", "profiles", "log_rank_scores"} | {
            *("smallest_group", "censoring_weights", "first_largest", "empty_cell"),
            "harrell_knots",
            "dummies",
            "no_maximum",
        }


def test_a_table_of_counts_does_not_wait_for_lifelines() -> None:
    code = (
        "import sys; from il6_platform.statistics import fisher_exact; "
        "assert fisher_exact([[1, 5], [6, 2]]).p_value < 0.2; assert 'lifelines' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ImportError, match="no_such_test"):
        from il6_platform.statistics import no_such_test  # noqa: F401
