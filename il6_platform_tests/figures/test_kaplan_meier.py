"""Events and censored under the axis are those of the data; compared panels share their axis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from il6_platform.figures.kaplan_meier import counts_so_far

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
