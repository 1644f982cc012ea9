"""What groups, populations and terms are called in a study; choosing rows by what they are of."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, Protocol, TypedDict, Unpack

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import ARM, ARM_TERM, MARKER, MARKER_TERM
from il6_platform.analysis.names import Analysis, Model, Statistic
from il6_platform.figures import numbers
from il6_platform.study import Covariate, Study, lower_first


def labels_of(study: Study) -> dict[str, str]:
    """Return what groups and populations are called in this study."""
    marker = study.marker.label
    return {
        "experimental": study.arms.experimental_label,
        "control": study.arms.control_label,
        "high": f"{marker} high",
        "low": f"{marker} low",
        "all": "all patients",
        "marker_high": f"{marker} high",
        "marker_low": f"{marker} low",
    }


PRODUCTS = {
    f"{ARM_TERM}:{MARKER_TERM}": "{} group",
    f"{ARM_TERM}:log2(MARKER)": "log2 {}",
    f"{ARM_TERM}:spline(MARKER)": "spline of {}",
    f"{ARM_TERM}:MARKER": "{}",
}
"""Products of treatment and marker in models, and what the second factor is called."""

SHAPES = {"log2(MARKER)": "log2 {}", "spline(MARKER)": "spline of {}"}
"""Terms of models without a cut-off, and what they are called."""


def term_namer(study: Study) -> Callable[[str], str]:
    """Return what says a term in the study's words: `sex[M]` is Male."""
    labels = labels_of(study)
    covariates = {item.name: item for item in study.described}
    titles = {"age": "Age", "sex": "Sex", "all": "All patients", "MARKERGR": study.marker.label}
    titles |= {"MARKER": with_unit(study)}
    titles |= {item.name: item.title for item in study.described}
    titles |= {ARM_TERM: labels["experimental"], MARKER_TERM: labels["high"]}
    titles |= {"MARKERGR[low]": labels["low"], "GLOBAL": "all terms together"}
    marker = lower_first(study.marker.label)
    titles |= {term: f"treatment by {of.format(marker)}" for term, of in PRODUCTS.items()}
    titles |= {term: of.format(marker) for term, of in SHAPES.items()}

    def name(term: str) -> str:
        if term.startswith("SITEID["):
            # a site is called what the registry calls it, whatever the signs in it
            return f"Site: {term.removeprefix('SITEID[').removesuffix(']')}"
        treatment, _, group = term.partition(" | ")
        if group:
            return f"{name(treatment)}, {labels.get(group, group)}"
        base, _, level = (
            term.rstrip("]").replace(">=", "\N{GREATER-THAN OR EQUAL TO}").partition("[")
        )
        if term in titles or not level:
            return titles.get(term, term)
        item = covariates.get(base)
        if base == "sex":
            words = SEXES.get(level, level)
        else:
            words = f"{item.label if item else titles.get(base, base)}: {level}"
        return words[:1].upper() + words[1:]

    return name


def note_in_words(note: Any, study: Study) -> str:
    """Return a row's note with groups and terms of models in the study's words; none is empty.

    Examples
    --------
    `No events in experimental/high.` names the experimental arm's and the marker's labels.
    """
    if not isinstance(note, str):
        return ""
    labels, name = labels_of(study), term_namer(study)
    groups = "control|experimental|high|low"
    products = [re.escape(term) for term in (*PRODUCTS, *SHAPES)]
    terms = [re.escape(item.name) for item in study.covariates if item.name != item.label.lower()]
    levels = [rf"{re.escape(item.name)}(?=\[)" for item in study.described]
    groups_of = [r"ARM\[experimental\]", r"MARKERGR\[\w+\]", "MARKERGR", "MARKER"]
    known = "|".join([*products, *groups_of, *levels, *terms])

    def said(found: re.Match[str]) -> str:
        text = found[0]
        if "/" in text and not found["term"]:
            return ", ".join(labels[part] for part in text.split("/"))
        return name(text)

    pattern = rf"\b(?:{groups})/(?:{groups})\b|(?P<term>\b(?:{known})(?:\[[^\]]*\])?)(?!\w)"
    return re.sub(pattern, said, note)


SEXES = {"F": "female", "M": "male"}


