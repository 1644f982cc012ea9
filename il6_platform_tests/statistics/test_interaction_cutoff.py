"""The cut-off with the largest interaction, admissible cut-offs, and the corrected test."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.cutoff_rules import (
    Rule,
    Search,
    ipcw_weights,
    smallest_group,
    weighted_youden,
)
from il6_platform.statistics.cutoff_validation import bootstrap_cutoff, interaction_test
from il6_platform.statistics.maximal_selection import maxstat
from il6_platform.statistics.regression import interaction
from il6_platform.statistics.roc import outcome_by, youden

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "further.json").read_text())["interaction"]
properties = settings(max_examples=15, deadline=None, derandomize=True)


def study(seed, n=60, levels=15):
    rng = np.random.default_rng(seed)
    marker, arm = rng.integers(0, levels, n).astype(float), rng.integers(0, 2, n)
    time = np.ceil(rng.exponential(20, n))
    return marker, time, rng.random(n) < 0.8, arm


def veteran():
    data = pd.read_csv(FOLDER / "veteran.csv")
    return data["age"], data["time"], data["status"], (data["trt"] == 2).astype(int)


def colon():
    data = pd.read_csv(FOLDER / "colon.csv")
    data = data[data["rx"] != "Lev"]
    return data["age"], data["time_os"], data["status_os"], (data["rx"] == "Lev+5FU").astype(int)


@pytest.mark.parametrize(
    ("name", "data", "least"), [("veteran_age", veteran(), 14), ("colon_age", colon(), 62)]
)
def test_the_profile_and_its_largest_are_those_of_coxph(name, data, least):
    *sample, arm = data
    expected = REFERENCE[name]
    search = Search(*sample, Rule("interaction", arm=arm, min_patients=least))
    profile = search.criterion(np.ones((1, search.n)))[0]
    sought = np.isfinite(profile)
    assert search.cutoffs[sought].tolist() == expected["cutoffs"]
    assert profile[sought] == pytest.approx(expected["likelihood_ratio"], abs=1e-6)
    assert search.cutoff == expected["best"]
    assert profile.max() == pytest.approx(expected["largest"], abs=1e-6)


def test_the_naive_test_is_the_interaction_at_the_cutoff():
    *sample, arm = veteran()
    rule = Rule("interaction", arm=arm, min_patients=14)
    rng = np.random.default_rng(1)
    naive, corrected = interaction_test(*sample, arm, rule, rng=rng, replicates=199)
    model = interaction(*sample[1:], arm, (sample[0] >= naive.at).astype(int))
    ratio = {e.statistic: e for e in model}
    assert naive.estimate == pytest.approx(REFERENCE["veteran_age"]["largest"], abs=1e-6)
    p_values = [e.p_value for e in ratio.values() if e.p_value is not None]
    assert min(abs(p - naive.p_value) for p in p_values) < 1e-6
    assert naive.p_value < 0.01 < corrected.p_value
    assert corrected.at == naive.at == 48


@pytest.mark.parametrize("method", ["interaction", "youden", "maxstat", "youden_ipcw"])
def test_each_permutation_runs_the_whole_rule_anew(method):
    """Against the rule carried out on data frames, one permutation after the other."""
    marker, time, event, arm = study(3)
    outcome = outcome_by(time, event, 15)
    rule = {
        "interaction": Rule("interaction", arm=arm, min_patients=10),
        "youden": Rule("youden", outcome=outcome, min_share=0.2),
        "maxstat": Rule("maxstat", min_patients=10),
        "youden_ipcw": Rule("youden_ipcw", by=15.0, min_patients=12),
    }[method]
    rng, replicates = np.random.default_rng(5), 12
    naive, corrected = interaction_test(
        marker, time, event, arm, rule, rng=rng, replicates=replicates
    )

    order = np.argsort(marker, kind="stable")
    child = np.random.default_rng(5).spawn(1)[0]
    permutation = np.tile(np.arange(60), (replicates, 1))
    for k in (0, 1):
        inside = arm[order] == k
        permutation[:, inside] = child.permuted(permutation[:, inside], axis=1)
    reached = 1
    for row in permutation:
        patients = order[row]
        values = marker[order]
        t, e, a = time[patients], event[patients], arm[patients]
        cutoff = found_by_hand(method, values, t, e, a, outcome[patients])
        ratio = likelihood_ratio(t, e, a, values >= cutoff)
        reached += np.isnan(ratio) or ratio >= naive.estimate - 1e-9
    assert corrected.p_value == reached / (replicates + 1)


def found_by_hand(method, marker, time, event, arm, outcome):
    match method:
        case "youden":
            return youden(marker, outcome, min_share=0.2).value
        case "maxstat":
            return maxstat(marker, time, event, min_patients=10).cutoff
        case "youden_ipcw":
            weights = ipcw_weights(time, event, 15.0)
            return weighted_youden(marker, *weights, min_patients=12)[0].estimate
    cutoffs = [c for c in np.unique(marker) if 10 <= (marker >= c).sum() <= len(marker) - 10]
    ratios = [likelihood_ratio(time, event, arm, marker >= c) for c in cutoffs]
    return cutoffs[int(np.nanargmax(ratios))]


def likelihood_ratio(time, event, arm, high):
    from lifelines import CoxPHFitter

    data = pd.DataFrame({"t": time, "e": event, "a": arm, "h": high.astype(int)}).astype(float)
    cells = data.assign(e=data["e"]).groupby(["a", "h"])["e"].sum()
    if len(cells) < 4 or (cells == 0).any():
        return np.nan
    larger = CoxPHFitter().fit(data.assign(p=data["a"] * data["h"]), "t", "e")
    smaller = CoxPHFitter().fit(data, "t", "e")
    return 2 * (larger.log_likelihood_ - smaller.log_likelihood_)


@pytest.mark.parametrize(
    ("n", "share", "patients", "expected"),
    [(100, 0.1, 10, 10), (53, 0.1, 10, 10), (278, 0.1, 10, 28), (30, 0.1, 1, 3), (5, 0, 1, 1)],
)
def test_the_smallest_group_is_the_larger_of_share_and_number(n, share, patients, expected):
    assert smallest_group(n, share, patients) == expected


@given(seed=st.integers(0, 500), least=st.integers(2, 25), share=st.sampled_from([0.0, 0.1, 0.3]))
@properties
def test_no_rule_leaves_fewer_than_it_must(seed, least, share):
    marker, time, event, arm = study(seed)
    outcome = outcome_by(time, event, 15)
    weights = ipcw_weights(time, event, 15.0)
    options = {"min_share": share, "min_patients": least}
    found = {
        "youden": youden(marker, outcome, **options).value,
        "lower": youden(marker, outcome, higher=False, **options).value,
        "weighted": weighted_youden(marker, *weights, **options)[0].estimate,
        "maxstat": maxstat(
            marker, time, event, min_prop=share, max_prop=1 - share, min_patients=least
        ).cutoff,
        "rule": Search(marker, time, event, Rule("youden", outcome=outcome, **options)).cutoff,
        "interaction": Search(marker, time, event, Rule("interaction", arm=arm, **options)).cutoff,
    }
    required = smallest_group(len(marker), share, least)
    for name, cutoff in found.items():
        if cutoff is not None:
            high = int((marker >= cutoff).sum())
            floor = least if name == "maxstat" else required
            assert min(high, len(marker) - high) >= floor, name
    assert found["youden"] == found["rule"]


def test_a_best_cutoff_that_splits_off_three_patients_is_passed_over():
    marker = np.r_[np.linspace(1, 9, 275), 50, 51, 52]
    outcome = np.r_[np.arange(275) % 2, 1, 1, 1].astype(float)
    outcome[:3] = np.nan
    assert youden(marker, outcome).value == 50
    admissible = youden(marker, outcome, min_share=0.1, min_patients=10)
    low = int((marker < admissible.value).sum())
    assert 28 <= low <= 278 - 28


def test_ties_of_youdens_index_are_told():
    tied = youden([1, 2, 3, 4], [0, 1, 0, 1]).estimates()[0]
    assert tied.estimate == 2
    assert tied.note == "2 cut-offs share the largest index (2, 4): the lowest is taken."
    assert youden([1, 2, 3, 4], [0, 0, 1, 1]).estimates()[0].note is None


def test_nothing_is_cut_where_both_sides_cannot_be_filled():
    marker, time, event, arm = study(1, n=18)
    rule = Rule("interaction", arm=arm, min_patients=10)
    rows = interaction_test(marker, time, event, arm, rule, rng=np.random.default_rng(1))
    assert [row.estimate for row in rows] == [None, None]
    assert all(row.note for row in rows)
    found = youden(marker, event * 1.0, min_patients=10)
    assert found.value is None
    assert found.estimates()[0].note == "No cut-off leaves enough patients on both sides."


def test_the_bootstrap_knows_the_rule_and_threads_change_nothing():
    *sample, arm = study(2)
    rule = Rule("interaction", arm=arm, min_patients=10)
    found = [
        bootstrap_cutoff(*sample, rule, rng=np.random.default_rng(4), replicates=300, jobs=jobs)
        for jobs in (1, 2)
    ]
    assert np.array_equal(found[0].cutoffs, found[1].cutoffs, equal_nan=True)
    names = {e.statistic for e in found[0].estimates}
    assert "auc_apparent" not in names
    assert {"cutoff_bootstrap", "hazard_ratio_corrected"} <= names


def test_wrong_use_is_refused():
    marker, time, event, _ = study(1)
    with pytest.raises(ValueError, match="arm goes with"):
        Rule("interaction")
    with pytest.raises(ValueError, match="min_share must be 0"):
        Rule("maxstat", min_share=0.5)
    with pytest.raises(ValueError, match="min_patients must be 1"):
        youden(marker, event * 1.0, min_patients=0)
    with pytest.raises(ValueError, match="arm must be 1"):
        Search(marker, time, event, Rule("interaction", arm=marker))
