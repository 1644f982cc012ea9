"""The tables of the manuscript: rows of `report.results` in, cells of text out.

Belongs here: which estimate stands in which cell. Does not belong here: how a number is written
(`formatting`), what several tables share (`table`), where a table is shown (`page`, `manuscript`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Unpack

import pandas as pd

from il6_platform.analysis.cohort import (
    ARM,
    ARM_TERM,
    COMPARISONS,
    CONTRASTS,
    MARKER,
    MARKER_TERM,
)
from il6_platform.analysis.names import Analysis, Group, Model, Statistic
from il6_platform.analysis.spec import Declared, Listing, analyses
from il6_platform.analysis.study_course import FOLLOW_UP
from il6_platform.figures.kaplan_meier import group_of
from il6_platform.figures.labels import (
    SEXES,
    Where,
    contrast_words,
    labels_of,
    marker_in_question,
    model_term,
    rows_of,
    term_namer,
    upper_first,
    with_unit,
)
from il6_platform.figures.volcano import TESTS, ranked_markers
from il6_platform.report import formatting as journal
from il6_platform.report.figure_catalogue import BEST, WORST, Report
from il6_platform.report.listing import listing
from il6_platform.report.table import (
    INTERVAL,
    Table,
    count_cell,
    counted_cell,
    group_words,
    median_cell,
    notes_of,
    of_group,
    sentences_of,
    size_cell,
)
from il6_platform.statistics.codes import singular

GROUPS: tuple[str | None, ...] = (None, "control", "experimental", "high", "low")


def tables(report: Report) -> Iterator[Table]:
    """Give every table of the manuscript in its order; one without rows is left out."""
    declared = [one for one in analyses().values() if one.spec.tables]
    for by_endpoint, group in itertools.groupby(declared, lambda one: one.spec.is_by_endpoint):
        together = list(group)
        for endpoint in report.study.endpoints if by_endpoint else (None,):
            for one in together:
                yield from (t for t in _declared(report, one, endpoint) if t.rows)


def _declared(report: Report, one: Declared, endpoint: str | None) -> Iterator[Table]:
    for table in one.spec.tables:
        if isinstance(table, Listing):
            yield listing(report, one.name, table, endpoint)
        else:
            make = globals()[table]
            yield make(report) if endpoint is None else make(report, endpoint)


def baseline(report: Report) -> Table:
    """Make table 1: patients before treatment, by arm and by marker group."""
    labels, name_of = labels_of(report.study), term_namer(report.study)
    rows = rows_of(report.results)(analysis=Analysis.BASELINE)
    single = rows[rows["contrast"].isna()]
    size = {group: size_cell(of_group(single, group)) for group in GROUPS}
    printed = []

    def cells(name: str, by_group: list[str], gaps: list[str]) -> tuple[str, ...]:
        return (name, *by_group[:3], gaps[0], *by_group[3:], gaps[1])

    for base in dict.fromkeys(str(term).partition("[")[0] for term in single["term"]):
        mine = single[single["term"].str.partition("[")[0] == base]
        gaps = [
            journal.difference(found["estimate"]) if found is not None else ""
            for contrast in (ARM, MARKER)
            for found in [
                _row_where(
                    report,
                    analysis=Analysis.BASELINE,
                    term=base,
                    contrast=contrast,
                    statistic=Statistic.STANDARDIZED_DIFFERENCE,
                )
            ]
        ]
        levels = list(dict.fromkeys(mine.loc[mine["statistic"] == Statistic.RATE, "term"]))
        if levels:
            printed.append(cells(f"{upper_first(name_of(base))}, n (%)", [""] * len(GROUPS), gaps))
        else:
            by_group = [median_cell(of_group(mine, group)) for group in GROUPS]
            printed.append(cells(f"{upper_first(name_of(base))}, median (IQR)", by_group, gaps))
        for level in levels:
            shown = mine[(mine["term"] == level) & (mine["statistic"] == Statistic.RATE)]
            by_group = [counted_cell(of_group(shown, group)) for group in GROUPS]
            inside = level.rstrip("]").partition("[")[2]
            words = SEXES if base == "sex" else {"Y": "yes", "N": "no"}
            inside = upper_first(words[inside]) if inside in words else inside
            printed.append(cells(f"\N{EM SPACE}{inside}", by_group, ["", ""]))
        missing = mine[mine["statistic"] == Statistic.MISSING]
        if missing["estimate"].sum():
            by_group = [f"{of_group(missing, group)['estimate'].sum():.0f}" for group in GROUPS]
            printed.append(cells("\N{EM SPACE}Missing, n", by_group, ["", ""]))
    heads = [
        f"{labels['all'].capitalize() if group is None else labels[group]} (n={size[group]})"
        for group in GROUPS
    ]
    return Table(
        "baseline",
        "Characteristics of the patients before treatment, by arm and by marker group.",
        cells("Characteristic", heads, ["SMD of arms", "SMD of marker groups"]),
        tuple(printed),
        (
            "IQR, interquartile range; SMD, standardised mean difference (first group minus "
            "second: experimental minus control, high minus low). Of two levels it is that of the "
            "lower row; of more levels it is a distance and has no sign.",
        ),
    )


def study_course(report: Report) -> Table:
    """Make the table of observed follow-up and tumour size, in all patients and by arm."""
    labels, name_of = labels_of(report.study), term_namer(report.study)
    rows = rows_of(report.results)(analysis=Analysis.STUDY_COURSE)
    printed = []
    for term in dict.fromkeys(rows["term"].dropna()):
        for group in GROUPS[:3]:
            mine = of_group(rows[rows["term"] == term], group)
            write = journal.months if term == FOLLOW_UP else journal.plain
            value = dict(zip(mine["statistic"], mine["estimate"], strict=True))
            ends = [value.get(end) for end in (Statistic.MIN, Statistic.MAX)]
            printed.append(
                (
                    upper_first(name_of(term)),
                    labels["all"].capitalize() if group is None else labels[group],
                    size_cell(mine),
                    median_cell(mine, write),
                    "" if any(map(pd.isna, ends)) else journal.DASH.join(map(write, ends)),
                )
            )
    return Table(
        "study_course",
        "Observed follow-up (months, to death or last contact), and sum of the diameters of the "
        "target lesions (mm) before treatment and at the first assessment after its start.",
        ("Measured", "Group", "n", "Median (IQR)", "Range"),
        tuple(printed),
        ("IQR, interquartile range.",),
    )


def cutoff(report: Report) -> Table:
    """Make the table of the cut-off: what it is, how well it divides, what is left of that."""
    found = rows_of(report.results)(analysis=Analysis.CUTOFF)
    # a share is printed as a percentage, what is no share as it is
    names = {
        Statistic.CUTOFF: (
            f"Cut-off of {with_unit(report.study)}; high is at or above it",
            journal.plain,
        ),
        Statistic.AUC: ("Area under the ROC curve", journal.ratio),
        Statistic.YOUDEN: ("Youden's index", journal.ratio),
        Statistic.SENSITIVITY: ("Sensitivity, %", journal.percent),
        Statistic.SPECIFICITY: ("Specificity, %", journal.percent),
        Statistic.PPV: ("Positive predictive value, %", journal.percent),
        Statistic.NPV: ("Negative predictive value, %", journal.percent),
    }
    validity = {
        Statistic.CUTOFF_BOOTSTRAP: ("Cut-off, bootstrap interval", journal.plain),
        Statistic.AUC_CORRECTED: (
            "Area under the ROC curve, corrected for optimism",
            journal.ratio,
        ),
        Statistic.YOUDEN_CORRECTED: ("Youden's index, corrected for optimism", journal.ratio),
        Statistic.HAZARD_RATIO_CORRECTED: (
            "Hazard ratio, high vs low, corrected for optimism",
            journal.ratio,
        ),
        Statistic.HAZARD_RATIO_CROSS_VALIDATED: ("Hazard ratio, cross-validated", journal.ratio),
        Statistic.LOGRANK_SELECTION_CORRECTED: (
            "Log-rank test corrected for cut-off selection",
            journal.difference,
        ),
        Statistic.MAXSTAT_PERMUTATION: ("Maximally selected log-rank test", journal.difference),
    }
    checked = rows_of(report.results)(analysis=Analysis.VALIDITY)
    labels = labels_of(report.study)
    rows, marks = [], []
    for source, wanted in ((found, names), (checked, validity)):
        for statistic, (words, write) in wanted.items():
            mine = source[source["statistic"] == statistic]
            several = len(mine) > 1
            for _, row in mine.iterrows():
                of = f", {row['endpoint']}, {labels[row['population']]}"
                marks.append(sentences_of(row["note"], report.study))
                rows.append(
                    (
                        f"{words}{of if several else ''}",
                        journal.with_interval(row, write),
                        journal.p_value(row["p_value"]),
                        count_cell(row),
                        "" if pd.isna(row["method"]) else str(row["method"]),
                    )
                )
    return Table(
        "cutoff",
        f"The cut-off of {marker_in_question(report.study)}: "
        + (
            "accuracy where it was chosen, and what remains of it."
            if report.study.cutoff.is_data_driven
            else "how well it divides."
        ),
        ("Statistic", "Estimate (95% CI)", "P", "n", "Method"),
        tuple(rows),
        (f"{INTERVAL}.",),
        tuple(marks),
    )


def response(report: Report) -> Table:
    """Make the table of best overall response by group."""
    labels = labels_of(report.study)
    rows = rows_of(report.results)(
        analysis=Analysis.RESPONSE, statistic=Statistic.RATE, contrast=None, population=Group.ALL
    )
    groups = [*GROUPS, *(f"{arm}/{level}" for arm in GROUPS[1:3] for level in GROUPS[3:])]
    heads = [
        f"{labels['all'].capitalize() if group is None else group_words(group, labels)}"
        f" (n={size_cell(of_group(rows, group))})"
        for group in groups
    ]
    kinds = [("BOR", term) for term in ("CR", "PR", "SD", "PD", "NE")]
    called = {"ORR": "Objective response (CR or PR)", "DCR": "Disease control (CR, PR or SD)"}
    printed = []
    for endpoint, term in [*kinds, ("ORR", None), ("DCR", None)]:
        mine = rows[rows["endpoint"] == endpoint]
        mine = mine[mine["term"].isna() if term is None else mine["term"] == term]
        if mine.empty:
            continue
        printed.append(
            (term or called[endpoint], *(counted_cell(of_group(mine, group)) for group in groups))
        )
    return Table(
        "response",
        "Best overall response by arm and marker group, n (%).",
        ("Response", *heads),
        tuple(printed),
        (
            "CR, complete response; PR, partial response; SD, stable disease; PD, progressive "
            "disease; NE, not evaluable.",
        ),
    )


def response_comparisons(report: Report) -> Table:
    """Make the table of the comparisons of response: differences, odds ratios, exact tests."""
    printed = []
    for endpoint, words in (("ORR", "Objective response"), ("DCR", "Disease control")):
        for population, contrast in COMPARISONS:
            mine = rows_of(report.results)(
                analysis=Analysis.RESPONSE,
                endpoint=endpoint,
                population=population,
                contrast=contrast,
            )
            by = {str(row["statistic"]): row for _, row in mine.iterrows()}
            if Statistic.RISK_DIFFERENCE not in by:
                continue
            exact = by.get(Statistic.FISHER_EXACT)
            printed.append(
                (
                    f"{words}: {compared(report, population, contrast)}",
                    count_cell(by[Statistic.RISK_DIFFERENCE]),
                    journal.with_interval(by[Statistic.RISK_DIFFERENCE], journal.points),
                    journal.with_interval(by.get(Statistic.RELATIVE_RISK), journal.ratio),
                    journal.with_interval(by.get(Statistic.ODDS_RATIO), journal.ratio),
                    "" if exact is None else journal.p_value(exact["p_value"]),
                )
            )
    return Table(
        "response_comparisons",
        "Comparisons of response.",
        (
            "Comparison",
            "n",
            "Difference, percentage points (95% CI)",
            "Relative risk (95% CI)",
            "Odds ratio (95% CI)",
            "P (Fisher)",
        ),
        tuple(printed),
        (f"{INTERVAL}. Not estimable: a group without, or with nothing but, responses.",),
    )


def survival(report: Report, endpoint: str) -> Table:
    """Make the table of an endpoint's comparisons: medians, hazard ratio, log-rank test."""
    labels = labels_of(report.study)
    printed = []
    for population, contrast in COMPARISONS:
        mine = rows_of(report.results)(endpoint=endpoint, population=population, contrast=contrast)
        test = _first_row(rows_of(mine)(analysis=Analysis.SURVIVAL, statistic=Statistic.LOGRANK))
        ratio = _first_row(
            rows_of(mine)(analysis=Analysis.SURVIVAL, statistic=Statistic.HAZARD_RATIO_SCORE)
        )
        if test is None:
            continue
        printed.append((compared(report, population, contrast), "", "", "", "", ""))
        for place, name in enumerate(CONTRASTS[contrast]):
            median = _single(report, endpoint, Statistic.MEDIAN, group_of(population, name))
            printed.append(
                (
                    f"\N{EM SPACE}{labels[name]}",
                    count_cell(median),
                    count_cell(median, "events"),
                    journal.with_interval(median, journal.months),
                    journal.with_interval(ratio, journal.ratio) if place == 0 else "1 (reference)",
                    journal.p_value(test["p_value"]) if place == 0 else "",
                )
            )
    return Table(
        f"survival_{endpoint}",
        f"{endpoint}: comparisons of arms and of marker groups.",
        ("Comparison", "n", "Events", "Median, months (95% CI)", "HR (95% CI)", "P (log-rank)"),
        tuple(printed),
        (
            f"{INTERVAL}; HR, hazard ratio (Cox model, univariable) with the interval that the "
            "log-rank test does not reject. P values are not adjusted for their number.",
        ),
    )