def model_term(term: str, study: Study, results: pd.DataFrame) -> str:
    """Say what a term's hazard ratio compares: Age, per 10 years; Male (reference: female)."""
    labels, name = labels_of(study), term_namer(study)
    if term == ARM_TERM:
        return f"{labels['experimental']} vs {labels['control']}"
    if term == MARKER_TERM:
        return f"{labels['high']} vs low"
    base = term.partition("[")[0]
    item = next((one for one in study.described if one.name == base), None)
    if item is None:
        return name(term)
    if item.kind == "number":
        return f"{item.label}, per {item.step}"
    reference = _reference(item, results) if "[" in term else None
    if reference is None:
        return name(term)
    words = SEXES.get(reference, reference) if base == "sex" else reference
    return f"{name(term)} (reference: {words})"


def _reference(item: Covariate, results: pd.DataFrame) -> str | None:
    """Return the level that a category's others are compared with, of those that patients have.

    It is the one that the study file names, and where nobody has that one, the first.
    """
    counted = rows_of(results)(
        analysis=Analysis.BASELINE, statistic=Statistic.RATE, grp=None, population="all"
    )
    counted = counted[counted["term"].str.startswith(f"{item.name}[", na=False)]
    # a count that is hidden is of somebody
    seen = counted.loc[counted["events"].fillna(1) > 0, "term"]
    levels = sorted(term[len(item.name) + 1 : -1] for term in seen)
    return item.reference if item.reference in levels else next(iter(levels), item.reference)


def is_count(study: Study) -> bool:
    """Say whether the marker counts things, and has no unit of measurement."""
    return study.marker.unit.lower() in ("count", "n", "number")


def is_dimensionless(study: Study) -> bool:
    """Say whether the marker is a ratio, an index or a score: a number without a unit."""
    return study.marker.unit.lower() in ("ratio", "index", "score", "none", "1")


def upper_first(text: str) -> str:
    """Write a text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def with_unit(study: Study) -> str:
    """Return the marker with its unit, a count or a ratio without one."""
    marker = study.marker
    is_bare = is_count(study) or is_dimensionless(study)
    return marker.label if is_bare else f"{marker.label} ({marker.unit})"


def at_unit(value: str, study: Study) -> str:
    """Write a value of the marker with its unit: 5.7 pg/mL; a ratio as it is."""
    if is_dimensionless(study):
        return value
    if study.marker.unit == "%":
        return f"{value}%"
    return f"{value} {lower_first(study.marker.label) if is_count(study) else study.marker.unit}"


def marker_in_question(study: Study) -> str:
    """Return what the question calls the marker: IL-6; the number of positive nodes."""
    marker = study.marker
    return f"the number of {lower_first(marker.label)}" if is_count(study) else marker.label


def contrast_words(contrast: str | None, study: Study) -> str | None:
    """Say a contrast in the study's words."""
    labels = labels_of(study)
    if contrast == ARM:
        return f"{labels['experimental']} vs {labels['control']}"
    return f"{labels['high']} vs low" if contrast == MARKER else contrast


