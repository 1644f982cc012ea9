"""The page of a network: what its sites say together, and what each of them withheld."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from il6_platform.figures import style
from il6_platform.figures.forest import forest
from il6_platform.report import formatting
from il6_platform.templates import template

SECTIONS = {
    "arm": "The arms: exact, stratified by site",
    "marker": "The marker, per doubling: exact, stratified by site",
    "interaction": "Whether the marker changes the treatment's effect: exact, stratified by site",
    "multivariable": "Arm, marker and covariates: exact, stratified by site",
    "stratified by site": "The log-rank test over all sites; whether sites differ",
    "pooled": "The sites' own estimates and likelihoods, pooled without rounds",
    "by site": "Each site",
    "cut-off of the network": "A cut-off chosen across sites",
    "cut-off of one site": "Each site's cut-off, tried in the others",
    "life table": "Survival at the months that all sites share",
}
"""Model of the rows -> heading, in the page's order."""

WORDS = {
    "logrank_selection_corrected": "log-rank test, corrected for cut-off selection",
    "logrank_stratified": "log-rank test, stratified by site",
    "logrank": "log-rank test, not corrected",
    "site_heterogeneity": "test of equal hazard ratios of the sites",
    "hazard_ratio_elsewhere": "hazard ratio in the other sites",
    "pooled_hazard_ratio": "pooled hazard ratio (random effects)",
    "prediction_hazard_ratio": "hazard ratio in a new site",
    "pooled_common_hazard_ratio": "pooled hazard ratio (common effect)",
    "likelihood_pooled_hazard_ratio": "pooled hazard ratio (random effects, likelihoods)",
    "likelihood_pooled_common_hazard_ratio": "pooled hazard ratio (common effect, likelihoods)",
    "likelihood_tau_squared": "variance between sites (likelihoods)",
    "tau_squared": "variance between sites",
    "i_squared": "I-squared",
    "cochran_q": "Cochran's Q",
}


def render(packs: Mapping[str, Mapping[str, Any]], results: pd.DataFrame, *, is_done: bool) -> str:
    """Return the page as one self-contained file.

    Parameters
    ----------
    packs
        Site -> its last pack.
    results
        In the columns of `report.results`.
    is_done
        Whether every model has converged.
    """
    first = next(iter(packs.values()))
    return template(Path(__file__).with_name("page.html.j2")).render(
        study=first["study"],
        is_done=is_done,
        sites=[_site(name, pack) for name, pack in sorted(packs.items())],
        figures=[Markup(svg) for svg in _forests(results)],
        sections=[
            (title, _rows(results[results["model"] == model]))
            for model, title in SECTIONS.items()
            if (results["model"] == model).any()
        ],
    )


def _site(name: str, pack: Mapping[str, Any]) -> dict[str, Any]:
    endpoints = pack["endpoints"].items()
    return {
        "name": name,
        "cut": pack["cut"],
        "n": pack["n"],
        "events": ", ".join(f"{of} {given['events']}" for of, given in endpoints if "own" in given),
        "cutoff": pack["marker"]["cutoff"],
        "withheld": "; ".join(pack["withheld"]),
    }


def _rows(rows: pd.DataFrame) -> list[dict[str, str]]:
    shown = []
    for row in rows.to_dict("records"):
        write = formatting.ratio if "ratio" in row["statistic"] else formatting.plain
        at = "" if pd.isna(row["at"]) else f" at {formatting.plain(row['at'])}"
        shown.append(
            {
                "of": ", ".join(
                    str(row[name]) for name in ("endpoint", "grp", "term") if pd.notna(row[name])
                ),
                "what": WORDS.get(row["statistic"], row["statistic"].replace("_", " ")) + at,
                "estimate": formatting.with_interval(pd.Series(row), write),
                "p": formatting.p_number(row["p_value"]) if pd.notna(row["p_value"]) else "",
                "n": "" if pd.isna(row["n"]) else f"{row['n']:.0f}",
                "events": "" if pd.isna(row["events"]) else f"{row['events']:.0f}",
                "method": row["method"] or "",
                "note": row["note"] or "",
            }
        )
    return shown


def _forests(results: pd.DataFrame) -> list[str]:
    """Draw each endpoint's hazard ratio of the arms: each site, then all of them."""
    drawn = []
    ratios = results[results["statistic"].str.contains("hazard_ratio")]
    for endpoint in dict.fromkeys(ratios["endpoint"]):
        of = ratios[ratios["endpoint"] == endpoint]
        rows = pd.concat([of[of["model"] == model] for model in ("by site", "arm", "pooled")])
        names = [
            str(row.term).removeprefix("SITEID[").rstrip("]")
            if row.model == "by site"
            else "all sites, exact"
            if row.model == "arm"
            else WORDS[row.statistic]
            for row in rows.itertuples()
        ]
        figure = forest(rows, names, f"{endpoint}: the treatment's effect by site")
        drawn.append(style.svg(figure, f"network-{endpoint}".lower()))
    return drawn
