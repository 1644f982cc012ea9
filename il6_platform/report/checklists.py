"""REMARK and STROBE: where each item of the reporting guidelines stands, or that it is missing.

Belongs here: the items in short and where the report answers them, judged on the report. Does not
belong here: the answers. Sources: McShane et al., J Natl Cancer Inst 2005;97:1180-1184 and Altman
et al., PLoS Med 2012;9:e1001216 (REMARK, 20 items); von Elm et al., Lancet 2007;370:1453-1457
(STROBE for cohort studies, 22 items).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from il6_platform.report.pictures import Report, rows_of

MISSING = "missing: "


@dataclass(frozen=True)
class Item:
    """One item of a guideline: its number, what it asks, and where it stands."""

    guideline: str
    number: str
    asks: str
    where: str

    @property
    def is_missing(self) -> bool:
        """Whether the report does not answer it."""
        return self.where.startswith(MISSING)


def checklists(report: Report, provenance: pd.DataFrame) -> pd.DataFrame:
    """Return both checklists: guideline, item, asks, where, is_missing."""
    items = [*_remark(report), *_strobe(report, provenance)]
    return pd.DataFrame(
        [(i.guideline, i.number, i.asks, i.where, i.is_missing) for i in items],
        columns=["guideline", "item", "asks", "where", "is_missing"],
    )


class _Judge:
    """Says where something stands, after looking whether it is there."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.of: Callable[..., pd.DataFrame] = rows_of(report.results)

    def estimated(self, where: str, lacking: str, **rows: str) -> str:
        """Return `where` if the results hold an estimate of such rows, else why it is missing."""
        found = self.of(**rows)
        return where if found["estimate"].notna().any() else MISSING + lacking

    def given(self, is_given: object, where: str, lacking: str) -> str:
        """Return `where` if the study gives it, else that it does not."""
        return where if is_given else MISSING + lacking


def _remark(report: Report) -> list[Item]:
    study, judge = report.study, _Judge(report)
    marker = study.marker
    events = judge.of(analysis="survival", statistic="median", population="all", grp=None)
    counted = "; ".join(f"{r.endpoint}: {r.events} events" for r in events.itertuples())
    unknown = "the study file does not hold it; write it by hand"
    items = [
        (
            "Marker, objectives and hypotheses",
            f"Title; opening question; marker {marker.label} ({marker.unit})",
        ),
        (
            "Characteristics of patients: source, inclusion and exclusion",
            "Patient flow (figure, report.flow); Methods, patients",
        ),
        (
            "Treatments received and how chosen",
            f"Methods, patients: {study.arms.experimental_label} or {study.arms.control_label}; "
            "not randomised",
        ),
        (
            "Type of biological material and its handling",
            f"{MISSING}{unknown} (sample, tube, storage)",
        ),
        ("Assay method and its reproducibility, limits", f"{MISSING}{unknown} (assay, kit, CV)"),
        (
            "Study design, period of enrolment, end of follow-up, median follow-up",
            judge.estimated(
                "Methods, patients; report.results analysis=survival statistic=follow_up_median",
                "no follow-up can be estimated",
                analysis="survival",
                statistic="follow_up_median",
            ),
        ),
        ("Clinical endpoints defined", "Methods, patients (PFS, OS, RECIST 1.1)"),
        (
            "Candidate variables",
            judge.given(
                study.covariates,
                "Study file, covariates: " + ", ".join(c.title for c in study.covariates),
                "the study file names no covariates",
            ),
        ),
        (
            "Rationale for sample size",
            judge.given(
                study.planned,
                "report.results analysis=monitoring: events required for the planned effect, power "
                "of those there are",
                "the study file plans no effect (`planned`)",
            ),
        ),
        ("Statistical methods, missing data", "Methods, an analysis each; analysis=missing"),
        (
            "Handling of marker values, cut-points",
            "Methods, marker and cut-off; analyses cutoff, validity, cutoff_scan, continuous",
        ),
        ("Flow of patients, numbers of events", f"Patient flow; {counted}"),
        (
            "Demographic and prognostic characteristics, missing values",
            "Table 1; analysis=missing (missing)",
        ),
        (
            "Relation of the marker to standard prognostic variables",
            "Table 1 by marker group; standardised differences (analysis=baseline)",
        ),
        (
            "Univariable analyses of marker and outcome with estimates",
            judge.estimated(
                "Survival tables; Kaplan-Meier figures; analysis=cox model=univariable",
                "no hazard ratio can be estimated",
                analysis="cox",
                model="univariable",
                statistic="hazard_ratio",
            ),
        ),
        (
            "Multivariable analyses with estimates and intervals",
            judge.estimated(
                "Cox tables; analysis=cox model=multivariable",
                "the multivariable model cannot be fitted",
                analysis="cox",
                model="multivariable",
                statistic="hazard_ratio",
            ),
        ),
        (
            "Estimated effects with intervals in a model with all variables",
            judge.estimated(
                "Cox tables and forest figures",
                "the multivariable model cannot be fitted",
                analysis="cox",
                model="multivariable",
                statistic="hazard_ratio",
            ),
        ),
        (
            "Further investigations: assumptions, sensitivity, internal validation",
            judge.estimated(
                "Proportional hazards (Cox tables); analyses sensitivity, validity, weighting, "
                "small_sample",
                "the assumptions cannot be tested",
                statistic="proportional_hazards",
            ),
        ),
        (
            "Interpretation in the light of hypotheses; limitations",
            "Opening sentences and headline table with its readings; discussion to be written",
        ),
        ("Implications for research and clinical value", f"{MISSING}to be written by the authors"),
    ]
    return [Item("REMARK", str(n), *item) for n, item in enumerate(items, start=1)]


