import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.continuous import (
    CURVE_POINTS,
    effect_by_marker,
    harrell_knots,
    hazard_ratio_curve,
    log2_marker,
    spline_basis,
    spline_marker,
)
from il6_platform.statistics.regression import cox

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())
VETERAN = pd.read_csv(FOLDER / "veteran.csv")
properties = settings(max_examples=12, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)

# R 4.2.2, survival 3.5-3 and Hmisc 4.8: coxph on log2(age) and rcspline.eval(log2(age), nk = 4)
AGE = (VETERAN["age"], VETERAN["time"], VETERAN["status"])


def rng(seed=0):
    return np.random.default_rng(seed)


def sample(seed, n=53):
    generator = rng(seed)
    time, censored = generator.exponential(10, n), generator.uniform(5, 40, n)
    return pd.DataFrame(
        {
            "marker": generator.lognormal(2, 1, n),
            "time": np.minimum(time, censored),
            "event": time <= censored,
            "arm": generator.integers(0, 2, n),
            "age": generator.normal(60, 8, n),
        }
    )


def columns(data, *names):
    return tuple(data[name] for name in ("marker", "time", "event", *names))


def test_knots_stand_where_hmisc_puts_them():
    # rcspline.eval(log2(age), nk = 4, knots.only = TRUE) of 137 patients
    knots = np.exp2(harrell_knots(np.log2(VETERAN["age"])))
    assert knots == pytest.approx([38, 56.5978748109667, 64, 70.1988668418679], abs=1e-9)
    # below 100 the 5th smallest and the 5th largest
    assert harrell_knots(np.arange(53)) == pytest.approx([4, 26, 48])
    assert len(harrell_knots([1] * 40 + [2] * 13)) == 0
    assert len(harrell_knots([])) == 0


def test_basis_is_that_of_hmisc():
    x = np.log2(VETERAN["age"])
    assert spline_basis(x, harrell_knots(x))[:3] == pytest.approx(
        np.array(
            [
                [6.10852445677817, 0.802144204137671, 0.02599303794898581],
                [6, 0.542566109009176, 0.00711174677107286],
                [5.24792751344359, 0, 0],
            ]
        ),
        abs=1e-12,
    )
    with pytest.raises(ValueError, match="three or more, ascending"):
        spline_basis([1, 2], [1, 2])


@properties
@given(seeds)
def test_basis_is_linear_beyond_the_outer_knots_and_smooth_between(seed):
    knots = np.sort(rng(seed).normal(size=4)) + np.arange(4) / 10
    left, right = knots[0] - np.arange(1, 4), knots[-1] + np.arange(1, 4)
    for outside in (left, right):
        assert np.diff(spline_basis(outside, knots), n=2, axis=0) == pytest.approx(0, abs=1e-8)
    step = 1e-4
    around = spline_basis(np.array([-1, 0, 1]) * step + knots[1], knots)
    assert np.diff(around, n=2, axis=0) / step**2 == pytest.approx(
        np.diff(spline_basis(np.array([0, 1, 2]) * step + knots[1], knots), n=2, axis=0) / step**2,
        abs=1e-2 / (knots[-1] - knots[0]) ** 2 + 1e-4,
    )


def test_hazard_ratio_per_doubling_agrees_with_r():
    ratio, test = log2_marker(*AGE)
    assert ratio.term == test.term == "log2(MARKER)"
    assert math.log(ratio.estimate) == pytest.approx(0.181068273168649, abs=1e-6)
    assert ratio.std_error == pytest.approx(0.352944161349479, abs=1e-6)
    assert [ratio.ci_low, ratio.ci_high] == pytest.approx(
        [0.600081636834887, 2.39366608621993], abs=1e-6
    )
    assert ratio.p_value == pytest.approx(0.60793562709991, abs=1e-6)
    assert (test.estimate, test.df) == (pytest.approx(0.267314879482797, abs=1e-6), 1)


def test_spline_tests_agree_with_r():
    association, curved = spline_marker(*AGE)
    assert (association.estimate, association.df) == (pytest.approx(8.52091001861, abs=1e-6), 3)
    assert (curved.estimate, curved.df) == (pytest.approx(8.25359513912758, abs=1e-6), 2)
    assert curved.p_value == pytest.approx(0.016134, abs=1e-6)
    adjusted = spline_marker(*AGE, adjust=VETERAN[["karno"]])
    assert [e.estimate for e in adjusted] == pytest.approx(
        [4.56374800894355, 4.41521600239366], abs=1e-6
    )
    assert [e.df for e in adjusted] == [3, 2]


