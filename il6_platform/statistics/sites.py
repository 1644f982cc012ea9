"""Two groups compared within each of many sites: hazard ratios of any selection of the sites.

Belongs here: risk sets that are formed within a site, so that sites may differ in their baseline
hazard; each site's own hazard ratio, the one without it, and whether sites differ. Does not belong
here: the stratified model of the headline (`regression`, by lifelines) and test (`survival`), nor
what sites send each other (`il6_platform.network`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm

from il6_platform.statistics._check import same_length, samples
from il6_platform.statistics.arrays import Bools, Floats, Ints
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.statistics.risk_sets import RiskTable

__all__ = ["compare_sites", "site_heterogeneity"]

LEAST = 1e-9
"""Information below which a site says nothing of the hazard ratio."""


class SiteRiskSets:
    """The partial likelihood (Efron) of the log hazard ratio of two groups, site by site.

    Parameters
    ----------
    table
        Events and patients at risk.
    sites
        Number of sites.

    Examples
    --------
    >>> table = RiskTable.of(*map(np.array, ([1.0, 2, 3, 4], [True] * 4, [1, 0, 1, 0], [0] * 4)))
    >>> log_ratio, std_error = SiteRiskSets(table, 1).fit([[True]])
    """

    def __init__(self, table: RiskTable, sites: int) -> None:
        self.sites, self.table = sites, table
        total = table.died.sum(axis=0)
        ties = total.astype(np.int64)
        row = np.repeat(np.arange(len(ties)), ties)
        gone = (np.arange(len(row)) - (np.cumsum(ties) - ties)[row]) / total[row]
        with np.errstate(divide="ignore"):
            self._log = np.log(table.at_risk[:, row] - gone * table.died[:, row])
        self._site = table.stratum[row]
        self.died = np.stack(
            [np.bincount(table.stratum, weights=row, minlength=sites) for row in table.died]
        )

    def likelihood(self, log_ratio: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Log-likelihood, score and information of each site.

        Parameters
        ----------
        log_ratio
            Shape (m,): log hazard ratios, first group against second.

        Returns
        -------
        Three arrays of shape (m, sites).
        """
        beta = np.asarray(log_ratio, dtype=float)[:, None]
        second, first = self._log
        total = np.logaddexp(beta + first, second)
        share = np.exp(beta + first - total)
        of_first = self.died[1]
        return (
            beta * of_first - self._by_site(total),
            of_first - self._by_site(share),
            self._by_site(share * (1 - share)),
        )

    def _by_site(self, values: Floats) -> Floats:
        sums = np.zeros((len(values), self.sites))
        starts = np.flatnonzero(np.diff(self._site, prepend=-1))
        if len(starts):
            sums[:, self._site[starts]] = np.add.reduceat(values, starts, axis=1)
        return sums

    def fit(self, chosen: ArrayLike) -> tuple[Floats, Floats]:
        """Fit the common log hazard ratio of selections of sites.

        Parameters
        ----------
        chosen
            Boolean, shape (m, sites).

        Returns
        -------
        Log hazard ratios and standard errors, shape (m,): NaN where no finite maximum exists.
        """
        return self.table.cox(np.asarray(chosen, dtype=bool))


def compare_sites(
    time: ArrayLike, event: ArrayLike, first: ArrayLike, site: ArrayLike
) -> list[Estimate]:
    """Hazard ratio within each site, and of all sites without it; whether sites differ.

    Parameters
    ----------
    time, event
        Shape (n,): time >= 0, event 1 or 0.
    first
        Shape (n,): 1 in the first group of the comparison.
    site
        Shape (n,): the site of each patient, by any label.

    Returns
    -------
    For each site `hazard_ratio` (term `SITEID[label]`) and `hazard_ratio_without_site` (of all the
    others, stratified by site), and one `site_heterogeneity`: the score test of a hazard ratio of
    its own in each site, which needs no estimate from a site. A site without a finite estimate of
    its own has a note, and its part in the others.

    Raises
    ------
    ValueError
        On unequal lengths, missing values, or an event other than 0 and 1.
    """
    t, e = samples(time, event)
    g = same_length("first", first, len(t)).astype(bool)
    labels, place = np.unique(same_length("site", site, len(t)).astype(str), return_inverse=True)
    k = len(labels)
    sets = SiteRiskSets(RiskTable.of(t, e, g, place), k)
    n = np.bincount(place, minlength=k)
    events = np.bincount(place, weights=e, minlength=k).astype(np.int64)
    own, others = np.eye(k, dtype=bool), ~np.eye(k, dtype=bool)
    rows = _ratios("hazard_ratio", sets, own, labels, n, events, "Cox (Efron) in one site")
    rows += _ratios(
        "hazard_ratio_without_site",
        sets,
        others,
        labels,
        len(t) - n,
        e.sum() - events,
        "Cox (Efron), stratified by site, without one site",
    )
    return [*rows, site_heterogeneity(sets, n=len(t))]


def site_heterogeneity(sets: SiteRiskSets, *, n: int) -> Estimate:
    """Score test of a hazard ratio of its own in each site, at the common hazard ratio."""
    fields: dict[str, Any] = {"n": n, "events": int(sets.died.sum())}
    fields["method"] = "Score test of a hazard ratio of its own in each site"
    ((common,), _) = sets.fit(np.ones((1, sets.sites), dtype=bool))
    if not np.isfinite(common):
        return unsupported("site_heterogeneity", Code.NO_EVENT_OF_TWO_GROUPS.say(), **fields)
    _, score, information = (part[0] for part in sets.likelihood([common]))
    known = information > LEAST
    df = int(known.sum()) - 1
    if df < 1:
        return unsupported("site_heterogeneity", Code.ONE_SITE_INFORMS.say(), **fields)
    statistic = float(np.sum(score[known] ** 2 / information[known]))
    return Estimate(
        "site_heterogeneity", statistic, df=df, p_value=float(chi2.sf(statistic, df)), **fields
    )


def _ratios(
    name: str,
    sets: SiteRiskSets,
    chosen: Bools,
    labels: NDArray[Any],
    n: Ints,
    events: Ints,
    method: str,
) -> list[Estimate]:
    rows = []
    for label, log, error, size, died in zip(labels, *sets.fit(chosen), n, events, strict=True):
        fields: dict[str, Any] = {"n": int(size), "events": int(died), "term": f"SITEID[{label}]"}
        fields["method"] = method
        if np.isfinite(log):
            low, ratio, high = (float(np.exp(log + side * Z * error)) for side in (-1, 0, 1))
            p = float(2 * norm.sf(abs(log) / error))
            rows.append(Estimate(name, ratio, low, high, float(error), p_value=p, **fields))
        else:
            rows.append(unsupported(name, Code.GROUPS_SEPARATED.say(), **fields))
    return rows
