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
from il6_platform.figures.labels import Where, at_unit, model_term, note_in_words, with_unit
from il6_platform.manuscript.methods import recruited
from il6_platform.report import formatting as journal
from il6_platform.report.reader import Cut
from il6_platform.report.sentences import answer, delivered
from il6_platform.report.tables import count_of
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


def remark(cut: Cut, place: Place) -> list[Item]:
    """Judge the 20 items of REMARK."""
    said = _Said(cut, place)
    study, endpoints = cut.study, cut.study.endpoints
    answers: list[tuple[str, str, Answer]] = [
        (
            "Objectives",
            "The marker examined, the objectives, and any pre-specified hypotheses",
            (
                "Title; study file (published)",
                f"{study.marker.label}; {claims(study)} set beside",
            ),
        ),
        (
            "Patients",
            "Characteristics of the patients, their source, inclusion and exclusion criteria",
            said.at("Methods, Design and patients", "baseline", value=said.flow()),
        ),
        (
            "Treatments",
            "Treatments received and how they were chosen",
            ("Methods, Design and patients", said.assignment()),
        ),
        (
            "Specimens",
            "Type of biological material, its preservation and storage",
            said.missing("the exports do not say material, tube or storage"),
        ),
        (
            "Assay",
            "The assay, its protocol, quality control, reproducibility, and blinding",
            said.assay(),
        ),
        (
            "Design",
            "Case selection, period of enrolment, end of follow-up, median follow-up",
            said.followed(),
        ),
        (
            "Endpoints",
            "All clinical endpoints, precisely defined",
            ("Methods, Endpoints", ", ".join([*endpoints, "objective response"])),
        ),
        ("Candidate variables", "All variables considered for the models", said.covariates()),
        (
            "Sample size",
            "Rationale for the sample size; target power and effect size",
            said.planned(),
        ),
        (
            "Statistical methods",
            "All methods, selection of variables, assumptions, missing data",
            ("Methods, Statistical analysis", "no selection of variables"),
        ),
        (
            "Marker values",
            "How marker values were handled, how cut-points were determined",
            said.estimate(
                "Methods, Marker",
                "cutoff",
                say=f"{at_unit('{}', study)} ({study.cutoff.method})",
                write=journal.plain,
                analysis=Analysis.CUTOFF,
                statistic=Statistic.CUTOFF,
            ),
        ),
        (
            "Flow and events",
            "Flow of patients, reasons for dropout, patients and events of each subgroup",
            said.at(
                "Methods, Design and patients",
                "flow",
                *(f"survival_{endpoint}" for endpoint in endpoints),
                value=f"{said.flow()}; {said.events()}",
            ),
        ),
        (
            "Distributions",
            "Demographic and prognostic variables and the marker, with missing values",
            said.at(None, "baseline", value=said.unknown()),
        ),
        (
            "Marker and prognostic variables",
            "The relation of the marker to standard prognostic variables",
            said.counted(
                "baseline",
                "standardised differences of the marker groups",
                analysis=Analysis.BASELINE,
                statistic=Statistic.STANDARDIZED_DIFFERENCE,
                contrast="high vs low",
            ),
        ),
        (
            "Univariable analyses",
            "Marker and outcome with estimated effect; Kaplan-Meier plot",
            said.estimate(
                None,
                f"survival_{endpoints[0]}",
                *(f"km_{endpoint}" for endpoint in endpoints),
                say=f"{endpoints[0]}, high vs low: hazard ratio {{}}",
                analysis=Analysis.SURVIVAL,
                endpoint=endpoints[0],
                population=Group.ALL,
                contrast="high vs low",
                statistic=Statistic.HAZARD_RATIO_SCORE,
            ),
        ),
        (
            "Multivariable analyses",
            "Effects with intervals of the marker and all other variables of the model",
            said.multivariable("MARKERGR[high]"),
        ),
        (
            "Standard variables",
            "An analysis with marker and standard variables, whatever their significance",
            said.counted(
                f"cox_{endpoints[0]}",
                "terms, none selected",
                analysis=Analysis.COX,
                model=Model.MULTIVARIABLE,
                endpoint=endpoints[0],
                statistic=Statistic.HAZARD_RATIO,
            ),
        ),
        (
            "Further investigations",
            "Checks of assumptions, sensitivity analyses, internal validation",
            said.analyses("validity", "sensitivity", "small_sample", "weighting", "continuous"),
        ),
        (
            "Interpretation",
            "Results in the context of the hypotheses and of other studies; limitations",
            said.missing("the discussion is the authors' to write; limits stand in table notes"),
        ),
        (
            "Implications",
            "Implications for future research and clinical value",
            said.missing("the discussion is the authors' to write"),
        ),
    ]
    return [Item("REMARK", n, *one[:2], *one[2]) for n, one in enumerate(answers, start=1)]


