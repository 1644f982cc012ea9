"""The methods section, written from what was run: the study's choices, and each result's method.

Belongs here: the section's paragraphs. Does not belong here: what an analysis' own methods are
called and whom to cite for them; that is in its `SPEC`. A method that no row of `report.results`
was made by is not said; one that its analysis declares no phrase for is said in its own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

import pandas as pd

from il6_platform.analysis.cutoff import cutoff_endpoint
from il6_platform.analysis.names import Analysis, Model, Statistic
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.sensitivity import ESTIMAND
from il6_platform.analysis.spec import Technique, Topic, analyses
from il6_platform.figures.labels import (
    at_unit,
    is_count,
    is_dimensionless,
    labels_of,
    marker_in_question,
    upper_first,
)
from il6_platform.report import formatting as journal
from il6_platform.report.formatting import count_of
from il6_platform.report.reader import Cut
from il6_platform.report.sentences import delivered, none_of
from il6_platform.report.synthetic_flag import SYNTHETIC
from il6_platform.study import Estimand, EventOutcome, Study, listed
from il6_platform.time_units import DAYS_PER_MONTH


@dataclass
class Citations:
    """Papers in the order in which they are first cited."""

    order: list[str] = field(default_factory=list)

    def cite(self, *papers: str) -> str:
        """Return the bracketed numbers of papers."""
        self.order += [paper for paper in papers if paper not in self.order]
        numbers = sorted(self.order.index(paper) + 1 for paper in papers)
        return f" [{','.join(map(str, numbers))}]" if papers else ""

    def references(self) -> list[str]:
        """Return what was cited, in the order of its numbers."""
        return list(self.order)


def methods(cut: Cut, citations: Citations) -> Iterator[tuple[str, str]]:
    """Give the section's paragraphs, each a heading and its text."""
    study, about = cut.study, cut.about
    yield "Design and patients", _design(cut)
    marker, (first, last) = study.marker, study.marker.window_days
    unit = "" if is_count(study) or is_dimensionless(study) else f" ({marker.unit})"
    if marker.is_derived:
        unit = f" ({marker.expression}, of one sample)"
    limit = {
        "half": "half of the limit",
        "limit": "the limit",
        "zero": "zero",
    }[marker.below_loq]
    cv = ""
    if marker.assay_cv is not None:
        cv = f" The assay's coefficient of variation is {marker.assay_cv:.2%}.".replace(".00%", "%")
    yield (
        "Marker",
        f"{upper_first(marker_in_question(study))}{unit} was the last result from day "
        f"{journal.minus(str(first))} to day {journal.minus(str(last))} of the start of "
        "treatment; a result below the limit of quantification was "
        f"taken as {limit}.{cv} " + _cutoff(cut, citations),
    )
    defined = [study.known_endpoints[name] for name in study.endpoints]
    cited = citations.cite(Paper.RECIST) if "RECIST" in study.response_criteria else ""
    confirmed = "confirmed after four weeks" if study.confirm_response else "without confirmation"
    yield (
        "Endpoints",
        " ".join(one.sentence() for one in defined)
        + f" Months are days / {DAYS_PER_MONTH}. Response was judged by {study.response_criteria}"
        f"{cited}, {confirmed}, best up to progression or new therapy; a patient without "
        "assessment is not evaluable."
        + (f" Follow-up was cut at {about['censored_on']}." if about.get("censored_on") else ""),
    )
    if not study.is_randomised:
        yield "Target trial", _target_trial(cut, citations)
    if study.estimand is not None:
        yield "Estimand", _estimand(cut, study.estimand, citations)
    if study.locked_on is not None:
        yield "Specified beforehand", _locked(cut)
    yield "Statistical analysis", " ".join(_statistics(cut, citations))
    planned = study.planned
    yield (
        "Sample size",
        "missing: the study file plans no effect and no power."
        if planned is None
        else f"The planned effect is a hazard ratio of {planned.hazard_ratio:g} for "
        f"{planned.endpoint} with power {planned.power:.0%} at a two-sided alpha of "
        f"{planned.alpha:g}{citations.cite(Paper.SCHOENFELD)}; " + _required(cut),
    )
    flow = cut.tables["flow"]
    analysed = flow.loc[flow["kind"] == "analysed", "n"].fillna(0).sum()
    resamples, fewer = study.resamples(int(analysed)), ""
    if resamples < study.replicates:
        fewer = f" ({study.replicates} of up to 10,000 patients)"
    versions = cut.tables["provenance"]
    versions = versions[versions["kind"] == "version"]
    named = ", ".join(
        f"{name} {value}" for name, value in zip(versions["name"], versions["value"], strict=True)
    )
    yield (
        "Software and reproducibility",
        f"il6_platform {about['il6_platform']} with {named}; seed {study.seed}, "
        f"{resamples} resamples{fewer}. Data cut {cut.name}, study file SHA-256 "
        f"{about['sha256'][:12]}. The report follows REMARK{citations.cite(Paper.REMARK)}"
        + ("; " if study.is_randomised else f" and STROBE{citations.cite(Paper.STROBE)}; ")
        + ("the checklist says" if study.is_randomised else "the checklists say")
        + " where each item stands.",
    )


