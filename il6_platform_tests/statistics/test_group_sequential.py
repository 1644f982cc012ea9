import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from il6_platform.statistics.group_sequential import (
    boundaries,
    conditional_power,
    crossing_probability,
    predictive_power,
    repeated_interval,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "reference.json").read_text())
KINDS = {
    "OF": "obrien_fleming",
    "P": "pocock",
    "asOF": "lan_demets_obrien_fleming",
    "asP": "lan_demets_pocock",
}
# rpact 3.3.4: getDesignGroupSequential(informationRates = c(.3, .55, .8, 1), alpha = .025,
# sided = 1, tolerance = 1e-10), getPowerAndAverageSampleNumber(theta = .3, nMax = 100)
UNEQUAL = [0.3, 0.55, 0.8, 1]
UNEQUAL_Z = {
    "OF": [3.71493454641053, 2.74366099324982, 2.27492351663587, 2.03475345072427],
    "P": [2.3453945903902] * 4,
    "asOF": [3.92857254262661, 2.80787685705582, 2.27609808143461, 2.02924463496311],
    "asP": [2.31183530380578, 2.35730923461961, 2.35262574540684, 2.37308105925331],
}
UNEQUAL_REJECTED = {
    "asOF": [0.0111445493567527, 0.2690972147919426, 0.3823156763724368, 0.1802297286468791],
    "asP": [0.251853759967030, 0.232081541314698, 0.189608870874875, 0.107427524963904],
}
properties = settings(max_examples=25, deadline=None, derandomize=True)
looks = st.lists(st.floats(0.05, 0.98), min_size=1, max_size=4, unique=True).map(
    lambda t: [*sorted(t), 1.0]
)


@pytest.mark.parametrize("name", REFERENCE["group_sequential"]["bounds"])
def test_boundaries_at_equal_fractions_agree_with_rpact(name):
    expected = REFERENCE["group_sequential"]["bounds"][name]
    k, kind = int(name[1]), KINDS[name.split("_")[1]]
    result = boundaries(np.arange(1, k + 1) / k, kind=kind)
    np.testing.assert_allclose(result["z"], expected["z"], atol=1e-6)
    np.testing.assert_allclose(result["nominal_p"] / 2, expected["nominal_p_one_sided"], atol=1e-8)
    np.testing.assert_allclose(result["spent"] / 2, expected["cum_alpha_one_sided"], atol=2e-8)


@pytest.mark.parametrize("name", UNEQUAL_Z)
def test_boundaries_at_unequal_fractions_agree_with_rpact(name):
    np.testing.assert_allclose(
        boundaries(UNEQUAL, kind=KINDS[name])["z"], UNEQUAL_Z[name], atol=1e-6
    )


@pytest.mark.parametrize("name", UNEQUAL_REJECTED)
def test_power_by_stage_agrees_with_rpact(name):
    crossed = crossing_probability(UNEQUAL, UNEQUAL_Z[name], drift=0.3 * np.sqrt(100))
    np.testing.assert_allclose(crossed, UNEQUAL_REJECTED[name], atol=1e-7)


def test_published_constants_of_jennison_and_turnbull():
    published = REFERENCE["group_sequential"]["published_JT2000_two_sided_05"]
    for k in range(2, 6):
        t = np.arange(1, k + 1) / k
        assert boundaries(t, kind="obrien_fleming")["z"].iloc[-1] == pytest.approx(
            published["OBF_CB"][f"K{k}"], abs=6e-4
        )
        assert boundaries(t, kind="pocock")["z"].iloc[0] == pytest.approx(
            published["Pocock_CP"][f"K{k}"], abs=6e-4
        )


# Documentation of R's PWEALL::cp(pi1 = 2/3), 300 planned events, current trend:
# hazard ratio, share of the events seen, conditional power
@pytest.mark.parametrize(
    ("hazard_ratio", "fraction", "expected"),
    [
        (1.0, 0.1, 1.941502e-02),
        (0.99, 0.1, 2.388077e-02),
        (0.97, 0.3, 2.041000e-02),
        (0.96, 0.5, 1.071177e-02),
    ],
)
def test_conditional_power_under_the_trend_agrees_with_pweall(hazard_ratio, fraction, expected):
    drift = -np.log(hazard_ratio) * np.sqrt(300 * 2 / 9)
    z = drift * np.sqrt(fraction)
    assert conditional_power(z, fraction).estimate == pytest.approx(expected, rel=1e-6)
    assert conditional_power(z, fraction, drift=drift).estimate == pytest.approx(expected, rel=1e-6)


def test_conditional_power_averages_to_the_power():
    drift, fraction = 2.5, 0.4
    x, w = np.polynomial.hermite_e.hermegauss(60)
    z = drift * np.sqrt(fraction) + x
    power = sum(
        wi * conditional_power(zi, fraction, drift=drift).estimate
        for zi, wi in zip(z, w / w.sum(), strict=True)
    )
    assert power == pytest.approx(norm.cdf(drift - norm.ppf(0.975)), abs=1e-9)