def test_curve_agrees_with_r_and_passes_through_one_at_the_median():
    # R: contrasts of rcspline.eval with vcov(coxph), against the median of 62 years
    curve = hazard_ratio_curve(*AGE, at=[40, 50, 62, 70, 80])
    expected = [
        [40, 1.266640117184030, 0.789123021647250, 2.03311415640989],
        [50, 0.733596255286828, 0.463512391407201, 1.16105518589701],
        [62, 1, 1, 1],
        [70, 1.507941758924565, 0.987614148504254, 2.30240560218009],
        [80, 2.350034144646057, 0.766887559779227, 7.20139531614282],
    ]
    assert list(curve) == ["x", "y", "y_low", "y_high"]
    assert curve.to_numpy() == pytest.approx(np.array(expected), abs=1e-5)


def test_linear_curve_is_a_power_of_the_hazard_ratio_per_doubling():
    ratio, _ = log2_marker(*AGE)
    curve = hazard_ratio_curve(*AGE, shape="log2", at=[31, 62, 124])
    assert curve["y"].to_list() == pytest.approx([1 / ratio.estimate, 1, ratio.estimate])
    assert curve["y_high"].iloc[2] == pytest.approx(ratio.ci_high)
    assert len(hazard_ratio_curve(*AGE)) == CURVE_POINTS


def test_effect_along_a_linear_marker_agrees_with_r():
    arm = (VETERAN["trt"] == 2).astype(int)
    effect = effect_by_marker(*AGE, arm, shape="log2", at=[45, 62, 75])
    test, ratio = effect.estimates
    assert (test.estimate, test.df) == (pytest.approx(2.61807009565018e-05, abs=1e-6), 1)
    assert math.log(ratio.estimate) == pytest.approx(0.00387565629919031, abs=1e-6)
    assert ratio.std_error == pytest.approx(0.757489106151413, abs=1e-6)
    assert ratio.p_value == test.p_value
    expected = [
        [1.00101205652673, 0.519428566389133, 1.92909131717102],
        [1.00280736141209, 0.683032091192740, 1.47229188360127],
        [1.00387525956559, 0.522854016710822, 1.92743194956701],
    ]
    assert effect.curve[["y", "y_low", "y_high"]].to_numpy() == pytest.approx(
        np.array(expected), abs=1e-5
    )


def test_effect_along_a_spline_agrees_with_r():
    arm = (VETERAN["trt"] == 2).astype(int)
    effect = effect_by_marker(*AGE, arm, at=[45, 62, 75])
    (test,) = effect.estimates
    assert (test.estimate, test.df) == (pytest.approx(4.93468781484103, abs=1e-6), 3)
    expected = [
        [0.893991469809830, 0.429866727439717, 1.85922914493265],
        [0.966116646774585, 0.569094149779424, 1.64011767742954],
        [1.377086836366820, 0.346507015025216, 5.47281316875150],
    ]
    assert effect.curve[["y", "y_low", "y_high"]].to_numpy() == pytest.approx(
        np.array(expected), abs=1e-5
    )


def test_linear_interaction_of_the_colon_trial_is_that_of_the_reference():
    # the reference is linear in the number of nodes: 2 to that power is a marker linear in log2
    data = pd.read_csv(FOLDER / "colon.csv").dropna(subset=["nodes"])
    data = data[data["rx"] != "Lev"]
    arm = (data["rx"] == "Lev+5FU").astype(int)
    marker = np.exp2(data["nodes"])
    effect = effect_by_marker(marker, data["time_os"], data["status_os"], arm, shape="log2")
    expected = REFERENCE["cox"]["interaction_os_nodes_cont"]["lrt_interaction"]
    assert effect.estimates[0].estimate == pytest.approx(expected["chisq"], abs=1e-6)
    assert effect.estimates[0].p_value == pytest.approx(expected["p"], abs=1e-6)