def _target_trial(cut: Cut, citations: Citations) -> str:
    """Say which trial the comparison of the arms stands in for, and where it differs from it."""
    study = cut.study
    labels, window = labels_of(study), study.arms.arm_window_days
    # papers are numbered as they are read
    trial = citations.cite(Paper.TARGET_TRIAL)
    made = {
        analysis: cut.rows(analysis=analysis)["estimate"].notna().any()
        for analysis in (Analysis.WEIGHTING, Analysis.SENSITIVITY)
    }
    immortal = (
        f" The arm is known by day {window} only, so who starts the drug late was bound to live "
        f"until then{citations.cite(Paper.SUISSA)}: the comparison from day {window} on stands "
        "beside the one from time zero (analysis sensitivity)."
        if window and made[Analysis.SENSITIVITY]
        else ""
    )
    disease = f" for {study.disease}" if study.disease else ""
    return (
        f"The comparison of the arms stands in for a trial{trial} of "
        f"patients who start first-line treatment{disease}, assigned to {labels['experimental']} "
        f"or {labels['control']} on that day, which is time zero, and followed for "
        f"{listed(study.endpoints)}. In the registry nobody was assigned: the arms may differ "
        "in what was not measured"
        + (
            ", and weighting (analysis weighting) balances what was."
            if made[Analysis.WEIGHTING]
            else "; weighting for what was measured gave no estimate."
        )
        + immortal
    )


def _estimand(cut: Cut, asked: Estimand, citations: Citations) -> str:
    events = "; ".join(
        f"{name.replace('_', ' ')} by the {how.replace('_', ' ')} strategy"
        for name, how in asked.intercurrent_events.items()
    )
    rows = cut.rows(analysis=Analysis.SENSITIVITY)
    rows = rows[rows["model"] == ESTIMAND]
    carried_out = (
        "Its comparison stands in analysis sensitivity."
        if rows["estimate"].notna().any()
        else "No strategy but treatment policy is carried out: the others are, on "
        "progression-free survival alone."
    )
    if all(how == "treatment_policy" for how in asked.intercurrent_events.values()):
        carried_out = "Its comparison is the main analysis."
    return (
        f"The estimand{citations.cite(Paper.ESTIMANDS)} is of {asked.population}; treatment: "
        f"{asked.treatment}; endpoint: {asked.endpoint}; intercurrent events: "
        f"{events or 'none declared'}; summary measure: {asked.summary_measure}. " + carried_out
    )


