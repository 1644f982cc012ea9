"""The tables of a paper, as text: baseline, response, survival, Cox models, interaction.

Belongs here: which estimates stand in which cell and how a journal writes them. Does not belong
here: where a table is shown (`page`, `manuscript`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from il6_platform.analysis.cohort import ARM, COMPARISONS, CONTRASTS
from il6_platform.figures.kaplan_meier import group_of
from il6_platform.figures.style import number, p_number
from il6_platform.report.pictures import Report, labels_of, rows_of, term_namer

GROUPS = ("control", "experimental", "high", "low")
CELLS = ("control/low", "control/high", "experimental/low", "experimental/high")
BEST = ("CR", "PR", "SD", "PD", "NE")


@dataclass(frozen=True)
class Table:
    """A table: title, heads, rows of text, and the note under it."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""


def tables(report: Report) -> list[Table]:
    """Return every table of the paper, in its order."""
    endpoints = report.study.endpoints
    return [
        baseline(report),
        response(report),
        response_compared(report),
        *(survival(report, endpoint) for endpoint in endpoints),
        *(cox(report, endpoint) for endpoint in endpoints),
        interaction(report),
    ]


def baseline(report: Report) -> Table:
    """Patients before treatment, by arm and by marker group (table 1)."""
    labels, name = labels_of(report.study), term_namer(report.study)
    rows = rows_of(report.results)(analysis="baseline")
    body = []
    for term in dict.fromkeys(rows.loc[rows["contrast"].isna(), "term"]):
        mine = rows[(rows["term"] == term) & rows["contrast"].isna()]
        cells = [
            _described(mine[mine["grp"].isna() if group is None else mine["grp"] == group])
            for group in (None, *GROUPS)
        ]
        if not any(cells):
            continue
        base = str(term).partition("[")[0]
        gap = rows[(rows["term"] == base) & (rows["contrast"] == ARM)]["estimate"]
        body.append([name(str(term)), *cells, number(_float(gap.iloc[0])) if len(gap) else ""])
    return Table(
        "Patients before treatment",
        ["Variable", "All", *(labels[group] for group in GROUPS), "Difference"],
        body,
        "Median (quartiles) or number (share). Difference: standardised difference of the arms.",
    )


def response(report: Report) -> Table:
    """Best overall response, objective response and disease control by group."""
    labels, of = labels_of(report.study), rows_of(report.results)
    body = []
    for group in (None, *GROUPS, *CELLS):
        where: dict[str, Any] = {"analysis": "response", "population": "all", "grp": group}
        best = of(**where, endpoint="BOR").set_index("term")
        counts = [_counted(best[best.index == b], "events") for b in BEST]
        rates = [_share(of(**where, endpoint=e, statistic="rate")) for e in ("ORR", "DCR")]
        n = _counted(best, "n")
        called = "All patients" if group is None else _group(group, labels)
        body.append([called, n, *counts, *rates])
    return Table(
        "Best overall response (RECIST 1.1)",
        ["Patients", "n", *BEST, "Objective response (95% CI)", "Disease control (95% CI)"],
        body,
        "NE counts as no response. Intervals by Wilson's method.",
    )


def response_compared(report: Report) -> Table:
    """Objective response in every comparison."""
    labels, of = labels_of(report.study), rows_of(report.results)
    body = []
    for population, contrast in COMPARISONS:
        found = of(
            analysis="response", endpoint="ORR", population=population, contrast=contrast
        ).set_index("statistic")
        exact = of(
            analysis="small_sample", endpoint="ORR", population=population, contrast=contrast
        ).set_index("statistic")
        body.append(
            [
                _comparison(population, contrast, labels),
                _interval(found, "risk_difference"),
                _interval(found, "odds_ratio"),
                _p(found, "chi_square"),
                _p(found, "chi_square_corrected"),
                _p(found, "fisher_exact"),
                _p(exact, "fisher_mid_p"),
            ]
        )
    heads = ["Comparison", "Risk difference (95% CI)", "Odds ratio (95% CI)"]
    heads += ["Chi-square P", "corrected P", "Fisher P", "Mid-P"]
    return Table("Objective response compared", heads, body)


def survival(report: Report, endpoint: str) -> Table:
    """Medians, hazard ratio and log-rank P of an endpoint in every comparison."""
    labels, of = labels_of(report.study), rows_of(report.results)
    body = []
    for population, contrast in COMPARISONS:
        where: dict[str, Any] = {"endpoint": endpoint, "population": population}
        where |= {"contrast": contrast}
        medians = []
        for name in CONTRASTS[contrast]:
            grp = group_of(population, name)
            median = of(
                analysis="survival",
                endpoint=endpoint,
                population="all",
                grp=grp,
                statistic="median",
            ).set_index("statistic")
            medians.append(f"{labels[name]}: {_median(median)}")
        ratio = of(**where, analysis="cox", model="univariable").set_index("statistic")
        test = of(**where, analysis="survival", grp=None).set_index("statistic")
        permuted = of(**where, analysis="small_sample").set_index("statistic")
        of_test = test[test.index == "logrank"]
        body.append(
            [
                _comparison(population, contrast, labels),
                f"{_counted(of_test, 'events')}/{_counted(of_test, 'n')}",
                "\n".join(medians),
                _interval(ratio, "hazard_ratio"),
                _p(test, "logrank"),
                _p(permuted, "logrank_permutation"),
            ]
        )
    heads = ["Comparison", "Events/n", "Median months (95% CI)", "Hazard ratio (95% CI)"]
    return Table(
        f"{endpoint} compared",
        [*heads, "Log-rank P", "Permutation P"],
        body,
        "Medians by Kaplan-Meier, log-log intervals; Cox model, Efron's ties. NR: not reached.",
    )


