"""Whether what is said agrees with signs, P values and intervals of rows: it parses no prose.

Belongs here: the checker of lead, readings and alerts, written apart from the code that it checks:
it looks rows up by itself and asks each sentence for its codes.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from il6_platform.publishing.alerts import changes
from il6_platform.report import sentences
from il6_platform.report.readings import headline
from il6_platform.study import Published, Study

LEAD_EFFECTS = {"lead_longer", "lead_shorter", "lead_no_effect", "lead_no_estimate"}
LEAD_PRODUCTS = {"lead_predicts", "lead_predicts_at_cutoff", "lead_not_predictive"}
LEAD_PRODUCTS |= {"lead_not_judged"}
NO_BENEFIT = {"lead_predicts_no_benefit", "lead_predicts_no_benefit_at_cutoff"}
LEAD_PRODUCTS |= NO_BENEFIT


def value(results: pd.DataFrame, column: str, **of: str | None) -> float | None:
    """Return a number of the only row that has the values, or None."""
    kept = results
    for name, wanted in of.items():
        kept = kept[kept[name].isna() if wanted is None else kept[name] == wanted]
    assert len(kept) <= 1, of
    if kept.empty or pd.isna(kept[column].iloc[0]):
        return None
    return float(kept[column].iloc[0])


def faults(results: pd.DataFrame, study: Study) -> list[str]:
    """Return what the lead and the headline say that the rows do not, and rows against themselves.

    Every row's interval holds its estimate and agrees with its P; a reason is true of its counts.
    """
    return [*_lead(results, study), *_headline(results, study), *_rows(results, study)]


SELF_CONSISTENT = ("hazard_ratio", "hazard_ratio_score", "ratio_of_hazard_ratios_profile")
"""Statistics whose interval and P are of one family, so that both are on one side of 1."""


def _rows(results: pd.DataFrame, study: Study) -> list[str]:
    found: list[str] = []
    competing = [name for name, one in study.known_endpoints.items() if one.competing]
    cut = results[(results["analysis"] == "cutoff") & (results["statistic"] == "cutoff")]
    has_cutoff = bool(cut["estimate"].notna().any())
    crossed: dict[str, bool] = {}
    for row in results.to_dict("records"):
        codes = set(row["code"].split()) if isinstance(row["code"], str) else set()
        names = ("analysis", "endpoint", "population", "contrast", "grp", "model", "term")
        where = " ".join(str(row[name]) for name in (*names, "statistic") if row[name])
        n, events = (None if pd.isna(row[name]) else int(row[name]) for name in ("n", "events"))
        estimate, low, high, p = (
            None if pd.isna(row[name]) else float(row[name])
            for name in ("estimate", "ci_low", "ci_high", "p_value")
        )
        false_reasons = {
            "no_patients": bool(n),
            "no_events": bool(events) and "missing" not in where,
            "nobody_censored": n is not None
            and events is not None
            and events < n
            # who had a competing event is not censored either
            and row["endpoint"] not in competing,
            "no_groups": has_cutoff,
        }
        found += [
            f"{where}: {code}, with {n} patients and {events} events"
            for code, is_false in false_reasons.items()
            if is_false and codes == {code}
        ]
        if estimate is not None and (
            (low is not None and estimate < low - 1e-9 * abs(low))
            or (high is not None and estimate > high + 1e-9 * abs(high))
        ):
            found.append(f"{where}: {estimate} is not in {low} to {high}")
        if p is not None and not 0 <= p <= 1:
            found.append(f"{where}: P {p}")
        is_one_family = row["statistic"] in SELF_CONSISTENT and row["analysis"] != "monitoring"
        if is_one_family and p is not None and low is not None and high is not None:
            excludes = low > 1 or high < 1
            if excludes != (p < 0.05) and abs(p - 0.05) > 1e-6:
                found.append(f"{where}: {low} to {high}, but P {p}")
        if row["analysis"] == "monitoring" and row["statistic"] == "boundary":
            crossed[row["endpoint"]] = bool(codes & {"crossed_for_first", "crossed_for_second"})
        if row["statistic"] == "hazard_ratio_repeated" and estimate is not None:
            excludes = (low is not None and low > 1) or (high is not None and high < 1)
            if excludes != crossed[row["endpoint"]]:
                found.append(f"{where}: {low} to {high}, but crossed: {not excludes}")
    return found


def _first_fares(results: pd.DataFrame, endpoint: str, population: str, contrast: str) -> int:
    """Return +1, -1 or 0 for the first group's time, from the rows alone."""
    of: dict[str, Any] = {"endpoint": endpoint, "population": population, "contrast": contrast}
    by_model = (
        ("survival", "hazard_ratio_score", None),
        ("small_sample", "hazard_ratio_firth", "univariable"),
    )
    for analysis, statistic, model in by_model:
        named = {"analysis": analysis, "statistic": statistic, "model": model, "term": None}
        ratio = value(results, "estimate", **named, **of)
        if ratio is not None:
            return (ratio < 1) - (ratio > 1)
    mean = value(results, "estimate", analysis="survival", statistic="rmst_difference", **of)
    return 0 if mean is None else (mean > 0) - (mean < 0)