def strobe(cut: Cut, place: Place) -> list[Item]:
    """Judge the 22 items of STROBE for cohort studies."""
    said = _Said(cut, place)
    study, endpoints = cut.study, cut.study.endpoints
    authors = "the authors' to write"
    answers: list[tuple[str, str, Answer]] = [
        (
            "Title and abstract",
            "The design in title or abstract; an informative summary",
            said.missing("the abstract is the authors' to write"),
        ),
        ("Background", "Scientific background and rationale", said.missing(authors)),
        (
            "Objectives",
            "Specific objectives, with pre-specified hypotheses",
            ("Title; study file (published)", claims(study)),
        ),
        (
            "Study design",
            "Key elements of the design, early in the paper",
            ("Methods, Design and patients", "observational cohort from registry exports"),
        ),
        (
            "Setting",
            "Setting, locations, dates of recruitment, exposure, follow-up, data collection",
            (
                "Methods, Design and patients; missing: location"
                + ("" if recruited(cut) else ", dates of recruitment"),
                f"{recruited(cut)}{delivered(cut.tables['provenance'])}",
            ),
        ),
        (
            "Participants",
            "Eligibility, sources and methods of selection, methods of follow-up",
            said.at("Methods, Design and patients", "flow", value=said.flow()),
        ),
        (
            "Variables",
            "Outcomes, exposures, predictors, confounders, effect modifiers",
            said.covariates(),
        ),
        (
            "Measurement",
            "Sources of data and methods of assessment of each variable",
            (
                "Methods, Marker and Endpoints; missing: the assay of the marker",
                f"{with_unit(study)}, {study.response_criteria}",
            ),
        ),
        (
            "Bias",
            "Efforts to address potential sources of bias",
            said.analyses("weighting", "sensitivity"),
        ),
        ("Study size", "How the study size was arrived at", said.planned()),
        (
            "Quantitative variables",
            "How they were handled, which groupings were chosen and why",
            said.estimate(
                "Methods, Marker",
                "cutoff",
                say=f"{at_unit('{}', study)} ({study.cutoff.method})",
                write=journal.plain,
                analysis=Analysis.CUTOFF,
                statistic=Statistic.CUTOFF,
            ),
        ),
        (
            "Statistical methods",
            "All methods: confounding, subgroups and interactions, missing data, loss to "
            "follow-up, sensitivity",
            (
                "Methods, Statistical analysis",
                f"{cut.results['method'].dropna().nunique()} methods named in report.results",
            ),
        ),
        (
            "Participants",
            "Numbers at each stage, reasons for leaving, flow diagram",
            said.at("Methods, Design and patients", "flow", value=said.flow()),
        ),
        (
            "Descriptive data",
            "Characteristics, missing values of each variable, follow-up time",
            said.at(
                None,
                "baseline",
                *(f"landmarks_{endpoint}" for endpoint in endpoints),
                value=said.unknown(),
            ),
        ),
        (
            "Outcome data",
            "Numbers of events or summary measures over time",
            said.at(None, *(f"survival_{endpoint}" for endpoint in endpoints), value=said.events()),
        ),
        (
            "Main results",
            "Unadjusted and adjusted estimates with precision; category boundaries; absolute risks",
            said.multivariable("ARM[experimental]"),
        ),
        (
            "Other analyses",
            "Subgroups, interactions, sensitivity analyses",
            said.estimate(
                None,
                "interaction",
                f"subgroups_{endpoints[0]}",
                say=f"{endpoints[0]}: ratio of hazard ratios {{}}",
                analysis=Analysis.INTERACTION,
                statistic=Statistic.RATIO_OF_HAZARD_RATIOS,
                endpoint=endpoints[0],
            ),
        ),
        (
            "Key results",
            "Key results with reference to the objectives",
            (
                "Opening sentences; results.xlsx, sheet headline",
                " ".join(answer(cut.results, study)),
            ),
        ),
        ("Limitations", "Limitations, sources of bias or imprecision", said.missing(authors)),
        ("Interpretation", "A cautious overall interpretation", said.missing(authors)),
        ("Generalisability", "External validity", said.missing(authors)),
        ("Funding", "Source of funding, role of the funders", said.missing(authors)),
    ]
    return [Item("STROBE", n, *one[:2], *one[2]) for n, one in enumerate(answers, start=1)]


