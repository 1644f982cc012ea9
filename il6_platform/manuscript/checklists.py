"""REMARK and STROBE: where each item of a guideline stands, with its value, or that it is missing.

Belongs here: what an item asks, and where this cut answers it, judged on its numbers. Does not
belong here: the answers themselves; what only authors know is said to be missing, never guessed.
Sources: McShane et al., Br J Cancer 2005;93:387-391 and Altman et al., PLoS Med 2012;9:e1001216
(REMARK, 20 items); von Elm et al., Lancet 2007;370:1453-1457 (STROBE for cohorts, 22 items).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from typing import Unpack

import pandas as pd

from il6_platform.analysis.names import Analysis, Group, Model, Statistic
from il6_platform.figures.labels import (
    Where,
    at_unit,
    model_term,
    note_in_words,
    term_namer,
    with_unit,
)
from il6_platform.manuscript.methods import followed_by, recruited
from il6_platform.report import formatting as journal
from il6_platform.report.formatting import count_of
from il6_platform.report.reader import Cut
from il6_platform.report.sentences import answer, delivered
from il6_platform.statistics.codes import singular
from il6_platform.study import Study, lower_first

Place = Callable[[str], str | None]
"""Key of a table or figure of the manuscript -> what it is called there, or None."""


@dataclass(frozen=True)
class Item:
    """An item: what it asks, where the manuscript answers it, with which value.

    Attributes
    ----------
    where
        Section, table, figure or query; begins with `missing: ` where nothing does, and says
        `; missing: ` what of it is not answered.
    value
        What is said there.
    """

    guideline: str
    number: int
    topic: str
    asks: str
    where: str
    value: str

    @property
    def is_missing(self) -> bool:
        """Whether the manuscript does not answer it: there is no text of it."""
        return self.where.startswith("missing: ") or not self.value

    @property
    def is_partial(self) -> bool:
        """Whether the manuscript answers a part of it."""
        return not self.is_missing and "missing: " in self.where


Answer = tuple[str, str]
"""Where, and which value."""


def frame(items: list[Item]) -> pd.DataFrame:
    """Return items as a table."""
    columns = [field.name for field in fields(Item)]
    return pd.DataFrame([astuple(item) for item in items], columns=columns)


def claims(study: Study) -> str:
    """Say how many published claims a study file holds."""
    n = len(study.published)
    return f"{n or 'no'} published claim{'' if n == 1 else 's'}"


RULES = {
    "youden": "largest Youden index",
    "maxstat": "maximally selected log-rank statistic",
    "interaction": "largest interaction with treatment",
    "median": "median",
    "fixed": "fixed beforehand",
}
"""What a rule for the cut-off is called."""


class _Said:
    """What this cut's manuscript says, looked up in its numbers."""

    def __init__(self, cut: Cut, place: Place) -> None:
        self.cut, self.place = cut, place

    @property
    def study(self) -> Study:
        return self.cut.study

    @property
    def endpoints(self) -> list[str]:
        return list(self.study.endpoints)

    def by_endpoint(self, kind: str) -> list[str]:
        """Return the keys of a kind of table or figure, one an endpoint."""
        return [f"{kind}_{endpoint}" for endpoint in self.endpoints]

    def setting(self) -> Answer:
        """Say when patients were recruited and what was delivered; where is not known."""
        dates = recruited(self.cut)
        unknown = "location" if dates else "location, dates of recruitment"
        where = f"Methods, Design and patients; missing: {unknown}"
        return where, f"{dates}{delivered(self.cut.tables['provenance'])}"

    def patients(self) -> Answer:
        return self.at("Methods, Design and patients", "flow", value=self.flow())

    def cutoff(self) -> Answer:
        return self.estimate(
            "Methods, Marker",
            "cutoff",
            say=f"{at_unit('{}', self.study)} ({RULES[self.study.cutoff.method]})",
            write=journal.plain,
            analysis=Analysis.CUTOFF,
            statistic=Statistic.CUTOFF,
        )

    def by_marker(self) -> Answer:
        """Say the first endpoint's hazard ratio of the marker group."""
        first = self.endpoints[0]
        return self.estimate(
            None,
            f"survival_{first}",
            *self.by_endpoint("km"),
            say=f"{first}, high vs low: hazard ratio {{}}",
            analysis=Analysis.SURVIVAL,
            endpoint=first,
            population=Group.ALL,
            contrast="high vs low",
            statistic=Statistic.HAZARD_RATIO_SCORE,
        )

    def interaction(self) -> Answer:
        first = self.endpoints[0]
        return self.estimate(
            None,
            "interaction",
            f"subgroups_{first}",
            say=f"{first}: ratio of hazard ratios {{}}",
            analysis=Analysis.INTERACTION,
            statistic=Statistic.RATIO_OF_HAZARD_RATIOS_PROFILE,
            endpoint=first,
        )

    def differences(self) -> Answer:
        return self.counted(
            "baseline",
            "standardised differences of the marker groups",
            analysis=Analysis.BASELINE,
            statistic=Statistic.STANDARDIZED_DIFFERENCE,
            contrast="high vs low",
        )

    def terms(self) -> Answer:
        return self.counted(
            f"cox_{self.endpoints[0]}",
            "terms, none selected",
            analysis=Analysis.COX,
            model=Model.MULTIVARIABLE,
            endpoint=self.endpoints[0],
            statistic=Statistic.HAZARD_RATIO,
        )

    def missing(self, why: str) -> Answer:
        return f"missing: {why}", ""

    def assignment(self) -> str:
        randomised = self.study.is_randomised
        return "assigned at random" if randomised else "not assigned by the study"

    def assay(self) -> Answer:
        """Say what the study file knows of the assay."""
        cv = self.study.marker.assay_cv
        if cv is None:
            return self.missing("the exports name no assay, kit or coefficient of variation")
        return (
            "Methods, Marker; missing: assay, kit, quality control, blinding",
            f"coefficient of variation {cv:.2%}".replace(".00%", "%"),
        )

    def followed(self) -> Answer:
        """Say when patients were recruited and how long they were followed."""
        last = followed_by(self.study)
        where, value = self.estimate(
            "Methods, Design and patients",
            f"landmarks_{last}",
            say=f"Median follow-up {{}} months ({last}).",
            analysis=Analysis.SURVIVAL,
            statistic=Statistic.FOLLOW_UP_MEDIAN,
            endpoint=last,
            population=Group.ALL,
            grp=None,
        )
        dates = recruited(self.cut)
        if not value and dates:
            why = where.removeprefix("missing: ")
            where = f"Methods, Design and patients; missing: median follow-up {why}"
        elif value and not dates:
            where += "; missing: period of enrolment"
        return where, f"{dates}{value}".strip()

    def at(self, section: str | None, *keys: str, value: str) -> Answer:
        places = [section, *(self.place(key) for key in keys)]
        named = [one for one in places if one]
        return ("; ".join(named), value) if named else self.missing("nothing to show")

    def estimate(
        self,
        section: str | None,
        *keys: str,
        say: str = "{}",
        write: Callable[[object], str] = journal.ratio,
        **where: Unpack[Where],
    ) -> Answer:
        """Look an estimate up; one that could not be made is missing, and why."""
        row = self.cut.row(**where)
        if row is None or pd.isna(row["estimate"]):
            why = "" if row is None else note_in_words(row["note"], self.cut.study)
            said = lower_first(why.rstrip(".")) or "it is not among this cut's results"
            return self.missing(f"not estimable ({said})")
        if where.get("statistic") == "follow_up_median":
            write = journal.months
        return self.at(section, *keys, value=say.format(journal.with_interval(row, write)))

    def counted(self, key: str, words: str, **where: Unpack[Where]) -> Answer:
        n = int(self.cut.rows(**where)["estimate"].notna().sum())
        if not n:
            return self.missing(f"no {words.partition(',')[0]}")
        return self.at(None, key, value=f"{n} {words}")

    def analyses(self, *names: str) -> Answer:
        counts = {
            name: int(self.cut.rows(analysis=name)["estimate"].notna().sum()) for name in names
        }
        made = {name: n for name, n in counts.items() if n}
        if not made:
            return self.missing("none of them could be made")
        said = ", ".join(f"{name} {n} estimates" for name, n in made.items())
        sheets = "sheet" if len(made) == 1 else "sheets"
        return f"results.xlsx, {sheets} {', '.join(made)}", said

    def multivariable(self, term: str) -> Answer:
        endpoints = self.endpoints
        return self.estimate(
            None,
            *(f"cox_{endpoint}" for endpoint in endpoints),
            say=f"{endpoints[0]}, adjusted: hazard ratio {{}}, "
            f"{model_term(term, self.cut.study, self.cut.results)}",
            analysis=Analysis.COX,
            model=Model.MULTIVARIABLE,
            endpoint=endpoints[0],
            statistic=Statistic.HAZARD_RATIO,
            term=term,
        )

    def covariates(self) -> Answer:
        named = [item.title for item in self.study.covariates]
        if not named:
            return self.missing("the study file names no covariates")
        return "Methods, Statistical analysis", ", ".join(["arm", "marker group", *named])

    def planned(self) -> Answer:
        planned = self.study.planned
        if planned is None:
            return self.missing("the study file gives no rationale (planned)")
        value = f"hazard ratio {planned.hazard_ratio:g}, power {planned.power:.0%}"
        return "Methods, Sample size; results.xlsx, sheet monitoring", value

    def flow(self) -> str:
        arrived, analysed = self.cut.patients("arrived"), self.cut.patients("analysed")
        return f"{arrived} arrived, {analysed} analysed"

    def events(self) -> str:
        found = [
            (endpoint, self.cut.row(
                analysis=Analysis.SURVIVAL, statistic=Statistic.MEDIAN, endpoint=endpoint,
                population=Group.ALL, grp=None,
            ))
            for endpoint in self.study.endpoints
        ]  # fmt: skip
        return ", ".join(
            singular(f"{endpoint} {count_of(row.to_dict(), 'events')} events")
            for endpoint, row in found
            if row is not None
        )

    def unknown(self) -> str:
        rows = self.cut.rows(analysis=Analysis.MISSING, statistic=Statistic.MISSING)
        named = rows[rows["term"].notna() & (rows["estimate"] > 0)]
        name = term_namer(self.study)
        said = ", ".join(f"{name(str(row.term))} {row.estimate:.0f}" for row in named.itertuples())
        return f"missing values: {said or 'none'}"


