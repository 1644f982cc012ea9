import itertools
import json
import math
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Z
from il6_platform.statistics.regression import cox
from il6_platform.statistics.small_sample import firth_cox, fisher_mid_p, permutation_logrank

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())
properties = settings(max_examples=30, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)

# Radioimmunotherapy of malignant glioma (Grana et al., Br J Cancer 2002), as in R's coin 1.4-2
GLIOMA = pd.read_csv(
    StringIO(
        """time,event,age,male,rit,grade3
53,1,41,0,1,1
28,0,45,0,1,1
69,0,48,1,1,1
58,0,54,1,1,1
54,0,40,0,1,1
25,1,31,1,1,1
51,0,53,1,1,1
61,0,49,1,1,1
57,0,36,1,1,1
57,0,52,1,1,1
50,0,57,1,1,1
43,0,55,0,1,0
20,1,70,1,1,0
14,1,39,0,1,0
36,0,40,0,1,0
59,0,47,0,1,0
31,1,58,1,1,0
14,1,40,0,1,0
36,1,36,1,1,0
34,1,27,1,0,1
32,1,32,1,0,1
9,1,53,0,0,1
19,1,46,1,0,1
50,0,33,0,0,1
48,0,19,0,0,1
8,1,32,0,0,0
8,1,70,1,0,0
11,1,72,1,0,0
12,1,46,1,0,0
15,1,44,1,0,0
5,1,83,0,0,0
8,1,57,0,0,0
8,1,71,0,0,0
6,1,61,1,0,0
14,1,65,1,0,0
13,1,50,1,0,0
25,1,42,0,0,0
"""
    )
)
GBM, GRADE3 = GLIOMA[GLIOMA["grade3"] == 0], GLIOMA[GLIOMA["grade3"] == 1]


def rng(seed=0):
    return np.random.default_rng(seed)


def sample(seed, n, ties=True):
    generator = rng(seed)
    time = generator.exponential(10, n)
    return pd.DataFrame(
        {
            "time": np.ceil(time) if ties else time,
            "event": generator.random(n) < 0.7,
            "group": generator.integers(0, 2, n),
            "stratum": generator.integers(0, 2, n),
        }
    )


def permuted(data, strata=None, **options):
    options = {"rng": rng(), **options}
    return permutation_logrank(data["time"], data["event"], data["group"], strata, **options)


def scores(time, event):
    """Log-rank scores by their definition, one patient at a time."""
    t, e = np.asarray(time), np.asarray(event)
    hazard = [
        sum((t[e == 1] == m).sum() / (t >= m).sum() for m in set(t[e == 1]) if m <= own)
        for own in t
    ]
    return e - np.array(hazard)


@pytest.mark.parametrize(("data", "z", "p"), [(GRADE3, 2.1711, 0.02877), (GBM, 3.2215, 0.0001588)])
def test_exact_test_of_the_glioma_trial_is_that_of_coin(data, z, p):
    # coin 1.4-2, help("SurvivalTests"): logrank_test(..., distribution = "exact")
    result = permutation_logrank(data["time"], data["event"], data["rit"], rng=rng())
    assert math.sqrt(result.estimate) == pytest.approx(z, abs=5e-5)
    assert result.p_value == pytest.approx(p, abs=6e-8 if p < 0.001 else 6e-6)
    assert (result.n, result.events) == (len(data), data["event"].sum())
    assert "exact" in result.method


def test_glioblastoma_agrees_with_exact_rank_tests_to_the_last_digit():
    # R: scores by survfit, all 125970 splits by combn; perm.test of exactRankTests 0.8-35
    result = permutation_logrank(GBM["time"], GBM["event"], GBM["rit"], rng=rng())
    assert result.p_value == pytest.approx(0.000158767960625546, rel=1e-12)
    assert math.sqrt(result.estimate) == pytest.approx(3.22154389846924, abs=1e-12)


def test_monte_carlo_agrees_with_the_exact_p_value_within_its_error():
    exact = permutation_logrank(GRADE3["time"], GRADE3["event"], GRADE3["rit"], rng=rng())
    drawn = permutation_logrank(
        GRADE3["time"],
        GRADE3["event"],
        GRADE3["rit"],
        rng=rng(1),
        replicates=40_000,
        exact_limit=0,
    )
    error = math.sqrt(exact.p_value * (1 - exact.p_value) / 40_000)
    assert drawn.p_value == pytest.approx(exact.p_value, abs=4 * error)
    assert drawn.estimate == exact.estimate
    assert "40000 permutations" in drawn.method


