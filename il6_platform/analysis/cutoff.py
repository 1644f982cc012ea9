"""analysis.cutoff: where the marker is cut, and how well it tells who has the outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.analysis.cohort import ARM, MARKER, MARKER_TERM, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import OF_PEOPLE, Results, with_reason
from il6_platform.analysis.spec import Spec, Topic, analyses, technique
from il6_platform.statistics import roc
from il6_platform.statistics.codes import Code, Reason, joined
from il6_platform.statistics.cutoff_rules import (
    ROUNDING,
    Rule,
    Search,
    ipcw_weights,
    smallest_group,
    weighted_roc,
    weighted_youden,
)
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.time_dependent_roc import auc_at
from il6_platform.study import EventOutcome, Study


def is_weighted(study: Study) -> bool:
    """Say whether the cut-off's ROC weights the patients for those who were censored."""
    asked = study.cutoff.outcome
    return (
        study.cutoff.method == "youden"
        and isinstance(asked, EventOutcome)
        and asked.censored == "weighted"
    )


SPEC = Spec(
    place=20,
    makes_groups=True,
    draws_curves=True,
    figure="roc_curve",
    tables=("cutoff",),
    techniques=(
        technique(
            Topic.CUTOFF,
            "area under the ROC curve with DeLong's interval",
            "auc",
            papers=(Paper.DELONG,),
            when=lambda study: not is_weighted(study),
        ),
        technique(
            Topic.CUTOFF,
            "ROC curve weighted for censoring",
            "auc",
            papers=(Paper.UNO, Paper.BLANCHE),
            when=is_weighted,
        ),
    ),
    said_elsewhere=frozenset({"cutoff", "youden", "sensitivity", "specificity", "ppv", "npv"}),
)


DATA_DRIVEN = Code.DATA_DRIVEN.say()


NAIVE = Code.NAIVE.say()


def analyse(cohort: Cohort, study: Study) -> Results:
    """Cut the marker as the study file says; the ROC is of the outcome that it names.

    The rows of the cut-off carry no endpoint: there is one cut-off, whatever it is used for.
    """
    results = Results("cutoff")
    asked, study = study, directed(cohort, study)
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    outcome, left_out = case_control(cohort, study)
    if is_weighted(study):
        rows, curve = weighted(cohort, study)
        rows = [_said_to_be_chosen(row) for row in rows]
        results.add([_chosen_by_data(row, asked, study) for row in rows])
        results.add_curve(_path(curve, study.higher))
        return results
    if outcome is not None:
        area = roc.auc(marker, outcome, higher=study.higher)
        area = area.but(note=joined(area.note, left_out))
        results.add(_chosen_by_data(area, asked, study))
        results.add_curve(_roc_path(marker, outcome, study.higher))
    for row in _cut(cohort, marker, outcome, study):
        results.add(row)
    return results


def chosen(cohort: Cohort, study: Study) -> float | None:
    """Return the cut-off that the study's rule chooses in a cohort, or None where there is none."""
    study = directed(cohort, study)
    if is_weighted(study):
        return weighted(cohort, study)[0][0].estimate
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    rows = _cut(cohort, marker, case_control(cohort, study)[0], study)
    return rows[0].estimate


def directed(cohort: Cohort, study: Study) -> Study:
    """Return the study with the marker's direction in this cohort, where the data choose it.

    It is the one in which the area under the ROC curve is 0.5 or more.
    """
    if not study.chooses_direction:
        return study
    up = study.directed("higher")
    if is_weighted(study):
        area = next(row for row in weighted(cohort, up)[0] if row.statistic == "auc").estimate
    else:
        marker = cohort.patients["MARKER"].to_numpy(dtype=float)
        outcome, _ = case_control(cohort, study)
        return up if outcome is None else directed_by(marker, outcome, study)
    return study.directed("lower") if area is not None and area < 0.5 - ROUNDING else up


