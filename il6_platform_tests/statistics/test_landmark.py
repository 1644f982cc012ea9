import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.landmark import (
    GROUPS,
    landmark_by_response,
    landmark_by_start,
)

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "adjustment.json").read_text())["landmark"]
HEART = pd.read_csv(FOLDER / "heart.csv")
properties = settings(max_examples=25, deadline=None, derandomize=True)


def by_statistic(estimates):
    return {(e.statistic, e.grp): e for e in estimates}


def heart(landmark, data=HEART):
    return by_statistic(
        landmark_by_response(data["time"], data["event"], data["response_time"], landmark=landmark)
    )


@pytest.mark.parametrize("landmark", ["30", "60", "90"])
def test_heart_transplants_agree_with_r(landmark):
    expected, result = REFERENCE[landmark], heart(float(landmark))
    ratio, test = result["hazard_ratio", None], result["logrank", None]
    assert np.log(ratio.estimate) == pytest.approx(expected["coef"], abs=1e-6)
    assert ratio.std_error == pytest.approx(expected["se"], abs=1e-6)
    assert (ratio.n, ratio.events) == (expected["n"], expected["events"])
    assert test.estimate == pytest.approx(expected["logrank"], abs=1e-6)
    assert test.p_value == pytest.approx(expected["p"], abs=1e-6)
    for code, name in GROUPS.items():
        group = expected["groups"]["response" if code else "no_response"]
        median = result["median", name]
        assert median.n == group["n"]
        assert [median.estimate, median.ci_low, median.ci_high] == pytest.approx(
            [group["median"], *group["ci"]]
        )
    assert all(e.at == float(landmark) for e in result.values())
    assert ratio.note.endswith(
        f"{103 - expected['n']} of 103 patients excluded: {expected['excluded_event']} with the "
        f"event and {expected['excluded_censored']} censored by the landmark."
    )


@properties
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_order_and_unit_of_time_change_nothing_but_times(seed, scale):
    order = np.random.default_rng(seed).permutation(len(HEART))
    scaled = HEART.assign(
        time=HEART["time"] * scale, response_time=HEART["response_time"] * scale
    ).iloc[order]
    one, other = heart(45.5), heart(45.5 * scale, scaled)
    assert other["logrank", None].estimate == pytest.approx(one["logrank", None].estimate)
    assert other["hazard_ratio", None].estimate == pytest.approx(
        one["hazard_ratio", None].estimate, rel=1e-6
    )
    assert other["median", "response"].estimate == pytest.approx(
        scale * one["median", "response"].estimate
    )


def test_responses_after_the_landmark_change_nothing():
    later = HEART["response_time"].where(HEART["response_time"] <= 60)
    assert heart(60, HEART.assign(response_time=later)) == heart(60)


def test_a_null_response_of_those_who_live_long_enough_looks_good_only_without_a_landmark():
    # response comes at random among who is still there: ever-responders live longer by construction
    rng = np.random.default_rng(6)
    time, response = rng.exponential(10, 4000), rng.exponential(10, 4000)
    response[response > time] = np.nan
    ever = time[~np.isnan(response)].mean() / time[np.isnan(response)].mean()
    assert ever > 2
    result = by_statistic(landmark_by_response(time, np.ones(4000), response, landmark=5))
    ratio = result["hazard_ratio", None]
    assert ratio.ci_low < 1 < ratio.ci_high


@pytest.mark.parametrize(
    ("time", "event", "response", "landmark"),
    [
        ([], [], [], 1),
        ([1.0, 2], [1, 1], [np.nan, np.nan], 5),
        ([7.0, 8], [1, 1], [np.nan, np.nan], 5),
        ([7.0, 8], [1, 1], [1, 2], 5),
        ([7.0, 8], [0, 0], [1, np.nan], 5),
        ([7.0], [1], [1], 5),
    ],
)
def test_what_cannot_be_compared_is_said(time, event, response, landmark):
    result = by_statistic(landmark_by_response(time, event, response, landmark=landmark))
    assert result["hazard_ratio", None].estimate is None
    assert "excluded" in result["hazard_ratio", None].note
    assert result["logrank", None].p_value is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: landmark_by_response([1, np.nan], [1, 1], [1, 1], landmark=1),
        lambda: landmark_by_response([1, -1], [1, 1], [1, 1], landmark=1),
        lambda: landmark_by_response([1, 2], [1, 2], [1, 1], landmark=1),
        lambda: landmark_by_response([1, 2], [1, 1], [1], landmark=1),
        lambda: landmark_by_response([1, 2], [1, 1], [1, 1], landmark=-1),
    ],
)
def test_misuse_is_refused(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()


def test_arms_by_a_later_start_are_the_landmark_groups_under_their_names():
    columns = (HEART["time"], HEART["event"], HEART["response_time"])
    by_response = heart(30.0)
    by_start = by_statistic(landmark_by_start(*columns, landmark=30))
    for code, name in ((1, "experimental"), (0, "control")):
        assert by_start["median", name].estimate == by_response["median", GROUPS[code]].estimate
    ratio = by_start["hazard_ratio", None]
    assert ratio.estimate == by_response["hazard_ratio", None].estimate
    assert ratio.term is None
    assert "excluded" in ratio.note


def test_immortal_time_helps_the_late_starters_from_time_zero_and_not_from_the_landmark():
    rng = np.random.default_rng(8)
    n, window = 4000, 6.0
    time, start = rng.exponential(10, n), rng.uniform(0, window, n)
    # half of the patients are meant to start, and do so if they are alive
    start = np.where((rng.random(n) < 0.5) & (start < time), start, np.nan)
    event = np.ones(n)
    from il6_platform.statistics.regression import cox

    naive = cox(pd.DataFrame({"arm": ~np.isnan(start)}), time, event).estimates()[0]
    at_landmark = by_statistic(landmark_by_start(time, event, start, landmark=window))
    assert naive.ci_high < 0.9
    honest = at_landmark["hazard_ratio", None]
    assert honest.ci_low < 1 < honest.ci_high


def test_who_had_a_competing_event_before_the_landmark_was_not_censored():
    rows = landmark_by_response(
        [1, 2, 3, 9, 10, 11, 12],
        [1, 0, 0, 1, 0, 1, 1],
        [np.nan, 1, np.nan, 2, np.nan, 3, np.nan],
        landmark=5,
        competing=[0, 0, 1, 0, 0, 0, 0],
    )
    assert rows[0].note.endswith(
        "3 of 7 patients excluded: 1 with the event, 1 with a competing event and 1 censored by "
        "the landmark."
    )