def test_predictive_power_is_conditional_power_averaged_over_the_effect():
    z, fraction = 1.4, 0.6
    x, w = np.polynomial.hermite_e.hermegauss(60)
    drifts = z / np.sqrt(fraction) + x / np.sqrt(fraction)
    average = sum(
        wi * conditional_power(z, fraction, drift=d).estimate
        for d, wi in zip(drifts, w / w.sum(), strict=True)
    )
    assert predictive_power(z, fraction).estimate == pytest.approx(average, abs=1e-9)


@properties
@given(looks, st.sampled_from(list(KINDS.values())), st.sampled_from([0.01, 0.05, 0.1]))
def test_all_alpha_is_spent_by_the_last_look(t, kind, alpha):
    result = boundaries(t, kind=kind, alpha=alpha)
    assert result["spent"].iloc[-1] == pytest.approx(alpha, abs=1e-7)
    assert result["spent"].is_monotonic_increasing
    assert result["z"].iloc[-1] >= norm.ppf(1 - alpha / 2) - 1e-7


def test_one_look_is_the_fixed_sample_test():
    for kind in KINDS.values():
        assert boundaries([1.0], kind=kind)["z"].item() == pytest.approx(norm.ppf(0.975))


def test_looks_simulated_cross_as_often_as_computed():
    rng = np.random.default_rng(11)
    t, z, drift = np.array([0.4, 0.45, 1.0]), np.array([1.9, 2.2, 2.0]), 1.2
    steps = np.diff(t, prepend=0)
    b = np.cumsum(drift * steps + np.sqrt(steps) * rng.standard_normal((200_000, 3)), axis=1)
    crossed = b / np.sqrt(t) >= z
    first = [(crossed.any(1) & (crossed.argmax(1) == k)).mean() for k in range(3)]
    np.testing.assert_allclose(crossing_probability(t, z, drift=drift), first, atol=4e-3)


def test_repeated_interval_with_the_fixed_boundary_is_the_wald_interval():
    result = repeated_interval(0.6, 0.2, norm.ppf(0.975), events=100)
    assert result.ci_low == pytest.approx(np.exp(np.log(0.6) - 1.959963984540054 * 0.2))
    assert result.ci_high == pytest.approx(np.exp(np.log(0.6) + 1.959963984540054 * 0.2))
    assert repeated_interval(0.6, 0.2, 2.8).ci_high > result.ci_high


@pytest.mark.parametrize(
    "call",
    [
        lambda: boundaries([]),
        lambda: boundaries([0.5, 0.5, 1]),
        lambda: boundaries([0.5, 1.1]),
        lambda: boundaries([1], kind="haybittle"),
        lambda: boundaries([1], alpha=0),
        lambda: crossing_probability([0.5, 1], [2]),
        lambda: conditional_power(1, 1),
        lambda: predictive_power(1, 0),
        lambda: repeated_interval(0, 1, 2),
    ],
)
def test_misuse_is_refused(call):
    with pytest.raises(ValueError, match=r"must|Unknown|Give"):
        call()


def log_rank_path(rng: np.random.Generator, patients: int, events: int) -> np.ndarray:
    """Return the log-rank Z at every event of one study without a difference.

    Patients come over a year; at each event what is known on its day is tested.
    """
    come, wait = rng.random(patients), rng.exponential(1.0, patients)
    first = rng.permutation(patients) < patients // 2
    days = np.sort(come + wait)[:events]
    seen = np.minimum(wait, days[:, None] - come)
    died = (come + wait <= days[:, None] + 1e-12) & (seen >= 0)
    # at risk at the follow-up time of each death, on each day
    at = np.argsort(wait)[:patients]
    risk = (seen[:, None, :] >= wait[at][None, :, None] - 1e-12) & (seen[:, None, :] >= 0)
    n, n1 = risk.sum(axis=2), (risk & first).sum(axis=2)
    dead = died[:, at]
    share = n1 / np.maximum(n, 1)
    excess = (dead * (first[at] - share)).sum(axis=1)
    variance = (dead * share * (1 - share)).sum(axis=1)
    return excess / np.sqrt(np.maximum(variance, 1e-12))


@pytest.mark.parametrize("kind", ["lan_demets_obrien_fleming", "lan_demets_pocock"])
def test_a_look_at_every_event_keeps_the_type_i_error(kind: str) -> None:
    rng, events = np.random.default_rng(20230630), 30
    limits = boundaries(np.arange(1, events + 1) / events, kind=kind)["z"].to_numpy()
    crossed = [bool(np.any(np.abs(log_rank_path(rng, 60, events)) >= limits)) for _ in range(2500)]
    assert np.mean(crossed) <= 0.052