def _decides(results: pd.DataFrame, study: Study, **of: str) -> float | None:
    p = value(results, "p_value", analysis="survival", statistic="logrank", **of)
    if of["contrast"] != "high vs low" or study.cutoff.method not in ("youden", "maxstat"):
        return p
    corrected = value(
        results, "p_value", analysis="validity", statistic="logrank_selection_corrected", **of
    )
    return p if corrected is None else corrected


def _lead(results: pd.DataFrame, study: Study) -> list[str]:
    said = [code for sentence in sentences.answer(results, study) for code in sentence.codes]
    codes, found, endpoint = set(map(str, said)), [], study.endpoints[0]
    if codes == {"lead_nobody"}:
        people = results[(results["analysis"] == "survival") & (results["population"] == "all")]
        return [] if not people["n"].fillna(0).any() else ["nobody, but there are patients"]
    if len(codes & LEAD_EFFECTS) != 1 or len(codes & LEAD_PRODUCTS) != 1:
        found.append(f"the lead says {codes}")
    arms = {"endpoint": endpoint, "population": "all", "contrast": "experimental vs control"}
    p, sign = _decides(results, study, **arms), _first_fares(results, **arms)
    expected = "lead_no_estimate"
    if p is not None and sign:
        shown = "lead_longer" if sign > 0 else "lead_shorter"
        expected = shown if p < 0.05 else "lead_no_effect"
    if expected not in codes:
        found.append(f"effect: P {p}, sign {sign}, but {codes}")
    product = {"endpoint": endpoint, "statistic": "ratio_of_hazard_ratios"}
    uncut = {**product, "analysis": "continuous", "model": "log2"}
    cut = {**product, "analysis": "interaction", "model": "interaction"}
    primary = uncut if value(results, "estimate", **uncut) is not None else cut
    p = value(results, "p_value", **primary)
    if (p is None) != ("lead_not_judged" in codes):
        found.append(f"interaction: P {p}, but {codes}")
    without = codes & {"lead_predicts", "lead_predicts_no_benefit"}
    if primary is uncut and p is not None and (p < 0.05) != bool(without):
        found.append(f"interaction: P {p}, but {codes}")
    named = [f"ARM[experimental] | {side}" for side in ("high", "low")]
    of_group: dict[str, Any] = {"analysis": "interaction", "statistic": "hazard_ratio"}
    ratios = [
        value(results, "estimate", term=term, endpoint=endpoint, **of_group) for term in named
    ]
    is_harm = expected == "lead_shorter" and all(one is not None and one >= 1 for one in ratios)
    is_shown = bool(codes & {"lead_predicts", "lead_predicts_at_cutoff", *NO_BENEFIT})
    if is_shown and is_harm != bool(codes & NO_BENEFIT):
        found.append(f"hazard ratios {ratios} by marker group, but {codes}")
    if "speak against" in " ".join(sentences.answer(results, study)):
        profile = {**cut, "statistic": "ratio_of_hazard_ratios_profile"}
        low, top = (value(results, name, **profile) for name in ("ci_low", "ci_high"))
        if (low is not None and low <= 0.5) or (top is not None and top >= 2):
            found.append(f"at the cut-off {low} to {top}, but the data speak against it")
    high = value(results, "ci_high", analysis="cutoff", statistic="auc")
    if (high is not None and high < 0.5) != ("lead_wrong_way" in codes):
        found.append(f"AUC's upper limit {high}, but {codes}")
    if "lead_wrong_way" in codes and said[0] != "lead_wrong_way":
        found.append("the AUC is not said first")
    return found


