"""Many markers side by side: what each says, and what is left of it where so many were asked.

Every statistic here is a sum over patients of a marker's contrast times a score of the outcome
(log-rank scores within arms; cases against controls), so that all markers, all cut-offs and all
permutations are matrix products. Permutations move the outcomes between patients of one arm, all
endpoints together: the markers' correlations stay as they are.

Belongs here: the statistics of a panel from arrays. Does not belong here: one marker at length
(`continuous`, `cutoff_validation`), which markers there are.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import norm, rankdata

from il6_platform.statistics.arrays import Bools, Floats, Ints
from il6_platform.statistics.cutoff_rules import Roc, smallest_group
from il6_platform.statistics.permutations import permute_into
from il6_platform.statistics.risk_sets import log_rank_scores

__all__ = ["ask_panel", "clusters", "stability", "westfall_young"]

RULES = ("maxstat", "interaction", "youden", "median")
"""Rules that cut a marker: largest log-rank statistic, largest interaction with the treatment,
largest Youden index, and the median, which looks at no outcome."""

CUTOFFS = 50
"""Cut-offs of a marker that are tried: all admissible ones, or so many, even in rank."""

ALIKE = 0.7
"""Rank correlation from which markers are of one cluster."""

_BLOCK = 1 << 22
"""Numbers that one block of contrasts holds."""


def westfall_young(observed: ArrayLike, permuted: ArrayLike) -> Floats:
    """Adjust P values for all tests of a family by the largest statistic of each permutation.

    Step-down maxT of Westfall & Young (1993), as in Ge, Dudoit & Speed (Test 2003, box 1): tests
    that go together are not paid for twice.

    Parameters
    ----------
    observed
        Shape (q,): statistics on one scale, larger is further from the null; NaN was not asked.
    permuted
        Shape (B, q): the same of each permutation.

    Returns
    -------
    Adjusted P values, shape (q,), each (b + 1) / (B + 1); NaN where nothing was asked.
    """
    seen, drawn = np.asarray(observed, dtype=float), np.asarray(permuted, dtype=float)
    adjusted = np.full(len(seen), np.nan)
    asked = np.flatnonzero(np.isfinite(seen))
    if not len(asked) or not len(drawn):
        return adjusted
    order = asked[np.argsort(-seen[asked], kind="stable")]
    # from the smallest statistic up: the largest of a permutation among those that come after
    largest = np.maximum.accumulate(np.nan_to_num(drawn[:, order], nan=-np.inf)[:, ::-1], axis=1)[
        :, ::-1
    ]
    reached = (largest >= seen[order] - 1e-9 * np.abs(seen[order])).sum(axis=0)
    adjusted[order] = np.maximum.accumulate((reached + 1) / (len(drawn) + 1))
    return adjusted


@dataclass(frozen=True)
class Questions:
    """Every question that was asked of a panel, and what permutations say of the answers.

    Attributes
    ----------
    table
        One row a question: `marker` (place), `endpoint`, `kind` (effect, interaction, auc or
        `cutoff: rule`), `cutoff`, `statistic`, `p_value` (by permutation; of a chosen cut-off
        corrected for its choice), `naive_p_value` (of a chosen cut-off as if it had been fixed),
        `adjusted` (Westfall and Young over all rows).
    replicates
        Permutations.
    """

    table: pd.DataFrame
    replicates: int


def ask_panel(
    values: ArrayLike,
    endpoints: Mapping[str, tuple[ArrayLike, ArrayLike]],
    arm: ArrayLike,
    outcome: ArrayLike | None = None,
    *,
    rules: Sequence[str] = RULES,
    higher: bool | None = True,
    min_share: float = 0.1,
    min_patients: int = 10,
    rng: np.random.Generator,
    replicates: int = 1000,
    pool: Executor | None = None,
) -> Questions:
    """Ask every question of every marker, and how often chance answers as clearly.

    Parameters
    ----------
    values
        Shape (n, m): markers as measured; NaN is missing. A marker with a value of 0 or less has
        no effect per doubling, but can be cut.
    endpoints
        Name -> time and event, shape (n,); a time that is not known is NaN.
    arm
        Shape (n,): 1 experimental, 0 control. Scores are of the arm, and permuted within it.
    outcome
        Shape (n,): 1 case, 0 control, NaN unknown, for the area under the ROC curve and `youden`.
    rules
        Of `RULES`.
    higher
        Whether cases have the higher markers, for `youden`; None: of each marker the direction in
        which the area under its ROC curve is 0.5 or more, chosen anew in every permutation.
    min_share, min_patients
        Proportion and number of patients on either side of a cut-off at least.
    rng, replicates
        Generator and number B of permutations; P is (b + 1) / (B + 1).
    pool
        Who answers for blocks of markers; their answers do not depend on it.

    Returns
    -------
    Questions, in the order of endpoints, kinds and markers.

    Raises
    ------
    ValueError
        On an unknown rule, or shapes that do not fit.
    """
    x = np.asarray(values, dtype=float)
    unknown = set(rules) - set(RULES)
    if unknown:
        raise ValueError(f"Unknown rule {', '.join(sorted(unknown))}: use {', '.join(RULES)}.")
    if x.ndim != 2 or len(np.asarray(arm)) != len(x):
        raise ValueError("values must have one row a patient and one column a marker.")
    arms = np.asarray(arm, dtype=float) == 1
    scores = {name: _scores(time, event, arms) for name, (time, event) in endpoints.items()}
    case = None if outcome is None else np.asarray(outcome, dtype=float)
    # whoever answers draws the permutations again: they are larger than what is asked
    draws = pickle.dumps(rng.spawn(1)[0]), replicates
    least = smallest_group(len(x), min_share, min_patients)
    size = max(1, _BLOCK // max(len(x) * CUTOFFS, 1))
    asked = [
        (x[:, start : start + size], start, scores, arms, case, draws, rules, higher, least)
        for start in range(0, x.shape[1], size)
    ]
    if pool is None:
        blocks = [_block(*one) for one in asked]
    else:
        blocks = [one.result() for one in [pool.submit(_block, *one) for one in asked]]
    table = pd.concat([one for one, _ in blocks], ignore_index=True)
    permuted = np.concatenate([one for _, one in blocks], axis=1)
    table, permuted = _sorted(table, permuted, list(endpoints), rules)
    seen = table["statistic"].to_numpy(dtype=float)
    reached = (permuted >= seen - 1e-9 * np.abs(seen)).sum(axis=0)
    table["p_value"] = np.where(np.isfinite(seen), (reached + 1) / (replicates + 1), np.nan)
    normal = table["kind"].isin(["cutoff: maxstat", "cutoff: interaction"])
    table["naive_p_value"] = np.where(normal, 2 * norm.sf(seen), np.nan)
    # one scale for all questions: the largest of fifty statistics is larger than one of them
    both = np.vstack([seen, permuted])
    spread = both.std(axis=0)
    scaled = (both - both.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    table["adjusted"] = westfall_young(np.where(np.isfinite(seen), scaled[0], np.nan), scaled[1:])
    return Questions(table, replicates)


def _sorted(
    table: pd.DataFrame, permuted: Floats, endpoints: list[str], rules: Sequence[str]
) -> tuple[pd.DataFrame, Floats]:
    kinds = ["effect", "interaction", "auc", *(f"cutoff: {rule}" for rule in rules)]
    order = np.lexsort(
        (
            table["marker"],
            table["kind"].map(kinds.index),
            table["endpoint"].map([*endpoints, ""].index),
        )
    )
    return table.iloc[order].reset_index(drop=True), permuted[:, order]


def _scores(time: ArrayLike, event: ArrayLike, arms: Bools) -> Floats:
    """Log-rank scores within each arm; 0 of who has no time."""
    t, e = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    scores = np.zeros(len(t))
    for group in (arms, ~arms):
        inside = group & np.isfinite(t)
        if inside.any():
            own = log_rank_scores(t[inside], e[inside])
            scores[inside] = own - own.mean()
    return scores


@lru_cache(maxsize=1)
def _drawn(arms: bytes, generator: bytes, replicates: int) -> Ints:
    """Return the permutations that every block of markers is judged by, drawn once a process."""
    return _permuted(np.frombuffer(arms, dtype=bool), pickle.loads(generator), replicates)


def _permuted(arms: Bools, rng: np.random.Generator, replicates: int) -> Ints:
    """Return places of patients, permuted within arms, shape (B, n)."""
    places = np.empty((replicates, len(arms)), dtype=np.int64)
    for group in (arms, ~arms):
        own = np.flatnonzero(group)
        permute_into(places, own, own, rng)
    return places


def _block(
    x: Floats,
    start: int,
    scores: Mapping[str, Floats],
    arms: Bools,
    case: Floats | None,
    draws: tuple[bytes, int],
    rules: Sequence[str],
    higher: bool | None,
    least: int,
) -> tuple[pd.DataFrame, Floats]:
    """Answer all questions of some markers: the rows, and the statistics of every permutation."""
    m, drawn = x.shape[1], _drawn(arms.tobytes(), *draws)
    positive = np.nan_to_num(x, nan=1.0) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        doubled = np.where(positive.all(axis=0), np.log2(x), np.nan)
    whole = _Contrasts(doubled.T, np.arange(m), arms)
    indicators, owner, cutoffs = _indicators(x, least)
    cut = _Contrasts(indicators, owner, arms)
    medians, median_cutoffs = _at_median(x)
    halves = _Contrasts(medians, np.arange(m), arms)
    rows: list[pd.DataFrame] = []
    columns: list[Floats] = []

    def add(endpoint: str, kind: str, statistic: Floats, chosen: Floats | None = None) -> None:
        rows.append(
            pd.DataFrame(
                {
                    "marker": start + np.arange(m),
                    "endpoint": endpoint,
                    "kind": kind,
                    "cutoff": np.nan if chosen is None else chosen,
                    "statistic": statistic[0],
                }
            )
        )
        columns.append(statistic[1:])

    for endpoint, score in scores.items():
        both = np.vstack([score, score[drawn]])
        add(endpoint, "effect", np.abs(whole.difference(both)))
        add(endpoint, "interaction", np.abs(whole.interaction(both)))
        if "maxstat" in rules:
            add(endpoint, "cutoff: maxstat", *cut.largest(np.abs(cut.difference(both)), m, cutoffs))
        if "interaction" in rules:
            found = np.abs(cut.interaction(both))
            add(endpoint, "cutoff: interaction", *cut.largest(found, m, cutoffs))
        if "median" in rules:
            add(endpoint, "cutoff: median", np.abs(halves.difference(both)), median_cutoffs)
    if case is not None:
        ranks = np.where(np.isfinite(x), rankdata(x, axis=0, nan_policy="omit"), np.nan)
        within = np.vstack([_case_scores(case, arms), _case_scores(case, arms)[drawn]])
        add("", "auc", np.abs(_Contrasts(ranks.T, np.arange(m), arms).difference(within)))
        if "youden" in rules:
            both = np.vstack([case, case[drawn]])
            side = np.where(_sides(x, both, higher), 1, -1)[:, owner]
            index = cut.youden(both, np.isfinite(x)) * side
            add("", "cutoff: youden", *cut.largest(index, m, cutoffs))
    return pd.concat(rows, ignore_index=True), np.concatenate(columns, axis=1)


def _sides(x: Floats, case: Floats, higher: bool | None) -> Bools:
    """Return whether the cases (B, n) are taken to have the higher markers (n, m): (B, m)."""
    if higher is not None:
        return np.full((len(case), x.shape[1]), higher)
    sides = np.ones((len(case), x.shape[1]), dtype=bool)
    for place, column in enumerate(x.T):
        order = np.argsort(column, kind="stable")[: int(np.isfinite(column).sum())]
        starts = np.flatnonzero(np.diff(column[order], prepend=-np.inf))
        own = case[:, order]
        sides[:, place] = Roc.of((own == 1) * 1.0, (own == 0) * 1.0, starts, None).up
    return sides


def _case_scores(case: Floats, arms: Bools) -> Floats:
    """Return who is a case, centred within arms; 0 of the unknown."""
    scores = np.zeros(len(case))
    for group in (arms, ~arms):
        inside = group & np.isfinite(case)
        if inside.any():
            scores[inside] = case[inside] - case[inside].mean()
    return scores


class _Contrasts:
    """Contrasts of patients, rows (q, n), centred within arms; NaN takes no part."""

    def __init__(self, rows: Floats, owner: Ints, arms: Bools) -> None:
        self.owner, self.arms = owner, arms
        self.known = np.isfinite(rows)
        self.raw = np.where(self.known, rows, 0.0)
        self.centred, self.squares = [], []
        for group in (arms, ~arms):
            part, known = self.raw[:, group], self.known[:, group]
            n = np.maximum(known.sum(axis=1, keepdims=True), 1)
            centred = (part - part.sum(axis=1, keepdims=True) / n) * known
            self.centred.append(centred)
            self.squares.append((centred**2).sum(axis=1))
        self.asked = np.all([squares > 1e-12 for squares in self.squares], axis=0)

    def _sums(self, scores: Floats) -> list[tuple[Floats, Floats]]:
        """Sum and its variance over permutations, of each arm: (B, q) and (q,)."""
        found = []
        for group, centred, squares in zip(
            (self.arms, ~self.arms), self.centred, self.squares, strict=True
        ):
            own = scores[:, group]
            spread = (own[0] ** 2).sum() / max(int(group.sum()) - 1, 1)
            found.append((own @ centred.T, spread * squares))
        return found

    def difference(self, scores: Floats) -> Floats:
        """Standardised sum over both arms, (B, q)."""
        (one, v_one), (two, v_two) = self._sums(scores)
        variance = v_one + v_two
        return (one + two) / np.sqrt(np.where(variance > 1e-12, variance, np.nan))

    def interaction(self, scores: Floats) -> Floats:
        """Standardised difference of the arms' one-step effects, (B, q)."""
        (one, v_one), (two, v_two) = self._sums(scores)
        v_one, v_two = (np.where(v > 1e-12, v, np.nan) for v in (v_one, v_two))
        return (one / v_one - two / v_two) / np.sqrt(1 / v_one + 1 / v_two)

    def youden(self, case: Floats, known: Bools) -> Floats:
        """Share of the cases who are high less that of the controls, (B, q).

        Both are of whose marker is known, (n, m). What gives no case or no control a marker has no
        index, unless it is a permutation: that one is 0.
        """
        index = np.zeros((len(case), len(self.owner)))
        for value, sign in ((1, 1), (0, -1)):
            who = (case == value).astype(float)
            with np.errstate(invalid="ignore"):
                index += sign * (who @ self.raw.T) / (who @ known.astype(float))[:, self.owner]
        index[1:] = np.nan_to_num(index[1:])
        return index

    def largest(self, statistics: Floats, m: int, cutoffs: Floats) -> tuple[Floats, Floats]:
        """Return the largest statistic of each marker, and the lowest cut-off that reaches it."""
        best, chosen = np.full((len(statistics), m), np.nan), np.full(m, np.nan)
        if not len(self.owner):
            return best, chosen
        filled = np.where(np.isfinite(statistics), statistics, -np.inf)
        starts = np.flatnonzero(np.diff(self.owner, prepend=-1))
        highest = np.maximum.reduceat(filled, starts, axis=1)
        owners = self.owner[starts]
        best[:, owners] = np.where(np.isfinite(highest), highest, np.nan)
        for own, first, end in zip(owners, starts, [*starts[1:], len(self.owner)], strict=True):
            inside = filled[0, first:end]
            if np.isfinite(inside.max()):
                reached = inside >= inside.max() - 1e-9 * abs(inside.max())
                chosen[own] = cutoffs[first:end][reached].min()
        return best, chosen


