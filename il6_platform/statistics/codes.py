"""Why an estimate is missing, or is to be read with care: a code, and the sentence made from it.

Belongs here: every reason that a row of `report.results` can give. Who reads rows (figures, tables,
sentences, alerts) asks for the code; the sentence is for people and can be reworded without
anything else noticing.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self


class Reason(str):
    """A sentence that knows the codes that it was made from.

    Attributes
    ----------
    codes
        In the order of the sentence; several where sentences were joined.
    """

    codes: tuple[Pattern, ...]

    def __new__(cls, sentence: str, codes: tuple[Pattern, ...] = ()) -> Reason:
        """Keep the codes beside the text."""
        made = super().__new__(cls, sentence)
        made.codes = codes
        return made


def codes_of(note: str | None) -> tuple[Pattern, ...]:
    """Return the codes that a note was made from, none where it is no `Reason`."""
    return note.codes if isinstance(note, Reason) else ()


def joined(*notes: str | None) -> Reason | None:
    """Join what there is of some notes to one, each said once.

    Examples
    --------
    >>> joined(Code.NO_EVENTS.say(), None, Code.NAIVE.say()).codes
    (<Code.NO_EVENTS: 'no_events'>, <Code.NAIVE: 'naive'>)
    """
    said = list(dict.fromkeys(note for note in notes if note))
    codes = tuple(dict.fromkeys(code for note in said for code in codes_of(note)))
    return Reason(" ".join(said), codes) if said else None


_VERBS = {"are": "is", "have": "has", "were": "was", "end": "ends", "share": "shares"}
_ONE = re.compile(
    r"(?<![\d.,])1 "
    r"(patient|event|line|file|resample|repeat|split|permutation|imputation|look|test)s"
    rf"(?: ({'|'.join(_VERBS)})\b)?"
)


def singular(text: str) -> str:
    """Write one of something in the singular.

    Examples
    --------
    >>> singular("1 patients are censored, 11 patients stay; 21 of 1 patients")
    '1 patient is censored, 11 patients stay; 21 of 1 patient'
    """
    return _ONE.sub(lambda found: f"1 {found[1]}{f' {_VERBS[found[2]]}' if found[2] else ''}", text)


class Pattern(StrEnum):
    """A code that has the pattern of a sentence."""

    pattern: str

    def __new__(cls, value: str, pattern: str) -> Self:
        """Make a member whose value is the code, and keep its pattern."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.pattern = pattern
        return member

    def say(self, **values: object) -> Reason:
        """Return the sentence, its placeholders filled."""
        said = singular(self.pattern.format(**values))
        if self.pattern.startswith("{"):
            said = said[:1].upper() + said[1:]
        return Reason(said, (self,))


