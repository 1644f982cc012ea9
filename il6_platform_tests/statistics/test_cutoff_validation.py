from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from il6_platform.statistics.cutoff_rules import (
    Rule,
    ipcw_weights,
    weighted_roc,
    weighted_youden,
)
from il6_platform.statistics.cutoff_validation import (
    bootstrap_cutoff,
    cross_validate,
    interaction_test,
    permutation_test,
    roc_band,
)
from il6_platform.statistics.maximal_selection import maxstat
from il6_platform.statistics.risk_sets import RiskSets
from il6_platform.statistics.roc import WRONG_WAY, auc, outcome_by, youden
from il6_platform.statistics.survival import logrank

FOLDER = Path(__file__).parents[1] / "reference"
properties = settings(max_examples=25, deadline=None, derandomize=True)
BY = 8.0


def small(seed, n=53, effect=0.15, levels=15):
    """Patients by rising marker, so that positions in a resample are rows."""
    rng = np.random.default_rng(seed)
    marker = np.sort(rng.integers(0, levels, n)).astype(float)
    time = np.ceil(rng.exponential(20 * np.exp(-effect * marker)) * 2) / 2
    censored = np.ceil(rng.exponential(25, n) * 2) / 2
    return marker, np.minimum(time, censored), (time <= censored).astype(int)


def rules(time, event):
    return {
        "youden": Rule("youden", outcome=outcome_by(time, event, BY)),
        "youden_ipcw": Rule("youden_ipcw", by=BY),
        "maxstat": Rule("maxstat"),
    }


def cutoff_of(method, marker, time, event, by=BY):
    """The rule as a person would carry it out on one sample."""
    if method == "maxstat":
        return maxstat(marker, time, event).cutoff
    if method == "youden_ipcw":
        return weighted_youden(marker, *ipcw_weights(time, event, by))[0].estimate
    return youden(marker, outcome_by(time, event, by)).value


def log_ratio(high, time, event):
    return RiskSets(time, event).cox(np.asarray(high)[None]).coefficients[0, 0]


def named(estimates):
    return {e.statistic: e for e in estimates}


METHODS = ("youden", "youden_ipcw", "maxstat")


class TestCensoringWeights:
    @pytest.mark.parametrize("seed", range(5))
    def test_they_sum_to_n_and_give_kaplan_meier(self, seed):
        _, time, event = small(seed)
        case, control = ipcw_weights(time, event, BY)
        survival = KaplanMeierFitter().fit(time, event).predict(BY)
        assert case.sum() + control.sum() == pytest.approx(53)
        assert control.sum() / 53 == pytest.approx(survival)

    def test_by_hand(self):
        # censored at 2 of 4 at risk: G = 3/4 from there; at 3 one event leaves before one censoring
        case, control = ipcw_weights([1, 2, 3, 3, 4], [1, 0, 1, 0, 1], by=3)
        np.testing.assert_allclose(case, [1, 0, 4 / 3, 0, 0])
        np.testing.assert_allclose(control, [0, 0, 0, 0, 8 / 3])

    def test_without_censoring_they_are_one(self):
        case, control = ipcw_weights([1, 2, 3, 4], [1, 1, 1, 1], by=2)
        np.testing.assert_array_equal(case, [1, 1, 0, 0])
        np.testing.assert_array_equal(control, [0, 0, 1, 1])

    def test_nobody_has_no_weights(self):
        case, control = ipcw_weights([], [], by=2)
        assert len(case) == len(control) == 0