def _headline(results: pd.DataFrame, study: Study) -> list[str]:
    rows = headline(results, study)
    found: list[str] = []
    for claim, row in zip(study.published, rows.to_dict("records"), strict=False):
        found += _claim(results, study, claim, row)
    endpoints = [one for one in rows["endpoint"].iloc[len(study.published) :]]
    if list(dict.fromkeys(endpoints)) != [e for e in study.endpoints if e in endpoints]:
        found.append(f"endpoints in the order {endpoints}")
    for row in rows.iloc[len(study.published) :].to_dict("records"):
        codes, p = set(row["code"].split()), row["corrected_p_value"]
        p = row["p_value"] if pd.isna(p) else p
        shown = bool(codes & {"predicts", "illustrates"})
        known = not (pd.isna(p) or pd.isna(row["estimate"]))
        if shown != (known and p < 0.05):
            found.append(f"{row['claim']}: P {p}, but {codes}")
        at_cutoff = row["contrast"] is None
        uncut = {"analysis": "continuous", "model": "log2", "endpoint": row["endpoint"]}
        decides = value(results, "p_value", statistic="ratio_of_hazard_ratios", **uncut)
        only_there = at_cutoff and shown and decides is not None and decides >= 0.05
        if only_there != ("only_at_cutoff" in codes):
            found.append(f"{row['claim']}: P {p} at the cut-off, {decides} without, but {codes}")
        narrow = row["ci_low"] > 0.5 and row["ci_high"] < 2
        if codes & {"not_predictive_wide"} and at_cutoff and narrow:
            found.append(f"{row['claim']}: not wide")
    return found


def _found(
    results: pd.DataFrame, study: Study, claim: Published
) -> tuple[float | None, float | None, int]:
    """Return a claim's P value as it decides and as it is naive, and +1, -1 or 0 for its side."""
    assert claim.endpoint
    of: dict[str, Any] = {
        "endpoint": claim.endpoint,
        "population": claim.population,
        "contrast": claim.contrast,
    }
    if claim.statistic == "logrank":
        naive = value(results, "p_value", analysis="survival", statistic="logrank", **of)
        return _decides(results, study, **of), naive, _first_fares(results, **of)
    naive = value(results, "p_value", analysis=claim.analysis, statistic=claim.statistic, **of)
    if claim.statistic == "ratio_of_hazard_ratios":
        ratio = value(results, "estimate", analysis="interaction", statistic=claim.statistic, **of)
        corrected = value(
            results,
            "p_value",
            analysis="validity",
            statistic="interaction_selection_corrected",
            endpoint=claim.endpoint,
        )
        chosen = study.cutoff.method in ("youden", "maxstat", "interaction")
        decides = corrected if chosen and corrected is not None else naive
        return decides, naive, 0 if ratio is None else (ratio < 1) - (ratio > 1)
    gap = value(results, "estimate", analysis="response", statistic="risk_difference", **of)
    return naive, naive, 0 if gap is None else (gap > 0) - (gap < 0)


SIDES = {"longer": 1, "higher": 1, "shorter": -1, "lower": -1, None: 0}


def _figure(
    results: pd.DataFrame, study: Study, claim: Published, row: dict[str, Any]
) -> list[str]:
    """Set the reading of a claim that prints a hazard ratio alone beside the rows."""
    assert claim.hazard_ratio is not None
    assert claim.endpoint
    assert claim.contrast
    of = {"endpoint": claim.endpoint, "population": claim.population, "contrast": claim.contrast}
    ratio = value(results, "estimate", analysis="survival", statistic="hazard_ratio_score", **of)
    p, codes = _decides(results, study, **of), set(str(row["code"]).split())
    if ratio is None or p is None:
        expected = {"cannot_judge"}
    elif round(ratio, 1) == claim.hazard_ratio:
        expected = {"same_figure"}
    elif (ratio - 1) * (claim.hazard_ratio - 1) >= 0:
        expected = {"other_figure"}
    else:
        expected = {"other_figure", "opposite" if p < 0.05 else "other_side"}
    if codes == expected:
        return []
    return [f"{claim.claim}: {codes}, expected {expected} ({ratio}, P {p})"]


