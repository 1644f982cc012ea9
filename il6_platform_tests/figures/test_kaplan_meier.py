"""Events and censored under the axis are those of the data; compared panels share their axis."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from il6_platform.figures.kaplan_meier import counts_so_far, kaplan_meier

LUNG = Path(__file__).parents[1] / "reference" / "lung.csv"


def drawn(time: np.ndarray, event: np.ndarray) -> pd.DataFrame:
    """Return what `report.curves` holds of a group, from lifelines."""
    fitted = KaplanMeierFitter().fit(time, event)
    table = fitted.event_table
    return pd.DataFrame(
        {
            "x": table.index.to_numpy(float),
            "y": fitted.survival_function_.iloc[:, 0].to_numpy(),
            "at_risk": table["at_risk"].to_numpy(float),
        }
    )


@given(
    st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=60),
)
def test_events_and_censored_follow_from_the_curve(patients: list[tuple[int, bool]]) -> None:
    time, event = np.array([t for t, _ in patients]), np.array([e for _, e in patients])
    found = counts_so_far(drawn(time, event))
    for row in found.itertuples():
        assert row.events == event[time <= row.x].sum()
        assert row.censored == (~event)[time <= row.x].sum()


def test_the_lung_data_add_up() -> None:
    data = pd.read_csv(LUNG)
    event = data["status"].to_numpy() == 2
    last = counts_so_far(drawn(data["time"].to_numpy(), event)).iloc[-1]
    assert (last["events"], last["censored"]) == (event.sum(), (~event).sum())


def test_hidden_counts_stay_hidden() -> None:
    curve = pd.DataFrame({"x": [0.0, 1, 2], "y": [1, 0.8, 0.8], "at_risk": [np.nan] * 3})
    assert counts_so_far(curve)[["events", "censored"]].isna().all(axis=None)


@pytest.mark.parametrize("hides_few", [True, False])
def test_a_figure_that_hides_small_counts_shows_no_single_patient(hides_few: bool) -> None:
    data = pd.read_csv(LUNG)
    parts = [
        drawn(of["time"].to_numpy() / 30.4375, of["status"].to_numpy() == 2).assign(
            analysis="survival", endpoint="OS", population="all", grp=grp
        )
        for grp, of in zip(("experimental", "control"), (data[:80], data[80:]), strict=True)
    ]
    curves = pd.concat(parts).assign(y_low=0.0, y_high=1.0)
    columns = ["endpoint", "statistic", "population", "contrast", "grp", "n", "estimate"]
    figure = kaplan_meier(
        pd.DataFrame(columns=columns, dtype=object),
        curves,
        endpoint="OS",
        population="all",
        contrast="experimental vs control",
        labels={"all": "all patients", "experimental": "E", "control": "C"},
        hides_few=hides_few,
    )
    axes = figure.axes[0]
    words = [text.get_text() for text in axes.texts]
    counts = [one for one in words if re.fullmatch(r"\d+ \(\d+, \d+\)", one)]
    strokes = [line for line in axes.lines if line.get_marker() == "|"]
    assert bool(counts) == bool(strokes) == (not hides_few)
    assert ("At risk" in words) == hides_few
