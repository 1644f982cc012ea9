"""Whether a treatment's effect differs between groups of patients, on several scales.

Belongs here: interaction of arm and marker group as a difference of restricted means or of risks,
its permutation P on the hazard scale, the effect in each subgroup, odds ratios over strata, and
qualitative interaction. Does not belong here: the ratio of hazard ratios
(`regression.interaction`), the stratified log-rank test (`survival.logrank`), the effect along a
continuous marker (`continuous`).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import binom, chi2, norm

from il6_platform.statistics._check import same_length, samples
from il6_platform.statistics.arrays import Floats
from il6_platform.statistics.codes import Code, Reason
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.permutations import permute_into, permuted
from il6_platform.statistics.risk_sets import CHUNK, RiskSets
from il6_platform.statistics.survival import rmst_difference

__all__ = [
    "cochran_mantel_haenszel",
    "effect_by_level",
    "gail_simon",
    "interaction_permutation",
    "odds_ratio_homogeneity",
    "risk_difference_interaction",
    "rmst_interaction",
    "tables_by_stratum",
]


def interaction_permutation(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    high: ArrayLike,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
) -> Estimate:
    """Test treatment-by-marker interaction on the hazard by permuting marker groups within arms.

    The statistic is the likelihood-ratio statistic of the product in a Cox model with Efron's ties,
    as in `regression.interaction`. The permutation distribution is exact where the marker has no
    bearing on outcome in either arm; where it is prognostic alike in both, approximate, since main
    effects are refitted in each permutation.

    Parameters
    ----------
    time, event
        Shape (n,).
    arm, high
        Shape (n,), 1 or 0: experimental arm, high marker.
    rng, replicates
        Generator and number B of permutations. P is (b + 1) / (B + 1); a permutation whose model
        has no finite maximum counts as reaching the statistic, and the note tells how many did.

    Returns
    -------
    `interaction_permutation`: the likelihood-ratio statistic and P.

    Raises
    ------
    ValueError
        As `samples`, on unequal lengths, a label other than 0 and 1, or less than one replicate.
    """
    t, e = samples(time, event)
    a, h = _binary("arm", arm, len(t)), _binary("high", high, len(t))
    if replicates < 1:
        raise ValueError(f"replicates must be 1 or more, not {replicates}.")
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum())}
    fields["method"] = (
        f"Cox, Efron, likelihood ratio; marker groups permuted within arms, "
        f"Monte Carlo: {replicates} permutations"
    )
    note = empty_cell(a, h, e, Code.NO_EVENTS_IN_GROUP)
    if note:
        return unsupported("interaction_permutation", note, **fields)
    risk_sets = RiskSets(t, e)
    seen = float(risk_sets.interaction((a + 2 * h)[None])[1][0])
    if np.isnan(seen):
        note = Code.MODEL_SEPARATED.say()
        return unsupported("interaction_permutation", note, **fields)
    drawn = np.concatenate(
        [
            risk_sets.interaction(groups)[1]
            for groups in _permuted_within(a + 2 * h, a, rng, replicates)
        ]
    )
    unknown = int(np.isnan(drawn).sum())
    reached = unknown + int(np.sum(drawn >= seen - 1e-9 * max(1.0, seen)))
    note = Code.PERMUTATIONS_SEPARATED.say(n=unknown, of=replicates) if unknown else None
    return Estimate(
        "interaction_permutation",
        seen,
        p_value=(reached + 1) / (replicates + 1),
        note=note,
        **fields,
    )


def _permuted_within(
    labels: NDArray[np.int64], arm: NDArray[np.int64], rng: np.random.Generator, replicates: int
) -> Iterator[NDArray[np.int8]]:
    """Yield labels permuted within arms, shape (rows, n), as many rows at once as memory is for.

    The control arm's permutations are all drawn before those of the other: a copy of the generator
    draws them again when they are needed.
    """
    step = max(1, CHUNK // max(len(labels), 1))
    rows = [min(step, replicates - start) for start in range(0, replicates, step)]
    places = [np.flatnonzero(arm == k) for k in (0, 1)]
    of_arm = [labels[own].astype(np.int8) for own in places]
    control = deepcopy(rng)
    for size in rows:
        permuted(of_arm[0], size, rng)
    for size in rows:
        groups = np.empty((size, len(labels)), dtype=np.int8)
        for k, generator in enumerate((control, rng)):
            permute_into(groups, places[k], of_arm[k], generator)
        yield groups


def effect_by_level(
    time: ArrayLike, event: ArrayLike, arm: ArrayLike, level: ArrayLike
) -> list[Estimate]:
    """Hazard ratio of an arm in each level of another variable, and the test that compares them.

    All models are fitted at once from the sorted risk sets (`RiskSets.cox`, Efron's ties).

    Parameters
    ----------
    time, event, arm
        Shape (n,); arm 1 or 0.
    level
        Shape (n,), labels; who has None is left out.

    Returns
    -------
    `hazard_ratio` a level, with the level as its term (each from a model of its own patients), and
    `interaction`, the likelihood-ratio test of the products of arm and levels, with k - 1 degrees
    of freedom.

    Raises
    ------
    ValueError
        As `samples`, on unequal lengths or an arm other than 0 and 1.
    """
    t, e = samples(time, event)
    a = _binary("arm", arm, len(t))
    labels = np.asarray(same_length("level", level, len(t)), dtype=object)
    known = np.array([label is not None and label == label for label in labels], dtype=bool)
    t, e, a = t[known], e[known], a[known]
    names, place = np.unique(labels[known].astype(str), return_inverse=True)
    inside = place == np.arange(len(names))[:, None]
    sets = RiskSets(t, e)
    single = sets.cox(np.tile(a, (len(names), 1)), inside.astype(float))
    rows = []
    for i, name in enumerate(names):
        fields: dict[str, Any] = {"n": int(inside[i].sum()), "events": int((inside[i] & e).sum())}
        fields |= {"term": str(name), "method": "Cox, Efron, Wald interval"}
        log, error = float(single.coefficients[i, 0]), float(single.std_errors[i, 0])
        if not np.isfinite(log):
            note = Code.ARM_WITHOUT_EVENTS.say()
            rows.append(unsupported("hazard_ratio", note, **fields))
            continue
        low, high = np.exp([log - Z * error, log + Z * error])
        p = float(2 * norm.sf(abs(log) / error))
        ratio = float(np.exp(log))
        rows.append(
            Estimate("hazard_ratio", ratio, float(low), float(high), error, p_value=p, **fields)
        )
    fields = {"n": len(t), "events": int(e.sum())}
    fields["method"] = "Cox, Efron, likelihood-ratio test of treatment by subgroup"
    lacking = [str(row.term) for row in rows if row.estimate is None]
    if len(names) < 2 or lacking:
        words = (
            Code.NO_RATIO_IN.say(levels=", ".join(lacking)) if lacking else Code.ONE_SUBGROUP.say()
        )
        return [*rows, unsupported("interaction", words, **fields)]
    # groups: both arms of the first level, of the second, ...
    of_level = np.repeat(np.eye(len(names))[:, 1:], 2, axis=0)
    of_arm = np.tile([[0.0], [1.0]], (len(names), 1))
    main = np.hstack([of_arm, of_level])
    whole = np.hstack([main, of_arm * of_level])
    groups = (2 * place + a)[None]
    fits = [sets.cox(groups, design=design).log_likelihood[0] for design in (main, whole)]
    if not np.isfinite(fits).all():
        words = Code.SUBGROUPS_NEVER_AT_RISK_TOGETHER.say()
        return [*rows, unsupported("interaction", words, **fields)]
    statistic, df = max(0.0, 2 * float(fits[1] - fits[0])), len(names) - 1
    p = float(chi2.sf(statistic, df))
    return [*rows, Estimate("interaction", statistic, df=df, p_value=p, **fields)]


def rmst_interaction(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    high: ArrayLike,
    tau: float | None = None,
) -> Estimate:
    """Difference of the arms' differences in restricted mean survival time, high minus low.

    Variances by Greenwood of the four independent groups add up (Royston & Parmar 2013).

    Parameters
    ----------
    time, event
        Shape (n,), any unit of time.
    arm, high
        Shape (n,), 1 or 0: experimental arm, high marker.
    tau
        Horizon; by default the longest to which all four groups were followed.

    Returns
    -------
    `rmst_difference_interaction` (`at` is tau): positive where treatment gains more time in high.

    Raises
    ------
    ValueError
        As `samples`, on unequal lengths or a label other than 0 and 1.
    """
    t, e = samples(time, event)
    a, h = _binary("arm", arm, len(t)), _binary("high", high, len(t))
    fields: dict[str, Any] = {"n": len(t), "events": int(e.sum()), "at": tau}
    note = empty_cell(a, h, np.ones(len(t)), Code.NO_PATIENTS_IN_GROUP)
    if note:
        return unsupported("rmst_difference_interaction", note, **fields)
    cells = [(a == i) & (h == j) for i in (0, 1) for j in (0, 1)]
    horizon = min(float(t[cell].max()) for cell in cells) if tau is None else tau
    fields["at"] = horizon
    fields["method"] = (
        f"Difference of differences in restricted means to {horizon:g}, Greenwood variance"
    )
    differences = [rmst_difference(t[h == j], e[h == j], a[h == j], horizon) for j in (1, 0)]
    for difference in differences:
        if difference.estimate is None:
            return unsupported("rmst_difference_interaction", difference.note or "", **fields)
    one, other = differences
    value = (one.estimate or 0.0) - (other.estimate or 0.0)
    error = float(np.hypot(one.std_error or 0.0, other.std_error or 0.0))
    if error == 0:
        return Estimate(
            "rmst_difference_interaction", value, note=Code.NO_EVENTS_BY_THEN.say(), **fields
        )
    return Estimate(
        "rmst_difference_interaction",
        value,
        value - Z * error,
        value + Z * error,
        error,
        p_value=float(2 * norm.sf(abs(value) / error)),
        **fields,
    )


def risk_difference_interaction(response: ArrayLike, arm: ArrayLike, high: ArrayLike) -> Estimate:
    """Difference of the arms' differences in response rate, high minus low.

    The interval combines Newcombe's intervals of both differences by the method of variance
    recovery (Zou & Donner, Stat Med 2008). P is that of the same family: 1 less the confidence at
    which an interval first holds 0, so that P is below 0.05 where the 95% interval does not.

    Parameters
    ----------
    response, arm, high
        Shape (n,), 1 or 0: responder, experimental arm, high marker.

    Returns
    -------
    `risk_difference_interaction`; no P where all four rates are 0 or 1.

    Raises
    ------
    ValueError
        On unequal lengths or a value other than 0 and 1.
    """
    n = len(np.asarray(response))
    y, a, h = _binary("response", response, n), _binary("arm", arm, n), _binary("high", high, n)
    fields: dict[str, Any] = {"n": n, "events": int(y.sum())}
    fields["method"] = "Difference of risk differences, Newcombe intervals combined; P of the same"
    note = empty_cell(a, h, np.ones(n), Code.NO_PATIENTS_IN_GROUP)
    if note:
        return unsupported("risk_difference_interaction", note, **fields)
    cells = [y[(a == i) & (h == j)] for j in (1, 0) for i in (1, 0)]
    sizes = np.array([len(cell) for cell in cells])
    rates = np.array([cell.sum() for cell in cells]) / sizes
    signs = np.array([1, -1, -1, 1])
    value, error = float(signs @ rates), float(np.sqrt((rates * (1 - rates) / sizes).sum()))
    low, high = _recovered(rates, sizes, signs, Z)

    p = float(2 * norm.sf(_first_holding_zero(rates, sizes, signs))) if error else None
    return Estimate(
        "risk_difference_interaction",
        value,
        low,
        high,
        error or None,
        p_value=p,
        note=None if error else Code.RATES_ARE_0_OR_1.say(),
        **fields,
    )


def _recovered(
    rates: Floats, sizes: NDArray[np.int64], signs: NDArray[np.int64], z: float
) -> tuple[float, float]:
    """Return the limits of a sum of signed rates from Wilson's of each, at a normal quantile."""
    centre = (rates + z**2 / (2 * sizes)) / (1 + z**2 / sizes)
    half = z * np.sqrt(rates * (1 - rates) / sizes + z**2 / (4 * sizes**2)) / (1 + z**2 / sizes)
    below, above = rates - (centre - half), centre + half - rates
    value = float(signs @ rates)
    down, up = np.where(signs > 0, below, above), np.where(signs > 0, above, below)
    return value - float(np.sqrt((down**2).sum())), value + float(np.sqrt((up**2).sum()))


def _first_holding_zero(rates: Floats, sizes: NDArray[np.int64], signs: NDArray[np.int64]) -> float:
    """Return the normal quantile from which on the interval of a sum of signed rates holds 0."""
    value = float(signs @ rates)

    def distance(z: float) -> float:
        low, high = _recovered(rates, sizes, signs, z)
        return low if value > 0 else -high

    # beyond the farthest quantile a P value is no number above 0
    nearest, farthest = 1e-9, 37.0
    if value == 0 or distance(nearest) <= 0:
        return 0.0
    return farthest if distance(farthest) > 0 else float(brentq(distance, nearest, farthest))


def tables_by_stratum(
    response: ArrayLike, group: ArrayLike, strata: ArrayLike
) -> NDArray[np.int64]:
    """Count 2x2 tables, shape (strata, 2, 2), for the functions below.

    Rows are group 1 and 0, columns response 1 and 0; strata by any label, in its order.

    Raises
    ------
    ValueError
        On unequal lengths or a response or group other than 0 and 1.
    """
    n = len(np.asarray(strata))
    y, g = _binary("response", response, n), _binary("group", group, n)
    labels, s = np.unique(np.asarray(strata), return_inverse=True)
    tables = np.zeros((len(labels), 2, 2), dtype=np.int64)
    np.add.at(tables, (s.ravel(), 1 - g, 1 - y), 1)
    return tables


def odds_ratio_homogeneity(tables: ArrayLike) -> list[Estimate]:
    """Test whether the odds ratio is the same in all strata.

    With a the counts of the first cell, e and v their expectation and variance at the
    Mantel-Haenszel odds ratio: sum (a - e)^2 / v, and Tarone's correction takes off
    (sum a - sum e)^2 / sum v. Own code, because statsmodels divides by 0 at an odds ratio of 1.

    Parameters
    ----------
    tables
        Shape (strata, 2, 2), counts; strata with one group or one outcome only are left out.

    Returns
    -------
    `breslow_day` (Breslow & Day 1980) and `tarone` (Biometrika 1985), which is to be preferred:
    chi-square of strata - 1 degrees of freedom.

    Raises
    ------
    ValueError
        On another shape, or counts that are negative or not whole.
    """
    used, fields = _strata(tables)
    words = {
        "breslow_day": "Breslow-Day test of homogeneous odds ratios",
        "tarone": "Breslow-Day test of homogeneous odds ratios, Tarone's correction",
    }
    note = None
    if len(used) < 2:
        note = Code.FEWER_THAN_TWO_STRATA.say()
    elif not _pooled(used):
        note = Code.COMMON_ODDS_RATIO_INFINITE.say()
    if note:
        return [unsupported(name, note, method=method, **fields) for name, method in words.items()]
    fitted = _fitted(used)
    excess, variance = used[:, 0, 0] - fitted[:, 0, 0], 1 / (1 / fitted).sum(axis=(1, 2))
    breslow_day = float(np.sum(excess**2 / variance))
    statistics = (breslow_day, breslow_day - float(excess.sum() ** 2 / variance.sum()))
    df = len(used) - 1
    sparse = Code.EXPECTED_BELOW_5_IN_STRATA.say() if fitted.min() < 5 else None
    return [
        Estimate(
            name,
            max(0.0, statistic),
            df=df,
            p_value=float(chi2.sf(statistic, df)),
            method=method,
            note=sparse,
            **fields,
        )
        for (name, method), statistic in zip(words.items(), statistics, strict=True)
    ]


def cochran_mantel_haenszel(tables: ArrayLike) -> list[Estimate]:
    """Test and estimate an association within strata, by statsmodels.

    Parameters
    ----------
    tables
        As in `odds_ratio_homogeneity`.

    Returns
    -------
    `cochran_mantel_haenszel` (chi-square, 1 df); `cochran_mantel_haenszel_corrected` for
    continuity (like R's mantelhaen.test, not where counts are within one half of expected); and
    `common_odds_ratio` of Mantel & Haenszel (1959) with the interval of Robins, Breslow &
    Greenland (1986).

    Raises
    ------
    ValueError
        As `odds_ratio_homogeneity`.
    """
    used, fields = _strata(tables)
    words = {
        "cochran_mantel_haenszel": "Cochran-Mantel-Haenszel test, no continuity correction",
        "cochran_mantel_haenszel_corrected": "Cochran-Mantel-Haenszel test, continuity correction",
        "common_odds_ratio": "Mantel-Haenszel odds ratio, Robins-Breslow-Greenland interval",
    }
    if not len(used):
        note = Code.NO_STRATUM.say()
        return [unsupported(name, note, method=method, **fields) for name, method in words.items()]
    from statsmodels.stats.contingency_tables import StratifiedTable

    stratified = StratifiedTable(list(used.astype(float)))
    row, column, n = used[:, 0].sum(axis=1), used[:, :, 0].sum(axis=1), used.sum(axis=(1, 2))
    correctable = abs(float((used[:, 0, 0] - row * column / n).sum())) >= 0.5
    results = []
    for name, method in list(words.items())[:2]:
        test = stratified.test_null_odds(correction=correctable and name.endswith("corrected"))
        results.append(
            Estimate(
                name,
                float(test.statistic),
                df=1,
                p_value=float(test.pvalue),
                method=method,
                **fields,
            )
        )
    method = words["common_odds_ratio"]
    if not _pooled(used):
        note = Code.COMMON_ODDS_RATIO_INFINITE.say()
        return [*results, unsupported("common_odds_ratio", note, method=method, **fields)]
    low, high = stratified.oddsratio_pooled_confint()
    return [
        *results,
        Estimate(
            "common_odds_ratio",
            float(stratified.oddsratio_pooled),
            float(low),
            float(high),
            float(stratified.logodds_pooled_se),
            method=method,
            **fields,
        ),
    ]


def gail_simon(effects: ArrayLike, std_errors: ArrayLike) -> Estimate:
    """Test whether treatment helps some groups and harms others (Gail & Simon, Biometrics 1985).

    Q+ and Q- are the sums of squared standardised effects that are positive and negative; the
    statistic is the smaller, and P = sum over h from 1 to k - 1 of Binomial(h; k - 1, 1/2)
    P(chi-square(h) > Q). A large P does not show that the direction is the same.

    Parameters
    ----------
    effects, std_errors
        Shape (k,), k >= 2 independent groups: effects with 0 for none (log hazard ratios), and
        their standard errors > 0.

    Returns
    -------
    `gail_simon`: min(Q+, Q-) and P.

    Raises
    ------
    ValueError
        On unequal lengths, missing values or errors that are not positive.
    """
    d = np.asarray(effects, dtype=float)
    s = same_length("std_errors", std_errors, len(d)).astype(float)
    if not (np.all(np.isfinite(d)) and np.all(np.isfinite(s)) and np.all(s > 0)):
        raise ValueError("effects must be finite and std_errors positive; leave others out.")
    words = "Gail-Simon test of qualitative interaction"
    if len(d) < 2:
        return unsupported("gail_simon", Code.FEWER_THAN_TWO_GROUPS.say(), method=words)
    squares = (d / s) ** 2
    smaller = float(min(squares[d > 0].sum(), squares[d < 0].sum()))
    if smaller == 0:
        note = Code.SAME_DIRECTION.say()
        return Estimate("gail_simon", 0.0, p_value=1.0, method=words, note=note)
    k = len(d) - 1
    h = np.arange(1, k + 1)
    p = float(np.sum(binom.pmf(h, k, 0.5) * chi2.sf(smaller, h)))
    return Estimate("gail_simon", smaller, p_value=p, method=words)


def _binary(name: str, values: ArrayLike, n: int) -> NDArray[np.int64]:
    array = same_length(name, values, n).astype(float)
    if array.ndim != 1 or not np.all((array == 0) | (array == 1)):
        raise ValueError(f"{name} must be 1 or 0 and never missing.")
    return array.astype(np.int64)


def empty_cell(arm: NDArray, high: NDArray, counted: NDArray, code: Code) -> Reason | None:
    """Name the first of the four groups of arm and marker in which nobody is counted, if any."""
    for a, arm_name in ((1, "experimental"), (0, "control")):
        for h, group in ((1, "high"), (0, "low")):
            if not counted[(arm == a) & (high == h)].any():
                return code.say(group=f"{arm_name}/{group}")
    return None


def _strata(tables: ArrayLike) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Return the strata with both groups and both outcomes, and n and events of them all."""
    t = np.asarray(tables, dtype=float)
    if t.ndim != 3 or t.shape[1:] != (2, 2):
        raise ValueError("tables must have shape (strata, 2, 2).")
    if not np.all(np.isfinite(t)) or np.any(t < 0) or np.any(t != np.floor(t)):
        raise ValueError("tables must hold counts: whole numbers of 0 or more.")
    counts = t.astype(np.int64)
    margins = np.concatenate([counts.sum(axis=1), counts.sum(axis=2)], axis=1)
    informative = np.all(margins > 0, axis=1)
    fields = {"n": int(counts.sum()), "events": int(counts[:, :, 0].sum())}
    return counts[informative], fields


def _pooled(used: NDArray) -> bool:
    """Whether the Mantel-Haenszel odds ratio is neither 0 nor infinite."""
    return bool((used[:, 0, 0] * used[:, 1, 1]).any() and (used[:, 0, 1] * used[:, 1, 0]).any())


def _fitted(used: NDArray[np.int64]) -> Floats:
    """Expected counts at the Mantel-Haenszel odds ratio, in a form that holds for a ratio of 1."""
    row, column, n = used[:, 0].sum(axis=1), used[:, :, 0].sum(axis=1), used.sum(axis=(1, 2))
    cross = used[:, 0, 0] * used[:, 1, 1] / n, used[:, 0, 1] * used[:, 1, 0] / n
    ratio = cross[0].sum() / cross[1].sum()
    b = n - row - column + ratio * (row + column)
    first = 2 * ratio * row * column / (b + np.sqrt(b**2 - 4 * (ratio - 1) * ratio * row * column))
    cells = [first, row - first, column - first, n - row - column + first]
    return np.stack(cells, axis=1).reshape(-1, 2, 2)