def _indicators(x: Floats, least: int) -> tuple[Floats, Ints, Floats]:
    """Return who is high at each admissible cut-off, whose marker it is of, and the cut-offs."""
    rows, owner, cutoffs = [], [], []
    for place, column in enumerate(x.T):
        known = np.isfinite(column)
        ordered = np.sort(column[known])
        distinct = np.unique(ordered)
        low = np.searchsorted(ordered, distinct)
        admissible = distinct[(low >= least) & (len(ordered) - low >= least)]
        if len(admissible) > CUTOFFS:
            even = np.round(np.linspace(0, len(admissible) - 1, CUTOFFS)).astype(np.int64)
            admissible = admissible[np.unique(even)]
        high = np.where(known, column >= admissible[:, None], np.nan)
        rows.append(high.astype(float))
        owner += [place] * len(admissible)
        cutoffs.append(admissible)
    stacked = np.concatenate(rows) if rows else np.zeros((0, len(x)))
    return stacked, np.array(owner, dtype=np.int64), np.concatenate([*cutoffs, np.zeros(0)])


def _at_median(x: Floats) -> tuple[Floats, Floats]:
    """Return who is at or above the lowest observed value that is not below the median."""
    rows, cutoffs = np.full((x.shape[1], len(x)), np.nan), np.full(x.shape[1], np.nan)
    for place, column in enumerate(x.T):
        known = np.isfinite(column)
        if not known.any():
            continue
        ordered = np.sort(column[known])
        cutoffs[place] = ordered[np.searchsorted(ordered, np.median(ordered))]
        rows[place, known] = column[known] >= cutoffs[place]
    return rows, cutoffs


