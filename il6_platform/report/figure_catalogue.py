"""Every figure of the report: where it stands, what it shows, and the numbers behind it.

Belongs here: which rows of `report.results` and `report.curves` make which figure, its caption and
its text for those who cannot see it. Does not belong here: drawing (`figures`), the page around it
(`page`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd
from matplotlib.figure import Figure

from il6_platform.analysis.cohort import ARM, COMPARISONS, CONTRASTS
from il6_platform.analysis.names import Analysis, Group, Model, Statistic
from il6_platform.analysis.spec import analyses
from il6_platform.figures import of_study, style
from il6_platform.figures.courses import MOST_SINGLE, swimmer, waterfall
from il6_platform.figures.flow import flow
from il6_platform.figures.kaplan_meier import compared_curves, group_of, kaplan_meier
from il6_platform.figures.labels import labels_of, rows_of, upper_first, with_unit
from il6_platform.figures.monitoring import looks, projection
from il6_platform.figures.response import groups_of, response
from il6_platform.figures.roc import roc, stability
from il6_platform.figures.volcano import TESTS, ranked_markers
from il6_platform.report.synthetic_flag import SYNTHETIC
from il6_platform.study import Study


@dataclass(frozen=True)
class Report:
    """The tables that figures are made of, the study that they answer, and whose patients."""

    results: pd.DataFrame
    curves: pd.DataFrame
    flow: pd.DataFrame
    study: Study
    is_synthetic: bool


@dataclass(frozen=True)
class Picture:
    """One figure of the report.

    Attributes
    ----------
    name
        For files and links: letters, digits, hyphens.
    section
        Heading that it stands under.
    caption
        What it shows, and how to read it.
    draw
        Makes it.
    numbers
        Rows of `report.results` behind it.
    is_wide
        Whether it needs the width of a page.
    series
        Curves whose values a reader can ask for: label -> rows of `report.curves`.
    of
        Name of the figure that this one is a view of; it stands there behind a switch.
    switch
        What the switch says.
    """

    name: str
    section: str
    caption: str
    draw: Callable[[], Figure]
    numbers: pd.DataFrame
    is_wide: bool = False
    series: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    of: str = ""
    switch: str = ""


SMALL_CELLS = frozenset({"flow", "waterfall", "swimmer"})
"""Figures that show single patients or every count: left out where the study hides small ones."""


def pictures(report: Report) -> Iterator[Picture]:
    """Give every figure of the report in the order of a paper."""
    return _as_shown(_pictures(report), report)


def pictures_over_time(report: Report) -> Iterator[Picture]:
    """Give the figures of the report that show what was known on earlier days too."""
    return _as_shown(_over_time(report), report)


def _as_shown(found: Iterator[Picture], report: Report) -> Iterator[Picture]:
    few_are_hidden = report.study.quality.minimal_cell is not None
    for picture in found:
        if few_are_hidden and picture.name in SMALL_CELLS:
            continue
        if report.is_synthetic:
            draw = picture.draw
            picture = replace(picture, draw=lambda draw=draw: style.marked(draw(), SYNTHETIC))  # type: ignore[misc]
        yield picture


APPARENT = "Its accuracy is apparent: it was judged on the patients it was chosen on."
NOT_CHOSEN = "The cut-off was not chosen by these patients' outcomes."


def _roc_caption(results: pd.DataFrame, study: Study) -> str:
    """Say what the ROC curve shows, or why there is none."""
    area = rows_of(results)(analysis=Analysis.CUTOFF, statistic=Statistic.AUC)
    if area.empty:
        return (
            "No ROC curve: the rule that sets the cut-off looks at no outcome that patients have "
            "or do not have by a time."
        )
    said = f"ROC curve of {with_unit(study)} with the bootstrap's pointwise 95% band"
    if of_study.cutoff(results) is None:
        return f"{said}; there is no cut-off."
    chosen = APPARENT if study.cutoff.is_data_driven else NOT_CHOSEN
    return f"{said}; the point is the cut-off. {chosen}"


def of_today(report: Report) -> Report:
    """Return the report without what was known on earlier days, which each delivery adds to."""
    back = [name for name, one in analyses().items() if one.spec.looks_back]
    results = report.results
    return replace(report, results=results[~results["analysis"].isin(back)])


def _pictures(report: Report) -> Iterator[Picture]:
    today = of_today(report)
    yield from _answer(today)
    yield from _cutoff(today)
    yield from _response(today)
    for endpoint in report.study.endpoints:
        yield from _survival(today, endpoint)
        yield from _survival_models(today, endpoint)
        yield from _survival_by_marker(today, endpoint)
    yield from _over_time(report)
    yield from _balance(today)
    yield from _panel(today)
    yield from _brought_along(today)


def _answer(report: Report) -> Iterator[Picture]:
    results, study = report.results, report.study
    yield Picture(
        "answer",
        "Answer",
        f"{study.endpoints[0]}: the treatment's hazard ratio in patients with low and with high "
        f"{study.marker.label}, and the ratio of the two, of one Cox model of all patients (95% "
        "limits: Wald's for the effects, profile likelihood and its P for the ratio). Only the "
        "ratio says whether the marker tells who benefits.",
        lambda: of_study.answer_figure(results, study),
        rows_of(results)(analysis=Analysis.INTERACTION, endpoint=study.endpoints[0]),
        is_wide=True,
    )
    yield Picture(
        "flow",
        "Patients",
        "Patient flow: everybody who arrived is analysed or counted under one reason.",
        lambda: flow(report.flow, results, labels_of(study)),
        results.iloc[:0],
        is_wide=True,
    )


def _cutoff(report: Report) -> Iterator[Picture]:
    results, curves, study = report.results, report.curves, report.study
    marker, of = with_unit(study), rows_of(results)
    yield Picture(
        "roc",
        "Cut-off",
        _roc_caption(results, study),
        lambda: roc(results, curves, label=marker),
        of(analysis=Analysis.CUTOFF),
    )
    if study.cutoff.is_data_driven:
        yield Picture(
            "cutoff-stability",
            "Cut-off",
            "How often each cut-off is found when the study is repeated on resampled patients: a "
            "cut-off that is rarely found again is not a property of the marker.",
            lambda: stability(results, curves, label=marker),
            of(analysis=Analysis.VALIDITY),
        )


def _response(report: Report) -> Iterator[Picture]:
    results, curves, study = report.results, report.curves, report.study
    labels, by_recist = labels_of(study), "RECIST" in study.response_criteria
    by_group = " and marker group" if len(groups_of(results)) > 2 else ""
    yield Picture(
        "response",
        "Response",
        f"Best overall response ({study.response_criteria}) by arm{by_group}: complete "
        "(CR), partial (PR), "
        "stable (SD), progression (PD), not evaluable (NE); labels shown from 5%.",
        lambda: response(results, labels),
        results[
            results["endpoint"].isin(["ORR", "DCR"]) & (results["analysis"] == Analysis.RESPONSE)
        ],
    )
    yield Picture(
        "waterfall",
        "Response",
        "Waterfall plot: each patient's best change of the sum of target diameters from before "
        "treatment, up to progression or new therapy."
        + (" Dashed: \N{MINUS SIGN}30%, partial response; +20%." if by_recist else "")
        + f" Of more than {MOST_SINGLE} patients, the distribution in each arm.",
        lambda: waterfall(curves, labels, (20, -30) if by_recist else ()),
        results.iloc[:0],
    )
    yield Picture(
        "swimmer",
        "Response",
        "Swimmer plot: each patient's follow-up with first response, progression and death. "
        f"Of more than {MOST_SINGLE} patients, how many by each month.",
        lambda: swimmer(curves, labels),
        results.iloc[:0],
        is_wide=True,
    )


def _over_time(report: Report) -> Iterator[Picture]:
    results, curves, study = report.results, report.curves, report.study
    endpoint = study.endpoints[0]
    yield Picture(
        "evidence",
        "Evidence over time",
        f"{endpoint}: the answer at each quarter's end since the first export, as it would have "
        "been then, with 95% limits. Looking so often makes a P below 0.05 likely somewhere.",
        lambda: of_study.evidence_figure(results, study, endpoint),
        results[
            (results["statistic"] == Statistic.FIRST_SIGNIFICANT)
            & (results["endpoint"] == endpoint)
        ],
        is_wide=True,
    )
    monitoring = rows_of(results)(analysis=Analysis.MONITORING)
    whose = "treatment's " if study.monitors_treatment else ""
    yield Picture(
        "monitoring",
        "Evidence over time",
        f"The {whose}log-rank Z at each quarter's end, and today's, against the boundary that "
        "allows for every planned look (Lan and DeMets). A difference is shown where the boundary "
        "is reached, not where P is below 0.05 at some look.",
        lambda: looks(results, curves),
        monitoring[monitoring["model"] == Model.GROUP_SEQUENTIAL],
    )
    yield Picture(
        "projection",
        "Evidence over time",
        "Events so far, and when there will be as many as the planned effect and the planned "
        "interaction need, should enrolment and events go on as seen.",
        lambda: projection(results),
        monitoring[monitoring["model"] != Model.GROUP_SEQUENTIAL],
    )


def _balance(report: Report) -> Iterator[Picture]:
    results, study = report.results, report.study
    yield Picture(
        "balance",
        "Balance of the arms" if study.is_randomised else "Arms that were not randomised",
        "Standardised differences of the arms before and after weighting by a propensity score. "
        "Weights balance what was measured and nothing else.",
        lambda: of_study.balance_figure(results, study),
        rows_of(results)(analysis=Analysis.WEIGHTING),
        is_wide=True,
    )


BEST, WORST = 10, 3
"""Markers of a panel that are shown: those that stand out most, and those that do least."""


def _panel(report: Report) -> Iterator[Picture]:
    """Give the panel's figures, with the numbers of the best markers and of the worst."""
    whole = rows_of(report.results)(analysis=Analysis.PANEL)
    answered = whole[whole["p_value"].notna()]
    tests = answered[answered["statistic"].isin(list(TESTS))]
    adjusted = answered[answered["statistic"].isin([f"{test}_adjusted" for test in TESTS])]
    asked, below, kept = (
        len(tests),
        int((tests["p_value"] < 0.05).sum()),
        int((adjusted["p_value"] < 0.05).sum()),
    )
    for endpoint in dict.fromkeys(whole["endpoint"].dropna()):
        rows = whole[whole["endpoint"].isna() | (whole["endpoint"] == endpoint)]
        names = ranked_markers(rows)
        shown = names if len(names) <= BEST + WORST else [*names[:BEST], *names[-WORST:]]
        order = {name: place for place, name in enumerate(shown)}
        numbers = rows[rows["term"].isin(shown)]
        yield Picture(
            f"panel-{endpoint.lower()}",
            "Panel of markers",
            f"{endpoint}: each marker's hazard ratio, and how much it changes the treatment's, "
            f"against its P by permutation. {asked} questions were asked of {len(names)} markers. "
            f"By themselves {below} have P below 0.05, where {0.05 * asked:.0f} are to be expected "
            f"of markers that say nothing; corrected for all of them, {kept}. A diamond is a "
            "marker that is left. The numbers are those of the markers that stand out most and of "
            "those that do least.",
            lambda endpoint=endpoint: of_study.panel_figure(report.results, endpoint),  # type: ignore[misc]
            numbers.sort_values("term", key=lambda terms: terms.map(order), kind="stable"),
            is_wide=True,
        )


