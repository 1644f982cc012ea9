"""The abstract and the results section, written from `report.results` with the hedges it demands.

Belongs here: the sections' paragraphs. Does not belong here: the methods (`methods`), what a
conclusion may say (`report.sentences`, `report.readings`), a journal's headings (`styles`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pandas as pd

from il6_platform.analysis.cohort import ARM, COMPARISONS, CONTRASTS, MARKER
from il6_platform.analysis.names import Analysis, Group, Statistic
from il6_platform.figures.kaplan_meier import group_of
from il6_platform.figures.labels import (
    at_unit,
    is_count,
    labels_of,
    marker_in_question,
    upper_first,
)
from il6_platform.manuscript.methods import followed_by, recruited
from il6_platform.report import formatting as journal
from il6_platform.report import readings, sentences
from il6_platform.report.reader import Cut
from il6_platform.report.sayings import Saying
from il6_platform.statistics.codes import singular
from il6_platform.study import Study, listed, lower_first

Place = Callable[[str], str | None]
"""Key of a table or figure of the manuscript -> what it is called there, or None."""


OF_PATIENTS = ("flow", "baseline", "study_course")
OF_AN_ENDPOINT = (
    *("km", "km_marker", "survival", "landmarks", "comparisons", "cox", "multivariable"),
    *("subgroups", "panel"),
)
OF_THE_MARKER = ("cutoff", "roc", "laboratory_cutoffs", "interaction")
"""Tables and figures that a paragraph cites, in its order."""

NOT_CORRECTED = ", not corrected for cut-off selection"


def abstract(cut: Cut) -> dict[str, str]:
    """Return the parts of a structured abstract: what is asked, how, what was found and means."""
    study = cut.study
    disease = f" in {study.disease}" if study.disease else ""
    design = "randomised study" if study.is_randomised else "observational cohort study"
    answer = sentences.answer(cut.results, study)
    certain = dict(sentences.certainty(cut.results, study))
    return {
        "background": f"This study asks whether {marker_in_question(study)} before treatment "
        f"predicts who benefits from {study.arms.experimental_drug}{disease}.",
        "methods": f"In this {design} of registry data, {study.arms.experimental_label} was "
        f"compared with {study.arms.control_label} for {listed(study.endpoints)}, by "
        f"{marker_in_question(study)}. {_rule(cut)} The treatment-by-marker interaction decides, "
        "without a cut-off where it can be estimated so.",
        "results": " ".join(
            [
                f"{sentences.arrivals(cut.tables['flow'])} {recruited(cut)}".strip(),
                *answer,
                *(certain[name] for name in ("Cut-off", "Not randomised") if name in certain),
            ]
        ),
        "conclusions": " ".join([*map(_without_numbers, answer), _caution(cut)]).strip(),
        "funding": "missing: the authors' to write.",
    }


def _rule(cut: Cut) -> str:
    found = cut.row(analysis=Analysis.CUTOFF, statistic=Statistic.CUTOFF)
    rule = cut.study.cutoff
    if found is None or pd.isna(found["estimate"]):
        return "No cut-off could be determined."
    how = "chosen on these patients" if rule.is_data_driven else "not chosen by their outcomes"
    return f"The cut-off of {at_unit(journal.plain(found['estimate']), cut.study)} was {how}."


def _without_numbers(sentence: str) -> str:
    """Return a sentence of the answer without the numbers that follow it in brackets.

    A label may have brackets of its own, and so may the numbers.

    Examples
    --------
    >>> _without_numbers("IL-6 (serum) tells who benefits (P = 0.01 (log-rank)).")
    'IL-6 (serum) tells who benefits.'
    """
    depth = 0
    for place in range(len(sentence) - 2, -1, -1) if sentence.endswith(").") else ():
        depth += {")": 1, "(": -1}.get(sentence[place], 0)
        if depth == 0:
            return f"{sentence[:place].rstrip()}."
    return sentence


def _caution(cut: Cut) -> str:
    """Say how far the answer to the marker's question goes."""
    found = readings.product(cut.results, cut.study, cut.study.endpoints[0])
    if found.primary is None or found.is_shown:
        return ""
    if found.is_only_at_cutoff:
        return "At the cut-off it is shown; the test without a cut-off, which decides, does not."
    doublings = 1.0 if found.uncut is None else readings.marker_spread(cut.results)
    saying = readings.compatible_with(found.primary, doublings)
    words = {
        Saying.NOT_PREDICTIVE_WIDE: "The data are compatible with a large difference and with "
        "none.",
        Saying.NOT_PREDICTIVE_NARROW: "The data speak against a large difference.",
    }
    return words.get(saying, "")