Asked = tuple[str, str, Callable[[_Said], Answer]]
"""An item of a guideline: its topic, what it asks, and how this cut answers it."""


def _missing(why: str) -> Callable[[_Said], Answer]:
    """Answer that the manuscript does not say it."""
    return lambda said: said.missing(why)


FOR_AUTHORS = _missing("the authors' to write")

REMARK: tuple[Asked, ...] = (
    (
        "Objectives",
        "The marker examined, the objectives, and any pre-specified hypotheses",
        lambda said: (
            "Title; study file (published)",
            f"{said.study.marker.label}; {claims(said.study)} set beside",
        ),
    ),
    (
        "Patients",
        "Characteristics of the patients, their source, inclusion and exclusion criteria",
        lambda said: said.at("Methods, Design and patients", "baseline", value=said.flow()),
    ),
    (
        "Treatments",
        "Treatments received and how they were chosen",
        lambda said: ("Methods, Design and patients", said.assignment()),
    ),
    (
        "Specimens",
        "Type of biological material, its preservation and storage",
        _missing("the exports do not say material, tube or storage"),
    ),
    (
        "Assay",
        "The assay, its protocol, quality control, reproducibility, and blinding",
        _Said.assay,
    ),
    (
        "Design",
        "Case selection, period of enrolment, end of follow-up, median follow-up",
        _Said.followed,
    ),
    (
        "Endpoints",
        "All clinical endpoints, precisely defined",
        lambda said: ("Methods, Endpoints", ", ".join([*said.endpoints, "objective response"])),
    ),
    ("Candidate variables", "All variables considered for the models", _Said.covariates),
    ("Sample size", "Rationale for the sample size; target power and effect size", _Said.planned),
    (
        "Statistical methods",
        "All methods, selection of variables, assumptions, missing data",
        lambda said: ("Methods, Statistical analysis", "no selection of variables"),
    ),
    (
        "Marker values",
        "How marker values were handled, how cut-points were determined",
        _Said.cutoff,
    ),
    (
        "Flow and events",
        "Flow of patients, reasons for dropout, patients and events of each subgroup",
        lambda said: said.at(
            "Methods, Design and patients",
            "flow",
            *said.by_endpoint("survival"),
            value=f"{said.flow()}; {said.events()}",
        ),
    ),
    (
        "Distributions",
        "Demographic and prognostic variables and the marker, with missing values",
        lambda said: said.at(None, "baseline", value=said.unknown()),
    ),
    (
        "Marker and prognostic variables",
        "The relation of the marker to standard prognostic variables",
        _Said.differences,
    ),
    (
        "Univariable analyses",
        "Marker and outcome with estimated effect; Kaplan-Meier plot",
        _Said.by_marker,
    ),
    (
        "Multivariable analyses",
        "Effects with intervals of the marker and all other variables of the model",
        lambda said: said.multivariable("MARKERGR[high]"),
    ),
    (
        "Standard variables",
        "An analysis with marker and standard variables, whatever their significance",
        _Said.terms,
    ),
    (
        "Further investigations",
        "Checks of assumptions, sensitivity analyses, internal validation",
        lambda said: said.analyses(
            "validity", "sensitivity", "small_sample", "weighting", "continuous"
        ),
    ),
    (
        "Interpretation",
        "Results in the context of the hypotheses and of other studies; limitations",
        _missing("the discussion is the authors' to write; limits stand in table notes"),
    ),
    (
        "Implications",
        "Implications for future research and clinical value",
        _missing("the discussion is the authors' to write"),
    ),
)

