"""Few rows for many deaths at one moment give the sums over all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.statistics.efron import NODES, SPARSE, TiedDeaths, quadrature
from il6_platform.statistics.risk_sets import RiskSets


@pytest.mark.parametrize("deaths", [NODES + 1, 6, 17, 400])
@pytest.mark.parametrize("degree", range(2 * NODES))
def test_quadrature_sums_polynomials_exactly(deaths: int, degree: int) -> None:
    nodes, weights = quadrature(np.array([deaths]))
    exact = sum(k**degree for k in range(deaths))
    assert (weights * nodes**degree).sum() == pytest.approx(exact, rel=1e-11)


@given(
    deaths=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    proportion=st.floats(1e-6, SPARSE),
)
def test_rows_for_several_deaths_give_the_sums_over_all(
    deaths: list[int], proportion: float
) -> None:
    died = np.array([deaths])
    at_risk = died / proportion
    few, all_rows = TiedDeaths(died, np.full(died.shape, proportion)), TiedDeaths(died)
    assert len(few.gone) == sum(d if d <= NODES else NODES for d in deaths)
    assert len(all_rows.gone) == sum(deaths)
    for of in (np.log, np.reciprocal, lambda x: x**-2.0):
        sums = [one.summed(of(one.exposed(at_risk, died * 1.0))) for one in (few, all_rows)]
        assert sums[0] == pytest.approx(sums[1], rel=1e-13)
    # a moment of which more die than a twentieth has a row for each
    assert len(TiedDeaths(died, np.full(died.shape, SPARSE * 1.01)).gone) == sum(deaths)


def test_models_of_many_ties_are_those_of_a_row_for_each_death(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(4)
    n = 6000
    groups = rng.integers(0, 4, (3, n))
    drawn = rng.integers(0, 4, (3, n))
    time = np.ceil(rng.exponential(20 + 5 * groups[0]))
    event = rng.random(n) < 0.7
    short, statistic = RiskSets(time, event).interaction(groups, drawn)
    monkeypatch.setattr("il6_platform.statistics.efron.SPARSE", -1.0)
    whole, expected = RiskSets(time, event).interaction(groups, drawn)
    assert short.coefficients == pytest.approx(whole.coefficients, rel=1e-11)
    assert short.covariance == pytest.approx(whole.covariance, rel=1e-12)
    assert short.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-14)
    assert statistic == pytest.approx(expected, abs=1e-9)