def cox(report: Report, endpoint: str) -> Table:
    """Univariable and multivariable Cox models of an endpoint."""
    name, of = term_namer(report.study), rows_of(report.results)
    multi = of(
        analysis="cox", endpoint=endpoint, model="multivariable", statistic="hazard_ratio"
    ).set_index("term")
    single = of(
        analysis="cox",
        endpoint=endpoint,
        model="univariable",
        statistic="hazard_ratio",
        population="all",
    )
    crude = single[single["contrast"].isna()].set_index("term")
    for contrast, term in ((ARM, "ARM[experimental]"), ("high vs low", "MARKERGR[high]")):
        mine = single[single["contrast"] == contrast]
        if len(mine):
            crude.loc[term] = mine.iloc[0]
    checks = of(
        analysis="cox", endpoint=endpoint, model="multivariable", statistic="proportional_hazards"
    ).set_index("term")
    body = [
        [
            name(str(term)),
            _interval(crude, term),
            _p(crude, term),
            _interval(multi, term),
            _p(multi, term),
            _p(checks, term),
        ]
        for term in multi.index
    ]
    n = int(multi["n"].max()) if len(multi) and multi["n"].notna().any() else 0
    events = int(multi["events"].max()) if len(multi) and multi["events"].notna().any() else 0
    heads = ["Variable", "Univariable HR (95% CI)", "P", "Multivariable HR (95% CI)", "P", "PH P"]
    return Table(
        f"{endpoint}: Cox models",
        heads,
        body,
        f"Multivariable: complete cases, {n} patients, {events} events. "
        "PH P: Grambsch-Therneau test of proportional hazards.",
    )


def interaction(report: Report) -> Table:
    """Whether the marker predicts the treatment's effect, on each scale."""
    rows = rows_of(report.results)(analysis="interaction", model="interaction")
    rows = rows[rows["term"].isna()]
    body = [
        [
            f"{row.endpoint}: {str(row.statistic).replace('_', ' ')}",
            _text(row.estimate, row.ci_low, row.ci_high),
            p_number(_float(row.p_value)),
            count_of(row._asdict(), "n"),
            row.method or "",
        ]
        for row in rows.itertuples()
    ]
    heads = ["Scale", "Estimate (95% CI)", "P", "n", "Method"]
    return Table("Treatment-by-marker interaction", heads, body)


def count_of(row: Mapping[Hashable, Any], name: str) -> str:
    """Return a count as a table shows it; one that is hidden says how (`<5`, `not shown`)."""
    if not pd.isna(row[name]):
        return f"{row[name]:.0f}"
    hidden = dict(part.split(" ", 1) for part in (row.get("suppressed") or "").split("; ") if part)
    return hidden.get(name, "")


def _counted(rows: pd.DataFrame, name: str) -> str:
    return count_of(rows.iloc[0].to_dict(), name) or "0" if len(rows) else "0"


def _group(group: str, labels: dict[str, str]) -> str:
    return ", ".join(labels[part] for part in group.split("/"))


def _comparison(population: str, contrast: str, labels: dict[str, str]) -> str:
    first, second = CONTRASTS[contrast]
    return f"{labels[first]} vs {labels[second]}, {labels[population]}"


def _described(rows: pd.DataFrame) -> str:
    found = rows.drop_duplicates("statistic").set_index("statistic")
    if "rate" in found.index:
        row = found.loc["rate"]
        count = count_of(row.to_dict(), "events")
        return count if pd.isna(row["estimate"]) else f"{count} ({row['estimate']:.0%})"
    if "median" not in found.index or pd.isna(found.loc["median", "estimate"]):
        return ""
    value = {name: found.loc[name, "estimate"] for name in ("median", "q1", "q3")}
    return f"{value['median']:.4g} ({value['q1']:.4g} to {value['q3']:.4g})"


def _share(rows: pd.DataFrame) -> str:
    if rows.empty or pd.isna(rows["estimate"].iloc[0]):
        return ""
    row = rows.iloc[0]
    return f"{row['estimate']:.0%} ({row['ci_low']:.0%} to {row['ci_high']:.0%})"


def _median(found: pd.DataFrame) -> str:
    if "median" not in found.index or not found.loc["median", "n"]:
        return "no patients"
    row = found.loc["median"]
    low, high = ("NR" if pd.isna(row[c]) else f"{row[c]:.1f}" for c in ("ci_low", "ci_high"))
    middle = "NR" if pd.isna(row["estimate"]) else f"{row['estimate']:.1f}"
    return f"{middle} ({low} to {high})"


def _interval(found: pd.DataFrame, key: str) -> str:
    if key not in found.index:
        return ""
    row = found.loc[key]
    return _text(row["estimate"], row["ci_low"], row["ci_high"])


def _text(estimate: Any, low: Any, high: Any) -> str:
    if pd.isna(estimate):
        return "not estimable"
    if pd.isna(low) and pd.isna(high):
        return f"{estimate:.2f}"
    return f"{estimate:.2f} ({number(_float(low))} to {number(_float(high))})"


def _p(found: pd.DataFrame, key: str) -> str:
    return p_number(_float(found.loc[key, "p_value"])) if key in found.index else ""


def _float(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
