"""A laboratory that switches units shows as a shift; ordinary results do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.validation.drift import shift, shift_of_pairs
from il6_platform_tests.end_to_end.conftest import Installation, begun, refreshed_once

__all__ = ["begun", "refreshed_once"]


def results(n: int, seed: int) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(1.6, 0.95, n))


@settings(deadline=None)
@given(st.sampled_from([0.001, 0.01, 0.1, 10.0, 1000.0]), st.integers(0, 50))
def test_a_change_of_unit_is_found_in_a_dozen_results(factor: float, seed: int) -> None:
    found = shift(results(12, seed) * factor, results(100, seed + 1000))
    assert found is not None and found.is_notable and found.fold > 4
    assert (found.ratio > 1) == (factor > 1)


def test_chance_alone_is_seldom_notable() -> None:
    found = [shift(results(20, i), results(100, i + 5000)) for i in range(500)]
    # P < 0.001 in one of a thousand, by construction
    assert sum(one is not None and one.is_notable for one in found) <= 3


def test_one_corrected_result_is_no_shift_and_all_of_them_are() -> None:
    before = results(50, 1)
    one = before.copy()
    one[0] *= 1000
    found = shift_of_pairs(one, before)
    assert found is not None and (found.n, found.n_before) == (1, 50) and not found.is_notable
    every = shift_of_pairs(before / 1000, before)
    assert every is not None and every.is_notable and every.fold == pytest.approx(1000)
    assert shift_of_pairs(before, before) is None
    assert shift(before, before[:0]) is None


def test_a_laboratory_that_switched_units_blocks_the_next_cut(
    begun: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    installation = begun
    installation.deliver("2021-12-31")
    labs = installation.landing / "2021-12-31" / "labs.csv"
    right = labs.read_text()
    known = set((installation.landing / "2019-12-31" / "labs.csv").read_text().splitlines())
    wrong = [
        line if line in known else _in_nanograms(line) for line in right.splitlines(keepends=False)
    ]
    labs.write_text("\n".join(wrong) + "\n")
    capfd.readouterr()
    assert installation.refresh() == 1
    last_line = capfd.readouterr().err.strip().splitlines()[-1]
    assert "marker_did_not_shift" in last_line and "new IL-6 results have 0.00" in last_line
    assert "ask the laboratory" in last_line.lower()


def _in_nanograms(line: str) -> str:
    cells = line.split(",")
    if "il6" in cells:
        place = cells.index("il6") + 1
        cells[place] = f"{float(cells[place].lstrip('<')) / 1000:g}"
    return ",".join(cells)
