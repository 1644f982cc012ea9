"""A panel of markers against R on a real expression data set, and against brute force."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.statistics import panel
from il6_platform.statistics.many_designs import cox_by_column
from il6_platform.statistics.panel import (
    RULES,
    _permuted,
    ask_panel,
    clusters,
    stability,
    westfall_young,
)
from il6_platform.statistics.regression import cox
from il6_platform.statistics.risk_sets import log_rank_scores
from il6_platform.statistics.roc import auc, outcome_by, youden

FOLDER = Path(__file__).parents[1] / "reference"
R = json.loads((FOLDER / "panel.json").read_text(encoding="utf-8"))
TIMES = ("time", "quarter")
R_CLUSTERS = [*range(1, 20), 16, 20, 6, 21, 22]


def breast() -> tuple[pd.DataFrame, list[str]]:
    d = pd.read_csv(FOLDER / "breast_cancer.csv")
    return d.assign(quarter=np.ceil(d["time"] / 91.3125)), [g for g in d if g.startswith("X")]


def asked(d: pd.DataFrame, genes: list[str], **more: Any) -> pd.DataFrame:
    options: dict[str, Any] = {"rng": np.random.default_rng(1), "replicates": 400}
    options |= {"outcome": outcome_by(d["time"], d["event"], 1825)} | more
    found = ask_panel(d[genes], {"DMFS": (d["time"], d["event"])}, d["er"], **options)
    return found.table


@pytest.mark.parametrize("time", TIMES)
def test_all_models_at_once_are_those_of_r(time: str) -> None:
    d, genes = breast()
    x = np.log2(d[genes].to_numpy()).T[..., None]
    er = np.broadcast_to(d["er"].to_numpy(float)[None, :, None], x.shape)
    designs = {
        "one": x,
        "main": np.concatenate([er, x], axis=2),
        "product": np.concatenate([er, x, er * x], axis=2),
        "stratified": x,
        "apart": np.concatenate([x, er * x], axis=2),
    }
    for name, design in designs.items():
        strata = d["er"] if name in ("stratified", "apart") else None
        fits = cox_by_column(design, d[time], d["event"], strata)
        for place, gene in enumerate(genes):
            expected = R[time][gene][name]
            coef, se = np.atleast_1d(expected["coef"]), np.atleast_1d(expected["se"])
            assert fits.coefficients[place] == pytest.approx(coef, rel=1e-7, abs=1e-9)
            errors = np.sqrt(np.diag(fits.covariance[place]))
            assert errors == pytest.approx(se, rel=1e-7)
            assert fits.log_likelihood[place] == pytest.approx(expected["loglik"], rel=1e-10)


@pytest.mark.parametrize("ties", [1, 200, 1000])
def test_a_patient_without_a_marker_leaves_that_model_alone(ties: int) -> None:
    d, genes = breast()
    time = np.ceil(d["time"] / ties)
    values = np.log2(d[genes[:5]].to_numpy())
    rng = np.random.default_rng(0)
    values[rng.random(values.shape) < 0.3] = np.nan
    fits = cox_by_column(values.T[..., None], time, d["event"])
    for place in range(5):
        known = np.isfinite(values[:, place])
        design = pd.DataFrame({"x": values[known, place]})
        fit = cox(design, time[known], d["event"][known])
        assert fits.coefficients[place, 0] == pytest.approx(fit.coefficients["x"], abs=1e-7)
        assert fits.covariance[place, 0, 0] == pytest.approx(fit.covariance.iloc[0, 0], rel=1e-6)


def test_a_model_without_a_maximum_or_a_spread_has_no_coefficients() -> None:
    time, event = np.arange(1.0, 21), np.ones(20)
    apart = (np.arange(20) < 10) * 1.0
    fits = cox_by_column(
        np.stack([apart, np.ones(20), np.full(20, np.nan)])[..., None], time, event
    )
    assert np.isnan(fits.coefficients).all() and np.isnan(fits.covariance).all()


def test_one_arm_gives_the_statistics_of_maxstat() -> None:
    d, genes = breast()
    # nobody is in the other arm; of 60 patients every cut-off is tried, as maxstat does
    d = d.iloc[:60].assign(er=0)
    found = asked(d, genes, rules=("maxstat",), min_patients=6, replicates=20)
    of = found[found["kind"] == "cutoff: maxstat"].set_index("marker")["statistic"]
    for place, gene in enumerate(genes):
        assert of[place] == pytest.approx(R["maxstat"][gene], rel=1e-9)


def test_every_statistic_is_that_of_a_loop_over_patients() -> None:
    """Brute force: scores and variances patient by patient, cut-off by cut-off."""
    d, genes = breast()
    d, genes = d.iloc[:60], genes[:3]
    table = asked(d, genes, min_patients=5, replicates=3).set_index(["kind", "marker"])
    arms = [d["er"].to_numpy() == k for k in (1, 0)]
    time, event = d["time"].to_numpy(float), d["event"].to_numpy(bool)
    for place, gene in enumerate(genes):
        x = d[gene].to_numpy(float)
        plain = _brute(np.log2(x), time, event, arms)
        assert table.loc[("effect", place), "statistic"] == pytest.approx(abs(plain[0]))
        assert table.loc[("interaction", place), "statistic"] == pytest.approx(abs(plain[1]))
        tried = {
            cutoff: _brute((x >= cutoff) * 1.0, time, event, arms)
            for cutoff in np.unique(x)
            if 6 <= (x < cutoff).sum() <= 54
        }
        for kind, which in (("maxstat", 0), ("interaction", 1)):
            row = table.loc[(f"cutoff: {kind}", place)]
            usable = {c: abs(z[which]) for c, z in tried.items() if np.isfinite(z[which])}
            assert row["statistic"] == pytest.approx(max(usable.values()))
            assert row["cutoff"] == max(usable, key=lambda c: (round(usable[c], 9), -c))
        case = outcome_by(time, event, 1825)
        known = np.isfinite(case)
        index = {
            c: (x[known & (case == 1)] >= c).mean() - (x[known & (case == 0)] >= c).mean()
            for c in tried
        }
        row = table.loc[("cutoff: youden", place)]
        assert row["statistic"] == pytest.approx(max(index.values()))


def _brute(
    x: np.ndarray, time: np.ndarray, event: np.ndarray, arms: list[np.ndarray]
) -> tuple[float, float]:
    sums, variances = [], []
    for arm in arms:
        scores = log_rank_scores(time[arm], event[arm])
        centred = x[arm] - x[arm].mean()
        sums.append(sum(a * b for a, b in zip(scores, centred, strict=True)))
        variances.append((scores**2).sum() / (arm.sum() - 1) * (centred**2).sum())
    z = sum(sums) / np.sqrt(sum(variances))
    if min(variances) < 1e-12:
        return float(z), float("nan")
    one, two = (s / v for s, v in zip(sums, variances, strict=True))
    return float(z), float((one - two) / np.sqrt(sum(1 / v for v in variances)))


def test_permutations_stay_within_arms_and_move_nothing_else() -> None:
    arms = np.array([True, False] * 20)
    drawn = _permuted(arms, np.random.default_rng(0), 50)
    assert (np.sort(drawn, axis=1) == np.arange(40)).all()
    assert (arms[drawn] == arms).all()


@given(
    st.integers(1, 6),
    st.integers(1, 30),
    st.integers(0, 2**32 - 1),
)
def test_step_down_max_t_is_that_of_the_definition(q: int, b: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    observed, drawn = rng.integers(0, 6, q).astype(float), rng.integers(0, 6, (b, q)).astype(float)
    adjusted = westfall_young(observed, drawn)
    order = sorted(range(q), key=lambda i: -observed[i])
    highest = 0.0
    for rank, i in enumerate(order):
        left = order[rank:]
        reached = sum(max(row[j] for j in left) >= observed[i] for row in drawn)
        highest = max(highest, (reached + 1) / (b + 1))
        assert adjusted[i] == pytest.approx(highest)


def test_p_values_of_chance_are_uniform_and_the_family_is_kept() -> None:
    """Markers of chance: 5% of the questions below 0.05, 5% of the panels with one adjusted."""
    rng = np.random.default_rng(11)
    below, panels = [], 0
    for _ in range(60):
        n = 60
        values = np.exp(rng.normal(size=(n, 8)) + rng.normal(size=(n, 1)))
        time, event, arm = rng.exponential(8, n), rng.random(n) < 0.7, rng.random(n) < 0.5
        found = ask_panel(
            values,
            {"OS": (time, event)},
            arm,
            rules=("maxstat", "interaction"),
            rng=rng,
            replicates=99,
        ).table
        below += (found["p_value"] <= 0.05).tolist()
        panels += int((found["adjusted"] <= 0.05).any())
    assert np.mean(below) == pytest.approx(0.05, abs=0.03)
    assert panels / 60 < 0.15


def test_who_answers_and_how_many_at_once_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    d, genes = breast()
    whole = asked(d, genes, replicates=49)
    monkeypatch.setattr(panel, "_BLOCK", 1)
    with ThreadPoolExecutor(2) as pool:
        for who in (None, pool):
            pd.testing.assert_frame_equal(asked(d, genes, replicates=49, pool=who), whole)


def test_a_planted_marker_is_found_and_its_twin_is_of_its_cluster() -> None:
    rng = np.random.default_rng(2)
    n = 150
    base = rng.normal(size=(n, 20))
    base[:, 7] = base[:, 3] + rng.normal(scale=0.2, size=n)
    time, arm = rng.exponential(np.exp(-0.9 * base[:, 3])), rng.random(n) < 0.5
    values, event = np.exp(base), rng.random(n) < 0.8
    table = ask_panel(
        values, {"OS": (time, event)}, arm, rng=np.random.default_rng(0), replicates=199
    ).table
    effect = table[table["kind"] == "effect"].set_index("marker")
    assert set(effect.index[effect["adjusted"] <= 0.05]) == {3, 7}
    often = stability(values, time, event, arm, best=2, rng=np.random.default_rng(0))
    assert often[3] > 0.9 and often.sum() == pytest.approx(2)
    groups = clusters(values)
    assert groups[3] == groups[7] and len(set(groups)) == 19


def test_what_cannot_be_asked_is_left_out_and_counts_for_nothing() -> None:
    rng = np.random.default_rng(5)
    values = np.exp(rng.normal(size=(50, 4)))
    values[:, 1] = 3.0
    values[0, 2] = -1.0
    values[:, 3] = np.nan
    table = ask_panel(
        values,
        {"OS": (rng.exponential(5, 50), np.ones(50))},
        np.arange(50) % 2,
        rng=rng,
        replicates=50,
    ).table.set_index(["kind", "marker"])
    for kind in ("effect", "interaction"):
        assert table.loc[(kind, 0), "p_value"] > 0
        assert table.loc[kind].loc[[1, 2, 3], ["p_value", "adjusted"]].isna().all(axis=None)
    # a marker of 0 or less can be cut
    assert np.isfinite(table.loc[("cutoff: maxstat", 2), "p_value"])
    assert np.isnan(table.loc[("cutoff: maxstat", 3), "cutoff"])


def test_youden_is_of_whose_marker_is_known() -> None:
    """By hand: who has no value used to count as a case or control who is neither high nor low."""
    d, genes = breast()
    d, known = d.iloc[:90].copy(), np.random.default_rng(2).random(90) < 0.4
    d.loc[~known, genes[0]] = np.nan
    d.loc[d["er"] == 1, genes[1]] = np.nan
    table = asked(d, genes[:2], rules=("youden",), min_patients=4, min_share=0, replicates=9)
    case = outcome_by(d["time"], d["event"], 1825)
    for place, gene in enumerate(genes[:2]):
        expected = youden(d[gene], case, min_patients=4)
        row = table[(table["kind"] == "cutoff: youden") & (table["marker"] == place)].iloc[0]
        assert row["cutoff"] == expected.value
        assert row["statistic"] == pytest.approx(expected.rows[1].estimate)
    none = asked(d, genes[:2], outcome=np.ones(90), replicates=9)
    assert none.loc[none["endpoint"] == "", ["statistic", "p_value"]].isna().all(axis=None)


def test_a_direction_that_the_data_choose_is_of_each_marker_and_of_each_permutation() -> None:
    """By loops: the panel took every marker to be higher in cases, the study's own one too."""
    d, genes = breast()
    d, genes = d.iloc[:60].copy(), genes[:4]
    d.loc[d.index[:8], genes[1]] = np.nan
    d[genes[2]] = np.round(np.log2(d[genes[2]]), 0)
    d[genes[3]] = 1 / d[genes[0]]
    options: dict[str, Any] = {"rules": ("youden",), "min_patients": 5, "replicates": 19}
    table = asked(d, genes, higher=None, **options)
    table = table[table["kind"] == "cutoff: youden"].set_index("marker")
    case, arms = outcome_by(d["time"], d["event"], 1825), d["er"].to_numpy() == 1
    drawn = _permuted(arms, np.random.default_rng(1).spawn(1)[0], 19)
    for place, gene in enumerate(genes):
        x, index, values = d[gene].to_numpy(float), [], []
        for y in (case, *case[drawn]):
            area = auc(x, y).estimate
            found = _best_youden(x, y, area >= 0.5 - 1e-9)
            index.append(found[0])
            values.append(found[1])
        assert table.loc[place, "statistic"] == pytest.approx(index[0])
        assert table.loc[place, "cutoff"] == values[0]
        reached = sum(one >= index[0] - 1e-9 for one in index[1:])
        assert table.loc[place, "p_value"] == (reached + 1) / 20
    fixed = asked(d, genes, **options).set_index(["kind", "marker"]).loc["cutoff: youden"]
    # a marker turned upside down is cut as it was
    assert table.loc[3, "statistic"] == pytest.approx(table.loc[0, "statistic"], abs=0.05)
    assert fixed.loc[3, "statistic"] != pytest.approx(fixed.loc[0, "statistic"], abs=0.05)