@pytest.mark.parametrize("seed", range(6))
def test_every_split_within_strata_is_counted(seed):
    data = sample(seed, 9)
    groups, strata = data["group"].to_numpy(), data["stratum"].to_numpy()
    a = np.zeros(len(data))
    for k in (0, 1):
        a[strata == k] = scores(data["time"][strata == k], data["event"][strata == k])
    own = abs(a[groups == 1].sum())
    splits = [
        abs(a[list(chosen)].sum())
        for chosen in itertools.combinations(range(len(data)), groups.sum())
        if sum(strata[list(chosen)]) == (groups * strata).sum()
    ]
    result = permuted(data, strata)
    if result.note is None:
        assert result.p_value == pytest.approx(np.mean(np.array(splits) >= own - 1e-9))
        assert "stratified, exact" in result.method
    drawn = permuted(data, strata, exact_limit=0, replicates=4000)
    if drawn.note is None:
        assert drawn.p_value == pytest.approx(result.p_value, abs=0.04)


def test_three_groups_are_compared_by_their_quadratic_form():
    data = sample(3, 6, ties=False).assign(group=[0, 0, 1, 1, 2, 2], event=[1, 1, 1, 0, 1, 1])
    a = scores(data["time"], data["event"])
    # the form of sums of n_g of n scores that add up to 0: (n - 1) / sum a^2 * sum n_g mean_g^2
    forms = [
        (5 / (a**2).sum()) * sum(a[list(order[i : i + 2])].sum() ** 2 / 2 for i in (0, 2, 4))
        for order in itertools.permutations(range(6))
    ]
    result = permuted(data, replicates=20_000)
    assert result.estimate == pytest.approx(forms[0])
    assert result.p_value == pytest.approx(np.mean(np.array(forms) >= forms[0] - 1e-9), abs=0.015)


@properties
@given(seeds, st.integers(4, 14), st.floats(0.01, 100))
def test_order_time_unit_and_names_of_groups_change_nothing(seed, n, scale):
    data = sample(seed, n)
    other = data.assign(time=data["time"] * scale, group=np.where(data["group"] == 1, "a", "b"))
    one, two = permuted(data), permuted(other.iloc[rng(seed).permutation(n)])
    assert (one.p_value is None) == (two.p_value is None)
    assert one.note == two.note
    if one.p_value is not None:
        assert two.p_value == pytest.approx(one.p_value, rel=1e-12)
        assert two.estimate == pytest.approx(one.estimate)
        assert 0 < one.p_value <= 1


@pytest.mark.parametrize(
    ("time", "event", "group", "note"),
    [
        ([], [], [], "Only one group has patients."),
        ([1, 2], [1, 1], ["x", "x"], "Only one group has patients."),
        ([1, 2], [0, 0], ["x", "y"], "No events."),
        ([1, 1], [1, 1], ["x", "y"], "The groups' times do not vary."),
    ],
)
def test_too_little_for_a_permutation_test_is_said(time, event, group, note):
    result = permutation_logrank(time, event, group, rng=rng())
    assert (result.estimate, result.p_value, result.note) == (None, None, note)


def test_two_patients_can_never_tell_groups_apart():
    assert permutation_logrank([1, 2], [1, 1], [0, 1], rng=rng()).p_value == 1


def test_wrong_use_of_the_permutation_test_is_refused():
    with pytest.raises(ValueError, match="group must have one value a patient"):
        permutation_logrank([1, 2], [1, 1], [1], rng=rng())
    with pytest.raises(ValueError, match="replicates must be 0 or more"):
        permutation_logrank([1, 2], [1, 1], [0, 1], rng=rng(), replicates=-1)


def test_without_permutations_the_exact_p_stays_and_no_other_is_made_up():
    data = sample(3, 40)
    assert permuted(data, replicates=0, exact_limit=10**12).p_value is not None
    beyond = permuted(data, replicates=0, exact_limit=1)
    assert beyond.p_value is None and "no permutations" in beyond.note


def test_a_cohort_of_thousands_has_more_splits_than_a_float_can_hold():
    time = np.arange(1, 3001)
    result = permutation_logrank(
        time, time > 0, time % 2, rng=np.random.default_rng(1), replicates=0
    )
    assert result.p_value is None
    # the binomial coefficient by Stirling's series
    assert "About 1e901 splits" in result.note


def test_mid_p_of_the_lady_tasting_tea_is_agrestis():
    # Agresti, Categorical Data Analysis, section 3.5.6: one-sided mid-P 0.129; symmetric margins
    result = fisher_mid_p([[3, 1], [1, 3]])
    assert result.p_value == pytest.approx(2 * (0.5 * 16 / 70 + 1 / 70))
    assert result.estimate == pytest.approx(9)


