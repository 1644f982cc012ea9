"""Bands and critical values against R's km.ci (further.R), tables and simulation."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import kolmogi

from il6_platform.statistics import simultaneous_bands
from il6_platform.statistics.simultaneous_bands import (
    confidence_band,
    equal_precision_value,
    hall_wellner_value,
)
from il6_platform.statistics.survival import kaplan_meier

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "further.json").read_text())["bands"]


def lung():
    data = pd.read_csv(FOLDER / "lung.csv")
    return data["time"], data["status"] - 1


def compared(kind, key):
    """Our limits and km.ci's at our event times."""
    band, expected = confidence_band(*lung(), kind=kind), REFERENCE[key]
    at = {t: i for i, t in enumerate(expected["time"])}
    rows = [at[t] for t in band.times if t in at]
    kept = np.isin(band.times, expected["time"])
    limits = [np.array(expected[name], dtype=float)[rows] for name in ("lower", "upper")]
    return band.low[kept], band.high[kept], *limits


def test_hall_wellner_is_km_ci():
    low, high, their_low, their_high = compared("hall_wellner", "lung_log_hall")
    assert len(low) > 130
    # its table gives 1.3581
    assert low == pytest.approx(their_low, abs=5e-6)
    assert high == pytest.approx(their_high, abs=5e-6)


def test_equal_precision_is_km_ci_up_to_its_critical_value(monkeypatch):
    low, _, their_low, _ = compared("equal_precision", "lung_log_equal")
    # its table starts at 0.02 and gives 3.22705; ours is 3.300 from the first event on, thus wider
    assert (low <= their_low).all()
    assert equal_precision_value(0.02, 0.979) == pytest.approx(3.22705, abs=0.02)
    monkeypatch.setattr(simultaneous_bands, "equal_precision_value", lambda a, b: 3.22705)
    low, high, their_low, their_high = compared("equal_precision", "lung_log_equal")
    assert low == pytest.approx(their_low, abs=1e-12)
    assert high == pytest.approx(their_high, abs=1e-12)


def test_critical_values_are_those_of_printed_tables():
    # Klein & Moeschberger, Survival Analysis, tables C.3a and C.4a (95%)
    assert equal_precision_value(0.1, 0.6) == pytest.approx(2.8826, abs=1e-3)
    assert hall_wellner_value(0.1, 0.6) == pytest.approx(1.3211, abs=1e-3)
    # the whole bridge is Kolmogorov's statistic
    assert hall_wellner_value(1e-6, 1 - 1e-6) == pytest.approx(kolmogi(0.05), abs=1e-4)


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.31), (0.0001, 0.01), (0.4, 0.7), (0.05, 0.95)])
def test_critical_values_of_a_part_are_those_of_simulated_bridges(a, b):
    rng, steps, paths = np.random.default_rng(1), 400, 20_000
    u = np.linspace(a, b, steps)
    # a bridge on [a, b]: Markov, from its value at a
    values = rng.normal(size=paths) * np.sqrt(a * (1 - a))
    largest = np.abs(values)
    for before, after in itertools.pairwise(u):
        shrink = (1 - after) / (1 - before)
        noise = np.sqrt((after - before) * shrink)
        values = values * shrink + noise * rng.normal(size=paths)
        largest = np.maximum(largest, np.abs(values))
    # between grid points the bridge goes a little further
    assert np.mean(largest <= hall_wellner_value(a, b)) == pytest.approx(0.955, abs=0.01)


@pytest.mark.parametrize("kind", ["hall_wellner", "equal_precision"])
def test_a_band_is_wider_than_the_pointwise_interval_and_holds_the_curve(kind):
    band, curve = confidence_band(*lung(), kind=kind), kaplan_meier(*lung())
    place = np.searchsorted(curve.times, band.times)
    assert (band.low <= band.survival).all() and (band.survival <= band.high).all()
    assert (band.low <= curve.low[place] + 1e-12).all()
    assert (band.high >= curve.high[place] - 1e-12).all()
    assert (band.low >= 0).all() and (band.high <= 1).all()


def test_a_shorter_range_has_a_narrower_band():
    whole = confidence_band(*lung())
    part = confidence_band(*lung(), first=100, last=400)
    assert part.critical_value < whole.critical_value
    assert part.times.min() >= 100 and part.times.max() <= 400


def test_what_the_data_cannot_support_is_said():
    band = confidence_band([1, 2], [1, 0])
    assert band.curve().empty and band.note == "Fewer than two event times: no band."
    with pytest.raises(ValueError, match="Unknown kind"):
        confidence_band([1, 2], [1, 1], kind="wide")