def test_few_events_a_term_are_noted():
    data = sample(1)
    effect = effect_by_marker(*columns(data, "arm"))
    assert effect.estimates[0].df == 2
    assert "fewer than 10 events per variable" in str(effect.estimates[0].note)
    assert log2_marker(*columns(data))[1].note is None


@properties
@given(seeds, st.floats(0.01, 100), st.floats(0.01, 100))
def test_order_and_units_of_time_and_marker_change_no_estimate(seed, unit, scale):
    data = sample(seed % 10_000)
    other = data.assign(marker=data["marker"] * unit, time=data["time"] * scale).iloc[::-1]
    for one, two in zip(
        log2_marker(*columns(data)) + spline_marker(*columns(data), adjust=data[["age"]]),
        log2_marker(*columns(other)) + spline_marker(*columns(other), adjust=other[["age"]]),
        strict=True,
    ):
        assert two.note == one.note
        assert two.estimate == pytest.approx(one.estimate, rel=1e-5, abs=1e-7)
        assert two.p_value == pytest.approx(one.p_value, abs=1e-5)
    curves = [hazard_ratio_curve(*columns(d)) for d in (data, other)]
    assert curves[1]["x"].to_numpy() == pytest.approx(curves[0]["x"].to_numpy() * unit)
    assert curves[1]["y"].to_numpy() == pytest.approx(curves[0]["y"].to_numpy(), rel=1e-4)


@properties
@given(seeds)
def test_swapping_arms_inverts_the_effect_along_the_marker(seed):
    data = sample(seed % 10_000)
    one = effect_by_marker(*columns(data, "arm"), adjust=data[["age"]])
    two = effect_by_marker(*columns(data.assign(arm=1 - data["arm"]), "arm"), adjust=data[["age"]])
    assert two.estimates[0].estimate == pytest.approx(one.estimates[0].estimate, abs=1e-6)
    assert two.curve["y_low"].to_numpy() == pytest.approx(
        1 / one.curve["y_high"].to_numpy(), rel=1e-4
    )


def test_a_marker_that_was_cut_gives_the_hazard_ratio_of_its_groups():
    data = sample(4)
    high = (data["marker"] > data["marker"].median()).astype(float)
    ratio, _ = log2_marker(np.exp2(high), data["time"], data["event"])
    (expected,) = cox(high.to_frame("x"), data["time"], data["event"]).estimates()
    assert ratio.estimate == pytest.approx(expected.estimate)
    assert spline_marker(np.exp2(high), data["time"], data["event"])[0].note.startswith("Too few")


@pytest.mark.parametrize(
    ("marker", "time", "event", "note"),
    [
        ([], [], [], "No patients."),
        ([0, 1], [1, 2], [1, 1], "The marker has values of 0 or less"),
        ([3, 3], [1, 2], [1, 1], "Log2(MARKER) does not vary."),
        ([3, 4], [1, 2], [0, 0], "No events."),
    ],
)
def test_what_cannot_be_estimated_is_said_and_never_raised(marker, time, event, note):
    assert all(e.note.startswith(note) for e in log2_marker(marker, time, event))
    assert all(e.estimate is None and e.note for e in spline_marker(marker, time, event))
    for shape in ("log2", "spline"):
        arm = np.arange(len(marker)) % 2
        effect = effect_by_marker(marker, time, event, arm, shape=shape)
        assert all(e.estimate is None and e.note for e in effect.estimates)
        assert len(effect.estimates) == (2 if shape == "log2" else 1)
        curve = hazard_ratio_curve(marker, time, event, shape=shape)
        assert len(curve) == len(effect.curve) == 0
        assert list(curve) == list(effect.curve) == ["x", "y", "y_low", "y_high"]


def test_wrong_use_is_refused():
    with pytest.raises(ValueError, match="Unknown shape 'cubic': use log2 or spline"):
        hazard_ratio_curve([1, 2], [1, 2], [1, 1], shape="cubic")
    with pytest.raises(ValueError, match="leave out patients without one"):
        log2_marker([1, np.nan], [1, 2], [1, 1])
    with pytest.raises(ValueError, match="arm must be 1"):
        effect_by_marker([1, 2], [1, 2], [1, 1], [1, 2])
    with pytest.raises(ValueError, match="at must be a list of positive markers"):
        hazard_ratio_curve(*AGE, at=[0])