@pytest.mark.parametrize("name", ["t1", "t2", "t3", "t4", "t5"])
def test_mid_p_takes_off_half_the_chance_of_the_table_seen(name):
    # R gives both one-sided P values, which share the table seen: their sum is 1 + its chance
    table = REFERENCE["tables"][name]
    fisher = table["fisher"]
    chance = fisher["p_less"] + fisher["p_greater"] - 1
    result = fisher_mid_p(table["rows"])
    rows = np.array(table["rows"])
    # the mirror image of a table with equal margins is as likely
    mirrored = any(len(set(rows.sum(axis))) == 1 for axis in (0, 1))
    halves = 2 if mirrored else 1
    assert result.p_value == pytest.approx(fisher["p"] - halves * chance / 2, abs=1e-6)


@properties
@given(st.lists(st.integers(0, 12), min_size=4, max_size=4))
def test_mid_p_lies_below_fishers_and_is_the_same_for_swapped_groups(counts):
    table = np.reshape(counts, (2, 2))
    result, swapped = fisher_mid_p(table), fisher_mid_p(table[::-1])
    if result.p_value is None:
        assert result.note == "Only one group or one outcome has patients."
    else:
        assert 0 < result.p_value < 1
        assert swapped.p_value == pytest.approx(result.p_value)


def firth(data, columns, time="time", event="event"):
    return {e.term: e for e in firth_cox(data[columns], data[time], data[event])}


def test_two_patients_of_heinze_and_schemper_have_a_hazard_ratio_of_three():
    (result,) = firth_cox(pd.DataFrame({"x": [1, 0]}), [1, 2], [1, 0])
    assert result.estimate == pytest.approx(3, abs=1e-6)


# coef, se, profile limits and P by R's coxphf 1.13.4, epsilon and gconv 1e-8
COXPHF = {
    "separated": [
        ("high", -2.78626656245, 1.47120540689, -7.63344108736, -0.798919569421, 0.00150047124034)
    ],
    "tied": [
        ("trt", 0.18615171127, 0.18546535324, -0.17686279776, 0.54879074566, 0.31394198957),
        ("karno", -0.03426746815, 0.00522891808, -0.04452076595, -0.02404513085, 7.67439445e-11),
        ("age", -0.00394954102, 0.00918781326, -0.02159636486, 0.01439976666, 0.66797958645),
    ],
    "small": [
        ("rit", -1.91310861310, 0.67646078456, -3.35226666764, -0.71179153033, 0.00137947121),
        ("age", 0.03686339129, 0.02333136914, -0.00736467916, 0.08338471552, 0.10248594863),
        ("male", -0.01225424871, 0.56079309618, -1.08437554535, 1.09006810189, 0.98216144976),
    ],
}


def by_firth(name):
    if name == "separated":
        data = pd.read_csv(FOLDER / "DLBCL.csv").dropna(subset=["MGE", "time", "cens"])
        data["high"] = (data["MGE"] > REFERENCE["maxstat"]["DLBCL_MGE"]["cut"] + 1e-9).astype(int)
        return firth(data, ["high"], event="cens")
    if name == "tied":
        veteran = pd.read_csv(FOLDER / "veteran.csv")
        return firth(veteran, ["trt", "karno", "age"], event="status")
    return firth(GBM, ["rit", "age", "male"])


@pytest.mark.parametrize("name", COXPHF)
def test_firth_model_is_that_of_coxphf(name):
    result = by_firth(name)
    for term, coefficient, error, low, high, p in COXPHF[name]:
        own = result[term]
        assert math.log(own.estimate) == pytest.approx(coefficient, abs=1e-6)
        assert own.std_error == pytest.approx(error, abs=1e-6)
        assert [math.log(own.ci_low), math.log(own.ci_high)] == pytest.approx([low, high], abs=1e-6)
        assert own.p_value == pytest.approx(p, abs=1e-6)
        assert own.note is None


@pytest.mark.parametrize("name", ["separated", "small"])
def test_limits_that_newton_steps_miss_are_found_by_halving(name, monkeypatch):
    from firthmodels import FirthCoxPH

    def lost(model, **options):
        return np.full((len(model.coef_), 2), np.nan)

    monkeypatch.setattr(FirthCoxPH, "conf_int", lost)
    monkeypatch.setattr(FirthCoxPH, "lrt", lambda model: model)
    result = by_firth(name)
    for term, _, _, low, high, p in COXPHF[name]:
        own = result[term]
        assert [math.log(own.ci_low), math.log(own.ci_high)] == pytest.approx([low, high], abs=1e-5)
        assert own.p_value == pytest.approx(p, abs=1e-5)