def results(cut: Cut, find: Place, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give the results section's paragraphs, each a heading and its text.

    Each of the tables is cited: where the text speaks of it, else with the last paragraph.
    """
    study = cut.study
    cited: set[str] = set()

    def place(key: str) -> str | None:
        cited.add(key)
        return find(key)

    yield "Patients", _patients(cut, place)
    response = " ".join(_response(cut, place))
    if response:
        yield "Response", response
    for endpoint in study.endpoints:
        said = " ".join(_survival(cut, endpoint, place))
        if said:
            yield study.known_endpoints[endpoint].label, said
    yield (
        f"{upper_first(marker_in_question(study))} and the effect of treatment",
        " ".join([*_of_the_marker(cut), _see(*map(place, OF_THE_MARKER))]).strip(),
    )
    certain = [said for name, said in sentences.certainty(cut.results, study) if name != "Size"]
    others = [name for key in tables if key not in cited and (name := place(key))]
    if others:
        certain.append(f"Further analyses are given in {', '.join(others)}.")
    if certain:
        yield "How far the results go", " ".join(certain)


def _of_the_marker(cut: Cut) -> list[str]:
    """Return the sentences of the answer that are of the marker, not of the treatment."""
    of_treatment = {
        *(Saying.LEAD_LONGER, Saying.LEAD_SHORTER, Saying.LEAD_NO_EFFECT),
        Saying.LEAD_NO_ESTIMATE,
    }
    said = sentences.answer(cut.results, cut.study)
    return [str(one) for one in said if of_treatment.isdisjoint(one.codes)]


def _is_naive(population: str, contrast: str, study: Study) -> bool:
    """Say whether the data chose the groups that a comparison is of."""
    by_marker = contrast == MARKER or population.startswith("marker_")
    return by_marker and study.cutoff.is_data_driven


def _patients(cut: Cut, place: Place) -> str:
    said = [f"{sentences.arrivals(cut.tables['flow'])} {recruited(cut)}".strip()]
    age = {
        statistic: cut.row(
            analysis=Analysis.BASELINE, term="age", grp=None, contrast=None, statistic=statistic
        )
        for statistic in (Statistic.MEDIAN, Statistic.Q1, Statistic.Q3)
    }
    median, low, high = age.values()
    known = all(row is not None and pd.notna(row["estimate"]) for row in age.values())
    if known and median is not None and low is not None and high is not None:
        limits = journal.interval(low["estimate"], high["estimate"], journal.plain)
        said.append(
            f"The median age was {journal.plain(median['estimate'])} years (interquartile range "
            f"{limits})."
        )
    last = followed_by(cut.study)
    follow_up = _of(cut, last, Statistic.FOLLOW_UP_MEDIAN, None)
    if follow_up is not None and pd.notna(follow_up["estimate"]):
        said.append(f"Median follow-up for {last} was {_months(follow_up)} (reverse Kaplan-Meier).")
    return " ".join([*said, _see(*map(place, OF_PATIENTS))]).strip()


def _response(cut: Cut, place: Place) -> Iterator[str]:
    judged = cut.row(
        analysis=Analysis.RESPONSE,
        endpoint="BOR",
        term="NE",
        statistic=Statistic.RATE,
        population=Group.ALL,
        contrast=None,
        grp=None,
    )
    told = judged is not None and pd.notna(judged["n"]) and pd.notna(judged["events"])
    if judged is not None and told and judged["n"] == judged["events"]:
        if judged["n"]:
            yield "No patient had an adequate assessment of response."
        return
    for population, contrast in COMPARISONS:
        first, second = CONTRASTS[contrast]
        rates = [
            cut.row(
                analysis=Analysis.RESPONSE,
                endpoint="ORR",
                statistic=Statistic.RATE,
                population=Group.ALL,
                contrast=None,
                grp=group_of(population, name),
            )
            for name in (first, second)
        ]
        test = cut.row(
            analysis=Analysis.RESPONSE,
            endpoint="ORR",
            population=population,
            contrast=contrast,
            statistic=Statistic.FISHER_EXACT,
        )
        if test is None or any(rate is None or pd.isna(rate["estimate"]) for rate in rates):
            continue
        shares = [
            f"{rate['events']:.0f} of {rate['n']:.0f} ({journal.percent(rate['estimate'])}%) with "
            f"{_with(name, cut.study)}"
            for rate, name in zip(rates, (first, second), strict=True)
            if rate is not None
        ]
        naive = _is_naive(population, contrast, cut.study) and pd.notna(test["p_value"])
        yield (
            f"In {_who(population, cut.study)}, {' and '.join(shares)} had an objective response "
            f"(Fisher's exact test, {journal.p_text(test['p_value'])}"
            + (f"{NOT_CORRECTED})." if naive else ").")
        )
    if place("response"):
        yield _see(place("response"), place("response_comparisons"), place("waterfall"))


def _survival(cut: Cut, endpoint: str, place: Place) -> Iterator[str]:
    study = cut.study
    for population, contrast in COMPARISONS:
        found = readings.comparison(cut.results, study, endpoint, population, contrast)
        medians = [
            _of(cut, endpoint, Statistic.MEDIAN, group_of(population, name))
            for name in CONTRASTS[contrast]
        ]
        if found.p_value is None or not all(map(_is_told, medians)):
            continue
        ratio = "not estimable" if found.ratio is None else journal.in_sentence(found.ratio)
        of = " and ".join(
            f"{_months(row)} with {_with(name, study)}"
            for row, name in zip(medians, CONTRASTS[contrast], strict=True)
            if row is not None
        )
        test = f"log-rank {journal.p_text(found.p_value)}"
        if found.corrected is not None:
            test += f", {journal.p_number(found.corrected)} after correction for cut-off selection"
        elif _is_naive(population, contrast, study):
            test += NOT_CORRECTED
        yield (
            f"In {_who(population, study)}, median {endpoint} was {of} (hazard ratio {ratio}; "
            f"{test})."
        )
    if study.known_endpoints[endpoint].competing:
        yield f"In medians of {endpoint}, competing events count as censored."
    effect = readings.comparison(cut.results, study, endpoint, Group.ALL, ARM)
    if effect.ratio is not None and pd.notna(effect.ratio["events"]):
        events = singular(f"{effect.ratio['events']:.0f} events")
        yield f"The comparison of the arms rests on {events}."
    elif effect.ratio is None:
        yield str(sentences.effect_on(endpoint, cut.results, study))
    yield _see(*(place(f"{key}_{endpoint}") for key in OF_AN_ENDPOINT))


def _who(population: str, study: Study) -> str:
    """Return what a sentence calls the patients who are in."""
    level = population.removeprefix("marker_")
    if level != population:
        return f"patients with {_with(level, study)}"
    words = labels_of(study)[population]
    return words if population == Group.ALL else f"patients on {lower_first(words)}"


def _with(name: str, study: Study) -> str:
    """Return what patients of a group have, as a sentence calls it after "with"."""
    if name not in (Group.HIGH, Group.LOW):
        return labels_of(study)[name]
    marker = study.marker.label
    return f"a {name} number of {lower_first(marker)}" if is_count(study) else f"{name} {marker}"


def _of(cut: Cut, endpoint: str, statistic: Statistic, group: str | None) -> pd.Series | None:
    return cut.row(
        analysis=Analysis.SURVIVAL,
        endpoint=endpoint,
        statistic=statistic,
        population=Group.ALL,
        grp=group,
    )


def _is_told(row: pd.Series | None) -> bool:
    """Say whether a median is known, or known not to be reached: one that is hidden is neither."""
    return row is not None and bool(pd.notna(row["estimate"]) or journal.is_not_reached(row))


def _months(row: pd.Series) -> str:
    """Write a time with its interval as a sentence has it."""
    if pd.isna(row["estimate"]):
        return "not reached"
    if pd.isna(row["ci_low"]) and pd.isna(row["ci_high"]):
        return f"{journal.months(row['estimate'])} months (interval not estimable)"
    limits = journal.interval(row["ci_low"], row["ci_high"], journal.months)
    return f"{journal.months(row['estimate'])} months (95% CI {limits})"


def _see(*places: str | None) -> str:
    """Point to tables and figures; to none that is not there."""
    named = [place for place in places if place]
    return f"({', '.join(named)})" if named else ""
