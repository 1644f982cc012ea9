"""Random effects against R's metafor (further.R) and statsmodels."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from il6_platform.statistics.meta_analysis import NAMES, grid_random_effects, random_effects

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "further.json").read_text())["meta"]
properties = settings(max_examples=40, deadline=None, derandomize=True)


def pooled(effects, errors):
    return {row.statistic: row for row in random_effects(effects, errors)}


@pytest.mark.parametrize("name", REFERENCE)
def test_all_is_rma_with_reml_and_knha(name):
    expected = REFERENCE[name]
    ours = pooled(expected["yi"], expected["sei"])
    mean = ours["pooled"]
    assert mean.estimate == pytest.approx(expected["mu"], abs=1e-9)
    assert mean.std_error == pytest.approx(expected["se"], abs=1e-9)
    assert (mean.ci_low, mean.ci_high) == pytest.approx((expected["low"], expected["high"]))
    assert mean.p_value == pytest.approx(expected["p"], rel=1e-7)
    assert ours["tau_squared"].estimate == pytest.approx(expected["tau2"], abs=1e-9)
    assert 100 * ours["i_squared"].estimate == pytest.approx(expected["i2"], abs=1e-7)
    assert ours["cochran_q"].estimate == pytest.approx(expected["q"], rel=1e-9)
    assert ours["cochran_q"].p_value == pytest.approx(expected["q_p"], rel=1e-7)
    new = ours["prediction"]
    assert (new.ci_low, new.ci_high) == pytest.approx((expected["pi_low"], expected["pi_high"]))


def test_the_vaccine_trials_are_as_published():
    # Viechtbauer, J Stat Softw 2010;36(3): tau^2 = 0.3132, estimate -0.7145 (13 trials of BCG)
    ours = pooled(REFERENCE["bcg"]["yi"], REFERENCE["bcg"]["sei"])
    assert ours["tau_squared"].estimate == pytest.approx(0.3132, abs=5e-5)
    assert ours["pooled"].estimate == pytest.approx(-0.7145, abs=5e-5)


@given(
    effects=st.lists(st.floats(-3, 3), min_size=2, max_size=8),
    seed=st.integers(0, 1000),
)
@properties
def test_the_maximum_is_one_and_the_common_effect_is_statsmodels(effects, seed):
    errors = np.random.default_rng(seed).uniform(0.05, 1, len(effects))
    ours = pooled(effects, errors)
    tau2 = ours["tau_squared"].estimate
    y, v = np.asarray(effects), errors**2

    def likelihood(tau2):
        w = 1 / (v + tau2)
        mean = w @ y / w.sum()
        return np.log(w).sum() - np.log(w.sum()) - w @ (y - mean) ** 2

    grid = np.linspace(0, 10, 2001)
    assert likelihood(tau2) >= max(likelihood(x) for x in grid) - 1e-9
    other = combine_effects(y, v, use_t=False)
    assert ours["pooled_common"].estimate == pytest.approx(other.mean_effect_fe)
    assert ours["pooled_common"].std_error == pytest.approx(other.sd_eff_w_fe)
    assert ours["cochran_q"].estimate == pytest.approx(other.q, abs=1e-9)


@given(seed=st.integers(0, 1000), shift=st.floats(-2, 2), scale=st.floats(0.1, 5))
@properties
def test_shift_and_scale_go_through(seed, shift, scale):
    rng = np.random.default_rng(seed)
    y, s = rng.normal(0, 1, 5), rng.uniform(0.1, 0.6, 5)
    one, other = pooled(y, s), pooled(scale * y + shift, scale * s)
    assert other["pooled"].estimate == pytest.approx(
        scale * one["pooled"].estimate + shift, abs=1e-6
    )
    assert other["prediction"].std_error == pytest.approx(
        scale * one["prediction"].std_error, rel=1e-5
    )


def test_studies_that_agree_too_well_are_told_and_two_predict_little():
    same = pooled(REFERENCE["homogeneous"]["yi"], REFERENCE["homogeneous"]["sei"])
    assert "agree better than chance" in same["pooled"].note
    two = pooled([0.1, 0.9], [0.1, 0.1])
    assert two["prediction"].code == two["pooled"].code == "two_studies"
    equal = pooled([0.4, 0.4], [0.1, 0.2])
    assert equal["pooled"].p_value is None
    assert "no interval" in equal["pooled"].note


def test_one_study_is_not_pooled_and_wrong_use_is_refused():
    rows = random_effects([0.1], [0.2])
    assert [row.statistic for row in rows] == list(NAMES)
    assert all(row.estimate is None and row.note for row in rows)
    with pytest.raises(ValueError, match="one value each"):
        random_effects([0.1], [0.1, 0.2])
    with pytest.raises(ValueError, match="above 0"):
        random_effects([0.1, 0.2], [0.1, 0])


def test_likelihoods_on_a_grid_give_what_r_gives_of_normal_ones() -> None:
    """Normal curves: the maximum likelihood of `rma(method = "ML")`, and its profile interval."""
    path = Path(__file__).parents[1] / "reference" / "sites.json"
    expected = json.loads(path.read_text(encoding="utf-8"))["likelihood"]
    grid = np.linspace(-4, 4, 81)
    y, s = np.array(expected["effects"]), np.array(expected["errors"])
    curves = -((grid - y[:, None]) ** 2) / (2 * s[:, None] ** 2)
    pooled, tau, common = grid_random_effects(grid, curves)
    assert pooled.estimate == pytest.approx(expected["mean"], abs=1e-3)
    assert pooled.ci_low == pytest.approx(expected["low"], abs=2e-3)
    assert pooled.ci_high == pytest.approx(expected["high"], abs=2e-3)
    assert tau.estimate == pytest.approx(expected["tau2"], abs=2e-3)
    assert common.estimate == pytest.approx(expected["common"], abs=1e-4)
    low = expected["common"] - 1.959964 * expected["common_se"]
    assert common.ci_low == pytest.approx(low, abs=1e-3)