def test_firth_and_ordinary_model_agree_in_a_large_trial():
    colon = pd.read_csv(FOLDER / "colon.csv")
    design = pd.DataFrame({"age": colon["age"], "sex": colon["sex"]})
    ordinary = cox(design, colon["time_os"], colon["status_os"]).estimates()
    for one, other in zip(
        ordinary, firth_cox(design, colon["time_os"], colon["status_os"]), strict=True
    ):
        assert other.estimate == pytest.approx(one.estimate, rel=2e-3)
        assert [other.ci_low, other.ci_high] == pytest.approx([one.ci_low, one.ci_high], rel=5e-3)


@properties
@given(seeds, st.integers(6, 30), st.floats(0.1, 10), st.floats(0.1, 10))
def test_firth_model_follows_units_and_swapped_groups(seed, n, unit, scale):
    data = sample(seed, n)
    data["marker"] = rng(seed).lognormal(size=n)
    other = data.assign(
        group=1 - data["group"], marker=data["marker"] * scale, time=data["time"] * unit
    ).iloc[::-1]
    one, two = (firth(d, ["group", "marker"]) for d in (data, other))
    assert one["group"].note == two["group"].note
    if one["group"].estimate is not None:
        g, h = one["group"], two["group"]
        assert h.estimate == pytest.approx(1 / g.estimate, rel=1e-4)
        assert h.ci_low == pytest.approx(1 / g.ci_high, rel=1e-3)
        assert h.p_value == pytest.approx(g.p_value, abs=1e-5)
        assert g.ci_low < g.estimate < g.ci_high
        m, k = one["marker"], two["marker"]
        if m.estimate is None or k.estimate is None:
            assert m.note and k.note
            return
        assert math.log(k.estimate) * scale == pytest.approx(math.log(m.estimate), abs=1e-4)


@pytest.mark.parametrize(
    ("x", "time", "event", "note"),
    [
        ([], [], [], "No patients."),
        ([1], [1], [1], "A covariate does not vary."),
        ([0, 1], [1, 2], [0, 0], "No events."),
        ([1, 0, 1], [5, 2, 6], [1, 0, 1], "The covariates cannot be told apart"),
    ],
)
def test_too_little_for_a_firth_model_is_said(x, time, event, note):
    (result,) = firth_cox(pd.DataFrame({"x": x}, dtype=float), time, event)
    assert (result.estimate, result.p_value) == (None, None)
    assert result.note.startswith(note)


def test_missing_covariates_are_refused():
    with pytest.raises(ValueError, match="leave incomplete patients out"):
        firth_cox(pd.DataFrame({"x": [1.0, np.nan]}), [1, 2], [1, 1])


def penalised(x: np.ndarray, time: np.ndarray, event: np.ndarray, beta: float) -> float:
    """Firth's log-likelihood of one covariate by its definition (Breslow ties), in long doubles."""
    value, information = np.longdouble(0), np.longdouble(0)
    risk = np.exp(np.longdouble(beta) * x.astype(np.longdouble))
    for i in np.flatnonzero(event):
        share = np.where(time >= time[i], risk, 0) / risk[time >= time[i]].sum()
        value += np.log(share[i])
        information += share @ (x - share @ x) ** 2
    return float(value + np.log(information) / 2)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12), st.booleans())
def test_a_profile_limit_is_where_the_likelihood_has_fallen_or_it_is_open(
    seed: int, n: int, binary: bool
) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.random(n) < 0.5).astype(float) if binary else rng.normal(size=n)
    time, event = np.ceil(rng.exponential(size=n) * 4), rng.random(n) < 0.7
    (row,) = firth_cox(pd.DataFrame({"x": x}), time, event)
    if row.estimate is None:
        assert row.note
        return
    best = np.log(row.estimate)
    top = penalised(x, time, event, best)
    for side, limit in ((-1, row.ci_low), (1, row.ci_high)):
        if limit is not None:
            fall = 2 * (top - penalised(x, time, event, np.log(limit)))
            assert fall == pytest.approx(Z**2, abs=0.02)
            assert abs(np.log(limit) - best) * np.ptp(x) < np.log(1e8)
        else:
            assert row.note == Code.LIMIT_NOT_FOUND.say()
            far = best + side * np.log(1e8) / np.ptp(x)
            assert 2 * (top - penalised(x, time, event, far)) < Z**2 + 0.02
