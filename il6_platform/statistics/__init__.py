"""Pure statistics on arrays and data frames; knows nothing of Dagster, DuckDB or files.

Every public function can be had from here: `from il6_platform.statistics import logrank`. Its
module is imported when it is first asked for: a table of counts should not wait for lifelines.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

PUBLIC: dict[str, tuple[str, ...]] = {
    "assay_error": (
        "regrouped_patients",
        "regrouping_probability",
        "repeated_comparison",
    ),
    "baseline": (
        "describe",
        "standardized_difference",
    ),
    "censoring": ("pfs_with_rule",),
    "competing_risks": (
        "aalen_johansen",
        "fine_gray",
        "gray_test",
    ),
    "continuous": (
        "effect_by_marker",
        "hazard_ratio_curve",
        "log2_marker",
        "spline_basis",
        "spline_marker",
    ),
    "cutoff_scan": ("scan",),
    "cutoff_rules": (
        "Rule",
        "ipcw_weights",
        "weighted_roc",
        "weighted_youden",
    ),
    "cutoff_validation": (
        "bootstrap_cutoff",
        "cross_validate",
        "interaction_test",
        "permutation_test",
        "roc_band",
    ),
    "design": (
        "detectable_hazard_ratio",
        "interaction_events",
        "power",
        "required_events",
    ),
    "estimate": ("Estimate",),
    "group_sequential": (
        "boundaries",
        "conditional_power",
        "crossing_probability",
        "predictive_power",
        "repeated_interval",
    ),
    "heterogeneity": (
        "cochran_mantel_haenszel",
        "effect_by_level",
        "gail_simon",
        "interaction_permutation",
        "odds_ratio_homogeneity",
        "risk_difference_interaction",
        "rmst_interaction",
        "tables_by_stratum",
    ),
    "imputation": (
        "impute",
        "missing_counts",
        "multiple_imputation_cox",
        "rubin",
    ),
    "landmark": (
        "landmark_by_response",
        "landmark_by_start",
    ),
    "many_designs": ("cox_by_column",),
    "maximal_selection": (
        "lausen92",
        "lausen94",
        "maxstat",
    ),
    "meta_analysis": (
        "grid_random_effects",
        "random_effects",
    ),
    "multiplicity": ("adjust",),
    "panel": (
        "ask_panel",
        "clusters",
        "stability",
        "westfall_young",
    ),
    "prediction": ("months_to_events",),
    "proportions": (
        "chi_square",
        "fisher_exact",
        "odds_ratio",
        "proportion",
        "relative_risk",
        "risk_difference",
    ),
    "regression": (
        "cox",
        "events_per_variable",
        "interaction",
        "proportional_hazards",
    ),
    "roc": (
        "auc",
        "classified",
        "outcome_by",
        "roc_curve",
        "youden",
    ),
    "shrinkage": (
        "Prior",
        "neutral",
        "posterior",
        "probability_below",
        "sceptical",
        "subgroup_effects",
    ),
    "simultaneous_bands": ("confidence_band",),
    "sites": (
        "compare_sites",
        "site_heterogeneity",
    ),
    "small_sample": (
        "firth_cox",
        "fisher_mid_p",
        "permutation_logrank",
    ),
    "survival": (
        "common_tau",
        "kaplan_meier",
        "logrank",
        "logrank_limits",
        "logrank_z",
        "reverse_kaplan_meier_median",
        "rmst_difference",
    ),
    "time_dependent_roc": (
        "auc_at",
        "cutoff_at",
        "harrell_concordance",
        "uno_concordance",
    ),
    "weighting": (
        "balance",
        "e_value",
        "effective_sample_size",
        "propensity_weights",
        "weighted_kaplan_meier",
    ),
}
"""Module -> what it offers; inputs, units, errors and sources are in each one's docstring."""

_HOME = {name: module for module, names in PUBLIC.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
