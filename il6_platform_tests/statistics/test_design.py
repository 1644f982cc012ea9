import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.design import (
    detectable_hazard_ratio,
    interaction_events,
    power,
    required_events,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "reference.json").read_text())
POWER = REFERENCE["power"]
FRACTIONS = {"alloc_1_1": 0.5, "alloc_24_29": 24 / 53, "alloc_2_1": 2 / 3}
ratios = st.floats(0.1, 0.95)
shares = st.floats(0.05, 0.95)
properties = settings(max_examples=50, deadline=None, derandomize=True)


@pytest.mark.parametrize("hazard_ratio", [0.5, 0.6, 0.7, 0.75])
@pytest.mark.parametrize("wanted", [0.8, 0.9])
def test_required_events_agree_with_r(hazard_ratio, wanted):
    expected = POWER[f"HR{hazard_ratio:.2f}_power{wanted}"]
    for name, fraction in FRACTIONS.items():
        result = required_events(hazard_ratio, fraction=fraction, power=wanted)
        assert result.estimate == pytest.approx(expected[name], rel=1e-12)
        assert result.events == int(expected[name]) + 1


@pytest.mark.parametrize("case", POWER["power_given_events"])
def test_power_agrees_with_r(case):
    assert power(case["events"], case["hr"]).estimate == pytest.approx(case["power_1_1"], abs=1e-12)
    unequal = power(case["events"], case["hr"], fraction=24 / 53)
    assert unequal.estimate == pytest.approx(case["power_24_29"], abs=1e-12)


def test_freedman_agrees_with_r():
    result = required_events(0.6, method="freedman")
    assert result.estimate == pytest.approx(POWER["freedman_HR0.6_power0.8_1_1"], rel=1e-12)


def test_interaction_agrees_with_r():
    expected = POWER["interaction_schoenfeld"]
    result = interaction_events(
        expected["theta"], fraction=expected["p"], marker_fraction=expected["q"]
    )
    assert result.estimate == pytest.approx(expected["D"], rel=1e-12)


@properties
@given(ratios, shares, st.floats(0.1, 0.99))
def test_power_of_the_required_events_is_the_power_asked_for(ratio, fraction, wanted):
    events = required_events(ratio, fraction=fraction, power=wanted).estimate
    assert power(events, ratio, fraction=fraction).estimate == pytest.approx(wanted)
    assert detectable_hazard_ratio(
        events, fraction=fraction, power=wanted
    ).estimate == pytest.approx(ratio)


@properties
@given(ratios, shares, shares)
def test_interaction_power_inverts_interaction_events(ratio, fraction, marker_fraction):
    shape = {"fraction": fraction, "marker_fraction": marker_fraction}
    events = interaction_events(ratio, **shape).estimate
    assert power(events, ratio, **shape).estimate == pytest.approx(0.8)
    assert detectable_hazard_ratio(events, **shape).estimate == pytest.approx(ratio)


@properties
@given(ratios, shares, st.sampled_from(["schoenfeld", "freedman"]))
def test_swapping_the_groups_inverts_the_ratio_and_keeps_the_events(ratio, fraction, method):
    one = required_events(ratio, fraction=fraction, method=method).estimate
    other = required_events(1 / ratio, fraction=1 - fraction, method=method).estimate
    assert one == pytest.approx(other)


def test_no_difference_and_no_events_are_said_not_computed():
    for result in (
        required_events(1),
        required_events(1, method="freedman"),
        interaction_events(1),
        detectable_hazard_ratio(0),
    ):
        assert result.estimate is None
        assert result.note
    assert power(100, 1).estimate == pytest.approx(0.025)
    assert power(0, 0.5).estimate == pytest.approx(0.025)


@pytest.mark.parametrize(
    "call",
    [
        lambda: required_events(0),
        lambda: required_events(0.5, fraction=1),
        lambda: required_events(0.5, power=1),
        lambda: required_events(0.5, method="lachin"),
        lambda: power(-1, 0.5),
        lambda: power(10, 0.5, alpha=0),
        lambda: interaction_events(0.5, marker_fraction=0),
    ],
)
def test_misuse_is_refused(call):
    with pytest.raises(ValueError, match=r"must|Unknown"):
        call()
