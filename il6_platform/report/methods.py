"""The methods section, written from what was really run.

Belongs here: sentences made of the study file's choices and of the `method` that each estimate
carries. Does not belong here: the tables and figures (`tables`, `pictures`), the document around
them (`manuscript`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from il6_platform.report.pictures import Report, rows_of
from il6_platform.study import EventOutcome, Study

BELOW = {"half": "half the limit", "limit": "the limit", "zero": "zero"}
PACKAGES = ("lifelines", "scikit-learn", "statsmodels", "scipy", "duckdb")
CITATIONS = (
    "Davidson-Pilon C. lifelines: survival analysis in Python. J Open Source Softw 2019;4:1317.",
    "Pedregosa F, et al. Scikit-learn: machine learning in Python. J Mach Learn Res "
    "2011;12:2825-2830.",
    "Seabold S, Perktold J. Statsmodels: econometric and statistical modeling with Python. Proc "
    "9th Python in Science Conf 2010.",
    "Eisenhauer EA, et al. New response evaluation criteria in solid tumours: revised RECIST "
    "guideline (version 1.1). Eur J Cancer 2009;45:228-247.",
)
OWN_SIZE = {
    r"\bto \d+\.\d+": "to the end of common follow-up",
    r"exact: all \d+ splits": "exact where there are few enough splits",
}
ANALYSES = {
    "cutoff": "The cut-off",
    "validity": "What its choosing on the same data costs",
    "response": "Response",
    "survival": "Survival",
    "cox": "Models",
    "interaction": "Whether the marker predicts the treatment's effect",
    "small_sample": "Small samples",
    "continuous": "The marker without a cut-off",
    "weighting": "Arms that were not randomised",
    "missing": "Missing values",
    "multiplicity": "Several tests",
    "sensitivity": "Sensitivity",
    "monitoring": "Looks at growing data",
}


def paragraphs(report: Report, provenance: pd.DataFrame) -> list[str]:
    """Return the methods section, a paragraph each: patients, marker, then every analysis."""
    study = report.study
    about = _values(provenance, "cut")
    return [
        _patients(report, about),
        _marker(study),
        *(
            f"{words}: {'; '.join(_methods(report.results, name))}."
            for name, words in ANALYSES.items()
            if _methods(report.results, name)
        ),
        _software(study, provenance),
    ]


def _patients(report: Report, about: Mapping[str, str]) -> str:
    flow = report.flow
    arrived = int(flow.loc[flow["kind"] == "arrived", "n"].sum())
    analysed = int(flow.loc[flow["kind"] == "analysed", "n"].sum())
    study = report.study
    response = "confirmed" if study.confirm_response else "unconfirmed"
    return (
        f"Of {arrived} patients in the registry (exports of {about['first_export']} to "
        f"{about['last_export']}, data cut {about['cut']}) {analysed} were analysed. Time zero was "
        f"the start of first-line treatment; the arm was {study.arms.experimental_label} where "
        f"{study.arms.experimental_drug} started within {study.arms.arm_window_days} days of it, "
        f"otherwise {study.arms.control_label}. Response was the best overall response by RECIST "
        f"1.1 up to progression or new therapy, {response}. Progression-free survival ended with "
        "progression or death, censored at the last adequate assessment; overall survival with "
        "death, censored at last contact. Months are days / 30.4375. The arms were not randomised."
    )


def _marker(study: Study) -> str:
    marker, cut = study.marker, study.cutoff
    first, last = marker.window_days
    sentence = (
        f"{marker.label} ({marker.unit}) was the last result from day {first} to day {last}; below "
        f"the limit of quantification {BELOW[marker.below_loq]} was taken. A patient was high "
        "where it was at or above the cut-off, "
    )
    asked = cut.outcome
    if cut.method == "fixed":
        return sentence + f"{cut.value:g} as fixed beforehand."
    if cut.method == "median":
        return sentence + "the median."
    if cut.method == "maxstat":
        return sentence + "the value with the largest standardised log-rank statistic."
    if isinstance(asked, EventOutcome):
        left = (
            "weighted for those censored before"
            if asked.censored == "weighted"
            else "those censored before left out"
        )
        return (
            sentence + f"the observed value with the largest Youden index for {asked.endpoint} by "
            f"{asked.by_months:g} months, {left}."
        )
    return sentence + "the observed value with the largest Youden index for response."


def _methods(results: pd.DataFrame, analysis: str) -> list[str]:
    """Return what was run, once each; what differs by a comparison's own size is one method."""
    found = rows_of(results)(analysis=analysis)["method"].dropna()
    for size, words in OWN_SIZE.items():
        found = found.str.replace(size, words, regex=True)
    return [str(words) for words in dict.fromkeys(found)]


def _software(study: Study, provenance: pd.DataFrame) -> str:
    versions, code = _values(provenance, "version"), _values(provenance, "code")
    used = ", ".join(f"{name} {versions[name]}" for name in PACKAGES if name in versions)
    return (
        "Tests are two-sided, intervals cover 95%. Resampling used "
        f"{study.replicates} replicates, seed {study.seed}. Software: il6_platform "
        f"{code.get('il6_platform', '')} on Python {versions.get('python', '')} ({used})."
    )


def _values(provenance: pd.DataFrame, kind: str) -> dict[str, str]:
    rows = provenance[provenance["kind"] == kind]
    return dict(zip(rows["name"], rows["value"], strict=True))
