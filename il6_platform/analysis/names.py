"""Names by which readers of `report.results` ask for rows: a typo fails where it is written.

Belongs here: the statistics, analyses, models and groups that figures, tables and sentences ask
for. Does not belong here: every name that an analysis gives its rows; who adds an analysis that
nothing but its own `SPEC` reads, adds nothing here.
"""

from __future__ import annotations

from enum import StrEnum


class Analysis(StrEnum):
    """An analysis, by the name of its module."""

    BASELINE = "baseline"
    CONTINUOUS = "continuous"
    COX = "cox"
    CUTOFF = "cutoff"
    CUTOFF_SCAN = "cutoff_scan"
    EVIDENCE = "evidence"
    INTERACTION = "interaction"
    MISSING = "missing"
    MONITORING = "monitoring"
    MULTIPLICITY = "multiplicity"
    RESPONSE = "response"
    SMALL_SAMPLE = "small_sample"
    SUBGROUPS = "subgroups"
    SURVIVAL = "survival"
    VALIDITY = "validity"
    WEIGHTING = "weighting"


class Statistic(StrEnum):
    """What is estimated or tested."""

    AUC = "auc"
    AUC_CORRECTED = "auc_corrected"
    BOUNDARY = "boundary"
    BRESLOW_DAY = "breslow_day"
    COCHRAN_MANTEL_HAENSZEL = "cochran_mantel_haenszel"
    COMMON_ODDS_RATIO = "common_odds_ratio"
    CONCORDANCE = "concordance"
    CONDITIONAL_POWER = "conditional_power"
    CONDITIONAL_POWER_PLANNED = "conditional_power_planned"
    CUTOFF = "cutoff"
    CUTOFF_BOOTSTRAP = "cutoff_bootstrap"
    CUTOFF_RECOVERED = "cutoff_recovered"
    EVENTS_PER_VARIABLE = "events_per_variable"
    FIRST_SIGNIFICANT = "first_significant"
    FISHER_EXACT = "fisher_exact"
    FOLLOW_UP_MEDIAN = "follow_up_median"
    HAZARD_RATIO = "hazard_ratio"
    HAZARD_RATIO_APPARENT = "hazard_ratio_apparent"
    HAZARD_RATIO_CORRECTED = "hazard_ratio_corrected"
    HAZARD_RATIO_CROSS_VALIDATED = "hazard_ratio_cross_validated"
    HAZARD_RATIO_REPEATED = "hazard_ratio_repeated"
    INFORMATION_FRACTION = "information_fraction"
    INTERACTION = "interaction"
    INTERACTION_PERMUTATION = "interaction_permutation"
    INTERACTION_WALD = "interaction_wald"
    LOGRANK = "logrank"
    HAZARD_RATIO_FIRTH = "hazard_ratio_firth"
    INTERACTION_SELECTION_CORRECTED = "interaction_selection_corrected"
    LOGRANK_HOLM = "logrank_holm"
    LOGRANK_REPEATED = "logrank_repeated"
    LOGRANK_SELECTION_CORRECTED = "logrank_selection_corrected"
    LOGRANK_STRATIFIED = "logrank_stratified"
    LOGRANK_Z = "logrank_z"
    MAXSTAT_PERMUTATION = "maxstat_permutation"
    MEDIAN = "median"
    MISSING = "missing"
    MONTHS_TO_EVENTS = "months_to_events"
    NPV = "npv"
    ODDS_RATIO = "odds_ratio"
    POWER = "power"
    POWER_INTERACTION = "power_interaction"
    PPV = "ppv"
    PREDICTIVE_POWER = "predictive_power"
    PROPORTIONAL_HAZARDS = "proportional_hazards"
    Q1 = "q1"
    Q3 = "q3"
    RATE = "rate"
    RATIO_OF_HAZARD_RATIOS = "ratio_of_hazard_ratios"
    RELATIVE_RISK = "relative_risk"
    REQUIRED_EVENTS = "required_events"
    REQUIRED_EVENTS_INTERACTION = "required_events_interaction"
    RISK_DIFFERENCE = "risk_difference"
    RISK_DIFFERENCE_INTERACTION = "risk_difference_interaction"
    RMST = "rmst"
    RMST_DIFFERENCE = "rmst_difference"
    RMST_DIFFERENCE_INTERACTION = "rmst_difference_interaction"
    SD = "sd"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"
    STANDARDIZED_DIFFERENCE = "standardized_difference"
    STANDARDIZED_DIFFERENCE_WEIGHTED = "standardized_difference_weighted"
    SURVIVAL = "survival"
    TARONE = "tarone"
    YOUDEN = "youden"
    YOUDEN_CORRECTED = "youden_corrected"


class Model(StrEnum):
    """A model, or a variant of an analysis."""

    GROUP_SEQUENTIAL = "group sequential"
    INTERACTION = "interaction"
    INVERSE_PROBABILITY_WEIGHTS = "inverse probability weights"
    MULTIVARIABLE = "multivariable"
    LOG2 = "log2"
    OVERLAP_WEIGHTS = "overlap weights"
    PLANNED_EFFECT = "planned effect"
    PLANNED_INTERACTION = "planned interaction"
    PUBLISHED = "published"
    UNIVARIABLE = "univariable"
    UNWEIGHTED = "unweighted, same patients"


class Group(StrEnum):
    """A group of patients, or a population."""

    ALL = "all"
    CONTROL = "control"
    EXPERIMENTAL = "experimental"
    HIGH = "high"
    LOW = "low"
    MARKER_HIGH = "marker_high"
    MARKER_LOW = "marker_low"