def _strobe(report: Report, provenance: pd.DataFrame) -> list[Item]:
    study, judge = report.study, _Judge(report)
    authors = f"{MISSING}to be written by the authors"
    cut = provenance.loc[provenance["name"] == "cut", "value"]
    items = [
        ("Title and abstract: design, summary", "Title; opening sentences of the report"),
        ("Background and rationale", authors),
        ("Objectives", "Opening question; published claims in the headline table"),
        ("Study design", "Methods, patients: registry cohort, arms not randomised"),
        (
            "Setting, locations, dates",
            "Methods, patients (exports, data cut); location to be added by the authors",
        ),
        ("Eligibility, sources, follow-up of participants", "Patient flow; Methods, patients"),
        ("Variables defined", "Methods; data dictionary (duckdb_columns, exchange dictionary)"),
        ("Data sources and measurement", "Methods, marker; assay to be added by the authors"),
        (
            "Bias",
            judge.estimated(
                "analysis=weighting (balance, weights, E-value); landmark analysis",
                "weights cannot be estimated",
                analysis="weighting",
                statistic="hazard_ratio",
            ),
        ),
        (
            "Study size",
            judge.given(study.planned, "analysis=monitoring", "no effect is planned"),
        ),
        ("Quantitative variables: groupings and why", "Methods, marker and cut-off"),
        ("Statistical methods, subgroups, missing data, sensitivity", "Methods; note and method"),
        ("Participants at each stage", "Patient flow (figure, report.flow)"),
        ("Descriptive data, missing values, follow-up", "Table 1; analysis=missing; follow-up"),
        ("Outcome data: numbers of events", "Survival tables (events/n)"),
        ("Main results: unadjusted and adjusted with precision", "Survival and Cox tables"),
        ("Other analyses: subgroups, interactions", "analyses subgroups, interaction, continuous"),
        ("Key results", "Opening sentences; headline table"),
        ("Limitations", "Hedges of the opening sentences; notes; the authors' discussion"),
        ("Interpretation", authors),
        ("Generalisability", authors),
        ("Funding", authors),
    ]
    assert len(cut) == 1
    return [Item("STROBE", str(n), *item) for n, item in enumerate(items, start=1)]
