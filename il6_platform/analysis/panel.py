"""analysis.panel: many markers side by side, and what is left of each where so many were asked.

Every question that was asked has its rows, those without an answer too. P values are corrected
twice: for the choice of a cut-off within a marker, and for all questions of the panel together.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.comparisons import log_ratio
from il6_platform.analysis.cutoff import case_control, directed_by, smallest, with_direction
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import roc
from il6_platform.statistics._check import are_all_at_once
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.many_designs import ColumnFits, cox_by_column
from il6_platform.statistics.multiplicity import adjust
from il6_platform.statistics.panel import ask_panel, clusters, stability
from il6_platform.study import Panel, Study

BEST = 5
"""Markers that a resample counts as its best: no more than half of the panel, which all are in."""

USELESS = 10.0
"""Standard error of a log hazard ratio per doubling above which the data say nothing of it."""

ASKED = "panel_questions"
KINDS = {
    "effect": "panel_effect",
    "interaction": "panel_interaction",
    "auc": "panel_auc",
    "cutoff": "panel_cutoff",
}
"""Kind of a question -> statistic of its row; `_adjusted` and `_bh` follow with the family's P."""

SPEC = Spec(
    place=175,
    figure="volcano",
    shares_its_work=True,
    tables=("panel",),
    is_by_endpoint=True,
    corrects_selection=True,
    techniques=(
        technique(
            Topic.TESTS,
            "Cox models of each marker of the panel, per doubling, stratified by arm",
            *("hazard_ratio", "ratio_of_hazard_ratios"),
            papers=(Paper.COX, Paper.EFRON),
        ),
        technique(
            Topic.TESTS, "area under the ROC curve of each marker", "auc", papers=(Paper.DELONG,)
        ),
        technique(
            Topic.TESTS,
            "permutations within arms, for the choice of a cut-off within a marker",
            *KINDS.values(),
            papers=(Paper.HOTHORN,),
        ),
        technique(
            Topic.TESTS,
            "the step-down largest statistic of each permutation, for all questions of the panel",
            *(f"{name}_adjusted" for name in KINDS.values()),
            papers=(Paper.WESTFALL_YOUNG,),
        ),
        technique(
            Topic.TESTS,
            "the false discovery rate of the panel",
            *(f"{name}_bh" for name in KINDS.values()),
            papers=(Paper.BH,),
        ),
        technique(
            Topic.TESTS,
            "how often a marker is among the best of a resample, and which markers go together",
            *("panel_stability", "panel_cluster", ASKED),
        ),
    ),
)


def analyse(cohort: Cohort, study: Study, pool: Executor | None = None) -> Results:
    """Ask every question of every marker in each population; correct for all of them."""
    results = Results("panel")
    panel = study.panel
    if panel is None or cohort.panel.empty:
        return results
    named: list[tuple[str, str]] = [
        (population, str(name)) for population in panel.populations for name in cohort.panel
    ]
    inside = {str(population): cohort.group(population) for population in panel.populations}
    values = np.column_stack(
        [np.where(inside[population], cohort.panel[name], np.nan) for population, name in named]
    )
    endpoints = panel.endpoints or study.endpoints
    arm = cohort.group("experimental")
    case = case_control(cohort, study)[0]
    asked = ask_panel(
        values,
        {name: cohort.survival(name) for name in endpoints},
        arm,
        case,
        rules=panel.rules,
        # the study's direction is of its own marker: the data choose that of each marker here
        higher=None,
        rng=study.rng("panel"),
        replicates=panel.replicates,
        pool=pool,
        **smallest(study),
    )
    for endpoint in endpoints:
        _models(results, cohort, endpoint, values, named)
    if case is not None:
        for column, (population, name) in zip(values.T, named, strict=True):
            known = np.isfinite(column)
            of = column[known], case[known]
            own = directed_by(*of, study)
            area = with_direction(roc.auc(*of, higher=own.higher), own)
            results.add(area, population=population, term=name, model="panel")
    _questions(results, asked.table, named, values, cohort, case, asked.replicates)
    _whole(results, cohort, study, panel, endpoints[0])
    return results