def _claim(results: pd.DataFrame, study: Study, claim: Published, row: dict[str, Any]) -> list[str]:
    if claim.hazard_ratio is not None:
        return _figure(results, study, claim, row)
    assert claim.p_value is not None
    p, naive, sign = _found(results, study, claim)
    codes, was = set(str(row["code"]).split()), claim.p_value < 0.05
    before = SIDES[claim.direction]
    if naive is None or p is None:
        expected = {"cannot_judge"}
    elif naive < 0.05 <= p:
        expected = {"naive_only"}
    elif p < 0.05 and not was:
        expected = {"new_difference"}
    elif p < 0.05 and not sign:
        expected = {"found_side_unknown"}
    elif p < 0.05:
        expected = {"opposite" if before * sign < 0 else "as_published"}
    elif not was:
        expected = {"no_difference"}
    else:
        expected = {"not_shown_other_side" if before * sign < 0 else "not_shown"}
    words = ("higher", "lower") if claim.endpoint in ("ORR", "DCR") else ("longer", "shorter")
    told = {1: words[0], -1: words[1], 0: None}[sign] if claim.contrast else None
    said = []
    if not codes & expected:
        said.append(f"{claim.claim}: {codes}, expected {expected} (P {p}, sign {sign})")
    if (row["direction"] or None) != told:
        said.append(f"{claim.claim}: direction {row['direction']}, not {told}")
    if claim.statistic in ("logrank", "ratio_of_hazard_ratios") and not pd.isna(row["estimate"]):
        excludes = bool(row["ci_low"] > 1 or row["ci_high"] < 1)
        if naive is not None and excludes != (naive < 0.05):
            said.append(f"{claim.claim}: {row['ci_low']} to {row['ci_high']}, P {naive}")
    chosen = study.cutoff.method in ("youden", "maxstat", "interaction")
    by_marker = claim.contrast == "high vs low" or claim.population.startswith("marker_")
    chosen &= by_marker or claim.analysis == "interaction"
    uncorrected = chosen and pd.isna(row["corrected_p_value"]) and p is not None and p < 0.05
    if uncorrected != ("not_corrected" in codes):
        said.append(
            f"{claim.claim}: chosen {chosen}, corrected {row['corrected_p_value']}, {codes}"
        )
    return said


def alert_faults(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Return where the alerts between two headlines are silent, or speak without a reason."""
    said = changes(before, now)
    both = before.merge(now, on="claim", suffixes=("_b", "_n"))
    reasons = 0
    for row in both.to_dict("records"):
        # what has no P shows nothing
        p, q = (1.0 if pd.isna(row[f"p_value_{side}"]) else row[f"p_value_{side}"] for side in "bn")
        corrected = row["corrected_p_value_b"], row["corrected_p_value_n"]
        known = not any(pd.isna(one) for one in corrected)
        crossed = (p < 0.05) != (q < 0.05)
        crossed |= known and (corrected[0] < 0.05) != (corrected[1] < 0.05)
        figures, turned = [row["estimate_b"], row["estimate_n"]], False
        if not pd.isna(figures).any() and "difference" in row["measure_b"]:
            turned = figures[0] * figures[1] < 0
        elif not pd.isna(figures).any() and "ratio" in row["measure_b"]:
            turned = math.log(figures[0]) * math.log(figures[1]) < 0
        opposite = ["opposite" in str(row[f"code_{side}"]).split() for side in "bn"]
        reasons += crossed + (turned and min(p, q) < 0.05)
        reasons += opposite == [False, True]
    return [] if reasons == len(said) else [f"{reasons} reasons for an alert, {said}"]
