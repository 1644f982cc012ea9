import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test
from scipy.stats import chi2

from il6_platform.statistics.cutoff_scan import COLUMNS, scan

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())["cox"]
properties = settings(max_examples=20, deadline=None, derandomize=True)
NUMBERS = [name for name in COLUMNS if name not in ("cutoff", "population", "note")]
EFFECTS = ["log_hazard_ratio", "interaction_log_ratio"]


def small(seed, n=53, levels=12):
    rng = np.random.default_rng(seed)
    marker, arm = rng.integers(0, levels, n).astype(float), rng.integers(0, 2, n)
    time = np.ceil(rng.exponential(10 * np.exp(-0.1 * marker + 0.05 * marker * arm)))
    return marker, time, (rng.random(n) < 0.75).astype(int), arm


def lifelines_cox(frame, columns):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CoxPHFitter().fit(
            frame[[*columns, "time", "event"]].astype(float),
            "time",
            "event",
            fit_options={"precision": 1e-12, "r_precision": 1e-14},
        )


# R was asked with nodes > 4 and with node4, which differs from it in 12 patients
@pytest.mark.parametrize(
    ("marker", "cutoff", "endpoint", "key"),
    [
        ("nodes", 5, "os", "interaction_os_nodes_gt4"),
        ("node4", 1, "os", "interaction_os_node4"),
        ("node4", 1, "rec", "interaction_rec_node4"),
    ],
)
def test_interaction_is_that_of_coxph(marker, cutoff, endpoint, key):
    data = pd.read_csv(FOLDER / "colon.csv")
    data = data[(data["rx"] != "Lev") & data[marker].notna()]
    arm, expected = data["rx"] == "Lev+5FU", REFERENCE[key]
    table = scan(data[marker], data[f"time_{endpoint}"], data[f"status_{endpoint}"], arm)
    row = table[(table["cutoff"] == cutoff) & (table["population"] == "all")].iloc[0]
    assert row["interaction_log_ratio"] == pytest.approx(expected["full"]["coef"][2], abs=1e-8)
    assert row["interaction_std_error"] == pytest.approx(expected["full"]["se"][2], abs=1e-8)
    assert row["interaction_p_value"] == pytest.approx(expected["lrt_interaction"]["p"], abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_every_row_is_what_lifelines_gives_for_it(seed):
    marker, time, event, arm = small(seed)
    frame = pd.DataFrame({"marker": marker, "time": time, "event": event, "arm": arm})
    table = scan(*frame[["marker", "time", "event", "arm"]].to_numpy().T, min_group=8)
    checked = 0
    for row in table.itertuples():
        inside = (
            frame
            if row.population == "all"
            else frame[frame["arm"] == (row.population == "experimental")]
        )
        inside = inside.assign(high=inside["marker"] >= row.cutoff)
        high, low = inside[inside["high"]], inside[~inside["high"]]
        assert (row.n_high, row.n_low) == (len(high), len(low))
        assert (row.events_high, row.events_low) == (high["event"].sum(), low["event"].sum())
        assert row.events == inside["event"].sum()
        if np.isnan(row.chi_square):
            assert row.note
            continue
        test = logrank_test(high["time"], low["time"], high["event"], low["event"])
        assert row.chi_square == pytest.approx(test.test_statistic, abs=1e-8)
        assert row.p_value == pytest.approx(test.p_value, abs=1e-8)
        fit = lifelines_cox(inside, ["high"])
        assert row.log_hazard_ratio == pytest.approx(fit.params_["high"], abs=1e-6)
        assert row.std_error == pytest.approx(fit.standard_errors_["high"], abs=1e-6)
        checked += 1
        if row.population == "all" and not np.isnan(row.interaction_log_ratio):
            inside = inside.assign(both=inside["high"] & (inside["arm"] == 1))
            full = lifelines_cox(inside, ["arm", "high", "both"])
            additive = lifelines_cox(inside, ["arm", "high"])
            gain = 2 * (full.log_likelihood_ - additive.log_likelihood_)
            assert row.interaction_log_ratio == pytest.approx(full.params_["both"], abs=1e-6)
            error = full.standard_errors_["both"]
            assert row.interaction_std_error == pytest.approx(error, abs=1e-6)
            assert row.interaction_p_value == pytest.approx(chi2.sf(gain, 1), abs=1e-6)
    assert checked > 8


class TestProperties:
    @properties
    @given(st.integers(0, 1000))
    def test_row_order_and_units_do_not_matter(self, seed):
        marker, time, event, arm = small(seed)
        order = np.random.default_rng(seed).permutation(len(marker))
        one = scan(marker, time, event, arm)
        two = scan(np.exp(marker[order]), time[order] * 30.4375, event[order], arm[order])
        np.testing.assert_allclose(two["cutoff"], np.exp(one["cutoff"]))
        np.testing.assert_allclose(two[NUMBERS], one[NUMBERS], atol=1e-7)
        assert two["note"].equals(one["note"])

    @properties
    @given(st.integers(0, 1000))
    def test_swapping_arms_inverts_the_interaction_and_swaps_populations(self, seed):
        marker, time, event, arm = small(seed)
        one = scan(marker, time, event, arm).set_index(["cutoff", "population"])
        two = scan(marker, time, event, 1 - arm)
        names = {"control": "experimental", "experimental": "control", "all": "all"}
        two = two.assign(population=two["population"].map(names))
        two = two.set_index(["cutoff", "population"]).loc[one.index]
        np.testing.assert_allclose(
            one["interaction_log_ratio"], -two["interaction_log_ratio"], atol=1e-6
        )
        np.testing.assert_allclose(one["log_hazard_ratio"], two["log_hazard_ratio"], atol=1e-7)

    @properties
    @given(st.integers(0, 1000))
    def test_admissible_are_cutoffs_with_enough_patients_on_both_sides(self, seed):
        marker, time, event, arm = small(seed)
        table = scan(marker, time, event, arm, min_group=10)
        expected = [c for c in np.unique(marker) if 10 <= np.sum(marker >= c) <= len(marker) - 10]
        assert sorted(set(table["cutoff"])) == expected
        assert list(table["population"]) == ["all", "control", "experimental"] * len(expected)

    @properties
    @given(st.integers(0, 1000))
    def test_a_missing_value_is_explained(self, seed):
        table = scan(*small(seed, n=25), min_group=3)
        missing = table["log_hazard_ratio"].isna()
        assert (table["note"].notna() | ~missing).all()
        everyone = table[table["population"] == "all"]
        assert (everyone["note"].notna() | everyone["interaction_log_ratio"].notna()).all()


def test_a_group_without_events_is_separated_and_said_to_be():
    marker = np.tile([1.0, 2.0], 20)
    time, arm = np.arange(1, 41), np.repeat([0, 1], 20)
    table = scan(marker, time, marker == 2, arm)
    assert table[EFFECTS].isna().all(axis=None)
    assert table["chi_square"].notna().all()
    assert table["note"].str.contains("No finite hazard ratio").all()
    assert "ratio of hazard ratios" in table.loc[0, "note"]


def test_one_empty_arm_leaves_the_others_estimates():
    marker, time, event, _ = small(1)
    table = scan(marker, time, event, np.ones(len(marker)))
    everyone = table[table["population"] == "all"]
    control = table[table["population"] == "control"]
    assert everyone["log_hazard_ratio"].notna().all()
    assert everyone["interaction_log_ratio"].isna().all()
    assert control["chi_square"].isna().all()
    assert control["note"].str.contains("Fewer than 5").all()


def test_nobody_has_an_event():
    marker, time, _, arm = small(1)
    table = scan(marker, time, np.zeros(len(marker)), arm)
    assert table[["chi_square", "log_hazard_ratio"]].isna().all(axis=None)
    assert table["note"].str.contains("No events|Fewer than").all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_samples_have_no_admissible_cutoff(n):
    table = scan(np.arange(n), np.arange(n), np.ones(n), np.arange(n) % 2)
    assert len(table) == 0
    assert list(table.columns) == list(COLUMNS)


@pytest.mark.parametrize(
    ("arm", "options", "message"),
    [
        ([0, 2], {}, "arm must be"),
        ([0], {}, "arm must be"),
        ([0, 1], {"min_group": 0}, "min_group"),
    ],
)
def test_wrong_use_is_refused(arm, options, message):
    with pytest.raises(ValueError, match=message):
        scan([1, 2], [1, 2], [1, 1], arm, **options)
