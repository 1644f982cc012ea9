"""Single patients are drawn as such up to a number; beyond it the same is drawn in sum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from il6_platform.figures.courses import MOST_SINGLE, POINTS, swimmer, waterfall

LABELS = {"control": "A", "experimental": "B"}


def curves(n: int) -> pd.DataFrame:
    """Curves as the analysis of response leaves them, of two arms of n // 2 patients."""
    rng = np.random.default_rng(n)
    rows = []
    for grp in ("control", "experimental"):
        months = np.sort(rng.exponential(20, n // 2))[::-1]
        died = rng.random(n // 2) < 0.5
        of = {
            "best change": (np.arange(n // 2), np.sort(rng.uniform(-100, 150, n // 2))[::-1]),
            "follow-up": (np.arange(n // 2), months),
            "death": (np.arange(n // 2)[died], months[died]),
            "progression": (np.arange(n // 2)[~died], months[~died] / 2),
            "first response": (np.arange(3), months[:3] / 3),
        }
        rows += [
            {"analysis": "response", "endpoint": name, "grp": grp, "x": x + 1.0, "y": y}
            for name, points in of.items()
            for x, y in zip(*points, strict=True)
        ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("n", [40, MOST_SINGLE])
def test_few_patients_are_drawn_one_by_one(n: int) -> None:
    (axes,) = waterfall(curves(n), LABELS, (20, -30)).axes
    assert len(axes.patches) == n
    assert sum(len(axes.patches) for axes in swimmer(curves(n), LABELS).axes) == n


def test_many_patients_are_drawn_in_sum() -> None:
    n = 20 * MOST_SINGLE
    drawn = curves(n)
    (axes,) = waterfall(drawn, LABELS, (20, -30)).axes
    assert not axes.patches
    for line, grp in zip(axes.lines[:2], LABELS, strict=True):
        mine = drawn[(drawn["endpoint"] == "best change") & (drawn["grp"] == grp)]["y"]
        share, change = line.get_data()
        assert len(share) == POINTS and (share[0], share[-1]) == (0, 100)
        assert change[0] == min(mine.max(), 100) and change[-1] == mine.min()
        assert change[POINTS // 2] == pytest.approx(mine.median(), abs=2)
    for axes, grp in zip(swimmer(drawn, LABELS).axes, LABELS, strict=True):
        assert not axes.patches
        of = drawn[drawn["grp"] == grp].groupby("endpoint")["y"]
        reached = {str(line.get_label()): line.get_data()[1] for line in axes.lines}
        assert reached["Death"][-1] == of.count()["death"]
        assert reached["Progression"][-1] == of.count()["progression"]
        assert reached["First response"][-1] == 3
        assert all(np.all(np.diff(counts) >= 0) for counts in reached.values())
        (area,) = axes.collections
        assert area.get_datalim(axes.transData).ymax == n // 2
