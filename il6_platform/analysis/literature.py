"""analysis.literature: the study's estimate pooled with those of other studies.

Of `data/literature.csv` those are pooled that are of the study's marker, endpoint and contrast and
are marked as alike enough (`pooled`). The pool is anew with every refresh: it is as living as the
study.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from il6_platform import paths
from il6_platform.analysis.cohort import MARKER, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Drawing, Listing, Spec, Topic, technique
from il6_platform.statistics.estimate import Estimate, Z
from il6_platform.statistics.meta_analysis import random_effects
from il6_platform.statistics.regression import cox
from il6_platform.statistics.shrinkage import Prior
from il6_platform.study import Study

THIS_STUDY = "this study"
SPEC = Spec(
    place=165,
    figure="ratios",
    drawing=Drawing(
        "Other studies",
        "The marker's hazard ratio here and in other studies, pooled; the prediction interval is "
        "for the effect in a new study.",
    ),
    tables=(
        Listing(
            "{marker} in this study and in others.",
            {
                "hazard_ratio": ("Hazard ratio", "ratio"),
                "pooled_hazard_ratio": ("Pooled hazard ratio", "ratio"),
                "prediction_hazard_ratio": ("Hazard ratio in a new study", "ratio"),
                "pooled_common_hazard_ratio": ("Pooled hazard ratio, common effect", "ratio"),
                "tau_squared": ("Variance between studies", "number"),
                "i_squared": ("I-squared", "percent"),
                "cochran_q": ("Cochran's Q", "number"),
            },
        ),
    ),
    techniques=(
        technique(
            Topic.BELIEF,
            "random effects over studies by REML, with the interval of Hartung and Knapp and a "
            "prediction interval",
            *("hazard_ratio", "pooled_hazard_ratio", "prediction_hazard_ratio", "tau_squared"),
            *("i_squared", "cochran_q", "pooled_common_hazard_ratio"),
            papers=(Paper.HARTUNG, Paper.INTHOUT),
        ),
    ),
)

RATIOS = {
    "pooled": "pooled, random effects",
    "prediction": "in a new study",
    "pooled_common": "pooled, common effect",
}
"""Statistic of `random_effects` that is a log ratio -> the model that its row is of."""


def analyse(cohort: Cohort, study: Study) -> Results:
    """The marker's hazard ratio here, in each other study, and pooled, by endpoint."""
    results = Results("literature")
    for endpoint in study.endpoints:
        where = {"endpoint": endpoint, "contrast": MARKER}
        own = _own(cohort.having(endpoint), endpoint)
        others = other_studies(study, endpoint)
        results.add(own, model=THIS_STUDY, **where)
        for other in others.itertuples():
            results.add(_printed(other), model="other study", term=str(other.study), **where)
        logs, errors = list(others["log_ratio"]), list(others["std_error"])
        if own.estimate and own.std_error:
            logs, errors = [float(np.log(own.estimate)), *logs], [own.std_error, *errors]
        for row in random_effects(logs, errors):
            if row.estimate is None and row.statistic != "pooled":
                continue
            name = f"{row.statistic}_hazard_ratio" if row.statistic in RATIOS else row.statistic
            # `n` of a row counts patients, and not every study prints how many it had
            words = f"{row.method}, {len(logs)} studies"
            model = RATIOS.get(row.statistic, RATIOS["pooled"])
            made = _as_ratio(row).but(statistic=name, n=None, method=words)
            results.add(made, model=model, **where)
    return results


def other_studies(study: Study, endpoint: str) -> pd.DataFrame:
    """Return the other studies' estimates of the marker that may be pooled, high against low.

    Returns
    -------
    study, citation, n, log_ratio, std_error. An estimate printed as low against high is turned
    over; a standard error that is not printed is taken from the interval (Altman & Bland, BMJ
    2011).
    """
    table = pd.read_csv(paths.project_root() / "data" / "literature.csv")
    same = table["marker"].map(_plain) == _plain(study.marker.name)
    same &= (table["pooled"] == "Y") & (table["endpoint"] == endpoint)
    rows = table[same & table[["estimate", "ci_low", "ci_high"]].notna().all(axis=1)]
    logs = np.log(rows[["estimate", "ci_low", "ci_high"]].astype(float))
    turned = np.where(rows["contrast"] == "low vs high", -1.0, 1.0)
    return pd.DataFrame(
        {
            "study": rows["study"],
            "citation": rows["citation"],
            "n": rows["n"],
            "log_ratio": turned * logs["estimate"],
            "std_error": (logs["ci_high"] - logs["ci_low"]) / (2 * Z),
        }
    ).reset_index(drop=True)


def prior_of(study: Study, endpoint: str) -> Prior | None:
    """Return the literature's prior of the marker's log hazard ratio, None where it says nothing.

    One study's estimate is its own prior; of several, the prior is for the effect in a new study.
    """
    others = other_studies(study, endpoint)
    if others.empty:
        return None
    if len(others) == 1:
        return Prior("literature", float(others["log_ratio"][0]), float(others["std_error"][0]))
    rows = {row.statistic: row for row in random_effects(others["log_ratio"], others["std_error"])}
    new, common = rows["prediction"], rows["pooled_common"]
    # studies that agree by chance are no surer than their own standard errors
    error = max(new.std_error or 0.0, common.std_error or 0.0)
    return Prior("literature", new.estimate or 0.0, error)


def _own(cohort: Cohort, endpoint: str) -> Estimate:
    inside = cohort.compared("all", MARKER)
    time, event = inside.survival(endpoint)
    known = np.isfinite(time)
    design = pd.DataFrame({"the group": inside.first(MARKER)[known].astype(float)})
    return cox(design, time[known], event[known]).estimates()[0].but(term=None)


def _printed(other: object) -> Estimate:
    log, error = float(other.log_ratio), float(other.std_error)  # type: ignore[attr-defined]
    row = Estimate(
        "hazard_ratio",
        log,
        log - Z * error,
        log + Z * error,
        error,
        n=None if pd.isna(other.n) else int(other.n),  # type: ignore[attr-defined]
        method=f"As printed: {other.citation}",  # type: ignore[attr-defined]
    )
    return _as_ratio(row)


def _as_ratio(row: Estimate) -> Estimate:
    """Return a row of a log ratio as a ratio; others as they are."""
    if row.estimate is None or row.statistic not in (*RATIOS, "hazard_ratio"):
        return row
    low, high = row.ci_low, row.ci_high
    return row.but(
        estimate=float(np.exp(row.estimate)),
        ci_low=None if low is None else float(np.exp(low)),
        ci_high=None if high is None else float(np.exp(high)),
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())
