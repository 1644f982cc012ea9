"""How much a cut-off found in the data owes to these data: stability, optimism, honest P.

Belongs here: what thousands of resamples say of a rule: the bootstrap (stability; optimism,
Harrell, Lee & Mark, Stat Med 1996), cross-validated dichotomisation (Faraggi & Simon, Stat Med
1996), the permutation P that repeats the selection, of the log-rank test and of the interaction.
Does not belong here: the rules (`cutoff_rules`), the maximally selected statistic and its own P
values (`maximal_selection`), ROC curves with their intervals (`roc`).

A resample is drawn from a child of the given generator, one child a block of resamples, so that
results depend on the seed and never on the number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from il6_platform.statistics._check import same_length
from il6_platform.statistics.arrays import Floats
from il6_platform.statistics.codes import Code
from il6_platform.statistics.cutoff_rules import NO_CUTOFF, Roc, Rule, Search, first_largest
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.heterogeneity import empty_cell
from il6_platform.statistics.permutations import permute_into, permuted
from il6_platform.statistics.risk_sets import CHUNK, LogRanks

__all__ = ["bootstrap_cutoff", "cross_validate", "interaction_test", "permutation_test", "roc_band"]

BLOCK = 250
"""Resamples that share a child generator, fewer where patients are many."""

NAIVE = Code.NAIVE_SELECTION.say()

SEPARATED = Code.MODEL_SEPARATED.say()

Progress = Callable[[float], None]


def _blocks(
    work: Callable[[np.random.Generator, int], tuple[Any, ...]],
    n: int,
    replicates: int,
    rng: np.random.Generator,
    progress: Progress | None,
    jobs: int,
) -> list[Any]:
    """Run work(generator, size) block by block; join each of the arrays that it returns."""
    from joblib import Parallel, delayed

    if replicates < 1:
        raise ValueError(f"replicates must be 1 or more, not {replicates}.")
    size = max(1, min(BLOCK, 4 * CHUNK // max(n, 1)))
    sizes = [min(size, replicates - start) for start in range(0, replicates, size)]
    tasks = (delayed(work)(child, k) for child, k in zip(rng.spawn(len(sizes)), sizes, strict=True))
    # numpy releases the interpreter in its loops: threads spare the start of processes
    results: Iterator[Any] = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(tasks)
    parts = []
    for done, part in enumerate(results, start=1):
        parts.append(part)
        if progress is not None:
            progress(done / len(sizes))
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


@dataclass(frozen=True, slots=True)
class CutoffBootstrap:
    """What the bootstrap says of a rule.

    Attributes
    ----------
    cutoff
        Cut-off of the whole sample, None where the rule finds none.
    cutoffs
        Shape (replicates,): cut-off of each resample, NaN where the rule finds none.
    estimates
        `cutoff_bootstrap` (2.5 and 97.5 percentiles, both observed values), `cutoff_recovered`
        (share of resamples that find the same cut-off), `cutoff_mode` (share of the commonest, with
        it as `at`); and of `auc` (with the bootstrap's percentiles), `youden` (neither for maxstat)
        and `hazard_ratio` each `_apparent`, `_optimism` and `_corrected`, the hazard ratio's
        optimism on the log scale.
    """

    cutoff: float | None
    cutoffs: Floats
    estimates: list[Estimate]

    def frequencies(self) -> pd.DataFrame:
        """How often each cut-off was found: columns cutoff, count, share; ascending."""
        found = self.cutoffs[~np.isnan(self.cutoffs)]
        cutoff, count = np.unique(found, return_counts=True)
        return pd.DataFrame({"cutoff": cutoff, "count": count, "share": count / len(self.cutoffs)})


def bootstrap_cutoff(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    rule: Rule,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
    inside: ArrayLike | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
) -> CutoffBootstrap:
    """Re-run a rule on bootstrap resamples: how stable is its cut-off, how optimistic its results?

    Optimism is the mean, over resamples, of the statistic of the resample's cut-off in the resample
    less that of the same cut-off in the sample; corrected = apparent - optimism. The log hazard
    ratio (Cox, Efron, high against low) counts in the direction of the rule, for maxstat in the
    direction seen in each resample. The area under the curve has no cut-off to choose and no
    direction, so that its optimism is its bias only. A resample without a finite hazard ratio
    leaves the hazard ratio's optimism, and is counted in the note.

    Parameters
    ----------
    marker, time, event
        Shape (n,); no missing values.
    rule
        How the cut-off is found.
    rng
        Generator; results depend on its seed, not on `jobs`.
    replicates
        Resamples.
    inside
        Shape (n,), optional: the cut-off is chosen in all patients, the hazard ratio is of these.
    progress
        Called with the share of resamples done.
    jobs
        Threads.

    Raises
    ------
    ValueError
        On different lengths, missing values, negative times, an outcome other than 0, 1 and NaN, or
        no replicates.
    """
    search = Search(marker, time, event, rule)
    n, events = search.n, int(search.events.sum())
    method = f"{rule.words}; bootstrap, {replicates} resamples"
    fields: dict[str, Any] = {"n": n, "events": events, "method": method}
    kept, compared = _inside(search, inside)
    scales = ("hazard_ratio",) if search.roc is None else ("auc", "youden", "hazard_ratio")
    if search.cutoff is None:
        names = ["cutoff_bootstrap", "cutoff_recovered", "cutoff_mode"]
        names += [f"{s}_{part}" for s in scales for part in ("apparent", "optimism", "corrected")]
        missing = [unsupported(name, NO_CUTOFF, **fields) for name in names]
        return CutoffBootstrap(None, np.full(replicates, np.nan), missing)

    def work(child: np.random.Generator, size: int) -> tuple[NDArray[Any], ...]:
        drawn = child.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        w = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float)
        roc = search.resampled_roc(w)
        criterion = search.criterion(w, roc)
        picked = first_largest(criterion)
        area = np.full(size, np.nan) if roc is None else roc.auc
        found = np.where(picked >= 0, criterion[np.arange(size), picked], np.nan)
        up = np.full(size, np.nan) if roc is None else roc.up.astype(float)
        of_these = w if kept is None else w * kept
        return picked, area, found, search.log_hazard_ratios(picked, of_these), up

    picked, area, found, log_ratio, up = _blocks(work, n, replicates, rng, progress, jobs)
    some = picked >= 0
    cutoffs = np.where(some, search.cutoffs[picked], np.nan)
    distinct, where = np.unique(picked, return_inverse=True)
    in_sample = _log_ratios(search, distinct, kept)[where]
    apparent_ratio = float(_log_ratios(search, np.array([search.picked]), kept)[0])
    estimates = _stability(search.cutoff, cutoffs, fields)
    at = {"at": search.cutoff, **fields}
    if search.roc is not None:
        apparent = float(search.roc.auc[0])
        of_area = _corrected("auc", apparent, area - apparent, fields)
        estimates += [_percentiles(of_area[0], area), *of_area[1:]]
        youden = search.roc.criterion[0]
        gain = np.where(some, found - youden[picked], np.nan)
        estimates += _corrected("youden", float(youden[search.picked]), gain, at)
        direction = np.where(up > 0, 1.0, -1.0)
        sign = 1.0 if search.roc.up[0] else -1.0
    else:
        direction, sign = np.sign(log_ratio), float(np.sign(apparent_ratio))
    optimism = direction * (log_ratio - in_sample)
    at |= compared
    estimates += _corrected("hazard_ratio", apparent_ratio, optimism, at, sign=sign)
    return CutoffBootstrap(search.cutoff, cutoffs, estimates)


def _log_ratios(search: Search, picked: NDArray[Any], kept: Floats | None) -> Floats:
    """Return the log hazard ratio of whom is compared, in the sample, at each cut-off picked."""
    weights = None if kept is None else np.tile(kept, (len(picked), 1))
    return search.log_hazard_ratios(picked, weights)


def roc_band(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    rule: Rule,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
    jobs: int = 1,
) -> pd.DataFrame:
    """Bootstrap band of a rule's ROC curve: percentiles of sensitivity at each 1 - specificity.

    Vertical, pointwise bands (Macskassy & Provost, ROCAI 2004): each resample's curve is read at a
    grid of 1 - specificity.

    Parameters
    ----------
    marker, time, event, rule, rng, replicates, jobs
        As in `bootstrap_cutoff`.

    Returns
    -------
    x (1 - specificity, 0 to 1 by 0.02), y (the sample's sensitivity), y_low, y_high; no rows for
    maxstat, which has no cases and controls, or where there are none.

    Raises
    ------
    ValueError
        As `bootstrap_cutoff`.
    """
    search = Search(marker, time, event, rule)
    n, grid = search.n, np.linspace(0, 1, 51)
    nothing = pd.DataFrame(columns=["x", "y", "y_low", "y_high"], dtype=float)
    if search.roc is None or search.cutoff is None:
        return nothing

    def sensitivity(roc: Roc) -> Floats:
        up = roc.up[:, None]
        true, false = (np.where(up, 1 - low, low) for low in (roc.low_case, roc.low_control))
        reached = [np.where(false <= x + 1e-9, true, 0.0).max(axis=1) for x in grid[:-1]]
        # called a case whoever he is: the curve's end, which needs no cut-off
        return np.column_stack([*reached, np.where(np.isnan(roc.auc), np.nan, 1.0)])

    def work(child: np.random.Generator, size: int) -> tuple[Floats]:
        drawn = child.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        w = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float)
        roc = search.resampled_roc(w)
        assert roc is not None
        return (sensitivity(roc),)

    (curves,) = _blocks(work, n, replicates, rng, None, jobs)
    curves = curves[~np.isnan(curves).any(axis=1)]
    if not len(curves):
        return nothing
    low, high = np.quantile(curves, [0.025, 0.975], axis=0)
    return pd.DataFrame({"x": grid, "y": sensitivity(search.roc)[0], "y_low": low, "y_high": high})


def _stability(cutoff: float, cutoffs: Floats, fields: dict[str, Any]) -> list[Estimate]:
    found = cutoffs[~np.isnan(cutoffs)]
    lost = len(cutoffs) - len(found)
    note = Code.RESAMPLES_WITHOUT_CUTOFF.say(n=lost) if lost else None
    if not len(found):
        names = ("cutoff_bootstrap", "cutoff_recovered", "cutoff_mode")
        return [unsupported(name, NO_CUTOFF, **fields) for name in names]
    low, high = np.quantile(found, [0.025, 0.975], method="inverted_cdf")
    values, counts = np.unique(found, return_counts=True)
    mode = int(np.argmax(counts))
    same, share = float(np.mean(cutoffs == cutoff)), counts[mode] / len(cutoffs)
    return [
        Estimate(
            "cutoff_bootstrap", cutoff, ci_low=float(low), ci_high=float(high), note=note, **fields
        ),
        Estimate("cutoff_recovered", same, at=cutoff, note=note, **fields),
        Estimate("cutoff_mode", float(share), at=float(values[mode]), note=note, **fields),
    ]


def _percentiles(row: Estimate, resampled: Floats) -> Estimate:
    """Give a row the bootstrap's 2.5 and 97.5 percentiles and standard error."""
    kept = resampled[np.isfinite(resampled)]
    if row.estimate is None or len(kept) < 2:
        return row
    low, high = np.quantile(kept, [0.025, 0.975])
    return row.but(ci_low=float(low), ci_high=float(high), std_error=float(kept.std(ddof=1)))


def _corrected(
    name: str,
    apparent: float,
    optimism: Floats,
    fields: dict[str, Any],
    *,
    sign: float | None = None,
) -> list[Estimate]:
    """Apparent, optimism and corrected; of a log hazard ratio where its sign is given."""
    kept = optimism[np.isfinite(optimism)]
    parts = (f"{name}_apparent", f"{name}_optimism", f"{name}_corrected")
    if not np.isfinite(apparent) or not len(kept):
        note = Code.EVENT_FREE_GROUP.say()
        return [unsupported(part, note, **fields) for part in parts]
    lost = len(optimism) - len(kept)
    caution = Code.RESAMPLES_LEFT_OUT.say(n=lost) if lost else None
    mean = float(kept.mean())
    error = float(kept.std(ddof=1) / np.sqrt(len(kept))) if len(kept) > 1 else None
    values = [apparent, mean, apparent - mean]
    if sign is not None:
        values = [float(np.exp(apparent)), mean, float(np.exp(apparent - sign * mean))]
    return [
        Estimate(parts[0], values[0], **fields),
        Estimate(parts[1], values[1], std_error=error, note=caution, **fields),
        Estimate(parts[2], values[2], note=caution, **fields),
    ]


def cross_validate(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    rule: Rule,
    *,
    rng: np.random.Generator,
    folds: int = 2,
    replicates: int = 100,
    inside: ArrayLike | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
) -> list[Estimate]:
    """Cross-validated dichotomisation (Faraggi & Simon, Stat Med 1996;15:2203-2213).

    Patients are split at random into `folds`; each fold is parted at the cut-off found in the
    others, and the high of all folds are compared with the low of all folds: nobody helped to
    choose the cut-off by which he is classified. As one split is arbitrary, it is repeated.

    Parameters
    ----------
    marker, time, event, rule, rng, inside, progress, jobs
        As in `bootstrap_cutoff`.
    folds
        Parts, 2 in the paper.
    replicates
        Random splits.

    Returns
    -------
    `logrank_cross_validated`: median chi-square; its P is twice the median of the splits' P, which
    keeps the level whatever their dependence (Meinshausen, Meier & Buhlmann, JASA 2009).
    `hazard_ratio_cross_validated`: exp of the median log hazard ratio, with the median of the
    splits' standard errors on the log scale and the interval that it gives.

    Raises
    ------
    ValueError
        As `bootstrap_cutoff`, or on fewer than 2 folds.
    """
    if folds < 2:
        raise ValueError(f"folds must be 2 or more, not {folds}.")
    search = Search(marker, time, event, rule)
    n, (weights, of_these) = search.n, _inside(search, inside)
    fields: dict[str, Any] = {
        "n": of_these["n"],
        "events": of_these["events"],
        "method": f"{rule.words}; {folds}-fold cross-validated dichotomisation "
        f"(Faraggi & Simon 1996), median of {replicates} splits",
    }
    names = ("logrank_cross_validated", "hazard_ratio_cross_validated")
    if search.cutoff is None:
        return [unsupported(name, NO_CUTOFF, **fields) for name in names]

    def work(child: np.random.Generator, size: int) -> tuple[NDArray[Any], ...]:
        fold = permuted(np.arange(n) % folds, size, child)
        high, valid = np.zeros((size, n), dtype=bool), np.ones(size, dtype=bool)
        for f in range(folds):
            picked = first_largest(search.criterion((fold != f).astype(float)))
            high |= (fold == f) & (search.place >= picked[:, None])
            valid &= picked >= 0
        kept = None if weights is None else np.tile(weights, (size, 1))
        test, fits = search.risk_sets.log_rank(high, kept), search.risk_sets.cox(high, kept)
        chi_square, ratio, error = test.chi_square, fits.coefficients[:, 0], fits.std_errors[:, 0]
        return tuple(np.where(valid, x, np.nan) for x in (chi_square, ratio, error))

    chi_square, ratio, error = _blocks(work, n, replicates, rng, progress, jobs)
    return _medians_of_splits(names, chi_square, ratio, error, fields)


def _medians_of_splits(
    names: tuple[str, str],
    chi_square: Floats,
    ratio: Floats,
    error: Floats,
    fields: dict[str, Any],
) -> list[Estimate]:
    """Return the test and the hazard ratio over the splits; a split without one is missing."""
    tested, fitted = ~np.isnan(chi_square), ~np.isnan(ratio)
    results = []
    for name, kept in zip(names, (tested, fitted), strict=True):
        lost = int(len(kept) - kept.sum())
        note = Code.SPLITS_LEFT_OUT.say(n=lost) if lost else None
        if not kept.any():
            nothing = Code.NO_SPLIT.say()
            results.append(unsupported(name, nothing, **fields))
        elif name == names[0]:
            median = float(np.median(chi_square[kept]))
            p = min(1.0, 2 * float(np.median(chi2.sf(chi_square[kept], 1))))
            results.append(Estimate(name, median, df=1, p_value=p, note=note, **fields))
        else:
            log_ratio, se = float(np.median(ratio[kept])), float(np.median(error[kept]))
            limits = np.exp([log_ratio - Z * se, log_ratio + Z * se])
            results.append(
                Estimate(
                    name,
                    float(np.exp(log_ratio)),
                    ci_low=float(limits[0]),
                    ci_high=float(limits[1]),
                    std_error=se,
                    note=note,
                    **fields,
                )
            )
    return results


def _permutations(child: np.random.Generator, size: int, stratum: NDArray[Any]) -> NDArray[Any]:
    """Draw permutations of patients within strata, shape (size, n)."""
    permutation = np.empty((size, len(stratum)), dtype=np.int64)
    for k in np.unique(stratum):
        inside = np.flatnonzero(stratum == k)
        permute_into(permutation, inside, inside, child)
    return permutation


def _permuted_groups(
    search: Search, permutation: NDArray[Any], picked: NDArray[Any]
) -> NDArray[np.bool_]:
    """Say who is high at each permutation's cut-off, in the order of the outcomes."""
    high = np.zeros(permutation.shape, dtype=bool)
    np.put_along_axis(high, permutation, search.place >= picked[:, None], axis=1)
    return high


def _inside(search: Search, inside: ArrayLike | None) -> tuple[Floats | None, dict[str, Any]]:
    """Return the weights of whose outcomes are compared (None: of all), and a row's fields."""
    kept = np.ones(search.n, dtype=bool)
    if inside is not None:
        kept = same_length("inside", inside, search.n)[search.order].astype(bool)
    fields = {"n": int(kept.sum()), "events": int(search.events[kept].sum()), "at": search.cutoff}
    return None if kept.all() else kept * 1.0, fields


def permutation_test(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    rule: Rule,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
    strata: ArrayLike | None = None,
    inside: ArrayLike | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
) -> list[Estimate]:
    """Log-rank test at the cut-off that a rule finds, with a P that counts the finding.

    Outcomes (time, event and the rule's outcome, together) are permuted over the markers; in each
    permutation the rule is run anew and the log-rank chi-square taken at its cut-off. Exact under
    the hypothesis that marker and outcomes are unrelated (in each stratum).

    Parameters
    ----------
    marker, time, event, rule, rng, progress, jobs
        As in `bootstrap_cutoff`.
    replicates
        Permutations; P is (b + 1) / (B + 1), b of B reaching the chi-square.
    strata
        Shape (n,), optional labels: permuted within (arms, which differ in outcome).
    inside
        Shape (n,), optional: the cut-off is chosen in all patients, the groups compared in these.

    Returns
    -------
    `logrank` with its naive P and a note that says so, and `logrank_selection_corrected`.

    Raises
    ------
    ValueError
        As `bootstrap_cutoff`.
    """
    search = Search(marker, time, event, rule)
    n = search.n
    stratum = np.zeros(n) if strata is None else same_length("strata", strata, n)[search.order]
    stratum = np.unique(stratum, return_inverse=True)[1].ravel()
    weights, fields = _inside(search, inside)
    method = f"Log-rank at the cut-off of {rule.words}"
    names = ("logrank", "logrank_selection_corrected")
    if search.cutoff is None:
        return [unsupported(name, NO_CUTOFF, method=method, **fields) for name in names]

    def compared(high: NDArray[np.bool_]) -> LogRanks:
        drawn = None if weights is None else np.tile(weights, (len(high), 1))
        return search.risk_sets.log_rank(high, drawn)

    test = compared((search.place >= search.picked)[None])
    observed = float(test.chi_square[0])
    if np.isnan(observed):
        note = Code.NO_EVENT_AT_RISK_TOGETHER.say()
        return [unsupported(name, note, method=method, **fields) for name in names]

    def work(child: np.random.Generator, size: int) -> tuple[Floats]:
        permutation = _permutations(child, size, stratum)
        picked = first_largest(search.permuted_criterion(permutation))
        high = _permuted_groups(search, permutation, picked)
        return (np.nan_to_num(compared(high).chi_square),)

    (chi_square,) = _blocks(work, n, replicates, rng, progress, jobs)
    reached = int((chi_square >= observed * (1 - 1e-9)).sum())
    p = (reached + 1) / (replicates + 1)
    within = "" if strata is None else " within strata"
    corrected = f"{method}, permutation{within} repeating the selection, {replicates} permutations"
    return [
        Estimate(
            names[0],
            observed,
            df=1,
            p_value=float(test.p_value[0]),
            method=method,
            note=NAIVE,
            **fields,
        ),
        Estimate(names[1], observed, p_value=p, method=corrected, **fields),
    ]


def interaction_test(
    marker: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    rule: Rule,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
    inside: ArrayLike | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
) -> list[Estimate]:
    """Treatment-by-marker interaction at the cut-off that a rule finds, corrected for its search.

    Outcomes (time, event and the rule's outcome, together) are permuted over the markers within the
    arms; in each permutation the rule is run anew and the likelihood ratio of the product of arm
    and high taken at its cut-off (Cox, Efron). Each arm keeps its outcomes, so a treatment effect
    is no interaction. Exact where the marker has no bearing on outcome in either arm; where it is
    prognostic alike in both, approximate, since main effects are refitted in each permutation.

    Parameters
    ----------
    marker, time, event, rule, rng, progress, jobs, inside
        As in `permutation_test`.
    arm
        Shape (n,): 1 experimental, 0 control.
    replicates
        Permutations; P is (b + 1) / (B + 1), b of B reaching the likelihood ratio. One whose model
        has no finite maximum counts as reaching it, and the note tells how many did.

    Returns
    -------
    `interaction` with its naive P and a note that says so, and `interaction_selection_corrected`;
    both `at` the cut-off.

    Raises
    ------
    ValueError
        As `bootstrap_cutoff`, or on an arm other than 0 and 1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> arm, marker = np.tile([0, 1], 40), np.repeat(np.arange(40.0), 2)
    >>> time = rng.exponential(np.where((arm == 1) & (marker >= 20), 30, 6))
    >>> rule = Rule("interaction", arm=arm, min_patients=10)
    >>> naive, corrected = interaction_test(
    ...     marker, time, np.ones(80), arm, rule, rng=rng, replicates=99
    ... )
    >>> naive.p_value < corrected.p_value
    True
    """
    search = Search(marker, time, event, rule, arm=arm)
    method = f"Cox, Efron, likelihood ratio at the cut-off of {rule.words}"
    weights, fields = _inside(search, inside)
    names = ("interaction", "interaction_selection_corrected")
    if search.cutoff is None:
        return [unsupported(name, NO_CUTOFF, method=method, **fields) for name in names]
    high = search.place >= search.picked
    observed = float(search.interactions(high[None], weights)[0])
    if np.isnan(observed):
        having = search.events if weights is None else search.events & (weights > 0)
        note = empty_cell(search.arm, high, having, Code.NO_EVENTS_IN_GROUP) or SEPARATED
        return [unsupported(name, note, method=method, **fields) for name in names]

    def work(child: np.random.Generator, size: int) -> tuple[Floats]:
        permutation = _permutations(child, size, search.arm)
        criterion = search.permuted_criterion(permutation)
        picked = first_largest(criterion)
        if rule.method == "interaction":
            return (np.where(picked >= 0, criterion[np.arange(size), picked], np.nan),)
        high = _permuted_groups(search, permutation, picked)
        return (np.where(picked >= 0, search.interactions(high, weights), np.nan),)

    (drawn,) = _blocks(work, search.n, replicates, rng, progress, jobs)
    unknown = int(np.isnan(drawn).sum())
    reached = unknown + int(np.sum(drawn >= observed - 1e-9 * max(1.0, observed)))
    corrected = (
        f"{method}, permutation within arms repeating the selection, {replicates} permutations"
    )
    return [
        Estimate(
            names[0],
            observed,
            df=1,
            p_value=float(chi2.sf(observed, 1)),
            method=method,
            note=NAIVE,
            **fields,
        ),
        Estimate(
            names[1],
            observed,
            p_value=(reached + 1) / (replicates + 1),
            method=corrected,
            note=Code.PERMUTATIONS_SEPARATED.say(n=unknown, of=replicates) if unknown else None,
            **fields,
        ),
    ]
