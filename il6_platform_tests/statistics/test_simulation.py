"""Small fixed versions of `benchmarks.simulate`: gross errors of level or coverage show here.

Bounds are quantiles of the binomial distribution at the level that a test or interval should have,
so that one sound method in ten thousand would fail; seeds are fixed, so none does by chance.
"""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from il6_platform_tests.benchmarks import simulate as simulation

SEED = 53
RARE = 1e-4
EXACT = ("Log-rank, permutation", "Fisher", "Chi-square, continuity correction")
LARGE_SAMPLE = 0.08
"""Type I error that a large-sample test may reach at these group sizes."""


@pytest.fixture(scope="module")
def null_tests():
    return simulation.simulate(simulation.two_groups, 300, SEED)


@pytest.fixture(scope="module")
def null_cutoffs():
    return simulation.simulate(simulation.null_cutoff, 150, SEED)


def rejections(results, prefix=""):
    chosen = results[[name for name in results if name.startswith(prefix)]]
    return int((chosen <= 0.05).to_numpy().sum()), int(chosen.notna().to_numpy().sum())


def holds_level(results, level=0.05):
    """Whether no test rejects more often than chance allows at its level."""
    counts = (results <= 0.05).sum(), results.notna().sum()
    return bool((counts[0] <= binom.ppf(1 - RARE, counts[1], level)).all())


def test_results_depend_on_the_seed_and_not_on_the_processes():
    one, two = (simulation.simulate(simulation.two_groups, 6, 1, jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(simulation.simulate(simulation.two_groups, 6, 2))


def test_simulated_studies_have_the_published_groups_and_about_forty_events():
    assert (len(simulation.ARM), simulation.ARM.sum()) == (53, 29)
    cells = pd.crosstab(simulation.ARM, simulation.HIGH)
    assert cells.to_numpy().tolist() == [[12, 12], [10, 19]]
    rng = np.random.default_rng(SEED)
    events = [simulation.draw(rng).event.mean() for _ in range(200)]
    assert np.mean(events) == pytest.approx(0.82, abs=0.03)


@pytest.mark.parametrize("test", EXACT)
def test_exact_tests_hold_their_level_in_every_comparison(null_tests, test):
    named = null_tests[[f"{test}|{groups}" for groups in simulation.GROUPS]]
    assert named.notna().to_numpy().all()
    assert holds_level(named)


@pytest.mark.parametrize("test", ["Log-rank", "Chi-square", "Fisher, mid-P"])
def test_large_sample_tests_come_near_their_level(null_tests, test):
    named = null_tests[[f"{test}|{groups}" for groups in simulation.GROUPS]]
    assert holds_level(named, LARGE_SAMPLE)
    assert rejections(named)[0] >= binom.ppf(RARE, named.size, 0.03)


def test_fisher_is_the_most_cautious_and_mid_p_lies_between(null_tests):
    fisher, mid = (rejections(null_tests, f"{name}|")[0] for name in ("Fisher", "Fisher, mid-P"))
    assert fisher < mid <= rejections(null_tests, "Chi-square|")[0]


def test_permutation_p_values_are_uniform(null_tests):
    for groups in simulation.GROUPS:
        p = null_tests[f"Log-rank, permutation|{groups}"]
        # standard error of the mean of 300 uniform values: 1 / sqrt(12 * 300)
        assert p.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * 300))


@pytest.mark.parametrize(
    ("study", "replicates"),
    [
        (simulation.two_groups_by_models, 8),
        (simulation.four_groups, 60),
        (simulation.four_groups_by_models, 15),
        (simulation.continuous_marker, 8),
    ],
)
def test_other_tests_hold_their_level_roughly(study, replicates):
    results = simulation.simulate(study, replicates, SEED)
    assert holds_level(results, LARGE_SAMPLE)
    assert results.notna().to_numpy().mean() > 0.8


@pytest.mark.parametrize(
    ("study", "replicates"),
    [
        (simulation.rate_intervals, 300),
        (simulation.survival_intervals, 30),
        (simulation.model_intervals, 15),
        (simulation.accuracy_intervals, 60),
        (simulation.incidence_intervals, 40),
        (simulation.belief_intervals, 200),
    ],
)
def test_intervals_cover_about_as_often_as_they_say(study, replicates):
    results = simulation.simulate(study, replicates, SEED)
    # 92%: what a sound large-sample interval may fall to at these sizes
    enough = binom.ppf(RARE, results.notna().sum(), 0.92)
    assert (results.sum() >= enough).all()
    assert results.notna().to_numpy().mean() > 0.8


def test_intervals_would_be_caught_on_the_wrong_scale():
    from il6_platform.statistics.estimate import Estimate

    interval = Estimate("hazard_ratio", 0.6, 0.3, None)
    assert simulation.covered(interval, 0.6) == simulation.covered(interval, 99) == 1
    assert simulation.covered(interval, np.log(0.6)) == 0
    assert np.isnan(simulation.covered(Estimate("hazard_ratio"), 0.6))


def test_a_naive_best_cutoff_of_a_null_marker_is_often_significant(null_cutoffs):
    count, of = rejections(null_cutoffs, "Cut-off with the smallest")
    assert count > binom.ppf(1 - RARE, of, 0.2)
    count, of = rejections(null_cutoffs, "Cut-off by Youden")
    assert count > binom.ppf(1 - RARE, of, 0.06)


def test_corrected_p_values_of_a_null_marker_hold_their_level(null_cutoffs):
    corrected = [name for name in null_cutoffs if name.startswith(("Maxstat", "The same"))]
    assert len(corrected) == 5
    assert holds_level(null_cutoffs[[*corrected, "Median, fixed beforehand"]])


def test_an_interaction_at_a_searched_cutoff_is_naive_and_its_correction_holds_the_level():
    found = simulation.simulate(partial(simulation.chosen_interaction, replicates=39), 30, SEED)
    naive = found["Cut-off by its own size, naive likelihood ratio"]
    assert (naive <= 0.05).sum() > binom.ppf(1 - RARE, naive.notna().sum(), 0.05)
    assert holds_level(found[[name for name in found if name.endswith("the search")]])


def test_competing_tests_hold_their_level_and_immortal_time_breaks_it():
    assert holds_level(simulation.simulate(simulation.competing_tests, 40, SEED), LARGE_SAMPLE)
    found = simulation.simulate(simulation.immortal_time, 30, SEED)
    assert holds_level(found[["Log-rank from the window's end"]])
    naive = found["Log-rank from time zero"]
    assert (naive <= 0.05).sum() > binom.ppf(1 - RARE, len(naive), 0.3)


def test_tables_name_the_test_the_groups_and_the_error():
    results = pd.DataFrame({"Log-rank|12 against 12": [0.01, 0.2, 0.9, np.nan]})
    text = simulation.markdown(
        "Level", simulation.rejected(results), ("Test", "Patients", "Rejected", "No result")
    )
    assert text.splitlines() == [
        "### Level",
        "",
        "| Test | Patients | Rejected | No result |",
        "|---|---|---|---|",
        "| Log-rank | 12 against 12 | 33.3% ± 27.2% | 25.0% |",
    ]