STATISTICS = {
    "auc": "area under the ROC curve",
    "follow_up_median": "median follow-up (reverse Kaplan-Meier)",
    "logrank": "log-rank test",
    "logrank_permutation": "log-rank test, permutation",
    "hazard_ratio_firth": "hazard ratio (Firth)",
    "hazard_ratio_score": "hazard ratio (interval of the log-rank test)",
    "rmst": "restricted mean",
    "rmst_difference": "difference of restricted means",
    "survival": "survival probability",
    "cutoff": "cut-off",
    "rate": "proportion",
    "sd": "standard deviation",
    "min": "minimum",
    "max": "maximum",
    "q1": "lower quartile",
    "q3": "upper quartile",
    "enrolment_first_month": "first month",
    "enrolment_last_month": "last month",
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
    "youden": "Youden's index",
    "e_value": "E-value",
    "fisher_exact": "Fisher's exact test",
    "fisher_mid_p": "Fisher's test, mid-P",
    "chi_square": "chi-square test",
    "chi_square_corrected": "chi-square test, continuity correction",
    "logrank_stratified": "log-rank test, stratified",
    "logrank_repeated": "log-rank test corrected for the repeated looks",
    "logrank_holm": "log-rank test, Holm",
    "logrank_bh": "log-rank test, Benjamini-Hochberg",
    "panel_effect": "effect per doubling, permutation test",
    "panel_effect_adjusted": "effect per doubling, corrected for the whole panel",
    "panel_effect_bh": "effect per doubling, false discovery rate",
    "panel_interaction": "interaction with the treatment, permutation test",
    "panel_interaction_adjusted": "interaction with the treatment, corrected for the whole panel",
    "panel_interaction_bh": "interaction with the treatment, false discovery rate",
    "panel_auc": "area under the ROC curve, permutation test",
    "panel_auc_adjusted": "area under the ROC curve, corrected for the whole panel",
    "panel_auc_bh": "area under the ROC curve, false discovery rate",
    "panel_cutoff": "groups by the cut-off, permutation test",
    "panel_cutoff_adjusted": "groups by the cut-off, corrected for the whole panel",
    "panel_cutoff_bh": "groups by the cut-off, false discovery rate",
    "panel_stability": "proportion of resamples with it among the best",
    "panel_cluster": "cluster of markers that go together",
    "panel_questions": "questions that have an answer",
    "logrank_cross_validated": "log-rank test, cross-validated",
    "ratio_of_hazard_ratios_profile": "ratio of hazard ratios (interval by profile likelihood)",
    "interaction_wald": "interaction, Wald test",
    "interaction_likelihood_ratio": "interaction, likelihood-ratio test",
    "interaction_permutation": "interaction, permutation test",
    "rmst_difference_interaction": "difference of differences of restricted means",
    "risk_difference_interaction": "difference of risk differences",
    "hazard_ratio_repeated": "hazard ratio, interval corrected for the repeated looks",
    "hazard_ratio_cross_validated": "hazard ratio, cross-validated",
    "auc_corrected": "area under the ROC curve, corrected for optimism",
    "auc_apparent": "area under the ROC curve, apparent",
    "auc_optimism": "area under the ROC curve, optimism",
    "maxstat": "maximally selected log-rank statistic",
    "maxstat_cutoff": "cut-off by the maximally selected log-rank statistic",
    "maxstat_permutation": "maximally selected log-rank test, permutation",
    "maxstat_p_lau92": "maximally selected log-rank test (Lausen & Schumacher 1992)",
    "maxstat_p_lau94": "maximally selected log-rank test (Lausen & Schumacher 1994)",
    "maxstat_p_hl": "maximally selected log-rank test (Hothorn & Lausen)",
    "propensity_auc": "area under the ROC curve of the propensity score",
    "logrank_z": "log-rank Z",
    "logrank_selection_corrected": "log-rank test corrected for cut-off selection",
    "interaction_selection_corrected": "interaction test corrected for cut-off selection",
    "band_critical_value": "critical value of the simultaneous band",
    "boundary": "boundary of the log-rank Z",
    "breslow_day": "Breslow-Day test",
    "tarone": "Breslow-Day test with Tarone's correction",
    "cause_specific_hazard_ratio": "cause-specific hazard ratio",
    "cochran_mantel_haenszel": "Cochran-Mantel-Haenszel test",
    "cochran_mantel_haenszel_corrected": "Cochran-Mantel-Haenszel test, continuity correction",
    "cochran_q": "Cochran's Q",
    "common_odds_ratio": "Mantel-Haenszel common odds ratio",
    "concordance": "Harrell's C",
    "harrell_concordance": "Harrell's C",
    "uno_concordance": "Uno's C",
    "conditional_power": "conditional power under the effect seen",
    "conditional_power_planned": "conditional power under the planned effect",
    "cutoff_bootstrap": "cut-off, bootstrap interval",
    "cutoff_mode": "proportion of resamples that find the most frequent cut-off",
    "cutoff_recovered": "proportion of resamples that find the cut-off",
    "enrolled": "patients enrolled",
    "first_significant": "months to the first look with P below 0.05",
    "gray": "Gray's test",
    "hazard_ratio_apparent": "hazard ratio, apparent",
    "hazard_ratio_corrected": "hazard ratio, corrected for optimism",
    "hazard_ratio_optimism": "log hazard ratio, optimism",
    "hazard_ratio_remeasured": "hazard ratio when measured again",
    "hazard_ratio_without_site": "hazard ratio without the site",
    "ratio_of_hazard_ratios_remeasured": "ratio of hazard ratios when measured again",
    "i_squared": "I-squared",
    "tau_squared": "tau-squared",
    "information_fraction": "fraction of the planned events",
    "interaction": "interaction, likelihood-ratio test",
    "likelihood_ratio": "likelihood-ratio test",
    "logrank_agreement": "repeats whose log-rank P is on the same side of 0.05",
    "months_to_events": "months to the events required",
    "near_cutoff": "patients near the cut-off",
    "regrouped": "patients whose group would change",
    "non_linearity": "test of non-linearity",
    "planned_events": "events planned",
    "pooled_common_hazard_ratio": "pooled hazard ratio, common effect",
    "pooled_hazard_ratio": "pooled hazard ratio, random effects",
    "prediction_hazard_ratio": "hazard ratio in a new study (prediction interval)",
    "power_interaction": "power for the interaction",
    "probability_below": "posterior probability of a ratio below",
    "proportional_hazards": "test of proportional hazards",
    "required_events": "events required",
    "required_events_interaction": "events required for the interaction",
    "set_aside": "patients set aside",
    "site_heterogeneity": "test of equal hazard ratios of the sites",
    "standardized_difference": "standardised difference",
    "standardized_difference_weighted": "standardised difference, weighted",
    "youden_apparent": "Youden's index, apparent",
    "youden_corrected": "Youden's index, corrected for optimism",
    "youden_optimism": "Youden's index, optimism",
}
"""Statistics that are not called by their own name with spaces."""