def _brought_along(report: Report) -> Iterator[Picture]:
    """Give the figures that analyses declare with a place of their own on the page."""
    for name, one in analyses().items():
        if one.spec.drawing is None or one.spec.figure is None:
            continue
        draw = getattr(of_study, one.spec.figure)
        rows, curves = (rows_of(part)(analysis=name) for part in (report.results, report.curves))
        if rows.empty and curves.empty:
            continue
        yield Picture(
            name.replace("_", "-"),
            one.spec.drawing.section,
            one.spec.drawing.caption,
            lambda draw=draw, rows=rows, curves=curves: draw(rows, curves, report.study),  # type: ignore[misc]
            rows,
            is_wide=True,
        )


def _briefly(contrast: str, labels: Mapping[str, str]) -> str:
    """Say what a contrast compares, for a switch."""
    return "arms" if contrast == ARM else f"{labels['high']} against low"


def _section(endpoint: str) -> str:
    return f"Survival: {endpoint}"


def _survival(report: Report, endpoint: str) -> Iterator[Picture]:
    results, curves, study = report.results, report.curves, report.study
    labels, of = labels_of(study), rows_of(results)
    few = results[
        results["analysis"].isin([Analysis.SURVIVAL, Analysis.COX])
        & (results["endpoint"] == endpoint)
    ]
    drawn = curves[(curves["analysis"] == Analysis.SURVIVAL) & (curves["endpoint"] == endpoint)]
    strokes = "" if study.quality.minimal_cell else "; a stroke is a censored patient"
    competes = study.known_endpoints[endpoint].competing
    other = "; competing events count as censored" if competes else ""
    hides_few = study.quality.minimal_cell is not None
    for population, contrast in COMPARISONS:
        named = [labels[name] for name in CONTRASTS[contrast]]
        groups = [group_of(population, name) for name in CONTRASTS[contrast]]
        compared = of(endpoint=endpoint, population=population, contrast=contrast, model=None)
        compared = pd.concat(
            [
                compared[compared["analysis"].isin([Analysis.SURVIVAL, Analysis.SMALL_SAMPLE])],
                of(
                    analysis=Analysis.COX,
                    endpoint=endpoint,
                    population=population,
                    contrast=contrast,
                    model=Model.UNIVARIABLE,
                ),
            ]
        )
        single = of(
            analysis=Analysis.SURVIVAL, endpoint=endpoint, population=Group.ALL, contrast=None
        )
        chosen = {"endpoint": endpoint, "population": population, "contrast": contrast}
        found = compared_curves(drawn, **chosen)
        from_response = study.known_endpoints[endpoint].starts == "response"
        yield Picture(
            f"km-{endpoint}-{population}-{contrast}".lower().replace(" ", "-").replace("_", "-"),
            _section(endpoint),
            f"{endpoint} in {labels[population]}, {' against '.join(named)}: Kaplan-Meier with "
            f"pointwise 95% log-log bands{strokes}; medians in months with 95% limits{other}.",
            lambda chosen=chosen, from_response=from_response: kaplan_meier(
                few,
                drawn,
                labels=labels,
                hides_few=hides_few,
                from_response=from_response,
                **chosen,
            ),  # type: ignore[misc]
            pd.concat([single[single["grp"].isin(groups)], compared]),
            series={labels.get(name, name): curve for name, curve in found.items()},
            of=f"km-{endpoint.lower()}",
            switch=f"{upper_first(labels[population])}: {_briefly(contrast, labels)}",
        )