def stability(
    values: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    *,
    best: int,
    rng: np.random.Generator,
    replicates: int = 200,
) -> Floats:
    """In which proportion of resamples a marker is among the best, by its effect per doubling.

    Parameters
    ----------
    values
        Shape (n, m); NaN is missing.
    time, event, arm
        Shape (n,). Patients are drawn with replacement within arms.
    best
        How many markers are among the best.
    rng, replicates
        Generator and number of resamples.

    Returns
    -------
    Proportions, shape (m,); NaN of a marker without an effect per doubling: constant, of 0 or less,
    or without events that differ in time.
    """
    x = np.asarray(values, dtype=float)
    t, e = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    arms = np.asarray(arm, dtype=float) == 1
    with np.errstate(divide="ignore", invalid="ignore"):
        doubled = np.where((np.nan_to_num(x, nan=1.0) > 0).all(axis=0), np.log2(x), np.nan)
    sums, variances = np.zeros((replicates, x.shape[1])), np.zeros((replicates, x.shape[1]))
    for group in (arms, ~arms):
        inside = group & np.isfinite(t)
        n = int(inside.sum())
        if n < 2:
            continue
        w = rng.multinomial(n, np.full(n, 1 / n), size=replicates).astype(float)
        scores = log_rank_scores(t[inside], e[inside], w)
        # where times are tied the scores of a resample do not sum to 0
        scores = (scores - (scores * w).sum(axis=1, keepdims=True) / n) * w
        part = doubled[inside]
        known = np.isfinite(part).astype(float)
        part = np.nan_to_num(part)
        size = np.maximum(w @ known, 1)
        mean = (w @ part) / size
        sums += scores @ part - mean * (scores @ known)
        spread = (w @ part**2) - size * mean**2
        squares = np.divide(scores**2, w, out=np.zeros_like(w), where=w > 0).sum(axis=1)
        variances += spread * squares[:, None] / (n - 1)
    strength = np.abs(sums) / np.sqrt(np.where(variances > 1e-12, variances, np.inf))
    asked = (variances > 1e-12).any(axis=0)
    strength[:, ~asked] = -np.inf
    places = np.argsort(-strength, axis=1, kind="stable")[:, : min(best, int(asked.sum()))]
    chosen = np.bincount(places.ravel(), minlength=x.shape[1]) / max(replicates, 1)
    return np.where(asked, chosen, np.nan)