class Code(Pattern):
    """A reason's code, and the pattern of its sentence.

    Examples
    --------
    >>> Code.CENSORED_LEFT_OUT.say(n=3, by=9)
    '3 patients are left out: censored by 9 months.'
    >>> Code.CENSORED_LEFT_OUT.say(n=3, by=9).codes
    (<Code.CENSORED_LEFT_OUT: 'censored_left_out'>,)
    """

    # who is there
    NO_PATIENTS = ("no_patients", "No patients.")
    NO_VALUES = ("no_values", "No patient has a value.")
    TOO_FEW_PATIENTS = ("too_few_patients", "Too few patients.")
    FEWER_THAN_2_IN_A_GROUP = ("fewer_than_2_in_a_group", "Fewer than 2 patients in a group.")
    EMPTY_GROUP = ("empty_group", "A group has no patients.")
    ONE_GROUP = ("one_group", "Only one group has patients.")
    ONE_ARM = ("one_arm", "There is only one arm.")
    ONE_GROUP_OR_OUTCOME = ("one_group_or_outcome", "Only one group or one outcome has patients.")
    ONE_SUBGROUP = ("one_subgroup", "There is one subgroup.")
    SITES_DISAGREE = (
        "sites_disagree",
        "The sites answered at different coefficients: ask them once more.",
    )
    MORE_ROUNDS = ("more_rounds", "Not at the maximum yet: another round is needed.")
    ONE_SITE_INFORMS = ("one_site_informs", "Fewer than two sites have events of both groups.")
    FEWER_THAN_TWO_GROUPS = ("fewer_than_two_groups", "Fewer than two groups.")
    NO_PATIENTS_IN_GROUP = ("no_patients_in_group", "No patients in {group}.")
    NOT_STARTED = ("not_started", "No patient has started.")
    NO_CALENDAR = (
        "no_calendar",
        "The registry gives no dates of the calendar, so that nothing is said of it.",
    )
    # events
    NO_EVENTS = ("no_events", "No events.")
    NO_EVENTS_IN_GROUP = ("no_events_in_group", "No events in {group}.")
    NO_EVENTS_BY_THEN = ("no_events_by_then", "No events by then.")
    NO_EVENT_BY_THEN = ("no_event_by_then", "No event by then: no interval.")
    NOT_COMPARED = (
        "not_compared",
        "Not applicable: no patients in one of the groups.",
    )
    TOO_FEW_EVENTS = ("too_few_events", "Too few events in a group.")
    GROUP_WITHOUT_EVENTS = ("group_without_events", "A group has no events.")
    NO_EVENT_AT_RISK_TOGETHER = (
        "no_event_at_risk_together",
        "No event while both groups are at risk.",
    )
    EVENTS_ALL_AT_ONCE = (
        "events_all_at_once",
        "All patients at risk had the event on the same day.",
    )
    NO_EVENT_OF_TWO_GROUPS = ("no_event_of_two_groups", "No event while two groups were at risk.")
    NO_EVENT_OF_DIFFERENT_PATIENTS = (
        "no_event_of_different_patients",
        "No event while patients who differ were at risk.",
    )
    ARM_WITHOUT_EVENTS = (
        "arm_without_events",
        "An arm is empty or has no event while the other is at risk.",
    )
    SUBGROUPS_NEVER_AT_RISK_TOGETHER = (
        "subgroups_never_at_risk_together",
        "A subgroup is never at risk when another has its events.",
    )
    TOO_FEW_EVENT_TIMES = ("too_few_event_times", "Too few event times for the test.")
    NOT_REACHED = ("not_reached", "Not reached: too few events.")
    NOBODY_CENSORED = ("nobody_censored", "Not estimable: no patient was censored.")
    FEW_CENSORED = ("few_censored", "Not reached: too few patients were censored.")
    NOT_FOLLOWED = ("not_followed", "No patient was followed so long.")
    NOBODY_LEFT = ("nobody_left", "Nobody is left: no interval.")
    TIMES_DO_NOT_VARY = ("times_do_not_vary", "Times do not vary.")
    GROUPS_TIMES_DO_NOT_VARY = ("groups_times_do_not_vary", "The groups' times do not vary.")
    NO_PAIR = ("no_pair", "No pair of patients can be compared.")
    # models
    NO_TERMS = ("no_terms", "The model has no terms.")
    DOES_NOT_VARY = ("does_not_vary", "{name} does not vary.")
    NEVER_GIVEN = ("never_given", "{name} is never given.")
    IT_DOES_NOT_VARY = ("it_does_not_vary", "It does not vary.")
    VARIABLE_DOES_NOT_VARY = ("variable_does_not_vary", "The variable does not vary.")
    COVARIATE_DOES_NOT_VARY = ("covariate_does_not_vary", "A covariate does not vary.")
    NO_VARIATION_WITHIN_ARMS = ("no_variation_within_arms", "No variation within the arms.")
    COLLINEAR = ("collinear", "The covariates cannot be told apart in the patients at risk.")
    SEPARATION = ("separation", "Separation: the events are ranked without exception by {terms}.")
    MODEL_SEPARATED = ("model_separated", "Separation: the model has no finite maximum.")
    GROUPS_SEPARATED = (
        "groups_separated",
        "No finite hazard ratio: the groups' events do not overlap in time.",
    )
    INTERACTION_SEPARATED = (
        "interaction_separated",
        "No finite ratio of hazard ratios: one of the four groups is separated.",
    )
    EVENT_FREE_GROUP = (
        "event_free_group",
        "No finite hazard ratio: one group has no event while the other is at risk.",
    )
    NOT_CONVERGED = (
        "not_converged",
        "The fit did not converge: no maximum of the likelihood was found.",
    )
    NO_VARIANCE = ("no_variance", "The robust variance is 0: no interval and no P value.")
    MAXIMUM_NOT_FOUND = ("maximum_not_found", "The likelihood's maximum was not found.")
    NO_PENALISED_MAXIMUM = (
        "no_penalised_maximum",
        "The penalised likelihood has no maximum to be found.",
    )
    LIMIT_NOT_FOUND = (
        "limit_not_found",
        "The interval is open where the likelihood does not fall far enough to set a limit.",
    )
    NO_INFORMATION = (
        "no_information",
        "The data say nothing of it: its interval would span a factor of more than 10^8.",
    )
    PENALISED_ELSEWHERE = (
        "penalised_elsewhere",
        "Read Firth's penalised estimate in analysis small_sample.",
    )
    OVERFITTED = ("overfitted", "The model may be overfitted (fewer than 10 events per variable).")
    INCOMPLETE_LEFT_OUT = (
        "incomplete_left_out",
        "{n} patients are left out: not all values are given.",
    )
    LEFT_THE_MODEL = ("left_the_model", "The model is without {names}.")
    PERMUTATIONS_SEPARATED = (
        "permutations_separated",
        "Permutations that were separated: {n} of {of}.",
    )
    NO_RATIO_IN = ("no_ratio_in", "No hazard ratio in subgroup {levels}.")
    # proportions
    EMPTY_CELL = ("empty_cell", "An empty cell: the odds ratio is 0, infinite or unknown.")
    ODDS_RATIO_INFINITE = ("odds_ratio_infinite", "The odds ratio is infinite.")
    COMMON_ODDS_RATIO_INFINITE = (
        "common_odds_ratio_infinite",
        "The common odds ratio is 0 or infinite.",
    )
    EXPECTED_BELOW_5 = (
        "expected_below_5",
        "An expected count is below 5: prefer Fisher's exact test.",
    )
    EXPECTED_BELOW_5_IN_STRATA = (
        "expected_below_5_in_strata",
        "An expected count is below 5: read with care.",
    )
    RATES_ARE_0_OR_1 = ("rates_are_0_or_1", "All four rates are 0 or 1: no P value.")
    FEWER_THAN_TWO_STRATA = (
        "fewer_than_two_strata",
        "Fewer than two strata have both groups and both outcomes.",
    )
    NO_STRATUM = ("no_stratum", "No stratum has both groups and both outcomes.")
    SAME_DIRECTION = ("same_direction", "All effects point the same way.")
    GROUPS_DIFFER = ("groups_differ", "Above 0.1: the groups differ.")
    # the marker and its cut-off
    NO_MARKER = ("no_marker", "No marker.")
    MARKER_DOES_NOT_VARY = ("marker_does_not_vary", "The marker does not vary.")
    MARKER_NOT_POSITIVE = (
        "marker_not_positive",
        "The marker has values of 0 or less, which have no logarithm.",
    )
    NOT_ASKED = (
        "not_asked",
        "Not asked: the marker has too few patients, values or events for it.",
    )
    TOO_FEW_VALUES = ("too_few_values", "Too few distinct values for a spline.")
    NO_CASES_OR_CONTROLS = ("no_cases_or_controls", "Cases or controls are missing.")
    ONE_CASE_OR_CONTROL = ("one_case_or_control", "One case or one control: no interval.")
    NO_INTERVAL_OF_AUC = (
        "no_interval_of_auc",
        "The marker separates completely or is constant: no interval.",
    )
    WRONG_WAY = (
        "wrong_way",
        "No cut-off does better than chance: the marker does not point the way it is taken to.",
    )
    DIRECTION_CHOSEN = (
        "direction_chosen",
        "These data chose the direction: cases have the {side} markers; the validation repeats "
        "that choice.",
    )
    DIRECTION_SEEN = (
        "direction_seen",
        "These data chose the direction: cases have the {side} values.",
    )
    DATA_DRIVEN = (
        "data_driven",
        "Chosen on these data: its accuracy and the tests by it are optimistic.",
    )
    NAIVE = (
        "naive",
        "The cut-off was chosen on these data, so P may be too small: see analysis validity.",
    )
    NAIVE_ASIDE = (
        "naive_aside",
        "The data chose the cut-off and no P corrected for that is known: not in the family.",
    )
    CORRECTED_IN_FAMILY = ("corrected_in_family", "P corrected for cut-off selection.")
    NAIVE_SELECTION = (
        "naive_selection",
        "P of a cut-off chosen on the same data: too small, read the corrected P.",
    )
    UNCORRECTED = (
        "uncorrected",
        "The cut-off was chosen on these data; neither P nor interval is corrected for that: see "
        "analysis validity.",
    )
    FEW_BESIDE_CUTOFF = (
        "few_beside_cutoff",
        "{n} patients on one side of the cut-off, fewer than the {least} that the study asks.",
    )
    TIED_CUTOFFS = (
        "tied_cutoffs",
        "{n} cut-offs share the largest index ({cutoffs}): the lowest is taken.",
    )
    CENSORED_LEFT_OUT = (
        "censored_left_out",
        "{n} patients are left out: censored by {by:g} months.",
    )
    COMPETING_LEFT_OUT = (
        "competing_left_out",
        "{n} patients are left out: censored, or with a competing event, by {by:g} months.",
    )
    COMPETING_CENSORED = (
        "competing_censored",
        "Competing events count as censored, so it is not the proportion or the time of all "
        "patients: see analysis competing_risks.",
    )
    NO_CUTOFF = (
        "no_cutoff",
        "The rule finds no cut-off: cases, controls or admissible values are missing.",
    )
    NO_GROUPS = ("no_groups", "There is no cut-off, so no groups by the marker.")
    NO_CUTOFF_THEN = ("no_cutoff_then", "No cut-off can be chosen.")
    NO_ADMISSIBLE_CUTOFF = (
        "no_admissible_cutoff",
        "No cut-off leaves enough patients on both sides.",
    )
    NO_CUTOFF_WITH_FIVE = ("no_cutoff_with_five", "No cut-off leaves five patients on either side.")
    FEWER_THAN_FIVE_ON_A_SIDE = (
        "fewer_than_five_on_a_side",
        "{cutoff:g} leaves fewer than five patients on a side.",
    )
    FEW_ON_A_SIDE = (
        "few_on_a_side",
        "Fewer than {least} patients on one side of the cut-off in this population.",
    )
    FEW_ON_A_SIDE_IN_AN_ARM = (
        "few_on_a_side_in_an_arm",
        "Fewer than {least} patients on one side of the cut-off in one arm.",
    )
    FEW_IN_A_GROUP = ("few_in_a_group", "Too few patients or events in a group.")
    CUTOFF_FIXED = ("cutoff_fixed", "The cut-off was not chosen on these data.")
    TOO_FEW_TO_RESAMPLE = (
        "too_few_to_resample",
        "Fewer than {least} patients: nothing to resample.",
    )
    NO_REPLICATES = ("no_replicates", "The study file asks for no replicates.")
    RESAMPLES_WITHOUT_CUTOFF = ("resamples_without_cutoff", "{n} resamples gave no cut-off.")
    RESAMPLES_LEFT_OUT = ("resamples_left_out", "{n} resamples without an estimate left out.")
    SPLITS_LEFT_OUT = ("splits_left_out", "{n} splits without an estimate left out.")
    NO_SPLIT = ("no_split", "No split gave two groups to compare.")
    BOOTSTRAP_QUANTILES = ("bootstrap_quantiles", "Bootstrap quantiles {low:.4g} to {high:.4g}.")
    TIED_BOUND = (
        "tied_bound",
        "With tied markers this value, computed as R's maxstat does, can be below the exact one.",
    )
    BELOW_ZERO = (
        "below_zero",
        "At so large a statistic the approximation falls to 0 or below: read as very small.",
    )
    TOO_MANY_FOR_EXACT = ("too_many_for_exact", "Too many patients for the exact distribution.")
    NO_PERMUTATIONS = ("no_permutations", "No permutations are asked for.")
    PERMUTATIONS = ("permutations", "{n} permutations.")
    TOO_MANY_SPLITS = (
        "too_many_splits",
        "{many} splits are too many to enumerate, and no permutations are asked for.",
    )
    # weights and missing values
    NO_COVARIATE_VARIES = (
        "no_covariate_varies",
        "No covariate varies between patients: there is nothing to weight by.",
    )
    ARMS_SEPARATED = (
        "arms_separated",
        "The covariates tell the arms apart perfectly: no patient of one arm compares with "
        "one of the other, and no weighting can help.",
    )
    SCORE_PENALISED = (
        "score_penalised",
        "Some patients of one arm have no counterpart in the other: the propensity score is "
        "penalised (Firth), and the weighted means are close, not equal.",
    )
    WEIGHTED_FOR = ("weighted_for", "Weighted for {names}; {n} of {of} patients have all of them.")
    SAME_PATIENTS = ("same_patients", "Unweighted, in the same patients.")
    UNSTABLE_SCORE = (
        "unstable_score",
        "{n} patients in the smaller arm for {terms} terms of the propensity model, fewer "
        "than {least} a term: the score is unstable, and weights cannot show that the arms "
        "became comparable.",
    )
    LITTLE_OVERLAP = (
        "little_overlap",
        "{share:.0%} of the scores lie outside {low} to {high}: the arms overlap little.",
    )
    FEW_EFFECTIVE_PATIENTS = (
        "few_effective_patients",
        "The weighted {arm} arm is worth {effective:.1f} of its {n} patients.",
    )
    NO_WEIGHTS = ("no_weights", "No weights.")
    NOTHING_TO_EXPLAIN_AWAY = (
        "nothing_to_explain_away",
        "There is no hazard ratio to explain away.",
    )
    MISSING_INFORMATION = (
        "missing_information",
        "Fraction of missing information {fraction:.3f} ({m} imputations).",
    )
    NEVER_OBSERVED = ("never_observed", "A variable has no observed value to impute from.")
    FEW_IMPUTATIONS = (
        "few_imputations",
        "Fewer imputations than the percentage of patients with a missing value.",
    )
    NOT_IN_EVERY_IMPUTATION = (
        "not_in_every_imputation",
        "No estimate in {failed} of {m} imputations:",
    )
    NOTHING_MISSING = ("nothing_missing", "No covariate of the model is missing.")
    TOO_FEW_TO_IMPUTE = (
        "too_few_to_impute",
        "Fewer than two patients a variable: nothing to impute from.",
    )
    BEFORE_THE_LANDMARK = (
        "before_the_landmark",
        "{n} of {of} patients excluded: {events} with the event and {censored} censored by "
        "the landmark.",
    )
    BEFORE_THE_LANDMARK_COMPETING = (
        "before_the_landmark_competing",
        "{n} of {of} patients excluded: {events} with the event, {competing} with a competing "
        "event and {censored} censored by the landmark.",
    )
    EVENT_BY_RULE = ("event_by_rule", "{n} patients have the event by the rule.")
    MOVED_BY_ESTIMAND = (
        "moved_by_estimand",
        "{n} patients end otherwise than in the main analysis.",
    )
    CENSORED_BY_RULE = ("censored_by_rule", "{n} patients are censored by the rule.")
    # accuracy over time, bands, pooled studies, repeated measurements
    NO_CASES_BY_THEN = ("no_cases_by_then", "Nobody is known to have the event by then.")
    NO_CONTROLS_BEYOND = (
        "no_controls_beyond",
        "Nobody is known to be free of the event beyond then.",
    )
    NO_COMPETING_EVENTS = ("no_competing_events", "No competing event: read the Cox model.")
    NO_ASSAY_CV = (
        "no_assay_cv",
        "The study file does not state the assay's coefficient of variation (marker.assay_cv).",
    )
    NO_LITERATURE = ("no_literature", "No estimate of other studies is on file for this.")
    NOT_ESTIMATED = ("not_estimated", "The data support no estimate to start from.")
    NO_BAND = ("no_band", "Fewer than two event times: no band.")
    FEWER_THAN_TWO_STUDIES = ("fewer_than_two_studies", "Fewer than two studies to pool.")
    TWO_STUDIES = (
        "two_studies",
        "Two studies: the intervals have one degree of freedom; read the common-effect one.",
    )
    STUDIES_AGREE = (
        "studies_agree",
        "The studies agree better than chance allows: read the common-effect interval too.",
    )
    STUDIES_THE_SAME = ("studies_the_same", "All studies have the same effect: no interval.")
    REPEATS_LEFT_OUT = ("repeats_left_out", "{n} repeats without a finite estimate left out.")
    NO_REPEAT = ("no_repeat", "No repeat has a finite estimate.")
    # growing data
    AS_KNOWN_ON = ("as_known_on", "As known on {day}.")
    NEVER_TESTED = ("never_tested", "Not estimable at any quarter's end.")
    NEVER_SIGNIFICANT = ("never_significant", "P < 0.05 at no quarter's end.")
    SIGNIFICANT_SINCE = (
        "significant_since",
        "P < {alpha} first on {day}, and at every later look.",
    )
    SIGNIFICANT_AT_LAST = ("significant_at_last", "P < {alpha} on {day} for the first time.")
    SIGNIFICANT_NOT_THROUGHOUT = (
        "significant_not_throughout",
        "P < {alpha} first on {day}; P was {alpha} or more at {after} of the {looks} later looks.",
    )
    CROSSED_FOR_FIRST = ("crossed_for_first", "Boundary crossed in favour of {favoured}.")
    CROSSED_FOR_SECOND = ("crossed_for_second", "Boundary crossed in favour of {favoured}.")
    NOT_CROSSED = ("not_crossed", "Not crossed.")
    NO_ALPHA_SPENT = (
        "no_alpha_spent",
        "At so small an information fraction no alpha is spent: the interval is open.",
    )
    ALL_EVENTS = ("all_events", "All planned events are there.")
    EVENTS_ARE_THERE = ("events_are_there", "The events are there.")
    NO_RATE = ("no_rate", "No event yet: no rate to go on.")
    BEYOND_HORIZON = ("beyond_horizon", "Not within a hundred years.")
    PROJECTED = (
        "projected",
        "{needed:.0f} events, if enrolment ({rate:.2g} patients a month) and events go on as "
        "seen: {middle} (95% {low} to {high}).",
    )
    NOTHING_TO_DETECT = (
        "nothing_to_detect",
        "A ratio of 1 is no difference: no number of events would detect it.",
    )
    NOTHING_PLANNED = ("nothing_planned", "The study file plans no effect (`planned`).")
    ENDPOINT_NOT_IN_STUDY = (
        "endpoint_not_in_study",
        "{endpoint} is not among the study's endpoints.",
    )
    ONE_ARM_HAS_PATIENTS = ("one_arm_has_patients", "Only one arm has patients.")
    # disclosure
    FEW_PATIENTS = ("few_patients", "few patients: not shown")
    SINGLE_PATIENT = ("single_patient", "the value of a single patient: not shown")