def landmarks(report: Report, endpoint: str) -> Table:
    """Make the table of an endpoint's survival probabilities and follow-up by group."""
    labels = labels_of(report.study)
    rows = rows_of(report.results)(
        analysis=Analysis.SURVIVAL,
        statistic=Statistic.SURVIVAL,
        endpoint=endpoint,
        population=Group.ALL,
    )
    times = list(dict.fromkeys(rows["at"]))
    printed = []
    for group in [None, *dict.fromkeys(rows["grp"].dropna())]:
        mine = of_group(rows, group)
        by_time = {row["at"]: row for _, row in mine.iterrows()}
        follow_up = _single(report, endpoint, Statistic.FOLLOW_UP_MEDIAN, group)
        printed.append(
            (
                labels["all"].capitalize() if group is None else group_words(group, labels),
                size_cell(mine),
                *(journal.with_interval(by_time.get(time), journal.percent) for time in times),
                journal.with_interval(follow_up, journal.months),
            )
        )
    return Table(
        f"landmarks_{endpoint}",
        f"{endpoint}: probabilities at landmarks (Kaplan-Meier), and follow-up.",
        (
            "Group",
            "n",
            *(f"{time:g} months, % (95% CI)" for time in times),
            f"Median follow-up ({endpoint}), months (95% CI)",
        ),
        tuple(printed),
        (
            f"{INTERVAL}. Not estimable: nobody was followed so long. "
            "0% and 100% have no interval. Follow-up by the reverse Kaplan-Meier method.",
        ),
    )


