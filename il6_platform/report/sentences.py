"""What the numbers say, in sentences with the hedges that they demand.

Belongs here: sentences made of `report.results` for those who read no table. Does not belong here:
the methods (`methods`), where a sentence stands (`page`, `manuscript`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import ceil
from typing import TypeGuard, Unpack

import pandas as pd

from il6_platform.analysis.cohort import ARM, ARM_TERM, CONTRASTS, MARKER
from il6_platform.analysis.names import Analysis, Group, Model, Statistic
from il6_platform.analysis.weighting import weighted_for
from il6_platform.figures.labels import (
    Of,
    at_unit,
    is_count,
    labels_of,
    marker_in_question,
    note_in_words,
    rows_of,
    term_namer,
    upper_first,
)
from il6_platform.report import formatting, readings
from il6_platform.report.formatting import ALPHA, count_of
from il6_platform.report.sayings import Saying
from il6_platform.report.tables import not_proportional
from il6_platform.statistics.codes import Code, Reason
from il6_platform.study import Study, lower_first

FEW = 40
"""Events below which four groups have fewer than ten each, on average."""


def answer(results: pd.DataFrame, study: Study) -> list[Reason]:
    """Answer the study's question, then say what the treatment did; first endpoint first.

    Each sentence knows the codes (`sayings`) that it was made from.
    """
    return list(_answer(results, study))


def _answer(results: pd.DataFrame, study: Study) -> Iterator[Reason]:
    endpoint, words = study.endpoints[0], _words(study)
    if _nobody(results):
        yield Saying.LEAD_NOBODY.say()
        return
    area = readings.points_the_other_way(results)
    if area is not None:
        yield Saying.WRONG_WAY.say(
            marker=marker_in_question(study),
            side="higher" if study.higher else "lower",
            auc=formatting.ratio(area["estimate"]),
            interval=formatting.interval(area["ci_low"], area["ci_high"]),
        )
    found = readings.product(results, study, endpoint)
    if found.primary is None:
        yield Saying.LEAD_NOT_JUDGED.say(**words, why=_because(found.why))
    else:
        yield _predicts(results, study, found)
    yield effect_on(endpoint, results, study)


def effect_on(endpoint: str, results: pd.DataFrame, study: Study) -> Reason:
    """Say what the treatment did to an endpoint in all patients, or why that is not known."""
    effect = readings.comparison(results, study, endpoint, "all", ARM)
    # of arms that fare alike to the last digit there is no side, and none is said
    if effect.p_value is None or (effect.sign == 0 and effect.p_value < ALPHA):
        return Saying.LEAD_NO_ESTIMATE.say(endpoint=endpoint, why=_because(effect.why))
    return _effect(effect, study)


def _nobody(results: pd.DataFrame) -> bool:
    size = _row(
        results, Statistic.MEDIAN, analysis=Analysis.SURVIVAL, grp=None, population=Group.ALL
    )
    return size is not None and pd.notna(size["n"]) and size["n"] == 0


def _words(study: Study) -> dict[str, str]:
    return {"marker": marker_in_question(study), "drug": study.arms.experimental_drug}


def _because(why: str | None) -> str:
    return f" ({lower_first(why.rstrip('.'))})" if why else ""


def _predicts(results: pd.DataFrame, study: Study, found: readings.Product) -> Reason:
    """Say whether the marker tells who benefits, by the test that decides."""
    row = found.primary
    assert row is not None
    numbers = _product_numbers(results, study, found)
    if not found.is_shown:
        return Saying.LEAD_NOT_PREDICTIVE.say(**_words(study), numbers=numbers)
    is_cut = found.uncut is None
    saying = Saying.LEAD_PREDICTS_AT_CUTOFF if is_cut else Saying.LEAD_PREDICTS
    if readings.is_harm_throughout(results, study, found.endpoint):
        saying = Saying.LEAD_PREDICTS_NO_BENEFIT
        saying = Saying.LEAD_PREDICTS_NO_BENEFIT_AT_CUTOFF if is_cut else saying
    side = readings.side_of(float(row["estimate"]), is_cut=is_cut)
    said = saying.say(**_words(study), endpoint=found.endpoint, side=side, numbers=numbers)
    return Reason(upper_first(said), said.codes)


def _product_numbers(results: pd.DataFrame, study: Study, found: readings.Product) -> str:
    """Write the interaction without a cut-off, then at it."""
    endpoint, parts = found.endpoint, list[str]()
    if found.uncut is not None:
        parts.append(
            f"interaction {formatting.p_text(found.uncut['p_value'])} for {endpoint}, ratio of "
            f"hazard ratios per doubling of {marker_in_question(study)} "
            f"{formatting.in_sentence(found.uncut)}"
        )
    cut = _row(results, Statistic.CUTOFF, analysis=Analysis.CUTOFF)
    if found.at_cutoff is not None:
        at = f" of {at_unit(formatting.plain(cut['estimate']), study)}" if _known(cut) else ""
        said = (
            f"at the cut-off{at} "
            f"{formatting.in_sentence(found.at_cutoff)}, "
            f"{formatting.p_text(found.at_cutoff['p_value'])}"
        )
        if found.uncut is None:
            said = f"for {endpoint}, ratio of hazard ratios {said}"
        if found.corrected is not None:
            corrected = formatting.p_number(found.corrected)
            said += f", {corrected} after correction for cut-off selection"
        elif study.cutoff.is_data_driven:
            said += ", not corrected for cut-off selection"
        events = found.at_cutoff["events"]
        if pd.notna(events) and events < FEW:
            said += f"; {_counted(events, 'event')} in four groups"
        parts.append(said)
    text = "; ".join(parts)
    primary = found.primary
    if found.is_only_at_cutoff:
        text += "; the test without a cut-off, which decides, does not show it"
    elif not found.is_shown and primary is not None:
        doublings = 1.0 if found.uncut is None else readings.marker_spread(results)
        wide = readings.compatible_with(primary, doublings) is Saying.NOT_PREDICTIVE_WIDE
        if found.at_cutoff is not None:
            # nothing speaks against what the interval beside it holds
            wide |= readings.compatible_with(found.at_cutoff) is Saying.NOT_PREDICTIVE_WIDE
        text += (
            "; the data are compatible with a large difference and with none"
            if wide
            else "; the data speak against a large difference"
        )
    return text


def _effect(effect: readings.Comparison, study: Study) -> Reason:
    """Say what the treatment did to an endpoint, all patients."""
    numbers = []
    ratio = effect.ratio
    if ratio is not None:
        numbers.append(f"hazard ratio {formatting.in_sentence(ratio)}")
    numbers.append(f"log-rank {formatting.p_text(effect.p_value)}")
    text = ", ".join(numbers)
    rests_on = effect.test if ratio is None else ratio
    if rests_on is not None and pd.notna(rests_on["n"]) and pd.notna(rests_on["events"]):
        text += f"; {_counted(rests_on['n'], 'patient')}, {_counted(rests_on['events'], 'event')}"
    text += ", randomised" if study.is_randomised else ", not randomised"
    words = {"arm": study.arms.experimental_label, "endpoint": effect.endpoint, "numbers": text}
    if not effect.is_shown:
        return Saying.LEAD_NO_EFFECT.say(**words)
    verb = "leads to" if study.is_randomised else "is associated with"
    saying = Saying.LEAD_LONGER if effect.sign > 0 else Saying.LEAD_SHORTER
    return saying.say(**words, verb=verb)


def _counted(n: float, noun: str) -> str:
    """Write a count with its noun, singular or plural."""
    return f"{n:.0f} {noun}{'' if round(n) == 1 else 's'}"


def certainty(results: pd.DataFrame, study: Study) -> list[tuple[str, str]]:
    """Say what the answer's certainty hangs on: what it is about, and a sentence with numbers."""
    return list(_certainty(results, study))