STROBE: tuple[Asked, ...] = (
    (
        "Title and abstract",
        "The design in title or abstract; an informative summary",
        # the guideline is asked of observational studies alone
        lambda said: ("Abstract, Methods", "observational cohort study of registry data"),
    ),
    ("Background", "Scientific background and rationale", FOR_AUTHORS),
    (
        "Objectives",
        "Specific objectives, with pre-specified hypotheses",
        lambda said: ("Title; study file (published)", claims(said.study)),
    ),
    (
        "Study design",
        "Key elements of the design, early in the paper",
        lambda said: (
            "Methods, Design and patients",
            "observational cohort from registry exports",
        ),
    ),
    (
        "Setting",
        "Setting, locations, dates of recruitment, exposure, follow-up, data collection",
        _Said.setting,
    ),
    (
        "Participants",
        "Eligibility, sources and methods of selection, methods of follow-up",
        _Said.patients,
    ),
    (
        "Variables",
        "Outcomes, exposures, predictors, confounders, effect modifiers",
        _Said.covariates,
    ),
    (
        "Measurement",
        "Sources of data and methods of assessment of each variable",
        lambda said: (
            "Methods, Marker and Endpoints; missing: the assay of the marker",
            f"{with_unit(said.study)}, {said.study.response_criteria}",
        ),
    ),
    (
        "Bias",
        "Efforts to address potential sources of bias",
        lambda said: said.analyses("weighting", "sensitivity"),
    ),
    ("Study size", "How the study size was arrived at", _Said.planned),
    (
        "Quantitative variables",
        "How they were handled, which groupings were chosen and why",
        _Said.cutoff,
    ),
    (
        "Statistical methods",
        "All methods: confounding, subgroups and interactions, missing data, loss to "
        "follow-up, sensitivity",
        lambda said: (
            "Methods, Statistical analysis",
            f"{said.cut.results['method'].dropna().nunique()} methods named in report.results",
        ),
    ),
    (
        "Participants",
        "Numbers at each stage, reasons for leaving, flow diagram",
        _Said.patients,
    ),
    (
        "Descriptive data",
        "Characteristics, missing values of each variable, follow-up time",
        lambda said: said.at(
            None, "baseline", *said.by_endpoint("landmarks"), value=said.unknown()
        ),
    ),
    (
        "Outcome data",
        "Numbers of events or summary measures over time",
        lambda said: said.at(None, *said.by_endpoint("survival"), value=said.events()),
    ),
    (
        "Main results",
        "Unadjusted and adjusted estimates with precision; category boundaries; absolute risks",
        lambda said: said.multivariable("ARM[experimental]"),
    ),
    ("Other analyses", "Subgroups, interactions, sensitivity analyses", _Said.interaction),
    (
        "Key results",
        "Key results with reference to the objectives",
        lambda said: (
            "Abstract; Results; results.xlsx, sheet headline",
            " ".join(answer(said.cut.results, said.study)),
        ),
    ),
    ("Limitations", "Limitations, sources of bias or imprecision", FOR_AUTHORS),
    ("Interpretation", "A cautious overall interpretation", FOR_AUTHORS),
    ("Generalisability", "External validity", FOR_AUTHORS),
    ("Funding", "Source of funding, role of the funders", FOR_AUTHORS),
)


def remark(cut: Cut, place: Place) -> list[Item]:
    """Judge the 20 items of REMARK."""
    return _judged("REMARK", REMARK, cut, place)


def strobe(cut: Cut, place: Place) -> list[Item]:
    """Judge the 22 items of STROBE for cohort studies."""
    return _judged("STROBE", STROBE, cut, place)


def _judged(guideline: str, asked: tuple[Asked, ...], cut: Cut, place: Place) -> list[Item]:
    """Judge the items of a guideline, numbered from 1."""
    said = _Said(cut, place)
    return [
        Item(guideline, n, topic, asks, *judge(said))
        for n, (topic, asks, judge) in enumerate(asked, start=1)
    ]