class TestWeightedYouden:
    @pytest.mark.parametrize("higher", [True, False])
    @pytest.mark.parametrize("marker", ["s100b", "ndka", "wfns"])
    def test_with_weights_of_one_it_is_the_plain_one(self, marker, higher):
        data = pd.read_csv(FOLDER / "aSAH.csv")
        outcome = (data["outcome"] == "Poor").astype(float)
        ours = named(weighted_youden(data[marker], outcome, 1 - outcome, higher=higher))
        theirs = named(youden(data[marker], outcome, higher=higher).estimates())
        for name in ("cutoff", "youden", "sensitivity", "specificity"):
            assert ours[name].estimate == pytest.approx(theirs[name].estimate)
            # that no cut-off is better than chance is said of either
            said = [str(WRONG_WAY) in str(one[name].note) for one in (ours, theirs)]
            assert said == [not higher and theirs["youden"].estimate <= 0] * 2
        area = auc(data[marker], outcome, higher=higher).estimate
        assert ours["auc"].estimate == pytest.approx(area)

    def test_a_weight_of_two_is_two_patients(self):
        one = weighted_youden([1, 2, 3, 3, 4], [0, 0, 2, 0, 1], [1, 1, 0, 1, 0])
        two = weighted_youden([1, 2, 3, 3, 3, 4], [0, 0, 1, 1, 0, 1], [1, 1, 0, 0, 1, 0])
        assert [e.estimate for e in one] == [e.estimate for e in two]

    def test_negating_the_marker_and_the_direction_gives_the_same_index(self):
        marker, time, event = small(1)
        weights = ipcw_weights(time, event, BY)
        one = named(weighted_youden(marker, *weights))
        two = named(weighted_youden(-marker, *weights, higher=False))
        for name in ("youden", "auc"):
            assert one[name].estimate == pytest.approx(two[name].estimate)

    @pytest.mark.parametrize("control", [[0, 0, 0], [1, 1, 1]])
    def test_without_cases_or_variation_it_says_so(self, control):
        marker, case = ([1, 2, 3], [1, 1, 1]) if control[0] == 0 else ([2, 2, 2], [0, 0, 1])
        for estimate in weighted_youden(marker, case, control):
            assert estimate.estimate is None
            assert estimate.note

    def test_negative_weights_are_refused(self):
        with pytest.raises(ValueError, match="0 or more"):
            weighted_youden([1, 2], [1, -1], [0, 1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
class TestAgainstALoop:
    def test_bootstrap(self, seed, method):
        marker, time, event = small(seed)
        rule, n, b = rules(time, event)[method], len(marker), 40
        result = bootstrap_cutoff(
            marker, time, event, rule, rng=np.random.default_rng(seed), replicates=b
        )
        child = np.random.default_rng(seed).spawn(1)[0]
        cutoffs, index, area, ratio = [], [], [], []
        sign = np.sign if method == "maxstat" else lambda x: 1.0
        for drawn in child.integers(0, n, (b, n)):
            sample = (marker[drawn], time[drawn], event[drawn])
            cutoff = cutoff_of(method, *sample)
            cutoffs.append(cutoff)
            inside = log_ratio(sample[0] >= cutoff, *sample[1:])
            outside = log_ratio(marker >= cutoff, time, event)
            ratio.append(sign(inside) * (inside - outside))
            if method == "youden":
                outcome = outcome_by(*sample[1:], BY)
                everyone = outcome_by(time, event, BY)
                index.append(
                    np.mean(sample[0][outcome == 1] >= cutoff)
                    - np.mean(sample[0][outcome == 0] >= cutoff)
                    - np.mean(marker[everyone == 1] >= cutoff)
                    + np.mean(marker[everyone == 0] >= cutoff)
                )
                area.append(auc(sample[0], outcome).estimate - auc(marker, everyone).estimate)
        np.testing.assert_array_equal(result.cutoffs, cutoffs)
        ours = named(result.estimates)
        assert result.cutoff == cutoff_of(method, marker, time, event)
        optimism = ours["hazard_ratio_optimism"].estimate
        assert optimism == pytest.approx(np.nanmean(ratio), abs=1e-7)
        apparent = log_ratio(marker >= result.cutoff, time, event)
        assert ours["hazard_ratio_corrected"].estimate == pytest.approx(
            np.exp(apparent - sign(apparent) * optimism)
        )
        if method == "youden":
            assert ours["youden_optimism"].estimate == pytest.approx(np.mean(index))
            assert ours["auc_optimism"].estimate == pytest.approx(np.mean(area))

    def test_cross_validation(self, seed, method):
        marker, time, event = small(seed)
        rule, n, b = rules(time, event)[method], len(marker), 9
        ours = named(
            cross_validate(
                marker, time, event, rule, rng=np.random.default_rng(seed), replicates=b, folds=3
            )
        )
        child = np.random.default_rng(seed).spawn(1)[0]
        chi_square, p, ratio = [], [], []
        for fold in child.permuted(np.tile(np.arange(n) % 3, (b, 1)), axis=1):
            high = np.zeros(n, dtype=bool)
            for f in range(3):
                others = fold != f
                cutoff = cutoff_of(method, marker[others], time[others], event[others])
                high[~others] = marker[~others] >= cutoff
            test = logrank(time, event, high.astype(int))
            chi_square.append(test.estimate)
            p.append(test.p_value)
            ratio.append(log_ratio(high, time, event))
        test, hazard = ours["logrank_cross_validated"], ours["hazard_ratio_cross_validated"]
        assert test.estimate == pytest.approx(np.median(chi_square))
        assert test.p_value == pytest.approx(min(1, 2 * np.median(p)))
        assert hazard.estimate == pytest.approx(np.exp(np.median(ratio)))

    def test_permutation(self, seed, method):
        marker, time, event = small(seed, effect=0.03)
        rule, n, b = rules(time, event)[method], len(marker), 60
        naive, corrected = permutation_test(
            marker, time, event, rule, rng=np.random.default_rng(seed), replicates=b
        )
        cutoff = cutoff_of(method, marker, time, event)
        observed = logrank(time, event, (marker >= cutoff).astype(int))
        child, reached = np.random.default_rng(seed).spawn(1)[0], 0
        for p in child.permuted(np.tile(np.arange(n), (b, 1)), axis=1):
            cutoff = cutoff_of(method, marker, time[p], event[p])
            test = logrank(time[p], event[p], (marker >= cutoff).astype(int))
            reached += test.estimate >= observed.estimate - 1e-9
        assert naive.estimate == corrected.estimate == pytest.approx(observed.estimate)
        assert naive.p_value == pytest.approx(observed.p_value)
        assert corrected.p_value == (reached + 1) / (b + 1)

    def test_permutation_within_arms_and_compared_in_one(self, seed, method):
        marker, time, event = small(seed, effect=0.03)
        rule, n, b = rules(time, event)[method], len(marker), 60
        arm = np.random.default_rng(seed + 5).permutation(np.arange(n) % 3 > 0)
        naive, corrected = permutation_test(
            *(marker, time, event, rule),
            rng=np.random.default_rng(seed),
            replicates=b,
            strata=arm,
            inside=arm,
        )
        cutoff = cutoff_of(method, marker, time, event)
        observed = logrank(time[arm], event[arm], (marker >= cutoff)[arm].astype(int))
        # the platform permutes patients in the order of their markers
        order = np.argsort(marker, kind="stable")
        of_arm, drawn = arm[order], np.tile(np.arange(n), (b, 1))
        child, reached = np.random.default_rng(seed).spawn(1)[0], 0
        for k in (False, True):
            drawn[:, of_arm == k] = child.permuted(drawn[:, of_arm == k], axis=1)
        m, t, e = marker[order], time[order], event[order]
        for p in drawn:
            assert (of_arm[p] == of_arm).all()
            high = m >= cutoff_of(method, m, t[p], e[p])
            test = logrank(t[p][of_arm], e[p][of_arm], high[of_arm].astype(int))
            reached += (test.estimate or 0) >= observed.estimate - 1e-9
        assert naive.n == arm.sum() and naive.events == event[arm].sum()
        assert naive.estimate == corrected.estimate == pytest.approx(observed.estimate)
        assert naive.p_value == pytest.approx(observed.p_value)
        assert corrected.p_value == (reached + 1) / (b + 1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("function", [bootstrap_cutoff, cross_validate, permutation_test])
def test_workers_change_nothing_and_progress_is_told(function, method):
    marker, time, event = small(2)
    rule, told = rules(time, event)[method], []
    one, two = (
        function(
            marker,
            time,
            event,
            rule,
            rng=np.random.default_rng(7),
            replicates=600,
            progress=told.append,
            jobs=jobs,
        )
        for jobs in (1, 2)
    )
    if function is bootstrap_cutoff:
        np.testing.assert_array_equal(one.cutoffs, two.cutoffs)
        one, two = one.estimates, two.estimates
    assert one == two
    assert told[:3] == told[3:] == pytest.approx([1 / 3, 2 / 3, 1])


class TestProperties:
    @properties
    @given(st.integers(0, 1000), st.sampled_from(METHODS))
    def test_only_the_order_of_markers_matters(self, seed, method):
        marker, time, event = small(seed)
        one, two = (
            bootstrap_cutoff(
                x,
                time,
                event,
                rules(time, event)[method],
                rng=np.random.default_rng(0),
                replicates=30,
            )
            for x in (marker, np.exp(marker))
        )
        np.testing.assert_array_equal(np.exp(one.cutoffs), two.cutoffs)
        for a, b in zip(one.estimates[3:], two.estimates[3:], strict=True):
            assert a.estimate == b.estimate

    @properties
    @given(st.integers(0, 1000))
    def test_the_unit_of_time_does_not_matter(self, seed):
        marker, time, event = small(seed)
        one, two = (
            bootstrap_cutoff(
                marker,
                time * unit,
                event,
                Rule("youden_ipcw", by=BY * unit),
                rng=np.random.default_rng(0),
                replicates=30,
            )
            for unit in (1, 4)
        )
        np.testing.assert_array_equal(one.cutoffs, two.cutoffs)
        assert one.estimates == two.estimates

    @properties
    @given(st.integers(0, 1000), st.sampled_from(METHODS))
    def test_percentiles_and_shares_fit_the_distribution(self, seed, method):
        marker, time, event = small(seed)
        result = bootstrap_cutoff(
            marker,
            time,
            event,
            rules(time, event)[method],
            rng=np.random.default_rng(seed),
            replicates=50,
        )
        ours, table = named(result.estimates), result.frequencies()
        assert set(result.cutoffs[~np.isnan(result.cutoffs)]) <= set(marker)
        assert ours["cutoff_bootstrap"].ci_low in marker
        assert ours["cutoff_bootstrap"].ci_low <= ours["cutoff_bootstrap"].ci_high
        assert ours["cutoff_mode"].estimate == table["share"].max()
        assert ours["cutoff_mode"].estimate >= ours["cutoff_recovered"].estimate


def test_who_is_not_compared_helps_to_choose_and_no_more():
    """Their times move neither the hazard ratio nor the test; compared with all, nothing moves."""
    rng, n = np.random.default_rng(3), 60
    marker, time, event = rng.random(n), rng.exponential(8, n), rng.random(n) < 0.7
    rule = Rule("youden", outcome=outcome_by(time, event, BY), min_patients=5)
    inside = np.arange(n) % 3 > 0
    other = np.where(inside, time, 0.0), inside & event

    def asked(time, event, **more):
        rng = np.random.default_rng(1)
        stable = bootstrap_cutoff(marker, time, event, rule, rng=rng, replicates=40, **more)
        rows = stable.estimates[-3:]
        rows += cross_validate(marker, time, event, rule, rng=rng, replicates=10, **more)
        return [one for row in rows for one in (row.estimate, row.n, row.events)]

    assert asked(time, event, inside=inside) == pytest.approx(asked(*other, inside=inside))
    assert asked(time, event, inside=np.ones(n)) == pytest.approx(asked(time, event))


@pytest.mark.parametrize(
    ("inside", "events"),
    [(slice(0, 0), True), (slice(None), False), (slice(1), True)],
)
def test_an_interaction_of_few_is_not_called_separated(inside, events):
    rng = np.random.default_rng(4)
    marker, time, arm = rng.random(30), rng.exponential(5, 30), np.arange(30) % 2
    chosen = np.zeros(30, dtype=bool)
    chosen[inside] = True
    rule = Rule("youden", outcome=rng.random(30) < 0.5)
    rows = interaction_test(
        marker, time, np.full(30, events), arm, rule, rng=rng, replicates=5, inside=chosen
    )
    assert {row.code for row in rows} == {"no_events_in_group"}


def test_a_lower_marker_may_be_the_dangerous_one():
    marker, time, event = small(3)
    outcome = outcome_by(time, event, BY)
    one = bootstrap_cutoff(
        marker, time, event, Rule("youden", outcome=outcome), rng=np.random.default_rng(1)
    )
    # the same question, asked of the negated marker
    two = bootstrap_cutoff(
        -marker,
        time,
        event,
        Rule("youden", outcome=outcome, higher=False),
        rng=np.random.default_rng(1),
    )
    first, second = named(one.estimates), named(two.estimates)
    assert first["youden_apparent"].estimate == pytest.approx(second["youden_apparent"].estimate)
    assert second["hazard_ratio_apparent"].estimate < 1
    assert second["hazard_ratio_apparent"].estimate < second["hazard_ratio_corrected"].estimate
    assert second["youden_corrected"].estimate < second["youden_apparent"].estimate


def test_of_a_marker_without_effect_little_is_left_after_correction():
    apparent, corrected = [], []
    for seed in range(30):
        marker, time, event = small(seed, effect=0.0)
        rule = Rule("youden", outcome=outcome_by(time, event, BY))
        ours = named(
            bootstrap_cutoff(
                marker, time, event, rule, rng=np.random.default_rng(seed), replicates=200
            ).estimates
        )
        apparent.append(ours["youden_apparent"].estimate)
        corrected.append(ours["youden_corrected"].estimate)
    assert np.mean(apparent) > 0.15
    assert abs(np.mean(corrected)) < 0.6 * np.mean(apparent)


@pytest.mark.parametrize("method", METHODS)
def test_the_corrected_p_keeps_its_level_where_the_naive_one_does_not(method):
    naive, corrected, crossed = [], [], []
    for seed in range(300):
        marker, time, event = small(seed, effect=0.0, levels=1000)
        rule, rng = rules(time, event)[method], np.random.default_rng(seed)
        one, two = permutation_test(marker, time, event, rule, rng=rng, replicates=99)
        naive.append(one.p_value)
        corrected.append(two.p_value)
        test = cross_validate(marker, time, event, rule, rng=rng, replicates=20)[0]
        crossed.append(1 if test.p_value is None else test.p_value)
    # of 300 trials 5% are 15 with a standard deviation of 3.8: 9% is three of them away
    assert np.mean(np.array(corrected) <= 0.05) < 0.09
    assert np.mean(np.array(crossed) <= 0.05) < 0.09
    assert np.mean(np.array(naive) <= 0.05) > 0.09


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("marker", "time", "event"),
    [
        ([], [], []),
        ([1], [1], [1]),
        ([1, 2], [9, 10], [0, 0]),
        ([3, 3, 3, 3], [1, 2, 9, 10], [1, 1, 1, 1]),
        ([1, 2, 3, 4], [1, 2, 3, 4], [0, 0, 0, 0]),
    ],
)
def test_what_the_data_cannot_support_is_said(method, marker, time, event):
    sample = (np.array(marker, float), np.array(time, float), np.array(event, float))
    rule, options = rules(*sample[1:])[method], {"rng": np.random.default_rng(0), "replicates": 5}
    every = [
        *bootstrap_cutoff(*sample, rule, **options).estimates,
        *cross_validate(*sample, rule, **options),
        *permutation_test(*sample, rule, **options),
    ]
    assert len(every) == (10 if method == "maxstat" else 16)
    assert all(e.estimate is None and e.note for e in every)


def test_a_separated_cutoff_has_no_hazard_ratio():
    marker, time = np.arange(20.0), np.r_[np.arange(30, 40), np.arange(1, 11)]
    ours = named(
        bootstrap_cutoff(
            marker,
            time,
            np.ones(20),
            Rule("youden", outcome=time < 20),
            rng=np.random.default_rng(0),
            replicates=50,
        ).estimates
    )
    assert ours["youden_apparent"].estimate == 1
    assert ours["hazard_ratio_corrected"].estimate is None
    assert "No finite hazard ratio" in ours["hazard_ratio_corrected"].note


class TestWrongUse:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"method": "best"}, "Unknown method"),
            ({"method": "youden"}, "outcome"),
            ({"method": "youden_ipcw"}, "by goes with"),
            ({"method": "maxstat", "by": 3}, "by goes with"),
            ({"method": "maxstat", "min_prop": 1}, "min_prop"),
        ],
    )
    def test_a_rule_lacks_what_it_needs(self, options, message):
        with pytest.raises(ValueError, match=message):
            Rule(**options)

    def test_an_outcome_is_two(self):
        with pytest.raises(ValueError, match="outcome must be 1"):
            bootstrap_cutoff(
                [1, 2],
                [1, 2],
                [1, 1],
                Rule("youden", outcome=[1, 2]),
                rng=np.random.default_rng(0),
            )

    def test_there_is_one_fold_or_no_replicate(self):
        sample, options = small(1), {"rng": np.random.default_rng(0)}
        with pytest.raises(ValueError, match="folds must be 2"):
            cross_validate(*sample, Rule("maxstat"), folds=1, **options)
        with pytest.raises(ValueError, match="replicates must be 1"):
            permutation_test(*sample, Rule("maxstat"), replicates=0, **options)