def directed_by(marker: NDArray, outcome: NDArray, study: Study) -> Study:
    """Return the study with the direction that the data give a marker, the study's own or another.

    What a study says of its marker's direction says nothing of another one's.
    """
    area = roc.auc(marker, outcome, higher=True).estimate
    return study.directed("lower" if area is not None and area < 0.5 - ROUNDING else "higher")


def with_direction(row: Estimate, own: Study, words: Code = Code.DIRECTION_SEEN) -> Estimate:
    """Say of an area that these data chose its direction, that of `own`."""
    if not _is_area(row):
        return row
    side = "higher" if own.higher else "lower"
    return row.but(note=joined(row.note, words.say(side=side)))


def _chosen_by_data(row: Estimate, study: Study, own: Study) -> Estimate:
    """Say so of the area of the study's own marker, where the study leaves its direction open."""
    return with_direction(row, own, Code.DIRECTION_CHOSEN) if study.chooses_direction else row


UNCOUNTED = Code.UNCORRECTED.say()
"""What an interaction with a chosen cut-off says: unlike a comparison, it has no corrected P."""


def with_caution(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Say of each P of groups by the marker that it is naive, where the data chose the cut-off.

    It compares high with low, or the arms within one of them.

    Parameters
    ----------
    rows
        In the columns of `report.results`; they are not changed.
    """
    if not study.cutoff.is_data_driven:
        return rows
    corrected = [name for name, one in analyses().items() if one.spec.corrects_selection]
    naive = rows["p_value"].notna() & ~rows["analysis"].isin(corrected)
    inside = rows["population"].str.startswith("marker_") & (rows["contrast"] == ARM)
    inside |= rows["term"].str.startswith("MARKERGR[", na=False)
    naive &= (rows["contrast"] == MARKER) | (rows["term"] == MARKER_TERM) | inside
    uncounted = rows["p_value"].notna() & (rows["model"] == "interaction")
    uncounted &= rows["analysis"] == "interaction"
    # a prior does not know that the groups were chosen for their outcomes
    believed = rows["statistic"].str.startswith(("posterior", "probability_below"))
    uncounted |= rows["estimate"].notna() & believed
    return with_reason(with_reason(rows, naive, NAIVE), uncounted, UNCOUNTED)


OF_EVENT_FREE = frozenset(
    {"median", "survival", "rmst", "rmst_difference", "rmst_difference_interaction"}
)
"""Statistics of a Kaplan-Meier curve."""


def with_competing(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Say of what a Kaplan-Meier curve gives where events compete that they count as censored.

    Parameters
    ----------
    rows
        In the columns of `report.results`; they are not changed.
    """
    competing = [name for name in study.needed_endpoints if study.known_endpoints[name].competing]
    chosen = rows["endpoint"].isin(competing) & rows["statistic"].isin(OF_EVENT_FREE)
    return with_reason(rows, chosen & rows["estimate"].notna(), Code.COMPETING_CENSORED.say())


NO_GROUPS = OF_PEOPLE | {Code.NO_PATIENTS, Code.NOT_COMPARED, Code.LEFT_THE_MODEL}
"""Reasons that a row of groups by the marker gives where there is no cut-off to make them."""


def without_groups(rows: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Say of rows of groups by the marker that there is no cut-off, where there is none.

    Without it a row says that nobody is in such a group, of a cohort that is full of patients.

    Parameters
    ----------
    rows
        In the columns of `report.results`; they are not changed.
    """
    if not len(cohort) or cohort.patients["MARKERGR"].notna().any():
        return rows
    first = rows["code"].fillna("").astype(str).str.split(" ").str[0]
    of_groups = (rows["contrast"] == MARKER) | (rows["term"] == MARKER_TERM)
    of_groups |= rows["population"].str.startswith("marker_")
    of_groups |= rows["grp"].str.contains(r"(?:^|/)(?:high|low)$", na=False)
    of_groups |= rows["analysis"] == "interaction"
    of_groups |= (rows["analysis"] == "evidence") & rows["contrast"].isna()
    missing = rows["estimate"].isna() & of_groups & first.isin([str(code) for code in NO_GROUPS])
    reason = Code.NO_GROUPS.say()
    return rows.assign(
        note=rows["note"].mask(missing, str(reason)),
        code=rows["code"].mask(missing, " ".join(reason.codes)),
    )


def weighted(cohort: Cohort, study: Study) -> tuple[list[Estimate], pd.DataFrame]:
    """Return the cut-off and the ROC curve of the event by a time, weighted for the censored."""
    asked = study.cutoff.outcome
    assert isinstance(asked, EventOutcome)
    assert asked.by_months is not None
    cohort = cohort.having(asked.endpoint)
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    other = cohort.competing(asked.endpoint)
    sample = (*cohort.survival(asked.endpoint), asked.by_months)
    weights = ipcw_weights(*sample, other)
    curve = weighted_roc(marker, *weights, higher=study.higher)
    rows = weighted_youden(marker, *weights, higher=study.higher, **smallest(study))
    area = auc_at(*(marker, *sample), competing=other, higher=study.higher)
    limits = {name: getattr(area, name) for name in ("ci_low", "ci_high", "std_error", "note")}
    return [row.but(**limits) if _is_area(row) else row for row in rows], curve


def _is_area(row: Estimate) -> bool:
    return row.statistic == "auc" and row.estimate is not None


def rule_of(cohort: Cohort, study: Study) -> Rule | None:
    """Return the rule that resampling runs anew, or None where these data chose nothing."""
    asked, limits = study.cutoff.outcome, smallest(study)
    # chosen anew in every resample where these data choose it
    higher = None if study.chooses_direction else study.higher
    match study.cutoff.method:
        case "maxstat":
            share = study.cutoff.min_share
            return Rule("maxstat", min_prop=share, max_prop=1 - share, **limits)
        case "interaction":
            return Rule("interaction", arm=cohort.group("experimental"), **limits)
        case "youden" if is_weighted(study) and isinstance(asked, EventOutcome):
            other = cohort.competing(asked.endpoint)
            return Rule("youden_ipcw", by=asked.by_months, competing=other, higher=higher, **limits)
        case "youden":
            outcome = case_control(cohort, study)[0]
            return Rule("youden", outcome=outcome, higher=higher, **limits)
        case _:
            return None


def cutoff_endpoint(study: Study) -> str:
    """Return the endpoint that the cut-off's rule looks at, else the study's first one."""
    asked = study.cutoff.outcome
    return asked.endpoint if isinstance(asked, EventOutcome) else study.endpoints[0]


def smallest(study: Study) -> dict[str, Any]:
    """Return what a cut-off must leave on either side, as the functions of `statistics` take it."""
    return {"min_share": study.cutoff.min_share, "min_patients": study.cutoff.min_patients}


def case_control(cohort: Cohort, study: Study) -> tuple[NDArray[np.float64] | None, str | None]:
    """Return who is a case (1), a control (0) or left out (NaN), and how many were left out."""
    asked = study.cutoff.outcome
    if asked == "response":
        # a higher marker is taken to mean fewer responses: the case is who did not respond
        return np.where(cohort.responded("ORR"), 0.0, 1.0), None
    if isinstance(asked, EventOutcome) and asked.by_months is not None:
        outcome = np.full(len(cohort), np.nan)
        known = cohort.having(asked.endpoint).survival(asked.endpoint)
        outcome[cohort.has_time(asked.endpoint)] = roc.outcome_by(*known, asked.by_months)
        missing = int(np.isnan(outcome).sum())
        competes = (np.isnan(outcome) & cohort.competing(asked.endpoint)).any()
        why = Code.COMPETING_LEFT_OUT if competes else Code.CENSORED_LEFT_OUT
        return outcome, why.say(n=missing, by=asked.by_months) if missing else None
    return None, None


def _cut(cohort: Cohort, marker: NDArray, outcome: NDArray | None, study: Study) -> list[Estimate]:
    rule = study.cutoff
    if rule.method == "youden" and outcome is not None:
        found = roc.youden(marker, outcome, higher=study.higher, **smallest(study)).estimates()
        return [_said_to_be_chosen(row) for row in found]
    value: float | None
    note: str | None = None
    match rule.method:
        case "fixed":
            value, words = rule.value, "Fixed by the study file"
        case "median":
            value, words = _observed_median(marker), "Lowest value at or above the median"
        case "interaction":
            value, words, note = _interaction(cohort, marker, study)
        case _:
            value, words, note = _maxstat(cohort, marker, study)
    if value is None:
        return [unsupported("cutoff", note or Code.NO_MARKER.say(), n=len(marker), method=words)]
    note = joined(note, None if rule.is_data_driven else _few_on_a_side(marker, value, study))
    cutoff = Estimate("cutoff", value, n=len(marker), method=words, note=note)
    if outcome is None:
        return [cutoff]
    return [cutoff, *roc.classified(marker, outcome, value, higher=study.higher)[1:]]


def _said_to_be_chosen(row: Estimate) -> Estimate:
    return row if row.estimate is None else row.but(note=joined(row.note, DATA_DRIVEN))


def _observed_median(marker: NDArray) -> float | None:
    return float(marker[marker >= np.median(marker)].min()) if len(marker) else None


def _maxstat(cohort: Cohort, marker: NDArray, study: Study) -> tuple[float | None, str, str | None]:
    from il6_platform.statistics.maximal_selection import maxstat

    endpoint, least = cutoff_endpoint(study), study.cutoff.min_patients
    share = study.cutoff.min_share
    known = cohort.having(endpoint).survival(endpoint)
    found = maxstat(
        *(marker[cohort.has_time(endpoint)], *known),
        min_prop=share,
        max_prop=1 - share,
        min_patients=least,
    )
    words = f"Maximally selected log-rank statistic, {endpoint} (Hothorn & Lausen 2003)"
    return found.cutoff, words, DATA_DRIVEN if found.cutoff is not None else found.note


def _interaction(
    cohort: Cohort, marker: NDArray, study: Study
) -> tuple[float | None, str, str | None]:
    endpoint = cutoff_endpoint(study)
    known = cohort.having(endpoint)
    rule = rule_of(known, study)
    assert rule is not None
    found = Search(marker[cohort.has_time(endpoint)], *known.survival(endpoint), rule).cutoff
    words = f"Largest likelihood ratio of treatment x high marker, {endpoint} (Cox, Efron)"
    return found, words, DATA_DRIVEN if found is not None else Code.NO_ADMISSIBLE_CUTOFF.say()


def _few_on_a_side(marker: NDArray, cutoff: float, study: Study) -> Reason | None:
    """Say where a cut-off that the study fixes leaves fewer than it asks of any other."""
    least = smallest_group(len(marker), **smallest(study))
    high = int((marker >= cutoff).sum())
    few = min(high, len(marker) - high)
    if few >= least:
        return None
    return Code.FEW_BESIDE_CUTOFF.say(n=few, least=least)


def _roc_path(marker: NDArray, outcome: NDArray, higher: bool) -> pd.DataFrame:
    return _path(roc.roc_curve(marker, outcome, higher=higher), higher)


def _path(curve: pd.DataFrame, higher: bool) -> pd.DataFrame:
    """Return the ROC curve's way from nobody to everybody called a case."""
    if higher:
        curve = curve[::-1]
    ends = pd.DataFrame({"x": [0.0], "y": [0.0]}), pd.DataFrame({"x": [1.0], "y": [1.0]})
    inner = pd.DataFrame({"x": 1 - curve["specificity"], "y": curve["sensitivity"]})
    return pd.concat([ends[0], inner, ends[1]]).drop_duplicates()