def claims(study: Study) -> str:
    """Say how many published claims a study file holds."""
    n = len(study.published)
    return f"{n or 'no'} published claim{'' if n == 1 else 's'}"


class _Said:
    """What this cut's manuscript says, looked up in its numbers."""

    def __init__(self, cut: Cut, place: Place) -> None:
        self.cut, self.place = cut, place

    def missing(self, why: str) -> Answer:
        return f"missing: {why}", ""

    def assignment(self) -> str:
        randomised = self.cut.study.is_randomised
        return "assigned at random" if randomised else "not assigned by the study"

    def assay(self) -> Answer:
        """Say what the study file knows of the assay."""
        cv = self.cut.study.marker.assay_cv
        if cv is None:
            return self.missing("the exports name no assay, kit or coefficient of variation")
        return (
            "Methods, Marker; missing: assay, kit, quality control, blinding",
            f"coefficient of variation {cv:.2%}".replace(".00%", "%"),
        )

    def followed(self) -> Answer:
        """Say when patients were recruited and how long they were followed."""
        last = self.cut.study.endpoints[-1]
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
        endpoints = self.cut.study.endpoints
        return self.estimate(
            None,
            *(f"cox_{endpoint}" for endpoint in endpoints),
            say=f"{endpoints[0]}, adjusted: hazard ratio {{}}, {model_term(term, self.cut.study)}",
            analysis=Analysis.COX,
            model=Model.MULTIVARIABLE,
            endpoint=endpoints[0],
            statistic=Statistic.HAZARD_RATIO,
            term=term,
        )

    def covariates(self) -> Answer:
        named = [item.title for item in self.cut.study.covariates]
        if not named:
            return self.missing("the study file names no covariates")
        return "Methods, Statistical analysis", ", ".join(["arm", "marker group", *named])

    def planned(self) -> Answer:
        planned = self.cut.study.planned
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
            for endpoint in self.cut.study.endpoints
        ]  # fmt: skip
        return ", ".join(
            singular(f"{endpoint} {count_of(row.to_dict(), 'events')} events")
            for endpoint, row in found
            if row is not None
        )

    def unknown(self) -> str:
        rows = self.cut.rows(analysis=Analysis.MISSING, statistic=Statistic.MISSING)
        named = rows[rows["term"].notna() & (rows["estimate"] > 0)]
        said = ", ".join(f"{row.term} {row.estimate:.0f}" for row in named.itertuples())
        return f"missing values: {said or 'none'}"