def _survival_models(report: Report, endpoint: str) -> Iterator[Picture]:
    results, study = report.results, report.study
    yield Picture(
        f"comparisons-{endpoint.lower()}",
        _section(endpoint),
        f"{endpoint}: hazard ratio of each comparison (Cox, univariable), with the interval that "
        "the log-rank test does not reject.",
        lambda: of_study.comparison_forest(results, study, endpoint),
        of_study.compared(results, endpoint),
        is_wide=True,
    )
    yield Picture(
        f"multivariable-{endpoint.lower()}",
        _section(endpoint),
        f"{endpoint}: multivariable Cox model on complete cases.",
        lambda: of_study.multivariable_forest(results, study, endpoint),
        rows_of(results)(analysis=Analysis.COX, endpoint=endpoint, model=Model.MULTIVARIABLE),
        is_wide=True,
    )
    yield Picture(
        f"subgroups-{endpoint.lower()}",
        _section(endpoint),
        f"{endpoint}: the treatment's hazard ratio in every subgroup. Subgroups differ where the "
        "interaction's P says so, not where one of them is significant.",
        lambda: of_study.subgroup_forest(results, study, endpoint),
        results[
            results["analysis"].isin([Analysis.SUBGROUPS, Analysis.INTERACTION])
            & (results["endpoint"] == endpoint)
        ],
        is_wide=True,
    )


