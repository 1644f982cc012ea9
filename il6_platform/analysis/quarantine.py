"""analysis.quarantine: what the patients would change whose decisive records are in quarantine.

They are not analysed. Here the first endpoint's effects are shown with them as their records are
read, and at the two ends of what they could be: at the worst case the excluded patients whom the
effect should favour have their event at once and the others are followed without one for as long
as anybody was, at the best case the reverse. What holds at both ends does not hang on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.analysis.cohort import ARM, MARKER, Cohort
from il6_platform.analysis.comparisons import every_comparison
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import regression
from il6_platform.statistics.estimate import Estimate
from il6_platform.study import Study

SPEC = Spec(
    place=155,
    techniques=(
        technique(
            Topic.SENSITIVITY,
            "patients with a decisive record in quarantine taken as their records are read, and at "
            "the worst and the best case",
            *("set_aside", "hazard_ratio", "ratio_of_hazard_ratios"),
        ),
    ),
)

SCENARIOS = ("as read", "worst case", "best case")


def analyse(cohort: Cohort, study: Study) -> Results:
    """Effects of treatment and marker, and their interaction, with the patients set aside."""
    results = Results("quarantine")
    endpoint = study.endpoints[0]
    apart = cohort.set_aside
    n = len(apart)
    results.add(
        Estimate(
            statistic="set_aside",
            estimate=float(n),
            n=len(cohort) + n,
            method="Patients with a decisive record in quarantine",
        ),
        endpoint=endpoint,
    )
    usable = _usable(apart, endpoint, cohort)
    if not len(usable):
        return results
    time, event = cohort.survival(endpoint)
    arm, high = cohort.group("experimental"), cohort.group("high")
    for scenario in SCENARIOS:
        for what, population, contrast in (
            ("treatment", "all", ARM),
            ("marker", "all", MARKER),
            ("interaction", "all", None),
        ):
            own = _outcomes(usable, scenario, what, float(np.max(time, initial=0)))
            joined: tuple[NDArray[Any], ...] = tuple(
                np.concatenate(pair)
                for pair in zip(
                    (time, event, arm, high),
                    (*own, usable["is_experimental"], usable["is_high"]),
                    strict=True,
                )
            )
            results.add(
                _effect(what, *joined),
                endpoint=endpoint,
                population=population,
                contrast=contrast,
                model=scenario,
            )
    return results


def _usable(apart: pd.DataFrame, endpoint: str, cohort: Cohort) -> pd.DataFrame:
    """Return the patients set aside who have arm, marker and a time, with their groups."""
    if apart.empty or f"time_{endpoint}" not in apart:
        return pd.DataFrame()
    rows = apart.dropna(subset=["ARMCD", "MARKER", f"time_{endpoint}"])
    rows = rows[rows[f"time_{endpoint}"] >= 0]
    high = cohort.patients.loc[cohort.group("high"), "MARKER"]
    cutoff = float(high.min()) if len(high) else np.inf
    return pd.DataFrame(
        {
            "time": rows[f"time_{endpoint}"].to_numpy(dtype=float),
            "event": rows[f"event_{endpoint}"].to_numpy(dtype=bool),
            "is_experimental": (rows["ARMCD"] == "E").to_numpy(dtype=bool),
            "is_high": (rows["MARKER"].astype(float) >= cutoff).to_numpy(dtype=bool),
        }
    )


def _outcomes(
    rows: pd.DataFrame, scenario: str, what: str, longest: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return times and events of the patients set aside in a scenario of one effect."""
    if scenario == "as read":
        return rows["time"].to_numpy(), rows["event"].to_numpy()
    favoured = {
        # treatment should help, a high marker should mean more events, high should gain more
        "treatment": rows["is_experimental"],
        "marker": ~rows["is_high"],
        "interaction": rows["is_experimental"] == rows["is_high"],
    }[what].to_numpy()
    event = favoured if scenario == "worst case" else ~favoured
    return np.where(event, 0.0, longest), event


def _effect(
    what: str,
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    arm: NDArray[np.bool_],
    high: NDArray[np.bool_],
) -> Estimate:
    if what == "interaction":
        found = regression.interaction(time, event, arm, high)
        return next(row for row in found if row.statistic == "ratio_of_hazard_ratios")
    contrast = ARM if what == "treatment" else MARKER
    _, ratio = every_comparison(time, event, arm, high)["all", contrast]
    return ratio
