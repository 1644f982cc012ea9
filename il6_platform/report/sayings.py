"""What the report can say of its numbers: a code, and the sentence made from it.

Belongs here: every conclusion that the lead and the headline can draw, with its wording. Does not
belong here: which of them the numbers support (`readings`, `sentences`).
"""

from __future__ import annotations

from il6_platform.statistics.codes import Pattern


class Saying(Pattern):
    """A conclusion's code, and the pattern of its sentence."""

    # a claim beside this cut's figure
    AS_PUBLISHED = ("as_published", "A difference, as published: {what}.")
    AS_PUBLISHED_SIDE_UNKNOWN = (
        "as_published_side_unknown",
        "A difference was published and is found; the study file does not state its direction "
        "(`direction`). Here {what}.",
    )
    FOUND_SIDE_UNKNOWN = (
        "found_side_unknown",
        "A difference was published and is found; its direction cannot be told from these data.",
    )
    SIDE_ASSUMED = (
        "side_assumed",
        "The study file does not state the published direction (`direction`): the one that the "
        "study assumes is taken.",
    )
    OPPOSITE = ("opposite", "Opposite to what was published: {what}.")
    NOT_SHOWN = ("not_shown", "Not shown in this cut ({p}).")
    NOT_SHOWN_OTHER_SIDE = (
        "not_shown_other_side",
        "Not shown in this cut ({p}); the estimate lies on the other side.",
    )
    NAIVE_ONLY = ("naive_only", "{p}; {corrected} after correction for cut-off selection.")
    NO_DIFFERENCE = (
        "no_difference",
        "No difference shown, as published; that is not evidence of none.",
    )
    NEW_DIFFERENCE = ("new_difference", "A difference where none was published: {what}.")
    SAME_FIGURE = ("same_figure", "As published.")
    OTHER_FIGURE = ("other_figure", "Published: {published}; here: {now}.")
    OTHER_SIDE = ("other_side", "The estimate lies on the other side.")
    NOTHING_PRINTED = (
        "nothing_printed",
        "The study file gives no figure, P value or direction of this claim.",
    )
    SEVERAL_FIGURES = (
        "several_figures",
        "Several figures of this cut fit the claim: state its {keys} in the study file.",
    )
    CANNOT_JUDGE = ("cannot_judge", "Cannot be judged: {why}")
    NOT_ANALYSED = ("not_analysed", "Not part of this study file's analyses.")
    NOT_CORRECTED = ("not_corrected", "P is not corrected for cut-off selection.")
    # whether the marker predicts the benefit
    PREDICTS = (
        "predicts",
        "The effect of {drug} on {endpoint} differs by {marker}: it is more favourable the "
        "{side} {marker} is.",
    )
    ILLUSTRATES = (
        "illustrates",
        "At this cut-off the effect of {drug} on {endpoint} is more favourable with {side} "
        "{marker}.",
    )
    ONLY_AT_CUTOFF = (
        "only_at_cutoff",
        "The test without a cut-off, which decides, does not show it.",
    )
    NOT_PREDICTIVE_WIDE = (
        "not_predictive_wide",
        "Not shown; the data are compatible with a large difference and with none.",
    )
    NOT_PREDICTIVE_NARROW = (
        "not_predictive_narrow",
        "Not shown; the data speak against a large difference.",
    )
    TWO_SUBGROUPS = ("two_subgroups", "Two subgroup P values do not make a predictive marker.")
    # the lead
    WRONG_WAY = (
        "lead_wrong_way",
        "The marker points the other way than the study assumes: {side} {marker} went with better "
        "outcomes (AUC {auc}, 95% CI {interval}).",
    )
    LEAD_PREDICTS = (
        "lead_predicts",
        "{marker} is associated with who benefits from {drug}: the effect on {endpoint} is more "
        "favourable the {side} {marker} is ({numbers}).",
    )
    LEAD_PREDICTS_AT_CUTOFF = (
        "lead_predicts_at_cutoff",
        "{marker} is associated with who benefits from {drug}: the effect on {endpoint} is more "
        "favourable with {side} {marker} ({numbers}).",
    )
    LEAD_PREDICTS_NO_BENEFIT = (
        "lead_predicts_no_benefit",
        "{marker} is associated with the effect of {drug}, but not with a benefit: {endpoint} is "
        "shorter with {drug} in all patients and longer in neither marker group; it is less so "
        "the {side} {marker} is ({numbers}).",
    )
    LEAD_PREDICTS_NO_BENEFIT_AT_CUTOFF = (
        "lead_predicts_no_benefit_at_cutoff",
        "{marker} is associated with the effect of {drug}, but not with a benefit: {endpoint} is "
        "shorter with {drug} in all patients and longer in neither marker group; it is less so "
        "with {side} {marker} ({numbers}).",
    )
    LEAD_NOT_PREDICTIVE = (
        "lead_not_predictive",
        "Not shown that {marker} tells who benefits from {drug} ({numbers}).",
    )
    LEAD_NOT_JUDGED = (
        "lead_not_judged",
        "Whether {marker} tells who benefits from {drug} cannot be judged from these data{why}.",
    )
    LEAD_LONGER = ("lead_longer", "{arm} {verb} longer {endpoint} ({numbers}).")
    LEAD_SHORTER = ("lead_shorter", "{arm} {verb} shorter {endpoint} ({numbers}).")
    LEAD_NO_EFFECT = ("lead_no_effect", "{arm} is not shown to change {endpoint} ({numbers}).")
    LEAD_NO_ESTIMATE = (
        "lead_no_estimate",
        "These data cannot yet say how treatment and {endpoint} go together{why}.",
    )
    LEAD_NOBODY = ("lead_nobody", "No patients are analysed: these data say nothing yet.")
