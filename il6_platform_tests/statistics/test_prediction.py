"""When the events will be there: against theory, and against studies that are simulated on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from il6_platform.statistics import prediction
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.prediction import months_to_events


def predict(needed: float, seed: int = 1, replicates: int = 4000, **known: float) -> Estimate:
    given = {"events": 400, "exposure": 4000.0, "at_risk": 100, "enrolled": 500, "enrolling": 50.0}
    return months_to_events(
        needed, **(given | known), rng=np.random.default_rng(seed), replicates=replicates
    )


def test_with_rates_well_known_it_is_when_the_expected_events_are_there() -> None:
    hazard, arrival, at_risk, needed = 0.1, 10.0, 100, 300

    def expected(months: float) -> float:
        gone = 1 - np.exp(-hazard * months)
        return at_risk * gone + arrival * (months - gone / hazard)

    theory = brentq(lambda months: expected(months) - needed, 0.1, 500)
    found = predict(700)
    assert found.estimate == pytest.approx(theory, rel=0.03)
    assert found.ci_low < theory < found.ci_high


def test_without_new_patients_it_is_an_order_statistic() -> None:
    # the 50th of 100 exponentials: sum of 1 / (100 - i), i < 50, over the hazard
    theory = sum(1 / (100 - i) for i in range(50)) / 0.1
    found = predict(450, enrolled=0, enrolling=1e9)
    assert found.estimate == pytest.approx(theory, rel=0.04)


def test_its_interval_covers_what_comes() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for repetition in range(200):
        hazard, arrival = 0.05, 2.0
        starts = np.sort(rng.uniform(0, 40, rng.poisson(arrival * 40)))
        ends = starts + rng.exponential(1 / hazard, len(starts))
        exposure = float(np.minimum(ends, 40).sum() - starts.sum())
        found = months_to_events(
            (ends <= 40).sum() + 40,
            events=int((ends <= 40).sum()),
            exposure=exposure,
            at_risk=int((ends > 40).sum()),
            enrolled=len(starts),
            enrolling=40.0,
            rng=np.random.default_rng(repetition),
            replicates=400,
        )
        later = 40 + np.cumsum(rng.exponential(1 / arrival, 400))
        every = np.concatenate([ends[ends > 40], later + rng.exponential(1 / hazard, 400)])
        truth = np.sort(every)[39] - 40
        covered += found.ci_low <= truth <= found.ci_high
    assert 0.9 <= covered / 200 <= 0.99


def test_what_cannot_be_said_is_said() -> None:
    assert predict(300).estimate == 0
    assert "No event" in (predict(10, events=0).note or "")
    assert "hundred" in (predict(450, at_risk=0, enrolled=1).note or "")
    with pytest.raises(ValueError, match="0 or more"):
        predict(-1)


def test_futures_that_do_not_fit_into_memory_at_once_come_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = predict(700)
    monkeypatch.setattr(prediction, "_CELLS", 100_000)
    parts = predict(700)
    assert parts.estimate == pytest.approx(whole.estimate, rel=0.02)
    assert [parts.ci_low, parts.ci_high] == pytest.approx([whole.ci_low, whole.ci_high], rel=0.04)


def test_the_seed_decides() -> None:
    assert predict(700) == predict(700)
    assert predict(700) != predict(700, seed=2)