def _locked(cut: Cut) -> str:
    study, flags = cut.study, cut.results["prespecified"].dropna()
    said = (
        "before the first data arrived: every result was specified beforehand"
        if len(flags) and flags.all()
        else "when data had arrived already, so no result counts as specified beforehand"
    )
    digest = f"its content has the SHA-256 {study.content_digest[:12]}"
    if not study.is_as_locked:
        said = "but says otherwise now, so no result counts as specified beforehand"
        digest += f", not {(study.locked_digest or '')[:12]} as when it was locked"
    return f"The study file was locked on {study.locked_on}, {said}; {digest}."


def _design(cut: Cut) -> str:
    study, labels = cut.study, labels_of(cut.study)
    flow = cut.tables["flow"]
    # a hidden count is null: somebody left for that reason
    left = flow[(flow["kind"] == "excluded") & flow["n"].fillna(1).gt(0)].to_dict("records")
    reasons = "; ".join(f"{step['label'].lower()}, {count_of(step, 'n')}" for step in left)
    arms = [count_of(step, "n") for step in flow[flow["kind"] == "arm"].to_dict("records")]
    drug, disease = study.arms.experimental_drug, study.disease
    design = "a randomised study" if study.is_randomised else "an observational cohort study"
    assigned = (
        "Treatment was assigned at random, as the study file states; "
        if study.is_randomised
        else "Treatment was not assigned by the study: "
    )
    arrived, analysed = cut.patients("arrived"), cut.patients("analysed")
    return (
        f"This is {design} of registry data{f' on {disease}' if disease else ''}: "
        f"{delivered(cut.tables['provenance'])}. "
        + (f"{SYNTHETIC} " if cut.is_synthetic else "")
        + f"Of {arrived} patient{'' if arrived == '1' else 's'} who arrived, {none_of(analysed)} "
        f"{'was' if analysed in ('0', '1') else 'were'} analysed"
        f"{f' (not analysed: {reasons})' if reasons else ''}. {recruited(cut)}"
        f"{assigned}patients in whom {drug} began within {study.arms.arm_window_days} days of the "
        "start of first-line treatment are "
        f"called {labels['experimental']} ({_n(arms[1])}), all others {labels['control']} "
        f"({_n(arms[0])})."
    )


def _n(count: str) -> str:
    """Write how many a group has: n=24, and n<5 where that is hidden."""
    return f"n{count}" if count.startswith("<") else f"n={count}"


def recruited(cut: Cut) -> str:
    """Say when the analysed patients began treatment and were last seen; empty without dates."""
    first, last, seen = (cut.about.get(name) for name in ("first_start", "last_start", "last_seen"))
    if not first or not last:
        return ""
    began = f"in {first}" if first == last else f"between {first} and {last}"
    return f"Treatment began {began}" + (f", and follow-up ran to {seen}. " if seen else ". ")


def followed_by(study: Study) -> str:
    """Return the endpoint whose censoring says how long patients were followed: OS, or the last."""
    return "OS" if "OS" in study.endpoints else study.endpoints[-1]