SHORT = {
    "hazard_ratio": "HR",
    "ratio_of_hazard_ratios": "ratio of HRs",
    "sd": "SD",
    "auc": "AUC",
    "rmst": "restricted mean",
    "rmst_difference": "difference of restricted means",
}
"""Statistics in a table that has no room for more."""


def statistic_name(statistic: str, *, short: bool = False) -> str:
    """Return what a statistic is called."""
    name = STATISTICS.get(statistic, statistic.replace("_", " "))
    return SHORT.get(statistic, name) if short else name


_AT_MONTHS = frozenset(
    {"survival", "rmst", "rmst_difference", "rmst_difference_interaction", "cumulative_incidence"}
)


_POWERS = {"power": "a hazard ratio", "power_interaction": "a ratio of hazard ratios"}
"""Powers, which are at the ratio that was planned."""


_IN_MONTHS = frozenset({"sensitivity", "evidence", "roc_over_time", "competing_risks"})
"""Analyses whose rows are at a time."""


def statistic_words(row: Mapping[Hashable, Any], study: Study) -> str:
    """Say which statistic a row holds, and at which time or cut-off."""
    statistic, at = str(row["statistic"]), row["at"]
    if (row["analysis"], statistic) == ("subgroups", "rate"):
        return "patients with the event"
    words = statistic_name(statistic)
    if at is None or pd.isna(at) or statistic in ("median", "follow_up_median"):
        return words
    if row["analysis"] in ("cutoff_scan", "cutoff", "validity"):
        return f"{words} at {at_unit(numbers.plain(at), study)}"
    if statistic in _AT_MONTHS or row["analysis"] in _IN_MONTHS:
        return f"{words} at {at:.1f} months".replace(".0 months", " months")
    if statistic in _POWERS:
        return f"power to show {_POWERS[statistic]} of {numbers.plain(at)} with the events so far"
    if row["analysis"] == "monitoring":
        return f"{words} at {at:.0%} of the planned events"
    return f"{words} at {numbers.plain(at)}"


class Of(TypedDict, total=False):
    """What rows are of, by the names of `analysis.names`; None asks for a missing one."""

    analysis: Analysis | str
    endpoint: str | None
    population: str | None
    contrast: str | None
    grp: str | None
    model: Model | None
    term: str | None


class Where(Of, total=False):
    """What rows are of, and which statistic they hold."""

    statistic: Statistic


class Chooser(Protocol):
    """Chooses rows by what they are of."""

    def __call__(self, **where: Unpack[Where]) -> pd.DataFrame:
        """Return the rows that have all the values."""


def rows_of(frame: pd.DataFrame) -> Chooser:
    """Return what chooses the rows that have the values asked for; None is a missing one."""

    missing, unknown = -1, -2

    @cache
    def coded(column: str) -> tuple[np.ndarray, dict[object, int]]:
        codes, values = pd.factorize(frame[column])
        return codes, {value: code for code, value in enumerate(values)}

    def chosen(**where: Unpack[Where]) -> pd.DataFrame:
        kept = np.arange(len(frame))
        for column, value in where.items():
            codes, known = coded(column)
            asked = missing if value is None else known.get(value, unknown)
            kept = kept[codes[kept] == asked]
        return frame.iloc[kept]

    return chosen


def profiled(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the row of the ratio of hazard ratios whose interval and P are of one family."""
    for statistic in (Statistic.RATIO_OF_HAZARD_RATIOS_PROFILE, Statistic.RATIO_OF_HAZARD_RATIOS):
        found = rows[rows["statistic"] == statistic]
        if len(found):
            return found.head(1)
    return rows.head(0)