@pytest.mark.parametrize("higher", [True, False])
def test_a_weighted_curve_is_scikit_learns(higher: bool) -> None:
    from sklearn.metrics import roc_auc_score, roc_curve

    marker, time, event = small(3)
    case, control = ipcw_weights(time, event, BY)
    ours = weighted_roc(marker, case, control, higher=higher)
    # a patient stands in both lists, with his weight as a case and as a control
    score = np.tile(marker if higher else -marker, 2)
    outcome = np.repeat([1, 0], len(marker))
    weights = np.concatenate([case, control])
    false, true, thresholds = roc_curve(
        outcome, score, sample_weight=weights, drop_intermediate=False
    )
    shares = np.column_stack([true, 1 - false])
    at = dict(zip(thresholds if higher else -thresholds, shares, strict=True))
    for row in ours.itertuples():
        sensitivity, specificity = at[row.threshold]
        if not higher:
            below = ours["threshold"][ours["threshold"] < row.threshold]
            sensitivity, specificity = at[below.max()] if len(below) else (0.0, 1.0)
        assert row.sensitivity == pytest.approx(sensitivity, abs=1e-9)
        assert row.specificity == pytest.approx(specificity, abs=1e-9)
    area = named(weighted_youden(marker, case, control, higher=higher))["auc"].estimate
    assert area == pytest.approx(roc_auc_score(outcome, score, sample_weight=weights), abs=1e-9)