def clusters(values: ArrayLike, *, alike: float = ALIKE) -> NDArray[np.int64]:
    """Put markers that rank the patients alike into clusters.

    Parameters
    ----------
    values
        Shape (n, m); NaN is missing.
    alike
        Absolute rank correlation (Spearman), on average, from which two clusters become one.

    Returns
    -------
    Number of the cluster of each marker, from 1, by the first marker in it; 0 of one that ranks
    nobody: it is constant, or known in fewer than three patients.
    """
    x = np.asarray(values, dtype=float)
    correlation = pd.DataFrame(x).corr(method="spearman", min_periods=3).abs().to_numpy()
    found = np.zeros(x.shape[1], dtype=np.int64)
    # who goes with nobody ranks nobody: not even with itself
    ranking = np.flatnonzero(np.isfinite(np.diag(correlation)))
    if len(ranking) < 2:
        found[ranking] = 1
        return found
    distance = 1 - np.nan_to_num(correlation[np.ix_(ranking, ranking)])
    np.fill_diagonal(distance, 0.0)
    distance = np.clip((distance + distance.T) / 2, 0, 1)
    labels = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - alike, "distance")
    renamed: dict[Any, int] = {}
    found[ranking] = [renamed.setdefault(label, len(renamed) + 1) for label in labels]
    return found