def _models(
    results: Results,
    cohort: Cohort,
    endpoint: str,
    values: NDArray[np.float64],
    named: list[tuple[str, str]],
) -> None:
    """Add each marker's hazard ratio per doubling, and the treatment's change of it."""
    time, event = cohort.survival(endpoint)
    has, arm = np.isfinite(time), cohort.group("experimental").astype(float)
    positive = np.asarray((np.nan_to_num(values, nan=1.0) > 0).all(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(positive, np.log2(values), np.nan).T[:, has]
    t, e, a = time[has], event[has], np.broadcast_to(arm[has], x.shape)
    # as in the permutations, each arm has its own baseline hazard
    common = cox_by_column(x[..., None], t, e, arm[has])
    apart = cox_by_column(np.stack([x, x * a], axis=-1), t, e, arm[has])
    for place, (population, name) in enumerate(named):
        known = np.isfinite(values[has, place])
        size = {"n": int(known.sum()), "events": int(e[known].sum())}
        where = {"endpoint": endpoint, "population": population, "term": name, "model": "panel"}
        rows = [_of(common, place, "hazard_ratio", size)]
        if population == "all":
            rows.append(_of(apart, place, "ratio_of_hazard_ratios", size))
        if not positive[place]:
            rows = [row.but(note=Code.MARKER_NOT_POSITIVE.say()) for row in rows]
        elif known.any() and np.ptp(values[has, place][known]) == 0:
            rows = [row.but(note=Code.MARKER_DOES_NOT_VARY.say()) for row in rows]
        else:
            own = t[known], e[known], arm[has][known]
            rows = [row if row.estimate is None else _ordered(row, *own) for row in rows]
        results.add(rows, **where)


def _ordered(
    row: Estimate, time: NDArray[np.float64], event: NDArray[np.bool_], arm: NDArray[np.float64]
) -> Estimate:
    """Return a ratio, or none where events that come together say nothing of their order.

    Efron's approximation has a ratio of 1 there. The treatment's change of a ratio takes both arms.
    """
    by_arm = [are_all_at_once(time[arm == a], event[arm == a]) for a in (0, 1)]
    is_change = row.statistic == "ratio_of_hazard_ratios"
    if not (any(by_arm) if is_change else are_all_at_once(time, event, arm)):
        return row
    words = Code.EVENTS_ALL_AT_ONCE.say()
    return unsupported(row.statistic, words, n=row.n, events=row.events, method=row.method)


def _of(fits: ColumnFits, place: int, name: str, size: dict[str, int]) -> Estimate:
    """Return the ratio of a model's last term."""
    error = float(np.sqrt(fits.covariance[place, -1, -1]))
    error = error if error < USELESS else float("nan")
    row = log_ratio(name, float(fits.coefficients[place, -1]), error, **size)
    return row.but(method=f"{row.method}; per doubling, stratified by arm")


def _questions(
    results: Results,
    table: pd.DataFrame,
    named: list[tuple[str, str]],
    values: NDArray[np.float64],
    cohort: Cohort,
    case: NDArray[np.float64] | None,
    replicates: int,
) -> None:
    """Add each question's P: by permutation, of the whole family, and as a false discovery rate."""
    discovered = adjust(table["p_value"].to_numpy(), method="bh")
    known = np.isfinite(values).astype(float)
    sizes = {name: known.T @ cohort.has_time(name) for name in set(table["endpoint"]) - {""}}
    sizes[""] = known.T @ (np.zeros(len(known)) if case is None else np.isfinite(case))
    for row, rate in zip(table.to_dict("records"), discovered, strict=True):
        population, name = named[row["marker"]]
        kind, _, rule = str(row["kind"]).partition(": ")
        if kind == "interaction" and population != "all":
            continue
        where: dict[str, Any] = {"population": population, "term": name}
        where |= {"endpoint": row["endpoint"] or None, "model": rule or "per doubling"}
        statistic, n = KINDS[kind], int(sizes[row["endpoint"]][row["marker"]])
        if not np.isfinite(row["statistic"]):
            note = Code.NOT_ASKED.say()
            results.add(unsupported(statistic, note, n=n, method="Not asked"), **where)
            continue
        at = None if np.isnan(row["cutoff"]) else float(row["cutoff"])
        for suffix, p, method in (
            ("", row["p_value"], f"Permutation within arms, {replicates} times"),
            ("_adjusted", row["adjusted"], "Westfall and Young, all questions of the panel"),
            ("_bh", rate, "Benjamini and Hochberg, all questions of the panel"),
        ):
            made = Estimate(
                f"{statistic}{suffix}",
                float(row["statistic"]),
                p_value=float(p),
                at=at,
                n=n,
                method=method,
            )
            results.add(made, **where)
    answered = table["p_value"].dropna()
    results.add(
        Estimate(
            ASKED,
            float(len(answered)),
            n=len(cohort),
            method=f"Questions of {len(named)} markers and populations that have an answer",
        )
    )


def _whole(results: Results, cohort: Cohort, study: Study, panel: Panel, endpoint: str) -> None:
    """Add how stable each marker's rank is, and which markers go together, in all patients."""
    values = cohort.panel.to_numpy(dtype=float)
    best = max(1, min(BEST, values.shape[1] // 2))
    often = stability(
        values,
        *cohort.survival(endpoint),
        cohort.group("experimental"),
        best=best,
        rng=study.rng("panel stability"),
    )
    for name, share, group in zip(cohort.panel, often, clusters(values), strict=True):
        where: dict[str, Any] = {"term": str(name), "endpoint": endpoint, "model": "panel"}
        n = int(cohort.panel[name].notna().sum())
        words = f"Proportion of resamples in which it is among the best {best}"
        row = Estimate("panel_stability", float(share), n=n, method=words)
        if np.isnan(share):
            row = unsupported("panel_stability", Code.NOT_ASKED.say(), n=n, method=words)
        results.add(row, **where)
        words = "Average linkage of rank correlations, 0.7 and more"
        row = Estimate("panel_cluster", float(group), n=n, method=words)
        if not group:
            row = unsupported("panel_cluster", Code.NOT_ASKED.say(), n=n, method=words)
        results.add(row, **where)