def cox(report: Report, endpoint: str) -> Table:
    """Make the table of an endpoint's univariable and multivariable Cox models."""
    rows = rows_of(report.results)(
        analysis=Analysis.COX,
        endpoint=endpoint,
        statistic=Statistic.HAZARD_RATIO,
        population=Group.ALL,
    )
    # what the model's own terms are called where they stand alone
    alone = {ARM_TERM: ARM, MARKER_TERM: MARKER}
    single, joint = (
        rows[rows["model"] == model] for model in (Model.UNIVARIABLE, Model.MULTIVARIABLE)
    )
    terms = dict.fromkeys([*alone, *single["term"].dropna(), *joint["term"]])
    printed = []
    for term in terms:
        mine = single[
            single["term"] == term
            if term not in alone
            else (single["contrast"] == alone[term]) & single["term"].isna()
        ]
        one, many = (
            None if found.empty else found.iloc[0] for found in (mine, joint[joint["term"] == term])
        )
        if one is None and many is None:
            continue
        printed.append(
            (
                model_term(term, report.study, report.results),
                "" if one is None else f"{count_cell(one)}/{count_cell(one, 'events')}",
                "" if one is None else journal.with_interval(one, journal.ratio),
                "" if one is None else journal.p_value(one["p_value"]),
                "" if many is None else journal.with_interval(many, journal.ratio),
                "" if many is None else journal.p_value(many["p_value"]),
            )
        )
    return Table(
        f"cox_{endpoint}",
        f"{endpoint}: univariable and multivariable Cox models.",
        (
            "Variable",
            "n/events",
            "Univariable HR (95% CI)",
            "P",
            "Multivariable HR (95% CI)",
            "P",
        ),
        tuple(printed),
        _of_models(report, endpoint, rows),
    )


