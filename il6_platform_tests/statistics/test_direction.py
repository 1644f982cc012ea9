"""A direction that the data choose is chosen anew in every resample, and so is counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.analysis import cutoff
from il6_platform.statistics.cutoff_rules import Rule, Search
from il6_platform.statistics.cutoff_validation import bootstrap_cutoff, permutation_test
from il6_platform.statistics.roc import auc
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of
from il6_platform_tests.report.registries import grouped


def sample(seed: int, n: int, slope: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    marker = np.round(np.exp(rng.normal(1, 0.8, n)), 1)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-slope * (marker - np.median(marker))))) * 1.0
    time = rng.exponential(10, n)
    return marker, time, outcome.astype(bool), outcome


@given(st.integers(0, 2**32 - 1), st.integers(6, 40), st.sampled_from([-1.0, 0.0, 1.0]))
def test_the_direction_is_the_one_with_an_area_of_a_half_or_more(
    seed: int, n: int, slope: float
) -> None:
    marker, time, event, outcome = sample(seed, n, slope)
    auto = Search(marker, time, event, Rule("youden", outcome=outcome, higher=None))
    up = Search(marker, time, event, Rule("youden", outcome=outcome, higher=True))
    down = Search(marker, time, event, Rule("youden", outcome=outcome, higher=False))
    rng = np.random.default_rng(seed)
    permutation = np.stack([rng.permutation(n) for _ in range(20)])
    found, of_up, of_down = (one.permuted_criterion(permutation) for one in (auto, up, down))
    ordered = outcome[np.argsort(marker, kind="stable")]
    for row, shuffled in enumerate(permutation):
        area = auc(np.sort(marker), ordered[shuffled], higher=True).estimate
        expected = of_down[row] if area is not None and area < 0.5 - 1e-9 else of_up[row]
        np.testing.assert_array_equal(found[row], expected)


def test_a_chosen_direction_costs_something() -> None:
    marker, time, event, outcome = sample(3, 60, 0.0)
    higher = auc(marker, outcome, higher=True).estimate >= 0.5
    shares = {}
    for name, direction in (("auto", None), ("known", bool(higher))):
        rule = Rule("youden", outcome=outcome, higher=direction)
        rng = np.random.default_rng(1)
        rows = bootstrap_cutoff(marker, time, event, rule, rng=rng, replicates=300).estimates
        shares[name] = {row.statistic: row.estimate for row in rows}
    assert shares["auto"]["youden_apparent"] == shares["known"]["youden_apparent"]
    assert shares["auto"]["youden_corrected"] < shares["known"]["youden_corrected"]
    assert shares["auto"]["auc_corrected"] < shares["known"]["auc_corrected"]


def test_the_p_value_of_a_chosen_direction_is_valid() -> None:
    """Of cut-offs chosen by response in either direction, without any effect: P < 0.1 in 10%."""
    p = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        marker, time = rng.exponential(size=(2, 40))
        outcome = (time > np.median(time)) * 1.0
        rule = Rule("youden", outcome=outcome, higher=None, min_share=0.1)
        rows = permutation_test(marker, time, np.ones(40), rule, rng=rng, replicates=99)
        p.append(next(r.p_value for r in rows if r.statistic == "logrank_selection_corrected"))
    # 0.1 and 3.3 standard errors of 120 draws
    assert 0.02 <= np.mean(np.array(p) <= 0.1) <= 0.19


@pytest.mark.parametrize("outcome", ["response", {"endpoint": "PFS", "by_months": 6}])
def test_a_study_takes_the_direction_of_its_data(outcome: object) -> None:
    asked = {"method": "youden", "outcome": outcome, "direction": "auto", "min_patients": 2}
    auto = Study.model_validate(STUDY | {"cutoff": asked})
    for turn in (1, -1):
        patients = cohort_of("ordinary", 50, auto).patients
        patients["MARKER"] = np.exp(turn * np.log(patients["MARKER"]))
        cohort = grouped(patients, auto)
        rows = cutoff.analyse(cohort, auto).frame().set_index("statistic")
        assert rows.loc["auc", "estimate"] >= 0.5
        assert "direction_chosen" in rows.loc["auc", "code"]
        side = "higher" if cutoff.directed(cohort, auto).higher else "lower"
        known = Study.model_validate(STUDY | {"cutoff": asked | {"direction": side}})
        same = cutoff.analyse(cohort, known).frame().set_index("statistic")
        assert rows["estimate"].to_dict() == same["estimate"].to_dict()
        rule = cutoff.rule_of(cohort, auto)
        assert rule is not None and rule.higher is None


def test_auto_needs_an_outcome() -> None:
    with pytest.raises(ValueError, match="direction auto needs method youden"):
        Study.model_validate(STUDY | {"cutoff": {"method": "median", "direction": "auto"}})