def _best_youden(x: np.ndarray, case: np.ndarray, higher: bool) -> tuple[float, float]:
    known = np.isfinite(x)
    tried = [
        c for c in np.unique(x[known]) if (x[known] < c).sum() >= 6 and (x[known] >= c).sum() >= 6
    ]
    sign = 1 if higher else -1
    index = {
        c: sign * ((x[known & (case == 1)] >= c).mean() - (x[known & (case == 0)] >= c).mean())
        for c in tried
    }
    best = max(index.values())
    return best, min(c for c, one in index.items() if one > best - 1e-9)


def test_clusters_are_rs_and_a_marker_that_ranks_nobody_is_of_none() -> None:
    """cutree(hclust(as.dist(1 - abs(cor(x, method = "spearman"))), "average"), h = 0.3)."""
    d, genes = breast()
    values = d[genes].to_numpy(float)
    assert clusters(values).tolist() == R_CLUSTERS
    none = np.full(len(d), np.nan)
    rare = np.where(np.arange(len(d)) < 2, values[:, 0], np.nan)
    more = np.column_stack([none, values, rare, np.ones(len(d))])
    assert clusters(more).tolist() == [0, *R_CLUSTERS, 0, 0]
    assert clusters(values[:, :1]).tolist() == [1]
    assert clusters(none[:, None]).tolist() == [0]


def test_what_has_no_effect_is_not_among_the_best() -> None:
    """A constant marker, and any where nobody has an event or all have it at once."""
    rng = np.random.default_rng(3)
    values, arm = np.exp(rng.normal(size=(40, 3))), np.arange(40) % 2
    values[:, 1] = 2.0
    time = rng.exponential(5, 40)
    often = stability(values, time, np.ones(40), arm, best=2, rng=rng)
    assert np.isnan(often[1]) and often[[0, 2]].sum() == pytest.approx(2)
    for t, e in ((time, np.zeros(40)), (np.full(40, 3.0), np.ones(40))):
        assert np.isnan(stability(values, t, e, arm, best=2, rng=rng)).all()


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown rule tertile"):
        ask_panel(np.ones((3, 1)), {}, [0, 1, 0], rules=("tertile",), rng=np.random.default_rng())
    assert set(RULES) == {"maxstat", "interaction", "youden", "median"}