def _survival_by_marker(report: Report, endpoint: str) -> Iterator[Picture]:
    results, curves, study = report.results, report.curves, report.study
    of = rows_of(results)
    yield Picture(
        f"cutoff-scan-{endpoint.lower()}",
        _section(endpoint),
        f"{endpoint}: hazard ratio, high against low, at every cut-off that leaves five "
        "patients on either side, with pointwise 95% limits. A cut-off picked here because it "
        "looks best would flatter the marker.",
        lambda: of_study.scan_figure(curves, study, endpoint, of_study.cutoff(results)),
        of(analysis=Analysis.CUTOFF_SCAN, endpoint=endpoint, model=Model.PUBLISHED),
        series={
            f"{labels_of(study)['high']} against low": rows_of(curves)(
                analysis=Analysis.CUTOFF_SCAN, endpoint=endpoint, population=Group.ALL
            )
        },
    )
    yield Picture(
        f"effect-by-marker-{endpoint.lower()}",
        _section(endpoint),
        f"{endpoint}: the treatment's hazard ratio along the marker without a cut-off "
        "(log-linear interaction), with pointwise 95% limits.",
        lambda: of_study.effect_figure(curves, study, endpoint),
        of(analysis=Analysis.CONTINUOUS, endpoint=endpoint),
        series={
            "Treatment's hazard ratio": rows_of(curves)(
                analysis=Analysis.CONTINUOUS, endpoint=endpoint, grp=ARM
            )
        },
    )