def _cutoff(cut: Cut, citations: Citations) -> str:
    rule = cut.study.cutoff
    found = cut.row(analysis=Analysis.CUTOFF, statistic=Statistic.CUTOFF)
    value = None if found is None or pd.isna(found["estimate"]) else found["estimate"]
    said = "could not be determined"
    if value is not None:
        said = f"was {at_unit(journal.plain(value), cut.study)}"
    outcome = rule.outcome
    if rule.method in ("maxstat", "interaction"):
        # they look at the whole of an endpoint, which the study file need not name
        of = f" for {cutoff_endpoint(cut.study)}"
    elif isinstance(outcome, EventOutcome):
        of = f" for {outcome.endpoint}"
        if outcome.by_months is not None:
            of += f" by {outcome.by_months:g} months"
            competes = cut.study.known_endpoints[outcome.endpoint].competing
            of += (
                ", the censored weighted"
                if outcome.censored == "weighted"
                else ", those censored or with a competing event before left out"
                if competes
                else ", those censored before left out"
            )
    else:
        of = " for response" if outcome == "response" else ""
    match rule.method:
        case "youden":
            how = f"at the largest Youden index of the ROC curve{of}{citations.cite(Paper.YOUDEN)}"
        case "maxstat":
            how = f"at the maximally selected log-rank statistic{of}"
            how += citations.cite(Paper.LAUSEN, Paper.HOTHORN)
        case "interaction":
            how = f"where its interaction with treatment{of} is largest (likelihood ratio)"
        case "median":
            how = "at the median"
        case "fixed":
            how = "fixed beforehand"
    chosen = ""
    if rule.is_data_driven:
        chosen = (
            f" Cut-offs that leave less than {rule.min_share:.0%} of the patients, or fewer than "
            f"{rule.min_patients}, on either side were not considered."
        )
        if cut.study.chooses_direction:
            chosen += " Whether a higher marker means more events was taken from these data, too."
        if value is not None:
            chosen = " It was chosen on the data that it is judged on." + chosen
    at = "A patient is high where the marker is at or above the cut-off"
    return f"{at}, {how}; it {said}.{chosen}"


def _statistics(cut: Cut, citations: Citations) -> Iterator[str]:
    run = cut.results.dropna(subset=["method"])
    chosen: list[Technique] = []
    further: set[str] = set()
    for name, one in analyses().items():
        rows = run[run["analysis"] == name]
        known = rows["statistic"].isin(one.spec.said_elsewhere)
        for each in one.spec.techniques:
            uses = rows["statistic"].isin(each.statistics)
            if each.model is not None:
                uses &= rows["model"] == each.model
            if each.when is not None:
                uses &= each.when(cut.study)
            known |= uses
            if uses.any():
                chosen.append(each)
        further |= set(rows.loc[~known, "method"])
    # cited as they are read, so the phrases are put in the topics' order first
    said = {
        topic: list(
            dict.fromkeys(
                each.phrase + citations.cite(*each.papers) for each in chosen if each.topic == topic
            )
        )
        for topic in Topic
    }
    yield "Tests are two-sided, intervals are 95%, P values are unadjusted unless it is said."
    for topic in Topic:
        if said[topic]:
            begins = str(topic)
            if topic is Topic.ARMS and cut.study.is_randomised:
                begins = "Balance of the arms: "
            sentence = f"{begins}{'; '.join(said[topic])}."
            if topic == Topic.MODELS:
                sentence += f" {_multivariable(cut)}"
            yield sentence
    if further:
        yield f"Further: {'; '.join(sorted(further))}."


def _multivariable(cut: Cut) -> str:
    """Say which variables the multivariable models hold: who is one group is no variable."""
    rows = cut.rows(
        analysis=Analysis.COX, model=Model.MULTIVARIABLE, statistic=Statistic.HAZARD_RATIO
    )
    known = rows.loc[rows["estimate"].notna(), "term"].dropna().map(lambda t: t.partition("[")[0])
    titles = {"ARM": "arm", "MARKERGR": "marker group"}
    titles |= {item.name: item.title for item in cut.study.covariates}
    named = [title for name, title in titles.items() if name in set(known)]
    if not named:
        return "No multivariable model could be fitted."
    return (
        f"The multivariable model holds {', '.join(named)}; no variable was selected by its P "
        "value."
    )


def _required(cut: Cut) -> str:
    needed = cut.row(analysis=Analysis.MONITORING, statistic=Statistic.REQUIRED_EVENTS)
    power = cut.row(analysis=Analysis.MONITORING, statistic=Statistic.POWER)
    if needed is None or power is None or pd.isna(needed["estimate"]):
        return "the events that this requires were not computed."
    seen = count_of(needed.to_dict(), "events")
    return (
        f"this requires {ceil(needed['estimate'])} events, {seen} "
        f"{'was' if seen == '1' else 'were'} seen, with which the power is "
        f"{journal.chance(power['estimate'])}."
    )
