"""Which rows of a study go to which drawing, in the study's words.

Belongs here: one function a figure, `(results, curves, study)` at least, that chooses rows and
names them. Those that an analysis declares as its `figure` take no more than that. Does not belong
here: drawing (the other modules), captions (`report.figure_catalogue`).
"""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd
from matplotlib.figure import Figure

from il6_platform.analysis.cohort import ARM, CONTRASTS, MARKER
from il6_platform.analysis.names import Analysis, Group, Model, Statistic
from il6_platform.figures import monitoring, numbers, roc, style, time_curves
from il6_platform.figures import response as response_bars
from il6_platform.figures.balance import balance as love_plot
from il6_platform.figures.evidence import evidence
from il6_platform.figures.forest import forest
from il6_platform.figures.kaplan_meier import group_of, kaplan_meier
from il6_platform.figures.labels import (
    labels_of,
    model_term,
    note_in_words,
    profiled,
    rows_of,
    term_namer,
    upper_first,
    with_unit,
)
from il6_platform.figures.marker_curve import marker_curve
from il6_platform.figures.volcano import volcano as draw_volcano
from il6_platform.statistics.codes import singular
from il6_platform.study import Study

MOST_SITES = 15
"""Sites up to which the result without each of them is drawn as well."""


def roc_curve(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the ROC curve with the cut-off."""
    return roc.roc(results, curves, label=with_unit(study))


def cutoff_stability(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw how often resamples find each cut-off."""
    return roc.stability(results, curves, label=with_unit(study))


def best_response(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the best responses by arm and marker group."""
    return response_bars.response(results, labels_of(study))


def arms_survival(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the arms' Kaplan-Meier curves of the first endpoint."""
    endpoint = study.endpoints[0]
    return kaplan_meier(
        results,
        curves,
        endpoint=endpoint,
        from_response=study.known_endpoints[endpoint].starts == "response",
        population=Group.ALL,
        contrast=ARM,
        labels=labels_of(study),
        hides_few=study.quality.minimal_cell is not None,
    )


def multivariable(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the multivariable model of the first endpoint."""
    return multivariable_forest(results, study, study.endpoints[0])


def subgroups(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the treatment's effect in subgroups on the first endpoint."""
    return subgroup_forest(results, study, study.endpoints[0])


def every_cutoff(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the hazard ratio at every cut-off, first endpoint."""
    return scan_figure(curves, study, study.endpoints[0], None)


def effect_by_marker(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the treatment's effect along the marker, first endpoint."""
    return effect_figure(curves, study, study.endpoints[0])


def balance(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the arms' standardised differences before and after weighting."""
    return balance_figure(results, study)


def over_time(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw how the answer moved with every quarter, first endpoint."""
    return evidence_figure(results, study, study.endpoints[0])


def looks_at_growing_data(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the looks against the monitoring boundary."""
    return monitoring.looks(results, curves)


def auc_over_time(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw AUC(t) and the cut-off at t, a line an endpoint."""
    return time_curves.auc_and_cutoff(curves, with_unit(study))


def incidence_by_arm(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw cumulative incidences by arm, a panel an event."""
    return time_curves.incidence(curves, labels_of(study))


def ratios(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw every ratio with an interval of an analysis, row by row."""
    rows = results[results["statistic"].str.contains("ratio") & results["ci_low"].notna()]
    labels, namer = labels_of(study), term_namer(study)
    names = []
    for row in rows.to_dict("records"):
        of = [row["endpoint"], labels.get(row["population"], row["population"])]
        of += [row["grp"], row["contrast"], row["model"], row["term"] and namer(row["term"])]
        names.append(", ".join(str(part) for part in of if isinstance(part, str) and part))
    return forest(_in_words(rows, study), names, "Ratios with 95% intervals", test="P")


def hazard_ratio_by_site(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the treatment's hazard ratio in all sites, in each, and without each; first endpoint."""
    rows = rows_of(results)(endpoint=study.endpoints[0], population=Group.ALL, contrast=ARM)
    named = {
        "hazard_ratio": "{}",
        "hazard_ratio_without_site": "Without {}",
    }
    rows = rows[rows["statistic"].isin(list(named))]
    if rows["term"].nunique() > MOST_SITES:
        rows = rows[rows["statistic"] == Statistic.HAZARD_RATIO]
    namer = term_namer(study)
    names = [
        "All sites, stratified by site"
        if pd.isna(row.term)
        else f"{named[row.statistic].format(namer(row.term))} (n={_count(row.n)})"
        for row in rows.itertuples()
    ]
    return forest(rows, names, f"{study.endpoints[0]}: the treatment's effect by site")


def volcano(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the markers of the panel, on its first endpoint."""
    asked = study.panel.endpoints if study.panel else ()
    return panel_figure(results, (*asked, *study.endpoints)[0])


def panel_figure(results: pd.DataFrame, endpoint: str) -> Figure:
    """Draw the markers of the panel: how large each effect is, and how surprising."""
    return draw_volcano(rows_of(results)(analysis=Analysis.PANEL), endpoint)


def lines(results: pd.DataFrame, curves: pd.DataFrame, study: Study) -> Figure:
    """Draw the curves of an analysis, one line an endpoint, population and group."""
    figure = style.new_figure(5.2, 3.6, left=0.65)
    axes = figure.subplots()
    labels = labels_of(study)
    by = curves.groupby(["endpoint", "population", "grp"], dropna=False, sort=False)
    for number, (key, curve) in enumerate(by):
        said = [labels.get(part, part) for part in key if isinstance(part, str)]
        shown = curve.sort_values("x")
        dashes = ("-", (0, (5, 1.5)), ":", "-.")[number % 4]
        axes.plot(shown["x"], shown["y"], ls=dashes, label=", ".join(said))
    if curves.empty:
        style.say_nothing_to_draw(axes, "Nothing to draw.")
    else:
        axes.legend(frameon=False, fontsize=8)
    return figure


def multivariable_forest(results: pd.DataFrame, study: Study, endpoint: str) -> Figure:
    """Draw the multivariable model of an endpoint."""
    rows = rows_of(results)(
        analysis=Analysis.COX,
        endpoint=endpoint,
        model=Model.MULTIVARIABLE,
        statistic=Statistic.HAZARD_RATIO,
    )
    names = [model_term(str(term), study, results) for term in rows["term"]]
    size = rows.iloc[0] if len(rows) else None
    events = ""
    if size is not None:
        events = singular(f" ({_count(size['events'])} events in {_count(size['n'])})")
    title = f"{endpoint}: multivariable Cox model{events}"
    return forest(_in_words(rows, study), names, title)


def comparison_forest(results: pd.DataFrame, study: Study, endpoint: str) -> Figure:
    """Draw the hazard ratios of every comparison of an endpoint."""
    rows = compared(results, endpoint)
    labels = labels_of(study)
    called = {
        ARM: f"{labels['experimental']} vs {labels['control']}",
        MARKER: f"{labels['high']} vs low",
    }
    names = [labels[row.population] for row in rows.itertuples()]
    first = rows["contrast"].ne(rows["contrast"].shift()).to_numpy()
    headings = {int(n): called[contrast] for n, contrast in enumerate(rows["contrast"]) if first[n]}
    sizes = rows_of(results)(
        analysis=Analysis.SURVIVAL,
        endpoint=endpoint,
        population=Group.ALL,
        statistic=Statistic.MEDIAN,
    ).set_index("grp")
    counts = {
        head: [
            _of(sizes, group_of(row.population, CONTRASTS[row.contrast][side]))
            for row in rows.itertuples()
        ]
        for side, head in enumerate(("First\nevents/n", "Second\nevents/n"))
    }
    return forest(
        _in_words(rows, study),
        names,
        f"{endpoint}: every comparison",
        test="P (log-rank)",
        counts=counts,
        headings=headings,
    )


def answer_figure(results: pd.DataFrame, study: Study) -> Figure:
    """Draw the answer: the treatment's effect in low and high, and the ratio of the two."""
    endpoint, labels = study.endpoints[0], labels_of(study)
    of = rows_of(results)(analysis=Analysis.INTERACTION, endpoint=endpoint)
    effects = [
        of[(of["statistic"] == Statistic.HAZARD_RATIO) & of["term"].str.endswith(f"| {level}")]
        for level in ("low", "high")
    ]
    ratio = profiled(of)
    sizes = rows_of(results)(
        analysis=Analysis.SURVIVAL,
        endpoint=endpoint,
        population=Group.ALL,
        statistic=Statistic.MEDIAN,
    ).set_index("grp")
    rows = pd.concat([*effects, ratio])
    names = [labels[level] for level, row in zip(("low", "high"), effects, strict=True) if len(row)]
    names += ["Ratio, high to low"] * len(ratio)
    counts = {
        f"{head}\nevents/n": [*(_of(sizes, f"{arm}/{level}") for level in ("low", "high")), ""]
        for arm, head in _arms_in_brief(study)
    }
    return forest(
        _in_words(rows.assign(events=float("nan")), study),
        names,
        f"{endpoint}: the treatment's hazard ratio by {study.marker.label}",
        sides=(labels["experimental"], labels["control"]),
        counts=counts if len(rows) == 3 else None,
        test="P",
    )


def _arms_in_brief(study: Study) -> tuple[tuple[str, str], ...]:
    """Return the arms with heads that fit over a column of counts."""
    drug = study.arms.experimental_drug
    return ("experimental", upper_first(drug)), ("control", f"No {drug}")


def _of(sizes: pd.DataFrame, group: Hashable) -> str:
    """Write the events and patients of a group; nothing where they are not known."""
    if group not in sizes.index:
        return ""
    return f"{_count(sizes.at[group, 'events'])}/{_count(sizes.at[group, 'n'])}"


def subgroup_forest(results: pd.DataFrame, study: Study, endpoint: str) -> Figure:
    """Draw the treatment's hazard ratio in each subgroup, with the interaction's P."""
    rows = rows_of(results)(analysis=Analysis.SUBGROUPS, endpoint=endpoint)
    ratios = rows[rows["statistic"] == Statistic.HAZARD_RATIO]
    tests = rows[rows["statistic"] == Statistic.INTERACTION].set_index("term")["p_value"].to_dict()
    namer, labels = term_namer(study), labels_of(study)
    variables = ratios["term"].str.partition("[")[0]
    # under its variable's heading a level is enough
    names = [
        upper_first(namer(str(term)).removeprefix(f"{namer(variable).partition(' (')[0]}: "))
        for term, variable in zip(ratios["term"], variables, strict=True)
    ]
    headings = {
        number: namer(variable)
        for number, variable in enumerate(variables)
        if number and variable != variables.iloc[number - 1]
    }
    sizes = rows[rows["statistic"] == Statistic.RATE].set_index(["grp", "term"])
    counts = {
        f"{head}\nevents/n": [_of(sizes, (arm, term)) for term in ratios["term"]]
        for arm, head in _arms_in_brief(study)
    }
    # said once, at the variable's first level
    said = [
        numbers.p_number(tests.pop(str(term).partition("[")[0], None)) for term in ratios["term"]
    ]
    return forest(
        _in_words(ratios, study),
        names,
        f"{endpoint}: treatment's effect in subgroups",
        sides=(labels["experimental"], labels["control"]),
        tests=("P (interaction)", said),
        counts=counts,
        headings=headings,
    )


def scan_figure(curves: pd.DataFrame, study: Study, endpoint: str, cutoff: float | None) -> Figure:
    """Draw the marker's hazard ratio at every cut-off, all patients."""
    rows = rows_of(curves)(analysis=Analysis.CUTOFF_SCAN, endpoint=endpoint, population=Group.ALL)
    return marker_curve(
        rows,
        title=f"{endpoint}: every cut-off",
        label=f"Cut-off of {with_unit(study)}",
        ratio=f"{study.marker.label} high vs low",
        mark=cutoff,
    )


def effect_figure(curves: pd.DataFrame, study: Study, endpoint: str) -> Figure:
    """Draw the treatment's hazard ratio along the marker as it was measured."""
    return marker_curve(
        rows_of(curves)(analysis=Analysis.CONTINUOUS, endpoint=endpoint, grp=ARM),
        title=f"{endpoint}: treatment's effect along the marker",
        label=with_unit(study),
        ratio=f"with vs without {study.arms.experimental_drug}",
    )


def evidence_figure(results: pd.DataFrame, study: Study, endpoint: str) -> Figure:
    """Draw the headline's hazard ratios, the interaction and the cut-off over calendar time."""
    return evidence(rows_of(results)(analysis=Analysis.EVIDENCE), endpoint, study, labels_of(study))


def balance_figure(results: pd.DataFrame, study: Study) -> Figure:
    """Draw the arms' standardised differences before and after weighting."""
    return love_plot(results, term_namer(study))


def _in_words(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    return rows.assign(note=[note_in_words(note, study) for note in rows["note"]])


def _count(n: object) -> str:
    # a small count may be hidden by the study file
    return "few" if pd.isna(n) else f"{n:.0f}"


def compared(results: pd.DataFrame, endpoint: str) -> pd.DataFrame:
    """Return the univariable hazard ratios of an endpoint's comparisons."""
    return rows_of(results)(
        analysis=Analysis.SURVIVAL, endpoint=endpoint, statistic=Statistic.HAZARD_RATIO_SCORE
    )


def cutoff(results: pd.DataFrame) -> float | None:
    """Return the study's cut-off, or None where there is none."""
    found = rows_of(results)(analysis=Analysis.CUTOFF, statistic=Statistic.CUTOFF)[
        "estimate"
    ].dropna()
    return float(found.iloc[0]) if len(found) else None