def _certainty(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    yield from _size(results, study)
    yield from _set_aside(results, study)
    if not study.is_randomised:
        yield from _weighted(results, study)
    yield from _sites(results, study)
    yield from _not_constant(results, study)
    yield from _of_another_scale(results, study)
    yield from _cutoff(results, study)
    yield from _power(results, study)
    yield from _looks(results, study)
    yield from _several(results)


def _size(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    """Say how many patients and events there are, and how few in the smallest group."""
    endpoint = study.endpoints[0]
    size = _row(
        results,
        Statistic.MEDIAN,
        analysis=Analysis.SURVIVAL,
        endpoint=endpoint,
        grp=None,
        population=Group.ALL,
    )
    sizes = rows_of(results)(
        analysis=Analysis.SURVIVAL, endpoint=endpoint, statistic=Statistic.MEDIAN
    )
    cells = sizes.loc[sizes["grp"].astype("string").str.contains("/", na=False), "n"]
    # where small counts are hidden, the smallest group is not told either
    told = size is not None and pd.notna(size["n"]) and len(cells) and cells.notna().all()
    if size is not None and told and size["n"] and not cells.sum():
        yield (
            "Size",
            f"{_counted(size['n'], 'patient')} with {_counted(size['events'], 'event')} "
            f"({endpoint}); there is no cut-off, so no groups by the marker.",
        )
    elif size is not None and told and size["n"]:
        least = f"{cells.min():.0f}" if cells.min() else "none"
        yield (
            "Size",
            f"{_counted(size['n'], 'patient')} with {_counted(size['events'], 'event')} "
            f"({endpoint}); the smallest of the {len(cells)} groups of arm and marker has {least}.",
        )


def _set_aside(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    """Say how the effects move with the patients whose decisive records are in quarantine."""
    endpoint = study.endpoints[0]
    of = rows_of(rows_of(results)(analysis=Analysis.QUARANTINE, endpoint=endpoint))
    ratios = of(statistic=Statistic.RATIO_OF_HAZARD_RATIOS)["estimate"]
    effects = of(statistic=Statistic.HAZARD_RATIO, contrast=ARM)["estimate"]
    if len(ratios) == len(effects) == 3 and ratios.notna().all() and effects.notna().all():
        (as_read, worst, best), (effect, at_worst, at_best) = (
            map(formatting.ratio, values) for values in (ratios, effects)
        )
        yield (
            "Records in quarantine",
            "Were the patients with a decisive record in quarantine analysed as their records are "
            f"read, or at the worst or the best case, the ratio of hazard ratios for {endpoint} "
            f"would be {as_read}, {worst} or {best}, and the treatment's hazard ratio {effect}, "
            f"{at_worst} or {at_best}.",
        )


def _weighted(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    """Say what the treatment's effect is once the arms are weighted to be alike."""
    endpoint = study.endpoints[0]
    weighted = _row(
        results,
        Statistic.HAZARD_RATIO,
        analysis=Analysis.WEIGHTING,
        endpoint=endpoint,
        model=Model.OVERLAP_WEIGHTS,
    )
    crude = _row(
        results,
        Statistic.HAZARD_RATIO,
        analysis=Analysis.WEIGHTING,
        endpoint=endpoint,
        model=Model.UNWEIGHTED,
    )
    if _known(weighted):
        terms = rows_of(results)(
            analysis=Analysis.WEIGHTING,
            model=Model.OVERLAP_WEIGHTS,
            statistic=Statistic.STANDARDIZED_DIFFERENCE,
        )["term"]
        beside = ""
        if _known(crude):
            beside = f"; unweighted in the same patients: {formatting.ratio(crude['estimate'])}"
        yield (
            "Not randomised",
            f"Weighted for {weighted_for(terms, study)} ({_number(weighted['n'])}patients with all "
            f"of them{beside}), the treatment's hazard ratio for {endpoint} is "
            f"{_interval(weighted)}. Weights cannot balance what was not measured."
            f"{_with_care(weighted)}",
        )


def _number(n: float) -> str:
    """Return a count before its noun; one that is hidden is not said."""
    return "" if pd.isna(n) else f"{n:.0f} "


CAUTIONS = {
    Code.UNSTABLE_SCORE: "the smaller arm has few patients for the propensity score's terms",
    Code.LITTLE_OVERLAP: "the arms overlap little",
    Code.SCORE_PENALISED: "the weighted means of the arms are close, not equal",
}
"""What makes weights doubtful, by its code."""


def _with_care(row: pd.Series) -> str:
    codes = str(row["code"]).split()
    why = "; ".join(words for code, words in CAUTIONS.items() if code in codes)
    return f" Read with care: {why}." if why else ""


def _sites(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    """Say where the treatment's effect differs between the sites."""
    endpoint = study.endpoints[0]
    of = rows_of(rows_of(results)(analysis=Analysis.SITES, endpoint=endpoint, contrast=ARM))
    test = of(statistic=Statistic.SITE_HETEROGENEITY, population=Group.ALL)
    each = of(statistic=Statistic.HAZARD_RATIO, population=Group.ALL)
    each = each[each["term"].notna() & each["estimate"].notna()].sort_values("estimate")
    if test.empty or not test["p_value"].iloc[0] < ALPHA or len(each) < 2:
        return
    name = term_namer(study)
    least, most = (
        f"{formatting.in_sentence(row)} ({name(str(row['term'])).removeprefix('Site: ')})"
        for _, row in each.iloc[[0, -1]].iterrows()
    )
    yield (
        "Sites",
        f"The treatment's hazard ratio for {endpoint} differs between the sites "
        f"({formatting.p_text(test['p_value'].iloc[0])}), from {least} to {most}: that of all "
        "patients is an average over sites that disagree.",
    )


def _power(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    """Say how many events the marker's question takes."""
    needed = _row(results, Statistic.REQUIRED_EVENTS_INTERACTION, analysis=Analysis.MONITORING)
    power = _row(results, Statistic.POWER_INTERACTION, analysis=Analysis.MONITORING)
    if _known(needed) and _known(power) and study.planned is not None:
        yield (
            "Power for the marker's question",
            f"To show a ratio of hazard ratios of {study.planned.ratio_of_hazard_ratios:g} takes "
            f"about {ceil(needed['estimate'])} {needed['endpoint']} events; there are "
            f"{needed['events']:.0f}, which would "
            f"show it with a power of {formatting.chance(power['estimate'])}.",
        )


def _not_constant(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    """Say where the treatment's hazard ratio is not the same at all times."""
    endpoint = study.endpoints[0]
    tests = not_proportional(results, endpoint)
    for _, test in tests[tests["term"] == ARM_TERM].iterrows():
        words = (
            f"The treatment's hazard ratio for {endpoint} is not constant over time "
            f"({formatting.p_text(test['p_value'])}, multivariable model): it is an average over "
            "follow-up"
        )
        mean = _row(
            results,
            Statistic.RMST_DIFFERENCE,
            analysis=Analysis.SURVIVAL,
            endpoint=endpoint,
            population=Group.ALL,
            contrast=ARM,
        )
        if _known(mean):
            words += (
                f". The difference of restricted means up to {formatting.months(mean['at'])} "
                f"months is {formatting.in_sentence(mean, formatting.months)} months"
            )
        yield "Hazards over time", f"{words}."


def _of_another_scale(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    """Say where restricted means show an interaction that the test which decides does not."""
    for endpoint in study.endpoints:
        found = readings.product(results, study, endpoint)
        mean = _row(
            results,
            Statistic.RMST_DIFFERENCE_INTERACTION,
            analysis=Analysis.INTERACTION,
            endpoint=endpoint,
        )
        if found.decides is None or found.is_shown or not _known(mean):
            continue
        if mean["p_value"] < ALPHA:
            test = formatting.p_text(mean["p_value"])
            naive = ", not corrected for cut-off selection" if study.cutoff.is_data_driven else ""
            yield (
                "Another scale",
                f"In restricted means up to {formatting.months(mean['at'])} months the treatment's "
                f"effect on {endpoint} differs between the marker groups, by "
                f"{formatting.in_sentence(mean, formatting.months)} months, high minus low "
                f"({test}{naive}); the test of the interaction that decides does not show it.",
            )


def _several(results: pd.DataFrame) -> Iterator[tuple[str, str]]:
    family = rows_of(results)(analysis=Analysis.MULTIPLICITY, statistic=Statistic.LOGRANK)
    holm = rows_of(results)(analysis=Analysis.MULTIPLICITY, statistic=Statistic.LOGRANK_HOLM)
    tested, adjusted = family["p_value"].dropna(), holm["p_value"].dropna()
    if len(tested) > 1 and len(adjusted):
        before = int((tested < ALPHA).sum())
        after = int((adjusted < ALPHA).sum())
        aside = len(tested) - len(adjusted)
        words = (
            f"Of {len(tested)} tests of the family {before} {'has' if before == 1 else 'have'} "
            f"P < {ALPHA}; {after} after correction for cut-off selection and for their number "
            f"(Holm; smallest {formatting.p_text(adjusted.min())})."
        )
        if aside:
            verb = "stands" if aside == 1 else "stand"
            words += f" {_counted(aside, 'test')} without a corrected P {verb} aside."
        yield "Several tests", words


def _cutoff(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    cut = _row(results, Statistic.CUTOFF, analysis=Analysis.CUTOFF)
    found = _row(results, Statistic.CUTOFF_RECOVERED, analysis=Analysis.VALIDITY)
    if not _known(cut) or not _known(found):
        return
    words = (
        f"The cut-off of {at_unit(formatting.plain(cut['estimate']), study)} was chosen on "
        f"these patients and is found again in {found['estimate']:.0%} of resamples"
    )
    if Code.TIED_CUTOFFS in str(cut["code"]).split():
        words += "; several cut-offs do equally well, of which the lowest is taken"
    cut_by = found["endpoint"]
    ratios = _estimates(
        results,
        Analysis.VALIDITY,
        Statistic.HAZARD_RATIO_APPARENT,
        Statistic.HAZARD_RATIO_CORRECTED,
    )
    if ratios:
        apparent, corrected = ratios
        words += (
            f"; the hazard ratio for {cut_by} of all patients, high against low, is "
            f"{formatting.ratio(apparent)}; {formatting.ratio(corrected)} after correction for "
            "cut-off selection"
        )
    yield "Cut-off", f"{words}."


def _looks(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    boundary = _row(results, Statistic.BOUNDARY, analysis=Analysis.MONITORING)
    test = _row(results, Statistic.LOGRANK_Z, analysis=Analysis.MONITORING)
    if not _known(boundary) or not _known(test):
        return
    verdict, rare = "not crossed", boundary["p_value"] < 0.001
    if abs(test["estimate"]) >= boundary["estimate"]:
        first, second = CONTRASTS[boundary["contrast"]]
        favoured = labels_of(study)[first if test["estimate"] > 0 else second]
        verdict = f"crossed in favour of {favoured}"
    # of P values that are both written as < 0.001 nobody sees which is smaller
    asks = (
        f"a log-rank Z of {boundary['estimate']:.2f} either way; it is "
        f"{formatting.minus(format(test['estimate'], '.2f'))}"
        if rare
        else f"P below {formatting.significant(boundary['p_value'])}; "
        f"{formatting.p_text(test['p_value'])}"
    )
    words = (
        f"At {boundary['at']:.0%} of the planned {boundary['endpoint']} events the boundary "
        f"asks for {asks}: {verdict}."
    )
    repeated = _row(results, Statistic.HAZARD_RATIO_REPEATED, analysis=Analysis.MONITORING)
    adjusted = _row(results, Statistic.LOGRANK_REPEATED, analysis=Analysis.MONITORING)
    if _known(repeated) and _known(adjusted):
        words += (
            f" Corrected for the repeated looks: {formatting.p_text(adjusted['p_value'])}, hazard "
            f"ratio {_interval(repeated)}."
        )
    yield "Repeated looks", words


def growth(results: pd.DataFrame, study: Study) -> list[str]:
    """Say how the evidence has moved, what it may claim today, and how much longer it takes."""
    return list(_growth(results, study))


def _growth(results: pd.DataFrame, study: Study) -> Iterator[str]:
    endpoint, labels = study.endpoints[0], labels_of(study)
    first = rows_of(results)(
        analysis=Analysis.EVIDENCE, endpoint=endpoint, statistic=Statistic.FIRST_SIGNIFICANT
    )
    for row in first.itertuples():
        if (row.contrast, row.population) == (ARM, "all"):
            who = f"{labels['experimental']} against {labels['control']}"
        elif row.contrast == MARKER and row.population in ("control", "experimental"):
            who = f"{labels['high']} against low, {labels[row.population]}"
        elif pd.isna(row.contrast):
            who = "treatment-by-marker interaction at the cut-off"
        else:
            continue
        said = note_in_words(row.note, study)
        # the interaction at the cut-off has no contrast, and rests on the cut-off as well
        rests_on_cutoff = row.contrast == MARKER or pd.isna(row.contrast)
        naive = study.cutoff.is_data_driven and rests_on_cutoff and pd.notna(row.estimate)
        yield f"{endpoint}, {who}: {said}" + (
            " P is not corrected for cut-off selection." if naive else ""
        )
    for _, words in _looks(results, study):
        yield words
    powers = _estimates(
        results,
        Analysis.MONITORING,
        Statistic.CONDITIONAL_POWER_PLANNED,
        Statistic.CONDITIONAL_POWER,
        Statistic.PREDICTIVE_POWER,
    )
    if powers:
        planned, trend, predictive = powers
        contrast = study.monitoring.contrast if study.monitoring else ARM
        first, plan = labels[CONTRASTS[contrast][0]], study.planned
        side = "shorter" if plan is not None and plan.hazard_ratio > 1 else "longer"
        of = endpoint if plan is None else plan.endpoint
        yield (
            f"If the study runs to its planned events, it will show {side} {of} with {first} with "
            "a probability of "
            f"{formatting.chance(planned)} should the planned effect be true, "
            f"{formatting.chance(trend)} should the effect seen go on, "
            f"{formatting.chance(predictive)} with today's uncertainty about it (conditional "
            "power under the planned effect and under the effect seen; predictive power)."
        )
    for model, what in (
        (Model.PLANNED_EFFECT, "the planned effect of treatment"),
        (Model.PLANNED_INTERACTION, "the planned interaction"),
    ):
        date = _row(results, Statistic.MONTHS_TO_EVENTS, analysis=Analysis.MONITORING, model=model)
        if date is not None and isinstance(date["note"], str):
            yield f"To show {what}: {lower_first(date['note'])}"


def story(
    study: Study,
    provenance: pd.DataFrame,
    quality: pd.DataFrame,
    flow: pd.DataFrame,
    results: pd.DataFrame,
) -> list[str]:
    """Tell a refresh in a few lines, from the exports to the answer; the tables are `report`'s."""
    about = dict(zip(provenance["name"], provenance["value"], strict=True))
    lines = quality[quality["kind"] == "lines"]
    told = [f"Cut {about['cut']} holds {delivered(provenance)}."]
    # where small counts are hidden, a sum would be wrong
    if lines["n"].notna().all():
        became = lines.groupby("name", sort=False)["n"].sum()
        parts = ", ".join(f"{n:.0f} {name}" for name, n in became.items() if n)
        told.append(f"{_counted(became.sum(), 'line')} arrived: {parts or 'nothing in them'}.")
    told.append(arrivals(flow))
    cut = _row(results, Statistic.CUTOFF, analysis=Analysis.CUTOFF)
    if _known(cut):
        value = formatting.plain(cut["estimate"])
        said = value if is_count(study) else at_unit(value, study)
        told.append(f"{upper_first(marker_in_question(study))} is called high from {said} on.")
    return [*told, *answer(results, study), *(words for _, words in _looks(results, study))]


def delivered(provenance: pd.DataFrame) -> str:
    """Say which files a cut holds: "20 files of 4 deliveries, 2019-12-31 to 2023-12-31"."""
    about = dict(zip(provenance["name"], provenance["value"], strict=True))
    names = provenance.loc[provenance["kind"] == "delivery", "name"]
    days = sorted({day for name in names for day in re.findall(r"\d{4}-\d\d-\d\d", str(name))})
    files = _counted(len(names), "file")
    if len(days) < 2:
        return f"{files} of {about['last_export']}"
    return f"{files} of {len(days)} deliveries, {days[0]} to {days[-1]}"


def arrivals(flow: pd.DataFrame) -> str:
    """Say how many patients arrived and how many are analysed."""
    people = {row["kind"]: count_of(row, "n") for row in flow.to_dict("records")}
    arrived, analysed = people["arrived"], people["analysed"]
    noun = "patient" if arrived == "1" else "patients"
    if arrived == "0":
        return "No patients arrived."
    if arrived == analysed:
        return f"{arrived} {noun} arrived and {_is(arrived)} analysed."
    return f"{arrived} {noun} arrived, {none_of(analysed)} {_is(analysed)} analysed."


def none_of(count: str) -> str:
    """Write a count of patients in a sentence: none in place of 0."""
    return "none" if count == "0" else count


def _is(count: str) -> str:
    return "is" if count in ("0", "1") else "are"


def _interval(row: pd.Series | None) -> str:
    assert row is not None
    return formatting.in_sentence(row)


def _known(row: pd.Series | None) -> TypeGuard[pd.Series]:
    return row is not None and bool(pd.notna(row["estimate"]))


def _estimates(results: pd.DataFrame, analysis: Analysis, *statistics: Statistic) -> list[float]:
    """Return the estimates of some statistics, or none where one of them is missing."""
    rows = [_row(results, name, analysis=analysis) for name in statistics]
    return [float(row["estimate"]) for row in rows if _known(row)] if all(map(_known, rows)) else []


def _row(results: pd.DataFrame, statistic: Statistic, **of: Unpack[Of]) -> pd.Series | None:
    found = rows_of(results)(statistic=statistic, **of)
    found = found[found["term"].isna()]
    return None if found.empty else found.iloc[0]