def _of_models(report: Report, endpoint: str, rows: pd.DataFrame) -> tuple[str, ...]:
    """Say of an endpoint's models what they rest on and how far they hold."""
    joint = rows[rows["model"] == Model.MULTIVARIABLE]
    whole = {
        str(row["statistic"]): row
        for _, row in rows_of(report.results)(
            analysis=Analysis.COX, endpoint=endpoint, model=Model.MULTIVARIABLE, term=None
        ).iterrows()
    }
    notes = [f"{INTERVAL}; HR, hazard ratio. Intervals and P values are Wald's."]
    if len(joint):
        first = joint.iloc[0]
        size = f"n={count_cell(first)}, {count_cell(first, 'events')} events"
        notes.append(singular(f"Multivariable model: {size}."))
    if Statistic.CONCORDANCE in whole and pd.notna(whole[Statistic.CONCORDANCE]["estimate"]):
        said = journal.with_interval(whole[Statistic.CONCORDANCE], journal.ratio)
        notes.append(f"Harrell's C, apparent: {said}.")
    test = _row_where(
        report,
        analysis=Analysis.COX,
        endpoint=endpoint,
        statistic=Statistic.PROPORTIONAL_HAZARDS,
        term="GLOBAL",
    )
    if test is not None and pd.notna(test["p_value"]):
        said = journal.p_text(test["p_value"])
        notes.append(f"Proportional hazards, global test: {said}.")
    for _, row in not_proportional(report.results, endpoint).iterrows():
        if row["term"] != "GLOBAL":
            of = model_term(str(row["term"]), report.study, report.results)
            notes.append(
                f"The hazard ratio of {of} is not constant over time "
                f"({journal.p_text(row['p_value'])}): read it as an average over follow-up."
            )
    notes += notes_of(rows, report.study)
    if Statistic.EVENTS_PER_VARIABLE in whole:
        few = whole[Statistic.EVENTS_PER_VARIABLE]
        if pd.notna(few["estimate"]):
            notes.append(f"{few['estimate']:.1f} events per variable. {few['note'] or ''}".strip())
    return tuple(notes)


