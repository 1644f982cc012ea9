"""Posteriors against published examples, quadrature and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from il6_platform.statistics.shrinkage import (
    Prior,
    neutral,
    posterior,
    probability_below,
    sceptical,
    subgroup_effects,
)

properties = settings(max_examples=40, deadline=None, derandomize=True)
logs, errors = st.floats(-2, 2), st.floats(0.05, 1.5)


def test_the_great_trial_is_as_published():
    # Spiegelhalter, Abrams & Myles (Wiley 2004), example 3.6: OR 0.73, 95% 0.58 to 0.93
    prior = Prior("expert", -0.255, 2 / np.sqrt(236.7))
    found = posterior(-0.74, 2 / np.sqrt(30.5), prior)
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx(
        (0.73, 0.58, 0.93), abs=5e-3
    )


@given(estimate=logs, error=errors, mean=logs, sd=errors)
@properties
def test_the_posterior_is_that_of_quadrature(estimate, error, mean, sd):
    prior = Prior("any", mean, sd)

    def density(x):
        return norm.pdf(x, mean, sd) * norm.pdf(estimate, x, error)

    centre = (mean / sd**2 + estimate / error**2) / (1 / sd**2 + 1 / error**2)
    width = 12 / np.sqrt(1 / sd**2 + 1 / error**2)
    limits = (centre - width, centre + width)
    mass = quad(density, *limits)[0]
    first = quad(lambda x: x * density(x) / mass, *limits)[0]
    found = posterior(estimate, error, prior)
    assert np.log(found.estimate) == pytest.approx(first, abs=1e-6)
    below = quad(density, limits[0], 0)[0] / mass if limits[0] < 0 < limits[1] else float(first < 0)
    assert probability_below(estimate, error, prior).estimate == pytest.approx(below, abs=1e-6)


@given(one=logs, two=logs, s1=errors, s2=errors, mean=logs, sd=errors)
@properties
def test_subgroups_differ_by_the_posterior_of_the_interaction(one, two, s1, s2, mean, sd):
    prior = Prior("any", mean, sd)
    first, second = subgroup_effects([one, two], [s1, s2], prior)
    ratio = posterior(one - two, np.hypot(s1, s2), prior)
    assert first.estimate / second.estimate == pytest.approx(ratio.estimate, rel=1e-8)
    assert first.std_error <= s1 + 1e-12 and second.std_error <= s2 + 1e-12


@given(one=logs, two=logs, s1=errors, s2=errors)
@properties
def test_a_vague_prior_changes_nothing_and_a_strict_one_makes_them_one(one, two, s1, s2):
    vague = subgroup_effects([one, two], [s1, s2], Prior("vague", 0, 300))
    assert [np.log(e.estimate) for e in vague] == pytest.approx([one, two], abs=1e-3)
    strict = subgroup_effects([one, two], [s1, s2], Prior("strict", 0, 1e-5))
    w = np.array([1 / s1**2, 1 / s2**2])
    common = w @ [one, two] / w.sum()
    assert [np.log(e.estimate) for e in strict] == pytest.approx([common, common], abs=1e-4)


def test_priors_hold_what_they_are_said_to_hold():
    for planned in (0.5, 2.0):
        prior = sceptical(planned)
        tail = norm.cdf(np.log(planned), 0, prior.sd)
        assert min(tail, 1 - tail) == pytest.approx(0.05)
    wide = neutral()
    assert norm.cdf(np.log(10), 0, wide.sd) - norm.cdf(-np.log(10), 0, wide.sd) == pytest.approx(
        0.95
    )
    assert wide.words == "neutral prior 1 (95% 0.1 to 10)"


def test_wrong_use_is_refused():
    with pytest.raises(ValueError, match="not 1"):
        sceptical(1)
    with pytest.raises(ValueError, match="above 1"):
        neutral(1)
    with pytest.raises(ValueError, match="standard deviation > 0"):
        Prior("x", 0, 0)
    with pytest.raises(ValueError, match="above 0"):
        posterior(0, 0, neutral())
    with pytest.raises(ValueError, match="ratio must be"):
        probability_below(0, 1, neutral(), 0)
    with pytest.raises(ValueError, match="Two groups"):
        subgroup_effects([1], [1], neutral())
    with pytest.raises(ValueError, match="above 0"):
        subgroup_effects([1, np.nan], [1, 1], neutral())
