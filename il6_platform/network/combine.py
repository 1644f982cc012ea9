"""The packs of many sites as one answer: exact by rounds, and pooled where rounds are not possible.

The partial likelihood of a model stratified by site is the sum of the sites' own, so its maximum is
found exactly by asking all sites for score and information at the same coefficients, a few times.

Belongs here: sums, the next request, and the estimates. Does not belong here: the numbers of one
site (`packs`), where packs lie (`folder`), how the answer is shown (`page`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import chi2, norm

from il6_platform.analysis.results import Results
from il6_platform.network.packs import LOG_RATIOS, Request
from il6_platform.statistics.arrays import Floats
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.meta_analysis import grid_random_effects, random_effects

Pack = Mapping[str, Any]

CONVERGED = 1e-9
"""Change of a log hazard ratio at which no further round is asked for."""

CANDIDATES = 9
"""Candidate cut-offs of the marker beside the sites' own."""

DRAWS = 100_000
"""Draws of the largest statistic of correlated cut-offs."""


def next_request(packs: Mapping[str, Pack], asked: Request) -> Request | None:
    """Return what to ask the sites next; None where every model has converged.

    Parameters
    ----------
    packs
        Site -> its answer to `asked`.
    asked
        What the packs answer.

    Returns
    -------
    The next round. The first one after round 0 also asks for the candidate cut-offs and for the
    multivariable model with the terms of all sites.
    """
    terms, cutoffs = asked.terms, asked.cutoffs
    if asked.round == 0:
        terms = shared_terms(packs)
        cutoffs = candidates(packs)
    coefficients: dict[str, dict[str, list[float]]] = {}
    moved = asked.round == 0
    for endpoint, models in _models(packs).items():
        for model in models:
            beta, step = newton(packs, endpoint, model)
            if beta is None or step is None:
                continue
            moved |= bool(np.abs(step).max() > CONVERGED)
            taken = step / max(np.abs(step).max(), 1.0)
            coefficients.setdefault(endpoint, {})[model] = (beta + taken).tolist()
    if not moved:
        return None
    return Request(asked.round + 1, terms, cutoffs, coefficients)


def shared_terms(packs: Mapping[str, Pack]) -> tuple[str, ...]:
    """Return the terms of the multivariable model: of all sites, the same reference for each.

    Sites give every level of a category; without the study's reference at any of them, the first
    level by name is the reference.
    """
    terms = sorted({term for pack in packs.values() for term in pack["terms"]})
    references = [one for pack in packs.values() for one in pack.get("references", {}).items()]
    for name, reference in dict.fromkeys(references):
        levels = [term for term in terms if term.startswith(f"{name}[")]
        wanted = f"{name}[{reference}]"
        left_out = wanted if wanted in levels else next(iter(levels), None)
        terms = [term for term in terms if term != left_out]
    return tuple(terms)


def candidates(packs: Mapping[str, Pack]) -> tuple[float, ...]:
    """Return candidate cut-offs: between the sites' deciles, and each site's own cut-off."""
    deciles = sorted(value for pack in packs.values() for value in pack["marker"]["deciles"])
    own = {pack["marker"]["cutoff"] for pack in packs.values()} - {None}
    shares = np.linspace(0.1, 0.9, CANDIDATES)
    shared = {float(f"{value:.2g}") for value in np.quantile(deciles, shares)} if deciles else set()
    return tuple(sorted(shared | own))


def newton(
    packs: Mapping[str, Pack], endpoint: str, model: str
) -> tuple[Floats | None, Floats | None]:
    """Return the coefficients that the packs are at, and Newton's step from there."""
    summed = sums(packs, endpoint, model)
    if summed is None:
        return None, None
    beta, _, score, information, _ = summed
    if np.linalg.matrix_rank(information) < len(beta):
        return None, None
    return beta, np.asarray(np.linalg.solve(information, score), dtype=float)


def sums(
    packs: Mapping[str, Pack], endpoint: str, model: str
) -> tuple[Floats, float, Floats, Floats, tuple[int, int, int]] | None:
    """Add a model up over the sites.

    Returns
    -------
    Coefficients, log-likelihood, score, information, and (sites, patients, events); None where no
    site shares the model, or where they answer at different coefficients.
    """
    parts = _parts(packs, endpoint, model)
    if not parts or any(part["at"] != parts[0]["at"] for part in parts):
        return None
    return (
        np.array(parts[0]["at"]),
        float(sum(part["log_likelihood"] for part in parts)),
        np.sum([part["score"] for part in parts], axis=0),
        np.sum([part["information"] for part in parts], axis=0),
        (len(parts), sum(part["n"] for part in parts), sum(part["events"] for part in parts)),
    )