def not_proportional(results: pd.DataFrame, endpoint: str) -> pd.DataFrame:
    """Return the tests of proportional hazards that are below 0.05 in the multivariable model."""
    tests = rows_of(results)(
        analysis=Analysis.COX,
        endpoint=endpoint,
        model=Model.MULTIVARIABLE,
        statistic=Statistic.PROPORTIONAL_HAZARDS,
    )
    return tests[tests["p_value"] < journal.ALPHA]


INTERACTIONS: dict[str, tuple[str, Callable[[Any], str]]] = {
    Statistic.RATIO_OF_HAZARD_RATIOS: (
        "Ratio of hazard ratios, marker high to low (Wald interval, likelihood-ratio P)",
        journal.ratio,
    ),
    Statistic.RATIO_OF_HAZARD_RATIOS_PROFILE: (
        "Ratio of hazard ratios, marker high to low (profile interval, likelihood-ratio P)",
        journal.ratio,
    ),
    Statistic.INTERACTION_WALD: ("Wald test of the product", journal.difference),
    Statistic.INTERACTION_PERMUTATION: ("Permutation test of the product", journal.difference),
    Statistic.RMST_DIFFERENCE_INTERACTION: (
        "Difference of differences in restricted mean, months",
        journal.difference,
    ),
    Statistic.LOGRANK_STRATIFIED: ("Stratified log-rank test", journal.difference),
    Statistic.RISK_DIFFERENCE_INTERACTION: (
        "Difference of risk differences, percentage points",
        journal.points,
    ),
    Statistic.BRESLOW_DAY: ("Breslow-Day test", journal.difference),
    Statistic.TARONE: ("Breslow-Day test with Tarone's correction", journal.difference),
    Statistic.COCHRAN_MANTEL_HAENSZEL: ("Cochran-Mantel-Haenszel test", journal.difference),
    Statistic.COMMON_ODDS_RATIO: ("Mantel-Haenszel common odds ratio", journal.ratio),
}


def interaction(report: Report) -> Table:
    """Make the table of the treatment-by-marker interaction on every scale."""
    name_of = term_namer(report.study)
    printed, marks = [], []
    write: Callable[[Any], str]
    rows = rows_of(report.results)(analysis=Analysis.INTERACTION)
    for endpoint in dict.fromkeys(rows["endpoint"]):
        for _, row in rows[rows["endpoint"] == endpoint].iterrows():
            statistic = str(row["statistic"])
            if statistic == Statistic.HAZARD_RATIO:
                words = f"HR, {name_of(str(row['term']))}"
                write = journal.ratio
            elif statistic in INTERACTIONS:
                words, write = INTERACTIONS[statistic]
            else:
                continue
            if isinstance(row["contrast"], str) and statistic == Statistic.LOGRANK_STRATIFIED:
                words += f", {contrast_words(row['contrast'], report.study)}"
            marks.append(sentences_of(row["note"], report.study))
            printed.append(
                (
                    f"{endpoint}: {words}",
                    journal.with_interval(row, write),
                    journal.p_value(row["p_value"]),
                    count_cell(row),
                    count_cell(row, "events"),
                )
            )
    return Table(
        "interaction",
        f"Does {marker_in_question(report.study)} modify the effect of "
        f"{report.study.arms.experimental_drug}? Treatment-by-marker interaction.",
        ("Statistic", "Estimate (95% CI)", "P", "n", "Events"),
        tuple(printed),
        (
            f"{INTERVAL}; HR, hazard ratio, with Wald's interval and P. Of a test, the estimate is "
            "its statistic.",
        ),
        tuple(marks),
    )