@pytest.mark.parametrize("higher", [True, False])
def test_a_band_of_one_resample_is_scikit_learns_curve_of_it(higher: bool) -> None:
    from sklearn.metrics import roc_curve

    marker, time, event = small(4)
    outcome = outcome_by(time, event, BY)
    rule = Rule("youden", outcome=outcome, higher=higher)
    band = roc_band(marker, time, event, rule, rng=np.random.default_rng(5), replicates=1)
    drawn = np.random.default_rng(5).spawn(1)[0].integers(0, len(marker), (1, len(marker)))[0]
    drawn = drawn[~np.isnan(outcome[drawn])]
    score = marker if higher else -marker
    false, true, _ = roc_curve(outcome[drawn], score[drawn], drop_intermediate=False)
    for row in band.itertuples():
        reached = true[false <= row.x + 1e-9].max()
        assert row.y_low == row.y_high == pytest.approx(reached)


def test_a_band_holds_the_curve_and_rises() -> None:
    marker, time, event = small(4)
    rule = Rule("youden_ipcw", by=BY)
    one, two = (
        roc_band(marker, time, event, rule, rng=np.random.default_rng(1), replicates=600, jobs=jobs)
        for jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)
    assert ((one["y_low"] <= one["y"]) & (one["y"] <= one["y_high"])).mean() > 0.95
    assert one[["y", "y_low", "y_high"]].diff().min().min() >= -1e-12
    assert one.iloc[-1][["y", "y_low", "y_high"]].tolist() == [1, 1, 1]


def test_maxstat_has_no_roc_and_no_band() -> None:
    marker, time, event = small(4)
    nothing = roc_band(marker, time, event, Rule("maxstat"), rng=np.random.default_rng(1))
    assert nothing.empty