def _parts(packs: Mapping[str, Pack], endpoint: str, model: str) -> list[Pack]:
    given = (pack["endpoints"].get(endpoint, {"models": {}}) for pack in packs.values())
    return [one["models"][model] for one in given if model in one["models"]]


def _models(packs: Mapping[str, Pack]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pack in packs.values():
        for endpoint, given in pack["endpoints"].items():
            models = found.setdefault(endpoint, [])
            models += [model for model in given["models"] if model not in models]
    return found


def combined(packs: Mapping[str, Pack], *, seed: int = 1) -> Results:
    """Return the network's estimates in the columns of `report.results`, from the last packs.

    Parameters
    ----------
    packs
        Site -> its last pack.
    seed
        Of the draws behind the P value of a chosen cut-off.
    """
    results = Results("network")
    for endpoint, models in _models(packs).items():
        for model in models:
            results.add(_exact(packs, endpoint, model), endpoint=endpoint, model=model)
        of = {
            site: pack["endpoints"][endpoint]
            for site, pack in packs.items()
            if "own" in pack["endpoints"].get(endpoint, {})
        }
        if not of:
            continue
        where = {"endpoint": endpoint, "contrast": "experimental vs control"}
        results.add([_log_rank(of), *_heterogeneity(of)], model="stratified by site", **where)
        results.add(_by_site(of), model="by site", **where)
        results.add(_pooled(of), model="pooled", **where)
        results.add(life_table(of), model="life table", endpoint=endpoint)
        chosen = {site: one["cutoffs"] for site, one in of.items() if one.get("cutoffs")}
        if chosen:
            where |= {"contrast": "high vs low"}
            results.add(best_cutoff(chosen, seed=seed), model="cut-off of the network", **where)
            results.add(transported(packs, chosen), model="cut-off of one site", **where)
    return results


def _exact(packs: Mapping[str, Pack], endpoint: str, model: str) -> list[Estimate]:
    summed = sums(packs, endpoint, model)
    terms = _parts(packs, endpoint, model)[0]["terms"]
    if summed is None:
        return [unsupported("hazard_ratio", Code.SITES_DISAGREE.say(), term=term) for term in terms]
    beta, _, score, information, (sites, n, events) = summed
    fields: dict[str, Any] = {"n": n, "events": events}
    fields["method"] = f"Cox (Efron), stratified by site, {sites} sites, by rounds"
    if np.linalg.matrix_rank(information) < len(beta):
        return [
            unsupported("hazard_ratio", Code.NO_EVENT_OF_TWO_GROUPS.say(), term=term, **fields)
            for term in terms
        ]
    covariance = np.linalg.inv(information)
    is_open = bool(np.abs(covariance @ score).max() > 1e-6)
    return [
        _ratio("hazard_ratio", log, error, term=term, **fields).but(
            note=Code.MORE_ROUNDS.say() if is_open else None
        )
        for term, log, error in zip(terms, beta, np.sqrt(np.diag(covariance)), strict=True)
    ]


def _ratio(name: str, log: float, error: float, **fields: Any) -> Estimate:
    low, ratio, high = (float(np.exp(log + side * Z * error)) for side in (-1, 0, 1))
    p = float(2 * norm.sf(abs(log) / error))
    return Estimate(name, ratio, low, high, float(error), p_value=p, **fields)


def _size(of: Mapping[str, Pack]) -> dict[str, int]:
    return {name: sum(one[name] for one in of.values()) for name in ("n", "events")}


def _log_rank(of: Mapping[str, Pack]) -> Estimate:
    excess = sum(one["log_rank"]["observed_minus_expected"] for one in of.values())
    variance = sum(one["log_rank"]["variance"] for one in of.values())
    fields: dict[str, Any] = {**_size(of), "method": f"Log-rank test, {len(of)} sites"}
    if variance <= 0:
        return unsupported("logrank_stratified", Code.NO_EVENT_OF_TWO_GROUPS.say(), **fields)
    statistic = float(excess**2 / variance)
    return Estimate(
        "logrank_stratified", statistic, df=1, p_value=float(chi2.sf(statistic, 1)), **fields
    )


def _heterogeneity(of: Mapping[str, Pack]) -> list[Estimate]:
    """Score test of a hazard ratio of its own in each site, at the coefficients of the packs."""
    parts = [one["models"]["arm"] for one in of.values()]
    score = np.array([part["score"][0] for part in parts])
    information = np.array([part["information"][0][0] for part in parts])
    fields: dict[str, Any] = {**_size(of)}
    fields["method"] = "Score test of a hazard ratio of its own in each site"
    known = information > 1e-9
    same = all(part["at"] == parts[0]["at"] for part in parts)
    if known.sum() < 2 or not same:
        return [unsupported("site_heterogeneity", Code.ONE_SITE_INFORMS.say(), **fields)]
    s, v = score[known], information[known]
    # what is left of the score before the last round
    statistic = float(np.sum(s**2 / v) - s.sum() ** 2 / v.sum())
    df = int(known.sum()) - 1
    p = float(chi2.sf(statistic, df))
    return [Estimate("site_heterogeneity", statistic, df=df, p_value=p, **fields)]


def _by_site(of: Mapping[str, Pack]) -> list[Estimate]:
    rows = []
    for site, one in sorted(of.items()):
        fields = {"n": one["n"], "events": one["events"], "term": f"SITEID[{site}]"}
        log, error = one["own"]["log_hazard_ratio"], one["own"]["std_error"]
        if log is None or error is None:
            note = Code.GROUPS_SEPARATED.say()
            rows.append(unsupported("hazard_ratio", note, **fields))
        else:
            words = "Cox (Efron) in one site"
            rows.append(_ratio("hazard_ratio", log, error, method=words, **fields))
    return rows


def _pooled(of: Mapping[str, Pack]) -> list[Estimate]:
    """Pool the sites' own estimates and likelihoods, which needs no rounds."""
    own = [one["own"] for one in of.values() if one["own"]["std_error"] is not None]
    rows = random_effects(
        [one["log_hazard_ratio"] for one in own], [one["std_error"] for one in own]
    )
    named = {"pooled": "pooled_hazard_ratio", "prediction": "prediction_hazard_ratio"}
    named |= {"pooled_common": "pooled_common_hazard_ratio"}
    made = [as_ratio(row, named.get(row.statistic)) for row in rows]
    curves = np.array([one["likelihood"]["log_likelihood"] for one in of.values()])
    made += [
        as_ratio(row, f"likelihood_{named.get(row.statistic, row.statistic)}")
        if row.statistic in named
        else row.but(statistic=f"likelihood_{row.statistic}")
        for row in grid_random_effects(LOG_RATIOS, curves)
    ]
    return [row.but(n=_size(of)["n"]) for row in made]


def life_table(of: Mapping[str, Pack]) -> list[Estimate]:
    """Return survival of each arm over all sites, at the months that all of them share.

    The actuarial estimate: who is censored between two months is at risk for half of the time.
    """
    shared = set.intersection(*({row["month"] for row in one["risk_sets"]} for one in of.values()))
    rows = []
    for arm in ("experimental", "control"):
        n = sum(one["arms"][arm]["n"] for one in of.values())
        survival, left, died = 1.0, 0, 0
        for month in sorted(shared):
            at = [
                row[arm] for one in of.values() for row in one["risk_sets"] if row["month"] == month
            ]
            now_left, now_died = (sum(one[name] for one in at) for name in ("left", "events"))
            censored = now_left - left - (now_died - died)
            at_risk = n - left - censored / 2
            survival *= 1 - (now_died - died) / at_risk if at_risk > 0 else 1.0
            left, died = now_left, now_died
            words = f"Life table of {len(of)} sites"
            rows.append(
                Estimate(
                    "survival", survival, at=month, grp=arm, n=n, events=now_died, method=words
                )
            )
    return rows


def as_ratio(row: Estimate, name: str | None) -> Estimate:
    """Return a row of a log ratio as a ratio under another name; others as they are."""
    if name is None or row.estimate is None:
        return row if name is None else row.but(statistic=name)
    ends = {
        limit: None if getattr(row, limit) is None else float(np.exp(getattr(row, limit)))
        for limit in ("estimate", "ci_low", "ci_high")
    }
    return row.but(statistic=name, **ends)


def best_cutoff(of: Mapping[str, Pack], *, seed: int = 1) -> list[Estimate]:
    """Choose the cut-off that parts survival most over all sites, and correct for its choice.

    Parameters
    ----------
    of
        Site -> `at`, `observed_minus_expected` and `covariance` of its shared cut-offs.
    seed
        Of the draws from the joint normal distribution of the sites' statistics without an effect,
        whose covariance is the sum of theirs.

    Returns
    -------
    `cutoff`, `logrank` at it (naive) and `logrank_selection_corrected`, as the largest of the
    correlated statistics (Lausen & Schumacher, Biometrics 1992, give the same for one site).
    """
    cutoffs = sorted({cutoff for one in of.values() for cutoff in one["at"]})
    excess, covariance = np.zeros(len(cutoffs)), np.zeros((len(cutoffs), len(cutoffs)))
    for one in of.values():
        place = [cutoffs.index(cutoff) for cutoff in one["at"]]
        excess[place] += one["observed_minus_expected"]
        covariance[np.ix_(place, place)] += one["covariance"]
    spread = np.sqrt(np.maximum(np.diag(covariance), 0))
    usable = spread > 1e-8
    names = ("cutoff", "logrank", "logrank_selection_corrected")
    method = f"Largest stratified log-rank statistic of {int(usable.sum())} cut-offs"
    if not usable.any():
        return [unsupported(name, Code.NO_EVENT_OF_TWO_GROUPS.say()) for name in names]
    z = np.abs(excess[usable] / spread[usable])
    best = float(np.array(cutoffs)[usable][z.argmax()])
    correlation = covariance[np.ix_(usable, usable)] / np.outer(spread[usable], spread[usable])
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))
    rng = np.random.default_rng(seed)
    reached = 0
    for _ in range(20):
        drawn = np.abs(rng.standard_normal((DRAWS // 20, len(root))) @ root.T)
        reached += int((drawn.max(axis=1) >= z.max()).sum())
    largest = float(z.max() ** 2)
    return [
        Estimate("cutoff", best, method=method),
        Estimate(
            "logrank",
            largest,
            df=1,
            p_value=float(chi2.sf(largest, 1)),
            at=best,
            method=method,
            note=Code.NAIVE.say(),
        ),
        Estimate(
            "logrank_selection_corrected",
            largest,
            p_value=(reached + 1) / (DRAWS + 1),
            at=best,
            method=f"{method}, by its joint normal distribution",
        ),
    ]


def transported(packs: Mapping[str, Pack], of: Mapping[str, Pack]) -> list[Estimate]:
    """Try each site's own cut-off in all the others: Peto's hazard ratio, high against low."""
    rows = []
    for site, pack in sorted(packs.items()):
        cutoff = pack["marker"]["cutoff"]
        if cutoff is None:
            continue
        others = [one for other, one in of.items() if other != site and cutoff in one["at"]]
        excess = variance = 0.0
        for one in others:
            place = one["at"].index(cutoff)
            excess += one["observed_minus_expected"][place]
            variance += one["covariance"][place][place]
        fields: dict[str, Any] = {"at": cutoff, "term": f"SITEID[{site}]"}
        fields["method"] = f"Peto's hazard ratio in {len(others)} other sites, stratified by site"
        name = "hazard_ratio_elsewhere"
        rows.append(
            _ratio(name, excess / variance, variance**-0.5, **fields)
            if variance > 1e-8
            else unsupported(name, Code.NO_EVENT_OF_TWO_GROUPS.say(), **fields)
        )
    return rows


def rounds(
    answer: Callable[[str, Request], Pack], sites: Sequence[str], *, most: int = 8
) -> tuple[dict[str, Pack], Request, bool]:
    """Ask sites in rounds until every model has converged.

    Parameters
    ----------
    answer
        Function of site and request that returns the site's pack.
    sites
        Names of the sites.
    most
        Rounds at most.

    Returns
    -------
    The last packs, what they answer, and whether all has converged.
    """
    asked = Request()
    while True:
        packs = {site: answer(site, asked) for site in sites}
        following = next_request(packs, asked)
        if following is None or asked.round >= most:
            return packs, asked, following is None
        asked = following