def compared(report: Report, population: str, contrast: str) -> str:
    """Say a comparison in the study's words."""
    labels = labels_of(report.study)
    first, second = (labels[name] for name in CONTRASTS[contrast])
    who = labels[population].capitalize() if population == "all" else labels[population]
    return f"{who}: {first} vs {second}"


def _single(
    report: Report, endpoint: str, statistic: Statistic, group: str | None
) -> pd.Series | None:
    return _row_where(
        report,
        analysis=Analysis.SURVIVAL,
        endpoint=endpoint,
        statistic=statistic,
        population=Group.ALL,
        grp=group,
    )


def panel(report: Report, endpoint: str) -> Table:
    """Make the table of the panel: the markers that stand out most, and those that do least."""
    rows = rows_of(report.results)(analysis=Analysis.PANEL, population=Group.ALL)
    # areas under the curve, and Youden's index, are of no endpoint
    rows = rows[rows["endpoint"].isna() | (rows["endpoint"] == endpoint)]
    names = ranked_markers(rows) if (rows["endpoint"] == endpoint).any() else []
    shown = names if len(names) <= BEST + WORST else [*names[:BEST], *names[-WORST:]]
    printed = []
    for name in shown:
        mine = rows_of(rows)(term=name)

        def of(statistic: str, write: Callable[[Any], str], rows: pd.DataFrame = mine) -> str:
            found = _first_row(rows[rows["statistic"] == statistic])
            return "" if found is None else journal.with_interval(found, write)

        def least(statistics: list[str], rows: pd.DataFrame = mine) -> str:
            return journal.p_value(rows.loc[rows["statistic"].isin(statistics), "p_value"].min())

        cut = mine[mine["statistic"] == Statistic.PANEL_CUTOFF].sort_values(
            "p_value", kind="stable"
        )
        best = _first_row(cut[cut["p_value"].notna()])
        printed.append(
            (
                name,
                of(Statistic.HAZARD_RATIO, journal.ratio),
                least([Statistic.PANEL_EFFECT]),
                of(Statistic.RATIO_OF_HAZARD_RATIOS, journal.ratio),
                least([Statistic.PANEL_INTERACTION]),
                of(Statistic.AUC, journal.ratio),
                "" if best is None else f"{journal.plain(best['at'])} ({best['model']})",
                "" if best is None else journal.p_value(best["p_value"]),
                least([f"{test}_adjusted" for test in TESTS]),
                least([f"{test}_bh" for test in TESTS]),
                of(Statistic.PANEL_STABILITY, journal.percent),
                of(Statistic.PANEL_CLUSTER, journal.plain),
            )
        )
    return Table(
        f"panel_{endpoint}",
        f"Markers side by side, {endpoint}: those that stand out most and those that do least, of "
        f"{len(names)}.",
        (
            "Marker",
            "HR per doubling (95% CI)",
            "P",
            "Ratio of HRs per doubling (95% CI)",
            "P of interaction",
            "AUC (95% CI)",
            "Cut-off (rule)",
            "P, corrected for its choice",
            "P, all questions",
            "False discovery rate",
            "Among the best (%)",
            "Cluster",
        ),
        tuple(printed),
        (
            f"{INTERVAL}; HR, hazard ratio. P values are by permutation; all questions: Westfall "
            "and Young; of several questions of a marker the smallest. Markers of one cluster rank "
            "the patients alike.",
        ),
    )


def _row_where(report: Report, **where: Unpack[Where]) -> pd.Series | None:
    return _first_row(rows_of(report.results)(**where))


def _first_row(rows: pd.DataFrame) -> pd.Series | None:
    return None if rows.empty else rows.iloc[0]
